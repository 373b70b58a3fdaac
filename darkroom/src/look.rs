//! One look at a file: its facts, and with them the picture as large as it is wanted.
//! Files of risky formats are looked at by a child, once for both: nothing in this
//! process reads more of them than the few bytes that say what they are.

use serde::{Deserialize, Serialize};

use crate::child;
use crate::decode::{self, Picture};
use crate::error::DevelopError;
use crate::facts::{self, Facts};
use crate::frame::Frame;
use crate::limits::PICTURE_EDGE_PX_MAX;
use crate::recipe::Recipe;
use crate::shrink::fitted;
use crate::sniff::FileKind;

/// What is wanted of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Wish {
    /// Which part of the picture is shown.
    pub(crate) recipe: Recipe,
    /// The longest edge that this part is shown with; 0 where only facts are wanted.
    pub(crate) edge_px: u32,
}

/// What was seen.
#[derive(Debug)]
pub(crate) struct Looked {
    pub(crate) facts: Facts,
    /// Whether EXIF says so, for a picture without a profile.
    pub(crate) says_adobe_rgb: bool,
    /// Where it is wanted.
    pub(crate) picture: Option<Picture>,
}

impl Wish {
    /// The whole picture as it is stored.
    pub(crate) const WHOLE: Self = Self {
        recipe: Recipe { mirrored: false, quarter_turns: 0, straighten: 0, crop: None },
        edge_px: PICTURE_EDGE_PX_MAX,
    };

    /// Which part of the file's picture is shown, and with how many pixels.
    pub(crate) fn frame(&self, facts: &Facts) -> (Frame, (u32, u32)) {
        let frame = Frame::new((facts.width_px, facts.height_px), facts.orientation.to_exif(), &self.recipe);
        let shown = frame.in_whole_pixels().size_px();
        (frame, fitted(shown.0, shown.1, self.edge_px))
    }

    /// The longest edge that the whole photo needs, for what is shown of it to be as
    /// sharp as it can.
    pub(crate) fn decoded_edge_px(&self, facts: &Facts) -> u32 {
        let (frame, size) = self.frame(facts);
        let (stored, shown) = (frame.stored(), frame.size());
        let whole = stored.0.max(stored.1);
        // A tilted frame is read between pixels, which costs sharpness at the proof's own size.
        let oversize = if frame.is_level() { 1.0 } else { 2.0 };
        let share = (f64::from(size.0) / shown.0).max(f64::from(size.1) / shown.1);
        (whole * (share * oversize).min(1.0)).ceil().max(1.0) as u32
    }
}

impl Looked {
    /// The picture that was wanted.
    ///
    /// # Errors
    /// [`DevelopError::ChildEnded`] where a child forgot it.
    pub(crate) fn into_picture(self) -> Result<Picture, DevelopError> {
        self.picture.ok_or(DevelopError::ChildEnded)
    }
}

/// Looks at `bytes`, in a child where their kind asks for it.
///
/// # Errors
/// What is wrong with the file, or with the child.
pub(crate) fn look(bytes: &[u8], wish: &Wish) -> Result<Looked, DevelopError> {
    let kind = decode::readable_kind(bytes)?;
    match child::program_for(kind) {
        Some(program) => program.look(bytes, kind, wish),
        None => look_here(bytes, kind, wish),
    }
}

/// As [`look`], in this process.
///
/// # Errors
/// As [`look`].
pub(crate) fn look_here(bytes: &[u8], kind: FileKind, wish: &Wish) -> Result<Looked, DevelopError> {
    let (facts, says_adobe_rgb) = facts::read_here(bytes, kind)?;
    let is_wanted = wish.edge_px > 0;
    let picture = is_wanted.then(|| decode::decode(bytes, kind, wish.decoded_edge_px(&facts))).transpose()?;
    Ok(Looked { facts, says_adobe_rgb, picture })
}
