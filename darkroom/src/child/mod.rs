//! Looking at files in a process of its own, headers and all: a file of a new or complex format can at worst end
//! the child, which may take only so much memory and time.
//!
//! | file | what it owns |
//! |---|---|
//! | `words` | what goes through the pipes |
//! | `serve` | the child's side |

mod serve;
mod words;

use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

pub use serve::serve;

use crate::error::DevelopError;
use crate::limits::{CHILD_ANSWER_BYTES_MAX, CHILD_SECONDS_MAX};
use crate::look::{Looked, Wish};
use crate::sniff::FileKind;
use words::Request;

/// The program that decodes for this one: it has to call [`serve`] when it is started so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildProgram {
    /// Where it is.
    pub program: PathBuf,
    /// What makes it call [`serve`].
    pub arguments: Vec<OsString>,
    /// How long one file may take.
    pub patience: Duration,
}

/// How a process decodes is a matter of the process: tests and tools do it themselves,
/// the program that people run has itself as a child.
static PROGRAM: OnceLock<ChildProgram> = OnceLock::new();

/// From now on this process reads and decodes TIFF, HEIC, AVIF, JPEG XL and RAW files in
/// children. The
/// first call counts.
pub fn decode_in(program: ChildProgram) {
    PROGRAM.get_or_init(|| program);
}

/// Whether files of that kind are looked at by a child, and by which.
pub(crate) fn program_for(kind: FileKind) -> Option<&'static ChildProgram> {
    let is_risky = matches!(kind, FileKind::Tiff | FileKind::Heic | FileKind::Avif | FileKind::JpegXl | FileKind::Raw);
    PROGRAM.get().filter(|_| is_risky)
}

impl ChildProgram {
    /// This program itself, with the usual patience.
    pub fn new(program: PathBuf, arguments: Vec<OsString>) -> Self {
        Self { program, arguments, patience: Duration::from_secs(CHILD_SECONDS_MAX) }
    }

    /// Has `bytes` looked at, which are of that kind.
    ///
    /// # Errors
    /// What the child says is wrong with the file, and [`DevelopError::ChildEnded`] or
    /// [`DevelopError::ChildTooSlow`] where it says nothing.
    pub(crate) fn look(&self, bytes: &[u8], kind: FileKind, wish: &Wish) -> Result<Looked, DevelopError> {
        let looked = self.answered(bytes, wish)?;
        if looked.facts.kind == kind { Ok(looked) } else { Err(DevelopError::ChildEnded) }
    }

    fn answered(&self, bytes: &[u8], wish: &Wish) -> Result<Looked, DevelopError> {
        let request = Request { wish: *wish, file_bytes: bytes.len() as u64 }.written();
        let mut child = self.started()?;
        let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(DevelopError::ChildEnded);
        };
        let (done, is_done) = sync_channel::<()>(1);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                // A child that ends early has its reasons, and says them.
                drop(input.write_all(&request).and_then(|()| input.write_all(bytes)));
            });
            let watching = scope.spawn(move || {
                let is_late = is_done.recv_timeout(self.patience) == Err(RecvTimeoutError::Timeout);
                end(child);
                is_late
            });
            let mut answer = Vec::new();
            let read = output.take(CHILD_ANSWER_BYTES_MAX).read_to_end(&mut answer);
            drop(done);
            if watching.join().unwrap_or(false) {
                return Err(DevelopError::ChildTooSlow);
            }
            read.map_err(|_| DevelopError::ChildEnded)?;
            words::read(&answer)
        })
    }

    fn started(&self) -> Result<Child, DevelopError> {
        Command::new(&self.program)
            .args(&self.arguments)
            // Each thread takes a part of the memory that the child may have.
            .env("RAYON_NUM_THREADS", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| DevelopError::NoChild { problem: error.to_string() })
    }
}

/// Ends the child, whatever it does, and takes leave of it.
fn end(mut child: Child) {
    drop(child.kill());
    drop(child.wait());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoding_with(program: &str, arguments: &[&str]) -> DevelopError {
        let arguments = arguments.iter().map(Into::into).collect();
        let patience = Duration::from_millis(300);
        let child = ChildProgram { program: program.into(), arguments, patience };
        child.look(&vec![7; 300_000], FileKind::Tiff, &Wish::WHOLE).unwrap_err()
    }

    #[test]
    fn a_child_that_hangs_is_ended() {
        assert_eq!(decoding_with("sleep", &["600"]), DevelopError::ChildTooSlow);
    }

    #[test]
    fn a_child_that_dies_or_is_missing_or_babbles_gives_an_error() {
        assert_eq!(decoding_with("false", &[]), DevelopError::ChildEnded);
        assert!(matches!(decoding_with("/nowhere/at/all", &[]), DevelopError::NoChild { .. }));
        assert_eq!(decoding_with("cat", &[]), DevelopError::ChildEnded);
        assert_eq!(decoding_with("sh", &["-c", "kill -9 $$"]), DevelopError::ChildEnded);
    }
}
