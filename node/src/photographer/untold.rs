//! What is known of photos, said anew where they are shown, once a command has changed it;
//! at the start of a node also what one that was killed did not come to say.

use enprint_protocol::ids::{CommandId, EventId, PhotoId};
use enprint_protocol::limits::PHOTOS_NAMED_MAX;

use super::catalogue::{EventRow, Wish};
use super::node::Node;
use super::publish::{PublishWish, ShownAnew};
use super::selection::Selection;
use crate::control::Progress;
use crate::error::NodeError;

impl Node {
    /// Publishes anew, where they are shown, the photos that a command noted before it
    /// changed them; how many were sent.
    pub(super) async fn tell_of(
        &self,
        row: &EventRow,
        command: CommandId,
        progress: &Progress,
    ) -> Result<u64, NodeError> {
        let published = self.shown_anywhere(row).await?;
        let mut shown = self.catalogue.untold_of(command, row.record.event_id).await?;
        shown.retain(|photo_id| published.contains(photo_id));
        let anew = match shown.as_slice() {
            [] => ShownAnew::default(),
            shown => self.publish_anew(row, shown, progress).await?,
        };
        if let Some(problem) = anew.problem() {
            return Err(NodeError::NotNow { problem });
        }
        self.catalogue.told(command).await?;
        Ok(anew.photos.len() as u64)
    }

    /// Puts into the outbox what a node that was killed had changed and not told.
    pub(super) async fn tell_of_what_was_cut_short(&self) -> Result<(), NodeError> {
        for (command, event_id) in self.catalogue.untold().await? {
            let photos = self.catalogue.untold_of(command, event_id).await?;
            tracing::info!(%event_id, photos = photos.len(), "hosts are told what was changed before the node ended");
            self.wish_anew(event_id, &photos).await?;
            self.catalogue.told(command).await?;
        }
        Ok(())
    }

    async fn wish_anew(&self, event_id: EventId, photos: &[PhotoId]) -> Result<(), NodeError> {
        let Some(event) = self.catalogue.event(event_id).await? else { return Ok(()) };
        for host in self.catalogue.hosts().await? {
            if !event.shown_at.iter().any(|at| at.host == host.peer_id) {
                continue;
            }
            let published = self.catalogue.published(event_id, host.peer_id).await?;
            let shown: Vec<_> = photos.iter().copied().filter(|photo_id| published.contains(photo_id)).collect();
            for photo_ids in shown.chunks(PHOTOS_NAMED_MAX) {
                let selection = Selection { photo_ids: photo_ids.to_vec(), ..Selection::default() };
                let wish = PublishWish::new(event_id, selection.into(), self.catalogue.next_moment().await?);
                self.wishes(Wish::Publish, &wish, std::slice::from_ref(&host)).await?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
