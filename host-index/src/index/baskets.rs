//! Baskets: what a session has chosen in one gallery. Prices are the event's, at the
//! moment of looking; nothing is promised before the order is placed.

use enprint_protocol::event::PriceList;
use enprint_protocol::ids::{EventId, PhotoId};
use enprint_protocol::limits::{ORDER_LINES_MAX, QUANTITY_MAX};
use enprint_protocol::money::Money;
use enprint_protocol::order::Crop;
use enprint_protocol::time::UnixMs;
use enprint_store::args;
use enprint_store::ledger::{Row, Session as Sql, Tx};

use super::photo_rows::{not_for_print, photo_columns, photo_row, words_join};
use super::{Index, events, sessions};
use crate::error::HostError;
use crate::stored;
use crate::views::{Basket, BasketLine, Choice, LineProblem, SessionId};

impl Index {
    /// What the session has chosen in the gallery.
    ///
    /// # Errors
    /// [`HostError::NotHere`] when the session has ended or has not opened the gallery.
    pub async fn basket(&self, session: SessionId, event_id: EventId) -> Result<Basket, HostError> {
        let mut sql = self.ledger().snapshot().await?;
        let prices = visible(&mut sql, session, event_id, self.now()).await?;
        basket_in(&mut sql, session, event_id, &prices).await
    }

    /// Adds prints; a line of the same photo, size, finish and crop grows.
    ///
    /// # Errors
    /// As [`basket`](Self::basket); [`HostError::PhotoGone`], [`HostError::NotForPrint`],
    /// [`HostError::NotOnPriceList`], [`HostError::BasketFull`], [`HostError::Field`] for the quantity.
    pub async fn add_to_basket(
        &self,
        session: SessionId,
        event_id: EventId,
        choice: &Choice,
    ) -> Result<Basket, HostError> {
        self.change(Change { session, event_id, choice: *choice, adds: true, now: self.now() }).await
    }

    /// Sets how many prints a line has; 0 takes it out.
    ///
    /// # Errors
    /// As [`add_to_basket`](Self::add_to_basket).
    pub async fn set_in_basket(
        &self,
        session: SessionId,
        event_id: EventId,
        choice: &Choice,
    ) -> Result<Basket, HostError> {
        self.change(Change { session, event_id, choice: *choice, adds: false, now: self.now() }).await
    }

    /// Puts these lines in place of what is there; lines of one kind become one.
    ///
    /// # Errors
    /// As [`add_to_basket`](Self::add_to_basket); nothing is changed then.
    pub async fn replace_basket(
        &self,
        session: SessionId,
        event_id: EventId,
        choices: &[Choice],
    ) -> Result<Basket, HostError> {
        let now = self.now();
        self.ledger()
            .write(|tx| {
                Box::pin(async move {
                    let prices = visible(tx, session, event_id, now).await?;
                    let sql = "DELETE FROM basket_line WHERE session_id = $1 AND event_id = $2";
                    tx.execute(sql, args![session.0, event_id.0]).await?;
                    for choice in choices {
                        apply(tx, &prices, &Change { session, event_id, choice: *choice, adds: true, now }).await?;
                    }
                    basket_in(tx, session, event_id, &prices).await
                })
            })
            .await
    }

    /// Takes everything out.
    ///
    /// # Errors
    /// The database's.
    pub async fn empty_basket(&self, session: SessionId, event_id: EventId) -> Result<(), HostError> {
        let sql = "DELETE FROM basket_line WHERE session_id = $1 AND event_id = $2";
        self.ledger().execute(sql, args![session.0, event_id.0]).await?;
        Ok(())
    }

    async fn change(&self, change: Change) -> Result<Basket, HostError> {
        let change = &change;
        self.ledger().write(|tx| Box::pin(change_in(tx, change))).await
    }
}

/// One change of one line.
struct Change {
    session: SessionId,
    event_id: EventId,
    choice: Choice,
    adds: bool,
    now: UnixMs,
}

async fn change_in(tx: &mut Tx<'_>, change: &Change) -> Result<Basket, HostError> {
    let prices = visible(tx, change.session, change.event_id, change.now).await?;
    apply(tx, &prices, change).await?;
    basket_in(tx, change.session, change.event_id, &prices).await
}

async fn apply(tx: &mut Tx<'_>, prices: &PriceList, change: &Change) -> Result<(), HostError> {
    let choice = &change.choice;
    if choice.quantity == 0 && !change.adds {
        return remove(tx, change.session, change.event_id, choice).await;
    }
    price(prices, choice)?;
    printable(tx, change.event_id, choice.photo_id).await?;
    put(tx, change).await
}

async fn put(tx: &mut Tx<'_>, change: &Change) -> Result<(), HostError> {
    let (session, event_id, choice) = (change.session, change.event_id, &change.choice);
    let key = args![
        session.0,
        event_id.0,
        choice.photo_id.0.0,
        choice.size.to_string(),
        choice.finish.word(),
        choice.crop.word(),
    ];
    let sql = "SELECT quantity FROM basket_line WHERE session_id = $1 AND event_id = $2
         AND photo_id = $3 AND size = $4 AND finish = $5 AND crop = $6";
    let before = tx.fetch_optional(sql, key.clone()).await?;
    let before = before.map(|row| stored::small(&row, "quantity")).transpose()?;
    if before.is_none() {
        check_room(tx, session, event_id).await?;
    }
    let kept = if change.adds { before.unwrap_or(0) } else { 0 };
    let quantity = kept.saturating_add(choice.quantity);
    if !(1..=QUANTITY_MAX).contains(&quantity) || choice.quantity == 0 {
        let problem = format!("Of one print there can be 1 to {QUANTITY_MAX} copies.");
        return Err(HostError::field("quantity", problem));
    }
    let mut values = key;
    values.extend(args![quantity, change.now.0]);
    let sql = "INSERT INTO basket_line (session_id, event_id, photo_id, size, finish, crop, quantity, added_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (session_id, event_id, photo_id, size, finish, crop) DO UPDATE SET quantity = $7";
    tx.execute(sql, values).await?;
    Ok(())
}

async fn remove(tx: &mut Tx<'_>, session: SessionId, event_id: EventId, choice: &Choice) -> Result<(), HostError> {
    let sql = "DELETE FROM basket_line WHERE session_id = $1 AND event_id = $2
         AND photo_id = $3 AND size = $4 AND finish = $5 AND crop = $6";
    let key = args![
        session.0,
        event_id.0,
        choice.photo_id.0.0,
        choice.size.to_string(),
        choice.finish.word(),
        choice.crop.word(),
    ];
    tx.execute(sql, key).await?;
    Ok(())
}

async fn check_room(tx: &mut Tx<'_>, session: SessionId, event_id: EventId) -> Result<(), HostError> {
    let sql = "SELECT COUNT(*) AS lines FROM basket_line WHERE session_id = $1 AND event_id = $2";
    let row = tx.fetch_one(sql, args![session.0, event_id.0]).await?;
    let max = ORDER_LINES_MAX as u64;
    if stored::count(&row, "lines")? >= max { Err(HostError::BasketFull { max }) } else { Ok(()) }
}

/// The file name of a photo that prints can be made of.
///
/// # Errors
/// [`HostError::PhotoGone`], [`HostError::NotForPrint`]
pub(super) async fn printable(sql: &mut Sql, event_id: EventId, photo_id: PhotoId) -> Result<String, HostError> {
    let query = concat!(
        "SELECT p.file_name, w.not_for_print FROM photo p",
        words_join!(),
        "WHERE p.event_id = $1 AND p.photo_id = $2"
    );
    let row = sql.fetch_optional(query, args![event_id.0, photo_id.0.0]).await?;
    let row = row.ok_or_else(|| HostError::PhotoGone { file_name: photo_id.to_string() })?;
    let file_name = row.text("file_name")?;
    match not_for_print(&row)? {
        None => Ok(file_name),
        Some(_) => Err(HostError::NotForPrint { file_name }),
    }
}

/// The price list, if the session may see the gallery.
pub(super) async fn visible(
    sql: &mut Sql,
    session: SessionId,
    event_id: EventId,
    now: UnixMs,
) -> Result<PriceList, HostError> {
    let account = sessions::account_of(sql, session, now).await?;
    if !sessions::may_see(sql, session, account.as_ref(), event_id).await? {
        return Err(HostError::NotHere);
    }
    let event = events::open(sql, event_id).await?.ok_or(HostError::NotHere)?;
    Ok(event.record.price_list)
}

/// What one print costs.
///
/// # Errors
/// [`HostError::NotOnPriceList`]
pub(super) fn price(prices: &PriceList, choice: &Choice) -> Result<Money, HostError> {
    prices
        .price_of(choice.size, choice.finish)
        .ok_or_else(|| HostError::NotOnPriceList { size: choice.size.to_string(), finish: choice.finish.to_string() })
}

/// The basket as it stands.
pub(super) async fn basket_in(
    sql: &mut Sql,
    session: SessionId,
    event_id: EventId,
    prices: &PriceList,
) -> Result<Basket, HostError> {
    let query = concat!(
        "SELECT b.photo_id AS chosen, b.size, b.finish, b.crop, b.quantity, ",
        photo_columns!(),
        " FROM basket_line b LEFT JOIN photo p ON p.event_id = b.event_id AND p.photo_id = b.photo_id",
        words_join!(),
        "WHERE b.session_id = $1 AND b.event_id = $2
         ORDER BY b.added_ms, b.photo_id, b.size, b.finish, b.crop"
    );
    let mut basket =
        Basket { lines: Vec::new(), currency: prices.currency, total: Money::zero(prices.currency), prints: 0 };
    for row in sql.fetch_all(query, args![session.0, event_id.0]).await? {
        let line = basket_line(&row, prices)?;
        if let (None, Some(total)) = (line.problem, line.total) {
            basket.total = basket.total.plus(total)?;
        }
        basket.prints += u64::from(line.choice.quantity);
        basket.lines.push(line);
    }
    Ok(basket)
}

fn basket_line(row: &Row, prices: &PriceList) -> Result<BasketLine, HostError> {
    let choice = Choice {
        photo_id: stored::photo_id(row, "chosen")?,
        size: stored::text(row, "size")?,
        finish: stored::text(row, "finish")?,
        crop: Crop::from_word(&row.text("crop")?).ok_or_else(|| stored::unreadable("a basket"))?,
        quantity: stored::small(row, "quantity")?,
    };
    let is_here = row.get::<Option<String>>("file_name")?.is_some();
    let photo = if is_here { Some(photo_row(row)?) } else { None };
    let price = prices.price_of(choice.size, choice.finish);
    let total = price.map(|price| price.times(choice.quantity)).transpose()?;
    let problem = match (&photo, price) {
        (None, _) => Some(LineProblem::PhotoGone),
        (Some(photo), _) if photo.not_for_print.is_some() => Some(LineProblem::NotForPrint),
        (_, None) => Some(LineProblem::NotOnPriceList),
        _ => None,
    };
    Ok(BasketLine { choice, photo, price, total, problem })
}
