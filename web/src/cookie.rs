//! The one cookie of a site: reading it from a request and writing it. What it
//! means is `session`'s business.

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

use crate::limits::{COOKIE_BYTES_MAX, SESSION_LIFE_S};
use crate::session::SessionToken;
use crate::site::Site;

/// The session token that the browser sent, if it sent a well-formed one.
pub(crate) fn read(headers: &HeaderMap, site: &Site) -> Option<SessionToken> {
    let name = site.cookie_name();
    let lines = headers.get_all(COOKIE).iter();
    let texts = lines.filter_map(|line| line.to_str().ok());
    texts
        .filter(|line| line.len() <= COOKIE_BYTES_MAX)
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(key, _)| *key == name)
        .find_map(|(_, value)| value.parse().ok())
}

/// The `Set-Cookie` that gives the browser `token`.
pub(crate) fn set(site: &Site, token: &SessionToken) -> Option<HeaderValue> {
    write(site, &token.to_cookie_text(), SESSION_LIFE_S)
}

/// The `Set-Cookie` that takes the cookie away.
pub(crate) fn clear(site: &Site) -> Option<HeaderValue> {
    write(site, "", 0)
}

fn write(site: &Site, value: &str, life_s: u64) -> Option<HeaderValue> {
    let name = site.cookie_name();
    let secure = if site.is_https() { "; Secure" } else { "" };
    let line = format!("{name}={value}; Path=/; Max-Age={life_s}; HttpOnly; SameSite=Lax{secure}");
    let mut line = HeaderValue::from_str(&line).ok()?;
    line.set_sensitive(true);
    Some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(line: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, line.parse().unwrap());
        headers
    }

    #[test]
    fn a_cookie_comes_back_among_others() {
        let site = Site::new("Enprint", "enprint_test");
        let token = SessionToken::random();
        let line = format!("a=b; enprint_test={}; c=d=e", token.to_cookie_text());
        assert!(read(&headers(&line), &site) == Some(token));
        assert!(read(&headers("enprint_test=zz; broken; =;"), &site).is_none());
    }

    #[test]
    fn https_makes_the_cookie_secure_and_bound_to_the_host() {
        let site = Site::new("Enprint", "enprint_test").at("https://photos.example.org").unwrap();
        let line = set(&site, &SessionToken::random()).unwrap();
        let line = line.to_str().unwrap();
        assert!(line.starts_with("__Host-enprint_test="), "{line}");
        assert!(line.ends_with("; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure"));
        let plain = set(&Site::new("Enprint", "e"), &SessionToken::random()).unwrap();
        assert!(!plain.to_str().unwrap().contains("Secure"));
    }
}
