//! Peers behind home routers, on bad lines and in closed halls: real processes in network
//! namespaces of the tests' own, with routers of nftables between them. Needs root; where
//! it is not to be had, each test says so and ends.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod alone;
mod cut;
mod far;
mod fresh;
mod hesitant;
mod liar;
mod lied_to;
mod line;
mod mapped;
mod net;
mod outside;
mod proxied;
mod reached;
mod served;
mod several;
mod soak;
mod town;
#[path = "../world/mod.rs"]
mod world;
