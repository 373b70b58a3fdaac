//! Medians of all rounds, as words and as one line of JSON.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::line::{Conditions, LINE_PAYLOAD_BITS_PER_SECOND};
use crate::ours::Outcome;

/// What came of all rounds.
#[derive(Debug, Default)]
pub struct Report {
    /// With the bytes of payload of each.
    outcomes: BTreeMap<(Conditions, String), Vec<(f64, Outcome)>>,
    /// Bytes at the interface and of payload, of a publish under each condition.
    published: BTreeMap<Conditions, (u64, u64)>,
}

impl Report {
    pub fn add(&mut self, conditions: Conditions, name: &str, payload_bytes: u64, outcome: Outcome) {
        self.outcomes.entry((conditions, name.to_owned())).or_default().push((payload_bytes as f64, outcome));
    }

    pub fn add_publish(&mut self, conditions: Conditions, bytes: (u64, u64)) {
        self.published.insert(conditions, bytes);
    }

    pub fn print(&self) {
        println!("| | | MB/s | of what TCP can carry | wire ÷ payload |\n|---|---|---|---|---|");
        for (conditions, name) in self.outcomes.keys() {
            let Some(rate) = self.rate(*conditions, name) else { continue };
            let part = self.part_of_line(*conditions, name).map_or_else(String::new, |part| format!("{part:.3}"));
            let wire = self.wire(*conditions, name).unwrap_or_default();
            println!("| {conditions:?} | {name} | {:.1} | {part} | {wire:.4} |", rate / 1e6);
        }
        println!("{}", self.json());
    }

    fn json(&self) -> Value {
        use Conditions::{Clean, Loopback, Lossy};
        let faster = |other: &str| Some(self.rate(Loopback, "enprint")? / self.rate(Loopback, other)?);
        json!({
            "ratio_iroh": faster("iroh"),
            "ratio_iroh_job": self.job_rate().zip(self.rate(Loopback, "iroh")).map(|(ours, theirs)| ours / theirs),
            "ratio_rsync": faster("rsync"),
            "ratio_curl": faster("curl"),
            "line_clean": self.part_of_line(Clean, "enprint"),
            "line_lossy": self.part_of_line(Lossy, "enprint"),
            "rsync_clean": self.part_of_line(Clean, "rsync"),
            "rsync_lossy": self.part_of_line(Lossy, "rsync"),
            "curl_clean": self.part_of_line(Clean, "curl"),
            "curl_lossy": self.part_of_line(Lossy, "curl"),
            "iroh_clean": self.part_of_line(Clean, "iroh"),
            "iroh_lossy": self.part_of_line(Lossy, "iroh"),
            "wire_job": self.wire(Loopback, "enprint"),
            "wire_job_1500": self.wire(Clean, "enprint"),
            "wire_rsync_1500": self.wire(Clean, "rsync"),
            "wire_publish": self.wire_publish(Loopback),
            "wire_publish_1500": self.wire_publish(Clean),
        })
    }

    /// Bytes of payload a second.
    fn rate(&self, conditions: Conditions, name: &str) -> Option<f64> {
        self.median(conditions, name, |payload, outcome| Some(payload / outcome.seconds))
    }

    /// Of the whole job on loopback.
    fn job_rate(&self) -> Option<f64> {
        self.median(Conditions::Loopback, "enprint", |payload, outcome| Some(payload / outcome.job_seconds?))
    }

    fn part_of_line(&self, conditions: Conditions, name: &str) -> Option<f64> {
        let rate = self.rate(conditions, name).filter(|_| conditions != Conditions::Loopback)?;
        Some(rate * 8.0 / LINE_PAYLOAD_BITS_PER_SECOND)
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
