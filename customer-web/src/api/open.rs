//! An access code opens a gallery, and gives the token that stands for it from then on.

use enprint_web::json;
use serde_json::json as object;
use warp::reply::{Reply, Response};

use super::fields::Fields;
use crate::fault::Fault;
use crate::protocol::access_code::AccessCode;
use crate::visitor::Visitor;

/// Opens a gallery. With a bearer token, its session gets the gallery too, and a new
/// token. A wrong code and one that is no code at all get the same answer.
pub(super) async fn open(mut sent: Fields, visitor: Visitor) -> Result<Response, Fault> {
    visitor.check_meant()?;
    let typed = sent.text("access_code")?;
    sent.end()?;
    visitor.take_code_try()?;
    let code: AccessCode = typed.parse().map_err(|_| Fault::WrongCode)?;
    let event_id = visitor.index().open_gallery(&code).await?.ok_or(Fault::WrongCode)?;
    let gallery = visitor.index().gallery(event_id).await?.ok_or(Fault::WrongCode)?;
    let (session_id, token) = visitor.renew_bearer().await?;
    visitor.index().admit_session(session_id, event_id).await?;
    visitor.give_code_try_back();
    let opened = object!({
        "event_id": event_id.to_string(),
        "name": gallery.event.name,
        "token": token.to_cookie_text(),
    });
    Ok(json(&opened)?.into_response())
}
