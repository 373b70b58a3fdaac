//! The bytes of every wire message, as they were when it was released. A change here
//! is a new version of the conversation. `ENPRINT_WRITE_GOLDEN=1` writes files that
//! are missing; it never changes one.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::PathBuf;

use enprint_protocol::codec;
use enprint_protocol::enrol::{Contact, EnrolReply, EnrolRequest, HostCertificate, HostNow, Role, Welcome};
use enprint_protocol::event::{EventRecord, PriceList};
use enprint_protocol::home::{Home, PairReply, PairRequest};
use enprint_protocol::ids::{CommandId, ContentHash, EventId, JobId, OrderId, PhotoId};
use enprint_protocol::money::Currency;
use enprint_protocol::order::{Crop, Customer, Delivery, Moved, Order, OrderLine, OrderReply, OrderRequest, Payment};
use enprint_protocol::original::{OriginalReply, OriginalRequest};
use enprint_protocol::print_job::{JobLine, JobReply, JobRequest, PrintFile, PrintJob, ShipTo};
use enprint_protocol::print_size::{Finish, PrintSize};
use enprint_protocol::publish::{PhotoRecord, Picture, PublishReply, PublishRequest, PublishedPhoto, Revision};
use enprint_protocol::replica::{
    Business, Copied, EventMark, EventState, HostFacts, LabFacts, ReplicaFile, ReplicaReply, ReplicaRequest, SentFile,
    ShownAt, ShownPhoto,
};
use enprint_protocol::signed::Signed;
use enprint_protocol::status::{Status, StatusKind, StatusReply, StatusRequest};
use enprint_protocol::time::UnixMs;
use enprint_protocol::{ErrorCode, Keypair, PeerId, Refusal};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_bytes::ByteBuf;

#[test]
fn enrol_messages_have_their_golden_bytes() {
    let addresses = vec!["/ip4/192.0.2.7/tcp/4041".parse().unwrap()];
    let invitation = "7K3M-Q9XA-10TD".parse().unwrap();
    golden(
        "enrol_enrol",
        &EnrolRequest::Enrol { invitation, role: Role::Lab, name: "Lab".into(), addresses: addresses.clone() },
    );
    golden("enrol_announce", &EnrolRequest::Announce { addresses: addresses.clone() });
    let certificate = HostCertificate { peer_id: key(2).public().to_peer_id() };
    golden(
        "enrol_enrolled",
        &EnrolReply::Enrolled(Welcome {
            host_name: "Host".into(),
            host_key: ByteBuf::from(key(1).public().encode_protobuf()),
            certificate: Signed::sign(&certificate, &key(1)).unwrap(),
            public_url: "https://photos.example".into(),
        }),
    );
    let contact = Contact { peer_id: key(3).public().to_peer_id(), role: Role::Lab, name: "Lab".into(), addresses };
    let directory = |contacts, host, crowd| EnrolReply::Directory { contacts, host, crowd };
    golden("enrol_directory", &directory(vec![contact.clone()], None, None));
    let host = HostNow {
        name: "Host".into(),
        public_url: "https://photos.example".into(),
        addresses: vec!["/dns4/peers.photos.example/tcp/4040".parse().unwrap()],
    };
    golden("enrol_directory_with_host", &directory(vec![contact], Some(host), None));
    golden("enrol_directory_crowd", &directory(vec![], None, Some(10_000)));
    golden("enrol_find", &EnrolRequest::Find { peers: vec![key(3).public().to_peer_id()] });
    golden("enrol_refused", &EnrolReply::Refused(Refusal::new(ErrorCode::BadInvitation, "No.")));
}

#[test]
fn publish_messages_have_their_golden_bytes() {
    let event = event();
    golden(
        "publish_event",
        &PublishRequest::Event { event: Box::new(event), access_code: "7K3M-Q9XA-10TD".parse().unwrap() },
    );
    let revision = Revision { photo_id: photo(), revision: ContentHash([9; 32]) };
    golden("publish_offer", &PublishRequest::Offer { event_id: EventId([1; 16]), photos: vec![revision] });
    let record = PhotoRecord {
        photo_id: photo(),
        file_name: "DSC_0001.jpg".into(),
        category: "reception".into(),
        captured: Some("2026-06-20T15:04:05.25".parse().unwrap()),
        camera: Some("Make Model".into()),
        width_px: 6000,
        height_px: 4000,
        rating: Some(4),
        captured_offset_minutes: None,
        lens: None,
        exposure: None,
        author: None,
        caption: None,
        keywords: Vec::new(),
        placeholder: None,
        not_for_print: None,
    };
    let picture =
        |width_px, height_px| Picture { width_px, height_px, jpeg: ByteBuf::from(vec![0xff, 0xd8, 0xff, 0xd9]) };
    let published = PublishedPhoto { record, thumbnail: picture(320, 213), proof: picture(1600, 1067) };
    assert_eq!(
        published.revision().unwrap().to_string(),
        golden_text("publish_revision", || published.revision().unwrap().to_string())
    );
    golden("publish_batch", &PublishRequest::Batch { event_id: EventId([1; 16]), photos: vec![published.clone()] });
    let spoken = PhotoRecord {
        captured_offset_minutes: Some(120),
        lens: Some("35mm f/1.8".into()),
        exposure: Some("1/250 s · f/2.8 · ISO 400 · 50 mm".into()),
        author: Some("Ana".into()),
        caption: Some("The first dance".into()),
        keywords: vec!["dance".into()],
        placeholder: Some(ByteBuf::from(vec![1, 2, 3, 4, 5])),
        not_for_print: None,
        ..published.record.clone()
    };
    let spoken = PublishedPhoto { record: spoken, ..published.clone() };
    golden("publish_batch_words", &PublishRequest::Batch { event_id: EventId([1; 16]), photos: vec![spoken] });
    golden("publish_withdraw", &PublishRequest::Withdraw { event_id: EventId([1; 16]), photos: vec![photo()] });
    golden("publish_withdraw_event", &PublishRequest::WithdrawEvent { event_id: EventId([1; 16]) });
    golden(
        "publish_event_stored",
        &PublishReply::EventStored { gallery_url: "https://photos.example/galleries/1".into() },
    );
    golden("publish_needs", &PublishReply::Needs { photos: vec![photo()] });
    golden("publish_stored", &PublishReply::Stored);
    golden("publish_withdrawn", &PublishReply::Withdrawn { photos: 7 });
    golden("publish_refused", &PublishReply::Refused(Refusal::uniform()));
}

/// `publish_batch` was released before photos had captions.
#[test]
fn a_record_from_before_captions_is_read_and_keeps_its_revision() {
    let hex = golden_text("publish_batch", String::new);
    let bytes: Vec<u8> =
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
    let PublishRequest::Batch { photos, .. } = codec::decode(&bytes, bytes.len()).unwrap() else {
        panic!("it is a batch");
    };
    let record = photos[0].record.clone().checked().unwrap();
    assert_eq!((&record.caption, &record.placeholder, record.keywords.len()), (&None, &None, 0));
    assert_eq!(photos[0].revision().unwrap().to_string(), golden_text("publish_revision", String::new));
}

#[test]
fn a_record_that_says_too_much_is_refused_and_names_the_field() {
    let plain = PhotoRecord {
        photo_id: photo(),
        file_name: "a.jpg".into(),
        category: "reception".into(),
        captured: None,
        camera: None,
        width_px: 3,
        height_px: 2,
        rating: None,
        captured_offset_minutes: Some(-840),
        lens: Some(" ".into()),
        exposure: None,
        author: None,
        caption: Some(" One line\nand another ".into()),
        keywords: vec![" cake ".into()],
        placeholder: Some(ByteBuf::from(vec![0; 32])),
        not_for_print: None,
    };
    let checked = plain.clone().checked().unwrap();
    assert_eq!((checked.lens, checked.caption.unwrap().as_str()), (None, "One line\nand another"));
    assert_eq!(checked.keywords, ["cake"]);
    let refused = |change: &dyn Fn(&mut PhotoRecord)| {
        let mut record = plain.clone();
        change(&mut record);
        record.checked().unwrap_err().to_string()
    };
    assert!(refused(&|record| record.placeholder = Some(ByteBuf::from(vec![0; 33]))).contains("placeholder"));
    assert!(refused(&|record| record.captured_offset_minutes = Some(i16::MIN)).contains("14 hours"));
    assert!(refused(&|record| record.caption = Some("é".repeat(2_001))).contains("A caption"));
    assert!(refused(&|record| record.caption = Some("\u{202e}gpj".into())).contains("A caption"));
    assert!(refused(&|record| record.author = Some("a\nb".into())).contains("An author"));
    assert!(refused(&|record| record.lens = Some("a".repeat(201))).contains("A lens"));
    assert!(refused(&|record| record.keywords = vec!["a".into(); 51]).contains("Keywords"));
    assert!(refused(&|record| record.keywords = vec![" ".into()]).contains("A keyword"));
}

/// Hosts and nodes keep these in rows of their databases.
#[test]
fn stored_records_have_their_golden_bytes() {
    golden("stored_event", &event());
    golden("stored_order", &order());
    golden("stored_signed_order", &Signed::sign(&order(), &key(1)).unwrap());
    golden("stored_status_kind", &StatusKind::Shipped { carrier: "Post".into(), tracking: "TR-77".into() });
    let status = Status {
        status_id: CommandId([4; 16]),
        order_id: OrderId([2; 16]),
        job_id: None,
        at: UnixMs(1_766_000_000_000),
        kind: StatusKind::Printing,
    };
    golden("stored_signed_status", &Signed::sign(&status, &key(5)).unwrap());
}

#[test]
fn order_messages_have_their_golden_bytes() {
    golden("order_deliver", &OrderRequest::Deliver(Signed::sign(&order(), &key(1)).unwrap()));
    let payment = Payment { order_id: OrderId([2; 16]), paid_at: UnixMs(1_766_000_000_000) };
    golden("order_paid", &OrderRequest::Paid(Signed::sign(&payment, &key(1)).unwrap()));
    golden("order_accepted", &OrderReply::Accepted);
    golden("order_held", &OrderReply::Held);
    golden("order_noted", &OrderReply::Noted);
    golden("order_refused", &OrderReply::Refused(Refusal::new(ErrorCode::Withdrawn, "Gone.")));
}

#[test]
fn print_job_messages_have_their_golden_bytes() {
    let job = PrintJob {
        job_id: JobId([3; 16]),
        order_id: OrderId([2; 16]),
        event_name: "John's Wedding".into(),
        photographer: "Ana".into(),
        placed_at: UnixMs(1_766_000_000_000),
        ship_to: ShipTo { delivery: "Post".into(), name: "Kim".into(), address: Some("1 Example Street".into()) },
        note: String::new(),
        lines: vec![JobLine {
            line: 1,
            file: 0,
            size: PrintSize::CM_10X15,
            finish: Finish::Matte,
            crop: Crop::Fill,
            quantity: 2,
        }],
        files: vec![PrintFile {
            photo_id: photo(),
            name: "DSC_0001.jpg".into(),
            bytes: 12_345_678,
            root: ContentHash([7; 32]),
            width_px: 6000,
            height_px: 4000,
            prepared: None,
        }],
        withdrawn_before: 0,
    };
    golden("print_job_offer", &JobRequest::Offer(Signed::sign(&job, &key(4)).unwrap()));
    let again = PrintJob { withdrawn_before: 2, ..job };
    golden("print_job_offer_again", &JobRequest::Offer(Signed::sign(&again, &key(4)).unwrap()));
    golden("print_job_withdraw", &JobRequest::Withdraw { job_id: JobId([3; 16]), withdrawn_before: 1 });
    golden("print_job_withdrawn", &JobReply::Withdrawn);
    golden("print_job_needs", &JobReply::Needs { files: vec![0] });
    golden("print_job_refused", &JobReply::Refused(Refusal::new(ErrorCode::NotApproved, "Not yet.")));
}

#[test]
fn original_and_status_messages_have_their_golden_bytes() {
    let (job_id, root) = (JobId([3; 16]), ContentHash([7; 32]));
    golden("original_subtrees", &OriginalRequest::Subtrees { job_id, root });
    golden("original_range", &OriginalRequest::Range { job_id, root, offset: 1_048_576 });
    golden("original_subtrees_reply", &OriginalReply::Subtrees(ByteBuf::from(vec![5; 64])));
    golden("original_range_reply", &OriginalReply::Range(vec![6; 5].into()));
    golden("original_refused", &OriginalReply::Refused(Refusal::uniform()));
    let kinds = [
        ("accepted", StatusKind::Accepted),
        ("held", StatusKind::Held),
        ("declined", StatusKind::Declined { reason: "No.".into() }),
        ("paid", StatusKind::Paid),
        ("offered", StatusKind::Offered { lab: "Lab".into() }),
        ("received", StatusKind::Received { files: 2, bytes: 3, crossed_bytes: None }),
        ("printing", StatusKind::Printing),
        ("shipped", StatusKind::Shipped { carrier: "Post".into(), tracking: "TR-77".into() }),
        ("problem", StatusKind::Problem { text: "Torn.".into() }),
    ];
    for (word, kind) in kinds {
        assert_eq!(kind.word(), word);
        let (status_id, order_id) = (CommandId([4; 16]), OrderId([2; 16]));
        let status = Status { status_id, order_id, job_id: Some(job_id), at: UnixMs(1_766_000_000_000), kind };
        golden(&format!("status_{word}"), &StatusRequest::Report(Signed::sign(&status, &key(5)).unwrap()));
    }
    let kind = StatusKind::Received { files: 2, bytes: 3, crossed_bytes: Some(3) };
    let (status_id, order_id) = (CommandId([4; 16]), OrderId([2; 16]));
    let status = Status { status_id, order_id, job_id: Some(job_id), at: UnixMs(1_766_000_000_000), kind };
    golden("status_received_crossed", &StatusRequest::Report(Signed::sign(&status, &key(5)).unwrap()));
    golden("status_noted", &StatusReply::Noted);
    golden("status_refused", &StatusReply::Refused(Refusal::uniform()));
}

#[test]
fn what_homes_say_to_each_other_has_its_golden_bytes() {
    let addresses = vec!["/ip4/192.0.2.7/tcp/4041".parse().unwrap()];
    let code = "7K3M-Q9XA-10TD".parse().unwrap();
    golden("home_join", &PairRequest::Join { code, name: "NAS".into(), addresses: addresses.clone() });
    let home = |ended| {
        let (photographer, home) = (key(1).public().to_peer_id(), key(3).public().to_peer_id());
        Signed::sign(&Home { photographer, home, since: UnixMs(1_766_000_000_000), ended }, &key(1)).unwrap()
    };
    golden("home_paired", &PairReply::Paired { home: home(false), photographer: "Ana".into() });
    golden("home_refused", &PairReply::Refused(Refusal::new(ErrorCode::BadInvitation, "No.")));
    golden("stored_signed_home", &home(true));

    golden("print_job_stand_in", &JobRequest::StandIn(home(false)));
    golden("print_job_noted", &JobReply::Noted);
    golden("enrol_take_over", &EnrolRequest::TakeOver { order: Some("7K3M-Q9ZT".into()) });
    golden("enrol_taken_over", &EnrolReply::TakenOver { orders: 2 });
    let moved = Moved { order_id: OrderId([2; 16]), at: UnixMs(1_766_000_000_000) };
    golden("order_moved", &OrderRequest::Moved(Signed::sign(&moved, &key(1)).unwrap()));
    golden("order_was_elsewhere", &OrderRequest::WasElsewhere(Signed::sign(&moved, &key(1)).unwrap()));
    golden("print_job_let_go", &JobRequest::LetGo { job_id: JobId([3; 16]) });
    golden("print_job_take_over", &JobRequest::TakeOver { job_id: JobId([3; 16]) });
    golden("enrol_stand_in", &EnrolRequest::StandIn { home: home(false), addresses: addresses.clone() });
    let (event_id, peer) = (EventId([1; 16]), key(2).public().to_peer_id());
    let copied = Copied { photos: 500, here: 412, trouble: None };
    golden("replica_wait", &ReplicaRequest::Wait { mark: 7, copied: copied.clone() });
    let copied = Copied { trouble: Some("The disk is full.".into()), ..copied };
    golden("replica_wait_in_trouble", &ReplicaRequest::Wait { mark: 7, copied });
    golden("replica_mark", &ReplicaReply::Mark(8));
    golden("replica_business", &ReplicaRequest::Business);
    let host = HostFacts {
        peer_id: peer,
        name: "Host".into(),
        key: ByteBuf::from(key(1).public().encode_protobuf()),
        addresses: addresses.clone(),
        public_url: "https://photos.example".into(),
        enrolled_ms: 1_766_000_000_000,
        is_left: false,
        lab: Some(peer),
    };
    let rules = Some((ContentHash([3; 32]), 9));
    let lab = LabFacts { peer_id: peer, name: "Lab".into(), addresses, hosts: vec![peer], rules };
    let business = Business { name: Some("Ana".into()), hosts: vec![host], labs: vec![lab] };
    golden("replica_business_reply", &ReplicaReply::Business(Box::new(business)));
    golden("replica_events", &ReplicaRequest::Events { after: Some(event_id) });
    let events = vec![EventMark { event_id, mark: 7, photos: 500 }];
    golden("replica_events_reply", &ReplicaReply::Events { events, is_last: true });
    golden("replica_photos", &ReplicaRequest::Photos { event_id, after: Some(photo()) });
    golden("replica_photos_reply", &ReplicaReply::Photos { photos: vec![ByteBuf::from([1, 2])], is_last: false });
    let file = ReplicaFile::Photo { event_id, photo_id: photo(), root: photo().0 };
    golden("replica_subtrees", &ReplicaRequest::Subtrees(file));
    golden("replica_subtrees_reply", &ReplicaReply::Subtrees(ByteBuf::from([5; 64])));
    golden("replica_range", &ReplicaRequest::Range { file, offset: 1_048_576 });
    let file = ReplicaFile::Rules { lab: peer, root: ContentHash([3; 32]) };
    golden("replica_range_of_rules", &ReplicaRequest::Range { file, offset: 0 });
    let file = ReplicaFile::Mark { event_id, root: ContentHash([4; 32]) };
    golden("replica_range_of_mark", &ReplicaRequest::Range { file, offset: 0 });
    golden("replica_range_reply", &ReplicaReply::Range(vec![6, 7].into()));
    golden("replica_sent", &ReplicaRequest::Sent { event_id, after: Some((JobId([3; 16]), photo().0)) });
    golden("replica_sent_reply", &ReplicaReply::Sent { files: vec![sent_file(peer)], is_last: true });
    golden("replica_refused", &ReplicaReply::Refused(Refusal::uniform()));
}

#[test]
fn what_homes_say_of_an_event_has_its_golden_bytes() {
    let (event_id, peer) = (EventId([1; 16]), key(2).public().to_peer_id());
    golden("replica_event", &ReplicaRequest::Event { event_id });
    let gallery_url = Some("https://photos.example/g/1".into());
    let shown_at = ShownAt { host: peer, gallery_url, is_chosen: true, since_ms: 1_766_000_000_000, photos: None };
    let access_code = "7K3M-Q9XA-10TD".parse().unwrap();
    let state = EventState { record: event(), access_code, shown_at: vec![shown_at.clone()], proof_mark: None };
    golden("replica_event_reply", &ReplicaReply::Event(Box::new(state.clone())));
    let shown_at = vec![ShownAt { photos: Some(2), ..shown_at }];
    let state = EventState { proof_mark: Some((ContentHash([4; 32]), 9)), shown_at, ..state };
    golden("replica_event_reply_marked", &ReplicaReply::Event(Box::new(state)));
    golden("replica_shown", &ReplicaRequest::Shown { event_id, host: peer, after: Some(photo()) });
    let shown = ShownPhoto { photo_id: photo(), withdrawn_ms: None, stays: false };
    let withdrawn = ShownPhoto { withdrawn_ms: Some(1_766_000_000_000), stays: true, ..shown };
    golden("replica_shown_reply", &ReplicaReply::Shown { photos: vec![shown, withdrawn], is_last: true });
}

fn sent_file(lab: PeerId) -> SentFile {
    SentFile {
        job_id: JobId([3; 16]),
        root: photo().0,
        photo_id: photo(),
        bytes: 9_000_000,
        order_id: OrderId([2; 16]),
        lab,
        lab_name: "Lab".into(),
        offered_ms: 1_766_000_000_000,
        is_open: true,
        left_ms: Some(1_766_000_000_001),
        sent_bytes: 9_000_000,
        received_ms: None,
        receipt: Some(ByteBuf::from([1, 2])),
    }
}

fn event() -> EventRecord {
    EventRecord {
        event_id: EventId([1; 16]),
        name: "John's Wedding".into(),
        description: "A day in June".into(),
        date: Some("2026-06-20".parse().unwrap()),
        photographer: "Ana".into(),
        copyright: "© Ana".into(),
        categories: vec!["reception".into()],
        price_list: PriceList::usual(Currency::EUR),
    }
}

fn order() -> Order {
    let delivery =
        Delivery { name: "Post".into(), price: "EUR 4.90".parse().unwrap(), address: Some("1 Example Street".into()) };
    let lines = vec![OrderLine {
        line: 1,
        photo_id: photo(),
        file_name: "DSC_0001.jpg".into(),
        size: PrintSize::CM_20X30,
        finish: Finish::Glossy,
        crop: Crop::Fit,
        quantity: 3,
        price: "EUR 12.00".parse().unwrap(),
    }];
    Order {
        order_id: OrderId([2; 16]),
        event_id: EventId([1; 16]),
        placed_at: UnixMs(1_766_000_000_000),
        customer: Customer { name: "Kim".into(), email: "kim@example.org".into() },
        total: Order::sum(&lines, &delivery).unwrap(),
        delivery,
        lines,
        note: "Please".into(),
    }
}

fn photo() -> PhotoId {
    PhotoId(ContentHash::of(b"an original"))
}

/// A key that is the same each time.
fn key(seed: u8) -> Keypair {
    Keypair::ed25519_from_bytes([seed; 32]).unwrap()
}

/// The message encodes to the golden bytes, and they decode to the message.
fn golden<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(name: &str, message: &T) {
    let bytes = codec::encode(message).unwrap();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, golden_text(name, || hex.clone()), "{name} has other bytes than when it was released");
    assert_eq!(&codec::decode::<T>(&bytes, bytes.len()).unwrap(), message);
}

fn golden_text(name: &str, now: impl Fn() -> String) -> String {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{name}.hex"));
    if !file.exists() && std::env::var_os("ENPRINT_WRITE_GOLDEN").is_some() {
        std::fs::write(&file, now() + "\n").unwrap();
    }
    let text = std::fs::read_to_string(&file).unwrap_or_else(|_| panic!("{} is missing", file.display()));
    text.trim().to_owned()
}
