//! Sessions: what a visitor's token stands for. The database keeps the token's hash.

use enprint_protocol::ids::EventId;
use enprint_protocol::time::UnixMs;
use enprint_store::args;
use enprint_store::ledger::{Session as Sql, Tx};

use super::{Index, ms};
use crate::error::HostError;
use crate::limits::{SESSION_EVENTS_MAX, SESSION_LIFE, SESSION_LIFE_EMPTY, SESSION_TOUCH};
use crate::stored;
use crate::views::{AccountId, Session, SessionId, SessionKey};

impl Index {
    /// Begins a session. It lives for a day; once it has opened a gallery or signed in,
    /// for 30 days after it was last used.
    ///
    /// # Errors
    /// The database's.
    pub async fn begin_session(&self, key: SessionKey) -> Result<Session, HostError> {
        let (session_id, now) = (SessionId::random(), self.now());
        let sql = "INSERT INTO session (session_id, token_hash, created_ms, expires_ms) VALUES ($1, $2, $3, $4)";
        let expires = now.plus_ms(ms(SESSION_LIFE_EMPTY));
        self.ledger().execute(sql, args![session_id.0, key, now.0, expires.0]).await?;
        Ok(Session { session_id, account: None, events: Vec::new() })
    }

    /// The session of this key, unless it has ended. Prolongs its life.
    ///
    /// # Errors
    /// The database's.
    pub async fn session(&self, key: SessionKey) -> Result<Option<Session>, HostError> {
        let now = self.now();
        let mut sql = self.ledger().snapshot().await?;
        let query = "SELECT session_id, account, expires_ms FROM session WHERE token_hash = $1 AND expires_ms > $2";
        let Some(row) = sql.fetch_optional(query, args![key, now.0]).await? else {
            return Ok(None);
        };
        let session_id = SessionId(stored::bytes(&row, "session_id")?);
        let account: Option<String> = row.get("account")?;
        let events = opened(&mut sql, session_id, account.as_deref()).await?;
        drop(sql);
        let lives = !events.is_empty() || account.is_some();
        if lives && row.int("expires_ms")? < now.plus_ms(ms(SESSION_LIFE) - ms(SESSION_TOUCH)).0 {
            self.prolong(session_id, now).await?;
        }
        let account = account.map(|id| id.parse()).transpose().map_err(|_| stored::unreadable("an account"))?;
        Ok(Some(Session { session_id, account, events }))
    }

    /// Replaces the session's token: what had the old one is worth nothing from now on.
    ///
    /// # Errors
    /// [`HostError::NotHere`] when the session has ended.
    pub async fn rekey_session(&self, session: SessionId, key: SessionKey) -> Result<(), HostError> {
        let sql = "UPDATE session SET token_hash = $2 WHERE session_id = $1 AND expires_ms > $3";
        match self.ledger().execute(sql, args![session.0, key, self.now().0]).await? {
            0 => Err(HostError::NotHere),
            _ => Ok(()),
        }
    }

    /// Ends the session of this key, with its baskets. Nothing there is no error.
    ///
    /// # Errors
    /// The database's.
    pub async fn end_session(&self, key: SessionKey) -> Result<(), HostError> {
        self.ledger().write(|tx| Box::pin(end_in(tx, key))).await
    }

    /// Notes that the session, and the account that is signed in with it, has opened the
    /// gallery: after [`open_gallery`](Self::open_gallery).
    ///
    /// # Errors
    /// [`HostError::NotHere`] when the session has ended or the event is not here.
    pub async fn admit_session(&self, session: SessionId, event_id: EventId) -> Result<(), HostError> {
        let now = self.now();
        self.ledger().write(|tx| Box::pin(admit_in(tx, session, event_id, now))).await
    }

    /// Removes what belongs to sessions that have ended; answers how many there were.
    ///
    /// # Errors
    /// The database's.
    pub async fn purge_sessions(&self) -> Result<u64, HostError> {
        let now = self.now();
        self.ledger().write(|tx| Box::pin(purge_in(tx, now))).await
    }

    async fn prolong(&self, session: SessionId, now: UnixMs) -> Result<(), HostError> {
        let sql = "UPDATE session SET expires_ms = $2 WHERE session_id = $1";
        self.ledger().execute(sql, args![session.0, now.plus_ms(ms(SESSION_LIFE)).0]).await?;
        Ok(())
    }
}

/// The galleries that the session or its account has opened and that are still open,
/// the latest first.
async fn opened(sql: &mut Sql, session: SessionId, account: Option<&str>) -> Result<Vec<EventId>, HostError> {
    let query = "SELECT o.event_id, MAX(o.opened_ms) AS opened_ms FROM (
            SELECT event_id, opened_ms FROM session_event WHERE session_id = $1
            UNION ALL SELECT event_id, opened_ms FROM account_event WHERE account = $2) o
         JOIN event e ON e.event_id = o.event_id
         JOIN peer p ON p.peer_id = e.photographer AND p.suspended_ms IS NULL
         GROUP BY o.event_id ORDER BY MAX(o.opened_ms) DESC, o.event_id LIMIT $3";
    let account = account.map(ToOwned::to_owned);
    let rows = sql.fetch_all(query, args![session.0, account, SESSION_EVENTS_MAX]).await?;
    rows.iter().map(|row| stored::bytes(row, "event_id").map(EventId)).collect()
}

/// The session's account, if it is signed in.
///
/// # Errors
/// [`HostError::NotHere`] when the session has ended.
pub(super) async fn account_of(sql: &mut Sql, session: SessionId, now: UnixMs) -> Result<Option<AccountId>, HostError> {
    let query = "SELECT account FROM session WHERE session_id = $1 AND expires_ms > $2";
    let row = sql.fetch_optional(query, args![session.0, now.0]).await?.ok_or(HostError::NotHere)?;
    let account: Option<String> = row.get("account")?;
    account.map(|id| id.parse()).transpose().map_err(|_| stored::unreadable("an account"))
}

/// Whether the session or its account has opened the gallery.
pub(super) async fn may_see(
    sql: &mut Sql,
    session: SessionId,
    account: Option<&AccountId>,
    event_id: EventId,
) -> Result<bool, HostError> {
    let query = "SELECT 1 AS one FROM session_event WHERE session_id = $1 AND event_id = $3
         UNION SELECT 1 AS one FROM account_event WHERE account = $2 AND event_id = $3";
    let account = account.map(ToString::to_string);
    Ok(sql.fetch_optional(query, args![session.0, account, event_id.0]).await?.is_some())
}

/// Attaches an account to the session, or takes it away; what the session has opened
/// becomes the account's too.
pub(super) async fn set_account(
    tx: &mut Tx<'_>,
    session: SessionId,
    account: Option<&AccountId>,
    now: UnixMs,
) -> Result<(), HostError> {
    let name = account.map(ToString::to_string);
    let sql = "UPDATE session SET account = $2, expires_ms = $3 WHERE session_id = $1 AND expires_ms > $4";
    let expires = now.plus_ms(ms(SESSION_LIFE));
    if tx.execute(sql, args![session.0, name.clone(), expires.0, now.0]).await? == 0 {
        return Err(HostError::NotHere);
    }
    if let Some(name) = name {
        let sql = "INSERT INTO account_event (account, event_id, opened_ms)
             SELECT $2, event_id, opened_ms FROM session_event WHERE session_id = $1
             ON CONFLICT (account, event_id) DO NOTHING";
        tx.execute(sql, args![session.0, name]).await?;
    }
    Ok(())
}

async fn admit_in(tx: &mut Tx<'_>, session: SessionId, event_id: EventId, now: UnixMs) -> Result<(), HostError> {
    let account = account_of(tx, session, now).await?;
    let sql = "SELECT 1 AS one FROM event WHERE event_id = $1";
    if tx.fetch_optional(sql, args![event_id.0]).await?.is_none() {
        return Err(HostError::NotHere);
    }
    let sql = "INSERT INTO session_event (session_id, event_id, opened_ms) VALUES ($1, $2, $3)
         ON CONFLICT (session_id, event_id) DO UPDATE SET opened_ms = $3";
    tx.execute(sql, args![session.0, event_id.0, now.0]).await?;
    let sql = "DELETE FROM session_event WHERE session_id = $1 AND event_id NOT IN (
            SELECT event_id FROM session_event WHERE session_id = $1 ORDER BY opened_ms DESC, event_id LIMIT $2)";
    tx.execute(sql, args![session.0, SESSION_EVENTS_MAX]).await?;
    let sql = "UPDATE session SET expires_ms = $2 WHERE session_id = $1";
    tx.execute(sql, args![session.0, now.plus_ms(ms(SESSION_LIFE)).0]).await?;
    if let Some(account) = account {
        let sql = "INSERT INTO account_event (account, event_id, opened_ms) VALUES ($1, $2, $3)
             ON CONFLICT (account, event_id) DO UPDATE SET opened_ms = $3";
        tx.execute(sql, args![account.as_str(), event_id.0, now.0]).await?;
    }
    Ok(())
}

async fn end_in(tx: &mut Tx<'_>, key: SessionKey) -> Result<(), HostError> {
    let sql = "SELECT session_id FROM session WHERE token_hash = $1";
    let Some(row) = tx.fetch_optional(sql, args![key]).await? else { return Ok(()) };
    let session: [u8; 16] = stored::bytes(&row, "session_id")?;
    tx.execute("DELETE FROM basket_line WHERE session_id = $1", args![session]).await?;
    tx.execute("DELETE FROM session_event WHERE session_id = $1", args![session]).await?;
    tx.execute("DELETE FROM session WHERE session_id = $1", args![session]).await?;
    Ok(())
}

async fn purge_in(tx: &mut Tx<'_>, now: UnixMs) -> Result<u64, HostError> {
    let sql = "DELETE FROM basket_line WHERE session_id IN (SELECT session_id FROM session WHERE expires_ms <= $1)";
    tx.execute(sql, args![now.0]).await?;
    let sql = "DELETE FROM session_event WHERE session_id IN (SELECT session_id FROM session WHERE expires_ms <= $1)";
    tx.execute(sql, args![now.0]).await?;
    Ok(tx.execute("DELETE FROM session WHERE expires_ms <= $1", args![now.0]).await?)
}
