//! Accounts: made, entered and left by programs. An account remembers galleries and
//! orders from one token to the next.

use enprint_host_index::HostError;
use enprint_host_index::views::{AccountId, SessionId};
use enprint_web::{Form, SessionToken, WebError, json, with_status};
use http::StatusCode;
use serde_json::json as object;
use warp::reply::{Reply, Response};

use super::fields::Fields;
use super::shapes;
use crate::fault::Fault;
use crate::visitor::Visitor;

/// The account with its galleries and orders.
pub(super) async fn show(_: Form, visitor: Visitor) -> Result<Response, Fault> {
    let account = visitor.index().account(&own(&visitor)?).await?;
    let galleries = account.galleries.iter().map(|(id, name)| object!({ "event_id": id.to_string(), "name": name }));
    let answer = object!({
        "account": account.id.as_str(),
        "galleries": galleries.collect::<Vec<_>>(),
        "orders": account.orders.iter().map(shapes::order_summary).collect::<Vec<_>>(),
    });
    Ok(json(&answer)?.into_response())
}

/// Makes an account, and gives a token that is logged in with it.
pub(super) async fn create(sent: Fields, visitor: Visitor) -> Result<Response, Fault> {
    visitor.check_meant()?;
    let (account, password) = credentials(sent)?;
    let account: AccountId = account.parse()?;
    visitor.take_log_in_try(&account)?;
    let entry = Entry::of(&visitor).await?;
    visitor.index().create_account(entry.session_id, &account, &password).await?;
    Ok(with_status(json(&entry.answer(&account, &visitor).await?)?, StatusCode::CREATED))
}

/// Gives a token that is logged in.
pub(super) async fn log_in(sent: Fields, visitor: Visitor) -> Result<Response, Fault> {
    visitor.check_meant()?;
    let (account, password) = credentials(sent)?;
    // what can't be an account's id is as wrong as any other
    let account: AccountId = account.parse().map_err(|_| HostError::WrongPassword)?;
    visitor.take_log_in_try(&account)?;
    let entry = Entry::of(&visitor).await?;
    visitor.index().sign_in(entry.session_id, &account, &password).await?;
    visitor.give_log_in_try_back(&account);
    Ok(json(&entry.answer(&account, &visitor).await?)?.into_response())
}

/// Ends the token's session.
pub(super) async fn log_out(_: Form, visitor: Visitor) -> Result<Response, Fault> {
    visitor.known()?;
    visitor.check_meant()?;
    visitor.leave().await?;
    Ok(json(&object!({ "account": null }))?.into_response())
}

/// Changes the password, which logs every other token of the account out. The one that
/// asked is replaced.
pub(super) async fn change_password(mut sent: Fields, visitor: Visitor) -> Result<Response, Fault> {
    visitor.check_meant()?;
    let account = own(&visitor)?;
    let (old, new) = (sent.text("old")?, sent.text("new")?);
    sent.end()?;
    visitor.take_log_in_try(&account)?;
    visitor.index().change_password(&account, &old, &new).await?;
    visitor.give_log_in_try_back(&account);
    let entry = Entry::of(&visitor).await?;
    visitor.index().sign_in(entry.session_id, &account, &new).await?;
    Ok(json(&entry.answer(&account, &visitor).await?)?.into_response())
}

/// The session that is to be logged in. The token that a program came with is replaced
/// only once it is, so that a wrong password costs nobody their session.
struct Entry {
    session_id: SessionId,
    begun: Option<SessionToken>,
}

impl Entry {
    async fn of(visitor: &Visitor) -> Result<Self, Fault> {
        if let Some(session_id) = visitor.program() {
            return Ok(Self { session_id, begun: None });
        }
        let (session_id, token) = visitor.renew_bearer().await?;
        Ok(Self { session_id, begun: Some(token) })
    }

    async fn answer(self, account: &AccountId, visitor: &Visitor) -> Result<serde_json::Value, Fault> {
        let token = match self.begun {
            Some(token) => token,
            None => visitor.renew_bearer().await?.1,
        };
        Ok(object!({ "account": account.as_str(), "token": token.to_cookie_text() }))
    }
}

fn credentials(mut sent: Fields) -> Result<(String, String), Fault> {
    let read = (sent.text("account")?, sent.text("password")?);
    sent.end()?;
    Ok(read)
}

fn own(visitor: &Visitor) -> Result<AccountId, Fault> {
    visitor.account().cloned().ok_or(WebError::SignInNeeded.into())
}
