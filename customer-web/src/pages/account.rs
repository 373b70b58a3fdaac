//! Accounts: logging in and out, making one, changing the password. Nobody needs an
//! account to order.

use enprint_host_index::HostError;
use enprint_host_index::limits::{ACCOUNT_ID_BYTES_MAX, PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN};
use enprint_host_index::views::AccountId;
use enprint_web::components::{Field, Input, Tone, button, field, notice, post_form};
use enprint_web::{Form, Markup, SeeOther, html, with_status};
use http::StatusCode;
use warp::reply::{Reply, Response};

use super::orders::list;
use crate::fault::Fault;
use crate::parts::frame::{Place, gallery_path, page};
use crate::visitor::Visitor;
use crate::words;

/// The account of who is logged in, or the form to log in.
pub async fn show(query: Form, visitor: Visitor) -> Result<Response, Fault> {
    match visitor.account() {
        Some(id) => {
            let changed = query.filled("changed").map(|_| "The password is changed.");
            own(&visitor, id, changed, None).await
        }
        None => Ok(log_in_page(&visitor, "", None)),
    }
}

/// Logs in. What this device has opened becomes the account's too.
pub async fn log_in(form: Form, visitor: Visitor) -> Result<Response, Fault> {
    let typed = form.optional("account").unwrap_or_default();
    match signed_in(typed, password(&form, "password"), &visitor).await {
        Ok(()) => Ok(SeeOther::to("/account").into_response()),
        Err(fault) if fault.is_for_the_form() => Ok(log_in_page(&visitor, typed, Some(&fault))),
        Err(fault) => Err(fault),
    }
}

/// The form for a new account.
pub async fn new(_: Form, visitor: Visitor) -> Result<Response, Fault> {
    Ok(new_page(&visitor, "", None))
}

/// Makes an account and logs in with it.
pub async fn create(form: Form, visitor: Visitor) -> Result<Response, Fault> {
    let typed = form.optional("account").unwrap_or_default();
    match created(typed, password(&form, "password"), &visitor).await {
        Ok(()) => Ok(SeeOther::to("/account").into_response()),
        Err(fault) if fault.is_for_the_form() => Ok(new_page(&visitor, typed, Some(&fault))),
        Err(fault) => Err(fault),
    }
}

/// Changes the password. Every other device is logged out.
pub async fn change_password(form: Form, visitor: Visitor) -> Result<Response, Fault> {
    let Some(id) = visitor.account().cloned() else {
        return Ok(SeeOther::to("/account").into_response());
    };
    visitor.take_log_in_try(&id)?;
    let new = password(&form, "new_password");
    let changed = visitor.index().change_password(&id, password(&form, "old_password"), new).await;
    match changed.map_err(Fault::from) {
        Ok(()) => {
            visitor.give_log_in_try_back(&id);
            let session_id = visitor.renew().await?;
            visitor.index().sign_in(session_id, &id, new).await?;
            Ok(SeeOther::to("/account?changed=yes").into_response())
        }
        Err(fault) if fault.is_for_the_form() => own(&visitor, &id, None, Some(&fault)).await,
        Err(fault) => Err(fault),
    }
}

/// Logs out and forgets what this device had opened.
pub async fn log_out(_: Form, visitor: Visitor) -> Result<SeeOther, Fault> {
    visitor.leave().await?;
    Ok(SeeOther::to("/"))
}

async fn signed_in(typed: &str, password: &str, visitor: &Visitor) -> Result<(), Fault> {
    // what can't be an account's id is as wrong as any other
    let id: AccountId = typed.parse().map_err(|_| HostError::WrongPassword)?;
    visitor.take_log_in_try(&id)?;
    let session_id = visitor.renew().await?;
    visitor.index().sign_in(session_id, &id, password).await?;
    visitor.give_log_in_try_back(&id);
    Ok(())
}

async fn created(typed: &str, password: &str, visitor: &Visitor) -> Result<(), Fault> {
    let id: AccountId = typed.parse()?;
    visitor.take_log_in_try(&id)?;
    let session_id = visitor.renew().await?;
    Ok(visitor.index().create_account(session_id, &id, password).await?)
}

/// As sent: spaces at its ends belong to a password.
fn password<'a>(form: &'a Form, name: &'a str) -> &'a str {
    form.all(name).next().unwrap_or_default()
}

fn log_in_page(visitor: &Visitor, typed: &str, fault: Option<&Fault>) -> Response {
    let inside = html! {
        (account_field(typed, error(fault, "account")))
        (secret("password", "Password", Input::Password, None, error(fault, "password")))
        (button("Log in", true))
    };
    let page = page(visitor, "Log in", Place::Account).main(html! {
        h1 { "Log in" }
        (general(fault, &["account", "password"]))
        (post_form(&visitor.visit, "/account/log-in", inside))
        p.below-form {
            "You need no account to order. One remembers your galleries and orders from one device to the next. "
            a href="/account/create" { "Make an account" }
        }
    });
    with_status(page, status(fault))
}

fn new_page(visitor: &Visitor, typed: &str, fault: Option<&Fault>) -> Response {
    let inside = html! {
        (account_field(typed, error(fault, "account")))
        (secret("password", "Password", Input::NewPassword, Some(&password_help()), error(fault, "password")))
        (button("Make the account", true))
    };
    let page = page(visitor, "Make an account", Place::Account).main(html! {
        h1 { "Make an account" }
        (general(fault, &["account", "password"]))
        (post_form(&visitor.visit, "/account/create", inside))
        p.below-form { "You have one? " a href="/account" { "Log in" } }
    });
    with_status(page, status(fault))
}

/// The account with what it has opened and ordered; orders of this device are with them.
async fn own(visitor: &Visitor, id: &AccountId, said: Option<&str>, fault: Option<&Fault>) -> Result<Response, Fault> {
    let account = visitor.index().account(id).await?;
    let orders = visitor.index().orders_of_session(visitor.known()?.session_id).await?;
    let passwords = html! {
        (secret("old_password", "Password so far", Input::Password, None, None))
        (secret("new_password", "New password", Input::NewPassword, Some(&password_help()), error(fault, "password")))
        (button("Change the password", false))
    };
    let page = page(visitor, "Account", Place::Account).main(html! {
        h1 { "Your account" }
        p.help { (account.id) " · since " (words::moment(account.created)) }
        @if let Some(said) = said { (notice(Tone::Success, said)) }
        (general(fault, &["password"]))
        h2 { "Galleries" }
        @if account.galleries.is_empty() {
            p { "None yet. " a href="/" { "Open one with its access code" } }
        } @else {
            ul.plain-list {
                @for (event_id, name) in &account.galleries { li { a href=(gallery_path(event_id)) { (name) } } }
            }
        }
        h2 { "Orders" }
        @if orders.is_empty() { p { "None yet." } } @else { (list(&orders)) }
        h2 { "Password" }
        (post_form(&visitor.visit, "/account/password", passwords))
        h2 { "Log out" }
        p { "This device then forgets its galleries and baskets; your account keeps its galleries and orders." }
        (post_form(&visitor.visit, "/account/log-out", button("Log out", false)))
    });
    Ok(with_status(page, status(fault)))
}

fn account_field(typed: &str, error: Option<&str>) -> Markup {
    field(&Field {
        value: typed,
        help: Some("Your e-mail address, or another name of your own."),
        error,
        max_length: Some(ACCOUNT_ID_BYTES_MAX),
        autocomplete: Some("username"),
        ..Field::new("account", "E-mail or name", Input::Text)
    })
}

fn secret(name: &str, label: &str, input: Input, help: Option<&str>, error: Option<&str>) -> Markup {
    field(&Field { help, error, max_length: Some(PASSWORD_BYTES_MAX), ..Field::new(name, label, input) })
}

fn password_help() -> String {
    format!("At least {PASSWORD_CHARS_MIN} characters. A few words together are easy to remember.")
}

fn error<'a>(fault: Option<&'a Fault>, name: &str) -> Option<&'a str> {
    let (field, problem) = fault?.of_field()?;
    (field == name).then_some(problem)
}

/// What is wrong with none of these fields.
fn general(fault: Option<&Fault>, fields: &[&str]) -> Markup {
    let Some(fault) = fault else {
        return Markup::default();
    };
    let is_beside_one = fault.of_field().is_some_and(|(field, _)| fields.contains(&field));
    html! { @if !is_beside_one { (notice(Tone::Problem, &fault.to_string())) } }
}

fn status(fault: Option<&Fault>) -> StatusCode {
    fault.map_or(StatusCode::OK, Fault::status)
}
