//! Jobs, from the offer to the parcel, each step with the report that announces it.

use enprint_protocol::ids::{CommandId, JobId};
use enprint_protocol::limits::CONTROL_BYTES_MAX;
use enprint_protocol::print_job::{JobRequest, PrintJob};
use enprint_protocol::signed::Signed;
use enprint_protocol::{PeerId, codec};
use enprint_store::args;
use enprint_store::ledger::{Parcel, Row, Tx, outbox};

use super::contents::{ContentKey, keep_unneeded, put_content};
use super::homes::take_from_other_home;
use super::withdrawals::{is_stale, replace_job};
use super::{Catalogue, signed, unsigned};
use crate::error::NodeError;
use crate::lab::clock::now_ms;
use crate::limits::{JOBS_LISTED_MAX, JOBS_RECEIVING_MAX};
use crate::stored::{read, unreadable};

/// How far a job's files are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lab) enum FileState {
    /// On their way.
    Receiving,
    /// All here and built into a folder, which is about to be put in its place.
    Placing,
    /// In the hot folder.
    Placed,
    /// Not wanted any more: the photographer took the job back.
    Withdrawn,
}

/// What people are told of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lab) enum JobState {
    /// Its files are on their way.
    Receiving,
    /// All files are verified and durable.
    Received,
    /// Being printed.
    Printing,
    /// On its way to the customer.
    Shipped,
    /// A person is needed.
    Problem,
    /// The photographer took it back: nothing is to be printed.
    Withdrawn,
}

/// A job as the catalogue has it.
#[derive(Debug, Clone)]
pub(in crate::lab) struct JobRow {
    /// Whose it is.
    pub(in crate::lab) photographer: PeerId,
    /// Who offered it: the photographer, or another home of theirs.
    pub(in crate::lab) home: PeerId,
    /// What was offered.
    pub(in crate::lab) job: PrintJob,
    /// When, in milliseconds since 1970 UTC.
    pub(in crate::lab) offered_ms: i64,
    /// How far its files are.
    pub(in crate::lab) file_state: FileState,
    /// What people are told.
    pub(in crate::lab) state: JobState,
    /// What was said along with the state: a problem, a carrier.
    pub(in crate::lab) detail: String,
    /// Who carries it, once it is shipped, and its number; empty where they were not said.
    pub(in crate::lab) parcel: (String, String),
    /// The name of its folder in the hot folder, once chosen.
    pub(in crate::lab) folder: Option<String>,
    /// Why its files don't come on, in a sentence.
    pub(in crate::lab) trouble: Option<String>,
}

/// What people are told of a job from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::lab) struct Told {
    pub(in crate::lab) state: JobState,
    /// A problem, or a carrier with a number, in one line.
    pub(in crate::lab) detail: String,
    /// The carrier and the number, each by itself.
    pub(in crate::lab) parcel: (String, String),
}

/// One file of a job.
#[derive(Debug, Clone)]
pub(in crate::lab) struct JobFileRow {
    /// Its place in the job's manifest.
    pub(in crate::lab) place: u32,
    /// Its length.
    pub(in crate::lab) bytes: u64,
    /// Verified bytes that crossed for this job.
    pub(in crate::lab) verified_bytes: u64,
    /// Bytes that crossed for this job and were thrown away.
    pub(in crate::lab) discarded_bytes: u64,
    /// Bytes that are here.
    pub(in crate::lab) here_bytes: u64,
}

/// What became of an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lab) enum Offered {
    /// A new job.
    New,
    /// The very same job as before.
    Again,
    /// Another job of the same id stands.
    Conflict,
    /// The photographer took this very offer back, and it came late.
    Withdrawn,
    /// Another home of the photographer offered it, and is still there.
    AtOtherHome,
    /// It is in the hot folder, by another home's offer or an earlier one.
    Printed,
    /// Too many jobs wait for their files.
    Full,
}

/// A signed status on its way to a photographer.
#[derive(Debug, Clone)]
pub(in crate::lab) struct Report {
    /// Takes effect once.
    pub(in crate::lab) status_id: CommandId,
    /// Whose job it is.
    pub(in crate::lab) photographer: PeerId,
    /// To which of their homes.
    pub(in crate::lab) to: PeerId,
    /// The request as it goes over the wire.
    pub(in crate::lab) payload: Vec<u8>,
}

impl FileState {
    fn word(self) -> &'static str {
        match self {
            Self::Receiving => "receiving",
            Self::Placing => "placing",
            Self::Placed => "placed",
            Self::Withdrawn => "withdrawn",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        let all = [Self::Receiving, Self::Placing, Self::Placed, Self::Withdrawn];
        all.into_iter().find(|state| state.word() == word)
    }
}

impl JobState {
    /// The word in the catalogue and in JSON.
    pub(in crate::lab) fn word(self) -> &'static str {
        match self {
            Self::Receiving => "receiving",
            Self::Received => "received",
            Self::Printing => "printing",
            Self::Shipped => "shipped",
            Self::Problem => "problem",
            Self::Withdrawn => "withdrawn",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        use JobState::{Printing, Problem, Received, Receiving, Shipped, Withdrawn};
        let all = [Receiving, Received, Printing, Shipped, Problem, Withdrawn];
        all.into_iter().find(|state| state.word() == word)
    }
}

impl Catalogue {
    /// Takes a job, with its manifest, in one transaction; a repeat changes nothing. One
    /// that was taken back, or is offered anew with other files, takes the place of its
    /// former self, unless that is in the hot folder.
    pub(in crate::lab) async fn put_job(
        &self,
        photographer: PeerId,
        home: PeerId,
        offer: &Signed<PrintJob>,
        job: &PrintJob,
        other_is_here: bool,
    ) -> Result<Offered, NodeError> {
        let bytes = &codec::encode(&JobRequest::Offer(offer.clone()))?;
        self.ledger
            .write(|tx| {
                Box::pin(async move {
                    let standing = stored_job(tx, &job.job_id).await?;
                    if standing.as_ref().is_some_and(|standing| standing.photographer != photographer) {
                        return Ok(Offered::Conflict);
                    }
                    let own = standing.as_ref().filter(|standing| standing.home == home);
                    if is_stale(tx, photographer, home, job, own).await? {
                        return Ok(Offered::Withdrawn);
                    }
                    match standing {
                        // An earlier version let go of what was in the hot folder.
                        Some(standing) if standing.is_let_go_of() && standing.is_in_hot_folder() => {
                            return Ok(Offered::Withdrawn);
                        }
                        Some(standing) if standing.home != home => {
                            return take_from_other_home(tx, &standing, home, bytes, job, other_is_here).await;
                        }
                        Some(standing) if standing.job == *job && standing.is_let_go_of() => {
                            return Ok(Offered::Withdrawn);
                        }
                        Some(standing) if standing.job == *job => return Ok(Offered::Again),
                        Some(standing) if standing.is_printed_as(job) => return Ok(Offered::Printed),
                        Some(standing) if !standing.gives_way_to(job) => return Ok(Offered::Conflict),
                        Some(standing) => {
                            replace_job(tx, &standing, bytes, job).await?;
                            return Ok(Offered::New);
                        }
                        None => {}
                    }
                    let sql = "SELECT COUNT(*) AS found FROM job WHERE file_state IN ('receiving', 'placing')";
                    if tx.fetch_one(sql, args![]).await?.int("found")? >= JOBS_RECEIVING_MAX {
                        return Ok(Offered::Full);
                    }
                    insert_job(tx, photographer, home, bytes, job).await?;
                    Ok(Offered::New)
                })
            })
            .await
    }

    /// One job.
    pub(in crate::lab) async fn job(&self, job_id: &JobId) -> Result<Option<JobRow>, NodeError> {
        let sql = "SELECT * FROM job WHERE job_id = $1";
        let row = self.ledger.read().fetch_optional(sql, args![job_id.to_string()]).await?;
        row.as_ref().map(job_row).transpose()
    }

    /// Jobs, newest first, as many as a list holds.
    pub(in crate::lab) async fn jobs(&self) -> Result<Vec<JobRow>, NodeError> {
        let sql = "SELECT * FROM job ORDER BY offered_ms DESC, job_id LIMIT $1";
        let rows = self.ledger.read().fetch_all(sql, args![JOBS_LISTED_MAX]).await?;
        rows.iter().map(job_row).collect()
    }

    /// Jobs whose files are not in the hot folder yet, oldest first.
    pub(in crate::lab) async fn unfinished_jobs(&self) -> Result<Vec<(JobId, PeerId, u64)>, NodeError> {
        let sql = "SELECT job_id, COALESCE(home, photographer) AS photographer,
                (SELECT CAST(COALESCE(SUM(f.bytes), 0) AS BIGINT) FROM job_file f WHERE f.job_id = job.job_id) AS bytes
             FROM job WHERE file_state IN ('receiving', 'placing') ORDER BY offered_ms, job_id LIMIT $1";
        let rows = self.ledger.read().fetch_all(sql, args![JOBS_RECEIVING_MAX]).await?;
        let job = |row: &Row| {
            let bytes = u64::try_from(row.int("bytes")?).unwrap_or(0);
            Ok((read(&row.text("job_id")?)?, read(&row.text("photographer")?)?, bytes))
        };
        rows.iter().map(job).collect()
    }

    /// A job's files, in its order.
    pub(in crate::lab) async fn job_files(&self, job_id: &JobId) -> Result<Vec<JobFileRow>, NodeError> {
        let sql = "SELECT f.place, f.bytes, f.verified_bytes, f.discarded_bytes,
                 COALESCE(c.here_bytes, CASE WHEN j.file_state = 'placed' THEN f.bytes ELSE 0 END) AS here_bytes
             FROM job_file f JOIN job j ON j.job_id = f.job_id
             LEFT JOIN content c ON c.photographer = f.photographer AND c.root = f.root AND j.file_state <> 'placed'
             WHERE f.job_id = $1 ORDER BY f.place";
        let rows = self.ledger.read().fetch_all(sql, args![job_id.to_string()]).await?;
        rows.iter().map(file_row).collect()
    }

    /// Says why a job's files don't come on, or that nothing is in the way.
    pub(in crate::lab) async fn set_trouble(&self, job_id: &JobId, trouble: Option<&str>) -> Result<(), NodeError> {
        let sql = "UPDATE job SET trouble = $2
             WHERE job_id = $1 AND trouble IS DISTINCT FROM $2 AND file_state <> 'withdrawn'";
        self.ledger.execute(sql, args![job_id.to_string(), trouble.map(str::to_owned)]).await?;
        Ok(())
    }

    /// Folder names that belong to jobs, whether or not they stand in the hot folder.
    pub(in crate::lab) async fn folders_like(&self, order_number: &str) -> Result<Vec<String>, NodeError> {
        let sql = "SELECT folder FROM job WHERE folder IS NOT NULL AND substr(folder, 1, length($1)) = $1";
        let rows = self.ledger.read().fetch_all(sql, args![order_number]).await?;
        rows.iter().map(|row| Ok(row.text("folder")?)).collect()
    }

    /// Keeps the name under which a job's folder will stand.
    pub(in crate::lab) async fn choose_folder(&self, job_id: &JobId, folder: &str) -> Result<(), NodeError> {
        let sql = "UPDATE job SET folder = $2 WHERE job_id = $1 AND file_state = 'receiving'";
        self.ledger.execute(sql, args![job_id.to_string(), folder]).await?;
        Ok(())
    }

    /// A job's folder is built and about to be put in its place; false when the job was
    /// taken back, or is no longer the one that was built.
    pub(in crate::lab) async fn set_placing(&self, job: &PrintJob) -> Result<bool, NodeError> {
        self.ledger
            .write(|tx| {
                Box::pin(async move {
                    let standing = stored_job(tx, &job.job_id).await?;
                    if !standing.is_some_and(|row| row.file_state == FileState::Receiving && row.job == *job) {
                        return Ok(false);
                    }
                    let sql = "UPDATE job SET file_state = 'placing' WHERE job_id = $1";
                    tx.execute(sql, args![job.job_id.to_string()]).await?;
                    Ok(true)
                })
            })
            .await
    }

    /// A job's folder is in its place: the receipt goes out, and print files that no
    /// other job needs are merely kept from now on.
    pub(in crate::lab) async fn set_placed(&self, job_id: &JobId, receipt: &Report) -> Result<(), NodeError> {
        let sql = "UPDATE job SET file_state = 'placed', trouble = NULL,
                 state = CASE WHEN state = 'receiving' THEN 'received' ELSE state END
             WHERE job_id = $1 AND file_state <> 'placed'";
        self.ledger
            .write(|tx| {
                Box::pin(async move {
                    if tx.execute(sql, args![job_id.to_string()]).await? == 0 {
                        return Ok(());
                    }
                    post(tx, receipt).await?;
                    keep_unneeded(tx, receipt.photographer).await
                })
            })
            .await
    }

    /// Changes what people are told of a job, and reports it.
    pub(in crate::lab) async fn set_state(
        &self,
        job_id: &JobId,
        told: &Told,
        report: &Report,
    ) -> Result<(), NodeError> {
        let sql = "UPDATE job SET state = $2, detail = $3, carrier = $4, tracking = $5 WHERE job_id = $1";
        self.ledger
            .write(|tx| {
                Box::pin(async move {
                    let Told { state, detail, parcel: (carrier, tracking) } = told;
                    let values = args![job_id.to_string(), state.word(), detail, carrier, tracking];
                    tx.execute(sql, values).await?;
                    post(tx, report).await
                })
            })
            .await
    }

    /// Tells the home that a job comes from now what the other was told before.
    pub(in crate::lab) async fn post_again(&self, reports: &[Report]) -> Result<(), NodeError> {
        self.ledger
            .write(|tx| {
                Box::pin(async move {
                    for report in reports {
                        post(tx, report).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Jobs whose files are on their way, and jobs that are here and not shipped.
    pub(in crate::lab) async fn count_jobs(&self) -> Result<(u64, u64), NodeError> {
        let receiving = "SELECT COUNT(*) AS found FROM job WHERE file_state IN ('receiving', 'placing')";
        let receiving = self.count(receiving).await?;
        let sql = "SELECT COUNT(*) AS found FROM job WHERE file_state = 'placed' AND state <> 'shipped'";
        Ok((receiving, self.count(sql).await?))
    }
}

pub(super) async fn stored_job(tx: &mut Tx<'_>, job_id: &JobId) -> Result<Option<JobRow>, NodeError> {
    let row = tx.fetch_optional("SELECT * FROM job WHERE job_id = $1", args![job_id.to_string()]).await?;
    row.as_ref().map(job_row).transpose()
}

async fn insert_job(
    tx: &mut Tx<'_>,
    photographer: PeerId,
    home: PeerId,
    offer: &[u8],
    job: &PrintJob,
) -> Result<(), NodeError> {
    let sql = "INSERT INTO job (job_id, photographer, home, order_id, offer, offered_ms, file_state, state, detail)
         VALUES ($1, $2, $3, $4, $5, $6, 'receiving', 'receiving', '')";
    let (job_id, peer) = (job.job_id.to_string(), photographer.to_string());
    tx.execute(sql, args![&job_id, &peer, home.to_string(), job.order_id.to_string(), offer, now_ms()]).await?;
    insert_files(tx, photographer, job).await
}

/// The job's manifest; nothing has crossed for it.
pub(super) async fn insert_files(tx: &mut Tx<'_>, photographer: PeerId, job: &PrintJob) -> Result<(), NodeError> {
    let (job_id, peer) = (job.job_id.to_string(), photographer.to_string());
    for (place, file) in (0_u32..).zip(&job.files) {
        let sql = "INSERT INTO job_file (job_id, place, photographer, root, bytes, verified_bytes, discarded_bytes)
             VALUES ($1, $2, $3, $4, $5, 0, 0)";
        tx.execute(sql, args![&job_id, place, &peer, file.root.to_string(), signed(file.bytes)]).await?;
        put_content(tx, &ContentKey { photographer, root: file.root }, file.bytes).await?;
    }
    Ok(())
}

/// Puts a report into the outbox, in the transaction of what it announces; to another
/// home than the photographer's first under an id of its own, since the first may have
/// been told.
async fn post(tx: &mut Tx<'_>, report: &Report) -> Result<(), NodeError> {
    let Report { status_id, photographer, to, .. } = report;
    let parcel = Parcel {
        id: if to == photographer { status_id.to_string() } else { format!("{status_id}:{to}") },
        peer: to.to_string(),
        kind: "status".into(),
        payload: report.payload.clone(),
    };
    outbox::put(tx, &parcel, now_ms()).await?;
    Ok(())
}

fn job_row(row: &Row) -> Result<JobRow, NodeError> {
    let photographer = read(&row.text("photographer")?)?;
    let JobRequest::Offer(offer) = codec::decode(&row.bytes("offer")?, CONTROL_BYTES_MAX)? else {
        return Err(unreadable("a job"));
    };
    let (home, tracking): (Option<String>, Option<String>) = (row.get("home")?, row.get("tracking")?);
    Ok(JobRow {
        photographer,
        home: home.map_or(Ok(photographer), |home| read(&home))?,
        // Its signer was looked at when it was taken.
        job: offer.open_any()?.1,
        offered_ms: row.int("offered_ms")?,
        file_state: FileState::from_word(&row.text("file_state")?).ok_or_else(|| unreadable("a job's state"))?,
        state: JobState::from_word(&row.text("state")?).ok_or_else(|| unreadable("a job's state"))?,
        detail: row.text("detail")?,
        parcel: (row.get::<Option<String>>("carrier")?.unwrap_or_default(), tracking.unwrap_or_default()),
        folder: row.get("folder")?,
        trouble: row.get("trouble")?,
    })
}

fn file_row(row: &Row) -> Result<JobFileRow, NodeError> {
    Ok(JobFileRow {
        place: u32::try_from(row.int("place")?).map_err(|_| unreadable("a file's place"))?,
        bytes: unsigned(row.int("bytes")?),
        verified_bytes: unsigned(row.int("verified_bytes")?),
        discarded_bytes: unsigned(row.int("discarded_bytes")?),
        here_bytes: unsigned(row.int("here_bytes")?),
    })
}
