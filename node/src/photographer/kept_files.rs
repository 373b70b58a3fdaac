//! Print files that were made stay in their volume for the next order of the same photo,
//! for a bounded time and in a bounded space; then their space is given back. They can be
//! made again at any time.

use enprint_protocol::ids::JobId;

use super::node::{Node, blocking, now};
use crate::error::NodeError;

impl Node {
    /// Gives back the space of made files that nobody is expected to need: after a job is
    /// done, or at the start.
    pub(super) async fn give_back_files(&self, done: Option<JobId>) {
        // An order that is offered just now may need the same file.
        let _none_is_offered = self.offering.lock().await;
        let given_back = async {
            if let Some(job_id) = done {
                self.give_back_unlisted(job_id).await?;
            }
            for event in self.catalogue.made_to_give_back(now().0).await? {
                let (archive, event_id) = (self.archive.clone(), event.0);
                let files: Vec<_> = event.1.iter().map(|file| (file.photo_id, file.root)).collect();
                blocking(move || archive.forget(event_id, &files)).await?;
                self.catalogue.forget_made(&event).await?;
            }
            Ok::<(), NodeError>(())
        };
        if let Err(error) = given_back.await {
            tracing::warn!(%error, "print files that were made stay in their volume");
        }
    }

    /// Files of a job that an older program made, which kept no list of them.
    async fn give_back_unlisted(&self, job_id: JobId) -> Result<(), NodeError> {
        let Some((event_id, mut files)) = self.catalogue.done_with(job_id).await? else { return Ok(()) };
        let listed = self.catalogue.made_files(event_id).await?;
        files.retain(|(_, root)| !listed.iter().any(|file| file.root == *root));
        let archive = self.archive.clone();
        blocking(move || archive.forget(event_id, &files)).await
    }
}
