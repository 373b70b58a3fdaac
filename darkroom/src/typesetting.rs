//! Text → a slanted stamp of letters and of the soft edge around them. The font is
//! built in: Ubuntu Light, which has Latin, Greek and Cyrillic letters.

use ab_glyph::{Font, FontRef, Glyph, Point, PxScale, ScaleFont};

use crate::limits::WATERMARK_CHARS_MAX;

/// A text drawn once, to be laid over a picture many times.
#[derive(Debug)]
pub struct Stamp {
    /// Of the slanted text with its edge.
    pub width: usize,
    /// Of the slanted text with its edge.
    pub height: usize,
    /// How long the text is along its line.
    pub text_px: f32,
    /// How high its letters are.
    pub letter_px: f32,
    /// Letter and edge, 0 to 255 each.
    coverage: Vec<(u8, u8)>,
}

/// `text` in one line without the characters that the font lacks, cut to the limit.
pub fn text_that_can_be_set(text: &str) -> String {
    let Some(font) = font() else {
        return String::new();
    };
    let known = |c: char| c.is_whitespace() || font.glyph_id(c).0 != 0;
    let settable = text.chars().filter(|c| known(*c)).take(WATERMARK_CHARS_MAX).collect::<String>();
    settable.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Stamp {
    /// Draws `text` with letters `letter_px` high, or smaller if it would be longer
    /// than `text_px_max`, turned by `slope` radians. None if there is nothing to draw.
    pub fn new(text: &str, letter_px: f32, text_px_max: f32, letter_px_min: f32, slope: f32) -> Option<Self> {
        let font = font()?;
        let length_at_1 = glyphs(&font, text, 1.0).1.max(0.01);
        let letter_px = letter_px.min(text_px_max / length_at_1).max(letter_px_min);
        let line = Line::draw(&font, text, letter_px)?;
        let (sin, cos) = slope.sin_cos();
        let (long, high) = (line.width as f32, line.height as f32);
        let width = (long * cos.abs() + high * sin.abs()).ceil() as usize + 1;
        let height = (long * sin.abs() + high * cos.abs()).ceil() as usize + 1;
        let mut coverage = Vec::with_capacity(width * height);
        for y in 0..height {
            for x in 0..width {
                let (dx, dy) = (x as f32 - width as f32 / 2.0, y as f32 - height as f32 / 2.0);
                coverage.push(line.between(dx * cos + dy * sin + long / 2.0, dy * cos - dx * sin + high / 2.0));
            }
        }
        Some(Self { width, height, text_px: line.text_px, letter_px, coverage })
    }

    /// Letter and edge at a place within the stamp.
    pub fn at(&self, x: usize, y: usize) -> (u8, u8) {
        self.coverage.get(y * self.width + x).copied().unwrap_or_default()
    }
}

fn font() -> Option<FontRef<'static>> {
    FontRef::try_from_slice(epaint_default_fonts::UBUNTU_LIGHT).ok()
}

/// Glyphs side by side from x = 0 on the line y = 0, and where the next would stand.
fn glyphs(font: &FontRef<'_>, text: &str, letter_px: f32) -> (Vec<Glyph>, f32) {
    let scaled = font.as_scaled(PxScale::from(letter_px));
    let mut placed: Vec<Glyph> = Vec::new();
    let mut x = 0.0;
    for c in text.chars() {
        let mut glyph = scaled.scaled_glyph(c);
        if let Some(before) = placed.last() {
            x += scaled.kern(before.id, glyph.id);
        }
        glyph.position = Point { x, y: 0.0 };
        // A little air between the letters: a mark is read at a glance.
        x += scaled.h_advance(glyph.id) + 0.04 * letter_px;
        placed.push(glyph);
    }
    (placed, x)
}

/// A text drawn level.
struct Line {
    width: usize,
    height: usize,
    text_px: f32,
    letters: Vec<f32>,
    edges: Vec<f32>,
}

impl Line {
    fn draw(font: &FontRef<'_>, text: &str, letter_px: f32) -> Option<Self> {
        let (glyphs, text_px) = glyphs(font, text, letter_px);
        let scaled = font.as_scaled(PxScale::from(letter_px));
        let spread = (letter_px / 16.0).ceil().max(1.0) as usize;
        let margin = 3 * spread + 2;
        let width = text_px.ceil() as usize + 2 * margin;
        let height = scaled.height().ceil() as usize + 2 * margin;
        let mut letters = vec![0.0_f32; width * height];
        for mut glyph in glyphs {
            glyph.position.x += margin as f32;
            glyph.position.y = margin as f32 + scaled.ascent();
            let Some(outline) = font.outline_glyph(glyph) else {
                continue;
            };
            let corner = outline.px_bounds().min;
            outline.draw(|x, y, covered| {
                let (x, y) = (corner.x + x as f32, corner.y + y as f32);
                if x >= 0.0 && y >= 0.0 && (x as usize) < width && (y as usize) < height {
                    let at = y as usize * width + x as usize;
                    letters[at] = (letters[at] + covered).min(1.0);
                }
            });
        }
        let mut edges = letters.clone();
        for _ in 0..2 {
            edges = blurred(&edges, width, spread);
        }
        for edge in &mut edges {
            *edge = (*edge * 2.2).min(1.0);
        }
        (text_px > 0.0).then_some(Self { width, height, text_px, letters, edges })
    }

    /// Letter and edge between four pixels, weighted.
    fn between(&self, x: f32, y: f32) -> (u8, u8) {
        let (left, top) = (x.floor(), y.floor());
        let (right, down) = (x - left, y - top);
        let mut sum = (0.0, 0.0);
        for (dx, dy, weight) in [
            (0, 0, (1.0 - right) * (1.0 - down)),
            (1, 0, right * (1.0 - down)),
            (0, 1, (1.0 - right) * down),
            (1, 1, right * down),
        ] {
            let (x, y) = (left as i64 + dx, top as i64 + dy);
            if (0..self.width as i64).contains(&x) && (0..self.height as i64).contains(&y) {
                let at = y as usize * self.width + x as usize;
                sum = (sum.0 + weight * self.letters[at], sum.1 + weight * self.edges[at]);
            }
        }
        ((sum.0 * 255.0).round() as u8, (sum.1 * 255.0).round() as u8)
    }
}

/// Each value becomes the mean of those within `spread` in its row, then in its column.
fn blurred(values: &[f32], width: usize, spread: usize) -> Vec<f32> {
    let height = values.len() / width;
    let mean = |of: &dyn Fn(usize) -> f32, at: usize, length: usize| {
        let (from, to) = (at.saturating_sub(spread), (at + spread).min(length - 1));
        (from..=to).map(of).sum::<f32>() / (2 * spread + 1) as f32
    };
    let rows = (0..values.len()).map(|at| mean(&|x| values[at / width * width + x], at % width, width));
    let rows = rows.collect::<Vec<f32>>();
    (0..values.len()).map(|at| mean(&|y| rows[y * width + at % width], at / width, height)).collect()
}
