//! One print file: its list of range hashes, then its ranges, several in flight, each
//! checked before it is written and durable before it is recorded. What an earlier process
//! recorded is read back and checked at the end.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use enprint_protocol::ids::JobId;
use enprint_protocol::limits::RANGE_BYTES;
use enprint_protocol::original::{FetchOriginal, OriginalReply, OriginalRequest};
use enprint_protocol::subtree::{Subtrees, range_bytes};
use enprint_protocol::{PeerId, text};
use tokio_util::sync::CancellationToken;

use super::line::OnLine;
use crate::arriving::{Came, PartFile, Plan, RangeSet, Source, drive};
use crate::error::NodeError;
use crate::lab::catalogue::{Content, ContentKey, Crossed};
use crate::lab::node::{Node, blocking};
use crate::limits::RANGES_OF_ONE_FILE;

/// One file of a job.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// What.
    pub(super) key: ContentKey,
    /// Who has it: one of the photographer's homes.
    pub(super) home: PeerId,
    /// For which job.
    pub(super) job_id: JobId,
    /// Its place in the job.
    pub(super) place: u32,
    /// Its length, as the job says.
    pub(super) bytes: u64,
    /// The length of all files of the job: of two jobs the smaller goes first.
    pub(super) job_bytes: u64,
    /// Its name at the photographer's.
    pub(super) name: String,
    /// The photographer's name.
    pub(super) photographer: String,
}

/// A file whose ranges are being fetched.
struct Fetching<'a> {
    node: &'a Node,
    wanted: &'a Wanted,
    /// The joined hashes of its ranges, until they are kept: with the first ranges.
    unkept: Mutex<Option<Vec<u8>>>,
}

impl Node {
    /// Fetches what is missing of a file and checks the whole; true if anything crossed.
    pub(super) async fn fetch_file(&self, wanted: &Wanted, stop: &CancellationToken) -> (bool, Result<(), NodeError>) {
        let _alone = self.fetcher.content_alone(wanted.key).await;
        let mut progressed = false;
        let outcome = self.fetch_and_check(wanted, stop, &mut progressed).await;
        (progressed, outcome)
    }

    async fn fetch_and_check(
        &self,
        wanted: &Wanted,
        stop: &CancellationToken,
        progressed: &mut bool,
    ) -> Result<(), NodeError> {
        let content = self.content_of(wanted).await?;
        if content.ranges.is_full() && self.fetcher.is_whole(&wanted.key) {
            return Ok(());
        }
        let (subtrees, unkept) = self.subtrees(wanted, &content).await?;
        let (subtrees, part) = (Arc::new(subtrees), Arc::new(self.part_of(wanted, &content).await?));
        let (key, mut ranges) = (wanted.key, content.ranges);
        if part.is_new() && ranges.bytes() > 0 {
            tracing::warn!(file = %key.root, "a received file is gone; it is fetched again");
            ranges = RangeSet::none(wanted.bytes);
            self.catalogue.take_back(&key, &ranges).await?;
        }
        let fetching = Fetching { node: self, wanted, unkept: Mutex::new(unkept) };
        let earlier: Vec<u64> = ranges.iter().collect();
        let mut plan = Plan::new(wanted.bytes, ranges, RANGES_OF_ONE_FILE);
        let fetched = drive(&fetching, &mut plan, &subtrees, &part, stop, progressed).await;
        fetching.count_rest(&mut plan).await?;
        fetched?;
        self.check_whole(wanted, &part, &subtrees, earlier).await
    }

    async fn content_of(&self, wanted: &Wanted) -> Result<Content, NodeError> {
        let content = self.catalogue.content(&wanted.key).await?;
        match content.filter(|content| content.bytes == wanted.bytes) {
            Some(content) => Ok(content),
            None => Err(NodeError::NotNow {
                problem: format!(
                    "Two jobs of {} disagree about the length of {}.",
                    wanted.photographer,
                    text::shown(&wanted.name)
                ),
            }),
        }
    }

    /// The file that its ranges are written to.
    async fn part_of(&self, wanted: &Wanted, content: &Content) -> Result<PartFile, NodeError> {
        let (receiving, key, bytes) = (self.receiving.clone(), wanted.key, content.bytes);
        let is_whole = content.ranges.is_full();
        blocking(move || {
            if !is_whole {
                receiving.own(&key)?;
            }
            receiving.open(&key, bytes)
        })
        .await
    }

    /// The file's range hashes, which merge to its content hash: from the catalogue, else
    /// from the photographer, and then also as they came, to be kept.
    async fn subtrees(&self, wanted: &Wanted, content: &Content) -> Result<(Subtrees, Option<Vec<u8>>), NodeError> {
        let (home, root) = (wanted.home, wanted.key.root);
        let known = content.subtrees.as_deref().and_then(|joined| Subtrees::check(&root, content.bytes, joined).ok());
        if let Some(subtrees) = known {
            return Ok((subtrees, None));
        }
        let request = OriginalRequest::Subtrees { job_id: wanted.job_id, root };
        let joined = match self.client.ask::<FetchOriginal>(home, request).await? {
            OriginalReply::Subtrees(joined) => joined,
            OriginalReply::Refused(refusal) => return Err(NodeError::Refused(refusal)),
            OriginalReply::Range(_) => return Err(wanted.blamed()),
        };
        let subtrees = Subtrees::check(&root, content.bytes, &joined).map_err(|_| wanted.blamed())?;
        Ok((subtrees, Some(joined.into_vec())))
    }

    /// Reads back what was recorded `earlier`, so that all of the file was: bits may rot.
    async fn check_whole(
        &self,
        wanted: &Wanted,
        part: &Arc<PartFile>,
        subtrees: &Arc<Subtrees>,
        earlier: Vec<u64>,
    ) -> Result<(), NodeError> {
        let bytes = wanted.bytes;
        let (part, subtrees) = (part.clone(), subtrees.clone());
        let bad = blocking(move || part.bad_ranges(&subtrees, earlier)).await?;
        self.fetcher.set_whole(&wanted.key, bad.is_empty());
        if bad.is_empty() {
            return Ok(());
        }
        let mut ranges = self.content_of(wanted).await?.ranges;
        bad.iter().for_each(|at| ranges.remove(*at));
        self.catalogue.take_back(&wanted.key, &ranges).await?;
        let damaged_bytes = bad.iter().map(|at| range_bytes(bytes, *at)).sum();
        Err(NodeError::DiskLies { name: text::shown(&wanted.name), damaged_bytes })
    }
}

impl Source for Fetching<'_> {
    type Held = OnLine;

    async fn ask(&self, at: u64) -> Result<Came<OnLine>, NodeError> {
        let (home, root) = (self.wanted.home, self.wanted.key.root);
        let lines = &self.node.fetcher.lines;
        let connections = self.node.client.lines_to(&home);
        let on_line = lines.enter(home, connections, self.wanted.job_bytes).await.ok_or(NodeError::ShuttingDown)?;
        let request = OriginalRequest::Range { job_id: self.wanted.job_id, root, offset: at * RANGE_BYTES };
        let reply = self.node.client.ask::<FetchOriginal>(home, request).await;
        match &reply {
            Ok(OriginalReply::Range(_)) => lines.came(&on_line),
            Ok(_) => {}
            Err(_) => lines.lost(&on_line),
        }
        match reply? {
            OriginalReply::Range(range) => Ok(Came::Range(range, on_line)),
            OriginalReply::Subtrees(other) => Ok(Came::Other(other.len() as u64)),
            OriginalReply::Refused(refusal) => Err(NodeError::Refused(refusal)),
        }
    }

    async fn record(&self, ranges: RangeSet, verified_bytes: u64, discarded_bytes: u64) -> Result<(), NodeError> {
        let crossed = self.crossed(verified_bytes, discarded_bytes);
        let unkept = self.unkept().clone();
        self.node.catalogue.record(&self.wanted.key, &ranges, &crossed, unkept.as_deref()).await?;
        *self.unkept() = None;
        Ok(())
    }

    fn blamed(&self) -> NodeError {
        self.wanted.blamed()
    }
}

impl Fetching<'_> {
    fn unkept(&self) -> MutexGuard<'_, Option<Vec<u8>>> {
        self.unkept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts what was thrown away since the last recording.
    async fn count_rest(&self, plan: &mut Plan) -> Result<(), NodeError> {
        match plan.take_discarded_bytes() {
            0 => Ok(()),
            discarded => self.node.catalogue.count_discarded(&self.crossed(0, discarded)).await,
        }
    }

    fn crossed(&self, verified_bytes: u64, discarded_bytes: u64) -> Crossed {
        Crossed { job_id: self.wanted.job_id, place: self.wanted.place, verified_bytes, discarded_bytes }
    }
}

impl Wanted {
    /// The photographer's node sent what it had not announced.
    fn blamed(&self) -> NodeError {
        NodeError::CorruptedSource { photographer: text::shown(&self.photographer), name: text::shown(&self.name) }
    }
}
