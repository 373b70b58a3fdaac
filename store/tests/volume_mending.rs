//! A photo that its disk has damaged is stored again: whoever is damaged beside it, killed
//! meanwhile, or damaged once more.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use enprint_store::StoreError;
use enprint_store::archive::{Archive, ArchiveOptions, NewBlob, Volume};
use tempfile::TempDir;

const CHILD: &str = "ENPRINT_TEST_CHILD_DIR";
const PHOTO_BYTES: usize = 1_300_000;

fn open(dir: &Path) -> Volume {
    let options = ArchiveOptions { reserve_bytes: 0, ballast_bytes: 0, ..ArchiveOptions::default() };
    Archive::open(dir, options).unwrap().create_volume("v-001").unwrap()
}

fn photo(seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; PHOTO_BYTES];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

fn put(volume: &Volume, seed: u64) -> [u8; 32] {
    let (bytes, name) = (photo(seed), format!("{seed}"));
    let hash = *blake3::hash(&bytes).as_bytes();
    volume.put(&mut [NewBlob::hashed(hash, &bytes)], &[(name.as_bytes(), &hash)]).unwrap();
    hash
}

fn mend(volume: &Volume, seed: u64) -> Result<bool, StoreError> {
    let bytes = photo(seed);
    volume.mend(NewBlob::hashed(*blake3::hash(&bytes).as_bytes(), &bytes))
}

/// A volume on the disk with so many photos.
fn volume_of(count: u64) -> (TempDir, Vec<[u8; 32]>) {
    let dir = tempfile::tempdir().unwrap();
    let volume = open(dir.path());
    let photos = (0..count).map(|seed| put(&volume, seed)).collect();
    (dir, photos)
}

/// Flips a bit of a photo wherever the disk has its byte at `at`.
fn damage(dir: &Path, seed: u64, at: usize) {
    let part = photo(seed)[at..at + 64].to_vec();
    let mut found = 0;
    for file in files_below(&dir.join("v-001/slabs")) {
        let mut bytes = std::fs::read(&file).unwrap();
        let places: Vec<usize> =
            bytes.windows(part.len()).enumerate().filter(|(_, window)| *window == part).map(|(at, _)| at).collect();
        places.iter().for_each(|at| bytes[*at] ^= 1);
        found += places.len();
        if !places.is_empty() {
            std::fs::write(file, bytes).unwrap();
        }
    }
    assert!(found > 0, "its bytes are not on the disk");
}

fn files_below(dir: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect()
}

fn damaged(volume: &Volume) -> Vec<[u8; 32]> {
    volume.scrub(&mut |_| {}).unwrap().damaged
}

fn all_are_whole(volume: &Volume, photos: &[[u8; 32]]) {
    for (seed, hash) in (0..).zip(photos) {
        assert!(volume.read_blob(hash).unwrap() == photo(seed), "photo {seed}");
        let range = volume.read_range(hash, 900_000, 300_000).unwrap();
        let range: Vec<u8> = range.iter().flat_map(|part| part.as_ref()).copied().collect();
        assert!(range == photo(seed)[900_000..1_200_000], "photo {seed}");
    }
    assert!(damaged(volume).is_empty());
}

#[test]
fn a_damaged_photo_and_its_damaged_neighbours_are_mended_and_stay_so() {
    let (dir, photos) = volume_of(12);
    for at in [0, 1_200_000, PHOTO_BYTES - 64] {
        damage(dir.path(), 7, at);
    }
    let volume = open(dir.path());
    let hurt = damaged(&volume);
    assert!(hurt.contains(&photos[7]));
    // Storing it again is no cure: its header says that it is there.
    put(&volume, 7);
    assert!(matches!(volume.read_blob(&photos[7]), Err(StoreError::BlobDamaged { .. })));
    for seed in (0..12).filter(|seed| hurt.contains(&photos[*seed])) {
        assert!(mend(&volume, seed as u64).unwrap(), "photo {seed} was damaged");
    }
    all_are_whole(&volume, &photos);
    assert!(!mend(&volume, 7).unwrap(), "it is mended already");
    drop(volume);
    let volume = open(dir.path());
    all_are_whole(&volume, &photos);
    volume.seal().unwrap();
    // Whatever lies near the damaged parts goes, without going there.
    volume.remove(&photos, &[]).unwrap();
    assert!(volume.blobs().unwrap().is_empty());
}

#[test]
fn what_the_disk_changes_while_a_volume_is_open_is_found_though_it_is_remembered() {
    let (dir, photos) = volume_of(3);
    let volume = open(dir.path());
    all_are_whole(&volume, &photos);
    damage(dir.path(), 1, 600_000);
    assert!(volume.read_blob(&photos[1]).unwrap() == photo(1), "nobody remembered it");
    assert!(damaged(&volume).contains(&photos[1]));
}

#[test]
fn what_is_removed_or_mended_while_all_is_read_is_passed_over_and_no_damage() {
    let (dir, photos) = volume_of(8);
    let mut order = photos.clone();
    order.sort_unstable();
    let (removed, last) = (order[3], order[7]);
    let seed_of = |hash: [u8; 32]| photos.iter().position(|known| *known == hash).unwrap() as u64;
    damage(dir.path(), seed_of(last), 600_000);
    let volume = open(dir.path());
    let hurt = damaged(&volume);
    assert!(hurt.contains(&last) && !hurt.contains(&order[0]), "{hurt:?}");
    let mut is_first = true;
    let report = volume.scrub(&mut |_| {
        if std::mem::take(&mut is_first) {
            hurt.iter().for_each(|hash| assert!(mend(&volume, seed_of(*hash)).unwrap()));
            volume.remove(&[removed], &[]).unwrap();
        }
    });
    let report = report.unwrap();
    assert!(report.damaged.is_empty() && report.blobs == 7, "{report:?}");
}

#[test]
fn a_mended_photo_that_is_damaged_again_is_mended_again() {
    let (dir, photos) = volume_of(3);
    for _ in 0..5 {
        damage(dir.path(), 1, 600_000);
        let volume = open(dir.path());
        let hurt = damaged(&volume);
        assert!(hurt.contains(&photos[1]));
        for seed in (0..3).filter(|seed| hurt.contains(&photos[*seed])) {
            assert!(mend(&volume, seed as u64).unwrap());
        }
        all_are_whole(&volume, &photos);
    }
}

#[test]
fn a_new_photo_whose_place_is_damaged_goes_to_another_and_fences_nothing() {
    let (dir, mut photos) = volume_of(8);
    for seed in 0..8 {
        damage(dir.path(), seed, PHOTO_BYTES - 64);
    }
    let volume = open(dir.path());
    photos.extend((8..24).map(|seed| put(&volume, seed)));
    for seed in 0..8 {
        assert!(mend(&volume, seed).unwrap());
    }
    all_are_whole(&volume, &photos);
}

#[test]
fn what_is_no_cure_changes_nothing() {
    let (dir, photos) = volume_of(2);
    damage(dir.path(), 0, 1_200_000);
    let volume = open(dir.path());
    let (wrong, mut long) = (photo(99), &photo(0)[..PHOTO_BYTES - 1]);
    let absent = volume.mend(NewBlob::hashed(*blake3::hash(&wrong).as_bytes(), &wrong));
    assert!(matches!(absent, Err(StoreError::BlobMissing)), "{absent:?}");
    let other = volume.mend(NewBlob::read(photos[0], &mut long));
    assert!(matches!(other, Err(StoreError::BlobHashWrong)), "{other:?}");
    assert!(matches!(volume.read_blob(&photos[0]), Err(StoreError::BlobDamaged { .. })));
    assert!(mend(&volume, 0).unwrap());
    assert!(volume.read_blob(&photos[0]).unwrap() == photo(0));
}

/// Gives a photo's bytes, and ends the process as a kill does after so many.
struct EndsAfter {
    bytes: Vec<u8>,
    given: usize,
    end: usize,
}

impl Read for EndsAfter {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.given >= self.end {
            std::process::abort();
        }
        let next = (self.bytes.len() - self.given).min(into.len());
        into[..next].copy_from_slice(&self.bytes[self.given..self.given + next]);
        self.given += next;
        Ok(next)
    }
}

#[test]
#[ignore = "a process that another test starts and that ends itself"]
fn child_is_killed_while_it_mends() {
    let told = std::env::var(CHILD).expect("run by another test");
    let (end, dir) = told.split_once(' ').unwrap();
    let mut reader = EndsAfter { bytes: photo(1), given: 0, end: end.parse().unwrap() };
    drop(open(Path::new(dir)).mend(NewBlob::read(*blake3::hash(&photo(1)).as_bytes(), &mut reader)));
}

#[test]
fn a_kill_in_mid_mend_leaves_the_photo_as_it_was_and_the_next_mend_cures_it() {
    let (dir, photos) = volume_of(3);
    damage(dir.path(), 1, 1_200_000);
    for end in [1, 1 << 20, PHOTO_BYTES] {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["child_is_killed_while_it_mends", "--exact", "--ignored", "--test-threads=1"]);
        let ended = child.env(CHILD, format!("{end} {}", dir.path().display())).output().unwrap();
        assert!(!ended.status.success(), "it was not killed");
        let volume = open(dir.path());
        assert!(matches!(volume.read_blob(&photos[1]), Err(StoreError::BlobDamaged { .. })), "after {end} bytes");
        assert!(volume.read_blob(&photos[0]).is_ok() || damaged(&volume).contains(&photos[0]));
    }
    let volume = open(dir.path());
    let hurt = damaged(&volume);
    for seed in (0..3).filter(|seed| hurt.contains(&photos[*seed])) {
        assert!(mend(&volume, seed as u64).unwrap());
    }
    all_are_whole(&volume, &photos);
}
