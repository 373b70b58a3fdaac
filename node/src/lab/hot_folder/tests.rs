//! Names that nobody's file name can break, tickets that nobody's text can break, and
//! folders that are there whole or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use enprint_protocol::PeerId;
use enprint_protocol::ids::{ContentHash, JobId, OrderId, PhotoId};
use enprint_protocol::order::Crop;
use enprint_protocol::print_job::{JobLine, PrintFile, PrintJob, ShipTo};
use enprint_protocol::print_size::{Finish, PrintSize};
use enprint_protocol::time::UnixMs;
use tempfile::TempDir;

use super::names::{building_name, ending_of, folder_name, print_file_name};
use super::*;
use crate::limits::{HOT_FILE_NAME_MAX, HOT_FOLDER_NAME_MAX};

const JPEG: &[u8] = &[0xff, 0xd8, 0xff, 0xe0, 1, 2, 3];

fn file(name: &str, bytes: &[u8]) -> PrintFile {
    let root = ContentHash::of(bytes);
    PrintFile {
        photo_id: PhotoId(root),
        name: name.into(),
        bytes: bytes.len() as u64,
        root,
        width_px: 1800,
        height_px: 1200,
        prepared: None,
    }
}

fn line(line: u32, file: u32, size: PrintSize, quantity: u32) -> JobLine {
    JobLine { line, file, size, finish: Finish::Glossy, crop: Crop::Fill, quantity }
}

/// Two photos on three lines.
fn job() -> PrintJob {
    PrintJob {
        job_id: JobId([7; 16]),
        order_id: OrderId([9; 16]),
        event_name: "John's Wedding".into(),
        photographer: "Ana Lens".into(),
        placed_at: UnixMs(1_790_000_000_000),
        ship_to: ShipTo { delivery: "Post".into(), name: "Jo".into(), address: Some("1 Road\nTown".into()) },
        note: String::new(),
        lines: vec![
            line(1, 0, PrintSize::CM_10X15, 2),
            line(2, 1, PrintSize::CM_20X30, 1),
            line(3, 1, PrintSize::CM_10X15, 3),
        ],
        files: vec![file("DSC_0001.JPG", JPEG), file("DSC_0002.NEF", b"II*\0 a tiff")],
        withdrawn_before: 0,
    }
}

fn named(name: &str) -> String {
    let mut job = job();
    job.files[0].name = name.into();
    print_file_name(&job, 0, "jpg")
}

#[test]
fn a_print_files_name_says_what_to_do_with_it() {
    assert_eq!(print_file_name(&job(), 0, "jpg"), "01_DSC_0001_10x15_glossy_fill_2x.jpg");
    assert_eq!(print_file_name(&job(), 1, "tif"), "02_DSC_0002_see_ticket.tif");
}

#[test]
fn hostile_names_become_short_ascii_that_stays_in_its_folder() {
    let long = "ü".repeat(300);
    let hostile = [
        "../../../etc/passwd",
        "..",
        ".",
        "",
        "/",
        "C:\\Windows\\x.jpg",
        "CON",
        "con.jpg",
        "NUL.",
        "a.jpg...",
        "a .jpg ",
        "a\u{0}b.jpg",
        "a\nb.jpg",
        "$(rm -rf ~).jpg",
        "\u{202e}gpj.exe",
        "'; DROP TABLE job; --",
        "-rf",
        "~",
        "👰🤵.jpg",
        &long,
        "a\"b,c;d|e<f>g:h*i?.jpg",
    ];
    for given in hostile {
        let name = named(given);
        assert!(name.len() <= HOT_FILE_NAME_MAX, "{given}: {name}");
        assert!(name.starts_with("01_") && name.ends_with(".jpg"), "{given}: {name}");
        assert_eq!(name.matches('.').count(), 1, "{given}: {name}");
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c)), "{given}: {name}");
    }
    assert_eq!(named("../../etc/passwd.jpg"), "01_etc_passwd_10x15_glossy_fill_2x.jpg");
    assert_eq!(named("👰🤵.jpg"), "01_10x15_glossy_fill_2x.jpg");
}

#[test]
fn names_of_one_job_are_unique_even_where_case_does_not_count() {
    let mut job = job();
    job.files = (0..150_u32).map(|at| file(if at % 2 == 0 { "A.jpg" } else { "a.JPG" }, &at.to_le_bytes())).collect();
    job.lines = (0..150).map(|at| line(at + 1, at, PrintSize::CM_10X15, 1)).collect();
    let mut names: Vec<_> = (0..150).map(|at| print_file_name(&job, at, "jpg").to_lowercase()).collect();
    assert_eq!(names[7], "008_a_10x15_glossy_fill_1x.jpg");
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 150);
}

#[test]
fn a_folders_name_is_the_order_and_never_leads_elsewhere() {
    let order_id = OrderId([9; 16]);
    assert_eq!(folder_name(&order_id, "John's Wedding", 1), format!("{}_Johns_Wedding", order_id.number()));
    assert_eq!(folder_name(&order_id, "John's Wedding", 2), format!("{}_Johns_Wedding-2", order_id.number()));
    for event in ["../..", "", "CON", "a/b", &"x".repeat(300), "…", "trailing dots..."] {
        for try_number in [1, 2, 1_000] {
            let name = folder_name(&order_id, event, try_number);
            assert!(name.len() <= HOT_FOLDER_NAME_MAX, "{name}");
            assert!(name.starts_with(&order_id.number()), "{name}");
            assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c)), "{event}: {name}");
        }
    }
}

#[test]
fn the_ending_is_what_the_bytes_are() {
    let webp = b"RIFF\x10\0\0\0WEBPVP8 ";
    for (head, ending) in
        [(JPEG, "jpg"), (b"\x89PNG\r\n", "png"), (b"MM\0*", "tif"), (webp, "webp"), (b"MZ", "bin"), (b"", "bin")]
    {
        assert_eq!(ending_of(head), ending);
    }
}

fn parties() -> Parties<'static> {
    // A fixed peer id, so that the ticket is the same each time.
    let photographer: PeerId = "12D3KooWBmwkafWE2fqfzS96VoTZgpGp6aJsF4N6MPHWPFdLM6dW".parse().unwrap();
    Parties { photographer, lab: "The Lab", received_at: UnixMs(1_790_000_060_000) }
}

#[test]
fn ticket_json_is_the_agreed_one() {
    let files = ticket::file_names(&job(), &["jpg", "tif"]);
    let json = String::from_utf8(Ticket::new(&job(), &files, parties()).to_json()).unwrap();
    assert_eq!(json, include_str!("golden_ticket.json"));
}

#[test]
fn ticket_html_shows_the_order_and_runs_nobodys_script() {
    let mut job = job();
    let hostile = "<script>alert(1)</script>\"'&";
    job.event_name = hostile.into();
    job.note = format!("{hostile}\n{hostile}");
    job.ship_to.name = hostile.into();
    job.ship_to.address = Some(format!("</style>{hostile}"));
    job.files[0].name = format!("{hostile}.jpg");
    let files = ticket::file_names(&job, &["jpg", "tif"]);
    let html = page::page(&Ticket::new(&job, &files, parties()));
    assert!(!html.contains("<script"), "{html}");
    assert_eq!(html.matches("</style>").count(), 1);
    assert!(html.contains("&lt;script&gt;"));
    assert!(html.contains(&format!("<h1>{}</h1>", job.order_id.number())));
    for shown in ["10x15", "20x30", "glossy", "fill", "02_DSC_0002_see_ticket.tif", "To print: 6 from 2 files"] {
        assert!(html.contains(shown), "{shown}");
    }
}

/// A hot folder, and the job's files as they were received.
struct Bench {
    dir: TempDir,
    job: PrintJob,
    files: Vec<PathBuf>,
}

impl Bench {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let files = [("0.part", JPEG), ("1.part", b"II*\0 a tiff")].map(|(name, bytes)| {
            fs::write(dir.path().join(name), bytes).unwrap();
            dir.path().join(name)
        });
        Self { dir, job: job(), files: files.to_vec() }
    }

    fn hot_folder(&self) -> PathBuf {
        self.dir.path().join("hot")
    }

    fn choose(&self, taken: &[String]) -> OrderFolder {
        OrderFolder::choose(&self.hot_folder(), &self.job, taken).unwrap()
    }

    fn build(&self) -> OrderFolder {
        let folder = self.choose(&[]);
        folder.build(&self.job, &self.files, parties()).unwrap();
        folder
    }
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_folder_is_hidden_until_it_is_whole() {
    let bench = Bench::new();
    let folder = bench.build();
    assert_eq!(names_in(&bench.hot_folder()), [building_name(folder.name())]);
    assert_eq!(folder.placed().unwrap(), Placed::NotYet);
    folder.put_in_place().unwrap();
    assert_eq!(folder.placed().unwrap(), Placed::Yes);
    assert_eq!(names_in(&bench.hot_folder()), [folder.name()]);
    let expected = ["01_DSC_0001_10x15_glossy_fill_2x.jpg", "02_DSC_0002_see_ticket.tif", "ticket.html", "ticket.json"];
    assert_eq!(names_in(&folder.path()), expected);
    assert_eq!(fs::read(folder.path().join(expected[0])).unwrap(), JPEG);
}

#[test]
fn a_folder_that_stands_there_is_never_written_over() {
    let bench = Bench::new();
    let folder = bench.build();
    fs::create_dir(folder.path()).unwrap();
    let error = folder.put_in_place().unwrap_err().to_string();
    assert!(error.contains("move it away"), "{error}");
    assert_eq!(names_in(&folder.path()), [""; 0]);
    assert_eq!(folder.placed().unwrap(), Placed::NotYet, "it is not taken for the order's");

    let second = bench.choose(&[]);
    assert_eq!(second.name(), format!("{}-2", folder.name()));
    let third = bench.choose(&[second.name().to_owned()]);
    assert_eq!(third.name(), format!("{}-3", folder.name()));
}

#[test]
fn a_build_that_broke_off_is_begun_again() {
    let bench = Bench::new();
    let folder = bench.build();
    let building = bench.hot_folder().join(building_name(folder.name()));
    fs::write(building.join("01_DSC_0001_10x15_glossy_fill_2x.jpg.half"), b"half").unwrap();
    fs::remove_file(building.join("ticket.json")).unwrap();
    folder.build(&bench.job, &bench.files, parties()).unwrap();
    folder.put_in_place().unwrap();
    assert_eq!(names_in(&folder.path()).len(), 4);
}

#[test]
fn a_folder_that_the_printer_took_away_is_gone_but_an_unmounted_disk_is_an_error() {
    let bench = Bench::new();
    let folder = bench.build();
    folder.put_in_place().unwrap();
    fs::remove_dir_all(folder.path()).unwrap();
    assert_eq!(folder.placed().unwrap(), Placed::Gone);
    fs::remove_dir(bench.hot_folder()).unwrap();
    assert!(folder.placed().is_err());
}

#[test]
fn two_orders_of_one_file_share_no_bytes_on_the_disk() {
    let bench = Bench::new();
    let first = bench.build();
    first.put_in_place().unwrap();
    let second = bench.build();
    second.put_in_place().unwrap();
    let name = "01_DSC_0001_10x15_glossy_fill_2x.jpg";
    fs::write(first.path().join(name), b"the printer's program turned it").unwrap();
    assert_eq!(fs::read(second.path().join(name)).unwrap(), JPEG);
}

#[test]
fn a_copy_that_is_not_the_file_is_refused() {
    let bench = Bench::new();
    fs::write(&bench.files[0], b"changed").unwrap();
    fs::hard_link(&bench.files[0], bench.dir.path().join("another name")).unwrap();
    let error = bench.choose(&[]).build(&bench.job, &bench.files, parties()).unwrap_err().to_string();
    assert!(error.contains("other bytes"), "{error}");
    assert!(names_in(&bench.hot_folder()).iter().all(|name| name.starts_with('.')));
}
