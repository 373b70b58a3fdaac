//! A catalogue from before there could be several hosts, and what one host may do to
//! what is another's.

use std::path::PathBuf;

use enprint_protocol::access_code::AccessCode;
use enprint_protocol::enrol::{Contact, EnrolRequest, Role};
use enprint_protocol::event::{EventRecord, PriceList};
use enprint_protocol::home::Home;
use enprint_protocol::ids::{CommandId, ContentHash, EventId, JobId, OrderId, PhotoId};
use enprint_protocol::limits::CONTROL_BYTES_MAX;
use enprint_protocol::money::Currency;
use enprint_protocol::order::{Crop, Customer, Delivery, Order, OrderLine};
use enprint_protocol::print_job::PrintFile;
use enprint_protocol::signed::Signed;
use enprint_protocol::status::{Status, StatusKind, StatusRequest};
use enprint_protocol::time::UnixMs;
use enprint_protocol::{Keypair, PeerId, codec};
use enprint_store::args;
use enprint_store::ledger::{Ledger, LedgerLocation, Migration, outbox};
use tempfile::TempDir;

use super::{
    Catalogue, Decision, EventRow, HostProcess, JobFile, NewHost, NewJob, NewOrder, NotedStatus, SecondHome, Trouble,
    schema,
};
use crate::error::NodeError;
use crate::limits::HALTED_LISTED_MAX;

const PHOTO: PhotoId = PhotoId(ContentHash([7; 32]));

static BEFORE: &[Migration] = &[outbox::migration(1), schema::FIRST, schema::PRINT_RULES];

fn event(event_id: EventId) -> EventRecord {
    EventRecord {
        event_id,
        name: "Wedding".into(),
        description: String::new(),
        date: None,
        photographer: "Ana".into(),
        copyright: String::new(),
        categories: Vec::new(),
        price_list: PriceList::usual(Currency::EUR),
    }
}

/// An order of one print of a photo.
pub(in crate::photographer) fn order(event_id: EventId, photo_id: PhotoId) -> Order {
    let price = "EUR 1.50".parse().unwrap();
    let delivery = Delivery { name: "Pick up".into(), price: "EUR 0.00".parse().unwrap(), address: None };
    let lines = vec![OrderLine {
        line: 1,
        photo_id,
        file_name: "a.jpg".into(),
        size: "10x15".parse().unwrap(),
        finish: "matte".parse().unwrap(),
        crop: Crop::Fill,
        quantity: 1,
        price,
    }];
    Order {
        order_id: OrderId::random(),
        event_id,
        placed_at: UnixMs(1_700_000_000_000),
        customer: Customer { name: "Kim".into(), email: "kim@example.org".into() },
        total: Order::sum(&lines, &delivery).unwrap(),
        delivery,
        lines,
        note: String::new(),
    }
}

/// An enrolled host of the first schema.
async fn enrolled_before(ledger: &Ledger, key: &Keypair, name: &str, enrolled_ms: i64) -> PeerId {
    let peer = PeerId::random();
    let sql = "INSERT INTO hosts (peer_id, name, key_bytes, addresses, public_url, enrolled_ms) \
               VALUES ($1, $2, $3, '/ip4/192.0.2.7/tcp/4040', $4, $5)";
    let values =
        args![peer.to_string(), name, key.public().encode_protobuf(), format!("https://{name}.example"), enrolled_ms];
    ledger.execute(sql, values).await.unwrap();
    peer
}

struct Before {
    _dir: TempDir,
    file: PathBuf,
    first: PeerId,
    second: PeerId,
    lab: PeerId,
    event_id: EventId,
    order_id: OrderId,
}

/// A node that enrolled at a second host when all of it still went by the newest: its
/// event is shown at the first, where an order was placed.
async fn before() -> Before {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("catalogue.db");
    let ledger = Ledger::open(LedgerLocation::File(file.clone()), BEFORE).await.unwrap();
    let (first_key, second_key) = (Keypair::generate_ed25519(), Keypair::generate_ed25519());
    let first = enrolled_before(&ledger, &first_key, "first", 1).await;
    let second = enrolled_before(&ledger, &second_key, "second", 2).await;
    let (lab, event_id) = (PeerId::random(), EventId::random());
    let sql = "INSERT INTO labs (peer_id, name, addresses, seen_ms) VALUES ($1, 'Lab', '/ip4/192.0.2.8/tcp/1', 3)";
    ledger.execute(sql, args![lab.to_string()]).await.unwrap();
    let sql = "INSERT INTO settings (name, value) VALUES ('chosen lab', $1)";
    ledger.execute(sql, args![lab.to_string()]).await.unwrap();
    let sql = "INSERT INTO events (event_id, record, access_code, gallery_url, created_ms) VALUES ($1, $2, $3, $4, 5)";
    let record = codec::encode(&event(event_id)).unwrap();
    let code = AccessCode::random().to_string();
    ledger.execute(sql, args![event_id.to_string(), record, code, "https://first.example/g/1"]).await.unwrap();
    let sql = "INSERT INTO published (event_id, photo_id) VALUES ($1, $2)";
    ledger.execute(sql, args![event_id.to_string(), PHOTO.to_string()]).await.unwrap();
    let order = order(event_id, PHOTO);
    let signed = codec::encode(&Signed::sign(&order, &first_key).unwrap()).unwrap();
    let sql = "INSERT INTO orders (order_id, event_id, record, signed, decision, reason, placed_ms, production) \
               VALUES ($1, $2, $3, $4, 'accepted', '', 6, 'waiting')";
    let (order_id, record) = (order.order_id, codec::encode(&order).unwrap());
    ledger.execute(sql, args![order_id.to_string(), event_id.to_string(), record, signed]).await.unwrap();
    ledger.close().await;
    Before { _dir: dir, file, first, second, lab, event_id, order_id }
}

#[tokio::test]
async fn an_older_catalogues_orders_and_galleries_stay_with_the_host_they_are_of() {
    let before = before().await;
    let catalogue = Catalogue::open(&before.file).await.unwrap();
    assert_eq!(catalogue.order(before.order_id).await.unwrap().unwrap().host, Some(before.first));
    let event = catalogue.event(before.event_id).await.unwrap().unwrap();
    let shown: Vec<_> = event.shown_at.iter().map(|at| (at.host, at.published)).collect();
    assert_eq!(shown, [(before.first, 1)]);
    assert_eq!(event.shown_at[0].gallery_url.as_deref(), Some("https://first.example/g/1"));
    assert!(catalogue.may_order_at(before.event_id, before.first).await.unwrap());
    assert!(!catalogue.may_order_at(before.event_id, before.second).await.unwrap());
    assert_eq!(catalogue.lab_for(before.second).await.unwrap().unwrap().peer_id, before.lab);
    assert!(catalogue.lab_for(before.first).await.unwrap().is_none(), "the first has not named it yet");
    assert_eq!(catalogue.edits_unread().await.unwrap(), [before.event_id], "its edits have no copy");

    let name = "Lab".to_owned();
    let contact = Contact {
        peer_id: before.lab,
        role: Role::Lab,
        name,
        addresses: vec!["/ip4/192.0.2.9/tcp/1".parse().unwrap()],
    };
    catalogue.put_labs(before.first, &[contact]).await.unwrap();
    let lab = catalogue.lab_for(before.first).await.unwrap().unwrap();
    assert_eq!((lab.peer_id, lab.addresses.len()), (before.lab, 2), "both hosts' words of where it is");
}

#[tokio::test]
async fn a_host_that_sends_another_hosts_order_as_its_own_is_refused() {
    let before = before().await;
    let catalogue = Catalogue::open(&before.file).await.unwrap();
    let order = catalogue.order(before.order_id).await.unwrap().unwrap().order;
    let from = |host| NewOrder { order: order.clone(), host, signed: Vec::new(), decision: Decision::Held };
    assert!(catalogue.take_order(&from(before.second)).await.is_err());
    let repeated = catalogue.take_order(&from(before.first)).await.unwrap();
    assert_eq!(repeated.decision, Decision::Accepted, "a repeat gets the first answer");
}

#[tokio::test]
async fn processes_of_one_host_key_are_one_host_and_are_left_together() {
    let before = before().await;
    let catalogue = Catalogue::open(&before.file).await.unwrap();
    let known = catalogue.hosts().await.unwrap();
    let process = HostProcess { peer_id: PeerId::random(), enrolled_at: Vec::new(), told: Vec::new() };
    let (name, key) = (known[0].name.clone(), known[0].key.clone());
    let new = NewHost { name, key, public_url: known[0].public_url.clone(), process: process.clone() };
    catalogue.put_host(&new, "Ana").await.unwrap();
    assert_eq!(catalogue.hosts().await.unwrap().len(), 2);
    let host = catalogue.host_of(process.peer_id).await.unwrap().unwrap();
    assert_eq!((host.peer_id, host.processes.len()), (before.first, 2));

    catalogue.leave_host(&host).await.unwrap();
    assert!(catalogue.host_of(process.peer_id).await.unwrap().is_none());
    assert!(catalogue.event(before.event_id).await.unwrap().unwrap().shown_at.is_empty());
    assert!(!catalogue.known_peers().await.unwrap().contains(&before.first));
    catalogue.put_host(&new, "Ana").await.unwrap();
    assert!(catalogue.host_of(before.first).await.unwrap().is_some(), "enrolled again, it is as it was");
}

#[tokio::test]
async fn a_home_that_was_removed_while_its_host_was_left_is_none_there_when_it_is_joined_again() {
    let before = before().await;
    let catalogue = Catalogue::open(&before.file).await.unwrap();
    let host = catalogue.hosts().await.unwrap().swap_remove(0);
    let (key, home, code) = (Keypair::generate_ed25519(), PeerId::random(), ContentHash::of(b"code"));
    let word = |since, ended| {
        let word = Home { photographer: key.public().to_peer_id(), home, since: UnixMs(since), ended };
        Signed::sign(&word, &key).unwrap()
    };
    let paired =
        SecondHome { peer_id: home, name: "NAS".into(), addresses: Vec::new(), signed: word(1, false), copied: None };
    catalogue.invite_home(code, i64::MAX).await.unwrap();
    catalogue.take_home(code, &paired).await.unwrap().unwrap();
    catalogue.leave_host(&host).await.unwrap();
    catalogue.end_home(home, &word(2, true)).await.unwrap();
    let process = host.processes[0].clone();
    let again = NewHost { name: host.name, key: host.key, public_url: host.public_url, process };
    catalogue.put_host(&again, "Ana").await.unwrap();

    let sql = "SELECT payload FROM outbox WHERE peer = $1 AND kind = 'home'";
    let rows = catalogue.ledger.read().fetch_all(sql, args![host.peer_id.to_string()]).await.unwrap();
    let told = rows.iter().map(|row| {
        let request = codec::decode(&row.bytes("payload").unwrap(), CONTROL_BYTES_MAX).unwrap();
        let EnrolRequest::StandIn { home, .. } = request else { panic!("{request:?}") };
        home.open_any().unwrap().1.ended
    });
    assert_eq!(told.last(), Some(true), "its old word counts there still");
}

#[tokio::test]
async fn a_host_that_names_hundreds_of_labs_does_not_have_each_of_them_told_of_ended_homes() {
    let before = before().await;
    let catalogue = Catalogue::open(&before.file).await.unwrap();
    let key = Keypair::generate_ed25519();
    let ends = async |home: PeerId, number: i64| {
        let word = |ended| {
            let word = Home { photographer: key.public().to_peer_id(), home, since: UnixMs(number), ended };
            Signed::sign(&word, &key).unwrap()
        };
        let (name, signed, addresses) = ("NAS".into(), word(false), Vec::new());
        let paired = SecondHome { peer_id: home, name, addresses, signed, copied: None };
        let code = ContentHash::of(&number.to_le_bytes());
        catalogue.invite_home(code, i64::MAX).await.unwrap();
        catalogue.take_home(code, &paired).await.unwrap().unwrap();
        catalogue.end_home(home, &word(true)).await.unwrap();
    };
    let told = async || {
        let sql = "SELECT DISTINCT peer FROM outbox WHERE kind = 'home-for-lab' AND peer <> $1 ORDER BY sequence";
        let rows = catalogue.ledger.read().fetch_all(sql, args![before.lab.to_string()]).await.unwrap();
        rows.iter().map(|row| row.text("peer").unwrap()).collect::<Vec<_>>()
    };
    ends(PeerId::random(), 1).await;
    let lab = |_| Contact { peer_id: PeerId::random(), role: Role::Lab, name: "Lab".into(), addresses: Vec::new() };
    let labs: Vec<Contact> = (0..500).map(lab).collect();
    catalogue.put_labs(before.first, &labs[..3]).await.unwrap();
    assert_eq!(told().await.len(), 3, "they may approve this photographer before they are offered anything");
    for named in labs.chunks(100) {
        catalogue.put_labs(before.first, named).await.unwrap();
    }
    ends(PeerId::random(), 2).await;
    assert!(told().await.len() <= 10, "{} labs are told", told().await.len());

    let last = labs[499].peer_id;
    assert!(!told().await.contains(&last.to_string()));
    catalogue.choose_lab(last, &[before.first], None).await.unwrap();
    assert!(told().await.contains(&last.to_string()), "the lab that prints was not told");
}

#[tokio::test]
async fn what_is_damaged_of_an_event_that_was_removed_meanwhile_is_not_noted() {
    let dir = TempDir::new().unwrap();
    let catalogue = Catalogue::open(&dir.path().join("catalogue.db")).await.unwrap();
    let (event_id, photo_id) = (EventId::random(), PHOTO);
    catalogue.note_damaged(event_id, &[(photo_id, "a.jpg".into())]).await.unwrap();
    assert!(catalogue.damaged(event_id).await.unwrap().is_empty());
    catalogue.put_event(&EventRow::new(event(event_id), AccessCode::random())).await.unwrap();
    catalogue.note_damaged(event_id, &[(photo_id, "a.jpg".into())]).await.unwrap();
    assert_eq!(catalogue.damaged(event_id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn every_order_that_halts_is_counted_and_none_that_its_lab_has() {
    let before = before().await;
    let catalogue = Catalogue::open(&before.file).await.unwrap();
    let listed = usize::try_from(HALTED_LISTED_MAX).unwrap();
    for number in 0..listed + 3 {
        let (order, host) = (order(before.event_id, PHOTO), before.first);
        let new = NewOrder { order, host, signed: Vec::new(), decision: Decision::Accepted };
        let order_id = catalogue.take_order(&new).await.unwrap().order.order_id;
        catalogue.set_trouble(order_id, &Trouble::other("The file is damaged.")).await.unwrap();
        if number == 0 {
            let sql = "UPDATE orders SET production = 'printing' WHERE order_id = $1";
            catalogue.ledger().execute(sql, args![order_id.to_string()]).await.unwrap();
        }
    }
    assert_eq!(catalogue.halted().await.unwrap().len(), listed);
    assert_eq!(catalogue.orders_halted().await.unwrap(), listed as u64 + 2);
}

#[tokio::test]
async fn trouble_with_a_photo_is_known_as_such_in_a_catalogue_from_before_its_kind_was_kept() {
    let name = || "a.jpg".to_owned();
    let cases = [
        (NodeError::OriginalDamaged { name: name() }.to_string(), true),
        (NodeError::OriginalLost { name: name() }.to_string(), true),
        (NodeError::PrintFileHurt { name: name() }.to_string(), true),
        ("The lab says: The paper of a.jpg is damaged.".to_owned(), false),
    ];
    for (words, is_of_hurt) in cases {
        let before = before().await;
        let ledger = Ledger::open(LedgerLocation::File(before.file.clone()), BEFORE).await.unwrap();
        ledger.execute("UPDATE orders SET trouble = $1", args![&words]).await.unwrap();
        ledger.close().await;
        let catalogue = Catalogue::open(&before.file).await.unwrap();
        let row = catalogue.order(before.order_id).await.unwrap().unwrap();
        assert_eq!(row.trouble, Some(Trouble { words, is_of_hurt }));
        assert_eq!(row.hurt().is_some(), is_of_hurt);
    }
}

/// Offers an order's one file to a lab.
async fn offers(catalogue: &Catalogue, before: &Before, lab: PeerId) -> JobId {
    let job_id = crate::photographer::fulfil::job_of(before.order_id, lab);
    let (name, root) = ("a.jpg".to_owned(), PHOTO.0);
    let file = PrintFile { photo_id: PHOTO, name, bytes: 9, root, width_px: 3, height_px: 2, prepared: None };
    let files = vec![JobFile { file, subtrees: vec![0; 32] }];
    let withdrawn = catalogue.withdrawn_before(job_id, &files).await.unwrap();
    let (order_id, event_id, at) = (before.order_id, before.event_id, UnixMs(8));
    let new = NewJob { job_id, order_id, event_id, lab, withdrawn, files, payload: vec![1], at };
    catalogue.offer(&new).await.unwrap();
    job_id
}

/// What a lab says of an order.
fn lab_says(key: &Keypair, (order_id, job_id): (OrderId, JobId), at_ms: i64, kind: StatusKind) -> NotedStatus {
    let status = Status { status_id: CommandId::random(), order_id, job_id: Some(job_id), at: UnixMs(at_ms), kind };
    let payload = codec::encode(&StatusRequest::Report(Signed::sign(&status, key).unwrap())).unwrap();
    NotedStatus { status, signer: key.public().to_peer_id(), payload }
}

fn received() -> StatusKind {
    StatusKind::Received { files: 1, bytes: 9, crossed_bytes: None }
}

#[tokio::test]
async fn an_order_of_whose_photo_its_lab_has_the_file_does_not_wait_for_that_photo() {
    let before = before().await;
    let catalogue = Catalogue::open(&before.file).await.unwrap();
    let lab_key = Keypair::generate_ed25519();
    let waiting = async || catalogue.offered_with(before.event_id, PHOTO).await.unwrap();
    let job_id = offers(&catalogue, &before, lab_key.public().to_peer_id()).await;
    assert_eq!(waiting().await, [before.order_id]);
    // It goes to another lab while the first has just got it, and then back to the first.
    offers(&catalogue, &before, PeerId::random()).await;
    let receipt = lab_says(&lab_key, (before.order_id, job_id), 9, received());
    catalogue.note_withdrawn(&receipt, "It has the files.").await.unwrap();
    assert_eq!(waiting().await, [before.order_id], "the other lab waits");
    offers(&catalogue, &before, lab_key.public().to_peer_id()).await;
    assert!(waiting().await.is_empty(), "its customer would read of a problem that is none");
}

#[tokio::test]
async fn an_order_that_is_printed_again_is_not_listed_as_shipped() {
    let before = before().await;
    let catalogue = Catalogue::open(&before.file).await.unwrap();
    let lab_key = Keypair::generate_ed25519();
    let job_id = offers(&catalogue, &before, lab_key.public().to_peer_id()).await;
    let shipped = || StatusKind::Shipped { carrier: String::new(), tracking: String::new() };
    let words = [
        (10, received(), "received"),
        (11, StatusKind::Printing, "printing"),
        (13, shipped(), "shipped"),
        (12, StatusKind::Printing, "shipped"),
        (14, StatusKind::Printing, "printing"),
        (15, shipped(), "shipped"),
    ];
    for (at_ms, kind, production) in words {
        let said = lab_says(&lab_key, (before.order_id, job_id), at_ms, kind);
        for _ in 0..2 {
            catalogue.note_status(&said).await.unwrap();
        }
        let row = catalogue.order(before.order_id).await.unwrap().unwrap();
        assert_eq!(row.production, production, "after the word of {at_ms}");
    }
}
