//! What can be said of an event on the command line: its details and its price list.

use clap::Args;
use enprint_node::photographer::commands::EventDetails;
use enprint_protocol::event::{DeliveryOption, PriceList, PrintPrice};
use enprint_protocol::money::{Currency, Money};

use super::addresses::day;

/// Details of an event.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "The event")]
pub struct DetailArgs {
    /// A few sentences for customers
    #[arg(long)]
    pub description: Option<String>,
    /// The day: 2026-06-20
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    pub date: Option<jiff::civil::Date>,
    /// The photographer's name as customers see it
    #[arg(long)]
    pub photographer: Option<String>,
    /// The copyright notice
    #[arg(long)]
    pub copyright: Option<String>,
    /// Currency of the price list [default: EUR]
    #[arg(long, value_name = "CODE")]
    pub currency: Option<Currency>,
    /// A print on the price list: "10x15 matte 1.50"; may be repeated, replaces the list
    #[arg(long = "print", value_name = "SIZE FINISH PRICE", value_parser = parse_print)]
    pub prints: Vec<RawPrint>,
    /// A delivery on the price list: "Post 4.90", with "address" at the end if one is needed; may be repeated, replaces the list
    #[arg(long = "delivery", value_name = "NAME PRICE [address]", value_parser = parse_delivery)]
    pub deliveries: Vec<RawDelivery>,
    /// How to pay, shown to the customer after ordering
    #[arg(long, value_name = "TEXT")]
    pub payment_note: Option<String>,
}

/// A print before its currency is known.
#[derive(Debug, Clone)]
pub struct RawPrint {
    size: enprint_protocol::print_size::PrintSize,
    finish: enprint_protocol::print_size::Finish,
    amount: String,
}

/// A delivery before its currency is known.
#[derive(Debug, Clone)]
pub struct RawDelivery {
    name: String,
    amount: String,
    needs_address: bool,
}

impl TryFrom<DetailArgs> for EventDetails {
    type Error = enprint_protocol::ProtocolError;

    fn try_from(args: DetailArgs) -> Result<Self, Self::Error> {
        let price_list = args.price_list()?;
        Ok(Self {
            description: args.description,
            date: args.date,
            photographer: args.photographer,
            copyright: args.copyright,
            price_list,
            payment_note: args.payment_note,
        })
    }
}

impl DetailArgs {
    /// The usual list with what was said instead, or nothing if nothing was said.
    fn price_list(&self) -> Result<Option<PriceList>, enprint_protocol::ProtocolError> {
        if self.prints.is_empty() && self.deliveries.is_empty() && self.currency.is_none() {
            return Ok(None);
        }
        let currency = self.currency.unwrap_or(Currency::EUR);
        let price = |amount: &str| format!("{currency} {amount}").parse::<Money>();
        let mut list = PriceList::usual(currency);
        if !self.prints.is_empty() {
            list.prints = self
                .prints
                .iter()
                .map(|raw| Ok(PrintPrice { size: raw.size, finish: raw.finish, price: price(&raw.amount)? }))
                .collect::<Result<_, enprint_protocol::ProtocolError>>()?;
        }
        if !self.deliveries.is_empty() {
            list.deliveries = self
                .deliveries
                .iter()
                .map(|raw| {
                    let price = price(&raw.amount)?;
                    Ok(DeliveryOption { name: raw.name.clone(), price, needs_address: raw.needs_address })
                })
                .collect::<Result<_, enprint_protocol::ProtocolError>>()?;
        }
        Ok(Some(list))
    }
}

fn parse_print(text: &str) -> Result<RawPrint, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [size, finish, amount] = words.as_slice() else {
        return Err("write size, finish and price, such as \"10x15 matte 1.50\"".into());
    };
    Ok(RawPrint {
        size: size.parse().map_err(|error: enprint_protocol::ProtocolError| error.to_string())?,
        finish: finish.parse().map_err(|error: enprint_protocol::ProtocolError| error.to_string())?,
        amount: (*amount).to_owned(),
    })
}

fn parse_delivery(text: &str) -> Result<RawDelivery, String> {
    let text = text.trim();
    let (text, needs_address) = match text.strip_suffix(" address") {
        Some(rest) => (rest.trim_end(), true),
        None => (text, false),
    };
    let (name, amount) =
        text.rsplit_once(char::is_whitespace).ok_or("write a name and a price, such as \"Post 4.90 address\"")?;
    Ok(RawDelivery { name: name.trim().to_owned(), amount: amount.to_owned(), needs_address })
}
