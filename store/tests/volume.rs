//! What a volume promises when nothing goes wrong.

#![allow(clippy::unwrap_used, clippy::panic)]

use enprint_store::StoreError;
use enprint_store::archive::{Archive, ArchiveOptions, Exported, NewBlob, Volume};

fn archive(dir: &std::path::Path) -> Archive {
    Archive::open(
        dir,
        ArchiveOptions { reserve_bytes: 0, ballast_bytes: 0, volume_bytes_max: 1_000_000, ..ArchiveOptions::default() },
    )
    .unwrap()
}

fn put(volume: &Volume, bytes: &[u8], records: &[(&[u8], &[u8])]) -> Result<[u8; 32], StoreError> {
    let hash = *blake3::hash(bytes).as_bytes();
    volume.put(&mut [NewBlob::hashed(hash, bytes)], records)?;
    Ok(hash)
}

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 7 + at / 251) as u8).collect()
}

#[test]
fn what_is_stored_is_read_back_whole_and_in_ranges_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let blob = bytes(700_001);
    let hash = {
        let volume = archive(dir.path()).create_volume("event-001").unwrap();
        put(&volume, &blob, &[(b"photo/1", b"one"), (b"photo/2", b"two"), (b"other", b"x")]).unwrap()
    };
    let volume = archive(dir.path()).volume("event-001").unwrap().unwrap();
    assert_eq!(volume.read_blob(&hash).unwrap(), blob);
    for (offset, length) in [(0, 1), (65_535, 2), (131_072, 65_536), (700_000, 1), (1_000, 500_000)] {
        let range = volume.read_range(&hash, offset, length as usize).unwrap();
        let range: Vec<u8> = range.iter().flat_map(|part| part.as_ref()).copied().collect();
        assert_eq!(range, blob[offset as usize..(offset + length) as usize]);
    }
    for (offset, length) in [(700_001, 1), (0, 700_002), (u64::MAX, 2), (0, (1 << 20) + 1)] {
        let range = volume.read_range(&hash, offset, length as usize);
        assert!(matches!(range, Err(StoreError::RangeOutside { .. })), "{range:?}");
    }
    let names: Vec<_> = volume.records(b"photo/").unwrap().entries.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, [b"photo/1".to_vec(), b"photo/2".to_vec()]);
    assert_eq!(volume.count(b"photo/").unwrap(), 2);
}

#[test]
fn bytes_of_another_hash_leave_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let volume = archive(dir.path()).create_volume("event-001").unwrap();
    let wrong = *blake3::hash(b"other").as_bytes();
    let blob = bytes(200_000);
    let mut reader = blob.as_slice();
    let refused = volume.put(&mut [NewBlob::read(wrong, &mut reader)], &[(b"photo/1", b"one")]);
    assert!(matches!(refused, Err(StoreError::BlobHashWrong)));
    assert!(!volume.has_blob(&wrong).unwrap());
    assert!(volume.record(b"photo/1").unwrap().is_none());
    assert_eq!(volume.sweep().unwrap(), 0);
}

#[test]
fn a_sealed_volume_takes_nothing_and_stays_sealed() {
    let dir = tempfile::tempdir().unwrap();
    let hash = {
        let volume = archive(dir.path()).create_volume("event-001").unwrap();
        let hash = put(&volume, &bytes(1_000_000), &[]).unwrap();
        assert!(volume.is_full());
        volume.seal().unwrap();
        hash
    };
    let volume = archive(dir.path()).volume("event-001").unwrap().unwrap();
    assert!(volume.is_full());
    assert!(matches!(put(&volume, b"more", &[]), Err(StoreError::VolumeSealed { .. })));
    assert_eq!(volume.read_blob(&hash).unwrap().len(), 1_000_000);
}

#[test]
fn a_removed_volume_is_gone_and_its_handles_say_so() {
    let dir = tempfile::tempdir().unwrap();
    let archive = archive(dir.path());
    let volume = archive.create_volume("event-001").unwrap();
    let hash = put(&volume, &bytes(100_000), &[]).unwrap();
    archive.remove_volume("event-001").unwrap();
    assert!(archive.list().unwrap().is_empty());
    assert!(matches!(volume.read_blob(&hash), Err(StoreError::VolumeFenced { .. })));
    assert!(archive.volume("event-001").unwrap().is_none());
    assert!(matches!(archive.volume("../event"), Err(StoreError::VolumeIdUnusable)));
}

#[test]
fn a_removed_blob_is_gone_and_the_others_stay() {
    let dir = tempfile::tempdir().unwrap();
    let volume = archive(dir.path()).create_volume("event-001").unwrap();
    let (one, two) =
        (put(&volume, &bytes(90_000), &[(b"1", b"1")]).unwrap(), put(&volume, &bytes(80_000), &[]).unwrap());
    volume.remove(&[one], &[b"1"]).unwrap();
    assert!(matches!(volume.read_blob(&one), Err(StoreError::BlobMissing)));
    assert!(volume.record(b"1").unwrap().is_none());
    assert_eq!(volume.read_blob(&two).unwrap(), bytes(80_000));
}

#[test]
fn an_export_never_overwrites_never_writes_twice_and_never_leaves_its_folder() {
    let dir = tempfile::tempdir().unwrap();
    let volume = archive(dir.path()).create_volume("event-001").unwrap();
    let (one, two) = (put(&volume, &bytes(90_000), &[]).unwrap(), put(&volume, &bytes(80_000), &[]).unwrap());
    let out = tempfile::tempdir().unwrap();
    let export = |hash, name: &str| volume.export_blob(hash, out.path(), name.as_ref()).unwrap();
    let (usual, numbered) = (out.path().join("a/DSC_1.jpg"), out.path().join("a/DSC_1 (1).jpg"));
    assert_eq!(export(&one, "a/DSC_1.jpg"), Exported::Written { path: usual.clone(), is_renamed: false });
    assert_eq!(export(&two, "../a/DSC_1.jpg"), Exported::Written { path: numbered.clone(), is_renamed: true });
    assert_eq!((export(&one, "a/DSC_1.jpg"), export(&two, "a/DSC_1.jpg")), (Exported::There, Exported::There));
    assert_eq!((std::fs::read(&usual).unwrap(), std::fs::read(numbered).unwrap()), (bytes(90_000), bytes(80_000)));
    // One of the same length that somebody changed is another file.
    std::fs::write(&usual, vec![7; 90_000]).unwrap();
    let third = Exported::Written { path: out.path().join("a/DSC_1 (2).jpg"), is_renamed: true };
    assert_eq!(export(&one, "a/DSC_1.jpg"), third);
    assert_eq!(std::fs::read(usual).unwrap(), vec![7; 90_000]);
}
