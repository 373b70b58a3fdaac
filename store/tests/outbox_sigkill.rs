//! A process killed between commit and delivery loses nothing that it acknowledged.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests end by them

mod ledger_support;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use enprint_store::ledger::{Courier, Deliver, Delivery, LedgerLocation, Migration, Parcel, outbox};
use enprint_store::{StoreError, args};
use ledger_support::{Bench, eventually, waiting};
use tokio_util::sync::CancellationToken;

on_both_engines!(killed_between_commit_and_delivery_loses_nothing);

const LOCATION: &str = "LEDGER_OF_THE_CHILD";
const SCHEMA: &[Migration] =
    &[outbox::migration(1), Migration::new(2, "orders", "CREATE TABLE shop_order (id {TEXT} PRIMARY KEY) {STRICT};")];

#[derive(Default)]
struct Arrivals(Mutex<Vec<String>>);

#[async_trait::async_trait]
impl Deliver for Arrivals {
    async fn deliver(&self, parcel: &Parcel) -> Delivery {
        self.0.lock().unwrap().push(parcel.id.clone());
        Delivery::Settled
    }
}

async fn killed_between_commit_and_delivery_loses_nothing(bench: Bench) {
    let acknowledged = kill_after(&bench, 25);
    let ledger = bench.open(SCHEMA).await;
    let rows = ledger.read().fetch_all("SELECT id FROM shop_order", args![]).await.unwrap();
    let orders: Vec<_> = rows.iter().map(|row| row.text("id").unwrap()).collect();
    let parcels: Vec<_> = waiting(&ledger).await.into_iter().map(|w| w.id).collect();
    for id in &acknowledged {
        assert!(orders.contains(id) && parcels.contains(id), "{id} was acknowledged and is lost");
    }
    assert_eq!(orders.len(), parcels.len(), "an order and its parcel are one");

    let arrivals = Arc::new(Arrivals::default());
    let stop = CancellationToken::new();
    let courier = Courier::new(ledger.clone(), "after the crash", arrivals.clone());
    let running = tokio::spawn(courier.run(stop.clone()));
    eventually("an empty outbox", || async { waiting(&ledger).await.is_empty() }).await;
    stop.cancel();
    running.await.unwrap();
    assert_eq!(*arrivals.0.lock().unwrap(), parcels, "each once, in order");
}

/// Has a child place orders and kills it after so many acknowledgements.
fn kill_after(bench: &Bench, count: usize) -> Vec<String> {
    let location = match &bench.location {
        LedgerLocation::File(path) => path.to_str().unwrap().to_owned(),
        LedgerLocation::Postgres(url) => url.clone(),
    };
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "child_places_orders"])
        .env(LOCATION, location)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let acknowledged: Vec<_> = lines
        .map(Result::unwrap)
        .filter_map(|line| line.strip_prefix("placed ").map(str::to_owned))
        .take(count)
        .collect();
    child.kill().unwrap(); // SIGKILL
    child.wait().unwrap();
    assert_eq!(acknowledged.len(), count, "the child was killed while it was placing orders");
    acknowledged
}

#[tokio::test]
#[ignore = "run and killed by killed_between_commit_and_delivery_loses_nothing"]
async fn child_places_orders() {
    let bench = Bench { location: std::env::var(LOCATION).unwrap().parse().unwrap() };
    let ledger = bench.open(SCHEMA).await;
    for number in 0.. {
        let id = &format!("order-{number:06}");
        let parcel = &ledger_support::parcel(id, "ana");
        ledger
            .write(|tx| {
                Box::pin(async move {
                    tx.execute("INSERT INTO shop_order (id) VALUES ($1)", args![id]).await?;
                    outbox::put(tx, parcel, number).await?;
                    Ok::<_, StoreError>(())
                })
            })
            .await
            .unwrap();
        println!("placed {id}");
    }
}
