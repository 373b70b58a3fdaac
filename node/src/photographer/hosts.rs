//! The hosts of this node: naming them, which of them an event is shown at, reaching
//! one by any of its processes, listing and leaving them.

use enprint_protocol::peer::AskError;
use enprint_protocol::{Multiaddr, PeerId};

use super::catalogue::{EventRow, HostProcess, HostRow};
use super::commands::{HostSummary, PhotographerAnswer};
use super::node::Node;
use crate::addresses;
use crate::error::NodeError;

impl Node {
    /// The host of that name or id, or beginning of an id.
    pub(super) async fn find_host(&self, named: &str) -> Result<HostRow, NodeError> {
        let mut hosts = self.catalogue.hosts().await?;
        let at = super::naming::find(named, hosts.iter().map(|host| (host.peer_id.to_string(), host.name.as_str())))?;
        at.map(|at| hosts.swap_remove(at)).ok_or_else(|| NodeError::Unknown {
            what: "host",
            name: named.trim().to_owned(),
            hint: "“hosts” lists those that this node is enrolled at.",
        })
    }

    /// The hosts that `named` means, each once.
    pub(super) async fn find_hosts(&self, named: &[String]) -> Result<Vec<HostRow>, NodeError> {
        let mut found: Vec<HostRow> = Vec::new();
        for name in named {
            let host = self.find_host(name).await?;
            if !found.contains(&host) {
                found.push(host);
            }
        }
        Ok(found)
    }

    /// Where an event is to be published: at the hosts named; else where it is shown
    /// already; else at the only host there is. Those that are connected come first, so
    /// that nobody waits for one that is off.
    pub(super) async fn hosts_for(&self, event: &EventRow, named: &[String]) -> Result<Vec<HostRow>, NodeError> {
        let mut hosts = if named.is_empty() { self.usual_hosts(event).await? } else { self.find_hosts(named).await? };
        hosts.sort_by_key(|host| !self.is_connected_to(host));
        Ok(hosts)
    }

    async fn usual_hosts(&self, event: &EventRow) -> Result<Vec<HostRow>, NodeError> {
        let hosts = self.catalogue.hosts().await?;
        let is_shown_at = |host: &HostRow| event.shown_at.iter().any(|shown| shown.host == host.peer_id);
        match hosts.len() {
            0 => Err(NodeError::NotEnrolled),
            1 => Ok(hosts),
            _ if hosts.iter().any(is_shown_at) => Ok(hosts.into_iter().filter(is_shown_at).collect()),
            _ => {
                let names: Vec<_> = hosts.iter().map(|host| format!("“{}”", host.name)).collect();
                let (event, names) = (&event.record.name, names.join(", "));
                let problem =
                    format!("“{event}” is at no host yet. Say at which it is shown, with --host NAME: {names}.");
                Err(NodeError::NotNow { problem })
            }
        }
    }

    pub(super) fn is_connected_to(&self, host: &HostRow) -> bool {
        host.processes.iter().any(|process| self.client.is_connected(&process.peer_id))
    }

    /// A process of the host that is connected, if need be after dialling.
    pub(super) async fn reach_host(&self, host: &HostRow) -> Result<PeerId, NodeError> {
        if let Some(process) = host.processes.iter().find(|process| self.client.is_connected(&process.peer_id)) {
            return Ok(process.peer_id);
        }
        let mut failed = AskError::NotConnected { peer: host.peer_id };
        for process in &host.processes {
            match self.client.dial(process.peer_id, process.addresses()).await {
                Ok(()) => return Ok(process.peer_id),
                Err(error) => failed = error,
            }
        }
        Err(failed.into())
    }

    /// Admits every host, and wants a connection to it from now on.
    pub(super) async fn keep_hosts(&self) -> Result<(), NodeError> {
        for process in self.catalogue.hosts().await?.iter().flat_map(|host| &host.processes) {
            self.keep_process(process).await?;
        }
        Ok(())
    }

    /// As [`Self::keep_hosts`], for one process of a host, at the addresses that are known.
    pub(super) async fn keep_process(&self, process: &HostProcess) -> Result<(), NodeError> {
        self.admission.admit(process.peer_id);
        self.client.use_relay(process.peer_id, process.addresses()).await?;
        Ok(self.client.keep_connected(process.peer_id, process.addresses()).await?)
    }

    /// A host has moved while this node was away, and a person says where it is now.
    pub(super) async fn host_at(&self, host: Multiaddr) -> Result<PhotographerAnswer, NodeError> {
        let (peer, address) = addresses::split_peer(host)?;
        let known = self.catalogue.host_of(peer).await?;
        let known = known.and_then(|host| host.processes.into_iter().find(|process| process.peer_id == peer));
        let Some(known) = known else {
            let problem = "This node is not enrolled at the host of that address; “enrol” uses an invitation.";
            return Err(NodeError::NotNow { problem: problem.into() });
        };
        // A try at where it was may be on its way; this one ends with it, and is made again.
        if self.client.dial(peer, vec![address.clone()]).await.is_err() {
            self.client.dial(peer, vec![address.clone()]).await?;
        }
        let process = HostProcess { enrolled_at: vec![address], ..known };
        self.catalogue.put_host_at(&process).await?;
        self.keep_process(&process).await?;
        self.announce(peer).await?;
        self.list_hosts().await
    }

    /// All hosts, the first enrolled first.
    pub(super) async fn list_hosts(&self) -> Result<PhotographerAnswer, NodeError> {
        Ok(PhotographerAnswer::Hosts { hosts: self.host_summaries().await? })
    }

    pub(super) async fn host_summaries(&self) -> Result<Vec<HostSummary>, NodeError> {
        let events = self.catalogue.events().await?;
        let mut hosts = Vec::new();
        for host in self.catalogue.hosts().await? {
            let is_here = |event: &&EventRow| event.shown_at.iter().any(|shown| shown.host == host.peer_id);
            let addresses: Vec<_> = host.processes.iter().map(HostProcess::addresses).collect();
            let way = host.processes.iter().find_map(|process| self.client.path(&process.peer_id));
            hosts.push(HostSummary {
                peer_id: host.peer_id,
                connected: self.is_connected_to(&host),
                way: way.map(|path| path.words().to_owned()),
                addresses: crate::stored::joined(&addresses),
                events: events.iter().filter(is_here).count() as u64,
                open_orders: self.catalogue.open_orders_at(host.peer_id).await?,
                lab: self.catalogue.lab_for(host.peer_id).await?.map(|lab| lab.name),
                name: host.name,
                public_url: host.public_url,
            });
        }
        Ok(hosts)
    }

    /// Takes part in a host no longer. While galleries are there, or orders from there
    /// are not finished, only when the photographer says so twice.
    pub(super) async fn leave_host(&self, named: &str, anyway: bool) -> Result<PhotographerAnswer, NodeError> {
        let host = self.find_host(named).await?;
        if !anyway {
            self.check_may_leave(&host).await?;
        }
        self.catalogue.leave_host(&host).await?;
        for process in &host.processes {
            self.client.disconnect(process.peer_id).await?;
            self.admission.forget(process.peer_id);
        }
        self.list_hosts().await
    }

    async fn check_may_leave(&self, host: &HostRow) -> Result<(), NodeError> {
        let (name, open) = (&host.name, self.catalogue.open_orders_at(host.peer_id).await?);
        if open > 0 {
            let problem = format!(
                "{open} orders placed at “{name}” are not shipped or declined; once this node has left, their customers hear nothing more. Finish them first, or leave with --anyway."
            );
            return Err(NodeError::NotNow { problem });
        }
        for event in self.catalogue.events().await? {
            if event.shown_at.iter().any(|shown| shown.host == host.peer_id && shown.published > 0) {
                let problem = format!(
                    "“{name}” still shows “{}”. Take it off first: “withdraw --event … --host …”; or leave it there with --anyway.",
                    event.record.name
                );
                return Err(NodeError::NotNow { problem });
            }
        }
        Ok(())
    }
}
