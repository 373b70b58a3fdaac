//! Carries out commands: one line each, into the room that owns it.

use std::collections::HashSet;
use std::path::PathBuf;

use enprint_protocol::ids::{CommandId, EventId, PhotoId};
use enprint_protocol::limits::NAME_BYTES_MAX;
use enprint_protocol::text;

use super::catalogue::{EventRow, HostRow};
use super::commands::{ImportReport, PhotoSummary, PhotographerAnswer, PhotographerCommand};
use super::import::{Import, files_below};
use super::node::{Node, Photographer, blocking};
use super::publish::{Part, PublishWish};
use super::selection::Selection;
use crate::control::{Commands, Progress};
use crate::error::NodeError;
use crate::limits::PUBLISH_WHILE_IMPORTING_EVERY;

impl Commands for Photographer {
    type Command = PhotographerCommand;
    type Answer = PhotographerAnswer;

    async fn execute(&self, command: PhotographerCommand, progress: Progress) -> Result<PhotographerAnswer, NodeError> {
        use PhotographerCommand as Command;
        let node = self.node();
        node.check_decides(&command).await?;
        match command {
            Command::Enrol { host, invitation, name } => node.enrol(host, invitation, &name).await,
            Command::Event { event, details } => node.change_event(&event, &details, &progress).await,
            Command::RemoveEvent { event, with_originals } => {
                node.remove_event(&event, with_originals, &progress).await
            }
            Command::ForgetLost { event, anyway } => node.forget_lost(&event, anyway, &progress).await,
            Command::Events => node.list_events().await,
            command @ Command::Import { .. } => node.import(command, &progress).await,
            Command::Photos { event, selection } => node.list_photos(&event, &selection).await,
            Command::Edit { event, selection, edits } => node.edit(&event, &selection, &edits, &progress).await,
            Command::Publish { event, selection, hosts, withdrawn } => {
                let event = node.find_event(&event).await?;
                node.chosen_photos(&event, &selection).await?;
                let hosts = node.hosts_for(&event, &hosts).await?;
                let part = Part::photos(selection, withdrawn);
                let mut report = node.publish(&event, part, &hosts, &progress).await?;
                let counted = node.photos_counted(event.record.event_id).await?;
                (report.trouble, report.hurt) = (counted.trouble(), counted.hurt());
                Ok(PhotographerAnswer::Published(report))
            }
            Command::Withdraw { event, selection, hosts } => {
                let event = node.find_event(&event).await?;
                node.chosen_photos(&event, &selection).await?;
                let hosts = node.hosts_for(&event, &hosts).await?;
                node.withdraw(&event, selection, &hosts).await
            }
            Command::Hosts => node.list_hosts().await,
            Command::HostAt { host } => node.host_at(host).await,
            Command::LeaveHost { host, anyway } => node.leave_host(&host, anyway).await,
            Command::Orders => node.list_orders().await,
            Command::Approve { order } => node.approve(&order, &progress).await,
            Command::Decline { order, reason } => node.decline(&order, &reason, &progress).await,
            Command::Paid { order } => node.paid(&order, &progress).await,
            Command::Send { order, lab } => node.send_again(&order, lab.as_deref(), &progress).await,
            Command::Labs => {
                node.refresh_labs().await;
                node.list_labs().await
            }
            Command::UseLab { lab, hosts, rules } => node.use_lab(&lab, &hosts, rules, &progress).await,
            Command::InviteSecondHome => node.invite_second_home().await,
            Command::JoinFirstHome { line, name } => node.join_first_home(&line, &name).await,
            Command::SecondHomes => node.list_homes().await,
            Command::RemoveSecondHome { home } => node.remove_second_home(&home).await,
            Command::TakeOver { order } => node.take_over(order).await,
            Command::Custody { event, selection } => node.show_custody(&event, &selection).await,
            Command::Status => Ok(PhotographerAnswer::Status(Box::new(node.status(true).await?))),
            Command::Verify { event } => node.fetch_and_verify(&event, &progress).await,
            Command::Export { event, folder } => node.export(&event, folder, &progress).await,
        }
    }
}

impl Node {
    async fn list_events(&self) -> Result<PhotographerAnswer, NodeError> {
        let mut events = Vec::new();
        for row in self.catalogue.events().await? {
            events.push(self.summary(row).await?);
        }
        Ok(PhotographerAnswer::Events { events })
    }

    async fn list_photos(&self, event: &str, selection: &Selection) -> Result<PhotographerAnswer, NodeError> {
        let event = self.find_event(event).await?;
        let event_id = event.record.event_id;
        let (mut shown, mut withdrawn) = (Vec::new(), Vec::new());
        for host in self.catalogue.hosts().await? {
            shown.push((host.name.clone(), self.catalogue.published(event_id, host.peer_id).await?));
            withdrawn.push((host.name, self.catalogue.stay_withdrawn(event_id, host.peer_id).await?));
        }
        let photos = self.chosen_photos(&event, selection).await?.into_iter().map(|photo| PhotoSummary {
            photo_id: photo.photo_id(),
            edited: !photo.recipe.is_untouched(),
            shown_at: having(&shown, photo.photo_id()),
            withdrawn_from: having(&withdrawn, photo.photo_id()),
            file_name: photo.record.file_name,
            category: photo.record.category,
            captured: photo.record.captured,
            camera: photo.record.camera,
            rating: photo.record.rating,
            width_px: photo.record.width_px,
            height_px: photo.record.height_px,
            bytes: photo.original_bytes,
            not_for_print: photo.record.not_for_print,
        });
        let counted = self.photos_counted(event_id).await?;
        Ok(PhotographerAnswer::Photos { photos: photos.collect(), trouble: counted.trouble(), hurt: counted.hurt() })
    }

    async fn import(&self, command: PhotographerCommand, progress: &Progress) -> Result<PhotographerAnswer, NodeError> {
        let PhotographerCommand::Import { folder, event, category, details, publish, hosts } = command else {
            return Err(NodeError::ShuttingDown);
        };
        check_folder(folder.clone()).await?;
        let _stays = self.importing.read().await;
        let touched = self.event_with(&event, &details).await?;
        let row = &touched.row;
        let category = category.map(|name| text::required("The category", &name, NAME_BYTES_MAX, false)).transpose()?;
        let event_id = row.record.event_id;
        self.keep_known(row).await?;
        let hosts = if publish { self.hosts_for(row, &hosts).await? } else { Vec::new() };
        self.catalogue.show_at(event_id, &hosts).await?;
        let (command_id, mark) = (CommandId::random(), self.mark_before(event_id).await?);
        let imported = self.import_into(event_id, folder, category, command_id, progress.clone());
        let imported =
            if publish { self.publishing_meanwhile(row, &hosts, imported, progress).await } else { imported.await };
        // Also what an import took that came to grief then.
        let told = self.tell_of(row, command_id, progress).await;
        let mut report = imported?;
        if let Err(error) = told {
            // What was imported stays, and has to be known.
            let problem = || format!("The photos are imported, but a host that shows some was not told: {error}");
            report.stopped.get_or_insert_with(problem);
        }
        self.counts.imported(report.imported);
        if report.imported > 0 || !report.repaired.is_empty() || report.trouble.is_some() {
            // An order may have waited for one of them: what is new here may have been lost.
            self.advance_soon();
        }
        self.catalogue.note_whole(event_id, std::mem::take(&mut report.whole)).await?;
        let counted = self.photos_counted(event_id).await?;
        report.hurt = counted.hurt();
        let missing = counted.missing();
        if report.trouble.is_none() || report.trouble_mended {
            report.trouble_mended &= missing.is_none();
            report.trouble = missing.or(report.trouble);
            report.edits_unknown = self.catalogue.edits_unread().await?.contains(&event_id);
        } else {
            // With the names of those that it hides.
            let is_more = |said: &String| report.trouble.as_ref().is_some_and(|trouble| said.starts_with(trouble));
            report.trouble = missing.filter(is_more).or(report.trouble);
        }
        report.event.clone_from(&row.record.name);
        self.list_categories(event_id).await?;
        // Those that it was published at know.
        self.tell_of_event(&touched, &hosts, progress).await?;
        (report.alike, report.replaced_prices) = (touched.alike, touched.replaced_prices);
        report.mark = Some(self.mark_since(event_id, mark, 0).await?);
        Ok(PhotographerAnswer::Imported(report))
    }

    /// What an event is stands in one of its volumes; those that had it may be damaged.
    pub(super) async fn keep_known(&self, row: &EventRow) -> Result<(), NodeError> {
        let (archive, event_id) = (self.archive.clone(), row.record.event_id);
        if blocking(move || Ok(archive.knows_event(event_id))).await? { Ok(()) } else { self.save_in_volume(row).await }
    }

    /// Imports; what of photos that are here is about to be another is noted first.
    pub(super) async fn import_into(
        &self,
        event_id: EventId,
        folder: PathBuf,
        category: Option<String>,
        command_id: CommandId,
        progress: Progress,
    ) -> Result<ImportReport, NodeError> {
        let cancel = self.stopping.child_token();
        let (archive, enlargers, workers) = (self.archive.clone(), self.enlargers.clone(), self.config.workers);
        let (settings, catalogue) = (self.proofs_for(event_id, false).await?, self.catalogue.clone());
        let (runtime, edits) = (tokio::runtime::Handle::current(), self.catalogue.edits_had(event_id).await?);
        blocking(move || {
            let note = |photo_id| runtime.block_on(catalogue.note_untold(command_id, event_id, &[photo_id]));
            let (archive, note) = (&archive, &note);
            Import { archive, event_id, folder, category, settings, edits, enlargers, workers, cancel, note }
                .run(&progress)
        })
        .await
    }

    /// Publishes what has come in, again and again, until the import is over; then the
    /// rest. Trouble with publishing never stops the import.
    async fn publishing_meanwhile(
        &self,
        row: &EventRow,
        hosts: &[HostRow],
        imported: impl Future<Output = Result<ImportReport, NodeError>>,
        progress: &Progress,
    ) -> Result<ImportReport, NodeError> {
        tokio::pin!(imported);
        let mut report = loop {
            tokio::select! {
                report = &mut imported => break report?,
                () = tokio::time::sleep(PUBLISH_WHILE_IMPORTING_EVERY) => self.publish_so_far(row, hosts).await,
            }
        };
        match self.publish(row, Selection::default(), hosts, progress).await {
            Ok(published) => report.published = Some(Box::new(published)),
            Err(error) => report.stopped = Some(format!("The photos are imported, but not published: {error}")),
        }
        Ok(report)
    }

    async fn publish_so_far(&self, row: &EventRow, hosts: &[HostRow]) {
        let asked_ms = match self.catalogue.next_moment().await {
            Ok(asked_ms) => asked_ms,
            Err(error) => return tracing::warn!(%error, "nothing is published yet"),
        };
        let wish = PublishWish::new(row.record.event_id, Part::default(), asked_ms);
        for host in hosts.iter().filter(|host| self.is_connected_to(host)) {
            if let Err(error) = self.publish_wish(host, &wish, &Progress::silent()).await {
                tracing::debug!(%error, "nothing is published yet");
            }
        }
    }

    /// Puts the categories of an event's photos on its list, in order of capture.
    async fn list_categories(&self, event_id: EventId) -> Result<(), NodeError> {
        let photos = self.photos(event_id, &Selection::default()).await?;
        let mut names: Vec<String> = Vec::new();
        for photo in photos {
            if !names.contains(&photo.record.category) {
                names.push(photo.record.category);
            }
        }
        self.add_categories(event_id, &names).await.map(drop)
    }
}

/// The hosts that have a photo among theirs.
fn having(hosts: &[(String, HashSet<PhotoId>)], photo_id: PhotoId) -> Vec<String> {
    hosts.iter().filter(|(_, photos)| photos.contains(&photo_id)).map(|(host, _)| host.clone()).collect()
}

/// A folder without files makes no event: it is the wrong folder, or its disk is not there.
async fn check_folder(folder: PathBuf) -> Result<(), NodeError> {
    blocking(move || {
        if files_below(&folder)?.files.is_empty() {
            let problem = format!("There is no file below {}; is it the right folder?", folder.display());
            return Err(NodeError::NotNow { problem });
        }
        Ok(())
    })
    .await
}
