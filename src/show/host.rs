//! A host's answers to its operator, in words and as JSON.

use std::path::Path;

use enprint_host_index::index::Waiting;
use enprint_host_index::views::{Counts, EventSummary, OrderSummary, PeerState, PeerView};
use enprint_protocol::enrol::Role;
use enprint_protocol::time::UnixMs;
use serde_json::{Value, json};

use super::{bytes, columns, count};

/// What is said once the host runs.
pub fn ready(public_url: &str, addresses: &[String]) -> String {
    format!(
        "The host runs; Ctrl-C stops it.\nCustomers open galleries at {public_url}\nPeers reach it at\n  {}",
        addresses.join("\n  ")
    )
}

/// A new invitation, and what its receiver does with it.
pub fn invitation(code: &str, role: Role, days: u32, addresses: &[String]) -> String {
    let address = addresses.first().map_or("ADDRESS", String::as_str);
    let enrol = match role {
        Role::Photographer => format!("enprint photographer enrol {address} --code {code} --name \"Their name\""),
        Role::Lab => format!("enprint lab enrol {address} --code {code}"),
    };
    let mut text =
        format!("{code}\nUsable once, by one {}, for {}. They run\n", role.word(), count(days.into(), "day", "days"));
    text += &format!("  {enrol}\n");
    text + match addresses {
        [] => "where ADDRESS is what “enprint host” prints when it starts.",
        [_] => "",
        _ => "or with another of the addresses that “enprint host” prints.",
    }
}

/// Enrolled peers.
pub fn peers(peers: &[PeerView]) -> String {
    if peers.is_empty() {
        return "Nobody has enrolled yet. “enprint host invite --role photographer” makes an invitation.".into();
    }
    let row = |peer: &PeerView| {
        let state = if peer.state == PeerState::Suspended { "suspended" } else { "" };
        let seen = peer.seen.map_or_else(|| "never seen".into(), |at| format!("seen {}", moment(at)));
        vec![peer.role.word().into(), peer.name.clone(), seen, state.into(), peer.peer_id.to_string()]
    };
    columns(&peers.iter().map(row).collect::<Vec<_>>())
}

/// Enrolled peers, for scripts.
pub fn peers_json(peers: &[PeerView]) -> Value {
    let peer = |peer: &PeerView| {
        json!({
            "peer_id": peer.peer_id.to_string(),
            "role": peer.role.word(),
            "name": peer.name,
            "addresses": peer.addresses.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "suspended": peer.state == PeerState::Suspended,
            "enrolled_ms": peer.enrolled.0,
            "seen_ms": peer.seen.map(|at| at.0),
        })
    };
    json!({ "peers": peers.iter().map(peer).collect::<Vec<_>>() })
}

/// Events.
pub fn events(events: &[EventSummary]) -> String {
    if events.is_empty() {
        return "No event has been published yet.".into();
    }
    let row = |event: &EventSummary| {
        vec![
            event.name.clone(),
            event.photographer_name.clone(),
            count(event.photos, "photo", "photos"),
            bytes(event.bytes),
            count(event.orders, "order", "orders"),
            moment(event.published),
        ]
    };
    columns(&events.iter().map(row).collect::<Vec<_>>())
}

/// Events, for scripts.
pub fn events_json(events: &[EventSummary]) -> Value {
    let event = |event: &EventSummary| {
        json!({
            "event_id": event.event_id.to_string(),
            "name": event.name,
            "photographer": event.photographer.to_string(),
            "photos": event.photos,
            "bytes": event.bytes,
            "orders": event.orders,
            "published_ms": event.published.0,
        })
    };
    json!({ "events": events.iter().map(event).collect::<Vec<_>>() })
}

/// Orders, newest first.
pub fn orders(orders: &[OrderSummary]) -> String {
    if orders.is_empty() {
        return "No orders yet.".into();
    }
    let row = |order: &OrderSummary| {
        let paid = if order.paid.is_some() { "paid" } else { "not paid" };
        vec![
            order.number.clone(),
            moment(order.placed),
            order.event_name.clone(),
            order.total.to_string(),
            paid.into(),
            order.state.word().into(),
        ]
    };
    columns(&orders.iter().map(row).collect::<Vec<_>>())
}

/// Orders, for scripts.
pub fn orders_json(orders: &[OrderSummary]) -> Value {
    let order = |order: &OrderSummary| {
        json!({
            "order_id": order.order_id.to_string(),
            "number": order.number,
            "event": order.event_name,
            "photographer": order.photographer.to_string(),
            "placed_ms": order.placed.0,
            "total_minor": order.total.minor,
            "currency": order.total.currency.to_string(),
            "paid": order.paid.is_some(),
            "state": order.state.word(),
        })
    };
    json!({ "orders": orders.iter().map(order).collect::<Vec<_>>() })
}

/// How the host is.
pub fn status(counts: &Counts, bytes_at_rest: u64, waiting: &[Waiting]) -> String {
    let mut text = format!(
        "Peers     {}, {}\n",
        count(counts.photographers, "photographer", "photographers"),
        count(counts.labs, "lab", "labs")
    );
    text += &format!(
        "Galleries {} with {}, {} of proofs and thumbnails\n",
        counts.events,
        count(counts.photos, "photo", "photos"),
        bytes(counts.rendition_bytes)
    );
    text += &format!("Orders    {}, {} not paid\n", counts.orders, counts.orders_unpaid);
    text += &format!(
        "Visitors  {}, {}\n",
        count(counts.sessions, "session", "sessions"),
        count(counts.accounts, "account", "accounts")
    );
    text += &format!("Database  {}\n", bytes(bytes_at_rest));
    for message in waiting {
        let error = message.last_error.as_deref().unwrap_or("its photographer is not connected");
        let word = if message.refused { "Refused " } else { "Waiting " };
        text += &format!("{word}  {} for {}: {error}\n", message.id, message.peer);
    }
    text
}

/// How the host is, for scripts.
pub fn status_json(counts: &Counts, bytes_at_rest: u64, waiting: &[Waiting]) -> anyhow::Result<Value> {
    let message = |message: &Waiting| {
        json!({
            "id": message.id,
            "peer": message.peer,
            "attempts": message.attempts,
            "last_error": message.last_error,
            "refused": message.refused,
        })
    };
    Ok(json!({
        "counts": serde_json::to_value(counts)?,
        "bytes_at_rest": bytes_at_rest,
        "waiting": waiting.iter().map(message).collect::<Vec<_>>(),
    }))
}

/// After a backup.
pub fn backed_up(file: &Path) -> String {
    format!(
        "The database is copied to {}. Keep a copy of host.key with it: without that key, codes and orders can't be read.",
        file.display()
    )
}

fn moment(at: UnixMs) -> String {
    at.to_timestamp().strftime("%Y-%m-%d %H:%M UTC").to_string()
}
