//! A walk over a message's CBOR headers that allocates nothing and decodes
//! nothing. It bounds how many values a message has and how deep they go, and
//! refuses whatever our own encoder never writes: tags, indefinite lengths,
//! lengths past the end, numbers written longer than needed, trailing bytes.

use crate::error::ProtocolError;
use crate::limits::{CBOR_DEPTH_MAX, CBOR_ELEMENTS_MAX};

/// Checks that `bytes` is one well-formed value within the bounds.
///
/// # Errors
/// [`ProtocolError::TooMany`] for too many values, else [`ProtocolError::Malformed`].
pub(super) fn check(bytes: &[u8]) -> Result<(), ProtocolError> {
    let mut walk = Walk { rest: bytes, open: [0; CBOR_DEPTH_MAX], depth: 0, elements: 0 };
    loop {
        walk.value()?;
        if walk.close_full_containers() {
            break;
        }
    }
    if walk.rest.is_empty() { Ok(()) } else { Err(malformed("there are bytes after its end")) }
}

struct Walk<'a> {
    rest: &'a [u8],
    /// How many values each open list or map still expects.
    open: [u64; CBOR_DEPTH_MAX],
    depth: usize,
    elements: u64,
}

impl Walk<'_> {
    /// Steps over one header, and over its bytes if it is a string.
    fn value(&mut self) -> Result<(), ProtocolError> {
        self.elements += 1;
        if self.elements > CBOR_ELEMENTS_MAX {
            return Err(ProtocolError::TooMany {
                what: "Values in a message",
                given: self.elements,
                max: CBOR_ELEMENTS_MAX,
            });
        }
        let first = self.take(1)?[0];
        let (major, info) = (first >> 5, first & 0x1f);
        if major == 7 {
            return self.simple(info);
        }
        let argument = self.argument(info)?;
        match major {
            0 | 1 => Ok(()),
            2 | 3 => self.take(argument).map(drop),
            4 => self.enter(argument),
            5 => self.enter(argument.saturating_mul(2)),
            _ => Err(malformed("it has a tag")),
        }
    }

    /// `false`, `true`, `null` and floating point numbers.
    fn simple(&mut self, info: u8) -> Result<(), ProtocolError> {
        match info {
            20..=22 => Ok(()),
            25 => self.take(2).map(drop),
            26 => self.take(4).map(drop),
            27 => self.take(8).map(drop),
            _ => Err(malformed("it has a value of an unknown kind")),
        }
    }

    /// The number in a header: a value, a length or a count.
    fn argument(&mut self, info: u8) -> Result<u64, ProtocolError> {
        let (width, least) = match info {
            0..=23 => return Ok(u64::from(info)),
            24 => (1, 24),
            25 => (2, 1 << 8),
            26 => (4, 1 << 16),
            27 => (8, 1 << 32),
            _ => return Err(malformed("it has an indefinite length")),
        };
        let number = self.take(width)?.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        if number < least {
            return Err(malformed("it has a number that is longer than it needs to be"));
        }
        Ok(number)
    }

    fn enter(&mut self, values: u64) -> Result<(), ProtocolError> {
        if values > self.rest.len() as u64 {
            return Err(malformed("it ends too early"));
        }
        let slot = self.open.get_mut(self.depth).ok_or_else(|| malformed("it is nested too deep"))?;
        *slot = values;
        self.depth += 1;
        Ok(())
    }

    /// Leaves the containers that have all their values, and counts the value
    /// just read in the one that has not. True when nothing is left open.
    fn close_full_containers(&mut self) -> bool {
        while self.depth > 0 {
            let left = &mut self.open[self.depth - 1];
            if *left > 0 {
                *left -= 1;
                return false;
            }
            self.depth -= 1;
        }
        true
    }

    fn take(&mut self, count: u64) -> Result<&[u8], ProtocolError> {
        let (taken, rest) = usize::try_from(count)
            .ok()
            .and_then(|count| self.rest.split_at_checked(count))
            .ok_or_else(|| malformed("it ends too early"))?;
        self.rest = rest;
        Ok(taken)
    }
}

fn malformed(reason: &str) -> ProtocolError {
    ProtocolError::Malformed { reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(bytes: &[u8]) -> bool {
        matches!(check(bytes), Err(ProtocolError::Malformed { .. }))
    }

    #[test]
    fn plain_values_pass() {
        for bytes in [
            &[0x00][..],
            &[0x18, 24],
            &[0x20],
            &[0x43, 1, 2, 3],
            &[0x80],
            &[0xa0],
            &[0x82, 0x01, 0x81, 0x02],
            &[0xa1, 0x61, b'a', 0xf6],
            &[0xfb, 0, 0, 0, 0, 0, 0, 0, 0],
        ] {
            check(bytes).unwrap();
        }
    }

    #[test]
    fn what_our_encoder_never_writes_is_refused() {
        for (bytes, what) in [
            (&[][..], "nothing"),
            (&[0xc0, 0x00], "a tag"),
            (&[0x9f, 0xff], "an indefinite list"),
            (&[0x5f, 0xff], "indefinite bytes"),
            (&[0x18, 23], "a number longer than needed"),
            (&[0x1b, 0, 0, 0, 0, 255, 255, 255, 255], "the same, long"),
            (&[0xf8, 32], "an unknown simple value"),
            (&[0xff], "a lone break"),
            (&[0x00, 0x00], "two values"),
            (&[0x82, 0x01], "a list cut short"),
            (&[0xa1, 0x01], "a map cut short"),
            (&[0x5b, 255, 255, 255, 255, 255, 255, 255, 255], "a lying length"),
            (&[0xbb, 255, 255, 255, 255, 255, 255, 255, 255], "a lying count"),
        ] {
            assert!(refused(bytes), "{what}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let mut bytes = vec![0x81; CBOR_DEPTH_MAX];
        bytes.push(0x00);
        check(&bytes).unwrap();
        bytes.insert(0, 0x81);
        assert!(refused(&bytes));
    }

    #[test]
    fn a_mebibyte_of_empty_maps_is_refused() {
        let mut bytes = vec![0x9a, 0x00, 0x10, 0x00, 0x00];
        bytes.extend(std::iter::repeat_n(0xa0, 1 << 20));
        assert!(matches!(check(&bytes), Err(ProtocolError::TooMany { .. })));
    }
}
