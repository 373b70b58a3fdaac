//! What can go wrong with a request, in words for the person who made it, and the
//! status of each. How it looks is `error_page`'s; nothing here tells of internals.

use std::borrow::Cow;
use std::fmt::Display;
use std::net::SocketAddr;

use http::StatusCode;
use warp::reject::{self, Reject, Rejection};
use warp::reply::{Reply, Response};

/// A request that cannot be answered as asked, or a server that cannot start.
#[derive(Debug, Clone, thiserror::Error)]
pub enum WebError {
    /// 400: the request is wrong; the sentence says what and what to do.
    #[error("{0}")]
    BadRequest(Cow<'static, str>),
    /// 401: an API request without a valid session or bearer token.
    #[error("Please sign in first.")]
    SignInNeeded,
    /// 403: known, but not allowed.
    #[error("You may not do this. Open the gallery with its access code, or sign in.")]
    Forbidden,
    /// 403: the form's token does not belong to this browser's session.
    #[error(
        "This page was open for too long, or your browser keeps no cookies for this site. Go back, reload the page, and send it again."
    )]
    StaleForm,
    /// 403: another site sent the form.
    #[error("This request came from another site, so nothing was done.")]
    CrossOrigin,
    /// 404: nothing here, or nothing that this visitor may know of.
    #[error("There is nothing at this address. Please check the link.")]
    NotFound,
    /// 405: the address exists, but not for this method.
    #[error("This address cannot be used in this way.")]
    MethodNotAllowed,
    /// 409: the request was right when its page was made, but things have moved on.
    #[error("{0}")]
    Conflict(Cow<'static, str>),
    /// 413: the body is bigger than the limit.
    #[error("What was sent is too big: at most {limit_bytes} bytes are taken here.")]
    TooLarge {
        /// The limit of the route.
        limit_bytes: usize,
    },
    /// 415: the body is not of the type that the route reads.
    #[error("What was sent is of a type that cannot be read here.")]
    UnsupportedType,
    /// 429: too many tries.
    #[error("Too many tries. Please wait {retry_after_s} seconds and try again.")]
    TooMany {
        /// After so many seconds one more try is free.
        retry_after_s: u64,
    },
    /// 408: the client sent too slowly.
    #[error("The request took too long to arrive. Please try again.")]
    Timeout,
    /// 503: for the moment only.
    #[error("This is not available at the moment. Please try again in a minute.")]
    Unavailable,
    /// 500: our fault; the log knows more.
    #[error("Something went wrong here, and it is not your fault. Please try again later.")]
    Internal,
    /// The server cannot start: its address is taken or not this machine's.
    #[error("Cannot listen on {address}: {reason}. Choose another address or stop what uses it.")]
    CannotListen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system says.
        reason: String,
    },
    /// The server cannot start: its public address is no URL.
    #[error("`{0}` is no web address. Write it like https://photos.example.org")]
    BadPublicUrl(String),
}

impl WebError {
    /// 400 with a sentence that says what is wrong and what to do.
    pub fn bad(sentence: impl Into<Cow<'static, str>>) -> Self {
        Self::BadRequest(sentence.into())
    }

    /// 500: logs `cause` under the sentence `doing`, and tells the visitor nothing of
    /// it. For faults that are handled nowhere else; keep customers' data out of both.
    pub fn internal(doing: &'static str, cause: impl Display) -> Self {
        tracing::error!(error = %cause, "{doing}");
        Self::Internal
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        self.kind().0
    }

    /// A short name that programs may rely on, for the JSON API.
    pub fn code(&self) -> &'static str {
        self.kind().1
    }

    /// After how many seconds it is worth trying again, if waiting helps.
    pub fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::TooMany { retry_after_s } => Some(*retry_after_s),
            Self::Unavailable => Some(60),
            _ => None,
        }
    }

    fn kind(&self) -> (StatusCode, &'static str) {
        match self {
            Self::BadRequest(_) => (StatusCode::BAD_REQUEST, "bad_request"),
            Self::SignInNeeded => (StatusCode::UNAUTHORIZED, "sign_in_needed"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden"),
            Self::StaleForm => (StatusCode::FORBIDDEN, "stale_form"),
            Self::CrossOrigin => (StatusCode::FORBIDDEN, "cross_origin"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::Conflict(_) => (StatusCode::CONFLICT, "conflict"),
            Self::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Self::UnsupportedType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_type"),
            Self::TooMany { .. } => (StatusCode::TOO_MANY_REQUESTS, "too_many"),
            Self::Timeout => (StatusCode::REQUEST_TIMEOUT, "timeout"),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            Self::Internal | Self::CannotListen { .. } | Self::BadPublicUrl(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "internal")
            }
        }
    }

    /// What the routes' rejection means. Our own errors come first, then what warp's
    /// filters say; a rejection that is unknown is a 404, never a 500.
    pub(crate) fn from_rejection(rejection: &Rejection) -> Self {
        if let Some(error) = rejection.find::<WebError>() {
            return error.clone();
        }
        if rejection.find::<reject::MethodNotAllowed>().is_some() {
            return Self::MethodNotAllowed;
        }
        if let Some(missing) = rejection.find::<reject::MissingHeader>() {
            return Self::bad(format!("The header {} is missing.", missing.name()));
        }
        if let Some(invalid) = rejection.find::<reject::InvalidHeader>() {
            return Self::bad(format!("The header {} cannot be read.", invalid.name()));
        }
        if rejection.find::<reject::InvalidQuery>().is_some() {
            return Self::bad("The part of the address after the question mark cannot be read.");
        }
        if rejection.find::<reject::PayloadTooLarge>().is_some() {
            let limit_bytes = crate::limits::FORM_BYTES_MAX;
            return Self::TooLarge { limit_bytes };
        }
        if rejection.find::<reject::UnsupportedMediaType>().is_some() {
            return Self::UnsupportedType;
        }
        if rejection.find::<reject::LengthRequired>().is_some()
            || rejection.find::<warp::body::BodyDeserializeError>().is_some()
        {
            return Self::bad("The body of the request is missing or cannot be read.");
        }
        Self::NotFound
    }
}

impl Reject for WebError {}

impl Reply for WebError {
    /// Only the status and the error itself: the server draws the page, since it
    /// alone knows whether the client wants HTML or JSON.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
