//! Parts of a volume that are known to be damaged. sled does nothing more after it has met
//! one, so that the volume is opened again: what is known is not asked of it once more.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{Error, ErrorKind};
use std::ops::Bound::{Excluded, Included, Unbounded};

/// Where a damaged part was met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// It is known.
    Known,
    /// In the part of that key.
    At(Vec<u8>),
    /// In the part behind that of that key.
    After(Vec<u8>),
    /// In the part that ends with that key, or before.
    Before(Vec<u8>),
    /// That can't be said.
    Somewhere,
}

/// Each part by its first key, with the first key of the next.
#[derive(Debug, Clone, Default)]
pub(super) struct Damage {
    parts: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

/// A part, by its first key and that of the next.
pub(super) type Stretch<'a> = (&'a [u8], Option<&'a [u8]>);

impl Damage {
    /// Notes the part of that place; `starts` are the first keys of all, in order. Whether it
    /// is one more.
    pub(super) fn note(&mut self, place: &Place, starts: &[Vec<u8>]) -> bool {
        let behind = |key: &Vec<u8>| starts.partition_point(|start| start <= key);
        let at = match place {
            Place::At(key) => behind(key).checked_sub(1),
            Place::After(key) => Some(behind(key)),
            Place::Before(key) => starts.partition_point(|start| start < key).checked_sub(1),
            Place::Known | Place::Somewhere => None,
        };
        let Some(start) = at.and_then(|at| starts.get(at)) else { return false };
        let next = at.and_then(|at| starts.get(at + 1));
        self.parts.insert(start.clone(), next.cloned()).is_none()
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.parts.len()
    }

    /// The damaged part that has, or would have, the key.
    pub(super) fn at(&self, key: &[u8]) -> Option<Stretch<'_>> {
        let (start, next) = self.parts.range::<[u8], _>((Unbounded, Included(key))).next_back()?;
        next.as_deref().is_none_or(|next| key < next).then_some((start, next.as_deref()))
    }

    /// Where the first damaged part behind the key begins.
    pub(super) fn after(&self, key: &[u8]) -> Option<&[u8]> {
        self.parts.range::<[u8], _>((Excluded(key), Unbounded)).next().map(|(start, _)| &start[..])
    }
}

/// As sled's own error of a damaged part, without sled having been asked.
pub(super) fn known() -> Error {
    Error::new(ErrorKind::InvalidData, Known)
}

/// Whether it is of [`known`].
pub(super) fn is_known(error: &Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<Known>())
}

#[derive(Debug)]
struct Known;

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the part is known to be damaged")
    }
}

impl std::error::Error for Known {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_known_by_any_of_its_keys_and_no_other_is() {
        let starts = ["", "h2", "h4", "h6"].map(|start| start.as_bytes().to_vec());
        let mut damage = Damage::default();
        assert!(damage.note(&Place::At(b"h3".to_vec()), &starts));
        assert!(!damage.note(&Place::After(b"h1".to_vec()), &starts), "the same");
        assert!(!damage.note(&Place::Before(b"h4".to_vec()), &starts), "the same");
        assert_eq!(damage.at(b"h2"), Some((&b"h2"[..], Some(&b"h4"[..]))));
        assert!(damage.at(b"h39").is_some() && damage.at(b"h4").is_none() && damage.at(b"h1").is_none());
        assert_eq!((damage.after(b"h1"), damage.after(b"h2")), (Some(&b"h2"[..]), None));
        assert!(damage.note(&Place::After(b"h5".to_vec()), &starts));
        assert_eq!(damage.at(b"z"), Some((&b"h6"[..], None)));
    }
}
