//! Reading request bodies, the only place that does: bounded in bytes, chunked or
//! not, and as text of the type that the route asks for. Deadline and minimum rate
//! are the server's (`server::body`); here they become an answer.

use std::error::Error;

use bytes::{Buf, Bytes, BytesMut};
use futures::{Stream, StreamExt};
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use serde::de::DeserializeOwned;
use warp::{Filter, Rejection};

use crate::error::WebError;
use crate::form::Form;
use crate::json;
use crate::limits::{DRAIN_BYTES_MAX, FORM_BYTES_MAX, JSON_BYTES_MAX};
use crate::server::BodyTooSlow;

/// A filter that gives a handler the body, at most `max_bytes` of it.
///
/// # Errors
/// Rejects with [`WebError::TooLarge`] (413), [`WebError::Timeout`] (408) for a body
/// that stalls or trickles, [`WebError::BadRequest`] for one that breaks off.
pub fn limited_body(max_bytes: usize) -> impl Filter<Extract = (Bytes,), Error = Rejection> + Clone {
    warp::header::headers_cloned().and(warp::body::stream()).and_then(move |headers: HeaderMap, stream| async move {
        let read = read(&headers, Box::pin(stream), max_bytes).await;
        read.map_err(warp::reject::custom)
    })
}

/// A filter that gives a handler a form that was posted.
///
/// # Errors
/// Rejects as [`limited_body`] at 64 KiB, with [`WebError::UnsupportedType`] (415)
/// for another type, and with [`WebError::BadRequest`] for what is no form.
pub fn form_body() -> impl Filter<Extract = (Form,), Error = Rejection> + Clone {
    of_type("application/x-www-form-urlencoded")
        .and(limited_body(FORM_BYTES_MAX))
        .and_then(|body: Bytes| async move { Form::parse(&body).map_err(warp::reject::custom) })
}

/// A filter that gives a handler a JSON body. It insists on the type
/// `application/json`, which no page of another site can send.
///
/// # Errors
/// Rejects as [`limited_body`] at 256 KiB, with [`WebError::UnsupportedType`] (415)
/// for another type, and with [`WebError::BadRequest`] for what is not a `T` or is
/// nested deeper than 16.
pub fn json_body<T: DeserializeOwned + Send>() -> impl Filter<Extract = (T,), Error = Rejection> + Clone {
    json_body_within(JSON_BYTES_MAX)
}

/// As [`json_body`], where a body may have `max_bytes`.
///
/// # Errors
/// As [`json_body`].
pub fn json_body_within<T: DeserializeOwned + Send>(
    max_bytes: usize,
) -> impl Filter<Extract = (T,), Error = Rejection> + Clone {
    of_type("application/json")
        .and(limited_body(max_bytes))
        .and_then(|body: Bytes| async move { json::parse(&body).map_err(warp::reject::custom) })
}

fn of_type(wanted: &'static str) -> impl Filter<Extract = (), Error = Rejection> + Clone {
    warp::header::headers_cloned()
        .and_then(move |headers: HeaderMap| async move {
            let sent = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
            let plain = sent.map(|it| it.split(';').next().unwrap_or("").trim());
            match plain {
                Some(plain) if plain.eq_ignore_ascii_case(wanted) => Ok(()),
                _ => Err(warp::reject::custom(WebError::UnsupportedType)),
            }
        })
        .untuple_one()
}

async fn read<S, B>(headers: &HeaderMap, mut stream: S, max_bytes: usize) -> Result<Bytes, WebError>
where
    S: Stream<Item = Result<B, warp::Error>> + Unpin,
    B: Buf,
{
    let too_large = WebError::TooLarge { limit_bytes: max_bytes };
    if announced(headers) > max_bytes.saturating_add(DRAIN_BYTES_MAX) {
        return Err(too_large);
    }
    let mut body = BytesMut::new();
    let mut seen = 0_usize;
    while let Some(piece) = stream.next().await {
        let piece = piece.map_err(|error| broken(&error))?;
        seen = seen.saturating_add(piece.remaining());
        if seen > max_bytes.saturating_add(DRAIN_BYTES_MAX) {
            return Err(too_large);
        }
        if seen <= max_bytes {
            bytes::BufMut::put(&mut body, piece);
        }
    }
    if seen > max_bytes {
        return Err(too_large);
    }
    Ok(body.freeze())
}

fn announced(headers: &HeaderMap) -> usize {
    let length = headers.get(CONTENT_LENGTH).and_then(|it| it.to_str().ok());
    length.and_then(|it| it.parse().ok()).unwrap_or(0)
}

fn broken(error: &warp::Error) -> WebError {
    match error.source() {
        Some(cause) if cause.is::<BodyTooSlow>() => WebError::Timeout,
        _ => WebError::bad("The body of the request broke off. Please send it again."),
    }
}
