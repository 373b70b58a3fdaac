//! What the demo measured, as JSON.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use enprint_node::photographer::commands::FailedFile;
use serde::Serialize;

use crate::show;

/// The demo's report. Bytes are bytes, times are milliseconds.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Photos that are in the archive.
    pub photos_imported: u64,
    /// Files that could not be imported, with the reason.
    pub photos_failed: Vec<FailedFile>,
    /// Of all originals.
    pub original_bytes: u64,
    /// Photos in the gallery.
    pub photos_published: u64,
    /// Of their thumbnails and proofs.
    pub published_bytes: u64,
    /// What the photographer's node sent over TCP to publish them.
    pub wire_bytes_published: u64,
    /// Different photos that were ordered.
    pub photos_ordered: u64,
    /// Of the print files in the lab's hot folder.
    pub lab_bytes: u64,
    /// What the lab received over TCP from placing the order to its receipt.
    pub wire_bytes_to_lab: u64,
    /// How often each ordered photo's print file crossed to the lab.
    pub crossings: BTreeMap<String, u64>,
    /// Everything in the host's data folder after it has stopped.
    pub host_bytes_at_rest: u64,
    /// From the start of the import to the first proof fetched over HTTP.
    pub first_proof_ms: u64,
    /// From placing the order to the order folder in the hot folder.
    pub order_to_lab_ms: u64,
    /// Whether the bytes in the hot folder are the photographer's, byte for byte.
    pub lab_files_verified: bool,
}

impl Report {
    /// Writes the report to `file`.
    pub fn write(&self, file: &Path) -> Result<()> {
        let json = serde_json::to_string_pretty(self)?;
        std::fs::write(file, json + "\n").with_context(|| format!("The report {} can't be written", file.display()))
    }
}

/// The report in words.
pub fn words(report: &Report) -> String {
    let mut text = format!(
        "{} ordered: {} crossed to the lab for {} of print files, each file {}.\n",
        show::count(report.photos_ordered, "photo was", "photos were"),
        show::bytes(report.wire_bytes_to_lab),
        show::bytes(report.lab_bytes),
        if report.crossings.values().all(|times| *times == 1) { "once" } else { "more than once" }
    );
    text += &format!(
        "First proof after {} ms; order at the lab after {} ms.\n",
        report.first_proof_ms, report.order_to_lab_ms
    );
    text + match report.lab_files_verified {
        true => "The lab's files are the photographer's, byte for byte.",
        false => "THE LAB'S FILES ARE NOT THE PHOTOGRAPHER'S.",
    }
}
