//! A photographer's homes: one node that decides, and a second that follows it and can
//! serve orders in its stead.
//!
//! | file | owns |
//! |---|---|
//! | `pairing` | how two nodes become homes of one photographer, and cease to be |
//! | `marks` | that something is other than it was |
//! | `serving` | what the first home answers to a second |
//! | `following` | at the second: when to copy, and what |
//! | `copying` | one original on its way |
//! | `repairing`, `lost` | what one home has damaged or lost, fetched from another |
//! | `again` | at the second: that it does so by itself |
//! | `sent` | what each home sent to labs, told to the other |
//! | `shown` | what hosts show, told to the second |
//! | [`answers`] | what people are told of it |

mod again;
pub mod answers;
mod copying;
pub(super) mod following;
mod lost;
mod marks;
mod pairing;
mod repairing;
mod sent;
mod serving;
mod shown;

pub(super) use following::Following;
pub(super) use marks::Marks;
