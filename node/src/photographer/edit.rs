//! Edits of photos: a recipe beside the original, new renditions, and the host told
//! when it shows the photo. What one command does to a photo is undone as one; the
//! original never changes.

use enprint_darkroom::frame::framed;
use enprint_darkroom::memory::Share;
use enprint_darkroom::recipe::CropFrame;
use enprint_darkroom::{DevelopSettings, Recipe, develop_with, read_facts};
use enprint_protocol::ids::{CommandId, EventId};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::archive::EventArchive;
use super::commands::{EditReport, FailedFile, PhotographerAnswer};
use super::enlargers::{Enlargers, Work};
use super::import::{NewPhoto, place_of};
use super::many;
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
    /// The state before the last command that edited the photo.
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
        let photos = self.chosen_photos(&event, selection).await?;
        let published = self.shown_anywhere(&event).await?;
        let noted = photos.iter().map(StoredPhoto::photo_id).filter(|photo_id| published.contains(photo_id));
        let (noted, command_id) = (noted.collect::<Vec<_>>(), CommandId::random());
        self.catalogue.note_untold(command_id, event_id, &noted).await?;
        let changes = edits.iter().any(|edit| *edit != Edit::Anew);
        let changing: Vec<_> = photos.iter().filter(|_| changes).map(StoredPhoto::photo_id).collect();
        self.catalogue.note_changing(event_id, &changing).await?;
        let mut report = EditReport { event: event.record.name.clone(), ..EditReport::default() };
        let (mut shown, mut replaced) = (Vec::new(), Vec::new());
        let mark = self.mark_before(event_id).await?;
        let outcomes = self.edit_all(event_id, photos, selection, edits.to_vec(), progress.clone()).await?;
        self.copy_edits(event_id, changing).await?;
        for (photo, outcome) in outcomes {
            match outcome {
                None => report.stopped = Some("Stopped as asked; what was edited stays edited.".into()),
                Some(Ok(false)) => report.unchanged += 1,
                Some(Ok(true)) => {
                    report.edited += 1;
                    shown.extend(published.contains(&photo.photo_id()).then_some(photo.photo_id()));
                    replaced.push(photo);
                }
                Some(Err(error)) => {
                    report.failed.push(FailedFile { name: photo.record.file_name, reason: error.to_string() });
                }
            }
        }
        let edited: Vec<_> = replaced.iter().map(StoredPhoto::photo_id).collect();
        self.forget(event_id, replaced).await?;
        self.note_what_is_whole(event_id, &edited).await?;
        let mut is_told = true;
        if !shown.is_empty() {
            let anew = self.publish_anew(&event, &shown, progress).await?;
            is_told = anew.problem().is_none();
            (report.published, report.told) = (Some(anew.photos.len() as u64), anew.hosts);
        }
        if is_told {
            self.catalogue.told(command_id).await?;
        }
        report.mark = Some(self.mark_since(event_id, mark, report.edited).await?);
        Ok(PhotographerAnswer::Edited(report))
    }

    /// Each photo as it was, and whether it is another now; None for those that a stop
    /// left alone.
    async fn edit_all(
        &self,
        event_id: EventId,
        photos: Vec<StoredPhoto>,
        selection: &Selection,
        edits: Vec<Edit>,
        progress: Progress,
    ) -> Result<Vec<(StoredPhoto, Option<Result<bool, NodeError>>)>, NodeError> {
        let (archive, enlargers, stopping) = (self.archive.clone(), self.enlargers.clone(), self.stopping.clone());
        let anew = selection.is_all() && edits.contains(&Edit::Anew);
        let settings = self.proofs_for(event_id, anew).await?;
        blocking(move || {
            let editor = Editor { archive: &archive, enlargers: &enlargers, event_id, settings: &settings };
            let total = photos.len() as u64;
            let is_stopped = || progress.is_cancelled() || stopping.is_cancelled();
            let told = |done| progress.photos("Editing", done, total);
            let outcomes = many::each(&photos, is_stopped, |photo| editor.edit(photo, &edits), told);
            Ok(photos.into_iter().zip(outcomes).collect())
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

/// What photos are edited with.
struct Editor<'a> {
    archive: &'a EventArchive,
    enlargers: &'a Enlargers,
    event_id: EventId,
    settings: &'a DevelopSettings,
}

impl Editor<'_> {
    /// Whether the photo is another now.
    fn edit(&self, photo: &StoredPhoto, edits: &[Edit]) -> Result<bool, NodeError> {
        let share = Share::begin(photo.original_bytes);
        let original = self.archive.original(self.event_id, photo.photo_id())?;
        let facts = share.within(|| read_facts(&original)).map_err(in_words)?;
        let size = (facts.width_px, facts.height_px);
        let mut edited = photo.clone();
        apply(edits, &mut edited, size)?;
        if edited.recipe == photo.recipe && !edits.contains(&Edit::Anew) {
            return Ok(false);
        }
        (edited.record.width_px, edited.record.height_px) = framed(size, &edited.recipe);
        self.render(&share, original, edited).map(|()| true)
    }

    fn render(&self, share: &Share, original: Vec<u8>, stored: StoredPhoto) -> Result<(), NodeError> {
        self.archive.replace(self.event_id, &rendered(self.enlargers, self.settings, share, original, stored)?)
    }
}

/// A photo as it looks by its recipe, made anew from its original.
///
/// # Errors
/// When the original is none that can be developed.
pub(super) fn made_anew(
    enlargers: &Enlargers,
    settings: &DevelopSettings,
    original: Vec<u8>,
    mut stored: StoredPhoto,
) -> Result<NewPhoto, NodeError> {
    let share = Share::begin(stored.original_bytes);
    let facts = share.within(|| read_facts(&original)).map_err(in_words)?;
    (stored.record.width_px, stored.record.height_px) = framed((facts.width_px, facts.height_px), &stored.recipe);
    rendered(enlargers, settings, &share, original, stored)
}

fn rendered(
    enlargers: &Enlargers,
    settings: &DevelopSettings,
    share: &Share,
    original: Vec<u8>,
    mut stored: StoredPhoto,
) -> Result<NewPhoto, NodeError> {
    let place = enlargers.take(Work::Edit);
    let developed = share.within(|| develop_with(&original, settings, &stored.recipe));
    drop(place);
    let renditions = developed.map_err(in_words)?;
    (stored.thumbnail, stored.proof) = (place_of(&renditions.thumbnail), place_of(&renditions.proof));
    stored.record.placeholder = Some(ByteBuf::from(renditions.placeholder));
    let (thumbnail, proof) = (renditions.thumbnail.jpeg, renditions.proof.jpeg);
    Ok(NewPhoto { stored, original, thumbnail, proof })
}

/// Changes a photo's recipe by all of one command, and remembers the one before.
fn apply(edits: &[Edit], photo: &mut StoredPhoto, size: (u32, u32)) -> Result<(), NodeError> {
    let before = photo.recipe;
    let mut recipe = before;
    for edit in edits {
        if *edit == Edit::Undo && recipe == photo.recipe {
            photo.undo();
        }
        recipe = changed(*edit, recipe, photo.recipe, size)?.checked().map_err(in_words)?;
    }
    photo.follow(recipe);
    photo.count_edit(before);
    Ok(())
}

/// The recipe after one edit; `before` is the one before the command.
fn changed(edit: Edit, now: Recipe, before: Recipe, size: (u32, u32)) -> Result<Recipe, NodeError> {
    Ok(match edit {
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
        Edit::Undo => before,
        Edit::Reset => Recipe::default(),
        Edit::Anew => now,
    })
}

fn in_words(error: enprint_darkroom::DevelopError) -> NodeError {
    NodeError::NotNow { problem: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::photographer::golden::a_photo;

    const SIZE: (u32, u32) = (600, 400);

    fn after(commands: &[&[Edit]]) -> Recipe {
        let mut photo = a_photo();
        commands.iter().for_each(|edits| apply(edits, &mut photo, SIZE).unwrap());
        photo.recipe
    }

    #[test]
    fn an_undo_takes_back_all_that_one_command_did_and_no_more() {
        let crop = Edit::CropToRatio(1, 1);
        let flipped = after(&[&[Edit::Flip]]);
        assert_eq!(after(&[&[Edit::Flip], &[Edit::TurnRight, crop], &[Edit::Undo]]), flipped);
        assert_eq!(after(&[&[Edit::Flip], &[Edit::TurnRight, crop], &[Edit::Undo], &[Edit::Undo]]), after(&[]));
        // A command that changed nothing is none to take back.
        assert_eq!(after(&[&[Edit::Flip], &[Edit::TurnRight], &[Edit::Anew], &[Edit::Undo]]), flipped);
        // What comes before an undo in one command is what it takes back.
        assert_eq!(after(&[&[Edit::Flip], &[Edit::TurnRight, Edit::Undo]]), flipped);
        // What comes after it is remembered with it.
        let again: &[Edit] = &[Edit::Undo, Edit::TurnLeft];
        assert_eq!(after(&[&[Edit::Flip], &[crop], again, &[Edit::Undo]]), flipped);
    }

    #[test]
    fn of_two_copies_of_a_photo_that_which_was_edited_more_often_has_the_newer_edits() {
        let mut here = a_photo();
        apply(&[Edit::TurnRight], &mut here, SIZE).unwrap();
        let mut elsewhere = here.clone();
        apply(&[Edit::Undo], &mut elsewhere, SIZE).unwrap();
        let undone = elsewhere.clone();
        assert!(!elsewhere.take_newer_edits(&here.edits()) && elsewhere == undone, "the undone edit is back");
        assert!(here.take_newer_edits(&undone.edits()), "it looks other");
        assert_eq!(here, undone);
    }

    #[test]
    fn one_edit_that_can_not_be_made_leaves_the_photo_as_it_was() {
        let mut photo = a_photo();
        assert!(apply(&[Edit::TurnRight, Edit::CropToRatio(0, 1)], &mut photo, SIZE).is_err());
        assert_eq!(photo, a_photo());
    }
}
