//! The base template: one HTML document around what a page has to say. The parts
//! inside are `components`.

use maud::{DOCTYPE, Markup, html};
use warp::reply::{Reply, Response};

use crate::assets::{Asset, LIVE, STYLE};
use crate::site::Site;

/// A whole page. Text given to it is escaped; only [`Markup`] is taken as it is.
#[derive(Debug)]
pub struct Page {
    site: Site,
    title: String,
    description: Option<String>,
    nav: Vec<NavLink>,
    main: Markup,
    after: Markup,
    styles: Vec<String>,
    scripts: Vec<String>,
    foot: Markup,
    wide: bool,
}

/// A link in the bar at the top.
#[derive(Debug, Clone)]
pub struct NavLink {
    /// Where it leads.
    pub href: String,
    /// What it says.
    pub label: String,
    /// Whether the page is this very one.
    pub is_current: bool,
}

impl Page {
    /// An empty page of `site` with this title, which stands before the brand in the
    /// browser's tab.
    pub fn new(site: &Site, title: &str) -> Self {
        Self {
            site: site.clone(),
            title: title.to_owned(),
            description: None,
            nav: Vec::new(),
            main: Markup::default(),
            after: Markup::default(),
            styles: vec![STYLE.path()],
            scripts: vec![LIVE.path()],
            foot: Markup::default(),
            wide: false,
        }
    }

    /// What the page is about, in a sentence.
    #[must_use]
    pub fn description(mut self, text: &str) -> Self {
        self.description = Some(text.to_owned());
        self
    }

    /// The links at the top.
    #[must_use]
    pub fn nav(mut self, links: Vec<NavLink>) -> Self {
        self.nav = links;
        self
    }

    /// The page itself.
    #[must_use]
    pub fn main(mut self, main: Markup) -> Self {
        self.main = main;
        self
    }

    /// What stands below the main part and may stick to the screen's edge, such as
    /// the basket bar.
    #[must_use]
    pub fn after(mut self, after: Markup) -> Self {
        self.after = after;
        self
    }

    /// Uses the whole width, as a gallery does; text pages keep to a reading width.
    #[must_use]
    pub fn wide(mut self) -> Self {
        self.wide = true;
        self
    }

    /// What stands in the foot below the brand, such as what the site keeps of its
    /// visitors.
    #[must_use]
    pub fn foot(mut self, foot: Markup) -> Self {
        self.foot = foot;
        self
    }

    /// Adds a style sheet of the caller's own, after the shared one.
    #[must_use]
    pub fn style(mut self, style: &Asset) -> Self {
        self.styles.push(style.path());
        self
    }

    /// Adds a module to load. The page has to work without it.
    #[must_use]
    pub fn script(mut self, script: &Asset) -> Self {
        self.scripts.push(script.path());
        self
    }

    /// The document.
    pub fn render(&self) -> Markup {
        html! {
            (DOCTYPE)
            html lang=(self.site.lang()) {
                head { (self.head()) }
                body {
                    a.skip href="#main" { "To the content" }
                    (self.bar())
                    main #main class=[self.wide.then_some("wide")] { (self.main) }
                    (self.after)
                    footer.foot {
                        p { (self.site.brand()) }
                        (self.foot)
                    }
                }
            }
        }
    }

    fn head(&self) -> Markup {
        html! {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            title { (self.title) " · " (self.site.brand()) }
            @if let Some(description) = &self.description {
                meta name="description" content=(description);
            }
            link rel="icon" href=(crate::assets::ICON.path());
            @for style in &self.styles {
                link rel="stylesheet" href=(style);
            }
            @for script in &self.scripts {
                script type="module" src=(script) {}
            }
        }
    }

    fn bar(&self) -> Markup {
        html! {
            header.bar {
                a.brand href=(self.site.home()) { (self.site.brand()) }
                @if !self.nav.is_empty() {
                    nav aria-label="Main" {
                        ul {
                            @for link in &self.nav {
                                li {
                                    a href=(link.href) aria-current=[link.is_current.then_some("page")] {
                                        (link.label)
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

impl NavLink {
    /// A link to another page.
    pub fn to(href: &str, label: &str) -> Self {
        Self { href: href.to_owned(), label: label.to_owned(), is_current: false }
    }

    /// The same link, on the page that it leads to.
    #[must_use]
    pub fn current(mut self) -> Self {
        self.is_current = true;
        self
    }
}

impl Reply for Page {
    fn into_response(self) -> Response {
        warp::reply::html(self.render().into_string()).into_response()
    }
}
