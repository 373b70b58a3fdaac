//! Parts that pages are put together from: functions from plain values to markup.
//! All text is escaped; sentences, dates and money come ready from the caller. The
//! style sheet has a file for each group; no part needs a script.

mod feedback;
mod field;
mod gallery;
mod lists;
mod navigation;

pub use feedback::{Step, StepState, Tone, badge, empty_state, notice, steps};
pub use field::{Choice, Field, Input, button, choices, field, post_form, select, tick_box};
pub use gallery::{Proof, Tile, basket_bar, masthead, photo_grid, photo_grid_with, proof_view};
pub use lists::{facts, table};
pub use navigation::{Crumb, Tab, breadcrumb, button_link, live, pagination, tabs};
