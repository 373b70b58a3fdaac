//! Placing an order: prices and names are copied, the host signs, and the message to the
//! photographer's node is put into the outbox, all in one transaction.

use enprint_protocol::event::PriceList;
use enprint_protocol::ids::{ContentHash, EventId, OrderId};
use enprint_protocol::limits::{LINE_BYTES_MAX, NAME_BYTES_MAX};
use enprint_protocol::order::{Customer, Delivery, Order, OrderLine, OrderRequest};
use enprint_protocol::signed::Signed;
use enprint_protocol::time::UnixMs;
use enprint_protocol::{codec, text};
use enprint_store::args;
use enprint_store::ledger::{Parcel, Session as Sql, Tx, outbox};

use super::{Index, baskets, binding, enrolment, events, orders, sessions};
use crate::error::HostError;
use crate::limits;
use crate::secrets::order_token_hash;
use crate::stored;
use crate::views::{Choice, Chosen, OrderState, PlaceOrder, Placed};

impl Index {
    /// Places an order. Repeated with the same key in the same session and gallery, it
    /// answers the order that is there, whatever else is said.
    ///
    /// # Errors
    /// [`HostError::Field`] naming the form's field; [`HostError::BasketEmpty`],
    /// [`HostError::PhotoGone`], [`HostError::NotForPrint`], [`HostError::NotOnPriceList`],
    /// [`HostError::PricesChanged`]; [`HostError::NotHere`] when the session has ended or
    /// has not opened the gallery. Nothing is ordered then.
    pub async fn place(&self, wanted: &PlaceOrder) -> Result<Placed, HostError> {
        let placing = Placing { index: self, wanted, key: place_key(wanted)?, now: self.now() };
        let placing = &placing;
        let placed = self.ledger().write(|tx| Box::pin(placing.run(tx))).await?;
        if placed.is_new {
            tracing::info!(order = %placed.number, total = %placed.total, "an order was placed");
        }
        Ok(placed)
    }
}

/// One run of [`Index::place`].
struct Placing<'a> {
    index: &'a Index,
    wanted: &'a PlaceOrder,
    key: ContentHash,
    now: UnixMs,
}

/// What the customer wrote about themselves, checked.
struct Written {
    customer: Customer,
    delivery: Delivery,
    note: String,
}

impl Placing<'_> {
    async fn run(&self, tx: &mut Tx<'_>) -> Result<Placed, HostError> {
        let (session, event_id) = (self.wanted.session_id, self.wanted.event_id);
        sessions::account_of(tx, session, self.now).await?;
        if let Some(placed) = orders::placed_before(self.index, tx, self.key).await? {
            return Ok(placed);
        }
        let prices = baskets::visible(tx, session, event_id, self.now).await?;
        let written = self.read(&prices)?;
        let lines = self.lines(tx, &prices).await?;
        let order = Order {
            order_id: OrderId::random(),
            event_id,
            placed_at: self.now,
            total: Order::sum(&lines, &written.delivery)?,
            customer: written.customer,
            delivery: written.delivery,
            lines,
            note: written.note,
        };
        order.check()?;
        if let Some(shown) = self.wanted.expected_total.filter(|shown| *shown != order.total) {
            return Err(HostError::PricesChanged { shown, now: order.total });
        }
        self.store(tx, &order, &prices).await?;
        if self.wanted.chosen == Chosen::Basket {
            let sql = "DELETE FROM basket_line WHERE session_id = $1 AND event_id = $2";
            tx.execute(sql, args![session.0, event_id.0]).await?;
        }
        Ok(Placed {
            order_id: order.order_id,
            number: order.order_id.number(),
            token: self.index.secrets().order_token(&order.order_id),
            total: order.total,
            is_new: true,
        })
    }

    /// The order's row, and the message that takes it to its photographer.
    async fn store(&self, tx: &mut Tx<'_>, order: &Order, prices: &PriceList) -> Result<(), HostError> {
        let event = events::open(tx, order.event_id).await?.ok_or(HostError::NotHere)?;
        let photographer = enrolment::active(tx, event.photographer).await?;
        let account = sessions::account_of(tx, self.wanted.session_id, self.now).await?;
        let signed = self.index.sign_order(order)?;
        let token = self.index.secrets().order_token(&order.order_id);
        let sql = "INSERT INTO placed_order (order_id, event_id, number, photographer, place_key, token_hash,
                session_id, account, event_name, photographer_name, payment_note, total_minor, currency,
                placed_ms, state, signed)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
        let values = args![
            order.order_id.0,
            order.event_id.0,
            order.order_id.number(),
            event.photographer.to_string(),
            self.key.0,
            order_token_hash(&token).0,
            self.wanted.session_id.0,
            account.map(|account| account.to_string()),
            &event.record.name,
            photographer.name,
            &prices.payment_note,
            order.total.minor,
            order.total.currency.to_string(),
            self.now.0,
            OrderState::Placed.word(),
            codec::encode(&signed)?,
        ];
        tx.execute(sql, values).await?;
        outbox::put(tx, &parcel(order, &event.photographer.to_string(), signed)?, self.now.0).await?;
        Ok(())
    }

    fn read(&self, prices: &PriceList) -> Result<Written, HostError> {
        let wanted = self.wanted;
        let line = |field, what, given: &str, max| {
            text::required(what, given, max, false).map_err(|error| HostError::field(field, error.to_string()))
        };
        let customer =
            Customer { name: line("name", "Your name", &wanted.name, NAME_BYTES_MAX)?, email: email(&wanted.email)? };
        let option = prices.delivery(wanted.delivery.trim());
        let option = option.ok_or_else(|| HostError::field("delivery", "Please choose how you get the prints."))?;
        let address = lines_of("address", "The address", &wanted.address, limits::ADDRESS_LINES_BYTES_MAX)?;
        if option.needs_address && address.is_empty() {
            return Err(HostError::field("address", "Please write the address that the prints go to."));
        }
        let delivery = Delivery {
            name: option.name.clone(),
            price: option.price,
            address: option.needs_address.then_some(address),
        };
        let note = lines_of("note", "The note", &wanted.note, limits::ORDER_NOTE_BYTES_MAX)?;
        Ok(Written { customer, delivery, note })
    }

    async fn lines(&self, tx: &mut Tx<'_>, prices: &PriceList) -> Result<Vec<OrderLine>, HostError> {
        let (session, event_id) = (self.wanted.session_id, self.wanted.event_id);
        let choices = match &self.wanted.chosen {
            Chosen::Lines(choices) => choices.clone(),
            Chosen::Basket => {
                let basket = baskets::basket_in(tx, session, event_id, prices).await?;
                basket.lines.into_iter().map(|line| line.choice).collect()
            }
        };
        if choices.is_empty() {
            return Err(HostError::BasketEmpty);
        }
        let max = enprint_protocol::limits::ORDER_LINES_MAX;
        if choices.len() > max {
            return Err(HostError::BasketFull { max: max as u64 });
        }
        let mut lines = Vec::with_capacity(choices.len());
        for (line, choice) in (1..).zip(&choices) {
            lines.push(order_line(tx, event_id, prices, line, choice).await?);
        }
        Ok(lines)
    }
}

async fn order_line(
    sql: &mut Sql,
    event_id: EventId,
    prices: &PriceList,
    line: u32,
    choice: &Choice,
) -> Result<OrderLine, HostError> {
    let max = enprint_protocol::limits::QUANTITY_MAX;
    if !(1..=max).contains(&choice.quantity) {
        return Err(HostError::field("quantity", format!("Of one print there can be 1 to {max} copies.")));
    }
    Ok(OrderLine {
        line,
        photo_id: choice.photo_id,
        file_name: baskets::printable(sql, event_id, choice.photo_id).await?,
        size: choice.size,
        finish: choice.finish,
        crop: choice.crop,
        quantity: choice.quantity,
        price: baskets::price(prices, choice)?,
    })
}

fn parcel(order: &Order, photographer: &str, signed: Signed<Order>) -> Result<Parcel, HostError> {
    Ok(Parcel {
        id: binding::parcel_id(orders::ORDER, order.order_id, 0),
        peer: photographer.to_owned(),
        kind: orders::ORDER.into(),
        payload: codec::encode(&OrderRequest::Deliver(signed))?,
    })
}

/// The same for the same key in the same session and gallery, and for nothing else.
fn place_key(wanted: &PlaceOrder) -> Result<ContentHash, HostError> {
    let key = wanted.idempotency_key.as_bytes();
    if key.is_empty() || key.len() > limits::IDEMPOTENCY_KEY_BYTES_MAX {
        let problem = format!("The order's key has 1 to {} bytes.", limits::IDEMPOTENCY_KEY_BYTES_MAX);
        return Err(HostError::field("idempotency_key", problem));
    }
    Ok(ContentHash::of(&[&wanted.session_id.0[..], &wanted.event_id.0[..], key].concat()))
}

/// An address that a letter could be sent to; whether somebody reads it, only a letter tells.
fn email(given: &str) -> Result<String, HostError> {
    let email = text::required("Your e-mail address", given, limits::EMAIL_BYTES_MAX, false)
        .map_err(|error| HostError::field("email", error.to_string()))?;
    let parts = email.rsplit_once('@').filter(|(user, domain)| !user.is_empty() && domain.len() > 2);
    if parts.is_none() || email.contains(char::is_whitespace) {
        return Err(HostError::field(
            "email",
            "Please check the e-mail address: it should read like name@example.org.",
        ));
    }
    Ok(email)
}

fn lines_of(field: &'static str, what: &'static str, given: &str, max: usize) -> Result<String, HostError> {
    let max = max.max(LINE_BYTES_MAX);
    text::optional(what, given, max, true).map_err(|error| HostError::field(field, error.to_string()))
}

/// What a row of `placed_order` says to who placed it.
pub(super) fn placed(index: &Index, row: &enprint_store::ledger::Row) -> Result<Placed, HostError> {
    let order_id = OrderId(stored::bytes(row, "order_id")?);
    Ok(Placed {
        order_id,
        number: row.text("number")?,
        token: index.secrets().order_token(&order_id),
        total: stored::total(row)?,
        is_new: false,
    })
}
