//! What left a photographer's homes for labs: each home knows what it sent itself, and asks
//! the other when somebody looks. A home that can't be asked is named, since it may have sent
//! more.

use enprint_protocol::ids::{ContentHash, EventId, JobId};
use enprint_protocol::limits::{REPLICA_SENT_MAX, SMALL_BYTES_MAX};
use enprint_protocol::replica::{Follow, ReplicaReply, ReplicaRequest, SentFile};
use enprint_protocol::{PeerId, ProtocolError, text};
use serde_bytes::ByteBuf;

use crate::error::NodeError;
use crate::limits::{SENT_ASKED_PATIENCE, TRANSFERS_LISTED_MAX};
use crate::photographer::catalogue::TransferRow;
use crate::photographer::node::Node;

/// What the other homes sent.
#[derive(Debug, Default)]
pub(in crate::photographer) struct SentElsewhere {
    /// With the name of the home that sent it.
    pub(in crate::photographer) transfers: Vec<(String, TransferRow)>,
    /// Homes that could not be asked.
    pub(in crate::photographer) unasked: Vec<String>,
}

impl Node {
    /// Asks the other homes what they sent of an event.
    pub(in crate::photographer) async fn sent_elsewhere(&self, event_id: EventId) -> Result<SentElsewhere, NodeError> {
        let mut elsewhere = SentElsewhere::default();
        for home in self.home_summaries().await? {
            let name = if home.is_first { "the first home".to_owned() } else { home.name };
            let asked = tokio::time::timeout(SENT_ASKED_PATIENCE, self.sent_by(home.peer_id, event_id)).await;
            match asked.unwrap_or(Err(NodeError::ShuttingDown)) {
                Ok(sent) => elsewhere.transfers.extend(sent.into_iter().map(|row| (name.clone(), row))),
                Err(error) => {
                    tracing::debug!(peer.id = %home.peer_id, %error, "a home does not say what it sent");
                    elsewhere.unasked.push(name);
                }
            }
        }
        Ok(elsewhere)
    }

    async fn sent_by(&self, home: PeerId, event_id: EventId) -> Result<Vec<TransferRow>, NodeError> {
        let (mut all, mut after) = (Vec::new(), None);
        let most = usize::try_from(TRANSFERS_LISTED_MAX).unwrap_or(usize::MAX);
        loop {
            let request = ReplicaRequest::Sent { event_id, after };
            let (files, is_last) = match self.client.ask::<Follow>(home, request).await? {
                ReplicaReply::Sent { files, is_last } if is_last || !files.is_empty() => (files, is_last),
                ReplicaReply::Refused(refusal) => return Err(NodeError::Refused(refusal)),
                _ => return Err(unexpected()),
            };
            for file in files {
                let here = (file.job_id, file.root);
                if after.is_some_and(|after| here <= after) || all.len() >= most {
                    return Err(unexpected());
                }
                after = Some(here);
                all.push(row(file));
            }
            if is_last {
                return Ok(all);
            }
        }
    }

    /// Answers another home of this photographer.
    pub(super) async fn sent_for_home(
        &self,
        event_id: EventId,
        after: Option<(JobId, ContentHash)>,
    ) -> Result<ReplicaReply, NodeError> {
        self.save_custody().await?;
        let rows = self.catalogue.transfers_after(event_id, after, REPLICA_SENT_MAX).await?;
        let is_last = rows.len() < REPLICA_SENT_MAX;
        Ok(ReplicaReply::Sent { files: rows.into_iter().map(file).collect(), is_last })
    }
}

fn file(row: TransferRow) -> SentFile {
    SentFile {
        job_id: row.job_id,
        root: row.root,
        photo_id: row.photo_id,
        bytes: row.bytes,
        order_id: row.order_id,
        lab: row.lab,
        lab_name: row.lab_name.unwrap_or_default(),
        offered_ms: row.offered_ms,
        is_open: row.is_open,
        left_ms: row.left_ms,
        sent_bytes: row.sent_bytes,
        received_ms: row.received_ms,
        receipt: row.receipt.map(ByteBuf::from),
    }
}

/// As another home says it; the lab's receipt is checked when it is shown.
fn row(file: SentFile) -> TransferRow {
    TransferRow {
        job_id: file.job_id,
        root: file.root,
        photo_id: file.photo_id,
        bytes: file.bytes,
        order_id: file.order_id,
        lab: file.lab,
        lab_name: Some(text::shown(&file.lab_name)).filter(|name| !name.is_empty()),
        offered_ms: file.offered_ms,
        is_open: file.is_open,
        left_ms: file.left_ms,
        sent_bytes: file.sent_bytes,
        received_ms: file.received_ms,
        receipt: file.receipt.map(ByteBuf::into_vec).filter(|words| words.len() <= SMALL_BYTES_MAX),
    }
}

fn unexpected() -> NodeError {
    ProtocolError::Malformed { reason: "the other home answered another question".into() }.into()
}
