//! What hosts show of an event, and what was taken off there, told to a second home: it
//! publishes nothing, and says the same of each photo.

use enprint_protocol::PeerId;
use enprint_protocol::ids::{EventId, PhotoId};
use enprint_protocol::limits::REPLICA_SHOWN_MAX;
use enprint_protocol::replica::{ReplicaReply, ReplicaRequest, ShownAt, ShownPhoto};

use super::following::unexpected;
use crate::error::NodeError;
use crate::limits::SHOWN_PHOTOS_MAX;
use crate::photographer::node::Node;

impl Node {
    /// Answers a second home.
    pub(super) async fn shown_for_home(
        &self,
        event_id: EventId,
        host: PeerId,
        after: Option<PhotoId>,
    ) -> Result<ReplicaReply, NodeError> {
        let photos = self.catalogue.shown_after(event_id, host, after, REPLICA_SHOWN_MAX).await?;
        let is_last = photos.len() < REPLICA_SHOWN_MAX;
        Ok(ReplicaReply::Shown { photos, is_last })
    }

    /// Takes over what the hosts of an event show.
    pub(super) async fn take_shown_over(
        &self,
        home: PeerId,
        event_id: EventId,
        shown_at: &[ShownAt],
    ) -> Result<(), NodeError> {
        for at in shown_at {
            let photos = match at.photos {
                None => continue,
                Some(0) => Vec::new(),
                Some(_) => self.shown_at(home, event_id, at.host).await?,
            };
            self.catalogue.take_shown(event_id, at.host, &photos).await?;
        }
        Ok(())
    }

    async fn shown_at(&self, home: PeerId, event_id: EventId, host: PeerId) -> Result<Vec<ShownPhoto>, NodeError> {
        let mut all: Vec<ShownPhoto> = Vec::new();
        loop {
            let after = all.last().map(|photo| photo.photo_id);
            let request = ReplicaRequest::Shown { event_id, host, after };
            let (photos, is_last) = match self.ask_home(home, request).await? {
                ReplicaReply::Shown { photos, is_last } if is_last || !photos.is_empty() => (photos, is_last),
                _ => return Err(unexpected()),
            };
            for photo in photos {
                let is_next = all.last().is_none_or(|last| photo.photo_id > last.photo_id);
                if !is_next || all.len() >= SHOWN_PHOTOS_MAX {
                    return Err(unexpected());
                }
                all.push(photo);
            }
            if is_last {
                return Ok(all);
            }
        }
    }
}
