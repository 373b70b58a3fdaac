//! Routers that open ports when they are asked, by Debian's miniupnpd, and one that answers
//! nonsense.

use std::fmt::Write as _;
use std::net::UdpSocket;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::net::{self, Net, Router};
use crate::town::{Plan, Spoken, Town, heavy};
use crate::world::eventually;

/// How a router wants to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Speaks {
    /// PCP and NAT-PMP.
    Pcp,
    Upnp,
}

/// A router's program that opens ports. Ends with the test.
struct Opens {
    program: Child,
    _settings: TempDir,
}

impl Opens {
    /// In the router of `place`, at `198.51.100.<last>`. The address that it tells is
    /// another one's: miniupnpd does not serve behind one that is for documentation. Nobody
    /// should believe it.
    fn at(net: &Net, place: &str, last: u8, speaks: Speaks) -> Option<Self> {
        if Command::new("miniupnpd").arg("--version").output().is_err() {
            return net::left_out("a router that opens ports is miniupnpd, which is not installed");
        }
        let settings = TempDir::new().unwrap();
        let mut lines = String::new();
        for line in [
            "ext_ifname=eth0",
            "ext_ip=11.22.33.44",
            "listening_ip=lan",
            &format!("enable_natpmp={}", if speaks == Speaks::Pcp { "yes" } else { "no" }),
            &format!("enable_upnp={}", if speaks == Speaks::Upnp { "yes" } else { "no" }),
            "secure_mode=yes",
            "upnp_table_name=opened",
            "upnp_nat_table_name=opened",
            "upnp_forward_chain=through",
            "upnp_nat_chain=to",
            "upnp_nat_postrouting_chain=from",
            &format!("allow 1024-65535 192.168.{last}.0/24 1024-65535"),
            "deny 0-65535 0.0.0.0/0 0-65535",
        ] {
            writeln!(lines, "{line}").unwrap();
        }
        let file = settings.path().join("miniupnpd.conf");
        std::fs::write(&file, lines).unwrap();
        net.may_open_ports(place);
        let pid = settings.path().join("pid");
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &net.space(&format!("{place}-r")), "miniupnpd", "-d", "-f"]).arg(&file);
        let program = command.arg("-P").arg(&pid).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        Some(Self { program, _settings: settings })
    }
}

impl Drop for Opens {
    fn drop(&mut self) {
        drop(self.program.kill());
        drop(self.program.wait());
    }
}

/// A host that passes no print files on, and two homes; the lab's router lets no hole be
/// punched. Nothing but a port of the photographer's leads them from one to the other.
fn homes() -> Option<Net> {
    let mut net = Net::new()?;
    net.machine("host", 1);
    net.machine("kim", 9);
    net.home("ana", 2, Router::KeepsPorts);
    net.home("lab", 3, Router::RandomPorts);
    Some(net)
}

fn plan() -> Plan {
    Plan { labs_router: Router::RandomPorts, ..Plan::usual(Spoken::Both) }
}

#[tokio::test]
async fn a_router_opens_a_port_and_a_lab_that_could_punch_no_hole_comes_by_it() {
    a_lab_comes_by_the_port_of_a_router_that_speaks(Speaks::Pcp).await;
}

#[tokio::test]
async fn a_router_that_knows_upnp_alone_opens_a_port_as_well() {
    a_lab_comes_by_the_port_of_a_router_that_speaks(Speaks::Upnp).await;
}

async fn a_lab_comes_by_the_port_of_a_router_that_speaks(speaks: Speaks) {
    let Some(net) = homes() else { return };
    let Some(_router) = Opens::at(&net, "ana", 2, speaks) else { return };
    let town = Town::inhabited(net, plan()).await;
    let world = &town.world;
    eventually("the router has opened the port, and the host has reached it", || {
        let said = world.photographer.tries(&["status"]).unwrap_or_default();
        said["router"]["opened"][0] == 4041 && said["reachability"] == "from_the_internet"
    })
    .await;
    let original = heavy(3, 1);
    let order = town.ordered(&original).await;
    town.arrives(&order, &original).await;
    assert_eq!(town.way().as_deref(), Some("directly"));
    let opened = || town.net.rules("ana-r", "opened").contains("4041");
    assert!(opened(), "the router's own list");
    world.photographer.asked_to_stop();
    eventually("the router has closed it again", || !opened()).await;
}

#[tokio::test]
async fn a_router_that_answers_nonsense_is_asked_in_vain_and_an_order_arrives_all_the_same() {
    let Some(mut net) = Net::new() else { return };
    net.machine("host", 1);
    net.machine("kim", 9);
    net.home("ana", 2, Router::KeepsPorts);
    net.home("lab", 3, Router::KeepsPorts);
    net.may_open_ports("ana");
    let (space, stop) = (net.space("ana-r"), tokio_util::sync::CancellationToken::new());
    let over = stop.clone();
    let nonsense = std::thread::spawn(move || {
        net::enter(&space);
        let socket = UdpSocket::bind("192.168.2.1:5351").unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        let mut asked = 0_usize;
        while !over.is_cancelled() {
            let mut request = [0; 1100];
            let Ok((_, from)) = socket.recv_from(&mut request) else { continue };
            asked += 1;
            let mut answer: Vec<u8> = (0..[60, 0, 16, 1_100, 3][asked % 5]).map(|at| (at * 31 % 256) as u8).collect();
            // Half of them look like an answer at first.
            if asked.is_multiple_of(2) && answer.len() >= 60 {
                answer[..8].copy_from_slice(&[2, 0x81, 0, 0, 0xff, 0xff, 0xff, 0xff]);
            }
            drop(socket.send_to(&answer, from));
        }
        asked
    });
    let town = Town::inhabited(net, Plan::usual(Spoken::Both)).await;
    eventually("the router was of no help", || {
        town.world.photographer.tries(&["status"]).unwrap_or_default()["router"] == "opens_nothing"
    })
    .await;
    let original = heavy(1, 2);
    let order = town.ordered(&original).await;
    town.arrives(&order, &original).await;
    stop.cancel();
    assert!(nonsense.join().unwrap() > 0, "it was asked");
}
