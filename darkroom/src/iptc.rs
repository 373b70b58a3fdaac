//! IPTC's record (IIM) as photo agencies' programs write it: found among Photoshop's
//! resources, and read data set by data set until something is broken.

use crate::captured::Captured;
use crate::limits::{TEXT_BYTES_MAX, WRITTEN_VALUES_MAX};
use crate::words::{self, Written};

/// Where Photoshop keeps it.
const RESOURCE: [u8; 2] = [0x04, 0x04];
/// ISO 2022's way to say that all that follows is UTF-8.
const SAYS_UTF_8: &[u8] = b"\x1B%G";

/// The record within a block of Photoshop's resources: `8BIM`, an id, a name, a length
/// and the data, each of even length.
pub(crate) fn in_photoshop(block: &[u8]) -> Option<&[u8]> {
    let mut rest = block;
    loop {
        let (id, after) = rest.strip_prefix(b"8BIM")?.split_first_chunk::<2>()?;
        let name_bytes = usize::from(*after.first()?) + 1;
        let (length, after) = after.get(name_bytes.next_multiple_of(2)..)?.split_first_chunk::<4>()?;
        let length = u32::from_be_bytes(*length) as usize;
        if *id == RESOURCE {
            // A last data set that was cut off does no harm to those before it.
            return Some(after.get(..length).unwrap_or(after));
        }
        rest = after.get(length.checked_next_multiple_of(2)?..)?;
    }
}

/// What the record says.
pub(crate) fn read(record: &[u8]) -> Written {
    let sets = data_sets(record);
    let is_utf_8 = sets.iter().any(|set| set.number == (1, 90) && set.value == SAYS_UTF_8);
    let all = |wanted: u8| {
        let values = sets.iter().filter(move |set| set.number == (2, wanted));
        values.map(|set| text(set.value, is_utf_8)).collect::<Vec<_>>()
    };
    let first = |wanted: u8| all(wanted).into_iter().next();
    let captured = first(55).and_then(|date| Captured::from_iptc(&date, &first(60)?));
    Written {
        captured,
        author: words::author(all(80)),
        caption: first(120).and_then(|text| words::caption(&text)),
        keywords: words::keywords(all(25)),
        ..Written::default()
    }
}

fn text(bytes: &[u8], is_utf_8: bool) -> String {
    let bytes = bytes.get(..TEXT_BYTES_MAX).unwrap_or(bytes);
    if is_utf_8 { String::from_utf8_lossy(bytes).into_owned() } else { words::decoded(bytes) }
}

/// A value with its record's and its own number.
struct DataSet<'a> {
    number: (u8, u8),
    value: &'a [u8],
}

fn data_sets(record: &[u8]) -> Vec<DataSet<'_>> {
    let (mut sets, mut rest) = (Vec::new(), record);
    while let Some((set, after)) = data_set(rest) {
        rest = after;
        if is_of_interest(set.number) && sets.len() < WRITTEN_VALUES_MAX {
            sets.push(set);
        }
    }
    sets
}

fn is_of_interest(number: (u8, u8)) -> bool {
    matches!(number, (1, 90) | (2, 25 | 55 | 60 | 80 | 120))
}

/// The first data set of `bytes`, and what follows it. A length of 32 KiB and more
/// stands in as many bytes as the short length says.
fn data_set(bytes: &[u8]) -> Option<(DataSet<'_>, &[u8])> {
    let (&[0x1C, record, number, l1, l0], after) = bytes.split_first_chunk::<5>()? else {
        return None;
    };
    let short = u16::from_be_bytes([l1, l0]);
    let (length, after) = if short & 0x8000 == 0 {
        (usize::from(short), after)
    } else {
        let (long, after) = after.split_at_checked(usize::from(short & 0x7FFF).min(5))?;
        // Five bytes and more are no length that a file here can have.
        let long = <[u8; 4]>::try_from(long).ok()?;
        (u32::from_be_bytes(long) as usize, after)
    };
    let (value, after) = after.split_at_checked(length)?;
    Some((DataSet { number: (record, number), value }, after))
}
