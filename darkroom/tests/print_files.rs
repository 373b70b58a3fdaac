//! Print files: exact pixels, the right part of the photo, true colours, nothing else in
//! the file; and in words why there is none.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod kit;

use enprint_darkroom::{
    CropFrame, DevelopError, FileKind, Length, Paper, Placement, PrintColour, PrintFile, PrintFormat, PrintSettings,
    PrintSize, Recipe, needs_rendering, print_file, print_file_with, sniff,
};
use image::{DynamicImage, ImageDecoder, ImageFormat, Rgb, RgbImage};
use kit::inks::{self, profile_for_inks};
use moxcms::ColorProfile;
use tiff::tags::Tag;

/// Of a paper that the photo covers.
fn settings(paper: Paper) -> PrintSettings {
    PrintSettings { paper: Some(paper), ..full_size() }
}

fn full_size() -> PrintSettings {
    PrintSettings { paper: None, format: PrintFormat::Jpeg, colour: PrintColour::Keep, takes_originals: false }
}

fn printed(original: &[u8], settings: &PrintSettings) -> PrintFile {
    let file = print_file_with(original, &Recipe::default(), settings).unwrap();
    let kind = if file.format == PrintFormat::Jpeg { FileKind::Jpeg } else { FileKind::Tiff };
    assert_eq!(sniff(&file.bytes), Some(kind));
    file
}

fn pixels(file: &PrintFile) -> RgbImage {
    let pixels = image::load_from_memory(&file.bytes).unwrap().into_rgb8();
    assert_eq!(pixels.dimensions(), (file.width_px, file.height_px));
    pixels
}

fn png(picture: impl Into<DynamicImage>) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.into().write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn tiff_tags(bytes: &[u8]) -> tiff::decoder::Decoder<std::io::Cursor<&[u8]>> {
    tiff::decoder::Decoder::new(std::io::Cursor::new(bytes)).unwrap()
}

/// The colour profile that a JPEG or TIFF has with it.
fn profile_in(file: &PrintFile) -> Option<Vec<u8>> {
    if file.format == PrintFormat::Tiff8 {
        // Asked for by its own library: `image` leaves out profiles that are large beside
        // the picture.
        return tiff_tags(&file.bytes).get_tag_u8_vec(Tag::IccProfile).ok();
    }
    let mut reader = image::ImageReader::new(std::io::Cursor::new(&file.bytes));
    reader.set_format(ImageFormat::Jpeg);
    reader.into_decoder().unwrap().icc_profile().unwrap()
}

#[test]
fn every_size_has_its_exact_pixels_whichever_way_the_photo_lies() {
    let sizes = [
        (PrintSize::mm(152, 102), 300, 2, (1_843, 1_252)),
        (PrintSize::mm(100, 150), 300, 0, (1_772, 1_181)),
        (PrintSize::inches(5, 7), 300, 0, (2_100, 1_500)),
        (PrintSize::mm(130, 180), 300, 3, (2_197, 1_606)),
        (PrintSize::inches(5, 5), 250, 0, (1_250, 1_250)),
        (PrintSize::mm(30, 20), 720, 1, (907, 624)),
    ];
    let (across, upright) = (RgbImage::from_pixel(1_500, 1_000, Rgb([90, 120, 60])), (1_000, 1_500));
    let across = kit::jpeg(&across, None, None);
    let upright = kit::jpeg(&RgbImage::from_pixel(upright.0, upright.1, Rgb([90; 3])), None, None);
    for (size, ppi, bleed, (wide, high)) in sizes {
        for format in [PrintFormat::Jpeg, PrintFormat::Tiff8] {
            for placement in [Placement::Fill { frame: None }, Placement::Fit { border: Length::mm(4) }] {
                let paper = Paper { size, ppi, bleed: Length::mm(bleed), placement };
                let settings = PrintSettings { format, ..settings(paper) };
                assert_eq!(pixels(&printed(&across, &settings)).dimensions(), (wide, high), "{paper:?}");
                assert_eq!(pixels(&printed(&upright, &settings)).dimensions(), (high, wide), "{paper:?}");
            }
        }
    }
}

/// A picture whose red says how far right a pixel is, and its green how far down.
fn chart(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let level = |at: u32, length: u32| (f64::from(at) * 200.0 / f64::from(length - 1)).round() as u8;
        Rgb([level(x, width), level(y, height), 30])
    })
}

/// How far right and how far down a chart's pixel was, from 0 to 1.
fn place(pixel: Rgb<u8>) -> (f64, f64) {
    (f64::from(pixel.0[0]) / 200.0, f64::from(pixel.0[1]) / 200.0)
}

fn assert_corners(print: &RgbImage, (left, top, right, bottom): (f64, f64, f64, f64)) {
    let (width, height) = print.dimensions();
    let first = place(*print.get_pixel(0, 0));
    let last = place(*print.get_pixel(width - 1, height - 1));
    for (seen, wanted) in [(first.0, left), (first.1, top), (last.0, right), (last.1, bottom)] {
        assert!((seen - wanted).abs() < 0.008, "{first:?} to {last:?}, not {left} {top} to {right} {bottom}");
    }
}

#[test]
fn filling_cuts_evenly_what_is_too_much() {
    let original = png(chart(1_200, 800));
    let print = |size| {
        let tiff = PrintSettings { format: PrintFormat::Tiff8, ..settings(Paper::filled(size, 200)) };
        pixels(&printed(&original, &tiff))
    };
    assert_corners(&print(PrintSize::inches(4, 6)), (0.0, 0.0, 1.0, 1.0));
    assert_corners(&print(PrintSize::inches(4, 4)), (1.0 / 6.0, 0.0, 5.0 / 6.0, 1.0));
    assert_corners(&print(PrintSize::inches(2, 6)), (0.0, 0.25, 1.0, 0.75));
}

#[test]
fn filling_shows_what_the_customer_chose_and_nothing_else() {
    let original = png(chart(1_200, 800));
    let print = |crop: CropFrame| {
        let placement = Placement::Fill { frame: Some(crop) };
        let paper = Paper { placement, ..Paper::filled(PrintSize::inches(2, 3), 200) };
        pixels(&printed(&original, &PrintSettings { format: PrintFormat::Tiff8, ..settings(paper) }))
    };
    let right = CropFrame { left: 500_000, top: 500_000, width: 500_000, height: 500_000 };
    assert_corners(&print(right), (0.5, 0.5, 1.0, 1.0));
    // An upright choice is printed on upright paper: 444 × 667 pixels of the photo.
    let upright = CropFrame { left: 100_000, top: 0, width: 370_370, height: 833_333 };
    let print = print(upright);
    assert_eq!(print.dimensions(), (400, 600));
    assert_corners(&print, (0.1, 0.0, 0.470_37, 0.833_3));
}

#[test]
fn fitting_cuts_nothing_and_its_white_border_is_as_wide_as_asked() {
    let original = png(chart(1_200, 800));
    let placement = Placement::Fit { border: Length::mm(5) };
    let paper = Paper { bleed: Length::mm(2), placement, ..Paper::filled(PrintSize::mm(127, 127), 254) };
    let print = pixels(&printed(&original, &PrintSettings { format: PrintFormat::Tiff8, ..settings(paper) }));
    // 254 pixels per inch are 10 per millimetre: 7 mm of white beside, the rest above and below.
    assert_eq!(print.dimensions(), (1_310, 1_310));
    let (wide, high) = (1_170, 780);
    let (left, top) = (70, (1_310 - high) / 2);
    for (x, y, pixel) in print.enumerate_pixels() {
        let is_photo = (left..left + wide).contains(&x) && (top..top + high).contains(&y);
        assert_eq!(*pixel != Rgb([255; 3]), is_photo, "{x} {y}");
    }
    assert_corners(&image::imageops::crop_imm(&print, left, top, wide, high).to_image(), (0.0, 0.0, 1.0, 1.0));
}

#[test]
fn paper_has_the_resolution_that_the_lab_asked_for_written_in_it() {
    let original = kit::jpeg(&kit::quarters(900, 600), None, None);
    let settings = settings(Paper::filled(PrintSize::inches(2, 3), 254));
    let jpeg = printed(&original, &settings).bytes;
    assert_eq!(&jpeg[6..18], b"JFIF\0\x01\x02\x01\x00\xFE\x00\xFE", "254 dots per inch, both ways");
    let tiff = printed(&original, &PrintSettings { format: PrintFormat::Tiff8, ..settings }).bytes;
    let mut tags = tiff_tags(&tiff);
    assert_eq!(tags.get_tag_u32_vec(Tag::XResolution).unwrap_or(vec![254, 1]), [254, 1]);
    assert_eq!(tags.get_tag_u32(Tag::ResolutionUnit).unwrap(), 2, "inches");
}

#[test]
fn colours_are_at_full_resolution_in_a_print() {
    let stripes = RgbImage::from_fn(400, 300, |x, _| if x % 2 == 0 { Rgb([220, 30, 30]) } else { Rgb([30, 30, 220]) });
    let print = pixels(&printed(&png(stripes), &full_size()));
    let (red, blue) = (print.get_pixel(200, 150).0, print.get_pixel(201, 150).0);
    assert!(red[0] > 190 && red[2] < 60 && blue[2] > 190 && blue[0] < 60, "{red:?} {blue:?}");
}

#[test]
fn a_print_has_a_profile_that_can_be_read_and_nothing_else() {
    let gps = [(1, kit::Value::Text("N")), (2, kit::Value::Angle([46, 0, 45]))];
    let block = kit::exif(&[(0x8298, kit::Value::Text("SECRET"))], &[(0xA431, kit::Value::Text("SERIAL-4711"))], &gps);
    let wide = ColorProfile::new_display_p3().encode().unwrap();
    for profile in [None, Some(&wide[..])] {
        let original = kit::jpeg(&kit::quarters(900, 600), Some(&block), profile);
        for format in [PrintFormat::Jpeg, PrintFormat::Tiff8] {
            let settings = PrintSettings { format, ..settings(Paper::filled(PrintSize::inches(2, 3), 300)) };
            let file = printed(&original, &settings);
            let embedded = profile_in(&file).expect("a profile");
            let read = ColorProfile::new_from_slice(&embedded).expect("a profile that can be read");
            assert_eq!(read.color_space, moxcms::DataColorSpace::Rgb);
            assert!(profile.is_none_or(|profile| profile == embedded), "the photo's own, as it was");
            for trace in [&b"Exif"[..], b"SERIAL", b"SECRET", b"http://ns.adobe.com", b"Photoshop"] {
                let found = file.bytes.windows(trace.len()).any(|window| window == trace);
                assert!(!found, "{} in {format:?}", trace.escape_ascii());
            }
            assert!(kit::tags_of(&file.bytes).iter().all(|tag| kit::PLAIN_TIFF_TAGS.contains(tag)));
        }
    }
}

#[test]
fn the_same_recipe_makes_the_same_bytes_today_and_tomorrow() {
    let original = kit::jpeg(&kit::quarters(300, 200), None, None);
    let recipe = Recipe { straighten: 123, ..Recipe::default() };
    for format in [PrintFormat::Jpeg, PrintFormat::Tiff8] {
        let settings = PrintSettings { format, ..full_size() };
        let file = print_file_with(&original, &recipe, &settings).unwrap();
        assert_eq!(print_file_with(&original, &recipe, &settings).unwrap(), file);
        // A profile says when it was made: never now.
        assert_eq!(profile_in(&file).unwrap()[24..36], [7, 234, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]);
    }
}

#[test]
fn wide_colours_are_kept_or_converted_as_the_lab_asks() {
    let adobe = ColorProfile::new_adobe_rgb().encode().unwrap();
    let green = RgbImage::from_pixel(600, 400, Rgb([60, 200, 80]));
    let tiff = PrintSettings { format: PrintFormat::Tiff8, ..full_size() };
    let kept = printed(&kit::jpeg(&green, None, Some(&adobe)), &tiff);
    assert_eq!(profile_in(&kept).unwrap(), adobe);
    assert!(kit::difference(&pixels(&kept), &green) < 1.5, "samples stay");
    let srgb = ColorProfile::new_srgb().encode().unwrap();
    let to_srgb = PrintSettings { colour: PrintColour::Convert(srgb.clone()), ..tiff.clone() };
    let converted = printed(&kit::jpeg(&green, None, Some(&adobe)), &to_srgb);
    assert_eq!(profile_in(&converted).unwrap(), srgb);
    // What Adobe RGB says with 60 is beyond sRGB.
    let Rgb([red, green_level, _]) = *pixels(&converted).get_pixel(300, 200);
    assert!(red < 10 && green_level.abs_diff(202) < 5, "{red} {green_level}");
    // Cameras that are set to Adobe RGB often say so in EXIF alone.
    let says_so = kit::exif_of_adobe_rgb();
    let untagged = kit::jpeg(&green, Some(&says_so), None);
    let told = printed(&untagged, &tiff);
    let read = ColorProfile::new_from_slice(&profile_in(&told).unwrap()).unwrap();
    let primaries = |profile: &ColorProfile| (profile.red_colorant.x * 1_000.0).round();
    assert_eq!(primaries(&read), primaries(&ColorProfile::new_adobe_rgb()));
    assert!(kit::difference(&pixels(&told), &green) < 1.5);
    let turned = print_file(&untagged, &Recipe { quarter_turns: 1, ..Recipe::default() }).unwrap().unwrap();
    assert!(!turned.is_lossless && profile_in(&turned).is_some(), "a turn without loss would lose its colours");
}

#[test]
fn gradients_of_16_bits_have_no_bands() {
    // Fifty levels of 8 bits over 2,000 pixels.
    let level = |x: u32| (0x4000 + x * 50 * 257 / 2_000) as u16;
    let gradient = image::ImageBuffer::from_fn(2_000, 300, |x, _| Rgb([level(x); 3]));
    let pro_photo = ColorProfile::new_pro_photo_rgb().encode().unwrap();
    let original = kit::png_with_profile(&gradient, &pro_photo);
    let srgb = ColorProfile::new_srgb().encode().unwrap();
    let size = PrintSize { width: Length::hundredths_mm(25_400), height: Length::hundredths_mm(3_810) };
    for colour in [PrintColour::Keep, PrintColour::Convert(srgb)] {
        for paper in [None, Some(Paper::filled(size, 150))] {
            let settings = PrintSettings { paper, format: PrintFormat::Tiff8, colour: colour.clone(), ..full_size() };
            let print = pixels(&printed(&original, &settings));
            let row = (0..print.width()).map(|x| print.get_pixel(x, 100).0[1]).collect::<Vec<_>>();
            let steps = row.windows(2).map(|two| i32::from(two[1]) - i32::from(two[0]));
            let (least, most) = steps.fold((0, 0), |seen, step| (seen.0.min(step), seen.1.max(step)));
            assert!(least == 0 && most == 1, "steps of {least} to {most}, {paper:?}");
            let (first, last) = (row[0], row[row.len() - 1]);
            assert!((42..80).contains(&(last - first)), "{first} to {last}");
        }
    }
}

#[test]
fn inks_stay_inks_in_a_tiff_and_become_light_in_a_jpeg() {
    let profile = profile_for_inks();
    let red_ink = inks::jpeg([0, 255, 255, 0], (400, 300), Some(&profile));
    let tiff = printed(&red_ink, &PrintSettings { format: PrintFormat::Tiff8, ..full_size() });
    assert_eq!(tiff_tags(&tiff.bytes).colortype().unwrap(), tiff::ColorType::CMYK(8));
    assert_eq!(profile_in(&tiff).unwrap(), profile);
    let [cyan, magenta, yellow, black] = inks::first_pixel(&tiff.bytes);
    assert!(cyan < 6 && magenta > 249 && yellow > 249 && black < 6, "{cyan} {magenta} {yellow} {black}");
    let placement = Placement::Fit { border: Length::mm(5) };
    let paper = Paper { placement, ..Paper::filled(PrintSize::mm(50, 50), 100) };
    let bordered = printed(&red_ink, &PrintSettings { format: PrintFormat::Tiff8, ..settings(paper) });
    assert_eq!(inks::first_pixel(&bordered.bytes), [0; 4], "a white border has no ink");
    let jpeg = printed(&red_ink, &full_size());
    let Rgb([red, green, blue]) = *pixels(&jpeg).get_pixel(200, 150);
    assert!(red > 200 && green < 60 && blue < 60, "{red} {green} {blue}");
    assert!(ColorProfile::new_from_slice(&profile_in(&jpeg).unwrap()).is_ok());
}

#[test]
fn a_labs_inks_print_what_the_photo_shows() {
    let colour = PrintColour::Convert(profile_for_inks());
    let tiff = PrintSettings { format: PrintFormat::Tiff8, colour: colour.clone(), ..full_size() };
    let inks_of = |light: [u8; 3]| {
        let file = printed(&png(RgbImage::from_pixel(300, 200, Rgb(light))), &tiff);
        assert_eq!(profile_in(&file).unwrap(), profile_for_inks());
        inks::first_pixel(&file.bytes)
    };
    assert!(inks_of([255; 3]).iter().all(|ink| *ink < 20), "{:?}", inks_of([255; 3]));
    assert!(inks_of([0; 3])[3] > 200, "{:?}", inks_of([0; 3]));
    let [cyan, magenta, yellow, _] = inks_of([255, 0, 0]);
    assert!(cyan < 40 && magenta > 180 && yellow > 180, "{cyan} {magenta} {yellow}");
    let jpeg = PrintSettings { format: PrintFormat::Jpeg, colour, ..full_size() };
    let original = png(kit::quarters(300, 200));
    let words = kit::in_words(&print_file_with(&original, &Recipe::default(), &jpeg).unwrap_err());
    assert!(words.contains("TIFF"), "{words}");
}

#[test]
fn grey_and_transparent_originals_are_printed_in_colour_on_white() {
    let grey = image::GrayImage::from_pixel(300, 200, image::Luma([128]));
    let clear = image::RgbaImage::from_pixel(300, 200, image::Rgba([255, 0, 0, 0]));
    let (grey, clear) = (printed(&png(grey), &full_size()), printed(&png(clear), &full_size()));
    assert!(pixels(&grey).get_pixel(9, 9).0.iter().all(|level| level.abs_diff(128) < 2));
    assert!(pixels(&clear).get_pixel(9, 9).0.iter().all(|level| *level > 253));
    for file in [grey, clear] {
        assert!(ColorProfile::new_from_slice(&profile_in(&file).unwrap()).is_ok());
    }
}

#[test]
fn grey_with_a_profile_for_colours_is_printed_as_the_proof_shows_it() {
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 95);
    let steep = ColorProfile::new_pro_photo_rgb().encode().unwrap();
    encoder.add_icc_profile(&steep).unwrap();
    encoder.encode(&vec![128; 300 * 200], 300, 200, jpeg_encoder::ColorType::Luma).unwrap();
    let Rgb([proof, ..]) = *kit::pixels(&kit::developed(&bytes).proof.jpeg).get_pixel(9, 9);
    assert!(proof > 138, "the profile counts: {proof}");
    let kept = printed(&bytes, &full_size());
    assert_eq!(profile_in(&kept).unwrap(), steep);
    assert!(pixels(&kept).get_pixel(9, 9).0.iter().all(|level| level.abs_diff(128) < 3));
    let colour = PrintColour::Convert(ColorProfile::new_srgb().encode().unwrap());
    let converted = printed(&bytes, &PrintSettings { colour, ..full_size() });
    assert!(pixels(&converted).get_pixel(9, 9).0.iter().all(|level| level.abs_diff(proof) < 4));
}

#[test]
fn the_largest_cameras_photos_are_edited_and_printed() {
    // 102 megapixels, and more than any smaller camera's in one plane.
    let mut bytes = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut bytes, 60);
    encoder.encode(&vec![90; 11_648 * 8_736], 11_648, 8_736, jpeg_encoder::ColorType::Luma).unwrap();
    let crop = Some(CropFrame { left: 400_000, top: 400_000, width: 100_000, height: 100_000 });
    let file = print_file(&bytes, &Recipe { crop, ..Recipe::default() }).unwrap().unwrap();
    assert_eq!((file.width_px, file.height_px), (1_165, 874));
    let settings = settings(Paper::filled(PrintSize::inches(4, 6), 300));
    assert_eq!(printed(&bytes, &settings).width_px, 1_800);
}

#[test]
fn a_watermark_is_never_on_a_print() {
    let grey = png(RgbImage::from_pixel(1_200, 800, Rgb([90; 3])));
    let marked = enprint_darkroom::DevelopSettings {
        watermark: enprint_darkroom::Watermark::new("PROOF")
            .map(|mark| enprint_darkroom::PreparedMark::new(mark).unwrap().into()),
        ..Default::default()
    };
    let proof = kit::pixels(&enprint_darkroom::develop(&grey, &marked).unwrap().proof.jpeg);
    assert!(proof.pixels().any(|pixel| pixel.0[0] > 110), "the proof is marked");
    let recipe = Recipe { quarter_turns: 1, ..Recipe::default() };
    for print in [
        print_file(&grey, &recipe).unwrap().unwrap(),
        print_file_with(&grey, &recipe, &settings(Paper::filled(PrintSize::inches(2, 3), 300))).unwrap(),
    ] {
        assert!(pixels(&print).pixels().all(|pixel| pixel.0.iter().all(|level| level.abs_diff(90) < 3)));
    }
}

#[test]
fn originals_without_edits_need_no_rendering_where_the_lab_takes_them() {
    let takes = PrintSettings { takes_originals: true, ..full_size() };
    let turned = Recipe { quarter_turns: 1, ..Recipe::default() };
    assert!(!needs_rendering(FileKind::Jpeg, &Recipe::default(), &takes));
    assert!(needs_rendering(FileKind::Jpeg, &turned, &takes));
    assert!(needs_rendering(FileKind::Heic, &Recipe::default(), &takes));
    assert!(needs_rendering(FileKind::Jpeg, &Recipe::default(), &full_size()));
}

fn refused(original: &[u8], recipe: &Recipe, settings: &PrintSettings) -> String {
    kit::in_words(&print_file_with(original, recipe, settings).unwrap_err())
}

#[test]
fn a_cut_off_or_damaged_original_is_refused_in_words() {
    let whole = kit::jpeg(&kit::quarters(900, 600), None, None);
    let cut = &whole[..whole.len() * 2 / 3];
    assert_eq!(print_file(cut, &Recipe::default()), Err(DevelopError::CutShort));
    assert!(refused(cut, &Recipe::default(), &full_size()).contains("cut short"));
    let turned = Recipe { quarter_turns: 1, ..Recipe::default() };
    assert!(print_file(cut, &turned).is_err());
    let middle = whole.len() / 2;
    let mut overwritten = whole.clone();
    overwritten[middle..middle + 300].fill(0);
    let gap = [&whole[..middle], &whole[middle + 1_500..]].concat();
    let stray = [&whole[..middle], &[0xFF, 0xD3], &whole[middle..]].concat();
    for (name, damaged) in [("overwritten", overwritten), ("with a gap", gap), ("with a stray marker", stray)] {
        for recipe in [Recipe::default(), turned, Recipe { straighten: 100, ..Recipe::default() }] {
            let words = kit::in_words(&print_file(&damaged, &recipe).expect_err(name));
            assert!(words.contains("damaged") || words.contains("cut short"), "{name}: {words}");
        }
    }
}

#[test]
fn too_few_pixels_are_refused_in_words_that_name_them() {
    let original = kit::jpeg(&kit::quarters(900, 600), None, None);
    let paper = settings(Paper::filled(PrintSize::inches(12, 18), 300));
    let words = refused(&original, &Recipe::default(), &paper);
    assert!(words.contains("900 × 600") && words.contains("50 per inch"), "{words}");
    let small = settings(Paper::filled(PrintSize::inches(6, 9), 300));
    assert!(print_file_with(&original, &Recipe::default(), &small).is_ok());
    let half = CropFrame { left: 0, top: 0, width: 500_000, height: 500_000 };
    let cropped = Recipe { crop: Some(half), ..Recipe::default() };
    assert!(refused(&original, &cropped, &small).contains("450 × 300"), "counted after the crop");
}

#[test]
fn nonsense_is_refused_in_words_before_anything_is_decoded() {
    let original = kit::jpeg(&kit::quarters(900, 600), None, None);
    let convert = |profile| PrintSettings { colour: PrintColour::Convert(profile), ..full_size() };
    for profile in [vec![], vec![0x5A; 4_000], ColorProfile::new_gray_with_gamma(2.2).encode().unwrap()] {
        assert!(refused(&original, &Recipe::default(), &convert(profile)).contains("profile"));
    }
    let paper = settings(Paper::filled(PrintSize::mm(1_900, 1_900), 1_440));
    refused(&original, &Recipe::default(), &paper);
    refused(&original, &Recipe { quarter_turns: 9, ..Recipe::default() }, &full_size());
    refused(&original, &Recipe { straighten: 4_501, ..Recipe::default() }, &full_size());
    refused(b"not a photo", &Recipe::default(), &full_size());
    refused(&[], &Recipe::default(), &full_size());
}

#[test]
fn settings_are_written_and_read_again() {
    let placement = Placement::Fill { frame: Some(CropFrame { left: 1, top: 2, width: 900_000, height: 800_000 }) };
    let paper = Paper { bleed: Length::mm(2), placement, ..Paper::filled(PrintSize::mm(152, 102), 300) };
    let settings = PrintSettings { colour: PrintColour::Convert(vec![1, 2, 3]), ..settings(paper) };
    let text = serde_json::to_string(&settings).unwrap();
    assert_eq!(serde_json::from_str::<PrintSettings>(&text).unwrap(), settings);
    assert_eq!(serde_json::from_str::<PrintSettings>("{}").unwrap(), full_size());
}
