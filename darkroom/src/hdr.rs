//! Colours that a file names by the numbers of ITU-T H.273, instead of a profile: which
//! primaries, and whether the curve is one for screens brighter than paper (PQ, HLG). Such
//! light is brought into what paper and ordinary screens show.

use image::{DynamicImage, ImageBuffer, Rgb, Rgba};
use moxcms::ColorProfile;

use crate::colour;

const DISPLAY_P3: u16 = 12;
const BT_2020: u16 = 9;

/// The pixels and their profile, as the four numbers of `colr/nclx` say. Where those say
/// HDR, the pixels come out in sRGB with 16 bits, and a profile beside them counts for
/// nothing: it can only be an approximation for readers that know no HDR.
pub(crate) fn shown(
    pixels: DynamicImage,
    primaries: u16,
    curve: u16,
    profile: Option<Vec<u8>>,
) -> (DynamicImage, Option<Vec<u8>>) {
    match Curve::of(curve) {
        Some(curve) => (to_srgb(pixels, curve, primaries), colour::written(ColorProfile::new_srgb())),
        None => (pixels, profile.or_else(|| profile_of(primaries))),
    }
}

/// 12 is Display P3, 9 Rec. 2020, 1 and whatever else sRGB.
fn profile_of(primaries: u16) -> Option<Vec<u8>> {
    match primaries {
        DISPLAY_P3 => colour::written(ColorProfile::new_display_p3()),
        BT_2020 => colour::written(ColorProfile::new_bt2020()),
        _ => None,
    }
}

/// How light became numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Curve {
    /// SMPTE ST 2084: each number is a brightness.
    Pq,
    /// ARIB STD-B67: each number is a share of what the screen can show.
    Hlg,
}

impl Curve {
    fn of(transfer_characteristics: u16) -> Option<Self> {
        match transfer_characteristics {
            16 => Some(Self::Pq),
            18 => Some(Self::Hlg),
            _ => None,
        }
    }

    /// Light for each number: cd/m² of PQ, of HLG the scene's, 1 at its brightest.
    fn table(self) -> Vec<f32> {
        let light = |level: u32| {
            let level = f64::from(level) / 65_535.0;
            match self {
                Self::Pq => pq_to_light(level),
                Self::Hlg => hlg_to_scene(level),
            }
        };
        (0..=65_535).map(|level| light(level) as f32).collect()
    }
}

/// The brightest light that pictures are made for, in cd/m²: what phones show, and the
/// screen that ITU-R BT.2100 describes for HLG.
const SOURCE_PEAK: f64 = 1_000.0;
/// White of paper in a picture for such screens, in cd/m² (ITU-R BT.2408, table 1). It is
/// what sRGB's white is here.
const PAPER_WHITE: f64 = 203.0;

/// PQ's curve and its inverse, by ITU-R BT.2100, table 4.
const M1: f64 = 2_610.0 / 16_384.0;
const M2: f64 = 2_523.0 / 4_096.0 * 128.0;
const C1: f64 = 3_424.0 / 4_096.0;
const C2: f64 = 2_413.0 / 4_096.0 * 32.0;
const C3: f64 = 2_392.0 / 4_096.0 * 32.0;

fn pq_to_light(level: f64) -> f64 {
    let root = level.powf(1.0 / M2);
    10_000.0 * ((root - C1).max(0.0) / (C2 - C3 * root)).powf(1.0 / M1)
}

fn light_to_pq(light: f64) -> f64 {
    let power = (light.max(0.0) / 10_000.0).powf(M1);
    ((C1 + C2 * power) / (1.0 + C3 * power)).powf(M2)
}

/// HLG's inverse OETF, by ITU-R BT.2100, table 5.
fn hlg_to_scene(level: f64) -> f64 {
    const A: f64 = 0.178_832_77;
    const B: f64 = 1.0 - 4.0 * A;
    let c = 0.5 - A * (4.0 * A).ln();
    if level <= 0.5 { level * level / 3.0 } else { (((level - c) / A).exp() + B) / 12.0 }
}

/// A brightness in cd/m² on the bright screen → on one whose white is paper's: the EETF of
/// ITU-R BT.2390, section 5.4.1, without lift of the black. Up to its knee nothing changes;
/// above, a Hermite spline in PQ's numbers leads to the new peak.
fn compressed(light: f64) -> f64 {
    let source = light_to_pq(SOURCE_PEAK);
    let peak = light_to_pq(PAPER_WHITE) / source;
    let knee = 1.5 * peak - 0.5;
    let level = (light_to_pq(light) / source).min(1.0);
    if level < knee {
        return light;
    }
    let t = (level - knee) / (1.0 - knee);
    let (square, cube) = (t * t, t * t * t);
    let level = (2.0 * cube - 3.0 * square + 1.0) * knee
        + (cube - 2.0 * square + t) * (1.0 - knee)
        + (3.0 * square - 2.0 * cube) * peak;
    pq_to_light(level * source)
}

/// Steps of brightness that the compression is worked out for, finer in the dark.
const STEPS: f32 = 16_384.0;

/// What a colour is multiplied by so that its brightest channel is compressed, by the root
/// of that channel's share of 10,000 cd/m²; paper's white comes out as 1.
fn shares() -> Vec<f32> {
    let share = |step: u32| {
        let root = f64::from(step) / f64::from(STEPS);
        let light = (10_000.0 * root * root).max(1e-6);
        (compressed(light) / light / PAPER_WHITE) as f32
    };
    (0..=STEPS as u32).map(share).collect()
}

/// From the picture's primaries to sRGB's (ITU-R BT.2087, and the same for Display P3).
fn matrix(primaries: u16) -> [[f32; 3]; 3] {
    match primaries {
        BT_2020 => [[1.6605, -0.5877, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]],
        DISPLAY_P3 => [[1.2249, -0.2249, 0.0], [-0.0421, 1.0421, 0.0], [-0.0196, -0.0786, 1.0983]],
        _ => [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
    }
}

/// sRGB's numbers for light between 0 and 1, in 65,536 steps of each.
fn srgb_numbers() -> Vec<u16> {
    let number = |step: u32| {
        let light = f64::from(step) / 65_535.0;
        let level = if light <= 0.003_130_8 { 12.92 * light } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 };
        (level * 65_535.0 + 0.5) as u16
    };
    (0..=65_535).map(number).collect()
}

/// All that is worked out once for a picture.
struct Converter {
    curve: Curve,
    light: Vec<f32>,
    shares: Vec<f32>,
    matrix: [[f32; 3]; 3],
    numbers: Vec<u16>,
}

impl Converter {
    fn convert(&self, pixel: &mut [u16]) {
        let [red, green, blue, ..] = pixel else { return };
        let light = |level: u16| self.light.get(usize::from(level)).copied().unwrap_or_default();
        let mut colour = [light(*red), light(*green), light(*blue)];
        if self.curve == Curve::Hlg {
            // The screen's own OOTF: its gamma at 1,000 cd/m² is 1.2 (ITU-R BT.2100, table 5).
            let [red, green, blue] = colour;
            let scene = 0.2627 * red + 0.6780 * green + 0.0593 * blue;
            let gain = SOURCE_PEAK as f32 * scene.max(0.0).powf(0.2);
            colour = colour.map(|channel| channel * gain);
        }
        let most = colour.into_iter().fold(0.0, f32::max);
        let step = ((most / 10_000.0).sqrt() * STEPS + 0.5) as usize;
        let share = self.shares.get(step).copied().unwrap_or_default();
        let [r, g, b] = colour.map(|channel| channel * share);
        let number = |[by_r, by_g, by_b]: [f32; 3]| {
            let light = (by_r * r + by_g * g + by_b * b).clamp(0.0, 1.0);
            self.numbers.get((light * 65_535.0 + 0.5) as usize).copied().unwrap_or(u16::MAX)
        };
        [*red, *green, *blue] = self.matrix.map(number);
    }
}

fn to_srgb(pixels: DynamicImage, curve: Curve, primaries: u16) -> DynamicImage {
    let converter =
        Converter { curve, light: curve.table(), shares: shares(), matrix: matrix(primaries), numbers: srgb_numbers() };
    if pixels.color().has_alpha() {
        let mut rgba: ImageBuffer<Rgba<u16>, _> = pixels.into_rgba16();
        rgba.as_chunks_mut::<4>().0.iter_mut().for_each(|pixel| converter.convert(pixel));
        return rgba.into();
    }
    let mut rgb: ImageBuffer<Rgb<u16>, _> = pixels.into_rgb16();
    rgb.as_chunks_mut::<3>().0.iter_mut().for_each(|pixel| converter.convert(pixel));
    rgb.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(level: u16, curve: u16) -> u8 {
        let grey = ImageBuffer::from_pixel(1, 1, Rgb([level; 3]));
        let (shown, _) = shown(DynamicImage::ImageRgb16(grey), BT_2020, curve, None);
        shown.into_rgb8().get_pixel(0, 0).0[1]
    }

    fn of_light(light: f64) -> u16 {
        (light_to_pq(light) * 65_535.0).round() as u16
    }

    #[test]
    fn the_curves_are_those_of_the_standards() {
        assert!((pq_to_light(1.0) - 10_000.0).abs() < 1e-6);
        assert!((light_to_pq(100.0) - 0.5081).abs() < 1e-4, "SMPTE ST 2084 has 100 cd/m² at 0.508");
        assert!((light_to_pq(203.0) - 0.5807).abs() < 1e-4, "BT.2408 has paper's white at 58 %");
        assert!((hlg_to_scene(0.5) - 1.0 / 12.0).abs() < 1e-9);
        assert!((hlg_to_scene(1.0) - 1.0).abs() < 1e-6);
        // BT.2408: HLG's 75 % is paper's white too.
        let white = SOURCE_PEAK * hlg_to_scene(0.75).powf(1.2);
        assert!((white - PAPER_WHITE).abs() < 2.0, "{white}");
    }

    #[test]
    fn the_dark_half_stays_as_it_is_and_the_brightest_light_is_white_and_nothing_bends_back() {
        for light in [0.1, 1.0, 20.0, 60.0] {
            assert!((compressed(light) - light).abs() < 1e-9, "{light}");
        }
        assert!((compressed(SOURCE_PEAK) - PAPER_WHITE).abs() < 0.01);
        let curve: Vec<f64> = (0..2_000).map(|light| compressed(f64::from(light))).collect();
        assert!(curve.windows(2).all(|two| two[1] >= two[0] - 1e-9));
        assert!(compressed(PAPER_WHITE) > 0.6 * PAPER_WHITE, "faces stay bright");
    }

    #[test]
    fn numbers_of_pq_and_hlg_are_neither_grey_nor_dull() {
        // A grey card of 18 % beside paper's white is about 118 in sRGB.
        let grey = of_light(0.18 * PAPER_WHITE);
        assert!(converted(grey, 16).abs_diff(118) <= 1, "{}", converted(grey, 16));
        assert_eq!((converted(0, 16), converted(0, 18)), (0, 0));
        assert_eq!((converted(of_light(1_000.0), 16), converted(u16::MAX, 18)), (255, 255));
        assert_eq!(converted(u16::MAX, 16), 255);
        // The same light by either curve.
        let by_hlg = converted((0.75 * 65_535.0) as u16, 18);
        assert!(by_hlg.abs_diff(converted(of_light(PAPER_WHITE), 16)) <= 2, "{by_hlg}");
        assert!((200..250).contains(&by_hlg), "{by_hlg}");
    }

    #[test]
    fn an_ordinary_curve_is_left_alone_and_alpha_too() {
        let grey = || DynamicImage::ImageRgba16(ImageBuffer::from_pixel(1, 1, Rgba([30_000, 20_000, 10_000, 7])));
        assert_eq!(shown(grey(), 1, 13, Some(vec![1])), (grey(), Some(vec![1])));
        let DynamicImage::ImageRgba16(bright) = shown(grey(), 1, 16, Some(vec![1])).0 else { panic!("its alpha") };
        assert_eq!(bright.get_pixel(0, 0).0[3], 7);
    }
}
