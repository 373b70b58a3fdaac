//! Where a ledger's database is, as a person writes it. Opens nothing.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;

use crate::error::StoreError;

/// Where a ledger's database is.
#[derive(Clone, PartialEq, Eq)]
pub enum LedgerLocation {
    /// An SQLite file. It and its folder are made when they are missing.
    File(PathBuf),
    /// The address of a PostgreSQL database: `postgres://user:password@server/name`.
    Postgres(String),
}

impl FromStr for LedgerLocation {
    type Err = StoreError;

    /// Understands `postgres://…`, `postgresql://…`, `sqlite:PATH` and a plain path.
    fn from_str(given: &str) -> Result<Self, StoreError> {
        if given.starts_with("postgres://") || given.starts_with("postgresql://") {
            postgres_options(given)?;
            return Ok(Self::Postgres(given.to_owned()));
        }
        let path = given.strip_prefix("sqlite://").or_else(|| given.strip_prefix("sqlite:"));
        let path = path.unwrap_or(given);
        if path.is_empty() || path.contains("://") {
            return Err(StoreError::LedgerLocationUnclear {
                problem: "it is neither a file's path nor an address that begins with postgres://",
            });
        }
        Ok(Self::File(PathBuf::from(path)))
    }
}

/// For people and logs: without the password.
impl fmt::Display for LedgerLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Postgres(url) => match postgres_options(url) {
                Ok(o) => {
                    let name = o.get_database().unwrap_or_else(|| o.get_username());
                    write!(f, "postgres://{}:{}/{name}", o.get_host(), o.get_port())
                }
                Err(_) => write!(f, "postgres://…"),
            },
        }
    }
}

/// As [`Display`](fmt::Display), because a password must not reach a log by `{:?}` either.
impl fmt::Debug for LedgerLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LedgerLocation({self})")
    }
}

pub(super) fn postgres_options(url: &str) -> Result<PgConnectOptions, StoreError> {
    // The parser's own error may quote the address, and with it the password.
    PgConnectOptions::from_str(url).map_err(|_| StoreError::LedgerLocationUnclear {
        problem: "it should read postgres://user:password@server:5432/name, with any of @ : / ? # \
                  in the password written as %40 %3A %2F %3F %23",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn location_is_read_as_people_write_it() {
        for (text, path) in [("a/b.sqlite", "a/b.sqlite"), ("sqlite:/x.db", "/x.db"), ("sqlite:///x.db", "/x.db")] {
            assert_eq!(text.parse::<LedgerLocation>().unwrap(), LedgerLocation::File(path.into()));
        }
        assert!(matches!("postgres://h/db".parse(), Ok(LedgerLocation::Postgres(_))));
        assert!("mysql://h/db".parse::<LedgerLocation>().is_err());
        assert!("".parse::<LedgerLocation>().is_err());
    }

    #[test]
    fn password_is_shown_nowhere() {
        let location: LedgerLocation = "postgres://ana:s3cret@db.example:5433/shop".parse().unwrap();
        for shown in [location.to_string(), format!("{location:?}")] {
            assert!(shown.contains("postgres://db.example:5433/shop"), "{shown}");
            assert!(!shown.contains("s3cret"), "{shown}");
        }
        let error = "postgres://ana:s3c/ret@db:x/shop".parse::<LedgerLocation>().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3c"), "{error:?}");
    }
}
