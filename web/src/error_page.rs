//! The one place where an error becomes what the client sees: a page for people,
//! JSON for programs.

use http::header::{ACCEPT, ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, Method, Uri};
use maud::html;
use warp::reply::{Reply, Response};

use crate::error::WebError;
use crate::page::Page;
use crate::reply;
use crate::site::Site;

/// Draws `error` as the client wants it.
pub(crate) fn draw(error: &WebError, wants_json: bool, method: &Method, site: &Site) -> Response {
    let answer = if wants_json { as_json(error) } else { as_page(error, site) };
    let mut response = reply::with_status(answer, error.status());
    if let Some(seconds) = error.retry_after_s() {
        reply::set(&mut response, RETRY_AFTER, &seconds.to_string());
    }
    match error {
        WebError::MethodNotAllowed => reply::set(&mut response, ALLOW, allowed_beside(method)),
        WebError::SignInNeeded => reply::set(&mut response, WWW_AUTHENTICATE, "Bearer"),
        _ => {}
    }
    response
}

/// Programs ask under `/api/`, or say that they want JSON and not HTML.
pub(crate) fn wants_json(uri: &Uri, headers: &HeaderMap) -> bool {
    let accept = headers.get_all(ACCEPT).iter();
    let mut accepted = accept.filter_map(|value| value.to_str().ok());
    let says_so = accepted.any(|it| it.contains("application/json") && !it.contains("text/html"));
    uri.path().starts_with("/api/") || says_so
}

fn as_json(error: &WebError) -> Response {
    let body = serde_json::json!({
        "error": { "code": error.code(), "message": error.to_string(), "field": null }
    });
    reply::with_type(body.to_string(), "application/json")
}

fn as_page(error: &WebError, site: &Site) -> Response {
    let title = title(error);
    let page = Page::new(site, title).main(html! {
        div.plate {
            p.plate-number aria-hidden="true" { (error.status().as_u16()) }
            h1 { (title) }
            p { (error) }
            p { a.button href=(site.home()) { "To the start page" } }
        }
    });
    page.into_response()
}

fn title(error: &WebError) -> &'static str {
    match error {
        WebError::NotFound => "Not found",
        WebError::Forbidden | WebError::CrossOrigin => "Not allowed",
        WebError::SignInNeeded => "Please sign in",
        WebError::StaleForm => "Please reload",
        WebError::TooMany { .. } => "One moment, please",
        WebError::TooLarge { .. } => "Too big",
        WebError::Timeout => "Too slow",
        WebError::Unavailable => "Not available",
        WebError::Conflict(_) => "This has changed",
        WebError::BadRequest(_) | WebError::UnsupportedType | WebError::MethodNotAllowed => "That did not work",
        WebError::Internal | WebError::CannotListen { .. } | WebError::BadPublicUrl(_) => "Something went wrong",
    }
}

/// What the pages take, without the method that was just refused.
fn allowed_beside(method: &Method) -> &'static str {
    match *method {
        Method::GET | Method::HEAD => "POST",
        Method::POST => "GET, HEAD",
        _ => "GET, HEAD, POST",
    }
}
