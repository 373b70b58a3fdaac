//! What the first home answers to a second; and either to the other of what it sent, and of
//! photos and marks that the other's disk has damaged or lost. A row of the catalogue permits it, looked at
//! for each request and again when a range's turn has come; whoever else asks, what is
//! refused and what is absent look the same. Labs come first.

use std::sync::Arc;

use enprint_protocol::ids::{ContentHash, EventId, PhotoId};
use enprint_protocol::limits::{RANGE_BYTES, REPLICA_EVENTS_MAX, REPLICA_PAGE_BYTES, REPLICA_WAIT};
use enprint_protocol::peer::{Asked, LineWay};
use enprint_protocol::range_bytes::RangeBytes;
use enprint_protocol::replica::{EventMark, EventState, Follow, ReplicaFile, ReplicaReply, ReplicaRequest};
use enprint_protocol::subtree::{range_bytes, range_count, range_hash};
use enprint_protocol::{ErrorCode, PeerId, Refusal};
use serde_bytes::ByteBuf;

use crate::error::NodeError;
use crate::limits::HOME_TURN_PATIENCE;
use crate::photographer::desk::refusal;
use crate::photographer::node::{Node, blocking};
use crate::photographer::records::StoredPhoto;
use crate::places::Place;

impl Node {
    /// Answers a home, as long as it waits and the node is not stopping.
    pub(in crate::photographer) async fn answer_home(self: Arc<Self>, asked: Asked<Follow>) {
        let Asked { peer, request, mut reply } = asked;
        let made = tokio::select! {
            made = self.reply_to_home(peer, request) => made,
            () = reply.unawaited() => return,
            () = self.stopping.cancelled() => return,
        };
        match made {
            Ok((answer, place)) => reply.send_holding(answer, place),
            Err(error) => reply.send(refusal(&error).into()),
        }
    }

    async fn reply_to_home(
        &self,
        home: PeerId,
        request: ReplicaRequest,
    ) -> Result<(ReplicaReply, Option<Place>), NodeError> {
        if !self.may_ask(home, &request).await? {
            return Ok((Refusal::uniform().into(), None));
        }
        let reply = match request {
            ReplicaRequest::Wait { mark, copied } => {
                self.catalogue.put_copied(home, &copied).await?;
                ReplicaReply::Mark(self.news(mark).await)
            }
            ReplicaRequest::Business => ReplicaReply::Business(Box::new(self.catalogue.business().await?)),
            ReplicaRequest::Events { after } => self.list_for_home(after).await?,
            ReplicaRequest::Event { event_id } => self.event_for_home(event_id).await?,
            ReplicaRequest::Photos { event_id, after } => self.photos_for_home(event_id, after).await?,
            ReplicaRequest::Sent { event_id, after } => self.sent_for_home(event_id, after).await?,
            ReplicaRequest::Shown { event_id, host, after } => self.shown_for_home(event_id, host, after).await?,
            ReplicaRequest::Subtrees(file) => return self.in_turn(home, file, None).await,
            ReplicaRequest::Range { file, offset } => return self.in_turn(home, file, Some(offset)).await,
        };
        Ok((reply, None))
    }

    /// The mark as soon as it is another than the one that a home knows; that one after a while,
    /// or when this node stops: it waits for no home.
    async fn news(&self, known: u64) -> u64 {
        tokio::select! {
            mark = self.catalogue.marks().other_than(known, REPLICA_WAIT) => mark,
            () = self.following.ending.cancelled() => known,
        }
    }

    /// A second home may ask for anything, the first what was sent from here, and for events,
    /// their photos and files: they were its own.
    async fn may_ask(&self, home: PeerId, request: &ReplicaRequest) -> Result<bool, NodeError> {
        if self.catalogue.is_second_home(home).await? {
            return Ok(true);
        }
        let is_first = self.catalogue.first_home().await?.is_some_and(|first| first.peer_id == home);
        let file = match request {
            ReplicaRequest::Sent { .. } | ReplicaRequest::Photos { .. } | ReplicaRequest::Event { .. } => {
                return Ok(is_first);
            }
            ReplicaRequest::Subtrees(file) | ReplicaRequest::Range { file, .. } => file,
            _ => return Ok(false),
        };
        Ok(is_first && !matches!(file, ReplicaFile::Rules { .. }))
    }

    async fn list_for_home(&self, after: Option<EventId>) -> Result<ReplicaReply, NodeError> {
        let mut ids: Vec<EventId> =
            self.catalogue.events().await?.into_iter().map(|event| event.record.event_id).collect();
        ids.sort_unstable();
        ids.retain(|id| after.is_none_or(|after| *id > after));
        let is_last = ids.len() <= REPLICA_EVENTS_MAX;
        ids.truncate(REPLICA_EVENTS_MAX);
        let mut events = Vec::with_capacity(ids.len());
        for event_id in ids {
            let mark = self.catalogue.marks().of(event_id);
            events.push(EventMark { event_id, mark, photos: self.photo_count(event_id).await? });
        }
        Ok(ReplicaReply::Events { events, is_last })
    }

    async fn event_for_home(&self, event_id: EventId) -> Result<ReplicaReply, NodeError> {
        let Some(event) = self.catalogue.event(event_id).await? else { return Ok(Refusal::uniform().into()) };
        let shown_at = self.catalogue.shown_facts(event_id).await?;
        let proof_mark = self.mark_as_kept(event_id).await?.map(|mark| (ContentHash::of(&mark), mark.len() as u64));
        let state = EventState { record: event.record, access_code: event.access_code, shown_at, proof_mark };
        Ok(ReplicaReply::Event(Box::new(state)))
    }

    async fn photos_for_home(&self, event_id: EventId, after: Option<PhotoId>) -> Result<ReplicaReply, NodeError> {
        let archive = self.archive.clone();
        blocking(move || {
            let mut photos = archive.listed(event_id).photos;
            photos.retain(|photo| after.is_none_or(|after| photo.photo_id() > after));
            photos.sort_unstable_by_key(StoredPhoto::photo_id);
            let (total, mut page, mut bytes) = (photos.len(), Vec::new(), 0);
            for photo in photos {
                if bytes >= REPLICA_PAGE_BYTES {
                    break;
                }
                let record = photo.encode()?;
                bytes += record.len();
                page.push(ByteBuf::from(record));
            }
            let is_last = page.len() == total;
            Ok(ReplicaReply::Photos { photos: page, is_last })
        })
        .await
    }

    /// A range of a file, or without an offset the hashes of all its ranges, when nobody
    /// else wants anything. On the local network neither limit nor hours hold.
    async fn in_turn(
        &self,
        home: PeerId,
        file: ReplicaFile,
        offset: Option<u64>,
    ) -> Result<(ReplicaReply, Option<Place>), NodeError> {
        let Some(source) = self.source_for_home(file).await? else { return Ok((Refusal::uniform().into(), None)) };
        let bytes = source.bytes;
        let length = offset.map_or(0, |offset| range_bytes(bytes, offset / RANGE_BYTES));
        if offset.is_some_and(|offset| !offset.is_multiple_of(RANGE_BYTES) || offset >= bytes) {
            return Ok((Refusal::uniform().into(), None));
        }
        let paced = if self.is_near(&home) { 0 } else { length };
        let turn = tokio::time::timeout(HOME_TURN_PATIENCE, self.sending.turn_of_home(home, paced));
        let place = turn.await.map_err(|_| NodeError::Refused(labs_first()))??;
        if !self.may_ask(home, &ReplicaRequest::Subtrees(file)).await? {
            self.sending.give_back(paced);
            return Ok((Refusal::uniform().into(), None));
        }
        let reply = blocking(move || match offset {
            Some(offset) => Ok(ReplicaReply::Range(source.range(offset)?)),
            None => Ok(ReplicaReply::Subtrees(ByteBuf::from(source.subtrees()?))),
        });
        let reply = reply.await.inspect_err(|_| self.sending.give_back(paced))?;
        self.sending.count_for_home(length);
        Ok((reply, Some(place)))
    }

    async fn source_for_home(&self, file: ReplicaFile) -> Result<Option<Copied>, NodeError> {
        match file {
            ReplicaFile::Photo { event_id, photo_id, root } => {
                let Some(photo) = self.photo(event_id, photo_id).await? else { return Ok(None) };
                let Some(bytes) = photo.bytes_of(root) else { return Ok(None) };
                let archive = self.archive.clone();
                let read = move |offset, length| archive.file_range(event_id, root, offset, length);
                Ok(Some(Copied { bytes, read: Box::new(read) }))
            }
            ReplicaFile::Rules { lab, root } => Ok(Copied::of(self.catalogue.rules_of(lab).await?, root)),
            ReplicaFile::Mark { event_id, root } => Ok(Copied::of(self.mark_as_kept(event_id).await?, root)),
        }
    }

    /// Whether all that goes to `peer` stays on this network.
    fn is_near(&self, peer: &PeerId) -> bool {
        let lines = self.client.lines();
        let line = lines.iter().find(|line| line.peer_id == *peer);
        line.is_some_and(|line| matches!(line.way, LineWay::Direct { is_local: true, .. }))
    }
}

/// Reads so many bytes from a place on.
type Read = Box<dyn Fn(u64, usize) -> Result<RangeBytes, NodeError> + Send>;

/// A file that a home may have.
struct Copied {
    bytes: u64,
    read: Read,
}

impl Copied {
    /// What is in memory, if it is that file still.
    fn of(file: Option<Vec<u8>>, root: ContentHash) -> Option<Self> {
        let file = file.filter(|file| ContentHash::of(file) == root)?;
        let bytes = file.len() as u64;
        Some(Self { bytes, read: Box::new(move |offset, length| Ok(part_of(&file, offset, length).into())) })
    }

    fn range(&self, offset: u64) -> Result<RangeBytes, NodeError> {
        let length = range_bytes(self.bytes, offset / RANGE_BYTES);
        (self.read)(offset, usize::try_from(length).unwrap_or_default())
    }

    /// The joined hashes of its ranges, read one after another.
    fn subtrees(&self) -> Result<Vec<u8>, NodeError> {
        let mut joined = Vec::new();
        for at in 0..range_count(self.bytes) {
            joined.extend(range_hash(self.bytes, at, &self.range(at * RANGE_BYTES)?));
        }
        Ok(joined)
    }
}

fn part_of(bytes: &[u8], offset: u64, length: usize) -> Vec<u8> {
    let begin = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
    bytes[begin..].iter().take(length).copied().collect()
}

fn labs_first() -> Refusal {
    Refusal::new(ErrorCode::Busy, "The first home sends files to labs; the copy goes on after that.")
}
