//! Files that pages link to, built into the program and served under names that
//! hold their hash, so that browsers may keep them for ever.

use std::sync::OnceLock;

use http::header::{CACHE_CONTROL, ETAG};
use warp::reply::Response;
use warp::{Filter, Rejection};

use crate::error::WebError;
use crate::limits::IMMUTABLE_S;
use crate::reply;

/// The style sheet, put together from one file for each noun.
pub(crate) static STYLE: Asset = Asset::new(
    "style",
    "css",
    concat!(
        include_str!("../assets/base.css"),
        include_str!("../assets/page.css"),
        include_str!("../assets/form.css"),
        include_str!("../assets/gallery.css"),
        include_str!("../assets/parts.css"),
        include_str!("../assets/print.css"),
    )
    .as_bytes(),
);

/// Live updates of elements with `data-live`.
pub(crate) static LIVE: Asset = Asset::new("live", "js", include_bytes!("../assets/live.js"));

/// The picture in the browser's tab.
pub(crate) static ICON: Asset = Asset::new("icon", "svg", include_bytes!("../assets/icon.svg"));

/// What all pages use. Serve it with [`assets`], together with a site's own.
pub static SHARED_ASSETS: [&Asset; 3] = [&STYLE, &LIVE, &ICON];

/// A file built into the program.
#[derive(Debug)]
pub struct Asset {
    name: &'static str,
    extension: &'static str,
    bytes: &'static [u8],
    hash: OnceLock<String>,
}

impl Asset {
    /// A file of this name and extension (`css`, `js`, `svg`, `png`, `jpg`, `txt`),
    /// for a `static`.
    pub const fn new(name: &'static str, extension: &'static str, bytes: &'static [u8]) -> Self {
        Self { name, extension, bytes, hash: OnceLock::new() }
    }

    /// Where it is served: `/assets/style.1a2b3c4d5e6f7a8b.css`.
    pub fn path(&self) -> String {
        format!("/assets/{}", self.file_name())
    }

    fn file_name(&self) -> String {
        format!("{}.{}.{}", self.name, self.hash(), self.extension)
    }

    fn hash(&self) -> &str {
        self.hash.get_or_init(|| {
            let mut hex = blake3::hash(self.bytes).to_hex().to_string();
            hex.truncate(16);
            hex
        })
    }

    fn content_type(&self) -> &'static str {
        match self.extension {
            "css" => "text/css; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "svg" => "image/svg+xml",
            "png" => "image/png",
            "jpg" => "image/jpeg",
            _ => "text/plain; charset=utf-8",
        }
    }

    fn answer(&self) -> Response {
        let mut response = reply::with_type(self.bytes, self.content_type());
        reply::set(&mut response, ETAG, &format!("\"{}\"", self.hash()));
        let cache = format!("public, max-age={IMMUTABLE_S}, immutable");
        reply::set(&mut response, CACHE_CONTROL, &cache);
        response
    }
}

/// A filter that serves the shared assets and `own` under `/assets/`.
pub fn assets(own: &'static [&'static Asset]) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    warp::path!("assets" / String).and(warp::get()).and_then(move |name: String| async move {
        let mut all = SHARED_ASSETS.iter().chain(own);
        let found = all.find(|asset| asset.file_name() == name);
        found.map(|asset| asset.answer()).ok_or_else(|| warp::reject::custom(WebError::NotFound))
    })
}
