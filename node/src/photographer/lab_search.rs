//! Paid orders of whose host no lab is known: that host is asked which labs there are, at once
//! when an order is paid, and again, ever later, for as long as one waits. A lab may enrol at any
//! time, and no host tells of it by itself.

use std::sync::Arc;
use std::time::Duration;

use enprint_protocol::PeerId;
use tokio::sync::{Mutex, Notify};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::catalogue::OrderRow;
use super::node::Node;
use crate::error::NodeError;
use crate::limits::{LAB_SEARCH_FIRST, LAB_SEARCH_MAX};

/// What the search shares.
#[derive(Debug, Default)]
pub(super) struct LabSearch {
    begun: Notify,
    /// Held while hosts are asked, who are never asked twice at one time; when that ended last.
    asking: Mutex<Option<Instant>>,
}

impl LabSearch {
    /// An order may wait for a lab: it is looked for at once, by [`run`].
    pub(super) fn begin(&self) {
        self.begun.notify_one();
    }
}

/// Looks for labs whenever orders wait for one, until `shutdown`.
pub(super) async fn run(node: Arc<Node>, shutdown: CancellationToken) {
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = search(&node) => {}
    }
}

async fn search(node: &Node) {
    let mut tries: u32 = 0;
    loop {
        let is_wanted = node.ask_for_labs().await;
        tokio::select! {
            biased;
            () = node.lab_search.begun.notified() => tries = 0,
            () = tokio::time::sleep(wait(tries, rand::random())), if is_wanted => tries = tries.saturating_add(1),
        }
    }
}

impl Node {
    /// Asks for labs if none is known where an order was placed: one may have enrolled there
    /// since. What is learnt takes waiting orders further.
    pub(super) async fn look_for_a_lab(&self, order: &OrderRow) -> Result<(), NodeError> {
        let hosts = self.catalogue.hosts_without_lab().await?;
        if order.host.is_some_and(|host| hosts.contains(&host)) {
            self.ask_for_labs().await;
        }
        Ok(())
    }

    /// Asks the hosts of which a lab is wanted and not known, or waits while that is being done;
    /// whether there were any. Whoever comes just after they were asked has to wait for the next time.
    async fn ask_for_labs(&self) -> bool {
        let came = Instant::now();
        let mut ended = self.lab_search.asking.lock().await;
        let is_due = ended.is_none_or(|ended| came >= ended + LAB_SEARCH_FIRST / 2);
        let asked = async {
            let wanted: Vec<PeerId> = self.catalogue.hosts_without_lab().await?;
            let mut hosts = self.catalogue.hosts().await?;
            hosts.retain(|host| wanted.contains(&host.peer_id));
            if is_due && !hosts.is_empty() {
                self.learn_labs_of(&hosts).await;
                *ended = Some(Instant::now());
            }
            Ok::<bool, NodeError>(!hosts.is_empty())
        };
        asked.await.unwrap_or_else(|error| {
            tracing::error!(%error, "it can't be read which orders wait for a lab");
            true
        })
    }
}

/// How long to wait before hosts are asked once more. `random` is in 0..1: nodes that were paid
/// together don't ask together.
fn wait(tries: u32, random: f64) -> Duration {
    let full = LAB_SEARCH_FIRST.saturating_mul(1 << tries.min(16)).min(LAB_SEARCH_MAX);
    full.mul_f64(0.5 + 0.5 * random.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests;
