//! The ports of a process that is away for a while: other tests' processes take free ones
//! meanwhile, and would take these.

use std::net::{Ipv4Addr, SocketAddr};

use serde_json::Value;
use tokio::net::TcpSocket;

/// Ports that nobody is given who asks for any, and that the process can listen at again:
/// Linux lets two have a port of which one does not listen.
pub struct Held {
    _sockets: Vec<TcpSocket>,
}

impl Held {
    /// Where a process listened, by what it said when it was ready.
    pub fn of(ready: &Value) -> Self {
        let ports = if cfg!(target_os = "linux") { ports(ready) } else { Vec::new() };
        Self { _sockets: ports.into_iter().filter_map(|port| hold(port).ok()).collect() }
    }
}

fn ports(ready: &Value) -> Vec<u16> {
    let addresses = ready["addresses"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let of_peers = addresses.filter_map(|at| at.strip_prefix("/ip4/127.0.0.1/tcp/")?.split('/').next());
    let of_pages = ready["web"].as_str().and_then(|web| web.strip_prefix("http://127.0.0.1:"));
    of_peers.chain(of_pages).filter_map(|port| port.parse().ok()).collect()
}

fn hold(port: u16) -> std::io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    Ok(socket)
}
