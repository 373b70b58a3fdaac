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
use crate::photographer::records::StoredPhoto;

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
        let before = self.readable_photo(event_id, photo.photo_id()).await?;
        if before.as_ref() == Some(&photo) {
            return Ok(());
        }
        let thumbnail = self.rendition_from(home, event_id, &photo, photo.thumbnail.hash).await?;
        let proof = self.rendition_from(home, event_id, &photo, photo.proof.hash).await?;
        let Some(before) = before else {
            let path = self.copy_original(home, event_id, &photo, stop).await?;
            if self.readable_photo(event_id, photo.photo_id()).await?.is_some() {
                // It was imported meanwhile.
                return Ok(());
            }
            self.keep_copy(event_id, photo.clone(), path, thumbnail, proof).await?;
            return self.copy_edits_of(event_id, None, &photo).await;
        };
        let (archive, now, replaced) = (self.archive.clone(), photo.clone(), before.clone());
        blocking(move || {
            archive.replace_with(event_id, &now, &thumbnail, &proof)?;
            archive.forget_renditions(event_id, &[replaced])
        })
        .await?;
        self.copy_edits_of(event_id, Some(&before), &photo).await
    }

    /// Removes what a kill left of originals that are in the archive, and files that
    /// nobody knows.
    pub(super) async fn clear_arrived(&self) -> Result<(), NodeError> {
        let mut known = Vec::new();
        for Arriving { root, event_id, .. } in self.catalogue.all_arriving().await? {
            if self.readable_photo(event_id, PhotoId(root)).await?.is_some() {
                self.catalogue.arrived(root).await?;
            } else {
                known.push(self.arriving_path(root));
            }
        }
        let folder = self.config.data_dir.join(FOLDER);
        blocking(move || {
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                if !known.contains(&entry.path()) {
                    drop(std::fs::remove_file(entry.path()));
                }
            }
            Ok(())
        })
        .await
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

    /// Puts a whole original into the archive, which checks it once more.
    async fn keep_copy(
        &self,
        event_id: EventId,
        photo: StoredPhoto,
        path: PathBuf,
        thumbnail: Vec<u8>,
        proof: Vec<u8>,
    ) -> Result<(), NodeError> {
        let (archive, root, name) = (self.archive.clone(), photo.photo_id().0, photo.record.file_name.clone());
        let (from, bytes) = (path.clone(), photo.original_bytes);
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
            Ok(()) => {
                self.catalogue.arrived(root).await?;
                remove(&path);
                Ok(())
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
