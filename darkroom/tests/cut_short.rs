//! Files of other formats than JPEG that end before their picture does: shown as far as
//! they go, marked as damaged, never printed; or refused in words where their decoders
//! show nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod kit;

use enprint_darkroom::{DevelopError, Recipe, print_file};
use image::{DynamicImage, ImageFormat, RgbImage, Rgba};
use kit::{assert_shown_above, developed, in_words, noisy, pixels, refused, small};

fn lossless(picture: &DynamicImage) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::WebP).unwrap();
    bytes.into_inner()
}

/// The file with a profile, a transparency's flag if it says so, and EXIF behind the picture.
fn extended(webp: &[u8], (width, height): (u32, u32), has_alpha: bool) -> Vec<u8> {
    let edge = |px: u32| (px - 1).to_le_bytes()[..3].to_vec();
    let flags = 0x20 | 0x08 | if has_alpha { 0x10 } else { 0 };
    let head = [&[flags, 0, 0, 0][..], &edge(width), &edge(height)].concat();
    let chunk = |name: &[u8; 4], data: &[u8]| {
        [name, &(data.len() as u32).to_le_bytes()[..], data, &[0][..data.len() % 2]].concat()
    };
    let profile = moxcms::ColorProfile::new_srgb().encode().unwrap();
    let exif = kit::exif(&[(0x0110, kit::Value::Text("Demo 35"))], &[], &[]);
    let chunks = [&chunk(b"VP8X", &head), &chunk(b"ICCP", &profile), &webp[12..], &chunk(b"EXIF", &exif)].concat();
    [&b"RIFF"[..], &(4 + chunks.len() as u32).to_le_bytes(), b"WEBP", &chunks].concat()
}

#[test]
fn a_lossy_webp_that_lost_its_end_shows_its_first_rows_and_is_never_printed() {
    let plain = small::webp();
    let whole = pixels(&developed(&plain).proof.jpeg);
    assert_eq!(developed(&plain).damage, None);
    assert_shown_above(&plain[..plain.len() * 2 / 3], &whole, 32, "plain");
    let extended = extended(&plain, (96, 96), false);
    assert_eq!(developed(&extended).damage, None);
    // Behind the picture there are a hundred bytes of EXIF.
    let cut = extended.len() - 120 - plain.len() / 3;
    assert_shown_above(&extended[..cut], &whole, 32, "with a profile");
    assert!(refused(&plain[..60]).contains("cut short"), "nothing of it can be shown");
}

#[test]
fn a_lossless_webp_that_lost_its_end_shows_its_first_rows_and_is_never_printed() {
    let picture = noisy(120, 90);
    let plain = lossless(&picture.clone().into());
    assert_eq!(developed(&plain).damage, None);
    for sixths in [3, 4, 5] {
        assert_shown_above(&plain[..plain.len() * sixths / 6], &picture, 30, "plain");
    }
    let mut clear = DynamicImage::from(picture.clone()).into_rgba8();
    clear.pixels_mut().for_each(|Rgba(pixel)| pixel[3] = 255 - (pixel[0] & 1));
    let clear = extended(&lossless(&clear.into()), (120, 90), true);
    assert_eq!(developed(&clear).damage, None);
    assert_shown_above(&clear[..clear.len() * 2 / 3], &picture, 30, "with a transparency");
    assert!(refused(&plain[..40]).contains("cut short"), "nothing of it can be shown");
}

#[test]
fn a_webp_cut_at_any_byte_is_shown_as_damaged_or_refused_in_words() {
    let (lossy, plain) = (small::webp(), lossless(&noisy(40, 30).into()));
    let with_more = extended(&lossy, (96, 96), false);
    let picture_end = with_more.windows(4).position(|name| name == b"EXIF").unwrap();
    for (whole, end) in [(&lossy, lossy.len()), (&plain, plain.len()), (&with_more, picture_end)] {
        for end in (0..end).step_by(7) {
            match enprint_darkroom::develop(&whole[..end], &enprint_darkroom::DevelopSettings::default()) {
                Ok(shown) => assert_ne!(shown.damage, None, "{end} of {}", whole.len()),
                Err(error) => drop(in_words(&error)),
            }
        }
    }
}

#[test]
fn a_webp_that_claims_far_more_than_it_has_takes_no_time_and_no_memory() {
    let mut bomb = lossless(&noisy(16, 16).into());
    // 16,383 pixels each way, of which nothing is there.
    bomb[21..25].copy_from_slice(&(0x3FFE_u32 | 0x3FFE << 14).to_le_bytes());
    bomb[16..20].copy_from_slice(&400_000_000_u32.to_le_bytes());
    let words = refused(&bomb);
    assert!(words.contains("16383 × 16383") || words.contains("can't hold"), "{words}");
    // A lossy one's decoder would take as much memory as its data claims to be long.
    let mut bomb = small::webp();
    bomb[16..20].copy_from_slice(&400_000_000_u32.to_le_bytes());
    assert!(refused(&bomb).contains("cut short"));
}

#[test]
fn a_jpeg_xl_that_lost_its_end_is_shown_as_damaged_or_refused_as_cut_short() {
    let picture = noisy(600, 400);
    let whole = kit::jpeg_xl(&picture);
    assert_eq!(developed(&whole).damage, None);
    let mut shown = 0;
    for cut in [whole.len() / 2, whole.len() * 3 / 4, whole.len() * 9 / 10] {
        match enprint_darkroom::develop(&whole[..cut], &enprint_darkroom::DevelopSettings::default()) {
            Ok(renditions) => {
                assert_eq!(renditions.damage, Some(DevelopError::CutShort));
                shown += 1;
            }
            Err(error) => assert_eq!(error, DevelopError::CutShort),
        }
        assert!(in_words(&print_file(&whole[..cut], &Recipe::default()).unwrap_err()).contains("cut short"));
    }
    assert!(shown > 0, "nothing of any is shown");
}

/// An AVIF of `picture`; None where there is no `avifenc`.
fn avif(picture: &RgbImage, arguments: &[&str]) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let (png, made) = (folder.path().join("picture.png"), folder.path().join("picture.avif"));
    picture.save(&png).unwrap();
    let mut command = std::process::Command::new("avifenc");
    command.args(["-s", "10", "-j", "1", "--min", "0", "--max", "4"]).args(arguments).arg(&png).arg(&made);
    let Ok(output) = command.output() else {
        println!("skipped: there is no avifenc (Debian's libavif-bin)");
        return None;
    };
    assert!(output.status.success(), "avifenc {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Some(std::fs::read(made).unwrap())
}

#[test]
fn an_avif_that_lost_its_end_shows_its_first_tiles_or_is_refused_as_cut_short() {
    let picture = noisy(320, 256);
    let Some(tiled) = avif(&picture, &["-y", "444", "--grid", "1x4"]) else { return };
    assert_eq!(developed(&tiled).damage, None);
    for sixths in [4, 5] {
        assert_shown_above(&tiled[..tiled.len() * sixths / 6], &picture, 64, "tiled");
    }
    let data = tiled.windows(4).position(|name| name == b"mdat").unwrap();
    let words = refused(&tiled[..data + 40]);
    assert!(words.contains("cut short") || words.contains("damaged"), "nothing of it can be shown: {words}");
    let whole = avif(&picture, &["-y", "444"]).unwrap();
    assert!(refused(&whole[..whole.len() * 2 / 3]).contains("cut short"));
}
