//! How the database's values read as JSON. Amounts are whole numbers of the currency's
//! minor unit; moments are ISO 8601 in UTC; sizes are `10x15` in centimetres.

use enprint_host_index::views::{
    Basket, BasketLine, Choice, Gallery, LineProblem, OrderSummary, OrderView, PhotoRow, RenditionKind, RenditionSize,
};
use serde_json::{Value, json};

use super::fields::Fields;
use crate::fault::Fault;
use crate::parts::tiles::picture_path;
use crate::protocol::ids::EventId;
use crate::protocol::limits::QUANTITY_MAX;
use crate::protocol::order::Crop;
use crate::protocol::publish::NotForPrint;
use crate::protocol::time::UnixMs;

/// The print that a line chooses.
///
/// # Errors
/// [`Fault::Field`] naming the field that can't be read.
pub(super) fn read_choice(mut line: Fields) -> Result<Choice, Fault> {
    let (photo, size, finish) = (line.text("photo_id")?, line.text("size")?, line.text("finish")?);
    let crop = line.maybe_text("crop")?;
    let choice = Choice {
        photo_id: photo.parse().map_err(|_| line.refuse("photo_id", "That is no photo's id.".into()))?,
        size: size.parse().map_err(|_| line.refuse("size", "A size reads like 10x15 or 102x152mm.".into()))?,
        finish: finish.parse().map_err(|_| line.refuse("finish", "A finish is glossy, matte or satin.".into()))?,
        crop: crop
            .map_or(Some(Crop::Fill), |word| Crop::from_word(&word))
            .ok_or_else(|| line.refuse("crop", "A crop is fill or fit.".into()))?,
        quantity: line.whole("quantity", 1..=QUANTITY_MAX)?,
    };
    line.end()?;
    Ok(choice)
}

/// The prints that lines choose, in their order.
pub(super) fn read_choices(lines: Vec<Fields>) -> Result<Vec<Choice>, Fault> {
    lines.into_iter().map(read_choice).collect()
}

/// An event with its price list.
pub(super) fn gallery(gallery: &Gallery) -> Value {
    let (event, list) = (&gallery.event, &gallery.event.price_list);
    let prints = list.prints.iter().map(|print| {
        json!({ "size": print.size.to_string(), "finish": print.finish.word(), "price_minor": print.price.minor })
    });
    let deliveries = list.deliveries.iter().map(|delivery| {
        json!({
            "name": delivery.name,
            "price_minor": delivery.price.minor,
            "needs_address": delivery.needs_address,
        })
    });
    let categories = gallery.categories.iter().map(|(name, photos)| json!({ "name": name, "photos": photos }));
    json!({
        "event_id": event.event_id.to_string(),
        "name": event.name,
        "description": event.description,
        "date": event.date.map(|date| date.to_string()),
        "photographer": event.photographer,
        "copyright": event.copyright,
        "categories": categories.collect::<Vec<_>>(),
        "photos": gallery.photos,
        "photographer_seen": gallery.photographer_seen.map(moment),
        "price_list": {
            "currency": list.currency.to_string(),
            "prints": prints.collect::<Vec<_>>(),
            "deliveries": deliveries.collect::<Vec<_>>(),
            "payment_note": list.payment_note,
        },
    })
}

/// A photo with the addresses of its pictures.
pub(super) fn photo(event_id: &EventId, photo: &PhotoRow) -> Value {
    let words = &photo.words;
    json!({
        "photo_id": photo.photo_id.to_string(),
        "file_name": photo.file_name,
        "category": photo.category,
        "captured": photo.captured,
        "captured_offset_minutes": words.captured_offset_minutes,
        "camera": photo.camera,
        "lens": words.lens,
        "exposure": words.exposure,
        "author": words.author,
        "caption": words.caption,
        "keywords": words.keywords,
        "placeholder": words.placeholder.as_deref().map(hexadecimal),
        "width_px": photo.width_px,
        "height_px": photo.height_px,
        "rating": photo.rating,
        "not_for_print": photo.not_for_print.map(NotForPrint::word),
        "thumbnail_url": picture_path(event_id, photo, RenditionKind::Thumbnail),
        "proof_url": picture_path(event_id, photo, RenditionKind::Proof),
        "thumbnail": rendition(&photo.thumbnail),
        "proof": rendition(&photo.proof),
    })
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn rendition(size: &RenditionSize) -> Value {
    json!({
        "width_px": size.width_px,
        "height_px": size.height_px,
        "bytes": size.bytes,
        "hash": size.hash.to_string(),
    })
}

/// A basket.
pub(super) fn basket(basket: &Basket) -> Value {
    json!({
        "lines": basket.lines.iter().map(basket_line).collect::<Vec<_>>(),
        "prints": basket.prints,
        "total_minor": basket.total.minor,
        "currency": basket.currency.to_string(),
    })
}

fn basket_line(line: &BasketLine) -> Value {
    let problem = line.problem.map(|problem| match problem {
        LineProblem::PhotoGone => "photo_gone",
        LineProblem::NotForPrint => "not_for_print",
        LineProblem::NotOnPriceList => "not_on_price_list",
    });
    json!({
        "photo_id": line.choice.photo_id.to_string(),
        "file_name": line.photo.as_ref().map(|photo| &photo.file_name),
        "size": line.choice.size.to_string(),
        "finish": line.choice.finish.word(),
        "crop": line.choice.crop.word(),
        "quantity": line.choice.quantity,
        "price_minor": line.price.map(|price| price.minor),
        "total_minor": line.total.map(|total| total.minor),
        "problem": problem,
    })
}

/// An order as its customer follows it.
pub(super) fn order(view: &OrderView) -> Value {
    let order = &view.order;
    let steps =
        view.steps.iter().map(|step| json!({ "step": step.kind.word(), "reached_at": step.reached.map(moment) }));
    let lines = order.lines.iter().map(|line| {
        json!({
            "line": line.line,
            "photo_id": line.photo_id.to_string(),
            "file_name": line.file_name,
            "size": line.size.to_string(),
            "finish": line.finish.word(),
            "crop": line.crop.word(),
            "quantity": line.quantity,
            "price_minor": line.price.minor,
        })
    });
    json!({
        "order_id": order.order_id.to_string(),
        "number": view.number,
        "event_id": order.event_id.to_string(),
        "event": view.event_name,
        "photographer": view.photographer,
        "placed_at": moment(order.placed_at),
        "state": view.state.word(),
        "paid": view.paid.is_some(),
        "steps": steps.collect::<Vec<_>>(),
        "lines": lines.collect::<Vec<_>>(),
        "delivery": { "name": order.delivery.name, "price_minor": order.delivery.price.minor },
        "total_minor": order.total.minor,
        "currency": order.total.currency.to_string(),
        "payment_note": view.payment_note,
        "tracking": view.tracking.as_ref().map(|tracking| &tracking.tracking),
        "carrier": view.tracking.as_ref().map(|tracking| &tracking.carrier),
        "problem": view.problem,
        "declined": view.declined,
        "waits_for": view.waits.map(|waits| waits.word()),
    })
}

/// An order in a list.
pub(super) fn order_summary(order: &OrderSummary) -> Value {
    json!({
        "order_id": order.order_id.to_string(),
        "number": order.number,
        "event_id": order.event_id.to_string(),
        "event": order.event_name,
        "placed_at": moment(order.placed),
        "state": order.state.word(),
        "paid": order.paid.is_some(),
        "total_minor": order.total.minor,
        "currency": order.total.currency.to_string(),
        "token": order.token.to_string(),
    })
}

fn moment(at: UnixMs) -> String {
    at.to_timestamp().to_string()
}
