//! Invariant 6 at the door: a rendition is a JPEG of pixels and a colour profile, and
//! nothing else: no EXIF, no position, no serial number, no comment, no second picture,
//! no bytes behind its end. Walks the segments; decodes nothing.

/// What a rendition holds that it must not, if anything.
///
/// Allowed are JFIF (APP0 without its thumbnail), an ICC profile (APP2), Adobe's colour
/// transform (APP14 of its one fixed length), and what a decoder needs.
pub(super) fn foreign_part(jpeg: &[u8]) -> Option<&'static str> {
    if jpeg.get(..2) != Some(&[0xff, 0xd8]) {
        return Some("it is not a JPEG");
    }
    let mut at = 2;
    loop {
        let Some(marker) = marker_at(jpeg, &mut at) else {
            return Some("it is cut off or damaged");
        };
        match marker {
            0xd9 if at == jpeg.len() => return None,
            0xd9 => return Some("bytes after the picture's end"),
            0xd8 => return Some("a second picture"),
            0x01 | 0xd0..=0xd7 => continue,
            _ => {}
        }
        let Some(segment) = segment_at(jpeg, at) else {
            return Some("it is cut off or damaged");
        };
        if let Some(found) = foreign_segment(marker, segment) {
            return Some(found);
        }
        at += 2 + segment.len();
        if marker == 0xda {
            at = end_of_scan(jpeg, at);
        }
    }
}

fn foreign_segment(marker: u8, segment: &[u8]) -> Option<&'static str> {
    match marker {
        // Version, density, and a thumbnail of 0 × 0.
        0xe0 if segment.starts_with(b"JFIF\0") && segment.len() == 14 && segment.ends_with(&[0, 0]) => None,
        0xe0 => Some("a part APP0 that is not plain JFIF"),
        0xe1 => Some("EXIF or XMP (APP1)"),
        0xe2 if segment.starts_with(b"ICC_PROFILE\0") => None,
        0xe2 => Some("a part APP2 that is not a colour profile"),
        0xed => Some("IPTC (APP13)"),
        0xee if segment.starts_with(b"Adobe") && segment.len() == 12 => None,
        0xe3..=0xef => Some("an application's part"),
        0xfe => Some("a comment"),
        // Tables, frames, scans, restart interval.
        0xc0..=0xcf | 0xda..=0xdd => None,
        _ => Some("a part of an unknown kind"),
    }
}

/// The marker at `at`, which then points behind it.
fn marker_at(jpeg: &[u8], at: &mut usize) -> Option<u8> {
    if *jpeg.get(*at)? != 0xff {
        return None;
    }
    while *jpeg.get(*at)? == 0xff {
        *at += 1;
    }
    let marker = *jpeg.get(*at)?;
    *at += 1;
    Some(marker)
}

/// The bytes of the segment whose length stands at `at`, without that length.
fn segment_at(jpeg: &[u8], at: usize) -> Option<&[u8]> {
    let length = usize::from(u16::from_be_bytes([*jpeg.get(at)?, *jpeg.get(at + 1)?]));
    jpeg.get(at + 2..at + length.max(2)).filter(|_| length >= 2)
}

/// Where the first marker after a scan's data is that does not belong to them.
fn end_of_scan(jpeg: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(pair) = jpeg.get(at..at + 2) {
        if pair[0] == 0xff && !matches!(pair[1], 0 | 0xd0..=0xd7) {
            return at;
        }
        at += 1;
    }
    jpeg.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(marker: u8, bytes: &[u8]) -> Vec<u8> {
        let length = u16::try_from(bytes.len() + 2).unwrap().to_be_bytes();
        [&[0xff, marker], &length[..], bytes].concat()
    }

    /// A JPEG in outline, with `extra` before its frame.
    fn jpeg(extra: &[u8]) -> Vec<u8> {
        let jfif = part(0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
        let frame = part(0xc0, &[8, 0, 16, 0, 16, 1, 1, 0x11, 0]);
        let scan = part(0xda, &[1, 1, 0, 0, 63, 0]);
        let data = [0x12, 0xff, 0x00, 0x34, 0xff, 0xd0, 0x56];
        [&[0xff, 0xd8], &jfif[..], extra, &frame, &scan, &data, &[0xff, 0xd9]].concat()
    }

    #[test]
    fn pixels_with_a_colour_profile_pass() {
        assert_eq!(foreign_part(&jpeg(&[])), None);
        assert_eq!(foreign_part(&jpeg(&part(0xe2, b"ICC_PROFILE\0\x01\x01profile"))), None);
        assert_eq!(foreign_part(&jpeg(&part(0xee, b"Adobe\0\x64\0\0\0\0\0"))), None);
    }

    #[test]
    fn whatever_can_hide_a_position_is_found() {
        for (marker, bytes) in [
            (0xe1, &b"Exif\0\0GPS"[..]),
            (0xe1, b"http://ns.adobe.com/xap/1.0/\0"),
            (0xe0, b"JFXX\0\x10"),
            (0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\x01\x01abc"),
            (0xe2, b"MPF\0"),
            (0xe5, b"something"),
            (0xed, b"Photoshop 3.0\0"),
            (0xee, b"Adobe\0\x64\0\0\0\0\0 and more"),
            (0xef, b""),
            (0xfe, b"serial 123"),
            (0xf7, b""),
        ] {
            assert!(foreign_part(&jpeg(&part(marker, bytes))).is_some(), "{marker:x}");
        }
    }

    #[test]
    fn nothing_hides_after_a_scan_or_behind_the_end() {
        let mut between = jpeg(&[]);
        let end = between.len() - 2;
        between.splice(end..end, part(0xe1, b"Exif\0\0"));
        assert!(foreign_part(&between).is_some());
        let behind = [jpeg(&[]), b"GPS".to_vec()].concat();
        assert!(foreign_part(&behind).is_some());
        let two = [jpeg(&[]), jpeg(&[])].concat();
        assert!(foreign_part(&two).is_some());
    }

    #[test]
    fn every_truncation_is_refused_without_panic() {
        let whole = jpeg(&part(0xe2, b"ICC_PROFILE\0\x01\x01profile"));
        for cut in 0..whole.len() {
            assert!(foreign_part(&whole[..cut]).is_some(), "cut at {cut}");
        }
    }
}
