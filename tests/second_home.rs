//! A photographer's studio and their NAS: the second node copies the first, whoever is
//! killed meanwhile, and nobody else gets anything of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use enprint_node::photographer::records::{StoredPhoto, StoredRendition};
use enprint_protocol::event::{EventRecord, PriceList};
use enprint_protocol::home::{Home, Pair, PairReply, PairRequest};
use enprint_protocol::ids::{ContentHash, EventId, PhotoId};
use enprint_protocol::limits::RANGE_BYTES;
use enprint_protocol::money::Currency;
use enprint_protocol::peer::{Incoming, PeerRole};
use enprint_protocol::publish::PhotoRecord;
use enprint_protocol::replica::{Copied, EventMark, EventState, Follow, ReplicaFile, ReplicaReply, ReplicaRequest};
use enprint_protocol::signed::Signed;
use enprint_protocol::subtree::{range_count, range_hash};
use enprint_protocol::time::UnixMs;
use enprint_protocol::{ErrorCode, Keypair, PeerId, Refusal};
use serde_json::Value;
use tempfile::TempDir;
use world::damage::lose_volumes;
use world::impostor::Impostor;
use world::{Process, eventually, photos};

const MIB: usize = 1024 * 1024;
/// Of a kill of the second home: what was asked for or written and not recorded.
const LOST_AT_A_CUT_MAX: f64 = 2.0 * 24.0 * MIB as f64;

/// A studio and a NAS, paired.
struct Homes {
    dir: TempDir,
    studio: Process,
    nas: Process,
}

impl Homes {
    async fn start() -> Self {
        let dir = TempDir::new().unwrap();
        let studio = Process::photographer(&dir.path().join("studio"), &["--metrics", "127.0.0.1:0"]).await;
        let nas = Process::photographer(&dir.path().join("nas"), &[]).await;
        Self { dir, studio, nas }
    }

    fn pair(&self) {
        self.nas.follows(&self.studio);
    }

    fn import(&self, event: &str, photos: &[(&str, Vec<u8>)]) {
        let folder = self.dir.path().join("card").join(event);
        photos.iter().for_each(|(name, bytes)| photos::put(&folder, name, bytes));
        let imported = self.studio.says(&["import", folder.to_str().unwrap(), "--event", event]);
        assert_eq!(imported["imported"], photos.len(), "{imported}");
    }

    /// The first home removes an event; the second has heard of it when this returns.
    async fn removes(&self, event: &str) {
        self.studio.says(&["remove-event", event, "--with-originals"]);
        eventually("the second home knows that its copy is the only one", || {
            let events = self.nas.says(&["events"]);
            events["events"]
                .as_array()
                .unwrap()
                .iter()
                .any(|known| known["name"] == event && known["is_left_copy"] == true)
        })
        .await;
    }

    /// Both homes have every original of an event, byte for byte, and know the same of it.
    async fn are_equal(&self, event: &str) {
        eventually("the second home says that it has everything", || {
            let home = home(&self.nas);
            home["photos"] != 0 && home["copied"] == home["photos"] && home["trouble"].is_null()
        })
        .await;
        eventually("the second home knows the same of each photo", || {
            photos_of(&self.nas, event).is_ok_and(|photos| photos == photos_of(&self.studio, event).unwrap())
        })
        .await;
        let originals = |node: &Process, name: &str| {
            let folder = self.dir.path().join(name);
            node.says(&["export", "--event", event, folder.to_str().unwrap()]);
            let originals = files_below(&folder);
            std::fs::remove_dir_all(&folder).unwrap();
            originals
        };
        let (first, second) = (originals(&self.studio, "from-studio"), originals(&self.nas, "from-nas"));
        assert!(!first.is_empty() && first == second, "{} and {} originals", first.len(), second.len());
        let verified = self.nas.says(&["verify", "--event", event]);
        assert_eq!(verified["damaged"], Value::Array(Vec::new()), "{verified}");
    }
}

/// The one home beside a node.
fn home(node: &Process) -> Value {
    node.tries(&["second-home", "list"]).unwrap_or_default()["homes"][0].clone()
}

fn photos_of(node: &Process, event: &str) -> Result<Value, String> {
    Ok(node.tries(&["photos", "--event", event])?["photos"].clone())
}

/// Names and hashes.
fn files_below(folder: &Path) -> BTreeMap<String, ContentHash> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            files.extend(files_below(&entry));
        } else {
            files.insert(entry.display().to_string(), ContentHash::of(&std::fs::read(&entry).unwrap()));
        }
    }
    files.into_iter().map(|(name, hash)| (name.rsplit('/').next().unwrap().to_owned(), hash)).collect()
}

async fn served(studio: &Process) -> f64 {
    world::figures::Figures::at(&studio.metrics()).await.of("enprint_copied_bytes_served_total")
}

#[tokio::test]
async fn the_second_home_becomes_equal_and_follows_edits_and_new_photos() {
    let homes = Homes::start().await;
    let small: Vec<_> = (1..=3).map(|seed| photos::jpeg(800, 600, seed)).collect();
    let heavy = photos::heavy_jpeg(3 * MIB + 77, 4);
    homes.import("Wedding", &[("a.jpg", small[0].clone()), ("b.jpg", small[1].clone()), ("heavy.jpg", heavy)]);
    homes.pair();
    homes.are_equal("Wedding").await;

    homes.studio.says(&["edit", "--event", "Wedding", "--file", "a.jpg", "--turn", "right"]);
    homes.are_equal("Wedding").await;
    homes.import("Party", &[("c.jpg", small[2].clone())]);
    homes.are_equal("Party").await;
    homes.are_equal("Wedding").await;
    eventually("the first home knows how far the second is", || {
        let home = home(&homes.studio);
        home["name"] == "NAS" && home["copied"] == 4 && home["photos"] == 4
    })
    .await;

    for args in [
        &["import", homes.dir.path().to_str().unwrap(), "--event", "Wedding"][..],
        &["edit", "--event", "Wedding", "--all", "--turn", "left"],
        &["publish", "--event", "Wedding"],
        &["second-home", "invite"],
    ] {
        let refused = homes.nas.refuses(args);
        assert!(refused.contains("follows the first one") && refused.contains("Do it there"), "{refused}");
    }
}

#[tokio::test]
async fn the_second_home_knows_the_mark_over_an_events_proofs_whatever_it_is_started_with() {
    let mut homes = Homes::start().await;
    homes.import("Wedding", &[("a.jpg", photos::jpeg(800, 600, 1))]);
    let mark_at = |node: &Process| node.tries(&["events"]).unwrap_or_default()["events"][0]["mark"]["mark"].clone();
    let says = |homes: &Homes, args: &[&str]| homes.studio.says(&[&["event", "Wedding"], args].concat());
    says(&homes, &["--watermark", "PROOF"]);
    homes.pair();
    homes.are_equal("Wedding").await;
    let first = mark_at(&homes.studio);
    assert!(first.as_str().is_some_and(|mark| mark.contains("“PROOF”")), "{first}");
    assert_eq!(mark_at(&homes.nas), first);

    says(&homes, &["--watermark", "SAMPLE"]);
    let is_told = || mark_at(&homes.nas).as_str().is_some_and(|mark| mark.contains("“SAMPLE”"));
    eventually("the second home has heard of another", is_told).await;
    says(&homes, &["--no-watermark"]);
    homes.nas.kill();
    ["--watermark", "NAS"].iter().for_each(|flag| homes.nas.add_flag(flag));
    homes.nas.restart();
    eventually("the second home knows that there is none", || {
        let mark = homes.nas.tries(&["events"]).unwrap_or_default()["events"][0]["mark"].clone();
        mark["mark"].is_null() && mark["is_other_than_nodes"] == true
    })
    .await;
}

#[tokio::test]
async fn either_home_is_killed_in_the_midst_and_no_verified_range_crosses_twice() {
    let mut homes = Homes::start().await;
    let originals: Vec<_> = (1..=4).map(|seed| photos::heavy_jpeg(48 * MIB + 77, seed)).collect();
    let total: u64 = originals.iter().map(|original| original.len() as u64).sum();
    let names = ["a.jpg", "b.jpg", "c.jpg", "d.jpg"];
    homes.import("Wedding", &names.into_iter().zip(originals).collect::<Vec<_>>());
    homes.pair();
    let copied = |homes: &Homes| home(&homes.nas)["copied_bytes"].as_u64();
    let mut kills = 0;
    for part in 1..=3 {
        eventually("more is copied", || copied(&homes).is_some_and(|bytes| bytes >= part * total / 6)).await;
        homes.nas.kill();
        kills += u64::from(copied(&homes).unwrap() < total);
        homes.nas.restart();
    }
    assert!(kills > 0, "the copy was complete before anybody was killed");
    let handed_out = served(&homes.studio).await;
    homes.studio.kill();
    let verified = copied(&homes).unwrap();
    homes.studio.restart();
    homes.are_equal("Wedding").await;
    assert_eq!(copied(&homes), Some(total), "a recorded range crossed again");
    let most = verified as f64 + (kills + 1) as f64 * LOST_AT_A_CUT_MAX;
    assert!(handed_out <= most, "{handed_out} bytes were handed out for {verified}");
    assert!(!homes.nas.data().join("arriving").read_dir().unwrap().any(|_| true), "nothing is left on its way");
}

#[tokio::test]
async fn a_stranger_a_used_code_and_a_removed_home_get_nothing() {
    let mut homes = Homes::start().await;
    homes.import("Wedding", &[("a.jpg", photos::jpeg(800, 600, 1))]);
    let line = homes.studio.invites_a_home();
    homes.nas.says(&["second-home", "join", &line, "--name", "NAS"]);
    homes.are_equal("Wedding").await;
    let photo = photos_of(&homes.studio, "Wedding").unwrap()[0]["photo_id"].as_str().unwrap().parse().unwrap();
    let events = homes.studio.says(&["events"]);
    let event_id = events["events"][0]["event_id"].as_str().unwrap().parse().unwrap();

    let stranger = Impostor::stranger(PeerRole::Photographer).await;
    let peer = stranger.dials(&homes.studio.address()).await;
    let code = line.split(' ').next().unwrap().parse().unwrap();
    let join = PairRequest::Join { code, name: "Mine".into(), addresses: Vec::new() };
    let reply = stranger.peer.client.ask::<Pair>(peer, join).await.unwrap();
    assert!(matches!(&reply, PairReply::Refused(refusal) if refusal.code == ErrorCode::BadInvitation), "{reply:?}");
    gets_nothing(&stranger, peer, event_id, photo).await;

    let studio: PeerId = homes.studio.peer_id().parse().unwrap();
    homes.studio.says(&["second-home", "remove", "NAS"]);
    homes.nas.kill();
    let removed = Impostor::with_key_of(homes.nas.data(), PeerRole::Photographer, "/ip4/127.0.0.1/tcp/0", studio).await;
    let peer = removed.dials(&homes.studio.address()).await;
    gets_nothing(&removed, peer, event_id, photo).await;
    drop(removed);
    homes.nas.restart();
    homes.import("Party", &[("b.jpg", photos::jpeg(800, 600, 2))]);
    eventually("the removed home says that it is refused", || home(&homes.nas)["trouble"].is_string()).await;
    assert_eq!(homes.studio.says(&["second-home", "list"])["homes"], Value::Array(Vec::new()));
    assert!(photos_of(&homes.nas, "Party").is_err(), "it was told of an event");
}

/// Whatever is asked in the conversation is refused in the same words.
async fn gets_nothing(asks: &Impostor, peer: PeerId, event_id: EventId, photo_id: PhotoId) {
    let file = ReplicaFile::Photo { event_id, photo_id, root: photo_id.0 };
    for request in [
        ReplicaRequest::Wait { mark: 0, copied: Copied::default() },
        ReplicaRequest::Business,
        ReplicaRequest::Events { after: None },
        ReplicaRequest::Event { event_id },
        ReplicaRequest::Photos { event_id, after: None },
        ReplicaRequest::Subtrees(file),
        ReplicaRequest::Range { file, offset: 0 },
        ReplicaRequest::Sent { event_id, after: None },
        ReplicaRequest::Shown { event_id, host: asks.peer.client.peer_id(), after: None },
    ] {
        let reply = asks.peer.client.ask::<Follow>(peer, request).await.unwrap();
        // Those whom the node does not know may ask but a few things a second.
        let is_refused =
            matches!(&reply, ReplicaReply::Refused(r) if *r == Refusal::uniform() || r.code == ErrorCode::Busy);
        assert!(is_refused, "{reply:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flipped_byte_in_a_range_is_refused_and_asked_again() {
    let dir = TempDir::new().unwrap();
    let nas = Process::photographer(dir.path(), &[]).await;
    let original = Arc::new(photos::heavy_jpeg(5 * MIB + 77, 9));
    let mut liar = Impostor::stranger(PeerRole::Photographer).await;
    let address = liar.peer.client.listeners()[0].clone();
    let asked = Arc::new(Mutex::new(BTreeMap::new()));
    let first = Liar { key: liar.key.clone(), original: original.clone(), asked: asked.clone() };
    let (mut incoming, admission) = (liar.take_incoming(), liar.admission.clone());
    tokio::spawn(async move {
        while let Some(request) = incoming.recv().await {
            match request {
                Incoming::Pair(asked) => {
                    admission.admit(asked.peer);
                    asked.reply.send(first.pairs(asked.peer));
                }
                // Its mark never changes, so that the second home waits after one pass.
                Incoming::Follow(asked) if !matches!(asked.request, ReplicaRequest::Wait { mark: 7, .. }) => {
                    asked.reply.send(first.answer(&asked.request));
                }
                _ => {}
            }
        }
    });
    let line = format!("7K3M-Q9XA-10TD {address}/p2p/{}", liar.peer.client.peer_id());
    nas.says(&["second-home", "join", &line]);
    eventually("the original is here", || home(&nas)["copied"] == 1).await;
    let folder = dir.path().join("export");
    nas.says(&["export", "--event", "Wedding", folder.to_str().unwrap()]);
    let hashes: Vec<_> = files_below(&folder).into_values().collect();
    assert_eq!(hashes, [ContentHash::of(&original)], "another original was kept");
    let asked = asked.lock().unwrap();
    let twice: Vec<_> = asked.iter().filter(|(_, times)| **times > 1).collect();
    assert_eq!(twice.len(), 1, "the corrupted range, and it alone, is asked again: {asked:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_first_home_has_lost_as_well_is_asked_for_once() {
    let dir = TempDir::new().unwrap();
    let mut nas = Process::photographer(dir.path(), &[]).await;
    let mut home = Impostor::stranger(PeerRole::Photographer).await;
    let (address, peer) = (home.peer.client.listeners()[0].clone(), home.peer.client.peer_id());
    let original = Arc::new(photos::heavy_jpeg(MIB, 9));
    let first = Liar { key: home.key.clone(), original, asked: Arc::default() };
    let (mut incoming, admission) = (home.take_incoming(), home.admission.clone());
    let (asked, is_lost) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
    let (heard, lost) = (asked.clone(), is_lost.clone());
    tokio::spawn(async move {
        let mut waiting = Vec::new();
        while let Some(request) = incoming.recv().await {
            match request {
                Incoming::Pair(asked) => {
                    admission.admit(asked.peer);
                    asked.reply.send(first.pairs(asked.peer));
                }
                Incoming::Follow(asked) => {
                    heard.lock().unwrap().push(asked.request.clone());
                    let answer = match &asked.request {
                        ReplicaRequest::Wait { mark: 7, .. } => None,
                        ReplicaRequest::Photos { .. } if lost.load(Ordering::SeqCst) => {
                            Some(ReplicaReply::Photos { photos: Vec::new(), is_last: true })
                        }
                        request => Some(first.answer(request)),
                    };
                    match answer {
                        Some(answer) => asked.reply.send(answer),
                        None => waiting.push(asked), // there is no news
                    }
                }
                _ => {}
            }
        }
    });
    let waits = || asked.lock().unwrap().iter().any(|request| matches!(request, ReplicaRequest::Wait { mark: 7, .. }));
    nas.says(&["second-home", "join", &format!("7K3M-Q9XA-10TD {address}/p2p/{peer}")]);
    eventually("everything is copied", waits).await;
    nas.kill();
    lose_volumes(nas.data(), "");
    asked.lock().unwrap().clear();
    is_lost.store(true, Ordering::SeqCst);
    nas.restart();
    eventually("the second home waits for news", waits).await;
    let asked = asked.lock().unwrap();
    let times = asked.iter().filter(|request| matches!(request, ReplicaRequest::Photos { .. })).count();
    assert_eq!(times, 1, "{asked:?}");
}

/// A first home that turns one bit of the first range that is asked.
struct Liar {
    key: Keypair,
    original: Arc<Vec<u8>>,
    asked: Arc<Mutex<BTreeMap<u64, u32>>>,
}

const RENDITION: &[u8] = b"a rendition";

impl Liar {
    fn pairs(&self, home: PeerId) -> PairReply {
        let photographer = self.key.public().to_peer_id();
        let word = Home { photographer, home, since: UnixMs(1), ended: false };
        PairReply::Paired { home: Signed::sign(&word, &self.key).unwrap(), photographer: "Ana".into() }
    }

    fn answer(&self, request: &ReplicaRequest) -> ReplicaReply {
        let event_id = EventId([1; 16]);
        match request {
            ReplicaRequest::Wait { .. } => ReplicaReply::Mark(7),
            ReplicaRequest::Business => ReplicaReply::Business(Box::default()),
            ReplicaRequest::Events { .. } => {
                ReplicaReply::Events { events: vec![EventMark { event_id, mark: 1, photos: 1 }], is_last: true }
            }
            ReplicaRequest::Event { .. } => ReplicaReply::Event(Box::new(EventState {
                record: event(event_id),
                access_code: "7K3M-Q9XA-10TD".parse().unwrap(),
                shown_at: Vec::new(),
                proof_mark: None,
            })),
            ReplicaRequest::Photos { .. } => {
                ReplicaReply::Photos { photos: vec![self.photo().encode().unwrap().into()], is_last: true }
            }
            ReplicaRequest::Subtrees(_) => {
                let length = self.original.len() as u64;
                let hash = |at: u64| range_hash(length, at, &self.range(at * RANGE_BYTES));
                ReplicaReply::Subtrees((0..range_count(length)).flat_map(hash).collect::<Vec<u8>>().into())
            }
            ReplicaRequest::Sent { .. } => ReplicaReply::Sent { files: Vec::new(), is_last: true },
            ReplicaRequest::Shown { .. } => ReplicaReply::Shown { photos: Vec::new(), is_last: true },
            ReplicaRequest::Range { file, .. } if file.root() == ContentHash::of(RENDITION) => {
                ReplicaReply::Range(RENDITION.to_vec().into())
            }
            ReplicaRequest::Range { offset, .. } => {
                let mut asked = self.asked.lock().unwrap();
                let is_first = asked.is_empty();
                *asked.entry(*offset).or_default() += 1;
                let mut range = self.range(*offset);
                range[7] ^= u8::from(is_first);
                ReplicaReply::Range(range.into())
            }
        }
    }

    fn range(&self, offset: u64) -> Vec<u8> {
        let end = (offset + RANGE_BYTES).min(self.original.len() as u64);
        self.original[offset as usize..end as usize].to_vec()
    }

    fn photo(&self) -> StoredPhoto {
        let record = PhotoRecord {
            photo_id: PhotoId(ContentHash::of(&self.original)),
            file_name: "a.jpg".into(),
            category: "Photos".into(),
            captured: None,
            camera: None,
            width_px: 600,
            height_px: 400,
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
        let (hash, bytes) = (ContentHash::of(RENDITION), RENDITION.len() as u64);
        let rendition = StoredRendition { hash, bytes, width_px: 3, height_px: 2 };
        StoredPhoto::new(record, "a.jpg".into(), self.original.len() as u64, (rendition, rendition), 1)
    }
}

fn event(event_id: EventId) -> EventRecord {
    EventRecord {
        event_id,
        name: "Wedding".into(),
        description: String::new(),
        date: None,
        photographer: "Ana".into(),
        copyright: String::new(),
        categories: vec!["Photos".into()],
        price_list: PriceList::usual(Currency::EUR),
    }
}

#[tokio::test]
async fn a_removed_event_stays_at_the_second_home_until_it_is_removed_there_in_words() {
    let homes = Homes::start().await;
    homes.import("Slip", &[("a.jpg", photos::jpeg(300, 200, 1))]);
    homes.import("Kept", &[("b.jpg", photos::jpeg(300, 200, 2))]);
    homes.pair();
    let copied = || homes.nas.says(&["second-home", "list"])["homes"][0]["copied"] == 2;
    eventually("both events are copied", copied).await;
    for event in ["Slip", "Kept"] {
        let refused = homes.nas.refuses(&["remove-event", event, "--with-originals"]);
        assert!(refused.contains("Do it there"), "the first home has it: {refused}");
    }
    homes.removes("Slip").await;
    let only = homes.nas.refuses(&["remove-event", "Slip"]);
    assert!(only.contains("the only copy") && only.contains("--with-originals"), "{only}");
    assert_eq!(homes.nas.says(&["verify", "--event", "Slip"])["damaged"], Value::Array(Vec::new()));
    let removed = homes.nas.says(&["remove-event", "Slip", "--with-originals"]);
    assert_eq!((&removed["photos"], &removed["lost"]), (&1.into(), &1.into()), "{removed}");
    let events = homes.nas.says(&["events"])["events"].clone();
    assert_eq!((events.as_array().unwrap().len(), &events[0]["name"]), (1, &"Kept".into()), "{events}");
}

#[tokio::test]
async fn homes_of_which_one_waits_for_news_of_the_other_end_at_once_when_they_are_asked_to() {
    let mut homes = Homes::start().await;
    homes.pair();
    homes.import("The wedding", &[("a.jpg", photos::heavy_jpeg(100_000, 1))]);
    let home = |node: &Process| node.says(&["second-home", "list"])["homes"][0].clone();
    eventually("the second home has it, and waits", || home(&homes.studio)["copied"] == 1).await;
    for node in [&mut homes.nas, &mut homes.studio] {
        // An answer to who waits for news takes six times as long.
        node.stops_within(Duration::from_secs(8)).await;
        node.restart();
        let is_back = || node.tries(&["second-home", "list"]).is_ok_and(|said| said["homes"][0]["connected"] == true);
        eventually("both are there again", is_back).await;
    }
}
