//! How two nodes become homes of one photographer, and how a home ceases to be one. The
//! first gives out a code; a fresh node shows it and gets the first one's signed word.

use enprint_protocol::access_code::InvitationCode;
use enprint_protocol::enrol::{Enrol, EnrolReply, EnrolRequest};
use enprint_protocol::home::{Home, Pair, PairReply, PairRequest};
use enprint_protocol::ids::{ContentHash, EventId};
use enprint_protocol::limits::{ADDRESSES_MAX, NAME_BYTES_MAX};
use enprint_protocol::replica::Copied;
use enprint_protocol::signed::Signed;
use enprint_protocol::time::UnixMs;
use enprint_protocol::{ErrorCode, Multiaddr, PeerId, ProtocolError, Refusal, text};

use super::answers::{HomeInvitation, HomeSummary};
use crate::addresses;
use crate::error::NodeError;
use crate::limits::HOME_INVITATION_VALID;
use crate::photographer::catalogue::{FirstHome, HostRow, SecondHome};
use crate::photographer::commands::{PhotographerAnswer, PhotographerCommand};
use crate::photographer::naming;
use crate::photographer::node::{Node, now};

impl Node {
    /// At a second home, refuses whatever the photographer decides at the first.
    pub(in crate::photographer) async fn check_decides(&self, command: &PhotographerCommand) -> Result<(), NodeError> {
        use PhotographerCommand as Command;
        let decides = matches!(
            command,
            Command::Enrol { .. }
                | Command::Event { .. }
                | Command::Import { .. }
                | Command::Edit { .. }
                | Command::Publish { .. }
                | Command::Withdraw { .. }
                | Command::LeaveHost { .. }
                | Command::UseLab { .. }
                | Command::InviteSecondHome
                | Command::RemoveSecondHome { .. }
        );
        match self.catalogue.first_home().await? {
            Some(first) if decides => Err(decides_there(&first)),
            _ => Ok(()),
        }
    }

    /// Whether this is a second home and the event a copy of which the first home has nothing:
    /// it was removed there, and goes here when the photographer says so.
    ///
    /// # Errors
    /// At a second home, for an event that the first home has.
    pub(in crate::photographer) async fn is_left_copy(&self, event_id: EventId) -> Result<bool, NodeError> {
        let Some(first) = self.catalogue.first_home().await? else { return Ok(false) };
        if self.catalogue.followed().await?.iter().any(|(followed, ..)| *followed == event_id) {
            return Err(decides_there(&first));
        }
        Ok(true)
    }

    /// Makes a code that one node can use once.
    pub(in crate::photographer) async fn invite_second_home(&self) -> Result<PhotographerAnswer, NodeError> {
        let code = InvitationCode::random();
        let valid_ms = i64::try_from(HOME_INVITATION_VALID.as_millis()).unwrap_or(i64::MAX);
        let until = now().plus_ms(valid_ms);
        self.catalogue.invite_home(hash_of(&code), until.0).await?;
        let peer = self.client.peer_id();
        let at = self.client.addresses().into_iter().filter_map(|address| address.with_p2p(peer).ok());
        let line = std::iter::once(code.to_string()).chain(at.map(|address| address.to_string()));
        let line = line.collect::<Vec<_>>().join(" ");
        Ok(PhotographerAnswer::SecondHomeInvited(HomeInvitation { line, until }))
    }

    /// Follows the home whose line that is, from now on.
    pub(in crate::photographer) async fn join_first_home(
        &self,
        line: &str,
        name: &str,
    ) -> Result<PhotographerAnswer, NodeError> {
        let (code, peer, at) = read_line(line)?;
        let name = text::required("The home's name", name, NAME_BYTES_MAX, false)?;
        self.check_is_fresh(peer).await?;
        self.client.dial(peer, at.clone()).await?;
        let request = PairRequest::Join { code, name, addresses: self.client.addresses() };
        let (signed, photographer) = match self.client.ask::<Pair>(peer, request).await? {
            PairReply::Paired { home, photographer } => (home, photographer),
            PairReply::Refused(refusal) => return Err(NodeError::Refused(refusal)),
        };
        let home = signed.open_from(&peer)?;
        if (home.photographer, home.home, home.ended) != (peer, self.client.peer_id(), false) {
            return Err(ProtocolError::BadSignature { record: "home" }.into());
        }
        let name = text::optional("The photographer's name", &photographer, NAME_BYTES_MAX, false)?;
        let first = FirstHome { peer_id: peer, name, addresses: at, signed, copied_bytes: 0, trouble: None };
        self.catalogue.put_first_home(&first).await?;
        self.following.begin();
        self.list_homes().await
    }

    /// Lets no originals of another photographer's mix with what is here.
    async fn check_is_fresh(&self, peer: PeerId) -> Result<(), NodeError> {
        let first = self.catalogue.first_home().await?;
        let is_fresh = match &first {
            Some(first) => first.peer_id == peer,
            None => self.catalogue.events().await?.is_empty() && self.catalogue.hosts().await?.is_empty(),
        };
        if is_fresh && self.catalogue.second_homes().await?.is_empty() {
            return Ok(());
        }
        let problem = "This node has events, hosts or homes of its own. A second home begins empty: give it a data folder of its own with --data.";
        Err(NodeError::NotNow { problem: problem.into() })
    }

    /// Answers a node that wants to be a home.
    pub(in crate::photographer) async fn answer_pairing(
        &self,
        peer: PeerId,
        request: PairRequest,
    ) -> Result<PairReply, NodeError> {
        let PairRequest::Join { code, name, mut addresses } = request;
        if self.catalogue.first_home().await?.is_some() {
            return Ok(bad_invitation().into());
        }
        let name = text::required("The home's name", &name, NAME_BYTES_MAX, false)?;
        addresses.truncate(ADDRESSES_MAX);
        let signed = self.word_on_home(peer, now(), false)?;
        let home = SecondHome { peer_id: peer, name, addresses, signed, copied: None };
        let Some(home) = self.catalogue.take_home(hash_of(&code), &home).await? else {
            return Ok(bad_invitation().into());
        };
        self.admission.admit(peer);
        tracing::info!(peer.id = %peer, "a second home is paired");
        let photographer = self.catalogue.own_name().await?.unwrap_or_default();
        Ok(PairReply::Paired { home, photographer })
    }

    /// The homes that there are beside this one.
    pub(in crate::photographer) async fn list_homes(&self) -> Result<PhotographerAnswer, NodeError> {
        Ok(PhotographerAnswer::SecondHomes { homes: self.home_summaries().await? })
    }

    pub(in crate::photographer) async fn home_summaries(&self) -> Result<Vec<HomeSummary>, NodeError> {
        let mut homes = Vec::new();
        if let Some(first) = self.catalogue.first_home().await? {
            let Copied { photos, here, trouble } = self.copied().await?;
            homes.push(HomeSummary {
                peer_id: first.peer_id,
                connected: self.client.is_connected(&first.peer_id),
                name: first.name,
                is_first: true,
                photos,
                copied: here,
                copied_bytes: Some(first.copied_bytes),
                trouble,
            });
        }
        for home in self.catalogue.second_homes().await? {
            let Copied { photos, here, trouble } = home.copied.unwrap_or_default();
            homes.push(HomeSummary {
                peer_id: home.peer_id,
                connected: self.client.is_connected(&home.peer_id),
                name: home.name,
                is_first: false,
                photos,
                copied: here,
                copied_bytes: None,
                trouble,
            });
        }
        Ok(homes)
    }

    /// A home follows no longer: it gets nothing more from here, and the hosts are told.
    pub(in crate::photographer) async fn remove_second_home(
        &self,
        named: &str,
    ) -> Result<PhotographerAnswer, NodeError> {
        let homes = self.catalogue.second_homes().await?;
        let at = naming::find(named, homes.iter().map(|home| (home.peer_id.to_string(), home.name.as_str())))?;
        let home = at.map(|at| &homes[at]).ok_or_else(|| NodeError::Unknown {
            what: "second home",
            name: named.trim().to_owned(),
            hint: "“second-home list” lists them.",
        })?;
        // Later than the word before, whatever was done to the clock.
        let before = home.signed.open_from(&self.client.peer_id())?.since;
        let since = UnixMs(now().0.max(before.0.saturating_add(1)));
        let ended = self.word_on_home(home.peer_id, since, true)?;
        self.catalogue.end_home(home.peer_id, &ended).await?;
        self.admission.forget(home.peer_id);
        self.client.disconnect(home.peer_id).await?;
        self.list_homes().await
    }

    /// At a second home, asks every host for what another home has not finished.
    pub(in crate::photographer) async fn take_over(
        &self,
        order: Option<String>,
    ) -> Result<PhotographerAnswer, NodeError> {
        if self.catalogue.first_home().await?.is_none() {
            let problem =
                "Only a second home takes orders over; this node is the first, whose orders come by themselves.";
            return Err(NodeError::NotNow { problem: problem.into() });
        }
        let hosts = self.catalogue.hosts().await?;
        if hosts.is_empty() {
            return Err(NodeError::NotEnrolled);
        }
        let (mut taken, mut failed) = (0, None);
        for host in hosts {
            match self.take_over_at(&host, order.clone()).await {
                Ok(orders) => taken += orders,
                Err(error) => failed = Some(error),
            }
        }
        match failed {
            Some(error) if taken == 0 => Err(error),
            _ => Ok(PhotographerAnswer::TakenOver { orders: taken }),
        }
    }

    async fn take_over_at(&self, host: &HostRow, order: Option<String>) -> Result<u32, NodeError> {
        let process = self.reach_host(host).await?;
        self.announce(process).await?;
        match self.client.ask::<Enrol>(process, EnrolRequest::TakeOver { order }).await? {
            EnrolReply::TakenOver { orders } => Ok(orders),
            EnrolReply::Refused(refusal) => Err(NodeError::Refused(refusal)),
            _ => Err(ProtocolError::Malformed { reason: "the host answered another question".into() }.into()),
        }
    }

    fn word_on_home(&self, home: PeerId, since: UnixMs, ended: bool) -> Result<Signed<Home>, NodeError> {
        let photographer = self.client.peer_id();
        Ok(Signed::sign(&Home { photographer, home, since, ended }, &self.key)?)
    }
}

fn decides_there(first: &FirstHome) -> NodeError {
    let first = named(first);
    NodeError::NotNow {
        problem: format!("This node is a second home and follows {first}. Do it there; it is here a moment later."),
    }
}

/// How people call a first home.
fn named(first: &FirstHome) -> String {
    if first.name.is_empty() {
        "the first one".into()
    } else {
        format!("the first one of {}", text::shown(&first.name))
    }
}

/// A code, and where the one is that gave it.
fn read_line(line: &str) -> Result<(InvitationCode, PeerId, Vec<Multiaddr>), NodeError> {
    let expected = "the line that “second-home invite” printed: a code and addresses";
    let unreadable = || ProtocolError::Unreadable { given: text::shown(line), expected };
    let mut words = line.split_whitespace();
    let code = words.next().ok_or_else(unreadable)?.parse().map_err(|_| unreadable())?;
    let (mut peers, mut at) = (Vec::new(), Vec::new());
    for word in words.take(ADDRESSES_MAX) {
        let (peer, address) = addresses::split_peer(word.parse().map_err(|_| unreadable())?)?;
        peers.push(peer);
        at.push(address);
    }
    match peers.first() {
        Some(peer) if peers.iter().all(|other| other == peer) => Ok((code, *peer, at)),
        _ => Err(unreadable().into()),
    }
}

/// What the catalogue keeps of a code: it has 60 random bits and lasts an hour.
fn hash_of(code: &InvitationCode) -> ContentHash {
    code.keyed_hash(blake3::hash(b"enprint home invitation 1").as_bytes())
}

fn bad_invitation() -> Refusal {
    let text = "The code is not right: it may be mistyped, used already, or too old. “second-home invite” at the first home gives another.";
    Refusal::new(ErrorCode::BadInvitation, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_was_printed_and_another_is_refused_in_words() {
        let (one, other) = (PeerId::random(), PeerId::random());
        let line = format!(" 7K3M-Q9XA-10TD /ip4/192.0.2.1/tcp/4041/p2p/{one}\n/ip6/::1/tcp/4041/p2p/{one}");
        let (code, peer, at) = read_line(&line).unwrap();
        assert_eq!((code.to_string().as_str(), peer, at.len()), ("7K3M-Q9XA-10TD", one, 2));
        for wrong in [
            "".to_owned(),
            "7K3M-Q9XA-10TD".to_owned(),
            format!("7K3M-Q9XA-10TD /ip4/192.0.2.1/tcp/1/p2p/{one} /ip4/192.0.2.1/tcp/1/p2p/{other}"),
            "7K3M-Q9XA-10TD somewhere".to_owned(),
        ] {
            assert!(read_line(&wrong).is_err(), "{wrong}");
        }
    }
}
