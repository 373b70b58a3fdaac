//! What can go wrong with a record or a message, for a person ([`ProtocolError`])
//! and on the wire ([`ErrorCode`], append-only).

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a record, a message or a key was not accepted.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum ProtocolError {
    /// An id, code or size that a person or a peer wrote can't be read.
    #[error("“{given}” is not {expected}.")]
    Unreadable {
        /// What was given, shortened to what may be shown.
        given: String,
        /// What it should have been, with its article: "an access code …".
        expected: &'static str,
    },
    /// A text is empty, too long, or has characters that can't be shown.
    #[error("{field}: {problem}.")]
    BadText {
        /// Which field of the record.
        field: &'static str,
        /// What is wrong with it and what would be right.
        problem: String,
    },
    /// More of something than the protocol carries.
    #[error("{what}: {given} is more than the {max} that fit.")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How many there are.
        given: u64,
        /// How many are allowed (`limits.rs`).
        max: u64,
    },
    /// The bytes are not the record they claim to be.
    #[error("A message can't be read: {reason}.")]
    Malformed {
        /// What the decoder met.
        reason: String,
    },
    /// A connection's ends did not come to know each other.
    #[error("The handshake with the other end failed: {reason}. Is it a peer of this network?")]
    Handshake {
        /// What was wrong.
        reason: String,
    },
    /// A record does not fit into a message.
    #[error("A record can't be written: {reason}.")]
    Unwritable {
        /// What the encoder met.
        reason: String,
    },
    /// A signature does not match its bytes, its key or its purpose.
    #[error("The signature of {record} is not right; the record was not used.")]
    BadSignature {
        /// Which kind of record.
        record: &'static str,
    },
    /// Bytes that arrived are not those whose hash was announced.
    #[error("The bytes of a print file are not those that were announced; they were not written.")]
    HashMismatch,
    /// An amount of money went past what can be counted, or mixes currencies.
    #[error("The amounts can't be added: {reason}.")]
    BadSum {
        /// Overflow, or two currencies.
        reason: &'static str,
    },
    /// The peer's key file can't be used.
    #[error("The key file {path} can't be used: {reason}.")]
    KeyFile {
        /// Where the file is.
        path: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// The peer could not begin to listen: another program may have the port.
    #[error("The peer can't start: it can't listen at {address}: {reason}.")]
    CantListen {
        /// Where.
        address: String,
        /// What the transport said.
        reason: String,
    },
    /// The peer could not begin to run.
    #[error("The peer can't start: {reason}.")]
    PeerStart {
        /// What the transport said.
        reason: String,
    },
}

/// Why a peer refused a request. Append-only: numbers are never reused, and a
/// code that a peer does not know reads as [`ErrorCode::Refused`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "u8", into = "u8")]
#[repr(u8)]
pub enum ErrorCode {
    /// Not permitted, or not there: a stranger can't tell which.
    Refused = 0,
    /// Ask again later.
    Busy = 1,
    /// The message can't be read, or breaks a rule of its record.
    Malformed = 2,
    /// More bytes or elements than fit.
    TooLarge = 3,
    /// The invitation is wrong, used or too old.
    BadInvitation = 4,
    /// The lab has not approved this photographer yet.
    NotApproved = 5,
    /// The receiver's disk has no room.
    DiskFull = 6,
    /// The id was used before with other content.
    Conflict = 7,
    /// What the request needs was withdrawn.
    Withdrawn = 8,
    /// The receiver could not store it; nothing was changed.
    Failed = 9,
}

impl From<u8> for ErrorCode {
    fn from(number: u8) -> Self {
        match number {
            1 => Self::Busy,
            2 => Self::Malformed,
            3 => Self::TooLarge,
            4 => Self::BadInvitation,
            5 => Self::NotApproved,
            6 => Self::DiskFull,
            7 => Self::Conflict,
            8 => Self::Withdrawn,
            9 => Self::Failed,
            _ => Self::Refused,
        }
    }
}

impl From<ErrorCode> for u8 {
    fn from(code: ErrorCode) -> Self {
        code as Self
    }
}

/// A refusal as it crosses the wire: a code for the program, a sentence for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What kind of refusal.
    pub code: ErrorCode,
    /// A sentence that may be shown; at most [`crate::limits::SENTENCE_BYTES_MAX`] bytes.
    pub text: String,
}

impl Refusal {
    /// A refusal with its sentence.
    pub fn new(code: ErrorCode, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }

    /// The one answer for "not permitted" and "not there".
    pub fn uniform() -> Self {
        Self::new(ErrorCode::Refused, "That is not here for you.")
    }

    /// Whether asking again later can help.
    pub fn is_temporary(&self) -> bool {
        matches!(self.code, ErrorCode::Busy | ErrorCode::NotApproved | ErrorCode::DiskFull | ErrorCode::Failed)
    }
}

impl From<ProtocolError> for Refusal {
    fn from(error: ProtocolError) -> Self {
        let code = match error {
            ProtocolError::TooMany { .. } => ErrorCode::TooLarge,
            _ => ErrorCode::Malformed,
        };
        Self::new(code, error.to_string())
    }
}
