//! How large the sensor's picture is in RAW files whose directories don't say it: Fuji's
//! header, Canon's boxes, and the lossless JPEG that Canon's older files keep it in.

use crate::heif::{Name, Numbers, boxes};
use crate::jpeg_headers::JpegHeaders;
use crate::limits::RAW_ENTRIES_MAX;
use crate::raw::head_of;

/// Width and height in a RAF file, without the edges that no picture shows.
pub(crate) fn in_raf(bytes: &[u8]) -> Option<(u32, u32)> {
    const FULL: u16 = 0x0100;
    const CROPPED: u16 = 0x0111;
    const SHOWN: u16 = 0x0121;
    let at = Numbers(bytes.get(92..)?).long()? as usize;
    let mut numbers = Numbers(bytes.get(at..)?);
    let mut found = [None; 3];
    for _ in 0..(numbers.long()? as usize).min(RAW_ENTRIES_MAX) {
        let (Some(tag), Some(length)) = (numbers.short(), numbers.short()) else { break };
        let Some((value, rest)) = numbers.0.split_at_checked(length.into()) else { break };
        numbers.0 = rest;
        if let Some(place) = [CROPPED, SHOWN, FULL].iter().position(|known| *known == tag) {
            let mut value = Numbers(value);
            // Height stands first.
            found[place] = value.short().zip(value.short()).map(|(height, width)| (width.into(), height.into()));
        }
    }
    found.into_iter().flatten().find(|(width, height)| *width > 0 && *height > 0)
}

/// Width and height of the largest track of a CR3 file that is coded as sensor data.
pub(crate) fn in_cr3(bytes: &[u8]) -> Option<(u32, u32)> {
    let tracks = boxes(bytes).filter(|(name, _)| name == b"moov").flat_map(|(_, body)| boxes(body));
    let tracks = tracks.filter(|(name, _)| name == b"trak").map(|(_, body)| body);
    let coded = tracks.filter_map(|track| inner(track, &[b"mdia", b"minf", b"stbl", b"stsd"]));
    coded.filter_map(coding).max_by_key(|(width, height)| u64::from(*width) * u64::from(*height))
}

fn inner<'a>(body: &'a [u8], path: &[&Name]) -> Option<&'a [u8]> {
    path.iter().try_fold(body, |body, wanted| boxes(body).find(|(name, _)| name == *wanted).map(|(_, body)| body))
}

/// Canon's box `CMP1`, which says how the sensor's data is coded, stands within the
/// track's description, behind fields of a fixed length.
fn coding(description: &[u8]) -> Option<(u32, u32)> {
    let at = description.windows(4).position(|name| name == b"CMP1")?;
    let mut numbers = Numbers(description.get(at + 4 + 8..)?);
    Some((numbers.long()?, numbers.long()?))
}

/// Width and height of the lossless JPEG in which a CR2 file keeps its sensor's data.
pub(crate) fn in_lossless_jpeg(jpeg: &[u8]) -> Option<(u32, u32)> {
    let frame = JpegHeaders::before_scans(head_of(jpeg)).ok()?.frame.filter(|frame| frame.marker == 0xC3)?;
    // Of the four colours of a mosaic, two or four neighbours count as one pixel; three
    // components are colours of one.
    let neighbours = if frame.components == 3 { 1 } else { u32::from(frame.components) };
    Some((frame.width_px.checked_mul(neighbours)?, frame.height_px))
}
