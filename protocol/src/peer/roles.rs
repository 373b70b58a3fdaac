//! Who speaks which conversation, in which direction, on one screen; and the
//! wiring of each conversation to its channel and its kind of [`Incoming`].

use libp2p::request_response::ProtocolSupport;
use tokio::sync::mpsc;

use super::ask::Ask;
use super::incoming::{Asked, Incoming};
use crate::conversation::Conversation;
use crate::enrol::Enrol;
use crate::home::Pair;
use crate::limits::ASKS_WAITING_MAX;
use crate::order::Deliver;
use crate::original::FetchOriginal;
use crate::print_job::OfferJob;
use crate::publish::Publish;
use crate::replica::Follow;
use crate::status::Report;

/// What a peer is in the trade: it decides what it answers and what it may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PeerRole {
    /// Shows proofs to customers and takes their orders.
    Host,
    /// Holds the originals.
    Photographer,
    /// Prints.
    Lab,
}

/// A conversation that the swarm carries. Implemented here for all eight.
pub trait Spoken: Conversation {
    /// The direction in which `role` speaks it, if at all.
    fn support(role: PeerRole) -> Option<ProtocolSupport>;
    /// Whether `role` listens to peers that it does not know.
    fn strangers_welcome(role: PeerRole) -> bool;
    /// A request as the handlers get it.
    fn incoming(asked: Asked<Self>) -> Incoming;
    /// The channel by which requests of ours reach the swarm.
    fn asks(senders: &AskSenders) -> &mpsc::Sender<Ask<Self>>;
}

macro_rules! spoken {
    ($($conversation:ident, $field:ident,
       host: $host:ident, photographer: $photographer:ident, lab: $lab:ident,
       strangers: $strangers:expr;)*) => {
        /// One bounded channel for each conversation.
        #[derive(Clone)]
        pub struct AskSenders { $($field: mpsc::Sender<Ask<$conversation>>,)* }

        /// The swarm's ends of [`AskSenders`].
        pub struct AskReceivers { $(pub(super) $field: mpsc::Receiver<Ask<$conversation>>,)* }

        /// The channels of one peer.
        pub(super) fn ask_channels() -> (AskSenders, AskReceivers) {
            $(let $field = mpsc::channel(ASKS_WAITING_MAX);)*
            (AskSenders { $($field: $field.0,)* }, AskReceivers { $($field: $field.1,)* })
        }

        $(impl Spoken for $conversation {
            fn support(role: PeerRole) -> Option<ProtocolSupport> {
                match role {
                    PeerRole::Host => spoken!(@ $host),
                    PeerRole::Photographer => spoken!(@ $photographer),
                    PeerRole::Lab => spoken!(@ $lab),
                }
            }

            fn strangers_welcome(role: PeerRole) -> bool {
                $strangers == Some(role)
            }

            fn incoming(asked: Asked<Self>) -> Incoming {
                Incoming::$conversation(asked)
            }

            fn asks(senders: &AskSenders) -> &mpsc::Sender<Ask<Self>> {
                &senders.$field
            }
        })*
    };
    (@ answers) => { Some(ProtocolSupport::Inbound) };
    (@ asks) => { Some(ProtocolSupport::Outbound) };
    (@ both) => { Some(ProtocolSupport::Full) };
    (@ silent) => { None };
}

spoken! {
    Enrol,         enrol,     host: answers, photographer: asks,    lab: asks,    strangers: Some(PeerRole::Host);
    Publish,       publish,   host: answers, photographer: asks,    lab: silent,  strangers: None;
    Deliver,       deliver,   host: asks,    photographer: answers, lab: silent,  strangers: None;
    OfferJob,      offer_job, host: silent,  photographer: asks,    lab: answers, strangers: Some(PeerRole::Lab);
    FetchOriginal, fetch,     host: silent,  photographer: answers, lab: asks,    strangers: None;
    Report,        report,    host: answers, photographer: both,    lab: asks,    strangers: None;
    Pair,          pair,      host: silent,  photographer: both,    lab: silent,  strangers: Some(PeerRole::Photographer);
    Follow,        follow,    host: silent,  photographer: both,    lab: silent,  strangers: None;
}
