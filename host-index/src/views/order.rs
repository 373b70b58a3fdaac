//! Placing an order, and following it.

use std::fmt;
use std::str::FromStr;

use enprint_protocol::PeerId;
use enprint_protocol::ids::{EventId, OrderId};
use enprint_protocol::money::Money;
use enprint_protocol::order::Order;
use enprint_protocol::status::StatusKind;
use enprint_protocol::time::UnixMs;

use super::{Choice, SessionId};
use crate::error::HostError;

/// What a customer sends to place an order. Texts are trimmed and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceOrder {
    /// Made by the customer's page: the same key in the same session and gallery gets
    /// the same order. 1 to [`crate::limits::IDEMPOTENCY_KEY_BYTES_MAX`] bytes.
    pub idempotency_key: String,
    /// Who.
    pub session_id: SessionId,
    /// From which gallery; the session must have opened it.
    pub event_id: EventId,
    /// Which prints.
    pub chosen: Chosen,
    /// The customer's name.
    pub name: String,
    /// The customer's e-mail address.
    pub email: String,
    /// The name of a delivery on the price list.
    pub delivery: String,
    /// Address lines; needed where the delivery needs them.
    pub address: String,
    /// A note for the photographer, or empty.
    pub note: String,
    /// The total that the customer saw; when it comes to something else, nothing is
    /// ordered. A page always gives it; a script may trust the price list.
    pub expected_total: Option<Money>,
}

/// Which prints are ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chosen {
    /// The session's basket in this gallery, which is emptied.
    Basket,
    /// These; the basket stays as it is.
    Lines(Vec<Choice>),
}

/// An order that was placed, now or before under the same key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The order.
    pub order_id: OrderId,
    /// Its number for people.
    pub number: String,
    /// What opens its page.
    pub token: OrderToken,
    /// What it comes to.
    pub total: Money,
    /// Whether it was placed just now.
    pub is_new: bool,
}

/// The secret in the address of an order's page: 128 bits, shown as 26 characters.
#[derive(Clone, PartialEq, Eq)]
pub struct OrderToken(pub(crate) OrderId);

impl fmt::Display for OrderToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for OrderToken {
    /// Tokens stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OrderToken(…)")
    }
}

impl FromStr for OrderToken {
    type Err = HostError;

    /// What is no token reads as an order that is not here.
    fn from_str(given: &str) -> Result<Self, HostError> {
        given.parse().map(Self).map_err(|_| HostError::NotHere)
    }
}

/// How far an order has come. The later in this list, the further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrderState {
    /// Placed; the photographer's node does not have it yet.
    Placed,
    /// The photographer wants to look at it first.
    Held,
    /// The photographer took it; it is printed once it is paid.
    Accepted,
    /// The photographer will not have it printed.
    Declined,
    /// With a lab, which fetches the files.
    Offered,
    /// The lab has all files.
    Received,
    /// Being printed.
    Printing,
    /// On its way, or ready.
    Shipped,
}

impl OrderState {
    /// The word in databases, style classes and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Placed => "placed",
            Self::Held => "held",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Offered => "offered",
            Self::Received => "received",
            Self::Printing => "printing",
            Self::Shipped => "shipped",
        }
    }

    /// The state of that word.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        const ALL: [OrderState; 8] = [
            OrderState::Placed,
            OrderState::Held,
            OrderState::Accepted,
            OrderState::Declined,
            OrderState::Offered,
            OrderState::Received,
            OrderState::Printing,
            OrderState::Shipped,
        ];
        ALL.into_iter().find(|state| state.word() == word)
    }

    /// The state that a status brings about; `None` for those that move nothing.
    pub fn of(kind: &StatusKind) -> Option<Self> {
        match kind {
            StatusKind::Held => Some(Self::Held),
            StatusKind::Accepted => Some(Self::Accepted),
            StatusKind::Declined { .. } => Some(Self::Declined),
            StatusKind::Offered { .. } => Some(Self::Offered),
            StatusKind::Received { .. } => Some(Self::Received),
            StatusKind::Printing => Some(Self::Printing),
            StatusKind::Shipped { .. } => Some(Self::Shipped),
            StatusKind::Paid | StatusKind::Problem { .. } => None,
        }
    }
}

/// An order as its customer follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderView {
    /// As placed.
    pub order: Order,
    /// Its number for people.
    pub number: String,
    /// What opens its page.
    pub token: OrderToken,
    /// The event's name when it was placed.
    pub event_name: String,
    /// The photographer's name when it was placed.
    pub photographer: String,
    /// How to pay, as the price list said when it was placed; may be empty.
    pub payment_note: String,
    /// When it was marked paid.
    pub paid: Option<UnixMs>,
    /// How far it has come.
    pub state: OrderState,
    /// The way from placing to shipping, each with when it was reached.
    pub steps: Vec<Step>,
    /// All that was said of it, by time.
    pub said: Vec<Said>,
    /// Once it is shipped.
    pub tracking: Option<Tracking>,
    /// What is wrong at the moment, in the lab's or the photographer's words.
    pub problem: Option<String>,
    /// Why it was declined.
    pub declined: Option<String>,
    /// What it waits for, if its customer should know.
    pub waits: Option<Waits>,
}

/// What an order waits for that its customer should know of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waits {
    /// The photographer's node is not connected.
    ForPhotographer {
        /// When it was last.
        seen: Option<UnixMs>,
    },
    /// The files have been on their way to the lab for long.
    ForFiles {
        /// Since when.
        since: UnixMs,
    },
    /// It is paid, and has not gone to a lab: its photographer's node knows why.
    ForSending {
        /// Since when.
        since: UnixMs,
    },
    /// The lab that is to fetch the files is not connected.
    ForLab {
        /// When it was last.
        seen: Option<UnixMs>,
    },
}

impl Waits {
    /// The word in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::ForPhotographer { .. } => "photographer",
            Self::ForFiles { .. } => "files",
            Self::ForSending { .. } => "sending",
            Self::ForLab { .. } => "lab",
        }
    }
}

/// One step of an order's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Which.
    pub kind: StepKind,
    /// When it was reached; a step that was passed without word has the time of the next.
    pub reached: Option<UnixMs>,
}

/// The steps that a customer is shown, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepKind {
    /// The customer ordered.
    Placed,
    /// The photographer took it.
    Accepted,
    /// It was paid.
    Paid,
    /// The lab has all files.
    Received,
    /// Being printed.
    Printing,
    /// On its way, or ready.
    Shipped,
}

impl StepKind {
    /// The word in style classes and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Placed => "placed",
            Self::Accepted => "accepted",
            Self::Paid => "paid",
            Self::Received => "received",
            Self::Printing => "printing",
            Self::Shipped => "shipped",
        }
    }
}

/// What somebody said of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// What.
    pub kind: StatusKind,
    /// When, by the clock of who said it; where that clock can't be right, when the host heard it.
    pub at: UnixMs,
    /// When, by the clock of who said it, right or wrong: what else they said was before or after.
    pub by_own_clock: UnixMs,
    /// The photographer's or the lab's peer.
    pub by: PeerId,
}

/// Who carries the prints, and where to look; either may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tracking {
    /// The carrier.
    pub carrier: String,
    /// The tracking number.
    pub tracking: String,
}

/// An order in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderSummary {
    /// The order.
    pub order_id: OrderId,
    /// Its number for people.
    pub number: String,
    /// What opens its page.
    pub token: OrderToken,
    /// From which gallery.
    pub event_id: EventId,
    /// The event's name when it was placed.
    pub event_name: String,
    /// Whose photos.
    pub photographer: PeerId,
    /// When.
    pub placed: UnixMs,
    /// What it comes to.
    pub total: Money,
    /// When it was marked paid.
    pub paid: Option<UnixMs>,
    /// How far it has come.
    pub state: OrderState,
}
