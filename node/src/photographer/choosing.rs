//! The photos that a person chose, or why there are none. What was named and is not
//! there is told with what is: a command that does nothing must not look done.

use std::collections::BTreeSet;

use super::catalogue::EventRow;
use super::naming::close;
use super::node::Node;
use super::records::StoredPhoto;
use super::selection::Selection;
use super::volumes::ListedPhotos;
use crate::error::NodeError;
use crate::limits::NAMES_SHOWN_MAX;

impl Node {
    /// As [`Self::photos`], for what a person chose.
    ///
    /// # Errors
    /// When a name, a category or stars fit no photo, and what there is instead.
    pub(super) async fn chosen_photos(
        &self,
        event: &EventRow,
        selection: &Selection,
    ) -> Result<Vec<StoredPhoto>, NodeError> {
        let ListedPhotos { mut photos, trouble } =
            self.listed_photos(event.record.event_id, &Selection::default()).await?;
        if let Some(problem) = nothing_of(selection, &photos, &event.record.name) {
            // What was named may be among what can't be read.
            return Err(trouble.unwrap_or(NodeError::NotNow { problem }));
        }
        photos.retain(|photo| selection.includes(&photo.record));
        Ok(photos)
    }
}

/// Why a choice, or a name in it, means no photo of `event`; nothing where each means some.
fn nothing_of(selection: &Selection, photos: &[StoredPhoto], event: &str) -> Option<String> {
    if selection.is_all() {
        return None;
    }
    if photos.is_empty() {
        return Some(format!("“{event}” has no photos yet; “import” brings them."));
    }
    let fits = |part: &Selection| photos.iter().any(|photo| part.includes(&photo.record));
    let category = selection.category.as_ref().filter(|name| !fits(&Selection::of_category(name)));
    if let Some(name) = category {
        let known: BTreeSet<&str> = photos.iter().map(|photo| photo.record.category.as_str()).collect();
        return Some(format!("“{event}” has no category “{name}”. It has {}.", listed(known.into_iter())));
    }
    if let Some(name) = selection.file_names.iter().find(|name| !fits(&Selection::of_file(name))) {
        return Some(no_such_file(name, photos, event));
    }
    if let Some(stars) = selection.rating_min.filter(|stars| !fits(&Selection::of_rating(*stars))) {
        let most = photos.iter().filter_map(|photo| photo.record.rating).max().unwrap_or(0);
        let most = if most == 0 { "None has stars".to_owned() } else { format!("The most are {most}") };
        return Some(format!("No photo of “{event}” has {stars} stars or more. {most}."));
    }
    let together = format!("No photo of “{event}” is all that was asked for at once; ask for less.");
    (!fits(selection)).then_some(together)
}

fn no_such_file(name: &str, photos: &[StoredPhoto], event: &str) -> String {
    let names: BTreeSet<&str> = photos.iter().map(|photo| photo.record.file_name.as_str()).collect();
    let found = close(name, names.iter().copied());
    if found.is_empty() {
        let all = listed(names.into_iter());
        return format!("No photo of “{event}” is called “{name}”. There are {all}.");
    }
    format!("No photo of “{event}” is called “{name}”. Close to it: {}.", listed(found.into_iter()))
}

/// The first names, and how many more there are.
fn listed<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let more = names.len().saturating_sub(NAMES_SHOWN_MAX);
    let shown = names.take(NAMES_SHOWN_MAX).map(|name| format!("“{name}”")).collect::<Vec<_>>().join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::photographer::golden::a_photo;

    fn photos() -> Vec<StoredPhoto> {
        let named = |(file_name, category, rating): (&str, &str, Option<u8>)| {
            let mut photo = a_photo();
            (photo.record.file_name, photo.record.category) = (file_name.into(), category.into());
            photo.record.rating = rating;
            photo
        };
        [("DSC_0042.jpg", "Reception", Some(3)), ("DSC_0108.jpg", "Ceremony", None)].map(named).to_vec()
    }

    fn asked(selection: &Selection) -> Option<String> {
        nothing_of(selection, &photos(), "John's Wedding")
    }

    #[test]
    fn a_name_that_fits_nothing_is_told_with_those_that_it_may_have_meant() {
        let files = |names: &[&str]| Selection {
            file_names: names.iter().map(|name| (*name).to_owned()).collect(),
            ..Selection::default()
        };
        assert_eq!(asked(&Selection::default()), None);
        assert_eq!(asked(&files(&["dsc_0042.JPG", "*0108*"])), None);
        for wrong in ["DSC_0042", "DSC_042.jpg", "DSC_0024.jpg"] {
            let told = asked(&files(&["DSC_0108.jpg", wrong])).unwrap();
            assert!(told.contains(wrong) && told.contains("Close to it: “DSC_0042.jpg”"), "{told}");
        }
        let told = asked(&files(&["Holiday*"])).unwrap();
        assert!(told.ends_with("There are “DSC_0042.jpg”, “DSC_0108.jpg”."), "{told}");
    }

    #[test]
    fn a_category_stars_and_both_together_that_fit_nothing_are_told() {
        let told = asked(&Selection::of_category("Party")).unwrap();
        assert!(told.ends_with("It has “Ceremony”, “Reception”."), "{told}");
        let told = asked(&Selection::of_rating(4)).unwrap();
        assert!(told.contains("4 stars") && told.ends_with("The most are 3."), "{told}");
        let both = Selection { rating_min: Some(3), ..Selection::of_category("ceremony") };
        assert!(asked(&both).unwrap().contains("at once"));
        assert_eq!(asked(&Selection { rating_min: Some(3), ..Selection::of_category("reception") }), None);
        assert!(nothing_of(&both, &[], "Empty").unwrap().contains("no photos yet"));
    }
}
