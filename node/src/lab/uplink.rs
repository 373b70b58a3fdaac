//! Who is there: hosts, to which a connection is kept, and photographers, who come by
//! themselves or are found where a host says.

use std::sync::Arc;

use enprint_protocol::access_code::InvitationCode;
use enprint_protocol::enrol::{Contact, Enrol, EnrolReply, EnrolRequest, HostNow, Role, Welcome};
use enprint_protocol::limits::{ADDRESSES_MAX, NAME_BYTES_MAX};
use enprint_protocol::peer::{AskError, PeerEvent};
use enprint_protocol::{Multiaddr, PeerId, ProtocolError, PublicKey, text};
use enprint_store::ledger::outbox;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::catalogue::{HostRow, JobRow};
use super::clock::now_ms;
use super::node::Node;
use crate::addresses;
use crate::error::NodeError;
use crate::limits::PUNCH_PATIENCE;

/// Follows connections until `shutdown`: announces the lab at the host, and goes on
/// with whatever waited for a peer as soon as that peer is there.
pub(super) async fn run(node: Arc<Node>, shutdown: CancellationToken) {
    let mut events = node.client.events();
    if let Err(error) = node.keep_in_touch().await {
        tracing::warn!(%error, "the hosts are not connected yet");
    }
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            () = shutdown.cancelled() => return,
        };
        match event {
            Ok(PeerEvent::Connected { peer, .. } | PeerEvent::Rerouted { peer }) => node.greet_or_trace(peer).await,
            Ok(PeerEvent::SeenAt { .. }) => node.refresh_photographers().await,
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => {
                for peer in node.client.peers() {
                    node.greet_or_trace(peer).await;
                }
            }
            Err(RecvError::Closed) => return,
        }
    }
}

impl Node {
    /// Uses an invitation. Repeated with the same code, it changes nothing. Answers
    /// with the host's name.
    pub(super) async fn enrol(&self, host: Multiaddr, invitation: InvitationCode) -> Result<String, NodeError> {
        let (peer_id, address) = addresses::split_peer(host)?;
        let name = text::required("The lab's name", &self.config.name, NAME_BYTES_MAX, false)?;
        self.client.dial(peer_id, vec![address.clone()]).await?;
        let request = EnrolRequest::Enrol { invitation, role: Role::Lab, name, addresses: self.announced() };
        let welcome = match self.client.ask::<Enrol>(peer_id, request).await? {
            EnrolReply::Enrolled(welcome) => welcome,
            EnrolReply::Refused(refusal) => return Err(NodeError::Refused(refusal)),
            EnrolReply::Directory { .. } | EnrolReply::TakenOver { .. } => return Err(unexpected()),
        };
        check_welcome(peer_id, &welcome)?;
        let row = HostRow { peer_id, name: welcome.host_name, address, told: Vec::new() };
        self.catalogue.put_host(&row).await?;
        self.keep_host(&row).await?;
        self.announce(peer_id).await?;
        Ok(row.name)
    }

    /// Makes sure that a photographer is connected, by the addresses that are known.
    pub(super) async fn reach(&self, row: &JobRow) -> Result<(), NodeError> {
        let peer = row.home;
        if !self.client.is_connected(&peer) {
            self.look_for_photographer(peer).await; // it may have moved
            let known = self.catalogue.photographer(peer).await?;
            let addresses = known.map(|known| known.addresses).unwrap_or_default();
            self.client.dial(peer, addresses).await?;
        }
        self.wait_for_a_way(peer).await
    }

    /// Waits a little until print files can come from `peer`: through two routers it is
    /// met at the host first, and directly a moment later.
    async fn wait_for_a_way(&self, peer: PeerId) -> Result<(), NodeError> {
        let mut events = self.client.events();
        let takes_files = || self.client.path(&peer).is_some_and(|path| path.takes_files());
        let deadline = tokio::time::Instant::now() + PUNCH_PATIENCE;
        while !takes_files() {
            match tokio::time::timeout_at(deadline, events.recv()).await {
                Ok(Ok(_) | Err(RecvError::Lagged(_))) => {}
                Ok(Err(RecvError::Closed)) => return Err(AskError::Stopped.into()),
                Err(_) if self.client.is_connected(&peer) => return Err(AskError::OnlyRelayed { peer }.into()),
                Err(_) => return Err(AskError::NotConnected { peer }.into()),
            }
        }
        Ok(())
    }

    /// Asks every host that is connected where its photographers are.
    pub(super) async fn refresh_photographers(&self) {
        let Ok(hosts) = self.catalogue.hosts().await else { return };
        let connected = hosts.iter().map(|host| host.peer_id).filter(|peer| self.client.is_connected(peer));
        let asked = connected.map(|peer| async move {
            if let Err(error) = self.announce(peer).await {
                tracing::debug!(%error, "a host did not say where its photographers are");
            }
        });
        futures::future::join_all(asked).await;
    }

    /// Tells a photographer who has just been approved: a new connection is what makes
    /// their node offer again at once.
    pub(super) async fn tell_approved(&self, peer: PeerId) -> Result<(), NodeError> {
        self.client.disconnect(peer).await?;
        let known = self.catalogue.photographer(peer).await?;
        let addresses = known.map(|known| known.addresses).unwrap_or_default();
        if !addresses.is_empty() {
            let client = self.client.clone();
            // Not awaited: it may be off, and will find the lab itself when it is back.
            tokio::spawn(async move { drop(client.dial(peer, addresses).await) });
        }
        Ok(())
    }

    /// Admits the hosts and wants a connection to each from now on; tells the peer where
    /// photographers are.
    async fn keep_in_touch(&self) -> Result<(), NodeError> {
        for photographer in self.catalogue.photographers().await? {
            for address in photographer.addresses {
                self.client.add_address(photographer.peer_id, address).await?;
            }
        }
        for host in self.catalogue.hosts().await? {
            self.keep_host(&host).await?;
        }
        Ok(())
    }

    pub(super) async fn keep_host(&self, host: &HostRow) -> Result<(), NodeError> {
        self.admission.admit(host.peer_id);
        self.client.use_relay(host.peer_id, host.addresses()).await?;
        Ok(self.client.keep_connected(host.peer_id, host.addresses()).await?)
    }

    async fn greet_or_trace(&self, peer: PeerId) {
        if let Err(error) = self.greet(peer).await {
            tracing::warn!(peer.id = %peer, %error, "a peer that connected could not be greeted");
        }
    }

    async fn greet(&self, peer: PeerId) -> Result<(), NodeError> {
        self.fetcher.wake(&peer);
        let (ledger, name) = (self.catalogue.ledger(), &peer.to_string());
        ledger.write(|tx| Box::pin(async move { outbox::wake_peer(tx, name, now_ms()).await })).await?;
        if self.catalogue.host(peer).await?.is_some() {
            self.announce(peer).await?;
        }
        Ok(())
    }

    /// Asks each host that is connected where one photographer is now: a host with very
    /// many does not list them all. Whether every host was there and has answered.
    pub(super) async fn look_for_photographer(&self, peer: PeerId) -> bool {
        let Ok(hosts) = self.catalogue.hosts().await else { return false };
        let connected = hosts.iter().map(|host| host.peer_id).filter(|host| self.client.is_connected(host));
        let asked = connected.map(|host| self.look_at(host, peer));
        let answered = futures::future::join_all(asked).await;
        answered.len() == hosts.len() && answered.into_iter().all(|has_answered| has_answered)
    }

    async fn look_at(&self, host: PeerId, peer: PeerId) -> bool {
        let learnt = match self.client.ask::<Enrol>(host, EnrolRequest::Find { peers: vec![peer] }).await {
            Ok(EnrolReply::Directory { contacts, .. }) => self.learn(host, contacts).await,
            // A host of an earlier version.
            _ => self.announce(host).await,
        };
        if let Err(error) = &learnt {
            tracing::debug!(%error, "a host did not say where a photographer is");
        }
        learnt.is_ok()
    }

    /// Tells a host where this lab is, and learns where the photographers are, and the
    /// host itself.
    pub(super) async fn announce(&self, host: PeerId) -> Result<(), NodeError> {
        let turn = self.announcing.take(host).await;
        let request = EnrolRequest::Announce { addresses: self.announced() };
        let reply = self.client.ask::<Enrol>(host, request).await?;
        drop(turn);
        match reply {
            EnrolReply::Directory { contacts, host: now, crowd } => {
                self.client.one_of(host, crowd.unwrap_or_default()).await?;
                self.learn(host, contacts).await?;
                match now {
                    Some(now) => self.note_host(host, now).await,
                    None => Ok(()),
                }
            }
            EnrolReply::Refused(refusal) => Err(NodeError::Refused(refusal)),
            EnrolReply::Enrolled(_) | EnrolReply::TakenOver { .. } => Err(unexpected()),
        }
    }

    /// Keeps where photographers are, and tells the peer.
    async fn learn(&self, host: PeerId, mut contacts: Vec<Contact>) -> Result<(), NodeError> {
        contacts.retain(|contact| contact.role == Role::Photographer);
        for contact in &mut contacts {
            contact.name =
                text::optional("A photographer's name", &contact.name, NAME_BYTES_MAX, false).unwrap_or_default();
            contact.addresses.truncate(ADDRESSES_MAX);
        }
        self.catalogue.put_contacts(host, &contacts).await?;
        for contact in contacts {
            for address in contact.addresses {
                self.client.add_address(contact.peer_id, address).await?;
            }
        }
        Ok(())
    }

    /// Remembers where a host says it is, so that it is found there should it be lost.
    async fn note_host(&self, peer: PeerId, now: HostNow) -> Result<(), NodeError> {
        let Some(known) = self.catalogue.host(peer).await? else { return Ok(()) };
        let name = text::required("The host's name", &now.name, NAME_BYTES_MAX, false)?;
        let told = now.addresses.into_iter().take(ADDRESSES_MAX).collect();
        let host = HostRow { name, told, ..known.clone() };
        if host == known {
            return Ok(());
        }
        self.catalogue.put_host(&host).await?;
        self.keep_host(&host).await
    }

    fn announced(&self) -> Vec<Multiaddr> {
        self.client.addresses()
    }
}

/// Checks that the host key vouches for the process that answered.
fn check_welcome(peer: PeerId, welcome: &Welcome) -> Result<(), NodeError> {
    let bad = || ProtocolError::BadSignature { record: "host certificate" };
    let key = PublicKey::try_decode_protobuf(&welcome.host_key).map_err(|_| bad())?;
    if welcome.certificate.open(&key)?.peer_id != peer {
        return Err(bad().into());
    }
    Ok(())
}

fn unexpected() -> NodeError {
    ProtocolError::Malformed { reason: "the host answered another question".into() }.into()
}
