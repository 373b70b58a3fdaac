//! Finding things by what people call them: a name, an id, or its beginning.

use crate::error::NodeError;

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
}
