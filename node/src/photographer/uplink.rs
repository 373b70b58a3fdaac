//! The connections to hosts: enrolling, keeping them, saying where this node can be
//! reached, and learning where the hosts and their labs are.

use std::sync::Arc;

use enprint_protocol::access_code::InvitationCode;
use enprint_protocol::enrol::{Contact, Enrol, EnrolReply, EnrolRequest, HostNow, Role, Welcome};
use enprint_protocol::peer::PeerEvent;
use enprint_protocol::{Multiaddr, PeerId, ProtocolError, PublicKey, text};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::catalogue::{HostProcess, HostRow, NewHost};
use super::commands::PhotographerAnswer;
use super::node::Node;
use crate::addresses;
use crate::error::NodeError;
use crate::stored;

/// Follows connections until `shutdown`: announces at the host, and sends what
/// waited for a peer as soon as that peer is there.
pub(super) async fn run(node: Arc<Node>, shutdown: CancellationToken) {
    let mut events = node.client.events();
    if let Err(error) = node.keep_hosts().await {
        tracing::warn!(%error, "the hosts are not looked for");
    }
    if let Err(error) = node.keep_labs().await {
        tracing::warn!(%error, "the labs that wait for files are not looked for");
    }
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            () = shutdown.cancelled() => return,
        };
        match event {
            Ok(PeerEvent::Connected { peer, .. } | PeerEvent::Rerouted { peer }) => node.greet(peer).await,
            Ok(PeerEvent::SeenAt { .. }) => node.refresh_labs().await,
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => node.wake_all().await,
            Err(RecvError::Closed) => return,
        }
    }
}

impl Node {
    /// Uses an invitation. Repeated with the same code, it changes nothing.
    pub(super) async fn enrol(
        &self,
        host: Multiaddr,
        invitation: InvitationCode,
        name: &str,
    ) -> Result<PhotographerAnswer, NodeError> {
        let (peer, address) = addresses::split_peer(host)?;
        let name = text::required("Your name", name, enprint_protocol::limits::NAME_BYTES_MAX, false)?;
        self.client.dial(peer, vec![address.clone()]).await?;
        let request = EnrolRequest::Enrol {
            invitation,
            role: Role::Photographer,
            name: name.clone(),
            addresses: self.announced(),
        };
        let welcome = match self.client.ask::<Enrol>(peer, request).await? {
            EnrolReply::Enrolled(welcome) => welcome,
            EnrolReply::Refused(refusal) => return Err(NodeError::Refused(refusal)),
            EnrolReply::Directory { .. } | EnrolReply::TakenOver { .. } => return Err(unexpected()),
        };
        let new = new_host(peer, address, welcome)?;
        self.catalogue.put_host(&new, &name).await?;
        self.keep_process(&new.process).await?;
        self.announce(peer).await?;
        Ok(PhotographerAnswer::Enrolled { host: new.name, public_url: new.public_url, peer_id: self.client.peer_id() })
    }

    /// Wants a connection to each lab that has yet to fetch something: from where this
    /// node is, it may be the only one that can make it; nor has the host to be there.
    async fn keep_labs(&self) -> Result<(), NodeError> {
        for lab in self.catalogue.labs_that_fetch().await? {
            self.client.keep_connected(lab.peer_id, lab.addresses).await?;
        }
        Ok(())
    }

    /// No longer wants the connection to a lab that has all its files: it comes by itself
    /// with its news, and is looked for again when there is a job for it.
    pub(super) async fn let_rest(&self, lab: PeerId) {
        match self.catalogue.has_business_with(lab).await {
            Ok(true) => {}
            // The client is gone only when the node is.
            Ok(false) => drop(self.client.release(lab).await),
            Err(error) => tracing::debug!(peer.id = %lab, %error, "the connection to a lab is kept for now"),
        }
    }

    async fn greet(&self, peer: PeerId) {
        let host = self.catalogue.host_of(peer).await.ok().flatten();
        if host.is_some()
            && let Err(error) = self.announce(peer).await
        {
            tracing::warn!(%error, "the host did not take this node's addresses");
        }
        let receiver = host.map_or(peer, |host| host.peer_id);
        for lane in [receiver.to_string(), super::publish::lane(receiver)] {
            if let Err(error) = self.catalogue.wake_peer(&lane).await {
                tracing::error!(%error, "what waits for a peer can't be sent now");
            }
        }
        // It may be the one that is asked whether it prints what another is offered.
        if let Err(error) = self.catalogue.wake_offers_of_elsewhere().await {
            tracing::error!(%error, "orders of another home can't be offered now");
        }
    }

    async fn wake_all(&self) {
        for peer in self.client.peers() {
            self.greet(peer).await;
        }
    }

    /// Asks every host that is connected which labs there are and where.
    pub(super) async fn refresh_labs(&self) {
        if let Ok(hosts) = self.catalogue.hosts().await {
            self.learn_labs_of(&hosts).await;
        }
    }

    /// As [`Self::refresh_labs`], of these hosts.
    pub(super) async fn learn_labs_of(&self, hosts: &[HostRow]) {
        let connected = hosts.iter().flat_map(|host| &host.processes).map(|process| process.peer_id);
        let asked = connected.filter(|peer| self.client.is_connected(peer)).map(|peer| async move {
            if let Err(error) = self.announce(peer).await {
                tracing::debug!(%error, "a host did not say which labs there are");
            }
        });
        futures::future::join_all(asked).await;
    }

    /// Asks each host that is connected where one lab is now: a host with very many does
    /// not list them all.
    pub(super) async fn look_for_lab(&self, lab: PeerId) {
        let Ok(hosts) = self.catalogue.hosts().await else { return };
        let connected = hosts.iter().flat_map(|host| &host.processes).map(|process| process.peer_id);
        let asked = connected.filter(|peer| self.client.is_connected(peer)).map(|peer| self.look_at(peer, lab));
        futures::future::join_all(asked).await;
    }

    async fn look_at(&self, peer: PeerId, lab: PeerId) {
        let learnt = match self.client.ask::<Enrol>(peer, EnrolRequest::Find { peers: vec![lab] }).await {
            Ok(EnrolReply::Directory { contacts, .. }) => self.learn(peer, &contacts).await.map(drop),
            // A host of an earlier version.
            _ => self.announce(peer).await,
        };
        if let Err(error) = learnt {
            tracing::debug!(%error, "a host did not say where a lab is");
        }
    }

    /// Keeps where labs of the host with that process are; false if it was left meanwhile.
    async fn learn(&self, peer: PeerId, contacts: &[Contact]) -> Result<bool, NodeError> {
        let Some(known) = self.catalogue.host_of(peer).await? else { return Ok(false) };
        self.catalogue.put_labs(known.peer_id, contacts).await?;
        if let Some(first) = self.catalogue.first_home().await?
            && let Some(contact) = contacts.iter().find(|contact| contact.peer_id == first.peer_id)
        {
            let at = stored::joined([&contact.addresses, &first.addresses]);
            self.client.keep_connected(first.peer_id, at).await?;
        }
        Ok(true)
    }

    /// Tells a host where this node is, and learns of its labs and of where it is itself.
    pub(super) async fn announce(&self, peer: PeerId) -> Result<(), NodeError> {
        let turn = self.announcing.take(peer).await;
        self.show_word(peer).await?;
        let request = EnrolRequest::Announce { addresses: self.announced() };
        let reply = self.client.ask::<Enrol>(peer, request).await?;
        drop(turn);
        match reply {
            EnrolReply::Directory { contacts, host, crowd } => {
                self.client.one_of(peer, crowd.unwrap_or_default()).await?;
                if !self.learn(peer, &contacts).await? {
                    return Ok(());
                }
                self.advance_soon();
                match host {
                    Some(host) => self.note_host(peer, &host).await,
                    None => Ok(()),
                }
            }
            EnrolReply::Refused(refusal) => Err(NodeError::Refused(refusal)),
            EnrolReply::Enrolled(_) | EnrolReply::TakenOver { .. } => Err(unexpected()),
        }
    }

    /// At a second home, shows a host the first one's word: it may not have heard of it.
    async fn show_word(&self, host: PeerId) -> Result<(), NodeError> {
        let Some(first) = self.catalogue.first_home().await? else { return Ok(()) };
        let request = EnrolRequest::StandIn { home: first.signed, addresses: self.announced() };
        match self.client.ask::<Enrol>(host, request).await? {
            EnrolReply::Enrolled(_) => Ok(()),
            EnrolReply::Refused(refusal) => Err(NodeError::Refused(refusal)),
            EnrolReply::Directory { .. } | EnrolReply::TakenOver { .. } => Err(unexpected()),
        }
    }

    /// Remembers where a host says it is, so that it is found there should it be lost.
    async fn note_host(&self, peer: PeerId, host: &HostNow) -> Result<(), NodeError> {
        if !self.catalogue.put_host_now(peer, host).await? {
            return Ok(());
        }
        let known = self.catalogue.host_of(peer).await?;
        match known.iter().flat_map(|host| &host.processes).find(|process| process.peer_id == peer) {
            Some(process) => self.keep_process(process).await,
            None => Ok(()),
        }
    }

    fn announced(&self) -> Vec<Multiaddr> {
        self.client.addresses()
    }
}

/// Checks that the host key vouches for the process that answered.
fn new_host(peer: PeerId, address: Multiaddr, welcome: Welcome) -> Result<NewHost, NodeError> {
    let key = PublicKey::try_decode_protobuf(&welcome.host_key)
        .map_err(|_| ProtocolError::BadSignature { record: "host certificate" })?;
    if welcome.certificate.open(&key)?.peer_id != peer {
        return Err(ProtocolError::BadSignature { record: "host certificate" }.into());
    }
    Ok(NewHost {
        name: welcome.host_name,
        key,
        public_url: welcome.public_url,
        process: HostProcess { peer_id: peer, enrolled_at: vec![address], told: Vec::new() },
    })
}

fn unexpected() -> NodeError {
    ProtocolError::Malformed { reason: "the host answered another question".into() }.into()
}
