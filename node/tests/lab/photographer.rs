//! A photographer's node by script: it offers jobs, serves ranges as the test lets it,
//! notes what it served, and keeps the reports that it gets.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use enprint_protocol::home::Home;
use enprint_protocol::ids::{ContentHash, JobId, OrderId, PhotoId};
use enprint_protocol::limits::RANGE_BYTES;
use enprint_protocol::order::Crop;
use enprint_protocol::original::{FetchOriginal, OriginalReply, OriginalRequest};
use enprint_protocol::peer::{self, Admission, Asked, Client, Incoming, PeerConfig, PeerRole, RunningPeer};
use enprint_protocol::print_job::{JobLine, JobReply, JobRequest, OfferJob, PrintFile, PrintJob, ShipTo};
use enprint_protocol::print_size::{Finish, PrintSize};
use enprint_protocol::signed::Signed;
use enprint_protocol::status::{Status, StatusReply, StatusRequest};
use enprint_protocol::subtree::range_hash;
use enprint_protocol::time::UnixMs;
use enprint_protocol::{Keypair, Multiaddr, PeerId, Refusal};
use serde_bytes::ByteBuf;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::running::Place;
use crate::waiting::eventually;

/// The node.
pub struct Photographer {
    pub key: Keypair,
    pub client: Client,
    pub script: Arc<Script>,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

/// What it does, and what it did.
pub struct Script {
    files: Mutex<HashMap<ContentHash, Vec<u8>>>,
    /// Ranges that it may still serve; each takes one.
    allowance: Semaphore,
    /// How often more a range (its file's hash, its index) is to be sent corrupted.
    corrupt: Mutex<HashMap<(ContentHash, u64), u32>>,
    /// Range lists of these files are sent wrong.
    lying_about: Mutex<Vec<ContentHash>>,
    /// Ranges that it served, in order.
    served: Mutex<Vec<(ContentHash, u64)>>,
    /// Reports that it got from labs.
    reports: Mutex<Vec<Status>>,
}

impl Photographer {
    pub async fn start() -> Self {
        Self::start_as(Keypair::generate_ed25519(), Arc::new(Script::new()), "/ip4/127.0.0.1/tcp/0").await
    }

    /// A node with a key and a script that it had before.
    pub async fn start_as(key: Keypair, script: Arc<Script>, listen: &str) -> Self {
        let shutdown = CancellationToken::new();
        let mut config = PeerConfig::new(key.clone(), PeerRole::Photographer);
        config.listen = vec![listen.parse().unwrap()];
        let admission = config.admission.clone();
        let RunningPeer { client, incoming, task } = peer::start(config, shutdown.clone()).await.unwrap();
        tokio::spawn(answer_all(incoming, script.clone(), client.clone(), admission));
        Self { key, client, script, shutdown, task }
    }

    pub fn id(&self) -> PeerId {
        self.client.peer_id()
    }

    pub fn address(&self) -> Multiaddr {
        self.client.listeners()[0].clone()
    }

    /// Connects to a lab.
    pub async fn meet(&self, lab: &Place) {
        self.client.dial(lab.peer_id, vec![lab.address.clone()]).await.unwrap();
    }

    /// Serves whatever it is asked for, once it has noticed that the lab is gone: what
    /// the lab asked before is then answered to nobody.
    pub async fn allow_after(&self, gone: PeerId) {
        eventually("the lab is gone", || !self.client.is_connected(&gone)).await;
        self.script.allow();
    }

    /// Offers a job; it must be connected.
    pub async fn offer(&self, lab: &Place, job: &PrintJob) -> JobReply {
        let request = JobRequest::Offer(Signed::sign(job, &self.key).unwrap());
        self.client.ask::<OfferJob>(lab.peer_id, request).await.unwrap()
    }

    /// Takes a job back, with all its offers so far; it must be connected.
    pub async fn withdraw(&self, lab: &Place, job: &PrintJob) -> JobReply {
        let request = JobRequest::Withdraw { job_id: job.job_id, withdrawn_before: job.withdrawn_before };
        self.client.ask::<OfferJob>(lab.peer_id, request).await.unwrap()
    }

    /// Takes a job back, whichever home offered it; it must be connected.
    pub async fn let_go(&self, lab: &Place, job: &PrintJob) -> JobReply {
        self.client.ask::<OfferJob>(lab.peer_id, JobRequest::LetGo { job_id: job.job_id }).await.unwrap()
    }

    /// Says that a job comes from it alone from now on; it must be connected.
    pub async fn take_over(&self, lab: &Place, job: &PrintJob) -> JobReply {
        self.client.ask::<OfferJob>(lab.peer_id, JobRequest::TakeOver { job_id: job.job_id }).await.unwrap()
    }

    /// Says that it is a home of another; it must be connected.
    pub async fn stand_in_for(&self, lab: &Place, first: &Photographer) -> JobReply {
        let word = Home { photographer: first.id(), home: self.id(), since: UnixMs(1), ended: false };
        let request = JobRequest::StandIn(Signed::sign(&word, &first.key).unwrap());
        self.client.ask::<OfferJob>(lab.peer_id, request).await.unwrap()
    }

    /// Connects and offers a job, which must be taken.
    pub async fn send(&self, lab: &Place, job: &PrintJob) {
        self.meet(lab).await;
        let reply = self.offer(lab, job).await;
        assert!(matches!(reply, JobReply::Needs { .. }), "{reply:?}");
    }

    /// A job of these files (name, bytes), which it can serve from now on; one line each.
    pub fn job(&self, files: &[(&str, Vec<u8>)]) -> PrintJob {
        let place_of = |at: usize| u32::try_from(at).unwrap();
        let lines = (0..files.len()).map(|at| JobLine {
            line: place_of(at) + 1,
            file: place_of(at),
            size: PrintSize::CM_10X15,
            finish: Finish::Matte,
            crop: Crop::Fit,
            quantity: 2,
        });
        PrintJob {
            job_id: JobId::random(),
            order_id: OrderId::random(),
            event_name: "John's Wedding".into(),
            photographer: "Ana Lens".into(),
            placed_at: UnixMs(1_790_000_000_000),
            ship_to: ShipTo { delivery: "Post".into(), name: "Jo".into(), address: Some("1 Road".into()) },
            note: "Please hurry".into(),
            lines: lines.collect(),
            files: files.iter().map(|(name, bytes)| self.script.keep(name, bytes.clone())).collect(),
            withdrawn_before: 0,
        }
    }

    pub async fn stop(self) -> (Keypair, Arc<Script>) {
        self.shutdown.cancel();
        self.task.await.unwrap();
        (self.key, self.script)
    }
}

impl Script {
    /// Serves what another serves, too.
    pub fn share(&self, other: &Self) {
        let files = other.files.lock().unwrap().clone();
        self.files.lock().unwrap().extend(files);
    }

    pub fn new() -> Self {
        Self {
            files: Mutex::default(),
            allowance: Semaphore::new(1_000_000),
            corrupt: Mutex::default(),
            lying_about: Mutex::default(),
            served: Mutex::default(),
            reports: Mutex::default(),
        }
    }

    /// Serves no more than `ranges` from now on, until [`Self::allow`].
    pub fn allow_only(&self, ranges: usize) {
        self.allowance.forget_permits(self.allowance.available_permits());
        self.allowance.add_permits(ranges);
    }

    /// Serves whatever it is asked for.
    pub fn allow(&self) {
        self.allowance.add_permits(1_000_000);
    }

    /// Sends a range corrupted, `times` times.
    pub fn corrupt(&self, root: ContentHash, at: u64, times: u32) {
        self.corrupt.lock().unwrap().insert((root, at), times);
    }

    /// Sends a wrong list of range hashes, or the right one again.
    pub fn lie_about(&self, roots: &[ContentHash]) {
        *self.lying_about.lock().unwrap() = roots.to_vec();
    }

    /// The ranges of a file that it served, in order of their index.
    pub fn served(&self, root: ContentHash) -> Vec<u64> {
        let served = self.served.lock().unwrap();
        let mut served: Vec<_> = served.iter().filter(|(of, _)| *of == root).map(|(_, at)| *at).collect();
        served.sort_unstable();
        served
    }

    pub fn served_count(&self) -> usize {
        self.served.lock().unwrap().len()
    }

    pub fn reports(&self) -> Vec<Status> {
        self.reports.lock().unwrap().clone()
    }

    fn keep(&self, name: &str, bytes: Vec<u8>) -> PrintFile {
        let root = ContentHash::of(&bytes);
        let file = PrintFile {
            photo_id: PhotoId(root),
            name: name.into(),
            bytes: bytes.len() as u64,
            root,
            width_px: 3000,
            height_px: 2000,
            prepared: None,
        };
        self.files.lock().unwrap().insert(root, bytes);
        file
    }

    async fn wait_for_allowance(&self, asked: &Asked<FetchOriginal>) {
        if let OriginalRequest::Range { .. } = asked.request {
            self.allowance.acquire().await.unwrap().forget();
        }
    }

    fn serve(&self, request: OriginalRequest) -> OriginalReply {
        match request {
            OriginalRequest::Subtrees { root, .. } => self.subtrees(root),
            OriginalRequest::Range { root, offset, .. } => self.range(root, offset),
        }
    }

    fn subtrees(&self, root: ContentHash) -> OriginalReply {
        let files = self.files.lock().unwrap();
        let Some(file) = files.get(&root) else { return Refusal::uniform().into() };
        let ranges = file.chunks(RANGE_BYTES as usize).enumerate();
        let hashes = ranges.flat_map(|(at, range)| range_hash(file.len() as u64, at as u64, range));
        let mut joined: Vec<u8> = hashes.collect();
        if self.lying_about.lock().unwrap().contains(&root) {
            joined[0] ^= 1;
        }
        OriginalReply::Subtrees(ByteBuf::from(joined))
    }

    fn range(&self, root: ContentHash, offset: u64) -> OriginalReply {
        let files = self.files.lock().unwrap();
        let Some(file) = files.get(&root) else { return Refusal::uniform().into() };
        let at = offset / RANGE_BYTES;
        let mut range = file.chunks(RANGE_BYTES as usize).nth(at as usize).unwrap().to_vec();
        self.served.lock().unwrap().push((root, at));
        if let Some(times) = self.corrupt.lock().unwrap().get_mut(&(root, at)).filter(|times| **times > 0) {
            *times -= 1;
            range[77] ^= 1;
        }
        OriginalReply::Range(range.into())
    }
}

async fn answer_all(mut incoming: mpsc::Receiver<Incoming>, script: Arc<Script>, client: Client, admission: Admission) {
    let mut events = client.events();
    loop {
        tokio::select! {
            request = incoming.recv() => match request {
                Some(Incoming::FetchOriginal(asked)) => {
                    let script = script.clone();
                    tokio::spawn(async move {
                        script.wait_for_allowance(&asked).await;
                        // Who has gone meanwhile is served nothing.
                        if asked.reply.is_awaited() {
                            asked.reply.send(script.serve(asked.request));
                        } else {
                            script.allowance.add_permits(1);
                        }
                    });
                }
                Some(Incoming::Report(asked)) => {
                    let StatusRequest::Report(report) = &asked.request;
                    script.reports.lock().unwrap().push(report.open_from(&asked.peer).unwrap());
                    asked.reply.send(StatusReply::Noted);
                }
                Some(_) => {}
                None => return,
            },
            // It knows every lab that it meets.
            Ok(event) = events.recv() => {
                if let peer::PeerEvent::Connected { peer, .. } = event {
                    admission.admit(peer);
                }
            }
        }
    }
}

/// Bytes that differ everywhere, after a JPEG's beginning.
pub fn picture(bytes: usize, seed: u8) -> Vec<u8> {
    let mut picture = vec![0; bytes];
    blake3::Hasher::new().update(&[seed]).finalize_xof().fill(&mut picture);
    picture.iter_mut().zip([0xff, 0xd8, 0xff]).for_each(|(byte, head)| *byte = head);
    picture
}
