//! Tables and lists of facts.

use maud::{Markup, Render, html};

/// A table. Cells may hold markup; on a phone it scrolls within itself.
pub fn table<C: Render>(caption: &str, heads: &[&str], rows: &[Vec<C>]) -> Markup {
    html! {
        div.table-frame tabindex="0" role="region" aria-label=(caption) {
            table {
                caption { (caption) }
                thead { tr { @for head in heads { th scope="col" { (head) } } } }
                tbody {
                    @for row in rows { tr { @for cell in row { td { (cell) } } } }
                }
            }
        }
    }
}

/// Names and what they stand for, such as the parts of a sum. The last is the sum if
/// `ends_in_sum`.
pub fn facts<V: Render>(facts: &[(&str, V)], ends_in_sum: bool) -> Markup {
    html! {
        dl.facts .sum[ends_in_sum] {
            @for (name, value) in facts {
                div { dt { (name) } dd { (value) } }
            }
        }
    }
}
