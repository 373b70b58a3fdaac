//! What is said of photos that are gone, by ids and, in data from before they were kept, by
//! number.

use std::path::Path;

use enprint_protocol::enrol::{Contact, Role};
use enprint_protocol::ids::{CommandId, ContentHash, OrderId};
use enprint_protocol::order::{Order, OrderReply, OrderRequest};
use enprint_protocol::signed::Signed;
use enprint_protocol::status::{Status, StatusKind, StatusRequest};
use enprint_protocol::time::UnixMs;
use enprint_protocol::{Keypair, PeerId, Refusal};
use enprint_store::archive::Volume;
use enprint_store::args;
use tempfile::TempDir;

use super::*;
use crate::control::Progress;
use crate::photographer::catalogue::tests::order;
use crate::photographer::catalogue::{Decision, HostProcess, NewHost, OrderRow};
use crate::photographer::commands::EventDetails;
use crate::photographer::selection::Selection;
use crate::photographer::{Photographer, PhotographerConfig, png};

/// A node with its data below `dir`.
async fn open(dir: &Path) -> Photographer {
    let mut config = PhotographerConfig::new(dir.join("data"));
    (config.reserve_bytes, config.ballast_bytes) = (0, 0);
    Photographer::open(config).await.unwrap()
}

/// An event with no photo yet.
async fn wedding(open: &Photographer) -> EventId {
    open.node().event_with("Wedding", &EventDetails::default()).await.unwrap().row.record.event_id
}

/// Imports a card with one photo for each seed, by the seed's name.
async fn imports(open: &Photographer, event_id: EventId, dir: &Path, seeds: &[u8]) {
    let card = dir.join(format!("card{seeds:?}"));
    std::fs::create_dir_all(&card).unwrap();
    for seed in seeds {
        std::fs::write(card.join(format!("{seed}.png")), png::png(*seed, 500)).unwrap();
    }
    let imported = open.node().import_into(event_id, card, None, CommandId::random(), Progress::silent());
    assert_eq!(imported.await.unwrap().imported, seeds.len() as u64);
}

/// An event with two photos.
pub(in crate::photographer) async fn with_two(dir: &Path) -> (Photographer, EventId) {
    let open = open(dir).await;
    let event_id = wedding(&open).await;
    imports(&open, event_id, dir, &[1, 2]).await;
    (open, event_id)
}

async fn said(open: &Photographer, event_id: EventId) -> String {
    open.node().photos_counted(event_id).await.unwrap().trouble().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_from_before_ids_were_kept_is_counted_until_all_of_its_photos_are_here() {
    let dir = TempDir::new().unwrap();
    let (open, event_id) = with_two(dir.path()).await;
    let ledger = open.node().catalogue.ledger();
    let sql = "INSERT INTO events_had (event_id, photos) VALUES ($1, 3)";
    ledger.execute(sql, args![event_id.to_string()]).await.unwrap();
    for _ in 0..2 {
        assert!(said(&open, event_id).await.starts_with("1 photo that this event had is not in the archive any more."));
    }
    ledger.execute("UPDATE events_had SET photos = 2", args![]).await.unwrap();
    assert_eq!(said(&open, event_id).await, "");
    let names = open.node().catalogue.names_had(event_id).await.unwrap();
    let mut names: Vec<String> = names.into_values().collect();
    names.sort();
    assert_eq!(names, ["1.png", "2.png"], "their ids are not kept from then on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_that_is_lost_is_named_whatever_a_kill_left_half_noted() {
    let dir = TempDir::new().unwrap();
    let (open, event_id) = with_two(dir.path()).await;
    assert_eq!(said(&open, event_id).await, "");
    let catalogue = &open.node().catalogue;
    let known = catalogue.photos_had(event_id).await.unwrap();
    assert_eq!(known.number, 2);
    // Killed before the hash of all is noted; the volume of just these photos is lost then.
    let gone = PhotoId(ContentHash([7; 32]));
    catalogue.note_some(event_id, &[(gone, "gone.jpg".into())]).await.unwrap();
    for _ in 0..2 {
        let said = said(&open, event_id).await;
        assert!(said.starts_with("1 photo that this event had is not in the archive any more: gone"), "{said}");
    }
    assert_eq!(catalogue.photos_had(event_id).await.unwrap().number, 3, "it is noted to its end");
    let sql = "DELETE FROM photos_had WHERE name <> '1.png'";
    catalogue.ledger().execute(sql, args![]).await.unwrap();
    catalogue.ledger().execute("UPDATE events_had SET photos = 1", args![]).await.unwrap();
    catalogue.note_some(event_id, &[]).await.unwrap();
    assert_eq!(said(&open, event_id).await, "", "what is here is noted");
    assert_eq!(catalogue.photos_had(event_id).await.unwrap(), known);
    catalogue.forget_event(event_id).await.unwrap();
    assert_eq!(said(&open, event_id).await, "");
    assert!(catalogue.names_had(event_id).await.unwrap().is_empty(), "a removed event is noted anew");
}

#[test]
fn only_photos_that_are_fewer_than_before_are_missed_and_those_that_are_known_are_named() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(missing(&[], false), None);
    let one = missing(&names(&[""]), false).unwrap();
    assert!(one.starts_with("1 photo that this event had is not in the archive any more. Put"), "{one}");
    let two = missing(&names(&["b.jpg", "a.jpg"]), false).unwrap();
    assert!(two.starts_with("2 photos that this event had are not in the archive any more: a.jpg, b.jpg."), "{two}");
    let some = missing(&names(&["b.jpg", "", ""]), false).unwrap();
    assert!(some.contains("any more: b.jpg and 2 more."), "{some}");
    let many = missing(&(1..=9).map(|number| format!("{number}.jpg")).collect::<Vec<_>>(), false).unwrap();
    assert!(many.contains("any more: 1.jpg, 2.jpg, 3.jpg, 4.jpg, 5.jpg and 4 more. Put"), "{many}");
    let damaged = damaged(&names(&["b.jpg"])).unwrap();
    assert!(damaged.starts_with("1 photo of this event is damaged on this disk: b.jpg. Import its file"), "{damaged}");
}

/// The node ends; its disk loses the event's first volume, or only `part` of it; it is back.
async fn loses(killed: Photographer, event_id: EventId, dir: &Path, part: &str) -> Photographer {
    killed.close().await;
    drop(killed);
    let volume = dir.join(format!("data/archive/{event_id}-001"));
    std::fs::remove_dir_all(volume.join(part)).unwrap();
    open(dir).await
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_that_is_settled_without_a_lost_photo_is_said_to_be_settled() {
    let dir = TempDir::new().unwrap();
    let killed = open(dir.path()).await;
    let event_id = wedding(&killed).await;
    imports(&killed, event_id, dir.path(), &[1]).await;
    killed.node().archive.volumes(event_id).open.iter().for_each(Volume::close_to_new);
    imports(&killed, event_id, dir.path(), &[2]).await;
    let open = loses(killed, event_id, dir.path(), "slabs").await;
    imports(&open, event_id, dir.path(), &[1]).await;
    let before = open.node().photos_counted(event_id).await.unwrap();
    assert!(before.hurt().lost.is_empty() && before.trouble().is_some(), "{before:?}");
    let settled = async || match open.node().forget_lost("Wedding", false, &Progress::silent()).await.unwrap() {
        PhotographerAnswer::Forgotten { photos, orders, lists_damaged, .. } => (photos, orders, lists_damaged),
        other => panic!("{other:?}"),
    };
    assert_eq!(settled().await, (Vec::new(), Vec::new(), true));
    assert_eq!(said(&open, event_id).await, "");
    assert_eq!(settled().await, (Vec::new(), Vec::new(), false), "a repeat");
}

/// A host and the lab that it names, of which nobody can be reached.
struct Others {
    host: PeerId,
    host_key: Keypair,
    lab_key: Keypair,
}

impl Others {
    async fn known_to(open: &Photographer) -> Self {
        let (host_key, lab_key) = (Keypair::generate_ed25519(), Keypair::generate_ed25519());
        let process = HostProcess { peer_id: PeerId::random(), enrolled_at: Vec::new(), told: Vec::new() };
        let (host, key, public_url) = (process.peer_id, host_key.public(), "https://host.example".to_owned());
        let new = NewHost { name: "Host".into(), key, public_url, process };
        open.node().catalogue.put_host(&new, "Ana").await.unwrap();
        let (peer_id, name) = (lab_key.public().to_peer_id(), "Lab".to_owned());
        let lab = Contact { peer_id, role: Role::Lab, name, addresses: Vec::new() };
        open.node().catalogue.put_labs(host, &[lab]).await.unwrap();
        Self { host, host_key, lab_key }
    }

    /// The host brings an order of the photo of that name; what it is answered.
    async fn order(&self, open: &Photographer, placed: &Order) -> OrderReply {
        let signed = Signed::sign(placed, &self.host_key).unwrap();
        open.node().take_from_host(self.host, OrderRequest::Deliver(signed)).await.unwrap()
    }

    /// The lab has got the files of an order.
    async fn receives(&self, open: &Photographer, order_id: OrderId) {
        let job_id = row(open, order_id).await.job_id;
        assert!(job_id.is_some(), "no lab has it");
        let kind = StatusKind::Received { files: 1, bytes: 500, crossed_bytes: None };
        let status = Status { status_id: CommandId::random(), order_id, job_id, at: UnixMs(9), kind };
        let signed = Signed::sign(&status, &self.lab_key).unwrap();
        let request = StatusRequest::Report(signed);
        open.node().note_from_lab(self.lab_key.public().to_peer_id(), request).await.unwrap();
    }
}

/// An order of the photo of that name.
async fn order_of(open: &Photographer, event_id: EventId, name: &str) -> Order {
    let photos = open.node().photos(event_id, &Selection::default()).await.unwrap();
    let photo = photos.iter().find(|photo| photo.record.file_name == name).unwrap();
    let mut order = order(event_id, photo.photo_id());
    order.lines[0].file_name = name.into();
    order
}

async fn row(open: &Photographer, order_id: OrderId) -> OrderRow {
    open.node().catalogue.order(order_id).await.unwrap().unwrap()
}

/// An order that is paid, and so goes to the lab as far as it can.
async fn is_paid(open: &Photographer, order_id: OrderId) {
    open.node().catalogue.mark_paid(order_id, UnixMs(8), None).await.unwrap();
    open.node().advance_or_trace(order_id, &Progress::silent()).await;
}

/// What the node said last to an order's customer.
async fn told(open: &Photographer, order_id: OrderId) -> Option<StatusKind> {
    let said = open.node().catalogue.statuses_of(order_id).await.unwrap();
    let mut own = said.into_iter().filter(|(signer, _)| *signer == open.peer_id());
    own.next_back().map(|(_, status)| status.kind)
}

async fn waits_for_good(open: &Photographer, order_id: OrderId) {
    let row = row(open, order_id).await;
    let trouble = row.hurt().unwrap_or_else(|| panic!("nothing is said: {row:?}"));
    assert!(trouble.words.contains("lost for good"), "{trouble:?}");
    let told = told(open, order_id).await;
    assert!(matches!(&told, Some(StatusKind::Problem { text }) if text.contains("for good")), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_of_a_photo_that_is_lost_for_good_are_said_to_wait_in_vain_can_be_declined_and_go_on_if_it_is_found() {
    for part in ["", "slabs"] {
        let dir = TempDir::new().unwrap();
        let (killed, event_id) = with_two(dir.path()).await;
        let others = Others::known_to(&killed).await;
        let mut orders = Vec::new();
        for name in ["1.png", "2.png", "1.png", "2.png"] {
            let order = order_of(&killed, event_id, name).await;
            assert_eq!(others.order(&killed, &order).await, OrderReply::Accepted);
            orders.push(order.order_id);
        }
        let &[at_lab, other_at_lab, got, unpaid] = &orders[..] else { panic!("{orders:?}") };
        for order_id in [at_lab, other_at_lab, got] {
            is_paid(&killed, order_id).await;
        }
        others.receives(&killed, got).await;
        let late = order_of(&killed, event_id, "1.png").await;
        said(&killed, event_id).await; // what it has is noted

        let open = loses(killed, event_id, dir.path(), part).await;
        let node = open.node();
        let PhotographerAnswer::Forgotten { photos, orders, lists_damaged, .. } =
            node.forget_lost("Wedding", false, &Progress::silent()).await.unwrap()
        else {
            panic!("another answer");
        };
        assert_eq!((photos.len(), lists_damaged), (2, part == "slabs"));
        let numbers: BTreeSet<String> = [at_lab, other_at_lab, unpaid].iter().map(OrderId::number).collect();
        assert_eq!(BTreeSet::from_iter(orders), numbers);
        for order_id in [at_lab, other_at_lab, unpaid] {
            waits_for_good(&open, order_id).await;
        }
        assert_eq!((row(&open, got).await.hurt(), told(&open, got).await), (None, None), "its lab has it");
        let refused = others.order(&open, &late).await;
        let says_so = |refusal: &Refusal| refusal.text.contains("no longer has the photo 1.png");
        assert!(matches!(&refused, OrderReply::Refused(refusal) if says_so(refusal)), "{refused:?}");

        let silent = Progress::silent();
        node.decline(&at_lab.to_string(), "It is lost.", &silent).await.unwrap();
        let declined = row(&open, at_lab).await;
        assert_eq!((declined.decision, declined.job_id, declined.hurt()), (Decision::Declined, None, None));
        let waiting = node.catalogue.waiting().await.unwrap();
        assert!(waiting.iter().any(|parcel| parcel.kind == "withdraw-job"), "the lab waits on: {waiting:?}");
        node.decline(&got.to_string(), "It is lost.", &silent).await.unwrap_err();
        assert_eq!(row(&open, got).await.decision, Decision::Accepted);

        imports(&open, event_id, dir.path(), &[2, 1]).await;
        node.tell_of_mended(&silent).await.unwrap();
        for order_id in [other_at_lab, unpaid] {
            assert_eq!(
                (row(&open, order_id).await.trouble, told(&open, order_id).await),
                (None, Some(StatusKind::Accepted))
            );
        }
        open.close().await;
    }
}
