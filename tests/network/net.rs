//! Namespaces, wires and routers. Everything is named after this process, touches
//! nothing outside, and is taken away in the end.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::line::{Conditions, Line};

static MADE: AtomicU32 = AtomicU32::new(0);

/// Where `ip netns exec` takes a namespace's own `/etc/resolv.conf` from.
const SETTINGS: &str = "/etc/netns";

/// How a router chooses the port that a connection has outside.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Router {
    /// The one it has inside, if that is free: most homes.
    KeepsPorts,
    /// Another for each connection: hotels, mobile networks.
    RandomPorts,
    /// The same, and it says at once that it lets nobody in, where the others are silent.
    RandomPortsAloud,
}

/// A small internet, `198.51.100.0/24` and `2001:db8::/64`, with homes behind routers.
pub struct Net {
    name: String,
    spaces: Vec<String>,
    settings: Vec<PathBuf>,
}

impl Net {
    /// An internet with nobody in it; `None`, and a line that says why, without root or
    /// without the programs.
    pub fn new() -> Option<Self> {
        let has = |program: &str| Command::new(program).arg("-V").output().is_ok();
        if !rustix::process::geteuid().is_root() || !has("ip") || !has("nft") || !has("tc") {
            return left_out("namespaces need root, ip and tc (iproute2) and nft (nftables)");
        }
        if !may_add() {
            return left_out("this machine allows no network namespaces");
        }
        let name = format!("ep{}x{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let mut net = Self { name, spaces: Vec::new(), settings: Vec::new() };
        net.add("wan");
        net.inside("wan", "ip link add br0 type bridge");
        net.inside("wan", "ip link set br0 up");
        net.inside("wan", "ip addr add 2001:db8::ff/64 dev br0 nodad");
        net.inside("wan", "sysctl -q -w net.ipv6.conf.all.forwarding=1");
        Some(net)
    }

    /// The real name of a namespace.
    pub fn space(&self, place: &str) -> String {
        format!("{}-{place}", self.name)
    }

    /// A machine on the internet at `198.51.100.<last>`.
    pub fn machine(&mut self, place: &str, last: u8) {
        self.plug_in(place);
        self.inside(place, &format!("ip addr add 198.51.100.{last}/24 dev eth0"));
    }

    /// A hall's own network, with no way out: a switch, and machines at `10.77.0.<last>`.
    pub fn hall(&mut self, machines: &[(&str, u8)]) {
        self.add("hall");
        self.inside("hall", "ip link add br0 type bridge");
        self.inside("hall", "ip link set br0 up");
        for (place, last) in machines {
            self.add(place);
            self.wire((place, "eth0"), ("hall", place));
            self.inside("hall", &format!("ip link set {place} master br0"));
            self.inside(place, &format!("ip addr add 10.77.0.{last}/24 dev eth0"));
        }
    }

    /// A machine on the internet at `2001:db8::<last>`, without IPv4.
    pub fn machine6(&mut self, place: &str, last: u8) {
        self.plug_in(place);
        self.inside(place, &format!("ip addr add 2001:db8::{last}/64 dev eth0 nodad"));
        self.inside(place, "ip route add default via 2001:db8::ff");
    }

    /// A machine at home at `192.168.<last>.2`, behind a router at `198.51.100.<last>`.
    pub fn home(&mut self, place: &str, last: u8, router: Router) {
        self.add(place);
        let door = self.door(place, "-r", last, router);
        self.wire((place, "eth0"), (&door, "lan"));
        self.lan(&door, last);
        self.moves_in(place, "eth0", last);
    }

    /// The same, with such a line from the machine to its router.
    pub fn home_on_a_line(&mut self, place: &str, last: u8, router: Router, how: Conditions) -> Option<Line> {
        self.add(place);
        let door = self.door(place, "-r", last, router);
        let Some(line) = Line::within(&self.space(place), ("eth0", "lan"), how) else {
            return left_out("a long line needs /dev/net/tun");
        };
        self.inside(place, &format!("ip link set lan netns {}", self.space(&door)));
        self.inside(place, "ip link set eth0 up");
        self.inside(&door, "ip link set lan up");
        self.lan(&door, last);
        self.moves_in(place, "eth0", last);
        Some(line)
    }

    /// A second router within reach of `place`, at `198.51.100.<last>`, not used yet.
    pub fn second_way(&mut self, place: &str, last: u8, router: Router) {
        let door = self.door(place, "-p", last, router);
        self.wire((place, "eth1"), (&door, "lan"));
        self.lan(&door, last);
    }

    /// `place` leaves the network of its router for the one of its second way, as a
    /// laptop that is carried out of the house does.
    pub fn changes_over(&self, place: &str, from: u8, to: u8) {
        self.inside(place, &format!("ip addr del 192.168.{from}.2/24 dev eth0"));
        self.inside(place, "ip link set eth0 down");
        self.moves_in(place, "eth1", to);
    }

    /// `place` goes out by its second way, too, and stays in its own network.
    pub fn goes_out(&self, place: &str, last: u8) {
        self.moves_in(place, "eth1", last);
    }

    /// A machine at home at `2001:db8:<last>::2` behind a firewall that lets nobody in.
    pub fn home6(&mut self, place: &str, last: u8) {
        let door = format!("{place}-r");
        self.machine6(&door, last);
        self.add(place);
        self.wire((place, "eth0"), (&door, "lan"));
        self.inside(&door, "sysctl -q -w net.ipv6.conf.all.forwarding=1");
        self.inside(&door, &format!("ip addr add 2001:db8:{last}::1/64 dev lan nodad"));
        self.inside("wan", &format!("ip route add 2001:db8:{last}::/64 via 2001:db8::{last}"));
        self.inside(place, &format!("ip addr add 2001:db8:{last}::2/64 dev eth0 nodad"));
        self.inside(place, &format!("ip route add default via 2001:db8:{last}::1"));
        for line in [
            "add table ip6 home",
            "add chain ip6 home through { type filter hook forward priority 0 ; policy drop ; }",
            "add rule ip6 home through ct state established,related accept",
            "add rule ip6 home through iifname lan oifname eth0 accept",
        ] {
            self.run_in(&door, "nft", &[line]);
        }
    }

    /// What comes to `port` of the router of `place` goes to `place`.
    pub fn forward(&self, place: &str, last: u8, port: u16) {
        let door = format!("{place}-r");
        for line in [
            "add chain ip home to { type nat hook prerouting priority -100 ; }".to_owned(),
            format!("add rule ip home to iifname eth0 tcp dport {port} dnat to 192.168.{last}.2"),
            format!("add rule ip home to iifname eth0 udp dport {port} dnat to 192.168.{last}.2"),
            "add rule ip home through ct status dnat accept".to_owned(),
        ] {
            self.run_in(&door, "nft", &[&line]);
        }
    }

    /// The router of `place` hears what its own network asks of it, and can open ports: in
    /// the table `opened`.
    pub fn may_open_ports(&self, place: &str) {
        let door = format!("{place}-r");
        for line in [
            "add rule ip home in iifname lan accept",
            "add rule ip home through ct status dnat accept",
            "add table inet opened",
            "add chain inet opened through",
            "add chain inet opened to",
            "add chain inet opened from",
            "add chain inet opened before { type nat hook prerouting priority -100 ; }",
            "add rule inet opened before jump to",
        ] {
            self.run_in(&door, "nft", &[line]);
        }
    }

    /// The rules of a table of a router.
    pub fn rules(&self, door: &str, table: &str) -> String {
        let list = ["netns", "exec", &self.space(door), "nft", "list", "table", "inet", table];
        String::from_utf8(Command::new("ip").args(list).output().unwrap().stdout).unwrap()
    }

    /// The router of `place` lets no datagram through.
    pub fn blocks_udp(&self, place: &str) {
        self.run_in(&format!("{place}-r"), "nft", &["insert rule ip home through meta l4proto udp drop"]);
    }

    /// Cuts, or mends, the wire between `place` (or its router) and the internet.
    pub fn cut(&self, place: &str, is_cut: bool) {
        let state = if is_cut { "down" } else { "up" };
        self.inside("wan", &format!("ip link set {place} {state}"));
    }

    /// `place`, or a router, gets another address on the internet and keeps none of the
    /// old; nobody is told. A router's mappings are gone with it.
    pub fn renumber(&self, place: &str, from: u8, to: u8) {
        self.inside(place, &format!("ip addr del 198.51.100.{from}/24 dev eth0"));
        self.inside(place, &format!("ip addr add 198.51.100.{to}/24 dev eth0"));
    }

    /// Slows what `place` sends down to so many megabits a second.
    pub fn slow(&self, place: &str, mbit: u32) {
        self.inside(place, &format!("tc qdisc add dev eth0 root tbf rate {mbit}mbit burst 64kb latency 50ms"));
    }

    /// Names are looked up at `server` from `place`; before anything is started there.
    pub fn looks_names_up_at(&mut self, place: &str, server: &str) {
        let folder = PathBuf::from(SETTINGS).join(self.space(place));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("resolv.conf"), format!("nameserver {server}\n")).unwrap();
        self.settings.push(folder);
    }

    /// Bytes that have come to, and gone from, `device` of `place`, headers included.
    pub fn counted(&self, place: &str, device: &str) -> (u64, u64) {
        let output = Command::new("ip").args(["netns", "exec", &self.space(place), "cat", "/proc/net/dev"]).output();
        let text = String::from_utf8(output.unwrap().stdout).unwrap();
        let row = text.lines().find_map(|row| row.trim().strip_prefix(&format!("{device}:"))).expect("the device");
        let counts: Vec<u64> = row.split_whitespace().map(|count| count.parse().unwrap()).collect();
        (counts[0], counts[8])
    }

    /// From now on this thread, and what it starts, is in `place`.
    pub fn enter(&self, place: &str) {
        enter(&self.space(place));
    }

    fn plug_in(&mut self, place: &str) {
        self.add(place);
        self.wire((place, "eth0"), ("wan", place));
        self.inside("wan", &format!("ip link set {place} master br0"));
    }

    /// A router at `198.51.100.<last>` whose inner side, `lan`, is to be wired yet.
    fn door(&mut self, place: &str, ending: &str, last: u8, router: Router) -> String {
        let door = format!("{place}{ending}");
        self.machine(&door, last);
        self.inside(&door, "sysctl -q -w net.ipv4.ip_forward=1");
        let how = if router == Router::KeepsPorts { "masquerade" } else { "masquerade fully-random" };
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
        if router == Router::RandomPortsAloud {
            self.run_in(&door, "nft", &["add rule ip home in iifname eth0 meta l4proto tcp reject with tcp reset"]);
        }
        door
    }

    fn lan(&self, door: &str, last: u8) {
        self.inside(door, &format!("ip addr add 192.168.{last}.1/24 dev lan"));
    }

    fn moves_in(&self, place: &str, device: &str, last: u8) {
        self.inside(place, &format!("ip addr add 192.168.{last}.2/24 dev {device}"));
        self.inside(place, &format!("ip route add default via 192.168.{last}.1"));
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
        for folder in &self.settings {
            drop(std::fs::remove_dir_all(folder));
        }
        // It stays if somebody else has settings there.
        drop(std::fs::remove_dir(SETTINGS));
    }
}

/// From now on this thread, and what it starts, is in the namespace of that real name.
pub fn enter(space: &str) {
    let space = File::open(format!("/run/netns/{space}")).unwrap();
    move_into_link_name_space(std::os::fd::AsFd::as_fd(&space), Some(LinkNameSpaceType::Network)).unwrap();
}

/// Says why a test is left out, past the capture of a test that passes.
pub fn left_out<T>(why: &str) -> Option<T> {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    drop(writeln!(std::io::stderr(), "LEFT OUT {test}: {why}"));
    None
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
