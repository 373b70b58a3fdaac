//! The connection to the host: enrolling, keeping it, saying where this node can
//! be reached, and learning where the labs are.

use std::sync::Arc;

use enprint_protocol::access_code::InvitationCode;
use enprint_protocol::enrol::{Enrol, EnrolReply, EnrolRequest, Role, Welcome};
use enprint_protocol::peer::PeerEvent;
use enprint_protocol::{Multiaddr, PeerId, ProtocolError, PublicKey, text};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::catalogue::HostRow;
use super::commands::PhotographerAnswer;
use super::node::Node;
use crate::addresses;
use crate::error::NodeError;

/// Follows connections until `shutdown`: announces at the host, and sends what
/// waited for a peer as soon as that peer is there.
pub(super) async fn run(node: Arc<Node>, shutdown: CancellationToken) {
    let mut events = node.client.events();
    if let Err(error) = node.keep_host().await {
        tracing::warn!(%error, "the host is not known yet");
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
            EnrolReply::Directory { .. } => return Err(unexpected()),
        };
        let row = host_row(peer, address, welcome)?;
        self.catalogue.put_host(&row, &name).await?;
        self.keep_host().await?;
        self.announce(peer).await?;
        Ok(PhotographerAnswer::Enrolled { host: row.name, public_url: row.public_url, peer_id: self.client.peer_id() })
    }

    /// Admits the enrolled host, and wants a connection to it from now on.
    pub(super) async fn keep_host(&self) -> Result<(), NodeError> {
        let Some(host) = self.catalogue.host().await? else { return Ok(()) };
        self.admission.admit(host.peer_id);
        self.client.use_relay(host.peer_id, host.addresses.clone()).await?;
        Ok(self.client.keep_connected(host.peer_id, host.addresses).await?)
    }

    /// Wants a connection to each lab that has yet to fetch something: from where this
    /// node is, it may be the only one that can make it; nor has the host to be there.
    async fn keep_labs(&self) -> Result<(), NodeError> {
        for lab in self.catalogue.labs_that_fetch().await? {
            self.client.keep_connected(lab.peer_id, lab.addresses).await?;
        }
        Ok(())
    }

    async fn greet(&self, peer: PeerId) {
        if self.is_host(peer).await
            && let Err(error) = self.announce(peer).await
        {
            tracing::warn!(%error, "the host did not take this node's addresses");
        }
        for lane in [peer.to_string(), super::publish::lane(peer)] {
            if let Err(error) = self.catalogue.wake_peer(&lane).await {
                tracing::error!(%error, "what waits for a peer can't be sent now");
            }
        }
    }

    async fn wake_all(&self) {
        for peer in self.client.peers() {
            self.greet(peer).await;
        }
    }

    async fn is_host(&self, peer: PeerId) -> bool {
        matches!(self.catalogue.host().await, Ok(Some(host)) if host.peer_id == peer)
    }

    /// Asks the host anew which labs there are and where, if it is connected.
    pub(super) async fn refresh_labs(&self) {
        let Ok(Some(host)) = self.catalogue.host().await else { return };
        if self.client.is_connected(&host.peer_id)
            && let Err(error) = self.announce(host.peer_id).await
        {
            tracing::debug!(%error, "the host did not say which labs there are");
        }
    }

    /// Tells the host where this node is, and learns of its labs.
    async fn announce(&self, host: PeerId) -> Result<(), NodeError> {
        let request = EnrolRequest::Announce { addresses: self.announced() };
        match self.client.ask::<Enrol>(host, request).await? {
            EnrolReply::Directory { contacts } => {
                self.catalogue.put_labs(&contacts).await?;
                self.advance_all().await;
                Ok(())
            }
            EnrolReply::Refused(refusal) => Err(NodeError::Refused(refusal)),
            EnrolReply::Enrolled(_) => Err(unexpected()),
        }
    }

    fn announced(&self) -> Vec<Multiaddr> {
        self.client.addresses()
    }
}

/// Checks that the host key vouches for the process that answered.
fn host_row(peer: PeerId, address: Multiaddr, welcome: Welcome) -> Result<HostRow, NodeError> {
    let key = PublicKey::try_decode_protobuf(&welcome.host_key)
        .map_err(|_| ProtocolError::BadSignature { record: "host certificate" })?;
    if welcome.certificate.open(&key)?.peer_id != peer {
        return Err(ProtocolError::BadSignature { record: "host certificate" }.into());
    }
    Ok(HostRow {
        peer_id: peer,
        name: welcome.host_name,
        key,
        addresses: vec![address],
        public_url: welcome.public_url,
    })
}

fn unexpected() -> NodeError {
    ProtocolError::Malformed { reason: "the host answered another question".into() }.into()
}
