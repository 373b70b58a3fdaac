//! An event whose volumes are not all there, or come back while the node runs.

use std::path::Path;

use super::*;
use crate::photographer::PhotographerConfig;
use crate::photographer::golden::a_photo;
use crate::photographer::import::NewPhoto;

const EVENT: EventId = EventId([3; 16]);

fn open(dir: &Path) -> EventArchive {
    let config = PhotographerConfig { reserve_bytes: 0, ballast_bytes: 0, ..PhotographerConfig::new(dir.into()) };
    EventArchive::open(&config).unwrap()
}

fn photo(seed: u8) -> NewPhoto {
    let (original, thumbnail, proof) = (vec![seed; 5_000], vec![seed; 50], vec![seed; 500]);
    let mut stored = a_photo();
    stored.record.photo_id = PhotoId(ContentHash::of(&original));
    stored.original_bytes = original.len() as u64;
    (stored.thumbnail.hash, stored.proof.hash) = (ContentHash::of(&thumbnail), ContentHash::of(&proof));
    NewPhoto { stored, original, thumbnail, proof }
}

fn ids(photos: &[u8]) -> HashSet<PhotoId> {
    photos.iter().map(|seed| photo(*seed).stored.photo_id()).collect()
}

/// A photo in each of three volumes.
fn with_three(dir: &Path) {
    let archive = open(dir);
    for seed in 1..=3 {
        archive.volumes(EVENT).open.iter().for_each(Volume::close_to_new);
        archive.put(EVENT, &[&photo(seed)]).unwrap();
    }
    assert_eq!(archive.volumes(EVENT).open.len(), 3);
}

#[test]
fn a_volume_that_is_gone_hides_none_that_came_after_it() {
    let dir = tempfile::tempdir().unwrap();
    with_three(dir.path());
    let second = dir.path().join("archive").join(volume_id(EVENT, 2));
    let away = dir.path().join("away");
    std::fs::rename(&second, &away).unwrap();
    let archive = open(dir.path());
    assert_eq!(archive.counted(EVENT).0, ids(&[1, 3]));
    archive.put(EVENT, &[&photo(4)]).unwrap();
    let third = archive.archive.volume(&volume_id(EVENT, 3)).unwrap().unwrap();
    assert!(third.has_blob(&photo(4).stored.photo_id().0.0).unwrap(), "it went to a volume that is full");
    std::fs::rename(&away, &second).unwrap();
    assert_eq!(archive.counted(EVENT).0, ids(&[1, 2, 3, 4]), "what is put back while the node runs is not seen");
}

#[test]
fn a_folder_that_only_looks_like_a_volume_is_none() {
    let dir = tempfile::tempdir().unwrap();
    with_three(dir.path());
    for odd in ["-2", "-002-old", "-0004", "-000", "-x"] {
        std::fs::create_dir_all(dir.path().join("archive").join(format!("{EVENT}{odd}"))).unwrap();
    }
    let volumes = open(dir.path()).volumes(EVENT);
    assert_eq!((volumes.open.len(), volumes.shut.len(), volumes.last), (3, 0, 3));
}
