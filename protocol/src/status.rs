//! `/enprint/status/1`: what becomes of an order, signed by who says it.
//!
//! - *Participants:* the lab tells the photographer; the photographer passes the
//!   lab's signed words on to the host, and adds its own.
//! - *Goals:* the customer's page shows each step; every status takes effect once.
//! - *Non-goals:* files and bytes.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::conversation::Conversation;
use crate::error::{ProtocolError, Refusal};
use crate::ids::{CommandId, JobId, OrderId};
use crate::limits;
use crate::signed::{Record, Signed};
use crate::text;
use crate::time::UnixMs;

const PRINTING: &str = "printing";
const SHIPPED: &str = "shipped";

/// The conversation.
#[derive(Debug, Clone, Copy)]
pub struct Report;

impl Conversation for Report {
    const NAME: &'static str = "/enprint/status/1";
    type Request = StatusRequest;
    type Reply = StatusReply;
    const REQUEST_BYTES_MAX: usize = limits::SMALL_BYTES_MAX;
    const REPLY_BYTES_MAX: usize = limits::SMALL_BYTES_MAX;
    const TIMEOUT: Duration = limits::STATUS_TIMEOUT;

    fn refusal(reply: &Self::Reply) -> Option<&Refusal> {
        if let StatusReply::Refused(refusal) = reply { Some(refusal) } else { None }
    }
}

/// What is reported. May be repeated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum StatusRequest {
    /// A signed status.
    Report(Signed<Status>),
}

/// What the receiver answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum StatusReply {
    /// Stored.
    Noted,
    /// Not so.
    Refused(Refusal),
}

impl From<Refusal> for StatusReply {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// One thing that happened to an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Made by who says it; takes effect once.
    pub status_id: CommandId,
    /// Which order.
    pub order_id: OrderId,
    /// Which print job, once there is one.
    pub job_id: Option<JobId>,
    /// When, by the clock of who says it.
    pub at: UnixMs,
    /// What.
    pub kind: StatusKind,
}

/// What happened. The first five are the photographer's to say, the others the lab's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum StatusKind {
    /// The photographer took the order (after holding it, or at once).
    Accepted,
    /// The photographer wants to look at it first.
    Held,
    /// The photographer will not have it printed.
    Declined {
        /// Why, in a sentence.
        reason: String,
    },
    /// The photographer has been paid.
    Paid,
    /// The print job is with a lab, which fetches the files.
    Offered {
        /// The lab's name.
        lab: String,
    },
    /// The receipt: all print files are verified and durable at the lab.
    Received {
        /// How many files.
        files: u32,
        /// Their bytes.
        bytes: u64,
        /// Verified bytes that crossed for the job, counted as they came: fewer than
        /// `bytes` when the lab had some of them, more when some had to come again. Labs
        /// of older versions don't say it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        crossed_bytes: Option<u64>,
    },
    /// Being printed.
    Printing,
    /// On its way, or ready.
    Shipped {
        /// Who carries it, or empty.
        carrier: String,
        /// The tracking number, or empty.
        tracking: String,
    },
    /// Something is wrong; a person is needed.
    Problem {
        /// What, in a sentence.
        text: String,
    },
}

impl StatusKind {
    /// Whether a lab may say this.
    pub fn is_of_lab(&self) -> bool {
        matches!(self, Self::Received { .. } | Self::Printing | Self::Shipped { .. } | Self::Problem { .. })
    }

    /// Whether a photographer may say this.
    pub fn is_of_photographer(&self) -> bool {
        !self.is_of_lab() || matches!(self, Self::Problem { .. })
    }

    /// The word in databases and in JSON.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Held => "held",
            Self::Declined { .. } => "declined",
            Self::Paid => "paid",
            Self::Offered { .. } => "offered",
            Self::Received { .. } => "received",
            Self::Printing => PRINTING,
            Self::Shipped { .. } => SHIPPED,
            Self::Problem { .. } => "problem",
        }
    }
}

/// The place, in all that was said of an order as it came, of the word that its parcel went: the
/// first of which the same peer does not say later that the order is printed again, since the
/// parcel came to grief. Later is what came later and is later by that peer's own clock, which
/// alone tells in what order its words were said. None while no parcel is on its way.
///
/// Each word is given by who said it, [`Status::at`] as it was said, and [`StatusKind::word`].
pub fn sent<By: PartialEq>(said: &[(By, UnixMs, &str)]) -> Option<usize> {
    let is_printed_again = |(by, at, _): &(By, UnixMs, &str), since: &[(By, UnixMs, &str)]| {
        since.iter().any(|(other, later, word)| *word == PRINTING && other == by && later > at)
    };
    let mut parcels = said.iter().enumerate().filter(|(_, (_, _, word))| *word == SHIPPED);
    parcels.find(|&(place, parcel)| !is_printed_again(parcel, &said[place + 1..])).map(|(place, _)| place)
}

impl Record for Status {
    const DOMAIN: &'static str = "enprint status 1";
    const WORD: &'static str = "status";
}

impl Status {
    /// Checks the texts.
    ///
    /// # Errors
    /// [`ProtocolError::BadText`] naming the field.
    pub fn check(&self) -> Result<(), ProtocolError> {
        let line = |field, given: &str| text::optional(field, given, limits::LINE_BYTES_MAX, false);
        let sentence = |field, given: &str| text::required(field, given, limits::SENTENCE_BYTES_MAX, true);
        match &self.kind {
            StatusKind::Declined { reason } => sentence("The reason", reason).map(|_| ()),
            StatusKind::Problem { text } => sentence("The problem", text).map(|_| ()),
            StatusKind::Offered { lab } => line("The lab's name", lab).map(|_| ()),
            StatusKind::Shipped { carrier, tracking } => {
                line("The carrier", carrier)?;
                line("The tracking number", tracking).map(|_| ())
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parcel_that_is_printed_again_is_not_sent_until_the_next_goes_however_late_the_words_come() {
        let (lab, other) = ("lab", "other");
        let at = |by, ms, word| (by, UnixMs(ms), word);
        let mut words = vec![at(lab, 1, PRINTING), at(lab, 2, SHIPPED)];
        assert_eq!(sent(&words), Some(1));
        words.push(at(other, 9, PRINTING));
        assert_eq!(sent(&words), Some(1), "by the clock of another lab");
        words.push(at(lab, 4, PRINTING));
        assert_eq!(sent(&words), None);
        words.push(at(lab, 5, SHIPPED));
        assert_eq!(sent(&words), Some(4));
        words.swap(3, 4);
        assert_eq!(sent(&words), Some(3), "they come in another order");
        assert_eq!(sent(&[at(other, 3, SHIPPED), at(lab, 4, SHIPPED), at(lab, 5, PRINTING)]), Some(0));
    }
}
