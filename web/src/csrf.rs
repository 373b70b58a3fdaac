//! Telling a form of ours from one that another site made: the token derived from
//! the session, and the check of where an unsafe request comes from.

use http::header::{HOST, ORIGIN};
use http::{HeaderMap, Method};
use maud::{Markup, html};
use subtle::ConstantTimeEq;

use crate::error::WebError;
use crate::form::Form;
use crate::session::SessionToken;
use crate::site::Site;

/// The name of the hidden field that carries the token.
pub const CSRF_FIELD: &str = "csrf";

const CONTEXT: &str = "enprint 2026-11 csrf token of a session v1";

/// The token of a session: derived, so that it need not be stored, and useless for
/// finding the session's own.
pub(crate) fn token(session: &SessionToken) -> String {
    let derived = blake3::derive_key(CONTEXT, session.secret());
    blake3::Hash::from_bytes(derived).to_hex().to_string()
}

pub(crate) fn field(token: &str) -> Markup {
    html! { input type="hidden" name=(CSRF_FIELD) value=(token); }
}

/// Compares in constant time.
pub(crate) fn check(session: &SessionToken, form: &Form) -> Result<(), WebError> {
    let sent = form.text(CSRF_FIELD).map_err(|_| WebError::StaleForm)?;
    let same: bool = sent.as_bytes().ct_eq(token(session).as_bytes()).into();
    if same { Ok(()) } else { Err(WebError::StaleForm) }
}

/// Refuses an unsafe request that a browser made for another site. Programs that are
/// no browser send neither header and pass: they carry no cookie by accident.
pub(crate) fn check_origin(method: &Method, headers: &HeaderMap, site: &Site) -> Result<(), WebError> {
    if method.is_safe() {
        return Ok(());
    }
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or(""));
    match text("sec-fetch-site") {
        Some("same-origin" | "none") | None => {}
        Some(_) => return Err(WebError::CrossOrigin),
    }
    match text(ORIGIN.as_str()) {
        Some(origin) if !site.is_own_origin(origin, text(HOST.as_str())) => Err(WebError::CrossOrigin),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(origin: &str, host: &str, site: &Site) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(ORIGIN, origin.parse().unwrap());
        headers.insert(HOST, host.parse().unwrap());
        check_origin(&Method::POST, &headers, site).is_ok()
    }

    #[test]
    fn only_this_site_may_post() {
        let site = Site::new("Enprint", "e");
        assert!(from("http://192.168.1.5:8080", "192.168.1.5:8080", &site));
        assert!(!from("http://192.168.1.5:8081", "192.168.1.5:8080", &site));
        assert!(!from("null", "192.168.1.5:8080", &site));
        let site = site.at("https://photos.example.org").unwrap();
        assert!(from("https://photos.example.org", "127.0.0.1:8080", &site));
        assert!(!from("http://photos.example.org", "photos.example.org", &site));
        assert!(!from("https://evil.example", "photos.example.org", &site));
    }

    #[test]
    fn a_sibling_site_may_not_post() {
        let mut headers = HeaderMap::new();
        headers.insert("sec-fetch-site", "same-site".parse().unwrap());
        let site = Site::new("Enprint", "e");
        assert!(check_origin(&Method::POST, &headers, &site).is_err());
        assert!(check_origin(&Method::GET, &headers, &site).is_ok());
    }
}
