//! An event's volumes, as far as they can be read: one that is damaged hides no photo of
//! another, and takes nothing new. Of a photo that is in several, the newest has it: the
//! older one was damaged and could not be mended in its place.

use std::collections::HashSet;

use enprint_protocol::ids::{ContentHash, EventId, PhotoId};
use enprint_store::StoreError;
use enprint_store::archive::{NewBlob, Volume};

use super::archive::{EVENT_NAME, EventArchive, PHOTO_PREFIX, photo_name, volume_id};
use super::records::StoredPhoto;
use crate::error::NodeError;
use crate::limits::EVENT_VOLUMES_MAX;

/// What the names of records begin with that say which damage was followed by an import.
const MENDED_PREFIX: &[u8] = b"mended/";

/// An event's volumes.
#[derive(Debug, Default)]
pub(super) struct Volumes {
    /// Those that are open, oldest first.
    pub(super) open: Vec<Volume>,
    /// Those that can't be opened, and why.
    pub(super) shut: Vec<(String, StoreError)>,
    /// The number of the newest; 0 where there is none.
    last: u32,
    /// Whether the newest is open.
    is_last_open: bool,
}

/// Photos of an event, as far as they can be read.
#[derive(Debug, Default)]
pub(super) struct ListedPhotos {
    /// In no order.
    pub(super) photos: Vec<StoredPhoto>,
    /// Why there may be more.
    pub(super) trouble: Option<NodeError>,
}

/// Damage that hides photos, and the volume that has it.
type Hurt = (String, [u8; 32]);

impl EventArchive {
    pub(super) fn volumes(&self, event_id: EventId) -> Volumes {
        let mut volumes = Volumes::default();
        let numbered = match self.numbered(event_id) {
            Ok(numbered) => numbered,
            Err(error) => {
                volumes.shut.push((volume_id(event_id, 1), error));
                return volumes;
            }
        };
        for (number, id) in numbered {
            match self.archive.volume(&id) {
                Ok(Some(volume)) => volumes.open.push(volume),
                Ok(None) => continue,
                Err(error) => volumes.shut.push((id.clone(), error)),
            }
            volumes.last = number;
            volumes.is_last_open = volumes.open.last().is_some_and(|volume| volume.id() == id);
        }
        volumes
    }

    /// The numbers and ids of an event's volumes that are there, oldest first: one that is gone
    /// hides none behind it.
    fn numbered(&self, event_id: EventId) -> Result<Vec<(u32, String)>, StoreError> {
        let prefix = format!("{event_id}-");
        let numbered = self.archive.list_of(&prefix)?.into_iter().filter_map(|id| {
            let number = id.strip_prefix(&prefix)?.parse().ok()?;
            ((1..=EVENT_VOLUMES_MAX).contains(&number) && id == volume_id(event_id, number)).then_some((number, id))
        });
        Ok(numbered.collect())
    }

    /// The volume that has the photo, and its record.
    pub(super) fn home_of(&self, event_id: EventId, photo_id: PhotoId) -> Result<Option<(Volume, Vec<u8>)>, NodeError> {
        let volumes = self.volumes(event_id);
        let mut trouble = volumes.shut.into_iter().next().map(|(_, error)| error);
        for volume in volumes.open.into_iter().rev() {
            match volume.record(&photo_name(photo_id)) {
                Ok(Some(record)) => return Ok(Some((volume, record))),
                Ok(None) => {}
                Err(error) => trouble = trouble.or(Some(error)),
            }
        }
        trouble.map_or(Ok(None), |error| Err(error.into()))
    }

    /// The volume that has the photo.
    pub(super) fn volume_of(&self, event_id: EventId, photo_id: PhotoId) -> Result<Volume, NodeError> {
        let home = self.home_of(event_id, photo_id)?;
        home.map(|(volume, _)| volume).ok_or_else(|| StoreError::BlobMissing.into())
    }

    /// The photos that each volume has and no newer one, newest volume first; and why there
    /// may be more.
    pub(super) fn photos_by_volume(&self, event_id: EventId) -> (Vec<(Volume, Vec<StoredPhoto>)>, Option<NodeError>) {
        let volumes = self.volumes(event_id);
        let mut trouble = volumes.shut.into_iter().next().map(|(_, error)| error.into());
        let (mut known, mut all) = (HashSet::new(), Vec::new());
        for volume in volumes.open.into_iter().rev() {
            let listed = match volume.records(PHOTO_PREFIX) {
                Ok(listed) => listed,
                Err(error) => {
                    trouble = trouble.or_else(|| Some(error.into()));
                    continue;
                }
            };
            if !listed.gaps.is_empty() {
                // What is stored anew is no longer entrusted to it, nor found in it by chance.
                volume.close_to_new();
                trouble = trouble.or_else(|| Some(unreadable(&volume).into()));
            }
            let mut photos = Vec::with_capacity(listed.entries.len());
            for (_, record) in listed.entries {
                match StoredPhoto::decode(&record) {
                    Ok(photo) if known.insert(photo.photo_id()) => photos.push(photo),
                    Ok(_) => {}
                    Err(error) => trouble = trouble.or(Some(error)),
                }
            }
            all.push((volume, photos));
        }
        (all, trouble)
    }

    /// The records of all photos of an event that can be read; and why there may be more,
    /// unless its files were imported again since.
    pub(super) fn listed(&self, event_id: EventId) -> ListedPhotos {
        let (by_volume, trouble) = self.photos_by_volume(event_id);
        let trouble = match trouble {
            Some(error) if error.is_of_damage() => self.counted(event_id).1,
            other => other,
        };
        ListedPhotos { photos: by_volume.into_iter().flat_map(|(_, photos)| photos).collect(), trouble }
    }

    /// The ids of all photos of an event that can be read; and why there may be more, unless
    /// its files were imported again since.
    pub(super) fn counted(&self, event_id: EventId) -> (HashSet<PhotoId>, Option<NodeError>) {
        let volumes = self.volumes(event_id);
        let (mut ids, mut trouble) = (HashSet::new(), None);
        let mut hurt: Vec<Hurt> = volumes.hurt_shut().collect();
        for volume in &volumes.open {
            match volume.names(PHOTO_PREFIX) {
                Ok(listed) => {
                    ids.extend(listed.entries.iter().filter_map(|(name, _)| photo_of(name)));
                    hurt.extend(hurt_of(volume, &listed.gaps));
                }
                Err(error) => trouble = trouble.or(Some(error)),
            }
        }
        let hurt = hurt.into_iter().filter(|hurt| !volumes.is_mended(hurt)).map(|(id, _)| id);
        let hurt = all_unreadable(hurt.collect());
        let other = volumes.shut.into_iter().map(|(_, error)| error).find(|error| !error.is_of_damage());
        (ids, trouble.or(hurt).or(other).map(NodeError::from))
    }

    /// Notes that all files of an event were imported again since its lists were damaged as
    /// they are now; durable when this returns.
    ///
    /// # Errors
    /// When a volume can't be read or written.
    pub(super) fn note_mended(&self, event_id: EventId) -> Result<(), NodeError> {
        let volumes = self.volumes(event_id);
        let mut all: Vec<Hurt> = volumes.hurt_shut().collect();
        for volume in &volumes.open {
            all.extend(hurt_of(volume, &volume.names(PHOTO_PREFIX)?.gaps));
        }
        all.retain(|hurt| !volumes.is_mended(hurt));
        for (id, damage) in &all {
            self.store(event_id, &mut [], &[(&mended_name(id), damage)])?;
        }
        Ok(())
    }

    /// Stores in the event's last volume, or in a new one where that is damaged.
    pub(super) fn store(
        &self,
        event_id: EventId,
        blobs: &mut [NewBlob<'_>],
        records: &[(&[u8], &[u8])],
    ) -> Result<(), NodeError> {
        let last = self.volume_for_writing(event_id)?;
        match last.put(blobs, records) {
            // It is refused before anything is written or read.
            Err(error) if error.is_of_damage() => last.close_to_new(),
            done => return Ok(done?),
        }
        Ok(self.volume_for_writing(event_id)?.put(blobs, records)?)
    }

    /// Stores in another volume than the one that has a photo, which is damaged.
    pub(super) fn store_elsewhere(
        &self,
        event_id: EventId,
        photo_id: PhotoId,
        blobs: &mut [NewBlob<'_>],
        records: &[(&[u8], &[u8])],
    ) -> Result<(), NodeError> {
        if let Ok(volume) = self.volume_of(event_id, photo_id) {
            volume.close_to_new();
        }
        self.store(event_id, blobs, records)?;
        self.marks.changed_in(event_id);
        Ok(())
    }

    /// The event's last volume; when it is full or damaged, the next is begun.
    fn volume_for_writing(&self, event_id: EventId) -> Result<Volume, NodeError> {
        let mut volumes = self.volumes(event_id);
        let last = volumes.open.last().filter(|_| volumes.is_last_open);
        if let Some(last) = last
            && !last.is_full()
            && !last.is_sealed()?
        {
            return Ok(last.clone());
        }
        if last.is_none()
            && let Some((_, error)) = volumes.shut.pop().filter(|(_, error)| !error.is_of_damage())
        {
            return Err(error.into());
        }
        let next = self.archive.create_volume(&volume_id(event_id, volumes.last + 1))?;
        if let Some(record) = volumes.event_record() {
            next.put(&mut [], &[(EVENT_NAME, &record)])?;
        }
        match volumes.open.last().filter(|_| volumes.is_last_open).map_or(Ok(()), Volume::seal) {
            // There it can't be noted, and nobody can write there either.
            Err(error) if error.is_of_damage() => {}
            sealed => sealed?,
        }
        Ok(next)
    }
}

impl Volumes {
    /// What the newest volume says of the event.
    pub(super) fn event_record(&self) -> Option<Vec<u8>> {
        self.open.iter().rev().find_map(|volume| volume.record(EVENT_NAME).ok().flatten())
    }

    fn hurt_shut(&self) -> impl Iterator<Item = Hurt> {
        let damaged = self.shut.iter().filter(|(_, error)| error.is_of_damage());
        damaged.map(|(id, _)| (id.clone(), *blake3::hash(id.as_bytes()).as_bytes()))
    }

    fn is_mended(&self, (id, damage): &Hurt) -> bool {
        let noted = self.open.iter().filter_map(|volume| volume.record(&mended_name(id)).ok().flatten());
        noted.into_iter().any(|noted| noted == damage)
    }
}

/// What of a volume's list of photos is damaged, if anything is.
fn hurt_of(volume: &Volume, lost: &[Vec<u8>]) -> Option<Hurt> {
    if lost.is_empty() {
        return None;
    }
    let mut hasher = blake3::Hasher::new();
    for start in lost {
        hasher.update(&(start.len() as u64).to_be_bytes()).update(start);
    }
    Some((volume.id().to_owned(), *hasher.finalize().as_bytes()))
}

fn photo_of(name: &[u8]) -> Option<PhotoId> {
    Some(PhotoId(ContentHash(name.strip_prefix(PHOTO_PREFIX)?.try_into().ok()?)))
}

fn unreadable(volume: &Volume) -> StoreError {
    StoreError::PartUnreadable { volume: volume.id().to_owned() }
}

fn all_unreadable(mut volumes: Vec<String>) -> Option<StoreError> {
    volumes.sort_unstable();
    match volumes.len() {
        0 | 1 => volumes.pop().map(|volume| StoreError::PartUnreadable { volume }),
        _ => Some(StoreError::PartsUnreadable { volumes }),
    }
}

fn mended_name(volume: &str) -> Vec<u8> {
    [MENDED_PREFIX, volume.as_bytes()].concat()
}

#[cfg(test)]
mod tests;
