//! The photographer's node: keeps originals, makes proofs, publishes them, takes
//! orders, and gives print files to the lab that it chose.
//!
//! | file | the noun or verb it owns |
//! |---|---|
//! | [`node`] | composition: open, run, stop |
//! | [`commands`] | what a person can ask of the node, and its answers |
//! | [`archive`] | photos in their event's volumes |
//! | [`catalogue`] | the node's business: hosts, events, orders, jobs, outbox |
//! | [`import`] | folder → archive |
//! | [`edit`] | recipes: turn, straighten, crop, undo |
//! | `edits_had` | a copy of them, in case a volume loses them |
//! | `checking` | whether the archive has what was stored, and what is not so stored anew |
//! | `choosing` | the photos that a person means, or why there are none |
//! | `missing` | photos that are lost or damaged, by name |
//! | `enlargers` | where photos are rendered, and who comes first |
//! | `exporting` | plain files, readable without Enprint |
//! | `homes` | a second node of the same photographer, which follows the first |
//! | `hosts` | where an event is shown; listing and leaving hosts |
//! | `many` | the same work with many photos at once |
//! | [`proof_mark`] | the mark over an event's proofs, which it keeps |
//! | `publish` | archive → host |
//! | `withdrawing` | photos and events, off their hosts |
//! | `removing` | an event that was made by mistake goes |
//! | [`order_words`] | what was said of an order |
//! | `orders` | host → order → approved, paid |
//! | `fulfil` | order → print job → lab |
//! | [`prices`] | what a photographer says of prices |
//! | [`print_rules`] | how a lab wants its print files |
//! | `print_files` | ordered photo → the file that is printed |
//! | `kept_files` | how long it is kept for the next order |
//! | `ranges` | the bytes that a lab may have |
//! | `custody` | what left, when, to whom, and the receipt |
//! | `desk` | what other peers ask, and who answers it |
//! | `courier` | what waits to reach another peer |
//! | `uplink` | the connections to hosts |
//! | `lab_search` | a lab for paid orders that have none |
//! | `untold` | what changed, said anew where it is shown |
//! | `status` | how the node is, for people and for a monitoring program |

pub mod archive;
pub mod catalogue;
mod checking;
mod choosing;
pub mod commands;
pub mod config;
mod courier;
mod custody;
pub mod custody_answers;
mod desk;
pub mod edit;
mod edits_had;
mod elsewhere;
mod enlargers;
pub mod event_words;
mod events;
mod execute;
mod exporting;
mod fulfil;
#[cfg(test)]
mod golden;
pub mod homes;
pub mod host_answers;
mod hosts;
pub mod import;
mod kept_files;
mod lab_search;
mod many;
mod missing;
mod naming;
pub mod node;
pub mod order_words;
mod orders;
#[cfg(test)]
#[path = "../../tests/originals/png.rs"]
mod png;
pub mod prices;
mod print_files;
pub mod print_rules;
pub mod proof_mark;
mod publish;
mod ranges;
pub mod records;
mod removing;
pub mod reports;
pub mod selection;
mod sending;
#[cfg(test)]
mod spoiled;
mod status;
mod untold;
mod uplink;
pub mod upload;
mod volumes;
mod withdrawing;

pub use commands::{PhotographerAnswer, PhotographerCommand};
pub use config::PhotographerConfig;
pub use node::Photographer;
