//! Photos that an event had and that are not in the archive any more, and those that were
//! found damaged: a volume that is gone, or of which nothing can be read, must not look like
//! an event that has all of its photos, whatever came in their place.

use std::collections::{BTreeSet, HashSet};

use enprint_protocol::ids::{EventId, PhotoId};
use enprint_protocol::order::OrderLine;
use enprint_protocol::text;

use super::catalogue::{EventRow, HALF_NOTED, HaltedOrder, Trouble, hash_of};
use super::commands::{HurtPhotos, PhotographerAnswer};
use super::node::{Node, blocking};
use super::records::StoredPhoto;
use crate::control::Progress;
use crate::error::NodeError;
use crate::limits::PHOTOS_NAMED_MAX;

/// What is known of an event's photos.
#[derive(Debug, Default)]
pub(super) struct Counted {
    /// How many can be read.
    pub(super) photos: u64,
    /// Why there may be more.
    hidden: Option<String>,
    /// The names of those that it had beside; one that is not known is empty.
    lost: Vec<String>,
    /// The names of those that were found damaged.
    damaged: Vec<String>,
}

impl Counted {
    /// The sentences that say why there may be more photos, and which are missing.
    pub(super) fn missing(&self) -> Option<String> {
        joined([self.hidden.clone(), missing(&self.lost, self.hidden.is_some())])
    }

    /// As [`Self::missing`], and which are damaged.
    pub(super) fn trouble(&self) -> Option<String> {
        joined([self.missing(), damaged(&self.damaged)])
    }

    /// All of their names that are known.
    pub(super) fn hurt(&self) -> HurtPhotos {
        let known = |names: &[String]| {
            let mut known: Vec<String> = names.iter().filter(|name| !name.is_empty()).cloned().collect();
            known.sort_unstable();
            known
        };
        HurtPhotos { lost: known(&self.lost), damaged: known(&self.damaged) }
    }
}

impl Node {
    /// How many photos of an event can be read.
    pub(super) async fn photo_count(&self, event_id: EventId) -> Result<u64, NodeError> {
        Ok(self.photos_counted(event_id).await?.photos)
    }

    /// What is known of an event's photos; those that are new are noted.
    pub(super) async fn photos_counted(&self, event_id: EventId) -> Result<Counted, NodeError> {
        let archive = self.archive.clone();
        let (ids, trouble) = blocking(move || Ok(archive.counted(event_id))).await?;
        let mut lost = self.lost_beside(event_id, &ids, trouble.is_none()).await?;
        if trouble.as_ref().is_some_and(|error| !error.is_of_damage()) {
            // Nobody can say it before the volume is used again.
            lost.clear();
        }
        let mut damaged = self.catalogue.damaged(event_id).await?;
        damaged.retain(|photo_id, _| ids.contains(photo_id));
        Ok(Counted {
            photos: ids.len() as u64,
            hidden: trouble.map(|error| error.sentence()),
            lost,
            damaged: damaged.into_values().collect(),
        })
    }

    /// The sentences that say that photos of an event are missing or hidden.
    pub(super) async fn photos_missing(&self, event_id: EventId) -> Result<Option<String>, NodeError> {
        Ok(self.photos_counted(event_id).await?.missing())
    }

    /// Photos of an event are lost for good, and their photographer knows it: from now on the
    /// event never had them. One that comes back is new. Damage of the lists that may hide more is
    /// settled with that, hosts show these photos no more, and orders of them are said to halt.
    /// What a second home has of them is fetched before.
    ///
    /// # Errors
    /// While photos are imported, where a volume can't be read for another reason than damage,
    /// and unless `anyway` where a second home may have them that could not give them now.
    pub(super) async fn forget_lost(
        &self,
        named: &str,
        anyway: bool,
        progress: &Progress,
    ) -> Result<PhotographerAnswer, NodeError> {
        let event = self.find_event(named).await?;
        drop(self.importing.try_write().map_err(|_| comes_in())?);
        self.ask_second_homes(&event, anyway, progress).await?;
        let _alone = self.importing.try_write().map_err(|_| comes_in())?;
        let event_id = event.record.event_id;
        let mut photos = self.photos_counted(event_id).await?.lost;
        let (here, lists_damaged) = self.settle_lists(event_id).await?;
        let known = self.catalogue.names_had(event_id).await?.into_keys();
        let lost: Vec<PhotoId> = known.filter(|photo_id| !here.contains(photo_id)).collect();
        let halted = self.orders_that_lose(event_id, &lost).await?;
        let withdrawn = self.withdraw_lost(&event, &lost).await?;
        self.catalogue.forget_lost(event_id, &lost, &halted).await?;
        photos.sort_unstable();
        let orders = halted.iter().map(|halted| halted.order.order.order_id.number()).collect();
        Ok(PhotographerAnswer::Forgotten { event: event.record.name, photos, withdrawn, orders, lists_damaged })
    }

    /// Nothing is given up that a second home has, as far as this one can know.
    async fn ask_second_homes(&self, event: &EventRow, anyway: bool, progress: &Progress) -> Result<(), NodeError> {
        let event_id = event.record.event_id;
        if self.catalogue.first_home().await?.is_some() || self.photos_missing(event_id).await?.is_none() {
            return Ok(());
        }
        if let Err(error) = self.fetch_all_lost(event_id, progress).await {
            tracing::warn!(%event_id, %error, "what the event has lost could not be fetched from a second home");
        }
        if progress.is_cancelled() {
            return Err(NodeError::NotNow { problem: "It was stopped, and nothing is given up.".to_owned() });
        }
        match self.second_home_with_lost(event_id).await? {
            Some(name) if !anyway => Err(NodeError::NotNow {
                problem: format!(
                    "Your second home “{name}” may have these photos, and could not give them now. Once it is connected, \
                     “verify” fetches them; or give them up by “forget-lost --anyway”."
                ),
            }),
            _ => Ok(()),
        }
    }

    /// The name of a second home that has something which is lost here, or does not say so.
    async fn second_home_with_lost(&self, event_id: EventId) -> Result<Option<String>, NodeError> {
        let archive = self.archive.clone();
        let here = blocking(move || Ok(archive.counted(event_id).0)).await?;
        let mut lost: BTreeSet<PhotoId> = self.catalogue.names_had(event_id).await?.into_keys().collect();
        lost.retain(|photo_id| !here.contains(photo_id));
        if lost.is_empty() {
            return Ok(None);
        }
        for home in self.catalogue.second_homes().await? {
            let has_none = match self.client.is_connected(&home.peer_id) {
                true => self.ids_at(home.peer_id, event_id).await.is_ok_and(|ids| ids.is_disjoint(&lost)),
                false => false,
            };
            if !has_none {
                return Ok(Some(home.name));
            }
        }
        Ok(None)
    }

    /// The photos of an event that can be read. What its lists hid is not looked for any more;
    /// whether that was so.
    async fn settle_lists(&self, event_id: EventId) -> Result<(HashSet<PhotoId>, bool), NodeError> {
        let archive = self.archive.clone();
        blocking(move || match archive.counted(event_id) {
            (here, None) => Ok((here, false)),
            (here, Some(error)) if error.is_of_damage() => archive.note_mended(event_id).map(|()| (here, true)),
            (_, Some(error)) => Err(error),
        })
        .await
    }

    /// Orders that can't be printed as they are once the event does without these photos; what a
    /// lab has got of one is printed.
    async fn orders_that_lose(&self, event_id: EventId, lost: &[PhotoId]) -> Result<Vec<HaltedOrder>, NodeError> {
        let (lost, mut halted) = (BTreeSet::from_iter(lost), Vec::new());
        let is_copy = self.catalogue.first_home().await?.is_some();
        if is_copy || lost.is_empty() {
            return Ok(halted); // the first home may have them
        }
        let open = self.catalogue.unprinted_in(event_id).await?;
        for order in open {
            let needed: BTreeSet<PhotoId> = match order.job_id {
                Some(job_id) => self.catalogue.photos_to_fetch(job_id).await?.into_iter().collect(),
                None => order.order.photos(),
            };
            let is_lost = |line: &&OrderLine| lost.contains(&line.photo_id) && needed.contains(&line.photo_id);
            let Some(line) = order.order.lines.iter().find(is_lost) else { continue };
            let error = NodeError::OriginalForgotten { name: line.file_name.clone() };
            let word = self.word_of_halt(order.order.order_id, &error).await?;
            halted.push(HaltedOrder { trouble: Trouble::from(&error), word, order });
        }
        Ok(halted)
    }

    /// Those of photos that are not here which their event does without. A second home can't say
    /// it: it may not have copied them yet. Nor can anybody while damage hides what there is.
    pub(super) async fn forgotten(
        &self,
        event_id: EventId,
        photos: BTreeSet<PhotoId>,
    ) -> Result<BTreeSet<PhotoId>, NodeError> {
        if self.catalogue.first_home().await?.is_some() {
            return Ok(BTreeSet::new());
        }
        let not_had = self.catalogue.not_had(event_id, photos).await?;
        let archive = self.archive.clone();
        let is_hidden = async || blocking(move || Ok(archive.counted(event_id).1.is_some())).await;
        if !not_had.is_empty() && is_hidden().await? {
            return Ok(BTreeSet::new());
        }
        Ok(not_had)
    }

    /// What is wrong with a photo of that name of which a file can't be read, by what came of
    /// reading its record.
    pub(super) async fn hurt(
        &self,
        (event_id, photo_id): (EventId, PhotoId),
        name: String,
        read: Result<Option<StoredPhoto>, NodeError>,
    ) -> Result<NodeError, NodeError> {
        Ok(match read {
            Ok(Some(_)) => NodeError::OriginalDamaged { name },
            Err(error) if !error.is_of_damage() => return Err(error),
            _ if !self.forgotten(event_id, [photo_id].into()).await?.is_empty() => {
                NodeError::OriginalForgotten { name }
            }
            Ok(None) => NodeError::OriginalLost { name },
            Err(_) => NodeError::OriginalDamaged { name },
        })
    }

    /// The names of photos that the event had beside these; those that are new are noted. Of an
    /// event whose ids nobody has noted yet the number counts, until all of its photos are here.
    async fn lost_beside(
        &self,
        event_id: EventId,
        ids: &HashSet<PhotoId>,
        are_all: bool,
    ) -> Result<Vec<String>, NodeError> {
        let had = self.catalogue.photos_had(event_id).await?;
        let fewer = usize::try_from(had.number.saturating_sub(ids.len() as u64)).unwrap_or(usize::MAX);
        match had.ids {
            Some(hash) if hash == hash_of(ids) => return Ok(Vec::new()),
            None if fewer > 0 => return Ok(vec![String::new(); fewer]),
            None if !are_all || ids.is_empty() => return Ok(Vec::new()),
            _ => {}
        }
        let known = self.catalogue.names_had(event_id).await?;
        let new: Vec<PhotoId> = ids.iter().filter(|photo_id| !known.contains_key(photo_id)).copied().collect();
        let mut lost: Vec<String> =
            known.into_iter().filter(|(photo_id, _)| !ids.contains(photo_id)).map(|(_, name)| name).collect();
        // Where nothing is new or lost, what was noted before was not noted to its end.
        if !new.is_empty() || lost.is_empty() || had.ids == Some(HALF_NOTED) {
            let named = self.named(event_id, new).await?;
            self.catalogue.note_photos(event_id, &named).await?;
        }
        // Of what was being noted when the node was killed the number may be all that is known.
        lost.resize(lost.len().max(fewer), String::new());
        Ok(lost)
    }

    /// Photos with their file names; one whose record can't be read has none.
    async fn named(&self, event_id: EventId, photos: Vec<PhotoId>) -> Result<Vec<(PhotoId, String)>, NodeError> {
        let archive = self.archive.clone();
        blocking(move || {
            let name_of = |photo_id| match archive.photo(event_id, photo_id) {
                Ok(photo) => Ok((photo_id, photo.map(|photo| photo.record.file_name).unwrap_or_default())),
                Err(error) if error.is_of_damage() => Ok((photo_id, String::new())),
                Err(error) => Err(error),
            };
            photos.into_iter().map(name_of).collect()
        })
        .await
    }
}

fn comes_in() -> NodeError {
    let problem = "Photos are being imported or fetched, or an event is changed. Say it again when that is done.";
    NodeError::NotNow { problem: problem.to_owned() }
}

/// What can be done where nothing can be.
const FORGETTING: &str = "Where there is no copy, “forget-lost” lets the event do without.";

fn joined(sentences: [Option<String>; 2]) -> Option<String> {
    let all: Vec<String> = sentences.into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join(" "))
}

/// Which photos are missing; behind the reason for it, which says what to do.
fn missing(names: &[String], has_reason: bool) -> Option<String> {
    let (photos, are) = match names.len() {
        0 => return None,
        1 => ("1 photo that this event had".to_owned(), "is"),
        number => (format!("{number} photos that this event had"), "are"),
    };
    let names = listed(names.to_vec());
    if has_reason {
        return Some(format!("{photos} can't be read{names}. {FORGETTING}"));
    }
    Some(format!(
        "{photos} {are} not in the archive any more{names}. Put the event's folders in archive/ back from a backup, or \
         import its files again from your copies. {FORGETTING}"
    ))
}

fn damaged(names: &[String]) -> Option<String> {
    let (are_damaged, its_file) = match names.len() {
        0 => return None,
        1 => ("1 photo of this event is".to_owned(), "its file"),
        number => (format!("{number} photos of this event are"), "their files"),
    };
    Some(format!(
        "{are_damaged} damaged on this disk{}. Import {its_file} again from your card or a backup.",
        listed(names.to_vec())
    ))
}

/// The first of the names that are known, after a colon.
fn listed(mut names: Vec<String>) -> String {
    let number = names.len();
    names.retain(|name| !name.is_empty());
    names.sort_unstable();
    names.truncate(PHOTOS_NAMED_MAX);
    let named: Vec<String> = names.iter().map(|name| text::shown(name)).collect();
    match number - named.len() {
        _ if named.is_empty() => String::new(),
        0 => format!(": {}", named.join(", ")),
        others => format!(": {} and {others} more", named.join(", ")),
    }
}

#[cfg(test)]
pub(super) mod tests;
