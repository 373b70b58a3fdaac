//! What a photographer says of prices: prints, deliveries and their currency. What is not
//! said stays as it is on the event's list.

use enprint_protocol::ProtocolError;
use enprint_protocol::event::{DeliveryOption, PriceList, PrintPrice};
use enprint_protocol::money::{Currency, Money};
use enprint_protocol::print_size::{Finish, PrintSize};
use serde::{Deserialize, Serialize};

/// A change of a price list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PriceChange {
    /// Of every price from now on.
    pub currency: Option<Currency>,
    /// These prints instead of those on the list; without any, they stay.
    pub prints: Vec<NewPrint>,
    /// These deliveries instead of those on the list; without any, they stay.
    pub deliveries: Vec<NewDelivery>,
}

/// A print with its price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewPrint {
    /// Of the paper.
    pub size: PrintSize,
    /// Of its surface.
    pub finish: Finish,
    /// As it was typed: "1.50", in the list's currency.
    pub amount: String,
}

/// A delivery with its price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewDelivery {
    /// "Post".
    pub name: String,
    /// As it was typed: "4.90", in the list's currency.
    pub amount: String,
    /// Whether the customer has to say where to.
    pub needs_address: bool,
}

impl PriceChange {
    /// The list that `list` becomes. In another currency, what is not said is as on
    /// [`PriceList::usual`]: a price of one currency is none of another.
    ///
    /// # Errors
    /// When an amount can't be read.
    pub fn applied_to(&self, list: PriceList) -> Result<PriceList, ProtocolError> {
        let currency = self.currency.unwrap_or(list.currency);
        let mut list = match currency == list.currency {
            true => list,
            false => PriceList { payment_note: list.payment_note, ..PriceList::usual(currency) },
        };
        let price = |amount: &str| format!("{currency} {amount}").parse::<Money>();
        if !self.prints.is_empty() {
            let print =
                |new: &NewPrint| Ok(PrintPrice { size: new.size, finish: new.finish, price: price(&new.amount)? });
            list.prints = self.prints.iter().map(print).collect::<Result<_, ProtocolError>>()?;
        }
        if !self.deliveries.is_empty() {
            let delivery = |new: &NewDelivery| {
                let (name, price) = (new.name.clone(), price(&new.amount)?);
                Ok(DeliveryOption { name, price, needs_address: new.needs_address })
            };
            list.deliveries = self.deliveries.iter().map(delivery).collect::<Result<_, ProtocolError>>()?;
        }
        Ok(list)
    }
}

/// What of a price list is other than before, in a few words each: “10x15 matte: EUR 1.50 →
/// EUR 2.00”.
pub(super) fn replaced(before: &PriceList, now: &PriceList) -> Vec<String> {
    let (before, now) = (lines(before), lines(now));
    let price_in = |list: &[(String, String)], what: &str| {
        list.iter().find(|(known, _)| known == what).map(|(_, price)| price.clone())
    };
    let gone_or_other = before.iter().filter_map(|(what, old)| match price_in(&now, what) {
        Some(new) if new == *old => None,
        Some(new) => Some(format!("{what}: {old} → {new}")),
        None => Some(format!("{what}: {old} → no longer on the list")),
    });
    let added = now.iter().filter(|(what, _)| price_in(&before, what).is_none());
    gone_or_other.chain(added.map(|(what, price)| format!("{what}: new, {price}"))).collect()
}

/// What is on a list, each with its price in words.
fn lines(list: &PriceList) -> Vec<(String, String)> {
    let prints = list.prints.iter().map(|print| (format!("{} {}", print.size, print.finish), print.price.to_string()));
    let deliveries = list.deliveries.iter().map(|delivery| {
        let address = if delivery.needs_address { " with an address" } else { "" };
        (delivery.name.clone(), format!("{}{address}", delivery.price))
    });
    prints.chain(deliveries).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_print(amount: &str) -> NewPrint {
        NewPrint { size: PrintSize::CM_10X15, finish: Finish::Matte, amount: amount.into() }
    }

    #[test]
    fn new_prices_of_prints_leave_deliveries_and_currency_as_they_were() {
        let usd: Currency = "USD".parse().unwrap();
        let courier = NewDelivery { name: "Courier".into(), amount: "9.90".into(), needs_address: true };
        let first = PriceChange { currency: Some(usd), deliveries: vec![courier], ..PriceChange::default() };
        let list = first.applied_to(PriceList::usual(Currency::EUR)).unwrap();
        assert_eq!((list.currency, list.prints.len()), (usd, PriceList::usual(usd).prints.len()));

        let change = PriceChange { prints: vec![a_print("2.00")], ..PriceChange::default() };
        let list = change.applied_to(list).unwrap();
        assert_eq!((list.prints.len(), list.prints[0].price.to_string()), (1, "USD 2.00".to_owned()));
        assert_eq!((list.deliveries.len(), list.deliveries[0].name.as_str()), (1, "Courier"));
        assert_eq!(PriceChange::default().applied_to(list.clone()).unwrap(), list);
        let first = PriceList::usual(Currency::EUR);
        let second = change.applied_to(first.clone()).unwrap();
        let said = replaced(&first, &second);
        assert!(said.contains(&"10x15 matte: EUR 1.50 → EUR 2.00".to_owned()), "{said:?}");
        assert!(said.contains(&"20x30 matte: EUR 12.00 → no longer on the list".to_owned()), "{said:?}");
        assert!(!said.iter().any(|line| line.contains("Post")), "it is as it was: {said:?}");
        assert!(replaced(&second, &first).contains(&"20x30 matte: new, EUR 12.00".to_owned()));
        assert!(replaced(&first, &first).is_empty());
        let wrong = PriceChange { prints: vec![a_print("abc")], ..PriceChange::default() };
        assert!(wrong.applied_to(list).is_err());
    }
}
