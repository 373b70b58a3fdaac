//! What all of Enprint's pages share: the accept loop with its deadlines, sessions,
//! CSRF and security headers, error pages, the base template with its style sheet
//! and components, and live updates. Knows no photo, order or peer.
//!
//! A reader's way through: [`Server`] accepts connections and answers each request
//! from the caller's warp routes; what comes back passes one place that draws error
//! pages and adds the security headers. Handlers take plain values and return
//! `Result<impl Reply, WebError>`:
//!
//! ```no_run
//! use enprint_web::{Page, Site, WebError, html, with};
//! use warp::Filter;
//!
//! async fn hello(name: String, site: Site) -> Result<Page, WebError> {
//!     if name.len() > 40 {
//!         return Err(WebError::bad("That name is too long."));
//!     }
//!     Ok(Page::new(&site, "Hello").main(html! { h1 { "Hello, " (name) } }))
//! }
//!
//! # let site = Site::new("Enprint", "enprint_demo");
//! let routes = warp::path!("hello" / String)
//!     .and(warp::get())
//!     .and(with(site))
//!     .then(hello);
//! ```
//!
//! Put the path before the method in each route, so that an unknown path is 404 and
//! a known one asked in the wrong way is 405.

pub mod components;
pub mod limits;

mod address;
mod assets;
mod body;
mod context;
mod cookie;
mod csrf;
mod error;
mod error_page;
mod form;
mod headers;
mod json;
mod local_only;
mod local_text;
mod ndjson;
mod page;
mod reply;
mod server;
mod session;
mod site;
mod throttle;
mod visit;

pub use address::{ClientAddress, client_address};
pub use assets::{Asset, SHARED_ASSETS, assets};
pub use body::{form_body, json_body, json_body_within, limited_body};
pub use context::with;
pub use csrf::CSRF_FIELD;
pub use error::WebError;
pub use form::{Form, query_form};
pub use limits::Limits;
pub use local_only::{LocalDoor, local_only};
pub use local_text::LocalText;
pub use maud::{Markup, PreEscaped, html};
pub use ndjson::{NdjsonSender, ndjson};
pub use page::{NavLink, Page};
pub use reply::{Fragment, Picture, SeeOther, json, with_status};
pub use server::Server;
pub use session::{SessionKey, SessionStore, SessionToken, sign_in, sign_out, signed_in};
pub use site::Site;
pub use throttle::{Clock, Throttle};
pub use visit::{Visit, visit};
