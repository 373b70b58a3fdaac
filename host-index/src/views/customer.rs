//! Customers between two requests: sessions and accounts.

use std::fmt;
use std::str::FromStr;

use enprint_protocol::ids::{CommandId, EventId};
use enprint_protocol::text;
use enprint_protocol::time::UnixMs;

use super::OrderSummary;
use crate::error::HostError;
use crate::limits;

/// BLAKE3 of a session's secret token. The token itself never gets here.
pub type SessionKey = [u8; 32];

/// A session for as long as it lives, whatever its token: it keeps its basket when
/// the token is replaced at sign-in. No secret, but shown to nobody.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId(pub [u8; 16]);

impl SessionId {
    pub(crate) fn random() -> Self {
        Self(CommandId::random().0)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(…)")
    }
}

/// What the host knows of a visitor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// For the verbs.
    pub session_id: SessionId,
    /// Who is signed in.
    pub account: Option<AccountId>,
    /// The galleries that were opened with their codes, here or by the account; the
    /// latest first.
    pub events: Vec<EventId>,
}

impl Session {
    /// Whether the visitor has opened this gallery.
    pub fn may_see(&self, event_id: &EventId) -> bool {
        self.events.contains(event_id)
    }
}

/// What a customer signs in with: their e-mail address or another word, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(String);

impl AccountId {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for AccountId {
    type Err = HostError;

    /// Trims and lowers; 3 to [`limits::ACCOUNT_ID_BYTES_MAX`] bytes without spaces.
    fn from_str(given: &str) -> Result<Self, HostError> {
        let id = text::required("The id", given, limits::ACCOUNT_ID_BYTES_MAX, false)
            .map_err(|error| HostError::field("account", error.to_string()))?
            .to_lowercase();
        if id.chars().count() < limits::ACCOUNT_ID_CHARS_MIN || id.contains(char::is_whitespace) {
            return Err(HostError::field("account", "The id needs at least three characters and has no spaces."));
        }
        Ok(Self(id))
    }
}

/// A customer's account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Since when.
    pub created: UnixMs,
    /// Galleries that it opened and that are still here (id and name), the latest first.
    pub galleries: Vec<(EventId, String)>,
    /// Its orders, newest first.
    pub orders: Vec<OrderSummary>,
}
