//! What a running host does by itself: it knows its peers as the database lists them,
//! notes when each was there, wakes what waits for one that has come, and removes
//! sessions that have ended.

use std::collections::HashSet;
use std::sync::Arc;

use enprint_protocol::PeerId;
use enprint_protocol::peer::PeerEvent;
use enprint_store::ledger::Courier;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::error::HostError;
use crate::host::Parts;
use crate::limits::{ADMISSION_LOOK, PEERS_NOTED_AT_ONCE, PURGE_LOOK, SEEN_STEP};

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
                Ok(PeerEvent::Connected { peer, .. }) => {
                    let came = with_those_behind(peer, &mut events);
                    parts.greet(&courier, &came).await
                }
                Ok(_) => Ok(()),
                Err(RecvError::Lagged(_)) => parts.greet_all(&courier).await,
                Err(RecvError::Closed) => return,
            },
            _ = admission.tick() => parts.look_around(&mut known).await,
            _ = seen.tick() => parts.note_seen().await,
            _ = purge.tick() => parts.index.purge_sessions().await.map(drop),
        };
        if let Err(error) = done {
            tracing::error!(%error, "the host's upkeep could not be done; it is tried again");
        }
    }
}

impl Parts {
    /// Peers have come: what waits for them goes now, however long it was put off. One
    /// write for all of them, since after a restart thousands come.
    async fn greet(&self, courier: &Courier, came: &[PeerId]) -> Result<(), HostError> {
        let known: Vec<_> = came.iter().copied().filter(|peer| self.admission.is_admitted(peer)).collect();
        if known.is_empty() {
            return Ok(());
        }
        self.index.seen(&known).await?;
        let names: Vec<_> = known.iter().map(ToString::to_string).collect();
        Ok(courier.wake_peers(&names).await?)
    }

    async fn greet_all(&self, courier: &Courier) -> Result<(), HostError> {
        for some in self.client.peers().chunks(PEERS_NOTED_AT_ONCE) {
            self.greet(courier, some).await?;
        }
        Ok(())
    }

    async fn look_around(&self, known: &mut HashSet<PeerId>) -> Result<(), HostError> {
        self.look_at_admission(known).await?;
        self.index.bind_anew(|home| self.client.is_connected(home)).await.map(drop)
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
        let known: Vec<_> = self.client.peers().into_iter().filter(|peer| self.admission.is_admitted(peer)).collect();
        for some in known.chunks(PEERS_NOTED_AT_ONCE) {
            self.index.seen(some).await?;
        }
        Ok(())
    }
}

/// `peer`, and who else has connected by now.
fn with_those_behind(peer: PeerId, events: &mut Receiver<PeerEvent>) -> Vec<PeerId> {
    let mut came = vec![peer];
    while came.len() < PEERS_NOTED_AT_ONCE {
        match events.try_recv() {
            Ok(PeerEvent::Connected { peer, .. }) => came.push(peer),
            Ok(_) => {}
            // Whoever was missed is told of by the next look, as lagging is.
            Err(_) => break,
        }
    }
    came
}
