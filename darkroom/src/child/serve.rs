//! The child's side: limits itself, decodes one file, says what came of it, ends.

use std::io::{Read, Write};

use super::words;
use crate::decode::{self, Picture};
use crate::develop::guarded;
use crate::error::DevelopError;
use crate::facts::read_facts;
use crate::limits::{
    CHILD_BYTES_PER_PX, CHILD_MEMORY_BYTES, CHILD_MEMORY_BYTES_MAX, CHILD_SECONDS_MAX, ORIGINAL_BYTES_MAX,
};
use crate::shrink::{fitted, shrink};

/// Decodes the file on `input`, as its first four bytes say how large, to `output`.
/// Limits the memory and the time of this whole process: call it in a child alone.
///
/// # Errors
/// When the pipes break; what is wrong with the file goes to `output`.
pub fn serve(input: &mut impl Read, output: &mut impl Write) -> std::io::Result<()> {
    limit_time();
    limit_memory(CHILD_MEMORY_BYTES);
    let mut edge_px = [0; 4];
    input.read_exact(&mut edge_px)?;
    let mut bytes = Vec::new();
    input.take(ORIGINAL_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    let outcome = guarded(|| decoded(&bytes, u32::from_le_bytes(edge_px)));
    output.write_all(&words::written(outcome))?;
    output.flush()
}

fn decoded(bytes: &[u8], edge_px: u32) -> Result<Picture, DevelopError> {
    let kind = decode::readable_kind(bytes)?;
    let facts = read_facts(bytes)?;
    // What the headers claim, which is within bounds, decides how much it may take.
    let pixels = u64::from(facts.width_px) * u64::from(facts.height_px);
    let needed = CHILD_MEMORY_BYTES + 2 * bytes.len() as u64 + pixels * CHILD_BYTES_PER_PX;
    limit_memory(needed.min(CHILD_MEMORY_BYTES_MAX));
    let picture = decode::decode_here(bytes, kind, edge_px)?;
    let size = fitted(picture.pixels.width(), picture.pixels.height(), edge_px);
    Ok(Picture { pixels: shrink(picture.pixels, size, !picture.is_cmyk)?, ..picture })
}

/// The system ends a process that takes more than its share of the processor.
#[cfg(unix)]
fn limit_time() {
    set(rustix::process::Resource::Cpu, CHILD_SECONDS_MAX);
    set(rustix::process::Resource::Core, 0);
}

/// Allocations above it fail, which ends the child.
#[cfg(unix)]
fn limit_memory(bytes: u64) {
    let limit = rustix::process::Rlimit { current: Some(bytes), maximum: Some(CHILD_MEMORY_BYTES_MAX) };
    // A system that can't limit leaves it to the parent's patience.
    let _ = rustix::process::setrlimit(rustix::process::Resource::As, limit);
}

#[cfg(unix)]
fn set(resource: rustix::process::Resource, value: u64) {
    let limit = rustix::process::Rlimit { current: Some(value), maximum: Some(value) };
    let _ = rustix::process::setrlimit(resource, limit);
}

#[cfg(not(unix))]
fn limit_time() {}

#[cfg(not(unix))]
fn limit_memory(_bytes: u64) {}
