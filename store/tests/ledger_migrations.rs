//! Schemas move forward, once, and never under the feet of a program that is too old.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests end by them

mod ledger_support;

use enprint_store::ledger::{Ledger, Migration};
use enprint_store::{StoreError, args};
use ledger_support::Bench;

const FIRST: Migration = Migration::new(1, "events", "CREATE TABLE event (id {TEXT} PRIMARY KEY) {STRICT};");
const SECOND: Migration = Migration::new(
    5,
    "places",
    "ALTER TABLE event ADD COLUMN place {TEXT} NOT NULL DEFAULT 'unknown';
     CREATE INDEX event_place ON event (place);
     INSERT INTO event (id) VALUES ('made by the second step');",
);
const OLD: &[Migration] = &[FIRST];
const NEW: &[Migration] = &[FIRST, SECOND];

on_both_engines!(
    an_older_database_is_brought_up_and_keeps_its_rows,
    a_newer_database_is_refused,
    another_programs_database_is_refused,
    a_step_that_fails_leaves_everything_as_it_was,
    many_starts_at_once_run_each_step_once,
    a_list_of_steps_that_makes_no_sense_is_refused,
);

async fn an_older_database_is_brought_up_and_keeps_its_rows(bench: Bench) {
    let old = bench.open(OLD).await;
    old.execute("INSERT INTO event (id) VALUES ($1)", args!["e"]).await.unwrap();
    old.close().await;
    for _ in 0..2 {
        let new = bench.open(NEW).await;
        let sql = "SELECT id, place FROM event ORDER BY id";
        let rows = new.read().fetch_all(sql, args![]).await.unwrap();
        assert_eq!(rows.len(), 2, "the second step ran once");
        assert_eq!(rows[0].text("id").unwrap(), "e");
        assert_eq!(rows[0].text("place").unwrap(), "unknown");
        new.close().await;
    }
}

async fn a_newer_database_is_refused(bench: Bench) {
    bench.open(NEW).await.close().await;
    let error = Ledger::open(bench.location.clone(), OLD).await.unwrap_err();
    assert!(matches!(error, StoreError::DatabaseNewer { found: 5, known: 1, .. }), "{error:?}");
    assert!(error.to_string().contains("newer version of this program"), "{error}");
    bench.open(NEW).await; // and it is none the worse for it
}

async fn another_programs_database_is_refused(bench: Bench) {
    const OTHER: &[Migration] = &[Migration::new(1, "jobs", "CREATE TABLE job (id {TEXT} PRIMARY KEY);"), SECOND];
    bench.open(OLD).await.close().await;
    let error = Ledger::open(bench.location.clone(), OTHER).await.unwrap_err();
    assert!(matches!(error, StoreError::MigrationChanged { version: 1, .. }), "{error:?}");
}

async fn a_step_that_fails_leaves_everything_as_it_was(bench: Bench) {
    const BROKEN: &[Migration] =
        &[FIRST, Migration::new(2, "broken", "CREATE TABLE half_done (id {INT}); INSERT INTO nowhere VALUES (1);")];
    let error = Ledger::open(bench.location.clone(), BROKEN).await.unwrap_err();
    assert!(matches!(error, StoreError::MigrationFailed { version: 2, .. }), "{error:?}");
    assert!(error.to_string().contains("“broken”"), "{error}");
    let ledger = bench.open(OLD).await;
    let half = ledger.read().fetch_all("SELECT id FROM half_done", args![]).await;
    assert!(half.is_err(), "the first half of the step is undone");
}

async fn many_starts_at_once_run_each_step_once(bench: Bench) {
    let starts: Vec<_> = (0..6)
        .map(|_| {
            let bench = bench.clone();
            tokio::spawn(async move { bench.open(NEW).await })
        })
        .collect();
    for start in starts {
        start.await.unwrap();
    }
    let ledger = bench.open(NEW).await;
    let sql = "SELECT version FROM enprint_migration ORDER BY version";
    let rows = ledger.read().fetch_all(sql, args![]).await.unwrap();
    let versions: Vec<_> = rows.iter().map(|row| row.int("version").unwrap()).collect();
    assert_eq!(versions, [1, 5]);
}

async fn a_list_of_steps_that_makes_no_sense_is_refused(bench: Bench) {
    const BACKWARDS: &[Migration] = &[SECOND, FIRST];
    const TOKEN: &[Migration] = &[Migration::new(1, "t", "CREATE TABLE t (id {NUMBER});")];
    for steps in [BACKWARDS, TOKEN] {
        let error = Ledger::open(bench.location.clone(), steps).await.unwrap_err();
        assert!(matches!(error, StoreError::MigrationUnclear { .. }), "{error:?}");
    }
}
