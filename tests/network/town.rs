//! A host on the internet, a photographer and a lab at home behind routers, and a
//! customer who looks from elsewhere.

use tempfile::TempDir;

use crate::net::{Net, Router};
use crate::world::{Process, World};

/// All of them, and what lies between.
pub struct Town {
    // Processes end before their network does.
    pub world: World,
    pub net: Net,
}

/// How a line is spoken on.
#[derive(Clone, Copy)]
pub enum Line {
    Tcp,
    Quic,
    /// As the roles do unless told otherwise.
    Both,
}

/// What a town is like.
pub struct Plan {
    pub line: Line,
    pub photographers_router: Router,
    pub labs_router: Router,
    pub relay: &'static str,
}

impl Line {
    fn at(self, ip: &str, port: u16) -> String {
        match self {
            Self::Tcp => format!("/ip4/{ip}/tcp/{port}"),
            Self::Quic => format!("/ip4/{ip}/udp/{port}/quic-v1"),
            Self::Both => format!("{},{}", Self::Tcp.at(ip, port), Self::Quic.at(ip, port)),
        }
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
        net.enter("kim");
        let dir = TempDir::new().unwrap();
        let listen = plan.line.at("198.51.100.1", 4040);
        let flags = ["--name", "The host", "--web", "198.51.100.1:8080", "--relay", plan.relay, "--listen", &listen];
        let host = Process::inside(&net.space("host"), "host", dir.path(), &flags);
        let listen = plan.line.at("0.0.0.0", 4041);
        let flags = ["--reserve-mb", "0", "--listen", &listen];
        let photographer = Process::inside(&net.space("ana"), "photographer", dir.path(), &flags);
        let (hot, listen) = (dir.path().join("hot"), plan.line.at("0.0.0.0", 4042));
        let hot = hot.to_str().unwrap();
        let flags = ["--name", "The lab", "--hot-folder", hot, "--listen", &listen];
        let lab = Process::inside(&net.space("lab"), "lab", dir.path(), &flags);
        Some(Self { world: World::of(dir, host, photographer, lab).await, net })
    }
}
