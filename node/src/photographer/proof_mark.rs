//! The mark over an event's proofs: which it is, and how it is kept. An event keeps the mark
//! that its proofs first got, whatever the node is started with, until its photographer says
//! another. How a mark is laid over pixels is the darkroom's matter.

use std::sync::Arc;

use enprint_darkroom::{DevelopSettings, PreparedMark, Watermark};
use enprint_protocol::codec;
use enprint_protocol::ids::EventId;
use serde::{Deserialize, Serialize};

use super::config::mark_words;
use super::node::{Node, blocking};
use super::publish::is_false;
use crate::error::NodeError;
use crate::limits::PROOF_MARK_BYTES_MAX;

/// The version that this program writes, and the newest that it reads.
const VERSION: u8 = 1;

/// What is said where the disk has damaged the mark.
const LOST: &str = "The mark over this event’s proofs is damaged on the disk. Say it again, in other words or at \
                    another place: “event NAME --watermark TEXT”. Nothing was changed.";

/// What a photographer says of the mark of one event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkWish {
    /// Proofs have this one from now on.
    Mark(Box<Watermark>),
    /// Proofs have none from now on.
    NoMark,
}

/// What became of an event's mark that the disk had damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkDamage {
    /// It is stored anew from its copy.
    Repaired,
    /// There is no copy: it has to be said again.
    Lost,
}

/// How an event's proofs are marked that are made now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProofMark {
    /// With what, in words; none when they are not marked.
    pub mark: Option<String>,
    /// Whether the node itself was started with another mark, or with none.
    #[serde(default)]
    pub is_other_than_nodes: bool,
    /// Whether this command changed it and left photos alone that were here before: they have the
    /// proofs that they had.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_for_new_alone: bool,
}

/// The mark of an event as a command found it.
pub(super) struct MarkBefore {
    mark: Option<Watermark>,
    /// Photos that were here then.
    photos: u64,
}

/// The mark of an event, as its volume keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptMark {
    version: u8,
    /// None when the photographer said that proofs of this event are not marked.
    pub(super) mark: Option<Watermark>,
    /// Whether it was said of this very event; else it is what the node was started with.
    is_said: bool,
}

impl KeptMark {
    /// As the photographer said it.
    pub(super) fn said(wish: &MarkWish) -> Self {
        let mark = match wish {
            MarkWish::Mark(mark) => Some(*mark.clone()),
            MarkWish::NoMark => None,
        };
        Self { version: VERSION, mark, is_said: true }
    }

    /// As the node was started with it.
    pub(super) fn of_node(mark: &Watermark) -> Self {
        Self { version: VERSION, mark: Some(mark.clone()), is_said: false }
    }

    /// The bytes to store.
    pub(super) fn encode(&self) -> Result<Vec<u8>, NodeError> {
        Ok(codec::encode(self)?)
    }

    /// Reads what [`Self::encode`] wrote.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, NodeError> {
        let kept: Self = codec::decode(bytes, PROOF_MARK_BYTES_MAX)?;
        if kept.version == VERSION {
            return Ok(kept);
        }
        Err(NodeError::NotNow {
            problem: "An event's mark was written by a newer Enprint. Update this program.".into(),
        })
    }
}

impl Node {
    /// How the event's proofs are made from now on. The first mark that they get is kept
    /// before they get it; `anew`, when all of them are made anew, the node's mark takes the
    /// place of one that was the node's before.
    pub(super) async fn proofs_for(&self, event_id: EventId, anew: bool) -> Result<DevelopSettings, NodeError> {
        let kept = self.kept_mark(event_id).await?;
        let node = self.config.watermark.as_ref();
        let takes_nodes = match (&kept, node) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(kept), Some(mark)) => anew && !kept.is_said && kept.mark.as_ref() != Some(mark),
        };
        if let Some(mark) = node.filter(|_| takes_nodes) {
            self.keep_mark(event_id, KeptMark::of_node(mark)).await?;
            return Ok(self.proofs.clone());
        }
        match kept {
            Some(kept) if kept.mark.as_ref() != node => proofs_with(kept.mark),
            _ => Ok(self.proofs.clone()),
        }
    }

    /// From now on the event's proofs are marked so.
    pub(super) async fn set_mark(&self, event_id: EventId, wish: &MarkWish) -> Result<ProofMark, NodeError> {
        if let MarkWish::Mark(mark) = wish {
            proofs_with(Some(*mark.clone()))?;
        }
        let before = self.mark_before(event_id).await?;
        self.keep_mark(event_id, KeptMark::said(wish)).await?;
        self.mark_since(event_id, before, 0).await
    }

    /// The mark before a command.
    pub(super) async fn mark_before(&self, event_id: EventId) -> Result<MarkBefore, NodeError> {
        // One that is damaged is any other mark.
        let kept = self.kept_mark(event_id).await.unwrap_or_default();
        let photos = self.photo_count(event_id).await?;
        Ok(MarkBefore { mark: kept.and_then(|kept| kept.mark), photos })
    }

    /// How proofs are marked after that command, which made those of `made` of the photos anew.
    pub(super) async fn mark_since(
        &self,
        event_id: EventId,
        before: MarkBefore,
        made: u64,
    ) -> Result<ProofMark, NodeError> {
        let now = self.kept_mark(event_id).await?.and_then(|kept| kept.mark);
        let is_for_new_alone = before.photos > made && now != before.mark;
        Ok(ProofMark { is_for_new_alone, ..self.proof_mark(event_id).await? })
    }

    /// How the event's proofs are marked that are made now.
    pub(super) async fn proof_mark(&self, event_id: EventId) -> Result<ProofMark, NodeError> {
        let node = self.config.watermark.as_ref();
        Ok(match self.kept_mark(event_id).await? {
            Some(kept) => ProofMark {
                mark: kept.mark.as_ref().map(mark_words),
                is_other_than_nodes: kept.mark.as_ref() != node,
                ..ProofMark::default()
            },
            None => ProofMark { mark: node.map(mark_words), ..ProofMark::default() },
        })
    }

    async fn kept_mark(&self, event_id: EventId) -> Result<Option<KeptMark>, NodeError> {
        let archive = self.archive.clone();
        let kept = match blocking(move || archive.proof_mark(event_id)).await {
            Ok(Some(kept)) => return Ok(Some(kept)),
            kept => kept,
        };
        // Its volume may have lost it.
        match self.catalogue.mark_had(event_id).await? {
            Some(mark) => KeptMark::decode(&mark).map(Some),
            None => kept.map_err(|error| match error.is_of_damage() {
                // Without it proofs would come out that nobody wants to show.
                true => NodeError::NotNow { problem: LOST.into() },
                false => error,
            }),
        }
    }

    /// Stores the event's mark anew from its copy, if the disk has damaged it.
    pub(super) async fn mend_mark(&self, event_id: EventId) -> Result<Option<MarkDamage>, NodeError> {
        let archive = self.archive.clone();
        match blocking(move || archive.proof_mark(event_id)).await {
            Err(error) if error.is_of_damage() => {}
            read => return read.map(|_| None),
        }
        let Some(mark) = self.catalogue.mark_had(event_id).await? else { return Ok(Some(MarkDamage::Lost)) };
        let (archive, kept) = (self.archive.clone(), KeptMark::decode(&mark)?);
        blocking(move || archive.mend_proof_mark(event_id, &kept)).await?;
        Ok(Some(MarkDamage::Repaired))
    }

    /// Copies the mark that the event's volume keeps, if there is no copy of it.
    pub(super) async fn copy_mark(&self, event_id: EventId) -> Result<(), NodeError> {
        let archive = self.archive.clone();
        match blocking(move || archive.proof_mark(event_id)).await {
            Ok(Some(kept)) if self.catalogue.mark_had(event_id).await?.is_none() => {
                self.catalogue.note_mark(event_id, &kept.encode()?).await
            }
            // What can't be read now is read when somebody needs it, and then said.
            _ => Ok(()),
        }
    }

    /// The mark that the event keeps, for another home; none where it can't be read now.
    pub(super) async fn mark_as_kept(&self, event_id: EventId) -> Result<Option<Vec<u8>>, NodeError> {
        let kept = self.kept_mark(event_id).await.unwrap_or_default();
        kept.map(|kept| kept.encode()).transpose()
    }

    /// Keeps the mark that the event has at the first home.
    pub(super) async fn take_mark(&self, event_id: EventId, mark: &[u8]) -> Result<(), NodeError> {
        self.keep_mark(event_id, KeptMark::decode(mark)?).await
    }

    async fn keep_mark(&self, event_id: EventId, kept: KeptMark) -> Result<(), NodeError> {
        let (archive, mark) = (self.archive.clone(), kept.encode()?);
        blocking(move || archive.put_proof_mark(event_id, &kept)).await?;
        self.catalogue.note_mark(event_id, &mark).await?;
        self.archive.marks.changed_in(event_id);
        Ok(())
    }
}

/// How proofs are made that have this mark.
///
/// # Errors
/// When it can't be laid over a proof.
pub(super) fn proofs_with(mark: Option<Watermark>) -> Result<DevelopSettings, NodeError> {
    let prepared = mark.map(PreparedMark::new).transpose();
    let watermark = prepared.map_err(|error| NodeError::NotNow { problem: error.to_string() })?.map(Arc::new);
    Ok(DevelopSettings { watermark, ..DevelopSettings::default() })
}
