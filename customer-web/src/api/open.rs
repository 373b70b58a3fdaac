//! An access code opens a gallery, and gives the token that stands for it from then on.

use enprint_web::{json, with_status};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use warp::reply::{Reply, Response};

use crate::fault::Fault;
use crate::protocol::access_code::AccessCode;
use crate::visitor::Visitor;

/// What is sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Open {
    access_code: String,
}

#[derive(Serialize)]
struct Opened {
    event_id: String,
    name: String,
    token: String,
}

/// Opens a gallery. With a bearer token, its session gets the gallery too, and a new
/// token. A wrong code and one that is no code at all get the same answer.
pub(super) async fn open(sent: Open, visitor: Visitor) -> Result<Response, Fault> {
    visitor.take_code_try()?;
    let code: AccessCode = sent.access_code.parse().map_err(|_| Fault::WrongCode)?;
    let event_id = visitor.index().open_gallery(&code).await?.ok_or(Fault::WrongCode)?;
    visitor.give_code_try_back();
    let (session_id, token) = visitor.renew_bearer().await?;
    visitor.index().admit_session(session_id, event_id).await?;
    let gallery = visitor.index().gallery(event_id).await?.ok_or(Fault::WrongCode)?;
    let opened = Opened { event_id: event_id.to_string(), name: gallery.event.name, token: token.to_cookie_text() };
    Ok(with_status(json(&opened)?, StatusCode::OK).into_response())
}
