//! The lab and its host: enrolling, and finding photographers where the host says.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use enprint_node::lab::{LabAnswer, LabCommand};
use enprint_protocol::access_code::InvitationCode;
use enprint_protocol::enrol::{Contact, EnrolReply, EnrolRequest, HostCertificate, Role, Welcome};
use enprint_protocol::limits::{CONNECTION_STEADY, RETURNS_PER_SECOND};
use enprint_protocol::peer::{self, Admission, Client, Incoming, PeerConfig, PeerRole, RunningPeer};
use enprint_protocol::signed::Signed;
use enprint_protocol::{ErrorCode, Keypair, Multiaddr, Refusal};
use serde_bytes::ByteBuf;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::photographer::{Photographer, picture};
use crate::running::{ANY_PORT, RunningLab};
use crate::waiting::{eventually, eventually_some};

/// For so long the host waits for an announcement that comes beside another.
const OVERTAKEN_WITHIN: Duration = Duration::from_millis(200);

/// A host that takes anybody in who has the right code.
struct Host {
    key: Keypair,
    admission: Admission,
    client: Client,
    book: Arc<Book>,
    task: JoinHandle<()>,
    shutdown: tokio_util::sync::DropGuard,
}

struct Book {
    /// Signs the certificate; not the peer's own key.
    host_key: Keypair,
    certified: enprint_protocol::PeerId,
    code: InvitationCode,
    contacts: Mutex<Vec<Contact>>,
    announced: Mutex<Vec<Multiaddr>>,
    unanswered: Unanswered,
    /// How many it says that it has.
    crowd: Option<u32>,
    announcements: AtomicUsize,
}

/// Announcements that have come and are not answered yet.
#[derive(Default)]
struct Unanswered {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Host {
    async fn start() -> Self {
        Self::start_with(None).await
    }

    /// One that says that so many are enrolled.
    async fn start_with(crowd: Option<u32>) -> Self {
        let key = Keypair::generate_ed25519();
        let book = Book { crowd, ..Book::of(key.public().to_peer_id(), InvitationCode::random()) };
        Self::run(key, Admission::default(), ANY_PORT.parse().unwrap(), Arc::new(book)).await
    }

    /// Goes away and comes back at the same place.
    async fn restart(self) -> Self {
        let listen = self.client.listeners()[0].clone();
        drop(self.shutdown);
        self.task.await.unwrap();
        Self::run(self.key, self.admission, listen, self.book).await
    }

    async fn run(key: Keypair, admission: Admission, listen: Multiaddr, book: Arc<Book>) -> Self {
        let shutdown = CancellationToken::new();
        let mut config = PeerConfig::new(key.clone(), PeerRole::Host);
        (config.listen, config.admission) = (vec![listen], admission.clone());
        let RunningPeer { client, mut incoming, task } = peer::start(config, shutdown.clone()).await.unwrap();
        let (kept, admitted) = (book.clone(), admission.clone());
        tokio::spawn(async move {
            while let Some(asked) = next_enrol(&mut incoming).await {
                let (book, admission) = (kept.clone(), admitted.clone());
                tokio::spawn(async move {
                    if matches!(asked.request, EnrolRequest::Announce { .. }) {
                        book.unanswered.linger().await;
                    }
                    let reply = book.answer(asked.request);
                    if matches!(reply, EnrolReply::Enrolled(_)) {
                        admission.admit(asked.peer);
                    }
                    asked.reply.send(reply);
                });
            }
        });
        Self { key, admission, client, book, task, shutdown: shutdown.drop_guard() }
    }

    fn address(&self) -> Multiaddr {
        format!("{}/p2p/{}", self.client.listeners()[0], self.client.peer_id()).parse().unwrap()
    }

    fn knows(&self, photographer: &Photographer) {
        self.book.contacts.lock().unwrap().push(Contact {
            peer_id: photographer.id(),
            role: Role::Photographer,
            name: "Ana at the host".into(),
            addresses: vec![photographer.address()],
        });
    }
}

impl Unanswered {
    /// Leaves an announcement unanswered for a moment: another one could overtake it.
    async fn linger(&self) {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        let overtaken = async {
            while self.now.load(Ordering::SeqCst) < 2 {
                tokio::task::yield_now().await
            }
        };
        drop(tokio::time::timeout(OVERTAKEN_WITHIN, overtaken).await);
        self.now.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn next_enrol(incoming: &mut mpsc::Receiver<Incoming>) -> Option<peer::Asked<enprint_protocol::enrol::Enrol>> {
    loop {
        if let Incoming::Enrol(asked) = incoming.recv().await? {
            return Some(asked);
        }
    }
}

impl Book {
    fn of(certified: enprint_protocol::PeerId, code: InvitationCode) -> Self {
        Self {
            host_key: Keypair::generate_ed25519(),
            certified,
            code,
            contacts: Mutex::default(),
            announced: Mutex::default(),
            unanswered: Unanswered::default(),
            crowd: None,
            announcements: AtomicUsize::new(0),
        }
    }

    fn answer(&self, request: EnrolRequest) -> EnrolReply {
        match request {
            EnrolRequest::Enrol { invitation, role: Role::Lab, name, .. }
                if invitation == self.code && name == "The Lab" =>
            {
                let certificate = HostCertificate { peer_id: self.certified };
                EnrolReply::Enrolled(Welcome {
                    host_name: "The Host".into(),
                    host_key: ByteBuf::from(self.host_key.public().encode_protobuf()),
                    certificate: Signed::sign(&certificate, &self.host_key).unwrap(),
                    public_url: "http://host.example".into(),
                })
            }
            EnrolRequest::Announce { addresses } => {
                *self.announced.lock().unwrap() = addresses;
                self.announcements.fetch_add(1, Ordering::SeqCst);
                let contacts = self.contacts.lock().unwrap().clone();
                EnrolReply::Directory { contacts, host: None, crowd: self.crowd }
            }
            EnrolRequest::Find { peers } => {
                let known = self.contacts.lock().unwrap().clone();
                let contacts = known.into_iter().filter(|known| peers.contains(&known.peer_id)).collect();
                EnrolReply::Directory { contacts, host: None, crowd: None }
            }
            EnrolRequest::Enrol { .. } | EnrolRequest::StandIn { .. } | EnrolRequest::TakeOver { .. } => {
                Refusal::new(ErrorCode::BadInvitation, "The invitation is wrong.").into()
            }
        }
    }
}

#[tokio::test]
async fn a_lab_enrols_announces_itself_and_learns_of_photographers() {
    let (dir, host, ana) = (TempDir::new().unwrap(), Host::start().await, Photographer::start().await);
    host.knows(&ana);
    let lab = RunningLab::start(&dir).await;
    let wrong = LabCommand::Enrol { host: host.address(), invitation: InvitationCode::random() };
    let error = lab.place.ask(wrong).await.unwrap_err().to_string();
    assert!(error.contains("invitation is wrong"), "{error}");
    assert_eq!(lab.place.status().await.host, None);

    let right = LabCommand::Enrol { host: host.address(), invitation: host.book.code.clone() };
    for _ in 0..2 {
        let answer = lab.place.ask(right.clone()).await.unwrap();
        assert_eq!(answer, LabAnswer::Enrolled { host: "The Host".into(), peer_id: lab.place.peer_id });
    }
    let status = lab.place.status().await;
    assert_eq!((status.host.as_deref(), status.host_connected), (Some("The Host"), true));
    assert_eq!(*host.book.announced.lock().unwrap(), std::slice::from_ref(&lab.place.address));
    let known = lab.place.photographers().await.remove(0);
    assert_eq!((known.peer_id, known.name.as_str(), known.standing.as_str()), (ana.id(), "Ana at the host", "listed"));
    lab.place.approve("ana at the host").await;
    assert_eq!(lab.place.photographers().await[0].standing, "approved");
    lab.stop().await;
}

#[tokio::test]
async fn an_announcement_of_where_the_lab_was_cant_overtake_that_of_where_it_is() {
    let (dir, host) = (TempDir::new().unwrap(), Host::start().await);
    let lab = RunningLab::start(&dir).await;
    let enrol = LabCommand::Enrol { host: host.address(), invitation: host.book.code.clone() };
    let (one, other) = tokio::join!(lab.place.ask(enrol.clone()), lab.place.ask(enrol));
    one.unwrap();
    other.unwrap();
    assert_eq!(
        host.book.unanswered.most.load(Ordering::SeqCst),
        1,
        "announcements of one peer were on their way at once"
    );
    lab.stop().await;
}

#[tokio::test]
async fn a_restarted_lab_finds_host_and_photographer_by_itself_and_goes_on() {
    let (dir, host, ana) = (TempDir::new().unwrap(), Host::start().await, Photographer::start().await);
    host.knows(&ana);
    let lab = RunningLab::start_for(&dir, &ana).await;
    lab.place.ask(LabCommand::Enrol { host: host.address(), invitation: host.book.code.clone() }).await.unwrap();
    let job = ana.job(&[("a.jpg", picture(5_000_000, 1))]);
    ana.script.allow_only(2);
    ana.send(&lab.place, &job).await;
    lab.place.wait_for_job("2 ranges are recorded", |job| job.here_bytes == 2 * 1024 * 1024).await;
    let gone = lab.place.peer_id;
    lab.stop().await;
    ana.allow_after(gone).await;

    // Nobody dials the lab, which listens at another port now.
    let lab = RunningLab::start(&dir).await;
    lab.place.wait_for_prints(&job.order_id.number()).await;
    eventually("the receipt came", || ana.script.reports().len() == 1).await;
    eventually_some("the host is back", async || lab.place.status().await.host_connected.then_some(())).await;
    assert_eq!(ana.script.served(job.files[0].root), (0..5).collect::<Vec<_>>());
    lab.stop().await;
}

/// Labs of one host, each in its folder, that have been connected to it for a while.
async fn labs_of(host: &Host, count: usize) -> Vec<(TempDir, RunningLab)> {
    let mut labs = Vec::new();
    for _ in 0..count {
        let dir = TempDir::new().unwrap();
        let lab = RunningLab::start(&dir).await;
        let enrol = LabCommand::Enrol { host: host.address(), invitation: host.book.code.clone() };
        lab.place.ask(enrol).await.unwrap();
        labs.push((dir, lab));
    }
    let connected = Instant::now();
    eventually("they have been there for a while", || connected.elapsed() > CONNECTION_STEADY).await;
    labs
}

#[tokio::test]
async fn labs_of_a_host_that_has_many_do_not_come_back_to_it_all_at_once() {
    const WINDOW: Duration = Duration::from_secs(10);
    let host = Host::start_with(Some(RETURNS_PER_SECOND * WINDOW.as_secs() as u32)).await;
    let labs = labs_of(&host, 8).await;
    let before = host.book.announcements.load(Ordering::SeqCst);
    let host = host.restart().await;
    let restarted = Instant::now();
    let back = || host.book.announcements.load(Ordering::SeqCst) - before;
    eventually("all are back", || back() >= labs.len()).await;
    // By chance within a second and a half: once in four million times.
    assert!(restarted.elapsed() > WINDOW * 15 / 100, "all eight came within {:?}", restarted.elapsed());
    for (_, lab) in labs {
        lab.stop().await;
    }
}

#[tokio::test]
async fn a_host_whose_key_does_not_vouch_for_it_is_refused() {
    let (dir, host) = (TempDir::new().unwrap(), Host::start().await);
    let lab = RunningLab::start(&dir).await;
    let impostor = Book::of(enprint_protocol::PeerId::random(), host.book.code.clone());
    let (client, address, _guard) = serve(impostor).await;
    let command = LabCommand::Enrol { host: address, invitation: host.book.code.clone() };
    let error = lab.place.ask(command).await.unwrap_err().to_string();
    assert!(error.contains("host certificate"), "{error}");
    assert_eq!(lab.place.status().await.host, None);
    drop(client);
    lab.stop().await;
}

async fn serve(book: Book) -> (Client, Multiaddr, tokio_util::sync::DropGuard) {
    let shutdown = CancellationToken::new();
    let mut config = PeerConfig::new(Keypair::generate_ed25519(), PeerRole::Host);
    config.listen = vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()];
    let RunningPeer { client, mut incoming, .. } = peer::start(config, shutdown.clone()).await.unwrap();
    let address = format!("{}/p2p/{}", client.listeners()[0], client.peer_id()).parse().unwrap();
    tokio::spawn(async move {
        while let Some(asked) = next_enrol(&mut incoming).await {
            asked.reply.send(book.answer(asked.request));
        }
    });
    (client, address, shutdown.drop_guard())
}
