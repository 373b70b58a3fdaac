//! What must never lose a photograph: kills, full disks, flipped bits, a second process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use enprint_store::StoreError;
use enprint_store::archive::{Archive, ArchiveOptions, DataLock, NewBlob, Volume};

/// Far more than reading a few photos takes, and far less than for ever.
const FLIP_DEADLINE: Duration = Duration::from_secs(30);
const CHILD: &str = "ENPRINT_TEST_CHILD_DIR";

fn options() -> ArchiveOptions {
    ArchiveOptions { reserve_bytes: 0, ballast_bytes: 0, deadline: FLIP_DEADLINE, ..ArchiveOptions::default() }
}

fn bytes_of(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

fn put(volume: &Volume, name: &str, bytes: &[u8]) -> Result<[u8; 32], StoreError> {
    let hash = *blake3::hash(bytes).as_bytes();
    let mut reader = bytes;
    volume.put(&mut [NewBlob::read(hash, &mut reader)], &[(name.as_bytes(), &hash)])?;
    Ok(hash)
}

/// Runs one test of this file in a process of its own.
fn child(test: &str, dir: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture", "--ignored", "--test-threads=1"]).env(CHILD, dir);
    command.stdout(Stdio::piped()).spawn().unwrap()
}

fn child_dir() -> PathBuf {
    PathBuf::from(std::env::var_os(CHILD).expect("run by another test"))
}

#[test]
#[ignore = "a process that other tests start and kill"]
fn child_imports_until_killed() {
    let volume = Archive::open(&child_dir(), options()).unwrap().create_volume("v-001").unwrap();
    let start = volume.count(b"").unwrap();
    for seed in start.. {
        put(&volume, &format!("{seed:08}"), &bytes_of(seed, 300_000)).unwrap();
        println!("acknowledged {seed}");
    }
}

#[test]
fn sigkill_in_mid_import_loses_nothing_that_was_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let mut acknowledged = 0;
    for round in 0..4_u64 {
        let mut importer = child("child_imports_until_killed", dir.path());
        let lines = BufReader::new(importer.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut seen = 0;
        for line in lines {
            if let Some(seed) = line.strip_prefix("acknowledged ") {
                acknowledged = seed.parse::<u64>().unwrap();
                seen += 1;
            }
            if seen > 5 + round * 7 {
                break;
            }
        }
        importer.kill().unwrap();
        importer.wait().unwrap();
        let volume = Archive::open(dir.path(), options()).unwrap().create_volume("v-001").unwrap();
        for seed in 0..=acknowledged {
            let hash = volume.record(format!("{seed:08}").as_bytes()).unwrap().expect("its record");
            let blob = volume.read_blob(&hash.try_into().unwrap()).unwrap();
            assert!(blob == bytes_of(seed, 300_000), "photo {seed} is not what it was");
        }
        volume.sweep().unwrap();
        assert!(volume.scrub(&mut |_| {}).unwrap().damaged.is_empty());
    }
}

#[test]
fn a_full_disk_is_refused_in_words_and_everything_stays_readable() {
    let dir = tempfile::tempdir().unwrap();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=96m", "tmpfs"]).arg(dir.path()).output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        println!("left out: a full disk (this user may not mount a small one)");
        return;
    }
    let outcome = std::panic::catch_unwind(|| fill(dir.path()));
    drop(Command::new("umount").arg("-l").arg(dir.path()).output());
    outcome.unwrap();
}

fn fill(dir: &Path) {
    let tight = ArchiveOptions { reserve_bytes: 16 << 20, ballast_bytes: 8 << 20, ..ArchiveOptions::default() };
    let archive = Archive::open(dir, tight.clone()).unwrap();
    let volume = archive.create_volume("v-001").unwrap();
    let mut hashes = Vec::new();
    let refused = loop {
        match put(&volume, &format!("{:08}", hashes.len()), &bytes_of(hashes.len() as u64, 1_000_000)) {
            Ok(hash) => hashes.push(hash),
            Err(error) => break error,
        }
        assert!(hashes.len() < 200, "the disk never filled");
    };
    assert!(matches!(refused, StoreError::DiskReserveReached { .. }), "{refused}");
    assert!(refused.to_string().contains("free some space"), "{refused}");
    assert!(hashes.len() > 10, "only {} photos fitted", hashes.len());
    for (seed, hash) in hashes.iter().enumerate() {
        assert!(volume.read_blob(hash).unwrap() == bytes_of(seed as u64, 1_000_000));
    }
    // Somebody else fills the rest: reading goes on, and the ballast gives room.
    let mut hog = std::fs::File::create(dir.join("hog")).unwrap();
    while hog.write_all(&[7; 65_536]).is_ok() {}
    assert!(volume.read_blob(&hashes[0]).unwrap() == bytes_of(0, 1_000_000));
    archive.release_ballast();
    drop(hog);
    std::fs::remove_file(dir.join("hog")).unwrap();
    volume.remove(&hashes[..1], &[b"00000000"]).unwrap();
    drop((volume, archive));
    let volume = Archive::open(dir, tight).unwrap().create_volume("v-001").unwrap();
    assert!(volume.read_blob(&hashes[1]).unwrap() == bytes_of(1, 1_000_000));
}

#[test]
fn a_flipped_bit_gives_right_bytes_or_an_error_in_time_and_harms_no_other_volume() {
    let dir = tempfile::tempdir().unwrap();
    let archive = Archive::open(dir.path(), options()).unwrap();
    let volume = archive.create_volume("v-001").unwrap();
    let photos: Vec<_> =
        (0..6).map(|seed| put(&volume, &format!("{seed}"), &bytes_of(seed, 400_000)).unwrap()).collect();
    let other = archive.create_volume("v-002").unwrap();
    let untouched = put(&other, "other", b"of another event").unwrap();
    drop((volume, other, archive));
    let files = files_below(&dir.path().join("v-001"));
    let mut harmed = 0;
    for round in 0..120_u64 {
        let copy = tempfile::tempdir().unwrap();
        copy_all(dir.path(), copy.path());
        flip(copy.path(), dir.path(), &files, round);
        let archive = Archive::open(copy.path(), options()).unwrap();
        let start = Instant::now();
        harmed += u32::from(look_through(&archive, &photos, round));
        let other = archive.volume("v-002").unwrap().unwrap();
        assert_eq!(other.read_blob(&untouched).unwrap(), b"of another event", "round {round}");
        assert!(start.elapsed() < FLIP_DEADLINE, "round {round} took {:?}", start.elapsed());
    }
    assert!(harmed > 20, "only {harmed} flips hit anything");
}

/// Reads all there is; whether anything was an error. What can be read is right, and
/// nothing that was acknowledged counts as never stored.
fn look_through(archive: &Archive, photos: &[[u8; 32]], round: u64) -> bool {
    let volume = match archive.volume("v-001") {
        Ok(volume) => volume.unwrap(),
        Err(error) => {
            let is_damage = matches!(error, StoreError::VolumeDamaged { .. });
            assert!(is_damage && error.to_string().contains("v-001"), "round {round}: {error}");
            return true;
        }
    };
    let mut damaged = Vec::new();
    for (seed, hash) in photos.iter().enumerate() {
        match volume.read_blob(hash) {
            Ok(blob) => assert!(blob == bytes_of(seed as u64, 400_000), "round {round}: wrong bytes were served"),
            Err(error) => {
                assert!(!matches!(error, StoreError::BlobMissing), "round {round}: a photo vanished");
                damaged.push(*hash);
            }
        }
        if let Ok(record) = volume.record(format!("{seed}").as_bytes()) {
            assert_eq!(record.as_deref(), Some(&hash[..]), "round {round}: a record vanished");
        }
    }
    let swept = volume.sweep();
    match volume.scrub(&mut |_| {}) {
        Ok(report) => {
            damaged.sort_unstable();
            let mut found = report.damaged;
            found.sort_unstable();
            if !report.gaps.is_empty() {
                return true; // what is not listed can't be mended here
            }
            assert_eq!((found, report.blobs), (damaged.clone(), 6), "round {round}");
            mend(&volume, &damaged, photos, round);
            !damaged.is_empty() || swept.is_err()
        }
        Err(_) => true,
    }
}

/// Stores what is damaged again: all is whole then.
fn mend(volume: &Volume, damaged: &[[u8; 32]], photos: &[[u8; 32]], round: u64) {
    for (seed, hash) in (0..).zip(photos).filter(|(_, hash)| damaged.contains(hash)) {
        let mended = volume.mend(NewBlob::hashed(*hash, &bytes_of(seed, 400_000)));
        assert!(mended.as_ref().is_ok_and(|mended| *mended), "round {round}: {mended:?}");
    }
    for (seed, hash) in (0..).zip(photos) {
        assert!(volume.read_blob(hash).unwrap() == bytes_of(seed, 400_000), "round {round}: photo {seed}");
    }
}

#[test]
fn one_damaged_photo_is_not_served_and_the_others_are() {
    let (dir, photos) = twenty_photos_of_which_the_eighth_is_damaged();
    let volume = Archive::open(dir.path(), options()).unwrap().volume("v-001").unwrap().unwrap();
    let report = volume.scrub(&mut |_| {}).unwrap();
    assert!(report.damaged.contains(&photos[7]));
    // Neighbours in the same part of the tree go with it.
    assert!(report.damaged.len() <= 3, "{} of 20 damaged", report.damaged.len());
    for (seed, hash) in photos.iter().enumerate().filter(|(_, hash)| !report.damaged.contains(hash)) {
        assert!(volume.read_blob(hash).unwrap() == bytes_of(seed as u64, 400_000));
    }
    assert!(matches!(volume.read_blob(&photos[7]), Err(StoreError::BlobDamaged { .. })));
    assert!(matches!(volume.sweep(), Err(StoreError::PartUnreadable { .. })));
    put(&volume, "new", &bytes_of(99, 400_000)).unwrap();
}

/// Reads another photo after its own first megabyte.
struct ReadsAnother<'a> {
    bytes: &'a [u8],
    until: usize,
    volume: Volume,
    other: [u8; 32],
}

impl Read for ReadsAnother<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.bytes.len() < self.until {
            self.until = 0;
            assert!(matches!(self.volume.read_blob(&self.other), Err(StoreError::BlobDamaged { .. })));
        }
        self.bytes.read(into)
    }
}

#[test]
fn a_damaged_photo_read_in_mid_import_costs_the_import_nothing() {
    let (dir, photos) = twenty_photos_of_which_the_eighth_is_damaged();
    let archive = Archive::open(dir.path(), options()).unwrap();
    let volume = archive.volume("v-001").unwrap().unwrap();
    let bytes = bytes_of(99, 2_000_000);
    let hash = *blake3::hash(&bytes).as_bytes();
    let mut reader = ReadsAnother { bytes: &bytes, until: 1_000_000, volume: volume.clone(), other: photos[7] };
    volume.put(&mut [NewBlob::read(hash, &mut reader)], &[(b"new", &hash)]).unwrap();
    assert_eq!(reader.until, 0, "the damaged photo was not read");
    drop((reader, volume, archive));
    let volume = Archive::open(dir.path(), options()).unwrap().volume("v-001").unwrap().unwrap();
    assert!(volume.read_blob(&hash).unwrap() == bytes);
}

fn twenty_photos_of_which_the_eighth_is_damaged() -> (tempfile::TempDir, Vec<[u8; 32]>) {
    let dir = tempfile::tempdir().unwrap();
    let archive = Archive::open(dir.path(), options()).unwrap();
    let volume = archive.create_volume("v-001").unwrap();
    let photos: Vec<_> =
        (0..20).map(|seed| put(&volume, &format!("{seed}"), &bytes_of(seed, 400_000)).unwrap()).collect();
    drop((volume, archive));
    let part = bytes_of(7, 400_000)[100_000..100_064].to_vec();
    let slabs = files_below(&dir.path().join("v-001/slabs"));
    let (file, at) =
        slabs.iter().find_map(|file| Some((file, place_of(&part, file)?))).expect("its bytes are on the disk");
    let mut bytes = std::fs::read(file).unwrap();
    bytes[at] ^= 1;
    std::fs::write(file, bytes).unwrap();
    (dir, photos)
}

#[test]
fn a_damaged_volume_is_fenced_off_and_the_others_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let archive = Archive::open(dir.path(), options()).unwrap();
    let (spoilt, whole) = (archive.create_volume("v-001").unwrap(), archive.create_volume("v-002").unwrap());
    put(&spoilt, "a", &bytes_of(1, 200_000)).unwrap();
    let hash = put(&whole, "b", &bytes_of(2, 200_000)).unwrap();
    drop((spoilt, whole, archive));
    let journal = files_below(&dir.path().join("v-001").join("metadata"));
    let log = journal.iter().find(|file| file.to_string_lossy().contains("log_")).unwrap();
    let mut bytes = std::fs::read(log).unwrap();
    bytes[20] ^= 1;
    std::fs::write(log, bytes).unwrap();

    let archive = Archive::open(dir.path(), options()).unwrap();
    for _ in 0..2 {
        let error = archive.volume("v-001").unwrap_err();
        assert!(matches!(error, StoreError::VolumeDamaged { .. }), "{error}");
        assert!(error.to_string().contains("is damaged"), "{error}");
    }
    let whole = archive.volume("v-002").unwrap().unwrap();
    assert!(whole.read_blob(&hash).unwrap() == bytes_of(2, 200_000));
    put(&whole, "c", &bytes_of(3, 200_000)).unwrap();
}

#[test]
fn a_log_cut_at_an_entrys_end_after_closing_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let archive = Archive::open(dir.path(), options()).unwrap();
    let volume = archive.create_volume("v-001").unwrap();
    put(&volume, "1", &bytes_of(1, 400_000)).unwrap();
    drop((volume, archive));
    let files = files_below(&dir.path().join("v-001/metadata"));
    let log = files.iter().find(|file| file.file_name().unwrap().to_string_lossy().starts_with("log_")).unwrap();
    std::fs::write(log, b"").unwrap();
    let archive = Archive::open(dir.path(), options()).unwrap();
    for _ in 0..2 {
        let refused = archive.volume("v-001");
        assert!(matches!(refused, Err(StoreError::VolumeDamaged { .. })), "{refused:?}");
    }
}

fn place_of(part: &[u8], file: &Path) -> Option<usize> {
    std::fs::read(file).unwrap().windows(part.len()).position(|window| window == part)
}

#[test]
fn a_second_process_is_told_who_has_the_data() {
    let dir = tempfile::tempdir().unwrap();
    let mut holder = child("child_holds_the_lock", dir.path());
    let mut lines = BufReader::new(holder.stdout.take().unwrap()).lines().map_while(Result::ok);
    lines.find(|line| line.ends_with("locked")).expect("the child has the lock");
    let error = DataLock::acquire(dir.path()).unwrap_err().to_string();
    assert!(error.contains(&format!("process {}", holder.id())), "{error}");
    holder.kill().unwrap();
    holder.wait().unwrap();
    DataLock::acquire(dir.path()).expect("the lock ends with its process");
}

#[test]
#[ignore = "a process that another test starts and kills"]
fn child_holds_the_lock() {
    let _lock = DataLock::acquire(&child_dir()).unwrap();
    println!("locked");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    loop {
        std::thread::park();
    }
}

#[test]
#[ignore = "a process whose memory another test reads"]
fn child_imports_a_gigabyte() {
    let volume = Archive::open(&child_dir(), options()).unwrap().create_volume("v-001").unwrap();
    for seed in 0..100 {
        put(&volume, &format!("{seed:08}"), &bytes_of(seed, 10 << 20)).unwrap();
    }
    println!("imported");
    println!("peak {}", peak_kib().unwrap_or(0));
}

#[test]
fn memory_stays_bounded_while_a_gigabyte_is_imported() {
    if peak_kib().is_none() {
        println!("left out: memory while 1 GB is imported (this system does not tell)");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut importer = child("child_imports_a_gigabyte", dir.path());
    let lines: Vec<String> = BufReader::new(importer.stdout.take().unwrap()).lines().map_while(Result::ok).collect();
    assert!(importer.wait().unwrap().success());
    let peak = lines.iter().find_map(|line| line.strip_prefix("peak ")).unwrap();
    let peak_mib = peak.parse::<u64>().unwrap() / 1024;
    assert!(peak_mib < 450, "{peak_mib} MiB at the peak");
}

/// This process's peak of memory in KiB.
fn peak_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()
}

fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else if std::fs::metadata(&path).unwrap().len() > 0 {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn copy_all(from: &Path, to: &Path) {
    for file in files_below(from) {
        let target = to.join(file.strip_prefix(from).unwrap());
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(file, target).unwrap();
    }
}

/// Flips one bit of one file, which and where following from `round`.
fn flip(copy: &Path, original: &Path, files: &[PathBuf], round: u64) {
    let chance = blake3::hash(&round.to_le_bytes());
    let number = |at: usize| u64::from_le_bytes(chance.as_bytes()[at..at + 8].try_into().unwrap());
    let file = &files[usize::try_from(number(0)).unwrap() % files.len()];
    let path = copy.join(file.strip_prefix(original).unwrap());
    let mut bytes = std::fs::read(&path).unwrap();
    let at = usize::try_from(number(8)).unwrap() % bytes.len();
    bytes[at] ^= 1 << (number(16) % 8);
    std::fs::write(&path, bytes).unwrap();
}
