//! The lab as photographers meet it: real peers on loopback, real files, and a
//! photographer's node whose every answer the test decides.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod fetching;
mod keeping;
mod offers;
mod photographer;
mod process;
mod reports;
mod running;
mod uplink;
mod waiting;
mod withdrawals;
