//! Accounts: made, entered and left by programs. An account remembers galleries and
//! orders from one token to the next.

use enprint_host_index::views::AccountId;
use enprint_web::{Form, WebError, json, with_status};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json as object;
use warp::reply::{Reply, Response};

use super::shapes;
use crate::fault::Fault;
use crate::visitor::Visitor;

/// Who, and the proof of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Credentials {
    account: String,
    password: String,
}

/// The old password and the new one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPassword {
    old: String,
    new: String,
}

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

/// Makes an account and gives a token that is logged in with it.
pub(super) async fn create(sent: Credentials, visitor: Visitor) -> Result<Response, Fault> {
    let account: AccountId = sent.account.parse()?;
    visitor.take_log_in_try(&account)?;
    let (session_id, token) = visitor.renew_bearer().await?;
    visitor.index().create_account(session_id, &account, &sent.password).await?;
    let answer = object!({ "account": account.as_str(), "token": token.to_cookie_text() });
    Ok(with_status(json(&answer)?, StatusCode::CREATED))
}

/// Gives a token that is logged in.
pub(super) async fn log_in(sent: Credentials, visitor: Visitor) -> Result<Response, Fault> {
    let account: AccountId = sent.account.parse()?;
    visitor.take_log_in_try(&account)?;
    let (session_id, token) = visitor.renew_bearer().await?;
    visitor.index().sign_in(session_id, &account, &sent.password).await?;
    visitor.give_log_in_try_back(&account);
    Ok(json(&object!({ "account": account.as_str(), "token": token.to_cookie_text() }))?.into_response())
}

/// Ends the token's session.
pub(super) async fn log_out(_: Form, visitor: Visitor) -> Result<Response, Fault> {
    visitor.check_meant()?;
    visitor.leave().await?;
    Ok(json(&object!({}))?.into_response())
}

/// Changes the password, which logs every token of the account out.
pub(super) async fn change_password(sent: NewPassword, visitor: Visitor) -> Result<Response, Fault> {
    visitor.check_meant()?;
    let account = own(&visitor)?;
    visitor.take_log_in_try(&account)?;
    visitor.index().change_password(&account, &sent.old, &sent.new).await?;
    visitor.give_log_in_try_back(&account);
    Ok(json(&object!({}))?.into_response())
}

fn own(visitor: &Visitor) -> Result<AccountId, Fault> {
    visitor.account().cloned().ok_or(WebError::SignInNeeded.into())
}
