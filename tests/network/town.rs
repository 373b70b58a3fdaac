//! A host on the internet, a photographer and a lab at home behind routers, and a
//! customer who looks from elsewhere.

use tempfile::TempDir;

use crate::net::{Net, Router};
use crate::world::{PlacedOrder, Process, World, eventually, photos};

const MIB: u64 = 1024 * 1024;
const LOG_LINES_SHOWN: usize = 40;

/// All of them, and what lies between.
pub struct Town {
    // Processes end before their network does.
    pub world: World,
    pub net: Net,
}

/// How a line is spoken on.
#[derive(Clone, Copy)]
pub enum Spoken {
    Tcp,
    Quic,
    /// As the roles do unless told otherwise.
    Both,
}

/// What a town is like.
#[derive(Clone, Copy)]
pub struct Plan {
    pub spoken: Spoken,
    pub photographers_router: Router,
    pub labs_router: Router,
    pub relay: &'static str,
    /// How long the lab keeps print files for reprints.
    pub keep_days: &'static str,
}

/// How the three are started: each in the namespace of its name.
pub struct Start<'a> {
    pub host: Vec<&'a str>,
    pub photographer: Vec<&'a str>,
    pub lab: Vec<&'a str>,
    /// Where the host is reached, without its peer id; its first address if not said.
    pub host_at: Option<&'a str>,
    pub mdns: bool,
}

impl Spoken {
    /// To listen at.
    pub fn at(self, ip: &str, port: u16) -> String {
        match self {
            Self::Tcp => format!("{ip}/tcp/{port}"),
            Self::Quic => format!("{ip}/udp/{port}/quic-v1"),
            Self::Both => format!("{},{}", Self::Tcp.at(ip, port), Self::Quic.at(ip, port)),
        }
    }
}

impl Plan {
    /// Two usual homes, and a host that passes no print files on.
    pub fn usual(spoken: Spoken) -> Self {
        Self {
            spoken,
            photographers_router: Router::KeepsPorts,
            labs_router: Router::KeepsPorts,
            relay: "meetings",
            keep_days: "14",
        }
    }

    /// Two homes of which one lets no hole be punched, and a host that passes `relay` on.
    pub fn with_random_ports(spoken: Spoken, relay: &'static str) -> Self {
        Self { photographers_router: Router::RandomPorts, relay, ..Self::usual(spoken) }
    }
}

impl Town {
    /// Builds it; `None` where namespaces are not to be had.
    pub async fn build(plan: Plan) -> Option<Self> {
        let mut net = Net::new()?;
        net.machine("host", 1);
        net.machine("kim", 9);
        net.home("ana", 2, plan.photographers_router);
        net.home("lab", 3, plan.labs_router);
        Some(Self::inhabited(net, plan).await)
    }

    /// Starts the three of `plan` in a network that has their homes.
    pub async fn inhabited(net: Net, plan: Plan) -> Self {
        let (host, ana) = (plan.spoken.at("/ip4/198.51.100.1", 4040), plan.spoken.at("/ip4/0.0.0.0", 4041));
        let lab = plan.spoken.at("/ip4/0.0.0.0", 4042);
        let start = Start {
            host: vec!["--web", "198.51.100.1:8080", "--relay", plan.relay, "--listen", &host],
            photographer: vec!["--listen", &ana],
            lab: vec!["--listen", &lab, "--keep-days", plan.keep_days],
            host_at: None,
            mdns: false,
        };
        Self::started(net, start).await
    }

    /// Starts the three, and introduces them to each other.
    pub async fn started(net: Net, start: Start<'_>) -> Self {
        net.enter("kim");
        let dir = TempDir::new().unwrap();
        let hot = dir.path().join("hot");
        let run = |place: &str, role, own: &[&str], given: &[&str]| {
            let flags = [own, given].concat();
            Process::inside(&net.space(place), role, dir.path(), &flags, start.mdns)
        };
        let host = run("host", "host", &["--name", "The host"], &start.host);
        let photographer = run("ana", "photographer", &["--reserve-mb", "0"], &start.photographer);
        let lab_flags = ["--name", "The lab", "--hot-folder", hot.to_str().unwrap()];
        let lab = run("lab", "lab", &lab_flags, &start.lab);
        let host_at = start.host_at.map(|at| format!("{at}/p2p/{}", host.peer_id()));
        let host_at = host_at.unwrap_or_else(|| host.address());
        Self { world: World::of(dir, host, photographer, lab, &host_at).await, net }
    }

    /// An order of one photo of so many bytes, which is paid.
    pub async fn ordered(&self, original: &[u8]) -> PlacedOrder {
        let gallery = self.world.publish("Far away", &[("a.jpg", original.to_vec())]);
        let order = self.world.customer(&gallery).await.order(&["a.jpg"], 1).await;
        self.world.is_paid(&order.number).await;
        order
    }

    /// As [`Self::ordered`], once so many bytes of it are at the lab.
    pub async fn on_its_way(&self, original: &[u8], here_bytes: u64) -> PlacedOrder {
        let order = self.ordered(original).await;
        self.has_come(here_bytes).await;
        order
    }

    /// Waits until the lab has recorded so many bytes of its jobs.
    pub async fn has_come(&self, bytes: u64) {
        eventually("more of the job is here", || self.here_bytes() >= bytes).await;
    }

    /// Bytes of all jobs that the lab has recorded as verified.
    pub fn here_bytes(&self) -> u64 {
        self.of_jobs("here_bytes")
    }

    /// Waits for the order, and that it is the original, of which no recorded range came
    /// again and nothing came that was thrown away.
    pub async fn arrives(&self, order: &PlacedOrder, original: &[u8]) {
        let found = crate::world::print_files(&self.world.order_folder(order).await);
        assert!(found == [original], "the print file is not the original");
        assert_eq!(self.of_jobs("verified_bytes"), original.len() as u64, "a recorded range crossed again");
        assert_eq!(self.of_jobs("discarded_bytes"), 0, "what came was not what was asked for");
    }

    /// Bytes that the photographer's node has given to its connections.
    pub fn sent_bytes(&self) -> u64 {
        self.world.photographer.says(&["status"])["wire_sent_bytes"].as_u64().unwrap()
    }

    /// The way in words by which the lab is connected to the photographer, if it is.
    pub fn way(&self) -> Option<String> {
        let said = self.world.lab.says(&["photographers"]);
        said["photographers"][0]["way"].as_str().map(str::to_owned)
    }

    /// The sum of a count over all jobs of the lab.
    pub fn of_jobs(&self, count: &str) -> u64 {
        let said = self.world.lab.tries(&["jobs"]).unwrap_or_default();
        let jobs = said["jobs"].as_array().cloned().unwrap_or_default();
        jobs.iter().filter_map(|job| job[count].as_u64()).sum()
    }
}

impl Drop for Town {
    /// What the three have to say of a test that fails.
    fn drop(&mut self) {
        if std::thread::panicking() {
            for process in [&self.world.host, &self.world.photographer, &self.world.lab] {
                let log = std::fs::read_to_string(process.log()).unwrap_or_default();
                let lines: Vec<&str> = log.lines().collect();
                let last = &lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..];
                println!("--- {}\n{}", process.log().display(), last.join("\n"));
            }
        }
    }
}

/// A photo of so many MiB and a little.
pub fn heavy(mib: u64, seed: u32) -> Vec<u8> {
    photos::heavy_jpeg((mib * MIB + 77) as usize, seed)
}

/// So many MiB.
pub fn mib(count: u64) -> u64 {
    count * MIB
}
