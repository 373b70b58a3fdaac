//! A gallery's basket.

use enprint_host_index::views::SessionId;
use enprint_web::{Form, json};
use serde::Deserialize;
use warp::reply::{Reply, Response};

use super::galleries::seen;
use super::shapes::{self, SentLine};
use crate::fault::Fault;
use crate::limits::API_LINES_MAX;
use crate::protocol::ids::EventId;
use crate::visitor::Visitor;

/// All lines of a basket.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lines {
    lines: Vec<SentLine>,
}

/// The basket as it stands.
pub(super) async fn show(event_id: EventId, _: Form, visitor: Visitor) -> Result<Response, Fault> {
    let session = inside(&visitor, &event_id)?;
    let basket = visitor.index().basket(session, event_id).await?;
    Ok(json(&shapes::basket(&basket))?.into_response())
}

/// Puts these lines in place of what is there. All are read before any is put.
pub(super) async fn replace(event_id: EventId, sent: Lines, visitor: Visitor) -> Result<Response, Fault> {
    let session = inside(&visitor, &event_id)?;
    visitor.check_meant()?;
    if sent.lines.len() > API_LINES_MAX {
        return Err(Fault::field("lines", format!("A basket holds at most {API_LINES_MAX} lines.")));
    }
    let choices = sent.lines.iter().map(SentLine::read).collect::<Result<Vec<_>, _>>()?;
    let basket = visitor.index().replace_basket(session, event_id, &choices).await?;
    Ok(json(&shapes::basket(&basket))?.into_response())
}

/// Adds one line; one of the same kind grows.
pub(super) async fn add(event_id: EventId, sent: SentLine, visitor: Visitor) -> Result<Response, Fault> {
    let session = inside(&visitor, &event_id)?;
    visitor.check_meant()?;
    let basket = visitor.index().add_to_basket(session, event_id, &sent.read()?).await?;
    Ok(json(&shapes::basket(&basket))?.into_response())
}

/// Takes everything out.
pub(super) async fn empty(event_id: EventId, _: Form, visitor: Visitor) -> Result<Response, Fault> {
    let session = inside(&visitor, &event_id)?;
    visitor.check_meant()?;
    visitor.index().empty_basket(session, event_id).await?;
    let basket = visitor.index().basket(session, event_id).await?;
    Ok(json(&shapes::basket(&basket))?.into_response())
}

fn inside(visitor: &Visitor, event_id: &EventId) -> Result<SessionId, Fault> {
    seen(visitor, event_id)?;
    visitor.opened(event_id)
}
