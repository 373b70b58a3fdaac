//! Placing orders, and following them.

use enprint_host_index::views::{Chosen, OrderToken, PlaceOrder, SessionId};
use enprint_web::{Form, WebError, json, with_status};
use http::StatusCode;
use serde_json::json as object;
use warp::reply::{Reply, Response};

use super::fields::Fields;
use super::shapes::{self, read_choices};
use crate::fault::Fault;
use crate::limits::API_AMOUNT_MINOR_MAX;
use crate::protocol::ids::EventId;
use crate::protocol::money::Money;
use crate::visitor::Visitor;

/// Places an order: 201. Under the same key it is the same order: 200, and the same body,
/// even where the gallery was withdrawn in between.
pub(super) async fn place(event_id: EventId, sent: Fields, visitor: Visitor) -> Result<Response, Fault> {
    let session_id = visitor.known()?.session_id;
    visitor.check_meant()?;
    let wanted = wanted(event_id, session_id, sent, &visitor).await?;
    let placed = visitor.index().place(&wanted).await?;
    let answer = object!({
        "order_id": placed.order_id.to_string(),
        "number": placed.number,
        "total_minor": placed.total.minor,
        "currency": placed.total.currency.to_string(),
        "order_url": format!("{}/orders/{}", visitor.shop.base_url(), placed.token),
        "token": placed.token.to_string(),
    });
    let status = if placed.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(with_status(json(&answer)?, status))
}

/// What was sent; without `lines` the basket is ordered. Whether the session may order
/// from the gallery, the database says.
async fn wanted(
    event_id: EventId,
    session_id: SessionId,
    mut sent: Fields,
    visitor: &Visitor,
) -> Result<PlaceOrder, Fault> {
    let lines = sent.maybe_lines()?.map(read_choices).transpose()?;
    let expected_minor = sent.maybe_whole("expected_total_minor", 0..=API_AMOUNT_MINOR_MAX)?;
    let wanted = PlaceOrder {
        idempotency_key: sent.text("idempotency_key")?,
        session_id,
        event_id,
        chosen: lines.map_or(Chosen::Basket, Chosen::Lines),
        name: sent.text("name")?,
        email: sent.text("email")?,
        delivery: sent.text("delivery")?,
        address: sent.maybe_text("address")?.unwrap_or_default(),
        note: sent.maybe_text("note")?.unwrap_or_default(),
        expected_total: match expected_minor {
            Some(minor) => in_currency_of(event_id, minor, visitor).await?,
            None => None,
        },
    };
    sent.end()?;
    Ok(wanted)
}

/// Nothing for a gallery that is not here, which the database then says.
async fn in_currency_of(event_id: EventId, minor: i64, visitor: &Visitor) -> Result<Option<Money>, Fault> {
    let gallery = visitor.index().gallery(event_id).await?;
    Ok(gallery.map(|gallery| Money::new(minor, gallery.event.price_list.currency)))
}

/// The orders of this token and of its account, newest first.
pub(super) async fn list(_: Form, visitor: Visitor) -> Result<Response, Fault> {
    let orders = visitor.index().orders_of_session(visitor.known()?.session_id).await?;
    let orders: Vec<_> = orders.iter().map(shapes::order_summary).collect();
    Ok(json(&object!({ "orders": orders }))?.into_response())
}

/// An order by its own token; nobody has to be known for it.
pub(super) async fn show(token: OrderToken, _: Form, visitor: Visitor) -> Result<Response, Fault> {
    let order = visitor.index().order(&token).await?.ok_or(WebError::NotFound)?;
    Ok(json(&shapes::order(&order))?.into_response())
}
