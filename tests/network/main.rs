//! Peers behind home routers: real processes in network namespaces of the tests' own,
//! with routers of nftables between them. Needs root; where it is not to be had, each
//! test says so and ends.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod net;
mod reached;
mod town;
#[path = "../world/mod.rs"]
mod world;
