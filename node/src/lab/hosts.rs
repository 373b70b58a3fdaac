//! The hosts of this lab as a person sees them: listed, moved, left.

use enprint_protocol::{Multiaddr, PeerId};
use serde::{Deserialize, Serialize};

use super::catalogue::HostRow;
use super::commands::LabAnswer;
use super::naming;
use super::node::Node;
use crate::addresses;
use crate::error::NodeError;

/// A host in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostSummary {
    /// Who.
    pub peer_id: PeerId,
    /// Its name.
    pub name: String,
    /// Whether it is connected now.
    pub connected: bool,
    /// By which way, in words, if connected.
    pub way: Option<String>,
    /// Where it may be.
    pub addresses: Vec<Multiaddr>,
}

impl Node {
    /// All hosts, the first enrolled first.
    pub(super) async fn list_hosts(&self) -> Result<LabAnswer, NodeError> {
        Ok(LabAnswer::Hosts { hosts: self.host_summaries().await? })
    }

    pub(super) async fn host_summaries(&self) -> Result<Vec<HostSummary>, NodeError> {
        let hosts = self.catalogue.hosts().await?.into_iter().map(|host| HostSummary {
            connected: self.client.is_connected(&host.peer_id),
            way: self.client.path(&host.peer_id).map(|path| path.words().to_owned()),
            addresses: host.addresses(),
            peer_id: host.peer_id,
            name: host.name,
        });
        Ok(hosts.collect())
    }

    /// A host has moved while this lab was away, and a person says where it is now.
    pub(super) async fn host_at(&self, host: Multiaddr) -> Result<LabAnswer, NodeError> {
        let (peer, address) = addresses::split_peer(host)?;
        let Some(known) = self.catalogue.host(peer).await? else {
            let problem = "The lab is not enrolled at the host of that address; “enrol” uses an invitation.";
            return Err(NodeError::NotNow { problem: problem.into() });
        };
        // A try at where it was may be on its way; this one ends with it, and is made again.
        if self.client.dial(peer, vec![address.clone()]).await.is_err() {
            self.client.dial(peer, vec![address.clone()]).await?;
        }
        let host = HostRow { address, ..known };
        self.catalogue.put_host(&host).await?;
        self.keep_host(&host).await?;
        self.announce(peer).await?;
        self.list_hosts().await
    }

    /// Takes part in a host no longer. Jobs go on: their reports go to photographers.
    pub(super) async fn leave_host(&self, named: &str) -> Result<LabAnswer, NodeError> {
        let hosts = self.catalogue.hosts().await?;
        let names = |host: &HostRow| vec![host.name.clone(), host.peer_id.to_string()];
        let found = naming::find(named, &hosts, names, |host| format!("{} ({})", host.name, host.peer_id))?;
        let Some(host) = found.and_then(|at| hosts.get(at)) else {
            let hint = "“hosts” lists those that the lab is enrolled at.";
            return Err(NodeError::Unknown { what: "host", name: named.trim().to_owned(), hint });
        };
        self.catalogue.forget_host(host.peer_id).await?;
        self.client.disconnect(host.peer_id).await?;
        self.admission.forget(host.peer_id);
        self.list_hosts().await
    }
}
