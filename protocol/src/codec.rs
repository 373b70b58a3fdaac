//! Records to bytes and back. The only file that names the CBOR library, which
//! is archived (RUSTSEC-2021-0127) and may have to be replaced.
//!
//! Small hostile input must not become a large record: bytes are bounded, then
//! the message's shape is checked, and only then is anything decoded.
//! Decoding is synchronous, so no more messages are decoded at one time than
//! the runtime has threads. How messages are framed on a stream is `peer/`'s.

mod shape;

use serde::{Serialize, de::DeserializeOwned};

use crate::error::ProtocolError;

/// A map of one, the variant's name, and bytes of a length that is written as from 64 KiB
/// on: what stands before the bytes of a reply `Range`, and before their length.
const RANGE_HEAD: &[u8] = b"\xa1\x65Range\x5a";
/// How long [`range_head`] is.
pub(crate) const RANGE_HEAD_BYTES: usize = RANGE_HEAD.len() + size_of::<u32>();

/// `record` as CBOR.
///
/// # Errors
/// [`ProtocolError::Unwritable`] if the record has something that CBOR lacks.
pub fn encode<T: Serialize>(record: &T) -> Result<Vec<u8>, ProtocolError> {
    let mut bytes = Vec::new();
    encode_into(&mut bytes, record)?;
    Ok(bytes)
}

/// As [`encode`], appended to `bytes`, so that a frame needs no second copy.
///
/// # Errors
/// As [`encode`]; `bytes` may then hold part of the record.
pub fn encode_into<T: Serialize>(bytes: &mut Vec<u8>, record: &T) -> Result<(), ProtocolError> {
    serde_cbor::to_writer(bytes, record).map_err(|error| ProtocolError::Unwritable { reason: error.to_string() })
}

/// Reads one record that is all of `bytes`.
///
/// # Errors
/// [`ProtocolError::TooMany`] for more than `bytes_max` bytes or more values than
/// [`crate::limits::CBOR_ELEMENTS_MAX`]; [`ProtocolError::Malformed`] for anything
/// that [`encode`] would not have written.
pub fn decode<T: DeserializeOwned>(bytes: &[u8], bytes_max: usize) -> Result<T, ProtocolError> {
    if bytes.len() > bytes_max {
        return Err(too_long(bytes.len(), bytes_max));
    }
    shape::check(bytes)?;
    serde_cbor::from_slice(bytes).map_err(|error| ProtocolError::Malformed { reason: error.to_string() })
}

/// What stands before the bytes of a reply `Range` of so many bytes, 64 KiB or more, in its
/// encoding.
pub(crate) fn range_head(bytes: u32) -> [u8; RANGE_HEAD_BYTES] {
    let mut head = [0; RANGE_HEAD_BYTES];
    let (name, length) = head.split_at_mut(RANGE_HEAD.len());
    name.copy_from_slice(RANGE_HEAD);
    length.copy_from_slice(&bytes.to_be_bytes());
    head
}

/// The error for a message of `given` bytes where `max` fit.
pub(crate) fn too_long(given: usize, max: usize) -> ProtocolError {
    ProtocolError::TooMany { what: "Bytes of a message", given: given as u64, max: max as u64 }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Record {
        name: String,
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
        number: Option<i64>,
        kind: Kind,
        share: f64,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Kind {
        Plain,
        With { list: Vec<u32> },
    }

    fn record() -> Record {
        Record {
            name: "Ana".into(),
            bytes: vec![7; 300],
            number: Some(-70_000),
            kind: Kind::With { list: vec![0, 23, 24, 255, 256, 65_536] },
            share: 0.25,
        }
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        let bytes = encode(&record()).unwrap();
        assert_eq!(decode::<Record>(&bytes, 1_000).unwrap(), record());
        let plain = Record { kind: Kind::Plain, number: None, ..record() };
        assert_eq!(decode::<Record>(&encode(&plain).unwrap(), 1_000).unwrap(), plain);
    }

    #[test]
    fn a_range_behind_its_head_is_what_is_encoded() {
        use crate::original::OriginalReply;
        use crate::replica::ReplicaReply;
        for length in [65_536, 65_537, 1_000_000, 1 << 20] {
            let bytes = vec![6; length];
            let by_hand = [&range_head(length as u32)[..], &bytes].concat();
            assert_eq!(by_hand, encode(&OriginalReply::Range(bytes.clone().into())).unwrap());
            assert_eq!(by_hand, encode(&ReplicaReply::Range(bytes.into())).unwrap());
        }
    }

    #[test]
    fn one_byte_too_many_and_trailing_bytes_are_refused() {
        let mut bytes = encode(&record()).unwrap();
        assert!(matches!(decode::<Record>(&bytes, bytes.len() - 1), Err(ProtocolError::TooMany { .. })));
        bytes.push(0);
        assert!(matches!(decode::<Record>(&bytes, 1_000), Err(ProtocolError::Malformed { .. })));
    }

    #[test]
    fn every_truncation_is_refused_without_panic() {
        let bytes = encode(&record()).unwrap();
        for cut in 0..bytes.len() {
            assert!(decode::<Record>(&bytes[..cut], 1_000).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn every_flipped_byte_is_an_error_or_a_record_never_a_panic() {
        let bytes = encode(&record()).unwrap();
        for at in 0..bytes.len() {
            for flip in [1, 0x20, 0x80, 0xff] {
                let mut bent = bytes.clone();
                bent[at] ^= flip;
                drop(decode::<Record>(&bent, 1_000));
            }
        }
    }
}
