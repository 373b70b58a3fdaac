//! What scenes are painted on: linear light, measured in picture heights, so that a
//! scene looks the same at any size.

use super::light::{Light, mix, plus, smooth, times};

/// A place: x from 0 to [`Canvas::aspect`], y from 0 at the top to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// To the right.
    pub x: f32,
    /// Down.
    pub y: f32,
}

/// Shorthand for a [`Place`].
pub fn at(x: f32, y: f32) -> Place {
    Place { x, y }
}

impl Place {
    /// How far it is to `other`.
    pub fn distance(self, other: Self) -> f32 {
        (self.x - other.x).hypot(self.y - other.y)
    }
}

/// Pixels in linear light.
#[derive(Debug, Clone)]
pub struct Canvas {
    /// In pixels.
    pub width: usize,
    /// In pixels.
    pub height: usize,
    /// Row by row.
    pub pixels: Vec<Light>,
}

impl Canvas {
    /// Black.
    pub fn new(width: usize, height: usize) -> Self {
        Self { width, height, pixels: vec![[0.0; 3]; width * height] }
    }

    /// Width in heights.
    pub fn aspect(&self) -> f32 {
        self.width as f32 / self.height as f32
    }

    /// One pixel in heights.
    pub fn pixel(&self) -> f32 {
        1.0 / self.height as f32
    }

    /// Paints every pixel anew.
    pub fn paint(&mut self, shade: impl Fn(Place) -> Light) {
        let (width, pixel) = (self.width, self.pixel());
        for (index, light) in self.pixels.iter_mut().enumerate() {
            *light = shade(at((index % width) as f32 * pixel, (index / width) as f32 * pixel));
        }
    }

    /// Adds light to every pixel.
    pub fn add(&mut self, shade: impl Fn(Place) -> Light) {
        let aspect = self.aspect();
        self.each_in(at(0.0, 0.0), at(aspect, 1.0), |place, under| *under = plus(*under, shade(place)));
    }

    /// Paints the rectangle between two corners: the shade gives a light and how much it covers.
    pub fn cover(&mut self, from: Place, to: Place, shade: impl Fn(Place) -> (Light, f32)) {
        self.each_in(from, to, |place, under| {
            let (light, part) = shade(place);
            if part > 0.0 {
                *under = mix(*under, light, part);
            }
        });
    }

    /// A disc whose rim is `soft` wide.
    pub fn disc(&mut self, centre: Place, radius: f32, soft: f32, light: Light, part: f32) {
        let reach = radius + soft;
        self.cover(at(centre.x - reach, centre.y - reach), at(centre.x + reach, centre.y + reach), |place| {
            (light, part * smooth(radius + soft, radius - soft, place.distance(centre)))
        });
    }

    /// A line from `a` to `b`, `ra` thick (from its middle) at one end and `rb` at the other.
    pub fn limb(&mut self, a: Place, b: Place, ra: f32, rb: f32, light: Light, part: f32) {
        let (soft, reach) = (self.pixel(), ra.max(rb) + self.pixel());
        let from = at(a.x.min(b.x) - reach, a.y.min(b.y) - reach);
        let to = at(a.x.max(b.x) + reach, a.y.max(b.y) + reach);
        let (dx, dy) = (b.x - a.x, b.y - a.y);
        let length = (dx * dx + dy * dy).max(1e-9);
        self.cover(from, to, |place| {
            let along = (((place.x - a.x) * dx + (place.y - a.y) * dy) / length).clamp(0.0, 1.0);
            let distance = place.distance(at(a.x + dx * along, a.y + dy * along));
            (light, part * smooth(soft, -soft, distance - (ra + (rb - ra) * along)))
        });
    }

    /// Light that spreads from a point and adds to what is there.
    pub fn glow(&mut self, centre: Place, radius: f32, light: Light) {
        let reach = radius * 3.0;
        self.each_in(at(centre.x - reach, centre.y - reach), at(centre.x + reach, centre.y + reach), |place, under| {
            let far = place.distance(centre) / radius;
            let part = (1.0 - far / 3.0).max(0.0);
            *under = plus(*under, times(light, part * part / (1.0 + 4.0 * far * far)));
        });
    }

    /// A point of light out of focus: an even disc with a slightly brighter rim.
    pub fn bokeh(&mut self, centre: Place, radius: f32, light: Light) {
        let soft = (radius * 0.06).max(self.pixel());
        let reach = radius + soft;
        self.each_in(at(centre.x - reach, centre.y - reach), at(centre.x + reach, centre.y + reach), |place, under| {
            let far = place.distance(centre);
            let inside = smooth(radius + soft, radius - soft, far);
            let rim = 0.75 + 0.45 * smooth(radius * 0.7, radius, far);
            *under = plus(*under, times(light, inside * rim));
        });
    }

    /// Spreads every pixel over about `radius` heights, three times evenly, which is
    /// nearly a bell. Wide ones are spread on a reduced picture: nobody sees the difference.
    pub fn blur(&mut self, radius: f32) {
        let reach = (radius * self.height as f32 / 1.7).round() as usize;
        if reach > 6 {
            let factor = reach.div_ceil(4).min(8);
            let mut small = self.reduced(factor);
            small.spread(reach.div_ceil(factor));
            self.paint(|place| small.sample(place));
        } else if reach > 0 {
            self.spread(reach);
        }
    }

    fn spread(&mut self, reach: usize) {
        for _ in 0..3 {
            for row in self.pixels.chunks_exact_mut(self.width) {
                let blurred = running_mean(row, reach);
                row.copy_from_slice(&blurred);
            }
            let mut column = vec![[0.0; 3]; self.height];
            for x in 0..self.width {
                for (y, light) in column.iter_mut().enumerate() {
                    *light = self.pixels[y * self.width + x];
                }
                for (y, light) in running_mean(&column, reach).into_iter().enumerate() {
                    self.pixels[y * self.width + x] = light;
                }
            }
        }
    }

    /// The light at a place between pixels.
    pub fn sample(&self, place: Place) -> Light {
        let x = (place.x * self.height as f32).clamp(0.0, self.width as f32 - 1.001);
        let y = (place.y * self.height as f32).clamp(0.0, self.height as f32 - 1.001);
        let (left, top) = (x as usize, y as usize);
        let (right, down) = ((left + 1).min(self.width - 1), (top + 1).min(self.height - 1));
        let row =
            |y: usize| mix(self.pixels[y * self.width + left], self.pixels[y * self.width + right], x - left as f32);
        mix(row(top), row(down), y - top as f32)
    }

    /// The same picture with `factor` times fewer pixels each way, each the mean of those it replaces.
    pub fn reduced(&self, factor: usize) -> Self {
        let mut small = Self::new((self.width / factor).max(1), (self.height / factor).max(1));
        for (index, light) in small.pixels.iter_mut().enumerate() {
            let (left, top) = (index % small.width * factor, index / small.width * factor);
            let mut sum = [0.0; 3];
            for (dx, dy) in (0..factor).flat_map(|dy| (0..factor).map(move |dx| (dx, dy))) {
                let (x, y) = ((left + dx).min(self.width - 1), (top + dy).min(self.height - 1));
                sum = plus(sum, self.pixels[y * self.width + x]);
            }
            *light = times(sum, 1.0 / (factor * factor) as f32);
        }
        small
    }

    fn each_in(&mut self, from: Place, to: Place, mut change: impl FnMut(Place, &mut Light)) {
        let (height, pixel) = (self.height as f32, self.pixel());
        let whole = |length: f32, bound: usize| (length * height).clamp(0.0, bound as f32) as usize;
        let (left, right) = (whole(from.x, self.width), whole(to.x + pixel, self.width));
        for y in whole(from.y, self.height)..whole(to.y + pixel, self.height) {
            let row = &mut self.pixels[y * self.width..(y + 1) * self.width];
            for (x, light) in row.iter_mut().enumerate().take(right).skip(left) {
                change(at(x as f32 * pixel, y as f32 * pixel), light);
            }
        }
    }
}

fn running_mean(line: &[Light], reach: usize) -> Vec<Light> {
    let last = line.len() - 1;
    let clamped = |index: isize| line[index.clamp(0, last as isize) as usize];
    let reach = reach as isize;
    let mut sum = (-reach..=reach).map(clamped).fold([0.0; 3], plus);
    let share = 1.0 / (2 * reach + 1) as f32;
    (0..line.len() as isize)
        .map(|index| {
            let mean = times(sum, share);
            sum = plus(sum, plus(clamped(index + reach + 1), times(clamped(index - reach), -1.0)));
            mean
        })
        .collect()
}
