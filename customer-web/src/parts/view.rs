//! Which part of a gallery a page shows, and how that travels in addresses and
//! forms: `?category=…&q=…&page=…`.

use enprint_host_index::views::{PageRequest, PhotoFilter};
use enprint_web::{Form, Markup, html};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::limits::{PAGE_NUMBER_MAX, PAGE_PHOTOS};

/// A filter of a gallery and a page of what it leaves. Whatever a query says reads as
/// some view: what makes no sense is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Photos of this category only.
    pub category: Option<String>,
    /// Photos whose file name has this in it.
    pub search: Option<String>,
    /// From 1.
    pub page: u32,
}

impl View {
    /// What the fields `category`, `q` and `page` say.
    pub fn of(form: &Form) -> Self {
        let text = |name| form.filled(name).map(str::to_owned);
        let page = form.filled("page").and_then(|page| page.parse().ok()).unwrap_or(1);
        Self { category: text("category"), search: text("q"), page: u32::clamp(page, 1, PAGE_NUMBER_MAX) }
    }

    /// For the database.
    pub fn filter(&self) -> PhotoFilter {
        PhotoFilter { category: self.category.clone(), search: self.search.clone() }
    }

    /// For the database.
    pub fn page_request(&self) -> PageRequest {
        PageRequest { number: self.page, size: PAGE_PHOTOS }
    }

    /// The same filter at another page.
    #[must_use]
    pub fn at_page(&self, page: u32) -> Self {
        Self { page, ..self.clone() }
    }

    /// The query of an address with its question mark, or nothing.
    pub fn query(&self) -> String {
        let fields = self.fields();
        let pairs: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
    }

    /// Hidden fields, so that a form leads back to this view.
    pub fn hidden(&self) -> Markup {
        html! {
            @for (name, value) in self.fields() { input type="hidden" name=(name) value=(value); }
        }
    }

    fn fields(&self) -> Vec<(&'static str, String)> {
        let category = self.category.clone().map(|it| ("category", it));
        let search = self.search.clone().map(|it| ("q", it));
        let page = (self.page > 1).then(|| ("page", self.page.to_string()));
        category.into_iter().chain(search).chain(page).collect()
    }
}

/// `text` as it can stand in a query.
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_survives_its_address() {
        let form = Form::parse("category=Tea+%26+cake&q=%C3%A9t%C3%A9&page=7".as_bytes()).unwrap();
        let view = View::of(&form);
        assert_eq!(view.search.as_deref(), Some("été"));
        let again = Form::parse_query(view.query().trim_start_matches('?')).unwrap();
        assert_eq!(View::of(&again), view);
    }

    #[test]
    fn nonsense_reads_as_the_first_page() {
        for query in ["page=0", "page=-1", "page=x", "page=99999999999999999999", "category=&q=", ""] {
            let view = View::of(&Form::parse(query.as_bytes()).unwrap());
            assert_eq!(view, View { category: None, search: None, page: 1 }, "{query}");
        }
        assert_eq!(View::of(&Form::parse(b"page=4294967295").unwrap()).page, PAGE_NUMBER_MAX);
    }
}
