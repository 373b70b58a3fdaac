//! Who may have a job printed, and what becomes of an offer.

use std::fs;

use enprint_node::lab::LabCommand;
use enprint_protocol::ErrorCode;
use enprint_protocol::Keypair;
use enprint_protocol::ids::JobId;
use enprint_protocol::original::{FetchOriginal, OriginalRequest};
use enprint_protocol::print_job::{JobReply, JobRequest, OfferJob, PrintJob};
use enprint_protocol::signed::Signed;
use tempfile::TempDir;

use crate::photographer::{Photographer, picture};
use crate::running::{RunningLab, config, names_in, print_files};
use crate::waiting::{eventually, eventually_some};

fn refused(reply: JobReply) -> ErrorCode {
    let JobReply::Refused(refusal) = reply else { panic!("{reply:?}") };
    assert!(!refusal.text.is_empty());
    refusal.code
}

#[tokio::test]
async fn an_unapproved_photographer_waits_and_is_taken_once_approved() {
    let (dir, ana) = (TempDir::new().unwrap(), Photographer::start().await);
    let lab = RunningLab::start(&dir).await;
    let job = ana.job(&[("a.jpg", picture(1_000, 1))]);
    ana.meet(&lab.place).await;
    assert_eq!(refused(ana.offer(&lab.place, &job).await), ErrorCode::NotApproved);
    assert_eq!(lab.place.jobs().await, []);
    assert_eq!(ana.script.served_count(), 0);
    let waiting = lab.place.photographers().await.remove(0);
    assert_eq!((waiting.name.as_str(), waiting.standing.as_str()), ("Ana Lens", "waiting"));
    assert_eq!(lab.place.status().await.photographers_waiting, 1);

    lab.place.approve("ana lens").await;
    // A new connection is what tells a node to offer again.
    eventually("the lab hangs up", || !ana.client.is_connected(&lab.place.peer_id)).await;
    ana.send(&lab.place, &job).await;
    lab.place.wait_for_prints(&job.order_id.number()).await;
    lab.stop().await;
}

#[tokio::test]
async fn a_revoked_photographer_is_refused_and_jobs_taken_before_go_on() {
    let (dir, ana) = (TempDir::new().unwrap(), Photographer::start().await);
    let lab = RunningLab::start_for(&dir, &ana).await;
    let taken = ana.job(&[("a.jpg", picture(1_000, 1))]);
    ana.script.allow_only(0);
    ana.send(&lab.place, &taken).await;
    lab.place.ask(LabCommand::Revoke { who: ana.id().to_string() }).await.unwrap();
    let late = ana.job(&[("b.jpg", picture(1_000, 2))]);
    assert_eq!(refused(ana.offer(&lab.place, &late).await), ErrorCode::NotApproved);
    assert_eq!(lab.place.photographers().await[0].standing, "revoked", "asking again does not change it");
    ana.script.allow();
    lab.place.wait_for_prints(&taken.order_id.number()).await;
    lab.stop().await;
}

#[tokio::test]
async fn a_repeated_offer_is_one_job_and_nothing_crosses_again() {
    let (dir, ana) = (TempDir::new().unwrap(), Photographer::start().await);
    let lab = RunningLab::start_for(&dir, &ana).await;
    let job = ana.job(&[("a.jpg", picture(2_000_000, 1)), ("b.jpg", picture(5, 2))]);
    ana.script.allow_only(0);
    ana.meet(&lab.place).await;
    for _ in 0..3 {
        assert_eq!(ana.offer(&lab.place, &job).await, JobReply::Needs { files: vec![0, 1] });
    }
    ana.script.allow();
    let folder = lab.place.wait_for_prints(&job.order_id.number()).await;
    for _ in 0..3 {
        assert_eq!(ana.offer(&lab.place, &job).await, JobReply::Needs { files: vec![] });
    }
    // The printer's program may have taken the folder: it does not come again.
    fs::remove_dir_all(folder).unwrap();
    assert_eq!(ana.offer(&lab.place, &job).await, JobReply::Needs { files: vec![] });
    eventually("the receipt came", || ana.script.reports().len() == 1).await;
    assert_eq!(lab.place.jobs().await.len(), 1);
    assert_eq!(lab.place.hot_names(), [""; 0]);
    assert_eq!(ana.script.served_count(), 3);
    lab.stop().await;
}

#[tokio::test]
async fn another_job_under_the_same_id_is_a_conflict_and_changes_nothing() {
    let (dir, ana, bo) = (TempDir::new().unwrap(), Photographer::start().await, Photographer::start().await);
    let lab = RunningLab::start_for(&dir, &ana).await;
    lab.place.approve(&bo.id().to_string()).await;
    let job = ana.job(&[("a.jpg", picture(1_000, 1))]);
    ana.send(&lab.place, &job).await;
    let folder = lab.place.wait_for_prints(&job.order_id.number()).await;
    let other = PrintJob { note: "Print it on gold".into(), ..job.clone() };
    assert_eq!(refused(ana.offer(&lab.place, &other).await), ErrorCode::Conflict);
    bo.meet(&lab.place).await;
    assert_eq!(refused(bo.offer(&lab.place, &job).await), ErrorCode::Conflict);
    assert_eq!(lab.place.jobs().await.len(), 1);
    assert_eq!(print_files(&folder).len(), 1);
    lab.stop().await;
}

#[tokio::test]
async fn a_job_that_somebody_else_signed_is_refused_like_anything_of_a_stranger() {
    let (dir, ana) = (TempDir::new().unwrap(), Photographer::start().await);
    let lab = RunningLab::start_for(&dir, &ana).await;
    let job = ana.job(&[("a.jpg", picture(1_000, 1))]);
    let forged = JobRequest::Offer(Signed::sign(&job, &Keypair::generate_ed25519()).unwrap());
    ana.meet(&lab.place).await;
    let reply = ana.client.ask::<OfferJob>(lab.place.peer_id, forged.clone()).await.unwrap();
    assert_eq!(refused(reply), ErrorCode::Refused);

    let stranger = Photographer::start().await;
    stranger.meet(&lab.place).await;
    let reply = stranger.client.ask::<OfferJob>(lab.place.peer_id, forged).await.unwrap();
    assert_eq!(refused(reply), ErrorCode::Refused);
    let range = OriginalRequest::Range { job_id: job.job_id, root: job.files[0].root, offset: 0 };
    assert!(stranger.client.ask::<FetchOriginal>(lab.place.peer_id, range).await.is_err(), "a lab serves nothing");
    assert_eq!(lab.place.jobs().await, []);
    assert_eq!(lab.place.photographers().await.len(), 1, "who signed nothing is not remembered");
    lab.stop().await;
}

#[tokio::test]
async fn a_job_that_breaks_the_rules_is_refused_in_words() {
    let (dir, ana) = (TempDir::new().unwrap(), Photographer::start().await);
    let lab = RunningLab::start_for(&dir, &ana).await;
    ana.meet(&lab.place).await;
    let good = ana.job(&[("a.jpg", picture(1_000, 1))]);
    let mut broken = vec![good.clone(); 4];
    broken[0].lines[0].quantity = 0;
    broken[1].lines[0].file = 7;
    broken[2].files[0].bytes = 0;
    broken[3].lines.clear();
    for job in broken {
        let job = PrintJob { job_id: JobId::random(), ..job };
        assert_eq!(refused(ana.offer(&lab.place, &job).await), ErrorCode::Malformed);
    }
    assert_eq!(lab.place.jobs().await, []);
    lab.stop().await;
}

#[tokio::test]
async fn a_job_that_the_disk_has_no_room_for_is_refused_before_a_byte_crosses() {
    let (dir, ana) = (TempDir::new().unwrap(), Photographer::start().await);
    let full =
        enprint_node::lab::LabConfig { reserve_bytes: u64::MAX / 2, ..config(dir.path(), "/ip4/127.0.0.1/tcp/0") };
    let lab = RunningLab::start_with(full).await;
    lab.place.approve(&ana.id().to_string()).await;
    let job = ana.job(&[("a.jpg", picture(1_000, 1))]);
    ana.meet(&lab.place).await;
    assert_eq!(refused(ana.offer(&lab.place, &job).await), ErrorCode::DiskFull);
    assert_eq!(lab.place.jobs().await, []);
    assert_eq!(ana.script.served_count(), 0);
    lab.stop().await;
}

#[tokio::test]
async fn hostile_names_stay_within_the_order_folder() {
    let (dir, ana) = (TempDir::new().unwrap(), Photographer::start().await);
    let lab = RunningLab::start_for(&dir, &ana).await;
    let names = ["../../evil.sh", "CON", "a/b.jpg", "'; rm -rf ~.jpg", "<script>.html"];
    let files: Vec<_> = names.iter().zip(1..).map(|(name, seed)| (*name, picture(100, seed))).collect();
    let job = PrintJob { event_name: "../../../tmp/<b>".into(), ..ana.job(&files) };
    ana.send(&lab.place, &job).await;
    let folder = lab.place.wait_for_prints(&job.order_id.number()).await;
    assert_eq!(folder.parent(), Some(lab.place.hot_folder.as_path()));
    assert_eq!(names_in(&folder).len(), names.len() + 2);
    let outside = names_in(dir.path());
    assert_eq!(outside, ["data", "hot"]);
    lab.stop().await;
}

#[tokio::test]
async fn a_folder_that_stands_in_the_hot_folder_is_left_alone() {
    let (dir, ana) = (TempDir::new().unwrap(), Photographer::start().await);
    let lab = RunningLab::start_for(&dir, &ana).await;
    let job = ana.job(&[("a.jpg", picture(1_000, 1))]);
    let standing = lab.place.hot_folder.join(format!("{}_Johns_Wedding", job.order_id.number()));
    fs::create_dir_all(&standing).unwrap();
    fs::write(standing.join("mine.txt"), "mine").unwrap();
    ana.send(&lab.place, &job).await;
    let folder = lab.place.wait_for_prints(&job.order_id.number()).await;
    assert_eq!(folder.file_name().unwrap().to_str().unwrap(), format!("{}_Johns_Wedding-2", job.order_id.number()));
    assert_eq!(names_in(&standing), ["mine.txt"]);
    lab.stop().await;
}

#[tokio::test]
async fn a_hot_folder_that_can_not_be_written_is_said_and_the_job_completes_when_it_can() {
    let (dir, ana) = (TempDir::new().unwrap(), Photographer::start().await);
    let lab = RunningLab::start_for(&dir, &ana).await;
    ana.script.allow_only(0);
    let job = ana.job(&[("a.jpg", picture(1_000, 1))]);
    ana.send(&lab.place, &job).await;
    fs::remove_dir(&lab.place.hot_folder).unwrap();
    fs::write(&lab.place.hot_folder, "a file where the folder should be").unwrap();
    ana.script.allow();
    let told = lab.place.wait_for_job("the lab says what is wrong", |job| job.hint.is_some()).await;
    assert!(told.hint.unwrap().contains("hot"));
    assert_eq!(ana.script.reports(), [], "no receipt for what is not there");
    fs::remove_file(&lab.place.hot_folder).unwrap();
    lab.place.wait_for_prints(&job.order_id.number()).await;
    assert_eq!(ana.script.served_count(), 1);
    eventually_some("the receipt", async || ana.script.reports().pop()).await;
    lab.stop().await;
}
