//! Choosing a print: reading a choice from a form, and the sizes of a price list as
//! they suit one photo.

use enprint_host_index::views::{Choice, PhotoRow};
use enprint_web::components::{Tone, badge};
use enprint_web::{Form, Markup, html};

use super::quality::{Cut, Sharpness};
use crate::fault::Fault;
use crate::protocol::event::{PriceList, PrintPrice};
use crate::protocol::limits::QUANTITY_MAX;
use crate::protocol::order::Crop;
use crate::protocol::print_size::{Finish, PrintSize};
use crate::words;

/// The value of the field `print`: `10x15/matte`.
pub fn print_word(size: PrintSize, finish: Finish) -> String {
    format!("{size}/{finish}")
}

/// Reads the fields `photo`, `print`, `crop` and `quantity` (1 where it is missing).
/// With `quantity_min` 0 a line can be taken out.
///
/// # Errors
/// [`Fault::Field`] naming the first that can't be read.
pub fn read_choice(form: &Form, quantity_min: u32) -> Result<Choice, Fault> {
    let text = |name| form.filled(name).unwrap_or_default();
    let photo_id = text("photo").parse().map_err(|_| Fault::field("photo", "Please choose a photo."))?;
    let choose = || Fault::field("print", "Please choose a print size from the list.");
    let (size, finish) = text("print").split_once('/').ok_or_else(choose)?;
    let (size, finish) = (size.parse().map_err(|_| choose())?, finish.parse().map_err(|_| choose())?);
    let crop = form.filled("crop").map_or(Some(Crop::Fill), Crop::from_word);
    let crop = crop.ok_or_else(|| Fault::field("crop", "Please choose whether the paper is filled."))?;
    let quantity = match form.filled("quantity") {
        Some(_) => form.integer::<u32>("quantity").ok(),
        None => Some(1),
    };
    let quantity = quantity.filter(|quantity| (quantity_min..=QUANTITY_MAX).contains(quantity));
    let quantity = quantity.ok_or_else(|| {
        Fault::field("quantity", format!("Please say how many prints: a whole number from 1 to {QUANTITY_MAX}."))
    })?;
    Ok(Choice { photo_id, size, finish, crop, quantity })
}

/// The print that a photo is added as by a single click: the first on the list that
/// it is sharp enough for.
pub fn quick_print<'a>(list: &'a PriceList, photo: &PhotoRow) -> Option<&'a PrintPrice> {
    let mut prints = list.prints.iter().filter(|_| photo.not_for_print.is_none());
    prints.find(|print| sharpness(photo, print.size) >= Sharpness::Fair)
}

/// The sizes to choose from, each with its finishes, prices, and what becomes of this
/// photo on it. `wanted` is chosen, as [`print_word`] writes it, or else the first.
pub fn sizes(list: &PriceList, photo: &PhotoRow, wanted: Option<&str>) -> Markup {
    let sold = || list.prints.iter().filter(|print| sharpness(photo, print.size).is_sold());
    let chosen = sold().find(|print| wanted == Some(&print_word(print.size, print.finish)));
    let chosen = chosen.or_else(|| sold().next());
    html! {
        fieldset.choices.sizes {
            legend.unseen { "Print size" }
            @for size in distinct_sizes(list) {
                (one_size(list, photo, size, chosen))
            }
        }
    }
}

/// How sharp a photo is at a size.
pub fn sharpness(photo: &PhotoRow, size: PrintSize) -> Sharpness {
    Sharpness::of(size, photo.width_px, photo.height_px)
}

fn one_size(list: &PriceList, photo: &PhotoRow, size: PrintSize, chosen: Option<&PrintPrice>) -> Markup {
    let sharpness = sharpness(photo, size);
    let finishes = list.prints.iter().filter(|print| print.size == size);
    let cut = Cut::of(size, photo.width_px, photo.height_px);
    html! {
        div.size .unsold[!sharpness.is_sold()] data-short=(size.short_mm()) data-long=(size.long_mm()) {
            div.size-row {
                p.size-name { (words::size(size)) }
                @if sharpness.is_sold() {
                    div.finishes { @for print in finishes { (one_finish(print, Some(print) == chosen)) } }
                }
            }
            p.size-note {
                @if sharpness.is_sold() {
                    (badge(tone(sharpness), sharpness.words())) " "
                    @match cut {
                        Some(cut) => (cut.words()),
                        None => "Nothing is cut off.",
                    }
                } @else {
                    (sharpness.words())
                }
            }
        }
    }
}

fn one_finish(print: &PrintPrice, is_chosen: bool) -> Markup {
    html! {
        label.chip {
            input type="radio" name="print" value=(print_word(print.size, print.finish)) required checked[is_chosen];
            span { (words::finish(print.finish)) " " strong { (words::price_or_free(print.price)) } }
        }
    }
}

fn distinct_sizes(list: &PriceList) -> Vec<PrintSize> {
    let mut sizes = Vec::new();
    for print in &list.prints {
        if !sizes.contains(&print.size) {
            sizes.push(print.size);
        }
    }
    sizes
}

fn tone(sharpness: Sharpness) -> Tone {
    match sharpness {
        Sharpness::NotSold | Sharpness::Poor => Tone::Problem,
        Sharpness::Fair => Tone::Warning,
        Sharpness::Good => Tone::Plain,
        Sharpness::Excellent => Tone::Success,
    }
}
