//! A small world for tests: a host, a photographer's node and a lab, each a real
//! process with its own folder and key, and customers who speak HTTP. Tests read as
//! people acting; nothing here asserts what people expect.

#![allow(dead_code, reason = "each test file uses part of this")]

pub mod browser;
pub mod cli;
pub mod clock;
pub mod customer;
pub mod damage;
pub mod figures;
pub mod impostor;
pub mod photos;
pub mod ports;
pub mod process;
pub mod waiting;

use std::path::{Path, PathBuf};

use enprint_protocol::enrol::{Enrol, EnrolReply, EnrolRequest, Role};
use serde_json::Value;
use tempfile::TempDir;

pub use clock::Clock;
pub use customer::{Customer, PlacedOrder};
pub use process::Process;
pub use waiting::{eventually, eventually_some};

/// One host, one photographer, one lab, all enrolled and approved.
pub struct World {
    dir: TempDir,
    pub host: Process,
    pub photographer: Process,
    pub lab: Process,
}

/// A gallery as its photographer knows it.
pub struct Gallery {
    pub event: String,
    pub access_code: String,
}

impl World {
    /// Starts all three and introduces them to each other.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// As [`World::start`], with further flags for the photographer's node.
    pub async fn start_with(photographer_flags: &[&str]) -> Self {
        Self::start_all(&[], photographer_flags).await
    }

    /// As [`World::start`], with the host's database on a server.
    pub async fn start_on(database: &str) -> Self {
        Self::start_all(&["--database", database], &[]).await
    }

    /// As [`World::start`]; each role gives figures to a monitoring program.
    pub async fn start_watched() -> Self {
        let metrics = ["--metrics", "127.0.0.1:0"];
        let dir = TempDir::new().unwrap();
        let host = Process::host(dir.path(), &metrics).await;
        let photographer = Process::photographer(dir.path(), &metrics).await;
        let lab = Process::lab_with(dir.path(), &metrics).await;
        let address = host.address();
        Self::of(dir, host, photographer, lab, &address).await
    }

    /// As [`World::start`], with these clocks of photographer and lab.
    pub async fn start_with_clocks(photographer_clock: Clock, lab_clock: Clock) -> Self {
        let dir = TempDir::new().unwrap();
        let host = Process::host(dir.path(), &[]).await;
        let mut photographer = Process::photographer(dir.path(), &[]).await;
        let mut lab = Process::lab(dir.path()).await;
        for (process, clock) in [(&mut photographer, photographer_clock), (&mut lab, lab_clock)] {
            process.kill();
            process.set_clock(clock);
            process.restart();
        }
        let address = host.address();
        Self::of(dir, host, photographer, lab, &address).await
    }

    async fn start_all(host_flags: &[&str], photographer_flags: &[&str]) -> Self {
        let dir = TempDir::new().unwrap();
        let host = Process::host(dir.path(), host_flags).await;
        let photographer = Process::photographer(dir.path(), photographer_flags).await;
        let lab = Process::lab(dir.path()).await;
        let address = host.address();
        Self::of(dir, host, photographer, lab, &address).await
    }

    /// Processes that run already, introduced to each other; the host is at that address.
    pub async fn of(dir: TempDir, host: Process, photographer: Process, lab: Process, address: &str) -> Self {
        let world = Self { dir, host, photographer, lab };
        world.introduce(address).await;
        world
    }

    async fn introduce(&self, address: &str) {
        let code = self.invite("photographer");
        self.photographer.says(&["enrol", address, "--code", &code, "--name", "Ana"]);
        let code = self.invite("lab");
        self.lab.says(&["enrol", address, "--code", &code]);
        self.lab_approves_everyone().await;
        eventually("the photographer knows the lab", || {
            !self.photographer.says(&["labs"])["labs"].as_array().unwrap().is_empty()
        })
        .await;
        self.photographer.says(&["use-lab", "The lab"]);
    }

    /// A new invitation from the host's operator.
    pub fn invite(&self, role: &str) -> String {
        self.host.says(&["invite", "--role", role])["invitation"].as_str().unwrap().to_owned()
    }

    /// A second lab at the same host, approved as the first, which stays the chosen one.
    pub async fn second_lab(&self) -> Process {
        let lab = self.second_lab_that_waits().await;
        lab.says(&["approve", &self.photographer.peer_id()]);
        lab
    }

    /// A second lab at the same host, which has approved nobody.
    pub async fn second_lab_that_waits(&self) -> Process {
        let lab = Process::lab_named(&self.path().join("second"), "Second lab", &[]).await;
        lab.says(&["enrol", &self.host.address(), "--code", &self.invite("lab")]);
        lab
    }

    async fn lab_approves_everyone(&self) {
        let photographer = self.photographer.peer_id();
        self.lab.says(&["approve", &photographer]);
    }

    /// Where tests put files.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The photographer imports `photos` (path below the folder, bytes) and publishes
    /// them; without any, those that the event has.
    pub fn publish(&self, event: &str, photos: &[(&str, Vec<u8>)]) -> Gallery {
        let folder = self.dir.path().join("card");
        for (name, bytes) in photos {
            photos::put(&folder, name, bytes);
        }
        let folder = folder.to_str().unwrap();
        if !photos.is_empty() {
            let imported = self.photographer.says(&["import", folder, "--event", event]);
            assert_eq!(imported["imported"], photos.len(), "{imported}");
        }
        let published = self.photographer.says(&["publish", "--event", event]);
        assert!(photos.is_empty() || published["chosen"] == photos.len(), "{published}");
        Gallery { event: event.to_owned(), access_code: published["access_code"].as_str().unwrap().to_owned() }
    }

    /// A customer who opens the gallery with its code.
    pub async fn customer(&self, gallery: &Gallery) -> Customer {
        Customer::open(&self.host.site(), &gallery.access_code).await
    }

    /// Waits until the lab has the order in its hot folder, and has noted it: the folder
    /// stands a moment before, and what becomes of its prints can't be said yet.
    pub async fn order_folder(&self, order: &PlacedOrder) -> PathBuf {
        let folder = eventually_some("the order folder is in the hot folder", || self.find_order_folder(order)).await;
        eventually("the lab has noted that it is there", || {
            let jobs = self.lab.tries(&["jobs"]).unwrap_or_default()["jobs"].clone();
            let mut jobs = jobs.as_array().into_iter().flatten();
            jobs.any(|job| job["order_id"] == order.order_id && job["folder"].is_string())
        })
        .await;
        folder
    }

    /// The order's folder in the hot folder, if it is there.
    pub fn find_order_folder(&self, order: &PlacedOrder) -> Option<PathBuf> {
        let folders = std::fs::read_dir(self.hot_folder()).ok()?;
        folders.filter_map(|folder| Some(folder.ok()?.path())).find(|folder| {
            let hidden = folder.file_name().unwrap().to_string_lossy().starts_with('.');
            !hidden && ticket(folder).is_some_and(|ticket| ticket["order"]["order_id"] == order.order_id)
        })
    }

    /// Where finished orders appear.
    pub fn hot_folder(&self) -> PathBuf {
        self.dir.path().join("hot")
    }
}

/// The ticket of an order folder.
pub fn ticket(folder: &Path) -> Option<Value> {
    serde_json::from_slice(&std::fs::read(folder.join("ticket.json")).ok()?).ok()
}

/// The bytes of all print files in an order folder.
pub fn print_files(folder: &Path) -> Vec<Vec<u8>> {
    let is_ticket = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with("ticket.");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| !is_ticket(path)).map(|path| std::fs::read(path).unwrap()).collect()
}

impl World {
    /// The order reaches the photographer, who is paid for it.
    pub async fn is_paid(&self, number: &str) {
        eventually("the photographer has the order", || {
            let orders = self.photographer.says(&["orders"]);
            orders["orders"].as_array().unwrap().iter().any(|known| known["number"] == number)
        })
        .await;
        self.photographer.says(&["paid", number]);
    }

    /// Waits for the one order that the photographer gets; its number.
    pub async fn photographer_hears_of_an_order(&self) -> String {
        eventually_some("the photographer has the order", || {
            let orders = self.photographer.says(&["orders"]);
            orders["orders"][0]["number"].as_str().map(str::to_owned)
        })
        .await
    }

    /// Uses an invitation for a lab; whether it was taken.
    pub async fn uses_invitation(&self, lab: &impostor::Impostor, code: &str) -> bool {
        let host = lab.dials(&self.host.address()).await;
        let request = EnrolRequest::Enrol {
            invitation: code.parse().unwrap(),
            role: Role::Lab,
            name: "Another lab".into(),
            addresses: Vec::new(),
        };
        let reply = lab.peer.client.ask::<Enrol>(host, request).await.unwrap();
        matches!(reply, EnrolReply::Enrolled(_))
    }

    /// Enrols a peer in the test's hand as a lab.
    pub async fn enrols_as_lab(&self, lab: &impostor::Impostor) {
        let code = self.invite("lab");
        assert!(self.uses_invitation(lab, &code).await);
    }
}
