//! What the tests of the pages share: a host's real database with a gallery in it,
//! the real web server over it, and customers with a browser's habits: they keep
//! cookies, follow no redirect by themselves, and send the forms that they were shown.

#![allow(dead_code, clippy::unwrap_used, reason = "tests; each uses part of this")]

mod pictures;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use enprint_customer_web::protocol::Keypair;
use enprint_customer_web::protocol::PeerId;
use enprint_customer_web::protocol::access_code::AccessCode;
use enprint_customer_web::protocol::enrol::Role;
use enprint_customer_web::protocol::event::{EventRecord, PriceList};
use enprint_customer_web::protocol::ids::{CommandId, ContentHash, EventId, OrderId, PhotoId};
use enprint_customer_web::protocol::money::Currency;
use enprint_customer_web::protocol::publish::{PhotoRecord, PublishedPhoto};
use enprint_customer_web::protocol::signed::Signed;
use enprint_customer_web::protocol::status::{Status, StatusKind};
use enprint_customer_web::protocol::time::UnixMs;
use enprint_customer_web::{SiteConfig, bind};
use enprint_host_index::index::Enrolment;
use enprint_host_index::{HostConfig, Index};
use reqwest::{RequestBuilder, StatusCode, header, redirect};
use tempfile::TempDir;
use tokio::sync::oneshot;

pub use pictures::jpeg;

/// A host with one photographer, and its pages on a port of their own.
pub struct World {
    pub index: Index,
    pub base: String,
    pub photographer: PeerId,
    pub photographer_key: Keypair,
    pub lab_key: Keypair,
    ahead_ms: Arc<AtomicI64>,
    _stop: oneshot::Sender<()>,
    _folder: TempDir,
}

/// A published gallery.
pub struct Gallery {
    pub event_id: EventId,
    pub code: AccessCode,
    pub photos: Vec<PhotoId>,
}

/// Somebody with a browser.
pub struct Customer {
    browser: reqwest::Client,
    base: String,
}

/// What a customer was answered.
pub struct Answer {
    pub status: StatusCode,
    pub headers: header::HeaderMap,
    pub bytes: Vec<u8>,
}

impl World {
    pub async fn start() -> Self {
        Self::started(false).await
    }

    /// A host that passes print files on where there is no direct way.
    pub async fn that_passes_files_on() -> Self {
        Self::started(true).await
    }

    async fn started(passes_files_on: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ahead_ms = Arc::new(AtomicI64::new(0));
        let clock = Arc::new({
            let ahead_ms = ahead_ms.clone();
            move || jiff::Timestamp::now().as_millisecond() + ahead_ms.load(Ordering::SeqCst)
        });
        let index = Index::open(&HostConfig { clock, ..HostConfig::new(folder.path()) }).await.unwrap();
        let photographer_key = enrolled(&index, Role::Photographer, "Ana").await;
        let lab_key = enrolled(&index, Role::Lab, "The lab").await;
        let photographer = photographer_key.public().to_peer_id();
        index.seen(&[photographer]).await.unwrap();
        let listen = "127.0.0.1:0".parse().unwrap();
        let config = SiteConfig { listen, public_url: None, trust_proxy: None, passes_files_on };
        let bound = bind(config, index.clone()).await.unwrap();
        let base = format!("http://{}", bound.local_addr());
        let (_stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(bound.run(async {
            let _ = stopped.await;
        }));
        Self { index, base, photographer, photographer_key, lab_key, ahead_ms, _stop, _folder: folder }
    }

    /// A gallery of that name with photos of these names, one half each in the
    /// categories `ceremony` and `party`.
    pub async fn publish(&self, name: &str, files: &[&str]) -> Gallery {
        self.publish_with(name, files, |_| ()).await
    }

    /// As [`publish`](Self::publish), each record as `change` leaves it.
    pub async fn publish_with(&self, name: &str, files: &[&str], change: impl Fn(&mut PhotoRecord)) -> Gallery {
        let (event, code) = (event(name), AccessCode::random());
        self.index.put_event(self.photographer, &event, &code).await.unwrap();
        let mut photos: Vec<_> =
            files.iter().enumerate().map(|(place, file)| photo(place, files.len(), file)).collect();
        photos.iter_mut().for_each(|photo| change(&mut photo.record));
        let ids = photos.iter().map(|photo| photo.record.photo_id).collect();
        self.index.publish(self.photographer, event.event_id, photos).await.unwrap();
        Gallery { event_id: event.event_id, code, photos: ids }
    }

    /// What the photographer's node hands on: signed with `key`, theirs or the lab's.
    pub async fn say(&self, key: &Keypair, order_id: OrderId, kind: StatusKind) {
        let (status_id, at) = (CommandId::random(), UnixMs::from_timestamp(jiff::Timestamp::now()));
        let status = Status { status_id, order_id, job_id: None, at, kind };
        let signed = Signed::sign(&status, key).unwrap();
        self.index.note_status(self.photographer, &signed).await.unwrap();
    }

    /// Lets the host's clock go on.
    pub fn minutes_pass(&self, minutes: i64) {
        self.ahead_ms.fetch_add(minutes * 60_000, Ordering::SeqCst);
    }

    pub fn customer(&self) -> Customer {
        let browser = reqwest::Client::builder().cookie_store(true).redirect(redirect::Policy::none());
        Customer { browser: browser.build().unwrap(), base: self.base.clone() }
    }

    /// Somebody who has this gallery open.
    pub async fn guest(&self, gallery: &Gallery) -> Customer {
        let guest = self.customer();
        guest.get("/").await;
        let answer = guest.send("/open", &[("access_code", &gallery.code.to_string())]).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        assert_eq!(answer.location(), gallery.path());
        guest
    }
}

impl Gallery {
    pub fn path(&self) -> String {
        format!("/galleries/{}", self.event_id)
    }

    pub fn photo(&self, place: usize) -> String {
        format!("{}/photos/{}", self.path(), self.photos[place])
    }
}

impl Customer {
    pub async fn get(&self, path: &str) -> Answer {
        self.ask(path, |request| request).await
    }

    /// Gets `path` with what `with` adds to the request.
    pub async fn ask(&self, path: &str, with: impl FnOnce(RequestBuilder) -> RequestBuilder) -> Answer {
        let request = self.browser.get(format!("{}{path}", self.base)).header(header::ACCEPT, "text/html");
        Answer::of(with(request).send().await.unwrap()).await
    }

    /// Sends a form with the token of this customer's pages.
    pub async fn send(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.csrf_token().await;
        let mut all = vec![("csrf", token.as_str())];
        all.extend(fields);
        self.send_bare(path, &all).await
    }

    /// Sends these fields and nothing else.
    pub async fn send_bare(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let request = self.browser.post(format!("{}{path}", self.base)).form(fields);
        Answer::of(request.send().await.unwrap()).await
    }

    /// Puts prints of a photo in the basket.
    pub async fn add(&self, gallery: &Gallery, place: usize, print: &str, quantity: &str) -> Answer {
        let photo = gallery.photos[place].to_string();
        let fields = [("photo", photo.as_str()), ("print", print), ("quantity", quantity)];
        self.send(&format!("{}/basket", gallery.path()), &fields).await
    }

    /// Orders what is in the basket, to be picked up; the path of the order's page.
    pub async fn order(&self, gallery: &Gallery) -> String {
        let form = self.get(&format!("{}/checkout", gallery.path())).await;
        let (key, totals) = (form.field("key").unwrap(), form.fields("expected_total"));
        let mut fields = vec![("key", key.as_str()), ("name", "Maria Silva"), ("email", "maria@example.org")];
        fields.push(("delivery", "Pick up at the studio"));
        fields.extend(totals.iter().map(|total| ("expected_total", total.as_str())));
        let placed = self.send(&format!("{}/orders", gallery.path()), &fields).await;
        assert_eq!(placed.status, 303, "{}", placed.text());
        placed.location().to_owned()
    }

    /// Every page with a form carries the token; the first page has one for everybody.
    async fn csrf_token(&self) -> String {
        self.get("/").await.field("csrf").unwrap()
    }
}

impl Answer {
    async fn of(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        Self { status, headers, bytes: response.bytes().await.unwrap().to_vec() }
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).unwrap()
    }

    pub fn has(&self, text: &str) -> bool {
        self.text().contains(text)
    }

    pub fn header(&self, name: impl header::AsHeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn location(&self) -> &str {
        self.header(header::LOCATION)
    }

    /// The value of the first field of this name on the page.
    pub fn field(&self, name: &str) -> Option<String> {
        let start = format!("name=\"{name}\" value=\"");
        let value = self.text().split_once(&start)?.1;
        Some(value.split_once('"')?.0.to_owned())
    }

    /// The values of all fields of this name.
    pub fn fields(&self, name: &str) -> Vec<String> {
        let start = format!("name=\"{name}\" value=\"");
        let parts = self.text().split(&start).skip(1);
        parts.map(|part| part.split_once('"').unwrap().0.to_owned()).collect()
    }
}

async fn enrolled(index: &Index, role: Role, name: &str) -> Keypair {
    let key = Keypair::generate_ed25519();
    let invitation = index.invite(role, std::time::Duration::from_secs(600)).await.unwrap();
    let enrolment = Enrolment { role, name: name.into(), invitation, addresses: Vec::new() };
    index.enrol(key.public().to_peer_id(), &enrolment).await.unwrap();
    key
}

/// An event with the usual price list.
pub fn event(name: &str) -> EventRecord {
    let mut price_list = PriceList::usual(Currency::EUR);
    price_list.payment_note = "By transfer to DE00 1234.".into();
    EventRecord {
        event_id: EventId::random(),
        name: name.into(),
        description: "A day in June.".into(),
        date: Some("2026-06-14".parse().unwrap()),
        photographer: "Ana Lima".into(),
        copyright: String::new(),
        categories: vec!["ceremony".into(), "party".into()],
        price_list,
    }
}

fn photo(place: usize, of: usize, file: &str) -> PublishedPhoto {
    let category = if place * 2 < of { "ceremony" } else { "party" };
    let second = format!("2026-06-14T12:{:02}:{:02}", place / 60 % 60, place % 60);
    let record = PhotoRecord {
        photo_id: PhotoId(ContentHash::of(file.as_bytes())),
        file_name: file.into(),
        category: category.into(),
        captured: Some(second.parse().unwrap()),
        camera: Some("Canon EOS R5".into()),
        width_px: 6000,
        height_px: 4000,
        rating: None,
        captured_offset_minutes: None,
        lens: None,
        exposure: None,
        author: None,
        caption: None,
        keywords: Vec::new(),
        placeholder: None,
        not_for_print: None,
    };
    let thumbnail = jpeg(320, 213, file);
    PublishedPhoto { record, thumbnail, proof: jpeg(1600, 1067, file) }
}
