//! A long time of orders and random faults, run by hand, and its report. What happens
//! follows from the seed; when, from the machine.
//!
//! `ENPRINT_SOAK_MINUTES=60 ENPRINT_SOAK_SEED=1 cargo test --test network -- --ignored
//! --nocapture soak`

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::line::{Conditions, Line};
use crate::net::Net;
use crate::net::Router::KeepsPorts;
use crate::town::{Plan, Spoken, Town, heavy, mib};
use crate::world::customer::placed;
use crate::world::waiting::within;
use crate::world::{Customer, Gallery, PlacedOrder, print_files};

/// How long anything may take that has to happen: tries are up to a minute apart.
const PATIENCE: Duration = Duration::from_secs(300);
const PHOTOS: usize = 8;
const UNDER_WAY_MAX: usize = 4;

const FAULTS: [&str; 9] = [
    "none",
    "lab's line cut",
    "photographer's line cut",
    "host's line cut",
    "photographer killed",
    "lab killed",
    "host killed",
    "lab's router gets another address",
    "30 % of packets lost for 5 s",
];

/// All that goes on.
struct Soak {
    town: Town,
    line: Line,
    gallery: Gallery,
    customer: Customer,
    originals: Vec<Vec<u8>>,
    random: u64,
    under_way: Vec<(PlacedOrder, Vec<usize>)>,
    arrived: u64,
    payload_bytes: u64,
    faults: BTreeMap<&'static str, u64>,
    labs_address: u8,
}

#[tokio::test]
#[ignore = "an hour of faults, run by hand (CONTRIBUTING.md)"]
async fn soak_an_hour_of_orders_and_random_faults() {
    let Some(mut soak) = Soak::begin().await else { return };
    let minutes = setting("ENPRINT_SOAK_MINUTES", 60);
    let (begun, before) = (Instant::now(), soak.memory());
    let (_, sent_before) = soak.town.net.counted("ana", "eth0");
    let mut rounds = 0;
    while begun.elapsed() < Duration::from_secs(minutes * 60) {
        soak.round(rounds).await;
        rounds += 1;
    }
    soak.has_all_arrived(0).await;
    let (_, sent) = soak.town.net.counted("ana", "eth0");
    soak.report(rounds, begun.elapsed(), &before, sent - sent_before);
}

impl Soak {
    async fn begin() -> Option<Self> {
        let mut net = Net::new()?;
        net.machine("host", 1);
        net.machine("kim", 9);
        net.home("lab", 3, KeepsPorts);
        let how = Conditions { jitter_ms: 5, reorder_percent: 0.1, loss_percent: 0.1, ..Conditions::clean(40, 10) };
        let line = net.home_on_a_line("ana", 2, KeepsPorts, how)?;
        // What is kept for a reprint would not cross again.
        let plan = Plan { relay: "files", keep_days: "0", ..Plan::usual(Spoken::Both) };
        let town = Town::inhabited(net, plan).await;
        let originals: Vec<_> = (1..=PHOTOS as u64).map(|number| heavy(number, number as u32)).collect();
        let names: Vec<String> = (0..PHOTOS).map(name).collect();
        let photos: Vec<_> = names.iter().map(String::as_str).zip(originals.iter().cloned()).collect();
        let gallery = town.world.publish("A long day", &photos);
        let customer = town.world.customer(&gallery).await;
        Some(Self {
            town,
            line,
            gallery,
            customer,
            originals,
            random: setting("ENPRINT_SOAK_SEED", 1) | 1,
            under_way: Vec::new(),
            arrived: 0,
            payload_bytes: 0,
            faults: BTreeMap::new(),
            labs_address: 3,
        })
    }

    async fn round(&mut self, number: u64) {
        let first = self.chance(PHOTOS);
        let photos: Vec<usize> = (0..=self.chance(3)).map(|more| (first + more) % PHOTOS).collect();
        let order = self.order(number, &photos).await;
        if self.chance(3) > 0 {
            self.is_begun(&order).await;
        }
        self.under_way.push((order, photos));
        let fault = FAULTS[self.chance(FAULTS.len())];
        println!("{number}: {fault}, {} under way", self.under_way.len());
        *self.faults.entry(fault).or_default() += 1;
        self.happens(fault).await;
        let left = self.chance(UNDER_WAY_MAX);
        self.has_all_arrived(left).await;
    }

    /// An order of these photos, which the photographer has and is paid for.
    async fn order(&self, number: u64, photos: &[usize]) -> PlacedOrder {
        let mut lines = Vec::new();
        for photo in photos {
            lines.push(self.customer.line(&name(*photo), 1).await);
        }
        let answer = self.customer.place(&format!("soak-{number}"), lines).await;
        let order = placed(crate::world::customer::good(answer).await);
        let photographer = &self.town.world.photographer;
        within(PATIENCE, "the photographer has the order", || photographer.tries(&["paid", &order.number]).ok()).await;
        order
    }

    /// Waits until the first ranges of an order are at the lab.
    async fn is_begun(&self, order: &PlacedOrder) {
        within(PATIENCE, "the order is on its way", || {
            if self.town.world.find_order_folder(order).is_some() {
                return Some(());
            }
            let jobs = self.town.world.lab.tries(&["jobs"]).ok()?;
            let job = jobs["jobs"].as_array()?.iter().find(|job| job["order_id"] == order.order_id)?;
            (job["here_bytes"].as_u64()? > 0).then_some(())
        })
        .await;
    }

    async fn happens(&mut self, fault: &str) {
        let is_noticed = self.chance(2) == 0;
        match fault {
            "lab's line cut" => self.is_cut("lab-r", is_noticed).await,
            "photographer's line cut" => self.is_cut("ana-r", is_noticed).await,
            "host's line cut" => self.is_cut("host", is_noticed).await,
            "photographer killed" => {
                self.town.world.photographer.kill();
                self.town.world.photographer.restart();
            }
            "lab killed" => {
                self.town.world.lab.kill();
                self.town.world.lab.restart();
            }
            "host killed" => {
                self.town.world.host.kill();
                self.town.world.host.restart();
                // The browser's connection has ended with it.
                self.customer = self.town.world.customer(&self.gallery).await;
            }
            "lab's router gets another address" => {
                let (from, to) = if self.labs_address == 3 { (3, 33) } else { (33, 3) };
                self.town.net.renumber("lab-r", from, to);
                self.labs_address = to;
            }
            "30 % of packets lost for 5 s" => {
                self.line.loses_for(30, 5);
                self.line.is_over();
            }
            _ => {}
        }
    }

    /// Cut until nothing comes any more, or until the lab has noticed.
    async fn is_cut(&self, place: &str, is_noticed: bool) {
        self.town.net.cut(place, true);
        let mut last = None;
        within(PATIENCE, "nothing comes any more", || {
            let here = Some(self.town.here_bytes());
            (std::mem::replace(&mut last, here) == here).then_some(())
        })
        .await;
        if is_noticed && place != "host" {
            within(PATIENCE, "the lab has noticed", || self.town.way().is_none().then_some(())).await;
        }
        self.town.net.cut(place, false);
    }

    /// Waits until no more than `left` orders are under way; what has arrived is right.
    async fn has_all_arrived(&mut self, left: usize) {
        while self.under_way.len() > left {
            let (order, photos) = self.under_way.remove(0);
            let world = &self.town.world;
            let folder = within(PATIENCE, "the order arrives", || world.find_order_folder(&order)).await;
            let mut found = print_files(&folder);
            let mut wanted: Vec<_> = photos.iter().map(|photo| self.originals[*photo].clone()).collect();
            found.sort();
            wanted.sort();
            assert!(found == wanted, "the print files are not the originals");
            self.payload_bytes += wanted.iter().map(|file| file.len() as u64).sum::<u64>();
            self.arrived += 1;
            within(PATIENCE, "the customer's page can be asked for", || self.town.world.host.tries(&["status"]).ok())
                .await;
        }
    }

    fn memory(&self) -> [u64; 3] {
        let world = &self.town.world;
        [&world.host, &world.photographer, &world.lab].map(|process| process.memory_kb() / 1024)
    }

    fn report(&self, rounds: u64, took: Duration, before: &[u64; 3], sent_bytes: u64) {
        let jobs = self.town.world.lab.says(&["jobs"]);
        let jobs = jobs["jobs"].as_array().unwrap();
        let sum = |count: &str| jobs.iter().filter_map(|job| job[count].as_u64()).sum::<u64>();
        // Fewer verified bytes than a job's files have are of files that were here already.
        let bytes = |job: &Value, count: &str| job[count].as_u64().unwrap_or_default();
        let again = jobs.iter().filter(|job| bytes(job, "verified_bytes") > bytes(job, "file_bytes")).count();
        let (carried, lost) = (sum("verified_bytes"), sum("discarded_bytes"));
        let after = self.memory();
        println!("| faults | times |\n|---|---|");
        self.faults.iter().for_each(|(fault, times)| println!("| {fault} | {times} |"));
        let report: Value = json!({
            "minutes": took.as_secs_f64() / 60.0,
            "rounds": rounds,
            "orders_arrived": self.arrived,
            "jobs": jobs.len(),
            "jobs_with_a_range_that_was_recorded_twice": again,
            "payload_mib": self.payload_bytes / mib(1),
            "verified_mib": carried / mib(1),
            "discarded_bytes": lost,
            "sent_at_the_interface_mib": sent_bytes / mib(1),
            "memory_mib_before": before,
            "memory_mib_after": after,
        });
        println!("{report}");
        assert_eq!(jobs.len() as u64, self.arrived, "an order was offered twice");
        let folders = std::fs::read_dir(self.town.world.hot_folder()).unwrap().count();
        assert_eq!(folders as u64, self.arrived, "an order is in the hot folder twice");
    }

    /// In 0..below: xorshift.
    fn chance(&mut self, below: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) as usize % below
    }
}

fn name(photo: usize) -> String {
    format!("photo{photo}.jpg")
}

fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |value| value.parse().expect("a number"))
}
