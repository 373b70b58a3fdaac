//! A host's answers to its operator, in words and as JSON.

use std::path::Path;

use enprint_host_index::views::{EventSummary, HostStatus, OrderSummary, PeerState, PeerView, WaitingOrder};
use enprint_protocol::enrol::Role;
use enprint_protocol::peer::PeerStatus;
use enprint_protocol::time::UnixMs;
use serde_json::{Value, json};

use super::waiting::{time, tries};
use super::{bytes, columns, count, network, running};

/// What is said once the host runs.
pub fn ready(public_url: &str, addresses: &[String]) -> String {
    format!(
        "The host runs; Ctrl-C stops it.\nCustomers open galleries at {public_url}\nPeers reach it at\n  {}",
        addresses.join("\n  ")
    )
}

/// A new invitation, and what its receiver does with it.
pub fn invitation(code: &str, role: Role, days: u32, addresses: &[String]) -> String {
    // Of several, one that leads here from another machine.
    let elsewhere = addresses.iter().find(|at| !at.starts_with("/ip4/127.") && !at.starts_with("/ip6/::1/"));
    let address = elsewhere.or(addresses.first()).map_or("ADDRESS", String::as_str);
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
pub fn status(status: &HostStatus) -> String {
    let HostStatus { process, counts, .. } = status;
    let mut text = format!("Host        {}\n", running(process.is_some()));
    if let Some(process) = process {
        text += &format!("Web         {}\n", process.public_url);
        for address in &process.addresses {
            text += &format!("Listens     {address}/p2p/{}\n", process.peer_id);
        }
        text += &network(process.wire_sent_bytes, process.wire_received_bytes);
    }
    text += &format!(
        "Enrolled    {}, {}\n",
        count(counts.photographers, "photographer", "photographers"),
        count(counts.labs, "lab", "labs")
    );
    if process.is_some() {
        text += &super::peers::peers(&status.peers, true, &["photographer", "lab"]);
    }
    text += &format!(
        "Galleries   {} with {}, {} of proofs and thumbnails\n",
        counts.events,
        count(counts.photos, "photo", "photos"),
        bytes(counts.rendition_bytes)
    );
    text += &format!("Orders      {}, {} not paid\n", counts.orders, counts.orders_unpaid);
    text += &format!(
        "Visitors    {}, {}\n",
        count(counts.sessions, "session", "sessions"),
        count(counts.accounts, "account", "accounts")
    );
    text += &format!("Database    {}\n", bytes(status.bytes_at_rest));
    status.waiting.iter().for_each(|message| text += &waits(message, &status.peers));
    text
}

fn waits(message: &WaitingOrder, peers: &[PeerStatus]) -> String {
    let label = if message.refused { "Refused" } else { "Waiting" };
    let known = peers.iter().find(|peer| peer.peer_id.to_string() == message.peer);
    let photographer = known.map_or(message.peer.as_str(), |peer| peer.name.as_str());
    let error = message.last_error.as_deref().unwrap_or("the photographer’s node is not connected");
    let (waits, tries) = (time(message.waits_s), tries(message.attempts));
    format!("{label:<10}  an order or a payment for {photographer} (for {waits}, {tries}): {error}\n")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_names_an_address_that_leads_here_from_elsewhere_if_there_is_one() {
        let at = |ip: &str| format!("{ip}/tcp/4040/p2p/12D3");
        let (here, lan) = (at("/ip4/127.0.0.1"), at("/ip4/192.0.2.7"));
        let told = invitation("CODE", Role::Lab, 7, &[here.clone(), lan]);
        assert!(told.contains("enprint lab enrol /ip4/192.0.2.7/"), "{told}");
        assert!(invitation("CODE", Role::Lab, 7, &[here]).contains("enprint lab enrol /ip4/127.0.0.1/"));
    }
}
