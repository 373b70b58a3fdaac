//! A volume whose disk has damaged the parts that list photos, cut a file of it short, or
//! lost one: what can be read is, and nothing that is new is lost.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::Command;

use enprint_store::StoreError;
use enprint_store::archive::{Archive, ArchiveOptions, NewBlob, Volume};
use tempfile::TempDir;

const CHILD: &str = "ENPRINT_TEST_CHILD_DIR";
const PHOTOS: u64 = 60;
/// No header or record is in a slot that is larger.
const LIST_SLOT_BYTES_MAX: u64 = 4_096;

fn open(dir: &Path) -> Volume {
    let options = ArchiveOptions { reserve_bytes: 0, ballast_bytes: 0, ..ArchiveOptions::default() };
    Archive::open(dir, options).unwrap().create_volume("v-001").unwrap()
}

fn photo(seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; 20_000];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

fn put(volume: &Volume, seed: u64) -> Result<[u8; 32], StoreError> {
    let (bytes, name) = (photo(seed), format!("photo/{seed:04}"));
    let hash = *blake3::hash(&bytes).as_bytes();
    volume.put(&mut [NewBlob::hashed(hash, &bytes)], &[(name.as_bytes(), &[&hash[..]; 20].concat())]).map(|()| hash)
}

/// A volume on the disk, and its photos.
fn volume() -> (TempDir, Vec<[u8; 32]>) {
    let dir = tempfile::tempdir().unwrap();
    let volume = open(dir.path());
    let photos = (0..PHOTOS).map(|seed| put(&volume, seed).unwrap()).collect();
    (dir, photos)
}

/// The volume's files of slots that hold no photo.
fn lists(dir: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(dir.join("v-001/slabs")).unwrap().map(|entry| entry.unwrap().path());
    let slot_bytes = |file: &PathBuf| file.file_name()?.to_str()?.parse::<u64>().ok();
    files.filter(|file| slot_bytes(file).is_some_and(|bytes| bytes <= LIST_SLOT_BYTES_MAX)).collect()
}

/// Changes a byte in so many, from the first on.
fn flip_every(dir: &Path, every: usize) {
    let mut flipped = 0;
    for file in lists(dir) {
        let mut bytes = std::fs::read(&file).unwrap();
        for at in (every / 2..bytes.len()).step_by(every) {
            bytes[at] ^= 1;
            flipped += 1;
        }
        std::fs::write(file, bytes).unwrap();
    }
    assert!(flipped > 1, "nothing was damaged");
}

fn readable(volume: &Volume, photos: &[[u8; 32]]) -> usize {
    let read = |(seed, hash): (u64, &[u8; 32])| match volume.read_blob(hash) {
        Ok(blob) => {
            assert!(blob == photo(seed), "photo {seed} is another");
            true
        }
        Err(error) => {
            assert!(error.is_of_damage(), "photo {seed}: {error}");
            false
        }
    };
    (0..).zip(photos).filter(|photo| read(*photo)).count()
}

#[test]
fn damage_where_photos_are_listed_costs_no_more_than_stands_there() {
    for every in [1_000, 4_000] {
        let (dir, photos) = volume();
        flip_every(dir.path(), every);
        let volume = open(dir.path());
        let listed = volume.records(b"photo/").unwrap();
        let report = volume.scrub(&mut |_| {}).unwrap();
        assert!(!listed.gaps.is_empty() && !report.gaps.is_empty(), "every {every}: a list was not hit");
        assert_eq!(volume.records(b"photo/").unwrap(), listed, "every {every}: the same damage reads otherwise");
        for (name, record) in &listed.entries {
            let seed: usize = std::str::from_utf8(&name[6..]).unwrap().parse().unwrap();
            assert_eq!(record[..32], photos[seed], "every {every}");
        }
        // No part has more than four.
        let (records, blobs) = (listed.entries.len(), readable(&volume, &photos));
        assert!(records + 4 * listed.gaps.len() >= photos.len(), "every {every}: {records} records");
        assert!(blobs + 4 * report.gaps.len() >= photos.len(), "every {every}: {blobs} blobs");
        assert_eq!((report.blobs as usize, report.damaged.len()), (blobs, 0), "every {every}");
    }
}

#[test]
fn what_would_have_to_go_where_a_list_is_damaged_is_refused_and_the_volume_goes_on() {
    let (dir, photos) = volume();
    flip_every(dir.path(), 3_000);
    let volume = open(dir.path());
    let before = readable(&volume, &photos);
    let mut refused = 0;
    for seed in PHOTOS..PHOTOS + 40 {
        match put(&volume, seed) {
            Ok(hash) => assert!(volume.read_blob(&hash).unwrap() == photo(seed)),
            Err(error) => {
                // Whether it is sealed may stand where it is damaged.
                assert!(error.is_of_damage() || matches!(error, StoreError::VolumeSealed { .. }), "{error}");
                refused += 1;
            }
        }
    }
    assert!(refused > 0, "nothing had to go where it is damaged");
    for hash in &photos {
        let gone = volume.remove(&[*hash], &[]);
        assert!(gone.as_ref().is_ok_and(|()| true) || gone.is_err_and(|error| error.is_of_damage()));
    }
    assert!(before > 0 && readable_left(&volume, &photos) < before);
}

/// How many are there still.
fn readable_left(volume: &Volume, photos: &[[u8; 32]]) -> usize {
    photos.iter().filter(|hash| volume.read_blob(hash).is_ok()).count()
}

#[test]
fn nobody_reads_what_sled_says_of_damage() {
    let (dir, photos) = volume();
    flip_every(dir.path(), 1_000);
    let volume = open(dir.path());
    let errors = photos.iter().filter_map(|hash| volume.read_blob(hash).err());
    let mut said: Vec<String> = errors.map(|error| error.to_string()).collect();
    drop(volume);
    std::fs::write(dir.path().join("v-001/durability_cookie"), [7; 64]).unwrap();
    let options = ArchiveOptions { reserve_bytes: 0, ballast_bytes: 0, ..ArchiveOptions::default() };
    let archive = Archive::open(dir.path(), options).unwrap();
    for _ in 0..2 {
        let shut = archive.volume("v-001").unwrap_err();
        assert!(matches!(shut, StoreError::VolumeDamaged { .. }), "{shut}");
        said.push(shut.to_string());
    }
    assert!(said.len() > 2);
    for said in said {
        for raw in ["sled", "/src/", ".rs", "crc", "registry"] {
            assert!(!said.contains(raw), "{said}");
        }
    }
}

#[test]
#[ignore = "a process that another test starts, and whose output it reads"]
fn child_reads_everything() {
    let dir = PathBuf::from(std::env::var_os(CHILD).expect("run by another test"));
    let (volume, mut damaged) = (open(&dir), 0);
    for seed in 0..PHOTOS {
        damaged += u32::from(volume.read_blob(blake3::hash(&photo(seed)).as_bytes()).is_err());
    }
    println!("{damaged} of them, {} gaps", volume.records(b"photo/").unwrap().gaps.len());
}

#[test]
fn a_file_that_was_cut_short_or_is_gone_is_damage_and_prints_nothing() {
    for is_gone in [false, true] {
        let (dir, photos) = volume();
        let mut files = lists(dir.path());
        files.retain(|file| std::fs::metadata(file).unwrap().len() > 0);
        for file in &files {
            if is_gone {
                std::fs::remove_file(file).unwrap();
            } else {
                let bytes = std::fs::read(file).unwrap();
                std::fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
            }
        }
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["child_reads_everything", "--exact", "--ignored", "--nocapture", "--test-threads=1"]);
        let ended = child.env(CHILD, dir.path()).output().unwrap();
        let printed = String::from_utf8([ended.stdout, ended.stderr].concat()).unwrap();
        assert!(ended.status.success(), "{printed}");
        assert!(printed.contains("of them") && !printed.contains(" 0 gaps"), "{printed}");
        for raw in ["failed to read", "Backtrace", "/sled", "panicked"] {
            assert!(!printed.contains(raw), "{raw} is in {printed}");
        }
        let volume = open(dir.path());
        assert!(readable(&volume, &photos) < photos.len());
    }
}
