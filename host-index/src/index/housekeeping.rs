//! The database as a whole: how it is, what is in it, how large it is, its backup and its
//! end.

use std::path::Path;

use enprint_protocol::peer::{BacklogFigures, Figures, PeerStatus};
use enprint_store::args;
use enprint_store::ledger::outbox::{self, Waiting};

use super::Index;
use crate::error::HostError;
use crate::limits::WAITING_LISTED_MAX;
use crate::stored;
use crate::views::{Counts, HostStatus, WaitingOrder, seconds};

impl Index {
    /// How much of everything there is.
    ///
    /// # Errors
    /// The database's.
    pub async fn counts(&self) -> Result<Counts, HostError> {
        let sql = "SELECT
            (SELECT COUNT(*) FROM peer WHERE role = 'photographer'
                AND peer_id NOT IN (SELECT home FROM home WHERE ended = 0)) AS photographers,
            (SELECT COUNT(*) FROM peer WHERE role = 'lab') AS labs,
            (SELECT COUNT(*) FROM event) AS events,
            (SELECT CAST(COALESCE(SUM(photos), 0) AS BIGINT) FROM event) AS photos,
            (SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM event) AS rendition_bytes,
            (SELECT COUNT(*) FROM placed_order) AS orders,
            (SELECT COUNT(*) FROM placed_order WHERE paid_ms IS NULL AND state <> 'declined') AS orders_unpaid,
            (SELECT COUNT(*) FROM outbox WHERE refused_ms IS NULL) AS messages_waiting,
            (SELECT COUNT(*) FROM outbox WHERE refused_ms IS NOT NULL) AS messages_refused,
            (SELECT COUNT(*) FROM session) AS sessions,
            (SELECT COUNT(*) FROM account) AS accounts";
        let row = self.ledger().read().fetch_one(sql, args![]).await?;
        Ok(Counts {
            photographers: stored::count(&row, "photographers")?,
            labs: stored::count(&row, "labs")?,
            events: stored::count(&row, "events")?,
            photos: stored::count(&row, "photos")?,
            rendition_bytes: stored::count(&row, "rendition_bytes")?,
            orders: stored::count(&row, "orders")?,
            orders_unpaid: stored::count(&row, "orders_unpaid")?,
            messages_waiting: stored::count(&row, "messages_waiting")?,
            messages_refused: stored::count(&row, "messages_refused")?,
            sessions: stored::count(&row, "sessions")?,
            accounts: stored::count(&row, "accounts")?,
        })
    }

    /// Bytes that the database takes on disk, indexes and log included.
    ///
    /// # Errors
    /// The database's.
    pub async fn bytes_at_rest(&self) -> Result<u64, HostError> {
        Ok(self.ledger().bytes_at_rest().await?)
    }

    /// Messages that wait for a peer, and those that one refused.
    ///
    /// # Errors
    /// The database's.
    pub async fn waiting(&self) -> Result<Vec<Waiting>, HostError> {
        Ok(outbox::waiting(self.ledger(), WAITING_LISTED_MAX).await?)
    }

    /// How the host is, by what the database says. Whoever runs the peer adds to it.
    ///
    /// # Errors
    /// The database's.
    pub async fn status(&self) -> Result<HostStatus, HostError> {
        let now_ms = self.now().0;
        let peers = self.peers().await?.into_iter();
        let waiting = self.waiting().await?.into_iter();
        Ok(HostStatus {
            process: None,
            peers: peers.map(|one| PeerStatus::known(one.peer_id, &one.name, one.role.word(), one.addresses)).collect(),
            counts: self.counts().await?,
            bytes_at_rest: self.bytes_at_rest().await?,
            waiting: waiting.map(|row| WaitingOrder::new(row, now_ms)).collect(),
        })
    }

    /// Adds what the database holds.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn add_to(&self, figures: &mut Figures) -> Result<(), HostError> {
        let (backlog, now_ms) = (outbox::backlog(self.ledger()).await?, self.now().0);
        figures.backlog(BacklogFigures {
            waiting: backlog.waiting,
            retried: backlog.retried,
            refused: backlog.refused,
            oldest_s: backlog.oldest_ms.map_or(0, |put_ms| seconds(now_ms.saturating_sub(put_ms))),
        });
        let sql = "SELECT state, COUNT(*) AS found FROM placed_order GROUP BY state ORDER BY state";
        let rows = self.ledger().read().fetch_all(sql, args![]).await?;
        let states = rows.iter().map(|row| Ok((row.text("state")?, stored::count(row, "found")?)));
        figures.states("orders", "Orders, by state.", &states.collect::<Result<Vec<_>, HostError>>()?);
        let counts = self.counts().await?;
        figures.gauge("enrolled_photographers", "Photographers that have enrolled.", counts.photographers);
        figures.gauge("enrolled_labs", "Labs that have enrolled.", counts.labs);
        figures.gauge("galleries", "Galleries.", counts.events);
        figures.gauge("photos", "Photos in galleries.", counts.photos);
        figures.gauge("rendition_bytes", "Bytes of proofs and thumbnails.", counts.rendition_bytes);
        figures.gauge("sessions", "Customers' sessions.", counts.sessions);
        figures.gauge("database_bytes", "Bytes that the database takes on disk.", self.bytes_at_rest().await?);
        Ok(())
    }

    /// Copies the database to `target` while it is in use. Copy `host.key` with it: one
    /// is worth nothing without the other.
    ///
    /// # Errors
    /// When the target is there already or can't be written, and for PostgreSQL, which
    /// has tools of its own.
    pub async fn backup_to(&self, target: &Path) -> Result<(), HostError> {
        Ok(self.ledger().backup_to(target).await?)
    }

    /// Closes the database after what is being done. Clones of this index then fail.
    pub async fn close(&self) {
        self.ledger().close().await;
    }
}
