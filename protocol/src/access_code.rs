//! Codes that people type: the access code of a gallery and the invitation of a
//! photographer or lab. 12 Crockford base-32 characters, 60 random bits, in groups
//! of four, forgiving to type. Stores nothing; hosts keep only [`Code::keyed_hash`].

use std::fmt;
use std::str::FromStr;

use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::error::ProtocolError;
use crate::ids::{ALPHABET, ContentHash, crockford_value};
use crate::text;

const CHARACTERS: usize = 12;

/// A code for people: 60 random bits.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Code([u8; CHARACTERS]);

/// What lets a customer into a gallery.
pub type AccessCode = Code;
/// What lets a photographer or a lab enrol, once.
pub type InvitationCode = Code;

impl Code {
    /// A new code from the system's randomness.
    pub fn random() -> Self {
        let mut random = [0_u8; CHARACTERS];
        rand::rng().fill_bytes(&mut random);
        Self(random.map(|byte| ALPHABET[usize::from(byte & 31)]))
    }

    /// What a database keeps instead of the code: BLAKE3 keyed with the host's secret.
    pub fn keyed_hash(&self, key: &[u8; 32]) -> ContentHash {
        blake3::keyed_hash(key, &self.0).into()
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, letter) in self.0.iter().enumerate() {
            if place > 0 && place % 4 == 0 {
                f.write_str("-")?;
            }
            write!(f, "{}", char::from(*letter))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Code {
    /// Codes stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

impl FromStr for Code {
    type Err = ProtocolError;

    /// Forgives case, spaces of any kind, dashes of any kind, dots, and O for 0, I or L for 1.
    fn from_str(given: &str) -> Result<Self, ProtocolError> {
        let unreadable = || ProtocolError::Unreadable {
            given: text::shown(given),
            expected: "a code of 12 letters and digits such as 7K3M-Q9XA-2BTD",
        };
        if given.len() > 200 {
            return Err(unreadable());
        }
        let mut letters = [0_u8; CHARACTERS];
        let mut count = 0;
        for letter in given.chars().filter(|letter| !is_separator(*letter)) {
            let value = u8::try_from(letter).ok().and_then(crockford_value).ok_or_else(unreadable)?;
            *letters.get_mut(count).ok_or_else(unreadable)? = ALPHABET[usize::from(value)];
            count += 1;
        }
        if count == CHARACTERS { Ok(Self(letters)) } else { Err(unreadable()) }
    }
}

fn is_separator(letter: char) -> bool {
    letter.is_whitespace()
        || matches!(letter, '-' | '.' | '_' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{200b}' | '\u{feff}')
}

impl TryFrom<String> for Code {
    type Error = ProtocolError;

    fn try_from(text: String) -> Result<Self, ProtocolError> {
        text.parse()
    }
}

impl From<Code> for String {
    fn from(code: Code) -> Self {
        code.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_forgives_what_people_type() {
        let code: Code = "7K3M-Q9XA-10TD".parse().unwrap();
        for typed in ["7k3m q9xa lotd", " 7K3M–Q9XA–IOTD\n", "7K3MQ9XA10TD", "\u{feff}7k3m.q9xa.1otd "] {
            assert_eq!(typed.parse::<Code>().unwrap(), code, "{typed}");
        }
        assert_eq!(code.to_string(), "7K3M-Q9XA-10TD");
    }

    #[test]
    fn a_wrong_code_is_refused_in_words() {
        for typed in ["", "7K3M-Q9XA", "7K3M-Q9XA-10TDX", "7K3M-Q9XA-1UTD", "ä".repeat(300).as_str()] {
            let error = typed.parse::<Code>().unwrap_err().to_string();
            assert!(error.contains("12 letters and digits"), "{error}");
        }
    }

    #[test]
    fn a_code_is_never_logged() {
        assert_eq!(format!("{:?}", Code::random()), "Code(…)");
    }
}
