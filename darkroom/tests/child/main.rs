//! Risky formats in a child, which is this very program: it sees what would be seen here,
//! is started once for each photo, and takes no more memory than it should. Has a `main`
//! of its own, since a child speaks through its standard output.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../kit/mod.rs"]
mod kit;

use std::io::{Read, Write, stdin, stdout};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use enprint_darkroom::child::{self, ChildProgram};
use enprint_darkroom::{
    CropFrame, DevelopError, DevelopSettings, Facts, PrintFile, PrintSettings, Recipe, Renditions, develop_with,
    print_file_with, read_and_develop, read_facts,
};
use image::{DynamicImage, ImageFormat};
use kit::{Value, exif, jpeg, quarters};

const WORD: &str = "decode-one-file";
const ENDLESS: &str = "decode-without-end";
/// By the clock, whatever else the machine does.
const PATIENCE: Duration = Duration::from_secs(60);
/// What a child may take for a photo of a few pixels, with the program itself.
const MEMORY_KB_MAX: u64 = 64_000;

fn main() {
    let arguments = std::env::args().collect::<Vec<_>>();
    if arguments.get(1).is_some_and(|word| word == WORD) {
        child::serve(stdin().lock(), stdout().lock()).unwrap();
        note_peak(Path::new(&arguments[2]));
        return;
    }
    if arguments.get(1).is_some_and(|word| word == ENDLESS) {
        child::serve(Endless, stdout()).unwrap();
        return;
    }
    a_child_that_works_without_end_is_ended_by_the_system();
    let photos = photos();
    let here = photos.iter().map(|(_, bytes)| Seen::of(bytes)).collect::<Vec<_>>();
    let folder = tempfile::tempdir().unwrap();
    let peaks = folder.path().join("peaks");
    std::fs::write(&peaks, "").unwrap();
    child::decode_in(ChildProgram::new(
        std::env::current_exe().unwrap(),
        vec![WORD.into(), peaks.clone().into_os_string()],
    ));
    for ((name, bytes), here) in photos.iter().zip(here) {
        assert!(Seen::of(bytes) == here, "{name}: the child sees something else");
        println!("test {name} is the same in a child ... ok");
    }
    a_photo_is_opened_once(&photos, &peaks);
    what_is_wrong_with_a_file_is_said();
    let peak_kb = peaks_of(&peaks).into_iter().max().unwrap();
    println!("the most that a child took: {peak_kb} kB");
    assert!(peak_kb < MEMORY_KB_MAX, "a child took {peak_kb} kB");
}

/// A file that takes all time there is.
struct Endless;

impl Read for Endless {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        loop {
            std::hint::spin_loop();
        }
    }
}

fn a_child_that_works_without_end_is_ended_by_the_system() {
    let mut child = Command::new(std::env::current_exe().unwrap()).arg(ENDLESS).stdout(Stdio::null()).spawn().unwrap();
    let (ended, hears) = sync_channel(1);
    let pid = child.id();
    std::thread::spawn(move || ended.send(child.wait().unwrap()));
    let status = hears.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("process {pid} works on"));
    assert_eq!(status.signal(), Some(rustix::process::Signal::XCPU.as_raw()), "{status}");
    println!("test a child that works without end is ended by the system ... ok");
}

/// Notes that a child ended, and the most memory that it had.
fn note_peak(path: &Path) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0");
    let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
    writeln!(file, "{}", line.split_whitespace().next().unwrap()).unwrap();
}

fn peaks_of(path: &Path) -> Vec<u64> {
    std::fs::read_to_string(path).unwrap().lines().map(|line| line.parse().unwrap()).collect()
}

/// All that can be asked of a file.
#[derive(Debug, PartialEq)]
struct Seen {
    facts: Facts,
    both: (Facts, Renditions),
    edited: Renditions,
    printed: Result<PrintFile, DevelopError>,
}

impl Seen {
    fn of(bytes: &[u8]) -> Self {
        let crop = Some(CropFrame { left: 100_000, top: 250_000, width: 500_000, height: 500_000 });
        let recipe = Recipe { quarter_turns: 1, straighten: 300, crop, ..Recipe::default() };
        let settings = DevelopSettings { proof_edge_px: 200, ..DevelopSettings::default() };
        let full = PrintSettings { takes_originals: false, ..enprint_darkroom::print::FULL_SIZE };
        Self {
            facts: read_facts(bytes).unwrap(),
            both: read_and_develop(bytes, &settings).unwrap(),
            edited: develop_with(bytes, &settings, &recipe).unwrap(),
            printed: print_file_with(bytes, &recipe, &full),
        }
    }
}

fn photos() -> Vec<(&'static str, Vec<u8>)> {
    let picture = DynamicImage::from(quarters(300, 200));
    let written = |picture: &DynamicImage| {
        let mut bytes = std::io::Cursor::new(Vec::new());
        picture.write_to(&mut bytes, ImageFormat::Tiff).unwrap();
        bytes.into_inner()
    };
    vec![
        ("a TIFF of 8 bits", written(&picture)),
        ("a TIFF of 16 bits", written(&picture.to_rgb16().into())),
        ("a grey TIFF", written(&picture.to_luma8().into())),
        ("a TIFF with alpha", written(&picture.to_rgba16().into())),
        ("a JPEG XL", kit::jpeg_xl(&quarters(300, 200))),
        ("a RAW file with words", raw_with_words()),
    ]
}

/// A RAW file whose camera says all that can be said.
fn raw_with_words() -> Vec<u8> {
    let main = |at| {
        [
            (0x00FE, Value::Long(1)),
            (0x0100, Value::Long(304)),
            (0x0101, Value::Long(204)),
            (0x010E, Value::Text("The first dance, with Ana's grandmother")),
            (0x010F, Value::Text("Enprint")),
            (0x0110, Value::Text("Demo 35")),
            (0x0112, Value::Short(6)),
            (0x013B, Value::Text("Ana Müller")),
            (0x014A, Value::Long(0)),
            (0x0201, Value::Long(at)),
            (0x4746, Value::Short(4)),
        ]
    };
    let camera = [
        (0x829A, Value::Ratio(1, 250)),
        (0x829D, Value::Ratio(28, 10)),
        (0x9003, Value::Text("2025:06:21 14:03:59")),
        (0x9011, Value::Text("+02:00")),
        (0xA434, Value::Text("35mm f/1.8")),
    ];
    let at = exif(&main(0), &camera, &[]).len() as u32;
    [exif(&main(at), &camera, &[]), jpeg(&quarters(300, 200), None, None)].concat()
}

fn a_photo_is_opened_once(photos: &[(&str, Vec<u8>)], peaks: &Path) {
    for (name, bytes) in photos {
        let before = peaks_of(peaks).len();
        read_and_develop(bytes, &DevelopSettings::default()).unwrap();
        assert_eq!(peaks_of(peaks).len(), before + 1, "{name}");
    }
    let mut png = std::io::Cursor::new(Vec::new());
    DynamicImage::from(quarters(30, 20)).write_to(&mut png, ImageFormat::Png).unwrap();
    let before = peaks_of(peaks).len();
    read_and_develop(&png.into_inner(), &DevelopSettings::default()).unwrap();
    assert_eq!(peaks_of(peaks).len(), before, "a PNG needs no child");
    println!("test a photo is opened once, facts and picture together ... ok");
}

fn what_is_wrong_with_a_file_is_said() {
    let tiff = photos().swap_remove(0).1;
    let words = read_and_develop(&tiff[..tiff.len() / 2], &DevelopSettings::default()).unwrap_err();
    assert!(matches!(words, DevelopError::SaidByChild { .. }), "{words:?}");
    kit::in_words(&words);
    println!("test what is wrong with a file is said by the child ... ok");
}
