//! Print files that were made and are kept for the next order: by what they were made,
//! and since when nobody has needed them. Where their bytes are is the archive's matter.

use std::collections::HashSet;

use enprint_protocol::ids::{ContentHash, EventId, PhotoId};
use enprint_store::args;
use enprint_store::ledger::Row;

use super::Catalogue;
use crate::error::NodeError;
use crate::limits::{MADE_FILES_BYTES_MAX, MADE_FILES_KEPT, MADE_FILES_LISTED_MAX};
use crate::stored;

/// A print file that was made of a photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::photographer) struct MadeFile {
    /// Of which photo.
    pub(in crate::photographer) photo_id: PhotoId,
    /// The hash of the recipe and of the rules that it was made by.
    pub(in crate::photographer) made_by: ContentHash,
    /// The hash of its bytes.
    pub(in crate::photographer) root: ContentHash,
    /// Their number.
    pub(in crate::photographer) bytes: u64,
    /// Width and height in pixels.
    pub(in crate::photographer) size_px: (u32, u32),
    /// The joined hashes of its ranges.
    pub(in crate::photographer) subtrees: Vec<u8>,
}

/// Files of one event whose space is given back.
pub(in crate::photographer) type GivenBack = (EventId, Vec<MadeFile>);

impl Catalogue {
    /// The files that were made of an event's photos.
    pub(in crate::photographer) async fn made_files(&self, event_id: EventId) -> Result<Vec<MadeFile>, NodeError> {
        let sql = "SELECT * FROM made_files WHERE event_id = $1 ORDER BY used_ms DESC LIMIT $2";
        let values = args![event_id.to_string(), MADE_FILES_LISTED_MAX];
        self.ledger.read().fetch_all(sql, values).await?.iter().map(made_file).collect()
    }

    /// Notes files that were made, or needed once more, at a moment.
    pub(in crate::photographer) async fn note_made(
        &self,
        event_id: EventId,
        files: &[MadeFile],
        now_ms: i64,
    ) -> Result<(), NodeError> {
        let sql = "INSERT INTO made_files \
                   (event_id, photo_id, made_by, root, bytes, width_px, height_px, subtrees, used_ms) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (event_id, photo_id, made_by) \
                   DO UPDATE SET root = excluded.root, bytes = excluded.bytes, width_px = excluded.width_px, \
                   height_px = excluded.height_px, subtrees = excluded.subtrees, used_ms = excluded.used_ms";
        if files.is_empty() {
            return Ok(());
        }
        let mut tx = self.ledger.begin().await?;
        for file in files {
            let (bytes, (width, height)) = (i64::try_from(file.bytes).unwrap_or(i64::MAX), file.size_px);
            let ids = (event_id.to_string(), file.photo_id.to_string(), file.made_by.to_string());
            let (root, width, height) = (file.root.to_string(), i64::from(width), i64::from(height));
            let values = args![ids.0, ids.1, ids.2, root, bytes, width, height, &file.subtrees, now_ms];
            tx.execute(sql, values).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Files that have not been needed for long, and those beyond the space that all may
    /// take, the longest unused first; none that a lab may still fetch.
    pub(in crate::photographer) async fn made_to_give_back(&self, now_ms: i64) -> Result<Vec<GivenBack>, NodeError> {
        let sql = "SELECT made_files.*, EXISTS (SELECT 1 FROM job_files JOIN jobs ON jobs.job_id = job_files.job_id \
                   WHERE job_files.root = made_files.root AND job_files.received_ms IS NULL AND jobs.state = 'open') \
                   AS is_awaited FROM made_files ORDER BY used_ms DESC LIMIT $1";
        let oldest_ms = now_ms.saturating_sub(i64::try_from(MADE_FILES_KEPT.as_millis()).unwrap_or(i64::MAX));
        let (mut space, mut kept, mut gone) = (0_u64, HashSet::new(), Vec::new());
        for row in self.ledger.read().fetch_all(sql, args![MADE_FILES_LISTED_MAX]).await? {
            let file = made_file(&row)?;
            // The same bytes may have been made by two rules.
            let is_counted = kept.contains(&file.root);
            let fits = is_counted || space + file.bytes <= MADE_FILES_BYTES_MAX;
            if row.int("is_awaited")? != 0 || (row.int("used_ms")? >= oldest_ms && fits) {
                space += if is_counted { 0 } else { file.bytes };
                kept.insert(file.root);
            } else {
                gone.push((stored::read::<EventId>(&row.text("event_id")?)?, file));
            }
        }
        Ok(by_event(gone))
    }

    /// Forgets files that are no longer there.
    pub(in crate::photographer) async fn forget_made(&self, (event_id, files): &GivenBack) -> Result<(), NodeError> {
        let sql = "DELETE FROM made_files WHERE event_id = $1 AND photo_id = $2 AND made_by = $3";
        let mut tx = self.ledger.begin().await?;
        for file in files {
            let values = args![event_id.to_string(), file.photo_id.to_string(), file.made_by.to_string()];
            tx.execute(sql, values).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

fn by_event(files: Vec<(EventId, MadeFile)>) -> Vec<GivenBack> {
    let mut events: Vec<GivenBack> = Vec::new();
    for (event_id, file) in files {
        match events.iter_mut().find(|(known, _)| *known == event_id) {
            Some((_, files)) => files.push(file),
            None => events.push((event_id, vec![file])),
        }
    }
    events
}

fn made_file(row: &Row) -> Result<MadeFile, NodeError> {
    let edge = |column: &str| Ok::<_, NodeError>(u32::try_from(row.int(column)?).unwrap_or(0));
    Ok(MadeFile {
        photo_id: stored::read(&row.text("photo_id")?)?,
        made_by: stored::read(&row.text("made_by")?)?,
        root: stored::read(&row.text("root")?)?,
        bytes: u64::try_from(row.int("bytes")?).unwrap_or(0),
        size_px: (edge("width_px")?, edge("height_px")?),
        subtrees: row.bytes("subtrees")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: EventId = EventId([1; 16]);
    const DAY_MS: i64 = 24 * 60 * 60 * 1000;

    fn file(number: u8, bytes: u64) -> MadeFile {
        let hash = |kind: u8| ContentHash([kind + number; 32]);
        let (photo_id, subtrees) = (PhotoId(hash(0)), vec![number]);
        MadeFile { photo_id, made_by: hash(50), root: hash(100), bytes, size_px: (3, 2), subtrees }
    }

    async fn catalogue(folder: &std::path::Path) -> Catalogue {
        Catalogue::open(&folder.join("catalogue.db")).await.unwrap()
    }

    async fn given_back(catalogue: &Catalogue, now_ms: i64) -> Vec<MadeFile> {
        catalogue.made_to_give_back(now_ms).await.unwrap().into_iter().flat_map(|(_, files)| files).collect()
    }

    #[tokio::test]
    async fn a_made_file_is_kept_while_it_is_used_and_goes_when_it_has_not_been_for_long() {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = catalogue(folder.path()).await;
        let (used, unused) = (file(1, 10), file(2, 10));
        catalogue.note_made(EVENT, &[used.clone(), unused.clone()], 0).await.unwrap();
        catalogue.note_made(EVENT, std::slice::from_ref(&used), 20 * DAY_MS).await.unwrap();
        assert!(given_back(&catalogue, 20 * DAY_MS).await.is_empty());
        assert_eq!(given_back(&catalogue, 40 * DAY_MS).await, std::slice::from_ref(&unused));
        catalogue.forget_made(&(EVENT, vec![unused])).await.unwrap();
        assert_eq!(catalogue.made_files(EVENT).await.unwrap(), [used]);
    }

    #[tokio::test]
    async fn made_files_beyond_their_space_go_the_longest_unused_first() {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = catalogue(folder.path()).await;
        let third = MADE_FILES_BYTES_MAX / 3;
        for number in 1..=4 {
            catalogue.note_made(EVENT, &[file(number, third)], i64::from(number)).await.unwrap();
        }
        // The newest's bytes once more, by other rules: they take no space of their own.
        let same = MadeFile { made_by: ContentHash([9; 32]), ..file(4, third) };
        catalogue.note_made(EVENT, &[same], 3).await.unwrap();
        assert_eq!(given_back(&catalogue, 5).await, [file(1, third)]);
    }
}
