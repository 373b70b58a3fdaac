//! Everything that can go wrong at a host, in words for people; and what each looks
//! like to a peer, to whom refused and absent are the same.

use std::path::PathBuf;

use enprint_protocol::money::Money;
use enprint_protocol::{ErrorCode, ProtocolError, Refusal};
use enprint_store::StoreError;

/// Why a host did not do what it was asked. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The database said no.
    #[error("The database: {0}.")]
    Store(#[from] StoreError),
    /// A record, a signature or a key is not as it must be.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// The data folder can't be made.
    #[error("The data folder {} can't be used: {source}. Check its permissions.", path.display())]
    DataFolder {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The configuration can't be used.
    #[error("The host's {what} can't be used: {problem}.")]
    Config {
        /// Which option.
        what: &'static str,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// The database belongs to another host key.
    #[error(
        "The database belongs to a host with another key. Copy its host.key into {}, or choose another database.",
        data_dir.display()
    )]
    AnotherHostKey {
        /// This process's data folder.
        data_dir: PathBuf,
    },
    /// What a row holds can't be read.
    #[error("The database holds {what} that can't be read; restore a backup.")]
    StoredUnreadable {
        /// Of what kind.
        what: &'static str,
    },

    /// Not there, or not for who asks.
    #[error("That is not here.")]
    NotHere,
    /// The invitation is wrong, used, too old or for another role: nobody is told which.
    #[error(
        "The invitation is not right: it may be mistyped, used already, too old, or for another role. Ask the host for a new one."
    )]
    BadInvitation,
    /// Too many wrong codes.
    #[error("There were too many wrong tries; wait a few minutes.")]
    TooManyTries,
    /// An invitation's time is nothing, or too long.
    #[error("An invitation can be valid from a minute to a year.")]
    BadValidity,

    /// Another event has this access code.
    #[error("Another gallery has this access code; make a new one.")]
    AccessCodeTaken,
    /// The photo's category is not one of its event's.
    #[error("The event has no category “{category}”; publish the event's data again, then the photos.")]
    UnknownCategory {
        /// As the photo says it.
        category: String,
    },
    /// A picture carries more than pixels and a colour profile.
    #[error("A picture of {file_name} carries data that a proof must not have (such as EXIF or a position): {found}.")]
    MetadataInPicture {
        /// The photo's file name.
        file_name: String,
        /// Which part of the file.
        found: &'static str,
    },
    /// As much as this host keeps for one photographer or event.
    #[error("{what}: this host keeps at most {max}.")]
    QuotaReached {
        /// Of what.
        what: &'static str,
        /// The bound (`limits.rs`).
        max: u64,
    },

    /// A field of a form can't be taken.
    #[error("{problem}")]
    Field {
        /// The form field's name: `name`, `email`, `delivery`, `address`, `note`,
        /// `quantity`, `account`, `password`.
        field: &'static str,
        /// A sentence: what is wrong and what would be right.
        problem: String,
    },
    /// The photo is no longer in the gallery.
    #[error("A photo is no longer in the gallery: {file_name}. Take it out of the basket to order the rest.")]
    PhotoGone {
        /// Its file name, or its id where only that is known.
        file_name: String,
    },
    /// The photo is there to be looked at alone.
    #[error("No prints can be made of a photo: {file_name}. Take it out of the basket to order the rest.")]
    NotForPrint {
        /// Its file name.
        file_name: String,
    },
    /// The size and finish are not on the price list.
    #[error("Prints of {size} {finish} are not on the price list (any more); choose another size.")]
    NotOnPriceList {
        /// As people write it.
        size: String,
        /// As people write it.
        finish: String,
    },
    /// There is nothing to order.
    #[error("The basket is empty.")]
    BasketEmpty,
    /// More lines than an order can have.
    #[error("The basket is full: it holds at most {max} different prints. Order these first.")]
    BasketFull {
        /// The bound (`limits.rs`).
        max: u64,
    },
    /// The customer saw another total than it comes to now.
    #[error("The prices have changed: the order now comes to {now}, not {shown}. Look at it again before you order.")]
    PricesChanged {
        /// What the customer saw.
        shown: Money,
        /// What it comes to.
        now: Money,
    },
    /// The order was declined, so nobody has to pay.
    #[error("The order was declined by the photographer, so it can't be marked paid.")]
    OrderDeclined,
    /// A word names several orders.
    #[error("Several orders have the number {number}; give the order's whole id.")]
    OrderAmbiguous {
        /// As given.
        number: String,
    },

    /// The account's id is taken.
    #[error("There is an account with this id already; sign in, or choose another id.")]
    AccountTaken,
    /// Wrong id or wrong password: nobody is told which.
    #[error("The id or the password is not right.")]
    WrongPassword,
    /// The password could not be hashed.
    #[error("The password can't be stored: {reason}.")]
    PasswordUnusable {
        /// What the library said.
        reason: String,
    },
    /// Too much at once.
    #[error("The host is busy; try again in a moment.")]
    Busy,
    /// The host is stopping.
    #[error("The host is stopping.")]
    Stopping,
}

/// What an error is to whoever asked. One place decides, so that each page and each
/// API answer can take its status from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// What was given can't be taken; the sentence says why. (HTTP 422)
    BadInput,
    /// Wrong id, password or code. (HTTP 401 or 403)
    NotAllowed,
    /// Not there, or not for who asks. (HTTP 404)
    NotHere,
    /// It no longer fits what is stored; look again. (HTTP 409)
    Conflict,
    /// Too often or too much; later. (HTTP 429 or 503)
    Busy,
    /// The host's own trouble: log it, and tell the visitor nothing of it. (HTTP 500)
    Internal,
}

impl HostError {
    /// What this is to whoever asked.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Store(StoreError::DatabaseBusy { .. } | StoreError::TransactionConflict { .. })
            | Self::TooManyTries
            | Self::Busy
            | Self::Stopping => ErrorKind::Busy,
            Self::Store(_)
            | Self::DataFolder { .. }
            | Self::Config { .. }
            | Self::AnotherHostKey { .. }
            | Self::StoredUnreadable { .. }
            | Self::PasswordUnusable { .. } => ErrorKind::Internal,
            Self::NotHere => ErrorKind::NotHere,
            Self::WrongPassword | Self::BadInvitation => ErrorKind::NotAllowed,
            Self::AccessCodeTaken
            | Self::PhotoGone { .. }
            | Self::NotForPrint { .. }
            | Self::NotOnPriceList { .. }
            | Self::PricesChanged { .. }
            | Self::OrderDeclined
            | Self::AccountTaken => ErrorKind::Conflict,
            _ => ErrorKind::BadInput,
        }
    }

    /// How this reads to a peer. The database's own words stay here.
    pub fn refusal(&self) -> Refusal {
        let code = match self {
            Self::NotHere => return Refusal::uniform(),
            Self::Protocol(error) => return error.clone().into(),
            Self::BadInvitation => ErrorCode::BadInvitation,
            Self::AccessCodeTaken => ErrorCode::Conflict,
            Self::QuotaReached { .. } => ErrorCode::TooLarge,
            Self::Store(StoreError::DatabaseFull { .. }) => {
                return Refusal::new(ErrorCode::DiskFull, "The host's disk is full; it is tried again later.");
            }
            _ => match self.kind() {
                ErrorKind::Busy => ErrorCode::Busy,
                ErrorKind::Internal => {
                    return Refusal::new(ErrorCode::Failed, "The host could not store it; nothing was changed.");
                }
                _ => ErrorCode::Malformed,
            },
        };
        Refusal::new(code, self.to_string())
    }

    /// A field that can't be taken.
    pub(crate) fn field(field: &'static str, problem: impl Into<String>) -> Self {
        Self::Field { field, problem: problem.into() }
    }
}
