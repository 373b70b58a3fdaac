//! Archive → hosts: thumbnails, proofs and their data; never an original. The wish
//! to publish is durable first; then it is done at once, or as soon as the host is
//! there again. A host says what it needs, so nothing is sent twice.

use std::collections::HashSet;

use enprint_protocol::codec;
use enprint_protocol::ids::{EventId, PhotoId};
use enprint_protocol::limits::{PHOTOS_NAMED_MAX, PUBLISH_BATCH_BYTES, PUBLISH_BATCH_PHOTOS_MAX};
use enprint_protocol::publish::{
    Picture, Publish, PublishReply, PublishRequest, PublishedPhoto, Revision, revision_of,
};
use enprint_protocol::{PeerId, ProtocolError};
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::catalogue::{EventRow, HostRow, Wish};
use super::commands::{PublishReport, PublishedAt};
use super::node::{Node, blocking};
use super::records::{StoredPhoto, StoredRendition};
use super::selection::Selection;
use crate::control::Progress;
use crate::error::NodeError;
use crate::limits::{BATCHES_IN_FLIGHT, WISH_BYTES_MAX};
use crate::stored;

/// What has to be published or withdrawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PublishWish {
    pub(super) event_id: EventId,
    pub(super) selection: Selection,
    /// Photos withdrawn after this moment are left out: see `Catalogue::next_moment`.
    pub(super) asked_ms: i64,
    /// Photos that were withdrawn by themselves, and are not named, are shown again, too.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) withdrawn_too: bool,
    /// What is said of the event, and no photo.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) details_only: bool,
}

/// What became of photos that were published anew.
#[derive(Debug, Default)]
pub(super) struct ShownAnew {
    /// Those that a host needed and got.
    pub(super) photos: HashSet<PhotoId>,
    /// Each host that shows some.
    pub(super) hosts: Vec<PublishedAt>,
}

impl ShownAnew {
    /// Adds what became of some of them at a host.
    fn add(&mut self, at: PublishedAt) {
        match self.hosts.iter_mut().find(|known| known.host == at.host) {
            Some(known) => {
                known.sent += at.sent;
                known.queued |= at.queued;
                known.problem = known.problem.take().or(at.problem);
            }
            None => self.hosts.push(at),
        }
    }

    /// What the first host said that does not show them.
    pub(super) fn problem(&self) -> Option<String> {
        let refused = self.hosts.iter().find_map(|at| at.problem.as_ref().map(|problem| (&at.host, problem)));
        refused.map(|(host, problem)| format!("{host}: {problem}"))
    }
}

/// What of an event is published.
#[derive(Debug, Clone, Default)]
pub(super) struct Part {
    selection: Selection,
    withdrawn_too: bool,
    details_only: bool,
}

impl Part {
    /// Chosen photos.
    pub(super) fn photos(selection: Selection, withdrawn_too: bool) -> Self {
        Self { selection, withdrawn_too, details_only: false }
    }

    /// What is said of the event.
    pub(super) fn details() -> Self {
        Self { details_only: true, ..Self::default() }
    }
}

impl From<Selection> for Part {
    fn from(selection: Selection) -> Self {
        Self::photos(selection, false)
    }
}

pub(super) fn is_false(flag: &bool) -> bool {
    !flag
}

/// What the lanes of publishing begin with.
const LANE: &str = "publish:";

/// The lane of the outbox in which publishing waits, apart from statuses.
pub(super) fn lane(host: PeerId) -> String {
    format!("{LANE}{host}")
}

impl PublishReport {
    /// Of an event of which nothing has been published yet.
    fn of(event: &EventRow) -> Self {
        let list = &event.record.price_list;
        let usual_prices = if list.is_usual() { list.words() } else { Vec::new() };
        let (event, access_code) = (event.record.name.clone(), Some(event.access_code.clone()));
        Self { event, access_code, usual_prices, ..Self::default() }
    }

    /// Adds what was done at another host.
    fn add(&mut self, other: Self) {
        if self.gallery_url.is_empty() {
            self.gallery_url = other.gallery_url;
        }
        self.chosen = self.chosen.max(other.chosen);
        self.kept_off = self.kept_off.max(other.kept_off);
        self.kept_bytes = self.kept_bytes.max(other.kept_bytes);
        self.new_photos.extend(other.new_photos);
        self.sent = self.new_photos.len() as u64;
        self.sent_bytes += other.sent_bytes;
        self.hosts.extend(other.hosts);
    }
}

impl PublishedAt {
    fn done(host: &HostRow, report: &PublishReport) -> Self {
        let gallery_url = Some(report.gallery_url.clone());
        Self { host: host.name.clone(), gallery_url, sent: report.sent, ..Self::default() }
    }

    pub(super) fn failed(host: &HostRow, error: &NodeError) -> Self {
        let queued = error.is_temporary();
        Self { host: host.name.clone(), queued, problem: (!queued).then(|| error.to_string()), ..Self::default() }
    }
}

impl PublishWish {
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, NodeError> {
        Ok(codec::decode(bytes, WISH_BYTES_MAX)?)
    }

    /// Of a part, asked for at that moment.
    pub(super) fn new(event_id: EventId, part: Part, asked_ms: i64) -> Self {
        let Part { selection, withdrawn_too, details_only } = part;
        Self { event_id, selection, asked_ms, withdrawn_too, details_only }
    }

    /// Whether it shows photos again that were withdrawn by themselves.
    fn shows_withdrawn(&self) -> bool {
        self.withdrawn_too || self.selection.names_photos()
    }
}

impl Node {
    /// Publishes at each of `hosts` now, or leaves it to the courier where one is away.
    /// The event is shown there from now on.
    ///
    /// # Errors
    /// When no host takes it; what some of several say is in the report.
    pub(super) async fn publish(
        &self,
        event: &EventRow,
        part: impl Into<Part>,
        hosts: &[HostRow],
        progress: &Progress,
    ) -> Result<PublishReport, NodeError> {
        let event_id = event.record.event_id;
        self.catalogue.show_at(event_id, hosts).await?;
        let wish = PublishWish::new(event_id, part.into(), self.catalogue.next_moment().await?);
        let parcels = self.wishes(Wish::Publish, &wish, hosts).await?;
        self.publish_wished(event, &wish, parcels, progress).await
    }

    /// As [`Self::publish`], of a wish that is in the outbox.
    pub(super) async fn publish_wished(
        &self,
        event: &EventRow,
        wish: &PublishWish,
        parcels: Vec<(&HostRow, String)>,
        progress: &Progress,
    ) -> Result<PublishReport, NodeError> {
        let (mut report, mut refused) = (PublishReport::of(event), None);
        for (host, parcel) in parcels {
            let done = self.publish_wish(host, wish, progress).await;
            if !done.as_ref().is_err_and(NodeError::is_temporary) {
                self.catalogue.settle(&parcel).await?;
            }
            match done {
                Ok(done) => report.add(done),
                Err(error) => {
                    tracing::warn!(%error, host = %host.name, "an event is not published at a host yet");
                    report.hosts.push(PublishedAt::failed(host, &error));
                    report.queued |= error.is_temporary();
                    refused = refused.or(Some(error).filter(|error| !error.is_temporary()));
                }
            }
        }
        match refused {
            Some(error) if report.hosts.iter().all(|at| at.problem.is_some()) => Err(error),
            _ => Ok(report),
        }
    }

    /// Publishes photos anew where they are shown.
    ///
    /// # Errors
    /// The catalogue's; what hosts say is in the answer.
    pub(super) async fn publish_anew(
        &self,
        event: &EventRow,
        photos: &[PhotoId],
        progress: &Progress,
    ) -> Result<ShownAnew, NodeError> {
        let mut anew = ShownAnew::default();
        for host in self.hosts_for(event, &[]).await? {
            let shown = self.catalogue.published(event.record.event_id, host.peer_id).await?;
            let photo_ids: Vec<_> = photos.iter().copied().filter(|photo_id| shown.contains(photo_id)).collect();
            for photo_ids in photo_ids.chunks(PHOTOS_NAMED_MAX) {
                let selection = Selection { photo_ids: photo_ids.to_vec(), ..Selection::default() };
                match self.publish(event, selection, std::slice::from_ref(&host), progress).await {
                    Ok(report) => {
                        anew.photos.extend(report.new_photos);
                        report.hosts.into_iter().for_each(|at| anew.add(at));
                    }
                    Err(error) => anew.add(PublishedAt::failed(&host, &error)),
                }
            }
        }
        Ok(anew)
    }

    /// The photos that any host shows.
    pub(super) async fn shown_anywhere(&self, event: &EventRow) -> Result<HashSet<PhotoId>, NodeError> {
        let mut photos = HashSet::new();
        for at in &event.shown_at {
            photos.extend(self.catalogue.published(event.record.event_id, at.host).await?);
        }
        Ok(photos)
    }

    /// Makes a wish durable for each host, before anything is tried.
    pub(super) async fn wishes<'a>(
        &self,
        kind: Wish,
        wish: &PublishWish,
        hosts: &'a [HostRow],
    ) -> Result<Vec<(&'a HostRow, String)>, NodeError> {
        let payload = codec::encode(wish)?;
        let mut parcels = Vec::with_capacity(hosts.len());
        for host in hosts {
            parcels.push((host, self.catalogue.wish(kind, &lane(host.peer_id), &payload).await?));
        }
        Ok(parcels)
    }

    /// The host whose lane that is, unless this node has left it.
    pub(super) async fn host_of_lane(&self, lane: &str) -> Result<Option<HostRow>, NodeError> {
        self.catalogue.host_of(stored::read(lane.trim_start_matches(LANE))?).await
    }

    /// The whole conversation with one host; may be repeated at any time.
    pub(super) async fn publish_wish(
        &self,
        host: &HostRow,
        wish: &PublishWish,
        progress: &Progress,
    ) -> Result<PublishReport, NodeError> {
        let process = self.reach_host(host).await?;
        let _one_at_a_time = self.publishing.lock().await;
        let (chosen, kept_off) = self.chosen(host.peer_id, wish).await?;
        let mut categories: Vec<String> = chosen.iter().map(|photo| photo.record.category.clone()).collect();
        categories.dedup();
        let event = self.add_categories(wish.event_id, &categories).await?;
        if wish.details_only && !event.shown_at.iter().any(|at| at.host == host.peer_id) {
            return Ok(PublishReport::of(&event)); // it was withdrawn meanwhile
        }
        let gallery_url = self.publish_event(process, &event).await?;
        self.catalogue.set_gallery_url(wish.event_id, host.peer_id, &gallery_url).await?;
        let mut report = PublishReport {
            gallery_url,
            chosen: chosen.len() as u64,
            kept_off,
            kept_bytes: chosen.iter().map(|photo| photo.original_bytes).sum(),
            ..PublishReport::of(&event)
        };
        let total = report.chosen;
        let mut done = 0;
        for named in chosen.chunks(PHOTOS_NAMED_MAX) {
            let needed = self.needed(process, wish.event_id, named).await?;
            report.new_photos.extend(needed.iter().map(StoredPhoto::photo_id));
            done += (named.len() - needed.len()) as u64;
            self.send_all(process, wish.event_id, needed, &mut report, |sent| {
                done += sent;
                progress.photos("Publishing", done, total);
            })
            .await?;
        }
        let photos: Vec<_> = chosen.iter().map(StoredPhoto::photo_id).collect();
        self.catalogue.set_published(wish.event_id, host.peer_id, &photos).await?;
        self.counts.published(report.sent);
        report.hosts = vec![PublishedAt::done(host, &report)];
        Ok(report)
    }

    async fn publish_event(&self, host: PeerId, event: &EventRow) -> Result<String, NodeError> {
        let request =
            PublishRequest::Event { event: Box::new(event.record.clone()), access_code: event.access_code.clone() };
        match self.ask_host(host, request).await? {
            PublishReply::EventStored { gallery_url } => Ok(gallery_url),
            other => Err(unexpected(&other)),
        }
    }

    /// Those of `named` that the host has not, or has in another revision.
    async fn needed(
        &self,
        host: PeerId,
        event_id: EventId,
        named: &[StoredPhoto],
    ) -> Result<Vec<StoredPhoto>, NodeError> {
        let revision = |photo: &StoredPhoto| {
            let revision = revision_of(&photo.record, &photo.thumbnail.hash, &photo.proof.hash)?;
            Ok::<_, ProtocolError>(Revision { photo_id: photo.photo_id(), revision })
        };
        let photos = named.iter().map(revision).collect::<Result<_, _>>()?;
        match self.ask_host(host, PublishRequest::Offer { event_id, photos }).await? {
            PublishReply::Needs { photos } => {
                let wanted: HashSet<PhotoId> = photos.into_iter().collect();
                Ok(named.iter().filter(|photo| wanted.contains(&photo.photo_id())).cloned().collect())
            }
            other => Err(unexpected(&other)),
        }
    }

    async fn send_all(
        &self,
        host: PeerId,
        event_id: EventId,
        needed: Vec<StoredPhoto>,
        report: &mut PublishReport,
        mut sent: impl FnMut(u64),
    ) -> Result<(), NodeError> {
        let batches = futures::stream::iter(in_batches(needed));
        let mut stored = batches.map(|batch| self.send(host, event_id, batch)).buffer_unordered(BATCHES_IN_FLIGHT);
        while let Some(outcome) = stored.next().await {
            let (photos, bytes) = outcome?;
            report.sent += photos;
            report.sent_bytes += bytes;
            sent(photos);
        }
        Ok(())
    }

    async fn send(&self, host: PeerId, event_id: EventId, batch: Vec<StoredPhoto>) -> Result<(u64, u64), NodeError> {
        let archive = self.archive.clone();
        let photos = blocking(move || {
            let picture = |rendition: &StoredRendition| {
                archive.rendition(event_id, rendition.hash).map(|jpeg| Picture {
                    width_px: rendition.width_px,
                    height_px: rendition.height_px,
                    jpeg: ByteBuf::from(jpeg),
                })
            };
            batch
                .into_iter()
                .map(|photo| {
                    let (thumbnail, proof) = (picture(&photo.thumbnail)?, picture(&photo.proof)?);
                    Ok(PublishedPhoto { record: photo.record, thumbnail, proof })
                })
                .collect::<Result<Vec<_>, NodeError>>()
        })
        .await?;
        let count = photos.len() as u64;
        let bytes = photos.iter().map(|photo| (photo.thumbnail.jpeg.len() + photo.proof.jpeg.len()) as u64).sum();
        self.sending.wait_for_pace(bytes).await;
        let stored = self.ask_host(host, PublishRequest::Batch { event_id, photos }).await;
        if matches!(&stored, Err(NodeError::Ask(error)) if error.is_before_sending()) {
            self.sending.give_back(bytes);
        }
        match stored? {
            PublishReply::Stored => Ok((count, bytes)),
            other => Err(unexpected(&other)),
        }
    }

    pub(super) async fn ask_host(&self, host: PeerId, request: PublishRequest) -> Result<PublishReply, NodeError> {
        match self.client.ask::<Publish>(host, request).await? {
            PublishReply::Refused(refusal) => Err(NodeError::Refused(refusal)),
            reply => Ok(reply),
        }
    }

    /// The wish's photos, but those withdrawn since it was made; and but those withdrawn by
    /// themselves before, unless it names them, with their number.
    async fn chosen(&self, host: PeerId, wish: &PublishWish) -> Result<(Vec<StoredPhoto>, u64), NodeError> {
        if wish.details_only {
            return Ok((Vec::new(), 0));
        }
        let withdrawn = self.catalogue.withdrawn_since(wish.event_id, host, wish.asked_ms).await?;
        let mut photos = self.photos(wish.event_id, &wish.selection).await?;
        photos.retain(|photo| !withdrawn.contains(&photo.photo_id()));
        if wish.shows_withdrawn() {
            return Ok((photos, 0));
        }
        let stay = self.catalogue.stay_withdrawn(wish.event_id, host).await?;
        let all = photos.len();
        photos.retain(|photo| !stay.contains(&photo.photo_id()));
        let kept_off = all - photos.len();
        Ok((photos, kept_off as u64))
    }

    pub(super) async fn photo_ids(&self, event_id: EventId, selection: &Selection) -> Result<Vec<PhotoId>, NodeError> {
        let photos = self.photos(event_id, selection).await?;
        Ok(photos.iter().map(StoredPhoto::photo_id).collect())
    }
}

/// Batches within the protocol's bounds of photos and bytes.
fn in_batches(photos: Vec<StoredPhoto>) -> Vec<Vec<StoredPhoto>> {
    let mut batches: Vec<Vec<StoredPhoto>> = Vec::new();
    let mut room = 0;
    for photo in photos {
        let bytes = bytes_in_batch(&photo);
        match batches.last_mut() {
            Some(batch) if bytes <= room && batch.len() < PUBLISH_BATCH_PHOTOS_MAX => {
                room -= bytes;
                batch.push(photo);
            }
            _ => {
                room = PUBLISH_BATCH_BYTES.saturating_sub(bytes);
                batches.push(vec![photo]);
            }
        }
    }
    batches
}

/// Captions and keywords count: 256 photos can have 4 MiB of them.
fn bytes_in_batch(photo: &StoredPhoto) -> usize {
    let pictures = usize::try_from(photo.thumbnail.bytes + photo.proof.bytes).unwrap_or(usize::MAX);
    let words = codec::encode(&photo.record).map_or(0, |record| record.len());
    pictures.saturating_add(words)
}

pub(super) fn unexpected(reply: &PublishReply) -> NodeError {
    tracing::warn!(?reply, "the host answered another question");
    ProtocolError::Malformed { reason: "the host answered another question".into() }.into()
}
