//! A gallery's basket.

use enprint_host_index::views::SessionId;
use enprint_web::{Form, json};
use warp::reply::{Reply, Response};

use super::fields::Fields;
use super::galleries::seen;
use super::shapes::{self, read_choice, read_choices};
use crate::fault::Fault;
use crate::protocol::ids::EventId;
use crate::visitor::Visitor;

/// The basket as it stands.
pub(super) async fn show(event_id: EventId, _: Form, visitor: Visitor) -> Result<Response, Fault> {
    let session = inside(&visitor, &event_id)?;
    let basket = visitor.index().basket(session, event_id).await?;
    Ok(json(&shapes::basket(&basket))?.into_response())
}

/// Puts these lines in place of what is there, or changes nothing.
pub(super) async fn replace(event_id: EventId, mut sent: Fields, visitor: Visitor) -> Result<Response, Fault> {
    let session = inside(&visitor, &event_id)?;
    visitor.check_meant()?;
    let choices = read_choices(sent.lines()?)?;
    sent.end()?;
    let basket = visitor.index().replace_basket(session, event_id, &choices).await?;
    Ok(json(&shapes::basket(&basket))?.into_response())
}

/// Adds one line; one of the same kind grows.
pub(super) async fn add(event_id: EventId, sent: Fields, visitor: Visitor) -> Result<Response, Fault> {
    let session = inside(&visitor, &event_id)?;
    visitor.check_meant()?;
    let basket = visitor.index().add_to_basket(session, event_id, &read_choice(sent)?).await?;
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
