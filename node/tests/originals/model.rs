//! What may happen, and who may have what after it: told from the outside, by what the
//! photographer and the host said, never by asking the node.

use std::collections::BTreeMap;

use enprint_node::photographer::{PhotographerAnswer as Answer, PhotographerCommand as Command};
use enprint_protocol::home::{Pair, PairReply, PairRequest};
use enprint_protocol::ids::{CommandId, ContentHash, JobId, OrderId};
use enprint_protocol::limits::RANGE_BYTES;
use enprint_protocol::order::{Crop, Customer, Deliver, Delivery, Order, OrderLine, OrderReply, OrderRequest, Payment};
use enprint_protocol::original::{FetchOriginal, OriginalReply, OriginalRequest};
use enprint_protocol::replica::{Follow, ReplicaFile, ReplicaReply, ReplicaRequest};
use enprint_protocol::signed::Signed;
use enprint_protocol::status::{Report, Status, StatusKind, StatusReply, StatusRequest};
use enprint_protocol::subtree::Subtrees;
use enprint_protocol::time::UnixMs;
use enprint_protocol::{ErrorCode, Keypair, Refusal};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

use crate::people::{LENGTHS, Person, Town};
use crate::waiting::eventually_some;

/// One history as far as it has come.
pub struct History {
    seed: u64,
    random: StdRng,
    town: Town,
    /// The node holds orders until they are approved.
    approve: bool,
    orders: Vec<Placed>,
    /// The lab that prints.
    chosen: Option<usize>,
    /// The colleague's node is a second home.
    paired: bool,
    /// Bytes that the node gave for a job's file.
    sent: BTreeMap<(JobId, ContentHash), u64>,
    pub granted: u64,
    pub refused: u64,
}

/// An order in the model.
struct Placed {
    order: Order,
    photos: Vec<usize>,
    approved: bool,
    declined: bool,
    paid: bool,
    /// The lab that it is offered to.
    lab: Option<usize>,
    /// Labs that it was ever offered to.
    offered: Vec<usize>,
    /// The lab has said that it has the files.
    received: bool,
}

impl Placed {
    fn job_at(&self, lab: &Person) -> JobId {
        JobId::derived("enprint job 1", &[&self.order.order_id.0, &lab.id().to_bytes()])
    }

    fn offer(&mut self, lab: usize) {
        self.lab = Some(lab);
        self.offered.push(lab);
    }
}

impl History {
    pub async fn begin(seed: u64) -> Self {
        let approve = seed.is_multiple_of(2);
        Self {
            seed,
            random: StdRng::seed_from_u64(seed),
            town: Town::start(approve).await,
            approve,
            orders: Vec::new(),
            chosen: None,
            paired: false,
            sent: BTreeMap::new(),
            granted: 0,
            refused: 0,
        }
    }

    /// One thing happens.
    pub async fn step(&mut self) {
        match self.random.random_range(0..28) {
            0 | 1 => self.host_delivers_a_new_order().await,
            2 => self.an_order_comes_again().await,
            3 => self.somebody_else_delivers_an_order().await,
            4..7 => self.host_says_paid().await,
            7 => self.somebody_else_says_paid().await,
            8..10 => self.photographer_approves_or_declines().await,
            10 => self.photographer_chooses_a_lab().await,
            11..13 => self.photographer_sends_again().await,
            13 => self.somebody_reports().await,
            24 => self.photographer_pairs_or_removes_the_colleague().await,
            25..28 => self.the_colleague_asks().await,
            14..20 => self.a_lab_asks_for_what_is_its().await,
            _ => self.somebody_asks().await,
        }
    }

    async fn host_delivers_a_new_order(&mut self) {
        let count = self.random.random_range(1..=2);
        let mut photos = vec![0, 1, 2];
        photos.rotate_left(self.random.random_range(0..3));
        photos.truncate(count);
        let order = self.new_order(&photos);
        self.deliver(&order, if self.approve { OrderReply::Held } else { OrderReply::Accepted }).await;
        let approved = !self.approve;
        let (declined, paid, received, lab) = (false, false, false, None);
        self.orders.push(Placed { order, photos, approved, declined, paid, lab, offered: Vec::new(), received });
    }

    async fn an_order_comes_again(&mut self) {
        let Some(at) = self.any_order() else { return };
        let placed = &self.orders[at];
        let reply = match (placed.declined, placed.approved) {
            (true, _) => None,
            (_, true) => Some(OrderReply::Accepted),
            (_, false) => Some(OrderReply::Held),
        };
        let order = placed.order.clone();
        let answer = self.asks_node(&self.town.host, self.signed(&order, &self.town.host_key)).await;
        assert!(reply.is_none_or(|reply| answer == reply), "seed {}: {answer:?}", self.seed);
    }

    async fn deliver(&self, order: &Order, expected: OrderReply) {
        let answer = self.asks_node(&self.town.host, self.signed(order, &self.town.host_key)).await;
        assert_eq!(answer, expected, "seed {}", self.seed);
    }

    /// The host's words from another, or another's words from the host: no order comes of it.
    async fn somebody_else_delivers_an_order(&mut self) {
        let order = self.new_order(&[3]);
        let (other, host) = (&self.town.false_host, &self.town.host);
        for (person, key) in [(other, &self.town.host_key), (host, &other.key)] {
            let answer = self.asks_node(person, self.signed(&order, key)).await;
            assert!(matches!(answer, OrderReply::Refused(_)), "seed {}: {answer:?}", self.seed);
        }
    }

    async fn host_says_paid(&mut self) {
        let Some(at) = self.any_order() else { return };
        let answer = self.asks_node(&self.town.host, self.payment(at)).await;
        assert_eq!(answer, OrderReply::Noted, "seed {}", self.seed);
        self.orders[at].paid = true;
        self.advances().await;
    }

    async fn somebody_else_says_paid(&mut self) {
        let Some(at) = self.any_order() else { return };
        let answer = self.asks_node(&self.town.false_host, self.payment(at)).await;
        assert!(matches!(answer, OrderReply::Refused(_)), "seed {}: {answer:?}", self.seed);
    }

    async fn photographer_approves_or_declines(&mut self) {
        let Some(at) = self.any_order() else { return };
        let named = self.orders[at].order.order_id.to_string();
        if self.random.random_bool(0.85) {
            let done = self.town.tells(Command::Approve { order: named }).await;
            assert_eq!(done.is_ok(), !self.orders[at].declined, "seed {}: {done:?}", self.seed);
            self.orders[at].approved |= done.is_ok();
        } else {
            let done = self.town.tells(Command::Decline { order: named, reason: "No.".into() }).await;
            assert_eq!(done.is_ok(), self.orders[at].lab.is_none(), "seed {}: {done:?}", self.seed);
            self.orders[at].declined |= done.is_ok();
        }
        self.advances().await;
    }

    async fn photographer_chooses_a_lab(&mut self) {
        let lab = self.random.random_range(0..2);
        let named = self.town.labs[lab].id().to_string();
        self.town.tells(Command::UseLab { lab: named, hosts: Vec::new(), rules: None }).await.unwrap();
        self.chosen = Some(lab);
        self.advances().await;
    }

    async fn photographer_sends_again(&mut self) {
        let Some(at) = self.any_order() else { return };
        let lab = self.random.random_range(0..2);
        let (order, named) = (self.orders[at].order.order_id.to_string(), self.town.labs[lab].id().to_string());
        let done = self.town.tells(Command::Send { order, lab: Some(named) }).await;
        let placed = &mut self.orders[at];
        let may = placed.approved && !placed.declined && placed.paid && !placed.received;
        assert_eq!(done.is_ok(), may, "seed {}: {done:?}", self.seed);
        if may {
            placed.offer(lab);
        }
    }

    /// Someone says that the files of a job are there. Only its own lab is heard, and no
    /// receipt opens what was closed.
    async fn somebody_reports(&mut self) {
        let Some(at) = self.any_order() else { return };
        let (who, of) = (self.random.random_range(0..3), self.random.random_range(0..2));
        let person = self.person(who);
        let job_id = self.orders[at].job_at(&self.town.labs[of]);
        let kind = StatusKind::Received { files: 1, bytes: 1, crossed_bytes: None };
        let (status_id, order_id) = (CommandId::random(), self.orders[at].order.order_id);
        let status = Status { status_id, order_id, job_id: Some(job_id), at: UnixMs(1), kind };
        let request = StatusRequest::Report(Signed::sign(&status, &person.key).unwrap());
        self.town.meets_the_node(person).await;
        let answer = person.client.ask::<Report>(self.town.node.peer_id(), request).await.unwrap();
        let is_its_own = who == of && self.orders[at].offered.contains(&of);
        assert_eq!(answer == StatusReply::Noted, is_its_own, "seed {}: {answer:?}", self.seed);
        self.orders[at].received |= is_its_own && self.orders[at].lab == Some(of);
    }

    async fn a_lab_asks_for_what_is_its(&mut self) {
        let offered: Vec<_> = self.orders.iter().filter(|placed| placed.lab.is_some()).collect();
        let Some(placed) = offered.choose(&mut self.random) else { return };
        let lab = placed.lab.unwrap();
        let (job_id, photo) = (placed.job_at(&self.town.labs[lab]), placed.photos[0]);
        let offset = if LENGTHS[photo] as u64 > RANGE_BYTES { RANGE_BYTES } else { 0 };
        self.asks(lab, job_id, photo, Some(offset)).await;
        self.asks(lab, job_id, photo, None).await;
    }

    async fn somebody_asks(&mut self) {
        let who = *[0, 0, 1, 1, 2].choose(&mut self.random).unwrap();
        let photo = self.random.random_range(0..LENGTHS.len());
        let job_id = match self.any_order() {
            Some(at) if self.random.random_bool(0.9) => {
                let of = self.random.random_range(0..2);
                self.orders[at].job_at(&self.town.labs[of])
            }
            _ => JobId::random(),
        };
        let offset = *[0, RANGE_BYTES, 7, 2 * RANGE_BYTES, u64::MAX].choose(&mut self.random).unwrap();
        self.asks(who, job_id, photo, Some(offset)).await;
        self.asks(who, job_id, photo, None).await;
    }

    /// Nobody but who is paired gets anything of the replica conversation.
    async fn the_colleague_asks(&mut self) {
        let photo = self.random.random_range(0..LENGTHS.len());
        let (photo_id, original) = self.town.photos[photo].clone();
        let roots = [photo_id.0, self.town.photos[0].0.0, ContentHash([9; 32])];
        let (event_id, root) = (self.town.event_id, *roots.choose(&mut self.random).unwrap());
        let offset = *[0, RANGE_BYTES, 7, u64::MAX].choose(&mut self.random).unwrap();
        let file = ReplicaFile::Photo { event_id, photo_id, root };
        for request in [ReplicaRequest::Range { file, offset }, ReplicaRequest::Photos { event_id, after: None }] {
            self.town.meets_the_node(&self.town.colleague).await;
            let is_list = matches!(request, ReplicaRequest::Photos { .. });
            let reply = self.town.colleague.client.ask::<Follow>(self.town.node.peer_id(), request).await.unwrap();
            let begin = usize::try_from(offset).unwrap_or(usize::MAX);
            let is_there = root == photo_id.0 && offset.is_multiple_of(RANGE_BYTES) && begin < original.len();
            match reply {
                ReplicaReply::Range(range) => {
                    let end = (begin + RANGE_BYTES as usize).min(original.len());
                    assert!(self.paired && is_there && original[begin..end] == *range, "seed {}", self.seed);
                    self.granted += 1;
                }
                ReplicaReply::Photos { photos, .. } => {
                    assert!(self.paired && photos.len() == LENGTHS.len(), "seed {}: a stranger got a list", self.seed);
                }
                ReplicaReply::Refused(refusal) => {
                    assert!(!self.paired || !(is_there || is_list), "seed {}: {refusal:?}", self.seed);
                    assert!(refusal == Refusal::uniform() || refusal.code == ErrorCode::Busy, "{refusal:?}");
                    self.refused += 1;
                }
                other => panic!("seed {}: {other:?}", self.seed),
            }
        }
    }

    async fn photographer_pairs_or_removes_the_colleague(&mut self) {
        if self.paired {
            let home = self.town.colleague.id().to_string();
            self.town.tells(Command::RemoveSecondHome { home }).await.unwrap();
            self.paired = false;
            return;
        }
        let Ok(Answer::SecondHomeInvited(invitation)) = self.town.tells(Command::InviteSecondHome).await else {
            panic!("no code")
        };
        let code = invitation.line.split(' ').next().unwrap().parse().unwrap();
        let join = PairRequest::Join { code, name: "NAS".into(), addresses: Vec::new() };
        self.town.meets_the_node(&self.town.colleague).await;
        match self.town.colleague.client.ask::<Pair>(self.town.node.peer_id(), join).await.unwrap() {
            PairReply::Paired { .. } => self.paired = true,
            // One whom the node does not know may ask but a few things a second.
            PairReply::Refused(refusal) => assert_eq!(refusal.code, ErrorCode::Busy, "{refusal:?}"),
        }
    }

    /// All of them ask for each photo under each job that there could be.
    pub async fn everybody_asks_for_everything(&mut self) {
        let labs = &self.town.labs;
        let jobs: Vec<_> = self.orders.iter().flat_map(|placed| labs.iter().map(|lab| placed.job_at(lab))).collect();
        for job_id in jobs {
            for photo in 0..LENGTHS.len() {
                for who in 0..3 {
                    self.asks(who, job_id, photo, Some(0)).await;
                }
            }
        }
    }

    /// Asks for a range, or for the list of range hashes: granted just if the model says so.
    async fn asks(&mut self, who: usize, job_id: JobId, photo: usize, offset: Option<u64>) {
        let (photo_id, original) = &self.town.photos[photo];
        let (root, length) = (photo_id.0, original.len() as u64);
        let request = match offset {
            Some(offset) => OriginalRequest::Range { job_id, root, offset },
            None => OriginalRequest::Subtrees { job_id, root },
        };
        let person = self.person(who);
        self.town.meets_the_node(person).await;
        let answer = person.client.ask::<FetchOriginal>(self.town.node.peer_id(), request).await.unwrap();
        let has_range = offset.is_none_or(|offset| offset < length && offset.is_multiple_of(RANGE_BYTES));
        let may = self.may_have(who, job_id, photo) && has_range;
        match answer {
            OriginalReply::Range(range) => {
                let begin = usize::try_from(offset.unwrap()).unwrap();
                let end = (begin + RANGE_BYTES as usize).min(original.len());
                assert!(may && original[begin..end] == *range, "seed {}: peer {who} got a range", self.seed);
                *self.sent.entry((job_id, root)).or_default() += range.len() as u64;
                self.granted += 1;
            }
            OriginalReply::Subtrees(joined) => {
                assert!(may && Subtrees::check(&root, length, &joined).is_ok(), "seed {}: peer {who}", self.seed);
                self.granted += 1;
            }
            OriginalReply::Refused(refusal) => {
                assert!(!may, "seed {}: peer {who} was refused what is its: {refusal:?}", self.seed);
                // Those whom the node does not know may ask but a few things a second.
                assert!(refusal == Refusal::uniform() || refusal.code == ErrorCode::Busy, "{refusal:?}");
                self.refused += 1;
            }
        }
    }

    fn may_have(&self, who: usize, job_id: JobId, photo: usize) -> bool {
        self.orders.iter().any(|placed| {
            placed.lab.is_some_and(|lab| lab == who && placed.job_at(&self.town.labs[lab]) == job_id)
                && placed.photos.contains(&photo)
        })
    }

    /// Orders that are approved and paid go to the chosen lab, once.
    async fn advances(&mut self) {
        let Some(chosen) = self.chosen else { return };
        let mut due = Vec::new();
        for placed in &mut self.orders {
            if placed.approved && !placed.declined && placed.paid && placed.lab.is_none() {
                placed.offer(chosen);
                due.push(placed.order.order_id.to_string());
            }
        }
        let town = &self.town;
        for order_id in due {
            // Their files are made ready meanwhile.
            eventually_some("the order is offered", async || town.is_offered(&order_id).await.then_some(())).await;
        }
    }

    /// The node's book says of each original what the labs got of it.
    pub async fn custody_is_as_it_was_sent(&self) {
        let custody = self.town.custody().await;
        for (photo_id, _) in &self.town.photos {
            let told = custody.iter().find(|told| told.photo_id == *photo_id).unwrap();
            for transfer in &told.transfers {
                let lab = self.town.labs.iter().find(|lab| lab.id() == transfer.lab_peer).unwrap();
                let order = self.orders.iter().find(|placed| placed.order.order_id.number() == transfer.order);
                let sent = self.sent.get(&(order.unwrap().job_at(lab), photo_id.0)).copied().unwrap_or(0);
                assert_eq!(transfer.sent_bytes, sent, "seed {}: {transfer:?}", self.seed);
                assert_eq!(transfer.left_at.is_some(), sent > 0, "seed {}: {transfer:?}", self.seed);
            }
        }
        let unordered = custody.iter().find(|told| told.photo_id == self.town.photos[3].0).unwrap();
        assert_eq!(unordered.transfers, [], "what nobody ordered stayed at home");
    }

    fn any_order(&mut self) -> Option<usize> {
        (!self.orders.is_empty()).then(|| self.random.random_range(0..self.orders.len()))
    }

    /// The labs are 0 and 1; 2 is the lab that nobody chose.
    fn person(&self, who: usize) -> &Person {
        self.town.labs.get(who).unwrap_or(&self.town.stranger)
    }

    async fn asks_node(&self, person: &Person, request: OrderRequest) -> OrderReply {
        self.town.meets_the_node(person).await;
        person.client.ask::<Deliver>(self.town.node.peer_id(), request).await.unwrap()
    }

    fn signed(&self, order: &Order, key: &Keypair) -> OrderRequest {
        OrderRequest::Deliver(Signed::sign(order, key).unwrap())
    }

    fn payment(&self, at: usize) -> OrderRequest {
        let payment = Payment { order_id: self.orders[at].order.order_id, paid_at: UnixMs(1) };
        OrderRequest::Paid(Signed::sign(&payment, &self.town.host_key).unwrap())
    }

    fn new_order(&self, photos: &[usize]) -> Order {
        let delivery = Delivery { name: "Pick up".into(), price: "EUR 0.00".parse().unwrap(), address: None };
        let line = |(at, photo): (usize, &usize)| OrderLine {
            line: u32::try_from(at).unwrap() + 1,
            photo_id: self.town.photos[*photo].0,
            file_name: format!("{photo}.png"),
            size: "10x15".parse().unwrap(),
            finish: "matte".parse().unwrap(),
            crop: Crop::Fill,
            quantity: 1,
            price: "EUR 1.50".parse().unwrap(),
        };
        let lines: Vec<_> = photos.iter().enumerate().map(line).collect();
        Order {
            order_id: OrderId::random(),
            event_id: self.town.event_id,
            placed_at: UnixMs(1_700_000_000_000),
            customer: Customer { name: "Kim".into(), email: "kim@example.org".into() },
            total: Order::sum(&lines, &delivery).unwrap(),
            delivery,
            lines,
            note: String::new(),
        }
    }
}
