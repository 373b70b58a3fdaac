//! `/enprint/print-job/1`: a photographer offers an order's lines to a lab.
//!
//! - *Participants:* the photographer asks, the lab answers.
//! - *Goals:* a signed ticket with a manifest of print files; the lab says which
//!   of them it still needs, so that none crosses twice. A job that goes to another
//!   lab is withdrawn from the first, so that it is not printed twice.
//! - *Non-goals:* moving bytes ([`crate::original`]); production ([`crate::status`]).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::conversation::Conversation;
use crate::error::{ProtocolError, Refusal};
use crate::home::Home;
use crate::ids::{ContentHash, JobId, OrderId, PhotoId};
use crate::limits;
use crate::order::Crop;
use crate::print_size::{Finish, PrintSize};
use crate::signed::{Record, Signed};
use crate::text;
use crate::time::UnixMs;

/// The conversation.
#[derive(Debug, Clone, Copy)]
pub struct OfferJob;

impl Conversation for OfferJob {
    const NAME: &'static str = "/enprint/print-job/1";
    type Request = JobRequest;
    type Reply = JobReply;
    const REQUEST_BYTES_MAX: usize = limits::CONTROL_BYTES_MAX;
    const REPLY_BYTES_MAX: usize = limits::SMALL_BYTES_MAX;
    const TIMEOUT: Duration = limits::JOB_TIMEOUT;

    fn refusal(reply: &Self::Reply) -> Option<&Refusal> {
        if let JobReply::Refused(refusal) = reply { Some(refusal) } else { None }
    }
}

/// What the photographer says. May be repeated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobRequest {
    /// Please print this.
    Offer(Signed<PrintJob>),
    /// Please don't print this any more. A lab that does not know this request refuses it.
    Withdraw {
        /// The job.
        job_id: JobId,
        /// The [`PrintJob::withdrawn_before`] of the offer that is withdrawn, with all
        /// offers of the job before it: those that come late are withdrawn, too.
        withdrawn_before: u32,
    },
    /// A photographer's word on a second home, said by either: what that home offers counts
    /// as theirs. A lab that does not know this request refuses it.
    StandIn(Signed<Home>),
    /// Please don't print this any more, whichever home of the photographer offered it: it
    /// goes to another lab. No offer of it counts until a home has said
    /// [`JobRequest::TakeOver`]. A lab that does not know this request refuses it.
    LetGo {
        /// The job.
        job_id: JobId,
    },
    /// From now on this job comes from this home alone, whichever offered it before. Said
    /// before an order is offered that another home had. A lab that does not know this
    /// request refuses it.
    TakeOver {
        /// The job.
        job_id: JobId,
    },
}

/// What the lab answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobReply {
    /// The job is taken; these files of its manifest are still needed.
    Needs {
        /// Indices into [`PrintJob::files`]; empty when the lab has them all.
        files: Vec<u32>,
    },
    /// Not taken, with the reason; to a job that is taken back: the files are at the lab
    /// already ([`crate::ErrorCode::Conflict`]), or it can't withdraw.
    Refused(Refusal),
    /// To [`JobRequest::Withdraw`] and [`JobRequest::LetGo`]: the lab will not print it.
    Withdrawn,
    /// To [`JobRequest::StandIn`] and [`JobRequest::TakeOver`]: it is noted.
    Noted,
}

impl From<Refusal> for JobReply {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// An order's lines as offered to one lab.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrintJob {
    /// Made by the photographer's node.
    pub job_id: JobId,
    /// Which order.
    pub order_id: OrderId,
    /// The event's name, for the ticket.
    pub event_name: String,
    /// The photographer's name, for the ticket and the slip.
    pub photographer: String,
    /// When the order was placed.
    pub placed_at: UnixMs,
    /// Where the prints go.
    pub ship_to: ShipTo,
    /// The customer's note, or empty.
    pub note: String,
    /// What to print; 1 to [`limits::ORDER_LINES_MAX`].
    pub lines: Vec<JobLine>,
    /// The manifest: each print file once.
    pub files: Vec<PrintFile>,
    /// How often this job was withdrawn from this lab before it was offered like this.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub withdrawn_before: u32,
}

/// Where the prints go: the least that a lab has to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShipTo {
    /// The delivery's name on the price list.
    pub delivery: String,
    /// Who gets them.
    pub name: String,
    /// Address lines, where the delivery needs them.
    pub address: Option<String>,
}

/// One line of the ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobLine {
    /// The order line's number.
    pub line: u32,
    /// Index into [`PrintJob::files`].
    pub file: u32,
    /// How large.
    pub size: PrintSize,
    /// Which surface.
    pub finish: Finish,
    /// Where photo and paper differ in shape.
    pub crop: Crop,
    /// How many.
    pub quantity: u32,
}

/// One print file of the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrintFile {
    /// The photo it prints.
    pub photo_id: PhotoId,
    /// Its name at the photographer's; the lab makes its own safe name from it.
    pub name: String,
    /// Length in bytes; 1 to [`limits::PRINT_FILE_BYTES_MAX`].
    pub bytes: u64,
    /// BLAKE3 of the whole file: every range is checked against it.
    pub root: ContentHash,
    /// Width in pixels, upright.
    pub width_px: u32,
    /// Height in pixels, upright.
    pub height_px: u32,
    /// The paper that it was made for; none where the lab crops and scales it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prepared: Option<Prepared>,
}

/// The paper that a print file was made for, pixel by pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prepared {
    /// After the bleed is cut off.
    pub size: PrintSize,
    /// Whether the photo fills it.
    pub crop: Crop,
    /// Pixels per inch.
    pub ppi: u16,
    /// Printed beyond each edge and cut off, in hundredths of a millimetre.
    pub bleed_hundredths_mm: u32,
}

impl Record for PrintJob {
    const DOMAIN: &'static str = "enprint print job 1";
    const WORD: &'static str = "print job";
}

impl PrintJob {
    /// Checks counts, indices, lengths and texts.
    ///
    /// # Errors
    /// Says which rule is broken.
    pub fn check(&self) -> Result<(), ProtocolError> {
        if self.lines.is_empty() || self.files.is_empty() {
            return Err(malformed("a print job has no lines or no files"));
        }
        let most = limits::ORDER_LINES_MAX;
        for (what, count) in [("Lines of a print job", self.lines.len()), ("Files of a print job", self.files.len())] {
            if count > most {
                return Err(ProtocolError::TooMany { what, given: count as u64, max: most as u64 });
            }
        }
        self.check_texts()?;
        self.lines.iter().try_for_each(|line| self.check_line(line))?;
        self.files.iter().try_for_each(PrintFile::check)?;
        let mut roots: Vec<_> = self.files.iter().map(|file| file.root).collect();
        roots.sort_unstable();
        roots.dedup();
        if roots.len() == self.files.len() {
            return Ok(());
        }
        Err(malformed("a print job names the same file twice"))
    }

    fn check_texts(&self) -> Result<(), ProtocolError> {
        text::required("The event's name", &self.event_name, limits::NAME_BYTES_MAX, false)?;
        text::required("The photographer", &self.photographer, limits::NAME_BYTES_MAX, false)?;
        text::required("The delivery", &self.ship_to.delivery, limits::NAME_BYTES_MAX, false)?;
        text::required("The name to send to", &self.ship_to.name, limits::NAME_BYTES_MAX, false)?;
        let address = self.ship_to.address.as_deref().unwrap_or_default();
        text::optional("The address", address, limits::NOTE_BYTES_MAX, true)?;
        text::optional("The note", &self.note, limits::NOTE_BYTES_MAX, true).map(|_| ())
    }

    fn check_line(&self, line: &JobLine) -> Result<(), ProtocolError> {
        if line.file as usize >= self.files.len() {
            return Err(malformed("a print job's line names a file that is not there"));
        }
        if line.quantity == 0 || line.quantity > limits::QUANTITY_MAX {
            return Err(malformed("a print job's line has no copies or too many"));
        }
        Ok(())
    }
}

impl PrintFile {
    fn check(&self) -> Result<(), ProtocolError> {
        text::required("A file name", &self.name, limits::FILE_NAME_BYTES_MAX, false)?;
        if self.bytes == 0 || self.bytes > limits::PRINT_FILE_BYTES_MAX {
            return Err(malformed("a print file is empty or larger than 4 GiB"));
        }
        Ok(())
    }
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

fn malformed(reason: &str) -> ProtocolError {
    ProtocolError::Malformed { reason: reason.into() }
}
