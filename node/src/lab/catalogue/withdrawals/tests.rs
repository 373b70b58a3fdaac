//! Two homes of one photographer, two labs, and messages between them in any order: no order
//! is printed twice, and the home that has it at the end gets it printed.

use std::collections::VecDeque;

use enprint_protocol::ids::{ContentHash, OrderId, PhotoId};
use enprint_protocol::order::Crop;
use enprint_protocol::print_job::{JobLine, PrintFile, ShipTo};
use enprint_protocol::print_size::{Finish, PrintSize};
use enprint_protocol::signed::Signed;
use enprint_protocol::status::{Status, StatusKind, StatusRequest};
use enprint_protocol::time::UnixMs;
use enprint_protocol::{Keypair, codec};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tempfile::TempDir;

use super::*;
use crate::lab::catalogue::{Offered, Report};
use enprint_protocol::ids::CommandId;

const SEQUENCES: u64 = 200;
const STEPS: usize = 60;

/// What a home said and a lab may hear later, or once more.
#[derive(Debug, Clone, Copy)]
enum Said {
    Offer { home: usize, lab: usize, withdrawn: u32 },
    Withdraw { home: usize, lab: usize, withdrawn: u32 },
}

/// What the host says to a home.
#[derive(Debug, Clone, Copy)]
enum Mail {
    Moved,
    WasElsewhere,
    Order,
}

/// How far a home is with its offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    TakeOver,
    AskTheOther,
    Offer,
    Done,
}

/// A home as `photographer/fulfil.rs` and `elsewhere.rs` have it act.
struct Home {
    key: Keypair,
    has_order: bool,
    was_elsewhere: bool,
    /// The lab of its open job.
    lab: Option<usize>,
    withdrawn: [u32; 2],
    step: Step,
    mail: VecDeque<Mail>,
}

struct Lab {
    catalogue: Catalogue,
    job_id: JobId,
    printed: u32,
}

struct Play {
    homes: [Home; 2],
    labs: [Lab; 2],
    order_id: OrderId,
    holder: usize,
    late: Vec<Said>,
    story: Vec<String>,
}

fn home(key: Keypair) -> Home {
    let (lab, step) = (None, Step::Done);
    Home { key, has_order: false, was_elsewhere: false, lab, withdrawn: [0; 2], step, mail: VecDeque::new() }
}

fn job(job_id: JobId, order_id: OrderId, withdrawn_before: u32) -> PrintJob {
    let root = ContentHash([7; 32]);
    let (width_px, height_px) = (3_000, 2_000);
    let photo_id = PhotoId(root);
    let file = PrintFile { photo_id, name: "a.jpg".into(), bytes: 9, root, width_px, height_px, prepared: None };
    let (size, finish) = (PrintSize::CM_10X15, Finish::Matte);
    PrintJob {
        job_id,
        order_id,
        event_name: "Wedding".into(),
        photographer: "Ana".into(),
        placed_at: UnixMs(1),
        ship_to: ShipTo { delivery: "Post".into(), name: "Jo".into(), address: None },
        note: String::new(),
        lines: vec![JobLine { line: 1, file: 0, size, finish, crop: Crop::Fit, quantity: 1 }],
        files: vec![file],
        withdrawn_before,
    }
}

fn other(of: usize) -> usize {
    1 - of
}

impl Play {
    fn new(catalogues: &[Catalogue; 2], keys: &[Keypair; 2]) -> Self {
        let order_id = OrderId::random();
        let lab = |at: usize| Lab { catalogue: catalogues[at].clone(), job_id: JobId::random(), printed: 0 };
        let mut homes = keys.clone().map(home);
        homes[0].has_order = true;
        Self { homes, labs: [lab(0), lab(1)], order_id, holder: 0, late: Vec::new(), story: Vec::new() }
    }

    fn id(&self, home: usize) -> PeerId {
        self.homes[home].key.public().to_peer_id()
    }

    fn tells(&mut self, what: String) {
        self.story.push(what);
    }

    /// The host binds the order to the other home.
    fn rebind(&mut self) {
        let former = self.holder;
        self.holder = other(former);
        self.homes[former].mail.push_back(Mail::Moved);
        self.homes[self.holder].mail.extend([Mail::WasElsewhere, Mail::Order]);
        self.tells(format!("the host gives the order to home {}", self.holder));
    }

    fn hear(&mut self, at: usize) {
        let Some(mail) = self.homes[at].mail.pop_front() else { return };
        self.tells(format!("home {at} hears {mail:?}"));
        match mail {
            Mail::Moved => {
                self.close(at);
                self.homes[at].has_order = false;
            }
            Mail::WasElsewhere => self.homes[at].was_elsewhere = true,
            Mail::Order => self.homes[at].has_order = true,
        }
    }

    /// The open job is closed; its lab hears of it whenever it does.
    fn close(&mut self, at: usize) {
        let home = &mut self.homes[at];
        let Some(lab) = home.lab.take() else { return };
        let said = Said::Withdraw { home: at, lab, withdrawn: home.withdrawn[lab] };
        // What it was about to say may be on its way.
        let offer = Said::Offer { home: at, lab, withdrawn: home.withdrawn[lab] };
        self.late.extend((home.step == Step::Offer).then_some(offer));
        home.withdrawn[lab] += 1;
        home.step = Step::Done;
        self.late.push(said);
    }

    /// A home has the order printed at a lab. One that had it from the beginning takes it
    /// from the other lab first: what becomes of that by itself is told in `two_labs.rs`.
    async fn send(&mut self, at: usize, lab: usize) {
        if !self.homes[at].has_order || self.homes[at].lab == Some(lab) {
            return;
        }
        if let Some(before) = self.homes[at].lab
            && !self.homes[at].was_elsewhere
        {
            let withdrawn = self.homes[at].withdrawn[before];
            if self.withdraw(at, before, withdrawn).await != Withdrawn::Done {
                return;
            }
        }
        self.close(at);
        self.homes[at].lab = Some(lab);
        self.homes[at].step = Step::TakeOver;
        self.tells(format!("home {at} sends it to lab {lab}"));
    }

    /// The next step of a home's offer.
    async fn deliver(&mut self, at: usize, rng: &mut StdRng) {
        let home = &self.homes[at];
        let (Some(lab), step, was_elsewhere) = (home.lab, home.step, home.was_elsewhere) else { return };
        let next = match step {
            Step::Done => return,
            Step::Offer => return self.offer(at, lab, rng).await,
            _ if !was_elsewhere => Step::Offer,
            Step::TakeOver => {
                // It asks anew only when its last request is over.
                self.late
                    .retain(|said| !matches!(said, Said::Offer { home, lab: to, .. } if (*home, *to) == (at, lab)));
                let (home, there) = (self.id(at), &self.labs[lab]);
                assert!(there.catalogue.take_over(self.id(0), home, &there.job_id).await.unwrap());
                Step::AskTheOther
            }
            Step::AskTheOther => {
                let there = &self.labs[other(lab)];
                match there.catalogue.withdraw_from_all(self.id(0), &there.job_id).await.unwrap() {
                    Withdrawn::Done => Step::Offer,
                    Withdrawn::TooLate | Withdrawn::NotTheirs => Step::TakeOver,
                }
            }
        };
        self.tells(format!("home {at} at lab {lab}: {step:?}, then {next:?}"));
        self.homes[at].step = next;
    }

    async fn offer(&mut self, at: usize, lab: usize, rng: &mut StdRng) {
        let withdrawn = self.homes[at].withdrawn[lab];
        let said = Said::Offer { home: at, lab, withdrawn };
        self.late.extend(rng.random_bool(0.5).then_some(said));
        if rng.random_bool(0.2) {
            self.homes[at].step = Step::TakeOver; // it heard no answer
            return;
        }
        self.homes[at].step = match self.put(at, lab, withdrawn).await {
            Offered::New | Offered::Again | Offered::Printed => Step::Done,
            _ if self.homes[at].was_elsewhere => Step::TakeOver,
            _ => Step::Done,
        };
    }

    async fn put(&mut self, at: usize, lab: usize, withdrawn: u32) -> Offered {
        let (photographer, home, there) = (self.id(0), self.id(at), &self.labs[lab]);
        let job = job(there.job_id, self.order_id, withdrawn);
        let offer = Signed::sign(&job, &self.homes[at].key).unwrap();
        let offered = there.catalogue.put_job(photographer, home, &offer, &job, false).await.unwrap();
        self.tells(format!("home {at} offers it to lab {lab} after {withdrawn} withdrawals: {offered:?}"));
        offered
    }

    async fn withdraw(&mut self, at: usize, lab: usize, before: u32) -> Withdrawn {
        let (photographer, home, there) = (self.id(0), self.id(at), &self.labs[lab]);
        let withdrawn = there.catalogue.withdraw(photographer, home, &there.job_id, before).await.unwrap();
        self.tells(format!("home {at} withdraws {before} from lab {lab}: {withdrawn:?}"));
        withdrawn
    }

    async fn hear_late(&mut self, which: usize) {
        if self.late.is_empty() {
            return;
        }
        match self.late.swap_remove(which % self.late.len()) {
            Said::Offer { home, lab, withdrawn } => drop(self.put(home, lab, withdrawn).await),
            Said::Withdraw { home, lab, withdrawn } => drop(self.withdraw(home, lab, withdrawn).await),
        }
    }

    /// The lab has all files of what it takes the order for, and prints it.
    async fn print(&mut self, lab: usize) {
        let there = &mut self.labs[lab];
        let Some(row) = there.catalogue.job(&there.job_id).await.unwrap() else { return };
        if !there.catalogue.set_placing(&row.job).await.unwrap() {
            return;
        }
        let kind = StatusKind::Received { files: 1, bytes: 9, crossed_bytes: None };
        let (status_id, job_id) = (CommandId::random(), Some(there.job_id));
        let status = Status { status_id, order_id: self.order_id, job_id, at: UnixMs(1), kind };
        let signed = Signed::sign(&status, &self.homes[0].key).unwrap();
        let payload = codec::encode(&StatusRequest::Report(signed)).unwrap();
        let report = Report { status_id, photographer: row.photographer, to: row.home, payload };
        there.catalogue.set_placed(&there.job_id, &report).await.unwrap();
        there.printed += 1;
        self.tells(format!("lab {lab} prints it"));
    }

    async fn step(&mut self, rng: &mut StdRng) {
        let (at, lab) = (rng.random_range(0..2), rng.random_range(0..2));
        match rng.random_range(0..100) {
            0..4 => self.rebind(),
            4..30 => self.hear(at),
            30..40 => self.send(at, lab).await,
            40..75 => self.deliver(at, rng).await,
            75..90 => self.hear_late(rng.random_range(0..100)).await,
            _ => self.print(lab).await,
        }
    }

    /// The home that has it now sends it to a lab, and to the other if that one has it; what
    /// else was on its way comes after.
    async fn finish(&mut self) {
        for at in [0, 1] {
            while !self.homes[at].mail.is_empty() {
                self.hear(at);
            }
        }
        let (at, mut sure) = (self.holder, StdRng::seed_from_u64(0));
        for lab in [0, 1, 0] {
            self.send(at, lab).await;
            for _ in 0..40 {
                self.deliver(at, &mut sure).await;
            }
            if self.homes[at].step == Step::Done {
                break;
            }
        }
        while !self.late.is_empty() {
            self.print(0).await;
            self.print(1).await;
            self.hear_late(0).await;
        }
        self.print(0).await;
        self.print(1).await;
    }
}

#[tokio::test]
async fn no_sequence_of_two_homes_words_has_an_order_printed_twice_or_refused_for_ever() {
    let dir = TempDir::new().unwrap();
    let open = async |name: &str| Catalogue::open(&dir.path().join(name)).await.unwrap();
    let catalogues = [open("a.db").await, open("b.db").await];
    let keys = [0, 1].map(|_| Keypair::generate_ed25519());
    for seed in 0..SEQUENCES {
        let (mut play, mut rng) = (Play::new(&catalogues, &keys), StdRng::seed_from_u64(seed));
        for _ in 0..STEPS {
            play.step(&mut rng).await;
            let printed = play.labs[0].printed + play.labs[1].printed;
            assert!(printed <= 1, "seed {seed}: it is printed {printed} times: {:#?}", play.story);
        }
        play.finish().await;
        let printed = play.labs[0].printed + play.labs[1].printed;
        let step = play.homes[play.holder].step;
        assert_eq!((printed, step), (1, Step::Done), "seed {seed}: {:#?}", play.story);
    }
}

#[tokio::test]
async fn what_an_earlier_version_let_go_of_in_the_hot_folder_is_withdrawn_to_every_home() {
    let dir = TempDir::new().unwrap();
    let catalogue = Catalogue::open(&dir.path().join("lab.db")).await.unwrap();
    let mut play = Play::new(&[catalogue.clone(), catalogue.clone()], &[0, 1].map(|_| Keypair::generate_ed25519()));
    assert_eq!(play.put(0, 0, 0).await, Offered::New);
    play.print(0).await;
    assert_eq!(play.put(1, 0, 0).await, Offered::Printed);
    let sql = "UPDATE job SET state = 'withdrawn' WHERE job_id = $1";
    catalogue.ledger.execute(sql, args![play.labs[0].job_id.to_string()]).await.unwrap();
    for (home, withdrawn) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        assert_eq!(play.put(home, 0, withdrawn).await, Offered::Withdrawn, "home {home} after {withdrawn}");
    }
}
