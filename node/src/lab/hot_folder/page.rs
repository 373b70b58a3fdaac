//! `ticket.html`: the ticket for the person at the printer. One file, which needs
//! nothing else and prints on A4. Whatever other people wrote is escaped by maud.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::ticket::Ticket;

/// Black on white, large where it is read from a distance, no line torn by a page's end.
const STYLE: &str = "
@page { size: A4; margin: 15mm }
body { font: 11pt/1.4 sans-serif; color: #000; background: #fff; max-width: 180mm; margin: auto }
h1 { font: bold 34pt/1.1 monospace; margin: 0 }
h2 { font-size: 12pt; margin: 6mm 0 2mm }
header { display: flex; justify-content: space-between; gap: 10mm; border-bottom: 1mm solid #000; padding-bottom: 4mm }
address { font-style: normal; font-size: 14pt }
table { width: 100%; border-collapse: collapse }
th, td { text-align: left; padding: 1.2mm 2mm; border-bottom: 0.2mm solid #888; vertical-align: top }
td.number, th.number { text-align: right }
td.copies { text-align: right; font-weight: bold; font-size: 13pt }
td.file { font-family: monospace; font-size: 9pt; overflow-wrap: anywhere }
tr { break-inside: avoid }
.note { border: 0.4mm solid #000; padding: 3mm; white-space: pre-wrap }
.small { font-size: 8pt; color: #444 }
";

/// The page.
pub(in crate::lab) fn page(ticket: &Ticket) -> String {
    let order = &ticket.order;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                title { "Order " (order.number) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (head(ticket))
                (sizes(ticket))
                @if !order.note.is_empty() {
                    h2 { "The customer's note" }
                    p.note { (order.note) }
                }
                (lines(ticket))
                p.small { "Order " (order.order_id) " · job " (order.job_id) " · photographer " (order.photographer_peer_id) }
            }
        }
    };
    page.into_string()
}

fn head(ticket: &Ticket) -> Markup {
    let (order, ship_to) = (&ticket.order, &ticket.ship_to);
    html! {
        header {
            div {
                h1 { (order.number) }
                p {
                    (order.event) br;
                    "Photographer: " (order.photographer) br;
                    "Ordered: " (order.placed_at) br;
                    "Received: " (order.received_at)
                }
            }
            div {
                h2 { (ship_to.delivery) }
                address {
                    (ship_to.name)
                    @for line in &ship_to.address_lines { br; (line) }
                }
            }
        }
    }
}

fn sizes(ticket: &Ticket) -> Markup {
    let totals = &ticket.totals;
    html! {
        h2 { "To print: " (totals.prints) " from " (totals.files) " files" }
        table {
            thead { tr { th { "Size" } th { "Finish" } th.number { "Prints" } } }
            tbody {
                @for size in &totals.sizes {
                    tr { td { (size.size) } td { (size.finish) } td.copies { (size.prints) } }
                }
            }
        }
    }
}

fn lines(ticket: &Ticket) -> Markup {
    html! {
        h2 { "Lines" }
        table {
            thead {
                tr {
                    th.number { "Line" } th { "File" } th { "Size" } th { "Finish" } th { "Crop" }
                    th.number { "ppi" } th.number { "Copies" }
                }
            }
            tbody {
                @for line in &ticket.lines {
                    tr {
                        td.number { (line.line) }
                        td.file { (line.file) (made_for(ticket, &line.file)) }
                        td { (line.size) }
                        td { (line.finish) }
                        td { (line.crop) }
                        td.number { (line.ppi) }
                        td.copies { (line.quantity) " ×" }
                    }
                }
            }
        }
    }
}

/// What the person at the printer has to know of a file that fits its paper.
fn made_for(ticket: &Ticket, file: &str) -> Markup {
    let paper = ticket.files.iter().find(|known| known.file == file).and_then(|known| known.made_for);
    html! {
        @if let Some(paper) = paper {
            br;
            "fits the paper at " (paper.ppi) " ppi"
            @if paper.bleed_mm > 0.0 { ", with " (paper.bleed_mm) " mm of bleed on each edge" }
        }
    }
}
