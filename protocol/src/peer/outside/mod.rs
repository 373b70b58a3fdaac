//! Whether this peer can be reached from outside: AutoNAT, version 2. A peer asks a host
//! to dial it, by a connection that has nothing to do with those that stand, and takes a
//! number along that it must bring back.
//!
//! | file | owns |
//! |---|---|
//! | `verdict` | what came of it, for whoever announces addresses or shows a status |
//! | `tester` | a photographer's or a lab's side: which addresses are tried, and when |
//! | `dial_back` | the host's side: whom it dials, where, and how often |
//! | `gate` | whose requests it hears at all |
//!
//! A test is of one connection to a host. Another connection tests anew, so that what was
//! true yesterday is not believed for ever.

mod dial_back;
mod gate;
mod tester;
mod verdict;

pub(super) use dial_back::DialBacks;
pub(super) use tester::{OpenPort, Tester, VerdictChanged};
pub use verdict::Reachability;
pub(super) use verdict::Verdict;
