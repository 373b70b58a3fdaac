//! JPEG files in outline: every part that a host looks at, and no picture.

use enprint_customer_web::protocol::publish::Picture;

/// A JPEG of this size; another `seed` makes other bytes.
pub fn jpeg(width_px: u16, height_px: u16, seed: &str) -> Picture {
    let (width, height) = (width_px.to_be_bytes(), height_px.to_be_bytes());
    let frame = part(0xc0, &[&[8], &height[..], &width, &[1, 1, 0x11, 0]].concat());
    let scan = part(0xda, &[1, 1, 0, 0, 63, 0]);
    let data: Vec<u8> = seed.bytes().filter(|byte| *byte != 0xff).collect();
    let jpeg = [&[0xff, 0xd8], &frame[..], &scan, &data, &[0xff, 0xd9]].concat();
    Picture { width_px: width_px.into(), height_px: height_px.into(), jpeg: jpeg.into() }
}

fn part(marker: u8, bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len() + 2).unwrap().to_be_bytes();
    [&[0xff, marker], &length[..], bytes].concat()
}
