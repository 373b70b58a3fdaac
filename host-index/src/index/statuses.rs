//! What photographers and labs say of an order: each signed word is kept once, in the
//! transaction of what it changes; and how far the order has come by all of them.

use enprint_protocol::PeerId;
use enprint_protocol::codec;
use enprint_protocol::enrol::Role;
use enprint_protocol::ids::OrderId;
use enprint_protocol::limits::SMALL_BYTES_MAX;
use enprint_protocol::signed::Signed;
use enprint_protocol::status::{Status, StatusKind};
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
        if self.is_printed_again(tx).await? {
            orders::print_again(tx, order_id).await?;
        } else if let Some(state) = OrderState::of(&self.status.kind) {
            orders::advance(tx, order_id, state).await?;
        }
        if self.status.kind == StatusKind::Paid {
            let sql = "UPDATE placed_order SET paid_ms = COALESCE(paid_ms, $2) WHERE order_id = $1";
            tx.execute(sql, args![order_id.0, self.now.0]).await?;
        }
        Ok(())
    }

    /// Whether a lab prints once more what it said before that it had sent: its parcel came to
    /// grief. The lab's own clock says what it said last.
    async fn is_printed_again(&self, tx: &mut Tx<'_>) -> Result<bool, HostError> {
        if self.status.kind != StatusKind::Printing {
            return Ok(false);
        }
        let sql = "SELECT MAX(at_ms) AS sent_ms FROM order_status WHERE order_id = $1 AND signer = $2 AND kind = $3";
        let shipped = StatusKind::Shipped { carrier: String::new(), tracking: String::new() };
        let values = args![self.status.order_id.0, self.signer.to_string(), shipped.word()];
        let row = tx.fetch_one(sql, values).await?;
        Ok(stored::maybe_moment(&row, "sent_ms")?.is_some_and(|sent| sent < self.status.at))
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
    let is_possible = (placed..=received).contains(&status.at);
    Ok(Said { kind: status.kind, at: if is_possible { status.at } else { received }, by })
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
        let first = |wanted: fn(&StatusKind) -> bool| said.iter().find(|said| wanted(&said.kind)).map(|said| said.at);
        let accepted = first(|kind| matches!(kind, StatusKind::Accepted)).or(answered);
        let mut steps = vec![
            step(StepKind::Placed, Some(stored::moment(row, "placed_ms")?)),
            step(StepKind::Accepted, accepted.filter(|_| state != OrderState::Declined)),
            step(StepKind::Paid, stored::maybe_moment(row, "paid_ms")?),
            step(StepKind::Received, first(|kind| matches!(kind, StatusKind::Received { .. }))),
            step(StepKind::Printing, first(|kind| matches!(kind, StatusKind::Printing))),
            step(StepKind::Shipped, sent(said)),
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
            tracking: tracking(said),
            problem: problem(said),
            declined: declined.or(refusal).filter(|_| state == OrderState::Declined),
        })
    }
}

fn step(kind: StepKind, reached: Option<UnixMs>) -> Step {
    Step { kind, reached }
}

/// When the parcel went of which its lab does not say later that it is printed again: later by
/// the lab's clock, which may have been set back, and later as it came.
fn sent(said: &[Said]) -> Option<UnixMs> {
    let is_printed_again = |at: usize, parcel: &Said| {
        let of_its_lab = said[at + 1..].iter().filter(|later| later.by == parcel.by && later.at > parcel.at);
        of_its_lab.into_iter().any(|later| later.kind == StatusKind::Printing)
    };
    let mut parcels = said.iter().enumerate().filter(|(_, said)| matches!(said.kind, StatusKind::Shipped { .. }));
    parcels.find(|(at, parcel)| !is_printed_again(*at, parcel)).map(|(_, parcel)| parcel.at)
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
        Said { kind, at: UnixMs(1), by: PeerId::random() }
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
    fn a_parcel_that_is_printed_again_is_not_sent_until_the_next_goes_however_late_the_words_come() {
        let (lab, other) = (PeerId::random(), PeerId::random());
        let at = |ms, by, kind| Said { at: UnixMs(ms), ..said_by(by, kind) };
        let parcel = || StatusKind::Shipped { carrier: String::new(), tracking: String::new() };
        let mut words = vec![at(1, lab, StatusKind::Printing), at(2, lab, parcel())];
        assert_eq!(sent(&words), Some(UnixMs(2)));
        words.push(at(9, other, StatusKind::Printing));
        assert_eq!(sent(&words), Some(UnixMs(2)), "by the clock of another lab");
        words.push(at(4, lab, StatusKind::Printing));
        assert_eq!(sent(&words), None);
        words.push(at(5, lab, parcel()));
        assert_eq!(sent(&words), Some(UnixMs(5)));
        words.swap(3, 4);
        assert_eq!(sent(&words), Some(UnixMs(5)), "they come in another order");
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
