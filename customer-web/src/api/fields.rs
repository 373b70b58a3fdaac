//! What a program sent, read field by field, so that whatever can't be taken is said
//! of the field that it stands in. Knows no gallery and no order.

use std::fmt::Display;
use std::ops::RangeInclusive;

use enprint_web::WebError;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::fault::Fault;
use crate::limits::{API_LINES_MAX, API_NAME_SHOWN_CHARS_MAX};

/// The object of a body, or one of its lines. Each field is taken once, and [`end`]
/// refuses what is left: a mistyped name is never passed over.
///
/// [`end`]: Fields::end
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Fields {
    left: Map<String, Value>,
    #[serde(skip)]
    known: Vec<&'static str>,
    #[serde(skip)]
    line: Option<usize>,
}

impl Fields {
    /// A text that has to be there.
    ///
    /// # Errors
    /// [`Fault::Field`], as those below.
    pub(super) fn text(&mut self, name: &'static str) -> Result<String, Fault> {
        self.maybe_text(name)?.ok_or_else(|| self.missing(name))
    }

    /// A text, or nothing where it is missing or null.
    pub(super) fn maybe_text(&mut self, name: &'static str) -> Result<Option<String>, Fault> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.refuse(name, format!("The field “{name}” needs a text."))),
        }
    }

    /// A whole number that has to be there, within `range`.
    pub(super) fn whole<N: Whole>(&mut self, name: &'static str, range: RangeInclusive<N>) -> Result<N, Fault> {
        self.maybe_whole(name, range)?.ok_or_else(|| self.missing(name))
    }

    /// A whole number within `range`, or nothing where it is missing or null.
    pub(super) fn maybe_whole<N: Whole>(
        &mut self,
        name: &'static str,
        range: RangeInclusive<N>,
    ) -> Result<Option<N>, Fault> {
        let Some(sent) = self.take(name) else {
            return Ok(None);
        };
        let number = sent.as_i64().and_then(|number| N::try_from(number).ok());
        match number.filter(|number| range.contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(self.refuse(name, needs_whole(name, &range))),
        }
    }

    /// The objects of the field `lines`, or nothing where it is missing or null.
    pub(super) fn maybe_lines(&mut self) -> Result<Option<Vec<Fields>>, Fault> {
        let lines = match self.take("lines") {
            None => return Ok(None),
            Some(Value::Array(lines)) => lines,
            Some(_) => return Err(self.refuse("lines", "The field “lines” needs a list of lines.".into())),
        };
        if lines.len() > API_LINES_MAX {
            return Err(self.refuse("lines", format!("There can be at most {API_LINES_MAX} lines.")));
        }
        lines.into_iter().zip(1..).map(|(line, place)| Self::line(line, place)).collect::<Result<_, _>>().map(Some)
    }

    /// As [`Fields::maybe_lines`], where they have to be there.
    pub(super) fn lines(&mut self) -> Result<Vec<Fields>, Fault> {
        self.maybe_lines()?.ok_or_else(|| self.missing("lines"))
    }

    /// A field that was read, but can't be taken.
    pub(super) fn refuse(&self, name: &'static str, problem: String) -> Fault {
        match self.line {
            Some(line) => Fault::field(name, format!("Line {line}: {problem}")),
            None => Fault::field(name, problem),
        }
    }

    /// Refuses every field that nobody took.
    pub(super) fn end(self) -> Result<(), Fault> {
        match self.left.keys().next() {
            None => Ok(()),
            Some(name) => Err(unknown(name, &self.known).into()),
        }
    }

    fn line(sent: Value, place: usize) -> Result<Self, Fault> {
        match sent {
            Value::Object(left) => Ok(Self { left, known: Vec::new(), line: Some(place) }),
            _ => Err(Fault::field("lines", format!("Line {place} needs to be an object."))),
        }
    }

    fn take(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.left.remove(name).filter(|value| !value.is_null())
    }

    fn missing(&self, name: &'static str) -> Fault {
        self.refuse(name, format!("The field “{name}” is missing."))
    }
}

/// The whole numbers that a field can hold.
pub(super) trait Whole: TryFrom<i64> + PartialOrd + Display {}

impl Whole for u32 {}
impl Whole for i64 {}

/// The sentence for a number that is none, or outside of `range`.
pub(super) fn needs_whole(name: &str, range: &RangeInclusive<impl Display>) -> String {
    format!("The field “{name}” needs a whole number from {} to {}.", range.start(), range.end())
}

/// What is said of a field that there is not, of a body or of a query.
pub(super) fn unknown(name: &str, known: &[&str]) -> WebError {
    let name: String = name.chars().filter(|c| !c.is_control()).take(API_NAME_SHOWN_CHARS_MAX).collect();
    WebError::bad(format!("There is no field “{name}” here. There are: {}.", known.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Fields {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_number_is_whole_and_within_its_range() {
        for wrong in ["0", "4", "-1", "1.5", "2.0", "1e2", "\"2\"", "99999999999999999999", "[2]", "true"] {
            let mut sent = fields(&format!("{{\"copies\":{wrong}}}"));
            let fault = sent.whole("copies", 1..=3_u32).unwrap_err();
            assert_eq!(fault.of_field().unwrap().0, "copies", "{wrong}");
        }
        assert_eq!(fields(r#"{"copies":3}"#).whole("copies", 1..=3_u32).unwrap(), 3);
        assert_eq!(fields(r#"{"copies":null}"#).maybe_whole("copies", 1..=3_u32).unwrap(), None);
        assert!(fields("{}").whole("copies", 1..=3_u32).is_err());
    }

    #[test]
    fn what_nobody_took_is_refused_by_name() {
        let mut sent = fields(r#"{"name":"x","nmae":"y"}"#);
        sent.text("name").unwrap();
        let error = sent.end().unwrap_err().to_string();
        assert_eq!(error, "There is no field “nmae” here. There are: name.");
        let long = unknown(&"\n\u{1f600}".repeat(1_000), &[]).to_string();
        assert!(long.chars().count() < 100 && !long.contains('\n'));
    }

    #[test]
    fn a_fault_names_its_line() {
        let mut sent = fields(r#"{"lines":[{"size":"10x15"},{"size":7}]}"#);
        let mut lines = sent.lines().unwrap();
        assert!(lines[0].text("size").is_ok());
        assert!(lines[1].text("size").unwrap_err().to_string().starts_with("Line 2: "));
        assert!(fields(r#"{"lines":[7]}"#).lines().is_err());
        let many = format!("{{\"lines\":[{}{{}}]}}", "{},".repeat(API_LINES_MAX));
        assert!(fields(&many).lines().is_err());
    }
}
