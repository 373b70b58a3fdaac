//! Edits of photos: a recipe beside the original, new renditions, and the host told
//! when it shows the photo. An edit can be undone; the original never changes.

use enprint_darkroom::frame::framed;
use enprint_darkroom::recipe::CropFrame;
use enprint_darkroom::{DevelopSettings, Recipe, develop_with, read_facts};
use enprint_protocol::ids::EventId;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::archive::EventArchive;
use super::commands::{EditReport, FailedFile, PhotographerAnswer};
use super::enlargers::{Enlargers, Work};
use super::import::{NewPhoto, place_of};
use super::node::{Node, blocking};
use super::records::StoredPhoto;
use super::selection::Selection;
use crate::control::Progress;
use crate::error::NodeError;

/// One change of a photo's recipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edit {
    /// A quarter clockwise, as it is seen now.
    TurnRight,
    /// A quarter the other way.
    TurnLeft,
    /// Upside down.
    TurnOver,
    /// Left and right exchanged.
    Flip,
    /// Straightened by hundredths of a degree clockwise, instead of what was before.
    Straighten(i16),
    /// Cut to this part of the frame, instead of what was before.
    Crop(CropFrame),
    /// Cut evenly to a shape, width and height, instead of what was before.
    CropToRatio(u32, u32),
    /// The state before the last edit.
    Undo,
    /// No edits.
    Reset,
    /// No edit: proofs are made anew, as the node's settings are now.
    Anew,
}

impl Node {
    /// Edits the chosen photos of an event, and publishes those that the host shows.
    pub(super) async fn edit(
        &self,
        event: &str,
        selection: &Selection,
        edits: &[Edit],
        progress: &Progress,
    ) -> Result<PhotographerAnswer, NodeError> {
        let event = self.find_event(event).await?;
        let event_id = event.record.event_id;
        let photos = self.photos(event_id, selection).await?;
        let published = self.shown_anywhere(&event).await?;
        let mut report = EditReport { event: event.record.name.clone(), ..EditReport::default() };
        let (mut shown, mut replaced, total) = (Vec::new(), Vec::new(), photos.len() as u64);
        for (done, photo) in (1..).zip(photos) {
            if progress.is_cancelled() || self.stopping.is_cancelled() {
                report.stopped = Some("Stopped as asked; what was edited stays edited.".into());
                break;
            }
            let (photo_id, name) = (photo.photo_id(), photo.record.file_name.clone());
            match self.edit_one(event_id, photo.clone(), edits.to_vec()).await {
                Ok(false) => report.unchanged += 1,
                Ok(true) => {
                    report.edited += 1;
                    shown.extend(published.contains(&photo_id).then_some(photo_id));
                    replaced.push(photo);
                }
                Err(error) => report.failed.push(FailedFile { name, reason: error.to_string() }),
            }
            progress.photos("Editing", done, total);
        }
        self.forget(event_id, replaced).await?;
        if !shown.is_empty() {
            report.published = Some(self.publish_anew(&event, &shown, progress).await?);
        }
        Ok(PhotographerAnswer::Edited(report))
    }

    /// Whether the photo is another now.
    async fn edit_one(&self, event_id: EventId, photo: StoredPhoto, edits: Vec<Edit>) -> Result<bool, NodeError> {
        let settings = DevelopSettings { watermark: self.config.watermark.clone(), ..DevelopSettings::default() };
        let (archive, enlargers) = (self.archive.clone(), self.enlargers.clone());
        blocking(move || {
            let original = archive.original(event_id, photo.photo_id())?;
            let facts = read_facts(&original).map_err(in_words)?;
            let size = (facts.width_px, facts.height_px);
            let is_anew = edits.contains(&Edit::Anew);
            let mut edited = photo.clone();
            for edit in edits {
                apply(edit, &mut edited, size)?;
            }
            if edited.recipe == photo.recipe && !is_anew {
                return Ok(false);
            }
            (edited.record.width_px, edited.record.height_px) = framed(size, &edited.recipe);
            render(&archive, &enlargers, event_id, (original, edited), &settings).map(|()| true)
        })
        .await
    }

    /// Gives back the space of renditions that were replaced, unless some may be on their
    /// way to the host just now: nobody who edits waits for a publish.
    async fn forget(&self, event_id: EventId, replaced: Vec<StoredPhoto>) -> Result<(), NodeError> {
        let Ok(_no_publishing) = self.publishing.try_lock() else { return Ok(()) };
        let archive = self.archive.clone();
        blocking(move || archive.forget_renditions(event_id, &replaced)).await
    }
}

/// Changes a photo's recipe, and remembers the one before.
fn apply(edit: Edit, photo: &mut StoredPhoto, size: (u32, u32)) -> Result<(), NodeError> {
    let now = photo.recipe;
    let next = match edit {
        Edit::TurnRight => now.turned_right(),
        Edit::TurnLeft => now.turned_right().turned_right().turned_right(),
        Edit::TurnOver => now.turned_right().turned_right(),
        Edit::Flip => now.flipped(),
        Edit::Straighten(straighten) => Recipe { straighten, ..now },
        Edit::Crop(crop) => Recipe { crop: Some(crop), ..now },
        Edit::CropToRatio(across, down) => {
            let whole = framed(size, &Recipe { crop: None, ..now });
            let crop = CropFrame::of_ratio((across, down), whole);
            let problem = || "A shape needs a width and a height, as in 3:2.".to_owned();
            Recipe { crop: Some(crop.ok_or_else(|| NodeError::NotNow { problem: problem() })?), ..now }
        }
        Edit::Undo => {
            photo.undo();
            return Ok(());
        }
        Edit::Reset => Recipe::default(),
        Edit::Anew => now,
    };
    photo.follow(next.checked().map_err(in_words)?);
    Ok(())
}

fn render(
    archive: &EventArchive,
    enlargers: &Enlargers,
    event_id: EventId,
    (original, mut stored): (Vec<u8>, StoredPhoto),
    settings: &DevelopSettings,
) -> Result<(), NodeError> {
    let place = enlargers.take(Work::Edit);
    let renditions = develop_with(&original, settings, &stored.recipe).map_err(in_words)?;
    drop(place);
    (stored.thumbnail, stored.proof) = (place_of(&renditions.thumbnail), place_of(&renditions.proof));
    stored.record.placeholder = Some(ByteBuf::from(renditions.placeholder));
    let (thumbnail, proof) = (renditions.thumbnail.jpeg, renditions.proof.jpeg);
    archive.replace(event_id, &NewPhoto { stored, original, thumbnail, proof })
}

fn in_words(error: enprint_darkroom::DevelopError) -> NodeError {
    NodeError::NotNow { problem: error.to_string() }
}
