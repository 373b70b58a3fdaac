//! The orders of this device and of who is logged in.

use enprint_host_index::views::{OrderState, OrderSummary};
use enprint_web::components::{Tone, badge, button_link, empty_state};
use enprint_web::{Form, Markup, Page, html};

use crate::fault::Fault;
use crate::parts::frame::{Place, page};
use crate::visitor::Visitor;
use crate::words;

/// All of them, the newest first.
pub async fn show(_: Form, visitor: Visitor) -> Result<Page, Fault> {
    let orders = match &visitor.session {
        Some(session) => visitor.index().orders_of_session(session.session_id).await?,
        None => Vec::new(),
    };
    Ok(page(&visitor, "My orders", Place::Orders).main(html! {
        h1 { "My orders" }
        @if orders.is_empty() {
            (empty_state(
                "No orders on this device",
                "What you order here is listed on this page. On another device, use the address of the order’s own \
                 page, or log in if you have an account.",
                Some(button_link("/", "To the start page", true)),
            ))
        } @else {
            (list(&orders))
        }
    }))
}

/// Orders to choose from.
pub(super) fn list(orders: &[OrderSummary]) -> Markup {
    html! {
        ul.orders {
            @for order in orders {
                li {
                    a href={ "/orders/" (order.token) } {
                        span.order-name { (order.event_name) }
                        span.order-facts { (order.number) " · " (words::moment(order.placed)) }
                        span.order-state { (state(order)) }
                        span.order-total { (words::money(order.total)) }
                    }
                }
            }
        }
    }
}

fn state(order: &OrderSummary) -> Markup {
    let tone = match order.state {
        OrderState::Declined => Tone::Problem,
        OrderState::Shipped => Tone::Success,
        _ => Tone::Plain,
    };
    let is_unpaid = order.paid.is_none() && order.state != OrderState::Declined && order.total.minor > 0;
    html! {
        (badge(tone, words::state(order.state)))
        @if is_unpaid { " " (badge(Tone::Warning, "Not paid yet")) }
    }
}
