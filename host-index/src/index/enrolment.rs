//! Invitations, and the peers that used one.

use std::time::Duration;

use enprint_protocol::access_code::InvitationCode;
use enprint_protocol::enrol::Role;
use enprint_protocol::ids::ContentHash;
use enprint_protocol::limits::{ADDRESSES_MAX, NAME_BYTES_MAX};
use enprint_protocol::time::UnixMs;
use enprint_protocol::{Multiaddr, PeerId, text};
use enprint_store::args;
use enprint_store::ledger::{Row, Session as Sql, Tx};

use super::{Index, events, homes, ms};
use crate::error::HostError;
use crate::limits;
use crate::stored;
use crate::views::{PeerState, PeerView};

/// What a peer shows to enrol.
#[derive(Debug, Clone)]
pub struct Enrolment {
    /// The code.
    pub invitation: InvitationCode,
    /// What it must be for.
    pub role: Role,
    /// The name that others see.
    pub name: String,
    /// Where it can be reached.
    pub addresses: Vec<Multiaddr>,
}

impl Index {
    /// Makes an invitation that one peer can use once. The database keeps its keyed
    /// hash alone, so it can't be shown again.
    ///
    /// # Errors
    /// [`HostError::BadValidity`] outside a minute to a year.
    pub async fn invite(&self, role: Role, valid_for: Duration) -> Result<InvitationCode, HostError> {
        if !(limits::INVITATION_VALID_MIN..=limits::INVITATION_VALID_MAX).contains(&valid_for) {
            return Err(HostError::BadValidity);
        }
        let (code, now) = (InvitationCode::random(), self.now());
        let sql = "INSERT INTO invitation (code_hash, role, created_ms, expires_ms) VALUES ($1, $2, $3, $4)";
        let hash = self.secrets().invitation(&code);
        let expires = now.plus_ms(ms(valid_for));
        self.ledger().execute(sql, args![hash.0, role.word(), now.0, expires.0]).await?;
        Ok(code)
    }

    /// Enrols `peer`. Repeated by the same peer with the same code it changes nothing
    /// and answers the same; for everybody else the code is used up.
    ///
    /// # Errors
    /// [`HostError::BadInvitation`] for a code that is wrong, used, too old or for
    /// another role, and for a suspended peer; [`HostError::TooManyTries`].
    pub async fn enrol(&self, peer: PeerId, enrolment: &Enrolment) -> Result<PeerView, HostError> {
        let now = self.now();
        let name = text::required("The name", &enrolment.name, NAME_BYTES_MAX, false)?;
        if !self.shared.tries.may_try(&peer, now) {
            return Err(HostError::TooManyTries);
        }
        let newcomer = Newcomer {
            peer,
            role: enrolment.role,
            name: &name,
            addresses: &stored::join_addresses(&kept_addresses(&enrolment.addresses)),
            code_hash: self.secrets().invitation(&enrolment.invitation),
            now,
        };
        let newcomer = &newcomer;
        let enrolled = self.ledger().write(|tx| Box::pin(enrol_in(tx, newcomer))).await;
        if matches!(enrolled, Err(HostError::BadInvitation)) {
            self.shared.tries.wrong(peer);
        }
        enrolled
    }

    /// All enrolled peers, by role and name.
    ///
    /// # Errors
    /// The database's.
    pub async fn peers(&self) -> Result<Vec<PeerView>, HostError> {
        let sql = "SELECT * FROM peer ORDER BY role, name, peer_id";
        let rows = self.ledger().read().fetch_all(sql, args![]).await?;
        rows.iter().map(peer_view).collect()
    }

    /// One enrolled peer.
    ///
    /// # Errors
    /// The database's.
    pub async fn peer(&self, peer: PeerId) -> Result<Option<PeerView>, HostError> {
        find(&mut self.ledger().read(), peer).await
    }

    /// Whom this host's processes talk to.
    ///
    /// # Errors
    /// The database's.
    pub async fn admitted(&self) -> Result<Vec<PeerId>, HostError> {
        let sql = "SELECT peer_id FROM peer WHERE suspended_ms IS NULL";
        let rows = self.ledger().read().fetch_all(sql, args![]).await?;
        rows.iter().map(|row| stored::peer(row, "peer_id")).collect()
    }

    /// Lets `peer` take no further part, with its second homes, and closes its galleries, until
    /// it is restored.
    /// Nothing is deleted. Running processes disconnect it within seconds.
    ///
    /// # Errors
    /// [`HostError::NotHere`] for a peer that is not enrolled.
    pub async fn suspend_peer(&self, peer: PeerId) -> Result<(), HostError> {
        let sql = "UPDATE peer SET suspended_ms = COALESCE(suspended_ms, $2)
             WHERE peer_id = $1 OR peer_id IN (SELECT home FROM home WHERE photographer = $1 AND ended = 0)";
        found(self.ledger().execute(sql, args![peer.to_string(), self.now().0]).await?)
    }

    /// Undoes [`suspend_peer`](Self::suspend_peer).
    ///
    /// # Errors
    /// [`HostError::NotHere`] for a peer that is not enrolled.
    pub async fn restore_peer(&self, peer: PeerId) -> Result<(), HostError> {
        let sql = "UPDATE peer SET suspended_ms = NULL
             WHERE peer_id = $1 OR peer_id IN (SELECT home FROM home WHERE photographer = $1 AND ended = 0)";
        found(self.ledger().execute(sql, args![peer.to_string()]).await?)
    }

    /// Forgets `peer`, and with it its events and their photos. Orders stay. It may
    /// enrol anew with another invitation.
    ///
    /// # Errors
    /// [`HostError::NotHere`] for a peer that is not enrolled.
    pub async fn remove_peer(&self, peer: PeerId) -> Result<(), HostError> {
        let now = self.now();
        self.ledger().write(|tx| Box::pin(remove_in(self, tx, peer, now))).await?;
        Ok(self.ledger().give_back_space().await?)
    }

    /// The peer, if it may take part.
    pub(super) async fn active_peer(&self, peer: PeerId) -> Result<PeerView, HostError> {
        active(&mut self.ledger().read(), peer).await
    }
}

struct Newcomer<'a> {
    peer: PeerId,
    role: Role,
    name: &'a str,
    addresses: &'a str,
    code_hash: ContentHash,
    now: UnixMs,
}

async fn enrol_in(tx: &mut Tx<'_>, new: &Newcomer<'_>) -> Result<PeerView, HostError> {
    let known = find(tx, new.peer).await?;
    if known.as_ref().is_some_and(|known| known.role != new.role || known.state != PeerState::Active) {
        return Err(HostError::BadInvitation);
    }
    let sql = "SELECT role, expires_ms, used_by FROM invitation WHERE code_hash = $1";
    let row = tx.fetch_optional(sql, args![new.code_hash.0]).await?.ok_or(HostError::BadInvitation)?;
    let used_by: Option<String> = row.get("used_by")?;
    match (used_by, known) {
        (Some(user), Some(known)) if user == new.peer.to_string() => return Ok(known),
        (None, _) => {}
        _ => return Err(HostError::BadInvitation),
    }
    if row.text("role")? != new.role.word() || row.int("expires_ms")? <= new.now.0 {
        return Err(HostError::BadInvitation);
    }
    use_up(tx, new).await?;
    find(tx, new.peer).await?.ok_or(HostError::NotHere)
}

async fn use_up(tx: &mut Tx<'_>, new: &Newcomer<'_>) -> Result<(), HostError> {
    let count = tx.fetch_one("SELECT COUNT(*) AS peers FROM peer", args![]).await?.int("peers")?;
    if count >= i64::from(limits::PEERS_MAX) {
        return Err(HostError::QuotaReached { what: "Enrolled peers", max: limits::PEERS_MAX.into() });
    }
    let peer = new.peer.to_string();
    let sql = "UPDATE invitation SET used_by = $2, used_ms = $3 WHERE code_hash = $1";
    tx.execute(sql, args![new.code_hash.0, &peer, new.now.0]).await?;
    let sql = "INSERT INTO peer (peer_id, role, name, addresses, enrolled_ms, seen_ms)
               VALUES ($1, $2, $3, $4, $5, $5)
               ON CONFLICT (peer_id) DO UPDATE SET name = $3, addresses = $4, seen_ms = $5";
    tx.execute(sql, args![peer, new.role.word(), new.name, new.addresses, new.now.0]).await?;
    Ok(())
}

async fn remove_in(index: &Index, tx: &mut Tx<'_>, peer: PeerId, now: UnixMs) -> Result<(), HostError> {
    let sql = "SELECT event_id FROM event WHERE photographer = $1";
    for row in tx.fetch_all(sql, args![peer.to_string()]).await? {
        events::delete(tx, stored::bytes(&row, "event_id")?, peer, now).await?;
    }
    homes::removed(index, tx, peer).await?;
    let sql = "DELETE FROM peer WHERE peer_id IN (SELECT home FROM home WHERE photographer = $1 AND ended = 0)";
    tx.execute(sql, args![peer.to_string()]).await?;
    // What was ended stays so, should the photographer be invited anew.
    tx.execute("DELETE FROM home WHERE photographer = $1 AND ended = 0", args![peer.to_string()]).await?;
    found(tx.execute("DELETE FROM peer WHERE peer_id = $1", args![peer.to_string()]).await?)
}

/// The peer, if it may take part; else it looks as if it were not there.
pub(super) async fn active(sql: &mut Sql, peer: PeerId) -> Result<PeerView, HostError> {
    let known = find(sql, peer).await?;
    known.filter(|known| known.state == PeerState::Active).ok_or(HostError::NotHere)
}

/// As [`active`], in a certain role.
pub(super) async fn active_as(sql: &mut Sql, peer: PeerId, role: Role) -> Result<PeerView, HostError> {
    let known = active(sql, peer).await?;
    if known.role == role { Ok(known) } else { Err(HostError::NotHere) }
}

/// The peer in a certain role, whether it may take part at the moment or not.
pub(super) async fn enrolled_as(sql: &mut Sql, peer: PeerId, role: Role) -> Result<PeerView, HostError> {
    let known = find(sql, peer).await?;
    known.filter(|known| known.role == role).ok_or(HostError::NotHere)
}

pub(super) async fn find(sql: &mut Sql, peer: PeerId) -> Result<Option<PeerView>, HostError> {
    let query = "SELECT * FROM peer WHERE peer_id = $1";
    let row = sql.fetch_optional(query, args![peer.to_string()]).await?;
    row.as_ref().map(peer_view).transpose()
}

fn found(rows: u64) -> Result<(), HostError> {
    if rows == 0 { Err(HostError::NotHere) } else { Ok(()) }
}

/// What is kept of a peer's addresses: a few, each of a sensible length.
pub(super) fn kept_addresses(addresses: &[Multiaddr]) -> Vec<Multiaddr> {
    let sensible = addresses.iter().filter(|address| address.to_string().len() <= limits::ADDRESS_BYTES_MAX);
    sensible.take(ADDRESSES_MAX).cloned().collect()
}

pub(super) fn peer_view(row: &Row) -> Result<PeerView, HostError> {
    let suspended: Option<i64> = row.get("suspended_ms")?;
    Ok(PeerView {
        peer_id: stored::peer(row, "peer_id")?,
        role: Role::from_word(&row.text("role")?).ok_or_else(|| stored::unreadable("a role"))?,
        name: row.text("name")?,
        addresses: stored::split_addresses(&row.text("addresses")?),
        state: if suspended.is_some() { PeerState::Suspended } else { PeerState::Active },
        enrolled: stored::moment(row, "enrolled_ms")?,
        seen: stored::maybe_moment(row, "seen_ms")?,
    })
}
