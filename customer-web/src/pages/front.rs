//! The way in: the form that takes an access code, and the galleries that are open
//! already.

use enprint_host_index::views::{Gallery, PageRequest, PhotoFilter, RenditionKind};
use enprint_web::components::{Field, Input, button, field, post_form};
use enprint_web::{Form, Markup, Page, SeeOther, html, with_status};
use http::StatusCode;
use warp::reply::{Reply, Response};

use crate::fault::{Fault, WRONG_CODE};
use crate::limits::GALLERIES_SHOWN_MAX;
use crate::parts::frame::{Place, gallery_path, page};
use crate::parts::tiles::picture_path;
use crate::protocol::access_code::AccessCode;
use crate::protocol::ids::EventId;
use crate::visitor::Visitor;
use crate::words;

/// The first page: where to put the code, and what is open.
pub async fn show(_: Form, visitor: Visitor) -> Result<Page, Fault> {
    let open = open_galleries(&visitor).await?;
    Ok(drawn(&visitor, &open, None))
}

/// Opens the gallery that the field `access_code` belongs to. Whatever is wrong with
/// a code, the answer is the same.
pub async fn open(form: Form, visitor: Visitor) -> Result<Response, Fault> {
    visitor.take_code_try()?;
    match open_by(form.optional("access_code").unwrap_or_default(), &visitor).await {
        Ok(event_id) => {
            visitor.give_code_try_back();
            Ok(SeeOther::to(&gallery_path(&event_id)).into_response())
        }
        Err(Fault::WrongCode) => {
            let open = open_galleries(&visitor).await?;
            Ok(with_status(drawn(&visitor, &open, Some(WRONG_CODE)), StatusCode::FORBIDDEN))
        }
        Err(other) => Err(other),
    }
}

/// What stands in place of a gallery that this visitor has not opened, whether there
/// is one or not.
pub(super) fn ask_for_code(visitor: &Visitor) -> Response {
    let page = page(visitor, "Access code", Place::Elsewhere).main(html! {
        section.welcome {
            h1 { "This gallery is private" }
            p.lead { "Please enter the access code that you got from the photographer." }
            (code_form(visitor, None))
        }
    });
    with_status(page, StatusCode::FORBIDDEN)
}

async fn open_by(typed: &str, visitor: &Visitor) -> Result<EventId, Fault> {
    let code: AccessCode = typed.parse().map_err(|_| Fault::WrongCode)?;
    let event_id = visitor.index().open_gallery(&code).await?.ok_or(Fault::WrongCode)?;
    let session_id = visitor.renew().await?;
    visitor.index().admit_session(session_id, event_id).await?;
    Ok(event_id)
}

struct OpenGallery {
    gallery: Gallery,
    cover: Option<String>,
}

/// The latest galleries of the session and its account, each with its first photo.
async fn open_galleries(visitor: &Visitor) -> Result<Vec<OpenGallery>, Fault> {
    let events = visitor.session.iter().flat_map(|session| &session.events);
    let mut open = Vec::new();
    for event_id in events.take(GALLERIES_SHOWN_MAX) {
        let Some(gallery) = visitor.index().gallery(*event_id).await? else {
            continue;
        };
        let first = PageRequest { number: 1, size: 1 };
        let photos = visitor.index().photos(*event_id, &PhotoFilter::default(), first).await?.photos;
        let cover = photos.first().map(|photo| picture_path(event_id, photo, RenditionKind::Thumbnail));
        open.push(OpenGallery { gallery, cover });
    }
    Ok(open)
}

fn drawn(visitor: &Visitor, open: &[OpenGallery], error: Option<&str>) -> Page {
    let title = if error.is_some() { "Access code" } else { "Your photos" };
    let page = page(visitor, title, Place::Elsewhere);
    page.description("Look at your photos and order prints.").main(html! {
        section.welcome {
            h1 { "See your photos" }
            p.lead { "Enter the access code from your photographer to look at your gallery and order prints." }
            (code_form(visitor, error))
        }
        @if !open.is_empty() {
            section.open-galleries {
                h2 { "Open on this device" }
                ul.galleries { @for gallery in open { (card(gallery)) } }
            }
        }
        @if visitor.session.is_some() {
            p.to-orders { a href="/orders" { "Look at your orders" } }
        }
    })
}

fn code_form(visitor: &Visitor, error: Option<&str>) -> Markup {
    let code = Field {
        help: Some("Capitals, spaces and dashes don’t matter."),
        error,
        max_length: Some(100),
        ..Field::new("access_code", "Access code", Input::Code)
    };
    let inside = html! {
        (field(&code))
        (button("Open the gallery", true))
    };
    html! { div.card.code-card { (post_form(&visitor.visit, "/open", inside)) } }
}

fn card(open: &OpenGallery) -> Markup {
    let event = &open.gallery.event;
    let photos = words::count(open.gallery.photos, "photo", "photos");
    html! {
        li {
            a.gallery-card href=(gallery_path(&event.event_id)) {
                span.gallery-cover {
                    @if let Some(cover) = &open.cover { img src=(cover) alt="" decoding="async"; }
                }
                span.gallery-name { (event.name) }
                span.gallery-facts {
                    @if let Some(date) = event.date { (words::date(date)) " · " }
                    (photos)
                }
            }
        }
    }
}
