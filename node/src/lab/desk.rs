//! What other peers ask of the lab, and who answers it. A photographer may offer a
//! job; whatever else is asked, and by whomever, is refused in the same words.

use std::sync::Arc;

use enprint_protocol::peer::{Incoming, answer_all};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::node::Node;
use crate::limits::LAB_REQUESTS_AT_ONCE;

/// Answers until `shutdown`; what is being answered then is finished.
pub(super) async fn run(node: Arc<Node>, incoming: mpsc::Receiver<Incoming>, shutdown: CancellationToken) {
    let answer = |request| {
        let node = Arc::clone(&node);
        async move { node.answer(request).await }
    };
    answer_all(incoming, LAB_REQUESTS_AT_ONCE, shutdown, answer).await;
}

impl Node {
    async fn answer(&self, request: Incoming) {
        // Conversations of other roles are refused by being dropped.
        let Incoming::OfferJob(asked) = request else { return };
        let reply = self.answer_photographer(asked.peer, asked.request).await;
        asked.reply.send(reply.unwrap_or_else(|error| {
            tracing::warn!(peer.id = %asked.peer, %error, "an offer was refused");
            error.to_refusal().into()
        }));
    }
}
