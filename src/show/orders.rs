//! An order in words, as its photographer reads it.

use enprint_node::photographer::commands::{OrderSummary, OrderWord};

use super::count;

/// What was ordered, how far it is, what was said of it and when, and what to do.
pub fn order(order: &OrderSummary) -> String {
    let paid = if order.paid { "paid" } else { "not paid" };
    let mut text = format!(
        "{}  {}  {}, {}, {}, {}\n",
        order.number,
        order.customer,
        order.event,
        count(u64::from(order.prints), "print", "prints"),
        order.total,
        paid
    );
    let lab = order.lab.as_ref().map(|lab| format!(" at {lab}")).unwrap_or_default();
    let host = order.host.as_ref().map(|host| format!(" at {host}")).unwrap_or_default();
    let state = match order.decision.as_str() {
        // No lab has it, and none gets it.
        "declined" => "declined".to_owned(),
        decision => format!("{decision}, {}{lab}", order.production),
    };
    text += &format!("  {state}, ordered{host} {}\n", order.placed_at);
    text += &order.said.iter().map(said).collect::<String>();
    if let Some(hint) = &order.hint {
        text += &format!("  {hint}\n");
    }
    text
}

fn said(word: &OrderWord) -> String {
    let text = word.text.as_ref().map(|text| format!(": {text}")).unwrap_or_default();
    format!("    {} {}{text}\n", word.at, word.word)
}
