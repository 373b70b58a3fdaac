//! `/enprint/order/1`, and the order itself: what a customer bought, with every
//! price copied when it was placed. Immutable from then on, signed by the host.
//!
//! - *Participants:* the host asks, the photographer that owns the photos answers.
//! - *Goals:* an order reaches its photographer once, however often it is sent.
//! - *Non-goals:* payment itself; production (see [`crate::status`]).

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::conversation::Conversation;
use crate::error::{ProtocolError, Refusal};
use crate::ids::{EventId, OrderId, PhotoId};
use crate::limits;
use crate::money::Money;
use crate::print_size::{Finish, PrintSize};
use crate::signed::{Record, Signed};
use crate::time::UnixMs;

/// The conversation.
#[derive(Debug, Clone, Copy)]
pub struct Deliver;

impl Conversation for Deliver {
    const NAME: &'static str = "/enprint/order/1";
    type Request = OrderRequest;
    type Reply = OrderReply;
    const REQUEST_BYTES_MAX: usize = limits::CONTROL_BYTES_MAX;
    const REPLY_BYTES_MAX: usize = limits::SMALL_BYTES_MAX;
    const TIMEOUT: Duration = limits::ORDER_TIMEOUT;

    fn refusal(reply: &Self::Reply) -> Option<&Refusal> {
        if let OrderReply::Refused(refusal) = reply { Some(refusal) } else { None }
    }
}

/// What the host says. Both may be repeated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderRequest {
    /// Here is an order.
    Deliver(Signed<Order>),
    /// The operator has marked an order paid.
    Paid(Signed<Payment>),
    /// The order is another home's of the same photographer from now on. A node that does
    /// not know this request refuses it.
    Moved(Signed<Moved>),
    /// An order, which comes behind this, was another home's before, which may have given it
    /// to a lab. A node that does not know this request refuses it.
    WasElsewhere(Signed<Moved>),
}

/// What the photographer's node answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderReply {
    /// Taken; it will be printed once it is paid.
    Accepted,
    /// Taken; waits for the photographer's approval.
    Held,
    /// The payment is noted, or that the order is or was another home's.
    Noted,
    /// Not taken, with the reason.
    Refused(Refusal),
}

impl From<Refusal> for OrderReply {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// The host's word that an order is bound to another home than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// Which.
    pub order_id: OrderId,
    /// When, by the host's clock.
    pub at: UnixMs,
}

impl Record for Moved {
    const DOMAIN: &'static str = "enprint moved order 1";
    const WORD: &'static str = "moved order";
}

/// An order as placed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Made by the host.
    pub order_id: OrderId,
    /// All its photos are of this event.
    pub event_id: EventId,
    /// When the customer placed it.
    pub placed_at: UnixMs,
    /// Who ordered.
    pub customer: Customer,
    /// How the prints get there.
    pub delivery: Delivery,
    /// What was ordered; 1 to [`limits::ORDER_LINES_MAX`].
    pub lines: Vec<OrderLine>,
    /// The customer's note, or empty.
    pub note: String,
    /// Sum of all lines and the delivery.
    pub total: Money,
}

/// Who ordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// Name.
    pub name: String,
    /// E-mail address; not passed on to the lab.
    pub email: String,
}

/// How the prints get to the customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// [`crate::event::DeliveryOption::name`].
    pub name: String,
    /// Copied when the order was placed.
    pub price: Money,
    /// Address lines, where the delivery needs them.
    pub address: Option<String>,
}

/// One photo in one size and finish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    /// 1, 2, 3 …
    pub line: u32,
    /// Which photo.
    pub photo_id: PhotoId,
    /// Its file name, for people.
    pub file_name: String,
    /// How large.
    pub size: PrintSize,
    /// Which surface.
    pub finish: Finish,
    /// What happens where photo and paper differ in shape.
    pub crop: Crop,
    /// 1 to [`limits::QUANTITY_MAX`].
    pub quantity: u32,
    /// For one print, copied when the order was placed.
    pub price: Money,
}

/// What happens where photo and paper differ in shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Crop {
    /// The paper is filled; the photo's edges are cut.
    Fill,
    /// The whole photo is printed; the paper shows a white border.
    Fit,
}

impl Crop {
    /// The word in files, forms and databases.
    pub fn word(self) -> &'static str {
        match self {
            Self::Fill => "fill",
            Self::Fit => "fit",
        }
    }

    /// The crop of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Fill, Self::Fit].into_iter().find(|crop| crop.word() == word)
    }
}

/// The host's word that an order is paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Which order.
    pub order_id: OrderId,
    /// When it was marked paid.
    pub paid_at: UnixMs,
}

impl Record for Order {
    const DOMAIN: &'static str = "enprint order 1";
    const WORD: &'static str = "order";
}

impl Record for Payment {
    const DOMAIN: &'static str = "enprint payment 1";
    const WORD: &'static str = "payment";
}

impl OrderId {
    /// The order's number for people: eight characters of the id.
    pub fn number(&self) -> String {
        let id = self.to_string();
        format!("{}-{}", &id[18..22], &id[22..])
    }
}

impl Order {
    /// The photos of its lines, each once.
    pub fn photos(&self) -> BTreeSet<PhotoId> {
        self.lines.iter().map(|line| line.photo_id).collect()
    }

    /// What the lines and the delivery come to.
    ///
    /// # Errors
    /// [`ProtocolError::BadSum`] for mixed currencies or sums past what can be counted.
    pub fn sum(lines: &[OrderLine], delivery: &Delivery) -> Result<Money, ProtocolError> {
        lines.iter().try_fold(delivery.price, |sum, line| sum.plus(line.price.times(line.quantity)?))
    }

    /// Checks counts, quantities, line numbers and the total.
    ///
    /// # Errors
    /// Says which rule is broken.
    pub fn check(&self) -> Result<(), ProtocolError> {
        let too_many =
            |what, given: usize, max: usize| Err(ProtocolError::TooMany { what, given: given as u64, max: max as u64 });
        if self.lines.len() > limits::ORDER_LINES_MAX {
            return too_many("Lines of an order", self.lines.len(), limits::ORDER_LINES_MAX);
        }
        if self.lines.is_empty() {
            return Err(malformed("an order has no lines"));
        }
        for (at, line) in self.lines.iter().enumerate() {
            if line.line as usize != at + 1 {
                return Err(malformed("an order's lines are not numbered in order"));
            }
            if line.quantity == 0 || line.quantity > limits::QUANTITY_MAX {
                return too_many("Copies of a print", line.quantity as usize, limits::QUANTITY_MAX as usize);
            }
            line.price.check_price()?;
        }
        if Self::sum(&self.lines, &self.delivery)? != self.total {
            return Err(malformed("an order's total is not the sum of its lines"));
        }
        Ok(())
    }
}

fn malformed(reason: &str) -> ProtocolError {
    ProtocolError::Malformed { reason: reason.into() }
}
