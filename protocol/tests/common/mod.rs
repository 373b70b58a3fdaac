//! Peers for tests: real swarms on loopback, each on a port of its own.
//! Owns no assertion about what peers do; the tests do.

#![allow(dead_code, unused_imports, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod flawed;
pub mod hostile;
pub mod waiting;

use std::time::Duration;

use enprint_protocol::enrol::{EnrolReply, EnrolRequest};
use enprint_protocol::home::PairReply;
use enprint_protocol::ids::{CommandId, ContentHash, EventId, JobId, OrderId};
use enprint_protocol::order::{OrderReply, OrderRequest, Payment};
use enprint_protocol::original::{OriginalReply, OriginalRequest};
use enprint_protocol::peer::{self, Admission, Client, Incoming, PeerConfig, PeerRole, RunningPeer};
use enprint_protocol::print_job::{JobReply, JobRequest, PrintJob, ShipTo};
use enprint_protocol::publish::{PublishReply, PublishRequest};
use enprint_protocol::replica::ReplicaReply;
use enprint_protocol::signed::Signed;
use enprint_protocol::status::{Status, StatusKind, StatusReply, StatusRequest};
use enprint_protocol::time::UnixMs;
use enprint_protocol::{Keypair, Multiaddr, PeerId, Refusal};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use waiting::{PATIENCE, eventually, eventually_so};

/// One running peer.
pub struct Node {
    pub key: Keypair,
    pub client: Client,
    pub admission: Admission,
    pub incoming: Option<mpsc::Receiver<Incoming>>,
    pub shutdown: CancellationToken,
    pub task: JoinHandle<()>,
}

/// A peer with the usual limits.
pub async fn node(role: PeerRole) -> Node {
    node_with(role, |_| {}).await
}

/// A peer whose configuration `change` has changed.
pub async fn node_with(role: PeerRole, change: impl FnOnce(&mut PeerConfig)) -> Node {
    let mut config = PeerConfig::new(Keypair::generate_ed25519(), role);
    config.listen = vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()];
    change(&mut config);
    let (key, admission) = (config.key.clone(), config.admission.clone());
    let shutdown = CancellationToken::new();
    let RunningPeer { client, incoming, task } = peer::start(config, shutdown.clone()).await.unwrap();
    Node { key, client, admission, incoming: Some(incoming), shutdown, task }
}

impl Node {
    pub fn id(&self) -> PeerId {
        self.client.peer_id()
    }

    pub fn address(&self) -> Multiaddr {
        self.client.listeners().first().unwrap().clone()
    }

    /// Connects to `other`; neither knows the other.
    pub async fn dial(&self, other: &Node) {
        self.client.dial(other.id(), vec![other.address()]).await.unwrap();
    }

    /// Connects to `other`; both know each other.
    pub async fn meet(&self, other: &Node) {
        self.admission.admit(other.id());
        other.admission.admit(self.id());
        self.dial(other).await;
    }

    /// Answers everything from now on.
    pub fn answer_all(&mut self) {
        let mut incoming = self.incoming.take().unwrap();
        tokio::spawn(async move {
            while let Some(request) = incoming.recv().await {
                answer(request);
            }
        });
    }

    pub async fn next(&mut self) -> Incoming {
        let incoming = self.incoming.as_mut().unwrap();
        tokio::time::timeout(PATIENCE, incoming.recv()).await.unwrap().unwrap()
    }

    pub async fn stop(self) {
        self.shutdown.cancel();
        tokio::time::timeout(PATIENCE, self.task).await.unwrap().unwrap();
    }
}

/// The friendly answer to any request.
pub fn answer(request: Incoming) {
    match request {
        Incoming::Enrol(asked) => {
            asked.reply.send(EnrolReply::Directory { contacts: vec![], host: None, crowd: None });
        }
        Incoming::Publish(asked) => asked.reply.send(PublishReply::Stored),
        Incoming::Deliver(asked) => asked.reply.send(OrderReply::Noted),
        Incoming::OfferJob(asked) => asked.reply.send(JobReply::Needs { files: vec![7] }),
        Incoming::FetchOriginal(asked) => {
            asked.reply.send(OriginalReply::Range(vec![0xa5; 1 << 20].into()));
        }
        Incoming::Report(asked) => asked.reply.send(StatusReply::Noted),
        Incoming::Pair(asked) => asked.reply.send(PairReply::Refused(Refusal::uniform())),
        Incoming::Follow(asked) => asked.reply.send(ReplicaReply::Mark(7)),
    }
}

pub fn enrol_request() -> EnrolRequest {
    EnrolRequest::Announce { addresses: vec![] }
}

pub fn publish_request() -> PublishRequest {
    PublishRequest::WithdrawEvent { event_id: EventId::random() }
}

pub fn order_request(key: &Keypair) -> OrderRequest {
    let payment = Payment { order_id: OrderId::random(), paid_at: UnixMs(0) };
    OrderRequest::Paid(Signed::sign(&payment, key).unwrap())
}

pub fn job_request(key: &Keypair) -> JobRequest {
    JobRequest::Offer(Signed::sign(&job(String::new()), key).unwrap())
}

/// A job of nothing, with a note.
pub fn job(note: String) -> PrintJob {
    PrintJob {
        job_id: JobId::random(),
        order_id: OrderId::random(),
        event_name: "John's Wedding".into(),
        photographer: "Ana".into(),
        placed_at: UnixMs(0),
        ship_to: ShipTo { delivery: "Post".into(), name: "Jo".into(), address: None },
        note,
        lines: vec![],
        files: vec![],
        withdrawn_before: 0,
    }
}

pub fn range_request() -> OriginalRequest {
    OriginalRequest::Range { job_id: JobId::random(), root: ContentHash::of(b"a"), offset: 0 }
}

pub fn status_request(key: &Keypair) -> StatusRequest {
    let status = Status {
        status_id: CommandId::random(),
        order_id: OrderId::random(),
        job_id: None,
        at: UnixMs(0),
        kind: StatusKind::Printing,
    };
    StatusRequest::Report(Signed::sign(&status, key).unwrap())
}

/// This process's memory in bytes: what it holds now, or held at most.
#[cfg(target_os = "linux")]
pub fn memory(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}
