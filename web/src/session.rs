//! A session: the token in the browser's cookie, the key under which a store keeps
//! what it means, and the verbs to begin and end one. The store itself is the
//! caller's, in its database.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use rand::Rng;
use subtle::ConstantTimeEq;
use warp::{Filter, Rejection};

use crate::error::WebError;
use crate::visit::{Visit, visit};

const TOKEN_LENGTH: usize = 32;

/// The secret in a browser's cookie: 256 random bits, meaningless by themselves.
#[derive(Clone)]
pub struct SessionToken([u8; TOKEN_LENGTH]);

/// What a store knows a session by: the token's BLAKE3, so that whoever reads the
/// database cannot take over a session.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionKey([u8; 32]);

/// Where sessions are kept. Implemented over the database; expiry is the store's.
pub trait SessionStore: Send + Sync + 'static {
    /// Who is signed in: what handlers need to know of them.
    type Session: Send + 'static;

    /// The session under `key`, unless it has expired or ended.
    fn find(&self, key: SessionKey) -> impl Future<Output = Result<Option<Self::Session>, WebError>> + Send;

    /// Keeps `session` under `key` for `life_s` seconds.
    fn keep(
        &self,
        key: SessionKey,
        session: Self::Session,
        life_s: u64,
    ) -> impl Future<Output = Result<(), WebError>> + Send;

    /// Ends the session under `key`. Nothing there is no error.
    fn end(&self, key: SessionKey) -> impl Future<Output = Result<(), WebError>> + Send;
}

/// Signs the visitor in as `session`: under a new token, so that a token that
/// somebody planted before is worth nothing, and ends the session before.
///
/// # Errors
/// Whatever the store says; the visitor then stays as they were.
pub async fn sign_in<S: SessionStore>(store: &S, visit: &Visit, session: S::Session) -> Result<(), WebError> {
    let token = SessionToken::random();
    store.keep(token.key(), session, crate::limits::SESSION_LIFE_S).await?;
    if let Some(before) = visit.session_key() {
        store.end(before).await?;
    }
    visit.replace_token(token);
    Ok(())
}

/// Ends the visitor's session and takes the cookie away.
///
/// # Errors
/// Whatever the store says.
pub async fn sign_out<S: SessionStore>(store: &S, visit: &Visit) -> Result<(), WebError> {
    if let Some(key) = visit.session_key() {
        store.end(key).await?;
    }
    visit.drop_token();
    Ok(())
}

/// A filter that gives a handler the visitor's session, if they have one.
pub fn signed_in<S: SessionStore>(
    store: Arc<S>,
) -> impl Filter<Extract = (Option<S::Session>,), Error = Rejection> + Clone {
    visit().and_then(move |visit: Visit| {
        let store = Arc::clone(&store);
        async move {
            match visit.session_key() {
                Some(key) => store.find(key).await.map_err(warp::reject::custom),
                None => Ok(None),
            }
        }
    })
}

impl SessionToken {
    /// A new token from the system's randomness.
    pub fn random() -> Self {
        let mut bytes = [0_u8; TOKEN_LENGTH];
        rand::rng().fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// What a store keeps in the token's place.
    pub fn key(&self) -> SessionKey {
        SessionKey(*blake3::hash(&self.0).as_bytes())
    }

    /// The secret itself, to derive others from.
    pub(crate) fn secret(&self) -> &[u8] {
        &self.0
    }

    /// The token as the cookie, or a program's bearer header, carries it. Nowhere
    /// else: it is a secret.
    pub fn to_cookie_text(&self) -> String {
        blake3::Hash::from_bytes(self.0).to_hex().to_string()
    }
}

impl FromStr for SessionToken {
    type Err = WebError;

    fn from_str(text: &str) -> Result<Self, WebError> {
        let parsed = blake3::Hash::from_hex(text);
        let bytes = parsed.map_err(|_| WebError::bad("This is no session token."))?;
        Ok(Self(*bytes.as_bytes()))
    }
}

impl PartialEq for SessionToken {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for SessionToken {}

impl fmt::Debug for SessionToken {
    /// Tokens stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken(…)")
    }
}

impl SessionKey {
    /// The key's bytes, for a database column.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKey(…)")
    }
}
