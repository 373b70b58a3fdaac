//! The host's pages and HTTP API: what customers see. Owns no state and no rule of
//! the trade: prices, orders, sessions and permissions are `enprint-host-index`'s,
//! the accept loop and the look of a page are `enprint-web`'s.
//!
//! | read | for |
//! |---|---|
//! | [`routes`] | every address, on one screen |
//! | [`pages`] | what each page does; handlers take plain values |
//! | [`api`] | the same verbs for programs, as JSON |
//! | [`parts`] | markup that several pages share |
//! | [`visitor`] | who asks, and what they may see |
//! | [`fault`] | everything that can go wrong, and how it is answered |
//!
//! An access code travels in bodies only, a session in a cookie or a bearer header
//! only; the one secret in an address is the token of an order's own page.

pub mod api;
pub mod fault;
pub mod limits;
pub mod pages;
pub mod parts;
pub mod routes;
mod server;
pub mod visitor;
mod words;

pub use enprint_host_index::protocol;
pub use fault::Fault;
pub use server::{Bound, SiteConfig, bind};
