//! What can be said of an event on the command line: its details and its price list.

use clap::Args;
use enprint_node::photographer::commands::EventDetails;
use enprint_node::photographer::prices::{NewDelivery, NewPrint, PriceChange};
use enprint_protocol::money::Currency;

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
    /// Currency of the price list [default: EUR at first, then as it is]. Another than before sets the usual prices in it
    #[arg(long, value_name = "CODE")]
    pub currency: Option<Currency>,
    /// A print on the price list: "10x15 matte 1.50"; may be repeated, and replaces those on the list
    #[arg(long = "print", value_name = "SIZE FINISH PRICE", value_parser = parse_print)]
    pub prints: Vec<NewPrint>,
    /// A delivery on the price list: "Post 4.90", with "address" at the end if one is needed; may be repeated, and replaces those on the list
    #[arg(long = "delivery", value_name = "NAME PRICE [address]", value_parser = parse_delivery)]
    pub deliveries: Vec<NewDelivery>,
    /// How to pay, shown to the customer after ordering
    #[arg(long, value_name = "TEXT")]
    pub payment_note: Option<String>,
}

impl From<DetailArgs> for EventDetails {
    fn from(args: DetailArgs) -> Self {
        let DetailArgs { currency, prints, deliveries, .. } = args;
        Self {
            name: None,
            description: args.description,
            date: args.date,
            photographer: args.photographer,
            copyright: args.copyright,
            prices: PriceChange { currency, prints, deliveries },
            payment_note: args.payment_note,
        }
    }
}

fn parse_print(text: &str) -> Result<NewPrint, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [size, finish, amount] = words.as_slice() else {
        return Err("write size, finish and price, such as \"10x15 matte 1.50\"".into());
    };
    Ok(NewPrint {
        size: size.parse().map_err(|error: enprint_protocol::ProtocolError| error.to_string())?,
        finish: finish.parse().map_err(|error: enprint_protocol::ProtocolError| error.to_string())?,
        amount: (*amount).to_owned(),
    })
}

fn parse_delivery(text: &str) -> Result<NewDelivery, String> {
    let text = text.trim();
    let (text, needs_address) = match text.strip_suffix(" address") {
        Some(rest) => (rest.trim_end(), true),
        None => (text, false),
    };
    let (name, amount) =
        text.rsplit_once(char::is_whitespace).ok_or("write a name and a price, such as \"Post 4.90 address\"")?;
    Ok(NewDelivery { name: name.trim().to_owned(), amount: amount.to_owned(), needs_address })
}
