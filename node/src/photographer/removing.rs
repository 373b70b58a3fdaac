//! Removing an event that was made by mistake. Orders keep it, hosts keep it, and originals
//! that nothing else here has keep it until the photographer says that they may go.

use std::collections::HashSet;

use enprint_protocol::ids::PhotoId;

use super::catalogue::EventRow;
use super::commands::PhotographerAnswer;
use super::node::{Node, blocking};
use super::selection::Selection;
use crate::error::NodeError;

impl Node {
    /// Removes an event.
    ///
    /// # Errors
    /// When there are orders for it, a host shows it, an import runs, or originals would be
    /// lost and `with_originals` is not said. Nothing is removed then.
    pub(super) async fn remove_event(
        &self,
        named: &str,
        with_originals: bool,
    ) -> Result<PhotographerAnswer, NodeError> {
        let _alone = self.importing.try_write().map_err(|_| {
            not_now("Photos are being imported, or an event is changed. Remove this one when that is done.".to_owned())
        })?;
        let event = self.find_event(named).await?;
        self.check_may_go(&event).await?;
        let (name, event_id) = (event.record.name.clone(), event.record.event_id);
        let photos = self.photos(event_id, &Selection::default()).await?;
        let elsewhere = self.photos_of_others(&event).await?;
        let only_here = photos.iter().filter(|photo| !elsewhere.contains(&photo.photo_id()));
        let lost = only_here.count() as u64;
        if lost > 0 && !with_originals {
            return Err(not_now(would_lose(&name, lost)));
        }
        let archive = self.archive.clone();
        blocking(move || archive.remove_event(event_id)).await?;
        self.catalogue.forget_event(event_id).await?;
        let at_second_home = !self.catalogue.second_homes().await?.is_empty();
        Ok(PhotographerAnswer::Removed { event: name, photos: photos.len() as u64, lost, at_second_home })
    }

    async fn check_may_go(&self, event: &EventRow) -> Result<(), NodeError> {
        let name = &event.record.name;
        if self.catalogue.orders_of(event.record.event_id).await? > 0 {
            return Err(not_now(format!(
                "There are orders for “{name}”, and they need it. It stays; “event \"{name}\" --rename NAME” calls \
                 it otherwise."
            )));
        }
        match event.shown_at.first() {
            Some(at) => Err(not_now(format!(
                "“{name}” is at {}. Take it off first: “withdraw --event \"{name}\"”. Nothing was removed.",
                at.name
            ))),
            None => Ok(()),
        }
    }

    /// The photos of all events but this one.
    async fn photos_of_others(&self, event: &EventRow) -> Result<HashSet<PhotoId>, NodeError> {
        let mut photos = HashSet::new();
        for other in self.catalogue.events().await? {
            let other_id = other.record.event_id;
            if other_id != event.record.event_id {
                let archive = self.archive.clone();
                photos.extend(blocking(move || archive.photo_ids(other_id)).await?);
            }
        }
        Ok(photos)
    }
}

fn would_lose(name: &str, lost: u64) -> String {
    let (originals, them) = if lost == 1 { ("original", "it") } else { ("originals", "them") };
    format!(
        "“{name}” has {lost} {originals} that no other event here has. Import {them} into the right event, or write {them} \
         to a folder with “export --event \"{name}\" FOLDER”; or say --with-originals, and they are deleted. \
         Nothing was removed."
    )
}

fn not_now(problem: String) -> NodeError {
    NodeError::NotNow { problem }
}
