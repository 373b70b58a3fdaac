//! Reading JSON from strangers: depth first, then serde. Writing it is `reply`'s.

use serde::de::DeserializeOwned;

use crate::error::WebError;
use crate::limits::JSON_DEPTH_MAX;

/// Reads `bytes` as a `T`; the sentence of an error says where it went wrong, but
/// quotes nothing of what was sent.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, WebError> {
    if depth(bytes) > JSON_DEPTH_MAX {
        return Err(WebError::bad(format!("The JSON is nested deeper than {JSON_DEPTH_MAX}.")));
    }
    serde_json::from_slice(bytes).map_err(|error| {
        let what = match error.classify() {
            serde_json::error::Category::Data => "does not hold what is needed here",
            _ => "is not valid JSON",
        };
        let (line, column) = (error.line(), error.column());
        WebError::bad(format!("The body {what} (line {line}, column {column})."))
    })
}

/// How deeply arrays and objects stand within each other, brackets in texts left out.
fn depth(bytes: &[u8]) -> usize {
    let (mut now, mut deepest) = (0_usize, 0_usize);
    let (mut in_text, mut escaped) = (false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                now = now.saturating_add(1);
                deepest = deepest.max(now);
            }
            b']' | b'}' if !in_text => now = now.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_brackets_but_not_those_in_texts() {
        assert_eq!(depth(br#"{"a":[1,{"b":"[[[\"[["}],"c":[]}"#), 3);
        assert_eq!(depth("[".repeat(1000).as_bytes()), 1000);
    }

    #[test]
    fn errors_quote_nothing() {
        let error = parse::<u8>(br#""secret""#).unwrap_err().to_string();
        assert!(!error.contains("secret"), "{error}");
        assert!(parse::<serde_json::Value>("[".repeat(17).as_bytes()).is_err());
        assert_eq!(parse::<u8>(b"7").unwrap(), 7);
    }
}
