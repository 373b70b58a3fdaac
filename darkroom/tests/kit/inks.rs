//! Four inks: a profile for them that is simple and true enough, and files in them.

use jpeg_encoder::{ColorType, Encoder};
use moxcms::{ColorProfile, DataColorSpace, LutDataType, LutStore, LutType, LutWarehouse, Matrix3d, ProfileClass};

/// A JPEG of one mix of inks; 255 is all of an ink.
pub fn jpeg(inks: [u8; 4], (width, height): (u16, u16), profile: Option<&[u8]>) -> Vec<u8> {
    let samples = inks.repeat(usize::from(width) * usize::from(height));
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 95);
    if let Some(profile) = profile {
        encoder.add_icc_profile(profile).unwrap();
    }
    encoder.encode(&samples, width, height, ColorType::Cmyk).unwrap();
    bytes
}

/// The first pixel of a TIFF in four inks.
pub fn first_pixel(tiff: &[u8]) -> [u8; 4] {
    let mut decoder = tiff::decoder::Decoder::new(std::io::Cursor::new(tiff)).unwrap();
    let tiff::decoder::DecodingResult::U8(samples) = decoder.read_image().unwrap() else {
        panic!("not of 8 bits");
    };
    samples[..4].try_into().unwrap()
}

/// A profile in which each ink takes away its third of white, and black the rest.
pub fn profile_for_inks() -> Vec<u8> {
    let mut profile = ColorProfile::new_srgb();
    profile.color_space = DataColorSpace::Cmyk;
    profile.pcs = DataColorSpace::Lab;
    profile.profile_class = ProfileClass::OutputDevice;
    (profile.red_trc, profile.green_trc, profile.blue_trc) = (None, None, None);
    profile.cicp = None;
    let to_lab = (0..3_usize.pow(4)).flat_map(|at| {
        let ink = |place: u32| (at / 3_usize.pow(place) % 3) as f64 / 2.0;
        let (cyan, magenta, yellow, black) = (ink(3), ink(2), ink(1), ink(0));
        written(lab([cyan, magenta, yellow].map(|ink| (1.0 - ink) * (1.0 - black))))
    });
    let lut = lut((4, 3), 3, to_lab.collect());
    profile.lut_a_to_b_perceptual = Some(lut.clone());
    profile.lut_a_to_b_colorimetric = Some(lut);
    const GRID: usize = 17;
    let to_inks = (0..GRID.pow(3)).flat_map(|at| {
        let part = |place: u32| (at / GRID.pow(place) % GRID) as f64 / (GRID - 1) as f64 * 65_535.0;
        inks(light([part(2) / 652.8, part(1) / 256.0 - 128.0, part(0) / 256.0 - 128.0]))
    });
    let lut = lut_to_inks(to_inks.collect(), GRID as u8);
    profile.lut_b_to_a_perceptual = Some(lut.clone());
    profile.lut_b_to_a_colorimetric = Some(lut);
    profile.creation_date_time =
        moxcms::ColorDateTime::new_from_slice(&[7, 234, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
    profile.encode().unwrap()
}

fn lut_to_inks(clut: Vec<u16>, grid: u8) -> LutWarehouse {
    lut((3, 4), grid, clut)
}

fn lut((from, to): (u8, u8), grid: u8, clut: Vec<u16>) -> LutWarehouse {
    let straight = |channels: u8| LutStore::Store16([0, 65_535].repeat(channels.into()));
    LutWarehouse::Lut(LutDataType {
        num_input_channels: from,
        num_output_channels: to,
        num_clut_grid_points: grid,
        matrix: Matrix3d::IDENTITY,
        num_input_table_entries: 2,
        num_output_table_entries: 2,
        input_table: straight(from),
        clut_table: LutStore::Store16(clut),
        output_table: straight(to),
        lut_type: LutType::Lut16,
    })
}

fn inks([red, green, blue]: [f64; 3]) -> [u16; 4] {
    let most = red.max(green).max(blue);
    let ink = |light: f64| if most > 0.0 { 1.0 - light / most } else { 0.0 };
    [ink(red), ink(green), ink(blue), 1.0 - most].map(|ink| (ink.clamp(0.0, 1.0) * 65_535.0).round() as u16)
}

const WHITE: [f64; 3] = [0.9642, 1.0, 0.8249];
/// sRGB's primaries under D50's white.
const TO_XYZ: [[f64; 3]; 3] = [[0.4361, 0.3851, 0.1431], [0.2225, 0.7169, 0.0606], [0.0139, 0.0971, 0.7141]];
const FROM_XYZ: [[f64; 3]; 3] = [[3.1339, -1.6169, -0.4906], [-0.9788, 1.9161, 0.0335], [0.0719, -0.2290, 1.4052]];

fn times(matrix: [[f64; 3]; 3], vector: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| row.iter().zip(vector).map(|(a, b)| a * b).sum())
}

/// sRGB from 0 to 1 → lightness from 0 to 100, and two of -128 to 127.
fn lab(light: [f64; 3]) -> [f64; 3] {
    let xyz = times(TO_XYZ, light.map(|level| level.powf(2.2)));
    let curve = |t: f64| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
    let [x, y, z] = [curve(xyz[0] / WHITE[0]), curve(xyz[1] / WHITE[1]), curve(xyz[2] / WHITE[2])];
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

fn light([lightness, a, b]: [f64; 3]) -> [f64; 3] {
    let y = (lightness + 16.0) / 116.0;
    let curve = |t: f64| if t > 0.206_9 { t.powi(3) } else { (t - 16.0 / 116.0) / 7.787 };
    let xyz = [curve(y + a / 500.0) * WHITE[0], curve(y) * WHITE[1], curve(y - b / 200.0) * WHITE[2]];
    times(FROM_XYZ, xyz).map(|level| level.clamp(0.0, 1.0).powf(1.0 / 2.2))
}

/// As ICC's tables of 16 bits write it.
fn written([lightness, a, b]: [f64; 3]) -> [u16; 3] {
    [lightness * 652.8, (a + 128.0) * 256.0, (b + 128.0) * 256.0].map(|value| value.round() as u16)
}
