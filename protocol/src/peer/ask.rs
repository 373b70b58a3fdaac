//! A request of ours on its way to the swarm, and why it may get no reply.

use libp2p::PeerId;
use libp2p::request_response::OutboundFailure;
use thiserror::Error;
use tokio::sync::oneshot;

use crate::conversation::Conversation;
use crate::error::ProtocolError;

/// A request, and where its reply goes.
pub struct Ask<C: Conversation> {
    pub(super) peer: PeerId,
    pub(super) request: C::Request,
    pub(super) answer: oneshot::Sender<Result<C::Reply, AskError>>,
}

/// Why a request got no reply. A reply that refuses is not among these.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum AskError {
    /// There is no connection, and none could be made at once.
    #[error("The peer {peer} is not connected. It may be off; check its address if this lasts.")]
    NotConnected {
        /// Who was asked.
        peer: PeerId,
    },
    /// None of the addresses led to the peer.
    #[error("The peer {peer} can't be reached: {reason}.")]
    DialFailed {
        /// Who was dialled.
        peer: PeerId,
        /// What the transport said.
        reason: String,
    },
    /// The reply did not come within the conversation's timeout.
    /// The peer may have acted on the request nevertheless.
    #[error("The peer {peer} did not answer in time. The request may be sent again.")]
    Timeout {
        /// Who was asked.
        peer: PeerId,
    },
    /// The connection ended before the reply came.
    /// The peer may have acted on the request nevertheless.
    #[error("The connection to {peer} was lost before the answer came. Send the request again.")]
    Disconnected {
        /// Who was asked.
        peer: PeerId,
    },
    /// The peer does not take part in this conversation.
    #[error("The peer {peer} does not speak {conversation}: it has another role or version.")]
    NotSpoken {
        /// Who was asked.
        peer: PeerId,
        /// The conversation's name on the wire.
        conversation: &'static str,
    },
    /// The stream broke off.
    #[error("The peer {peer} broke off: {reason}.")]
    BrokenOff {
        /// Who was asked.
        peer: PeerId,
        /// What the stream said.
        reason: String,
    },
    /// The request does not fit, or the reply breaks the protocol.
    #[error("The exchange with {peer} failed. {error}")]
    Message {
        /// Who was asked.
        peer: PeerId,
        /// What is wrong.
        error: ProtocolError,
    },
    /// There is a connection, but only through a host that passes no print files on.
    #[error(
        "The peer {peer} can be reached only through the host, which passes no print files on. \
         They go as soon as there is a direct way; a forwarded port at either router makes one."
    )]
    OnlyRelayed {
        /// Who was asked.
        peer: PeerId,
    },
    /// As many requests as may be are in flight.
    #[error("Too many requests to {peer} wait for an answer; send this one later.")]
    TooManyInFlight {
        /// Who was to be asked.
        peer: PeerId,
    },
    /// This peer is stopping.
    #[error("This program is stopping; nothing more is sent.")]
    Stopped,
}

impl AskError {
    /// Whether the same request may get a reply later, with nothing changed.
    pub fn is_temporary(&self) -> bool {
        !matches!(self, Self::NotSpoken { .. } | Self::Message { .. } | Self::Stopped)
    }

    /// Whether nothing of the request can have left this machine.
    pub fn is_before_sending(&self) -> bool {
        matches!(
            self,
            Self::NotConnected { .. } | Self::OnlyRelayed { .. } | Self::TooManyInFlight { .. } | Self::Stopped
        )
    }

    pub(super) fn from_failure<C: Conversation>(peer: PeerId, failure: OutboundFailure) -> Self {
        match failure {
            OutboundFailure::DialFailure => Self::NotConnected { peer },
            OutboundFailure::Timeout => Self::Timeout { peer },
            OutboundFailure::ConnectionClosed => Self::Disconnected { peer },
            OutboundFailure::UnsupportedProtocols => Self::NotSpoken { peer, conversation: C::NAME },
            OutboundFailure::Io(error) => match error.downcast::<ProtocolError>() {
                Ok(error) => Self::Message { peer, error },
                Err(error) => Self::BrokenOff { peer, reason: error.to_string() },
            },
        }
    }
}
