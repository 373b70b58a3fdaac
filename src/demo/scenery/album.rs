//! The demo's wedding day: which photographs there are, when and where each was taken.

use jiff::civil::{DateTime, date};

use super::canvas::Canvas;
use super::film::Film;
use super::noise::Chance;
use super::outdoors::Weather;
use super::{chapel, details, evening, outdoors};

/// What is to be seen, with its colours.
#[derive(Debug, Clone, Copy)]
pub enum Scene {
    /// Ridges in mist.
    Hills(Weather),
    /// The sun over water; with two people on the shore or without.
    Sunset(Weather, bool),
    /// Trunks and shafts of light.
    Forest(Weather),
    /// The Milky Way over a house.
    Stars(Weather),
    /// Balloons let go.
    Balloons(Weather),
    /// An aisle of arches.
    Arches([u32; 3]),
    /// Roses from above.
    Bouquet([u32; 3]),
    /// Two rings.
    Rings([u32; 3]),
    /// The cake.
    Cake([u32; 3]),
    /// Confetti in the air.
    Confetti([u32; 3]),
    /// Strings of bulbs.
    FairyLights([u32; 3]),
    /// Candles on a table.
    Candles([u32; 3]),
    /// Paper lanterns.
    Lanterns([u32; 3]),
    /// Beams over a crowd.
    DanceFloor([u32; 3]),
    /// Fireworks over the lake.
    Fireworks([u32; 3]),
}

/// How the camera was held, and so how the file is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// Landscape.
    Level,
    /// Portrait, stored on its side with orientation 6.
    TurnedLeft,
    /// Portrait, stored on its side with orientation 8.
    TurnedRight,
}

/// One photograph to be taken.
#[derive(Debug, Clone, Copy)]
pub struct Shot {
    /// What is to be seen.
    pub scene: Scene,
    /// The folder that it lies in.
    pub category: &'static str,
    /// Upright or on its side.
    pub held: Held,
    /// Minutes since the first photograph.
    pub minute: i32,
    /// 0 to 5 stars.
    pub stars: u16,
}

/// Scenes are painted at this part of the photograph's edges: a proof shows no more.
const PAINTED_PERCENT: usize = 66;

/// The day that the demo shows.
const DAY: DateTime = date(2025, 6, 21).at(10, 12, 40, 0);

impl Shot {
    /// By the camera's clock.
    pub fn taken(&self, round: usize) -> DateTime {
        let minutes = i64::from(self.minute) + round as i64 * 3;
        DAY.saturating_add(jiff::Span::new().minutes(minutes).seconds(minutes * 7 % 60))
    }

    /// Paints the scene and develops it, upright.
    pub fn render(&self, width: usize, height: usize, seed: u64) -> image::RgbImage {
        let painted = |px: usize| (px * PAINTED_PERCENT / 100).max(8);
        let mut canvas = Canvas::new(painted(width), painted(height));
        self.scene.paint(&mut canvas, &mut Chance::new(seed));
        self.scene.film().develop(&canvas, width, height, seed as u32)
    }
}

impl Scene {
    fn paint(&self, canvas: &mut Canvas, chance: &mut Chance) {
        match self {
            Self::Hills(weather) => outdoors::hills(canvas, chance, weather),
            Self::Sunset(weather, couple) => outdoors::sunset(canvas, chance, weather, *couple),
            Self::Forest(weather) => outdoors::forest(canvas, chance, weather),
            Self::Stars(weather) => outdoors::stars(canvas, chance, weather),
            Self::Balloons(weather) => outdoors::balloons(canvas, chance, weather),
            Self::Arches(colours) => chapel::arches(canvas, chance, *colours),
            Self::Bouquet(colours) => details::bouquet(canvas, chance, *colours),
            Self::Rings(colours) => details::rings(canvas, chance, *colours),
            Self::Cake(colours) => details::cake(canvas, chance, *colours),
            Self::Confetti(colours) => details::confetti(canvas, chance, *colours),
            Self::FairyLights(colours) => evening::fairy_lights(canvas, chance, *colours),
            Self::Candles(colours) => evening::candles(canvas, chance, *colours),
            Self::Lanterns(colours) => evening::lanterns(canvas, chance, *colours),
            Self::DanceFloor(colours) => evening::dance_floor(canvas, chance, *colours),
            Self::Fireworks(colours) => evening::fireworks(canvas, chance, *colours),
        }
    }

    /// Light through mist blooms; a clear night does not.
    fn film(&self) -> Film {
        let (bloom, vignette) = match self {
            Self::Forest(_) => (0.22, 0.4),
            Self::Arches(_) => (0.18, 0.45),
            Self::Stars(_) => (0.06, 0.45),
            Self::Balloons(_) => (0.06, 0.25),
            Self::Bouquet(_) | Self::Rings(_) | Self::Cake(_) => (0.1, 0.5),
            Self::Confetti(_) => (0.12, 0.25),
            _ => (0.14, 0.35),
        };
        Film { bloom, vignette, ..Film::default() }
    }
}

const MORNING: Weather = Weather { sky: [0x7FA3C7, 0xC9CFD9, 0xF6D9C0], sun: 0xFFD9A0, land: 0x1F3540 };
const GOLDEN: Weather = Weather { sky: [0x6D7FA8, 0xE0A987, 0xFBC98A], sun: 0xFFB45E, land: 0x2B2320 };
const ROSE: Weather = Weather { sky: [0x3E4B86, 0xC4748E, 0xFFB48A], sun: 0xFF9A55, land: 0x1B1A2A };
const FIRE: Weather = Weather { sky: [0x26315E, 0xB5505A, 0xFF9B4A], sun: 0xFFA845, land: 0x140F16 };
const GLADE: Weather = Weather { sky: [0x6F8F5A, 0xB4C088, 0xE6DDB0], sun: 0xFFE2A0, land: 0x2E4024 };
const NIGHT: Weather = Weather { sky: [0x050A1C, 0x0D1B3C, 0x2A3358], sun: 0xFFB25E, land: 0x05070C };
const SUMMER: Weather = Weather { sky: [0x3F7FC4, 0x7FB2DE, 0xCFE2EC], sun: 0xFFF3D6, land: 0x4A6B4A };
const BLUE_HOUR: Weather = Weather { sky: [0x24355F, 0x6D7FA6, 0xD9C3C2], sun: 0xFFD2B0, land: 0x121C2C };

const fn shot(scene: Scene, category: &'static str, held: Held, minute: i32, stars: u16) -> Shot {
    Shot { scene, category, held, minute, stars }
}

/// The day in order.
pub const SHOTS: [Shot; 24] = [
    shot(Scene::Hills(MORNING), "ceremony", Held::Level, 0, 4),
    shot(Scene::Bouquet([0xF2C4C0, 0xFBEDE0, 0xE39AA4]), "ceremony", Held::Level, 41, 5),
    shot(Scene::Rings([0xD8CBBB, 0xFFCF8F, 0xFFD98A]), "ceremony", Held::Level, 58, 5),
    shot(Scene::Arches([0xB9AD9C, 0xFFE3B5, 0x7A2630]), "ceremony", Held::TurnedLeft, 96, 5),
    shot(Scene::Arches([0xC8BDB0, 0xFFF0D6, 0x3F4F68]), "ceremony", Held::Level, 104, 3),
    shot(Scene::Confetti([0x66805F, 0xB59F7C, 0x4F7288]), "ceremony", Held::Level, 151, 4),
    shot(Scene::Balloons(SUMMER), "ceremony", Held::TurnedRight, 163, 4),
    shot(Scene::Balloons(SUMMER), "ceremony", Held::Level, 164, 3),
    shot(Scene::Forest(GLADE), "portraits", Held::Level, 231, 4),
    shot(Scene::Bouquet([0xC9485B, 0xF0B7A4, 0xF7E6D4]), "portraits", Held::TurnedLeft, 246, 4),
    shot(Scene::Hills(GOLDEN), "portraits", Held::Level, 523, 5),
    shot(Scene::Sunset(ROSE, true), "portraits", Held::Level, 561, 5),
    shot(Scene::Sunset(FIRE, true), "portraits", Held::TurnedRight, 574, 5),
    shot(Scene::Sunset(BLUE_HOUR, false), "portraits", Held::Level, 592, 3),
    shot(Scene::Hills(BLUE_HOUR), "portraits", Held::Level, 604, 3),
    shot(Scene::Candles([0x2A1A16, 0xFFB066, 0xF6E4CC]), "reception", Held::Level, 631, 4),
    shot(Scene::Cake([0x4A3A3C, 0xFFC98F, 0xFBF4EA]), "reception", Held::TurnedLeft, 655, 5),
    shot(Scene::FairyLights([0x1C2420, 0xFFA94F, 0xFFD9A0]), "reception", Held::Level, 672, 4),
    shot(Scene::Lanterns([0x22335F, 0xC98C94, 0xFFB45E]), "reception", Held::Level, 688, 5),
    shot(Scene::DanceFloor([0x3A6BFF, 0xFF3FA4, 0x9B5CFF]), "reception", Held::Level, 741, 4),
    shot(Scene::DanceFloor([0xFF8A3A, 0xFF3F5F, 0xFFC24A]), "reception", Held::Level, 756, 3),
    shot(Scene::Fireworks([0xFFC36B, 0xFF6B8A, 0x8FB8FF]), "reception", Held::Level, 798, 5),
    shot(Scene::Candles([0x1B2230, 0xFFC98A, 0xF3D9D0]), "reception", Held::TurnedLeft, 806, 3),
    shot(Scene::Stars(NIGHT), "reception", Held::Level, 834, 5),
];
