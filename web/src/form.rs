//! Forms and query strings as browsers send them: decoded strictly, bounded, fields
//! kept in their order. What a field may hold is its page's business.

use http::Uri;
use percent_encoding::percent_decode_str;
use std::convert::Infallible;
use warp::{Filter, Rejection};

use crate::error::WebError;
use crate::limits::{FORM_FIELDS_MAX, QUERY_BYTES_MAX};

/// A form's fields, in order; a name may come more than once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form {
    fields: Vec<(String, String)>,
}

/// A filter that gives a handler the query string, empty if there is none.
pub fn query_form() -> impl Filter<Extract = (Form,), Error = Rejection> + Clone {
    warp::query::raw()
        .or_else(|_| async { Ok::<_, Infallible>((String::new(),)) })
        .and_then(|query: String| async move { Form::parse_query(&query).map_err(warp::reject::custom) })
}

impl Form {
    /// Reads `application/x-www-form-urlencoded` text.
    ///
    /// # Errors
    /// [`WebError::BadRequest`] for more than 512 fields or text that is not UTF-8.
    pub fn parse(bytes: &[u8]) -> Result<Self, WebError> {
        let text = std::str::from_utf8(bytes).map_err(|_| not_utf8())?;
        let mut fields = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            if fields.len() == FORM_FIELDS_MAX {
                return Err(WebError::bad(format!(
                    "The form has more than {FORM_FIELDS_MAX} fields. Send it in parts."
                )));
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            fields.push((decode(name)?, decode(value)?));
        }
        Ok(Self { fields })
    }

    /// Reads the part of an address after the question mark.
    ///
    /// # Errors
    /// As [`Form::parse`], or [`WebError::BadRequest`] if it is longer than 4 KiB.
    pub fn parse_query(query: &str) -> Result<Self, WebError> {
        if query.len() > QUERY_BYTES_MAX {
            return Err(WebError::bad("This address is too long."));
        }
        Self::parse(query.as_bytes())
    }

    /// The query of `uri`.
    ///
    /// # Errors
    /// As [`Form::parse_query`].
    pub fn of_uri(uri: &Uri) -> Result<Self, WebError> {
        Self::parse_query(uri.query().unwrap_or(""))
    }

    /// The first field of this name, without the spaces around it.
    ///
    /// # Errors
    /// [`WebError::BadRequest`] that names the field if it is missing.
    pub fn text(&self, name: &str) -> Result<&str, WebError> {
        self.optional(name).ok_or_else(|| WebError::bad(format!("The field “{name}” is missing.")))
    }

    /// The first field of this name, without the spaces around it, or nothing.
    pub fn optional(&self, name: &str) -> Option<&str> {
        let mut fields = self.iter();
        let found = fields.find(|(key, _)| *key == name);
        found.map(|(_, value)| value.trim())
    }

    /// The first field of this name, if it is there and not blank.
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.optional(name).filter(|value| !value.is_empty())
    }

    /// The first field of this name as a whole number of any integer type.
    ///
    /// # Errors
    /// [`WebError::BadRequest`] that names the field if it is missing, no whole
    /// number, or outside what the type holds.
    pub fn integer<N: std::str::FromStr>(&self, name: &str) -> Result<N, WebError> {
        let text = self.text(name)?;
        let digits = text.strip_prefix('-').unwrap_or(text);
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let number = plain.then(|| text.parse().ok()).flatten();
        number.ok_or_else(|| WebError::bad(format!("The field “{name}” needs a whole number.")))
    }

    /// Whether a tick box of this name is ticked.
    pub fn is_ticked(&self, name: &str) -> bool {
        self.filled(name).is_some()
    }

    /// Every field of this name, in order, as sent.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.iter().filter(move |(key, _)| *key == name).map(|(_, value)| value)
    }

    /// Every field, in order, as sent.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let fields = self.fields.iter();
        fields.map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

fn decode(text: &str) -> Result<String, WebError> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8();
    let decoded = decoded.map_err(|_| not_utf8())?.into_owned();
    if decoded.contains('\0') {
        return Err(WebError::bad("The form holds a character that no text has."));
    }
    Ok(decoded)
}

fn not_utf8() -> WebError {
    WebError::bad("The form is not valid UTF-8 text. Reload the page and send it again.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_order_and_doubles() {
        let form = Form::parse(b"a=1&b=two+words&a=%C3%A9&&c").unwrap();
        assert_eq!(form.all("a").collect::<Vec<_>>(), ["1", "é"]);
        assert_eq!(form.text("b").unwrap(), "two words");
        assert_eq!(form.text("c").unwrap(), "");
        assert_eq!(form.filled("c"), None);
        assert!(form.text("d").is_err());
    }

    #[test]
    fn numbers_that_are_none_are_refused_by_name() {
        let form = Form::parse(b"q=12&big=999&neg=-1&plus=%2B5&hex=0x1&no=").unwrap();
        assert_eq!(form.integer::<u8>("q").unwrap(), 12);
        assert_eq!(form.integer::<i8>("neg").unwrap(), -1);
        for name in ["big", "neg", "plus", "hex", "no", "missing"] {
            let error = form.integer::<u8>(name).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
    }

    #[test]
    fn bad_text_and_too_many_fields_are_refused() {
        assert!(Form::parse(b"a=%FF").is_err());
        assert!(Form::parse(b"a=\xFF").is_err());
        assert!(Form::parse(b"a=%00").is_err());
        assert!(Form::parse("a&".repeat(FORM_FIELDS_MAX).as_bytes()).is_ok());
        assert!(Form::parse("a&".repeat(FORM_FIELDS_MAX + 1).as_bytes()).is_err());
        assert!(Form::parse(b"%zz=%").is_ok());
    }
}
