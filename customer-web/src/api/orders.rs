//! Placing orders, and following them.

use enprint_host_index::views::{Chosen, OrderToken, PlaceOrder};
use enprint_web::{Form, WebError, json, with_status};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json as object;
use warp::reply::{Reply, Response};

use super::galleries::seen;
use super::shapes::{self, SentLine};
use crate::fault::Fault;
use crate::limits::API_LINES_MAX;
use crate::protocol::ids::EventId;
use crate::protocol::money::Money;
use crate::visitor::Visitor;

/// An order as it is sent. Without `lines` the basket is ordered.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    idempotency_key: String,
    name: String,
    email: String,
    delivery: String,
    #[serde(default)]
    address: String,
    #[serde(default)]
    note: String,
    lines: Option<Vec<SentLine>>,
    expected_total_minor: Option<i64>,
}

/// Places an order: 201. Under the same key it is the same order: 200, and the same body.
pub(super) async fn place(event_id: EventId, sent: Place, visitor: Visitor) -> Result<Response, Fault> {
    seen(&visitor, &event_id)?;
    visitor.check_meant()?;
    let wanted = wanted(event_id, sent, &visitor).await?;
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

async fn wanted(event_id: EventId, sent: Place, visitor: &Visitor) -> Result<PlaceOrder, Fault> {
    let chosen = match &sent.lines {
        None => Chosen::Basket,
        Some(lines) if lines.len() > API_LINES_MAX => {
            return Err(Fault::field("lines", format!("An order has at most {API_LINES_MAX} lines.")));
        }
        Some(lines) => Chosen::Lines(lines.iter().map(SentLine::read).collect::<Result<_, _>>()?),
    };
    let expected_total = match sent.expected_total_minor {
        None => None,
        Some(minor) => {
            let gallery = visitor.index().gallery(event_id).await?.ok_or(WebError::NotFound)?;
            Some(Money::new(minor, gallery.event.price_list.currency))
        }
    };
    Ok(PlaceOrder {
        idempotency_key: sent.idempotency_key,
        session_id: visitor.opened(&event_id)?,
        event_id,
        chosen,
        name: sent.name,
        email: sent.email,
        delivery: sent.delivery,
        address: sent.address,
        note: sent.note,
        expected_total,
    })
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
