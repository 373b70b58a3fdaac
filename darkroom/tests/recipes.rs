//! Edits: the same recipe gives the same frame on proof and print file, whatever the
//! orientation of the original; turns alone cost no pixel.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod kit;

use enprint_darkroom::recipe::WHOLE;
use enprint_darkroom::{CropFrame, DevelopSettings, Recipe, develop_with, print_file, read_facts};
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
