//! Jobs that a photographer takes back: they are not printed, whatever comes late.

use enprint_node::lab::LabCommand;
use enprint_protocol::ErrorCode;
use enprint_protocol::ids::JobId;
use enprint_protocol::print_job::{JobReply, PrintJob};
use tempfile::TempDir;

use crate::photographer::{Photographer, picture};
use crate::running::{RunningLab, print_files};
use crate::waiting::eventually_some;

const MIB: usize = 1024 * 1024;

fn refused(reply: JobReply) -> ErrorCode {
    let JobReply::Refused(refusal) = reply else { panic!("{reply:?}") };
    refusal.code
}

#[tokio::test]
async fn a_job_that_is_taken_back_is_not_printed_though_all_its_bytes_come() {
    let (dir, ana) = (TempDir::new().unwrap(), Photographer::start().await);
    let lab = RunningLab::start_for(&dir, &ana).await;
    let original = picture(4 * MIB, 1);
    let job = ana.job(&[("a.jpg", original.clone())]);
    ana.script.allow_only(3);
    ana.send(&lab.place, &job).await;
    lab.place.wait_for_job("3 ranges are recorded", |job| job.here_bytes == 3 * MIB as u64).await;
    for _ in 0..2 {
        assert_eq!(ana.withdraw(&lab.place, &job).await, JobReply::Withdrawn);
    }
    ana.script.allow();
    // Whatever of the first is still under way is over when the second is here.
    let marker = ana.job(&[("b.jpg", picture(MIB, 2))]);
    ana.send(&lab.place, &marker).await;
    lab.place.wait_for_prints(&marker.order_id.number()).await;
    eventually_some("nothing is on its way", async || (lab.place.status().await.jobs_receiving == 0).then_some(()))
        .await;
    assert_eq!(lab.place.hot_names().len(), 1, "{:?}", lab.place.hot_names());
    assert_eq!(lab.place.wait_for_job("it is taken back", |job| job.state == "withdrawn").await.folder, None);
    assert_eq!(refused(ana.offer(&lab.place, &job).await), ErrorCode::Withdrawn, "its offer came late");

    let again = PrintJob { withdrawn_before: 1, ..job };
    assert!(matches!(ana.offer(&lab.place, &again).await, JobReply::Needs { .. }));
    let folder = lab.place.wait_for_prints(&again.order_id.number()).await;
    assert!(print_files(&folder) == [original], "the print file is not the original");
    assert_eq!(refused(ana.withdraw(&lab.place, &again).await), ErrorCode::Conflict, "it may be in print");
    lab.stop().await;
}

#[tokio::test]
async fn a_withdrawal_that_overtakes_its_offer_holds() {
    let (dir, ana) = (TempDir::new().unwrap(), Photographer::start().await);
    let lab = RunningLab::start_for(&dir, &ana).await;
    let job = ana.job(&[("a.jpg", picture(1_000, 1))]);
    ana.meet(&lab.place).await;
    assert_eq!(ana.withdraw(&lab.place, &job).await, JobReply::Withdrawn);
    assert_eq!(refused(ana.offer(&lab.place, &job).await), ErrorCode::Withdrawn);
    assert_eq!(lab.place.jobs().await, []);
    lab.stop().await;
}

#[tokio::test]
async fn a_job_that_is_offered_anew_with_other_files_takes_the_first_ones_place() {
    let (dir, ana) = (TempDir::new().unwrap(), Photographer::start().await);
    let lab = RunningLab::start_for(&dir, &ana).await;
    let (kept, edited) = (picture(2 * MIB, 1), picture(MIB, 3));
    let first = ana.job(&[("a.jpg", kept.clone()), ("b.jpg", picture(MIB, 2))]);
    ana.script.allow_only(0);
    ana.send(&lab.place, &first).await;
    let other = ana.job(&[("a.jpg", kept.clone()), ("b.jpg", edited.clone())]);
    let anew = PrintJob { files: other.files, withdrawn_before: 1, ..first.clone() };
    assert!(matches!(ana.offer(&lab.place, &anew).await, JobReply::Needs { .. }));
    assert_eq!(refused(ana.offer(&lab.place, &first).await), ErrorCode::Withdrawn, "an older offer came late");
    ana.script.allow();
    let folder = lab.place.wait_for_prints(&anew.order_id.number()).await;
    assert!(print_files(&folder) == [kept, edited], "the print files are not those of the last offer");
    assert_eq!(lab.place.hot_names().len(), 1);
    lab.stop().await;
}

#[tokio::test]
async fn nobody_takes_back_another_photographers_job() {
    let (dir, ana, bo) = (TempDir::new().unwrap(), Photographer::start().await, Photographer::start().await);
    let lab = RunningLab::start_for(&dir, &ana).await;
    let job = ana.job(&[("a.jpg", picture(1_000, 1))]);
    ana.script.allow_only(0);
    ana.send(&lab.place, &job).await;
    bo.meet(&lab.place).await;
    assert_eq!(refused(bo.withdraw(&lab.place, &job).await), ErrorCode::Refused, "a stranger");
    lab.place.approve(&bo.id().to_string()).await;
    bo.meet(&lab.place).await;
    assert_eq!(refused(bo.withdraw(&lab.place, &job).await), ErrorCode::Refused);
    // Nor does he keep her next job from being taken.
    let next = PrintJob { job_id: JobId::random(), ..ana.job(&[("b.jpg", picture(1_000, 2))]) };
    assert_eq!(bo.withdraw(&lab.place, &next).await, JobReply::Withdrawn);
    assert!(matches!(ana.offer(&lab.place, &next).await, JobReply::Needs { .. }));
    ana.script.allow();
    for job in [job, next] {
        lab.place.wait_for_prints(&job.order_id.number()).await;
    }
    lab.stop().await;
}

#[tokio::test]
async fn what_one_home_offered_another_has_let_go_of_unless_it_is_printed() {
    let (dir, ana, nas) = (TempDir::new().unwrap(), Photographer::start().await, Photographer::start().await);
    let lab = RunningLab::start_for(&dir, &ana).await;
    let (on_its_way, printed) = (ana.job(&[("a.jpg", picture(MIB, 1))]), ana.job(&[("b.jpg", picture(1_000, 2))]));
    ana.send(&lab.place, &printed).await;
    lab.place.wait_for_prints(&printed.order_id.number()).await;
    ana.script.allow_only(0);
    ana.send(&lab.place, &on_its_way).await;
    let late = ana.job(&[("c.jpg", picture(1_000, 3))]);

    nas.meet(&lab.place).await;
    assert_eq!(refused(nas.let_go(&lab.place, &on_its_way).await), ErrorCode::Refused, "nobody's home");
    assert_eq!(nas.stand_in_for(&lab.place, &ana).await, JobReply::Noted);
    assert_eq!(refused(nas.let_go(&lab.place, &printed).await), ErrorCode::Conflict);
    let problem = LabCommand::Problem { job: printed.job_id.to_string(), text: "The paper is out.".into() };
    lab.place.ask(problem).await.unwrap();
    assert_eq!(
        refused(nas.let_go(&lab.place, &printed).await),
        ErrorCode::Conflict,
        "its files are there all the same"
    );
    for job in [&on_its_way, &late] {
        assert_eq!(nas.let_go(&lab.place, job).await, JobReply::Withdrawn);
        assert_eq!(refused(ana.offer(&lab.place, job).await), ErrorCode::Withdrawn, "the first home offers it again");
    }
    ana.script.allow();
    // The home that has the orders now may have them printed here all the same.
    nas.script.share(&ana.script);
    for job in [&on_its_way, &late] {
        assert_eq!(refused(nas.offer(&lab.place, job).await), ErrorCode::Withdrawn, "it has not taken it over");
        assert_eq!(nas.take_over(&lab.place, job).await, JobReply::Noted);
        assert!(matches!(nas.offer(&lab.place, job).await, JobReply::Needs { .. }));
        lab.place.wait_for_prints(&job.order_id.number()).await;
    }
    lab.stop().await;
}

#[tokio::test]
async fn what_was_let_go_of_is_taken_from_no_home_that_the_lab_meets_later_and_from_none_by_another_count() {
    let (dir, ana) = (TempDir::new().unwrap(), Photographer::start().await);
    let (nas, cabin) = (Photographer::start().await, Photographer::start().await);
    let lab = RunningLab::start_for(&dir, &ana).await;
    let job = ana.job(&[("a.jpg", picture(1_000, 1))]);
    nas.script.share(&ana.script);
    nas.meet(&lab.place).await;
    assert_eq!(nas.stand_in_for(&lab.place, &ana).await, JobReply::Noted);
    assert_eq!(nas.let_go(&lab.place, &job).await, JobReply::Withdrawn);

    cabin.meet(&lab.place).await;
    assert_eq!(cabin.stand_in_for(&lab.place, &ana).await, JobReply::Noted);
    assert_eq!(refused(cabin.offer(&lab.place, &job).await), ErrorCode::Withdrawn, "a home that was not known then");
    // It went to another lab and back before, and nobody here heard of it.
    ana.meet(&lab.place).await;
    let again = PrintJob { withdrawn_before: 1, ..job.clone() };
    assert_eq!(refused(ana.offer(&lab.place, &again).await), ErrorCode::Withdrawn, "by its own count");

    // The order comes back to the first home, which has never offered it here.
    assert_eq!(ana.take_over(&lab.place, &job).await, JobReply::Noted);
    assert!(matches!(ana.offer(&lab.place, &job).await, JobReply::Needs { .. }));
    lab.place.wait_for_prints(&job.order_id.number()).await;
    assert_eq!(refused(nas.offer(&lab.place, &job).await), ErrorCode::Withdrawn, "it has the order no longer");
    lab.stop().await;
}

#[tokio::test]
async fn an_offer_that_waits_for_approval_is_not_taken_once_another_home_had_it_let_go_of() {
    let (dir, ana, nas) = (TempDir::new().unwrap(), Photographer::start().await, Photographer::start().await);
    let lab = RunningLab::start(&dir).await;
    let job = ana.job(&[("a.jpg", picture(1_000, 1))]);
    ana.meet(&lab.place).await;
    assert_eq!(refused(ana.offer(&lab.place, &job).await), ErrorCode::NotApproved);
    nas.meet(&lab.place).await;
    assert_eq!(nas.stand_in_for(&lab.place, &ana).await, JobReply::Noted);
    assert_eq!(nas.let_go(&lab.place, &job).await, JobReply::Withdrawn);
    lab.place.approve(&ana.id().to_string()).await;
    ana.meet(&lab.place).await;
    assert_eq!(refused(ana.offer(&lab.place, &job).await), ErrorCode::Withdrawn, "it is printed elsewhere");
    lab.stop().await;
}
