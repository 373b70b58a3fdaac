//! Homes: nodes that stand in for a photographer's first one, by that one's signed word.
//! Here a second home is a photographer's peer like any other, but it publishes nothing.

use enprint_protocol::enrol::{Contact, Role};
use enprint_protocol::home::Home;
use enprint_protocol::limits::NAME_BYTES_MAX;
use enprint_protocol::signed::Signed;
use enprint_protocol::time::UnixMs;
use enprint_protocol::{Multiaddr, PeerId, codec};
use enprint_store::args;
use enprint_store::ledger::{Session as Sql, Tx};

use super::enrolment::{active_as, find, kept_addresses};
use super::{Index, binding};
use crate::error::HostError;
use crate::limits;
use crate::stored;
use crate::views::PeerState;

impl Index {
    /// Takes a photographer's word on a home, said by either of them; whether the home
    /// stands in. That it does, it has to say itself, or anybody could make somebody else
    /// their home. Repeated, and after a later word, it changes nothing.
    ///
    /// # Errors
    /// [`HostError::NotHere`] when the signer is no enrolled photographer or suspended, the
    /// home is a peer of its own, or a later word has ended it; a protocol error for a
    /// wrong signature.
    pub async fn stand_in(
        &self,
        peer: PeerId,
        signed: &Signed<Home>,
        addresses: &[Multiaddr],
    ) -> Result<(PeerId, bool), HostError> {
        let (key, home) = signed.open_any()?;
        if key.to_peer_id() != home.photographer || ![home.photographer, home.home].contains(&peer) {
            return Err(HostError::NotHere);
        }
        let word = Word {
            index: self,
            addresses: (peer == home.home).then(|| stored::join_addresses(&kept_addresses(addresses))),
            encoded: codec::encode(signed)?,
            home,
            now: self.now(),
        };
        let word = &word;
        let stands_in = self.ledger().write(|tx| Box::pin(word.take(tx))).await?;
        if peer == word.home.home && !stands_in {
            return Err(HostError::NotHere);
        }
        Ok((word.home.home, stands_in))
    }

    /// The other homes of a photographer: where a second finds the first.
    pub(super) async fn other_homes(&self, peer: PeerId) -> Result<Vec<Contact>, HostError> {
        let mut sql = self.ledger().read();
        let first = first_of(&mut sql, peer).await?;
        let mut contacts = Vec::new();
        for home in of(&mut sql, first).await? {
            if home != peer
                && let Some(found) = find(&mut sql, home).await?.filter(|found| found.state == PeerState::Active)
            {
                let (role, name, addresses) = (found.role, found.name, found.addresses);
                contacts.push(Contact { peer_id: home, role, name, addresses });
            }
        }
        Ok(contacts)
    }
}

/// One word on a home.
struct Word<'a> {
    index: &'a Index,
    home: Home,
    encoded: Vec<u8>,
    /// Where the home says it is, if it speaks itself.
    addresses: Option<String>,
    now: UnixMs,
}

impl Word<'_> {
    async fn take(&self, tx: &mut Tx<'_>) -> Result<bool, HostError> {
        let photographer = active_as(tx, self.home.photographer, Role::Photographer).await?;
        let (home, first) = (self.home.home.to_string(), self.home.photographer.to_string());
        let sql = "SELECT photographer, since_ms, ended FROM home WHERE home = $1";
        let known = tx.fetch_optional(sql, args![&home]).await?;
        let as_peer = find(tx, self.home.home).await?;
        let is_standing = match &known {
            Some(known) => known.int("ended")? == 0,
            None => false,
        };
        // Somebody's own peer becomes nobody's home, and no home is another's too.
        if as_peer.is_some() && !is_standing || is_home(tx, self.home.photographer).await? {
            return Err(HostError::NotHere);
        }
        if let Some(known) = &known {
            let is_anothers = known.text("photographer")? != first;
            if is_anothers && (is_standing || self.home.ended) {
                return Err(HostError::NotHere);
            }
            // Of two words of one moment the one that ends holds: after the last moment is none.
            let is_revived = known.int("ended")? == 1 && !self.home.ended;
            let since = known.int("since_ms")?;
            if !is_anothers && (since > self.home.since.0 || is_revived && since == self.home.since.0) {
                return Ok(is_standing);
            }
        }
        if as_peer.is_some_and(|known| known.state != PeerState::Active) {
            return Err(HostError::NotHere);
        }
        // Its addresses are there when it speaks itself.
        if !self.home.ended && self.addresses.is_none() {
            return Ok(is_standing);
        }
        if known.is_none() {
            check_room(tx, &first).await?;
        }
        let sql = "INSERT INTO home (home, photographer, since_ms, ended, signed) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (home) DO UPDATE SET photographer = $2, since_ms = $3, ended = $4, signed = $5";
        let ended = i64::from(self.home.ended);
        tx.execute(sql, args![&home, &first, self.home.since.0, ended, &self.encoded]).await?;
        if self.home.ended {
            if is_standing {
                tx.execute("DELETE FROM peer WHERE peer_id = $1", args![home]).await?;
                binding::give_back(self.index, tx, self.home.photographer, self.home.home).await?;
            }
            return Ok(false);
        }
        self.enrol(tx, &home, &photographer.name).await?;
        Ok(true)
    }

    async fn enrol(&self, tx: &mut Tx<'_>, home: &str, photographer: &str) -> Result<(), HostError> {
        let count = tx.fetch_one("SELECT COUNT(*) AS peers FROM peer", args![]).await?.int("peers")?;
        if count >= i64::from(limits::PEERS_MAX) {
            return Err(HostError::QuotaReached { what: "Enrolled peers", max: limits::PEERS_MAX.into() });
        }
        let sql = "INSERT INTO peer (peer_id, role, name, addresses, enrolled_ms) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (peer_id) DO UPDATE SET name = $3, addresses = COALESCE($6, peer.addresses)";
        let (role, at) = (Role::Photographer.word(), self.addresses.clone());
        let known_at = at.clone().unwrap_or_default();
        tx.execute(sql, args![home, role, name_of(photographer), known_at, self.now.0, at]).await?;
        Ok(())
    }
}

/// A photographer gone bad must not fill the list of peers with homes.
async fn check_room(tx: &mut Tx<'_>, first: &str) -> Result<(), HostError> {
    let sql = "SELECT COUNT(*) AS homes FROM home WHERE photographer = $1";
    let max = limits::HOMES_PER_PHOTOGRAPHER_MAX;
    if stored::count(&tx.fetch_one(sql, args![first]).await?, "homes")? < max {
        return Ok(());
    }
    Err(HostError::QuotaReached { what: "Homes of a photographer", max })
}

/// The operator removes a peer. If it is a home, the word by which it stands in counts no
/// more, only a later one does; what it has not finished goes back to the first.
pub(super) async fn removed(index: &Index, tx: &mut Tx<'_>, home: PeerId) -> Result<(), HostError> {
    let first = first_of(tx, home).await?;
    if first == home {
        return Ok(());
    }
    // A home gone bad may have said the last moment that there is.
    let sql = "UPDATE home SET ended = 1,
             since_ms = CASE WHEN since_ms < $2 THEN since_ms + 1 ELSE since_ms END WHERE home = $1";
    tx.execute(sql, args![home.to_string(), i64::MAX]).await?;
    binding::give_back(index, tx, first, home).await
}

/// Whether a peer is the second home of somebody.
pub(super) async fn is_home(sql: &mut Sql, peer: PeerId) -> Result<bool, HostError> {
    let query = "SELECT 1 AS one FROM home WHERE home = $1 AND ended = 0";
    Ok(sql.fetch_optional(query, args![peer.to_string()]).await?.is_some())
}

/// The first home of a photographer by any of their homes: itself, if it is none.
pub(super) async fn first_of(sql: &mut Sql, peer: PeerId) -> Result<PeerId, HostError> {
    let query = "SELECT photographer FROM home WHERE home = $1 AND ended = 0";
    let row = sql.fetch_optional(query, args![peer.to_string()]).await?;
    row.map_or(Ok(peer), |row| stored::peer(&row, "photographer"))
}

/// All homes of a photographer, the first one first.
pub(super) async fn of(sql: &mut Sql, first: PeerId) -> Result<Vec<PeerId>, HostError> {
    let query = "SELECT home FROM home WHERE photographer = $1 AND ended = 0 ORDER BY since_ms, home";
    let rows = sql.fetch_all(query, args![first.to_string()]).await?;
    std::iter::once(Ok(first)).chain(rows.iter().map(|row| stored::peer(row, "home"))).collect()
}

/// What operators and labs read of a second home.
fn name_of(photographer: &str) -> String {
    const SECOND: &str = " (second home)";
    let room = NAME_BYTES_MAX - SECOND.len();
    let end = (0..=photographer.len().min(room)).rev().find(|end| photographer.is_char_boundary(*end)).unwrap_or(0);
    format!("{}{SECOND}", &photographer[..end])
}
