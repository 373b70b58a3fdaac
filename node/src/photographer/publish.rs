//! Archive → host: thumbnails, proofs and their data; never an original. The wish
//! to publish is durable first; then it is done at once, or as soon as the host is
//! there again. The host says what it needs, so nothing is sent twice.

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

use super::catalogue::{EventRow, Wish};
use super::commands::{PhotographerAnswer, PublishReport};
use super::node::{Node, blocking};
use super::records::{StoredPhoto, StoredRendition};
use super::selection::Selection;
use crate::control::Progress;
use crate::error::NodeError;
use crate::limits::{BATCHES_IN_FLIGHT, WISH_BYTES_MAX};

/// What has to be published or withdrawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PublishWish {
    pub(super) event_id: EventId,
    pub(super) selection: Selection,
    /// Photos withdrawn after this moment are left out.
    pub(super) asked_ms: i64,
}

/// The lane of the outbox in which publishing waits, apart from statuses.
pub(super) fn lane(host: PeerId) -> String {
    format!("publish:{host}")
}

impl PublishWish {
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, NodeError> {
        Ok(codec::decode(bytes, WISH_BYTES_MAX)?)
    }
}

impl Node {
    /// Publishes now, or leaves it to the courier when the host is away.
    pub(super) async fn publish(
        &self,
        event: &EventRow,
        selection: Selection,
        progress: &Progress,
    ) -> Result<PublishReport, NodeError> {
        let host = self.catalogue.host().await?.ok_or(NodeError::NotEnrolled)?;
        let asked_ms = super::node::now().0;
        let wish = PublishWish { event_id: event.record.event_id, selection, asked_ms };
        let parcel = self.catalogue.wish(Wish::Publish, &lane(host.peer_id), &codec::encode(&wish)?).await?;
        match self.publish_wish(&wish, progress).await {
            Ok(report) => {
                self.catalogue.settle(&parcel).await?;
                Ok(report)
            }
            Err(error) if error.is_temporary() => {
                tracing::warn!(%error, "publishing waits for the host");
                Ok(PublishReport { event: event.record.name.clone(), queued: true, ..PublishReport::default() })
            }
            Err(error) => {
                self.catalogue.settle(&parcel).await?;
                Err(error)
            }
        }
    }

    /// Takes photos off the host now, or as soon as it is there again.
    pub(super) async fn withdraw(
        &self,
        event: &EventRow,
        selection: Selection,
    ) -> Result<PhotographerAnswer, NodeError> {
        let host = self.catalogue.host().await?.ok_or(NodeError::NotEnrolled)?;
        let event_id = event.record.event_id;
        let wish = PublishWish { event_id, selection, asked_ms: super::node::now().0 };
        let photos = self.photo_ids(event_id, &wish.selection).await?;
        self.catalogue.mark_withdrawn(event_id, &photos, wish.asked_ms).await?;
        let parcel = self.catalogue.wish(Wish::Withdraw, &lane(host.peer_id), &codec::encode(&wish)?).await?;
        match self.withdraw_wish(&wish).await {
            Ok(photos) => {
                self.catalogue.settle(&parcel).await?;
                Ok(PhotographerAnswer::Withdrawn { photos, queued: false })
            }
            Err(error) if error.is_temporary() => Ok(PhotographerAnswer::Withdrawn { photos: 0, queued: true }),
            Err(error) => {
                self.catalogue.settle(&parcel).await?;
                Err(error)
            }
        }
    }

    /// The whole conversation; may be repeated at any time.
    pub(super) async fn publish_wish(
        &self,
        wish: &PublishWish,
        progress: &Progress,
    ) -> Result<PublishReport, NodeError> {
        let _one_at_a_time = self.publishing.lock().await;
        let host = self.catalogue.host().await?.ok_or(NodeError::NotEnrolled)?.peer_id;
        let chosen = self.chosen(wish).await?;
        let mut categories: Vec<String> = chosen.iter().map(|photo| photo.record.category.clone()).collect();
        categories.dedup();
        let event = self.add_categories(wish.event_id, &categories).await?;
        let gallery_url = self.publish_event(host, &event).await?;
        let mut report = PublishReport {
            event: event.record.name,
            gallery_url,
            access_code: Some(event.access_code),
            chosen: chosen.len() as u64,
            kept_bytes: chosen.iter().map(|photo| photo.original_bytes).sum(),
            ..PublishReport::default()
        };
        let total = report.chosen;
        let mut done = 0;
        for named in chosen.chunks(PHOTOS_NAMED_MAX) {
            let needed = self.needed(host, wish.event_id, named).await?;
            done += (named.len() - needed.len()) as u64;
            self.send_all(host, wish.event_id, needed, &mut report, |sent| {
                done += sent;
                progress.photos("Publishing", done, total);
            })
            .await?;
        }
        self.catalogue
            .set_published(wish.event_id, &chosen.iter().map(StoredPhoto::photo_id).collect::<Vec<_>>())
            .await?;
        self.counts.published(report.sent);
        Ok(report)
    }

    /// Tells the host which photos go; how many it took off.
    pub(super) async fn withdraw_wish(&self, wish: &PublishWish) -> Result<u64, NodeError> {
        let _one_at_a_time = self.publishing.lock().await;
        let host = self.catalogue.host().await?.ok_or(NodeError::NotEnrolled)?.peer_id;
        let event_id = wish.event_id;
        if wish.selection.is_all() {
            return self.withdrawn(host, PublishRequest::WithdrawEvent { event_id }).await;
        }
        let photos = self.photo_ids(event_id, &wish.selection).await?;
        let mut taken = 0;
        for photos in photos.chunks(PHOTOS_NAMED_MAX) {
            let photos = photos.to_vec();
            taken += self.withdrawn(host, PublishRequest::Withdraw { event_id, photos }).await?;
        }
        Ok(taken)
    }

    async fn withdrawn(&self, host: PeerId, request: PublishRequest) -> Result<u64, NodeError> {
        match self.ask_host(host, request).await? {
            PublishReply::Withdrawn { photos } => Ok(photos),
            other => Err(unexpected(&other)),
        }
    }

    async fn publish_event(&self, host: PeerId, event: &EventRow) -> Result<String, NodeError> {
        let request =
            PublishRequest::Event { event: Box::new(event.record.clone()), access_code: event.access_code.clone() };
        match self.ask_host(host, request).await? {
            PublishReply::EventStored { gallery_url } => {
                self.catalogue.set_gallery_url(event.record.event_id, &gallery_url).await?;
                Ok(gallery_url)
            }
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
                let wanted: std::collections::HashSet<PhotoId> = photos.into_iter().collect();
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
        match self.ask_host(host, PublishRequest::Batch { event_id, photos }).await? {
            PublishReply::Stored => Ok((count, bytes)),
            other => Err(unexpected(&other)),
        }
    }

    async fn ask_host(&self, host: PeerId, request: PublishRequest) -> Result<PublishReply, NodeError> {
        match self.client.ask::<Publish>(host, request).await? {
            PublishReply::Refused(refusal) => Err(NodeError::Refused(refusal)),
            reply => Ok(reply),
        }
    }

    /// The wish's photos, but those withdrawn since it was made.
    async fn chosen(&self, wish: &PublishWish) -> Result<Vec<StoredPhoto>, NodeError> {
        let withdrawn = self.catalogue.withdrawn_since(wish.event_id, wish.asked_ms).await?;
        let mut photos = self.photos(wish.event_id, &wish.selection).await?;
        photos.retain(|photo| !withdrawn.contains(&photo.photo_id()));
        Ok(photos)
    }

    async fn photo_ids(&self, event_id: EventId, selection: &Selection) -> Result<Vec<PhotoId>, NodeError> {
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

fn unexpected(reply: &PublishReply) -> NodeError {
    tracing::warn!(?reply, "the host answered another question");
    ProtocolError::Malformed { reason: "the host answered another question".into() }.into()
}
