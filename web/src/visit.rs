//! One request's visitor: the token that their browser sent (or would get), its CSRF
//! token, and what becomes of the cookie. Handlers never see cookies: they tell the
//! visit, and the server writes the header.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use http::HeaderValue;
use maud::Markup;
use warp::Filter;

use crate::cookie;
use crate::csrf;
use crate::error::WebError;
use crate::form::Form;
use crate::session::{SessionKey, SessionToken};
use crate::site::Site;

/// The visitor of one request. Cheap to clone; clones are the same visit.
#[derive(Debug, Clone)]
pub struct Visit {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    sent: Option<SessionToken>,
    now: Mutex<Now>,
}

/// What the browser is to hold after this request.
#[derive(Debug, Clone)]
enum Now {
    Unchanged,
    New(SessionToken),
    Gone,
}

/// A filter that gives a handler the [`Visit`].
pub fn visit() -> impl Filter<Extract = (Visit,), Error = Infallible> + Clone {
    warp::ext::optional::<Visit>().map(|visit: Option<Visit>| visit.unwrap_or_else(|| Visit::new(None)))
}

impl Visit {
    pub(crate) fn new(sent: Option<SessionToken>) -> Self {
        let now = Mutex::new(Now::Unchanged);
        Self { inner: Arc::new(Inner { sent, now }) }
    }

    /// The key of the session that the browser claims. Whether there is one, the
    /// store knows.
    pub fn session_key(&self) -> Option<SessionKey> {
        self.inner.sent.as_ref().map(SessionToken::key)
    }

    /// The token that forms of this visitor's pages carry. A visitor without a
    /// cookie gets one with this answer, so that the form can be told from others'.
    pub fn csrf_token(&self) -> String {
        csrf::token(&self.token())
    }

    /// The hidden field that carries [`Visit::csrf_token`], for every form that posts.
    pub fn csrf_field(&self) -> Markup {
        csrf::field(&self.csrf_token())
    }

    /// Checks that `form` came from a page of this very visitor.
    ///
    /// # Errors
    /// [`WebError::StaleForm`] if its token is missing or another's.
    pub fn check_csrf(&self, form: &Form) -> Result<(), WebError> {
        let sent = self.inner.sent.as_ref().ok_or(WebError::StaleForm)?;
        csrf::check(sent, form)
    }

    pub(crate) fn replace_token(&self, token: SessionToken) {
        self.set(Now::New(token));
    }

    pub(crate) fn drop_token(&self) {
        self.set(Now::Gone);
    }

    /// The `Set-Cookie` that this visit calls for.
    pub(crate) fn set_cookie(&self, site: &Site) -> Option<HeaderValue> {
        match &*self.now() {
            Now::Unchanged => None,
            Now::New(token) => cookie::set(site, token),
            Now::Gone => cookie::clear(site),
        }
    }

    fn token(&self) -> SessionToken {
        let mut now = self.now();
        match (&*now, &self.inner.sent) {
            (Now::New(token), _) => token.clone(),
            (Now::Unchanged, Some(sent)) => sent.clone(),
            (Now::Unchanged | Now::Gone, _) => {
                let token = SessionToken::random();
                *now = Now::New(token.clone());
                token
            }
        }
    }

    fn set(&self, next: Now) {
        *self.now() = next;
    }

    fn now(&self) -> std::sync::MutexGuard<'_, Now> {
        self.inner.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
