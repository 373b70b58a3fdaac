//! What the darkroom's tests are made with: pictures, JPEGs, EXIF blocks, and ways to
//! compare what came out.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::err_expect)]

pub mod boxes;
pub mod inks;
pub mod small;

use std::time::Duration;
#[cfg(not(unix))]
use std::time::Instant;

use enprint_darkroom::{DevelopError, DevelopSettings, Recipe, Renditions, develop, print_file, read_facts};
use image::{ImageBuffer, ImageEncoder, Rgb, RgbImage};
use jpeg_encoder::{ColorType, Encoder};

/// Bad files must be refused within this time, however slow the machine that tests.
pub const PATIENCE: Duration = Duration::from_secs(if cfg!(debug_assertions) { 6 } else { 2 });

/// Whose work is timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Busy {
    /// All threads'.
    Process,
    /// The caller's.
    Thread,
}

/// How long it has worked: what else the machine does counts for nothing. Where the system
/// doesn't say it, how long it is since this was asked first.
pub fn busy(whose: Busy) -> Duration {
    #[cfg(unix)]
    {
        use rustix::time::{ClockId, clock_gettime};
        let clock = if whose == Busy::Process { ClockId::ProcessCPUTime } else { ClockId::ThreadCPUTime };
        let spent = clock_gettime(clock);
        Duration::new(spent.tv_sec.cast_unsigned(), u32::try_from(spent.tv_nsec).unwrap())
    }
    #[cfg(not(unix))]
    {
        static BEGAN: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
        let _ = whose;
        BEGAN.elapsed()
    }
}

/// A picture whose four quarters differ, so that each way of turning it is told from the others.
pub fn quarters(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let fade = ((x * 60 / width) + (y * 40 / height)) as u8;
        match (x < width / 2, y < height / 2) {
            (true, true) => Rgb([200, 40 + fade, 40]),
            (false, true) => Rgb([40, 170, 60 + fade]),
            (true, false) => Rgb([50 + fade, 60, 190]),
            (false, false) => Rgb([225, 215, 90 + fade]),
        }
    })
}

/// A JPEG of `picture`, with an EXIF block and a colour profile if given.
pub fn jpeg(picture: &RgbImage, exif: Option<&[u8]>, profile: Option<&[u8]>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 95);
    if let Some(block) = exif {
        encoder.add_exif_metadata(block).unwrap();
    }
    if let Some(profile) = profile {
        encoder.add_icc_profile(profile).unwrap();
    }
    let (width, height) = (picture.width() as u16, picture.height() as u16);
    encoder.encode(picture.as_raw(), width, height, ColorType::Rgb).unwrap();
    bytes
}

/// An EXIF block: fields of the first directory, and those of its EXIF and GPS directories.
pub fn exif(main: &[(u16, Value)], camera: &[(u16, Value)], gps: &[(u16, Value)]) -> Vec<u8> {
    let mut fields = main.to_vec();
    fields.push((0x8769, Value::Long(0)));
    fields.push((0x8825, Value::Long(0)));
    let camera_at = 8 + directory(&fields, 8).len() as u32;
    let gps_at = camera_at + directory(camera, camera_at).len() as u32;
    let last = fields.len();
    fields[last - 2].1 = Value::Long(camera_at);
    fields[last - 1].1 = Value::Long(gps_at);
    let parts =
        [b"II*\0\x08\0\0\0".to_vec(), directory(&fields, 8), directory(camera, camera_at), directory(gps, gps_at)];
    parts.concat()
}

/// What a camera writes that is set to Adobe RGB and embeds no profile.
pub fn exif_of_adobe_rgb() -> Vec<u8> {
    let camera_at = 8 + directory(&[(0x8769, Value::Long(0))], 8).len() as u32;
    let main = directory(&[(0x8769, Value::Long(camera_at))], 8);
    let other_at = camera_at + directory(&[(0xA005, Value::Long(0))], camera_at).len() as u32;
    let camera = directory(&[(0xA005, Value::Long(other_at))], camera_at);
    [b"II*\0\x08\0\0\0".to_vec(), main, camera, directory(&[(1, Value::Text("R03"))], other_at)].concat()
}

/// A PNG of 16 bits with a colour profile.
pub fn png_with_profile(picture: &ImageBuffer<Rgb<u16>, Vec<u16>>, profile: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::png::PngEncoder::new(&mut bytes);
    encoder.set_icc_profile(profile.to_vec()).unwrap();
    let samples = picture.iter().flat_map(|sample| sample.to_ne_bytes()).collect::<Vec<_>>();
    encoder.write_image(&samples, picture.width(), picture.height(), image::ExtendedColorType::Rgb16).unwrap();
    bytes
}

/// The tags of a TIFF's only directory; of another file, none.
pub fn tags_of(file: &[u8]) -> Vec<u16> {
    let Ok(mut decoder) = tiff::decoder::Decoder::new(std::io::Cursor::new(file)) else {
        return Vec::new();
    };
    assert!(!decoder.more_images());
    decoder.tag_iter().map(|tag| tag.unwrap().0.to_u16()).collect()
}

/// What a TIFF needs to be shown, with its resolution and its profile.
pub const PLAIN_TIFF_TAGS: [u16; 15] = [256, 257, 258, 259, 262, 273, 277, 278, 279, 282, 283, 296, 317, 339, 34_675];

/// A field's value.
#[derive(Debug, Clone)]
pub enum Value {
    /// Text.
    Text(&'static str),
    /// A small number.
    Short(u16),
    /// A number, or where a directory begins.
    Long(u32),
    /// One number over another.
    Ratio(u32, u32),
    /// Bytes of no kind.
    Bytes(&'static [u8]),
    /// Degrees, minutes, seconds.
    Angle([u32; 3]),
}

fn directory(fields: &[(u16, Value)], at: u32) -> Vec<u8> {
    let (mut entries, mut values) = ((fields.len() as u16).to_le_bytes().to_vec(), Vec::new());
    let values_at = at + 2 + 12 * fields.len() as u32 + 4;
    for (tag, value) in fields {
        let (kind, count, bytes) = match value {
            Value::Text(text) => (2_u16, text.len() as u32 + 1, [text.as_bytes(), &[0]].concat()),
            Value::Short(number) => (3, 1, number.to_le_bytes().to_vec()),
            Value::Long(number) => (4, 1, number.to_le_bytes().to_vec()),
            Value::Ratio(over, under) => (5, 1, [over.to_le_bytes(), under.to_le_bytes()].concat()),
            Value::Bytes(bytes) => (1, bytes.len() as u32, bytes.to_vec()),
            Value::Angle(parts) => {
                (5, 3, parts.iter().flat_map(|part| [part.to_le_bytes(), 1_u32.to_le_bytes()].concat()).collect())
            }
        };
        entries.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
        entries.extend(count.to_le_bytes());
        if bytes.len() <= 4 {
            entries.extend(bytes.iter().chain(&[0; 4]).take(4));
        } else {
            entries.extend((values_at + values.len() as u32).to_le_bytes());
            values.extend(bytes);
        }
    }
    [entries, vec![0; 4], values].concat()
}

/// Develops with the usual settings.
pub fn developed(bytes: &[u8]) -> Renditions {
    develop(bytes, &DevelopSettings::default()).unwrap()
}

/// A rendition's pixels.
pub fn pixels(jpeg: &[u8]) -> RgbImage {
    image::load_from_memory_with_format(jpeg, image::ImageFormat::Jpeg).unwrap().into_rgb8()
}

/// How many levels two pictures of one size differ by, on average.
pub fn difference(one: &RgbImage, other: &RgbImage) -> f64 {
    assert_eq!(one.dimensions(), other.dimensions());
    let sum = one.as_raw().iter().zip(other.as_raw()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum::<u64>();
    sum as f64 / one.as_raw().len() as f64
}

/// Asserts that both entry points refuse `bytes` quickly and in words, and gives the words.
pub fn refused(bytes: &[u8]) -> String {
    let started = busy(Busy::Thread);
    let error = develop(bytes, &DevelopSettings::default()).err().expect("it should be refused");
    // What read_facts says may be less strict: it looks at the headers alone.
    let _ = read_facts(bytes);
    let took = busy(Busy::Thread) - started;
    assert!(took < PATIENCE, "refusing it took {took:?}: {error}");
    in_words(&error)
}

/// Asserts that an error reads as sentences.
pub fn in_words(error: &DevelopError) -> String {
    let words = error.to_string();
    assert!(words.ends_with('.') && words.split(' ').count() > 3, "not a sentence: {words}");
    assert!(!words.contains("Err(") && !words.contains("panicked"), "not for people: {words}");
    words
}

/// A RAW file: a directory of a preview that is held sideways, and the preview.
pub fn raw(picture: &RgbImage) -> Vec<u8> {
    let fields = |at| {
        let size = (Value::Long(picture.width() + 4), Value::Long(picture.height() + 4));
        let kind = [(0x00FE, Value::Long(1)), (0x0100, size.0), (0x0101, size.1), (0x0112, Value::Short(6))];
        [&kind[..], &[(0x014A, Value::Long(0)), (0x0201, Value::Long(at))]].concat()
    };
    let at = exif(&fields(0), &[], &[]).len() as u32;
    [exif(&fields(at), &[], &[]), jpeg(picture, None, None)].concat()
}

/// A lossless JPEG XL.
pub fn jpeg_xl(picture: &RgbImage) -> Vec<u8> {
    let size = (picture.width() as usize, picture.height() as usize);
    let (colours, depth) = (zune_core::colorspace::ColorSpace::RGB, zune_core::bit_depth::BitDepth::Eight);
    let options = zune_core::options::EncoderOptions::new(size.0, size.1, colours, depth);
    let mut bytes = Vec::new();
    zune_jpegxl::JxlSimpleEncoder::new(picture.as_raw(), options).encode(&mut bytes).unwrap();
    bytes
}

/// The same, of at most 512 pixels each way, whose codestream says how it lies.
pub fn jpeg_xl_lying(picture: &RgbImage, orientation: u16) -> Vec<u8> {
    let plain = jpeg_xl(picture);
    // Signature, sizes and "not all as usual" are 43 bits; then comes whether there is more
    // to say: an orientation of three bits, three things that there are not, and behind the
    // eight bits of depth and colours that light is as bright as usual.
    const SAID: u32 = 43;
    let header = plain[..7].iter().rev().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    let before = header & ((1 << SAID) - 1);
    let told = 1 << SAID | u64::from(orientation - 1) << (SAID + 1);
    let colours = (header >> (SAID + 1) & 0xFF) << (SAID + 7) | 1 << (SAID + 15);
    let after = header >> (SAID + 9) << (SAID + 16);
    [&(before | told | colours | after).to_le_bytes(), &plain[7..]].concat()
}

/// A picture of which no part is the same as another: each takes its share of a file.
pub fn noisy(width: u32, height: u32) -> RgbImage {
    let mut seed = 1_u32;
    let mut picture = quarters(width, height);
    picture.iter_mut().for_each(|level| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *level = level.saturating_add((seed >> 28) as u8);
    });
    picture
}

/// The first rows are those of `whole`, what is missing is grey, and nobody gets it printed.
pub fn assert_shown_above(cut: &[u8], whole: &RgbImage, rows: u32, name: &str) {
    let shown = developed(cut);
    assert_eq!(shown.damage, Some(DevelopError::CutShort), "{name} counts as whole");
    let proof = pixels(&shown.proof.jpeg);
    assert_eq!(proof.dimensions(), whole.dimensions(), "{name}");
    let upper = |from: &RgbImage| image::imageops::crop_imm(from, 0, 0, whole.width(), rows).to_image();
    let off = difference(&upper(&proof), &upper(whole));
    assert!(off < 6.0, "{name}: what is left is {off} levels off");
    let last = proof.get_pixel(whole.width() / 2, whole.height() - 1).0;
    assert!(last.iter().all(|level| level.abs_diff(0x80) < 4), "{name}: what is missing is {last:?}");
    for recipe in [Recipe::default(), Recipe { straighten: 100, ..Recipe::default() }] {
        let words = in_words(&print_file(cut, &recipe).expect_err(name));
        assert!(words.contains("cut short"), "{name}: {words}");
    }
}
