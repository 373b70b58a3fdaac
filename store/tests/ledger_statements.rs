//! Statements and transactions mean the same on both engines.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests end by them

mod ledger_support;

use enprint_store::ledger::{Ledger, Migration, Tx};
use enprint_store::{StoreError, args};
use ledger_support::Bench;

const SCHEMA: &[Migration] = &[Migration::new(
    1,
    "tables for the test",
    "CREATE TABLE event (id {TEXT} PRIMARY KEY, visits {INT} NOT NULL DEFAULT 0) {STRICT};
     CREATE TABLE photo (
        id {AUTO_ID},
        event_id {TEXT} NOT NULL REFERENCES event (id),
        proof {BLOB},
        caption {TEXT},
        rating {INT}
     ) {STRICT};",
)];

on_both_engines!(
    values_come_back_as_they_went_in,
    a_column_that_is_not_there_is_named,
    nothing_happens_in_a_transaction_that_is_dropped_or_fails,
    a_tries_again_loop_loses_no_increment,
    a_snapshot_sees_one_moment,
    broken_rules_have_names_of_their_own,
    too_long_an_answer_is_refused,
    text_is_sorted_by_bytes,
    bytes_at_rest_grow_with_what_is_stored,
    the_same_transaction_can_be_spawned_with_borrowed_values,
);

async fn add_event(ledger: &Ledger, id: &str) {
    ledger.execute("INSERT INTO event (id) VALUES ($1)", args![id]).await.unwrap();
}

async fn values_come_back_as_they_went_in(bench: Bench) {
    let ledger = bench.open(SCHEMA).await;
    add_event(&ledger, "e").await;
    let proof: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    let sql = "INSERT INTO photo (event_id, proof, caption, rating) VALUES ($1, $2, $3, $4)";
    let full = args!["e", &proof, "Zoë ♥ 'quoted' $1 ?", i64::MIN];
    ledger.execute(sql, full).await.unwrap();
    let nulls = args!["e", None::<Vec<u8>>, None::<&str>, None::<i64>];
    ledger.execute(sql, nulls).await.unwrap();

    let sql = "SELECT proof, caption, rating, rating < $2 AS low FROM photo
         WHERE event_id = $1 OR caption = $1 ORDER BY id LIMIT $3";
    let rows = ledger.read().fetch_all(sql, args!["e", 0, 10]).await.unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].bytes("proof").unwrap(), proof);
    assert_eq!(rows[0].text("caption").unwrap(), "Zoë ♥ 'quoted' $1 ?");
    assert_eq!(rows[0].int("rating").unwrap(), i64::MIN);
    assert!(rows[0].get::<bool>("low").unwrap());
    assert_eq!(rows[1].get::<Option<Vec<u8>>>("proof").unwrap(), None);
    assert_eq!(rows[1].get::<Option<String>>("caption").unwrap(), None);
    assert_eq!(rows[1].get::<Option<i64>>("rating").unwrap(), None);
    assert!(rows[1].int("rating").is_err(), "NULL is not a number");
    let sum = "SELECT 1 AS one, COUNT(*) AS photos, CAST(SUM(rating) AS BIGINT) AS s FROM photo";
    let row = ledger.read().fetch_one(sql_static(sum), args![]).await.unwrap();
    assert_eq!((row.int("one").unwrap(), row.int("photos").unwrap()), (1, 2));
    assert_eq!(row.int("s").unwrap(), i64::MIN);
}

/// Statements are literals of the program; this one is too.
fn sql_static(sql: &'static str) -> &'static str {
    sql
}

async fn a_column_that_is_not_there_is_named(bench: Bench) {
    let ledger = bench.open(SCHEMA).await;
    add_event(&ledger, "e").await;
    let row = ledger.read().fetch_one("SELECT id FROM event", args![]).await.unwrap();
    let error = row.text("name").unwrap_err();
    assert!(matches!(&error, StoreError::ColumnUnexpected { column, .. } if column == "name"));
    assert!(row.int("id").is_err(), "text is not a number");
}

async fn nothing_happens_in_a_transaction_that_is_dropped_or_fails(bench: Bench) {
    let ledger = bench.open(SCHEMA).await;
    let mut tx = ledger.begin().await.unwrap();
    tx.execute("INSERT INTO event (id) VALUES ($1)", args!["dropped"]).await.unwrap();
    drop(tx);
    let failed: Result<(), StoreError> = ledger
        .write(|tx| {
            Box::pin(async move {
                tx.execute("INSERT INTO event (id) VALUES ($1)", args!["failed"]).await?;
                Err(StoreError::RowMissing { statement: "on purpose" })
            })
        })
        .await;
    assert!(failed.is_err());
    let row = ledger.read().fetch_one("SELECT COUNT(*) AS n FROM event", args![]).await.unwrap();
    assert_eq!(row.int("n").unwrap(), 0);
}

/// Reads, then writes what it computed: wrong unless transactions are serializable.
async fn visit(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let row = tx.fetch_one("SELECT visits FROM event WHERE id = $1", args!["e"]).await?;
    let visits = row.int("visits")? + 1;
    tx.execute("UPDATE event SET visits = $2 WHERE id = $1", args!["e", visits]).await?;
    Ok(())
}

async fn a_tries_again_loop_loses_no_increment(bench: Bench) {
    let ledger = bench.open(SCHEMA).await;
    add_event(&ledger, "e").await;
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let bench = bench.clone();
            tokio::spawn(async move {
                let own = bench.open(SCHEMA).await;
                for _ in 0..10 {
                    own.write(|tx| Box::pin(visit(tx))).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let row = ledger.read().fetch_one("SELECT visits FROM event", args![]).await.unwrap();
    assert_eq!(row.int("visits").unwrap(), 40);
}

async fn a_snapshot_sees_one_moment(bench: Bench) {
    let ledger = bench.open(SCHEMA).await;
    let count = "SELECT COUNT(*) AS n FROM event";
    let mut snapshot = ledger.snapshot().await.unwrap();
    assert_eq!(snapshot.fetch_one(count, args![]).await.unwrap().int("n").unwrap(), 0);
    add_event(&ledger, "later").await;
    assert_eq!(snapshot.fetch_one(count, args![]).await.unwrap().int("n").unwrap(), 0);
    assert_eq!(ledger.read().fetch_one(count, args![]).await.unwrap().int("n").unwrap(), 1);
}

async fn broken_rules_have_names_of_their_own(bench: Bench) {
    let ledger = bench.open(SCHEMA).await;
    add_event(&ledger, "e").await;
    let twice = ledger.execute("INSERT INTO event (id) VALUES ($1)", args!["e"]).await;
    assert!(matches!(twice, Err(StoreError::RowAlreadyThere { .. })), "{twice:?}");
    let orphan = ledger.execute("INSERT INTO photo (event_id) VALUES ($1)", args!["none"]).await;
    assert!(matches!(orphan, Err(StoreError::RowReferenceBroken { .. })), "{orphan:?}");
    let nonsense = ledger.execute("INSERT INTO nowhere VALUES (1)", args![]).await;
    assert!(matches!(nonsense, Err(StoreError::StatementFailed { .. })), "{nonsense:?}");
    let none = ledger.read().fetch_one("SELECT id FROM event WHERE id = $1", args!["x"]).await;
    assert!(matches!(none.err(), Some(StoreError::RowMissing { .. })));
}

async fn too_long_an_answer_is_refused(bench: Bench) {
    let ledger = bench.open(SCHEMA).await;
    let sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
         SELECT i FROM n";
    let most = enprint_store::limits::LEDGER_ROWS_MAX as i64;
    let rows = ledger.read().fetch_all(sql, args![most]).await.unwrap();
    assert_eq!(rows.len() as i64, most);
    let more = ledger.read().fetch_all(sql, args![most + 1]).await;
    assert!(matches!(more.err(), Some(StoreError::TooManyRows { .. })));
}

async fn text_is_sorted_by_bytes(bench: Bench) {
    let ledger = bench.open(SCHEMA).await;
    for id in ["b", "a", "B", "é", "_"] {
        add_event(&ledger, id).await;
    }
    let rows = ledger.read().fetch_all("SELECT id FROM event ORDER BY id", args![]).await.unwrap();
    let ids: Vec<_> = rows.iter().map(|row| row.text("id").unwrap()).collect();
    assert_eq!(ids, ["B", "_", "a", "b", "é"]);
}

async fn bytes_at_rest_grow_with_what_is_stored(bench: Bench) {
    let ledger = bench.open(SCHEMA).await;
    add_event(&ledger, "e").await;
    let before = ledger.bytes_at_rest().await.unwrap();
    let mut noise = vec![0; 2_000_000]; // which PostgreSQL cannot compress
    blake3::Hasher::new().finalize_xof().fill(&mut noise);
    let sql = "INSERT INTO photo (event_id, proof) VALUES ($1, $2)";
    ledger.execute(sql, args!["e", noise]).await.unwrap();
    let after = ledger.bytes_at_rest().await.unwrap();
    assert!(before > 0 && after > before + 500_000, "{before} then {after}");
    ledger.execute("DELETE FROM photo", args![]).await.unwrap();
    ledger.give_back_space().await.unwrap();
}

async fn the_same_transaction_can_be_spawned_with_borrowed_values(bench: Bench) {
    let ledger = bench.open(SCHEMA).await;
    let spawned = tokio::spawn(async move {
        let ids = vec!["x".to_owned(), "y".to_owned()];
        let ids = &ids;
        ledger
            .write(|tx| {
                Box::pin(async move {
                    for id in ids {
                        tx.execute("INSERT INTO event (id) VALUES ($1)", args![id]).await?;
                    }
                    Ok::<_, StoreError>(ids.len())
                })
            })
            .await
            .unwrap()
    });
    assert_eq!(spawned.await.unwrap(), 2);
}
