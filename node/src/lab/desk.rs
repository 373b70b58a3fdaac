//! What other peers ask of the lab, and who answers it. A photographer may offer a
//! job; whatever else is asked, and by whomever, is refused in the same words.

use std::sync::Arc;

use enprint_protocol::peer::Incoming;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::node::Node;
use crate::limits::LAB_REQUESTS_AT_ONCE;

/// Answers until `shutdown`; what is being answered then is finished.
pub(super) async fn run(node: Arc<Node>, mut incoming: mpsc::Receiver<Incoming>, shutdown: CancellationToken) {
    let room = Arc::new(Semaphore::new(LAB_REQUESTS_AT_ONCE));
    let answering = TaskTracker::new();
    loop {
        let request = tokio::select! {
            request = incoming.recv() => request,
            () = shutdown.cancelled() => None,
        };
        let Some(request) = request else { break };
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { break };
        let node = Arc::clone(&node);
        answering.spawn(async move {
            node.answer(request).await;
            drop(permit);
        });
    }
    answering.close();
    answering.wait().await;
}

impl Node {
    async fn answer(&self, request: Incoming) {
        // Conversations of other roles are refused by being dropped.
        let Incoming::OfferJob(asked) = request else { return };
        let reply = self.take_offer(asked.peer, asked.request).await;
        asked.reply.send(reply.unwrap_or_else(|error| {
            tracing::warn!(peer.id = %asked.peer, %error, "an offer was refused");
            error.to_refusal().into()
        }));
    }
}
