//! What a photographer's node has lost is fetched from a second home while other things happen
//! to the same photo: a home in the test's hand gives an original not before the test says so.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use std::path::Path;
use std::sync::{Arc, Mutex};

use enprint_node::photographer::records::{StoredPhoto, StoredRendition};
use enprint_protocol::Refusal;
use enprint_protocol::home::{Pair, PairReply, PairRequest};
use enprint_protocol::ids::{ContentHash, PhotoId};
use enprint_protocol::limits::RANGE_BYTES;
use enprint_protocol::peer::{Asked, Incoming, PeerRole};
use enprint_protocol::publish::PhotoRecord;
use enprint_protocol::replica::{Follow, ReplicaReply, ReplicaRequest};
use enprint_protocol::subtree::{range_count, range_hash};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use world::damage::lose_volumes;
use world::impostor::Impostor;
use world::{Process, cli, eventually, photos};

const EVENT: &str = "John's Wedding";
const RENDITION: &[u8] = b"a rendition";
const VERIFY: [&str; 3] = ["verify", "--event", EVENT];
/// More than the test's home is asked.
const ASKED_MAX: usize = 1_000;

/// One of several ranges: a kill would cut it in two.
fn original(number: u32) -> Vec<u8> {
    photos::heavy_jpeg(2 * RANGE_BYTES as usize + 77, 2 * number + 1)
}

fn name_of(number: u32) -> String {
    format!("DSC_{number}.jpg")
}

/// A studio that has lost its event's photos, and its second home, in the test's hand.
struct Race {
    dir: TempDir,
    studio: Process,
    _home: Impostor,
    shelf: Arc<Shelf>,
    /// Photos of which the first range was asked for.
    begun: mpsc::Receiver<PhotoId>,
    /// How many of these may be given.
    given: watch::Sender<usize>,
}

/// What the second home has.
struct Shelf {
    originals: Vec<(StoredPhoto, Vec<u8>)>,
    /// Ranges of originals that were asked for.
    asked: Mutex<Vec<(PhotoId, u64)>>,
    /// How often its list was asked for.
    listed: watch::Sender<usize>,
}

impl Race {
    async fn of(photos: u32) -> Self {
        let dir = TempDir::new().unwrap();
        let mut studio = Process::photographer(&dir.path().join("studio"), &[]).await;
        (1..=photos).for_each(|number| photos::put(&dir.path().join("card"), &name_of(number), &original(number)));
        studio.says(&["import", dir.path().join("card").to_str().unwrap(), "--event", EVENT]);
        let mut home = Impostor::stranger(PeerRole::Photographer).await;
        let line = studio.invites_a_home();
        let first = home.dials(&studio.address()).await;
        let code = line.split(' ').next().unwrap().parse().unwrap();
        let join = PairRequest::Join { code, name: "NAS".into(), addresses: Vec::new() };
        let paired = home.peer.client.ask::<Pair>(first, join).await.unwrap();
        assert!(matches!(paired, PairReply::Paired { .. }), "{paired:?}");
        home.admission.admit(first);
        studio.kill();
        lose_volumes(studio.data(), "");
        studio.restart();
        home.dials(&studio.address()).await;
        let mut originals: Vec<_> = (1..=photos).map(|number| as_copied(original(number))).collect();
        originals.sort_by_key(|(photo, _)| photo.photo_id());
        let shelf = Arc::new(Shelf { originals, asked: Mutex::default(), listed: watch::Sender::new(0) });
        let (began, begun) = mpsc::channel(ASKED_MAX);
        let given = watch::Sender::new(0);
        answers(home.take_incoming(), shelf.clone(), began, given.subscribe());
        eventually("the second home is there", || {
            studio.says(&["second-home", "list"])["homes"][0]["connected"] == true
        })
        .await;
        Self { dir, studio, _home: home, shelf, begun, given }
    }

    /// A command that runs while the test goes on.
    fn begins(&self, args: &[&str]) -> JoinHandle<(Value, i32, String)> {
        let line = self.studio.command_line(args);
        tokio::task::spawn_blocking(move || cli::reports(&line))
    }

    fn photos(&self) -> Value {
        cli::reports(&self.studio.command_line(&["photos", "--event", EVENT])).0["photos"].clone()
    }

    /// Every original is what it was, and nothing is left on its way.
    fn is_whole(&self, photos: u32) {
        let out = self.dir.path().join("out");
        let exported = self.studio.says(&["export", "--event", EVENT, out.to_str().unwrap()]);
        assert_eq!(exported["files"], photos, "{exported}");
        let mut hashes = hashes_below(&out);
        let mut expected: Vec<_> = (1..=photos).map(|number| ContentHash::of(&original(number))).collect();
        hashes.sort_unstable();
        expected.sort_unstable();
        assert_eq!(hashes, expected);
        let arriving = self.studio.data().join("arriving");
        assert!(!arriving.read_dir().is_ok_and(|mut files| files.next().is_some()), "something is left on its way");
    }
}

fn hashes_below(folder: &Path) -> Vec<ContentHash> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let of_one = |path: std::path::PathBuf| match path.is_dir() {
        true => hashes_below(&path),
        false => vec![ContentHash::of(&std::fs::read(path).unwrap())],
    };
    entries.flat_map(of_one).collect()
}

/// The second home answers, each request by itself; the first range of an original waits until
/// so many may be given.
fn answers(
    mut incoming: mpsc::Receiver<Incoming>,
    shelf: Arc<Shelf>,
    began: mpsc::Sender<PhotoId>,
    given: watch::Receiver<usize>,
) {
    tokio::spawn(async move {
        let mut count = 0;
        while let Some(request) = incoming.recv().await {
            let Incoming::Follow(asked) = request else { continue };
            count += usize::from(shelf.first_range_of(&asked.request).is_some());
            tokio::spawn(answer(asked, shelf.clone(), began.clone(), (given.clone(), count)));
        }
    });
}

async fn answer(
    asked: Asked<Follow>,
    shelf: Arc<Shelf>,
    began: mpsc::Sender<PhotoId>,
    (mut given, count): (watch::Receiver<usize>, usize),
) {
    if let Some(photo_id) = shelf.first_range_of(&asked.request) {
        began.send(photo_id).await.unwrap();
        given.wait_for(|given| *given >= count).await.unwrap();
    }
    asked.reply.send(shelf.answer(&asked.request));
}

impl Shelf {
    /// Whose first range that is.
    fn first_range_of(&self, request: &ReplicaRequest) -> Option<PhotoId> {
        let ReplicaRequest::Range { file, offset: 0 } = request else { return None };
        self.originals.iter().map(|(photo, _)| photo.photo_id()).find(|photo_id| photo_id.0 == file.root())
    }

    fn answer(&self, request: &ReplicaRequest) -> ReplicaReply {
        let original = |root| &self.originals.iter().find(|(photo, _)| photo.photo_id().0 == root).unwrap().1;
        match request {
            ReplicaRequest::Photos { after, .. } => {
                self.listed.send_modify(|listed| *listed += 1);
                let behind = self.originals.iter().filter(|(photo, _)| after.is_none_or(|at| photo.photo_id() > at));
                let photos = behind.map(|(photo, _)| photo.encode().unwrap().into()).collect();
                ReplicaReply::Photos { photos, is_last: true }
            }
            ReplicaRequest::Subtrees(file) => {
                let (original, length) = (original(file.root()), original(file.root()).len() as u64);
                let hash = |at: u64| range_hash(length, at, range(original, at * RANGE_BYTES));
                ReplicaReply::Subtrees((0..range_count(length)).flat_map(hash).collect::<Vec<u8>>().into())
            }
            ReplicaRequest::Range { file, .. } if file.root() == ContentHash::of(RENDITION) => {
                ReplicaReply::Range(RENDITION.to_vec().into())
            }
            ReplicaRequest::Range { file, offset } => {
                self.asked.lock().unwrap().push((PhotoId(file.root()), *offset));
                ReplicaReply::Range(range(original(file.root()), *offset).to_vec().into())
            }
            _ => Refusal::uniform().into(),
        }
    }
}

fn range(original: &[u8], offset: u64) -> &[u8] {
    let end = (offset + RANGE_BYTES).min(original.len() as u64);
    &original[offset as usize..end as usize]
}

/// A photo as the second home has it: under another name than the first gave it, so that it can
/// be seen whose record it is.
fn as_copied(original: Vec<u8>) -> (StoredPhoto, Vec<u8>) {
    let record = PhotoRecord {
        photo_id: PhotoId(ContentHash::of(&original)),
        file_name: "copied.jpg".into(),
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
    let path = format!("{}.jpg", record.photo_id);
    (StoredPhoto::new(record, path, original.len() as u64, (rendition, rendition), 1), original)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_photo_that_is_imported_while_it_is_fetched_is_there_once_as_it_was_imported() {
    let mut race = Race::of(1).await;
    let verify = race.begins(&VERIFY);
    race.begun.recv().await.unwrap();
    // The import waits for no fetch.
    let card = race.dir.path().join("card");
    let imported = race.studio.says(&["import", card.to_str().unwrap(), "--event", EVENT]);
    assert_eq!(imported["imported"], 1, "{imported}");
    race.given.send_replace(1);
    let (verified, code, said) = verify.await.unwrap();
    assert_eq!((code, &verified["repaired"]), (0, &Value::Array(Vec::new())), "{verified} {said}");
    let names: Vec<_> = race.photos().as_array().unwrap().iter().map(|photo| photo["file_name"].clone()).collect();
    assert_eq!(names, ["DSC_1.jpg"], "what was fetched took the place of what was imported");
    race.is_whole(1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_fetch_the_same_photos_ask_for_each_range_once_and_hold_nobody_up_for_longer_than_one() {
    let mut race = Race::of(2).await;
    let one = race.begins(&VERIFY);
    let first = race.begun.recv().await.unwrap();
    let listed_by_one = *race.shelf.listed.borrow();
    let other = race.begins(&VERIFY);
    race.shelf.listed.subscribe().wait_for(|listed| *listed > listed_by_one).await.unwrap();
    // The event does not go away beneath a photo that comes.
    for going in [&["forget-lost", EVENT][..], &["remove-event", EVENT, "--with-originals"]] {
        let refused = race.studio.refuses(going);
        assert!(refused.contains("Photos are being imported"), "{refused}");
    }
    race.given.send_replace(1);
    let second = race.begun.recv().await.unwrap();
    assert_ne!(first, second, "it is fetched twice");
    // The first is there while the second is on its way.
    assert_eq!(race.photos().as_array().unwrap().len(), 1);
    race.given.send_replace(2);
    let mut repaired = Vec::new();
    for verify in [one, other] {
        let (verified, code, said) = verify.await.unwrap();
        assert_eq!(code, 0, "{verified} {said}");
        repaired.extend(verified["repaired"].as_array().unwrap().clone());
    }
    assert_eq!(repaired, ["copied.jpg", "copied.jpg"], "each by one of them");
    let mut asked = race.shelf.asked.lock().unwrap().clone();
    asked.sort_unstable();
    let ranges: u64 = race.shelf.originals.iter().map(|(_, original)| range_count(original.len() as u64)).sum();
    assert_eq!(asked.len() as u64, ranges, "a range crossed twice: {asked:?}");
    race.is_whole(2);
}
