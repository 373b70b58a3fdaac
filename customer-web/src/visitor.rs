//! Who asks: the site with its database, the visitor's session by cookie or bearer
//! token, and the throttles. Every permission is checked here or in the database.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use enprint_host_index::Index;
use enprint_host_index::views::{AccountId, Session, SessionId};
use enprint_web::{
    ClientAddress, Form, SessionKey, SessionStore, SessionToken, Site, Throttle, Visit, WebError, client_address,
    sign_in, visit, with,
};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use warp::{Filter, Rejection};

use crate::fault::Fault;
use crate::limits::BEARER_BYTES_MAX;
use crate::protocol::ids::EventId;

/// The header in which a script of our own pages sends the CSRF token with JSON.
pub const CSRF_HEADER: &str = "x-csrf-token";

/// The site: its database, its address and its throttles. Cheap to clone.
#[derive(Clone)]
pub struct Shop {
    inner: Arc<Inner>,
}

struct Inner {
    site: Site,
    index: Index,
    base_url: String,
    passes_files_on: bool,
    codes: Throttle<IpAddr>,
    log_ins: Throttle<IpAddr>,
    accounts: Throttle<AccountId>,
}

/// The visitor of one request.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// The site that they visit.
    pub shop: Shop,
    /// Their cookie and the forms made for it.
    pub visit: Visit,
    /// What the host knows of them; nothing before they opened a gallery or logged in.
    pub session: Option<Session>,
    /// Their key, where they came with a bearer token.
    bearer: Option<SessionKey>,
    address: ClientAddress,
    csrf_header: Option<String>,
}

impl Shop {
    /// The site over `index`, reached at `base_url` (without a slash at the end), of a host
    /// that passes print files on or does not.
    pub fn new(site: Site, index: Index, base_url: String, passes_files_on: bool) -> Self {
        let inner = Inner {
            site,
            index,
            base_url,
            passes_files_on,
            codes: Throttle::for_codes(),
            log_ins: Throttle::for_codes(),
            accounts: Throttle::for_codes(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The site as its pages show it.
    pub fn site(&self) -> &Site {
        &self.inner.site
    }

    /// The database.
    pub fn index(&self) -> &Index {
        &self.inner.index
    }

    /// Where customers reach the site, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.inner.base_url
    }

    /// Whether the host passes print files on between a photographer and a lab that find no
    /// direct way to each other.
    pub fn passes_files_on(&self) -> bool {
        self.inner.passes_files_on
    }
}

impl fmt::Debug for Shop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shop").field("base_url", &self.inner.base_url).finish_non_exhaustive()
    }
}

/// A filter that gives a handler the visitor.
pub fn visitor(shop: &Shop) -> impl Filter<Extract = (Visitor,), Error = Rejection> + Clone + use<> {
    with(shop.clone()).and(visit()).and(client_address()).and(warp::header::headers_cloned()).and_then(
        |shop: Shop, visit: Visit, address: ClientAddress, headers: HeaderMap| async move {
            let found = Visitor::find(shop, visit, address, &headers).await;
            found.map_err(|fault| match fault {
                Fault::Web(error) => warp::reject::custom(error),
                other => warp::reject::custom(WebError::internal("a session can't be looked up", other)),
            })
        },
    )
}

impl Visitor {
    async fn find(shop: Shop, visit: Visit, address: ClientAddress, headers: &HeaderMap) -> Result<Self, Fault> {
        let bearer = bearer(headers)?;
        let key = bearer.or_else(|| visit.session_key());
        let session = match key {
            Some(key) => shop.index().session(*key.as_bytes()).await?,
            None => None,
        };
        let csrf_header = headers.get(CSRF_HEADER).and_then(|it| it.to_str().ok()).map(str::to_owned);
        Ok(Self { shop, visit, session, bearer, address, csrf_header })
    }

    /// The database.
    pub fn index(&self) -> &Index {
        self.shop.index()
    }

    /// Whether the visitor has opened this gallery.
    pub fn may_see(&self, event_id: &EventId) -> bool {
        self.session.as_ref().is_some_and(|session| session.may_see(event_id))
    }

    /// The visitor's session, if they have opened this gallery.
    ///
    /// # Errors
    /// [`WebError::NotFound`], as for a gallery that is not there.
    pub fn opened(&self, event_id: &EventId) -> Result<SessionId, Fault> {
        match &self.session {
            Some(session) if session.may_see(event_id) => Ok(session.session_id),
            _ => Err(WebError::NotFound.into()),
        }
    }

    /// The visitor's session.
    ///
    /// # Errors
    /// [`WebError::SignInNeeded`] before they opened a gallery or logged in.
    pub fn known(&self) -> Result<&Session, Fault> {
        self.session.as_ref().ok_or(WebError::SignInNeeded.into())
    }

    /// The session of a program: the one that its bearer token stands for.
    pub fn program(&self) -> Option<SessionId> {
        self.session.as_ref().filter(|_| self.bearer.is_some()).map(|session| session.session_id)
    }

    /// Who is logged in.
    pub fn account(&self) -> Option<&AccountId> {
        self.session.as_ref().and_then(|session| session.account.as_ref())
    }

    /// Checks that a JSON request that changes something was meant by this visitor: it
    /// has a bearer token, which no browser sends by itself, or the CSRF header.
    ///
    /// # Errors
    /// [`WebError::StaleForm`].
    pub fn check_meant(&self) -> Result<(), Fault> {
        if self.bearer.is_some() || self.visit.session_key().is_none() {
            return Ok(());
        }
        let sent = self.csrf_header.as_deref().unwrap_or_default();
        let plain = !sent.is_empty() && sent.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !plain {
            return Err(WebError::StaleForm.into());
        }
        let form = Form::parse(format!("{}={sent}", enprint_web::CSRF_FIELD).as_bytes())?;
        Ok(self.visit.check_csrf(&form)?)
    }

    /// Takes one of this address's tries at access codes.
    ///
    /// # Errors
    /// [`WebError::TooMany`].
    pub fn take_code_try(&self) -> Result<(), Fault> {
        Ok(self.shop.inner.codes.take(&self.address.network())?)
    }

    /// Gives the try back: the code was right.
    pub fn give_code_try_back(&self) {
        self.shop.inner.codes.give_back(&self.address.network());
    }

    /// Takes one try to log in or to make an account: of this address, and of this
    /// account from wherever.
    ///
    /// # Errors
    /// [`WebError::TooMany`].
    pub fn take_log_in_try(&self, account: &AccountId) -> Result<(), Fault> {
        self.shop.inner.log_ins.take(&self.address.network())?;
        Ok(self.shop.inner.accounts.take(account)?)
    }

    /// Gives the try back: the password was right.
    pub fn give_log_in_try_back(&self, account: &AccountId) {
        self.shop.inner.log_ins.give_back(&self.address.network());
        self.shop.inner.accounts.give_back(account);
    }

    /// Gives the browser a session under a new token, with what the one before knew.
    /// Call it wherever rights grow, so that a token planted before is worth nothing.
    ///
    /// # Errors
    /// What the database says; the visitor then stays as they were.
    pub async fn renew(&self) -> Result<SessionId, Fault> {
        let index = self.index();
        let session_id = match &self.session {
            Some(session) => session.session_id,
            None => index.begin_session(*SessionToken::random().key().as_bytes()).await?.session_id,
        };
        sign_in(&Sessions(index.clone()), &self.visit, session_id).await?;
        Ok(session_id)
    }

    /// As [`Visitor::renew`], for a program: the new bearer token.
    ///
    /// # Errors
    /// What the database says.
    pub async fn renew_bearer(&self) -> Result<(SessionId, SessionToken), Fault> {
        let token = SessionToken::random();
        let key = *token.key().as_bytes();
        let session_id = match self.program() {
            Some(session_id) => {
                self.index().rekey_session(session_id, key).await?;
                session_id
            }
            None => self.index().begin_session(key).await?.session_id,
        };
        Ok((session_id, token))
    }

    /// Ends the session and takes the cookie away.
    ///
    /// # Errors
    /// What the database says.
    pub async fn leave(&self) -> Result<(), Fault> {
        if let Some(bearer) = self.bearer {
            return Ok(self.index().end_session(*bearer.as_bytes()).await?);
        }
        Ok(enprint_web::sign_out(&Sessions(self.index().clone()), &self.visit).await?)
    }
}

/// The database as the store of `enprint-web`'s sessions.
struct Sessions(Index);

impl SessionStore for Sessions {
    type Session = SessionId;

    async fn find(&self, key: SessionKey) -> Result<Option<SessionId>, WebError> {
        let found = self.0.session(*key.as_bytes()).await.map_err(unstored)?;
        Ok(found.map(|session| session.session_id))
    }

    async fn keep(&self, key: SessionKey, session: SessionId, _life_s: u64) -> Result<(), WebError> {
        self.0.rekey_session(session, *key.as_bytes()).await.map_err(unstored)
    }

    async fn end(&self, key: SessionKey) -> Result<(), WebError> {
        self.0.end_session(*key.as_bytes()).await.map_err(unstored)
    }
}

fn unstored(error: enprint_host_index::HostError) -> WebError {
    WebError::internal("a session can't be stored", error)
}

/// The key of the bearer token in `Authorization`, if there is such a header.
fn bearer(headers: &HeaderMap) -> Result<Option<SessionKey>, Fault> {
    let Some(value) = headers.get(AUTHORIZATION) else {
        return Ok(None);
    };
    let text = value.to_str().ok().filter(|text| text.len() <= BEARER_BYTES_MAX);
    let token = text.and_then(|text| text.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let token = token.and_then(|(_, token)| token.trim().parse::<SessionToken>().ok());
    token.map(|token| Some(token.key())).ok_or(WebError::SignInNeeded.into())
}
