//! A gallery: what it is, its categories, a search, and its photos page by page.

use enprint_host_index::views::{Gallery, PhotoPage, PhotoRow, RenditionKind};
use enprint_web::components::{Tab, Tone, button_link, empty_state, masthead, notice, pagination, tabs};
use enprint_web::{Form, Markup, html};
use jiff::Timestamp;
use warp::reply::{Reply, Response};

use super::front::ask_for_code;
use super::inside::Inside;
use crate::fault::Fault;
use crate::limits::NODE_QUIET_MS;
use crate::parts::frame::{Place, bar, gallery_path};
use crate::parts::tiles::{grid, picture_path};
use crate::parts::view::View;
use crate::protocol::ids::EventId;
use crate::protocol::time::UnixMs;
use crate::visitor::Visitor;
use crate::words;

/// The gallery, or the question for its code.
pub async fn show(event_id: EventId, query: Form, visitor: Visitor) -> Result<Response, Fault> {
    let Some(inside) = Inside::enter(&visitor, event_id).await? else {
        return Ok(ask_for_code(&visitor));
    };
    let view = View::of(&query);
    let photos = visitor.index().photos(event_id, &view.filter(), view.page_request()).await?;
    let view = view.at_page(photos.number);
    let page = inside.page(&inside.gallery.event.name, Place::Gallery).wide();
    let page = page.main(html! {
        (head(&inside.gallery, &photos, &view))
        (away(inside.gallery.photographer_seen, UnixMs::from_timestamp(Timestamp::now())))
        (finder(&inside.gallery, &view))
        (found(&inside.gallery, &photos, &view))
        @if photos.photos.is_empty() {
            (nothing(&inside.gallery, &view))
        } @else {
            (grid(&visitor.visit, &inside.gallery, &photos.photos, &inside.basket, &view))
        }
        (pagination(photos.number.into(), photos.pages.into(), |number| {
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            format!("{}{}", inside.path(), view.at_page(number).query())
        }))
    });
    Ok(page.after(bar(&inside.gallery, &inside.basket)).into_response())
}

/// The gallery's name with a picture above it where it begins, and in one line on
/// every other page.
fn head(gallery: &Gallery, photos: &PhotoPage, view: &View) -> Markup {
    let event = &gallery.event;
    let by = format!("Photographed by {}", event.photographer);
    let line = match event.date {
        Some(date) => format!("{} · {by}", words::date(date)),
        None => by,
    };
    let is_start = *view == View { category: None, search: None, page: 1 };
    let cover = cover(&photos.photos).filter(|_| is_start);
    html! {
        @if let Some(photo) = cover {
            div.cover {
                img src=(picture_path(&event.event_id, photo, RenditionKind::Proof)) alt=""
                    width=(photo.proof.width_px) height=(photo.proof.height_px) fetchpriority="high";
            }
        }
        div.head .quiet[!is_start] {
            (masthead(&event.name, &line, if is_start { &event.description } else { "" }))
        }
    }
}

/// The best-rated of the first photos that is wider than high.
fn cover(photos: &[PhotoRow]) -> Option<&PhotoRow> {
    let wide = photos.iter().filter(|photo| photo.proof.width_px * 10 >= photo.proof.height_px * 12);
    // `max_by_key` takes the last of equals, and the first is meant
    wide.rev().max_by_key(|photo| photo.rating.unwrap_or(0))
}

/// Says so when the photographer's node has not been seen for long: an order waits
/// for it.
fn away(seen: Option<UnixMs>, now: UnixMs) -> Markup {
    let sentence = match seen {
        Some(seen) if now.0.saturating_sub(seen.0) < NODE_QUIET_MS => return Markup::default(),
        Some(seen) => format!(
            "The photographer’s computer was last connected on {}. You can order all the same: your order is kept, \
             and goes on as soon as it is back.",
            words::moment(seen)
        ),
        None => "The photographer’s computer is not connected. You can order all the same: your order is kept, and \
                 goes on as soon as it is back."
            .to_owned(),
    };
    notice(Tone::Warning, &sentence)
}

/// Categories, and the search.
fn finder(gallery: &Gallery, view: &View) -> Markup {
    let path = gallery_path(&gallery.event.event_id);
    let within = |category: Option<&String>| {
        let view = View { category: category.cloned(), page: 1, ..view.clone() };
        format!("{path}{}", view.query())
    };
    let all = within(None);
    let paths: Vec<_> = gallery.categories.iter().map(|(name, _)| within(Some(name))).collect();
    let all = Tab { href: &all, label: "All", count: Some(gallery.photos), is_current: view.category.is_none() };
    let others = gallery.categories.iter().zip(&paths).map(|((name, photos), href)| Tab {
        href,
        label: name,
        count: Some(*photos),
        is_current: view.category.as_ref() == Some(name),
    });
    let all: Vec<_> = std::iter::once(all).chain(others).collect();
    html! {
        div.finder {
            @if gallery.categories.len() > 1 { (tabs("Categories", &all)) }
            form.search method="get" action=(path) role="search" {
                @if let Some(category) = &view.category { input type="hidden" name="category" value=(category); }
                label.unseen for="search" { "Search by file name" }
                input #search type="search" name="q" value=[view.search.as_deref()]
                    placeholder="File name" maxlength="100" autocomplete="off" spellcheck="false";
                button.button type="submit" { "Search" }
            }
        }
    }
}

/// What a search found, and the way back to everything.
fn found(gallery: &Gallery, photos: &PhotoPage, view: &View) -> Markup {
    let Some(search) = view.search.as_ref().filter(|_| photos.total > 0) else {
        return Markup::default();
    };
    let all = View { search: None, page: 1, ..view.clone() };
    html! {
        p.found role="status" {
            (words::count(photos.total, "photo has", "photos have")) " “" (search) "” in the file name. "
            a href={ (gallery_path(&gallery.event.event_id)) (all.query()) } { "Show all" }
        }
    }
}

fn nothing(gallery: &Gallery, view: &View) -> Markup {
    let all = button_link(&gallery_path(&gallery.event.event_id), "Show all photos", false);
    match (&view.search, gallery.photos) {
        (_, 0) => empty_state("No photos yet", "The photographer has not published any so far.", None),
        (Some(search), _) => {
            let sentence = format!("No file name here has “{search}” in it.");
            empty_state("Nothing found", &sentence, Some(all))
        }
        (None, _) => empty_state("Nothing here", "There are no photos in this category.", Some(all)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_is_away_for_long_is_told_and_only_then() {
        let now = UnixMs(10 * NODE_QUIET_MS);
        assert!(away(Some(now.plus_ms(1 - NODE_QUIET_MS)), now).into_string().is_empty());
        assert!(away(Some(now.plus_ms(5)), now).into_string().is_empty(), "a clock that is a little ahead");
        assert!(away(Some(now.plus_ms(-NODE_QUIET_MS)), now).into_string().contains("last connected on"));
        assert!(away(None, now).into_string().contains("not connected"));
    }
}
