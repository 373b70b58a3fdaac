//! The database as a whole: what is in it, how large it is, its backup and its end.

use std::path::Path;

use enprint_store::args;
use enprint_store::ledger::outbox::{self, Waiting};

use super::Index;
use crate::error::HostError;
use crate::limits::WAITING_LISTED_MAX;
use crate::stored;
use crate::views::Counts;

impl Index {
    /// How much of everything there is.
    ///
    /// # Errors
    /// The database's.
    pub async fn counts(&self) -> Result<Counts, HostError> {
        let sql = "SELECT
            (SELECT COUNT(*) FROM peer WHERE role = 'photographer') AS photographers,
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
