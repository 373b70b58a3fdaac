//! RAW files, made of a TIFF directory and JPEGs: the largest is shown, turned by the
//! RAW file's own tag, and it is said whether it can be printed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod kit;

use enprint_darkroom::{FileKind, PrintSource, read_facts, sniff};
use kit::boxes::{boxed, full};
use kit::{Value, developed, difference, exif, jpeg, pixels, quarters, refused};

/// A RAW file of `sensor` pixels held sideways, with these JPEGs in it; the directory
/// tells of the first alone.
fn raw(sensor: (u32, u32), jpegs: &[Vec<u8>]) -> Vec<u8> {
    let fields = |at| {
        [
            (0x00FE, Value::Long(1)),
            (0x0100, Value::Long(sensor.0)),
            (0x0101, Value::Long(sensor.1)),
            (0x0112, Value::Short(6)),
            (0x014A, Value::Long(0)),
            (0x0201, Value::Long(at)),
        ]
    };
    let at = exif(&fields(0), &[], &[]).len() as u32;
    [exif(&fields(at), &[], &[]), jpegs.concat()].concat()
}

#[test]
fn the_largest_jpeg_of_a_raw_file_is_shown_and_turned_by_its_own_tag() {
    let says_upright = exif(&[(0x0112, Value::Short(1))], &[], &[]);
    let (small, large) = (quarters(160, 120), quarters(900, 600));
    let original = raw((904, 604), &[jpeg(&small, None, None), jpeg(&large, Some(&says_upright), None)]);
    assert_eq!(sniff(&original), Some(FileKind::Raw));
    let facts = read_facts(&original).unwrap();
    assert_eq!((facts.width_px, facts.height_px), (600, 900));
    let full = PrintSource::Preview { width_px: 900, height_px: 600, share_percent: Some(99) };
    assert_eq!(facts.print_source, full);
    assert_eq!(facts.print_source.refusal(), None);
    let upright = image::imageops::rotate90(&large);
    assert!(difference(&pixels(&developed(&original).proof.jpeg), &upright) < 3.0);
}

#[test]
fn a_small_preview_is_refused_for_print_in_words() {
    let original = raw((6000, 4000), &[jpeg(&quarters(900, 600), None, None)]);
    let source = read_facts(&original).unwrap().print_source;
    assert!(source.refusal().unwrap().contains("900 × 600"));
}

/// What of the sensor's longer edge the preview has, by the file.
fn share_percent(original: &[u8]) -> Option<u8> {
    assert_eq!(sniff(original), Some(FileKind::Raw));
    match read_facts(original).unwrap().print_source {
        PrintSource::Preview { share_percent, .. } => share_percent,
        PrintSource::Full => panic!("a RAW file has a preview alone"),
    }
}

/// Fuji's: where the JPEG and the records are, height before width.
fn raf(records: &[(u16, [u16; 2])], jpeg: &[u8]) -> Vec<u8> {
    let list = records.iter().flat_map(|(tag, [height, width])| {
        [tag.to_be_bytes(), 4_u16.to_be_bytes(), height.to_be_bytes(), width.to_be_bytes()].concat()
    });
    let list = [(records.len() as u32).to_be_bytes().to_vec(), list.collect()].concat();
    let mut head = b"FUJIFILMCCD-RAW 0201FF383501".to_vec();
    head.resize(84, 0);
    let jpeg_at = 108 + list.len() as u32;
    for number in [jpeg_at, jpeg.len() as u32, 108, list.len() as u32, 0, 0] {
        head.extend(number.to_be_bytes());
    }
    [head, list, jpeg.to_vec()].concat()
}

#[test]
fn fujis_previews_are_rated_by_what_the_header_says_of_the_sensor() {
    let preview = jpeg(&quarters(900, 600), None, None);
    let records = |width| [(0x0100, [4_176, 6_384]), (0x0111, [600, width]), (0x9999, [1, 2])];
    assert_eq!(share_percent(&raf(&records(904), &preview)), Some(99));
    assert_eq!(share_percent(&raf(&records(6_240), &preview)), Some(14));
    assert_eq!(share_percent(&raf(&records(6_240)[..1], &preview)), Some(14), "without its own crop");
    assert_eq!(share_percent(&raf(&[], &preview)), None);
    assert_eq!(share_percent(&raf(&[(0x0111, [0, 0])], &preview)), None);
}

/// Canon's: tracks of sensor data of these sizes, and a JPEG.
fn cr3(sensors: &[(u32, u32)], jpeg: &[u8]) -> Vec<u8> {
    let track = |(width, height): &(u32, u32)| {
        let sizes = [width.to_be_bytes(), height.to_be_bytes()].concat();
        let coding = boxed(b"CMP1", &[&[0xFF, 0xFF, 0, 0x30, 1, 0, 0, 0][..], &sizes, &[0; 32]].concat());
        let entry = boxed(b"CRAW", &[vec![0; 82], coding].concat());
        let table = boxed(b"stbl", &full(b"stsd", 0, &[vec![0, 0, 0, 1], entry].concat()));
        boxed(b"trak", &boxed(b"mdia", &boxed(b"minf", &table)))
    };
    let tracks = sensors.iter().flat_map(track).collect::<Vec<_>>();
    [boxed(b"ftyp", b"crx \0\0\0\x01crx isom"), boxed(b"moov", &tracks), boxed(b"mdat", jpeg)].concat()
}

#[test]
fn canons_newer_previews_are_rated_by_the_largest_track_of_sensor_data() {
    let preview = jpeg(&quarters(900, 600), None, None);
    assert_eq!(share_percent(&cr3(&[(400, 300), (920, 608)], &preview)), Some(97));
    assert_eq!(share_percent(&cr3(&[(1_624, 1_080), (6_288, 4_056)], &preview)), Some(14));
    assert_eq!(share_percent(&cr3(&[], &preview)), None);
}

#[test]
fn canons_newer_files_say_when_how_and_where_in_boxes_of_their_own() {
    let block = |fields: &[(u16, Value)]| exif(fields, &[], &[]);
    let main = [(0x010F, Value::Text("Canon")), (0x0110, Value::Text("Canon EOS R6")), (0x0112, Value::Short(6))];
    let camera = [
        (0x829A, Value::Ratio(1, 250)),
        (0x829D, Value::Ratio(28, 10)),
        (0x8827, Value::Short(400)),
        (0x9003, Value::Text("2025:06:21 14:03:59")),
        (0x9011, Value::Text("+02:00")),
        (0xA434, Value::Text("RF35mm F1.8")),
    ];
    let place = [(1, Value::Text("N")), (2, Value::Angle([46, 0, 45]))];
    let id = |digits: u128, body: &[u8]| boxed(b"uuid", &[&digits.to_be_bytes()[..], body].concat());
    let blocks = [boxed(b"CMT1", &block(&main)), boxed(b"CMT2", &block(&camera)), boxed(b"CMT4", &block(&place))];
    let moov = boxed(b"moov", &id(0x85C0_B687_820F_11E0_8111_F4CE_462B_6A48, &blocks.concat()));
    let packet = br#"<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"/></rdf:RDF></x:xmpmeta>"#;
    let xmp = id(0xBE7A_CFCB_97A9_42E8_9C71_9994_91E3_AFAC, packet);
    let preview = jpeg(&quarters(900, 600), None, None);
    let original = [boxed(b"ftyp", b"crx \0\0\0\x01crx isom"), moov, xmp, boxed(b"mdat", &preview)].concat();
    let facts = read_facts(&original).unwrap();
    assert_eq!((facts.width_px, facts.height_px, facts.camera().as_deref()), (600, 900, Some("Canon EOS R6")));
    assert_eq!(facts.captured_at().unwrap().to_string(), "2025-06-21T14:03:59");
    assert_eq!((facts.exposure.iso, facts.exposure.f_number), (Some(400), Some(2.8)));
    assert_eq!((facts.lens.as_deref(), facts.rating, facts.has_gps), (Some("RF35mm F1.8"), Some(4), true));
    let upright = image::imageops::rotate90(&quarters(900, 600));
    assert!(difference(&pixels(&developed(&original).proof.jpeg), &upright) < 3.0);
}

#[test]
fn a_raw_file_of_a_million_false_beginnings_is_refused_at_once() {
    let start = [&b"IIU\0"[..], &[0; 12]].concat();
    let chained = [&start[..], &[0xFF, 0xD8, 0xFF, 0xE0, 0, 2].repeat(1_000_000)].concat();
    // Each leads into a field that takes its time.
    let leading =
        [&start[..], &[0xFF, 0xD8, 0xFF, 0xE0, 0xFF, 0xF0].repeat(10_000), &[0xFF, 0].repeat(4_000_000)].concat();
    assert!(refused(&chained).contains("no preview"));
    assert!(refused(&leading).contains("no preview"));
    let photo = [&start[..], &[0xFF, 0xD8, 0xFF, 0xE0, 0, 2, 0, 0].repeat(9), &jpeg(&quarters(90, 60), None, None)];
    assert_eq!(read_facts(&photo.concat()).unwrap().width_px, 90, "a few don't hide the photo");
}

#[test]
fn canons_older_previews_are_rated_by_the_lossless_jpeg_of_the_sensor() {
    let mut sensor = jpeg(&quarters(920, 608), None, None);
    let frame = sensor.windows(2).position(|two| two == [0xFF, 0xC0]).unwrap();
    sensor[frame + 1] = 0xC3;
    let preview = jpeg(&quarters(460, 304), None, None);
    let fields = |at| [(0x0100, Value::Long(460)), (0x0101, Value::Long(304)), (0x0111, Value::Long(at))];
    let length = exif(&fields(0), &[], &[]).len() as u32;
    let mut original = [exif(&fields(length), &[], &[]), sensor, preview].concat();
    assert_eq!(original[8..10], [5, 0]);
    // A first directory at 16 makes room for Canon's two letters.
    original.splice(8..8, *b"CR\x02\0\0\0\0\0");
    original[4] = 16;
    let strip = original.windows(2).position(|two| two == [0x11, 0x01]).unwrap() + 8;
    original[strip..strip + 4].copy_from_slice(&(length + 8).to_le_bytes());
    assert_eq!(share_percent(&original), Some(50));
}

#[test]
fn sensor_data_that_is_a_lossless_jpeg_is_never_taken_for_a_preview() {
    let mut sensor = jpeg(&quarters(900, 600), None, None);
    let frame = sensor.windows(2).position(|two| two == [0xFF, 0xC0]).unwrap();
    sensor[frame + 1] = 0xC3;
    assert!(refused(&raw((900, 600), &[sensor.clone()])).contains("no preview"));
    let original = raw((900, 600), &[sensor, jpeg(&quarters(160, 120), None, None)]);
    assert_eq!(read_facts(&original).unwrap().height_px, 160);
}

#[test]
fn a_raw_file_that_is_a_jpeg_is_a_jpeg() {
    let facts = read_facts(&jpeg(&quarters(90, 60), None, None)).unwrap();
    assert_eq!((facts.kind, facts.print_source), (FileKind::Jpeg, PrintSource::Full));
}
