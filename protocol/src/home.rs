//! `/enprint/home/1`: a photographer's second home makes itself known to the first.
//!
//! - *Participants:* a node that is to follow asks, the node that keeps the originals answers.
//! - *Goals:* a code that is used once makes two nodes one photographer's homes; the first
//!   signs that the second stands in for it, and later that it does so no longer.
//! - *Non-goals:* copying ([`crate::replica`]); a second home that decides anything.

use std::time::Duration;

use libp2p::{Multiaddr, PeerId};
use serde::{Deserialize, Serialize};

use crate::access_code::InvitationCode;
use crate::conversation::Conversation;
use crate::error::Refusal;
use crate::limits;
use crate::signed::{Record, Signed};
use crate::time::UnixMs;

/// The conversation.
#[derive(Debug, Clone, Copy)]
pub struct Pair;

impl Conversation for Pair {
    const NAME: &'static str = "/enprint/home/1";
    type Request = PairRequest;
    type Reply = PairReply;
    const REQUEST_BYTES_MAX: usize = limits::SMALL_BYTES_MAX;
    const REPLY_BYTES_MAX: usize = limits::SMALL_BYTES_MAX;
    const TIMEOUT: Duration = limits::ENROL_TIMEOUT;

    fn refusal(reply: &Self::Reply) -> Option<&Refusal> {
        if let PairReply::Refused(refusal) = reply { Some(refusal) } else { None }
    }
}

/// The photographer's word that another node stands in for theirs, or does so no longer.
/// Of two words on the same home the later one holds, of two of one moment the one that ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Home {
    /// The first home, whose key signs.
    pub photographer: PeerId,
    /// The second.
    pub home: PeerId,
    /// When it was said.
    pub since: UnixMs,
    /// It stands in no longer.
    #[serde(default, skip_serializing_if = "is_false")]
    pub ended: bool,
}

impl Record for Home {
    const DOMAIN: &'static str = "enprint home 1";
    const WORD: &'static str = "home";
}

/// What the node that is to follow says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PairRequest {
    /// Uses a code. Repeated by the same peer it gets the first answer.
    Join {
        /// The code that the first home gave.
        code: InvitationCode,
        /// What people call the second home.
        name: String,
        /// Where it can be reached; at most [`limits::ADDRESSES_MAX`].
        addresses: Vec<Multiaddr>,
    },
}

/// What the first home answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PairReply {
    /// The asker is a home from now on.
    Paired {
        /// The word that it may show to hosts and labs.
        home: Signed<Home>,
        /// The photographer's name, or empty.
        photographer: String,
    },
    /// Not so.
    Refused(Refusal),
}

impl From<Refusal> for PairReply {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

fn is_false(value: &bool) -> bool {
    !*value
}
