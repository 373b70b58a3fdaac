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
            mark: None,
        }
    }
}

fn parse_print(text: &str) -> Result<NewPrint, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [size, finish, amount] = words.as_slice() else {
        return Err("write size, finish and price, such as \"10x15 matte 1.50\"".into());
    };
    check_price(amount).map_err(|problem| format!("{problem}: \"10x15 matte 1.50\""))?;
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
    let wanted =
        "write a name, a price, and at the end “address” if the customer has to give one: \"Post 4.90 address\"";
    let (name, amount) = text.rsplit_once(char::is_whitespace).ok_or(wanted)?;
    let name = name.trim();
    // Else customers would read it, and nobody would be asked for an address.
    if !needs_address && name.split_whitespace().next_back().is_some_and(|word| word.eq_ignore_ascii_case("address")) {
        return Err(wanted.to_owned());
    }
    check_price(amount).map_err(|problem| format!("{problem}; {wanted}"))?;
    Ok(NewDelivery { name: name.to_owned(), amount: amount.to_owned(), needs_address })
}

/// How many digits a price has behind the point, its currency says: that is looked at later.
fn check_price(amount: &str) -> Result<(), String> {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, part) = amount.split_once(['.', ',']).unwrap_or((amount, "0"));
    if is_number(whole) && is_number(part) {
        return Ok(());
    }
    Err(format!("“{amount}” is no price, which is a number and stands alone"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_whose_words_stand_in_another_order_is_answered_with_their_order() {
        let post = parse_delivery("Post 4.90 address").unwrap();
        assert_eq!((post.name.as_str(), post.amount.as_str(), post.needs_address), ("Post", "4.90", true));
        let yours = parse_delivery("Post to your address 4.90 address").unwrap();
        assert_eq!((yours.name.as_str(), yours.needs_address), ("Post to your address", true));
        assert_eq!(parse_delivery("Pick up at the studio 0").unwrap().name, "Pick up at the studio");
        for wrong in
            ["Post address 4.90", "4.90 Post", "Post", "4.90", "Post 4.90 Address", "Post EUR4.90", "Post -1", ""]
        {
            let words = parse_delivery(wrong).unwrap_err();
            assert!(words.contains("\"Post 4.90 address\""), "{wrong}: {words}");
        }
        for wrong in ["10x15 matte abc", "10x15 matte 1.", "10x15 1.50", "10x15 matte 1.50 EUR"] {
            let words = parse_print(wrong).unwrap_err();
            assert!(words.contains("\"10x15 matte 1.50\""), "{wrong}: {words}");
        }
    }
}
