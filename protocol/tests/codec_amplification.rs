//! Small input must not become large memory. Alone in its process, so that what
//! it measures is its own.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use enprint_protocol::codec;
use enprint_protocol::limits::CBOR_ELEMENTS_MAX;
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Four {
    _a: Option<String>,
    _b: Option<String>,
    _c: Option<Vec<u8>>,
    _d: Option<[u64; 11]>,
}

/// A list of `count` empty maps, with the header that `count` needs.
fn empty_maps(count: u32) -> Vec<u8> {
    let mut bytes = match u16::try_from(count) {
        Ok(count) => [&[0x99][..], &count.to_be_bytes()].concat(),
        Err(_) => [&[0x9a][..], &count.to_be_bytes()].concat(),
    };
    bytes.extend(std::iter::repeat_n(0xa0, count as usize));
    bytes
}

#[test]
fn a_mebibyte_of_empty_maps_is_refused_and_what_passes_stays_small() {
    let million = empty_maps(1 << 20);
    let most = empty_maps(CBOR_ELEMENTS_MAX as u32 - 1);
    let before = common::memory("VmHWM");
    assert!(codec::decode::<Vec<Four>>(&million, 4 << 20).is_err());
    let refused = common::memory("VmHWM") - before;
    assert!(refused < 1 << 20, "refusing took {refused} bytes");
    let decoded: Vec<Four> = codec::decode(&most, 4 << 20).unwrap();
    assert_eq!(decoded.len() as u64, CBOR_ELEMENTS_MAX - 1);
    let taken = common::memory("VmHWM") - before;
    assert!(taken < 32 << 20, "the largest that passes took {taken} bytes");
}
