//! One photo: its proof, its neighbours, and the prints that can be made of it.

use enprint_host_index::views::{PhotoRow, PhotoView, RenditionKind};
use enprint_web::components::{Crumb, Field, Input, Proof, Tone, breadcrumb, button, field, notice, proof_view};
use enprint_web::{Form, Markup, WebError, html};
use warp::reply::{Reply, Response};

use super::front::ask_for_code;
use super::inside::Inside;
use crate::fault::Fault;
use crate::limits::PAGE_PHOTOS;
use crate::parts::choosing::{sharpness, sizes};
use crate::parts::frame::{Place, basket_path};
use crate::parts::tiles::{alt, anchor, photo_path, picture_path};
use crate::parts::view::View;
use crate::protocol::ids::{EventId, PhotoId};
use crate::protocol::limits::QUANTITY_MAX;
use crate::protocol::order::Crop;
use crate::protocol::publish::NotForPrint;
use crate::visitor::Visitor;
use crate::words;

/// The photo, or the question for its gallery's code. `added` says what was just put
/// in the basket, and is offered again.
pub async fn show(event_id: EventId, photo_id: PhotoId, query: Form, visitor: Visitor) -> Result<Response, Fault> {
    let Some(inside) = Inside::enter(&visitor, event_id).await? else {
        return Ok(ask_for_code(&visitor));
    };
    let asked = View::of(&query);
    let mut view = asked.clone();
    let mut found = visitor.index().photo(event_id, photo_id, &view.filter()).await?;
    if found.is_none() {
        // in the gallery, but not in the filter of an old link
        view = View { category: None, search: None, page: 1 };
        found = visitor.index().photo(event_id, photo_id, &view.filter()).await?;
    }
    let found = found.ok_or(WebError::NotFound)?;
    let title = format!("{} · {}", found.photo.file_name, inside.gallery.event.name);
    let page = inside.page(&title, Place::Gallery).wide().main(html! {
        (way_back(&inside, &found, &view))
        div.split {
            div { (proof(&inside, &found, &view)) (facts(&found.photo)) }
            div.choosing {
                (added(query.filled("added")))
                (order_form(&inside, &found.photo, &view, query.filled("added")))
                (in_basket(&inside, &found.photo))
            }
        }
    });
    Ok(page.into_response())
}

/// To the page of the gallery that this photo is on.
fn way_back(inside: &Inside, found: &PhotoView, view: &View) -> Markup {
    let number = found.position.saturating_sub(1) / u64::from(PAGE_PHOTOS) + 1;
    let view = view.at_page(u32::try_from(number).unwrap_or(u32::MAX));
    let href = format!("{}{}#{}", inside.path(), view.query(), anchor(&found.photo.photo_id));
    let gallery = Crumb { href: &href, label: &inside.gallery.event.name };
    breadcrumb(&[gallery], &found.photo.file_name)
}

fn proof(inside: &Inside, found: &PhotoView, view: &View) -> Markup {
    let event_id = inside.event_id();
    let neighbour = |id: Option<PhotoId>| id.map(|id| format!("{}{}", photo_path(event_id, &id), view.query()));
    let (before, after) = (neighbour(found.previous), neighbour(found.next));
    proof_view(&Proof {
        src: &picture_path(event_id, &found.photo, RenditionKind::Proof),
        alt: &alt(&found.photo),
        width_px: found.photo.proof.width_px,
        height_px: found.photo.proof.height_px,
        before: before.as_deref(),
        after: after.as_deref(),
        position: &format!("{} of {}", found.position, found.total),
    })
}

/// What the photographer says of the photo, and below it what the camera does.
fn facts(photo: &PhotoRow) -> Markup {
    let captured = photo.captured.as_deref().and_then(words::captured);
    let pixels = format!("{} × {} pixels", photo.width_px, photo.height_px);
    let said = &photo.words;
    let author = said.author.as_ref().map(|author| format!("Photo: {author}"));
    let facts = [author, Some(photo.category.clone()), captured, Some(pixels)];
    let camera = [photo.camera.clone(), said.lens.clone(), said.exposure.clone()];
    html! {
        @if let Some(caption) = &said.caption { p.photo-caption { (caption) } }
        p.photo-facts { (line(facts)) }
        @if camera.iter().any(Option::is_some) { p.photo-facts { (line(camera)) } }
        @if !said.keywords.is_empty() { p.photo-facts { (said.keywords.join(", ")) } }
    }
}

fn line<const N: usize>(parts: [Option<String>; N]) -> String {
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

fn added(print: Option<&str>) -> Markup {
    let Some(line) = print.and_then(|print| print.split_once('/')) else {
        return Markup::default();
    };
    let (Ok(size), Ok(finish)) = (line.0.parse(), line.1.parse()) else {
        return Markup::default();
    };
    html! { div.added { (notice(Tone::Success, &format!("In your basket: {}.", words::print(size, finish)))) } }
}

fn order_form(inside: &Inside, photo: &PhotoRow, view: &View, wanted: Option<&str>) -> Markup {
    let list = &inside.gallery.event.price_list;
    let can_be_printed = list.prints.iter().any(|print| sharpness(photo, print.size).is_sold());
    if list.prints.is_empty() {
        return notice(Tone::Plain, "No prints of these photos can be ordered.");
    }
    if let Some(reason) = photo.not_for_print {
        return notice(Tone::Warning, why_not_printed(reason));
    }
    html! {
        h2 { "Order prints" }
        form.form.print-form method="post" action=(basket_path(inside.event_id())) data-print {
            (inside.visitor.visit.csrf_field())
            (view.hidden())
            input type="hidden" name="from" value="photo";
            input type="hidden" name="photo" value=(photo.photo_id);
            (sizes(list, photo, wanted))
            @if can_be_printed {
                (crops())
                div.how-many {
                    (field(&Field {
                        value: "1",
                        ..Field::new("quantity", "How many", Input::Number { min: 1, max: QUANTITY_MAX.into() })
                    }))
                    (button("Add to the basket", true))
                }
            }
        }
    }
}

fn why_not_printed(reason: NotForPrint) -> &'static str {
    match reason {
        NotForPrint::Damaged => {
            "The file of this photo is damaged, and parts of the picture are missing. It can be looked at, not printed."
        }
        NotForPrint::SmallPreview => {
            "Of this photo there is a small picture only, which would look coarse on paper. \
             Ask the photographer for a print of it."
        }
    }
}

fn crops() -> Markup {
    let both = [(Crop::Fill, "Fill the paper", "edges may be cut"), (Crop::Fit, "Whole photo", "with a white border")];
    html! {
        fieldset.choices.crops {
            legend { "Where photo and paper differ in shape" }
            div.finishes {
                @for (crop, label, detail) in both {
                    label.chip {
                        input type="radio" name="crop" value=(crop.word()) required checked[crop == Crop::Fill];
                        span { (label) small { (detail) } }
                    }
                }
            }
        }
    }
}

/// What of this photo is in the basket already, and the way there.
fn in_basket(inside: &Inside, photo: &PhotoRow) -> Markup {
    let lines = inside.basket.lines.iter().filter(|line| line.choice.photo_id == photo.photo_id);
    let lines: Vec<_> = lines.map(|line| &line.choice).collect();
    html! {
        @if inside.basket.prints > 0 {
            section.in-basket {
                @if !lines.is_empty() {
                    h3 { "Of this photo in your basket" }
                    ul {
                        @for choice in lines {
                            li { (choice.quantity) " × " (words::print(choice.size, choice.finish)) }
                        }
                    }
                }
                a.button href=(basket_path(inside.event_id())) { "To the basket · " (words::money(inside.basket.total)) }
            }
        }
    }
}
