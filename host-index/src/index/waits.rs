//! What an order waits for that its customer should know of: a photographer's node or a lab
//! that is not connected, a paid order that does not go to a lab, or files that have been on
//! their way for long. Nobody has to say it; it follows from what the host sees.

use enprint_protocol::status::StatusKind;
use enprint_protocol::time::UnixMs;
use enprint_store::args;
use enprint_store::ledger::{Row, Session as Sql};

use super::ms;
use crate::error::HostError;
use crate::limits::{AWAY_AFTER, FILES_LONG_AFTER, UNSENT_AFTER};
use crate::stored;
use crate::views::{OrderState, Said, Waits};

/// Since when an order is in its state, and who was seen when.
#[derive(Debug, Clone, Copy)]
struct Seen {
    state: OrderState,
    since: UnixMs,
    photographer: Option<UnixMs>,
    /// The lab that it was offered to, if the host knows which that is.
    lab: Option<Option<UnixMs>>,
}

/// What the order of `row` waits for at `now`, in the state that it is in.
pub(super) async fn of_order(
    sql: &mut Sql,
    row: &Row,
    state: OrderState,
    said: &[Said],
    now: UnixMs,
) -> Result<Option<Waits>, HostError> {
    let since = match state {
        OrderState::Placed => UnixMs(row.int("placed_ms")?),
        OrderState::Accepted => match stored::maybe_moment(row, "paid_ms")? {
            // Nothing has to go anywhere before it is paid; nor before it was taken.
            Some(paid) => stored::maybe_moment(row, "answered_ms")?.map_or(paid, |taken| taken.max(paid)),
            None => return Ok(None),
        },
        OrderState::Offered => offered(sql, row).await?.unwrap_or(now),
        _ => return Ok(None),
    };
    let query = "SELECT seen_ms FROM peer WHERE peer_id = $1";
    let peer = sql.fetch_optional(query, args![home_of(row)?]).await?;
    let photographer = peer.map(|peer| stored::maybe_moment(&peer, "seen_ms")).transpose()?.flatten();
    let lab = if state == OrderState::Offered { lab_seen(sql, said).await? } else { None };
    Ok(waits(Seen { state, since, photographer, lab }, now))
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

/// When the lab of the last offer was there; none where no lab or several have its name.
async fn lab_seen(sql: &mut Sql, said: &[Said]) -> Result<Option<Option<UnixMs>>, HostError> {
    let offered = said.iter().rev().find_map(|said| match &said.kind {
        StatusKind::Offered { lab } => Some(lab.as_str()),
        _ => None,
    });
    let Some(name) = offered else { return Ok(None) };
    let labs = sql.fetch_all("SELECT seen_ms FROM peer WHERE role = 'lab' AND name = $1 LIMIT 2", args![name]).await?;
    match labs.as_slice() {
        [lab] => stored::maybe_moment(lab, "seen_ms").map(Some),
        _ => Ok(None),
    }
}

fn waits(Seen { state, since, photographer, lab }: Seen, now: UnixMs) -> Option<Waits> {
    let passed_ms = |from: UnixMs| now.0.saturating_sub(from.0);
    let is_away = |seen: Option<UnixMs>| seen.is_none_or(|seen| passed_ms(seen) > ms(AWAY_AFTER));
    let has_waited_ms = passed_ms(since);
    if is_away(photographer) && has_waited_ms > ms(AWAY_AFTER) {
        return Some(Waits::ForPhotographer { seen: photographer });
    }
    match (state, lab) {
        (OrderState::Accepted, _) if has_waited_ms > ms(UNSENT_AFTER) => Some(Waits::ForSending { since }),
        (OrderState::Offered, Some(seen)) if is_away(seen) && has_waited_ms > ms(AWAY_AFTER) => {
            Some(Waits::ForLab { seen })
        }
        (OrderState::Offered, _) if has_waited_ms > ms(FILES_LONG_AFTER) => Some(Waits::ForFiles { since }),
        _ => None,
    }
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
        let of = |state, since, photographer, lab| waits(Seen { state, since: minutes(since), photographer, lab }, now);
        let at = |state, since, seen| of(state, since, seen, Some(just_now));
        assert_eq!(at(OrderState::Placed, 999, None), None, "it has just been placed");
        let seen = Some(minutes(900));
        assert_eq!(at(OrderState::Placed, 950, seen), Some(Waits::ForPhotographer { seen }));
        assert_eq!(at(OrderState::Placed, 950, just_now), None);
        assert_eq!(at(OrderState::Offered, 950, seen), Some(Waits::ForPhotographer { seen }));
        assert_eq!(at(OrderState::Offered, 950, just_now), Some(Waits::ForFiles { since: minutes(950) }));
        assert_eq!(at(OrderState::Offered, 990, just_now), None, "big files take their time");
        assert_eq!(of(OrderState::Offered, 990, just_now, Some(seen)), Some(Waits::ForLab { seen }));
        assert_eq!(of(OrderState::Offered, 990, just_now, None), None, "nobody knows which lab that is");
        assert_eq!(at(OrderState::Accepted, 990, seen), Some(Waits::ForPhotographer { seen }));
        assert_eq!(at(OrderState::Accepted, 990, just_now), Some(Waits::ForSending { since: minutes(990) }));
        assert_eq!(at(OrderState::Accepted, 997, just_now), None, "print files are made");
    }
}
