//! Who of several processes on one database delivers to a peer: a row with an expiry.
//!
//! The lease is for a peer and not for a parcel, because parcels of one peer go in order.
//! Times are the processes' own clocks: when these differ by more than a lease is long,
//! a parcel may be delivered twice, which its receiver knows by its id. A lease that ends
//! too far in the future is nobody's: a process whose clock was wrong has died with it.

use std::time::Duration;

use super::Ledger;
use crate::args;
use crate::error::StoreError;
use crate::limits;

/// Takes or renews the lease on `peer` for `owner`, from `now_ms` for `lasts`; answers
/// whether it is his now.
pub(super) async fn hold(
    ledger: &Ledger,
    peer: &str,
    owner: &str,
    now_ms: i64,
    lasts: Duration,
) -> Result<bool, StoreError> {
    let until_ms = now_ms.saturating_add(millis(lasts));
    let wrong_ms = until_ms.saturating_add(millis(limits::CLOCKS_APART_MAX));
    let rows = ledger
        .execute(
            "INSERT INTO outbox_lease (peer, owner, until_ms) VALUES ($1, $2, $3)
             ON CONFLICT (peer) DO UPDATE SET owner = excluded.owner, until_ms = excluded.until_ms
             WHERE outbox_lease.owner = excluded.owner OR outbox_lease.until_ms <= $4
                OR outbox_lease.until_ms > $5",
            args![peer, owner, until_ms, now_ms, wrong_ms],
        )
        .await?;
    Ok(rows == 1)
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Lets another have it.
pub(super) async fn release(ledger: &Ledger, peer: &str, owner: &str) -> Result<(), StoreError> {
    let sql = "DELETE FROM outbox_lease WHERE peer = $1 AND owner = $2";
    ledger.execute(sql, args![peer, owner]).await.map(drop)
}
