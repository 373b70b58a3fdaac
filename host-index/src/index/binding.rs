//! Which of a photographer's homes an order is bound to. One home at a time is asked, and
//! an order that a home was asked for stays with it until it has been away for long, or the
//! photographer says at another that it takes over.

use enprint_protocol::PeerId;
use enprint_protocol::codec;
use enprint_protocol::enrol::Role;
use enprint_protocol::ids::OrderId;
use enprint_protocol::limits::CONTROL_BYTES_MAX;
use enprint_protocol::order::{Moved, Order, OrderRequest, Payment};
use enprint_protocol::signed::Signed;
use enprint_protocol::time::UnixMs;
use enprint_store::args;
use enprint_store::ledger::{Parcel, Row, Tx, outbox};

use super::{Index, enrolment, homes, ms, orders};
use crate::error::HostError;
use crate::limits::{HOME_AWAY_MAX, HOME_GRACE, ORDERS_MOVED_AT_ONCE};
use crate::stored;
use crate::views::OrderState;

/// An order that may be bound to another home.
struct Bound {
    order_id: OrderId,
    photographer: PeerId,
    /// The home that it is bound to.
    home: PeerId,
    /// Since when.
    since: UnixMs,
    /// When that home was first asked, if it was.
    asked: Option<UnixMs>,
    /// When that home was last seen.
    seen: Option<UnixMs>,
    state: OrderState,
    paid: Option<UnixMs>,
    /// How often it was bound to another home.
    moves: i64,
    signed: Vec<u8>,
}

macro_rules! bound {
    ($rest:literal) => {
        concat!(
            "SELECT o.order_id, o.photographer, COALESCE(o.home, o.photographer) AS bound_to,
                 COALESCE(o.bound_ms, o.placed_ms) AS since_ms, o.asked_ms, o.state, o.paid_ms, o.moves, o.signed,
                 (SELECT seen_ms FROM peer WHERE peer_id = COALESCE(o.home, o.photographer)) AS seen_ms
             FROM placed_order o ",
            $rest
        )
    };
}

impl Index {
    /// Notes that `home` is about to be asked for an order; false when it is bound to
    /// another.
    ///
    /// # Errors
    /// The database's.
    pub async fn note_asking(&self, order_id: OrderId, home: &str) -> Result<bool, HostError> {
        let sql = "UPDATE placed_order SET asked_ms = COALESCE(asked_ms, $3)
             WHERE order_id = $1 AND COALESCE(home, photographer) = $2";
        Ok(self.ledger().execute(sql, args![order_id.0, home, self.now().0]).await? > 0)
    }

    /// A home has said that it can't take an order yet, for which it was asked at that
    /// moment: it has taken nothing, and another may have it. A first home that was asked
    /// before may have taken it then.
    ///
    /// # Errors
    /// The database's.
    pub async fn not_taken_yet(&self, order_id: OrderId, home: &str, asked: UnixMs) -> Result<(), HostError> {
        let sql = "UPDATE placed_order SET asked_ms = NULL
             WHERE order_id = $1 AND COALESCE(home, photographer) = $2 AND state = 'placed'
                 AND (COALESCE(home, photographer) <> photographer OR asked_ms >= $3)";
        self.ledger().execute(sql, args![order_id.0, home, asked.0]).await?;
        Ok(())
    }

    /// Binds orders whose home is away to one that is here: those that were not asked for
    /// soon, others after long. Answers how many.
    ///
    /// # Errors
    /// The database's.
    pub async fn bind_anew(&self, is_here: impl Fn(&PeerId) -> bool + Sync) -> Result<u64, HostError> {
        let sql = "SELECT DISTINCT photographer, COALESCE(home, photographer) AS bound_to FROM placed_order
             WHERE state = 'placed' AND photographer IN (SELECT photographer FROM home WHERE ended = 0)";
        let mut moved = 0;
        for row in self.ledger().read().fetch_all(sql, args![]).await? {
            let (first, home) = (stored::peer(&row, "photographer")?, stored::peer(&row, "bound_to")?);
            let first_is_here = is_here(&first);
            if !is_here(&home) || (first_is_here && home != first) {
                moved += self.bind_those_of(first, home, &is_here).await?;
            }
        }
        Ok(moved)
    }

    /// Binds to another home those orders that may leave `home`: the oldest, so many at once.
    async fn bind_those_of(
        &self,
        first: PeerId,
        home: PeerId,
        is_here: &(dyn Fn(&PeerId) -> bool + Sync),
    ) -> Result<u64, HostError> {
        // Those that may not leave yet would only stand before those that may.
        let sql = bound!(
            "WHERE o.photographer = $1 AND o.state = 'placed' AND COALESCE(o.home, o.photographer) = $2
                 AND (o.asked_ms IS NULL AND COALESCE(o.bound_ms, o.placed_ms) < $3
                     OR o.asked_ms < $4
                         AND COALESCE((SELECT seen_ms FROM peer WHERE peer_id = $2), 0) < $4)
             ORDER BY o.placed_ms LIMIT $5"
        );
        let now = self.now();
        let fresh_before = if home != first && is_here(&first) { i64::MAX } else { now.0 - ms(HOME_GRACE) };
        let asked_before = now.0 - ms(HOME_AWAY_MAX);
        let values = args![first.to_string(), home.to_string(), fresh_before, asked_before, ORDERS_MOVED_AT_ONCE];
        let rows = self.ledger().read().fetch_all(sql, values).await?;
        let homes = homes::of(&mut self.ledger().read(), first).await?;
        let mut moved = 0;
        for row in rows {
            let bound = bound(&row)?;
            let Some(to) = next_home(&bound, &homes, is_here, now) else { continue };
            let bound = &bound;
            moved += u64::from(self.ledger().write(|tx| Box::pin(rebind(self, tx, bound, to))).await?);
        }
        Ok(moved)
    }

    /// Binds to `home` what another home of the same photographer has not finished: one
    /// order by its number or id, or all. Answers how many.
    ///
    /// # Errors
    /// [`HostError::NotHere`] for a peer that is no second home, and for another's order.
    pub async fn take_over(&self, home: PeerId, order: Option<&str>) -> Result<u32, HostError> {
        let only = match order {
            Some(named) => Some(self.find_order(named).await?),
            None => None,
        };
        self.ledger().write(|tx| Box::pin(take_over_in(self, tx, home, only))).await
    }
}

async fn take_over_in(index: &Index, tx: &mut Tx<'_>, home: PeerId, only: Option<OrderId>) -> Result<u32, HostError> {
    enrolment::active_as(tx, home, Role::Photographer).await?;
    let first = homes::first_of(tx, home).await?;
    let open = open_of(tx, first).await?;
    if only.is_some_and(|only| !open.iter().any(|bound| bound.order_id == only)) {
        return Err(HostError::NotHere);
    }
    let mut taken = 0;
    // What a lab has may be printed already; only who names it takes that over, too.
    let is_meant = |bound: &Bound| only.map_or(bound.state < OrderState::Received, |only| only == bound.order_id);
    for bound in open.iter().filter(|bound| bound.home != home && is_meant(bound)) {
        taken += u32::from(rebind(index, tx, bound, home).await?);
    }
    Ok(taken)
}

/// A home stands in no longer: what it has not finished goes back to the first.
pub(super) async fn give_back(index: &Index, tx: &mut Tx<'_>, first: PeerId, home: PeerId) -> Result<(), HostError> {
    for bound in open_of(tx, first).await?.iter().filter(|bound| bound.home == home) {
        rebind(index, tx, bound, first).await?;
    }
    // Nobody takes it there any more.
    outbox::forget_peer(tx, &home.to_string()).await?;
    Ok(())
}

/// A photographer's orders that are neither declined nor shipped.
async fn open_of(tx: &mut Tx<'_>, first: PeerId) -> Result<Vec<Bound>, HostError> {
    let sql = bound!("WHERE o.photographer = $1 AND o.state NOT IN ('declined', 'shipped') ORDER BY o.placed_ms");
    tx.fetch_all(sql, args![first.to_string()]).await?.iter().map(bound).collect()
}

/// Where an order goes from where it is, if it goes: to the first of the homes that are here.
fn next_home(order: &Bound, homes: &[PeerId], is_here: &dyn Fn(&PeerId) -> bool, now: UnixMs) -> Option<PeerId> {
    let passed_ms = |from: UnixMs| now.0.saturating_sub(from.0);
    let is_first_back = order.asked.is_none() && order.home != order.photographer && is_here(&order.photographer);
    if is_first_back {
        return Some(order.photographer);
    }
    let waited_enough = match order.asked {
        None => passed_ms(order.since) > ms(HOME_GRACE),
        Some(asked) => {
            passed_ms(asked) > ms(HOME_AWAY_MAX) && order.seen.is_none_or(|seen| passed_ms(seen) > ms(HOME_AWAY_MAX))
        }
    };
    if is_here(&order.home) || !waited_enough {
        return None;
    }
    homes.iter().copied().find(|home| *home != order.home && is_here(home))
}

/// Binds an order to another home, and puts what that one has to know on its way; the
/// former is told if it may know of the order. False if it is bound otherwise meanwhile.
async fn rebind(index: &Index, tx: &mut Tx<'_>, order: &Bound, to: PeerId) -> Result<bool, HostError> {
    let sql = "UPDATE placed_order SET home = $2, bound_ms = $3, asked_ms = NULL, moves = moves + 1
         WHERE order_id = $1 AND moves = $4 AND state = $5 AND COALESCE(asked_ms, -1) = $6";
    let (order_id, now) = (order.order_id, index.now());
    let asked = order.asked.map_or(-1, |asked| asked.0);
    let values = args![order_id.0, to.to_string(), now.0, order.moves, order.state.word(), asked];
    if tx.execute(sql, values).await? == 0 {
        return Ok(false);
    }
    tracing::info!(order.id = %order_id, from = %order.home, %to, "an order is bound to another home");
    for kind in [orders::ORDER, orders::PAID] {
        outbox::settle(tx, &parcel_id(kind, order_id, order.moves)).await?;
    }
    if order.asked.is_some() || order.state != OrderState::Placed {
        let moved = index.secrets().sign(&Moved { order_id, at: now })?;
        let id = parcel_id("moved", order_id, order.moves);
        put(tx, id, order.home, orders::ORDER_MOVED, &OrderRequest::Moved(moved.clone()), now).await?;
        // Before the order: what the former home gave to a lab is not given to another.
        let id = parcel_id("elsewhere", order_id, order.moves);
        put(tx, id, to, orders::ORDER_MOVED, &OrderRequest::WasElsewhere(moved), now).await?;
    }
    let moves = order.moves + 1;
    let signed: Signed<Order> =
        codec::decode(&order.signed, CONTROL_BYTES_MAX).map_err(|_| stored::unreadable("an order"))?;
    let id = parcel_id(orders::ORDER, order_id, moves);
    put(tx, id, to, orders::ORDER, &OrderRequest::Deliver(signed), now).await?;
    if let Some(paid_at) = order.paid {
        let payment = index.sign_payment(&Payment { order_id, paid_at })?;
        let id = parcel_id(orders::PAID, order_id, moves);
        put(tx, id, to, orders::PAID, &OrderRequest::Paid(payment), now).await?;
    }
    Ok(true)
}

async fn put(
    tx: &mut Tx<'_>,
    id: String,
    peer: PeerId,
    kind: &str,
    request: &OrderRequest,
    now: UnixMs,
) -> Result<(), HostError> {
    let parcel = Parcel { id, peer: peer.to_string(), kind: kind.into(), payload: codec::encode(request)? };
    outbox::put(tx, &parcel, now.0).await?;
    Ok(())
}

/// The id of a parcel of an order that was bound to another home so often.
pub(super) fn parcel_id(kind: &str, order_id: OrderId, moves: i64) -> String {
    if moves == 0 { format!("{kind} {order_id}") } else { format!("{kind} {order_id} {moves}") }
}

fn bound(row: &Row) -> Result<Bound, HostError> {
    Ok(Bound {
        order_id: OrderId(stored::bytes(row, "order_id")?),
        photographer: stored::peer(row, "photographer")?,
        home: stored::peer(row, "bound_to")?,
        since: stored::moment(row, "since_ms")?,
        asked: stored::maybe_moment(row, "asked_ms")?,
        seen: stored::maybe_moment(row, "seen_ms")?,
        state: orders::state(row)?,
        paid: stored::maybe_moment(row, "paid_ms")?,
        moves: row.int("moves")?,
        signed: row.bytes("signed")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE_MS: i64 = 60_000;

    #[test]
    fn an_order_leaves_a_home_that_was_never_asked_soon_and_one_that_was_asked_after_long() {
        let (first, second) = (PeerId::random(), PeerId::random());
        let homes = [first, second];
        let order = |home, asked: Option<i64>, seen: Option<i64>| Bound {
            order_id: OrderId([1; 16]),
            photographer: first,
            home,
            since: UnixMs(0),
            asked: asked.map(UnixMs),
            seen: seen.map(UnixMs),
            state: OrderState::Placed,
            paid: None,
            moves: 0,
            signed: Vec::new(),
        };
        let goes = |order: &Bound, here: &[PeerId], minutes: i64| {
            next_home(order, &homes, &|home| here.contains(home), UnixMs(minutes * MINUTE_MS))
        };
        let fresh = order(first, None, None);
        assert_eq!(goes(&fresh, &[second], 0), None, "the first may be at another process");
        assert_eq!(goes(&fresh, &[second], 1), Some(second));
        assert_eq!(goes(&fresh, &[first, second], 1), None, "it is about to be asked");
        assert_eq!(goes(&fresh, &[], 90), None, "nobody is here");
        let asked = order(first, Some(0), Some(0));
        assert_eq!(goes(&asked, &[second], 30), None, "it may have taken it");
        assert_eq!(goes(&asked, &[second], 90), Some(second));
        assert_eq!(goes(&order(first, Some(0), Some(80 * MINUTE_MS)), &[second], 90), None, "it was here");
        let not_copied = order(second, None, None);
        assert_eq!(goes(&not_copied, &[first, second], 1), Some(first), "the first is back");
        assert_eq!(goes(&not_copied, &[second], 1), None);
    }
}
