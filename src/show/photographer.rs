//! A photographer's node's answers in words.

use enprint_node::photographer::PhotographerAnswer as Answer;
use enprint_node::photographer::commands::{
    EventSummary, HomeSummary, HostSummary, LabSummary, NodeStatus, PhotoCustody, PhotoSummary, Transfer,
};
use enprint_protocol::publish::NotForPrint;
use enprint_protocol::text;

use super::changes::{earlier_proofs, replaced};
use super::galleries::{published, told, withdrawn};
use super::orders::order;
use super::peers::peers;
use super::work::{edited, exported, imported, mark_found, more_photos, verified};
use super::{bytes, columns, connected, connection, count, network, reached, running, waiting};

/// `answer` in words.
pub fn words(answer: &Answer) -> String {
    match answer {
        Answer::Enrolled { host, public_url, .. } => {
            format!("Enrolled at {host}. Customers open galleries at {public_url}.")
        }
        Answer::Event(event) => {
            let rest = prices(&event.prices)
                + &earlier_proofs(&event.name, &event.mark)
                + &replaced(&event.replaced_prices)
                + &told(&event.told)
                + &alike(&event.name, &event.alike, ",");
            events(std::slice::from_ref(event)) + &rest
        }
        Answer::Removed { event, photos, lost, at_second_home } => removed(event, *photos, *lost, *at_second_home),
        Answer::Forgotten { event, photos, withdrawn, orders, lists_damaged } => {
            forgotten(event, photos, *lists_damaged) + &taken_off(*withdrawn) + &orders_without(orders)
        }
        Answer::Events { events: list } if list.is_empty() => {
            "No events yet. “enprint photographer import DIR --event NAME” makes one.".into()
        }
        Answer::Events { events: list } => events(list),
        Answer::Imported(report) => imported(report),
        Answer::Photos { photos, trouble, .. } => photo_list(photos) + &more_photos(trouble.as_deref()),
        Answer::Edited(report) => edited(report),
        Answer::Published(report) => published(report) + &more_photos(report.trouble.as_deref()),
        Answer::Withdrawn { photos, queued, hosts } => withdrawn(*photos, *queued, hosts),
        Answer::Orders { orders } if orders.is_empty() => "No orders yet.".into(),
        Answer::Orders { orders: list } => list.iter().map(order).collect::<Vec<_>>().join("\n"),
        Answer::Order(one) => order(one),
        Answer::Hosts { hosts } => host_list(hosts),
        Answer::Labs { labs } if labs.is_empty() => "No host has named a lab yet.".into(),
        Answer::Labs { labs } => lab_list(labs),
        Answer::Custody { photos, unasked, trouble, .. } => {
            let known: String = photos.iter().map(custody).chain(unasked.iter().map(|home| not_asked(home))).collect();
            known + &more_photos(trouble.as_deref())
        }
        Answer::SecondHomeInvited(invitation) => format!(
            "On the other machine, within an hour:\n  enprint photographer second-home join {}",
            invitation.line
        ),
        Answer::SecondHomes { homes } if homes.is_empty() => {
            "There is no second home: “enprint photographer second-home invite” begins one.".into()
        }
        Answer::SecondHomes { homes } => homes.iter().map(home).collect(),
        Answer::TakenOver { orders: 0 } => {
            "There is nothing to take over: no order is another home's, but for those that a lab has the files of."
                .into()
        }
        Answer::TakenOver { orders } => {
            let taken = count(u64::from(*orders), "order", "orders");
            format!(
                "{taken} taken over; “orders” lists them in a moment, and says of each that the other home had sent to \
                 another lab whether that lab prints it. None is printed twice."
            )
        }
        Answer::Status(status) => node_status(status),
        Answer::Verified { event, blobs, bytes: read, damaged_files, repaired, trouble, damaged_mark, .. } => {
            verified(event, (*blobs, *read), (damaged_files, repaired), trouble.as_deref())
                + &damaged_mark.map(|damage| mark_found(event, damage)).unwrap_or_default()
        }
        Answer::Exported(report) => exported(report),
    }
}

fn events(list: &[EventSummary]) -> String {
    let mut text = String::new();
    for event in list {
        let date = event.date.map(|date| format!(", {date}")).unwrap_or_default();
        text += &format!("{}{date}\n", event.name);
        text += &format!("  {}, {} published\n", count(event.photos, "photo", "photos"), event.published);
        if let Some(trouble) = &event.trouble {
            text += &format!("  {trouble}\n");
        }
        text += &format!("  access code {}\n", event.access_code);
        for at in &event.hosts {
            let url = at.gallery_url.as_deref().unwrap_or("not published yet");
            let which = if event.hosts.len() > 1 {
                format!("{}, {} published: ", at.host, at.published)
            } else {
                String::new()
            };
            text += &format!("  {which}{url}\n");
        }
        if event.is_left_copy {
            text += "  the first home does not have it any more, and this may be the only copy; “remove-event” removes it\n";
        }
        text +=
            &event.mark.mark.iter().map(|mark| format!("  new proofs are marked with {mark}\n")).collect::<String>();
    }
    text
}

/// What customers can order.
fn prices(list: &[String]) -> String {
    format!("  {}\n", list.join("\n  "))
}

/// Events that somebody may have meant who made `event`, and what to do then.
pub(super) fn alike(event: &str, others: &[String], again: &str) -> String {
    let names = others.iter().map(|name| format!("“{name}”")).collect::<Vec<_>>().join(", ");
    if names.is_empty() {
        return String::new();
    }
    format!(
        "“{event}” is a new event. There is also {names}. If you meant that{again} remove this one: enprint photographer \
         remove-event \"{event}\"\n"
    )
}

fn removed(event: &str, photos: u64, lost: u64, at_second_home: bool) -> String {
    let mut text = format!("“{event}” is removed, with {}.\n", count(photos, "photo", "photos"));
    if photos > 0 {
        text += &match lost {
            0 => "Every original of it is in another event here.\n".to_owned(),
            lost => format!("{} deleted.\n", count(lost, "original was", "originals were")),
        };
    }
    if at_second_home {
        text += &format!(
            "The second home keeps its copy. There, “enprint photographer remove-event \"{event}\"” removes it; with \
             --with-originals also originals that are nowhere else.\n"
        );
    }
    text
}

const LISTS_SETTLED: &str = "A part of the lists of its photos is damaged on this disk. What it may have hidden is not \
                             looked for any more, and the damage is not said again.\n";

fn forgotten(event: &str, photos: &[String], lists_damaged: bool) -> String {
    let settled = if lists_damaged { LISTS_SETTLED } else { "" };
    if photos.is_empty() {
        let known = if lists_damaged { " that is known" } else { "" };
        return format!("“{event}” has lost no photo{known}.\n{settled}");
    }
    let number = count(photos.len() as u64, "photo that it has lost", "photos that it has lost");
    let mut text = format!(
        "“{event}” does without {number}. An import of a file of them takes it in again, with the edits that it had.\n"
    );
    photos.iter().filter(|name| !name.is_empty()).for_each(|name| text += &format!("  {}\n", text::shown(name)));
    text + settled
}

/// Photos that customers don't see any more.
fn taken_off(photos: u64) -> String {
    match photos {
        0 => String::new(),
        1 => "1 of them was shown to customers, and is being taken off.\n".to_owned(),
        photos => format!("{photos} of them were shown to customers, and are being taken off.\n"),
    }
}

/// Orders that lose a photo, and what to do.
fn orders_without(orders: &[String]) -> String {
    if orders.is_empty() {
        return String::new();
    }
    let number = count(orders.len() as u64, "order", "orders");
    format!(
        "{number} can’t be printed without them: {}. The customers read so. Write to them, and “decline” what is not to \
         be printed.\n",
        orders.join(", ")
    )
}

fn photo_list(photos: &[PhotoSummary]) -> String {
    let row = |photo: &PhotoSummary| {
        vec![
            photo.file_name.clone(),
            photo.category.clone(),
            photo.captured.map(|time| time.strftime("%Y-%m-%d %H:%M").to_string()).unwrap_or_default(),
            format!("{}×{}", photo.width_px, photo.height_px),
            bytes(photo.bytes),
            "★".repeat(photo.rating.unwrap_or(0).into()),
            if photo.edited { "edited".into() } else { String::new() },
            where_shown(photo),
            match photo.not_for_print {
                None => String::new(),
                Some(NotForPrint::Damaged) => "damaged, no prints".into(),
                Some(NotForPrint::SmallPreview) => "small preview, no prints".into(),
            },
        ]
    };
    columns(&photos.iter().map(row).collect::<Vec<_>>())
}

/// Where guests see a photo, and where they do no longer.
fn where_shown(photo: &PhotoSummary) -> String {
    match (photo.shown_at.as_slice(), photo.withdrawn_from.as_slice()) {
        ([], []) => "not published".to_owned(),
        (shown, []) => format!("at {}", shown.join(", ")),
        ([], withdrawn) => format!("withdrawn from {}", withdrawn.join(", ")),
        (shown, withdrawn) => format!("at {}, withdrawn from {}", shown.join(", "), withdrawn.join(", ")),
    }
}

fn custody(photo: &PhotoCustody) -> String {
    let mut text = format!("{}, {}\n", photo.file_name, bytes(photo.bytes));
    if photo.transfers.is_empty() {
        text += "  stayed at home\n";
    }
    for transfer in &photo.transfers {
        text += &format!("  {}\n", transferred(transfer));
    }
    text
}

fn not_asked(home: &str) -> String {
    format!("What another of your homes sent ({}) is not in this list: it can't be asked now.\n", text::shown(home))
}

fn transferred(transfer: &Transfer) -> String {
    let what = if transfer.is_original { "the original" } else { "a print file made from it" };
    let taken_back = if transfer.withdrawn { ", taken back" } else { "" };
    let from = transfer.home.as_deref().map(|home| format!(" from {}", text::shown(home))).unwrap_or_default();
    let mut text = format!("{what}{from} for order {} to {}{taken_back}: ", transfer.order, transfer.lab);
    text += &match transfer.left_at {
        Some(at) => format!("left {at}, crossed {}, {} sent", transfer.crossed, bytes(transfer.sent_bytes)),
        None if transfer.verified => "the lab had it, nothing crossed".to_owned(),
        None => "nothing has left yet".to_owned(),
    };
    if let (Some(at), Some(receipt)) = (transfer.received_at, &transfer.receipt) {
        text += &format!(", verified by the lab {at}, receipt {receipt}");
    }
    text
}

fn host_list(hosts: &[HostSummary]) -> String {
    if hosts.is_empty() {
        return "This node is enrolled at no host: “enprint photographer enrol” uses an invitation.".into();
    }
    let row = |host: &HostSummary| {
        let connection = connection(host.connected, host.way.as_deref());
        let events = count(host.events, "event", "events");
        let orders = format!("{} open", count(host.open_orders, "order", "orders"));
        let lab = host.lab.clone().unwrap_or_else(|| "no lab".into());
        vec![host.name.clone(), connection, events, orders, lab, host.public_url.clone(), host.peer_id.to_string()]
    };
    columns(&hosts.iter().map(row).collect::<Vec<_>>())
}

/// A home beside this one, and how far the copy is.
fn home(home: &HomeSummary) -> String {
    let what = if home.is_first { "first home, which this node follows" } else { "second home" };
    let name = if home.name.is_empty() { String::new() } else { format!("{}, ", home.name) };
    let copied = match (home.copied, home.photos) {
        (_, 0) => "no originals yet".to_owned(),
        (copied, photos) if copied == photos => format!("all {photos} originals at both"),
        (copied, photos) => format!("{copied} of {photos} originals at both"),
    };
    let connection = connection(home.connected, None);
    let mut text = format!("{name}{what}: {connection}, {copied}, {}\n", home.peer_id);
    if let Some(trouble) = &home.trouble {
        text += &format!("  {trouble}\n");
    }
    text
}

fn lab_list(labs: &[LabSummary]) -> String {
    let row = |lab: &LabSummary| {
        let chosen = match (lab.chosen, lab.hosts.len() > lab.prints_for.len()) {
            (false, _) => String::new(),
            (true, false) => "prints for you".to_owned(),
            (true, true) => format!("prints for you at {}", lab.prints_for.join(", ")),
        };
        let connected = connected(lab.connected, lab.way.as_deref());
        let at = if lab.hosts.is_empty() { String::new() } else { format!("at {}", lab.hosts.join(", ")) };
        vec![lab.name.clone(), at, chosen, connected, lab.print_files.clone(), lab.peer_id.to_string()]
    };
    columns(&labs.iter().map(row).collect::<Vec<_>>())
}

/// How a node is.
pub fn node_status(status: &NodeStatus) -> String {
    let mut text = format!("Node        {}, peer id {}\n", running(status.running), status.peer_id);
    if status.host.is_none() {
        text += "Host        not enrolled yet\n";
    }
    for address in &status.addresses {
        text += &format!("Listens     {address}/p2p/{}\n", status.peer_id);
    }
    text += &reached(status.reachability, status.router.as_ref());
    text += &peers(&status.peers, status.running, &["host", "home"]);
    text += &format!(
        "Archive     {} in {}\n",
        count(status.photos, "photo", "photos"),
        count(status.events, "event", "events")
    );
    for damaged in &status.damaged {
        text += &format!("Damaged     {}: {}\n", damaged.event, damaged.problem);
    }
    for one in &status.homes {
        text += &format!("Home        {}", home(one));
    }
    text += &format!("Orders      {} open\n", status.open_orders);
    if let Some(mark) = &status.mark {
        text += &format!("Proofs      marked with {mark}\n");
    }
    if let Some(wait) = &status.files_wait {
        text += &format!("Sending     {wait}\n");
    }
    if status.ranges_sending > 0 {
        text +=
            &format!("Sending     {} of print files on their way\n", count(status.ranges_sending, "piece", "pieces"));
    }
    if status.running {
        text += &network(status.wire_sent_bytes, status.wire_received_bytes);
    }
    text += &waiting::halted(&status.halted);
    let others = status.orders_halted.saturating_sub(status.halted.len() as u64);
    if others > 0 {
        text += &format!("Halted      {} more\n", count(others, "order", "orders"));
    }
    text + &waiting::messages(&status.waiting)
}
