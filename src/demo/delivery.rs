//! An order's way in the demo, from the customer's click to the lab's hot folder, and
//! the check that what arrived there is the photographer's, byte for byte.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use enprint_node::lab::commands::JobSummary;
use enprint_node::lab::{LabAnswer, LabCommand};
use enprint_protocol::ids::EventId;
use serde::Deserialize;

use super::customer::{Customer, ListedPhoto};
use super::report::Report;
use super::stage::{Stage, until};

/// Different photos that the demo's customer orders, where there are as many.
const PHOTOS_ORDERED: usize = 5;

/// Orders prints as a customer would, waits until the lab has them, and compares.
pub async fn order_and_check(stage: &Stage, customer: &Customer, event_id: EventId, report: &mut Report) -> Result<()> {
    let wanted = some_of(&customer.photos().await?);
    let received_before = stage.lab.wire().received_bytes;
    let began = Instant::now();
    let order = customer.order(&wanted).await?;
    stage.index.mark_paid(stage.index.find_order(&order.number).await?).await?;
    let job = until("the lab has the order", || async { finished_job(stage, &order.number).await }).await?;
    report.order_to_lab_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    report.wire_bytes_to_lab = stage.lab.wire().received_bytes - received_before;
    report.photos_ordered = wanted.len() as u64;
    count_crossings(&job, report)?;
    let folder = job.folder.as_ref().context("The order has no folder")?;
    report.lab_bytes = compare(stage, event_id, &stage.hot_folder.join(folder), wanted.len()).await?;
    report.lab_files_verified = report.lab_bytes == job.file_bytes;
    until("the customer's page says that the lab has it", || async { customer.is_received(&order).await }).await
}

/// The job of the order, once its folder is in the hot folder.
pub async fn finished_job(stage: &Stage, number: &str) -> Result<Option<JobSummary>> {
    let LabAnswer::Jobs { jobs } = stage.prints(LabCommand::Jobs).await? else {
        bail!("The lab gave another answer than expected");
    };
    Ok(jobs.into_iter().find(|job| job.number == number && job.folder.is_some()))
}

/// A few photos from all over the gallery.
fn some_of(photos: &[ListedPhoto]) -> Vec<ListedPhoto> {
    let step = photos.len().div_ceil(PHOTOS_ORDERED).max(1);
    photos.iter().step_by(step).cloned().collect()
}

/// How often each print file crossed: its verified bytes, and those that were thrown
/// away, by its length, rounded up.
fn count_crossings(job: &JobSummary, report: &mut Report) -> Result<()> {
    for file in &job.print_files {
        ensure!(file.bytes > 0, "A print file is empty");
        let crossed = (file.verified_bytes + file.discarded_bytes).div_ceil(file.bytes);
        *report.crossings.entry(file.photo_id.clone()).or_default() += crossed;
    }
    Ok(())
}

#[derive(Deserialize)]
struct Ticket {
    files: Vec<TicketFile>,
}

#[derive(Deserialize)]
struct TicketFile {
    photo_id: String,
    file: String,
}

/// Compares each print file with the photographer's original; answers their bytes.
async fn compare(stage: &Stage, event_id: EventId, folder: &Path, photos: usize) -> Result<u64> {
    let ticket = folder.join("ticket.json");
    let text = std::fs::read(&ticket).with_context(|| format!("{} can't be read", ticket.display()))?;
    let ticket: Ticket = serde_json::from_slice(&text).context("The ticket can't be read")?;
    ensure!(ticket.files.len() == photos, "The ticket has {} files, not {photos}", ticket.files.len());
    let mut bytes = 0;
    for file in &ticket.files {
        let path = folder.join(&file.file);
        let printed = std::fs::read(&path).with_context(|| format!("{} can't be read", path.display()))?;
        let original = stage.photographer.original(event_id, file.photo_id.parse()?).await?;
        ensure!(printed == original, "{} is not the photographer's file", path.display());
        bytes += printed.len() as u64;
    }
    Ok(bytes)
}
