//! Print files on their way: byte for byte, once, whatever happens.

use std::os::unix::fs::FileExt;

use enprint_node::limits::{RANGES_OF_ONE_FILE, RANGES_UNRECORDED_MAX};
use enprint_protocol::print_job::JobReply;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tempfile::TempDir;

use crate::photographer::{Photographer, picture};
use crate::process::LabProcess;
use crate::running::{ANY_PORT, RunningLab, names_in, print_files};
use crate::waiting::{PATIENCE, eventually, eventually_some};

/// Ranges of one file that are asked for, and those that are written and not recorded.
const IN_FLIGHT_OR_UNRECORDED_MAX: usize = RANGES_OF_ONE_FILE + RANGES_UNRECORDED_MAX;
const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn a_job_is_fetched_byte_for_byte_and_is_in_the_hot_folder_whole_or_not_at_all() {
    let (dir, ana) = (TempDir::new().unwrap(), Photographer::start().await);
    let lab = RunningLab::start_for(&dir, &ana).await;
    let pictures = [picture(3 * MIB + 517, 1), picture(1, 2).repeat(4), picture(MIB, 3), picture(9 * MIB, 4)];
    let job = ana.job(&[
        ("a.JPG", pictures[0].clone()),
        ("b.jpg", pictures[1].clone()),
        ("c.jpg", pictures[2].clone()),
        ("d.jpg", pictures[3].clone()),
    ]);
    let hot_folder = lab.place.hot_folder.clone();
    let watcher = tokio::task::spawn_blocking(move || {
        let deadline = std::time::Instant::now() + PATIENCE;
        while std::time::Instant::now() < deadline {
            let shown = names_in(&hot_folder).into_iter().find(|name| !name.starts_with('.'));
            if let Some(name) = shown {
                return names_in(&hot_folder.join(name));
            }
            std::thread::yield_now();
        }
        Vec::new()
    });
    ana.send(&lab.place, &job).await;
    let folder = lab.place.wait_for_prints(&job.order_id.number()).await;
    assert_eq!(watcher.await.unwrap().len(), 6, "when it was first seen, it was whole");
    assert_eq!(print_files(&folder), pictures);

    let job_now = lab.place.jobs().await.remove(0);
    assert_eq!((job_now.verified_bytes, job_now.discarded_bytes), (job_now.file_bytes, 0));
    for file in &job.files {
        assert_eq!(ana.script.served(file.root), (0..file.bytes.div_ceil(MIB as u64)).collect::<Vec<_>>());
    }
    eventually("nothing is left on the way", || lab.place.receiving_files().is_empty()).await;
    assert_eq!(lab.place.hot_names().len(), 1);
    lab.stop().await;
}

#[tokio::test]
async fn lab_is_killed_in_mid_transfer_and_asks_for_no_verified_range_again() {
    let (dir, ana) = (TempDir::new().unwrap(), Photographer::start().await);
    let lab = LabProcess::start(&dir).await;
    lab.place.approve(&ana.id().to_string()).await;
    let original = picture(40 * MIB + 9, 5);
    let job = ana.job(&[("a.jpg", original.clone())]);
    ana.script.allow_only(23);
    ana.send(&lab.place, &job).await;
    lab.place.wait_for_job("23 ranges are recorded", |job| job.here_bytes == 23 * MIB as u64).await;
    let gone = lab.place.peer_id;
    lab.kill();
    let before = ana.script.served(job.files[0].root);

    ana.allow_after(gone).await;
    let lab = LabProcess::start(&dir).await;
    ana.meet(&lab.place).await;
    let folder = lab.place.wait_for_prints(&job.order_id.number()).await;
    assert!(print_files(&folder) == [original], "the print file is not the original");
    assert_eq!(before.len(), 23);
    assert_eq!(ana.script.served(job.files[0].root), (0..41).collect::<Vec<_>>(), "each range crossed once");
    assert_eq!(lab.place.jobs().await[0].verified_bytes, job.files[0].bytes);
    lab.kill();
}

#[tokio::test]
async fn lab_killed_fifty_times_at_random_moments_of_one_job_gets_every_byte_and_few_ranges_twice() {
    kill_the_lab(50, 150, 14).await;
}

/// Kills the lab so often in a job of one file of so many ranges, each time at a random
/// moment after something more has come: every other time it was recorded, too.
async fn kill_the_lab(kills: usize, ranges: usize, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let (dir, ana) = (TempDir::new().unwrap(), Photographer::start().await);
    let mut lab = LabProcess::start(&dir).await;
    lab.place.approve(&ana.id().to_string()).await;
    let original = picture(ranges * MIB, 6);
    let job = ana.job(&[("a.jpg", original.clone())]);
    ana.script.allow_only(0);
    ana.send(&lab.place, &job).await;
    let (mut here, mut most) = (0, ranges);
    for kill in 1..=kills {
        // As many ranges as make the file last for all kills, in bursts of any size.
        let served = ana.script.served_count();
        ana.script.allow_only(random.random_range(1..=2 * ranges / kills - 1));
        eventually("ranges come", || ana.script.served_count() > served).await;
        let told = recorded(&lab, here, kill % 2).await;
        assert!(told < ranges, "the job is whole before kill {kill}");
        let gone = lab.place.peer_id;
        lab.kill();
        eventually("the lab is gone", || !ana.client.is_connected(&gone)).await;
        // Lost at this cut, at most: what was served since the last and is not recorded.
        let lost = ana.script.served_count() - served - (told - here);
        assert!(lost <= IN_FLIGHT_OR_UNRECORDED_MAX, "{lost} ranges are lost by one kill");
        most += lost;
        if kill == kills {
            ana.script.allow();
        }
        lab = LabProcess::start(&dir).await;
        here = recorded(&lab, told, 0).await;
        ana.meet(&lab.place).await;
    }
    let folder = lab.place.wait_for_prints(&job.order_id.number()).await;
    assert!(print_files(&folder) == [original], "the print file is not the original");
    assert!(ana.script.served_count() <= most, "{} ranges crossed, at most {most}", ana.script.served_count());
    let job = lab.place.jobs().await.remove(0);
    assert_eq!((job.verified_bytes, job.discarded_bytes), (job.file_bytes, 0), "a recorded range crossed again");
    lab.kill();
}

/// How many whole ranges of its job the lab has recorded, once they are at least `more`
/// than those that it had recorded `before`, of which it may have forgotten none.
async fn recorded(lab: &LabProcess, before: usize, more: usize) -> usize {
    eventually_some("more is recorded", async || {
        let here = lab.place.jobs().await[0].here_bytes as usize / MIB;
        assert!(here >= before, "{before} ranges were recorded, and {here} are left");
        (here >= before + more).then_some(here)
    })
    .await
}

#[tokio::test]
async fn photographer_vanishes_mid_transfer_and_the_job_goes_on_when_they_are_back() {
    let (dir, ana) = (TempDir::new().unwrap(), Photographer::start().await);
    let lab = RunningLab::start_for(&dir, &ana).await;
    let original = picture(20 * MIB, 7);
    let job = ana.job(&[("a.jpg", original.clone())]);
    ana.script.allow_only(11);
    ana.send(&lab.place, &job).await;
    lab.place.wait_for_job("11 ranges are recorded", |job| job.here_bytes == 11 * MIB as u64).await;
    let (key, script) = ana.stop().await;
    lab.place.wait_for_job("the lab says what is wrong", |job| job.hint.is_some()).await;

    script.allow();
    let ana = Photographer::start_as(key, script, "/ip4/127.0.0.1/tcp/0").await;
    ana.meet(&lab.place).await;
    let folder = lab.place.wait_for_prints(&job.order_id.number()).await;
    assert!(print_files(&folder) == [original], "the print file is not the original");
    assert_eq!(ana.script.served(job.files[0].root), (0..20).collect::<Vec<_>>());
    assert_eq!(lab.place.jobs().await[0].hint, None);
    lab.stop().await;
}

#[tokio::test]
async fn a_corrupted_range_is_refused_and_fetched_again() {
    let (dir, ana) = (TempDir::new().unwrap(), Photographer::start().await);
    let lab = RunningLab::start_for(&dir, &ana).await;
    let original = picture(5 * MIB, 8);
    let job = ana.job(&[("a.jpg", original.clone())]);
    ana.script.corrupt(job.files[0].root, 2, 1);
    ana.send(&lab.place, &job).await;
    let folder = lab.place.wait_for_prints(&job.order_id.number()).await;
    assert!(print_files(&folder) == [original], "the print file is not the original");
    assert_eq!(ana.script.served(job.files[0].root), [0, 1, 2, 2, 3, 4]);
    let job_now = lab.place.jobs().await.remove(0);
    assert_eq!((job_now.verified_bytes, job_now.discarded_bytes), (5 * MIB as u64, MIB as u64));
    lab.stop().await;
}

#[tokio::test]
async fn a_photographer_who_sends_other_bytes_is_named_and_keeps_nothing_else_from_coming() {
    let (dir, ana) = (TempDir::new().unwrap(), Photographer::start().await);
    let lab = RunningLab::start_for(&dir, &ana).await;
    let pictures = [picture(2 * MIB, 9), picture(3 * MIB, 10), picture(MIB, 11)];
    let job = ana.job(&[
        ("bad.jpg", pictures[0].clone()),
        ("good.jpg", pictures[1].clone()),
        ("lie.jpg", pictures[2].clone()),
    ]);
    ana.script.corrupt(job.files[0].root, 1, 1_000);
    ana.script.lie_about(&[job.files[2].root]);
    ana.send(&lab.place, &job).await;
    let told = lab
        .place
        .wait_for_job("all but the bad ones are here", |job| job.hint.is_some() && job.here_bytes == 4 * MIB as u64);
    let hint = told.await.hint.unwrap();
    assert!(hint.contains("Ana Lens") && hint.contains("other bytes"), "{hint}");
    assert_eq!(lab.place.hot_names(), [""; 0]);
    assert_eq!(ana.script.reports(), []);

    ana.script.corrupt(job.files[0].root, 1, 0);
    ana.script.lie_about(&[]);
    let folder = lab.place.wait_for_prints(&job.order_id.number()).await;
    assert_eq!(print_files(&folder), pictures);
    assert_eq!(ana.script.served(job.files[1].root), [0, 1, 2], "what was right crossed once");
    lab.stop().await;
}

#[tokio::test]
async fn bytes_that_the_disk_lost_are_fetched_again_and_no_others() {
    let (dir, ana) = (TempDir::new().unwrap(), Photographer::start().await);
    let lab = RunningLab::start_for(&dir, &ana).await;
    let original = picture(12 * MIB, 12);
    let job = ana.job(&[("a.jpg", original.clone())]);
    ana.script.allow_only(7);
    ana.send(&lab.place, &job).await;
    lab.place.wait_for_job("7 ranges are recorded", |job| job.here_bytes == 7 * MIB as u64).await;
    let gone = lab.place.peer_id;
    lab.stop().await;
    let recorded = ana.script.served(job.files[0].root)[0];
    let config = crate::running::config(dir.path(), ANY_PORT);
    let part = config.data_dir.join("receiving").join(ana.id().to_string()).join(format!("{}.part", job.files[0].root));
    let file = std::fs::OpenOptions::new().write(true).open(part).unwrap();
    file.write_all_at(b"rot", recorded * MIB as u64 + 5).unwrap();

    ana.allow_after(gone).await;
    let lab = RunningLab::start_with(config).await;
    ana.meet(&lab.place).await;
    let folder = lab.place.wait_for_prints(&job.order_id.number()).await;
    assert!(print_files(&folder) == [original], "the print file is not the original");
    let mut expected: Vec<u64> = (0..12).chain([recorded]).collect();
    expected.sort_unstable();
    assert_eq!(ana.script.served(job.files[0].root), expected);
    lab.stop().await;
}

#[tokio::test]
async fn a_receiving_file_that_is_gone_is_fetched_anew() {
    let (dir, ana) = (TempDir::new().unwrap(), Photographer::start().await);
    let lab = RunningLab::start_for(&dir, &ana).await;
    let original = picture(4 * MIB, 13);
    let job = ana.job(&[("a.jpg", original.clone())]);
    ana.script.allow_only(2);
    ana.send(&lab.place, &job).await;
    lab.place.wait_for_job("2 ranges are recorded", |job| job.here_bytes == 2 * MIB as u64).await;
    let files = lab.place.receiving_files();
    lab.stop().await;
    std::fs::remove_file(&files[0]).unwrap();

    ana.script.allow();
    let lab = RunningLab::start_with(crate::running::config(dir.path(), ANY_PORT)).await;
    ana.meet(&lab.place).await;
    let folder = lab.place.wait_for_prints(&job.order_id.number()).await;
    assert!(print_files(&folder) == [original], "the print file is not the original");
    lab.stop().await;
}

#[tokio::test]
async fn a_photo_that_two_jobs_print_crosses_once_while_it_is_on_its_way() {
    let (dir, ana) = (TempDir::new().unwrap(), Photographer::start().await);
    let lab = RunningLab::start_for(&dir, &ana).await;
    let (shared, own) = (picture(6 * MIB, 14), picture(MIB, 15));
    let first = ana.job(&[("a.jpg", shared.clone())]);
    let second = ana.job(&[("a.jpg", shared.clone()), ("b.jpg", own.clone())]);
    ana.script.allow_only(0);
    ana.meet(&lab.place).await;
    assert_eq!(ana.offer(&lab.place, &first).await, JobReply::Needs { files: vec![0] });
    assert_eq!(ana.offer(&lab.place, &second).await, JobReply::Needs { files: vec![0, 1] });
    ana.script.allow();
    let folders = [
        lab.place.wait_for_prints(&first.order_id.number()).await,
        lab.place.wait_for_prints(&second.order_id.number()).await,
    ];
    assert!(print_files(&folders[0]) == [shared.clone()] && print_files(&folders[1]) == [shared, own]);
    assert_eq!(ana.script.served(first.files[0].root), (0..6).collect::<Vec<_>>());
    lab.stop().await;
}

#[tokio::test]
async fn a_small_job_of_another_photographer_does_not_wait_for_a_big_one() {
    let (dir, ana, bo) = (TempDir::new().unwrap(), Photographer::start().await, Photographer::start().await);
    let lab = RunningLab::start_for(&dir, &ana).await;
    lab.place.approve(&bo.id().to_string()).await;
    ana.script.allow_only(0);
    for seed in 20..26 {
        let job = ana.job(&[("big.jpg", picture(2 * MIB, seed))]);
        ana.send(&lab.place, &job).await;
    }
    let small = bo.job(&[("small.jpg", picture(1_000, 30))]);
    bo.send(&lab.place, &small).await;
    lab.place.wait_for_prints(&small.order_id.number()).await;
    assert_eq!(ana.script.served_count(), 0);
    ana.script.allow();
    eventually_some("all are here", async || {
        lab.place.jobs().await.iter().all(|job| job.folder.is_some()).then_some(())
    })
    .await;
    lab.stop().await;
}
