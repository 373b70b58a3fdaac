//! What a running host does by itself: it knows its peers as the database lists them,
//! notes when each was there, wakes what waits for one that has come, and removes
//! sessions that have ended.

use std::collections::HashSet;
use std::sync::Arc;

use enprint_protocol::PeerId;
use enprint_protocol::peer::PeerEvent;
use enprint_store::ledger::Courier;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::error::HostError;
use crate::host::Parts;
use crate::limits::{ADMISSION_LOOK, PURGE_LOOK, SEEN_STEP};

/// Runs until `shutdown`.
pub(crate) async fn run(parts: Arc<Parts>, courier: Courier, shutdown: CancellationToken) {
    let mut events = parts.client.events();
    let mut known = HashSet::new();
    let (mut admission, mut seen, mut purge) = (interval(ADMISSION_LOOK), interval(SEEN_STEP), interval(PURGE_LOOK));
    for timer in [&mut admission, &mut seen, &mut purge] {
        timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    }
    loop {
        let done = tokio::select! {
            () = shutdown.cancelled() => return,
            event = events.recv() => match event {
                Ok(PeerEvent::Connected { peer, .. }) => parts.greet(&courier, peer).await,
                Ok(_) => Ok(()),
                Err(RecvError::Lagged(_)) => parts.greet_all(&courier).await,
                Err(RecvError::Closed) => return,
            },
            _ = admission.tick() => parts.look_at_admission(&mut known).await,
            _ = seen.tick() => parts.note_seen().await,
            _ = purge.tick() => parts.index.purge_sessions().await.map(drop),
        };
        if let Err(error) = done {
            tracing::error!(%error, "the host's upkeep could not be done; it is tried again");
        }
    }
}

impl Parts {
    /// A peer has come: what waits for it goes now, however long it was put off.
    async fn greet(&self, courier: &Courier, peer: PeerId) -> Result<(), HostError> {
        if self.admission.is_admitted(&peer) {
            self.index.seen(peer).await?;
            courier.wake_peer(&peer.to_string()).await?;
        }
        Ok(())
    }

    async fn greet_all(&self, courier: &Courier) -> Result<(), HostError> {
        for peer in self.client.peers() {
            self.greet(courier, peer).await?;
        }
        Ok(())
    }

    /// Whom another process or a command enrolled is let in; whom one suspended or
    /// removed is disconnected.
    async fn look_at_admission(&self, known: &mut HashSet<PeerId>) -> Result<(), HostError> {
        let listed: HashSet<PeerId> = self.index.admitted().await?.into_iter().collect();
        listed.difference(known).for_each(|peer| self.admission.admit(*peer));
        for gone in known.difference(&listed) {
            self.admission.forget(*gone);
            drop(self.client.disconnect(*gone).await);
        }
        *known = listed;
        Ok(())
    }

    async fn note_seen(&self) -> Result<(), HostError> {
        for peer in self.client.peers() {
            if self.admission.is_admitted(&peer) {
                self.index.seen(peer).await?;
            }
        }
        Ok(())
    }
}
