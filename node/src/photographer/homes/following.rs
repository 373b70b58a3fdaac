//! At a second home: waits until anything is other at the first, and copies it. Everything
//! that was acknowledged there is here after one pass that met no trouble. What the first
//! home merely lacks stays here: a copy must not follow into an accident. What is lost here
//! is copied again.

use std::sync::Arc;
use std::time::Duration;

use enprint_protocol::ids::{ContentHash, EventId, PhotoId};
use enprint_protocol::peer::PeerEvent;
use enprint_protocol::replica::{
    Business, Copied, EventMark, EventState, Follow, ReplicaFile, ReplicaReply, ReplicaRequest,
};
use enprint_protocol::{PeerId, ProtocolError, text};
use futures::StreamExt;
use serde_bytes::ByteBuf;
use tokio::sync::{Mutex, Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::again::InVain;
use super::repairing::Missed;
use crate::error::NodeError;
use crate::limits::{
    COPIED_TOLD_EVERY, FOLLOW_RETRY_FIRST, FOLLOW_RETRY_MAX, FOLLOWED_EVENTS_MAX, HOME_PHOTOS_AT_ONCE,
    HOME_RANGES_IN_FLIGHT, PRINT_RULES_BYTES_MAX, PROOF_MARK_BYTES_MAX,
};
use crate::photographer::catalogue::FirstHome;
use crate::photographer::node::{Node, blocking};
use crate::photographer::records::StoredPhoto;
use crate::turns::Turns;

/// What the following shares.
#[derive(Debug)]
pub(in crate::photographer) struct Following {
    begun: Notify,
    /// When this node stops: who waits for news has an answer at once.
    pub(in crate::photographer) ending: CancellationToken,
    /// Held while what is damaged or lost is fetched: one photo after another.
    pub(super) repairing: Mutex<()>,
    /// Held while an original is on its way: each comes into one file of its name.
    pub(super) arriving: Turns<ContentHash>,
    pub(super) missed: Missed,
    pub(super) in_vain: InVain,
    /// Ranges that are asked for or being written: bounds the memory that they take.
    room: Arc<Semaphore>,
}

impl Default for Following {
    fn default() -> Self {
        Self {
            begun: Notify::new(),
            ending: CancellationToken::new(),
            repairing: Mutex::default(),
            arriving: Turns::default(),
            missed: Missed::default(),
            in_vain: InVain::default(),
            room: Arc::new(Semaphore::new(HOME_RANGES_IN_FLIGHT)),
        }
    }
}

impl Following {
    /// There is somebody to follow now.
    pub(super) fn begin(&self) {
        self.begun.notify_one();
    }

    pub(super) async fn room(&self) -> Result<OwnedSemaphorePermit, NodeError> {
        Arc::clone(&self.room).acquire_owned().await.map_err(|_| NodeError::ShuttingDown)
    }
}

/// Follows the first home, if there is one, until `shutdown`.
pub(in crate::photographer) async fn run(node: Arc<Node>, shutdown: CancellationToken) {
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = follow_all_along(&node, &shutdown) => {}
    }
}

async fn follow_all_along(node: &Node, stop: &CancellationToken) {
    let home = loop {
        match node.catalogue.first_home().await {
            Ok(Some(home)) => break home,
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "whom this node follows can't be read"),
        }
        node.following.begun.notified().await;
    };
    let mut wait = FOLLOW_RETRY_FIRST;
    loop {
        let mut mark = 0;
        let Err(error) = node.follow(&home, &mut mark, stop).await else { continue };
        if mark != 0 {
            wait = FOLLOW_RETRY_FIRST; // one pass went through
        }
        tracing::debug!(%error, "the first home is not followed for now");
        node.note_copy_trouble(Some(&error)).await;
        rest(node, home.peer_id, wait).await;
        wait = (wait * 2).min(FOLLOW_RETRY_MAX);
    }
}

/// Until `wait` is over, or the home has come.
async fn rest(node: &Node, home: PeerId, wait: Duration) {
    let mut events = node.client.events();
    let comes = async {
        loop {
            match events.recv().await {
                Ok(PeerEvent::Connected { peer, .. }) if peer == home => return,
                Ok(_) => {}
                Err(_) => std::future::pending().await,
            }
        }
    };
    drop(tokio::time::timeout(wait, comes).await);
}

impl Node {
    /// Copies whatever is other or lost here, again and again; `mark` is that of the last pass
    /// that went through.
    async fn follow(&self, home: &FirstHome, mark: &mut u64, stop: &CancellationToken) -> Result<(), NodeError> {
        self.admission.admit(home.peer_id);
        self.client.keep_connected(home.peer_id, home.addresses.clone()).await?;
        self.clear_arrived().await?;
        self.following.in_vain.forget();
        loop {
            let (copied, again) = self.look_at_copy().await?;
            let known = if again.is_empty() { *mark } else { 0 };
            let now = match self.ask_home(home.peer_id, ReplicaRequest::Wait { mark: known, copied }).await? {
                ReplicaReply::Mark(now) => now,
                _ => return Err(unexpected()),
            };
            if now != known {
                self.copy_all(home.peer_id, &again, stop).await?;
                if *mark == 0 {
                    self.repair_copies().await?;
                }
                self.note_copy_trouble(None).await;
                *mark = now;
            }
        }
    }

    /// How far the copy is.
    pub(super) async fn copied(&self) -> Result<Copied, NodeError> {
        Ok(self.look_at_copy().await?.0)
    }

    /// Copies the events that are other, and `again` those that are not.
    async fn copy_all(&self, home: PeerId, again: &[EventId], stop: &CancellationToken) -> Result<(), NodeError> {
        let ReplicaReply::Business(business) = self.ask_home(home, ReplicaRequest::Business).await? else {
            return Err(unexpected());
        };
        self.copy_business(home, *business).await?;
        let events = self.events_of(home).await?;
        self.catalogue.put_followed(&events).await?;
        let followed = self.catalogue.followed().await?;
        let mut trouble = None;
        for event in events {
            let is_known = followed.iter().any(|(id, _, mark)| *id == event.event_id && *mark == Some(event.mark));
            let is_again = again.contains(&event.event_id);
            if is_known && !is_again {
                continue;
            }
            match self.copy_event(home, event.event_id, stop).await {
                Ok(()) => {
                    self.catalogue.set_followed(event.event_id, event.mark).await?;
                    if is_again {
                        self.settle_copy(event.event_id).await?;
                    }
                }
                Err(error) if is_of_one_photo(&error) => trouble = trouble.or(Some(error)),
                Err(error) => return Err(error),
            }
        }
        trouble.map_or(Ok(()), Err)
    }

    async fn events_of(&self, home: PeerId) -> Result<Vec<EventMark>, NodeError> {
        let mut all: Vec<EventMark> = Vec::new();
        loop {
            let after = all.last().map(|event| event.event_id);
            match self.ask_home(home, ReplicaRequest::Events { after }).await? {
                ReplicaReply::Events { events, is_last } if is_last || !events.is_empty() => {
                    add_page(&mut all, events)?;
                    if is_last {
                        return Ok(all);
                    }
                }
                _ => return Err(unexpected()),
            }
        }
    }

    /// Hosts, labs and how these want their files; then the hosts are looked for.
    async fn copy_business(&self, home: PeerId, business: Business) -> Result<(), NodeError> {
        let mut rules = Vec::with_capacity(business.labs.len());
        for lab in &business.labs {
            rules.push(match lab.rules {
                Some((root, bytes)) => {
                    let file = ReplicaFile::Rules { lab: lab.peer_id, root };
                    Some(self.small_from(home, file, bytes, PRINT_RULES_BYTES_MAX, "print rules").await?)
                }
                None => None,
            });
        }
        self.catalogue.take_business(&business, &rules).await?;
        self.keep_hosts().await?;
        self.advance_soon();
        Ok(())
    }

    /// An event and all its photos. What can't be copied of it keeps no photo from it.
    async fn copy_event(&self, home: PeerId, event_id: EventId, stop: &CancellationToken) -> Result<(), NodeError> {
        let ReplicaReply::Event(state) = self.ask_home(home, ReplicaRequest::Event { event_id }).await? else {
            return Err(unexpected());
        };
        let (mark, shown_at) = (state.proof_mark, state.shown_at.clone());
        self.take_event_over(event_id, *state).await?;
        let beside = async {
            self.take_shown_over(home, event_id, &shown_at).await?;
            self.take_mark_over(home, event_id, mark).await
        };
        let mut trouble = match beside.await {
            Err(error) if is_of_one_photo(&error) => Some(error),
            taken => taken.map(|()| None)?,
        };
        let (mut after, mut told) = (None, Instant::now());
        loop {
            let request = ReplicaRequest::Photos { event_id, after };
            let (page, is_last) = match self.ask_home(home, request).await? {
                ReplicaReply::Photos { photos, is_last } if is_last || !photos.is_empty() => (photos, is_last),
                _ => return Err(unexpected()),
            };
            let photos = page.iter().map(|record| checked(record, after)).collect::<Result<Vec<_>, _>>()?;
            after = photos.last().map(StoredPhoto::photo_id).or(after);
            let copies = photos.into_iter().map(|photo| self.copy_photo(home, event_id, photo, stop));
            let mut copies = futures::stream::iter(copies).buffer_unordered(HOME_PHOTOS_AT_ONCE);
            while let Some(copied) = copies.next().await {
                if told.elapsed() > COPIED_TOLD_EVERY {
                    let request = ReplicaRequest::Wait { mark: 0, copied: self.copied().await? };
                    self.ask_home(home, request).await?;
                    told = Instant::now();
                }
                match copied {
                    Err(error) if is_of_one_photo(&error) => trouble = trouble.or(Some(error)),
                    copied => copied?,
                }
            }
            if is_last {
                return trouble.map_or(Ok(()), Err);
            }
        }
    }

    async fn take_event_over(&self, event_id: EventId, state: EventState) -> Result<(), NodeError> {
        let record = state.record.checked()?;
        if record.event_id != event_id {
            return Err(unexpected());
        }
        let known = self.catalogue.event(event_id).await?;
        let is_other =
            known.is_none_or(|known| (known.record, known.access_code) != (record.clone(), state.access_code.clone()));
        let (archive, stored, code) = (self.archive.clone(), record.clone(), state.access_code.clone());
        blocking(move || match is_other || !archive.knows_event(event_id) {
            true => archive.put_event(&stored, &code),
            false => Ok(()),
        })
        .await?;
        self.catalogue.take_event(&EventState { record, ..state }).await
    }

    /// The mark over an event's proofs, if it is another here or none.
    pub(super) async fn take_mark_over(
        &self,
        home: PeerId,
        event_id: EventId,
        mark: Option<(ContentHash, u64)>,
    ) -> Result<(), NodeError> {
        let Some((root, bytes)) = mark else { return Ok(()) };
        if self.mark_as_kept(event_id).await?.is_some_and(|mark| ContentHash::of(&mark) == root) {
            return Ok(());
        }
        let file = ReplicaFile::Mark { event_id, root };
        let mark = self.small_from(home, file, bytes, PROOF_MARK_BYTES_MAX, "the mark over proofs").await?;
        self.take_mark(event_id, &mark).await
    }

    pub(super) async fn ask_home(&self, home: PeerId, request: ReplicaRequest) -> Result<ReplicaReply, NodeError> {
        match self.client.ask::<Follow>(home, request).await? {
            ReplicaReply::Refused(refusal) => Err(NodeError::Refused(refusal)),
            reply => Ok(reply),
        }
    }

    async fn note_copy_trouble(&self, error: Option<&NodeError>) {
        let trouble = error.map(|error| text::cleaned(&error.to_string()));
        if let Err(error) = self.catalogue.set_copy_trouble(trouble.as_deref()).await {
            tracing::error!(%error, "the catalogue can't be written");
        }
    }
}

/// Adds a page of the events: each behind the last, and no more than a photographer has.
fn add_page(all: &mut Vec<EventMark>, page: Vec<EventMark>) -> Result<(), NodeError> {
    for event in page {
        let is_next = all.last().is_none_or(|last| event.event_id > last.event_id);
        if !is_next || all.len() >= FOLLOWED_EVENTS_MAX {
            return Err(unexpected());
        }
        all.push(event);
    }
    Ok(())
}

/// Whether the others can be copied all the same.
fn is_of_one_photo(error: &NodeError) -> bool {
    matches!(error, NodeError::CorruptedSource { .. } | NodeError::DiskLies { .. } | NodeError::Refused(_))
}

/// A record that came, if it is one and follows the last.
pub(super) fn checked(record: &ByteBuf, after: Option<PhotoId>) -> Result<StoredPhoto, NodeError> {
    let photo = StoredPhoto::decode(record)?;
    let is_next = after.is_none_or(|after| photo.photo_id() > after);
    if !is_next || photo.record.clone().checked()? != photo.record {
        return Err(unexpected());
    }
    Ok(photo)
}

pub(super) fn unexpected() -> NodeError {
    ProtocolError::Malformed { reason: "the other home answered another question".into() }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_home_gone_bad_that_lists_events_for_ever_is_not_listened_to() {
        let page = |from: u64, count: u64| -> Vec<EventMark> {
            let id = |number: u64| EventId(u128::from(number).to_be_bytes());
            (from..from + count).map(|number| EventMark { event_id: id(number), mark: 1, photos: 0 }).collect()
        };
        let mut all = Vec::new();
        add_page(&mut all, page(0, 2)).unwrap();
        assert!(add_page(&mut all, page(1, 1)).is_err(), "the same page again");
        let most = FOLLOWED_EVENTS_MAX as u64;
        add_page(&mut all, page(2, most - 2)).unwrap();
        assert!(add_page(&mut all, page(most, 1)).is_err());
        assert_eq!(all.len(), FOLLOWED_EVENTS_MAX);
    }
}
