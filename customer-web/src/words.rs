//! How amounts, sizes, dates and counts read on a page. No markup, no database.

use enprint_host_index::views::{OrderState, StepKind};

use crate::protocol::money::Money;
use crate::protocol::print_size::{Finish, PrintSize};
use crate::protocol::time::UnixMs;

/// `€12.50`, or `CHF 12.50` where there is no sign that everybody knows.
pub fn money(money: Money) -> String {
    let text = money.to_string();
    let (currency, amount) = text.split_once(' ').unwrap_or(("", &text));
    match currency {
        "EUR" => format!("€{amount}"),
        "GBP" => format!("£{amount}"),
        "USD" => format!("${amount}"),
        _ => format!("{currency}\u{a0}{amount}"),
    }
}

/// A price that may be nothing.
pub fn price_or_free(price: Money) -> String {
    if price.minor == 0 { "free".to_owned() } else { money(price) }
}

/// `10 × 15 cm`.
pub fn size(size: PrintSize) -> String {
    format!("{} × {} cm", centimetres(size.short_mm()), centimetres(size.long_mm()))
}

/// `10 × 15 cm, matte`.
pub fn print(print: PrintSize, finish: Finish) -> String {
    format!("{}, {}", size(print), finish.word())
}

/// `Matte`.
pub fn finish(finish: Finish) -> &'static str {
    match finish {
        Finish::Glossy => "Glossy",
        Finish::Matte => "Matte",
        Finish::Satin => "Satin",
    }
}

/// How ordered photos get from the photographer to the lab, at a host that passes print
/// files on where there is no direct way, or at one that does not. Only the two ends have
/// the keys of what is passed on.
pub fn way_to_lab(passes_files_on: bool) -> &'static str {
    if passes_files_on {
        "They go straight from the photographer’s computer to the lab’s or, where there is no direct way, through this \
         site’s computer, encrypted so that only the lab can read them; it keeps nothing of them."
    } else {
        "They go from the photographer’s computer to the lab’s and do not pass through this site."
    }
}

/// `1 print`, `12 prints`.
pub fn count(number: u64, one: &str, many: &str) -> String {
    let noun = if number == 1 { one } else { many };
    format!("{number} {noun}")
}

/// `14 June 2026`.
pub fn date(date: jiff::civil::Date) -> String {
    date.strftime("%-d %B %Y").to_string()
}

/// `14 June 2026, 17:05 UTC`. The host does not know where its visitors are.
pub fn moment(at: UnixMs) -> String {
    at.to_timestamp().strftime("%-d %B %Y, %H:%M UTC").to_string()
}

/// `14 June 2026, 17:05` from a camera's own `2026-06-14T17:05:00`.
pub fn captured(text: &str) -> Option<String> {
    let taken: jiff::civil::DateTime = text.parse().ok()?;
    Some(taken.strftime("%-d %B %Y, %H:%M").to_string())
}

/// What a step of an order says to its customer.
pub fn step(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Placed => "Ordered",
        StepKind::Accepted => "Accepted by the photographer",
        StepKind::Paid => "Paid",
        StepKind::Received => "At the lab",
        StepKind::Printing => "Printing",
        StepKind::Shipped => "Shipped",
    }
}

/// How an order stands, in a word or two.
pub fn state(state: OrderState) -> &'static str {
    match state {
        OrderState::Placed => "Ordered",
        OrderState::Held => "Being checked",
        OrderState::Accepted => "Accepted",
        OrderState::Declined => "Declined",
        OrderState::Offered => "On its way to the lab",
        OrderState::Received => "At the lab",
        OrderState::Printing => "Printing",
        OrderState::Shipped => "Shipped",
    }
}

fn centimetres(mm: u32) -> String {
    match mm % 10 {
        0 => (mm / 10).to_string(),
        tenths => format!("{}.{tenths}", mm / 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_as_people_write_them() {
        for (text, shown) in [("EUR 12.50", "€12.50"), ("CHF 3.00", "CHF\u{a0}3.00"), ("JPY 300", "JPY\u{a0}300")] {
            assert_eq!(money(text.parse().unwrap()), shown);
        }
        assert_eq!(price_or_free("EUR 0".parse().unwrap()), "free");
    }

    #[test]
    fn sizes_and_moments_read_as_people_write_them() {
        assert_eq!(size(PrintSize::CM_10X15), "10 × 15 cm");
        assert_eq!(size(PrintSize::from_mm(102, 152).unwrap()), "10.2 × 15.2 cm");
        assert_eq!(moment(UnixMs(0)), "1 January 1970, 00:00 UTC");
        assert_eq!(captured("2026-06-14T17:05:09").as_deref(), Some("14 June 2026, 17:05"));
        assert_eq!(captured("not a time"), None);
    }
}
