//! Looking at files in a process of its own, headers and all: a file of a new or complex format can at worst end
//! the child, which may take only so much memory and time. What it is about to take, it
//! asks for: children and this process draw on one budget (`memory`).
//!
//! | file | what it owns |
//! |---|---|
//! | `words` | what goes through the pipes |
//! | `serve` | the child's side |

mod serve;
mod words;

use std::ffi::OsString;
use std::io::Write;
#[cfg(unix)]
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

pub use serve::serve;

use crate::error::DevelopError;
use crate::limits::{CHILD_COPIES, CHILD_MEMORY_BYTES_MAX, CHILD_OWN_BYTES, CHILD_SECONDS_MAX};
use crate::look::{Looked, Wish};
use crate::memory;
use crate::sniff::FileKind;
use words::{GO, Request, Room};

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
        let own_bytes = CHILD_OWN_BYTES + CHILD_COPIES * bytes.len() as u64;
        memory::take(own_bytes)?;
        let mut child = self.started()?;
        let (Some(mut input), Some(mut output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(DevelopError::ChildEnded);
        };
        let (pauses, paused) = sync_channel(1);
        let (written, is_written) = sync_channel(1);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                // A child that ends early has its reasons, and says them.
                drop(input.write_all(&request).and_then(|()| input.write_all(bytes)));
                drop(written.send(input));
            });
            let watching = scope.spawn(move || watch(&paused, self.patience, child));
            let mut room = ParentRoom { pauses, is_written, input: None, child_bytes: own_bytes };
            let looked = words::read(&mut output, &mut room);
            // A child that still writes is not listened to.
            drop(output);
            let child_bytes = room.child_bytes;
            drop(room);
            let is_late = watching.join().unwrap_or(false);
            memory::give_back(child_bytes);
            if is_late { Err(DevelopError::ChildTooSlow) } else { looked }
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

/// What a child is given of this process's budget.
struct ParentRoom {
    /// Stops the clock, and lets it go on.
    pauses: SyncSender<()>,
    /// The child's input, once it has its file.
    is_written: Receiver<ChildStdin>,
    input: Option<ChildStdin>,
    /// All that the child was given.
    child_bytes: u64,
}

impl ParentRoom {
    /// A child does not pay with its time for others' memory.
    fn paused(&self, take: impl FnOnce() -> Result<(), DevelopError>) -> Result<(), DevelopError> {
        self.pauses.send(()).map_err(|_| DevelopError::ChildTooSlow)?;
        let taken = take();
        self.pauses.send(()).map_err(|_| DevelopError::ChildTooSlow)?;
        taken
    }
}

impl Room for ParentRoom {
    fn for_child(&mut self, bytes: u64) -> Result<(), DevelopError> {
        let bytes = bytes.min(CHILD_MEMORY_BYTES_MAX);
        self.paused(|| memory::take(bytes))?;
        self.child_bytes += bytes;
        let input = match self.input.take() {
            Some(input) => Ok(input),
            None => self.is_written.recv(),
        };
        let mut input = input.map_err(|_| DevelopError::ChildEnded)?;
        let told = input.write_all(&[GO]).and_then(|()| input.flush());
        self.input = Some(input);
        told.map_err(|_| DevelopError::ChildEnded)
    }

    fn for_answer(&mut self, bytes: u64) -> Result<(), DevelopError> {
        self.paused(|| memory::take(bytes))
    }
}

/// Ends the child when the other end of `paused` is dropped, or when it has worked as
/// long as patience lasts; whether it was that, or the system's own limit of its time. Two
/// words pause the clock between them.
fn watch(paused: &Receiver<()>, mut patience: Duration, child: Child) -> bool {
    let is_late = loop {
        let began = Instant::now();
        match paused.recv_timeout(patience) {
            Ok(()) => {
                patience = patience.saturating_sub(began.elapsed());
                if paused.recv().is_err() {
                    break false;
                }
            }
            Err(RecvTimeoutError::Timeout) => break true,
            Err(RecvTimeoutError::Disconnected) => break false,
        }
    };
    end(child) || is_late
}

/// Ends the child, whatever it does, and takes leave of it; whether the system had ended it
/// for the time that it took.
fn end(mut child: Child) -> bool {
    drop(child.kill());
    child.wait().is_ok_and(took_too_long)
}

#[cfg(unix)]
fn took_too_long(status: ExitStatus) -> bool {
    status.signal() == Some(rustix::process::Signal::XCPU.as_raw())
}

#[cfg(not(unix))]
fn took_too_long(_status: ExitStatus) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::PHOTOS_BYTES_MAX;
    use crate::memory::Share;

    /// Long enough for a child to end by itself, however busy the machine is.
    const PATIENCE: Duration = Duration::from_secs(60);

    fn decoding_with(program: &str, arguments: &[&str], patience: Duration) -> DevelopError {
        let arguments = arguments.iter().map(Into::into).collect();
        let child = ChildProgram { program: program.into(), arguments, patience };
        child.look(&vec![7; 300_000], FileKind::Tiff, &Wish::WHOLE).unwrap_err()
    }

    #[test]
    fn a_child_that_hangs_is_ended() {
        assert_eq!(decoding_with("sleep", &["600"], Duration::from_millis(300)), DevelopError::ChildTooSlow);
    }

    #[test]
    #[cfg(unix)]
    fn a_child_that_the_system_ends_for_its_time_was_too_slow() {
        assert_eq!(decoding_with("sh", &["-c", "kill -XCPU $$"], PATIENCE), DevelopError::ChildTooSlow);
    }

    #[test]
    fn a_child_that_dies_or_is_missing_or_babbles_gives_an_error() {
        assert_eq!(decoding_with("false", &[], PATIENCE), DevelopError::ChildEnded);
        assert!(matches!(decoding_with("/nowhere/at/all", &[], PATIENCE), DevelopError::NoChild { .. }));
        assert_eq!(decoding_with("cat", &[], PATIENCE), DevelopError::ChildEnded);
        assert_eq!(decoding_with("sh", &["-c", "kill -9 $$"], PATIENCE), DevelopError::ChildEnded);
    }

    const FILE: [u8; 2_000] = [7; 2_000];

    /// A child that reads its file, needs so much memory, and ends with a sentence.
    fn child_that_needs(mebibytes: u64) -> ChildProgram {
        let request = Request { wish: Wish::WHOLE, file_bytes: FILE.len() as u64 }.written();
        let number: String = (mebibytes << 20).to_le_bytes().iter().map(|byte| format!("\\{byte:03o}")).collect();
        let takes = |bytes: usize| format!("head -c {bytes} >/dev/null");
        let (file, go) = (takes(request.len() + FILE.len()), takes(1));
        let script = format!("{file}; printf '\\003{number}'; {go}; printf '\\002No.'");
        let arguments = vec!["-c".into(), script.into()];
        ChildProgram { program: "sh".into(), arguments, patience: PATIENCE }
    }

    #[test]
    fn a_child_waits_for_the_memory_that_other_photos_have() {
        let (begins, has_begun) = sync_channel(1);
        let (ends, may_end) = sync_channel::<()>(1);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                Share::begin(0).within(|| {
                    memory::take(PHOTOS_BYTES_MAX - (64 << 20)).unwrap();
                    begins.send(()).unwrap();
                    let _ = may_end.recv();
                });
            });
            has_begun.recv().unwrap();
            let looking = scope.spawn(|| {
                let child = child_that_needs(512);
                memory::for_one_photo(|| child.look(&FILE, FileKind::Tiff, &Wish::WHOLE).unwrap_err())
            });
            while !memory::somebody_waits() {
                std::thread::yield_now();
            }
            assert!(!looking.is_finished());
            drop(ends);
            assert_eq!(looking.join().unwrap(), DevelopError::SaidByChild { problem: "No.".into() });
        });
    }

    #[test]
    fn a_child_that_waits_for_memory_keeps_its_time() {
        let started = || Command::new("sleep").arg("600").spawn().unwrap();
        let (pauses, paused) = sync_channel(1);
        pauses.send(()).unwrap();
        std::thread::scope(|scope| {
            let watching = scope.spawn(move || watch(&paused, Duration::ZERO, started()));
            drop(pauses);
            assert!(!watching.join().unwrap(), "it is late though its clock stands still");
        });
        let (pauses, paused) = sync_channel(2);
        pauses.send(()).unwrap();
        pauses.send(()).unwrap();
        assert!(watch(&paused, Duration::ZERO, started()), "its clock goes on");
    }
}
