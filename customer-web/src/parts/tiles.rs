//! Where a photo's pages and pictures are, and the grid of thumbnails with its
//! button for quick adding.

use std::collections::HashMap;

use enprint_host_index::views::{Basket, Gallery, PhotoRow, RenditionKind};
use enprint_web::components::{Tile, photo_grid_with};
use enprint_web::{Markup, Visit, html};

use super::choosing::{print_word, quick_print};
use super::frame::{basket_path, gallery_path};
use super::tint::tint;
use super::view::View;
use crate::limits::ALT_CHARS_MAX;
use crate::protocol::ids::{EventId, PhotoId};
use crate::words;

/// `/galleries/…/photos/…`
pub fn photo_path(event_id: &EventId, photo_id: &PhotoId) -> String {
    format!("{}/photos/{photo_id}", gallery_path(event_id))
}

/// Where a photo's thumbnail or proof is; the address changes when the picture does.
pub fn picture_path(event_id: &EventId, photo: &PhotoRow, kind: RenditionKind) -> String {
    let (name, rendition) = match kind {
        RenditionKind::Thumbnail => ("thumbnail.jpg", &photo.thumbnail),
        RenditionKind::Proof => ("proof.jpg", &photo.proof),
    };
    format!("{}/{name}?v={}", photo_path(event_id, &photo.photo_id), rendition.hash)
}

/// What stands for a photo where it can't be seen: its caption on one line, or its
/// file name.
pub fn alt(photo: &PhotoRow) -> String {
    let Some(caption) = &photo.words.caption else {
        return format!("Photo {}", photo.file_name);
    };
    let line = caption.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(ALT_CHARS_MAX) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default().trim_end()),
        None => line,
    }
}

/// The name of a photo's tile within its page.
pub fn anchor(photo_id: &PhotoId) -> String {
    let id = photo_id.to_string();
    format!("photo-{}", id.get(..16).unwrap_or(&id))
}

/// The photos of one page of a gallery.
pub fn grid(visit: &Visit, gallery: &Gallery, photos: &[PhotoRow], basket: &Basket, view: &View) -> Markup {
    let event_id = &gallery.event.event_id;
    let marks = marks(basket);
    let texts: Vec<_> = photos.iter().map(|photo| TileTexts::of(event_id, photo, view)).collect();
    let tiles: Vec<_> = photos
        .iter()
        .zip(&texts)
        .map(|(photo, texts)| Tile {
            href: &texts.href,
            src: &texts.src,
            alt: &texts.alt,
            width_px: photo.thumbnail.width_px,
            height_px: photo.thumbnail.height_px,
            tint: &texts.tint,
            caption: &photo.file_name,
            mark: marks.get(&photo.photo_id).map_or("", String::as_str),
        })
        .collect();
    photo_grid_with(&tiles, |place| match photos.get(place) {
        Some(photo) => quick_add(visit, gallery, photo, view),
        None => Markup::default(),
    })
}

struct TileTexts {
    href: String,
    src: String,
    alt: String,
    tint: String,
}

impl TileTexts {
    fn of(event_id: &EventId, photo: &PhotoRow, view: &View) -> Self {
        Self {
            href: format!("{}{}", photo_path(event_id, &photo.photo_id), view.at_page(1).query()),
            src: picture_path(event_id, photo, RenditionKind::Thumbnail),
            alt: alt(photo),
            tint: tint(photo.words.placeholder.as_deref()),
        }
    }
}

/// A button that puts one print of the usual size in the basket.
fn quick_add(visit: &Visit, gallery: &Gallery, photo: &PhotoRow, view: &View) -> Markup {
    let Some(print) = quick_print(&gallery.event.price_list, photo) else {
        return Markup::default();
    };
    let action = basket_path(&gallery.event.event_id);
    let what = words::print(print.size, print.finish);
    html! {
        form.quick method="post" action=(action) id=(anchor(&photo.photo_id)) data-quick {
            (visit.csrf_field())
            (view.hidden())
            input type="hidden" name="from" value="gallery";
            input type="hidden" name="photo" value=(photo.photo_id);
            input type="hidden" name="print" value=(print_word(print.size, print.finish));
            button type="submit" title={ "Add one print, " (what) } {
                span aria-hidden="true" { "+ " } (words::size(print.size))
                span.unseen { ", " (print.finish) ", of " (photo.file_name) " to the basket" }
                span.quick-price { (words::price_or_free(print.price)) }
            }
        }
    }
}

/// `2 prints`, for each photo that is in the basket.
pub fn marks(basket: &Basket) -> HashMap<PhotoId, String> {
    let mut prints: HashMap<PhotoId, u64> = HashMap::new();
    for line in &basket.lines {
        *prints.entry(line.choice.photo_id).or_default() += u64::from(line.choice.quantity);
    }
    prints.into_iter().map(|(photo, number)| (photo, words::count(number, "print", "prints"))).collect()
}
