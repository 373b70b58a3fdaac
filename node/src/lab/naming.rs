//! Finding jobs, photographers and hosts by what people call them: a number, a name, an id,
//! or its beginning.

use crate::error::NodeError;
use crate::limits::NAME_BEGINNING_CHARS_MIN;

/// The place in `list` that `named` means, if there is one. A name in full wins over
/// beginnings; case, spaces and hyphens don't count.
///
/// # Errors
/// [`NodeError::Ambiguous`], with what `shown` says of each, when it could be several.
pub(super) fn find<T>(
    named: &str,
    list: &[T],
    names: impl Fn(&T) -> Vec<String>,
    shown: impl Fn(&T) -> String,
) -> Result<Option<usize>, NodeError> {
    let wanted = fold(named);
    if wanted.is_empty() {
        return Ok(None);
    }
    let places = |fits: &dyn Fn(&str) -> bool| -> Vec<usize> {
        let is_meant = |thing: &T| names(thing).iter().any(|name| fits(&fold(name)));
        list.iter().enumerate().filter(|(_, thing)| is_meant(thing)).map(|(at, _)| at).collect()
    };
    let mut found = places(&|name| name == wanted);
    if found.is_empty() && wanted.chars().count() >= NAME_BEGINNING_CHARS_MIN {
        found = places(&|name| name.starts_with(&wanted));
    }
    match found.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(*one)),
        several => Err(NodeError::Ambiguous {
            name: named.trim().to_owned(),
            candidates: several.iter().filter_map(|at| list.get(*at)).map(shown).collect::<Vec<_>>().join(", "),
        }),
    }
}

fn fold(text: &str) -> String {
    text.to_lowercase().replace([' ', '-'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find_in(named: &str, list: &[&str]) -> Result<Option<usize>, NodeError> {
        find(named, list, |name| vec![(*name).to_owned()], |name| (*name).to_owned())
    }

    #[test]
    fn numbers_and_names_are_found_as_people_write_them() {
        let list = ["7K3M-Q9ZT", "7K3M-AAAA", "Ana Lens"];
        for (named, at) in [("7k3m-q9zt", 0), (" 7K3MQ9ZT ", 0), ("7k3m-q", 0), ("ana lens", 2), ("ANAL", 2)] {
            assert_eq!(find_in(named, &list).unwrap(), Some(at), "{named}");
        }
        for absent in ["", " - ", "ana", "nobody"] {
            assert_eq!(find_in(absent, &list).unwrap(), None, "{absent}");
        }
        let error = find_in("7K3M", &list).unwrap_err().to_string();
        assert!(error.contains("7K3M-AAAA"), "{error}");
        assert_eq!(find_in("twice", &["Twice", "Twice Told"]).unwrap(), Some(0), "in full wins");
    }
}
