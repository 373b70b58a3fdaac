//! The demo that stays open for a browser: it marks each order paid, as an operator
//! would, and tells where its prints are, until Ctrl-C.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Result;
use tokio_util::sync::CancellationToken;

use super::delivery::finished_job;
use super::stage::Stage;
use crate::output;

/// How often the demo looks for orders.
const LOOK: Duration = Duration::from_millis(500);

/// Stays open until Ctrl-C; with `quiet`, it says nothing.
pub async fn stay_open(stage: &Stage, stop: &CancellationToken, quiet: bool) -> Result<()> {
    let tell = |text: &str| {
        if !quiet {
            // Whoever reads may have enough.
            drop(output::write(text));
        }
    };
    tell("\nOpen the gallery, order a print, and watch it arrive in");
    tell(&format!("  {}\nCtrl-C stops the demo.\n", stage.hot_folder.display()));
    let (mut paid, mut arrived) = (BTreeSet::new(), BTreeSet::new());
    while !stop.is_cancelled() {
        for order in stage.index.orders().await? {
            if paid.insert(order.number.clone()) && stage.index.mark_paid(order.order_id).await? {
                tell(&format!("Order {}, {}: placed, and paid by the demo.", order.number, order.total));
            }
            if arrived.contains(&order.number) {
                continue;
            }
            if let Some(job) = finished_job(stage, &order.number).await? {
                let folder = stage.hot_folder.join(job.folder.unwrap_or_default());
                tell(&format!("Order {}: its print files are in {}", order.number, folder.display()));
                arrived.insert(order.number);
            }
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = stop.cancelled() => {}
        }
    }
    tell("Stopping.");
    Ok(())
}
