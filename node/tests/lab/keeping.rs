//! Files that the lab has are not sent again, also for a reprint days later; and they
//! don't stay longer than its people want.

use std::path::PathBuf;
use std::time::Duration;

use enprint_node::lab::LabConfig;
use enprint_protocol::print_job::JobReply;
use tempfile::TempDir;

use crate::photographer::{Photographer, picture};
use crate::running::{RunningLab, config, print_files};
use crate::waiting::eventually;

const MIB: usize = 1024 * 1024;
const DAYS: Duration = Duration::from_secs(3 * 24 * 60 * 60);

fn keeping(dir: &TempDir, keep: Duration) -> LabConfig {
    LabConfig { keep, ..config(dir.path(), "/ip4/127.0.0.1/tcp/0") }
}

/// A lab whose one job, of this picture, is in the hot folder; where.
async fn printed(lab: &RunningLab, ana: &Photographer, original: &[u8]) -> PathBuf {
    lab.place.approve(&ana.id().to_string()).await;
    let job = ana.job(&[("a.jpg", original.to_vec())]);
    ana.send(&lab.place, &job).await;
    lab.place.wait_for_prints(&job.order_id.number()).await
}

#[tokio::test]
async fn a_reprint_after_a_restart_sends_nothing_again() {
    let (dir, ana) = (TempDir::new().unwrap(), Photographer::start().await);
    let lab = RunningLab::start_with(keeping(&dir, DAYS)).await;
    let original = picture(3 * MIB + 5, 1);
    let first = printed(&lab, &ana, &original).await;
    lab.stop().await;
    std::fs::remove_dir_all(first).unwrap();

    let lab = RunningLab::start_with(keeping(&dir, DAYS)).await;
    let reprint = ana.job(&[("a.jpg", original.clone())]);
    ana.meet(&lab.place).await;
    assert_eq!(ana.offer(&lab.place, &reprint).await, JobReply::Needs { files: vec![] });
    let folder = lab.place.wait_for_prints(&reprint.order_id.number()).await;
    assert!(print_files(&folder) == [original], "the print file is not the original");
    assert_eq!(ana.script.served(reprint.files[0].root), [0, 1, 2, 3], "each range crossed once");
    let job = lab.place.wait_for_job("the reprint", |job| job.order_id == reprint.order_id.to_string()).await;
    assert_eq!((job.verified_bytes, job.here_bytes), (0, job.file_bytes));
    lab.stop().await;
}

#[tokio::test]
async fn a_printer_that_changes_a_file_in_the_hot_folder_spoils_no_reprint_and_keeps_its_change() {
    let (dir, ana) = (TempDir::new().unwrap(), Photographer::start().await);
    let lab = RunningLab::start_with(keeping(&dir, DAYS)).await;
    let original = picture(3 * MIB, 2);
    let first = printed(&lab, &ana, &original).await;
    let file = std::fs::read_dir(&first).unwrap().map(|entry| entry.unwrap().path());
    let file = file.into_iter().find(|path| path.extension().unwrap() == "jpg").unwrap();
    let mut changed = original.clone();
    changed[MIB + 7] ^= 1;
    std::fs::write(&file, &changed).unwrap();

    let reprint = ana.job(&[("a.jpg", original.clone())]);
    ana.send(&lab.place, &reprint).await;
    let folder = lab.place.wait_for_prints(&reprint.order_id.number()).await;
    assert!(print_files(&folder) == [original], "the reprint is not the original");
    assert!(std::fs::read(&file).unwrap() == changed, "the printer's file was written over");
    assert_eq!(ana.script.served(reprint.files[0].root), [0, 1, 1, 2], "only what was changed crossed again");
    lab.stop().await;
}

#[tokio::test]
async fn a_file_that_was_kept_long_enough_goes_and_crosses_again() {
    let (dir, ana) = (TempDir::new().unwrap(), Photographer::start().await);
    let lab = RunningLab::start_with(keeping(&dir, DAYS)).await;
    let original = picture(MIB, 3);
    printed(&lab, &ana, &original).await;
    assert_eq!(lab.place.receiving_files().len(), 1);
    lab.stop().await;

    let lab = RunningLab::start_with(keeping(&dir, Duration::from_millis(1))).await;
    eventually("it is removed by age", || lab.place.receiving_files().is_empty()).await;
    let reprint = ana.job(&[("a.jpg", original.clone())]);
    ana.send(&lab.place, &reprint).await;
    let folder = lab.place.wait_for_prints(&reprint.order_id.number()).await;
    assert!(print_files(&folder) == [original], "the print file is not the original");
    assert_eq!(ana.script.served(reprint.files[0].root), [0, 0]);
    lab.stop().await;
}

#[tokio::test]
async fn the_oldest_kept_files_go_when_there_are_too_many() {
    let (dir, ana) = (TempDir::new().unwrap(), Photographer::start().await);
    let keep_bytes = 2 * MIB as u64;
    let lab = RunningLab::start_with(LabConfig { keep_bytes, ..keeping(&dir, DAYS) }).await;
    for seed in 4..7 {
        printed(&lab, &ana, &picture(MIB, seed)).await;
    }
    eventually("two are left", || lab.place.receiving_files().len() == 2).await;
    let newest = ana.job(&[("a.jpg", picture(MIB, 6))]);
    let oldest = ana.job(&[("a.jpg", picture(MIB, 4))]);
    assert_eq!(ana.offer(&lab.place, &newest).await, JobReply::Needs { files: vec![] });
    assert_eq!(ana.offer(&lab.place, &oldest).await, JobReply::Needs { files: vec![0] });
    lab.stop().await;
}
