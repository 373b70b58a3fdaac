//! What an order waits for that its customer should know of: a photographer's node that
//! is not connected, or files that have been on their way for long. Nobody has to say it;
//! it follows from what the host sees.

use enprint_protocol::time::UnixMs;
use enprint_store::args;
use enprint_store::ledger::{Row, Session as Sql};

use super::ms;
use crate::error::HostError;
use crate::limits::{AWAY_AFTER, FILES_LONG_AFTER};
use crate::stored;
use crate::views::{OrderState, Waits};

/// What the order of `row` waits for at `now`, in the state that it is in.
pub(super) async fn of_order(
    sql: &mut Sql,
    row: &Row,
    state: OrderState,
    now: UnixMs,
) -> Result<Option<Waits>, HostError> {
    let since = match state {
        OrderState::Placed => UnixMs(row.int("placed_ms")?),
        OrderState::Offered => offered(sql, row).await?.unwrap_or(now),
        _ => return Ok(None),
    };
    let query = "SELECT seen_ms FROM peer WHERE peer_id = $1";
    let peer = sql.fetch_optional(query, args![home_of(row)?]).await?;
    let seen = peer.map(|peer| stored::maybe_moment(&peer, "seen_ms")).transpose()?.flatten();
    Ok(waits(state, since, seen, now))
}

/// The home that the order is bound to.
fn home_of(row: &Row) -> Result<String, HostError> {
    let home: Option<String> = row.get("home")?;
    home.map_or_else(|| Ok(row.text("photographer")?), Ok)
}

/// When the host heard that the job is with a lab, by its own clock.
async fn offered(sql: &mut Sql, row: &Row) -> Result<Option<UnixMs>, HostError> {
    let query = "SELECT MAX(received_ms) AS offered_ms FROM order_status WHERE order_id = $1 AND kind = 'offered'";
    let order_id: [u8; 16] = stored::bytes(row, "order_id")?;
    let row = sql.fetch_one(query, args![order_id]).await?;
    stored::maybe_moment(&row, "offered_ms")
}

fn waits(state: OrderState, since: UnixMs, seen: Option<UnixMs>, now: UnixMs) -> Option<Waits> {
    let passed_ms = |from: UnixMs| now.0.saturating_sub(from.0);
    let is_away = seen.is_none_or(|seen| passed_ms(seen) > ms(AWAY_AFTER));
    if is_away && passed_ms(since) > ms(AWAY_AFTER) {
        return Some(Waits::ForPhotographer { seen });
    }
    let is_long = state == OrderState::Offered && passed_ms(since) > ms(FILES_LONG_AFTER);
    is_long.then_some(Waits::ForFiles { since })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE_MS: i64 = 60_000;

    fn minutes(number: i64) -> UnixMs {
        UnixMs(number * MINUTE_MS)
    }

    #[test]
    fn an_order_waits_for_who_is_away_and_for_files_that_take_long() {
        let (now, just_now) = (minutes(1_000), Some(minutes(999)));
        let at = |state, since, seen| waits(state, minutes(since), seen, now);
        assert_eq!(at(OrderState::Placed, 999, None), None, "it has just been placed");
        let seen = Some(minutes(900));
        assert_eq!(at(OrderState::Placed, 950, seen), Some(Waits::ForPhotographer { seen }));
        assert_eq!(at(OrderState::Placed, 950, just_now), None);
        assert_eq!(at(OrderState::Offered, 950, seen), Some(Waits::ForPhotographer { seen }));
        assert_eq!(at(OrderState::Offered, 950, just_now), Some(Waits::ForFiles { since: minutes(950) }));
        assert_eq!(at(OrderState::Offered, 990, just_now), None, "big files take their time");
    }
}
