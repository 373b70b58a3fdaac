//! Names in the hot folder. Printers' programs are old and particular, and names come
//! from other people's machines: what is written here is short ASCII, unique within
//! its folder, and can't lead out of it. Touches no disk.

use enprint_protocol::ids::OrderId;
use enprint_protocol::print_job::PrintJob;

use crate::limits::{HOT_FILE_NAME_MAX, HOT_FOLDER_NAME_MAX};

/// An order folder's name: the order's number, the event, and from the second folder
/// of the same name on a count: `7K3M-Q9ZT_Johns_Wedding`, `7K3M-Q9ZT_Johns_Wedding-2`.
pub(in crate::lab) fn folder_name(order_id: &OrderId, event: &str, try_number: u32) -> String {
    let count = if try_number > 1 { format!("-{try_number}") } else { String::new() };
    let number = order_id.number();
    let room = HOT_FOLDER_NAME_MAX.saturating_sub(number.len() + 1 + count.len());
    match safe(event, room) {
        event if event.is_empty() => format!("{number}{count}"),
        event => format!("{number}_{event}{count}"),
    }
}

/// The name under which an order folder is built. Programs that watch the hot folder
/// pass over names that begin with a dot, or must be told to.
pub(in crate::lab) fn building_name(folder_name: &str) -> String {
    format!(".enprint-{folder_name}.tmp")
}

/// The name of the job's print file at `at`: its place in the job, the photo's name
/// and, where one line alone prints it, how: `01_DSC_0001_10x15_glossy_fill_2x.jpg`.
/// A file that several lines print is there once: `02_DSC_0002_see_ticket.jpg`.
/// `ending` says what the bytes are; the ending that the photographer gave is dropped.
pub(in crate::lab) fn print_file_name(job: &PrintJob, at: usize, ending: &str) -> String {
    let digits = job.files.len().to_string().len().max(2);
    let prefix = format!("{:0digits$}", at + 1);
    let suffix = format!("{}.{ending}", how(job, at));
    let given = job.files.get(at).map_or("", |file| file.name.as_str());
    let stem = given.rsplit_once('.').map_or(given, |(stem, _)| stem);
    let room = HOT_FILE_NAME_MAX.saturating_sub(prefix.len() + suffix.len() + 2);
    match safe(stem, room) {
        stem if stem.is_empty() => format!("{prefix}_{suffix}"),
        stem => format!("{prefix}_{stem}_{suffix}"),
    }
}

/// How a file is printed, if one line says it all.
fn how(job: &PrintJob, at: usize) -> String {
    let mut lines = job.lines.iter().filter(|line| line.file as usize == at);
    match (lines.next(), lines.next()) {
        (Some(line), None) => {
            format!("{}_{}_{}_{}x", line.size, line.finish, line.crop.word(), line.quantity)
        }
        _ => "see_ticket".to_owned(),
    }
}

/// What of `text` any file system and any old program can take, at most `room` characters.
fn safe(text: &str, room: usize) -> String {
    let mut name = String::new();
    for letter in text.chars().filter(|letter| !matches!(letter, '\'' | '’')) {
        let letter = if letter.is_ascii_alphanumeric() || letter == '-' { letter } else { '_' };
        if letter != '_' || !name.ends_with('_') {
            name.push(letter);
        }
    }
    let name: String = name.trim_matches(['_', '-']).chars().take(room).collect();
    name.trim_end_matches(['_', '-']).to_owned()
}

/// The ending for a file that begins with `head`, by its bytes: a name that lies
/// can't bring a program into the hot folder.
pub(in crate::lab) fn ending_of(head: &[u8]) -> &'static str {
    match head {
        [0xff, 0xd8, 0xff, ..] => "jpg",
        [0x89, b'P', b'N', b'G', ..] => "png",
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => "tif",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "webp",
        _ => "bin",
    }
}
