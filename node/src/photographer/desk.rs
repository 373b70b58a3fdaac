//! What other peers ask of this node, and who answers it. The node's own rows
//! decide; whoever asks, what is refused and what is absent look the same.
//! Labs and homes that wait for bytes wait apart, so that they keep no order waiting.

use std::sync::Arc;

use enprint_protocol::Refusal;
use enprint_protocol::peer::{Incoming, answer_all};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::node::Node;
use crate::error::NodeError;
use crate::limits::REQUESTS_ANSWERED_AT_ONCE;

/// Answers until `shutdown`; what is being answered then is finished.
pub(super) async fn run(node: Arc<Node>, incoming: mpsc::Receiver<Incoming>, shutdown: CancellationToken) {
    // Bounded by `REPLIES_PENDING_MAX` requests of this conversation that a peer takes on.
    let sending = TaskTracker::new();
    let answer = |request| {
        let (node, sending) = (Arc::clone(&node), sending.clone());
        async move {
            match request {
                Incoming::FetchOriginal(asked) => drop(sending.spawn(node.send_to_lab(asked))),
                Incoming::Follow(asked) => drop(sending.spawn(node.answer_home(asked))),
                other => node.answer(other).await,
            }
        }
    };
    answer_all(incoming, REQUESTS_ANSWERED_AT_ONCE, shutdown, answer).await;
    sending.close();
    sending.wait().await;
}

impl Node {
    async fn answer(&self, request: Incoming) {
        match request {
            Incoming::Deliver(asked) => {
                let reply = self.take_from_host(asked.peer, asked.request).await;
                asked.reply.send(reply.unwrap_or_else(|error| refusal(&error).into()));
            }
            Incoming::Report(asked) => {
                let reply = self.note_from_lab(asked.peer, asked.request).await;
                asked.reply.send(reply.unwrap_or_else(|error| refusal(&error).into()));
            }
            Incoming::Pair(asked) => {
                let reply = self.answer_pairing(asked.peer, asked.request).await;
                asked.reply.send(reply.unwrap_or_else(|error| refusal(&error).into()));
            }
            // Conversations of other roles, and what `run` does; dropping the request refuses it.
            Incoming::Enrol(_)
            | Incoming::Publish(_)
            | Incoming::OfferJob(_)
            | Incoming::FetchOriginal(_)
            | Incoming::Follow(_) => {}
        }
    }
}

/// What another peer may know of an error.
pub(super) fn refusal(error: &NodeError) -> Refusal {
    tracing::warn!(%error, "a request was refused");
    error.to_refusal()
}
