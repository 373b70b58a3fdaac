//! Looking at galleries: which are open, an event, its photos.

use std::ops::RangeInclusive;

use enprint_host_index::limits::PAGE_PHOTOS_MAX;
use enprint_host_index::views::PageRequest;
use enprint_web::{Form, WebError, json};
use serde_json::json as object;
use warp::reply::{Reply, Response};

use super::fields::{needs_whole, unknown};
use super::shapes;
use crate::fault::Fault;
use crate::limits::{PAGE_NUMBER_MAX, PAGE_PHOTOS};
use crate::parts::view::View;
use crate::protocol::ids::{EventId, PhotoId};
use crate::visitor::Visitor;

/// The galleries that this token has opened, the latest first.
pub(super) async fn list(_: Form, visitor: Visitor) -> Result<Response, Fault> {
    let mut galleries = Vec::new();
    for event_id in &visitor.known()?.events {
        if let Some(gallery) = visitor.index().gallery(*event_id).await? {
            let event_id = event_id.to_string();
            galleries.push(object!({ "event_id": event_id, "name": gallery.event.name, "photos": gallery.photos }));
        }
    }
    Ok(json(&object!({ "galleries": galleries }))?.into_response())
}

/// An event with its price list.
pub(super) async fn show(event_id: EventId, _: Form, visitor: Visitor) -> Result<Response, Fault> {
    seen(&visitor, &event_id)?;
    let gallery = visitor.index().gallery(event_id).await?.ok_or(WebError::NotFound)?;
    Ok(json(&shapes::gallery(&gallery))?.into_response())
}

/// One page of photos: `page`, `page_size`, `category`, `q`.
pub(super) async fn photos(event_id: EventId, query: Form, visitor: Visitor) -> Result<Response, Fault> {
    seen(&visitor, &event_id)?;
    let view = read_view(&query, &["page", "page_size", "category", "q"])?;
    let size = whole(&query, "page_size", 1..=PAGE_PHOTOS_MAX)?.unwrap_or(PAGE_PHOTOS);
    let page = PageRequest { number: view.page, size };
    let page = visitor.index().photos(event_id, &view.filter(), page).await?;
    let photos: Vec<_> = page.photos.iter().map(|photo| shapes::photo(&event_id, photo)).collect();
    let answer = object!({ "photos": photos, "page": page.number, "pages": page.pages, "total": page.total });
    Ok(json(&answer)?.into_response())
}

/// A photo with its neighbours in the same filter.
pub(super) async fn photo(
    event_id: EventId,
    photo_id: PhotoId,
    query: Form,
    visitor: Visitor,
) -> Result<Response, Fault> {
    seen(&visitor, &event_id)?;
    let view = read_view(&query, &["category", "q"])?;
    let found = visitor.index().photo(event_id, photo_id, &view.filter()).await?.ok_or(WebError::NotFound)?;
    let mut answer = shapes::photo(&event_id, &found.photo);
    answer["previous"] = object!(found.previous.map(|photo| photo.to_string()));
    answer["next"] = object!(found.next.map(|photo| photo.to_string()));
    answer["position"] = object!(found.position);
    answer["total"] = object!(found.total);
    Ok(json(&answer)?.into_response())
}

/// Without a token: 401. With one that has not opened this gallery: 404, as for a
/// gallery that is not there.
pub(super) fn seen(visitor: &Visitor, event_id: &EventId) -> Result<(), Fault> {
    visitor.known()?;
    visitor.opened(event_id).map(drop)
}

/// The view that a query asks for. A program is told of what makes no sense, where a
/// page shows the nearest that does.
fn read_view(query: &Form, known: &[&str]) -> Result<View, Fault> {
    if let Some((name, _)) = query.iter().find(|(name, _)| !known.contains(name)) {
        return Err(unknown(name, known).into());
    }
    whole(query, "page", 1..=PAGE_NUMBER_MAX)?;
    Ok(View::of(query))
}

fn whole(query: &Form, name: &'static str, range: RangeInclusive<u32>) -> Result<Option<u32>, Fault> {
    if query.optional(name).is_none() {
        return Ok(None);
    }
    let number = query.integer(name).ok().filter(|number| range.contains(number));
    number.map(Some).ok_or_else(|| Fault::field(name, needs_whole(name, &range)))
}
