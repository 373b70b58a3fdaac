//! The custody of each original: when it left, for which order, to which lab, how many
//! bytes of it went, and the lab's signed receipt. What leaves is counted in memory and
//! written down a moment later; that a file has begun to leave is written down first.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use enprint_protocol::PeerId;
use enprint_protocol::codec;
use enprint_protocol::ids::{ContentHash, JobId, OrderId};
use enprint_protocol::limits::SMALL_BYTES_MAX;
use enprint_protocol::status::{StatusKind, StatusRequest};
use enprint_protocol::time::UnixMs;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::catalogue::TransferRow;
use super::commands::{PhotoCustody, PhotographerAnswer, Transfer};
use super::node::{Node, now};
use super::selection::Selection;
use crate::error::NodeError;
use crate::limits::{CUSTODY_OPENED_MAX, CUSTODY_SAVED_EVERY};

/// One print file of one job.
pub(super) type FileOfJob = (JobId, ContentHash);

/// What has left and is not written down yet.
#[derive(Debug, Default)]
pub(super) struct Custody {
    unsaved: Mutex<HashMap<FileOfJob, u64>>,
    /// Files whose departure is written down.
    opened: Mutex<HashSet<FileOfJob>>,
    /// Held while that is done: the first ranges of a file come together.
    opening: tokio::sync::Mutex<()>,
    /// Held while it is written down, so that whoever looks then sees all of it.
    saving: tokio::sync::Mutex<()>,
    news: Notify,
}

/// Writes down what has left, again and again, until `shutdown`.
pub(super) async fn run(node: Arc<Node>, shutdown: CancellationToken) {
    loop {
        tokio::select! {
            () = shutdown.cancelled() => break,
            () = node.custody.news.notified() => {}
        }
        node.save_custody_or_trace().await;
        // What leaves meanwhile is written down together.
        tokio::select! {
            () = shutdown.cancelled() => break,
            () = tokio::time::sleep(CUSTODY_SAVED_EVERY) => {}
        }
    }
    node.save_custody_or_trace().await;
}

impl Custody {
    /// Counts bytes of a file that were handed to the connection.
    pub(super) fn count(&self, file: FileOfJob, bytes: u64) {
        *locked(&self.unsaved).entry(file).or_default() += bytes;
        self.news.notify_one();
    }

    fn is_open(&self, file: &FileOfJob) -> bool {
        locked(&self.opened).contains(file)
    }

    fn set_open(&self, file: FileOfJob) {
        let mut opened = locked(&self.opened);
        if opened.len() >= CUSTODY_OPENED_MAX {
            opened.clear();
        }
        opened.insert(file);
    }
}

impl Node {
    /// Writes down, before its first byte goes, that a file leaves.
    pub(super) async fn open_custody(&self, file: FileOfJob) -> Result<(), NodeError> {
        if self.custody.is_open(&file) {
            return Ok(());
        }
        let _alone = self.custody.opening.lock().await;
        if !self.custody.is_open(&file) {
            self.catalogue.set_left(file, now()).await?;
            self.custody.set_open(file);
        }
        Ok(())
    }

    /// Writes down what has left so far.
    pub(super) async fn save_custody(&self) -> Result<(), NodeError> {
        let _all_of_it = self.custody.saving.lock().await;
        let left: Vec<_> = locked(&self.custody.unsaved).drain().collect();
        let saved = self.catalogue.add_sent(&left).await;
        if saved.is_err() {
            let mut unsaved = locked(&self.custody.unsaved);
            left.into_iter().for_each(|(file, bytes)| *unsaved.entry(file).or_default() += bytes);
        }
        saved
    }

    async fn save_custody_or_trace(&self) {
        if let Err(error) = self.save_custody().await {
            tracing::error!(%error, "what has left can't be written down; it is tried again");
            self.custody.news.notify_one();
        }
    }

    /// The custody of chosen photos, as this home and the others know it.
    pub(super) async fn show_custody(
        &self,
        event: &str,
        selection: &Selection,
    ) -> Result<PhotographerAnswer, NodeError> {
        self.save_custody().await?;
        let event = self.find_event(event).await?;
        let own = self.catalogue.transfers(event.record.event_id).await?;
        let elsewhere = self.sent_elsewhere(event.record.event_id).await?;
        let elsewhere_sent = elsewhere.transfers.into_iter().map(|(home, row)| (Some(home), row));
        let mut rows: Vec<_> = own.into_iter().map(|row| (None, row)).chain(elsewhere_sent).collect();
        rows.sort_by_key(|(_, row)| std::cmp::Reverse(row.offered_ms));
        let mut transfers = HashMap::<_, Vec<_>>::new();
        for (home, row) in rows {
            transfers.entry(row.photo_id).or_default().push(transfer(row, home));
        }
        let photos = self.chosen_photos(&event, selection).await?.into_iter().map(|photo| PhotoCustody {
            photo_id: photo.photo_id(),
            transfers: transfers.remove(&photo.photo_id()).unwrap_or_default(),
            file_name: photo.record.file_name,
            bytes: photo.original_bytes,
        });
        let counted = self.photos_counted(event.record.event_id).await?;
        let (trouble, hurt) = (counted.trouble(), counted.hurt());
        Ok(PhotographerAnswer::Custody { photos: photos.collect(), unasked: elsewhere.unasked, trouble, hurt })
    }
}

/// A row as people see it; its receipt counts only if the lab's signature is right.
fn transfer(row: TransferRow, home: Option<String>) -> Transfer {
    let receipt = row.receipt.as_deref().and_then(|words| receipt(words, row.lab, row.order_id));
    let crossed = match (&receipt, row.sent_bytes) {
        (None, 0) if row.left_ms.is_none() => "not yet",
        (None, _) => "on its way",
        (Some(_), 0) if row.left_ms.is_none() => "not again",
        (Some(receipt), sent_bytes) => match receipt.crossed_bytes {
            Some(crossed_bytes) if crossed_bytes <= receipt.bytes => "once",
            None if sent_bytes <= row.bytes => "once",
            _ => "more than once",
        },
    };
    Transfer {
        order: row.order_id.number(),
        lab: row.lab_name.unwrap_or_else(|| row.lab.to_string()),
        lab_peer: row.lab,
        print_file: row.root.to_string(),
        is_original: row.root == row.photo_id.0,
        bytes: row.bytes,
        left_at: row.left_ms.map(UnixMs),
        sent_bytes: row.sent_bytes,
        received_at: row.received_ms.map(UnixMs),
        verified: receipt.is_some(),
        receipt: receipt.map(|receipt| receipt.id),
        crossed: crossed.to_owned(),
        withdrawn: !row.is_open,
        home,
    }
}

/// What a lab signed.
struct Receipt {
    id: String,
    bytes: u64,
    crossed_bytes: Option<u64>,
}

fn receipt(words: &[u8], lab: PeerId, order_id: OrderId) -> Option<Receipt> {
    let StatusRequest::Report(signed) = codec::decode(words, SMALL_BYTES_MAX).ok()?;
    let status = signed.open_from(&lab).ok().filter(|status| status.order_id == order_id)?;
    match status.kind {
        StatusKind::Received { bytes, crossed_bytes, .. } => {
            Some(Receipt { id: status.status_id.to_string(), bytes, crossed_bytes })
        }
        _ => None,
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
