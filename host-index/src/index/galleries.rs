//! Galleries as customers walk through them: by category, page by page, photo by photo.

use enprint_protocol::access_code::AccessCode;
use enprint_protocol::ids::{EventId, PhotoId};
use enprint_store::args;
use enprint_store::ledger::{Arg, Session as Sql};

use super::photo_rows::{photo_columns, photo_row, words_join};
use super::{Index, events};
use crate::error::HostError;
use crate::limits::{PAGE_PHOTOS_MAX, SEARCH_BYTES_MAX};
use crate::stored;
use crate::views::{Gallery, PageRequest, PhotoFilter, PhotoPage, PhotoView};

/// The photos of a filter: the event is `$1`, the category `$2`, the search pattern `$3`.
macro_rules! in_filter {
    () => {
        "p.event_id = $1 AND ($2 IS NULL OR p.category = $2) AND ($3 IS NULL OR p.search LIKE $3 ESCAPE '!')"
    };
}

impl Index {
    /// The event that this access code opens. The database is asked for the code's keyed
    /// hash, so how long it takes says nothing about how close a guess was.
    ///
    /// # Errors
    /// The database's.
    pub async fn open_gallery(&self, code: &AccessCode) -> Result<Option<EventId>, HostError> {
        let sql = "SELECT e.event_id FROM event e JOIN peer p ON p.peer_id = e.photographer
                   WHERE e.code_hash = $1 AND p.suspended_ms IS NULL";
        let hash = self.secrets().access_code(code);
        let row = self.ledger().read().fetch_optional(sql, args![hash.0]).await?;
        row.map(|row| stored::bytes(&row, "event_id").map(EventId)).transpose()
    }

    /// The gallery, unless it is not here (any more).
    ///
    /// # Errors
    /// The database's.
    pub async fn gallery(&self, event_id: EventId) -> Result<Option<Gallery>, HostError> {
        let mut sql = self.ledger().snapshot().await?;
        let Some(open) = events::open(&mut sql, event_id).await? else {
            return Ok(None);
        };
        let query = "SELECT category, COUNT(*) AS photos FROM photo WHERE event_id = $1
                     GROUP BY category ORDER BY category";
        let mut categories = Vec::new();
        for row in sql.fetch_all(query, args![event_id.0]).await? {
            categories.push((row.text("category")?, stored::count(&row, "photos")?));
        }
        // A category that the event no longer names comes last.
        let place = |name: &String| open.record.categories.iter().position(|known| known == name);
        categories.sort_by_key(|(name, _)| place(name).unwrap_or(usize::MAX));
        Ok(Some(Gallery {
            event: open.record,
            photos: open.photos,
            categories,
            photographer_seen: open.photographer_seen,
        }))
    }

    /// One page of a gallery's photos. A page past the end is the last one; a gallery
    /// that is not here has none.
    ///
    /// # Errors
    /// The database's.
    pub async fn photos(
        &self,
        event_id: EventId,
        filter: &PhotoFilter,
        page: PageRequest,
    ) -> Result<PhotoPage, HostError> {
        let mut sql = self.ledger().snapshot().await?;
        let filter = Filter::new(event_id, filter);
        let total = match events::open(&mut sql, event_id).await? {
            Some(_) => filter.count(&mut sql).await?,
            None => 0,
        };
        let size = page.size.clamp(1, PAGE_PHOTOS_MAX);
        let pages = u32::try_from(total.div_ceil(size.into())).unwrap_or(u32::MAX).max(1);
        let number = page.number.clamp(1, pages);
        let query = concat!(
            "SELECT ",
            photo_columns!(),
            " FROM photo p",
            words_join!(),
            "WHERE ",
            in_filter!(),
            " ORDER BY p.sort_key, p.photo_id LIMIT $4 OFFSET $5"
        );
        let skipped = i64::from(number - 1) * i64::from(size);
        let rows = match total {
            0 => Vec::new(),
            _ => sql.fetch_all(query, filter.args(args![size, skipped])).await?,
        };
        let photos = rows.iter().map(photo_row).collect::<Result<_, _>>()?;
        Ok(PhotoPage { photos, number, pages, total })
    }

    /// A photo with its neighbours in a filter; `None` when it is not in the gallery or
    /// not in the filter.
    ///
    /// # Errors
    /// The database's.
    pub async fn photo(
        &self,
        event_id: EventId,
        photo_id: PhotoId,
        filter: &PhotoFilter,
    ) -> Result<Option<PhotoView>, HostError> {
        let mut sql = self.ledger().snapshot().await?;
        let filter = Filter::new(event_id, filter);
        if events::open(&mut sql, event_id).await?.is_none() {
            return Ok(None);
        }
        let query = concat!(
            "SELECT p.sort_key, ",
            photo_columns!(),
            " FROM photo p",
            words_join!(),
            "WHERE ",
            in_filter!(),
            " AND p.photo_id = $4"
        );
        let Some(row) = sql.fetch_optional(query, filter.args(args![photo_id.0.0])).await? else {
            return Ok(None);
        };
        let place = args![row.text("sort_key")?, photo_id.0.0];
        let before = concat!(
            "SELECT COUNT(*) AS photos FROM photo p WHERE ",
            in_filter!(),
            " AND (p.sort_key, p.photo_id) < ($4, $5)"
        );
        let before = sql.fetch_one(before, filter.args(place.clone())).await?;
        Ok(Some(PhotoView {
            photo: photo_row(&row)?,
            previous: neighbour(&mut sql, PREVIOUS, filter.args(place.clone())).await?,
            next: neighbour(&mut sql, NEXT, filter.args(place)).await?,
            position: stored::count(&before, "photos")? + 1,
            total: filter.count(&mut sql).await?,
        }))
    }
}

const PREVIOUS: &str = concat!(
    "SELECT p.photo_id FROM photo p WHERE ",
    in_filter!(),
    " AND (p.sort_key, p.photo_id) < ($4, $5) ORDER BY p.sort_key DESC, p.photo_id DESC LIMIT 1"
);

const NEXT: &str = concat!(
    "SELECT p.photo_id FROM photo p WHERE ",
    in_filter!(),
    " AND (p.sort_key, p.photo_id) > ($4, $5) ORDER BY p.sort_key, p.photo_id LIMIT 1"
);

async fn neighbour(sql: &mut Sql, query: &'static str, args: Vec<Arg>) -> Result<Option<PhotoId>, HostError> {
    let row = sql.fetch_optional(query, args).await?;
    row.map(|row| stored::photo_id(&row, "photo_id")).transpose()
}

/// A [`PhotoFilter`] as the statements take it.
struct Filter {
    event_id: EventId,
    category: Option<String>,
    pattern: Option<String>,
}

impl Filter {
    fn new(event_id: EventId, filter: &PhotoFilter) -> Self {
        Self {
            event_id,
            category: filter.category.clone().filter(|category| !category.contains('\0')),
            pattern: filter.search.as_deref().and_then(pattern),
        }
    }

    fn args(&self, more: Vec<Arg>) -> Vec<Arg> {
        let mut args = args![self.event_id.0, self.category.clone(), self.pattern.clone()];
        args.extend(more);
        args
    }

    async fn count(&self, sql: &mut Sql) -> Result<u64, HostError> {
        let query = concat!("SELECT COUNT(*) AS photos FROM photo p WHERE ", in_filter!());
        stored::count(&sql.fetch_one(query, self.args(Vec::new())).await?, "photos")
    }
}

/// What LIKE is asked for; a search's own percent signs mean themselves.
fn pattern(search: &str) -> Option<String> {
    let search = search.trim();
    let end = search.floor_char_boundary(SEARCH_BYTES_MAX);
    let plain: String = search[..end].to_lowercase().chars().filter(|c| !c.is_control()).collect();
    if plain.is_empty() {
        return None;
    }
    let escaped = plain.replace('!', "!!").replace('%', "!%").replace('_', "!_");
    Some(format!("%{escaped}%"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_means_what_it_says() {
        assert_eq!(pattern("  IMG_1 "), Some("%img!_1%".into()));
        assert_eq!(pattern("100%!"), Some("%100!%!!%".into()));
        assert_eq!(pattern(" \0 "), None);
        assert!(pattern(&"ä".repeat(1_000)).unwrap().len() <= SEARCH_BYTES_MAX + 2);
    }
}
