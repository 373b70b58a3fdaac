//! One photo on its way from the first home: its original by verified ranges into a file of
//! its own, then with its renditions into the archive. What was verified and recorded is
//! not asked for again.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use enprint_protocol::ids::{ContentHash, EventId, PhotoId};
use enprint_protocol::limits::RANGE_BYTES;
use enprint_protocol::replica::{Follow, ReplicaFile, ReplicaReply, ReplicaRequest};
use enprint_protocol::subtree::{Subtrees, range_count};
use enprint_protocol::{PeerId, ProtocolError, text};
use enprint_store::StoreError;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use crate::arriving::{Came, PartFile, Plan, RangeSet, Source, drive};
use crate::error::NodeError;
use crate::limits::HOME_RANGES_OF_ONE_FILE;
use crate::photographer::catalogue::Arriving;
use crate::photographer::node::{Node, blocking};
use crate::photographer::records::{Edits, StoredPhoto};

/// A file that comes from the first home.
struct Coming<'a> {
    node: &'a Node,
    home: PeerId,
    file: ReplicaFile,
    /// What people call it.
    name: &'a str,
}

impl Node {
    /// Brings a photo here as the first home has it. Changes nothing where it is so already.
    pub(super) async fn copy_photo(
        &self,
        home: PeerId,
        event_id: EventId,
        photo: StoredPhoto,
        stop: &CancellationToken,
    ) -> Result<(), NodeError> {
        let _one_at_a_time = self.following.arriving.take(photo.photo_id().0).await;
        match self.readable_photo(event_id, photo.photo_id()).await? {
            None => self.copy_new(home, event_id, photo, stop).await.map(drop),
            Some(before) if before == photo => Ok(()),
            Some(before) => self.copy_changed(home, event_id, before, photo).await,
        }
    }

    /// Brings a photo here that this home has not. Whether it came: an import may have been
    /// sooner.
    pub(super) async fn copy_new(
        &self,
        home: PeerId,
        event_id: EventId,
        photo: StoredPhoto,
        stop: &CancellationToken,
    ) -> Result<bool, NodeError> {
        let thumbnail = self.rendition_from(home, event_id, &photo, photo.thumbnail.hash).await?;
        let proof = self.rendition_from(home, event_id, &photo, photo.proof.hash).await?;
        let path = self.copy_original(home, event_id, &photo, stop).await?;
        self.keep_copy(event_id, photo, path, thumbnail, proof).await
    }

    /// Takes over what is other of a photo: what is said of it, its edits, how it looks.
    async fn copy_changed(
        &self,
        home: PeerId,
        event_id: EventId,
        before: StoredPhoto,
        photo: StoredPhoto,
    ) -> Result<(), NodeError> {
        let thumbnail = self.rendition_from(home, event_id, &photo, photo.thumbnail.hash).await?;
        let proof = self.rendition_from(home, event_id, &photo, photo.proof.hash).await?;
        let (edited, archive) = (self.begin_edits_of(event_id, &before.edits(), &photo).await?, self.archive.clone());
        blocking(move || {
            archive.replace_with(event_id, &photo, &thumbnail, &proof)?;
            archive.forget_renditions(event_id, &[before])
        })
        .await?;
        self.copy_edits(event_id, edited).await
    }

    /// Removes what a kill left of originals that are in the archive, and files that
    /// nobody knows.
    pub(super) async fn clear_arrived(&self) -> Result<(), NodeError> {
        for Arriving { root, event_id, .. } in self.catalogue.all_arriving().await? {
            let _alone = self.following.arriving.take(root).await;
            if self.readable_photo(event_id, PhotoId(root)).await?.is_some() {
                self.catalogue.arrived(root).await?;
            }
        }
        let folder = self.config.data_dir.join(FOLDER);
        let files =
            blocking(move || Ok(std::fs::read_dir(&folder).into_iter().flatten().flatten().collect::<Vec<_>>()));
        for path in files.await?.into_iter().map(|entry| entry.path()) {
            match path.file_stem().and_then(|name| name.to_str()?.parse().ok()) {
                Some(root) => self.clear_unknown(root, &path).await?,
                None => remove(&path),
            }
        }
        Ok(())
    }

    /// Removes the file of an original that is not on its way.
    async fn clear_unknown(&self, root: ContentHash, path: &Path) -> Result<(), NodeError> {
        let _alone = self.following.arriving.take(root).await;
        if self.catalogue.arriving(root).await?.is_none() {
            remove(path);
        }
        Ok(())
    }

    /// A small file, whole and checked.
    pub(super) async fn small_from(
        &self,
        home: PeerId,
        file: ReplicaFile,
        bytes: u64,
        bytes_max: usize,
        name: &str,
    ) -> Result<Vec<u8>, NodeError> {
        let coming = Coming { node: self, home, file, name };
        if bytes > bytes_max as u64 {
            return Err(ProtocolError::TooMany { what: "Bytes of a file", given: bytes, max: bytes_max as u64 }.into());
        }
        let mut whole = Vec::with_capacity(usize::try_from(bytes).unwrap_or(0));
        for at in 0..range_count(bytes) {
            match coming.ask(at).await? {
                Came::Range(range, _) if whole.len() + range.len() <= bytes_max => whole.extend_from_slice(&range),
                _ => return Err(coming.blamed()),
            }
        }
        if ContentHash::of(&whole) == file.root() { Ok(whole) } else { Err(coming.blamed()) }
    }

    pub(super) async fn rendition_from(
        &self,
        home: PeerId,
        event_id: EventId,
        photo: &StoredPhoto,
        root: ContentHash,
    ) -> Result<Vec<u8>, NodeError> {
        let bytes = photo.bytes_of(root).unwrap_or(0);
        let file = ReplicaFile::Photo { event_id, photo_id: photo.photo_id(), root };
        let most = enprint_protocol::limits::PROOF_BYTES_MAX;
        self.small_from(home, file, bytes, most, &photo.record.file_name).await
    }

    /// Fetches what is missing of an original; where it is then, whole.
    pub(super) async fn copy_original(
        &self,
        home: PeerId,
        event_id: EventId,
        photo: &StoredPhoto,
        stop: &CancellationToken,
    ) -> Result<PathBuf, NodeError> {
        let (root, bytes) = (photo.photo_id().0, photo.original_bytes);
        let file = ReplicaFile::Photo { event_id, photo_id: photo.photo_id(), root };
        let coming = Coming { node: self, home, file, name: &photo.record.file_name };
        let (mut arriving, subtrees) = coming.arriving(event_id, bytes).await?;
        let (path, archive) = (self.arriving_path(root), self.archive.clone());
        let part = blocking({
            let path = path.clone();
            move || {
                archive.check_room(bytes.saturating_mul(2))?;
                PartFile::open(path, bytes)
            }
        });
        let part = Arc::new(part.await?);
        if part.is_new() && arriving.ranges.bytes() > 0 {
            tracing::warn!(file = %root, "an arriving original is gone; it is fetched again");
            arriving.ranges = RangeSet::none(bytes);
            self.catalogue.put_arriving(&arriving).await?;
        }
        let mut plan = Plan::new(bytes, arriving.ranges.clone(), HOME_RANGES_OF_ONE_FILE);
        drive(&coming, &mut plan, &Arc::new(subtrees), &part, stop, &mut false).await?;
        Ok(path)
    }

    /// Puts a whole original into the archive, which checks it once more. Whether it was not there.
    pub(super) async fn keep_copy(
        &self,
        event_id: EventId,
        photo: StoredPhoto,
        path: PathBuf,
        thumbnail: Vec<u8>,
        proof: Vec<u8>,
    ) -> Result<bool, NodeError> {
        let (archive, root, name) = (self.archive.clone(), photo.photo_id().0, photo.record.file_name.clone());
        let (from, bytes) = (path.clone(), photo.original_bytes);
        let edited = self.begin_edits_of(event_id, &Edits::none(), &photo).await?;
        let kept = blocking(move || {
            let mut original = File::open(&from).map_err(|error| NodeError::file(&from, &error))?;
            archive.put_copy(event_id, &photo, &mut original, &thumbnail, &proof)
        });
        match kept.await {
            Err(NodeError::Store(StoreError::BlobHashWrong)) => {
                // The disk lied: nothing of it counts.
                let mut arriving = self.catalogue.arriving(root).await?.ok_or(NodeError::ShuttingDown)?;
                arriving.ranges = RangeSet::none(bytes);
                self.catalogue.put_arriving(&arriving).await?;
                Err(NodeError::DiskLies { name: text::shown(&name), damaged_bytes: bytes })
            }
            Err(error) => Err(error),
            Ok(is_new) => {
                self.copy_edits(event_id, edited).await?;
                self.catalogue.arrived(root).await?;
                remove(&path);
                Ok(is_new)
            }
        }
    }

    fn arriving_path(&self, root: ContentHash) -> PathBuf {
        self.config.data_dir.join(FOLDER).join(format!("{root}.part"))
    }
}

impl Coming<'_> {
    /// How far the file is, with the hashes of its ranges, which merge to its own.
    async fn arriving(&self, event_id: EventId, bytes: u64) -> Result<(Arriving, Subtrees), NodeError> {
        let root = self.file.root();
        if let Some(known) = self.node.catalogue.arriving(root).await?
            && let Ok(subtrees) = Subtrees::check(&root, bytes, &known.subtrees)
        {
            return Ok((known, subtrees));
        }
        let joined = if bytes <= RANGE_BYTES { root.0.to_vec() } else { self.ask_subtrees().await? };
        let subtrees = Subtrees::check(&root, bytes, &joined).map_err(|_| self.blamed())?;
        let ranges = RangeSet::none(bytes);
        let arriving = Arriving { root, event_id, bytes, subtrees: joined, ranges };
        self.node.catalogue.arrived(root).await?;
        self.node.catalogue.put_arriving(&arriving).await?;
        Ok((arriving, subtrees))
    }

    async fn ask_subtrees(&self) -> Result<Vec<u8>, NodeError> {
        match self.node.client.ask::<Follow>(self.home, ReplicaRequest::Subtrees(self.file)).await? {
            ReplicaReply::Subtrees(joined) => Ok(joined.into_vec()),
            ReplicaReply::Refused(refusal) => Err(NodeError::Refused(refusal)),
            _ => Err(self.blamed()),
        }
    }
}

impl Source for Coming<'_> {
    type Held = OwnedSemaphorePermit;

    async fn ask(&self, at: u64) -> Result<Came<OwnedSemaphorePermit>, NodeError> {
        let room = self.node.following.room().await?;
        let request = ReplicaRequest::Range { file: self.file, offset: at * RANGE_BYTES };
        match self.node.client.ask::<Follow>(self.home, request).await? {
            ReplicaReply::Range(range) => Ok(Came::Range(range, room)),
            ReplicaReply::Refused(refusal) => Err(NodeError::Refused(refusal)),
            _ => Ok(Came::Other(0)),
        }
    }

    async fn record(&self, ranges: RangeSet, verified_bytes: u64, _: u64) -> Result<(), NodeError> {
        self.node.catalogue.record_arrived(self.file.root(), &ranges, verified_bytes).await
    }

    fn blamed(&self) -> NodeError {
        NodeError::CorruptedSource { photographer: "The first home".into(), name: text::shown(self.name) }
    }
}

/// Where originals are while they are on their way, below the data folder.
const FOLDER: &str = "arriving";

pub(super) fn remove(path: &Path) {
    if let Err(error) = std::fs::remove_file(path) {
        tracing::warn!(%error, "a file that arrived could not be removed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::photographer::PhotographerConfig;
    use crate::photographer::archive::EventArchive;
    use crate::photographer::golden::a_photo;
    use crate::photographer::import::NewPhoto;

    #[test]
    fn a_copy_takes_not_the_place_of_a_photo_that_came_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let usual = PhotographerConfig::new(folder.path().into());
        let archive = EventArchive::open(&PhotographerConfig { reserve_bytes: 0, ballast_bytes: 0, ..usual }).unwrap();
        let (event_id, mut stored) = (EventId([1; 16]), a_photo());
        stored.record.photo_id = PhotoId(ContentHash::of(b"original"));
        (stored.thumbnail.hash, stored.proof.hash) = (ContentHash::of(b"t"), ContentHash::of(b"p"));
        let copy = |archive: &EventArchive, event_id, photo: &StoredPhoto| {
            archive.put_copy(event_id, photo, &mut &b"original"[..], b"t", b"p").unwrap()
        };
        let photo = NewPhoto {
            stored: stored.clone(),
            original: b"original".to_vec(),
            thumbnail: b"t".to_vec(),
            proof: b"p".to_vec(),
        };
        archive.put(event_id, &[&photo]).unwrap();
        let mut elsewhere = stored.clone();
        elsewhere.record.file_name = "copied.jpg".into();
        assert!(!copy(&archive, event_id, &elsewhere), "it came after the import");
        assert_eq!(archive.photo(event_id, stored.photo_id()).unwrap(), Some(stored));
        let other = EventId([2; 16]);
        assert!(copy(&archive, other, &elsewhere) && !copy(&archive, other, &elsewhere));
    }
}
