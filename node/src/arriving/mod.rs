//! A file that comes range by range: print files at a lab, originals at a second home.
//! Each range is checked before it is written, and durable before it is recorded; what
//! counts as here is the catalogue's of whoever gets it.
//!
//! | file | owns |
//! |---|---|
//! | `drive` | asks, checks, writes and records until the file is whole |
//! | `plan` | which range is asked next (no disk, no network) |
//! | `ranges` | which ranges are here |
//! | `part_file`, `placed_io` | the file: written, made durable, read back after a new start |

mod drive;
mod part_file;
mod placed_io;
mod plan;
mod ranges;

pub(crate) use drive::{Came, Source, drive};
pub(crate) use part_file::{PartFile, sync_folder};
pub(crate) use plan::Plan;
pub(crate) use ranges::RangeSet;
