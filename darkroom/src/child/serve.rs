//! The child's side: limits itself, looks at one file, says what it saw, ends.

use std::cell::RefCell;
use std::io::{Read, Write};
use std::rc::Rc;

use super::words::{self, GO, Request};
use crate::decode::{self, Picture};
use crate::develop::guarded;
use crate::error::DevelopError;
use crate::facts;
use crate::limits::{
    CHILD_BYTES_PER_PX, CHILD_MEMORY_BYTES, CHILD_MEMORY_BYTES_MAX, CHILD_PIXELS_PER_SECOND, CHILD_SECONDS,
    CHILD_SECONDS_MAX, ORIGINAL_BYTES_MAX,
};
use crate::look::{Looked, Wish};
use crate::memory::{self, Source};
use crate::shrink::{fitted, shrink};

/// Looks at the file on `input`, as the request before it says, and answers on `output`.
/// Limits the memory and the time of this whole process: call it in a child alone.
///
/// # Errors
/// When the pipes break; what is wrong with the file goes to `output`.
pub fn serve(mut input: impl Read + 'static, output: impl Write + 'static) -> std::io::Result<()> {
    limit_time(0);
    limit_memory(CHILD_MEMORY_BYTES);
    let request = Request::read(&mut input).ok_or(std::io::ErrorKind::InvalidData)?;
    let file_bytes = request.file_bytes.min(ORIGINAL_BYTES_MAX);
    limit_memory(needed(file_bytes, 0));
    let mut bytes = Vec::with_capacity(usize::try_from(file_bytes).unwrap_or(0));
    input.by_ref().take(file_bytes).read_to_end(&mut bytes)?;
    let parent = Rc::new(Parent { pipes: RefCell::new((input, output)) });
    let outcome = memory::from_source(parent.clone(), || guarded(|| seen(&bytes, &request.wish)));
    let mut pipes = parent.pipes.borrow_mut();
    words::write(outcome, &mut pipes.1)?;
    pipes.1.flush()
}

/// Has the budget on which all children draw.
struct Parent<R, W> {
    pipes: RefCell<(R, W)>,
}

impl<R: Read, W: Write> Source for Parent<R, W> {
    fn take(&self, bytes: u64) -> Result<(), DevelopError> {
        let (input, output) = &mut *self.pipes.borrow_mut();
        let mut answer = [0];
        let asked = words::write_need(bytes, output).and_then(|()| input.read_exact(&mut answer));
        if asked.is_ok() && answer == [GO] { Ok(()) } else { Err(DevelopError::ChildEnded) }
    }

    /// The parent takes all back when the child ends.
    fn give_back(&self, _bytes: u64) {}
}

fn seen(bytes: &[u8], wish: &Wish) -> Result<Looked, DevelopError> {
    let kind = decode::readable_kind(bytes)?;
    let (facts, says_adobe_rgb) = facts::read_here(bytes, kind)?;
    if wish.edge_px == 0 {
        return Ok(Looked { facts, says_adobe_rgb, picture: None });
    }
    // What the headers claim, which is within bounds, decides how much it may take.
    let pixels = u64::from(facts.width_px) * u64::from(facts.height_px);
    limit_memory(needed(bytes.len() as u64, pixels));
    limit_time(pixels);
    let edge_px = wish.decoded_edge_px(&facts);
    let picture = decode::decode(bytes, kind, edge_px)?;
    let size = fitted(picture.pixels.width(), picture.pixels.height(), edge_px);
    let picture = Picture { pixels: shrink(picture.pixels, size, !picture.is_cmyk)?, ..picture };
    Ok(Looked { facts, says_adobe_rgb, picture: Some(picture) })
}

/// Metadata is read from a copy of the file, and a RAW file's from another.
fn needed(file_bytes: u64, pixels: u64) -> u64 {
    (CHILD_MEMORY_BYTES + 3 * file_bytes + pixels * CHILD_BYTES_PER_PX).min(CHILD_MEMORY_BYTES_MAX)
}

/// The system ends a process that takes more of the processor than so many pixels need.
#[cfg(unix)]
fn limit_time(pixels: u64) {
    let seconds = (CHILD_SECONDS + pixels / CHILD_PIXELS_PER_SECOND).min(CHILD_SECONDS_MAX);
    set(rustix::process::Resource::Cpu, seconds, CHILD_SECONDS_MAX);
    set(rustix::process::Resource::Core, 0, 0);
}

/// Allocations above it fail, which ends the child.
#[cfg(unix)]
fn limit_memory(bytes: u64) {
    set(rustix::process::Resource::As, bytes, CHILD_MEMORY_BYTES_MAX);
}

#[cfg(unix)]
fn set(resource: rustix::process::Resource, now: u64, later: u64) {
    let limit = rustix::process::Rlimit { current: Some(now), maximum: Some(later) };
    // A system that can't limit leaves it to the parent's patience.
    let _ = rustix::process::setrlimit(resource, limit);
}

#[cfg(not(unix))]
fn limit_time(_pixels: u64) {}

#[cfg(not(unix))]
fn limit_memory(_bytes: u64) {}
