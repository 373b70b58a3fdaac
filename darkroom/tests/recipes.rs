//! Edits: the same recipe gives the same frame on proof and print file, whatever the
//! orientation of the original; turns alone cost no pixel.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod kit;

use enprint_darkroom::recipe::WHOLE;
use enprint_darkroom::{
    CropFrame, DevelopSettings, Length, Paper, Placement, PrintSettings, PrintSize, Recipe, develop_with, print,
    print_file, print_file_with, read_facts,
};
use image::{Rgb, RgbImage, imageops};

const ORIENTATION: u16 = 0x0112;

fn oriented(picture: &RgbImage, orientation: u16) -> Vec<u8> {
    let block = kit::exif(&[(ORIENTATION, kit::Value::Short(orientation))], &[], &[]);
    kit::jpeg(picture, Some(&block), None)
}

fn proof(original: &[u8], recipe: &Recipe) -> RgbImage {
    kit::pixels(&develop_with(original, &DevelopSettings::default(), recipe).unwrap().proof.jpeg)
}

fn printed(original: &[u8], recipe: &Recipe) -> RgbImage {
    let file = print_file(original, recipe).unwrap().unwrap();
    let pixels = kit::pixels(&file.bytes);
    assert_eq!(pixels.dimensions(), (file.width_px, file.height_px));
    pixels
}

fn recipes() -> Vec<Recipe> {
    let crop = Some(CropFrame { left: 125_000, top: 250_000, width: 500_000, height: 625_000 });
    let mut recipes = Vec::new();
    for mirrored in [false, true] {
        for quarter_turns in 0..4 {
            for crop in [None, crop] {
                for straighten in [0, 300, -1_250] {
                    recipes.push(Recipe { mirrored, quarter_turns, straighten, crop });
                }
            }
        }
    }
    recipes.retain(|recipe| !recipe.is_untouched());
    recipes
}

#[test]
fn proof_and_print_file_show_the_same_frame_for_every_orientation_and_recipe() {
    for orientation in 1..=8 {
        let original = oriented(&kit::quarters(480, 320), orientation);
        for recipe in recipes() {
            let (proof, printed) = (proof(&original, &recipe), printed(&original, &recipe));
            let name = format!("orientation {orientation}, {recipe:?}");
            assert_eq!(proof.dimensions(), printed.dimensions(), "{name}");
            let difference = kit::difference(&proof, &printed);
            assert!(difference < 2.5, "{name}: {difference}");
        }
    }
}

#[test]
fn a_turn_is_what_the_image_library_calls_one() {
    let picture = kit::quarters(480, 320);
    let original = kit::jpeg(&picture, None, None);
    let turned = |quarter_turns| printed(&original, &Recipe { quarter_turns, ..Recipe::default() });
    let decoded = kit::pixels(&original);
    assert!(kit::difference(&turned(1), &imageops::rotate90(&decoded)) < 1.0);
    assert!(kit::difference(&turned(2), &imageops::rotate180(&decoded)) < 1.0);
    assert!(kit::difference(&turned(3), &imageops::rotate270(&decoded)) < 1.0);
    let mirrored = printed(&original, &Recipe { mirrored: true, ..Recipe::default() });
    assert!(kit::difference(&mirrored, &imageops::flip_horizontal(&decoded)) < 1.0);
}

#[test]
fn turns_alone_are_without_loss_and_a_crop_is_not() {
    let original = oriented(&kit::quarters(480, 320), 6);
    let turn = Recipe { quarter_turns: 1, ..Recipe::default() };
    assert!(print_file(&original, &turn).unwrap().unwrap().is_lossless);
    let crop = Recipe { crop: Some(CropFrame { left: 0, top: 0, width: 500_000, height: WHOLE }), ..turn };
    assert!(!print_file(&original, &crop).unwrap().unwrap().is_lossless);
    // 484 is no multiple of eight, and this turn moves the odd edge to the front.
    let odd = kit::jpeg(&kit::quarters(484, 320), None, None);
    assert!(!print_file(&odd, &Recipe { quarter_turns: 2, ..Recipe::default() }).unwrap().unwrap().is_lossless);
    assert_eq!(print_file(&original, &Recipe::default()).unwrap(), None, "an original without edits goes as it is");
}

#[test]
fn no_print_file_has_the_cameras_metadata_and_all_have_their_profile() {
    let profile = moxcms::ColorProfile::new_adobe_rgb().encode().unwrap();
    let block = kit::exif(&[(ORIENTATION, kit::Value::Short(3))], &[], &[(1, kit::Value::Text("N"))]);
    let original = kit::jpeg(&kit::quarters(480, 320), Some(&block), Some(&profile));
    let crop = Some(CropFrame { left: 0, top: 0, width: 500_000, height: WHOLE });
    for recipe in [Recipe { quarter_turns: 1, ..Recipe::default() }, Recipe { crop, ..Recipe::default() }] {
        let jpeg = print_file(&original, &recipe).unwrap().unwrap().bytes;
        let has = |words: &[u8]| jpeg.windows(words.len()).any(|window| window == words);
        assert!(!has(b"Exif") && has(b"ICC_PROFILE") && has(&profile[..200]), "{recipe:?}");
    }
}

#[test]
fn a_cropped_proof_is_as_sharp_as_a_whole_one() {
    // Stripes of 3 pixels: decoded for the whole photo's proof they would be grey.
    let stripes = RgbImage::from_fn(4800, 1600, |x, _| if (x / 3) % 2 == 0 { Rgb([230; 3]) } else { Rgb([20; 3]) });
    let crop = Some(CropFrame { left: 0, top: 0, width: 250_000, height: 500_000 });
    let proof = proof(&kit::jpeg(&stripes, None, None), &Recipe { crop, ..Recipe::default() });
    assert_eq!(proof.dimensions(), (1200, 800));
    let row: Vec<u8> = (0..1200).map(|x| proof.get_pixel(x, 400).0[1]).collect();
    let contrast = row.windows(2).map(|two| u64::from(two[0].abs_diff(two[1]))).sum::<u64>() / 1200;
    assert!(contrast > 50, "contrast {contrast}");
}

#[test]
fn straightening_makes_a_slanted_line_level_and_leaves_no_empty_corner() {
    let slope = 5f64.to_radians().tan();
    // Falls to the left by five degrees: turned clockwise by five it is level.
    let picture = RgbImage::from_fn(600, 400, |x, y| {
        let line = 200.0 - (f64::from(x) - 300.0) * slope;
        if f64::from(y) < line { Rgb([200, 200, 240]) } else { Rgb([60, 90, 60]) }
    });
    let straight = printed(&kit::jpeg(&picture, None, None), &Recipe { straighten: 500, ..Recipe::default() });
    let edge = |x: u32| (0..straight.height()).find(|y| straight.get_pixel(x, *y).0[2] < 150).unwrap();
    let (left, right) = (edge(10), edge(straight.width() - 11));
    assert!(left.abs_diff(right) <= 1, "left {left}, right {right}");
    for (x, y) in [(0, 0), (straight.width() - 1, 0), (0, straight.height() - 1)] {
        assert!(straight.get_pixel(x, y).0.iter().any(|level| *level > 40), "an empty corner at {x}, {y}");
    }
}

#[test]
fn sizes_are_known_before_anything_is_decoded() {
    let original = oriented(&kit::quarters(480, 320), 6);
    let facts = read_facts(&original).unwrap();
    for recipe in recipes() {
        let framed = enprint_darkroom::frame::framed((facts.width_px, facts.height_px), &recipe);
        assert_eq!(printed(&original, &recipe).dimensions(), framed, "{recipe:?}");
    }
}

/// Where the red dot of a picture lies, as parts of what is not white.
fn dot(picture: &RgbImage) -> (f64, f64) {
    let is_photo = |pixel: &Rgb<u8>| pixel.0[1] < 200;
    let photo = picture.enumerate_pixels().filter(|(_, _, pixel)| is_photo(pixel));
    let ends = photo.fold((u32::MAX, 0, u32::MAX, 0), |ends, (x, y, _)| {
        (ends.0.min(x), ends.1.max(x + 1), ends.2.min(y), ends.3.max(y + 1))
    });
    let (mut sum, mut across, mut down) = (0.0, 0.0, 0.0);
    for (x, y, pixel) in picture.enumerate_pixels().filter(|(_, _, pixel)| is_photo(pixel)) {
        let red = f64::from(pixel.0[0].saturating_sub(90));
        (sum, across, down) = (sum + red, across + red * (f64::from(x) + 0.5), down + red * (f64::from(y) + 0.5));
    }
    let part = |at: f64, from: u32, to: u32| (at / sum - f64::from(from)) / f64::from(to - from);
    (part(across, ends.0, ends.1), part(down, ends.2, ends.3))
}

/// Where a recipe brings a place of the upright photo, as parts of what it leaves; by
/// trigonometry, not by the darkroom's arithmetic.
fn expected((mut x, mut y): (f64, f64), (mut wide, mut high): (f64, f64), recipe: &Recipe) -> (f64, f64) {
    if recipe.mirrored {
        x = wide - x;
    }
    for _ in 0..recipe.quarter_turns {
        (x, y) = (high - y, x);
        (wide, high) = (high, wide);
    }
    let angle = (f64::from(recipe.straighten) / 100.0).to_radians();
    let (distance, direction) =
        (f64::hypot(x - wide / 2.0, y - high / 2.0), f64::atan2(y - high / 2.0, x - wide / 2.0));
    let share = 1.0 / (angle.abs().cos() + (wide / high).max(high / wide) * angle.abs().sin());
    let x = (distance * (direction + angle).cos() / share + wide / 2.0) / wide;
    let y = (distance * (direction + angle).sin() / share + high / 2.0) / high;
    let crop = recipe.crop.unwrap_or(CropFrame { left: 0, top: 0, width: WHOLE, height: WHOLE });
    let part = |at: f64, from: u32, length: u32| (at * f64::from(WHOLE) - f64::from(from)) / f64::from(length);
    (part(x, crop.left, crop.width), part(y, crop.top, crop.height))
}

/// As a camera stores a picture that was held so that EXIF says `orientation`.
fn stored(upright: &RgbImage, orientation: u16) -> RgbImage {
    match orientation {
        2 => imageops::flip_horizontal(upright),
        3 => imageops::rotate180(upright),
        4 => imageops::flip_vertical(upright),
        5 => imageops::rotate270(&imageops::flip_horizontal(upright)),
        6 => imageops::rotate270(upright),
        7 => imageops::rotate90(&imageops::flip_horizontal(upright)),
        8 => imageops::rotate90(upright),
        _ => upright.clone(),
    }
}

#[test]
fn a_face_is_in_the_same_place_on_proof_and_print_for_every_orientation_turn_and_crop() {
    let (middle, size) = ((250.0, 180.0), (600, 400));
    let upright = RgbImage::from_fn(size.0, size.1, |x, y| {
        let away = f64::hypot(f64::from(x) + 0.5 - middle.0, f64::from(y) + 0.5 - middle.1);
        Rgb([if away < 14.0 { 210 } else { 90 }, 90, 100])
    });
    let crop = Some(CropFrame { left: 90_000, top: 160_000, width: 650_000, height: 611_111 });
    let fit = Placement::Fit { border: Length::mm(2) };
    let paper = Paper { placement: fit, bleed: Length::mm(1), ..Paper::filled(PrintSize::mm(60, 40), 220) };
    let settings = PrintSettings { paper: Some(paper), takes_originals: false, ..print::FULL_SIZE };
    let small = DevelopSettings { proof_edge_px: 333, ..DevelopSettings::default() };
    for orientation in 1..=8 {
        let original = oriented(&stored(&upright, orientation), orientation);
        for recipe in recipes().into_iter().filter(|recipe| recipe.crop.is_some()) {
            let recipe = Recipe { crop, ..recipe };
            let proof = kit::pixels(&develop_with(&original, &small, &recipe).unwrap().proof.jpeg);
            let print = kit::pixels(&print_file_with(&original, &recipe, &settings).unwrap().bytes);
            let wanted = expected(middle, (f64::from(size.0), f64::from(size.1)), &recipe);
            for (name, seen) in [("proof", dot(&proof)), ("print", dot(&print))] {
                let off = f64::hypot(seen.0 - wanted.0, seen.1 - wanted.1);
                assert!(off < 0.0015, "{name}, orientation {orientation}, {recipe:?}: {seen:?}, not {wanted:?}");
            }
        }
    }
}
