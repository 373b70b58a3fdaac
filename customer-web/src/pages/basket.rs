//! The basket of one gallery: put in, change, take out and put back. Every form
//! answers with a page to look at, so that reloading repeats nothing.

use enprint_host_index::views::{Basket, BasketLine, Choice, LineProblem, RenditionKind};
use enprint_web::components::{Tone, button_link, empty_state, facts, notice};
use enprint_web::{Form, Fragment, Markup, SeeOther, html, with_status};
use http::StatusCode;
use warp::reply::{Reply, Response};

use super::front::ask_for_code;
use super::inside::Inside;
use crate::fault::Fault;
use crate::parts::choosing::{print_word, read_choice};
use crate::parts::frame::{Place, bar, basket_label, basket_path, gallery_path};
use crate::parts::tiles::{alt, anchor, marks, photo_path, picture_path};
use crate::parts::view::{View, encoded};
use crate::protocol::ids::EventId;
use crate::protocol::limits::QUANTITY_MAX;
use crate::protocol::order::Crop;
use crate::visitor::Visitor;
use crate::words;

/// The basket. `removed` in the query is followed by the line that was just taken out.
pub async fn show(event_id: EventId, query: Form, visitor: Visitor) -> Result<Response, Fault> {
    let Some(inside) = Inside::enter(&visitor, event_id).await? else {
        return Ok(ask_for_code(&visitor));
    };
    let removed = query.filled("removed").and_then(|_| read_choice(&query, 1).ok());
    Ok(drawn(&inside, undo(&inside, removed.as_ref()), StatusCode::OK))
}

/// Puts prints in, and leads back to where they were chosen. A script that asks for a
/// `fragment` gets the bar with the basket's sum instead.
pub async fn add(event_id: EventId, form: Form, visitor: Visitor) -> Result<Response, Fault> {
    let session_id = visitor.opened(&event_id)?;
    let choice = read_choice(&form, 1)?;
    let basket = visitor.index().add_to_basket(session_id, event_id, &choice).await?;
    if form.is_ticked("fragment") {
        return fragment(event_id, &choice, &basket, &visitor).await;
    }
    let view = View::of(&form).query();
    let path = match form.optional("from") {
        Some("photo") => {
            let added = format!("added={}", encoded(&print_word(choice.size, choice.finish)));
            let joint = if view.is_empty() { "?" } else { "&" };
            format!("{}{view}{joint}{added}", photo_path(&event_id, &choice.photo_id))
        }
        Some("gallery") => format!("{}{view}#{}", gallery_path(&event_id), anchor(&choice.photo_id)),
        _ => basket_path(&event_id),
    };
    Ok(SeeOther::to(&path).into_response())
}

/// Sets how many prints a line has. 0 takes it out, and the page then offers to put
/// it back.
pub async fn set(event_id: EventId, form: Form, visitor: Visitor) -> Result<Response, Fault> {
    let inside = Inside::insist(&visitor, event_id).await?;
    let changed = match read_choice(&form, 0) {
        Ok(choice) => {
            let set = visitor.index().set_in_basket(inside.session_id, event_id, &choice).await;
            set.map(|_| choice).map_err(Fault::from)
        }
        Err(fault) => Err(fault),
    };
    match changed {
        Ok(choice) if choice.quantity == 0 => {
            let before = inside.basket.lines.iter().find(|line| is_same(&line.choice, &choice));
            let path = basket_path(&event_id);
            let path = before.map_or(path.clone(), |line| format!("{path}?removed=yes&{}", choice_query(&line.choice)));
            Ok(SeeOther::to(&path).into_response())
        }
        Ok(_) => Ok(SeeOther::to(&basket_path(&event_id)).into_response()),
        Err(fault) if fault.is_for_the_form() => {
            Ok(drawn(&inside, notice(Tone::Problem, &fault.to_string()), fault.status()))
        }
        Err(fault) => Err(fault),
    }
}

/// Takes everything out.
pub async fn empty(event_id: EventId, _: Form, visitor: Visitor) -> Result<Response, Fault> {
    let session_id = visitor.opened(&event_id)?;
    visitor.index().empty_basket(session_id, event_id).await?;
    Ok(SeeOther::to(&basket_path(&event_id)).into_response())
}

/// The bar, what the link at the top says, and the mark of the photo that was added.
async fn fragment(event_id: EventId, choice: &Choice, basket: &Basket, visitor: &Visitor) -> Result<Response, Fault> {
    let inside = Inside::insist(visitor, event_id).await?;
    let marks = marks(basket);
    let markup = html! {
        (bar(&inside.gallery, basket))
        span.basket-label { (basket_label(basket)) }
        @if let Some(mark) = marks.get(&choice.photo_id) { span.mark { (mark) } }
    };
    Ok(Fragment(markup).into_response())
}

fn drawn(inside: &Inside, notice: Markup, status: StatusCode) -> Response {
    let basket = &inside.basket;
    let page = inside.page("Basket", Place::Basket).wide();
    let page = page.main(html! {
        h1 { "Basket" }
        (notice)
        @if basket.lines.is_empty() {
            (empty_state(
                "Nothing in it yet",
                "Choose a photo, and then how you would like it printed.",
                Some(button_link(&inside.path(), "To the photos", true)),
            ))
        } @else {
            div.split.basket {
                ul.items { @for line in &basket.lines { (basket_line(inside, line)) } }
                (summary(inside))
            }
        }
    });
    with_status(page, status)
}

fn basket_line(inside: &Inside, line: &BasketLine) -> Markup {
    let event_id = inside.event_id();
    let choice = &line.choice;
    let name = line.photo.as_ref().map_or("A photo that is gone", |photo| &photo.file_name);
    html! {
        li.item .has-problem[line.problem.is_some()] {
            div.item-picture {
                @if let Some(photo) = &line.photo {
                    a href=(photo_path(event_id, &photo.photo_id)) {
                        img src=(picture_path(event_id, photo, RenditionKind::Thumbnail)) alt=(alt(photo))
                            width=(photo.thumbnail.width_px) height=(photo.thumbnail.height_px) decoding="async";
                    }
                }
            }
            div.item-text {
                p.item-name { (name) }
                p.item-print { (words::print(choice.size, choice.finish)) ", " (crop(choice.crop)) }
                @if let Some(problem) = line.problem { p.item-problem role="alert" { (problem_words(problem)) } }
                @if let Some(price) = line.price { p.item-price { (words::price_or_free(price)) " each" } }
            }
            div.item-change {
                @if line.problem.is_none() { (quantity_form(inside, choice, name)) }
                (remove_form(inside, choice, name))
            }
            p.item-total { @if let Some(total) = line.total { (words::money(total)) } }
        }
    }
}

fn quantity_form(inside: &Inside, choice: &Choice, name: &str) -> Markup {
    html! {
        form.quantity method="post" action={ (basket_path(inside.event_id())) "/set" } data-quantity {
            (inside.visitor.visit.csrf_field())
            (choice_fields(choice))
            label {
                span.unseen { "How many of " (name) }
                input type="number" name="quantity" value=(choice.quantity) min="0" max=(QUANTITY_MAX)
                    inputmode="numeric" required autocomplete="off";
            }
            button.button type="submit" { "Change" }
        }
    }
}

fn remove_form(inside: &Inside, choice: &Choice, name: &str) -> Markup {
    html! {
        form method="post" action={ (basket_path(inside.event_id())) "/set" } {
            (inside.visitor.visit.csrf_field())
            (choice_fields(choice))
            input type="hidden" name="quantity" value="0";
            button.link type="submit" { "Remove" span.unseen { " " (name) } }
        }
    }
}

/// What it comes to, the way on, and the way to begin again.
fn summary(inside: &Inside) -> Markup {
    let basket = &inside.basket;
    let prints = words::count(basket.prints, "print", "prints");
    html! {
        aside.card.summary {
            h2 { "Sum" }
            (facts(&[(prints.as_str(), words::money(basket.total))], true))
            p.help { "Delivery is chosen next." }
            @if basket.is_orderable() {
                (button_link(&format!("{}/checkout", inside.path()), "Go to checkout", true))
            } @else {
                p.help { "Please remove what can’t be ordered any more; then you can go on." }
            }
            (button_link(&inside.path(), "Choose more photos", false))
            details.empty-basket {
                summary { "Empty the basket" }
                form method="post" action={ (basket_path(inside.event_id())) "/empty" } {
                    (inside.visitor.visit.csrf_field())
                    button.button type="submit" { "Yes, take out all " (prints) }
                }
            }
        }
    }
}

/// Says what was taken out, with a button that puts it back.
fn undo(inside: &Inside, removed: Option<&Choice>) -> Markup {
    let Some(choice) = removed else {
        return Markup::default();
    };
    let is_back = inside.basket.lines.iter().any(|line| is_same(&line.choice, choice));
    html! {
        @if !is_back {
            div.notice.undo role="status" {
                p { "Removed: " (choice.quantity) " × " (words::print(choice.size, choice.finish)) "." }
                form method="post" action=(basket_path(inside.event_id())) {
                    (inside.visitor.visit.csrf_field())
                    (choice_fields(choice))
                    input type="hidden" name="quantity" value=(choice.quantity);
                    button.button type="submit" { "Undo" }
                }
            }
        }
    }
}

/// The fields of a line but its quantity.
fn choice_fields(choice: &Choice) -> Markup {
    html! {
        input type="hidden" name="photo" value=(choice.photo_id);
        input type="hidden" name="print" value=(print_word(choice.size, choice.finish));
        input type="hidden" name="crop" value=(choice.crop.word());
    }
}

fn choice_query(choice: &Choice) -> String {
    let print = encoded(&print_word(choice.size, choice.finish));
    format!("photo={}&print={print}&crop={}&quantity={}", choice.photo_id, choice.crop.word(), choice.quantity)
}

fn is_same(one: &Choice, other: &Choice) -> bool {
    Choice { quantity: 0, ..*one } == Choice { quantity: 0, ..*other }
}

/// How a crop reads in a line.
pub(super) fn crop(crop: Crop) -> &'static str {
    match crop {
        Crop::Fill => "filled",
        Crop::Fit => "whole photo",
    }
}

fn problem_words(problem: LineProblem) -> &'static str {
    match problem {
        LineProblem::PhotoGone => "The photographer has taken this photo out of the gallery. Please remove it.",
        LineProblem::NotForPrint => "No prints can be made of this photo. Please remove it.",
        LineProblem::NotOnPriceList => {
            "This size is not offered any more. Please remove it, and choose another size of the photo."
        }
    }
}
