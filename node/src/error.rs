//! What can go wrong at a photographer's node or a lab, in sentences for the
//! person who runs it.

use enprint_protocol::peer::AskError;
use enprint_protocol::{ErrorCode, ProtocolError, Refusal};
use enprint_store::StoreError;
use enprint_store::ledger::Delivery;
use thiserror::Error;

/// Why a command or a message was not carried out.
#[derive(Debug, Error)]
pub enum NodeError {
    /// A record, a code or a key.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// A database or the disk under it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A peer did not answer.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// Another peer said no.
    #[error("{}", .0.text)]
    Refused(Refusal),
    /// A file or folder can't be read or written.
    #[error("{path}: {problem}.")]
    File {
        /// Which.
        path: String,
        /// What the system said.
        problem: String,
    },
    /// Something that was named is not there.
    #[error("There is no {what} “{name}”. {hint}")]
    Unknown {
        /// "event", "order", "lab" …
        what: &'static str,
        /// As it was named.
        name: String,
        /// What to do.
        hint: &'static str,
    },
    /// A name that fits several things.
    #[error("“{name}” could be several: {candidates}. Give more of its id.")]
    Ambiguous {
        /// As it was named.
        name: String,
        /// What it could be.
        candidates: String,
    },
    /// The node has not enrolled with a host yet.
    #[error("This node is not enrolled with a host yet. Ask the host's operator for an invitation, then run “enrol”.")]
    NotEnrolled,
    /// A command that does not fit the state of its object.
    #[error("{problem}")]
    NotNow {
        /// A sentence: why not, and what to do.
        problem: String,
    },
    /// No node runs on the data folder, or the one that ran there was killed.
    #[error("No node answers for {data_dir}. If another program has the folder open, end it; then try again.")]
    NotRunning {
        /// Which folder.
        data_dir: String,
    },
    /// The running node's own sentence about a command.
    #[error("{message}")]
    FromNode {
        /// What it said.
        message: String,
    },
    /// The running node went away before its answer was whole.
    #[error("The running node ended before it answered. What it had done is kept; give the command again.")]
    ControlLost,
    /// The command's JSON is longer than a node reads.
    #[error("The command is too long: name fewer files at once.")]
    CommandTooLarge,
    /// The running node does not know the command, or what is said in it.
    #[error(
        "The running node is of another version of Enprint than this command, and would pass over what it does not know. Stop it, and start this version. Nothing was done."
    )]
    OtherVersion,
    /// The running node has its hands full.
    #[error("The running node is busy with other commands. Try again when one of them is done.")]
    TooManyCommands,
    /// The node could not listen for commands.
    #[error("Commands can't be taken: {reason}.")]
    ControlClosed {
        /// What the system said.
        reason: String,
    },
    /// A photographer's node sends other bytes than it announced.
    #[error(
        "{photographer}’s node sends other bytes of “{name}” than it announced. They were thrown away and will be asked for again; if this lasts, the photographer should check that photo."
    )]
    CorruptedSource {
        /// The photographer's name.
        photographer: String,
        /// The file's name there.
        name: String,
    },
    /// What was written to the disk does not read back.
    #[error("The disk gave back {damaged_bytes} bytes of “{name}” changed. They are fetched again; check the disk.")]
    DiskLies {
        /// The file's name at the photographer's.
        name: String,
        /// How many bytes.
        damaged_bytes: u64,
    },
    /// An original that is asked for is not what was stored.
    #[error(
        "The original of {name} is damaged on this disk. Import the file again from your card or a backup: that repairs it, and its orders go on by themselves."
    )]
    OriginalDamaged {
        /// Its photo's file name.
        name: String,
    },
    /// An original that is asked for was here, and its volume is not.
    #[error(
        "{name} is not in the archive any more. Put its event's folders in archive/ back from a backup, or import the file again from your copies: its orders go on by themselves."
    )]
    OriginalLost {
        /// Its photo's file name.
        name: String,
    },
    /// An original that is asked for is lost, and its photographer said that it is so for good.
    #[error(
        "{name} is lost for good, as “forget-lost” was told, so that this order can't be printed as it is. Write to its \
         customer, and decline it; if the file is found, import it, and the order goes on by itself."
    )]
    OriginalForgotten {
        /// Its photo's file name.
        name: String,
    },
    /// A print file that was made of an original is not what was stored, or not there.
    #[error(
        "The print file that was made of {name} is damaged on this disk or gone. It is made anew by itself as soon as its photo is whole."
    )]
    PrintFileHurt {
        /// The photo's file name.
        name: String,
    },
    /// A part of the running program stopped answering.
    #[error("The node is shutting down; nothing was changed.")]
    ShuttingDown,
}

impl NodeError {
    /// Whether the other side may do the same later, with nothing changed here.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Ask(error) => error.is_temporary(),
            Self::Refused(refusal) => refusal.is_temporary(),
            _ => false,
        }
    }

    /// Whether the same may succeed later: trouble of the other side's, or of this
    /// machine's that passes. A message that met it stays in its place and is tried again.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Store(error) => error.may_pass(),
            Self::File { .. } | Self::ShuttingDown | Self::Ask(AskError::Stopped) => true,
            _ => self.is_temporary(),
        }
    }

    /// Whether something that was stored is not what it was, and nothing else is amiss.
    pub(crate) fn is_of_damage(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_of_damage() || matches!(error, StoreError::BlobMissing))
    }

    /// The photo that this disk has damaged or lost, if that is what is said.
    pub(crate) fn hurt_photo(&self) -> Option<&str> {
        match self {
            Self::OriginalDamaged { name } | Self::OriginalLost { name } | Self::OriginalForgotten { name } => {
                Some(name)
            }
            _ => None,
        }
    }

    /// Whether an order that met it goes on as soon as its photos are whole.
    pub(crate) fn is_of_hurt(&self) -> bool {
        self.hurt_photo().is_some() || matches!(self, Self::PrintFileHurt { .. })
    }

    /// What becomes of a parcel whose delivery ended with this error.
    pub(crate) fn into_delivery(self) -> Delivery {
        if self.may_pass() { Delivery::TryLater(self.to_string()) } else { Delivery::Refused(self.to_string()) }
    }

    /// What another peer may know of this error.
    pub fn to_refusal(&self) -> Refusal {
        match self {
            Self::Protocol(ProtocolError::BadSignature { .. }) => Refusal::uniform(),
            Self::Protocol(error) => error.clone().into(),
            Self::Refused(refusal) => refusal.clone(),
            Self::NotNow { problem } => Refusal::new(ErrorCode::Refused, problem.clone()),
            Self::OriginalDamaged { name } => {
                let text =
                    format!("The photographer's disk has damaged {name}: it comes as soon as it is repaired there.");
                Refusal::new(ErrorCode::Failed, text)
            }
            Self::OriginalLost { name } => {
                let text = format!("The photographer's disk has lost {name}: it comes as soon as it is there again.");
                Refusal::new(ErrorCode::Failed, text)
            }
            Self::OriginalForgotten { name } => {
                let text = format!("The photographer has lost {name} for good, so it can't come as the job stands.");
                Refusal::new(ErrorCode::Failed, text)
            }
            Self::PrintFileHurt { name } => {
                let text = format!("The photographer's node makes the print file of {name} anew: it comes then.");
                Refusal::new(ErrorCode::Failed, text)
            }
            _ => Refusal::new(ErrorCode::Failed, "It could not be done just now; try again later."),
        }
    }

    /// As a sentence that stands by itself.
    pub(crate) fn sentence(&self) -> String {
        let said = self.to_string();
        let mut letters = said.trim_end_matches('.').chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).chain(['.']).collect()).unwrap_or_default()
    }

    /// A file error with its path.
    pub fn file(path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::File { path: path.display().to_string(), problem: error.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn becomes(error: impl Into<NodeError>) -> Delivery {
        error.into().into_delivery()
    }

    #[test]
    fn a_full_disk_or_a_stop_at_this_end_sets_no_message_aside() {
        let path = std::path::PathBuf::from("/data");
        let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        let passing: Vec<NodeError> = vec![
            StoreError::DiskReserveReached { path: path.clone(), free: 1, needed: 2 }.into(),
            StoreError::VolumeFenced { volume: "a".into(), cause: "the disk".into() }.into(),
            NodeError::file(&path, &full),
            NodeError::ShuttingDown,
            AskError::Stopped.into(),
            NodeError::Refused(Refusal::new(ErrorCode::Busy, "Later.")),
        ];
        for error in passing {
            let said = error.to_string();
            assert_eq!(error.into_delivery(), Delivery::TryLater(said));
        }
    }

    #[test]
    fn what_no_waiting_mends_lets_the_next_message_pass() {
        assert!(matches!(becomes(StoreError::BlobMissing), Delivery::Refused(_)));
        assert!(matches!(becomes(StoreError::BlobDamaged { volume: "a".into() }), Delivery::Refused(_)));
        assert!(matches!(becomes(NodeError::Refused(Refusal::uniform())), Delivery::Refused(_)));
        assert!(matches!(becomes(NodeError::NotNow { problem: "No.".into() }), Delivery::Refused(_)));
    }
}
