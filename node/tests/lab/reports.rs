//! What the lab reports: each step once, in order, signed, however long the
//! photographer is away.

use enprint_node::NodeError;
use enprint_node::control;
use enprint_node::lab::{Lab, LabAnswer, LabCommand};
use enprint_protocol::ids::JobId;
use enprint_protocol::status::{Status, StatusKind};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::photographer::{Photographer, picture};
use crate::running::{ANY_PORT, RunningLab, config};
use crate::waiting::{eventually, eventually_some};

fn printing(job: &str) -> LabCommand {
    LabCommand::Printing { job: job.into() }
}

fn shipped(job: &str, tracking: &str) -> LabCommand {
    LabCommand::Shipped { job: job.into(), carrier: "Post".into(), tracking: tracking.into() }
}

fn problem(job: &str, text: &str) -> LabCommand {
    LabCommand::Problem { job: job.into(), text: text.into() }
}

fn words(reports: &[Status]) -> Vec<&'static str> {
    reports.iter().map(|status| status.kind.word()).collect()
}

fn state(answer: &LabAnswer) -> (&str, Option<&str>) {
    let LabAnswer::Job(job) = answer else { panic!("{answer:?}") };
    (&job.state, job.hint.as_deref())
}

#[tokio::test]
async fn each_step_is_reported_once_and_in_order() {
    let (dir, ana) = (TempDir::new().unwrap(), Photographer::start().await);
    let lab = RunningLab::start_for(&dir, &ana).await;
    let job = ana.job(&[("a.jpg", picture(1_000, 1)), ("b.jpg", picture(50, 2))]);
    ana.send(&lab.place, &job).await;
    lab.place.wait_for_prints(&job.order_id.number()).await;
    let number = job.order_id.number().to_lowercase().replace('-', "");
    assert_eq!(state(&lab.place.ask(printing(&number)).await.unwrap()), ("printing", None));
    lab.place.ask(printing(&number)).await.unwrap();
    let answer = lab.place.ask(problem(&number, "The paper is out.")).await.unwrap();
    assert_eq!(state(&answer), ("problem", Some("The paper is out.")));
    lab.place.ask(printing(&job.job_id.to_string())).await.unwrap();
    lab.place.ask(shipped(&job.order_id.to_string(), "TR-1")).await.unwrap();
    lab.place.ask(shipped(&number, "TR-1")).await.unwrap();
    lab.place.ask(shipped(&number, "TR-2")).await.unwrap();

    let expected = ["received", "printing", "problem", "printing", "shipped", "shipped"];
    eventually("all reports came", || ana.script.reports().len() >= expected.len()).await;
    let reports = ana.script.reports();
    assert_eq!(words(&reports), expected);
    assert_eq!(reports[0].kind, StatusKind::Received { files: 2, bytes: 1_050, crossed_bytes: Some(1_050) });
    assert_eq!(reports[5].kind, StatusKind::Shipped { carrier: "Post".into(), tracking: "TR-2".into() });
    assert!(reports.iter().all(|status| status.order_id == job.order_id && status.job_id == Some(job.job_id)));
    lab.stop().await;
}

#[tokio::test]
async fn what_does_not_fit_a_jobs_state_is_refused_in_words() {
    let (dir, ana) = (TempDir::new().unwrap(), Photographer::start().await);
    let lab = RunningLab::start_for(&dir, &ana).await;
    let job = ana.job(&[("a.jpg", picture(1_000, 1))]);
    ana.script.allow_only(0);
    ana.send(&lab.place, &job).await;
    let number = job.order_id.number();
    for command in [printing(&number), shipped(&number, "")] {
        let error = lab.place.ask(command).await.unwrap_err().to_string();
        assert!(error.contains("on their way"), "{error}");
    }
    lab.place.ask(problem(&number, "We can't print that size.")).await.unwrap();
    ana.script.allow();
    lab.place.wait_for_prints(&number).await;
    assert_eq!(lab.place.jobs().await[0].state, "problem", "the receipt does not hide it");
    lab.place.ask(shipped(&number, "")).await.unwrap();
    assert!(lab.place.ask(printing(&number)).await.unwrap_err().to_string().contains("on its way already"));
    assert!(lab.place.ask(problem(&number, " ")).await.is_err());
    let unknown = lab.place.ask(printing(&JobId::random().to_string())).await.unwrap_err();
    assert!(unknown.to_string().contains("no job"), "{unknown}");
    lab.stop().await;
}

#[tokio::test]
async fn reports_wait_for_a_photographer_who_is_away_and_for_a_lab_that_stops() {
    let (dir, ana) = (TempDir::new().unwrap(), Photographer::start().await);
    let lab = RunningLab::start_for(&dir, &ana).await;
    let job = ana.job(&[("a.jpg", picture(1_000, 1))]);
    ana.send(&lab.place, &job).await;
    lab.place.wait_for_prints(&job.order_id.number()).await;
    eventually("the receipt came", || ana.script.reports().len() == 1).await;
    let (key, script) = ana.stop().await;
    eventually_some("the lab notices", async || {
        lab.place.photographers().await.iter().all(|one| !one.connected).then_some(())
    })
    .await;
    lab.place.ask(printing(&job.order_id.number())).await.unwrap();
    lab.place.ask(shipped(&job.order_id.number(), "TR-3")).await.unwrap();
    let waiting = eventually_some("a report was tried", async || {
        lab.place.status().await.reports_waiting.into_iter().find(|report| report.last_error.is_some())
    })
    .await;
    assert!(waiting.attempts > 0, "{waiting:?}");
    lab.stop().await;

    let lab = RunningLab::start_with(config(dir.path(), ANY_PORT)).await;
    let ana = Photographer::start_as(key, script, "/ip4/127.0.0.1/tcp/0").await;
    ana.meet(&lab.place).await;
    eventually("the reports came", || ana.script.reports().len() == 3).await;
    assert_eq!(words(&ana.script.reports()), ["received", "printing", "shipped"]);
    eventually_some("nothing waits", async || lab.place.status().await.reports_waiting.is_empty().then_some(())).await;
    lab.stop().await;
}

#[tokio::test]
async fn commands_work_on_the_data_of_a_lab_that_does_not_run() {
    let dir = TempDir::new().unwrap();
    let config = config(dir.path(), ANY_PORT);
    let asked = control::ask::<Lab>(&config.data_dir, LabCommand::Jobs, |_| {}).await;
    assert!(matches!(asked, Err(NodeError::NotRunning { .. })));
    let lab = Lab::open(config.clone()).await.unwrap();
    assert!(Lab::open(config).await.is_err(), "only one process has the data");
    let who = enprint_protocol::PeerId::random().to_string();
    let answer = control::run_here(&lab, LabCommand::Approve { who }, CancellationToken::new(), |_| {}).await.unwrap();
    let LabAnswer::Photographers { photographers } = answer else { panic!("{answer:?}") };
    assert_eq!(photographers[0].standing, "approved");
    lab.finish_sending().await.unwrap();
}
