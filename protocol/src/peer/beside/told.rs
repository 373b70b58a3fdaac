//! What both ends of a connection say of connections beside it: names that `identify` lists
//! with those of the conversations. An older peer lists none, and gets no such connections.
//! Nothing is ever said on a stream of these names.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use libp2p::core::upgrade::{DeniedUpgrade, InboundUpgrade, UpgradeInfo};
use libp2p::swarm::handler::{ConnectionEvent, ProtocolsChange};
use libp2p::swarm::{ConnectionHandler, ConnectionHandlerEvent, Stream, SubstreamProtocol};

use crate::peer::roles::PeerRole;

/// A lab: several connections may come.
const TAKES: &str = "/enprint/several/1";
/// A photographer's node whose system does not let TCP find its pace.
const UNPACED: &str = "/enprint/unpaced/1";
/// Who dialled this connection has others.
const BESIDE: &str = "/enprint/beside/1";

/// What one end says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::peer) struct Said {
    /// It takes files over several connections.
    pub(super) takes: bool,
    /// It sends files without a pace of TCP's.
    pub(super) is_unpaced: bool,
    /// This connection stands beside others.
    pub(super) is_beside: bool,
}

impl Said {
    /// Of a peer of that role, for all its connections.
    pub(super) fn by(role: PeerRole, has_pace: bool) -> Self {
        let is_unpaced = role == PeerRole::Photographer && !has_pace;
        Self { takes: role == PeerRole::Lab, is_unpaced, is_beside: false }
    }

    fn and(self, more: Self) -> Self {
        Self {
            takes: self.takes || more.takes,
            is_unpaced: self.is_unpaced || more.is_unpaced,
            is_beside: self.is_beside || more.is_beside,
        }
    }

    fn heard<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        names.fold(Self::default(), |said, name| Self {
            takes: said.takes || name == TAKES,
            is_unpaced: said.is_unpaced || name == UNPACED,
            is_beside: said.is_beside || name == BESIDE,
        })
    }
}

/// Says it, and hears what the other end says.
pub(in crate::peer) struct Telling {
    says: Said,
    known: Said,
    heard: Option<Said>,
}

impl Telling {
    pub(super) fn new(says: Said) -> Self {
        Self { says, known: Said::default(), heard: None }
    }
}

impl ConnectionHandler for Telling {
    type FromBehaviour = Infallible;
    type ToBehaviour = Said;
    type InboundProtocol = Names;
    type OutboundProtocol = DeniedUpgrade;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = ();

    fn listen_protocol(&self) -> SubstreamProtocol<Names> {
        SubstreamProtocol::new(Names(self.says), ())
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ConnectionHandlerEvent<DeniedUpgrade, (), Said>> {
        match self.heard.take() {
            Some(said) => Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(said)),
            None => Poll::Pending,
        }
    }

    fn on_behaviour_event(&mut self, event: Infallible) {
        match event {}
    }

    fn on_connection_event(&mut self, event: ConnectionEvent<'_, Names, DeniedUpgrade>) {
        if let ConnectionEvent::RemoteProtocolsChange(ProtocolsChange::Added(added)) = event {
            // Names that come later add to those of before.
            self.known = self.known.and(Said::heard(added.map(AsRef::as_ref)));
            self.heard = Some(self.known);
        }
    }
}

/// The names of what is said. A stream that somebody opens by one of them is dropped.
pub(in crate::peer) struct Names(Said);

impl UpgradeInfo for Names {
    type Info = &'static str;
    type InfoIter = std::iter::Flatten<std::array::IntoIter<Option<&'static str>, 3>>;

    fn protocol_info(&self) -> Self::InfoIter {
        let Said { takes, is_unpaced, is_beside } = self.0;
        let named = |is_said: bool, name| is_said.then_some(name);
        [named(takes, TAKES), named(is_unpaced, UNPACED), named(is_beside, BESIDE)].into_iter().flatten()
    }
}

impl InboundUpgrade<Stream> for Names {
    type Output = ();
    type Error = Infallible;
    type Future = Ready<Result<(), Infallible>>;

    fn upgrade_inbound(self, _: Stream, _: &'static str) -> Self::Future {
        ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_heard_and_its_names_on_the_wire_stay() {
        let by = |role, has_pace| Said::by(role, has_pace);
        let beside = Said { is_beside: true, ..by(PeerRole::Photographer, false) };
        for (said, names) in [
            (by(PeerRole::Lab, false), &["/enprint/several/1"][..]),
            (by(PeerRole::Photographer, false), &["/enprint/unpaced/1"]),
            (beside, &["/enprint/unpaced/1", "/enprint/beside/1"]),
            (by(PeerRole::Photographer, true), &[]),
            (by(PeerRole::Host, false), &[]),
        ] {
            let told: Vec<&str> = Names(said).protocol_info().collect();
            assert_eq!(told, names);
            assert_eq!(Said::heard(told.into_iter().chain(["/enprint/enrol/1"])), said);
        }
    }
}
