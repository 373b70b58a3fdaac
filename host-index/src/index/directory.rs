//! Who is where, and was there when: what enrolled peers say of themselves and learn of
//! each other.

use enprint_protocol::enrol::{Contact, Role};
use enprint_protocol::limits::{CONTACTS_MAX, PEERS_SOUGHT_MAX};
use enprint_protocol::{Multiaddr, PeerId};
use enprint_store::args;

use super::enrolment::{find, kept_addresses, peer_view};
use super::{Index, ms};
use crate::error::HostError;
use crate::limits;
use crate::stored;
use crate::views::{PeerState, PeerView};

impl Index {
    /// An enrolled peer says where it is; answers whom it has to do with: labs for a
    /// photographer, photographers for a lab, those seen last first.
    ///
    /// # Errors
    /// [`HostError::NotHere`] for a peer that is not enrolled, or suspended.
    pub async fn announce(&self, peer: PeerId, addresses: &[Multiaddr]) -> Result<Vec<Contact>, HostError> {
        let known = self.active_peer(peer).await?;
        let addresses = kept_addresses(addresses);
        // After a restart thousands say what is known, and that costs no write.
        if known.addresses != addresses || known.seen.is_none() {
            self.note_addresses(peer, stored::join_addresses(&addresses)).await?;
        }
        let mut contacts = self.directory(counterpart(known.role)).await?;
        if known.role == Role::Photographer {
            contacts.extend(self.other_homes(peer).await?);
        }
        Ok(contacts)
    }

    /// Where `sought` are now, of those whom `peer` has to do with; others are left out.
    ///
    /// # Errors
    /// [`HostError::NotHere`] for a peer that is not enrolled, or suspended.
    pub async fn find_contacts(&self, peer: PeerId, sought: &[PeerId]) -> Result<Vec<Contact>, HostError> {
        let role = counterpart(self.active_peer(peer).await?.role);
        let mut contacts = Contacts::default();
        for id in sought.iter().take(PEERS_SOUGHT_MAX) {
            let found = find(&mut self.ledger().read(), *id).await?;
            if let Some(found) = found.filter(|found| found.role == role && found.state == PeerState::Active)
                && !contacts.add(found)
            {
                break;
            }
        }
        Ok(contacts.list)
    }

    /// Notes that `peers` are connected now, each at most once in [`limits::SEEN_STEP`].
    /// One transaction for all of them: it takes about as long as for one.
    ///
    /// # Errors
    /// The database's.
    pub async fn seen(&self, peers: &[PeerId]) -> Result<(), HostError> {
        let now = self.now();
        let before = now.plus_ms(-ms(limits::SEEN_STEP));
        let sql = "UPDATE peer SET seen_ms = $2 WHERE peer_id = $1 AND (seen_ms IS NULL OR seen_ms < $3)";
        let noted = self.ledger().write(|tx| {
            Box::pin(async move {
                for peer in peers {
                    tx.execute(sql, args![peer.to_string(), now.0, before.0]).await?;
                }
                Ok(())
            })
        });
        noted.await
    }

    async fn directory(&self, role: Role) -> Result<Vec<Contact>, HostError> {
        let sql = "SELECT * FROM peer WHERE role = $1 AND suspended_ms IS NULL
                   ORDER BY COALESCE(seen_ms, 0) DESC, peer_id LIMIT $2";
        let most = u32::try_from(CONTACTS_MAX).unwrap_or(u32::MAX);
        let rows = self.ledger().read().fetch_all(sql, args![role.word(), most]).await?;
        let mut contacts = Contacts::default();
        for row in &rows {
            if !contacts.add(peer_view(row)?) {
                break;
            }
        }
        Ok(contacts.list)
    }
}

/// A directory in the making.
#[derive(Default)]
struct Contacts {
    list: Vec<Contact>,
    bytes: usize,
}

impl Contacts {
    /// False if it does not fit any more.
    fn add(&mut self, PeerView { peer_id, role, name, addresses, .. }: PeerView) -> bool {
        self.bytes += 100 + name.len() + addresses.iter().map(Multiaddr::len).sum::<usize>();
        let fits = self.bytes <= limits::DIRECTORY_BYTES_MAX;
        if fits {
            self.list.push(Contact { peer_id, role, name, addresses });
        }
        fits
    }
}

/// Whom a peer of that role has to do with.
fn counterpart(role: Role) -> Role {
    match role {
        Role::Photographer => Role::Lab,
        Role::Lab => Role::Photographer,
    }
}
