//! Makes pictures smaller, never larger.

use fast_image_resize::ResizeOptions;
use image::{DynamicImage, ImageBuffer, Pixel, RgbImage};

use crate::error::DevelopError;
use crate::workbench::{buffer, with_resizer};

/// `width_px` × `height_px` shrunk so that the longest edge is at most `edge_px`; at
/// least one pixel each way, and never larger than it was.
pub fn fitted(width_px: u32, height_px: u32, edge_px: u32) -> (u32, u32) {
    let longest = width_px.max(height_px).max(1);
    if longest <= edge_px {
        return (width_px, height_px);
    }
    let scaled = |px: u32| {
        let rounded = (u64::from(px) * u64::from(edge_px) + u64::from(longest) / 2) / u64::from(longest);
        u32::try_from(rounded).unwrap_or(edge_px).max(1)
    };
    (scaled(width_px), scaled(height_px))
}

/// Shrinks any picture to `size`. `blends_alpha` is for light with alpha, where the
/// colour of what can't be seen must not bleed into the rest; inks have none.
///
/// # Errors
/// [`DevelopError::Unsupported`] for samples that the resizer does not know.
pub fn shrink(pixels: DynamicImage, size: (u32, u32), blends_alpha: bool) -> Result<DynamicImage, DevelopError> {
    if (pixels.width(), pixels.height()) == size {
        return Ok(pixels);
    }
    let mut small = empty_like(&pixels, size);
    let options = ResizeOptions::new().use_alpha(blends_alpha);
    let resized = with_resizer(|resizer| resizer.resize(&pixels, &mut small, &options));
    resized.map_err(|_| DevelopError::Unsupported { what: "This variant of the format" })?;
    Ok(small)
}

/// Shrinks a picture that is already in its final colours.
///
/// # Errors
/// As [`shrink`]; not for these samples.
pub fn shrink_rgb(pixels: &RgbImage, size: (u32, u32)) -> Result<RgbImage, DevelopError> {
    let bytes = size.0 as usize * size.1 as usize * 3;
    let small = RgbImage::from_raw(size.0, size.1, buffer(bytes));
    let mut small = small.ok_or_else(|| DevelopError::damaged("it has fewer pixels than it claims"))?;
    let resized = with_resizer(|resizer| resizer.resize(pixels, &mut small, &ResizeOptions::new()));
    resized.map_err(|_| DevelopError::Unsupported { what: "This variant of the format" })?;
    Ok(small)
}

/// A black picture of `size` with the samples that `pixels` has.
pub fn empty_like(pixels: &DynamicImage, size: (u32, u32)) -> DynamicImage {
    fn empty<P: Pixel>(size: (u32, u32)) -> ImageBuffer<P, Vec<P::Subpixel>> {
        ImageBuffer::new(size.0, size.1)
    }
    match pixels {
        DynamicImage::ImageLuma8(_) => DynamicImage::ImageLuma8(empty(size)),
        DynamicImage::ImageLumaA8(_) => DynamicImage::ImageLumaA8(empty(size)),
        DynamicImage::ImageRgba8(_) => DynamicImage::ImageRgba8(empty(size)),
        DynamicImage::ImageLuma16(_) => DynamicImage::ImageLuma16(empty(size)),
        DynamicImage::ImageLumaA16(_) => DynamicImage::ImageLumaA16(empty(size)),
        DynamicImage::ImageRgb16(_) => DynamicImage::ImageRgb16(empty(size)),
        DynamicImage::ImageRgba16(_) => DynamicImage::ImageRgba16(empty(size)),
        DynamicImage::ImageRgb32F(_) => DynamicImage::ImageRgb32F(empty(size)),
        DynamicImage::ImageRgba32F(_) => DynamicImage::ImageRgba32F(empty(size)),
        _ => DynamicImage::ImageRgb8(empty(size)),
    }
}

#[cfg(test)]
mod tests {
    use super::fitted;

    #[test]
    fn sizes_shrink_to_the_edge_and_never_grow() {
        assert_eq!(fitted(6000, 4000, 1600), (1600, 1067));
        assert_eq!(fitted(4000, 6000, 1600), (1067, 1600));
        assert_eq!(fitted(800, 600, 1600), (800, 600));
        assert_eq!(fitted(65_000, 1, 1600), (1600, 1));
        assert_eq!(fitted(1, 1, 320), (1, 1));
        assert_eq!(fitted(321, 1, 320), (320, 1));
    }
}
