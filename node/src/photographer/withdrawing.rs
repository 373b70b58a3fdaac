//! Photos, or a whole event, taken off hosts: the wish is durable first, then it is done at
//! once, or as soon as the host is there again.

use std::collections::HashSet;

use enprint_protocol::PeerId;
use enprint_protocol::ids::PhotoId;
use enprint_protocol::limits::PHOTOS_NAMED_MAX;
use enprint_protocol::publish::{PublishReply, PublishRequest};

use super::catalogue::{EventRow, HostRow, Wish, WithdrawnAt};
use super::commands::{PhotographerAnswer, TakenOffAt};
use super::node::Node;
use super::publish::{PublishWish, unexpected};
use super::selection::Selection;
use crate::error::NodeError;

impl Node {
    /// Takes photos off each of `hosts` now, or as soon as it is there again.
    ///
    /// # Errors
    /// When every host refuses; what some of several say is in the answer.
    pub(super) async fn withdraw(
        &self,
        event: &EventRow,
        selection: Selection,
        hosts: &[HostRow],
    ) -> Result<PhotographerAnswer, NodeError> {
        let event_id = event.record.event_id;
        let wish = PublishWish::new(event_id, selection.into(), self.catalogue.next_moment().await?);
        let photos = self.photo_ids(event_id, &wish.selection).await?;
        let moment = WithdrawnAt { at_ms: wish.asked_ms, stays: !wish.selection.is_all() };
        for host in hosts {
            self.catalogue.mark_withdrawn(event_id, host.peer_id, &photos, moment).await?;
        }
        let parcels = self.wishes(Wish::Withdraw, &wish, hosts).await?;
        let (mut hosts, mut refused) = (Vec::with_capacity(parcels.len()), None);
        for (host, parcel) in parcels {
            if wish.selection.is_all() {
                self.catalogue.no_longer_at(event_id, host.peer_id).await?;
            }
            let done = self.withdraw_wish(host, &wish).await;
            if !done.as_ref().is_err_and(NodeError::is_temporary) {
                self.catalogue.settle(&parcel).await?;
            }
            hosts.push(taken_off(host, &done));
            refused = refused.or(done.err().filter(|error| !error.is_temporary()));
        }
        match refused {
            Some(error) if hosts.iter().all(|at| at.problem.is_some()) => Err(error),
            _ => Ok(PhotographerAnswer::Withdrawn {
                // The same photos at each host.
                photos: hosts.iter().map(|at| at.photos).max().unwrap_or(0),
                queued: hosts.iter().any(|at| at.queued),
                hosts,
            }),
        }
    }

    /// Takes photos that are lost for good off each host that shows them, as soon as it is there;
    /// how many are. What is imported again is shown again by the next publish.
    pub(super) async fn withdraw_lost(&self, event: &EventRow, lost: &[PhotoId]) -> Result<u64, NodeError> {
        let (event_id, mut all) = (event.record.event_id, HashSet::new());
        if self.catalogue.first_home().await?.is_some() {
            return Ok(0); // the first home says what is shown
        }
        for host in self.catalogue.hosts().await? {
            let shown = self.catalogue.published(event_id, host.peer_id).await?;
            let off: Vec<PhotoId> = lost.iter().copied().filter(|photo_id| shown.contains(photo_id)).collect();
            for photos in off.chunks(PHOTOS_NAMED_MAX) {
                let selection = Selection { photo_ids: photos.to_vec(), ..Selection::default() };
                let wish = PublishWish::new(event_id, selection.into(), self.catalogue.next_moment().await?);
                self.wishes(Wish::Withdraw, &wish, std::slice::from_ref(&host)).await?;
                let moment = WithdrawnAt { at_ms: wish.asked_ms, stays: false };
                self.catalogue.mark_withdrawn(event_id, host.peer_id, photos, moment).await?;
            }
            all.extend(off);
        }
        Ok(all.len() as u64)
    }

    /// Tells the host which photos go; how many it took off.
    pub(super) async fn withdraw_wish(&self, host: &HostRow, wish: &PublishWish) -> Result<u64, NodeError> {
        let process = self.reach_host(host).await?;
        let _one_at_a_time = self.publishing.lock().await;
        let event_id = wish.event_id;
        if wish.selection.is_all() {
            return self.withdrawn(process, PublishRequest::WithdrawEvent { event_id }).await;
        }
        let mut photos = self.photo_ids(event_id, &wish.selection).await?;
        let named = &wish.selection.photo_ids;
        if wish.selection == (Selection { photo_ids: named.clone(), ..Selection::default() }) {
            photos = named.clone(); // some may not be here any more
        }
        // What was published since is meant to be there.
        let shown = self.catalogue.published(event_id, host.peer_id).await?;
        photos.retain(|photo_id| !shown.contains(photo_id));
        let mut taken = 0;
        for photos in photos.chunks(PHOTOS_NAMED_MAX) {
            let photos = photos.to_vec();
            taken += self.withdrawn(process, PublishRequest::Withdraw { event_id, photos }).await?;
        }
        Ok(taken)
    }

    async fn withdrawn(&self, host: PeerId, request: PublishRequest) -> Result<u64, NodeError> {
        match self.ask_host(host, request).await? {
            PublishReply::Withdrawn { photos } => Ok(photos),
            other => Err(unexpected(&other)),
        }
    }
}

fn taken_off(host: &HostRow, done: &Result<u64, NodeError>) -> TakenOffAt {
    let host = host.name.clone();
    match done {
        Ok(photos) => TakenOffAt { host, photos: *photos, ..TakenOffAt::default() },
        Err(error) if error.is_temporary() => TakenOffAt { host, queued: true, ..TakenOffAt::default() },
        Err(error) => TakenOffAt { host, problem: Some(error.to_string()), ..TakenOffAt::default() },
    }
}
