//! Whether an import keeps the pace of its slowest stage: each stage alone, then the
//! whole of it by the program itself.
//!
//! `cargo bench --bench import -- [FOLDER] [--photos 500]`: takes the JPEGs above 20
//! megapixels below FOLDER (or `ENPRINT_PHOTOS`), each as often as needed with a number
//! in a comment, so that no two are the same. The last line is JSON.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use enprint_darkroom::{DevelopSettings, Renditions, develop, read_facts};
use enprint_store::archive::{Archive, ArchiveOptions, NewBlob};

const PIXELS_MIN: u64 = 20_000_000;

fn main() {
    let (folder, photos) = arguments();
    let work = tempfile::tempdir().unwrap();
    let files = multiplied(&folder, &work.path().join("card"), photos);
    let megabytes = files.iter().map(|file| fs::metadata(file).unwrap().len()).sum::<u64>() as f64 / 1e6;
    println!("{photos} photos, {megabytes:.0} MB, {} processors", processors());

    let (read_s, _) = timed(|| {
        files.iter().for_each(|file| {
            std::hint::black_box(blake3::hash(&fs::read(file).unwrap()));
        })
    });
    println!("read and hash      {read_s:7.1} s");
    let (render_s, rendered) = timed(|| rendered(&files));
    println!("render             {render_s:7.1} s, {:.0} ms a photo and processor", per_photo(render_s, photos));
    let (store_s, ()) = timed(|| store(&work.path().join("alone"), &files, &rendered));
    println!("store              {store_s:7.1} s, {:.0} MB/s", megabytes / store_s);
    let before_s = processor_seconds_of_children();
    let (import_s, ()) = timed(|| import(&work.path().join("card"), &work.path().join("node"), photos));
    let busy = (processor_seconds_of_children() - before_s) / import_s / processors() as f64;
    let ratio = import_s / read_s.max(render_s).max(store_s);
    println!(
        "the whole import   {import_s:7.1} s, {ratio:.2} × the slowest stage; processors {:.0} % busy",
        busy * 100.0
    );
    println!(
        "{{\"photos\":{photos},\"megabytes\":{megabytes:.0},\"read_s\":{read_s:.2},\"render_s\":{render_s:.2},\
         \"store_s\":{store_s:.2},\"import_s\":{import_s:.2},\"ratio\":{ratio:.3},\"busy\":{busy:.2}}}"
    );
}

fn arguments() -> (PathBuf, usize) {
    let (mut folder, mut photos) = (std::env::var_os("ENPRINT_PHOTOS").map(PathBuf::from), 500);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--photos" => photos = words.next().unwrap().parse().expect("a number of photos"),
            "--bench" => {}
            path => folder = Some(path.into()),
        }
    }
    (folder.expect("name a folder of camera files"), photos)
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Of those that have ended, in hundredths of a second by the kernel's count.
fn processor_seconds_of_children() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let after_name = stat.rsplit_once(')').unwrap().1;
    after_name.split_whitespace().skip(13).take(2).map(|ticks| ticks.parse::<f64>().unwrap() / 100.0).sum()
}

fn per_photo(seconds: f64, photos: usize) -> f64 {
    seconds * 1000.0 * processors() as f64 / photos as f64
}

fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let began = Instant::now();
    let done = work();
    (began.elapsed().as_secs_f64(), done)
}

/// Copies that differ in a comment, as many as are asked for.
fn multiplied(folder: &Path, card: &Path, photos: usize) -> Vec<PathBuf> {
    let originals: Vec<Vec<u8>> = jpegs_below(folder).into_iter().filter(|bytes| is_large(bytes)).collect();
    assert!(!originals.is_empty(), "no JPEG below {} has 20 megapixels", folder.display());
    fs::create_dir(card).unwrap();
    let one = |number: usize| {
        let original = &originals[number % originals.len()];
        let path = card.join(format!("IMG_{number:04}.jpg"));
        let comment = [&[0xFF, 0xFE, 0, 10][..], format!("{number:08}").as_bytes()].concat();
        fs::write(&path, [&original[..2], &comment, &original[2..]].concat()).unwrap();
        path
    };
    (0..photos).map(one).collect()
}

fn is_large(bytes: &[u8]) -> bool {
    read_facts(bytes).is_ok_and(|facts| u64::from(facts.width_px) * u64::from(facts.height_px) >= PIXELS_MIN)
}

fn jpegs_below(folder: &Path) -> Vec<Vec<u8>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let bytes = |path: PathBuf| if path.is_dir() { jpegs_below(&path) } else { vec![fs::read(path).unwrap()] };
    paths.into_iter().flat_map(bytes).filter(|bytes| bytes.starts_with(&[0xFF, 0xD8])).collect()
}

fn rendered(files: &[PathBuf]) -> Vec<Renditions> {
    let (next, settings) = (AtomicUsize::new(0), DevelopSettings::default());
    let work = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(file) = files.get(at) else { return done };
            done.push((at, develop(&fs::read(file).unwrap(), &settings).unwrap()));
        }
    };
    let mut all: Vec<(usize, Renditions)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..processors()).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, renditions)| renditions).collect()
}

fn store(folder: &Path, files: &[PathBuf], rendered: &[Renditions]) {
    let archive = Archive::open(folder, ArchiveOptions::default()).unwrap();
    let volume = archive.create_volume("alone").unwrap();
    for (file, renditions) in files.iter().zip(rendered) {
        let original = fs::read(file).unwrap();
        let parts = [original.as_slice(), &renditions.thumbnail.jpeg, &renditions.proof.jpeg];
        let mut blobs = parts.map(|bytes| NewBlob::hashed(*blake3::hash(bytes).as_bytes(), bytes));
        let name = file.file_name().unwrap().as_encoded_bytes().to_vec();
        volume.put(&mut blobs, &[(&name, &[0; 400])]).unwrap();
    }
}

fn import(card: &Path, data: &Path, photos: usize) {
    let output = Command::new(env!("CARGO_BIN_EXE_enprint"))
        .args(["photographer", "--json", "--data"])
        .arg(data)
        .arg("import")
        .arg(card)
        .args(["--event", "Measured"])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["imported"], photos, "{answer}");
}
