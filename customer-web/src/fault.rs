//! Everything that can go wrong with a customer's request, and the one place where
//! it becomes an answer: a page for people, JSON for programs.

use enprint_host_index::{ErrorKind, HostError};
use enprint_web::{WebError, json, with_status};
use http::StatusCode;
use serde_json::json as object;
use warp::reply::{Reply, Response};

use crate::protocol::ProtocolError;

/// Why a request was not done. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The request itself is wrong, or comes too often.
    #[error(transparent)]
    Web(#[from] WebError),
    /// The host's database did not do it.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The access code opens nothing: wrong, unknown and malformed ones look the same.
    #[error("{WRONG_CODE}")]
    WrongCode,
    /// A field of a form or of a JSON body can't be taken.
    #[error("{problem}")]
    Field {
        /// The field's name.
        field: &'static str,
        /// A sentence: what is wrong and what would be right.
        problem: String,
    },
}

/// What is said of every access code that opens nothing.
pub const WRONG_CODE: &str = "No gallery opens with this code. It has twelve letters and digits, \
    such as 7K3M-Q9XA-2BTD; please check it against the photographer’s card.";

impl Fault {
    /// A field that can't be taken, with a sentence.
    pub fn field(field: &'static str, problem: impl Into<String>) -> Self {
        Self::Field { field, problem: problem.into() }
    }

    /// The field that is to blame, where one is, and what is wrong with it.
    pub fn of_field(&self) -> Option<(&'static str, &str)> {
        match self {
            Self::Field { field, problem } | Self::Host(HostError::Field { field, problem }) => Some((field, problem)),
            Self::WrongCode => Some(("access_code", WRONG_CODE)),
            _ => None,
        }
    }

    /// Whether the visitor can put it right in the form that they sent, which is then
    /// shown again with what they typed.
    pub fn is_for_the_form(&self) -> bool {
        self.of_field().is_some()
            || match self {
                Self::Host(error) => {
                    matches!(error.kind(), ErrorKind::BadInput | ErrorKind::NotAllowed | ErrorKind::Conflict)
                }
                _ => false,
            }
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Web(error) => error.status(),
            Self::WrongCode => StatusCode::FORBIDDEN,
            Self::Field { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Host(HostError::TooManyTries) => StatusCode::TOO_MANY_REQUESTS,
            Self::Host(error) => match error.kind() {
                ErrorKind::BadInput => StatusCode::UNPROCESSABLE_ENTITY,
                ErrorKind::NotAllowed => StatusCode::FORBIDDEN,
                ErrorKind::NotHere => StatusCode::NOT_FOUND,
                ErrorKind::Conflict => StatusCode::CONFLICT,
                ErrorKind::Busy => StatusCode::SERVICE_UNAVAILABLE,
                ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            },
        }
    }

    /// The answer to a program.
    pub fn into_json(self) -> Response {
        let code = match &self {
            Self::WrongCode => "wrong_code",
            Self::Field { .. } => "bad_input",
            Self::Host(error) => match error.kind() {
                ErrorKind::BadInput => "bad_input",
                ErrorKind::NotAllowed => "not_allowed",
                ErrorKind::Conflict => "conflict",
                ErrorKind::NotHere | ErrorKind::Busy | ErrorKind::Internal => return self.into_response(),
            },
            Self::Web(_) => return self.into_response(),
        };
        let field = self.of_field().map(|(field, _)| field);
        let body = object!({ "error": { "code": code, "message": self.to_string(), "field": field } });
        match json(&body) {
            Ok(answer) => with_status(answer, self.status()),
            Err(error) => error.into_response(),
        }
    }

    /// The same as the server's own error, which draws the page for it.
    fn into_web(self) -> WebError {
        match self {
            Self::Web(error) => error,
            Self::WrongCode => WebError::Forbidden,
            Self::Field { problem, .. } => WebError::bad(problem),
            Self::Host(HostError::TooManyTries) => WebError::TooMany { retry_after_s: RETRY_AFTER_S },
            Self::Host(error) => match error.kind() {
                ErrorKind::BadInput => WebError::bad(error.to_string()),
                ErrorKind::NotAllowed => WebError::Forbidden,
                ErrorKind::NotHere => WebError::NotFound,
                ErrorKind::Conflict => WebError::Conflict(error.to_string().into()),
                ErrorKind::Busy => WebError::Unavailable,
                ErrorKind::Internal => WebError::internal("the host's database did not do as asked", error),
            },
        }
    }
}

/// What the database's own throttle asks for.
const RETRY_AFTER_S: u64 = 300;

impl Reply for Fault {
    fn into_response(self) -> Response {
        self.into_web().into_response()
    }
}

impl From<ProtocolError> for Fault {
    fn from(error: ProtocolError) -> Self {
        Self::Host(HostError::Protocol(error))
    }
}
