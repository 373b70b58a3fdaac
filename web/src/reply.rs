//! What handlers answer with besides a whole page: a fragment for live updates, a
//! redirect, a picture, JSON. The headers that all answers share are `headers`'.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, LOCATION};
use http::{HeaderName, HeaderValue, StatusCode};
use maud::Markup;
use serde::Serialize;
use warp::reply::{Reply, Response};

use crate::error::WebError;
use crate::limits::IMMUTABLE_S;

/// Part of a page, for `data-live` and for scripts of ours to put in.
#[derive(Debug)]
pub struct Fragment(pub Markup);

/// 303: after a post, the browser is to get `path`, which starts with `/`.
#[derive(Debug)]
pub struct SeeOther(String);

/// An image whose address changes whenever its bytes do. Cached by the visitor's
/// browser only, for a gallery is private, and there for a year.
#[derive(Debug)]
pub struct Picture {
    /// The encoded image.
    pub bytes: Bytes,
    /// `image/jpeg` and the like.
    pub content_type: &'static str,
    /// Names the bytes: their content hash as text of letters and digits.
    pub etag: String,
}

/// `value` as JSON with status 200.
pub fn json<T: Serialize>(value: &T) -> Result<impl Reply + use<T>, WebError> {
    let text =
        serde_json::to_vec(value).map_err(|error| WebError::internal("an answer cannot be written as JSON", error))?;
    Ok(with_type(text, "application/json"))
}

/// The same answer with another status, such as 201 for what was made.
pub fn with_status(reply: impl Reply, status: StatusCode) -> Response {
    let mut response = reply.into_response();
    *response.status_mut() = status;
    response
}

impl SeeOther {
    /// To `path` on this site. A path that would lead elsewhere (`//evil`, `https:`)
    /// or cannot stand in a header becomes `/`.
    pub fn to(path: &str) -> Self {
        let here = path.starts_with('/')
            && !path.starts_with("//")
            && !path.contains('\\')
            && HeaderValue::from_str(path).is_ok();
        Self(if here { path } else { "/" }.to_owned())
    }
}

impl Reply for Fragment {
    fn into_response(self) -> Response {
        warp::reply::html(self.0.into_string()).into_response()
    }
}

impl Reply for SeeOther {
    fn into_response(self) -> Response {
        let mut response = StatusCode::SEE_OTHER.into_response();
        set(&mut response, LOCATION, &self.0);
        response
    }
}

impl Reply for Picture {
    fn into_response(self) -> Response {
        let mut response = with_type(self.bytes, self.content_type);
        set(&mut response, ETAG, &format!("\"{}\"", self.etag));
        let cache = format!("private, max-age={IMMUTABLE_S}, immutable");
        set(&mut response, CACHE_CONTROL, &cache);
        response
    }
}

pub(crate) fn with_type(body: impl Into<Bytes>, content_type: &'static str) -> Response {
    let mut response = Response::new(body.into().into());
    let value = HeaderValue::from_static(content_type);
    response.headers_mut().insert(CONTENT_TYPE, value);
    response
}

/// Sets a header; a value that no header can hold is left out.
pub(crate) fn set(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_stays_on_the_site() {
        for away in ["//evil.example", "https://evil.example", "/\\evil", "", "/a\r\nb: c"] {
            assert_eq!(SeeOther::to(away).0, "/", "{away:?}");
        }
        assert_eq!(SeeOther::to("/basket?x=1").0, "/basket?x=1");
    }
}
