//! What sled's failures mean, in words for people. What sled says itself names the lines
//! of its own source on the machine that built the program: that goes to nobody, but for
//! traces, without paths.

use std::any::Any;
use std::io::{Error, ErrorKind};
use std::panic::{PanicHookInfo, set_hook, take_hook};
use std::sync::Once;

use super::damage::Place;

/// How the threads of volumes are called.
pub(super) const THREAD: &str = "volume";
/// How sled calls its own.
const OF_SLED: [&str; 2] = ["sled_flusher", "sled-"];

/// How work on a volume fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// A part of the stored bytes isn't what was stored; the rest can be read.
    Part(Place),
    /// The volume can't be opened for damage, and why: no waiting mends it.
    Damaged(String),
    /// sled failed, broke off or did not come back, and why.
    Fatal(String),
}

impl Failure {
    /// Of a volume that is opened: there no part can be left out.
    pub(super) fn of_opening(error: &Error) -> Self {
        match Self::of(error) {
            Self::Part(_) => Self::Damaged("a file that says what is in it is damaged".into()),
            Self::Fatal(words) if error.kind() == ErrorKind::NotFound => Self::Damaged(words),
            failure => failure,
        }
    }

    fn of(error: &Error) -> Self {
        tracing::debug!(said = without_paths(&error.to_string()), "the database failed");
        if is_of_part(error) {
            return Self::Part(Place::Somewhere);
        }
        let words = match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "its disk is full",
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => "its files may not be written",
            ErrorKind::NotFound => "files of it are missing",
            ErrorKind::WouldBlock => "another program has it open",
            ErrorKind::Unsupported => "another program made it",
            _ => "its disk can't be read or written",
        };
        Self::Fatal(words.into())
    }

    /// Of a panic of sled's, while the volume was opened or later.
    pub(super) fn of_panic(panic: &(dyn Any + Send), is_opening: bool) -> Self {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        tracing::debug!(said = without_paths(&text), "the database broke off");
        if is_opening {
            return Self::Damaged("what its files say does not fit together".into());
        }
        Self::Fatal("the database broke off".into())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::of(&error)
    }
}

/// What sled says of a slot whose checksum is wrong, or that its file has no more.
pub(super) fn is_of_part(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::UnexpectedEof)
}

/// From now on a panic of a volume's prints nothing: whoever asked is told in words.
pub(super) fn hush_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = take_hook();
        set_hook(Box::new(move |panic| {
            if !is_of_volume(panic) {
                usual(panic);
            }
        }));
    });
}

fn is_of_volume(panic: &PanicHookInfo<'_>) -> bool {
    let thread = std::thread::current();
    let is_thread = thread.name().is_some_and(|name| name == THREAD || OF_SLED.contains(&name));
    is_thread || panic.location().is_some_and(|at| OF_SLED.iter().any(|name| at.file().contains(name)))
}

fn without_paths(said: &str) -> String {
    let words = said.split_whitespace().map(|word| if word.contains(['/', '\\']) { "…" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sled_says_reaches_nobody() {
        let said = "somewhere/sled-1/src/heap.rs:508 -> crc mismatch";
        assert_eq!(without_paths(said), "… -> crc mismatch");
        let other = Failure::from(Error::other(said));
        assert_eq!(other, Failure::Fatal("its disk can't be read or written".into()));
        let part = Error::new(ErrorKind::InvalidData, said);
        assert!(matches!(Failure::of_opening(&part), Failure::Damaged(words) if !words.contains("crc")));
        assert_eq!(Failure::from(part), Failure::Part(Place::Somewhere));
    }
}
