//! `/enprint/enrol/1`: a photographer or a lab makes itself known to a host.
//!
//! - *Participants:* a photographer or lab asks, the host answers.
//! - *Goals:* an invitation is used once; afterwards the peer is known by its peer
//!   id, tells where it can be reached, and learns where the others can be.
//! - *Non-goals:* accounts of customers; approving a photographer at a lab.

use libp2p::{Multiaddr, PeerId};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use std::time::Duration;

use crate::access_code::InvitationCode;
use crate::conversation::Conversation;
use crate::error::Refusal;
use crate::home::Home;
use crate::limits;
use crate::signed::{Record, Signed};

/// The conversation.
#[derive(Debug, Clone, Copy)]
pub struct Enrol;

impl Conversation for Enrol {
    const NAME: &'static str = "/enprint/enrol/1";
    type Request = EnrolRequest;
    type Reply = EnrolReply;
    const REQUEST_BYTES_MAX: usize = limits::SMALL_BYTES_MAX;
    const REPLY_BYTES_MAX: usize = limits::CONTROL_BYTES_MAX;
    const TIMEOUT: Duration = limits::ENROL_TIMEOUT;

    fn refusal(reply: &Self::Reply) -> Option<&Refusal> {
        if let EnrolReply::Refused(refusal) = reply { Some(refusal) } else { None }
    }
}

/// What an enrolled peer is to the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Keeps originals, publishes proofs.
    Photographer,
    /// Prints.
    Lab,
}

impl Role {
    /// The word in files, forms and databases.
    pub fn word(self) -> &'static str {
        match self {
            Self::Photographer => "photographer",
            Self::Lab => "lab",
        }
    }

    /// The role of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Photographer, Self::Lab].into_iter().find(|role| role.word() == word)
    }
}

/// What a photographer or a lab says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum EnrolRequest {
    /// Uses an invitation. Repeated by the same peer it gets the first answer.
    Enrol {
        /// The code that the operator gave.
        invitation: InvitationCode,
        /// What the invitation must be for.
        role: Role,
        /// The name that others see.
        name: String,
        /// Where this peer can be reached.
        addresses: Vec<Multiaddr>,
    },
    /// Said on each connection: where this peer can be reached now.
    Announce {
        /// At most [`limits::ADDRESSES_MAX`].
        addresses: Vec<Multiaddr>,
    },
    /// Where these are now, of those this peer has to do with. The answer is a directory
    /// of them alone; who is not in it is not here.
    Find {
        /// At most [`limits::PEERS_SOUGHT_MAX`].
        peers: Vec<PeerId>,
    },
    /// A photographer's word on a second home: said by the photographer, or by that home,
    /// which needs no invitation. A host that does not know this request refuses it.
    StandIn {
        /// Signed by an enrolled photographer.
        home: Signed<Home>,
        /// Where the home can be reached, when it says it itself.
        addresses: Vec<Multiaddr>,
    },
    /// A home takes over what another of the same photographer has not finished.
    TakeOver {
        /// One order, by its number or id; without it, all.
        order: Option<String>,
    },
}

/// What the host answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum EnrolReply {
    /// The peer is enrolled.
    Enrolled(Welcome),
    /// The others this peer has to do with: labs for a photographer,
    /// photographers for a lab.
    Directory {
        /// At most [`limits::CONTACTS_MAX`].
        contacts: Vec<Contact>,
        /// How the host itself is called and where it is now; hosts of before 0.2 do not
        /// say it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        host: Option<HostNow>,
        /// How many peers are enrolled here: so many come back when the host has been away.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        crowd: Option<u32>,
    },
    /// Not so.
    Refused(Refusal),
    /// To [`EnrolRequest::TakeOver`].
    TakenOver {
        /// Orders that are on their way to the home that asked.
        orders: u32,
    },
}

impl From<Refusal> for EnrolReply {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// What a newly enrolled peer has to know of its host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// The host's name.
    pub host_name: String,
    /// The key that signs orders, in libp2p's protobuf encoding.
    pub host_key: ByteBuf,
    /// The host key's word that the answering process speaks for it.
    pub certificate: Signed<HostCertificate>,
    /// Where customers open galleries, such as `https://photos.example`.
    pub public_url: String,
}

/// What a host says of itself each time, since it may have moved or been renamed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostNow {
    /// The host's name.
    pub name: String,
    /// Where customers open galleries.
    pub public_url: String,
    /// Where the answering process can be reached; at most [`limits::ADDRESSES_MAX`].
    pub addresses: Vec<Multiaddr>,
}

/// The host key certifies the peer id of one `enprint host` process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostCertificate {
    /// The process.
    pub peer_id: PeerId,
}

impl Record for HostCertificate {
    const DOMAIN: &'static str = "enprint host certificate 1";
    const WORD: &'static str = "host certificate";
}

/// One enrolled peer as the host lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Who.
    pub peer_id: PeerId,
    /// As what.
    pub role: Role,
    /// Its name.
    pub name: String,
    /// Where it said it can be reached.
    pub addresses: Vec<Multiaddr>,
}
