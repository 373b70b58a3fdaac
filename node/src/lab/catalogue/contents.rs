//! What of photographers' print files is in the receiving folder, and what crossed
//! for which job. The bytes themselves are `receiving.rs`'s.

use enprint_protocol::PeerId;
use enprint_protocol::ids::{ContentHash, JobId};
use enprint_store::args;
use enprint_store::ledger::{Row, Tx};

use super::{Catalogue, signed, unsigned};
use crate::arriving::RangeSet;
use crate::error::NodeError;
use crate::lab::clock::now_ms;
use crate::limits::KEPT_LISTED_MAX;
use crate::stored::read;

/// One print file of one photographer, whatever jobs need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::lab) struct ContentKey {
    /// Who offered it.
    pub(in crate::lab) photographer: PeerId,
    /// Its content hash.
    pub(in crate::lab) root: ContentHash,
}

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::lab) struct Content {
    /// Its length.
    pub(in crate::lab) bytes: u64,
    /// The joined hashes of its ranges, once they were fetched; checked again when read.
    pub(in crate::lab) subtrees: Option<Vec<u8>>,
    /// What is verified and durable.
    pub(in crate::lab) ranges: RangeSet,
}

/// A print file that no job needs at the moment.
#[derive(Debug, Clone, Copy)]
pub(in crate::lab) struct Kept {
    /// Which.
    pub(in crate::lab) key: ContentKey,
    /// Verified bytes of it that are here.
    pub(in crate::lab) here_bytes: u64,
    /// Since when no job needs it, in milliseconds since 1970 UTC.
    pub(in crate::lab) since_ms: i64,
}

/// For whom something crossed.
#[derive(Debug, Clone, Copy)]
pub(in crate::lab) struct Crossed {
    /// The job.
    pub(in crate::lab) job_id: JobId,
    /// The file's place in it.
    pub(in crate::lab) place: u32,
    /// Bytes that were right.
    pub(in crate::lab) verified_bytes: u64,
    /// Bytes that were thrown away.
    pub(in crate::lab) discarded_bytes: u64,
}

impl Catalogue {
    /// How far a content is; None when nothing of it is here or wanted.
    pub(in crate::lab) async fn content(&self, key: &ContentKey) -> Result<Option<Content>, NodeError> {
        let sql = "SELECT bytes, subtrees, ranges FROM content WHERE photographer = $1 AND root = $2";
        let args = args![key.photographer.to_string(), key.root.to_string()];
        let row = self.ledger.read().fetch_optional(sql, args).await?;
        row.as_ref().map(content).transpose()
    }

    /// Records that `ranges` are verified and durable, and what crossed for it; with the
    /// checked hashes of all ranges, if they are not kept yet. Call once the bytes are on
    /// the disk.
    pub(in crate::lab) async fn record(
        &self,
        key: &ContentKey,
        ranges: &RangeSet,
        crossed: &Crossed,
        subtrees: Option<&[u8]>,
    ) -> Result<(), NodeError> {
        self.ledger
            .write(|tx| {
                Box::pin(async move {
                    if let Some(joined) = subtrees {
                        set_subtrees(tx, key, joined).await?;
                    }
                    set_ranges(tx, key, ranges).await?;
                    count_crossed(tx, crossed).await
                })
            })
            .await
    }

    /// Counts what crossed in vain.
    pub(in crate::lab) async fn count_discarded(&self, crossed: &Crossed) -> Result<(), NodeError> {
        self.ledger.write(|tx| Box::pin(async move { count_crossed(tx, crossed).await })).await
    }

    /// Takes ranges back that the disk did not keep.
    pub(in crate::lab) async fn take_back(&self, key: &ContentKey, ranges: &RangeSet) -> Result<(), NodeError> {
        self.ledger.write(|tx| Box::pin(async move { set_ranges(tx, key, ranges).await })).await
    }

    /// Bytes that taken jobs have yet to receive.
    pub(in crate::lab) async fn missing_bytes(&self) -> Result<u64, NodeError> {
        let sql = "SELECT CAST(COALESCE(SUM(bytes - here_bytes), 0) AS BIGINT) AS found FROM content
             WHERE kept_ms IS NULL";
        self.count(sql).await
    }

    /// What is merely kept, the oldest first.
    pub(in crate::lab) async fn kept(&self) -> Result<Vec<Kept>, NodeError> {
        let sql = "SELECT photographer, root, here_bytes, kept_ms FROM content WHERE kept_ms IS NOT NULL
             ORDER BY kept_ms, photographer, root LIMIT $1";
        let rows = self.ledger.read().fetch_all(sql, args![KEPT_LISTED_MAX]).await?;
        let kept = |row: &Row| {
            let (here_bytes, since_ms) = (unsigned(row.int("here_bytes")?), row.int("kept_ms")?);
            Ok(Kept { key: key(row)?, here_bytes, since_ms })
        };
        rows.iter().map(kept).collect()
    }

    /// Forgets a content that is merely kept; false when a job needs it again.
    pub(in crate::lab) async fn forget_kept(&self, key: &ContentKey) -> Result<bool, NodeError> {
        let sql = "DELETE FROM content WHERE photographer = $1 AND root = $2 AND kept_ms IS NOT NULL";
        Ok(self.ledger.execute(sql, args![key.photographer.to_string(), key.root.to_string()]).await? == 1)
    }

    /// Every content of which something may be here.
    pub(in crate::lab) async fn contents(&self) -> Result<Vec<ContentKey>, NodeError> {
        let sql = "SELECT photographer, root FROM content";
        let rows = self.ledger.read().fetch_all(sql, args![]).await?;
        rows.iter().map(key).collect()
    }
}

/// Makes a content known, with nothing of it here; of one that is known, what is here
/// counts, and it is no longer merely kept.
pub(super) async fn put_content(tx: &mut Tx<'_>, key: &ContentKey, bytes: u64) -> Result<(), NodeError> {
    let sql = "INSERT INTO content (photographer, root, bytes, ranges, here_bytes) VALUES ($1, $2, $3, $4, 0)
         ON CONFLICT (photographer, root) DO UPDATE SET kept_ms = NULL";
    let none = RangeSet::none(bytes).to_bytes();
    tx.execute(sql, args![key.photographer.to_string(), key.root.to_string(), signed(bytes), none]).await?;
    Ok(())
}

/// Merely keeps, from now on, what no unfinished job of a photographer needs.
pub(super) async fn keep_unneeded(tx: &mut Tx<'_>, photographer: PeerId) -> Result<(), NodeError> {
    let sql = "UPDATE content SET kept_ms = $2 WHERE photographer = $1 AND kept_ms IS NULL AND NOT EXISTS (
             SELECT 1 FROM job_file f JOIN job USING (job_id)
             WHERE f.photographer = content.photographer AND f.root = content.root
               AND job.file_state IN ('receiving', 'placing'))";
    tx.execute(sql, args![photographer.to_string(), now_ms()]).await?;
    Ok(())
}

async fn set_subtrees(tx: &mut Tx<'_>, key: &ContentKey, joined: &[u8]) -> Result<(), NodeError> {
    let sql = "UPDATE content SET subtrees = $3 WHERE photographer = $1 AND root = $2";
    tx.execute(sql, args![key.photographer.to_string(), key.root.to_string(), joined]).await?;
    Ok(())
}

async fn set_ranges(tx: &mut Tx<'_>, key: &ContentKey, ranges: &RangeSet) -> Result<(), NodeError> {
    let sql = "UPDATE content SET ranges = $3, here_bytes = $4 WHERE photographer = $1 AND root = $2";
    let (photographer, root) = (key.photographer.to_string(), key.root.to_string());
    tx.execute(sql, args![photographer, root, ranges.to_bytes(), signed(ranges.bytes())]).await?;
    Ok(())
}

async fn count_crossed(tx: &mut Tx<'_>, crossed: &Crossed) -> Result<(), NodeError> {
    let sql = "UPDATE job_file SET verified_bytes = verified_bytes + $3, discarded_bytes = discarded_bytes + $4
         WHERE job_id = $1 AND place = $2";
    let (verified, discarded) = (signed(crossed.verified_bytes), signed(crossed.discarded_bytes));
    tx.execute(sql, args![crossed.job_id.to_string(), crossed.place, verified, discarded]).await?;
    Ok(())
}

fn content(row: &Row) -> Result<Content, NodeError> {
    let bytes = unsigned(row.int("bytes")?);
    Ok(Content { bytes, subtrees: row.get("subtrees")?, ranges: RangeSet::from_bytes(&row.bytes("ranges")?, bytes) })
}

fn key(row: &Row) -> Result<ContentKey, NodeError> {
    Ok(ContentKey { photographer: read(&row.text("photographer")?)?, root: read(&row.text("root")?)? })
}
