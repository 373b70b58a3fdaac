//! What the index's tests share: a host on each engine, with a clock that tests move,
//! and people who publish and order. Asserts nothing.

#![allow(dead_code, reason = "each test file uses a part of this")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::future::Future;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use enprint_host_index::index::Enrolment;
use enprint_host_index::protocol::access_code::AccessCode;
use enprint_host_index::protocol::enrol::Role;
use enprint_host_index::protocol::event::{EventRecord, PriceList};
use enprint_host_index::protocol::ids::{ContentHash, EventId, PhotoId};
use enprint_host_index::protocol::money::Currency;
use enprint_host_index::protocol::order::Crop;
use enprint_host_index::protocol::publish::{PhotoRecord, Picture, PublishedPhoto, Revision};
use enprint_host_index::protocol::{Keypair, PeerId};
use enprint_host_index::views::{Choice, Chosen, PlaceOrder, SessionId};
use enprint_host_index::{HostConfig, Index};
use enprint_store::ledger::scratch::{POSTGRES_ENV, ScratchDatabase};
use enprint_store::ledger::{Clock, LedgerLocation};
use tempfile::TempDir;

/// A host's index on one engine.
pub struct Bench {
    pub folder: TempDir,
    pub database: Option<String>,
    pub clock: HandClock,
}

impl Bench {
    /// What an index of this host is opened with.
    pub fn config(&self) -> HostConfig {
        HostConfig {
            database: self.database.clone(),
            public_url: Some("https://photos.example".into()),
            clock: Arc::new(self.clock.clone()),
            ..HostConfig::new(self.folder.path().join("host"))
        }
    }

    pub async fn index(&self) -> Index {
        Index::open(&self.config()).await.unwrap()
    }
}

/// A clock that goes only when it is told to.
#[derive(Clone)]
pub struct HandClock(Arc<AtomicI64>);

impl HandClock {
    fn new() -> Self {
        Self(Arc::new(AtomicI64::new(1_790_000_000_000)))
    }

    pub fn advance(&self, time: Duration) {
        self.0.fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Runs a test on an SQLite file of its own.
pub async fn on_sqlite<F: Future<Output = ()> + Send + 'static>(test: fn(Bench) -> F) {
    test(Bench { folder: TempDir::new().unwrap(), database: None, clock: HandClock::new() }).await;
}

/// Runs a test on a PostgreSQL database of its own, where a server is given.
pub async fn on_postgres<F: Future<Output = ()> + Send + 'static>(test: fn(Bench) -> F) {
    let Some(scratch) = ScratchDatabase::from_env().await.unwrap() else {
        eprintln!("LEFT OUT on PostgreSQL: {POSTGRES_ENV} names no server");
        return;
    };
    let LedgerLocation::Postgres(url) = scratch.location() else { panic!("no PostgreSQL") };
    let bench = Bench { folder: TempDir::new().unwrap(), database: Some(url), clock: HandClock::new() };
    let ended = tokio::spawn(test(bench)).await;
    scratch.remove().await.unwrap();
    if let Err(error) = ended {
        resume_unwind(error.into_panic());
    }
}

/// Makes a test of each function for each engine.
#[macro_export]
macro_rules! on_both_engines {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::kit::on_sqlite(super::$name).await })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::kit::on_postgres(super::$name).await })*
        }
    };
}

/// A peer with its key.
pub struct Peer {
    pub key: Keypair,
    pub id: PeerId,
}

/// A new peer, enrolled.
pub async fn enrolled(index: &Index, role: Role, name: &str) -> Peer {
    let key = Keypair::generate_ed25519();
    let id = key.public().to_peer_id();
    let invitation = index.invite(role, Duration::from_secs(600)).await.unwrap();
    let enrolment = Enrolment { invitation, role, name: name.into(), addresses: Vec::new() };
    index.enrol(id, &enrolment).await.unwrap();
    Peer { key, id }
}

/// An event with two categories and the usual prices.
pub fn event(name: &str) -> EventRecord {
    EventRecord {
        event_id: EventId::random(),
        name: name.into(),
        description: String::new(),
        date: None,
        photographer: "Ana".into(),
        copyright: String::new(),
        categories: vec!["ceremony".into(), "party".into()],
        price_list: PriceList::usual(Currency::EUR),
    }
}

/// A photo of that file name, one of the event's first category.
pub fn photo(file_name: &str) -> PublishedPhoto {
    let record = PhotoRecord {
        photo_id: PhotoId(ContentHash::of(file_name.as_bytes())),
        file_name: file_name.into(),
        category: "ceremony".into(),
        captured: Some("2026-06-20T15:04:05".parse().unwrap()),
        camera: Some("Make Model".into()),
        width_px: 6000,
        height_px: 4000,
        rating: Some(3),
        captured_offset_minutes: None,
        lens: None,
        exposure: None,
        author: None,
        caption: None,
        keywords: Vec::new(),
        placeholder: None,
        not_for_print: None,
    };
    PublishedPhoto { record, thumbnail: jpeg(320, 213, file_name), proof: jpeg(1600, 1067, file_name) }
}

/// What an offer says of photos.
pub fn revisions(photos: &[PublishedPhoto]) -> Vec<Revision> {
    let revision =
        |photo: &PublishedPhoto| Revision { photo_id: photo.record.photo_id, revision: photo.revision().unwrap() };
    photos.iter().map(revision).collect()
}

/// A JPEG in outline: every part that a host looks at, and no picture.
pub fn jpeg(width_px: u16, height_px: u16, seed: &str) -> Picture {
    let (width, height) = (width_px.to_be_bytes(), height_px.to_be_bytes());
    let frame = part(0xc0, &[&[8], &height[..], &width, &[1, 1, 0x11, 0]].concat());
    let scan = part(0xda, &[1, 1, 0, 0, 63, 0]);
    let data: Vec<u8> = seed.bytes().filter(|byte| *byte != 0xff).collect();
    let jpeg = [&[0xff, 0xd8], &frame[..], &scan, &data, &[0xff, 0xd9]].concat();
    Picture { width_px: width_px.into(), height_px: height_px.into(), jpeg: jpeg.into() }
}

/// The same JPEG with an EXIF segment.
pub fn with_exif(picture: &Picture) -> Picture {
    let exif = part(0xe1, b"Exif\0\0MM\0\x2a");
    let jpeg = [&picture.jpeg[..2], &exif[..], &picture.jpeg[2..]].concat();
    Picture { jpeg: jpeg.into(), ..picture.clone() }
}

fn part(marker: u8, bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len() + 2).unwrap().to_be_bytes();
    [&[0xff, marker], &length[..], bytes].concat()
}

/// A gallery with photos of these names, and a session that has opened it.
pub struct Shop {
    pub ana: Peer,
    pub event: EventRecord,
    pub code: AccessCode,
    pub session: SessionId,
}

impl Shop {
    pub async fn open(index: &Index, file_names: &[&str]) -> Self {
        let ana = enrolled(index, Role::Photographer, "Ana").await;
        let (event, code) = (event("John's Wedding"), AccessCode::random());
        index.put_event(ana.id, &event, &code).await.unwrap();
        let photos = file_names.iter().map(|name| photo(name)).collect();
        index.publish(ana.id, event.event_id, photos).await.unwrap();
        let session = visitor(index, event.event_id).await;
        Self { ana, event, code, session }
    }

    /// An order of these photos.
    pub fn order(&self, key: &str, file_names: &[&str]) -> PlaceOrder {
        PlaceOrder {
            idempotency_key: key.into(),
            session_id: self.session,
            event_id: self.event.event_id,
            chosen: Chosen::Lines(file_names.iter().map(|name| choice(name)).collect()),
            name: "Kim".into(),
            email: "kim@example.org".into(),
            delivery: "Post".into(),
            address: "1 Example Street".into(),
            note: String::new(),
            expected_total: None,
        }
    }
}

/// Two small prints of a photo.
pub fn choice(file_name: &str) -> Choice {
    Choice {
        photo_id: photo(file_name).record.photo_id,
        size: "10x15".parse().unwrap(),
        finish: "matte".parse().unwrap(),
        crop: Crop::Fill,
        quantity: 2,
    }
}

/// A session that has opened a gallery.
pub async fn visitor(index: &Index, event_id: EventId) -> SessionId {
    let session = index.begin_session(*ContentHash::of(&EventId::random().0).as_bytes()).await.unwrap();
    index.admit_session(session.session_id, event_id).await.unwrap();
    session.session_id
}
