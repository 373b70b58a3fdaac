//! Tests: a volume of the first format, as an earlier program left it.

use super::format::{Hash, Header, SCHEMA_FIRST, SCHEMA_KEY, SCHEMA_VERSION, Shelf, header_key, record_key};
use super::handle::Handle;
use super::layout::Layout;
use super::{Archive, ArchiveOptions, NewBlob, Volume};
use crate::error::StoreError;

const PIECE: usize = 65_536;

fn open(dir: &std::path::Path) -> Result<Volume, StoreError> {
    let options = ArchiveOptions { reserve_bytes: 0, ballast_bytes: 0, ..ArchiveOptions::default() };
    Ok(Archive::open(dir, options)?.volume("event")?.unwrap())
}

fn on_disk(dir: &std::path::Path, work: impl FnOnce(&super::database::Database) + Send + 'static) {
    let dir = dir.join("event");
    std::fs::create_dir_all(&dir).unwrap();
    let handle = Handle::open("event", &dir, std::time::Duration::from_secs(60)).unwrap();
    let done = handle.write(|database| {
        work(database);
        database.flush()
    });
    done.unwrap();
}

fn left_by_the_first_program(dir: &std::path::Path, blob: &[u8]) -> Hash {
    let (hash, blob) = (*blake3::hash(blob).as_bytes(), blob.to_vec());
    on_disk(dir, move |database| {
        for (number, piece) in blob.chunks(PIECE).enumerate() {
            database.insert(&Shelf::USUAL.piece_key(&hash, number as u32), piece.into()).unwrap();
        }
        database.insert(&header_key(&hash), (blob.len() as u64).to_be_bytes().as_slice().into()).unwrap();
        database.insert(&record_key(b"photo"), b"one".as_slice().into()).unwrap();
        database.insert(SCHEMA_KEY, SCHEMA_FIRST.to_be_bytes().as_slice().into()).unwrap();
    });
    hash
}

fn version(volume: &Volume) -> u32 {
    let found = volume.handle().read(|database| database.get(SCHEMA_KEY)).unwrap().unwrap();
    u32::from_be_bytes(found[..].try_into().unwrap())
}

#[test]
fn what_an_earlier_program_stored_is_read_added_to_and_removed() {
    let dir = tempfile::tempdir().unwrap();
    let old: Vec<u8> = (0..2_500_000_u32).map(|at| (at / 7 + at % 251) as u8).collect();
    let hash = left_by_the_first_program(dir.path(), &old);

    let volume = open(dir.path()).unwrap();
    assert_eq!(volume.read_blob(&hash).unwrap(), old);
    for (offset, length) in [(0, 1), (65_535, 2), (1 << 20, 1 << 20), (95_000, 200_000), (2_499_999, 1)] {
        let range = volume.read_range(&hash, offset as u64, length).unwrap();
        let range: Vec<u8> = range.iter().flat_map(|part| part.as_ref()).copied().collect();
        assert_eq!(range, old[offset..offset + length], "{offset}");
    }
    assert_eq!(volume.record(b"photo").unwrap().unwrap(), b"one");
    assert_eq!(version(&volume), SCHEMA_FIRST, "only read, it is still the earlier program's");

    let new = [&old[..], b"more"].concat();
    let new_hash = *blake3::hash(&new).as_bytes();
    volume.put(&mut [NewBlob::hashed(hash, &old), NewBlob::hashed(new_hash, &new)], &[]).unwrap();
    drop(volume);
    let volume = open(dir.path()).unwrap();
    assert_eq!((volume.read_blob(&hash).unwrap(), volume.read_blob(&new_hash).unwrap()), (old, new));
    assert_eq!(version(&volume), SCHEMA_VERSION);
    let report = volume.scrub(&mut |_| {}).unwrap();
    assert_eq!((report.blobs, report.damaged), (2, vec![]));

    volume.remove(&[hash], &[]).unwrap();
    assert!(matches!(volume.read_blob(&hash), Err(StoreError::BlobMissing)));
    let left =
        volume.handle().read(move |database| database.scan(&Shelf::USUAL.blob_prefix(&hash)).map(Iterator::count));
    assert_eq!(left.unwrap(), 0, "pieces of it are left");
    assert!(volume.read_blob(&new_hash).is_ok());
}

#[test]
fn what_an_earlier_program_stored_and_its_disk_damaged_is_mended_in_the_newest_format() {
    for (layout, written) in [(Layout::FIRST, SCHEMA_FIRST), (Layout::NEW, 2)] {
        let dir = tempfile::tempdir().unwrap();
        let old: Vec<u8> = (0..2_500_000_u32).map(|at| (at / 7 + at % 251) as u8).collect();
        let hash = left_by_the_first_program(dir.path(), &old);
        let (length, pieces) = (old.len() as u64, layout.count(old.len() as u64));
        on_disk(dir.path(), move |database| {
            let header = Header { bytes: length, layout, shelf: Shelf::USUAL };
            database.insert(&header_key(&hash), header.encoded()[..].into()).unwrap();
            database.insert(&Shelf::USUAL.piece_key(&hash, 3), b"other".as_slice().into()).unwrap();
            database.insert(SCHEMA_KEY, written.to_be_bytes().as_slice().into()).unwrap();
        });
        let volume = open(dir.path()).unwrap();
        assert!(matches!(volume.read_blob(&hash), Err(StoreError::BlobDamaged { .. })));
        assert!(volume.mend(NewBlob::hashed(hash, &old)).unwrap());
        assert_eq!((volume.read_blob(&hash).unwrap(), version(&volume)), (old.clone(), SCHEMA_VERSION));
        let range = volume.read_range(&hash, 1 << 20, 1 << 20).unwrap();
        let range: Vec<u8> = range.iter().flat_map(|part| part.as_ref()).copied().collect();
        assert_eq!(range, old[1 << 20..2 << 20]);
        // The first program left pieces of its own number, of which the second knew less.
        assert_eq!(volume.sweep().unwrap(), u64::from(Layout::FIRST.count(length) - pieces));
        assert_eq!(volume.scrub(&mut |_| {}).unwrap().damaged, Vec::<Hash>::new());
    }
}

#[test]
fn a_volume_of_a_later_program_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    on_disk(dir.path(), |database| {
        database.insert(SCHEMA_KEY, (SCHEMA_VERSION + 1).to_be_bytes().as_slice().into()).unwrap();
    });
    assert!(matches!(open(dir.path()), Err(StoreError::VolumeNewer { .. })));
}
