//! An event as its photographer describes it, and its price list. Holds no photo;
//! knows no customer.

use serde::{Deserialize, Serialize};

use crate::error::ProtocolError;
use crate::ids::EventId;
use crate::limits::{CATEGORIES_MAX, LINE_BYTES_MAX, NAME_BYTES_MAX, NOTE_BYTES_MAX, PRICE_LINES_MAX};
use crate::money::{Currency, Money};
use crate::print_size::{Finish, PrintSize};
use crate::text;

/// What customers are told about an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRecord {
    /// The event.
    pub event_id: EventId,
    /// "John's Wedding".
    pub name: String,
    /// A few sentences, or empty.
    pub description: String,
    /// The day as `YYYY-MM-DD`, where the photographer gave one.
    pub date: Option<jiff::civil::Date>,
    /// The photographer's name as customers see it.
    pub photographer: String,
    /// The copyright notice, or empty.
    pub copyright: String,
    /// Category names in the order customers see them.
    pub categories: Vec<String>,
    /// What can be ordered.
    pub price_list: PriceList,
}

/// Prints, deliveries and how to pay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceList {
    /// Of every price on the list.
    pub currency: Currency,
    /// Prints that can be ordered.
    pub prints: Vec<PrintPrice>,
    /// Ways to get them.
    pub deliveries: Vec<DeliveryOption>,
    /// How to pay offline, shown after an order: "by transfer to …", or empty.
    pub payment_note: String,
}

/// One print size in one finish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrintPrice {
    /// The size.
    pub size: PrintSize,
    /// The finish.
    pub finish: Finish,
    /// For one print.
    pub price: Money,
}

/// One way of getting the prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryOption {
    /// "Post", "Pick up at the studio"; unique on its list.
    pub name: String,
    /// For the whole order.
    pub price: Money,
    /// Whether the customer has to give an address.
    pub needs_address: bool,
}

impl EventRecord {
    /// The record with its texts trimmed, if it keeps every rule.
    ///
    /// # Errors
    /// Names the field that breaks a rule.
    pub fn checked(mut self) -> Result<Self, ProtocolError> {
        self.name = text::required("The event's name", &self.name, NAME_BYTES_MAX, false)?;
        self.description = text::optional("The description", &self.description, NOTE_BYTES_MAX, true)?;
        self.photographer = text::required("The photographer", &self.photographer, NAME_BYTES_MAX, false)?;
        self.copyright = text::optional("The copyright notice", &self.copyright, LINE_BYTES_MAX, false)?;
        at_most("Categories", self.categories.len(), CATEGORIES_MAX)?;
        for category in &mut self.categories {
            *category = text::required("A category", category, NAME_BYTES_MAX, false)?;
        }
        self.price_list = self.price_list.checked()?;
        Ok(self)
    }
}

impl PriceList {
    /// A list to start from: four usual sizes, post and pick-up.
    pub fn usual(currency: Currency) -> Self {
        let unit = 10_i64.pow(currency.minor_digits());
        let price = |hundredths: i64| Money::new(hundredths * unit / 100, currency);
        let print = |size, finish, hundredths| PrintPrice { size, finish, price: price(hundredths) };
        Self {
            currency,
            prints: vec![
                print(PrintSize::CM_10X15, Finish::Glossy, 150),
                print(PrintSize::CM_10X15, Finish::Matte, 150),
                print(PrintSize::CM_13X18, Finish::Glossy, 300),
                print(PrintSize::CM_13X18, Finish::Matte, 300),
                print(PrintSize::CM_20X30, Finish::Matte, 1200),
                print(PrintSize::CM_30X45, Finish::Matte, 2400),
            ],
            deliveries: vec![
                DeliveryOption { name: "Post".into(), price: price(490), needs_address: true },
                DeliveryOption { name: "Pick up at the studio".into(), price: price(0), needs_address: false },
            ],
            payment_note: String::new(),
        }
    }

    /// Whether its prints and deliveries are those of [`Self::usual`]: a list that nobody made.
    pub fn is_usual(&self) -> bool {
        let usual = Self::usual(self.currency);
        self.prints == usual.prints && self.deliveries == usual.deliveries
    }

    /// Prints and deliveries in a few words each: “10x15 matte EUR 1.50”.
    pub fn words(&self) -> Vec<String> {
        let prints = self.prints.iter().map(|line| format!("{} {} {}", line.size, line.finish, line.price));
        let deliveries = self.deliveries.iter().map(|delivery| format!("{} {}", delivery.name, delivery.price));
        prints.chain(deliveries).collect()
    }

    /// The price of a print, if it is on the list.
    pub fn price_of(&self, size: PrintSize, finish: Finish) -> Option<Money> {
        self.prints.iter().find(|line| line.size == size && line.finish == finish).map(|line| line.price)
    }

    /// The delivery of that name, if it is on the list.
    pub fn delivery(&self, name: &str) -> Option<&DeliveryOption> {
        self.deliveries.iter().find(|delivery| delivery.name == name)
    }

    fn checked(mut self) -> Result<Self, ProtocolError> {
        at_most("Prints on the price list", self.prints.len(), PRICE_LINES_MAX)?;
        at_most("Deliveries on the price list", self.deliveries.len(), PRICE_LINES_MAX)?;
        self.payment_note = text::optional("How to pay", &self.payment_note, NOTE_BYTES_MAX, true)?;
        let mut seen = std::collections::BTreeSet::new();
        for line in &self.prints {
            self.check_price(line.price)?;
            if !seen.insert((line.size, line.finish)) {
                return Err(twice("one print size with one finish"));
            }
        }
        let mut names = std::collections::BTreeSet::new();
        for delivery in &mut self.deliveries {
            delivery.name = text::required("A delivery", &delivery.name, NAME_BYTES_MAX, false)?;
            if !names.insert(delivery.name.clone()) {
                return Err(twice("one delivery"));
            }
        }
        self.deliveries.iter().try_for_each(|delivery| self.check_price(delivery.price))?;
        Ok(self)
    }

    fn check_price(&self, price: Money) -> Result<(), ProtocolError> {
        price.check_price()?;
        price.plus(Money::zero(self.currency)).map(|_| ())
    }
}

fn at_most(what: &'static str, given: usize, max: usize) -> Result<(), ProtocolError> {
    if given <= max {
        return Ok(());
    }
    Err(ProtocolError::TooMany { what, given: given as u64, max: max as u64 })
}

fn twice(what: &str) -> ProtocolError {
    ProtocolError::BadText { field: "The price list", problem: format!("{what} is on it twice") }
}
