//! A disk that changes what was stored on it.

use std::path::{Path, PathBuf};

/// Flips a bit of `bytes`, at `at`, wherever the archive of the data folder has them. The
/// process that has it open must be ended: it may remember them.
pub fn flip(data: &Path, bytes: &[u8], at: usize) {
    let part = &bytes[at..at + 48];
    let mut found = 0;
    for file in files_below(&data.join("archive")) {
        let mut stored = std::fs::read(&file).unwrap();
        let first = |from: usize| stored[from..].iter().position(|byte| *byte == part[0]).map(|step| from + step);
        let mut places = Vec::new();
        let mut next = first(0);
        while let Some(place) = next {
            places.extend(stored[place..].starts_with(part).then_some(place));
            next = first(place + 1);
        }
        if !places.is_empty() {
            found += places.len();
            places.iter().for_each(|place| stored[*place] ^= 1);
            std::fs::write(&file, stored).unwrap();
        }
    }
    assert!(found > 0, "the bytes are not on the disk");
}

/// Changes a byte in so many, from `first` on, of an event's files of slots of these sizes.
pub fn flip_slots(data: &Path, event_id: &str, is_meant: impl Fn(u64) -> bool, first: usize, every: usize) {
    let mut flipped = 0;
    for file in slabs(data, event_id, is_meant) {
        let mut bytes = std::fs::read(&file).unwrap();
        for at in (first..bytes.len()).step_by(every) {
            bytes[at] ^= 1;
            flipped += 1;
        }
        std::fs::write(file, bytes).unwrap();
    }
    assert!(flipped > 0, "nothing was damaged");
}

/// Takes a part of every volume away; with "" the volumes themselves.
pub fn lose_volumes(data: &Path, part: &str) {
    for volume in std::fs::read_dir(data.join("archive")).unwrap().map(|entry| entry.unwrap().path()) {
        if volume.is_dir() {
            std::fs::remove_dir_all(volume.join(part)).unwrap();
        }
    }
}

/// Of an event's only volume, files of slots that are not empty.
pub fn slabs(data: &Path, event_id: &str, is_meant: impl Fn(u64) -> bool) -> Vec<PathBuf> {
    let mut files = files_below(&data.join("archive").join(format!("{event_id}-001")).join("slabs"));
    files.retain(|file| {
        let size = file.file_name().and_then(|name| name.to_str()?.parse().ok());
        size.is_some_and(&is_meant) && std::fs::metadata(file).unwrap().len() > 0
    });
    files
}

fn files_below(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}
