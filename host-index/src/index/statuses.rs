//! What photographers and labs say of an order: each signed word is kept once, in the
//! transaction of what it changes; and how far the order has come by all of them.

use enprint_protocol::PeerId;
use enprint_protocol::codec;
use enprint_protocol::enrol::Role;
use enprint_protocol::ids::OrderId;
use enprint_protocol::limits::SMALL_BYTES_MAX;
use enprint_protocol::signed::Signed;
use enprint_protocol::status::{self, Status, StatusKind};
use enprint_protocol::time::UnixMs;
use enprint_store::args;
use enprint_store::ledger::{Row, Session as Sql, Tx};

use super::{Index, enrolment, orders};
use crate::error::HostError;
use crate::limits::STATUSES_PER_ORDER_MAX;
use crate::stored;
use crate::views::{OrderState, Said, Step, StepKind, Tracking};

impl Index {
    /// Keeps what the home says that the order is bound to, or passes on from a lab. Repeated, it
    /// changes nothing.
    ///
    /// # Errors
    /// [`HostError::NotHere`] for an order that is not this home's, a signer that
    /// is neither they nor an enrolled lab, and words that are not the signer's to say;
    /// a protocol error for a wrong signature or text; [`HostError::QuotaReached`].
    pub async fn note_status(&self, photographer: PeerId, signed: &Signed<Status>) -> Result<(), HostError> {
        let (key, status) = signed.open_any()?;
        status.check()?;
        let noted =
            Noted { photographer, signer: key.to_peer_id(), encoded: codec::encode(signed)?, status, now: self.now() };
        let noted = &noted;
        self.ledger().write(|tx| Box::pin(noted.keep(tx))).await
    }
}

struct Noted {
    photographer: PeerId,
    signer: PeerId,
    status: Status,
    encoded: Vec<u8>,
    now: UnixMs,
}

impl Noted {
    async fn keep(&self, tx: &mut Tx<'_>) -> Result<(), HostError> {
        let order_id = self.status.order_id;
        let sql = "SELECT event_id, paid_ms FROM placed_order
             WHERE order_id = $1 AND COALESCE(home, photographer) = $2";
        let row = tx.fetch_optional(sql, args![order_id.0, self.photographer.to_string()]).await?;
        let row = row.ok_or(HostError::NotHere)?;
        self.check_signer(tx).await?;
        self.check_room(tx).await?;
        let event_id: [u8; 16] = stored::bytes(&row, "event_id")?;
        let sql = "INSERT INTO order_status (order_id, signer, status_id, event_id, kind, at_ms, received_ms, signed)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (order_id, signer, status_id) DO NOTHING";
        let values = args![
            order_id.0,
            self.signer.to_string(),
            self.status.status_id.0,
            event_id,
            self.status.kind.word(),
            self.status.at.0,
            self.now.0,
            &self.encoded,
        ];
        if tx.execute(sql, values).await? == 0 {
            return Ok(());
        }
        match OrderState::of(&self.status.kind) {
            Some(OrderState::Printing | OrderState::Shipped) if is_sent(tx, order_id).await? => {
                orders::advance(tx, order_id, OrderState::Shipped).await?;
            }
            Some(OrderState::Printing | OrderState::Shipped) => orders::print(tx, order_id).await?,
            Some(OrderState::Declined) => orders::decline(tx, order_id).await?,
            Some(state) => orders::advance(tx, order_id, state).await?,
            None => {}
        }
        if self.status.kind == StatusKind::Paid {
            let sql = "UPDATE placed_order SET paid_ms = COALESCE(paid_ms, $2) WHERE order_id = $1";
            tx.execute(sql, args![order_id.0, self.now.0]).await?;
        }
        Ok(())
    }

    /// A photographer speaks for themselves; what a lab signed is the lab's.
    async fn check_signer(&self, tx: &mut Tx<'_>) -> Result<(), HostError> {
        let kind = &self.status.kind;
        if self.signer == self.photographer {
            return if kind.is_of_photographer() { Ok(()) } else { Err(HostError::NotHere) };
        }
        enrolment::enrolled_as(tx, self.signer, Role::Lab).await?;
        if kind.is_of_lab() { Ok(()) } else { Err(HostError::NotHere) }
    }

    async fn check_room(&self, tx: &mut Tx<'_>) -> Result<(), HostError> {
        let sql = "SELECT COUNT(*) AS said FROM order_status WHERE order_id = $1";
        let row = tx.fetch_one(sql, args![self.status.order_id.0]).await?;
        if stored::count(&row, "said")? < STATUSES_PER_ORDER_MAX {
            return Ok(());
        }
        Err(HostError::QuotaReached { what: "Statuses of an order", max: STATUSES_PER_ORDER_MAX })
    }
}

/// Whether a parcel of an order is on its way: decided here, when a word comes, and kept as the
/// order's state, by which lists and pages go.
async fn is_sent(tx: &mut Tx<'_>, order_id: OrderId) -> Result<bool, HostError> {
    let sql = "SELECT signer, kind, at_ms FROM order_status WHERE order_id = $1
         ORDER BY received_ms, at_ms, status_id";
    let rows = tx.fetch_all(sql, args![order_id.0]).await?;
    let word = |row: &Row| Ok((row.text("signer")?, stored::moment(row, "at_ms")?, row.text("kind")?));
    let said = rows.iter().map(word).collect::<Result<Vec<_>, HostError>>()?;
    let said: Vec<_> = said.iter().map(|(by, at, word)| (by, *at, word.as_str())).collect();
    Ok(status::sent(&said).is_some())
}

/// All that was said of an order, as it came in.
pub(super) async fn of_order(sql: &mut Sql, order_id: OrderId) -> Result<Vec<Said>, HostError> {
    let query = "SELECT s.signer, s.signed, s.received_ms, o.placed_ms
                 FROM order_status s JOIN placed_order o ON o.order_id = s.order_id
                 WHERE s.order_id = $1 ORDER BY s.received_ms, s.at_ms, s.status_id";
    let rows = sql.fetch_all(query, args![order_id.0]).await?;
    rows.iter().map(said).collect()
}

fn said(row: &Row) -> Result<Said, HostError> {
    let by = stored::peer(row, "signer")?;
    let signed: Signed<Status> =
        codec::decode(&row.bytes("signed")?, SMALL_BYTES_MAX).map_err(|_| stored::unreadable("a status"))?;
    let status = signed.open_from(&by)?;
    let (placed, received) = (stored::moment(row, "placed_ms")?, stored::moment(row, "received_ms")?);
    // Nobody speaks of an order before it is placed, nor is heard before they speak.
    let by_own_clock = status.at;
    let at = if (placed..=received).contains(&by_own_clock) { by_own_clock } else { received };
    Ok(Said { kind: status.kind, at, by_own_clock, by })
}

/// How far an order has come.
pub(super) struct Progress {
    pub(super) state: OrderState,
    pub(super) steps: Vec<Step>,
    pub(super) tracking: Option<Tracking>,
    pub(super) problem: Option<String>,
    pub(super) declined: Option<String>,
}

impl Progress {
    /// By its row and all that was said of it.
    pub(super) fn of(row: &Row, said: &[Said]) -> Result<Self, HostError> {
        let state = orders::state(row)?;
        let answered = stored::maybe_moment(row, "answered_ms")?.filter(|_| state != OrderState::Held);
        let is_sent = state == OrderState::Shipped;
        let first = |wanted: fn(&StatusKind) -> bool| said.iter().find(|said| wanted(&said.kind)).map(|said| said.at);
        let accepted = first(|kind| matches!(kind, StatusKind::Accepted)).or(answered);
        let mut steps = vec![
            step(StepKind::Placed, Some(stored::moment(row, "placed_ms")?)),
            step(StepKind::Accepted, accepted.filter(|_| state != OrderState::Declined)),
            step(StepKind::Paid, stored::maybe_moment(row, "paid_ms")?),
            step(StepKind::Received, first(|kind| matches!(kind, StatusKind::Received { .. }))),
            step(StepKind::Printing, first(|kind| matches!(kind, StatusKind::Printing))),
            step(StepKind::Shipped, sent(said).filter(|_| is_sent)),
        ];
        fill_passed(&mut steps);
        put_in_order(&mut steps);
        let refusal: Option<String> = row.get("refusal")?;
        let declined = said.iter().rev().find_map(|said| match &said.kind {
            StatusKind::Declined { reason } => Some(reason.clone()),
            _ => None,
        });
        Ok(Self {
            state,
            steps,
            tracking: tracking(said).filter(|_| is_sent),
            problem: problem(said),
            declined: declined.or(refusal).filter(|_| state == OrderState::Declined),
        })
    }
}

fn step(kind: StepKind, reached: Option<UnixMs>) -> Step {
    Step { kind, reached }
}

/// When the parcel went that is on its way, for people; of an order that is sent, by an earlier
/// version's word, at least the last.
fn sent(said: &[Said]) -> Option<UnixMs> {
    let words: Vec<_> = said.iter().map(|said| (said.by, said.by_own_clock, said.kind.word())).collect();
    let last = || said.iter().rposition(|said| matches!(said.kind, StatusKind::Shipped { .. }));
    status::sent(&words).or_else(last).map(|place| said[place].at)
}

/// A step that was passed without word was reached by the time of the next one. Paying
/// is nobody's consequence: it has to be said.
fn fill_passed(steps: &mut [Step]) {
    let mut next = None;
    for step in steps.iter_mut().rev() {
        if step.kind == StepKind::Paid {
            continue;
        }
        step.reached = step.reached.or(next);
        next = step.reached;
    }
}

/// No step was reached before those that it follows, whatever a clock said. Paying follows
/// nothing.
fn put_in_order(steps: &mut [Step]) {
    let mut last = None;
    for step in steps.iter_mut().filter(|step| step.kind != StepKind::Paid) {
        step.reached = step.reached.map(|reached| last.map_or(reached, |last| reached.max(last)));
        last = step.reached.or(last);
    }
}

/// By the last word; what it leaves open is as the same lab said it before. After a problem
/// it is another parcel: its number is its own, its carrier the same.
fn tracking(said: &[Said]) -> Option<Tracking> {
    let (mut known, mut before, mut by) = (None, Tracking::default(), None);
    for said in said {
        match &said.kind {
            StatusKind::Shipped { carrier, tracking } => {
                if by.replace(said.by) != Some(said.by) {
                    before = Tracking::default();
                }
                let or = |now: &String, before: String| if now.is_empty() { before } else { now.clone() };
                before = Tracking { carrier: or(carrier, before.carrier), tracking: or(tracking, before.tracking) };
                known = Some(before.clone());
            }
            StatusKind::Problem { .. } => {
                known = None;
                before.tracking.clear();
            }
            _ => {}
        }
    }
    known
}

/// The last problem, unless the work went on after it.
fn problem(said: &[Said]) -> Option<String> {
    let mut problem = None;
    for said in said {
        match &said.kind {
            StatusKind::Problem { text } => problem = Some(text.clone()),
            StatusKind::Accepted
            | StatusKind::Offered { .. }
            | StatusKind::Received { .. }
            | StatusKind::Printing
            | StatusKind::Shipped { .. } => problem = None,
            _ => {}
        }
    }
    problem
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(kind: StatusKind) -> Said {
        Said { kind, at: UnixMs(1), by_own_clock: UnixMs(1), by: PeerId::random() }
    }

    fn said_by(by: PeerId, kind: StatusKind) -> Said {
        Said { by, ..said(kind) }
    }

    #[test]
    fn a_problem_ends_when_the_work_goes_on() {
        let trouble = said(StatusKind::Problem { text: "Out of paper.".into() });
        assert_eq!(problem(std::slice::from_ref(&trouble)).as_deref(), Some("Out of paper."));
        assert_eq!(problem(&[trouble.clone(), said(StatusKind::Printing)]), None);
        assert_eq!(problem(&[trouble.clone(), said(StatusKind::Offered { lab: "Other".into() })]), None);
        assert_eq!(problem(&[trouble.clone(), said(StatusKind::Accepted)]), None);
        let again = [trouble.clone(), said(StatusKind::Printing), trouble];
        assert!(problem(&again).is_some());
    }

    #[test]
    fn a_parcel_that_is_said_again_without_its_carrier_keeps_it() {
        let (lab, other) = (PeerId::random(), PeerId::random());
        let shipped = |by, carrier: &str, tracking: &str| {
            said_by(by, StatusKind::Shipped { carrier: carrier.into(), tracking: tracking.into() })
        };
        let known = |said: &[Said]| tracking(said).map(|known| (known.carrier, known.tracking));
        let as_said = |carrier: &str, tracking: &str| Some((carrier.to_owned(), tracking.to_owned()));
        let first = shipped(lab, "Post", "T-1");
        assert_eq!(known(&[first.clone(), shipped(lab, "", "")]), as_said("Post", "T-1"));
        assert_eq!(known(&[first.clone(), shipped(lab, "", "T-2")]), as_said("Post", "T-2"));
        let lost = said_by(lab, StatusKind::Problem { text: "Lost.".into() });
        assert_eq!(known(&[first.clone(), lost.clone()]), None);
        assert_eq!(known(&[first.clone(), lost.clone(), shipped(lab, "", "")]), as_said("Post", ""));
        assert_eq!(known(&[first.clone(), lost.clone(), shipped(lab, "", "T-2")]), as_said("Post", "T-2"));
        assert_eq!(known(&[first, lost, shipped(other, "", "T-2")]), as_said("", "T-2"), "another lab's carrier");
    }

    #[test]
    fn steps_passed_in_silence_have_the_time_of_the_next_but_paying_has_not() {
        let at = |kind, reached: Option<i64>| step(kind, reached.map(UnixMs));
        let mut steps = [
            at(StepKind::Placed, Some(1)),
            at(StepKind::Accepted, None),
            at(StepKind::Paid, None),
            at(StepKind::Received, None),
            at(StepKind::Printing, Some(7)),
            at(StepKind::Shipped, None),
        ];
        fill_passed(&mut steps);
        put_in_order(&mut steps);
        let reached: Vec<_> = steps.iter().map(|step| step.reached.map(|at| at.0)).collect();
        assert_eq!(reached, [Some(1), Some(7), None, Some(7), Some(7), None]);
    }
}
