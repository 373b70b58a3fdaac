//! Who may have itself tested at a host. A stranger's request is dropped before any of it
//! is read, and counted; once it is enrolled it may ask, on the same connection. What a
//! test needs is made when the first is asked for: most connections never ask.

use std::sync::Arc;
use std::task::{Context, Poll};

use libp2p::PeerId;
use libp2p::autonat::v2::server;
use libp2p::core::Multiaddr;
use libp2p::core::upgrade::ReadyUpgrade;
use libp2p::swarm::handler::{ConnectionEvent, SendWrapper};
use libp2p::swarm::{
    ConnectionHandler, ConnectionHandlerEvent, ConnectionId, NetworkBehaviour, StreamProtocol, SubstreamProtocol,
    THandler,
};

use crate::peer::admission::Admission;
use crate::peer::conduct::Conduct;

type Handler = THandler<server::Behaviour>;
type Inbound = <Handler as ConnectionHandler>::InboundProtocol;
type InboundInfo = <Handler as ConnectionHandler>::InboundOpenInfo;

/// What a peer asks for a test by.
const TEST_ME: StreamProtocol = StreamProtocol::new("/libp2p/autonat/2/dial-request");

/// The handler of one connection.
pub(in crate::peer) struct Gate {
    handler: Option<Box<Handler>>,
    caller: Option<Box<Caller>>,
}

/// Who has called.
pub(super) struct Caller {
    pub(super) peer: PeerId,
    pub(super) connection: ConnectionId,
    pub(super) local: Multiaddr,
    pub(super) remote: Multiaddr,
    pub(super) admission: Admission,
    pub(super) conduct: Arc<Conduct>,
}

impl Gate {
    /// Of a connection that we dialled, which has its `handler` already.
    pub(super) fn open(handler: Handler) -> Self {
        Self { handler: Some(Box::new(handler)), caller: None }
    }

    /// Of a connection by which `caller` may ask for tests.
    pub(super) fn of(caller: Caller) -> Self {
        Self { handler: None, caller: Some(Box::new(caller)) }
    }

    /// Where a request for a test goes; nowhere, if it is a stranger's.
    fn admitted(&mut self) -> Option<&mut Handler> {
        if let Some(caller) = self.caller.as_ref() {
            if !caller.admission.is_admitted(&caller.peer) {
                tracing::debug!(peer.id = %caller.peer, "a stranger is not tested");
                caller.conduct.strangers_requests.add();
                return None;
            }
            if self.handler.is_none() {
                self.handler = caller.handler().map(Box::new);
            }
        }
        self.handler.as_deref_mut()
    }
}

impl Caller {
    /// Of a behaviour of its own: it keeps nothing of those who call.
    fn handler(&self) -> Option<Handler> {
        let mut server = server::Behaviour::default();
        let Self { peer, connection, local, remote, .. } = self;
        server.handle_established_inbound_connection(*connection, *peer, local, remote).ok()
    }
}

impl ConnectionHandler for Gate {
    type FromBehaviour = <Handler as ConnectionHandler>::FromBehaviour;
    type ToBehaviour = <Handler as ConnectionHandler>::ToBehaviour;
    type InboundProtocol = Inbound;
    type OutboundProtocol = <Handler as ConnectionHandler>::OutboundProtocol;
    type InboundOpenInfo = InboundInfo;
    type OutboundOpenInfo = <Handler as ConnectionHandler>::OutboundOpenInfo;

    fn listen_protocol(&self) -> SubstreamProtocol<Inbound, InboundInfo> {
        match &self.handler {
            Some(handler) => handler.listen_protocol(),
            None => SubstreamProtocol::new(ReadyUpgrade::new(TEST_ME), ())
                .map_upgrade(|upgrade| Inbound::Right(SendWrapper(upgrade)))
                .map_info(InboundInfo::Right),
        }
    }

    fn connection_keep_alive(&self) -> bool {
        self.handler.as_ref().is_some_and(|handler| handler.connection_keep_alive())
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<Self::OutboundProtocol, Self::OutboundOpenInfo, Self::ToBehaviour>> {
        self.handler.as_mut().map_or(Poll::Pending, |handler| handler.poll(cx))
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Option<Self::ToBehaviour>> {
        self.handler.as_mut().map_or(Poll::Ready(None), |handler| handler.poll_close(cx))
    }

    fn on_behaviour_event(&mut self, event: Self::FromBehaviour) {
        if let Some(handler) = &mut self.handler {
            handler.on_behaviour_event(event);
        }
    }

    fn on_connection_event(
        &mut self,
        event: ConnectionEvent<
            '_,
            Self::InboundProtocol,
            Self::OutboundProtocol,
            Self::InboundOpenInfo,
            Self::OutboundOpenInfo,
        >,
    ) {
        let handler = match event {
            ConnectionEvent::FullyNegotiatedInbound(_) => self.admitted(),
            _ => self.handler.as_deref_mut(),
        };
        if let Some(handler) = handler {
            handler.on_connection_event(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use libp2p::swarm::handler::UpgradeInfoSend;

    use super::*;

    #[test]
    fn a_strangers_request_reaches_no_handler_and_one_who_enrols_meanwhile_gets_one() {
        let (admission, conduct, peer) = (Admission::default(), Arc::<Conduct>::default(), PeerId::random());
        let address = |text: &str| text.parse::<Multiaddr>().unwrap();
        let mut gate = Gate::of(Caller {
            peer,
            connection: ConnectionId::new_unchecked(1),
            local: address("/ip4/203.0.113.1/tcp/4040"),
            remote: address("/ip4/203.0.113.5/tcp/50123"),
            admission: admission.clone(),
            conduct: conduct.clone(),
        });
        assert!(gate.admitted().is_none());
        assert_eq!(conduct.read().strangers_requests, 1);
        let names = |gate: &Gate| -> Vec<String> {
            gate.listen_protocol()
                .upgrade()
                .protocol_info()
                .map(|name| AsRef::<str>::as_ref(&name).to_owned())
                .collect()
        };
        let before = names(&gate);
        admission.admit(peer);
        assert!(gate.admitted().is_some());
        assert_eq!(names(&gate), before, "both speak the same");
    }
}
