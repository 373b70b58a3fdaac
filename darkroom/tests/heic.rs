//! HEIC whose boxes are put together here around one small coded picture: colours by
//! number, transparency, and HDR, which is brought to what paper shows.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod kit;

use enprint_darkroom::{Recipe, print_file};
use image::{Rgb, RgbImage};
use kit::boxes::{Item, boxed, file, full, meta, size};
use kit::{assert_shown_above, developed, difference, pixels, refused, small};
use moxcms::{ColorProfile, Layout, TransformOptions};

/// How the coded picture is set up, and its bytes.
fn coded() -> (Vec<u8>, Vec<u8>) {
    let heic = small::heic();
    let at = heic.windows(4).position(|name| name == b"hvcC").unwrap() - 4;
    let length = u32::from_be_bytes(heic[at..at + 4].try_into().unwrap()) as usize;
    let data = heic.windows(4).position(|name| name == b"mdat").unwrap() + 4;
    // Behind the eight bytes of the grid's own data.
    (heic[at..at + length].to_vec(), heic[data..data + 0x74].to_vec())
}

fn nclx(primaries: u16, curve: u16, matrix: u16) -> Vec<u8> {
    let numbers = [primaries, curve, matrix].map(u16::to_be_bytes).concat();
    boxed(b"colr", &[b"nclx", &numbers[..], &[0x80]].concat())
}

/// The picture with those colours; with a transparency beside it, which is the same
/// picture's light, whose colours are multiplied by it or not.
fn heic(colours: &[u8], multiplied: Option<bool>) -> Vec<u8> {
    let (configuration, data) = coded();
    let transparency = full(b"auxC", 0, b"urn:mpeg:hevc:2015:auxid:1\0");
    let build = |data_at: u32| {
        let place = (data_at, data.len() as u32);
        let item = |properties: &[u8]| Item { kind: *b"hvc1", place, properties: properties.to_vec() };
        let mut items = vec![item(&[1, 2, 3])];
        let mut references = Vec::new();
        if let Some(is_multiplied) = multiplied {
            items.push(item(&[1, 2, 4]));
            references.push((*b"auxl", 2, vec![1]));
            references.extend(is_multiplied.then(|| (*b"prem", 1, vec![2])));
        }
        let properties = [configuration.clone(), size(64, 64), colours.to_vec(), transparency.clone()];
        meta(&items, &properties, &references)
    };
    let data_at = file(b"heic", &build(0), &[]).len() as u32;
    file(b"heic", &build(data_at), &data)
}

fn shown(original: &[u8]) -> RgbImage {
    pixels(&developed(original).proof.jpeg)
}

#[test]
fn colours_by_number_become_those_of_srgb() {
    let srgb = shown(&heic(&nclx(1, 13, 6), None));
    let mut wide = srgb.clone();
    let options = TransformOptions::default();
    let p3 = ColorProfile::new_display_p3();
    let transform = p3.create_transform_8bit(Layout::Rgb, &ColorProfile::new_srgb(), Layout::Rgb, options).unwrap();
    transform.transform(srgb.as_raw(), &mut wide).unwrap();
    assert!(difference(&wide, &srgb) > 4.0, "the two differ");
    let off = difference(&shown(&heic(&nclx(12, 13, 6), None)), &wide);
    assert!(off < 2.5, "{off} levels off");
}

#[test]
fn hdr_is_brought_to_what_paper_shows() {
    let mean = |original: &[u8]| {
        let shown = shown(original);
        shown.iter().map(|level| f64::from(*level)).sum::<f64>() / shown.len() as f64
    };
    let plain = mean(&heic(&nclx(9, 14, 9), None));
    let (pq, hlg) = (mean(&heic(&nclx(9, 16, 9), None)), mean(&heic(&nclx(9, 18, 9), None)));
    assert!((pq - plain).abs() > 5.0 && (pq - hlg).abs() > 5.0 && (hlg - plain).abs() > 5.0, "{plain} {pq} {hlg}");
    for curve in [16, 18] {
        assert!(print_file(&heic(&nclx(9, curve, 9), None), &Recipe::default()).is_ok());
    }
}

#[test]
fn colours_that_were_multiplied_by_their_transparency_are_divided_again() {
    let colours = nclx(1, 13, 6);
    let opaque = shown(&heic(&colours, None));
    let (multiplied, plain) = (shown(&heic(&colours, Some(true))), shown(&heic(&colours, Some(false))));
    // On white, a multiplied colour stands as it is beside what its transparency lets
    // through; a plain one is weakened by it before.
    let mean = |picture: &RgbImage| picture.iter().map(|level| f64::from(*level)).sum::<f64>();
    assert!(mean(&multiplied) > mean(&plain) + 20.0 * plain.len() as f64 / 3.0);
    for (x, y) in [(10, 10), (50, 10), (10, 40), (50, 40)] {
        let Rgb([red, green, blue]) = *opaque.get_pixel(x, y);
        let light = 0.299 * f64::from(red) + 0.587 * f64::from(green) + 0.114 * f64::from(blue);
        // No colour can be brighter than its transparency lets it be.
        for (channel, level) in [red, green, blue].into_iter().enumerate() {
            let expected = f64::from(level).min(light) + 255.0 - light;
            let seen = f64::from(multiplied.get_pixel(x, y).0[channel]);
            assert!((seen - expected).abs() < 12.0, "{x} {y}: {seen}, not {expected}");
        }
    }
}

/// `down` such pictures one below the other, with what turns them; none of them is on a side.
fn tiled(down: u16, turn: &[u8]) -> Vec<u8> {
    let (configuration, data) = coded();
    let build = |data_at: u32| {
        let length = data.len() as u32;
        let mut items = vec![Item { kind: *b"grid", place: (data_at, 8), properties: vec![3, 4] }];
        for number in 0..u32::from(down) {
            let place = (data_at + 8 + number * length, length);
            items.push(Item { kind: *b"hvc1", place, properties: vec![1, 2] });
        }
        let whole = size(64, 64 * u32::from(down));
        let properties = [configuration.clone(), size(64, 64), whole, turn.to_vec()];
        meta(&items, &properties, &[(*b"dimg", 1, (2..2 + down).collect())])
    };
    let data_at = file(b"heic", &build(0), &[]).len() as u32;
    let head = [&[0, 0, down as u8 - 1, 0, 0, 64][..], &(64 * down).to_be_bytes()].concat();
    file(b"heic", &build(data_at), &[head, data.repeat(usize::from(down))].concat())
}

#[test]
fn a_heic_that_lost_its_end_shows_its_first_tiles_and_is_never_printed() {
    let tall = tiled(4, &boxed(b"free", &[]));
    let whole = developed(&tall);
    assert_eq!((whole.damage, whole.proof.width_px, whole.proof.height_px), (None, 64, 256));
    let whole = pixels(&whole.proof.jpeg);
    let (_, data) = coded();
    for (lost, rows) in [(10, 192), (data.len() + 10, 128), (3 * data.len(), 64)] {
        assert_shown_above(&tall[..tall.len() - lost], &whole, rows, &format!("without its last {lost} bytes"));
    }
    assert!(refused(&tall[..tall.len() - 4 * data.len() + 10]).contains("cut short"), "nothing of it can be shown");
}

#[test]
fn what_is_left_of_a_heic_is_turned_as_the_whole_is() {
    let turned = tiled(2, &boxed(b"irot", &[1]));
    let whole = developed(&turned);
    assert_eq!((whole.proof.width_px, whole.proof.height_px), (128, 64));
    let cut = developed(&turned[..turned.len() - 10]);
    assert_eq!((cut.proof.width_px, cut.proof.height_px), (128, 64));
    let (whole, cut) = (pixels(&whole.proof.jpeg), pixels(&cut.proof.jpeg));
    // A quarter anticlockwise: what stood above stands on the left.
    let left = |from: &RgbImage| image::imageops::crop_imm(from, 0, 0, 56, 64).to_image();
    assert!(difference(&left(&cut), &left(&whole)) < 3.0);
    assert!(cut.get_pixel(120, 32).0.iter().all(|level| level.abs_diff(0x80) < 4));
}

#[test]
fn a_heic_in_one_piece_that_lost_its_end_is_refused_as_cut_short() {
    let whole = small::heic();
    for end in [whole.len() - 10, whole.len() - 60] {
        assert!(refused(&whole[..end]).contains("cut short"));
    }
}
