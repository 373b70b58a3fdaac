//! Turning a basket into an order: the form, and sending it. The same form sent twice
//! is one order, and what the customer saw is what they pay.

use enprint_host_index::views::{Chosen, PlaceOrder};
use enprint_web::components::{Crumb, Tone, breadcrumb, notice};
use enprint_web::{Form, SeeOther, html, with_status};
use http::StatusCode;
use warp::reply::{Reply, Response};

use super::checkout_form::{Typed, form};
use super::front::ask_for_code;
use super::inside::Inside;
use crate::fault::Fault;
use crate::parts::frame::{Place, basket_path};
use crate::protocol::ids::EventId;
use crate::protocol::money::Money;
use crate::visitor::Visitor;

/// The form; where the basket can't be ordered, the basket.
pub async fn show(event_id: EventId, _: Form, visitor: Visitor) -> Result<Response, Fault> {
    let Some(inside) = Inside::enter(&visitor, event_id).await? else {
        return Ok(ask_for_code(&visitor));
    };
    if !inside.basket.is_orderable() {
        return Ok(SeeOther::to(&basket_path(&event_id)).into_response());
    }
    drawn(&inside, &Typed::first(&visitor), None)
}

/// Places the order and leads to its page. What can be put right is said beside its
/// field, with everything kept that was typed.
pub async fn place(event_id: EventId, sent: Form, visitor: Visitor) -> Result<Response, Fault> {
    let inside = Inside::insist(&visitor, event_id).await?;
    let typed = Typed::of(&sent);
    let placed = match wanted(&inside, &typed, &sent) {
        Ok(wanted) => visitor.index().place(&wanted).await.map_err(Fault::from),
        Err(fault) => Err(fault),
    };
    match placed {
        Ok(placed) => Ok(SeeOther::to(&format!("/orders/{}", placed.token)).into_response()),
        Err(fault) if fault.is_for_the_form() => {
            // prices or photos may have changed meanwhile: what is shown is as they are now
            let inside = Inside::insist(&visitor, event_id).await?;
            drawn(&inside, &typed, Some(&fault))
        }
        Err(fault) => Err(fault),
    }
}

fn wanted(inside: &Inside, typed: &Typed, sent: &Form) -> Result<PlaceOrder, Fault> {
    let delivery = inside.gallery.event.price_list.delivery(&typed.delivery);
    let expected_total = delivery.and_then(|delivery| seen_total(sent, &delivery.name));
    if delivery.is_some() && expected_total.is_none() {
        return Err(Fault::field("expected_total", "Please look at the total once more, and then place the order."));
    }
    Ok(PlaceOrder {
        idempotency_key: typed.key.clone(),
        session_id: inside.session_id,
        event_id: *inside.event_id(),
        chosen: Chosen::Basket,
        name: typed.name.clone(),
        email: typed.email.clone(),
        delivery: typed.delivery.clone(),
        address: typed.address.clone(),
        note: typed.note.clone(),
        expected_total,
    })
}

/// The total that the form showed for this delivery: fields `expected_total`, each
/// `EUR 12.40 Post`. One without a delivery stands for whichever is chosen.
fn seen_total(sent: &Form, delivery: &str) -> Option<Money> {
    sent.all("expected_total").find_map(|text| {
        let mut words = text.trim().splitn(3, ' ');
        let (currency, amount) = (words.next()?, words.next()?);
        let is_it = words.next().is_none_or(|name| name == delivery);
        is_it.then(|| format!("{currency} {amount}").parse().ok()).flatten()
    })
}

fn drawn(inside: &Inside, typed: &Typed, fault: Option<&Fault>) -> Result<Response, Fault> {
    let status = fault.map_or(StatusCode::OK, Fault::status);
    let problem = fault.map(|fault| match Typed::shows(fault) {
        true => "Please look at the fields that are marked below.".to_owned(),
        false => fault.to_string(),
    });
    let basket = basket_path(inside.event_id());
    let above =
        [Crumb { href: &inside.path(), label: &inside.gallery.event.name }, Crumb { href: &basket, label: "Basket" }];
    let page = inside.page("Checkout", Place::Basket).wide().main(html! {
        (breadcrumb(&above, "Checkout"))
        h1 { "Checkout" }
        @if let Some(problem) = &problem { (notice(Tone::Problem, problem)) }
        (form(inside, typed, fault)?)
    });
    Ok(with_status(page, status))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(fields: &str, delivery: &str) -> Option<String> {
        seen_total(&Form::parse(fields.as_bytes()).unwrap(), delivery).map(|money| money.to_string())
    }

    #[test]
    fn the_total_is_that_of_the_chosen_delivery() {
        let fields = "expected_total=EUR+12.40+Post+abroad&expected_total=EUR+7.50+Pick+up";
        assert_eq!(seen(fields, "Pick up").as_deref(), Some("EUR 7.50"));
        assert_eq!(seen(fields, "Post abroad").as_deref(), Some("EUR 12.40"));
        assert_eq!(seen(fields, "Post"), None);
        assert_eq!(seen("expected_total=EUR+7.50", "Post").as_deref(), Some("EUR 7.50"));
        assert_eq!(seen("expected_total=nonsense&expected_total=", "Post"), None);
    }
}
