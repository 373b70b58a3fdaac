//! Finding things by what people call them: a name, an id, or its beginning.

use crate::error::NodeError;
use crate::limits::{NAME_BEGINNING_CHARS_MIN, NAME_LETTERS_PER_SLIP, NAME_SLIPS_MAX};

/// The place of the one candidate (id, name) that `named` means, if there is one.
/// An id or name in full wins over beginnings.
///
/// # Errors
/// [`NodeError::Ambiguous`] when it could be several.
pub(crate) fn find<'a>(
    named: &str,
    candidates: impl Iterator<Item = (String, &'a str)>,
) -> Result<Option<usize>, NodeError> {
    let wanted = fold(named);
    let candidates: Vec<(String, String)> = candidates.map(|(id, name)| (fold(&id), fold(name))).collect();
    let places = |fits: &dyn Fn(&(String, String)) -> bool| -> Vec<usize> {
        candidates.iter().enumerate().filter(|(_, candidate)| fits(candidate)).map(|(at, _)| at).collect()
    };
    let whole = places(&|(id, name)| *id == wanted || *name == wanted);
    let found = if whole.is_empty() && wanted.len() >= 4 { places(&|(id, _)| id.starts_with(&wanted)) } else { whole };
    match found.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(*one)),
        several => Err(NodeError::Ambiguous {
            name: named.trim().to_owned(),
            candidates: several.iter().map(|at| candidates[*at].0.clone()).collect::<Vec<_>>().join(", "),
        }),
    }
}

/// Those of `candidates` that somebody may have meant who wrote `named`, the closest first:
/// one that it begins, or one that a slip of the fingers makes of it.
pub(crate) fn close<'a>(named: &str, candidates: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = fold(named).replace('*', "");
    let slips_max = (wanted.chars().count() / NAME_LETTERS_PER_SLIP).clamp(1, NAME_SLIPS_MAX);
    let distance = |candidate: &str| {
        let candidate = fold(candidate);
        let begins = wanted.chars().count() >= NAME_BEGINNING_CHARS_MIN && candidate.starts_with(&wanted);
        if begins { 0 } else { strsim::osa_distance(&wanted, &candidate) }
    };
    let mut found: Vec<(usize, &str)> = candidates.map(|candidate| (distance(candidate), candidate)).collect();
    found.retain(|(distance, _)| *distance <= slips_max);
    found.sort();
    found.into_iter().map(|(_, candidate)| candidate).collect()
}

/// Whether two names are so alike that one may be a slip of the other. Numbers tell names
/// apart: “Day 1” is not “Day 2”.
pub(crate) fn alike(one: &str, other: &str) -> bool {
    let letters = |name: &str| fold(name).chars().filter(|char| char.is_alphanumeric()).collect::<String>();
    let digits = |name: &str| name.chars().filter(char::is_ascii_digit).collect::<String>();
    digits(one) == digits(other) && !close(&letters(one), std::iter::once(letters(other).as_str())).is_empty()
}

fn fold(text: &str) -> String {
    text.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find_in(named: &str, list: &[(&str, &str)]) -> Result<Option<usize>, NodeError> {
        find(named, list.iter().map(|(id, name)| ((*id).to_owned(), *name)))
    }

    #[test]
    fn a_name_an_id_and_its_beginning_find_the_same() {
        let list = [("AB12CD", "John's Wedding"), ("AB12XY", "Summer")];
        for named in ["john's wedding", " AB12CD ", "ab12c"] {
            assert_eq!(find_in(named, &list).unwrap(), Some(0), "{named}");
        }
        assert!(find_in("AB12", &list).is_err());
        assert_eq!(find_in("AB", &list).unwrap(), None);
        assert_eq!(find_in("absent", &list).unwrap(), None);
        assert!(find_in("Twice", &[("1", "Twice"), ("2", "twice")]).is_err());
    }

    #[test]
    fn a_name_that_was_misspelt_is_like_the_one_that_was_meant_and_another_day_is_not() {
        for slip in ["Johns Wedding", "John's Weding", "john's wedding!", "Jhon's Wedding", "Jon's Weding"] {
            assert!(alike(slip, "John's Wedding"), "{slip}");
        }
        for other in ["Paul's Wedding", "John's Birthday", "J"] {
            assert!(!alike(other, "John's Wedding"), "{other}");
        }
        assert!(!alike("Day 1", "Day 2") && !alike("Wedding 2025-06-01", "Wedding 2026-06-01"));
        assert_eq!(close("DSC_0024.jpg", ["DSC_0108.jpg", "DSC_0042.jpg"].into_iter()), ["DSC_0042.jpg"]);
    }
}
