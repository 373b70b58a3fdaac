//! What a handshake's messages say, in libp2p's protobuf: field 1 the public key, 2 its
//! signature, 4 extensions. Ours is an extension, so that others pass over it. Reads
//! bytes of strangers.

use crate::error::ProtocolError;

const KEY: u64 = 1;
const SIGNATURE: u64 = 2;
const EXTENSIONS: u64 = 4;
/// Above 1,024 are those that nobody has agreed on.
const HAS_AES: u64 = 4_042;

/// Protobuf's numbers have seven bits a byte: so many bytes hold 64.
const LONGEST_NUMBER: usize = 10;

/// Who somebody is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Payload {
    /// The public key, in libp2p's encoding.
    pub(super) key: Vec<u8>,
    /// Its signature of the key that is used for the handshake.
    pub(super) signature: Vec<u8>,
    /// Whether the processor has AES.
    pub(super) has_aes: bool,
}

impl Payload {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        put_bytes(&mut bytes, KEY, &self.key);
        put_bytes(&mut bytes, SIGNATURE, &self.signature);
        if self.has_aes {
            let mut extension = Vec::new();
            put_number(&mut extension, HAS_AES << 3);
            put_number(&mut extension, 1);
            put_bytes(&mut bytes, EXTENSIONS, &extension);
        }
        bytes
    }

    pub(super) fn decode(mut bytes: &[u8]) -> Result<Self, ProtocolError> {
        let mut payload = Self::default();
        while !bytes.is_empty() {
            match take_field(&mut bytes)? {
                (KEY, Value::Bytes(key)) => payload.key = key.to_vec(),
                (SIGNATURE, Value::Bytes(signature)) => payload.signature = signature.to_vec(),
                (EXTENSIONS, Value::Bytes(extensions)) => payload.has_aes |= has_aes(extensions)?,
                _ => {}
            }
        }
        Ok(payload)
    }
}

fn has_aes(mut extensions: &[u8]) -> Result<bool, ProtocolError> {
    let mut found = false;
    while !extensions.is_empty() {
        found |= matches!(take_field(&mut extensions)?, (HAS_AES, Value::Number(1)));
    }
    Ok(found)
}

/// What a field holds.
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

fn put_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn put_bytes(bytes: &mut Vec<u8>, field: u64, value: &[u8]) {
    put_number(bytes, field << 3 | 2);
    put_number(bytes, value.len() as u64);
    bytes.extend_from_slice(value);
}

/// A field's number and what it holds.
fn take_field<'a>(bytes: &mut &'a [u8]) -> Result<(u64, Value<'a>), ProtocolError> {
    let tag = take_number(bytes)?;
    let value = match tag & 7 {
        0 => Value::Number(take_number(bytes)?),
        1 => Value::Bytes(take(bytes, 8)?),
        2 => {
            let length = take_number(bytes)?;
            Value::Bytes(take(bytes, length)?)
        }
        5 => Value::Bytes(take(bytes, 4)?),
        _ => return Err(malformed()),
    };
    Ok((tag >> 3, value))
}

fn take_number(bytes: &mut &[u8]) -> Result<u64, ProtocolError> {
    let mut number = 0;
    for at in 0..LONGEST_NUMBER {
        let byte = take(bytes, 1)?[0];
        number |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(malformed())
}

fn take<'a>(bytes: &mut &'a [u8], length: u64) -> Result<&'a [u8], ProtocolError> {
    let length = usize::try_from(length).map_err(|_| malformed())?;
    let (taken, rest) = bytes.split_at_checked(length).ok_or_else(malformed)?;
    *bytes = rest;
    Ok(taken)
}

fn malformed() -> ProtocolError {
    ProtocolError::Malformed { reason: "a handshake says what can't be read".into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rounds::fuzz;

    fn payload(has_aes: bool) -> Payload {
        Payload { key: vec![8, 1, 18, 3, 7, 7, 7], signature: vec![5; 200], has_aes }
    }

    #[test]
    fn what_is_said_is_golden_and_is_read() {
        let short = Payload { key: vec![7, 8], signature: vec![9], has_aes: true };
        assert_eq!(short.encode(), [10, 2, 7, 8, 18, 1, 9, 34, 4, 0xd0, 0xfc, 1, 1]);
        for has_aes in [true, false] {
            assert_eq!(Payload::decode(&payload(has_aes).encode()).unwrap(), payload(has_aes));
        }
        assert_eq!(Payload::decode(&[]).unwrap(), Payload::default());
    }

    #[test]
    fn what_others_say_besides_is_passed_over() {
        let mut bytes = payload(true).encode();
        bytes.extend([0x28, 0xff, 0x7f, 0x31, 1, 2, 3, 4, 5, 6, 7, 8, 0x3d, 1, 2, 3, 4, 0x42, 1, 0]);
        assert_eq!(Payload::decode(&bytes).unwrap(), payload(true));
    }

    #[test]
    fn nonsense_is_an_error_and_never_a_panic() {
        let whole = payload(true).encode();
        for end in 0..whole.len() {
            drop(Payload::decode(&whole[..end]));
            for flip in [1, 0x40, 0x80, 0xff] {
                let mut bent = whole.clone();
                bent[end] ^= flip;
                drop(Payload::decode(&bent));
            }
        }
        for bad in [&[0x80; 11][..], &[10, 5, 1], &[10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], &[11]]
        {
            assert!(Payload::decode(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_is_read_of_a_spoiled_handshake_is_written_as_it_was_read() {
        let mut with_more = payload(true).encode();
        with_more.extend([0x28, 0xff, 0x7f, 0x31, 1, 2, 3, 4, 5, 6, 7, 8, 0x3d, 1, 2, 3, 4, 0x42, 1, 0]);
        let (seeds, mut passed) = ([payload(true).encode(), payload(false).encode(), with_more].to_vec(), 0);
        fuzz("handshakes", &seeds, |bytes| {
            if let Ok(read) = Payload::decode(bytes) {
                passed += 1;
                assert!(read.key.len() + read.signature.len() <= bytes.len());
                assert_eq!(Payload::decode(&read.encode()).unwrap(), read);
            }
        });
        assert!(passed > 0);
    }
}
