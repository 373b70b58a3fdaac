//! Ways through the pages, and elements that keep themselves up to date.

use maud::{Markup, html};

/// A page above this one.
#[derive(Debug, Clone)]
pub struct Crumb<'a> {
    /// Where it is.
    pub href: &'a str,
    /// What it is called.
    pub label: &'a str,
}

/// One of several views, such as a category of a gallery.
#[derive(Debug, Clone)]
pub struct Tab<'a> {
    /// Where it is.
    pub href: &'a str,
    /// What it is called.
    pub label: &'a str,
    /// How much is in it, if that is worth saying.
    pub count: Option<u64>,
    /// Whether it is the one shown.
    pub is_current: bool,
}

/// The way here from the top; `here` is this page.
pub fn breadcrumb(above: &[Crumb<'_>], here: &str) -> Markup {
    html! {
        nav.crumbs aria-label="Where you are" {
            ol {
                @for crumb in above { li { a href=(crumb.href) { (crumb.label) } } }
                li { span aria-current="page" { (here) } }
            }
        }
    }
}

/// Several views of one thing.
pub fn tabs(label: &str, tabs: &[Tab<'_>]) -> Markup {
    html! {
        nav.tabs aria-label=(label) {
            ul {
                @for tab in tabs {
                    li {
                        a href=(tab.href) aria-current=[tab.is_current.then_some("page")] {
                            (tab.label)
                            @if let Some(count) = tab.count { " " span.count { (count) } }
                        }
                    }
                }
            }
        }
    }
}

/// Pages of a long list, counted from 1; `href` says where each is. Nothing if there
/// is only one.
pub fn pagination(current: u64, last: u64, href: impl Fn(u64) -> String) -> Markup {
    html! {
        @if last > 1 {
            nav.pagination aria-label="Pages" {
                @if current > 1 {
                    a.button rel="prev" href=(href(current - 1)) { "Previous" }
                } @else { span {} }
                p { "Page " (current) " of " (last) }
                @if current < last {
                    a.button rel="next" href=(href(current + 1)) { "Next" }
                } @else { span {} }
            }
        }
    }
}

/// A link that looks like a button.
pub fn button_link(href: &str, label: &str, is_main: bool) -> Markup {
    html! { a.button .main[is_main] href=(href) { (label) } }
}

/// An element that asks `path` for its content again every `every_s` seconds, while
/// the page is in sight; `path` answers with a [`Fragment`](crate::Fragment). Without
/// scripts it stays as it is.
pub fn live(path: &str, every_s: u32, inside: Markup) -> Markup {
    html! {
        div.live data-live=(path) data-live-every=(every_s) aria-live="polite" { (inside) }
    }
}
