//! An order's own page. Its address holds the order's token, which is all that is
//! needed to look at it: it works on every device, and is for nobody else.

use std::collections::HashMap;

use enprint_host_index::views::{OrderState, OrderToken, OrderView, RenditionKind, StepKind, Waits};
use enprint_web::components::{Step, StepState, Tone, badge, facts, live as kept_live, notice, steps};
use enprint_web::{Form, Fragment, Markup, Page, WebError, html};

use super::basket::crop;
use crate::fault::Fault;
use crate::limits::{ORDER_LIVE_S, ORDER_PICTURES_MAX};
use crate::parts::frame::{Place, gallery_path, page};
use crate::parts::tiles::photo_path;
use crate::protocol::ids::PhotoId;
use crate::protocol::order::OrderLine;
use crate::visitor::Visitor;
use crate::words;

/// The order.
pub async fn show(token: OrderToken, _: Form, visitor: Visitor) -> Result<Page, Fault> {
    let view = find(&token, &visitor).await?;
    let pictures = pictures(&view, &visitor).await?;
    let page = page(&visitor, &format!("Order {}", view.number), Place::Orders);
    Ok(page.main(html! {
        header.order-head {
            h1 { "Order " (view.number) }
            p.help { (view.event_name) " · placed on " (words::moment(view.order.placed_at)) }
        }
        (kept_live(&format!("/orders/{}/live", view.token), ORDER_LIVE_S, standing(&view, &visitor)))
        (prints(&view, &pictures))
        (delivery(&view))
        p.keep {
            "Keep this page’s address, or bookmark it: whoever has it can look at this order."
            @if visitor.may_see(&view.order.event_id) {
                " " a href=(gallery_path(&view.order.event_id)) { "Back to the photos" }
            }
        }
    }))
}

/// What changes of the order's page while somebody looks at it.
pub async fn live(token: OrderToken, _: Form, visitor: Visitor) -> Result<Fragment, Fault> {
    Ok(Fragment(standing(&find(&token, &visitor).await?, &visitor)))
}

async fn find(token: &OrderToken, visitor: &Visitor) -> Result<OrderView, Fault> {
    Ok(visitor.index().order(token).await?.ok_or(WebError::NotFound)?)
}

/// How far it has come, what is in its way, and how to pay.
fn standing(view: &OrderView, visitor: &Visitor) -> Markup {
    html! {
        @if let Some(reason) = &view.declined {
            (notice(Tone::Problem, match view.paid {
                None => "The photographer can’t have this order printed, so there is nothing to pay.",
                Some(_) => "The photographer can’t have this order printed. Ask them for what you have paid.",
            }))
            @if !reason.is_empty() { blockquote.said { p { (reason) } } }
        } @else {
            @if let Some(problem) = &view.problem {
                (notice(Tone::Warning, "There is a problem with this order. Somebody is looking after it."))
                @if !problem.is_empty() { blockquote.said { p { (problem) } } }
            }
            (how_to_pay(view))
        }
        (way(view))
        (waiting(view, visitor))
        (tracking(view))
    }
}

fn how_to_pay(view: &OrderView) -> Markup {
    html! {
        @if view.paid.is_none() && view.order.total.minor > 0 {
            section.card.payment {
                h2 { "To pay: " (words::money(view.order.total)) }
                @if view.payment_note.is_empty() {
                    p { (view.photographer) " will tell you how to pay. Your prints are made after that." }
                } @else {
                    p.as-written { (view.payment_note) }
                    p.help { "Please name the order’s number, " strong { (view.number) } ". Your prints are made after that." }
                }
            }
        }
    }
}

/// The steps; after a refusal only those that were.
fn way(view: &OrderView) -> Markup {
    let current = view.steps.iter().position(|step| step.reached.is_none());
    let texts: Vec<_> = view.steps.iter().map(|step| step.reached.map(words::moment).unwrap_or_default()).collect();
    let shown = view.steps.iter().zip(&texts).enumerate().map(|(place, (step, reached))| {
        let is_current = current == Some(place);
        Step {
            label: if is_current { awaited(step.kind, view) } else { done(step.kind, view) },
            detail: reached,
            state: match (step.reached, is_current, &view.problem) {
                (Some(_), _, _) => StepState::Done,
                (None, true, Some(_)) => StepState::Stuck,
                (None, true, None) => StepState::Current,
                (None, false, _) => StepState::Ahead,
            },
        }
    });
    let shown: Vec<_> = match view.declined {
        Some(_) => shown.filter(|step| step.state == StepState::Done).collect(),
        None => shown.collect(),
    };
    steps("How far the order is", &shown)
}

fn done(kind: StepKind, view: &OrderView) -> &'static str {
    match kind {
        StepKind::Shipped if view.order.delivery.address.is_none() => "Ready for you",
        kind => words::step(kind),
    }
}

/// What is being waited for.
fn awaited(kind: StepKind, view: &OrderView) -> &'static str {
    let is_halted = view.waits.is_some_and(|waits| !matches!(waits, Waits::ForFiles { .. })) || view.problem.is_some();
    match (kind, view.state) {
        (StepKind::Placed, _) => "Being ordered",
        (StepKind::Accepted, OrderState::Held) => "The photographer is looking at it",
        (StepKind::Accepted, _) if is_halted => "Waits for the photographer",
        (StepKind::Accepted, _) => "On its way to the photographer",
        (StepKind::Paid, _) => "Waiting for payment",
        (StepKind::Received, OrderState::Offered) if is_halted => "The photos wait to go on to the lab",
        (StepKind::Received, OrderState::Offered) => "The photos are on their way to the lab",
        (StepKind::Received, _) if is_halted => "Waits to go to the lab",
        (StepKind::Received, _) => "Next: to the lab",
        (StepKind::Printing, _) => "Next: printing",
        (StepKind::Shipped, _) => "Being printed",
    }
}

/// Why nothing seems to happen, where that is so.
fn waiting(view: &OrderView, visitor: &Visitor) -> Markup {
    let Some(waits) = view.waits else { return Markup::default() };
    let text = match (waits, view.state) {
        (Waits::ForPhotographer { seen }, state) => {
            let last = seen.map(|at| format!(" It was last here on {}.", words::moment(at))).unwrap_or_default();
            let then = match state {
                OrderState::Offered => "The photos go on to the lab when it is back.",
                _ => "Your order waits for it, and goes by itself when it is back.",
            };
            format!("The photographer’s computer is not connected at the moment.{last} {then}")
        }
        (Waits::ForFiles { since }, _) => format!(
            "The photos have been on their way since {}. {} That takes as long as the line between the two needs. \
             Nothing is lost, and there is nothing for you to do.",
            words::moment(since),
            words::way_to_lab(visitor.shop.passes_files_on())
        ),
        (Waits::ForSending { since }, _) => format!(
            "Your order has waited to go to the lab since {}. The photographer sees what it waits for; it goes by itself \
             as soon as it can. Nothing is lost, and there is nothing for you to do.",
            words::moment(since)
        ),
        (Waits::ForLab { seen }, _) => {
            let last = seen.map(|at| format!(" It was last here on {}.", words::moment(at))).unwrap_or_default();
            format!("The lab’s computer is not connected at the moment.{last} The photos go on to it when it is back.")
        }
    };
    notice(Tone::Plain, &text)
}

fn tracking(view: &OrderView) -> Markup {
    let Some(tracking) = &view.tracking else {
        return Markup::default();
    };
    let known = [("Sent with", &tracking.carrier), ("Tracking number", &tracking.tracking)];
    let known: Vec<_> = known.into_iter().filter(|(_, text)| !text.is_empty()).collect();
    html! {
        @if !known.is_empty() { section.card.tracking { h2 { "On its way to you" } (facts(&known, false)) } }
    }
}

fn prints(view: &OrderView, pictures: &HashMap<PhotoId, String>) -> Markup {
    html! {
        h2 { "Prints" }
        ul.items.ordered { @for line in &view.order.lines { (print(view, line, pictures)) } }
        (facts(&[
            (view.order.delivery.name.as_str(), words::price_or_free(view.order.delivery.price)),
            ("Total", words::money(view.order.total)),
        ], true))
        @if let Some(paid) = view.paid { p { (badge(Tone::Success, "Paid")) " on " (words::moment(paid)) } }
    }
}

fn print(view: &OrderView, line: &OrderLine, pictures: &HashMap<PhotoId, String>) -> Markup {
    let total = line.price.times(line.quantity).ok();
    html! {
        li.item {
            div.item-picture {
                @if let Some(src) = pictures.get(&line.photo_id) {
                    a href=(photo_path(&view.order.event_id, &line.photo_id)) {
                        img src=(src) alt={ "Photo " (line.file_name) } decoding="async" loading="lazy";
                    }
                }
            }
            div.item-text {
                p.item-name { (line.file_name) }
                p.item-print { (words::print(line.size, line.finish)) ", " (crop(line.crop)) }
            }
            p.item-price { (line.quantity) " × " (words::price_or_free(line.price)) }
            p.item-total { @if let Some(total) = total { (words::money(total)) } }
        }
    }
}

fn delivery(view: &OrderView) -> Markup {
    let order = &view.order;
    html! {
        h2 { "Delivery" }
        p.as-written {
            (order.delivery.name) "\n" (order.customer.name)
            @if let Some(address) = &order.delivery.address { "\n" (address) }
        }
        p.help { "Questions? " (view.photographer) " writes to you at " (order.customer.email) "." }
        @if !order.note.is_empty() {
            h2 { "Your note" }
            p.as-written { (order.note) }
        }
    }
}

/// The thumbnails of what was ordered, for who may see the gallery, and while the
/// photos are there.
async fn pictures(view: &OrderView, visitor: &Visitor) -> Result<HashMap<PhotoId, String>, Fault> {
    let event_id = view.order.event_id;
    let mut pictures = HashMap::new();
    if !visitor.may_see(&event_id) {
        return Ok(pictures);
    }
    for line in &view.order.lines {
        if pictures.len() == ORDER_PICTURES_MAX {
            break;
        }
        if pictures.contains_key(&line.photo_id) {
            continue;
        }
        let found = visitor.index().rendition(event_id, line.photo_id, RenditionKind::Thumbnail).await?;
        if let Some(found) = found {
            let path = format!("{}/thumbnail.jpg?v={}", photo_path(&event_id, &line.photo_id), found.hash);
            pictures.insert(line.photo_id, path);
        }
    }
    Ok(pictures)
}
