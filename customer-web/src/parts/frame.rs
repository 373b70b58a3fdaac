//! What stands around every page: the links at the top, the style sheet, the words
//! in the foot, and the basket at the screen's edge.

use enprint_host_index::views::{Basket, Gallery};
use enprint_web::components::basket_bar;
use enprint_web::{Markup, NavLink, Page, html};

use crate::parts::assets::{SHOP_SCRIPT, SHOP_STYLE};
use crate::protocol::ids::EventId;
use crate::visitor::Visitor;
use crate::words;

/// Which link at the top is this very page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A gallery or one of its photos.
    Gallery,
    /// A gallery's basket.
    Basket,
    /// The orders of this device or account.
    Orders,
    /// The account.
    Account,
    /// None of them.
    Elsewhere,
}

/// An empty page with everything around it.
pub fn page(visitor: &Visitor, title: &str, place: Place) -> Page {
    framed(visitor, title, general_links(visitor, place))
}

/// As [`page`], inside a gallery that the visitor has opened.
pub fn gallery_page(visitor: &Visitor, title: &str, place: Place, event_id: &EventId, basket: &Basket) -> Page {
    let mut links = vec![
        link(&gallery_path(event_id), "Photos", place == Place::Gallery),
        link(&basket_path(event_id), &basket_label(basket), place == Place::Basket),
    ];
    links.extend(general_links(visitor, place));
    framed(visitor, title, links)
}

/// `Basket (3)`, as the link at the top says.
pub fn basket_label(basket: &Basket) -> String {
    match basket.prints {
        0 => "Basket".to_owned(),
        prints => format!("Basket ({prints})"),
    }
}

/// The basket at the screen's edge, once there is something in it.
pub fn bar(gallery: &Gallery, basket: &Basket) -> Markup {
    let summary = format!("{} · {}", words::count(basket.prints, "print", "prints"), words::money(basket.total));
    html! {
        div #basket-bar {
            @if basket.prints > 0 {
                (basket_bar(&summary, &basket_path(&gallery.event.event_id), "To the basket"))
            }
        }
    }
}

/// `/galleries/…`
pub fn gallery_path(event_id: &EventId) -> String {
    format!("/galleries/{event_id}")
}

/// `/galleries/…/basket`
pub fn basket_path(event_id: &EventId) -> String {
    format!("/galleries/{event_id}/basket")
}

fn framed(visitor: &Visitor, title: &str, links: Vec<NavLink>) -> Page {
    Page::new(visitor.shop.site(), title).nav(links).style(&SHOP_STYLE).script(&SHOP_SCRIPT).foot(html! {
        p {
            "Your photos are shown only to those who have the access code. "
            a href="/about" { "What this site keeps of you" }
        }
    })
}

fn general_links(visitor: &Visitor, place: Place) -> Vec<NavLink> {
    let mut links = Vec::new();
    if visitor.session.is_some() {
        links.push(link("/orders", "Orders", place == Place::Orders));
    }
    let account = if visitor.account().is_some() { "Account" } else { "Log in" };
    links.push(link("/account", account, place == Place::Account));
    links
}

fn link(href: &str, label: &str, is_current: bool) -> NavLink {
    let link = NavLink::to(href, label);
    if is_current { link.current() } else { link }
}
