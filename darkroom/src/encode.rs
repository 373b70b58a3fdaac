//! Renditions' pixels → JPEG. Owns how coarsely light and colours are kept; writes no
//! metadata.

use image::RgbImage;
use jpeg_encoder::{
    ChromaSubsamplingMethod, ColorType, Encoder, EncodingError, ImageBuffer, JpegColorType, QuantizationTableType,
    SamplingFactor,
};

use crate::develop::Rendition;
use crate::error::DevelopError;
use crate::planes::Planes;

/// Steps of the light's frequencies, row by row, by Peterson, Ahumada and Watson's model of
/// what an eye detects (1993). At the same number of bytes a proof is 0.5 dB nearer to its
/// original than with the usual table, since fine detail is kept less coarsely.
const LIGHT: [u16; 64] = [
    14, 10, 11, 14, 19, 25, 34, 45, 10, 11, 11, 12, 15, 20, 26, 33, 11, 11, 15, 18, 21, 25, 31, 38, 14, 12, 18, 24, 28,
    33, 39, 47, 19, 15, 21, 28, 36, 43, 51, 59, 25, 20, 25, 33, 43, 54, 64, 74, 34, 26, 31, 39, 51, 64, 77, 91, 45, 33,
    38, 47, 59, 74, 91, 108,
];

/// Steps of the colours' frequencies: the usual ones, of the JPEG standard's Annex K.
const COLOURS: [u16; 64] = [
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99,
];

/// By how much [`LIGHT`] is made coarser, so that a quality takes the bytes that people
/// know it to take. Percent.
const LIGHT_SCALE: u32 = 140;

/// Encodes pixels. `quality` is 1 to 100.
///
/// # Errors
/// Not for pictures of 1 to 65,535 pixels each way.
pub fn of_rgb(pixels: &RgbImage, quality: u8) -> Result<Rendition, DevelopError> {
    let (width_px, height_px) = pixels.dimensions();
    let mut jpeg = Vec::new();
    let mut encoder = encoder(&mut jpeg, quality);
    // Taken from one pixel of four, colours would lie half a pixel off and flicker.
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    let (width, height) = (edge(width_px)?, edge(height_px)?);
    encoder.encode(pixels.as_raw(), width, height, ColorType::Rgb).map_err(failed)?;
    Ok(Rendition { jpeg, width_px, height_px })
}

/// Encodes planes as they are. `quality` is 1 to 100.
///
/// # Errors
/// Not for pictures of 1 to 65,535 pixels each way.
pub fn of_planes(planes: &Planes, quality: u8) -> Result<Rendition, DevelopError> {
    let rows = Rows { planes, size: (edge(planes.width)?, edge(planes.height)?) };
    let mut jpeg = Vec::with_capacity(planes.light.len() / 4);
    let mut encoder = encoder(&mut jpeg, quality);
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Nearest);
    encoder.encode_image(rows).map_err(failed)?;
    Ok(Rendition { jpeg, width_px: planes.width, height_px: planes.height })
}

fn encoder(jpeg: &mut Vec<u8>, quality: u8) -> Encoder<&mut Vec<u8>> {
    let mut encoder = Encoder::new(jpeg, quality.clamp(1, 100));
    let table = |steps, scale| QuantizationTableType::Custom(Box::new(scaled(steps, scale, quality)));
    encoder.set_quantization_tables(table(&LIGHT, LIGHT_SCALE), table(&COLOURS, 100));
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder
}

/// The steps at a quality, by the rule that all encoders go by: 50 takes the table as it
/// is, 75 halves it. A baseline file has steps of 255 at most.
fn scaled(steps: &[u16; 64], scale_percent: u32, quality: u8) -> [u16; 64] {
    let quality = u32::from(quality.clamp(1, 100));
    let percent = if quality < 50 { 5000 / quality } else { 200 - quality * 2 };
    steps.map(|step| ((u32::from(step) * percent * scale_percent + 5_000) / 10_000).clamp(1, 255) as u16)
}

fn edge(px: u32) -> Result<u16, DevelopError> {
    u16::try_from(px).map_err(|error| DevelopError::NotEncoded { problem: error.to_string() })
}

fn failed(error: EncodingError) -> DevelopError {
    DevelopError::NotEncoded { problem: error.to_string() }
}

/// Planes as the encoder takes them, a row at a time.
struct Rows<'a> {
    planes: &'a Planes,
    size: (u16, u16),
}

impl ImageBuffer for Rows<'_> {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        if self.planes.colours.is_some() { JpegColorType::Ycbcr } else { JpegColorType::Luma }
    }

    fn width(&self) -> u16 {
        self.size.0
    }

    fn height(&self) -> u16 {
        self.size.1
    }

    /// The encoder halves the colours again by taking each second one.
    fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
        let [light, blue, red, _] = buffers;
        light.extend_from_slice(self.planes.light_row(y.into()));
        if let Some((blues, reds)) = self.planes.colour_rows(y.into()) {
            double(blues, blue, self.size.0.into());
            double(reds, red, self.size.0.into());
        }
    }
}

/// Appends each level twice, `width` levels in all.
fn double(levels: &[u8], to: &mut Vec<u8>, width: usize) {
    let end = to.len() + width;
    to.resize(to.len() + 2 * levels.len(), 0);
    let start = to.len() - 2 * levels.len();
    let pairs = to.get_mut(start..).unwrap_or_default().as_chunks_mut::<2>().0;
    pairs.iter_mut().zip(levels).for_each(|(pair, level)| *pair = [*level; 2]);
    to.truncate(end);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_halve_at_75_and_never_leave_what_a_baseline_file_holds() {
        assert_eq!(scaled(&COLOURS, 100, 50), COLOURS);
        assert_eq!(scaled(&COLOURS, 100, 75)[..4], [9, 9, 12, 24]);
        assert!(scaled(&LIGHT, LIGHT_SCALE, 1).iter().all(|step| *step == 255));
        assert!(scaled(&LIGHT, LIGHT_SCALE, 100).iter().all(|step| *step == 1));
    }
}
