//! The form of the checkout as it looks: first empty, then with what was typed and
//! what was wrong with it. Sends nothing.

use enprint_host_index::limits::{
    ADDRESS_LINES_BYTES_MAX, EMAIL_BYTES_MAX, IDEMPOTENCY_KEY_BYTES_MAX, ORDER_NOTE_BYTES_MAX,
};
use enprint_web::components::{Field, Input, Tone, button, facts, field, notice};
use enprint_web::{Form, Markup, html};

use super::inside::Inside;
use crate::fault::Fault;
use crate::limits::SHOWN_AGAIN_BYTES_MAX;
use crate::protocol::event::DeliveryOption;
use crate::protocol::ids::CommandId;
use crate::protocol::limits::NAME_BYTES_MAX;
use crate::visitor::Visitor;
use crate::words;

/// What stands in the form.
pub(super) struct Typed {
    /// Makes sending the form twice one order; stays the same when it is shown again.
    pub key: String,
    pub name: String,
    pub email: String,
    pub delivery: String,
    pub address: String,
    pub note: String,
}

impl Typed {
    /// For a form that was not sent yet. Who is logged in with their e-mail address
    /// need not type it.
    pub fn first(visitor: &Visitor) -> Self {
        let account = visitor.account().map(|id| id.as_str()).filter(|id| id.contains('@'));
        Self {
            key: new_key(),
            name: String::new(),
            email: account.unwrap_or_default().to_owned(),
            delivery: String::new(),
            address: String::new(),
            note: String::new(),
        }
    }

    /// What was sent.
    pub fn of(sent: &Form) -> Self {
        let text = |name| {
            let text = sent.optional(name).unwrap_or_default();
            text[..text.floor_char_boundary(SHOWN_AGAIN_BYTES_MAX)].to_owned()
        };
        let key = sent.filled("key").filter(|key| key.len() <= IDEMPOTENCY_KEY_BYTES_MAX);
        Self {
            key: key.map_or_else(new_key, str::to_owned),
            name: text("name"),
            email: text("email"),
            delivery: text("delivery"),
            address: text("address"),
            note: text("note"),
        }
    }

    /// Whether the form has the field that a fault is about.
    pub fn shows(fault: &Fault) -> bool {
        let of_field = fault.of_field();
        of_field.is_some_and(|(name, _)| matches!(name, "name" | "email" | "delivery" | "address" | "note"))
    }
}

/// The whole form with its sum beside it.
pub(super) fn form(inside: &Inside, typed: &Typed, fault: Option<&Fault>) -> Result<Markup, Fault> {
    let list = &inside.gallery.event.price_list;
    if list.deliveries.is_empty() {
        let sentence = "The photographer has not said how the prints get to you, so nothing can be ordered yet.";
        return Ok(notice(Tone::Warning, sentence));
    }
    let error = |name| fault.and_then(Fault::of_field).filter(|(field, _)| *field == name).map(|(_, problem)| problem);
    let deliveries = deliveries(inside, typed, error("delivery"))?;
    Ok(html! {
        form.split.checkout method="post" action={ (inside.path()) "/orders" } data-checkout {
            div {
                (inside.visitor.visit.csrf_field())
                input type="hidden" name="key" value=(typed.key);
                (who(typed, &error))
                (deliveries)
                (address(inside, typed, error("address")))
                (field(&Field {
                    value: &typed.note,
                    error: error("note"),
                    required: false,
                    max_length: Some(ORDER_NOTE_BYTES_MAX),
                    ..Field::new("note", "Note for the photographer", Input::Lines { rows: 3 })
                }))
            }
            (sum(inside))
        }
    })
}

fn who<'a>(typed: &'a Typed, error: &impl Fn(&'static str) -> Option<&'a str>) -> Markup {
    html! {
        h2 { "About you" }
        (field(&Field {
            value: &typed.name,
            error: error("name"),
            max_length: Some(NAME_BYTES_MAX),
            autocomplete: Some("name"),
            ..Field::new("name", "Name", Input::Text)
        }))
        (field(&Field {
            value: &typed.email,
            help: Some("For questions about your order, and nothing else."),
            error: error("email"),
            max_length: Some(EMAIL_BYTES_MAX),
            ..Field::new("email", "E-mail", Input::Email)
        }))
    }
}

/// Each way of delivery with its price and what everything then comes to. The totals
/// are sent along: they are what the customer saw.
fn deliveries(inside: &Inside, typed: &Typed, error: Option<&str>) -> Result<Markup, Fault> {
    let options = &inside.gallery.event.price_list.deliveries;
    let is_known = options.iter().any(|option| option.name == typed.delivery);
    let mut rows = Vec::new();
    for (place, option) in options.iter().enumerate() {
        let is_chosen = if is_known { option.name == typed.delivery } else { place == 0 };
        rows.push(delivery(inside, option, is_chosen)?);
    }
    Ok(html! {
        h2 { "Delivery" }
        fieldset.choices.deliveries {
            legend.unseen { "Delivery" }
            @if let Some(error) = error { p.error role="alert" { (error) } }
            @for row in rows { (row) }
        }
    })
}

fn delivery(inside: &Inside, option: &DeliveryOption, is_chosen: bool) -> Result<Markup, Fault> {
    let total = inside.basket.total_with(option)?;
    Ok(html! {
        label.choice {
            input type="radio" name="delivery" value=(option.name) checked[is_chosen] required
                data-needs-address=[option.needs_address.then_some("yes")]
                data-price=(words::price_or_free(option.price)) data-total=(words::money(total));
            span.choice-label {
                (option.name)
                small { (words::price_or_free(option.price)) }
            }
            span.choice-detail { "total " strong { (words::money(total)) } }
        }
        input type="hidden" name="expected_total" value={ (total) " " (option.name) };
    })
}

fn address(inside: &Inside, typed: &Typed, error: Option<&str>) -> Markup {
    let options = &inside.gallery.event.price_list.deliveries;
    let needing: Vec<_> = options.iter().filter(|option| option.needs_address).map(|option| &*option.name).collect();
    if needing.is_empty() {
        return Markup::default();
    }
    let is_always = needing.len() == options.len();
    let help = format!("Needed for: {}.", needing.join(", "));
    html! {
        div #address-field {
            (field(&Field {
                value: &typed.address,
                help: if is_always { None } else { Some(&help) },
                error,
                required: is_always,
                max_length: Some(ADDRESS_LINES_BYTES_MAX),
                autocomplete: Some("street-address"),
                ..Field::new("address", "Address", Input::Lines { rows: 4 })
            }))
        }
    }
}

fn sum(inside: &Inside) -> Markup {
    let basket = &inside.basket;
    let prints = words::count(basket.prints, "print", "prints");
    html! {
        aside.card.summary {
            h2 { "Your order" }
            ul.summary-lines {
                @for line in &basket.lines {
                    li {
                        span { (line.choice.quantity) " × " (words::print(line.choice.size, line.choice.finish)) }
                        @if let Some(total) = line.total { span { (words::money(total)) } }
                    }
                }
            }
            (facts(&[(prints.as_str(), words::money(basket.total))], false))
            div data-checkout-sum hidden {
                (facts(&[("Delivery", html! { span data-sum-delivery {} }), ("Total", html! { span data-sum-total {} })], true))
            }
            (button("Place the order", true))
            p.help {
                "You pay later, directly to the photographer; how is said on your order’s page."
            }
        }
    }
}

fn new_key() -> String {
    CommandId::random().to_string()
}
