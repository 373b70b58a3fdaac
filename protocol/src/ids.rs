//! Names of things: newtypes that can't be mixed up. An id made by its sender is
//! 16 random bytes, shown as 26 Crockford base-32 characters; a hash is BLAKE3,
//! shown as 64 hexadecimal digits. Generates randomness only where a method says so.

use std::fmt;
use std::str::FromStr;

use rand::Rng;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::error::ProtocolError;
use crate::text;

/// Crockford's base 32: no I, L, O or U.
pub(crate) const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// BLAKE3 of bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentHash(pub [u8; 32]);

impl ContentHash {
    /// The hash of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<blake3::Hash> for ContentHash {
    fn from(hash: blake3::Hash) -> Self {
        Self(*hash.as_bytes())
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from(self.0).to_hex())
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContentHash({self})")
    }
}

impl FromStr for ContentHash {
    type Err = ProtocolError;

    fn from_str(text: &str) -> Result<Self, ProtocolError> {
        blake3::Hash::from_hex(text.trim())
            .map(Self::from)
            .map_err(|_| unreadable(text, "a BLAKE3 hash of 64 hexadecimal digits"))
    }
}

/// A photo: the content hash of its original.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PhotoId(pub ContentHash);

impl fmt::Display for PhotoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for PhotoId {
    type Err = ProtocolError;

    fn from_str(text: &str) -> Result<Self, ProtocolError> {
        text.parse().map(Self)
    }
}

impl Serialize for ContentHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write_bytes(self, &self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for ContentHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_bytes(deserializer).map(Self)
    }
}

macro_rules! random_id {
    ($(#[$doc:meta])* $name:ident, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 16]);

        impl $name {
            /// A new id from the system's randomness.
            pub fn random() -> Self {
                let mut bytes = [0; 16];
                rand::rng().fill_bytes(&mut bytes);
                Self(bytes)
            }

            /// An id that follows from `parts`: the same parts, the same id.
            pub fn derived(purpose: &str, parts: &[&[u8]]) -> Self {
                Self(derive(purpose, parts))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&to_base32(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = ProtocolError;

            fn from_str(text: &str) -> Result<Self, ProtocolError> {
                from_base32(text).map(Self).ok_or_else(|| unreadable(text, $expected))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                write_bytes(self, &self.0, serializer)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                read_bytes(deserializer).map(Self)
            }
        }
    };
}

random_id!(
    /// An event, made by the photographer's node.
    EventId, "an event's id of 26 letters and digits"
);
random_id!(
    /// An order, made by the host when it is placed.
    OrderId, "an order's id of 26 letters and digits"
);
random_id!(
    /// A print job, made by the photographer's node.
    JobId, "a print job's id of 26 letters and digits"
);
random_id!(
    /// A status or another command that must take effect once.
    CommandId, "a command's id of 26 letters and digits"
);

fn derive(purpose: &str, parts: &[&[u8]]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new_derive_key(purpose);
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let mut id = [0; 16];
    id.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    id
}

/// Text for readers of text (JSON), bytes for readers of bytes (CBOR).
fn write_bytes<S: Serializer>(shown: &impl fmt::Display, bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    if serializer.is_human_readable() { serializer.collect_str(shown) } else { serializer.serialize_bytes(bytes) }
}

/// Reads what [`write_bytes`] wrote.
fn read_bytes<'de, const N: usize, D>(deserializer: D) -> Result<[u8; N], D::Error>
where
    D: Deserializer<'de>,
{
    if deserializer.is_human_readable() {
        let text = String::deserialize(deserializer)?;
        return parse_bytes(&text).ok_or_else(|| de::Error::custom("not an id"));
    }
    let bytes = serde_bytes::ByteBuf::deserialize(deserializer)?;
    <[u8; N]>::try_from(bytes.as_slice()).map_err(|_| de::Error::custom("an id of another length"))
}

fn parse_bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let bytes: Vec<u8> =
        if N == 32 { blake3::Hash::from_hex(text).ok()?.as_bytes().to_vec() } else { from_base32(text)?.to_vec() };
    bytes.try_into().ok()
}

/// 128 bits as 26 characters, the first carrying three.
fn to_base32(bytes: &[u8; 16]) -> String {
    let number = u128::from_be_bytes(*bytes);
    (0..26).rev().map(|place| char::from(ALPHABET[((number >> (place * 5)) & 31) as usize])).collect()
}

fn from_base32(text: &str) -> Option<[u8; 16]> {
    let text = text.trim();
    if text.len() != 26 {
        return None;
    }
    let mut number = 0_u128;
    for (place, letter) in text.bytes().enumerate() {
        let value = crockford_value(letter)?;
        if place == 0 && value > 7 {
            return None;
        }
        number = (number << 5) | u128::from(value);
    }
    Some(number.to_be_bytes())
}

/// The value of a letter, forgiving case and the letters that look like digits.
pub(crate) fn crockford_value(letter: u8) -> Option<u8> {
    let letter = match letter.to_ascii_uppercase() {
        b'O' => b'0',
        b'I' | b'L' => b'1',
        other => other,
    };
    ALPHABET.iter().position(|known| *known == letter).and_then(|at| u8::try_from(at).ok())
}

fn unreadable(given: &str, expected: &'static str) -> ProtocolError {
    ProtocolError::Unreadable { given: text::shown(given), expected }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_back_what_they_show() {
        for _ in 0..100 {
            let id = OrderId::random();
            assert_eq!(id.to_string().parse::<OrderId>().unwrap(), id);
            assert_eq!(id.to_string().to_lowercase().parse::<OrderId>().unwrap(), id);
        }
        let photo = PhotoId(ContentHash::of(b"an original"));
        assert_eq!(photo.to_string().parse::<PhotoId>().unwrap(), photo);
    }

    #[test]
    fn an_id_of_more_than_128_bits_is_refused() {
        assert!("8ZZZZZZZZZZZZZZZZZZZZZZZZZ".parse::<OrderId>().is_err());
        assert!("7ZZZZZZZZZZZZZZZZZZZZZZZZZ".parse::<OrderId>().is_ok());
        assert!("short".parse::<OrderId>().is_err());
    }

    #[test]
    fn derived_ids_tell_their_parts_apart() {
        let one = JobId::derived("test", &[b"ab", b"c"]);
        assert_eq!(one, JobId::derived("test", &[b"ab", b"c"]));
        assert_ne!(one, JobId::derived("test", &[b"a", b"bc"]));
    }

    #[test]
    fn json_shows_text() {
        let id = EventId([0; 16]);
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(json, "\"00000000000000000000000000\"");
        assert_eq!(serde_json::from_str::<EventId>(&json).unwrap(), id);
    }
}
