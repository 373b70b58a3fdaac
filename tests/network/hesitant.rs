//! A router that takes its time: it speaks NAT-PMP, keeps a list of what it has opened, and
//! answers only when the test lets it.

use std::collections::{BTreeSet, VecDeque};
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::net::{self, Net, Router};
use crate::town::{Plan, Spoken, Town};
use crate::world::eventually;

/// The router's program, until it is dropped.
struct Hesitant {
    shared: Arc<Shared>,
    thread: Option<std::thread::JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    /// Protocol and port.
    open: Mutex<BTreeSet<(u8, u16)>>,
    asked: AtomicUsize,
    /// Times that it opened something, or kept it open.
    granted: AtomicUsize,
    hesitates: AtomicBool,
    is_over: AtomicBool,
}

impl Hesitant {
    fn at(space: String, address: &'static str) -> Self {
        let shared = Arc::new(Shared::default());
        let own = shared.clone();
        let thread = std::thread::spawn(move || {
            net::enter(&space);
            let socket = UdpSocket::bind((address, 5351)).unwrap();
            socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
            own.serve(&socket);
        });
        Self { shared, thread: Some(thread) }
    }

    fn open(&self) -> usize {
        self.shared.open.lock().unwrap().len()
    }
}

impl Drop for Hesitant {
    fn drop(&mut self) {
        self.shared.is_over.store(true, SeqCst);
        drop(self.thread.take().map(std::thread::JoinHandle::join));
    }
}

impl Shared {
    fn serve(&self, socket: &UdpSocket) {
        let mut waiting: VecDeque<([u8; 12], SocketAddr)> = VecDeque::new();
        while !self.is_over.load(SeqCst) {
            let mut request = [0; 1100];
            match socket.recv_from(&mut request) {
                // PCP: it speaks NAT-PMP alone.
                Ok((_, from)) if request[0] == 2 => {
                    drop(socket.send_to(&[0, 0x80 | request[1], 0, 1, 0, 0, 0, 1], from))
                }
                Ok((12, from)) => {
                    self.asked.fetch_add(1, SeqCst);
                    waiting.push_back((request[..12].try_into().unwrap(), from));
                }
                // Its own address outside.
                Ok((_, from)) => drop(socket.send_to(&[0, 0x80, 0, 0, 0, 0, 0, 1, 198, 51, 100, 2], from)),
                Err(_) => {}
            }
            while !self.hesitates.load(SeqCst)
                && let Some((request, from)) = waiting.pop_front()
            {
                drop(socket.send_to(&self.map(&request), from));
            }
        }
    }

    fn map(&self, request: &[u8; 12]) -> [u8; 16] {
        let port = u16::from_be_bytes([request[4], request[5]]);
        let is_kept = request[8..] != [0; 4];
        let mut open = self.open.lock().unwrap();
        match is_kept {
            true => open.insert((request[1], port)),
            false => open.remove(&(request[1], port)),
        };
        self.granted.fetch_add(usize::from(is_kept), SeqCst);
        let mut answer = [0; 16];
        (answer[1], answer[7]) = (0x80 | request[1], 1);
        answer[8..10].copy_from_slice(&request[4..6]);
        if is_kept {
            answer[10..12].copy_from_slice(&request[4..6]);
        }
        answer[12..].copy_from_slice(&request[8..]);
        answer
    }
}

#[tokio::test]
async fn a_node_that_stops_while_its_router_hesitates_leaves_no_port_open() {
    let Some(mut net) = Net::new() else { return };
    net.machine("host", 1);
    net.machine("kim", 9);
    net.home("ana", 2, Router::KeepsPorts);
    net.home("lab", 3, Router::KeepsPorts);
    net.may_open_ports("ana");
    let router = Hesitant::at(net.space("ana-r"), "192.168.2.1");
    let mut town = Town::inhabited(net, Plan::usual(Spoken::Both)).await;
    eventually("the router has opened ports", || router.open() > 0).await;
    town.world.photographer.asked_to_stop();
    eventually("they are closed again", || router.open() == 0).await;

    let ana = &mut town.world.photographer;
    ana.kill();
    router.shared.hesitates.store(true, SeqCst);
    let (before, granted) = (router.shared.asked.load(SeqCst), router.shared.granted.load(SeqCst));
    ana.restart();
    let host = &town.world.host;
    let is_at_host = || {
        let status = host.says(&["status"]);
        let peers = status["peers"].as_array().unwrap();
        peers.iter().any(|peer| peer["role"] == "photographer" && peer["lines"] != serde_json::json!([]))
    };
    eventually("it is at the host, and its router is asked again and says nothing", || {
        is_at_host() && router.shared.asked.load(SeqCst) > before
    })
    .await;
    ana.asked_to_stop();
    eventually("the node has heard that it is to stop", || !is_at_host()).await;
    router.shared.hesitates.store(false, SeqCst);
    eventually("the router has opened something in the end", || router.shared.granted.load(SeqCst) > granted).await;
    eventually("nothing stays open", || router.open() == 0).await;
}
