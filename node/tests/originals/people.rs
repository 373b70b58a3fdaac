//! Those around a photographer's node, all in the test's hand: its host and a host that it
//! does not know, two labs and a third that nobody chose, a colleague's node; and the node itself, real, with
//! four photos.

use enprint_node::NodeError;
use enprint_node::control;
use enprint_node::photographer::commands::{EventDetails, PhotoCustody};
use enprint_node::photographer::selection::Selection;
use enprint_node::photographer::{Photographer, PhotographerAnswer, PhotographerCommand, PhotographerConfig};
use enprint_protocol::access_code::InvitationCode;
use enprint_protocol::enrol::{Contact, EnrolReply, EnrolRequest, HostCertificate, Role, Welcome};
use enprint_protocol::ids::{EventId, PhotoId};
use enprint_protocol::peer::{self, Client, Incoming, PeerConfig, PeerRole, RunningPeer};
use enprint_protocol::print_job::{JobReply, JobRequest};
use enprint_protocol::signed::Signed;
use enprint_protocol::status::StatusReply;
use enprint_protocol::{Keypair, Multiaddr, PeerId};
use serde_bytes::ByteBuf;
use tempfile::TempDir;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::png::png;
use crate::waiting::eventually_some;

/// The photos' lengths; the last photo is never ordered.
pub const LENGTHS: [usize; 4] = [1_500_000, 700, 1_048_576, 90_000];

/// A peer in the test's hand.
pub struct Person {
    pub key: Keypair,
    pub client: Client,
    _stop: DropGuard,
}

/// A node and those around it.
pub struct Town {
    pub node: Photographer,
    pub host: Person,
    /// The key that signs the host's words; not its peer's own.
    pub host_key: Keypair,
    pub false_host: Person,
    pub labs: [Person; 2],
    pub stranger: Person,
    /// A node of a photographer, which may be paired as a second home.
    pub colleague: Person,
    pub event_id: EventId,
    /// The originals, with their ids.
    pub photos: Vec<(PhotoId, Vec<u8>)>,
    dir: TempDir,
    _stop: DropGuard,
}

impl Person {
    async fn start(key: Keypair, role: PeerRole, answers: impl Fn(Incoming) + Send + 'static) -> Self {
        let stop = CancellationToken::new();
        let mut config = PeerConfig::new(key.clone(), role);
        config.listen = vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()];
        let admission = config.admission.clone();
        let RunningPeer { client, mut incoming, .. } = peer::start(config, stop.clone()).await.unwrap();
        let mut events = client.events();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    request = incoming.recv() => match request {
                        Some(request) => answers(request),
                        None => return,
                    },
                    // It knows whomever it meets.
                    Ok(event) = events.recv() => {
                        if let peer::PeerEvent::Connected { peer, .. } = event {
                            admission.admit(peer);
                        }
                    }
                }
            }
        });
        Self { key, client, _stop: stop.drop_guard() }
    }

    pub fn id(&self) -> PeerId {
        self.client.peer_id()
    }

    fn address(&self) -> Multiaddr {
        self.client.listeners()[0].clone()
    }

    async fn lab() -> Self {
        Self::start(Keypair::generate_ed25519(), PeerRole::Lab, |request| {
            if let Incoming::OfferJob(asked) = request {
                let reply = match &asked.request {
                    JobRequest::Offer(_) => JobReply::Needs { files: vec![0] },
                    JobRequest::Withdraw { .. } | JobRequest::LetGo { .. } => JobReply::Withdrawn,
                    JobRequest::StandIn(_) | JobRequest::TakeOver { .. } => JobReply::Noted,
                };
                asked.reply.send(reply);
            }
        })
        .await
    }

    async fn host(host_key: Keypair, labs: Vec<Contact>) -> Self {
        let key = Keypair::generate_ed25519();
        let certificate = HostCertificate { peer_id: key.public().to_peer_id() };
        Self::start(key, PeerRole::Host, move |request| match request {
            Incoming::Enrol(asked) => {
                let welcome = || Welcome {
                    host_name: "The host".into(),
                    host_key: ByteBuf::from(host_key.public().encode_protobuf()),
                    certificate: Signed::sign(&certificate, &host_key).unwrap(),
                    public_url: "http://host.example".into(),
                };
                let reply = match &asked.request {
                    EnrolRequest::Enrol { .. } | EnrolRequest::StandIn { .. } => EnrolReply::Enrolled(welcome()),
                    EnrolRequest::TakeOver { .. } => EnrolReply::TakenOver { orders: 0 },
                    EnrolRequest::Announce { .. } | EnrolRequest::Find { .. } => {
                        EnrolReply::Directory { contacts: labs.clone(), host: None, crowd: None }
                    }
                };
                asked.reply.send(reply);
            }
            Incoming::Report(asked) => asked.reply.send(StatusReply::Noted),
            _ => {}
        })
        .await
    }
}

impl Town {
    pub async fn start(approve: bool) -> Self {
        let labs = [Person::lab().await, Person::lab().await];
        let contacts = labs.iter().zip(["North", "South"]).map(|(lab, name)| Contact {
            peer_id: lab.id(),
            role: Role::Lab,
            name: name.into(),
            addresses: vec![lab.address()],
        });
        let host_key = Keypair::generate_ed25519();
        let host = Person::host(host_key.clone(), contacts.collect()).await;
        let false_host = Person::start(Keypair::generate_ed25519(), PeerRole::Host, |_| {}).await;
        let stranger = Person::start(Keypair::generate_ed25519(), PeerRole::Lab, |_| {}).await;
        let colleague = Person::start(Keypair::generate_ed25519(), PeerRole::Photographer, |_| {}).await;
        let (dir, stop) = (TempDir::new().unwrap(), CancellationToken::new());
        let node = open_node(&dir, approve, stop.clone()).await;
        let photos = originals(&dir);
        let mut town = Self {
            node,
            host,
            host_key,
            false_host,
            labs,
            stranger,
            colleague,
            event_id: EventId([0; 16]),
            photos,
            dir,
            _stop: stop.drop_guard(),
        };
        town.settle_in().await;
        town
    }

    /// Whether a lab was offered the order.
    pub async fn is_offered(&self, order_id: &str) -> bool {
        match self.tells(PhotographerCommand::Orders).await {
            Ok(PhotographerAnswer::Orders { orders }) => {
                orders.iter().any(|order| order.order_id == order_id && order.lab.is_some())
            }
            other => panic!("{other:?}"),
        }
    }

    /// Enrols the node, and imports the photos.
    async fn settle_in(&mut self) {
        let host = format!("{}/p2p/{}", self.host.address(), self.host.id()).parse().unwrap();
        let enrol = PhotographerCommand::Enrol { host, invitation: InvitationCode::random(), name: "Ana".into() };
        eventually_some("the node is enrolled", async || self.tells(enrol.clone()).await.ok()).await;
        let import = PhotographerCommand::Import {
            folder: self.dir.path().join("card"),
            event: "Originals".into(),
            category: None,
            details: EventDetails::default(),
            publish: false,
            hosts: Vec::new(),
        };
        let PhotographerAnswer::Imported(report) = self.tells(import).await.unwrap() else { panic!("no import") };
        assert_eq!(report.imported, LENGTHS.len() as u64, "{report:?}");
        let PhotographerAnswer::Events { events } = self.tells(PhotographerCommand::Events).await.unwrap() else {
            panic!("no events")
        };
        self.event_id = events[0].event_id;
    }

    /// Connects somebody to the node, unless it is connected: strangers are shown out
    /// after a while.
    pub async fn meets_the_node(&self, person: &Person) {
        let address = self.node.addresses()[0].clone();
        person.client.dial(self.node.peer_id(), vec![address]).await.unwrap();
    }

    /// What the photographer tells the node to do.
    pub async fn tells(&self, command: PhotographerCommand) -> Result<PhotographerAnswer, NodeError> {
        control::ask::<Photographer>(&self.dir.path().join("node"), command, |_| {}).await
    }

    /// What the node says of each original.
    pub async fn custody(&self) -> Vec<PhotoCustody> {
        let custody = PhotographerCommand::Custody { event: "Originals".into(), selection: Selection::default() };
        let PhotographerAnswer::Custody { photos, .. } = self.tells(custody).await.unwrap() else {
            panic!("no custody")
        };
        photos
    }
}

async fn open_node(dir: &TempDir, approve: bool, stop: CancellationToken) -> Photographer {
    let config = PhotographerConfig {
        listen: vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()],
        approve,
        workers: 1,
        reserve_bytes: 0,
        ballast_bytes: 0,
        ..PhotographerConfig::new(dir.path().join("node"))
    };
    let node = Photographer::open(config).await.unwrap();
    let running = node.clone();
    tokio::spawn(async move { running.run(stop).await });
    node
}

fn originals(dir: &TempDir) -> Vec<(PhotoId, Vec<u8>)> {
    let card = dir.path().join("card");
    std::fs::create_dir_all(&card).unwrap();
    let original = |(at, bytes): (usize, usize)| {
        let original = png(at as u8 + 1, bytes);
        std::fs::write(card.join(format!("{at}.png")), &original).unwrap();
        (PhotoId(enprint_protocol::ids::ContentHash::of(&original)), original)
    };
    LENGTHS.into_iter().enumerate().map(original).collect()
}
