//! A ledger's copy and size.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::Ledger;
use sqlx::{ConnectOptions, Connection};

use super::engine::{Engine, sqlite_options};
use super::fault;
use super::location::LedgerLocation;
use crate::args;
use crate::error::StoreError;

/// See [`Ledger::backup_to`].
pub(super) async fn backup(ledger: &Ledger, target: &Path) -> Result<(), StoreError> {
    let LedgerLocation::File(source) = ledger.location() else {
        return Err(StoreError::BackupIsServers { location: ledger.location().to_string() });
    };
    let failed = |source| StoreError::BackupFailed { path: target.to_owned(), source };
    if tokio::fs::try_exists(target).await.map_err(failed)? {
        return Err(StoreError::BackupExists { path: target.to_owned() });
    }
    let partial = with_suffix(target, ".partial");
    remove_if_there(&partial).await.map_err(failed)?;
    let Some(partial_text) = partial.to_str() else {
        return Err(failed(io::Error::from(io::ErrorKind::InvalidFilename)));
    };
    let copied = copy(source, partial_text).await;
    if let Err(error) = copied {
        // The copy's failure is the news; what is left of it is replaced next time.
        let _ = remove_if_there(&partial).await;
        return Err(fault::explain(Engine::Sqlite, partial_text, error));
    }
    let (partial, target_path) = (partial, target.to_owned());
    let finished = tokio::task::spawn_blocking(move || put_in_place(&partial, &target_path)).await;
    finished.map_err(io::Error::other).and_then(|done| done).map_err(failed)
}

/// See [`Ledger::bytes_at_rest`].
pub(super) async fn bytes_at_rest(ledger: &Ledger) -> Result<u64, StoreError> {
    match ledger.location() {
        LedgerLocation::File(path) => {
            let mut bytes = 0;
            for path in [path.clone(), with_suffix(path, "-wal")] {
                bytes += tokio::fs::metadata(path).await.map_or(0, |about| about.len());
            }
            Ok(bytes)
        }
        LedgerLocation::Postgres(_) => {
            let sql = "SELECT pg_database_size(current_database()) AS bytes";
            let row = ledger.read().fetch_one(sql, args![]).await?;
            Ok(row.int("bytes")?.unsigned_abs())
        }
    }
}

/// On a connection of its own: the writer's would stop all writing for as long, and the
/// readers' may change nothing, by which SQLite means other files too.
async fn copy(source: &Path, target: &str) -> Result<(), sqlx::Error> {
    let mut connection = sqlite_options(source).connect().await?;
    let copied = sqlx::query("VACUUM INTO $1").bind(target).execute(&mut connection).await;
    connection.close().await?;
    copied.map(drop)
}

/// SQLite does not sync what `VACUUM INTO` writes; a backup has to outlive a power cut.
fn put_in_place(partial: &Path, target: &Path) -> io::Result<()> {
    std::fs::File::open(partial)?.sync_all()?;
    std::fs::rename(partial, target)?;
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
    std::fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

async fn remove_if_there(path: &Path) -> io::Result<()> {
    match tokio::fs::remove_file(path).await {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}
