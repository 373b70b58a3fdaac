//! The lab's peer: takes print jobs from photographers that it approved, fetches their
//! print files, each byte verified, and puts finished orders into the hot folder.
//! Keeps print files for a reprint, if at all, for days that its people set.
//!
//! | file | the noun or verb it owns |
//! |---|---|
//! | [`node`] | composition: open, run, stop |
//! | [`commands`], `execute` | what a person can ask of the lab, and its answers |
//! | [`config`] | how a lab runs |
//! | `catalogue` | the lab's business: photographers, jobs, what is here, outbox |
//! | `desk`, `offers` | what photographers ask: to take a job |
//! | `fetch` | print files, range by range |
//! | `receiving` | print files on their way, on the disk |
//! | `keeping` | print files that stay for a reprint, and for how long |
//! | `hot_folder` | the finished order, its names and its tickets |
//! | `production` | received, printing, shipped, problem |
//! | `courier` | reports that wait for a photographer |
//! | `status` | how the lab is, for people and for a monitoring program |
//! | [`hosts`] | the list of hosts; leaving one |
//! | `uplink` | the connections to hosts, and who else is there |

mod catalogue;
mod clock;
pub mod commands;
pub mod config;
mod courier;
mod desk;
mod execute;
mod fetch;
pub mod hosts;
mod hot_folder;
mod keeping;
mod naming;
pub mod node;
mod offers;
mod production;
mod receiving;
mod status;
mod uplink;

pub use commands::{LabAnswer, LabCommand};
pub use config::LabConfig;
pub use node::Lab;
