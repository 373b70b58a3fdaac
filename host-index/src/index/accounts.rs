//! Customers' accounts: an id and a password, which remember galleries and orders from
//! one device to the next. No one needs one.

use enprint_protocol::ids::EventId;
use enprint_store::args;
use enprint_store::ledger::Tx;

use super::{Index, orders, sessions};
use crate::error::HostError;
use crate::limits::SESSION_EVENTS_MAX;
use crate::stored;
use crate::views::{Account, AccountId, SessionId};

impl Index {
    /// Makes an account and signs the session in with it.
    ///
    /// # Errors
    /// [`HostError::AccountTaken`]; [`HostError::Field`] for a password that is too short
    /// or too long; [`HostError::NotHere`] when the session has ended; [`HostError::Busy`].
    pub async fn create_account(&self, session: SessionId, id: &AccountId, password: &str) -> Result<(), HostError> {
        let new = NewAccount { id, password: self.shared.passwords.hash(password).await?, now_ms: self.now().0 };
        let (new, now) = (&new, self.now());
        self.ledger()
            .write(|tx| {
                Box::pin(async move {
                    insert(tx, new).await?;
                    sessions::set_account(tx, session, Some(new.id), now).await
                })
            })
            .await
    }

    /// Signs the session in. Give it a new token afterwards
    /// ([`rekey_session`](Self::rekey_session)).
    ///
    /// # Errors
    /// [`HostError::WrongPassword`] for an unknown id or a wrong password, in the same
    /// time; [`HostError::NotHere`] when the session has ended; [`HostError::Busy`].
    pub async fn sign_in(&self, session: SessionId, id: &AccountId, password: &str) -> Result<(), HostError> {
        self.check_password(id, password).await?;
        let now = self.now();
        self.ledger().write(|tx| Box::pin(sessions::set_account(tx, session, Some(id), now))).await
    }

    /// Signs the session out. What it opened by itself stays open.
    ///
    /// # Errors
    /// [`HostError::NotHere`] when the session has ended.
    pub async fn sign_out(&self, session: SessionId) -> Result<(), HostError> {
        let now = self.now();
        self.ledger().write(|tx| Box::pin(sessions::set_account(tx, session, None, now))).await
    }

    /// The account with its galleries and orders.
    ///
    /// # Errors
    /// [`HostError::NotHere`]
    pub async fn account(&self, id: &AccountId) -> Result<Account, HostError> {
        let mut sql = self.ledger().snapshot().await?;
        let query = "SELECT created_ms FROM account WHERE account = $1";
        let row = sql.fetch_optional(query, args![id.as_str()]).await?.ok_or(HostError::NotHere)?;
        let created = stored::moment(&row, "created_ms")?;
        let query = "SELECT e.event_id, e.name FROM account_event o
             JOIN event e ON e.event_id = o.event_id
             JOIN peer p ON p.peer_id = e.photographer AND p.suspended_ms IS NULL
             WHERE o.account = $1 ORDER BY o.opened_ms DESC, e.event_id LIMIT $2";
        let mut galleries = Vec::new();
        for row in sql.fetch_all(query, args![id.as_str(), SESSION_EVENTS_MAX]).await? {
            galleries.push((EventId(stored::bytes(&row, "event_id")?), row.text("name")?));
        }
        let orders = orders::of_account(self, &mut sql, id).await?;
        Ok(Account { id: id.clone(), created, galleries, orders })
    }

    /// Changes the password, and signs out every session of the account: whoever knew
    /// the old one is out.
    ///
    /// # Errors
    /// [`HostError::WrongPassword`]; [`HostError::Field`] for the new one.
    pub async fn change_password(&self, id: &AccountId, old: &str, new: &str) -> Result<(), HostError> {
        self.check_password(id, old).await?;
        let hashed = self.shared.passwords.hash(new).await?;
        let change = (id, hashed);
        let change = &change;
        self.ledger()
            .write(|tx| {
                Box::pin(async move {
                    let sql = "UPDATE account SET password = $2 WHERE account = $1";
                    tx.execute(sql, args![change.0.as_str(), &change.1]).await?;
                    let sql = "UPDATE session SET account = NULL WHERE account = $1";
                    tx.execute(sql, args![change.0.as_str()]).await?;
                    Ok(())
                })
            })
            .await
    }

    async fn check_password(&self, id: &AccountId, password: &str) -> Result<(), HostError> {
        let sql = "SELECT password FROM account WHERE account = $1";
        let row = self.ledger().read().fetch_optional(sql, args![id.as_str()]).await?;
        let stored = row.map(|row| row.text("password")).transpose()?;
        if self.shared.passwords.fits(password, stored).await? { Ok(()) } else { Err(HostError::WrongPassword) }
    }
}

struct NewAccount<'a> {
    id: &'a AccountId,
    password: String,
    now_ms: i64,
}

async fn insert(tx: &mut Tx<'_>, new: &NewAccount<'_>) -> Result<(), HostError> {
    let sql = "INSERT INTO account (account, password, created_ms) VALUES ($1, $2, $3)
         ON CONFLICT (account) DO NOTHING";
    match tx.execute(sql, args![new.id.as_str(), &new.password, new.now_ms]).await? {
        0 => Err(HostError::AccountTaken),
        _ => Ok(()),
    }
}
