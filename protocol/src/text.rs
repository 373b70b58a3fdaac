//! Checks for texts that people write and peers send. Owns no record.

use crate::error::ProtocolError;

/// Trims `text` and checks that it is not empty, has at most `bytes_max` bytes,
/// and no control characters but (with `lines`) line breaks and tabs.
///
/// # Errors
/// [`ProtocolError::BadText`] naming `field`.
pub fn required(field: &'static str, text: &str, bytes_max: usize, lines: bool) -> Result<String, ProtocolError> {
    let text = optional(field, text, bytes_max, lines)?;
    if text.is_empty() {
        return Err(bad(field, "is empty".into()));
    }
    Ok(text)
}

/// As [`required`], but empty is fine.
///
/// # Errors
/// [`ProtocolError::BadText`] naming `field`.
pub fn optional(field: &'static str, text: &str, bytes_max: usize, lines: bool) -> Result<String, ProtocolError> {
    let text = text.trim();
    if text.len() > bytes_max {
        return Err(bad(field, format!("is longer than {bytes_max} bytes")));
    }
    if text.chars().any(|c| is_hidden(c) && !(lines && matches!(c, '\n' | '\r' | '\t'))) {
        return Err(bad(field, "has characters that can't be shown".into()));
    }
    Ok(text.to_owned())
}

/// Cuts `text` to what may be repeated in a message: 60 characters, no control characters.
pub fn shown(text: &str) -> String {
    text.chars().filter(|c| !is_hidden(*c)).take(60).collect()
}

/// `text` with a low line in place of each character that can't be shown.
pub fn cleaned(text: &str) -> String {
    text.chars().map(|c| if is_hidden(c) { '_' } else { c }).collect()
}

/// Control characters, and those that turn the direction of what follows.
fn is_hidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn bad(field: &'static str, problem: String) -> ProtocolError {
    ProtocolError::BadText { field, problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_trimmed_and_hidden_characters_are_refused() {
        assert_eq!(required("name", "  Ana ", 10, false).unwrap(), "Ana");
        assert!(required("name", " \u{202e}gpj.exe", 40, false).is_err());
        assert!(required("name", "a\nb", 10, false).is_err());
        assert_eq!(required("note", "a\nb", 10, true).unwrap(), "a\nb");
        assert_eq!(cleaned("a\nb\u{202e}c"), "a_b_c");
        assert!(required("name", "   ", 10, false).is_err());
        assert!(required("name", "twelve bytes", 11, false).is_err());
    }
}
