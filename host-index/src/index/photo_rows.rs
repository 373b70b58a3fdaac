//! How a photo stands in its row, and the statements that take many at once. Statements
//! are literals of the program, so a list of ids goes in groups of a fixed size.

use enprint_protocol::ids::{ContentHash, PhotoId};
use enprint_protocol::publish::{NotForPrint, PublishedPhoto};
use enprint_store::args;
use enprint_store::ledger::{Arg, Row};

use super::strip_check;
use crate::error::HostError;
use crate::stored;
use crate::views::{PhotoRow, PhotoWords, RenditionSize};

/// Ids that go into one statement: as many as [`ids`] has placeholders.
const GROUP: usize = 20;

/// `column` is one of the group's ids, which are `$2` to `$21`.
macro_rules! in_group {
    ($column:literal) => {
        concat!(
            $column,
            " IN ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)"
        )
    };
}
pub(super) use in_group;

/// The columns of a [`PhotoRow`] of the tables `p` and `w`, which [`words_join`] adds.
macro_rules! photo_columns {
    () => {
        "p.photo_id, p.file_name, p.category, p.captured, p.camera, p.width_px, p.height_px, p.rating,
         p.thumbnail_width_px, p.thumbnail_height_px, p.thumbnail_bytes, p.thumbnail_hash,
         p.proof_width_px, p.proof_height_px, p.proof_bytes, p.proof_hash,
         w.captured_offset_minutes, w.lens, w.exposure, w.author, w.caption, w.keywords, w.placeholder,
         w.not_for_print"
    };
}
pub(super) use photo_columns;

/// The words of each photo of the table `p`, where it has some.
macro_rules! words_join {
    () => {
        " LEFT JOIN photo_words w ON w.event_id = p.event_id AND w.photo_id = p.photo_id "
    };
}
pub(super) use words_join;

/// Puts a photo's words into their row, or in place of what is there.
pub(super) const UPSERT_WORDS: &str = "INSERT INTO photo_words (event_id, photo_id, captured_offset_minutes,
        lens, exposure, author, caption, keywords, placeholder, not_for_print)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
     ON CONFLICT (event_id, photo_id) DO UPDATE SET captured_offset_minutes = $3, lens = $4,
        exposure = $5, author = $6, caption = $7, keywords = $8, placeholder = $9, not_for_print = $10";

/// Puts a photo into its row, or in place of what is there.
pub(super) const UPSERT: &str = "INSERT INTO photo (event_id, photo_id, revision, category, sort_key,
        search, file_name, captured, camera, width_px, height_px, rating,
        thumbnail_width_px, thumbnail_height_px, thumbnail_bytes, thumbnail_hash,
        proof_width_px, proof_height_px, proof_bytes, proof_hash, thumbnail, proof)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
        $20, $21, $22)
     ON CONFLICT (event_id, photo_id) DO UPDATE SET revision = $3, category = $4, sort_key = $5,
        search = $6, file_name = $7, captured = $8, camera = $9, width_px = $10, height_px = $11,
        rating = $12, thumbnail_width_px = $13, thumbnail_height_px = $14, thumbnail_bytes = $15,
        thumbnail_hash = $16, proof_width_px = $17, proof_height_px = $18, proof_bytes = $19,
        proof_hash = $20, thumbnail = $21, proof = $22";

/// A photo that has passed every check, with what follows from it.
pub(super) struct CheckedPhoto {
    pub(super) photo: PublishedPhoto,
    pub(super) revision: ContentHash,
    thumbnail_hash: ContentHash,
    proof_hash: ContentHash,
}

impl CheckedPhoto {
    /// Checks data and pictures, and hashes them. Takes a moment: not for an async task.
    ///
    /// # Errors
    /// Names what breaks a rule; [`HostError::MetadataInPicture`].
    pub(super) fn check(photo: PublishedPhoto) -> Result<Self, HostError> {
        // The revision is of what was sent, so that the sender's next offer fits it.
        let revision = photo.revision()?;
        let photo = photo.checked()?;
        for picture in [&photo.thumbnail, &photo.proof] {
            if let Some(found) = strip_check::foreign_part(&picture.jpeg) {
                let file_name = photo.record.file_name.clone();
                return Err(HostError::MetadataInPicture { file_name, found });
            }
        }
        Ok(Self {
            revision,
            thumbnail_hash: ContentHash::of(&photo.thumbnail.jpeg),
            proof_hash: ContentHash::of(&photo.proof.jpeg),
            photo,
        })
    }

    /// Which photo.
    pub(super) fn photo_id(&self) -> PhotoId {
        self.photo.record.photo_id
    }

    /// Bytes of both pictures.
    pub(super) fn bytes(&self) -> u64 {
        (self.photo.thumbnail.jpeg.len() + self.photo.proof.jpeg.len()) as u64
    }

    /// The values of [`UPSERT`].
    pub(super) fn args(&self, event_id: [u8; 16]) -> Vec<Arg> {
        let (record, thumbnail, proof) = (&self.photo.record, &self.photo.thumbnail, &self.photo.proof);
        let captured = record.captured.map(|at| at.strftime("%Y-%m-%dT%H:%M:%S").to_string());
        args![
            event_id,
            record.photo_id.0.0,
            self.revision.0,
            &record.category,
            sort_key(captured.as_deref(), &record.file_name),
            record.file_name.to_lowercase(),
            &record.file_name,
            captured,
            record.camera.clone(),
            record.width_px,
            record.height_px,
            record.rating,
            thumbnail.width_px,
            thumbnail.height_px,
            length(&thumbnail.jpeg),
            self.thumbnail_hash.0,
            proof.width_px,
            proof.height_px,
            length(&proof.jpeg),
            self.proof_hash.0,
            thumbnail.jpeg.as_slice(),
            proof.jpeg.as_slice(),
        ]
    }

    /// The values of [`UPSERT_WORDS`].
    pub(super) fn words_args(&self, event_id: [u8; 16]) -> Vec<Arg> {
        let record = &self.photo.record;
        args![
            event_id,
            record.photo_id.0.0,
            record.captured_offset_minutes.map(i32::from),
            record.lens.clone(),
            record.exposure.clone(),
            record.author.clone(),
            record.caption.clone(),
            record.keywords.join("\n"),
            record.placeholder.as_ref().map(|bytes| bytes.to_vec()),
            record.not_for_print.map(NotForPrint::word),
        ]
    }
}

/// A photo's data from the columns of [`photo_columns`].
pub(super) fn photo_row(row: &Row) -> Result<PhotoRow, HostError> {
    let rating: Option<i64> = row.get("rating")?;
    Ok(PhotoRow {
        photo_id: stored::photo_id(row, "photo_id")?,
        file_name: row.text("file_name")?,
        category: row.text("category")?,
        captured: row.get("captured")?,
        camera: row.get("camera")?,
        width_px: stored::small(row, "width_px")?,
        height_px: stored::small(row, "height_px")?,
        rating: rating.and_then(|rating| u8::try_from(rating).ok()),
        words: photo_words(row)?,
        not_for_print: not_for_print(row)?,
        thumbnail: RenditionSize {
            width_px: stored::small(row, "thumbnail_width_px")?,
            height_px: stored::small(row, "thumbnail_height_px")?,
            bytes: stored::count(row, "thumbnail_bytes")?,
            hash: stored::hash(row, "thumbnail_hash")?,
        },
        proof: RenditionSize {
            width_px: stored::small(row, "proof_width_px")?,
            height_px: stored::small(row, "proof_height_px")?,
            bytes: stored::count(row, "proof_bytes")?,
            hash: stored::hash(row, "proof_hash")?,
        },
    })
}

/// A photo that was published before there were words has none.
fn photo_words(row: &Row) -> Result<PhotoWords, HostError> {
    let minutes: Option<i64> = row.get("captured_offset_minutes")?;
    let keywords: Option<String> = row.get("keywords")?;
    Ok(PhotoWords {
        captured_offset_minutes: minutes.and_then(|minutes| i16::try_from(minutes).ok()),
        lens: row.get("lens")?,
        exposure: row.get("exposure")?,
        author: row.get("author")?,
        caption: row.get("caption")?,
        keywords: keywords.unwrap_or_default().lines().map(str::to_owned).collect(),
        placeholder: row.get("placeholder")?,
    })
}

/// Why the photo can be looked at and not ordered, from the column `not_for_print`.
pub(super) fn not_for_print(row: &Row) -> Result<Option<NotForPrint>, HostError> {
    let word: Option<String> = row.get("not_for_print")?;
    // A reason that only a newer program knows is one all the same.
    Ok(word.map(|word| NotForPrint::from_word(&word).unwrap_or(NotForPrint::Damaged)))
}

/// The values of statements with [`in_group`], each for a part of `photos`. A last
/// group that is not full repeats an id, which changes nothing.
pub(super) fn groups(event_id: [u8; 16], photos: &[PhotoId]) -> impl Iterator<Item = Vec<Arg>> {
    photos.chunks(GROUP).map(move |group| {
        let filled = group.iter().chain(std::iter::repeat(&group[0])).take(GROUP);
        let ids = filled.map(|photo| Arg::from(photo.0.0));
        std::iter::once(Arg::from(event_id)).chain(ids).collect()
    })
}

/// By capture time and then file name; photos without a time come last. A tab sorts
/// before everything that a file name holds.
fn sort_key(captured: Option<&str>, file_name: &str) -> String {
    format!("{}\t{}", captured.unwrap_or("~"), file_name.to_lowercase())
}

fn length(bytes: &[u8]) -> i64 {
    i64::try_from(bytes.len()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn photos_sort_by_time_then_name_and_those_without_time_come_last() {
        let mut keys = [
            sort_key(None, "a.jpg"),
            sort_key(Some("2026-06-13T14:00:00"), "b.jpg"),
            sort_key(Some("2026-06-13T14:00:00"), "A.jpg"),
            sort_key(Some("2026-06-13T13:59:59"), "z.jpg"),
        ];
        keys.sort();
        assert_eq!(
            keys,
            ["2026-06-13T13:59:59\tz.jpg", "2026-06-13T14:00:00\ta.jpg", "2026-06-13T14:00:00\tb.jpg", "~\ta.jpg",]
        );
    }

    #[test]
    fn ids_go_in_groups_of_one_size() {
        let photos: Vec<PhotoId> = (0..45_u8).map(|n| PhotoId(ContentHash::of(&[n]))).collect();
        let groups: Vec<_> = groups([0; 16], &photos).collect();
        assert_eq!(groups.len(), 3);
        assert!(groups.iter().all(|group| group.len() == GROUP + 1));
        assert_eq!(groups[2][5], Arg::from(photos[44].0.0));
        assert_eq!(groups[2][6], Arg::from(photos[40].0.0));
    }
}
