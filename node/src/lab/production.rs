//! What the lab's people say of a job: printing, shipped, problem. Each is stored and
//! reported in one transaction; said twice, it is said once.

use enprint_protocol::codec;
use enprint_protocol::ids::CommandId;
use enprint_protocol::signed::Signed;
use enprint_protocol::status::{Status, StatusKind, StatusRequest};

use super::catalogue::{FileState, JobRow, JobState, Report, Told};
use super::clock::now;
use super::naming;
use super::node::Node;
use crate::error::NodeError;

/// What becomes of a job when `kind` is said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// It was said before, in the same words.
    Already,
    /// It is so from now on.
    To(Told, StatusKind),
}

impl Node {
    /// Says `kind` of the job that `named` means; the job as it then is.
    pub(super) async fn say(&self, named: &str, kind: StatusKind) -> Result<JobRow, NodeError> {
        let _one_at_a_time = self.reporting.lock().await;
        let row = self.find_job(named).await?;
        let job_id = row.job.job_id;
        if let Step::To(told, kind) = step(&row, kind)? {
            let report = self.signed_report(&row, CommandId::random(), kind)?;
            self.catalogue.set_state(&job_id, &told, &report).await?;
            tracing::info!(job.id = %job_id, order.id = %row.job.order_id, state = told.state.word(), "a job's state changed");
        }
        Ok(self.catalogue.job(&job_id).await?.unwrap_or(row))
    }

    /// A status of a job, signed, on its way to the photographer.
    pub(super) fn signed_report(
        &self,
        row: &JobRow,
        status_id: CommandId,
        kind: StatusKind,
    ) -> Result<Report, NodeError> {
        let status = Status { status_id, order_id: row.job.order_id, job_id: Some(row.job.job_id), at: now(), kind };
        status.check()?;
        let request = StatusRequest::Report(Signed::sign(&status, &self.key)?);
        Ok(Report { status_id, photographer: row.photographer, to: row.home, payload: codec::encode(&request)? })
    }

    /// What the home that a printed job comes from now has to hear: that it is here, and
    /// what was said of it last.
    pub(super) async fn report_again(&self, row: &JobRow) -> Result<(), NodeError> {
        if row.file_state != FileState::Placed {
            return Ok(()); // it is told when the folder stands
        }
        let said = match row.state {
            JobState::Printing => Some(StatusKind::Printing),
            JobState::Shipped => {
                let (carrier, tracking) = parcel(row);
                Some(StatusKind::Shipped { carrier, tracking })
            }
            JobState::Problem => Some(StatusKind::Problem { text: row.detail.clone() }),
            JobState::Receiving | JobState::Received | JobState::Withdrawn => None,
        };
        let mut reports = vec![self.receipt(row).await?];
        if let Some(kind) = said {
            let purpose = "enprint said again 1";
            let of = [&row.job.job_id.0[..], &row.home.to_bytes(), kind.word().as_bytes()];
            reports.push(self.signed_report(row, CommandId::derived(purpose, &of), kind)?);
        }
        self.catalogue.post_again(&reports).await
    }

    async fn find_job(&self, named: &str) -> Result<JobRow, NodeError> {
        let mut jobs = self.catalogue.jobs().await?;
        let names =
            |row: &JobRow| vec![row.job.order_id.number(), row.job.order_id.to_string(), row.job.job_id.to_string()];
        let shown = |row: &JobRow| format!("job {} of order {}", row.job.job_id, row.job.order_id.number());
        match naming::find(named, &jobs, names, shown)? {
            Some(at) => Ok(jobs.swap_remove(at)),
            None => Err(NodeError::Unknown {
                what: "job",
                name: named.trim().to_owned(),
                hint: "“jobs” lists those that are here.",
            }),
        }
    }
}

fn step(row: &JobRow, kind: StatusKind) -> Result<Step, NodeError> {
    let kind = with_known_parcel(row, kind);
    let (state, detail, parcel) = match &kind {
        StatusKind::Printing => (JobState::Printing, String::new(), carrier_of_next(row)),
        StatusKind::Shipped { carrier, tracking } => {
            (JobState::Shipped, joined(carrier, tracking), (carrier.clone(), tracking.clone()))
        }
        StatusKind::Problem { text } => (JobState::Problem, text.trim().to_owned(), carrier_of_next(row)),
        _ => return Err(not_now("That is not for a lab to say.")),
    };
    if row.state == state && row.detail == detail {
        return Ok(Step::Already);
    }
    if row.file_state == FileState::Withdrawn {
        return Err(not_now("The photographer took this job back; nothing of it is to be printed."));
    }
    if state != JobState::Problem && row.file_state != FileState::Placed {
        return Err(not_now("The job's files are still on their way; say this when they are here."));
    }
    if state == JobState::Printing && row.state == JobState::Shipped {
        return Err(not_now("The job is on its way already. If that is wrong, report a problem first."));
    }
    Ok(Step::To(Told { state, detail, parcel }, kind))
}

/// Said again of a parcel that is on its way, what is left out is as it was said before; of
/// another parcel, after a problem, the carrier is.
fn with_known_parcel(row: &JobRow, kind: StatusKind) -> StatusKind {
    let StatusKind::Shipped { carrier, tracking } = kind else { return kind };
    let (carrier, tracking) = (carrier.trim().to_owned(), tracking.trim().to_owned());
    let (known_carrier, known_tracking) =
        if row.state == JobState::Shipped { parcel(row) } else { carrier_of_next(row) };
    let or = |said: String, known| if said.is_empty() { known } else { said };
    StatusKind::Shipped { carrier: or(carrier, known_carrier), tracking: or(tracking, known_tracking) }
}

/// Who will carry the next parcel, unless something else is said; its number is its own.
fn carrier_of_next(row: &JobRow) -> (String, String) {
    (row.parcel.0.clone(), String::new())
}

/// Who carries a job that is shipped, and its number. An earlier version kept both in one line.
fn parcel(row: &JobRow) -> (String, String) {
    if row.parcel == Default::default() { (row.detail.clone(), String::new()) } else { row.parcel.clone() }
}

fn joined(carrier: &str, tracking: &str) -> String {
    [carrier.trim(), tracking.trim()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

fn not_now(problem: &str) -> NodeError {
    NodeError::NotNow { problem: problem.to_owned() }
}
