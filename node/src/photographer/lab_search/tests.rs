//! A host that is asked for labs by a node with a paid order.

use enprint_protocol::conversation::Conversation;
use enprint_protocol::enrol::{Contact, Enrol, EnrolReply, EnrolRequest, Role};
use enprint_protocol::ids::{EventId, OrderId};
use enprint_protocol::order::{Deliver, Order, OrderReply, OrderRequest, Payment};
use enprint_protocol::peer::{Asked, Incoming};
use enprint_protocol::signed::Signed;
use enprint_protocol::time::UnixMs;
use enprint_protocol::{Keypair, Refusal};
use tempfile::TempDir;

use super::*;
use crate::photographer::Photographer;
use crate::photographer::catalogue::tests::order;
use crate::photographer::catalogue::{HostProcess, NewHost};
use crate::photographer::missing::tests::with_two;
use crate::played::PlayedHost;
use crate::waiting::{eventually, eventually_some};

/// What the host does when it is asked for its labs.
#[derive(Debug, Default)]
struct Hand {
    /// Whether it keeps who asks waiting.
    is_busy: bool,
    lab: Option<Contact>,
    waiting: Vec<Asked<Enrol>>,
    answered: usize,
}

impl Hand {
    fn take(&mut self, asked: Asked<Enrol>) {
        if self.is_busy {
            self.waiting.push(asked);
            return;
        }
        self.answered += 1;
        asked.reply.send(match asked.request {
            EnrolRequest::Announce { .. } => {
                EnrolReply::Directory { contacts: self.lab.iter().cloned().collect(), host: None, crowd: None }
            }
            _ => Refusal::uniform().into(),
        });
    }

    /// A lab enrols, and whoever waits hears of it.
    fn enrols_a_lab(&mut self) {
        let (peer_id, name) = (PeerId::random(), "Lab".to_owned());
        self.lab = Some(Contact { peer_id, role: Role::Lab, name, addresses: Vec::new() });
        self.is_busy = false;
        std::mem::take(&mut self.waiting).into_iter().for_each(|asked| self.take(asked));
    }
}

/// A node that runs, with an event, and the host that it is enrolled with.
struct Scene {
    _dir: TempDir,
    open: Photographer,
    event_id: EventId,
    host: PlayedHost,
    key: Keypair,
    hand: Arc<std::sync::Mutex<Hand>>,
    stop: CancellationToken,
    running: tokio::task::JoinHandle<Result<(), NodeError>>,
}

impl Scene {
    async fn set() -> Self {
        let dir = TempDir::new().unwrap();
        let (open, event_id) = with_two(dir.path()).await;
        let (key, hand) = (Keypair::generate_ed25519(), Arc::<std::sync::Mutex<Hand>>::default());
        let answering = hand.clone();
        let host = PlayedHost::that_answers(open.peer_id(), move |asked| {
            if let Incoming::Enrol(asked) = asked {
                answering.lock().unwrap().take(asked);
            }
        })
        .await;
        let process = HostProcess { peer_id: host.peer_id, enrolled_at: vec![host.address.clone()], told: Vec::new() };
        let (name, public_url) = ("Host".to_owned(), "https://host.example".to_owned());
        let new = NewHost { name, key: key.public(), public_url, process };
        open.node().catalogue.put_host(&new, "Ana").await.unwrap();
        let (stop, node) = (CancellationToken::new(), open.clone());
        let running = tokio::spawn({
            let stop = stop.clone();
            async move { node.run(stop).await }
        });
        eventually("the node has greeted its host", || hand.lock().unwrap().answered > 0).await;
        Self { _dir: dir, open, event_id, host, key, hand, stop, running }
    }

    fn hand(&self) -> std::sync::MutexGuard<'_, Hand> {
        self.hand.lock().unwrap()
    }

    async fn asks(&self, request: OrderRequest) -> OrderReply {
        self.host.client.ask::<Deliver>(self.open.peer_id(), request).await.unwrap()
    }

    /// Orders a photo, as the host says it.
    async fn orders(&self) -> OrderId {
        let photo_id = *self.open.node().archive.counted(self.event_id).0.iter().next().unwrap();
        let order: Order = order(self.event_id, photo_id);
        let signed = Signed::sign(&order, &self.key).unwrap();
        assert_eq!(self.asks(OrderRequest::Deliver(signed)).await, OrderReply::Accepted);
        order.order_id
    }

    async fn is_paid(&self, order_id: OrderId) -> OrderReply {
        let payment = Payment { order_id, paid_at: UnixMs(1_700_000_000_001) };
        self.asks(OrderRequest::Paid(Signed::sign(&payment, &self.key).unwrap())).await
    }

    async fn row(&self, order_id: OrderId) -> OrderRow {
        self.open.node().catalogue.order(order_id).await.unwrap().unwrap()
    }

    async fn goes_to_a_lab(&self, order_id: OrderId) {
        eventually_some("it goes to a lab", async || self.row(order_id).await.job_id).await;
    }

    async fn ends(self) {
        self.stop.cancel();
        self.running.await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_are_noted_while_the_host_takes_its_time_to_say_which_labs_there_are() {
    let scene = Scene::set().await;
    let (one, other) = (scene.orders().await, scene.orders().await);
    scene.hand().is_busy = true;
    let began = Instant::now();
    let noted = tokio::join!(scene.is_paid(one), scene.is_paid(other));
    assert_eq!(noted, (OrderReply::Noted, OrderReply::Noted));
    assert!(began.elapsed() < Enrol::TIMEOUT / 2, "it waited for labs: {:?}", began.elapsed());
    assert!(scene.row(one).await.paid_ms.is_some() && scene.row(other).await.paid_ms.is_some());
    assert_eq!(scene.is_paid(one).await, OrderReply::Noted, "a repeat gets the first answer");
    eventually("the host is asked", || !scene.hand().waiting.is_empty()).await;
    assert_eq!(scene.hand().waiting.len(), 1, "it is asked twice at one time");
    scene.hand().enrols_a_lab();
    scene.goes_to_a_lab(one).await;
    scene.goes_to_a_lab(other).await;
    scene.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paid_order_goes_on_by_itself_when_a_lab_enrols_later() {
    let scene = Scene::set().await;
    let order_id = scene.orders().await;
    let before = scene.hand().answered;
    assert_eq!(scene.is_paid(order_id).await, OrderReply::Noted);
    eventually("the host has said that it has no lab", || scene.hand().answered > before).await;
    scene.hand().enrols_a_lab();
    scene.goes_to_a_lab(order_id).await;
    scene.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_looks_for_a_lab_stops_when_it_is_told_to() {
    let scene = Scene::set().await;
    let order_id = scene.orders().await;
    scene.hand().is_busy = true;
    assert_eq!(scene.is_paid(order_id).await, OrderReply::Noted);
    eventually("the host is asked", || !scene.hand().waiting.is_empty()).await;
    scene.ends().await;
}

#[test]
fn a_host_is_asked_ever_later_and_by_many_nodes_not_at_once() {
    assert_eq!(wait(0, 1.0), LAB_SEARCH_FIRST);
    assert_eq!(wait(0, 0.0), LAB_SEARCH_FIRST / 2);
    assert_eq!(wait(2, 1.0), LAB_SEARCH_FIRST * 4);
    assert_eq!(wait(u32::MAX, 1.0), LAB_SEARCH_MAX);
    assert!(wait(9, 0.2) < wait(9, 0.7));
}
