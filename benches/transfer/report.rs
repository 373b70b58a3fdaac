//! Medians of all rounds, as words and as one line of JSON.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::conditions::Conditions;
use crate::line::Given;
use crate::ours::Outcome;

/// Of the bench's own line, which every run has.
const CLEAN: Conditions = Conditions::CLEAN;
const LOSSY: Conditions = Conditions::LOSSY;

/// What came of all rounds.
#[derive(Debug, Default)]
pub struct Report {
    /// With the bytes of payload of each.
    outcomes: BTreeMap<(Conditions, String), Vec<(f64, Outcome)>>,
    /// Bytes at the interface and of payload, of a publish under each condition.
    published: BTreeMap<Conditions, (u64, u64)>,
    /// What the lines really gave.
    given: BTreeMap<Conditions, Given>,
}

impl Report {
    pub fn add(&mut self, conditions: Conditions, name: &str, payload_bytes: u64, outcome: Outcome) {
        self.outcomes.entry((conditions, name.to_owned())).or_default().push((payload_bytes as f64, outcome));
    }

    pub fn add_publish(&mut self, conditions: Conditions, bytes: (u64, u64)) {
        self.published.insert(conditions, bytes);
    }

    pub fn add_given(&mut self, conditions: Conditions, given: Given) {
        self.given.insert(conditions, given);
    }

    pub fn print(&self) {
        println!(
            "| | | MB/s | of what TCP can carry | with all before it | wire ÷ payload |\n|---|---|---|---|---|---|"
        );
        for (conditions, name) in self.outcomes.keys() {
            let Some(rate) = self.rate(*conditions, name) else { continue };
            let shown = |part: Option<f64>| part.map_or_else(String::new, |part| format!("{part:.3}"));
            let part = shown(self.part_of_line(*conditions, name));
            let of_job = shown(of_line(*conditions, self.job_rate(*conditions, name)));
            let wire = self.wire(*conditions, name).unwrap_or_default();
            println!("| {conditions} | {name} | {:.1} | {part} | {of_job} | {wire:.4} |", rate / 1e6);
        }
        println!("{}", self.json());
    }

    fn json(&self) -> Value {
        use Conditions::Loopback;
        let faster = |other: &str| Some(self.rate(Loopback, "enprint")? / self.rate(Loopback, other)?);
        json!({
            "ratio_iroh": faster("iroh"),
            "ratio_iroh_job": self.job_rate(Loopback, "enprint").zip(self.rate(Loopback, "iroh")).map(|(ours, theirs)| ours / theirs),
            "ratio_rsync": faster("rsync"),
            "ratio_curl": faster("curl"),
            "line_clean": self.part_of_line(CLEAN, "enprint"),
            "line_lossy": self.part_of_line(LOSSY, "enprint"),
            "rsync_clean": self.part_of_line(CLEAN, "rsync"),
            "rsync_lossy": self.part_of_line(LOSSY, "rsync"),
            "curl_clean": self.part_of_line(CLEAN, "curl"),
            "curl_lossy": self.part_of_line(LOSSY, "curl"),
            "iroh_clean": self.part_of_line(CLEAN, "iroh"),
            "iroh_lossy": self.part_of_line(LOSSY, "iroh"),
            "wire_job": self.wire(Loopback, "enprint"),
            "wire_job_1500": self.wire(CLEAN, "enprint"),
            "wire_rsync_1500": self.wire(CLEAN, "rsync"),
            "wire_publish": self.wire_publish(Loopback),
            "wire_publish_1500": self.wire_publish(CLEAN),
            "matrix": self.matrix(),
        })
    }

    /// Of each line what everybody used of it, and what it gave.
    fn matrix(&self) -> Value {
        let mut matrix = serde_json::Map::new();
        for (conditions, name) in self.outcomes.keys() {
            let Some(part) = self.part_of_line(*conditions, name) else { continue };
            let cell = matrix.entry(conditions.to_string()).or_insert_with(|| match self.given.get(conditions) {
                Some(given) => json!({ "line_mbit": given.mbit, "line_delay_ms": given.delay_ms,
                    "line_latest_ms": given.latest_ms, "line_lost_percent": given.lost_percent }),
                None => json!({}),
            });
            cell[name] = json!((part * 1e3).round() / 1e3);
        }
        matrix.into()
    }

    /// Bytes of payload a second.
    fn rate(&self, conditions: Conditions, name: &str) -> Option<f64> {
        self.median(conditions, name, |payload, outcome| Some(payload / outcome.seconds))
    }

    /// Of the whole job, where it is known.
    fn job_rate(&self, conditions: Conditions, name: &str) -> Option<f64> {
        self.median(conditions, name, |payload, outcome| Some(payload / outcome.job_seconds?))
    }

    fn part_of_line(&self, conditions: Conditions, name: &str) -> Option<f64> {
        of_line(conditions, self.rate(conditions, name))
    }

    fn wire(&self, conditions: Conditions, name: &str) -> Option<f64> {
        self.median(conditions, name, |payload, outcome| Some(outcome.wire_bytes as f64 / payload))
    }

    fn wire_publish(&self, conditions: Conditions) -> Option<f64> {
        self.published.get(&conditions).map(|(wire, payload)| *wire as f64 / *payload as f64)
    }

    fn median(&self, conditions: Conditions, name: &str, of: impl Fn(f64, &Outcome) -> Option<f64>) -> Option<f64> {
        let outcomes = self.outcomes.get(&(conditions, name.to_owned()))?;
        let mut values: Vec<f64> = outcomes.iter().filter_map(|(payload, outcome)| of(*payload, outcome)).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    }
}

fn of_line(conditions: Conditions, rate: Option<f64>) -> Option<f64> {
    Some(rate? * 8.0 / conditions.payload_bits_per_second()?)
}
