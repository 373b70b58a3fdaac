//! What only an SQLite ledger has: a file, with its durability, copy and faults.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests end by them

mod ledger_support;

use std::path::Path;
use std::process::Command;

use enprint_store::ledger::{Ledger, LedgerLocation, Migration};
use enprint_store::{StoreError, args};

const SCHEMA: &[Migration] =
    &[Migration::new(1, "photos", "CREATE TABLE photo (id {AUTO_ID}, proof {BLOB} NOT NULL) {STRICT};")];
const ADD: &str = "INSERT INTO photo (proof) VALUES ($1)";

async fn open(path: &Path) -> Ledger {
    Ledger::open(LedgerLocation::File(path.to_owned()), SCHEMA).await.unwrap()
}

async fn photos(ledger: &Ledger) -> i64 {
    let sql = "SELECT COUNT(*) AS n FROM photo";
    ledger.read().fetch_one(sql, args![]).await.unwrap().int("n").unwrap()
}

#[tokio::test]
async fn a_commit_is_synced_and_references_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(&folder.path().join("a.sqlite")).await;
    let mut tx = ledger.begin().await.unwrap();
    let row = tx.fetch_one("PRAGMA journal_mode", args![]).await.unwrap();
    assert_eq!(row.text("journal_mode").unwrap(), "wal");
    let row = tx.fetch_one("PRAGMA synchronous", args![]).await.unwrap();
    assert_eq!(row.int("synchronous").unwrap(), 2, "FULL");
    let row = tx.fetch_one("PRAGMA foreign_keys", args![]).await.unwrap();
    assert_eq!(row.int("foreign_keys").unwrap(), 1);
    let row = tx.fetch_one("PRAGMA auto_vacuum", args![]).await.unwrap();
    assert_eq!(row.int("auto_vacuum").unwrap(), 2, "INCREMENTAL");
}

#[tokio::test]
async fn a_reader_cannot_write() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(&folder.path().join("a.sqlite")).await;
    let sql = "INSERT INTO photo (proof) VALUES ($1) RETURNING id";
    let error = ledger.read().fetch_one(sql, args![b"x"]).await.err().unwrap();
    assert!(matches!(error, StoreError::DatabaseReadOnly { .. }), "{error:?}");
    assert_eq!(photos(&ledger).await, 0);
}

#[cfg(unix)]
#[tokio::test]
async fn others_on_the_machine_cannot_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new folder/a.sqlite");
    let ledger = open(&path).await;
    ledger.execute(ADD, args![b"x"]).await.unwrap();
    for name in ["a.sqlite", "a.sqlite-wal"] {
        let about = std::fs::metadata(path.with_file_name(name)).unwrap();
        assert_eq!(about.permissions().mode() & 0o077, 0, "{name}");
    }
}

#[tokio::test]
async fn a_backup_is_whole_and_overwrites_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(&folder.path().join("a.sqlite")).await;
    ledger.execute(ADD, args![vec![7u8; 100_000]]).await.unwrap();
    let copy = folder.path().join("it's a copy.sqlite");
    // Also while a transaction is open: the copy is of what was committed.
    let mut tx = ledger.begin().await.unwrap();
    tx.execute(ADD, args![b"not yet"]).await.unwrap();
    ledger.backup_to(&copy).await.unwrap();
    tx.commit().await.unwrap();

    let error = ledger.backup_to(&copy).await.unwrap_err();
    assert!(matches!(error, StoreError::BackupExists { .. }), "{error:?}");
    let restored = open(&copy).await;
    assert_eq!(photos(&restored).await, 1);
    let row = restored.read().fetch_one("SELECT proof FROM photo", args![]).await.unwrap();
    assert_eq!(row.bytes("proof").unwrap(), vec![7u8; 100_000]);
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("partial"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn deleting_gives_space_back_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.sqlite");
    let ledger = open(&path).await;
    ledger.execute(ADD, args![vec![7u8; 5_000_000]]).await.unwrap();
    ledger.execute("DELETE FROM photo", args![]).await.unwrap();
    ledger.give_back_space().await.unwrap();
    ledger.close().await;
    let bytes = std::fs::metadata(&path).unwrap().len();
    assert!(bytes < 200_000, "{bytes} bytes are kept");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_said_to_be_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.sqlite");
    std::fs::write(&path, b"<!doctype html>".repeat(500)).unwrap();
    let error = Ledger::open(LedgerLocation::File(path.clone()), SCHEMA).await.unwrap_err();
    assert!(matches!(error, StoreError::DatabaseDamaged { .. }), "{error:?}");
    assert!(std::fs::read(&path).unwrap().starts_with(b"<!doctype"), "it is left as it was");
}

/// SQLite's own bound on the file's pages raises the same error as a full disk.
#[tokio::test]
async fn no_space_is_said_in_words_and_harms_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(&folder.path().join("a.sqlite")).await;
    ledger.execute(ADD, args![b"before"]).await.unwrap();
    let mut tx = ledger.begin().await.unwrap();
    tx.fetch_optional("PRAGMA max_page_count = 20", args![]).await.unwrap();
    drop(tx);
    assert_says_full(&ledger).await;
    let mut tx = ledger.begin().await.unwrap();
    tx.fetch_optional("PRAGMA max_page_count = 1000000", args![]).await.unwrap();
    drop(tx);
    assert_eq!(photos(&ledger).await, 1);
    ledger.execute(ADD, args![vec![1u8; 3_000_000]]).await.unwrap();
    assert_eq!(photos(&ledger).await, 2);
}

async fn assert_says_full(ledger: &Ledger) {
    let error = ledger.execute(ADD, args![vec![1u8; 3_000_000]]).await.unwrap_err();
    assert!(matches!(error, StoreError::DatabaseFull { .. }), "{error:?}");
    assert!(error.to_string().contains("no space is left"), "{error}");
    assert_eq!(photos(ledger).await, 1, "what was committed can be read");
}

/// A real full disk: a tmpfs of 2 MiB that the kernel lets a child of the test mount.
#[test]
fn a_full_disk_is_said_in_words_and_harms_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o size=2m none \"$1\" || exit 77; FULL_DISK=\"$1\" \
                  exec \"$2\" --ignored --exact --nocapture child_on_a_full_disk";
    let child = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", script, "sh"])
        .arg(folder.path())
        .arg(std::env::current_exe().unwrap())
        .output();
    match child {
        Ok(output) if output.status.success() => {
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(said.contains("stayed whole on a full disk"), "{said}");
        }
        Ok(output) if output.status.code() == Some(101) => {
            panic!("{}", String::from_utf8_lossy(&output.stderr))
        }
        other => eprintln!("LEFT OUT on a real full disk: a tmpfs may not be mounted: {other:?}"),
    }
}

#[tokio::test]
#[ignore = "run by a_full_disk_is_said_in_words_and_harms_nothing"]
async fn child_on_a_full_disk() {
    let folder = std::env::var_os("FULL_DISK").unwrap();
    let path = Path::new(&folder).join("a.sqlite");
    let ledger = open(&path).await;
    ledger.execute(ADD, args![b"before"]).await.unwrap();
    assert_says_full(&ledger).await;
    ledger.close().await;
    let again = open(&path).await;
    again.execute(ADD, args![b"after"]).await.unwrap();
    assert_eq!(photos(&again).await, 2);
    println!("stayed whole on a full disk");
}
