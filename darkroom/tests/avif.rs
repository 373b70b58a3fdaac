//! AVIF of every depth, sampling and range, with alpha, tiles and the container's
//! transforms. The files are made by libavif's `avifenc`, where it is.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod kit;

use std::path::Path;
use std::process::Command;

use enprint_darkroom::{FileKind, print_file, read_facts};
use image::imageops::{flip_horizontal, flip_vertical, rotate180, rotate270};
use image::{DynamicImage, Rgb, RgbImage, Rgba, RgbaImage};
use kit::{developed, difference, exif, pixels, quarters};
use moxcms::{ColorProfile, Layout, TransformOptions};

/// An AVIF of `picture`; None where there is no `avifenc`.
fn avif(picture: &DynamicImage, arguments: &[&str]) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let (png, made) = (folder.path().join("picture.png"), folder.path().join("picture.avif"));
    picture.save(&png).unwrap();
    let mut command = Command::new("avifenc");
    command.args(["-s", "10", "-j", "1", "--min", "0", "--max", "4"]).args(arguments).arg(&png).arg(&made);
    let Ok(output) = command.output() else {
        println!("skipped: there is no avifenc (Debian's libavif-bin)");
        return None;
    };
    assert!(output.status.success(), "avifenc {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Some(std::fs::read(made).unwrap())
}

fn assert_shown(original: &[u8], picture: &RgbImage, what: &str) {
    let facts = read_facts(original).unwrap();
    assert_eq!((facts.kind, facts.width_px, facts.height_px), (FileKind::Avif, picture.width(), picture.height()));
    let off = difference(&pixels(&developed(original).proof.jpeg), picture);
    assert!(off < 3.0, "{what} is {off} levels off");
}

#[test]
fn every_depth_sampling_and_range_is_shown_truly() {
    let picture = quarters(161, 107);
    let kinds = ["8 444 full", "8 420 limited", "8 422 full", "10 420 full", "10 444 limited", "12 422 limited"];
    for kind in kinds {
        let [depth, sampling, range] = kind.split(' ').collect::<Vec<_>>()[..] else { unreachable!() };
        let arguments = ["-d", depth, "-y", sampling, "-r", range];
        let Some(original) = avif(&picture.clone().into(), &arguments) else { return };
        assert_shown(&original, &picture, kind);
    }
}

#[test]
fn every_way_to_code_colours_is_shown_truly() {
    let picture = quarters(160, 106);
    for coding in ["1/13/1", "1/13/0", "1/13/6", "1/13/8", "1/13/9", "2/2/2"] {
        let Some(original) = avif(&picture.clone().into(), &["--cicp", coding, "-y", "444"]) else { return };
        assert_shown(&original, &picture, coding);
    }
}

#[test]
fn grey_is_shown_truly() {
    let grey = DynamicImage::from(DynamicImage::from(quarters(160, 106)).to_luma8());
    for depth in ["8", "10"] {
        let Some(original) = avif(&grey, &["-d", depth, "-y", "400"]) else { return };
        assert_shown(&original, &grey.to_rgb8(), depth);
    }
}

#[test]
fn what_is_transparent_is_white_however_it_is_stored() {
    let half = RgbaImage::from_fn(96, 64, |x, _| if x < 48 { Rgba([200, 30, 30, 128]) } else { Rgba([9, 9, 9, 0]) });
    let on_white = RgbImage::from_fn(96, 64, |x, _| if x < 48 { Rgb([227, 142, 142]) } else { Rgb([255; 3]) });
    for arguments in [&["-y", "444"][..], &["-y", "444", "-d", "10"], &["-y", "444", "--premultiply"]] {
        let Some(original) = avif(&half.clone().into(), arguments) else { return };
        assert_shown(&original, &on_white, &format!("{arguments:?}"));
    }
}

#[test]
fn the_containers_turns_and_mirrors_are_followed() {
    let stored = quarters(160, 106);
    let turned: [(&[&str], RgbImage); 5] = [
        (&["--irot", "1"], rotate270(&stored)),
        (&["--irot", "2"], rotate180(&stored)),
        (&["--imir", "0"], flip_vertical(&stored)),
        (&["--imir", "1"], flip_horizontal(&stored)),
        (&["--irot", "1", "--imir", "1"], flip_horizontal(&rotate270(&stored))),
    ];
    for (arguments, upright) in turned {
        let Some(original) = avif(&stored.clone().into(), arguments) else { return };
        assert_shown(&original, &upright, &format!("{arguments:?}"));
    }
}

#[test]
fn a_crop_of_the_container_is_followed() {
    let stored = quarters(160, 106);
    let crop = ["--clap", "80,1,50,1,-40,1,-28,1", "-y", "444"];
    let Some(original) = avif(&stored.clone().into(), &crop) else { return };
    assert_shown(&original, &image::imageops::crop_imm(&stored, 0, 0, 80, 50).to_image(), "cropped");
}

#[test]
fn tiles_are_put_together() {
    let picture = quarters(320, 192);
    for arguments in [&["--grid", "2x3", "-y", "444"][..], &["--grid", "5x2"]] {
        let large = DynamicImage::from(picture.clone()).resize_exact(640, 384, image::imageops::FilterType::Nearest);
        let Some(original) = avif(&large, arguments) else { return };
        assert_shown(&original, &large.to_rgb8(), &format!("{arguments:?}"));
    }
}

#[test]
fn wide_colours_are_converted_by_profile_and_by_number() {
    let picture = quarters(160, 106);
    let (srgb, p3) = (ColorProfile::new_srgb(), ColorProfile::new_display_p3());
    let mut wide = picture.clone();
    let options = TransformOptions::default();
    let transform = srgb.create_transform_8bit(Layout::Rgb, &p3, Layout::Rgb, options).unwrap();
    transform.transform(picture.as_raw(), &mut wide).unwrap();
    let Some(by_number) = avif(&wide.clone().into(), &["--cicp", "12/13/6", "-y", "444"]) else { return };
    assert_shown(&by_number, &picture, "12/13/6");
    let folder = tempfile::tempdir().unwrap();
    let profile = folder.path().join("p3.icc");
    std::fs::write(&profile, p3.encode().unwrap()).unwrap();
    let by_profile = avif(&wide.into(), &["--icc", text(&profile), "-y", "444"]).unwrap();
    assert_shown(&by_profile, &picture, "with a profile");
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The number by which PQ (SMPTE ST 2084) stores an sRGB level whose white is 203 cd/m².
fn pq(level: u8) -> u16 {
    let level = f64::from(level) / 255.0;
    let light = if level <= 0.040_45 { level / 12.92 } else { ((level + 0.055) / 1.055).powf(2.4) };
    let power = (light * 203.0 / 10_000.0).powf(0.159_301_757_812_5);
    let number = ((0.835_937_5 + 18.851_562_5 * power) / (1.0 + 18.687_5 * power)).powf(78.843_75);
    (number * 65_535.0).round() as u16
}

#[test]
fn hdr_is_neither_grey_nor_dull_on_proofs_and_prints() {
    // Greys below the brightness from which highlights are compressed.
    let picture = RgbImage::from_fn(96, 64, |x, y| Rgb([(20 + x + y / 2) as u8; 3]));
    let numbers = image::ImageBuffer::from_fn(96, 64, |x, y| Rgb([pq(picture.get_pixel(x, y).0[0]); 3]));
    let arguments = ["--cicp", "9/16/9", "-d", "12", "-y", "444"];
    let Some(original) = avif(&DynamicImage::ImageRgb16(numbers), &arguments) else { return };
    assert_shown(&original, &picture, "HDR");
    let print = print_file(&original, &enprint_darkroom::Recipe::default()).unwrap().unwrap();
    let off = difference(&pixels(&print.bytes), &picture);
    assert!(off < 3.0, "{off} levels off in print");
    // Where the container says nothing of the colours, the picture's own headers count.
    let mut silent = original;
    let at = silent.windows(4).position(|name| name == b"colr").unwrap();
    silent[at..at + 4].copy_from_slice(b"free");
    assert_shown(&silent, &picture, "HDR by the picture's own headers");
}

#[test]
fn the_cameras_words_are_read_and_its_orientation_counts_once() {
    let folder = tempfile::tempdir().unwrap();
    let block = exif(&[(0x0110, kit::Value::Text("Demo 35")), (0x0112, kit::Value::Short(6))], &[], &[]);
    let (exif, xmp) = (folder.path().join("exif"), folder.path().join("xmp"));
    std::fs::write(&exif, block).unwrap();
    let packet = r#"<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"/></rdf:RDF></x:xmpmeta>"#;
    std::fs::write(&xmp, packet).unwrap();
    let stored = quarters(160, 106);
    let arguments = ["--exif", text(&exif), "--xmp", text(&xmp), "--irot", "3"];
    let Some(original) = avif(&stored.clone().into(), &arguments) else { return };
    let facts = read_facts(&original).unwrap();
    assert_eq!((facts.camera_model.as_deref(), facts.rating), (Some("Demo 35"), Some(4)));
    assert_shown(&original, &image::imageops::rotate90(&stored), "turned by its container");
}

#[test]
fn a_print_file_of_an_avif_is_rendered() {
    let Some(original) = avif(&quarters(160, 106).into(), &["-y", "444"]) else { return };
    let file = print_file(&original, &enprint_darkroom::Recipe::default()).unwrap().unwrap();
    assert_eq!((file.width_px, file.height_px), (160, 106));
}
