//! Thumbnails and proofs, straight from their rows. The server answers 304 by the
//! ETag, and HEAD without the bytes.

use enprint_host_index::views::RenditionKind;
use enprint_web::{Form, Picture, WebError};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH};
use warp::reply::{Reply, Response};

use crate::fault::Fault;
use crate::protocol::ids::{ContentHash, EventId, PhotoId};
use crate::visitor::Visitor;

/// A photo's thumbnail.
pub async fn thumbnail(event_id: EventId, photo_id: PhotoId, query: Form, visitor: Visitor) -> Result<Response, Fault> {
    picture(event_id, photo_id, RenditionKind::Thumbnail, &query, &visitor).await
}

/// A photo's proof.
pub async fn proof(event_id: EventId, photo_id: PhotoId, query: Form, visitor: Visitor) -> Result<Response, Fault> {
    picture(event_id, photo_id, RenditionKind::Proof, &query, &visitor).await
}

/// The picture, to be kept for a year where its hash stands in the address (`v`): the
/// address then changes when the picture does. Under any other address it is asked
/// for again each time.
async fn picture(
    event_id: EventId,
    photo_id: PhotoId,
    kind: RenditionKind,
    query: &Form,
    visitor: &Visitor,
) -> Result<Response, Fault> {
    visitor.opened(&event_id)?;
    let found = visitor.index().rendition(event_id, photo_id, kind).await?;
    let rendition = found.ok_or(WebError::NotFound)?;
    let named = query.filled("v").and_then(|hash| hash.parse::<ContentHash>().ok());
    let length = HeaderValue::from(rendition.jpeg.len());
    let picture = Picture { bytes: rendition.jpeg, content_type: "image/jpeg", etag: rendition.hash.to_string() };
    let mut answer = picture.into_response();
    answer.headers_mut().insert(CONTENT_LENGTH, length);
    if named != Some(rendition.hash) {
        answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    }
    Ok(answer)
}
