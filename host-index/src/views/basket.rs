//! A basket: an unsent choice. Its prices are those of the moment it is looked at.

use enprint_protocol::error::ProtocolError;
use enprint_protocol::event::DeliveryOption;
use enprint_protocol::ids::PhotoId;
use enprint_protocol::money::{Currency, Money};
use enprint_protocol::order::Crop;
use enprint_protocol::print_size::{Finish, PrintSize};

use super::PhotoRow;

/// What a customer chooses. It says no price: prices are the event's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// Which photo.
    pub photo_id: PhotoId,
    /// How large.
    pub size: PrintSize,
    /// Which surface.
    pub finish: Finish,
    /// Where photo and paper differ in shape.
    pub crop: Crop,
    /// How many, 1 to [`enprint_protocol::limits::QUANTITY_MAX`].
    pub quantity: u32,
}

/// What a session has chosen in one gallery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basket {
    /// In the order in which they were put in.
    pub lines: Vec<BasketLine>,
    /// Of all prices.
    pub currency: Currency,
    /// Sum of the lines that can be ordered, without delivery.
    pub total: Money,
    /// Prints in all lines.
    pub prints: u64,
}

/// One line of a basket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BasketLine {
    /// What was chosen.
    pub choice: Choice,
    /// The photo, unless it was withdrawn.
    pub photo: Option<PhotoRow>,
    /// For one print; `None` when it is no longer on the price list.
    pub price: Option<Money>,
    /// For all of the line's prints.
    pub total: Option<Money>,
    /// Why the line can't be ordered.
    pub problem: Option<LineProblem>,
}

/// Why a line can't be ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineProblem {
    /// The photo was withdrawn.
    PhotoGone,
    /// The photo is there to be looked at alone.
    NotForPrint,
    /// The size in that finish was taken off the price list.
    NotOnPriceList,
}

impl Basket {
    /// Whether all of it can be ordered.
    pub fn is_orderable(&self) -> bool {
        !self.lines.is_empty() && self.lines.iter().all(|line| line.problem.is_none())
    }

    /// What an order of it comes to with this delivery: the total to show, and to give
    /// as [`super::PlaceOrder::expected_total`].
    ///
    /// # Errors
    /// [`ProtocolError::BadSum`] past what can be counted.
    pub fn total_with(&self, delivery: &DeliveryOption) -> Result<Money, ProtocolError> {
        self.total.plus(delivery.price)
    }
}
