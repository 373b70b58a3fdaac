//! Bounds of what is typed: beyond these it is a slip of the fingers, and said at once. What a
//! number then does, the crate bounds that it is for.

/// Connections of peers from one address: more than a system lets a program have open.
pub const PER_ADDRESS_MAX: usize = 1_000_000;
/// Photos developed at once: more than a machine has processors.
pub const WORKERS_MAX: usize = 1_024;
/// Megabytes that stay free on the disk: a thousand of the largest disks.
pub const RESERVE_MB_MAX: u64 = 1_000_000_000;
