//! Orders as they are stored, listed, looked up, answered by their photographer and
//! paid. Placing is `placing.rs`; what is said of an order later is `statuses.rs`.

use enprint_protocol::codec;
use enprint_protocol::ids::{ContentHash, EventId, OrderId};
use enprint_protocol::limits::CONTROL_BYTES_MAX;
use enprint_protocol::order::{Order, OrderRequest, Payment};
use enprint_protocol::signed::Signed;
use enprint_protocol::time::UnixMs;
use enprint_store::args;
use enprint_store::ledger::{Parcel, Row, Session as Sql, Tx, outbox};

use super::{Index, binding, placing, statuses, waits};
use crate::error::HostError;
use crate::limits::ORDERS_LISTED_MAX;
use crate::secrets::order_token_hash;
use crate::stored;
use crate::views::{AccountId, OrderState, OrderSummary, OrderToken, OrderView, Placed, SessionId};

/// The kind of a parcel with an order.
pub(crate) const ORDER: &str = "order";
/// The kind of a parcel with a payment.
pub(crate) const PAID: &str = "paid";
/// The kind of a parcel with the word that an order is bound to another home.
pub(crate) const ORDER_MOVED: &str = "moved";

/// What the photographer's node answers to an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It is printed once it is paid.
    Accepted,
    /// The photographer wants to look at it first.
    Held,
    /// It will not be printed, for this reason.
    Declined(String),
}

macro_rules! summary_columns {
    () => {
        "order_id, number, event_id, event_name, photographer, placed_ms, total_minor, currency, paid_ms, state"
    };
}

impl Index {
    /// The order that this token opens.
    ///
    /// # Errors
    /// The database's.
    pub async fn order(&self, token: &OrderToken) -> Result<Option<OrderView>, HostError> {
        let mut sql = self.ledger().snapshot().await?;
        let query = "SELECT * FROM placed_order WHERE token_hash = $1";
        let row = sql.fetch_optional(query, args![order_token_hash(token).0]).await?;
        self.view(&mut sql, row).await
    }

    /// The order of this id.
    ///
    /// # Errors
    /// The database's.
    pub async fn order_by_id(&self, order_id: OrderId) -> Result<Option<OrderView>, HostError> {
        let mut sql = self.ledger().snapshot().await?;
        let query = "SELECT * FROM placed_order WHERE order_id = $1";
        let row = sql.fetch_optional(query, args![order_id.0]).await?;
        self.view(&mut sql, row).await
    }

    /// The newest orders, at most [`ORDERS_LISTED_MAX`], for the operator.
    ///
    /// # Errors
    /// The database's.
    pub async fn orders(&self) -> Result<Vec<OrderSummary>, HostError> {
        let query =
            concat!("SELECT ", summary_columns!(), " FROM placed_order ORDER BY placed_ms DESC, order_id LIMIT $1");
        let rows = self.ledger().read().fetch_all(query, args![ORDERS_LISTED_MAX]).await?;
        rows.iter().map(|row| summary(self, row)).collect()
    }

    /// The orders of a session and of the account that is signed in with it, newest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn orders_of_session(&self, session: SessionId) -> Result<Vec<OrderSummary>, HostError> {
        let query = concat!(
            "SELECT ",
            summary_columns!(),
            " FROM placed_order
             WHERE session_id = $1 OR account = (SELECT account FROM session WHERE session_id = $1)
             ORDER BY placed_ms DESC, order_id LIMIT $2"
        );
        let rows = self.ledger().read().fetch_all(query, args![session.0, ORDERS_LISTED_MAX]).await?;
        rows.iter().map(|row| summary(self, row)).collect()
    }

    /// The order that a person names by its id or number.
    ///
    /// # Errors
    /// [`HostError::NotHere`], [`HostError::OrderAmbiguous`].
    pub async fn find_order(&self, named: &str) -> Result<OrderId, HostError> {
        let named = named.trim();
        if let Ok(order_id) = named.parse::<OrderId>()
            && self.order_by_id(order_id).await?.is_some()
        {
            return Ok(order_id);
        }
        let query = "SELECT order_id FROM placed_order WHERE LOWER(number) = $1 LIMIT 2";
        let rows = self.ledger().read().fetch_all(query, args![named.to_lowercase()]).await?;
        match rows.as_slice() {
            [] => Err(HostError::NotHere),
            [row] => Ok(OrderId(stored::bytes(row, "order_id")?)),
            _ => Err(HostError::OrderAmbiguous { number: named.into() }),
        }
    }

    /// Marks an order paid, and tells its photographer. Answers whether it was not paid
    /// before.
    ///
    /// # Errors
    /// [`HostError::NotHere`], [`HostError::OrderDeclined`].
    pub async fn mark_paid(&self, order_id: OrderId) -> Result<bool, HostError> {
        let payment = Payment { order_id, paid_at: self.now() };
        let request = codec::encode(&OrderRequest::Paid(self.sign_payment(&payment)?))?;
        let (payment, request) = (&payment, &request);
        self.ledger().write(|tx| Box::pin(mark_paid_in(tx, payment, request))).await
    }

    /// Which order a message to a photographer's node is about.
    pub(crate) fn order_of(&self, request: &OrderRequest) -> Result<OrderId, HostError> {
        let key = self.host_key();
        Ok(match request {
            OrderRequest::Deliver(signed) => signed.open(&key)?.order_id,
            OrderRequest::Paid(signed) => signed.open(&key)?.order_id,
            OrderRequest::Moved(signed) | OrderRequest::WasElsewhere(signed) => signed.open(&key)?.order_id,
        })
    }

    /// Takes down what the photographer's node answered, and settles the parcel.
    pub(crate) async fn note_answer(&self, parcel: &Parcel, answer: &Answer) -> Result<(), HostError> {
        let OrderRequest::Deliver(signed) = codec::decode(&parcel.payload, CONTROL_BYTES_MAX)? else {
            return Err(stored::unreadable("a waiting message"));
        };
        let order_id = signed.open(&self.host_key())?.order_id;
        let now = self.now();
        self.ledger()
            .write(|tx| {
                Box::pin(async move {
                    // A home that the order was taken from meanwhile decides it no more.
                    if is_bound_to(tx, order_id, &parcel.peer).await? {
                        answer_in(tx, order_id, answer, now).await?;
                    }
                    outbox::settle(tx, &parcel.id).await?;
                    Ok(())
                })
            })
            .await
    }

    async fn view(&self, sql: &mut Sql, row: Option<Row>) -> Result<Option<OrderView>, HostError> {
        let Some(row) = row else { return Ok(None) };
        let signed: Signed<Order> =
            codec::decode(&row.bytes("signed")?, CONTROL_BYTES_MAX).map_err(|_| stored::unreadable("an order"))?;
        let order = signed.open(&self.host_key())?;
        let said = statuses::of_order(sql, order.order_id).await?;
        let token = self.secrets().order_token(&order.order_id);
        let progress = statuses::Progress::of(&row, &said)?;
        let waits = waits::of_order(sql, &row, progress.state, &said, self.now()).await?;
        Ok(Some(OrderView {
            number: row.text("number")?,
            token,
            event_name: row.text("event_name")?,
            photographer: row.text("photographer_name")?,
            payment_note: row.text("payment_note")?,
            paid: stored::maybe_moment(&row, "paid_ms")?,
            state: progress.state,
            steps: progress.steps,
            tracking: progress.tracking,
            problem: progress.problem,
            declined: progress.declined,
            waits,
            said,
            order,
        }))
    }
}

/// What a customer gets who places the same order once more.
pub(super) async fn placed_before(index: &Index, sql: &mut Sql, key: ContentHash) -> Result<Option<Placed>, HostError> {
    let query = "SELECT order_id, number, total_minor, currency FROM placed_order WHERE place_key = $1";
    let row = sql.fetch_optional(query, args![key.0]).await?;
    row.map(|row| placing::placed(index, &row)).transpose()
}

/// An account's orders, newest first.
pub(super) async fn of_account(
    index: &Index,
    sql: &mut Sql,
    account: &AccountId,
) -> Result<Vec<OrderSummary>, HostError> {
    let query = concat!(
        "SELECT ",
        summary_columns!(),
        " FROM placed_order WHERE account = $1 ORDER BY placed_ms DESC, order_id LIMIT $2"
    );
    let rows = sql.fetch_all(query, args![account.as_str(), ORDERS_LISTED_MAX]).await?;
    rows.iter().map(|row| summary(index, row)).collect()
}

/// Moves the order's state on, never back.
pub(super) async fn advance(tx: &mut Tx<'_>, order_id: OrderId, to: OrderState) -> Result<(), HostError> {
    let sql = "SELECT state FROM placed_order WHERE order_id = $1";
    let row = tx.fetch_optional(sql, args![order_id.0]).await?.ok_or(HostError::NotHere)?;
    if state(&row)? < to {
        let sql = "UPDATE placed_order SET state = $2 WHERE order_id = $1";
        tx.execute(sql, args![order_id.0, to.word()]).await?;
    }
    Ok(())
}

/// To being declined, also from being with a lab that has not got the files: they can't come.
pub(super) async fn decline(tx: &mut Tx<'_>, order_id: OrderId) -> Result<(), HostError> {
    advance(tx, order_id, OrderState::Declined).await?;
    let sql = "UPDATE placed_order SET state = $2 WHERE order_id = $1 AND state = $3";
    let states = (OrderState::Declined.word(), OrderState::Offered.word());
    tx.execute(sql, args![order_id.0, states.0, states.1]).await?;
    Ok(())
}

/// To being printed, also from being sent: its parcel came to grief.
pub(super) async fn print(tx: &mut Tx<'_>, order_id: OrderId) -> Result<(), HostError> {
    advance(tx, order_id, OrderState::Printing).await?;
    let sql = "UPDATE placed_order SET state = $2 WHERE order_id = $1 AND state = $3";
    let states = (OrderState::Printing.word(), OrderState::Shipped.word());
    tx.execute(sql, args![order_id.0, states.0, states.1]).await?;
    Ok(())
}

/// The state in a row.
pub(super) fn state(row: &Row) -> Result<OrderState, HostError> {
    OrderState::from_word(&row.text("state")?).ok_or_else(|| stored::unreadable("an order's state"))
}

async fn is_bound_to(tx: &mut Tx<'_>, order_id: OrderId, home: &str) -> Result<bool, HostError> {
    let sql = "SELECT 1 AS one FROM placed_order WHERE order_id = $1 AND COALESCE(home, photographer) = $2";
    Ok(tx.fetch_optional(sql, args![order_id.0, home]).await?.is_some())
}

async fn answer_in(tx: &mut Tx<'_>, order_id: OrderId, answer: &Answer, now: UnixMs) -> Result<(), HostError> {
    let (state, refusal) = match answer {
        Answer::Accepted => (OrderState::Accepted, None),
        Answer::Held => (OrderState::Held, None),
        Answer::Declined(reason) => (OrderState::Declined, Some(reason.clone())),
    };
    advance(tx, order_id, state).await?;
    let sql = "UPDATE placed_order SET answered_ms = COALESCE(answered_ms, $2), refusal = COALESCE(refusal, $3)
         WHERE order_id = $1";
    tx.execute(sql, args![order_id.0, now.0, refusal]).await?;
    Ok(())
}

async fn mark_paid_in(tx: &mut Tx<'_>, payment: &Payment, request: &[u8]) -> Result<bool, HostError> {
    let sql = "SELECT COALESCE(home, photographer) AS bound_to, moves, state, paid_ms FROM placed_order
         WHERE order_id = $1";
    let row = tx.fetch_optional(sql, args![payment.order_id.0]).await?.ok_or(HostError::NotHere)?;
    if state(&row)? == OrderState::Declined {
        return Err(HostError::OrderDeclined);
    }
    if stored::maybe_moment(&row, "paid_ms")?.is_some() {
        return Ok(false);
    }
    let sql = "UPDATE placed_order SET paid_ms = $2 WHERE order_id = $1";
    tx.execute(sql, args![payment.order_id.0, payment.paid_at.0]).await?;
    let parcel = Parcel {
        id: binding::parcel_id(PAID, payment.order_id, row.int("moves")?),
        peer: row.text("bound_to")?,
        kind: PAID.into(),
        payload: request.to_vec(),
    };
    outbox::put(tx, &parcel, payment.paid_at.0).await?;
    Ok(true)
}

fn summary(index: &Index, row: &Row) -> Result<OrderSummary, HostError> {
    let order_id = OrderId(stored::bytes(row, "order_id")?);
    Ok(OrderSummary {
        order_id,
        number: row.text("number")?,
        token: index.secrets().order_token(&order_id),
        event_id: EventId(stored::bytes(row, "event_id")?),
        event_name: row.text("event_name")?,
        photographer: stored::peer(row, "photographer")?,
        placed: stored::moment(row, "placed_ms")?,
        total: stored::total(row)?,
        paid: stored::maybe_moment(row, "paid_ms")?,
        state: state(row)?,
    })
}
