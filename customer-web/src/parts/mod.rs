//! Markup and small facts that several pages share; no look-up, no handler.

pub mod assets;
pub mod choosing;
pub mod frame;
pub mod quality;
pub mod tiles;
pub mod tint;
pub mod view;
