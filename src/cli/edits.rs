//! What `enprint photographer edit` does with photos.

use clap::{Args, ValueEnum};
use enprint_darkroom::recipe::{CropFrame, WHOLE};
use enprint_node::photographer::edit::Edit;

/// Edits, made in the order of this list.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "What is done")]
pub struct EditArgs {
    /// Makes the proofs anew, with the mark that is set now
    #[arg(long)]
    pub anew: bool,
    /// Takes all edits away first
    #[arg(long, conflicts_with = "undo")]
    pub reset: bool,
    /// Takes the last edit back
    #[arg(long, conflicts_with_all = ["flip", "turn", "straighten", "shape", "crop"])]
    pub undo: bool,
    /// Exchanges left and right
    #[arg(long)]
    pub flip: bool,
    /// Turns the photo
    #[arg(long, value_name = "WAY")]
    pub turn: Option<Way>,
    /// Turns by a few degrees, clockwise; at most 45 either way, 0 for none
    #[arg(long, value_name = "DEGREES", value_parser = hundredths, allow_hyphen_values = true)]
    pub straighten: Option<i16>,
    /// Cuts evenly to a shape, as in 3:2
    #[arg(long, value_name = "WIDTH:HEIGHT", value_parser = shape, conflicts_with = "crop")]
    pub shape: Option<(u32, u32)>,
    /// Keeps this part of the photo: left, top, width, height in percent
    #[arg(long, value_name = "L,T,W,H", value_parser = frame)]
    pub crop: Option<CropFrame>,
}

/// Where the top edge goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Way {
    /// To the right
    Right,
    /// To the left
    Left,
    /// To the bottom
    Over,
}

impl EditArgs {
    /// As the node takes them.
    pub fn in_order(self) -> Vec<Edit> {
        let turn = self.turn.map(|way| match way {
            Way::Right => Edit::TurnRight,
            Way::Left => Edit::TurnLeft,
            Way::Over => Edit::TurnOver,
        });
        let edits = [
            self.anew.then_some(Edit::Anew),
            self.reset.then_some(Edit::Reset),
            self.undo.then_some(Edit::Undo),
            self.flip.then_some(Edit::Flip),
            turn,
            self.straighten.map(Edit::Straighten),
            self.shape.map(|(across, down)| Edit::CropToRatio(across, down)),
            self.crop.map(Edit::Crop),
        ];
        edits.into_iter().flatten().collect()
    }
}

fn hundredths(text: &str) -> Result<i16, String> {
    let degrees = text.parse::<f64>().map_err(|_| "a number of degrees, as in -1.5".to_owned())?;
    if degrees.abs() <= 45.0 { Ok((degrees * 100.0).round() as i16) } else { Err("at most 45 degrees".into()) }
}

fn shape(text: &str) -> Result<(u32, u32), String> {
    let sides = text.split_once([':', 'x', '×', '/']);
    let number = |side: &str| side.trim().parse::<u32>().ok().filter(|side| (1..=10_000).contains(side));
    let shape = sides.and_then(|(across, down)| Some((number(across)?, number(down)?)));
    shape.ok_or_else(|| "a width and a height, as in 3:2".to_owned())
}

fn frame(text: &str) -> Result<CropFrame, String> {
    let percent = |part: &str| part.trim().trim_end_matches('%').parse::<f64>().ok();
    let parts: Option<Vec<f64>> = text.split(',').map(percent).collect();
    let wrong = || "four percentages: left, top, width, height, as in 10,0,80,100".to_owned();
    let parts = parts.filter(|parts| parts.iter().all(|part| (0.0..=100.0).contains(part))).ok_or_else(wrong)?;
    let [left, top, width, height] = parts.as_slice() else { return Err(wrong()) };
    let millionths = |percent: &f64| (percent / 100.0 * f64::from(WHOLE)).round() as u32;
    Ok(CropFrame { left: millionths(left), top: millionths(top), width: millionths(width), height: millionths(height) })
}
