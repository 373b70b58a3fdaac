//! Namespaces, wires and routers. Everything is named after this process, touches
//! nothing outside, and is taken away in the end.

use std::fs::File;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

static MADE: AtomicU32 = AtomicU32::new(0);

/// How a router chooses the port that a connection has outside.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Router {
    /// The one it has inside, if that is free: most homes.
    KeepsPorts,
    /// Another for each connection: hotels, mobile networks.
    RandomPorts,
}

/// A small internet, `198.51.100.0/24`, with homes behind routers.
pub struct Net {
    name: String,
    spaces: Vec<String>,
}

impl Net {
    /// An internet with nobody in it; `None`, and a line that says why, without root or
    /// without the programs.
    pub fn new() -> Option<Self> {
        let has = |program: &str| Command::new(program).arg("-V").output().is_ok();
        if !rustix::process::geteuid().is_root() || !has("ip") || !has("nft") {
            println!("left out: namespaces need root, ip (iproute2) and nft (nftables)");
            return None;
        }
        if !may_add() {
            println!("left out: this machine allows no network namespaces");
            return None;
        }
        let name = format!("ep{}x{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let mut net = Self { name, spaces: Vec::new() };
        net.add("wan");
        net.inside("wan", "ip link add br0 type bridge");
        net.inside("wan", "ip link set br0 up");
        Some(net)
    }

    /// The real name of a namespace.
    pub fn space(&self, place: &str) -> String {
        format!("{}-{place}", self.name)
    }

    /// A machine on the internet at `198.51.100.<last>`.
    pub fn machine(&mut self, place: &str, last: u8) {
        self.add(place);
        self.wire((place, "eth0"), ("wan", place));
        self.inside("wan", &format!("ip link set {place} master br0"));
        self.inside(place, &format!("ip addr add 198.51.100.{last}/24 dev eth0"));
    }

    /// A machine at home at `192.168.<last>.2`, behind a router at `198.51.100.<last>`.
    pub fn home(&mut self, place: &str, last: u8, router: Router) {
        let door = format!("{place}-r");
        self.machine(&door, last);
        self.add(place);
        self.wire((place, "eth0"), (&door, "lan"));
        self.inside(place, &format!("ip addr add 192.168.{last}.2/24 dev eth0"));
        self.inside(&door, &format!("ip addr add 192.168.{last}.1/24 dev lan"));
        self.inside(place, &format!("ip route add default via 192.168.{last}.1"));
        self.inside(&door, "sysctl -q -w net.ipv4.ip_forward=1");
        let how = if router == Router::RandomPorts { "masquerade fully-random" } else { "masquerade" };
        for line in [
            "add table ip home",
            "add chain ip home out { type nat hook postrouting priority 100 ; }",
            &format!("add rule ip home out oifname eth0 {how}"),
            "add chain ip home through { type filter hook forward priority 0 ; policy drop ; }",
            "add rule ip home through ct state established,related accept",
            "add rule ip home through iifname lan oifname eth0 accept",
            "add chain ip home in { type filter hook input priority 0 ; policy drop ; }",
            "add rule ip home in ct state established,related accept",
        ] {
            self.run_in(&door, "nft", &[line]);
        }
    }

    /// Cuts, or mends, the wire between `place` (or its router) and the internet.
    pub fn cut(&self, place: &str, is_cut: bool) {
        let state = if is_cut { "down" } else { "up" };
        self.inside("wan", &format!("ip link set {place} {state}"));
    }

    /// The router of `place` gets another address on the internet: all its mappings are
    /// gone, and nobody is told.
    pub fn renumber(&self, place: &str, from: u8, to: u8) {
        let door = format!("{place}-r");
        self.inside(&door, &format!("ip addr del 198.51.100.{from}/24 dev eth0"));
        self.inside(&door, &format!("ip addr add 198.51.100.{to}/24 dev eth0"));
    }

    /// Slows what `place` sends down to so many megabits a second.
    pub fn slow(&self, place: &str, mbit: u32) {
        self.inside(place, &format!("tc qdisc add dev eth0 root tbf rate {mbit}mbit burst 64kb latency 50ms"));
    }

    /// From now on this thread, and what it starts, is in `place`.
    pub fn enter(&self, place: &str) {
        let space = File::open(format!("/run/netns/{}", self.space(place))).unwrap();
        move_into_link_name_space(std::os::fd::AsFd::as_fd(&space), Some(LinkNameSpaceType::Network)).unwrap();
    }

    fn add(&mut self, place: &str) {
        let space = self.space(place);
        run(Command::new("ip").args(["netns", "add", &space]));
        self.spaces.push(space);
        self.inside(place, "ip link set lo up");
    }

    fn wire(&self, (one, at_one): (&str, &str), (other, at_other): (&str, &str)) {
        let peer = format!("ip link add {at_one} type veth peer name {at_other} netns {}", self.space(other));
        self.inside(one, &peer);
        self.inside(one, &format!("ip link set {at_one} up"));
        self.inside(other, &format!("ip link set {at_other} up"));
    }

    fn inside(&self, place: &str, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        self.run_in(place, words[0], &words[1..]);
    }

    fn run_in(&self, place: &str, program: &str, args: &[&str]) {
        run(Command::new("ip").args(["netns", "exec", &self.space(place), program]).args(args));
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        for space in &self.spaces {
            drop(Command::new("ip").args(["netns", "del", space]).output());
        }
    }
}

/// Whether a namespace can be made here.
fn may_add() -> bool {
    let name = format!("ep{}try{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
    let made = Command::new("ip").args(["netns", "add", &name]).output().is_ok_and(|made| made.status.success());
    drop(Command::new("ip").args(["netns", "del", &name]).output());
    made
}

fn run(command: &mut Command) {
    let Output { status, stderr, .. } = command.output().unwrap();
    assert!(status.success(), "{command:?}: {}", String::from_utf8_lossy(&stderr));
}
