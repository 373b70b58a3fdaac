//! Which photos of an event a command means: all, or by category, rating or file
//! name. Chooses; reads no archive.

use enprint_protocol::ids::PhotoId;
use enprint_protocol::publish::PhotoRecord;
use serde::{Deserialize, Serialize};

/// A choice among an event's photos; what is not given does not limit. One that says more than
/// this version knows is refused: without it more photos would be meant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selection {
    /// Only this category.
    pub category: Option<String>,
    /// Only photos of at least this many stars.
    pub rating_min: Option<u8>,
    /// Only these file names; `*` stands for any part of a name.
    pub file_names: Vec<String>,
    /// Only these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub photo_ids: Vec<PhotoId>,
}

impl Selection {
    /// Whether this is the choice of all.
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }

    /// All of one category.
    pub fn of_category(name: &str) -> Self {
        Self { category: Some(name.to_owned()), ..Self::default() }
    }

    /// All that one file name fits.
    pub fn of_file(name: &str) -> Self {
        Self { file_names: vec![name.to_owned()], ..Self::default() }
    }

    /// All of so many stars or more.
    pub fn of_rating(min: u8) -> Self {
        Self { rating_min: Some(min), ..Self::default() }
    }

    /// Whether it names photos one by one or by a pattern of their names.
    pub fn names_photos(&self) -> bool {
        !self.file_names.is_empty() || !self.photo_ids.is_empty()
    }

    /// Whether `photo` is meant.
    pub fn includes(&self, photo: &PhotoRecord) -> bool {
        let category = self.category.as_ref().is_none_or(|category| same(category, &photo.category));
        let rating = self.rating_min.is_none_or(|min| photo.rating.unwrap_or(0) >= min);
        let name = self.file_names.is_empty() || self.file_names.iter().any(|pattern| fits(pattern, &photo.file_name));
        let id = self.photo_ids.is_empty() || self.photo_ids.contains(&photo.photo_id);
        category && rating && name && id
    }
}

fn same(a: &str, b: &str) -> bool {
    a.trim().to_lowercase() == b.trim().to_lowercase()
}

/// Whether `name` fits `pattern`, in which `*` stands for any characters; case does not matter.
fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_lowercase(), name.to_lowercase());
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else {
        return false;
    };
    if !pattern.contains('*') {
        return rest.is_empty();
    }
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return true };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::photographer::PhotographerCommand;
    use enprint_protocol::ids::ContentHash;

    fn photo(file_name: &str, category: &str, rating: Option<u8>) -> PhotoRecord {
        PhotoRecord {
            photo_id: PhotoId(ContentHash::of(file_name.as_bytes())),
            file_name: file_name.into(),
            category: category.into(),
            captured: None,
            camera: None,
            width_px: 1,
            height_px: 1,
            rating,
            captured_offset_minutes: None,
            lens: None,
            exposure: None,
            author: None,
            caption: None,
            keywords: Vec::new(),
            placeholder: None,
            not_for_print: None,
        }
    }

    #[test]
    fn a_choice_that_says_what_this_version_does_not_know_does_not_become_a_wider_one() {
        let withdraw = |selection: &str| {
            let json = format!(r#"{{"command":"withdraw","event":"W","selection":{selection},"hosts":[]}}"#);
            serde_json::from_str::<PhotographerCommand>(&json)
        };
        assert!(withdraw(r#"{"category":null,"rating_min":4,"file_names":[]}"#).is_ok());
        let newer = r#"{"category":null,"rating_min":null,"file_names":[],"person":"Ana"}"#;
        assert!(withdraw(newer).is_err(), "it would be the choice of all");
        let command = r#"{"command":"remove_event","event":"W","with_originals":true,"unless_shown":true}"#;
        assert!(serde_json::from_str::<PhotographerCommand>(command).is_err());
    }

    #[test]
    fn all_means_all_and_each_limit_limits() {
        let photo = photo("DSC_0042.jpg", "Reception", Some(3));
        assert!(Selection::default().includes(&photo));
        let by = |category: Option<&str>, rating_min, names: &[&str]| Selection {
            category: category.map(Into::into),
            rating_min,
            file_names: names.iter().map(|name| (*name).into()).collect(),
            photo_ids: Vec::new(),
        };
        assert!(by(Some("reception "), Some(3), &["dsc_*.jpg"]).includes(&photo));
        assert!(by(None, None, &["x.jpg", "*0042*"]).includes(&photo));
        assert!(!by(Some("ceremony"), None, &[]).includes(&photo));
        assert!(!by(None, Some(4), &[]).includes(&photo));
        assert!(!by(None, None, &["dsc_0042"]).includes(&photo));
        assert!(!by(None, None, &["dsc_*43.jpg"]).includes(&photo));
    }
}
