//! A host of which the world sees a name and a web proxy: its peers come by websocket.

use std::net::{Ipv4Addr, SocketAddrV4};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

use crate::net::Net;
use crate::net::Router::KeepsPorts;
use crate::served::Served;
use crate::town::{Start, Town, heavy};

const NAME: &str = "peers.photos.example";
const PROXY: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 1);
const NAMES: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 53);
const HOSTS_WEBSOCKET: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 4043);
/// The longest request and datagram that is looked at.
const LONGEST: usize = 4096;
const KIND_A: [u8; 4] = [0, 1, 0, 1];

#[tokio::test]
async fn a_host_behind_an_http_proxy_is_found_by_its_name_and_an_order_arrives() {
    let Some(mut net) = Net::new() else { return };
    net.machine("host", 1);
    net.machine("kim", 9);
    net.machine("names", 53);
    net.home("ana", 2, KeepsPorts);
    net.home("lab", 3, KeepsPorts);
    net.looks_names_up_at("ana", &NAMES.to_string());
    net.looks_names_up_at("lab", &NAMES.to_string());
    let _names = Served::within(net.space("names"), || bound_udp((NAMES, 53)), answer_names);
    let _proxy = Served::within(net.space("host"), || bound_tcp((PROXY, 80)), pass_websockets_on);
    let start = Start {
        // Its own port is not to be had from outside.
        host: vec![
            "--web",
            "198.51.100.1:8080",
            "--listen",
            "/ip4/127.0.0.1/tcp/4043/ws",
            "--announce",
            "/dns4/peers.photos.example/tcp/80/ws",
            // Behind its proxy it sees nobody's address to tell the other of.
            "--relay",
            "files",
        ],
        photographer: vec!["--listen", "/ip4/0.0.0.0/tcp/4041"],
        lab: vec!["--listen", "/ip4/0.0.0.0/tcp/4042"],
        host_at: Some("/dns4/peers.photos.example/tcp/80/ws"),
        mdns: false,
    };
    let town = Town::started(net, start).await;
    let original = heavy(3, 1);
    let order = town.ordered(&original).await;
    town.arrives(&order, &original).await;
    assert_eq!(town.way().as_deref(), Some("through the host"));
}

fn bound_tcp(at: (Ipv4Addr, u16)) -> TcpListener {
    let listener = std::net::TcpListener::bind(at).unwrap();
    listener.set_nonblocking(true).unwrap();
    TcpListener::from_std(listener).unwrap()
}

fn bound_udp(at: (Ipv4Addr, u16)) -> UdpSocket {
    let socket = std::net::UdpSocket::bind(at).unwrap();
    socket.set_nonblocking(true).unwrap();
    UdpSocket::from_std(socket).unwrap()
}

/// A proxy that passes on what asks this name for a websocket, and nothing else.
async fn pass_websockets_on(listener: TcpListener) {
    while let Ok((visitor, _)) = listener.accept().await {
        tokio::spawn(pass_on(visitor));
    }
}

async fn pass_on(mut visitor: TcpStream) -> std::io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(visitor.read_u8().await?);
        if request.len() > LONGEST {
            return Ok(());
        }
    }
    let words = String::from_utf8_lossy(&request).to_lowercase();
    if !words.starts_with("get / ") || !words.contains(&format!("host: {NAME}")) || !words.contains("websocket") {
        return visitor.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await;
    }
    let mut host = TcpStream::connect(HOSTS_WEBSOCKET).await?;
    host.write_all(&request).await?;
    copy_bidirectional(&mut visitor, &mut host).await.map(drop)
}

/// A name server that knows one name.
async fn answer_names(socket: UdpSocket) {
    let mut query = [0; LONGEST];
    while let Ok((length, from)) = socket.recv_from(&mut query).await {
        if let Some(answer) = answer(&query[..length]) {
            drop(socket.send_to(&answer, from).await);
        }
    }
}

/// The answer to a query of one question; other records of the query are passed over.
fn answer(query: &[u8]) -> Option<Vec<u8>> {
    let (header, rest) = query.split_at_checked(12)?;
    let name_end = rest.iter().position(|byte| *byte == 0)? + 1;
    let question = rest.get(..name_end + KIND_A.len())?;
    let wanted: Vec<u8> =
        NAME.split('.').flat_map(|part| [&[part.len() as u8], part.as_bytes()].concat()).chain([0]).collect();
    let is_known = question[..name_end].eq_ignore_ascii_case(&wanted);
    let has_address = is_known && question.ends_with(&KIND_A);
    let mut answer = header[..2].to_vec();
    answer.extend([0x81, if is_known { 0x80 } else { 0x83 }, 0, 1, 0, u8::from(has_address), 0, 0, 0, 0]);
    answer.extend(question);
    if has_address {
        answer.extend([0xc0, 12]);
        answer.extend(KIND_A);
        answer.extend([0, 0, 0, 60, 0, 4]);
        answer.extend(PROXY.octets());
    }
    Some(answer)
}
