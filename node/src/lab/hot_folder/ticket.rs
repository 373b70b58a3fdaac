//! `ticket.json`: what a lab's own programs need to know of an order. The schema is
//! versioned; fields are added, never changed. Touches no disk and reads no clock.

use enprint_protocol::PeerId;
use enprint_protocol::ids::{ContentHash, JobId, OrderId, PhotoId};
use enprint_protocol::print_job::PrintJob;
use enprint_protocol::time::UnixMs;
use serde::Serialize;

use super::names;

/// The version of what follows.
const SCHEMA: &str = "enprint ticket 1";

/// The whole ticket.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(in crate::lab) struct Ticket {
    schema: &'static str,
    pub(super) order: TicketOrder,
    pub(super) ship_to: TicketAddress,
    pub(super) totals: TicketTotals,
    pub(super) lines: Vec<TicketLine>,
    pub(super) files: Vec<TicketFile>,
}

/// Which order, and who takes part.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct TicketOrder {
    pub(super) number: String,
    pub(super) order_id: OrderId,
    pub(super) job_id: JobId,
    pub(super) event: String,
    pub(super) photographer: String,
    pub(super) photographer_peer_id: PeerId,
    pub(super) lab: String,
    /// When the customer placed it; ISO 8601, UTC.
    pub(super) placed_at: String,
    /// When the lab had all its files; ISO 8601, UTC.
    pub(super) received_at: String,
    /// The customer's, or empty.
    pub(super) note: String,
}

/// Where the prints go.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct TicketAddress {
    pub(super) delivery: String,
    pub(super) name: String,
    pub(super) address_lines: Vec<String>,
}

/// What it comes to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct TicketTotals {
    pub(super) prints: u64,
    pub(super) files: usize,
    pub(super) bytes: u64,
    /// Prints of each size and finish, largest size last.
    pub(super) sizes: Vec<TicketSize>,
}

/// Prints of one size and finish.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct TicketSize {
    pub(super) size: String,
    pub(super) finish: &'static str,
    pub(super) prints: u64,
}

/// One line: print this file so, so many times.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct TicketLine {
    pub(super) line: u32,
    /// [`TicketFile::file`].
    pub(super) file: String,
    pub(super) size: String,
    pub(super) short_mm: u32,
    pub(super) long_mm: u32,
    pub(super) finish: &'static str,
    /// `fill` cuts the photo's edges, `fit` leaves a white border.
    pub(super) crop: &'static str,
    pub(super) quantity: u32,
    /// Pixels per inch when the photo fills the size.
    pub(super) ppi: u32,
}

/// One print file, as it lies beside the ticket.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct TicketFile {
    pub(super) file: String,
    /// Its name at the photographer's.
    pub(super) original_name: String,
    pub(super) photo_id: PhotoId,
    pub(super) blake3: ContentHash,
    pub(super) bytes: u64,
    pub(super) width_px: u32,
    pub(super) height_px: u32,
    /// The paper that it was made for; left out where it is to be cropped and scaled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) made_for: Option<TicketPaper>,
    /// The lines that print it.
    pub(super) lines: Vec<u32>,
}

/// A print file of the paper's exact pixels: to be printed as it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct TicketPaper {
    pub(super) short_mm: u32,
    pub(super) long_mm: u32,
    pub(super) ppi: u16,
    /// Beyond each edge, to be cut off.
    pub(super) bleed_mm: f64,
}

/// Those on the ticket who are not named in the job itself.
#[derive(Debug, Clone, Copy)]
pub(in crate::lab) struct Parties<'a> {
    /// Who offered the job.
    pub(in crate::lab) photographer: PeerId,
    /// This lab's name.
    pub(in crate::lab) lab: &'a str,
    /// When all files were here.
    pub(in crate::lab) received_at: UnixMs,
}

impl Ticket {
    /// The ticket of `job`, whose print files have the names `files`, in the job's order.
    pub(in crate::lab) fn new(job: &PrintJob, files: &[String], parties: Parties<'_>) -> Self {
        Self {
            schema: SCHEMA,
            order: TicketOrder {
                number: job.order_id.number(),
                order_id: job.order_id,
                job_id: job.job_id,
                event: job.event_name.clone(),
                photographer: job.photographer.clone(),
                photographer_peer_id: parties.photographer,
                lab: parties.lab.to_owned(),
                placed_at: job.placed_at.to_string(),
                received_at: parties.received_at.to_string(),
                note: job.note.clone(),
            },
            ship_to: TicketAddress {
                delivery: job.ship_to.delivery.clone(),
                name: job.ship_to.name.clone(),
                address_lines: job.ship_to.address.iter().flat_map(|text| text.lines()).map(str::to_owned).collect(),
            },
            totals: totals(job),
            lines: lines(job, files),
            files: ticket_files(job, files),
        }
    }

    /// As the bytes of `ticket.json`: indented, for people look at it too.
    pub(in crate::lab) fn to_json(&self) -> Vec<u8> {
        // Plain strings and numbers, which JSON can always say.
        let mut json = serde_json::to_vec_pretty(self).unwrap_or_default();
        json.push(b'\n');
        json
    }
}

fn totals(job: &PrintJob) -> TicketTotals {
    let mut lines: Vec<_> = job.lines.iter().collect();
    lines.sort_by_key(|line| (line.size.long_mm(), line.size.short_mm(), line.finish));
    let mut sizes: Vec<TicketSize> = Vec::new();
    for line in lines {
        let (size, finish, prints) = (line.size.to_string(), line.finish.word(), u64::from(line.quantity));
        match sizes.last_mut().filter(|last| last.size == size && last.finish == finish) {
            Some(last) => last.prints += prints,
            None => sizes.push(TicketSize { size, finish, prints }),
        }
    }
    TicketTotals {
        prints: sizes.iter().map(|size| size.prints).sum(),
        files: job.files.len(),
        bytes: job.files.iter().map(|file| file.bytes).fold(0, u64::saturating_add),
        sizes,
    }
}

fn lines(job: &PrintJob, files: &[String]) -> Vec<TicketLine> {
    let ppi = |line: &enprint_protocol::print_job::JobLine| {
        job.files.get(line.file as usize).map_or(0, |file| line.size.ppi_of(file.width_px, file.height_px))
    };
    let lines = job.lines.iter().map(|line| TicketLine {
        line: line.line,
        file: files.get(line.file as usize).cloned().unwrap_or_default(),
        size: line.size.to_string(),
        short_mm: line.size.short_mm(),
        long_mm: line.size.long_mm(),
        finish: line.finish.word(),
        crop: line.crop.word(),
        quantity: line.quantity,
        ppi: ppi(line),
    });
    lines.collect()
}

fn ticket_files(job: &PrintJob, files: &[String]) -> Vec<TicketFile> {
    let named = job.files.iter().zip(files).enumerate();
    let files = named.map(|(at, (file, name))| TicketFile {
        file: name.clone(),
        original_name: file.name.clone(),
        photo_id: file.photo_id,
        blake3: file.root,
        bytes: file.bytes,
        width_px: file.width_px,
        height_px: file.height_px,
        made_for: file.prepared.map(|paper| TicketPaper {
            short_mm: paper.size.short_mm(),
            long_mm: paper.size.long_mm(),
            ppi: paper.ppi,
            bleed_mm: f64::from(paper.bleed_hundredths_mm) / 100.0,
        }),
        lines: job.lines.iter().filter(|line| line.file as usize == at).map(|line| line.line).collect(),
    });
    files.collect()
}

/// The names of all print files of `job`, whose bytes say that they end as `endings`.
pub(in crate::lab) fn file_names(job: &PrintJob, endings: &[&str]) -> Vec<String> {
    endings.iter().enumerate().map(|(at, ending)| names::print_file_name(job, at, ending)).collect()
}
