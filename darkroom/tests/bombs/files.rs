//! The files: a name, the bytes, and what should be said of them.

use jpeg_encoder::{ColorType, Encoder};
use miniz_oxide::deflate::compress_to_vec_zlib;

use crate::kit::boxes::{Item, boxed, file, full, meta, size};
use crate::kit::{Value, exif, inks, jpeg, quarters};

type Bomb = (&'static str, Vec<u8>, &'static str);

/// More than a refusal may take.
const UNPACKED_BYTES: usize = 300_000_000;

pub fn jpegs() -> Vec<Bomb> {
    let block = crowded_directory(5_000, 60_000);
    let lying = lying_profile();
    let looped = looped_exif();
    vec![
        ("JPEG of 65,500 × 65,500", claiming(65_500, 65_500), "65500 × 65500"),
        ("JPEG of no height", claiming(64, 0), "64 × 0"),
        ("JPEG of 12,000 × 12,000 with the data of 64 × 48", claiming(12_000, 12_000), "cut short"),
        ("progressive JPEG of 400 scans", of_scans(400, 64, 48), "passes"),
        ("progressive JPEG of 62 scans, 18 MP", of_scans(62, 4_500, 4_000), "passes"),
        ("progressive JPEG of 50 scans, 5 MP", of_scans(50, 2_500, 2_000), "shown"),
        ("progressive JPEG of 16 scans, 36 MP", of_scans(16, 6_000, 6_000), "passes"),
        (
            "JPEG with an EXIF block of fields that are each all of it",
            jpeg(&quarters(64, 48), Some(&block), None),
            "shown",
        ),
        ("JPEG whose EXIF directories lead to each other", jpeg(&quarters(64, 48), Some(&looped), None), "shown"),
        (
            "JPEG with 8 MB of garbage for a profile",
            jpeg(&quarters(64, 48), None, Some(&vec![0x5A; 8_000_000])),
            "shown",
        ),
        ("JPEG with a profile that claims a table of 255⁴", jpeg(&quarters(64, 48), None, Some(&lying)), "shown"),
        ("a million empty segments", [&b"\xFF\xD8"[..], &b"\xFF\xE5\0\x02".repeat(1_000_000)].concat(), "cut short"),
        ("a web page", b"<!DOCTYPE html><html><body>404".to_vec(), "web page"),
    ]
}

fn frame_at(bytes: &[u8]) -> usize {
    bytes.windows(2).position(|two| matches!(two, [0xFF, 0xC0 | 0xC2])).unwrap()
}

fn claiming(width: u16, height: u16) -> Vec<u8> {
    let mut bytes = jpeg(&quarters(64, 48), None, None);
    let at = frame_at(&bytes) + 5;
    bytes[at..at + 2].copy_from_slice(&height.to_be_bytes());
    bytes[at + 2..at + 4].copy_from_slice(&width.to_be_bytes());
    bytes
}

/// A grey progressive JPEG whose last scan is there again and again.
fn of_scans(count: usize, width: u16, height: u16) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 80);
    encoder.set_progressive(true);
    let grey = vec![90; usize::from(width) * usize::from(height)];
    encoder.encode(&grey, width, height, ColorType::Luma).unwrap();
    let scans = bytes.windows(2).enumerate().filter(|(_, two)| *two == [0xFF, 0xDA]).map(|(at, _)| at);
    let scans = scans.collect::<Vec<_>>();
    let last = bytes[scans[scans.len() - 1]..bytes.len() - 2].to_vec();
    bytes.truncate(bytes.len() - 2);
    bytes.extend(last.repeat(count - scans.len()));
    bytes.extend([0xFF, 0xD9]);
    bytes
}

/// A TIFF directory of `count` fields that share `bytes` bytes.
fn crowded_directory(count: u16, bytes: u32) -> Vec<u8> {
    let mut block = [&b"II*\0\x08\0\0\0"[..], &count.to_le_bytes()].concat();
    for number in 0..count {
        block.extend([(0x9000 + number).to_le_bytes(), 7_u16.to_le_bytes()].concat());
        block.extend([bytes.to_le_bytes(), 0_u32.to_le_bytes()].concat());
    }
    block.extend([0; 4]);
    block.resize(block.len().max(bytes as usize).min(65_000), 0);
    block
}

/// EXIF whose first directory names itself as the camera's, the place's and the next one.
fn looped_exif() -> Vec<u8> {
    let entry = |tag: u16| [&tag.to_le_bytes()[..], &[4, 0, 1, 0, 0, 0], &8_u32.to_le_bytes()].concat();
    let entries = [0x8769, 0x8825, 0xA005].map(entry).concat();
    [&b"II*\0\x08\0\0\0\x03\0"[..], &entries, &8_u32.to_le_bytes()].concat()
}

/// A profile for inks whose table has 255 places along each of four edges.
fn lying_profile() -> Vec<u8> {
    let mut profile = inks::profile_for_inks();
    let tables = profile.windows(4).enumerate().filter(|(_, name)| name == b"mft2").map(|(at, _)| at);
    for at in tables.collect::<Vec<_>>() {
        (profile[at + 8], profile[at + 10]) = (4, 255);
    }
    profile
}

pub fn pngs_and_webps() -> Vec<Bomb> {
    let zeros = vec![0; UNPACKED_BYTES];
    let packed = compress_to_vec_zlib(&zeros, 9);
    let part = |bytes| compress_to_vec_zlib(&zeros[..bytes], 9);
    let dot = compress_to_vec_zlib(&[0, 1, 2, 3], 9);
    let profile = [&b"a\0\0"[..], &packed].concat();
    let text = [&b"a\0\0"[..], &packed].concat();
    let long_text = [&b"XML:com.adobe.xmp\0\x01\0\0\0"[..], &packed].concat();
    vec![
        ("PNG of 30,000 × 30,000", png((30_000, 30_000), &[], &dot), "30000 × 30000"),
        ("PNG of no height", png((30_000, 0), &[], &dot), ""),
        ("PNG of 8,000 × 8,000, all black", png((8_000, 8_000), &[], &part(8_000 * 24_001)), "can't hold"),
        ("PNG of one pixel that unpacks to 300 MB", png((1, 1), &[], &packed), ""),
        ("PNG whose profile unpacks to 300 MB", png((1, 1), &[(b"iCCP", &profile)], &dot), ""),
        ("PNG whose comment unpacks to 300 MB", png((1, 1), &[(b"zTXt", &text)], &dot), ""),
        ("PNG whose XMP unpacks to 300 MB", png((1, 1), &[(b"iTXt", &long_text)], &dot), ""),
        ("WebP of 12,600 × 12,600, all black", webp(12_600, 12_600), "can't hold"),
        ("WebP of 16,383 × 16,383", webp(16_383, 16_383), "16383 × 16383"),
    ]
}

/// An RGB PNG.
fn png((width, height): (u32, u32), extra: &[(&[u8; 4], &[u8])], data: &[u8]) -> Vec<u8> {
    let head = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    let mut bytes = b"\x89PNG\r\n\x1A\n".to_vec();
    let all = [&[(b"IHDR", &head[..])], extra, &[(b"IDAT", data), (b"IEND", &[])]].concat();
    for (name, body) in all {
        let named = [&name[..], body].concat();
        bytes.extend([&(body.len() as u32).to_be_bytes()[..], &named, &crc32(&named).to_be_bytes()].concat());
    }
    bytes
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & 0_u32.wrapping_sub(crc & 1)))
    })
}

/// A lossless WebP of one colour, each pixel of which takes no bit at all.
fn webp(width: u64, height: u64) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.put(width - 1, 14).put(height - 1, 14).put(0, 1 + 3);
    // Neither transforms nor a cache nor several codes; each of the five has one symbol.
    bits.put(0, 3);
    for _ in 0..5 {
        bits.put(0b001, 3).put(0, 1);
    }
    let data = [&[0x2F][..], &bits.bytes(), &[0; 8]].concat();
    let padded = [&data[..], &vec![0; data.len() % 2]].concat();
    let chunk = [b"WEBPVP8L", &(data.len() as u32).to_le_bytes()[..], &padded].concat();
    [b"RIFF", &(chunk.len() as u32).to_le_bytes()[..], &chunk].concat()
}

/// Bits, the lowest first.
#[derive(Default)]
struct Bits(Vec<bool>);

impl Bits {
    fn put(&mut self, value: u64, count: u32) -> &mut Self {
        self.0.extend((0..count).map(|bit| value >> bit & 1 == 1));
        self
    }

    fn bytes(&self) -> Vec<u8> {
        self.0.chunks(8).map(|bits| bits.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit))).collect()
    }
}

pub fn tiffs() -> Vec<Bomb> {
    let zeros = vec![0; UNPACKED_BYTES];
    let packed = compress_to_vec_zlib(&zeros, 9);
    let whole = compress_to_vec_zlib(&zeros[..8_000 * 8_000 * 3], 9);
    let mut endless = tiff((64, 48), 1, 64 * 48 * 3, &[7; 64 * 48 * 3]);
    let next = endless.len() - 64 * 48 * 3;
    let next_at = (8..next).find(|at| endless[*at..*at + 4] == [0; 4] && *at > 8 + 12 * 10).unwrap_or(8);
    endless[next_at..next_at + 4].copy_from_slice(&8_u32.to_le_bytes());
    vec![
        ("TIFF of 65,000 × 65,000", tiff((65_000, 65_000), 1, 100, &[0; 100]), "65000 × 65000"),
        ("TIFF of no height", tiff((64, 0), 1, 100, &[0; 100]), ""),
        ("TIFF whose only strip unpacks to 300 MB", tiff((64, 48), 8, packed.len() as u32, &packed), ""),
        ("TIFF of 8,000 × 8,000, all black", tiff((8_000, 8_000), 8, whole.len() as u32, &whole), "can't hold"),
        ("TIFF whose strip claims 4 GB", tiff((64, 48), 1, u32::MAX, &[0; 100]), ""),
        ("TIFF whose directories lead back to the first", endless, ""),
        ("TIFF of 60,000 fields that are each all of it", crowded(60_000, 60_000), ""),
        ("TIFF of a field of 4,000 million values", crowded(1, u32::MAX), ""),
        ("RAW whose directories lead to each other", looped_raw(), "no preview"),
        ("RAW of 3,000 JPEG headers", raw_of_headers(), ""),
    ]
}

/// An RGB TIFF of one strip.
fn tiff((width, height): (u32, u32), compression: u16, strip_bytes: u32, data: &[u8]) -> Vec<u8> {
    let fields = |at| {
        [
            (256, Value::Long(width)),
            (257, Value::Long(height)),
            (258, Value::Short(8)),
            (259, Value::Short(compression)),
            (262, Value::Short(2)),
            (273, Value::Long(at)),
            (277, Value::Short(3)),
            (278, Value::Long(height)),
            (279, Value::Long(strip_bytes)),
        ]
    };
    let at = exif(&fields(0), &[], &[]).len() as u32;
    [exif(&fields(at), &[], &[]), data.to_vec()].concat()
}

fn crowded(count: u16, bytes: u32) -> Vec<u8> {
    let mut file = crowded_directory(count.min(5_000), bytes);
    file.resize(4_000_000, 0);
    file[8..10].copy_from_slice(&count.to_le_bytes());
    file
}

fn looped_raw() -> Vec<u8> {
    let fields = [(0x00FE, Value::Long(1)), (0x014A, Value::Long(8)), (0x0201, Value::Long(8))];
    let mut raw = exif(&fields, &[], &[]);
    let next = 8 + 2 + 12 * 5;
    raw[next..next + 4].copy_from_slice(&8_u32.to_le_bytes());
    raw
}

fn raw_of_headers() -> Vec<u8> {
    let whole = jpeg(&quarters(64, 48), None, None);
    let scan = whole.windows(2).position(|two| two == [0xFF, 0xDA]).unwrap();
    let fields = [(0x00FE, Value::Long(1)), (0x014A, Value::Long(8))];
    [exif(&fields, &[], &[]), whole[..scan].repeat(3_000)].concat()
}

pub fn boxes() -> Vec<Bomb> {
    vec![
        ("HEIC of 65,000 × 65,000", picture(b"heic", (65_000, 65_000)), "65000 × 65000"),
        ("AVIF of 65,000 × 65,000", picture(b"avif", (65_000, 65_000)), "65000 × 65000"),
        ("HEIC of 12,600 × 12,600 in 500 bytes", picture(b"heic", (12_600, 12_600)), ""),
        ("AVIF of 12,600 × 12,600 in 500 bytes", picture(b"avif", (12_600, 12_600)), "can't hold"),
        ("HEIC of 60,000 tiles", grid(b"heic", 60_000, 10), "damaged"),
        ("AVIF of 60,000 tiles", grid(b"avif", 60_000, 10), "damaged"),
        ("HEIC of 16,000 tiles", grid(b"heic", 16_000, 10), "tiles"),
        ("HEIC of 1,000 tiles that are each all of a megabyte", grid(b"heic", 1_000, 1_000_000), "tiles"),
        ("AVIF of 1,000 tiles that are each all of a megabyte", grid(b"avif", 1_000, 1_000_000), "tiles"),
        ("HEIC of 60,000 items", of_items(b"heic", 60_000), ""),
        ("HEIC of 100,000 boxes in each other", nested(b"heic"), ""),
        ("AVIF of 100,000 boxes in each other", nested(b"avif"), ""),
    ]
}

fn code(brand: &[u8; 4]) -> ([u8; 4], Vec<u8>) {
    if brand == b"avif" {
        (*b"av01", boxed(b"av1C", &[0x81, 0, 0x0C, 0]))
    } else {
        (*b"hvc1", boxed(b"hvcC", &[1; 23]))
    }
}

fn picture(brand: &[u8; 4], (width, height): (u32, u32)) -> Vec<u8> {
    let (kind, configuration) = code(brand);
    let item = Item { kind, place: (300, 100), properties: vec![1, 2] };
    file(brand, &meta(&[item], &[size(width, height), configuration], &[]), &[0; 400])
}

/// A grid of tiles that are all the same bytes.
fn grid(brand: &[u8; 4], count: u16, tile_bytes: u32) -> Vec<u8> {
    let (kind, configuration) = code(brand);
    let properties = [size(12_000, 12_000), size(48, 48), configuration];
    let head = [0, 0, 249, 239, 0x2E, 0xE0, 0x2E, 0xE0];
    let build = |data_at: u32| {
        let items = [
            Item { kind: *b"grid", place: (data_at, 8), properties: vec![1] },
            Item { kind, place: (data_at, tile_bytes), properties: vec![2, 3] },
        ];
        meta(&items, &properties, &[(*b"dimg", 1, vec![2; count.into()])])
    };
    let data_at = file(brand, &build(0), &[]).len() as u32;
    file(brand, &build(data_at), &[&head[..], &vec![0; tile_bytes as usize]].concat())
}

fn of_items(brand: &[u8; 4], count: usize) -> Vec<u8> {
    let (kind, configuration) = code(brand);
    let items = (0..count).map(|_| Item { kind, place: (0, u32::MAX), properties: vec![1, 2] });
    file(brand, &meta(&items.collect::<Vec<_>>(), &[size(48, 48), configuration], &[]), &[0; 400])
}

fn nested(brand: &[u8; 4]) -> Vec<u8> {
    let depth = 100_000_u32;
    let inner = (0..depth).flat_map(|level| [(8 * (depth - level)).to_be_bytes(), *b"dinf"].concat());
    file(brand, &full(b"meta", 0, &inner.collect::<Vec<_>>()), &[])
}

pub fn jpeg_xls() -> Vec<Bomb> {
    vec![
        ("JPEG XL of 1,000,000,000 × 1,000,000,000", jpeg_xl(1_000_000_000, 1_000_000_000), ""),
        ("JPEG XL of 60,000 × 60,000", jpeg_xl(60_000, 60_000), "60000 × 60000"),
        ("JPEG XL of 12,600 × 12,600 in 400 bytes", jpeg_xl(12_600, 12_600), "can't hold"),
        ("JPEG XL of 4,000 × 4,000 without a picture", jpeg_xl(4_000, 4_000), ""),
    ]
}

/// The headers of a JPEG XL, and zeros.
fn jpeg_xl(width: u64, height: u64) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.put(0, 1).put(3, 2).put(height - 1, 30).put(0, 3).put(3, 2).put(width - 1, 30).put(1, 1);
    [&[0xFF, 0x0A][..], &bits.bytes(), &[0; 400]].concat()
}
