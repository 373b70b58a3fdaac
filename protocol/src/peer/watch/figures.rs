//! Figures for a monitoring program, in the text that Prometheus reads: ours, and those
//! that libp2p keeps of the swarm. Counts nothing itself.

use std::sync::Arc;

use libp2p::metrics::Registry;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// What the text is: HTTP's `Content-Type`.
pub const FIGURES_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What stands before the name of each figure of ours.
const PREFIX: &str = "enprint";

/// The figures of a running program as they are at this moment.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    families: Vec<Family>,
    swarm: Option<Arc<Registry>>,
}

/// Figures of one name, told apart by labels.
#[derive(Debug, Clone)]
struct Family {
    name: &'static str,
    help: &'static str,
    kind: Kind,
    samples: Vec<(Vec<(&'static str, String)>, u64)>,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Counter,
    Gauge,
}

/// One figure of a family: what tells it from the others, and its value.
pub type Sample<'a> = (&'a [(&'static str, &'a str)], u64);

/// What waits for other peers, in figures.
#[derive(Debug, Clone, Copy)]
pub struct BacklogFigures {
    /// Messages that wait.
    pub waiting: u64,
    /// Of these, messages that were tried and did not get through.
    pub retried: u64,
    /// Messages that were refused.
    pub refused: u64,
    /// How long the oldest has waited; 0 when none waits.
    pub oldest_s: u64,
}

impl Figures {
    /// With what libp2p counts.
    pub(in crate::peer) fn of_swarm(swarm: Arc<Registry>) -> Self {
        Self { families: Vec::new(), swarm: Some(swarm) }
    }

    /// Adds figures that only grow while the program runs. The text says `name_total`.
    pub fn counters<'a>(
        &mut self,
        name: &'static str,
        help: &'static str,
        samples: impl IntoIterator<Item = Sample<'a>>,
    ) {
        self.add(name, help, Kind::Counter, samples);
    }

    /// Adds figures that rise and fall.
    pub fn gauges<'a>(
        &mut self,
        name: &'static str,
        help: &'static str,
        samples: impl IntoIterator<Item = Sample<'a>>,
    ) {
        self.add(name, help, Kind::Gauge, samples);
    }

    /// Adds a figure that only grows while the program runs.
    pub fn counter(&mut self, name: &'static str, help: &'static str, value: u64) {
        self.counters(name, help, [(&[][..], value)]);
    }

    /// Adds a figure that rises and falls.
    pub fn gauge(&mut self, name: &'static str, help: &'static str, value: u64) {
        self.gauges(name, help, [(&[][..], value)]);
    }

    /// Adds how many of something there are in each state.
    pub fn states(&mut self, name: &'static str, help: &'static str, states: &[(String, u64)]) {
        let labelled: Vec<_> = states.iter().map(|(state, count)| ([("state", state.as_str())], *count)).collect();
        self.gauges(name, help, labelled.iter().map(|(labels, count)| (&labels[..], *count)));
    }

    /// Adds what waits for other peers.
    pub fn backlog(&mut self, backlog: BacklogFigures) {
        let BacklogFigures { waiting, retried, refused, oldest_s } = backlog;
        self.gauge("parcels_waiting", "Messages that wait for another peer.", waiting);
        self.gauge("parcels_retried", "Of these, messages that were tried and did not get through.", retried);
        self.gauge(
            "parcels_refused",
            "Messages that another peer refused; they stay for a person to look at.",
            refused,
        );
        self.gauge("parcels_oldest_seconds", "How long the oldest waiting message has waited.", oldest_s);
    }

    /// All of them as text, of type [`FIGURES_TYPE`].
    pub fn text(&self) -> String {
        let mut ours = Registry::with_prefix(PREFIX);
        ours.register_collector(Box::new(Families(self.families.clone())));
        let mut all = String::new();
        let registries = [Some(&ours), self.swarm.as_deref()];
        let mut written = registries.into_iter().flatten().map(|one| text::encode_registry(&mut all, one));
        // A string takes everything.
        let is_whole = written.all(|one| one.is_ok());
        if !is_whole || text::encode_eof(&mut all).is_err() {
            tracing::error!("the figures could not be written");
        }
        all
    }

    fn add<'a>(
        &mut self,
        name: &'static str,
        help: &'static str,
        kind: Kind,
        samples: impl IntoIterator<Item = Sample<'a>>,
    ) {
        let owned = |(labels, value): Sample<'a>| {
            let labels = labels.iter().map(|(name, text)| (*name, (*text).to_owned())).collect();
            (labels, value)
        };
        self.families.push(Family { name, help, kind, samples: samples.into_iter().map(owned).collect() });
    }
}

impl Kind {
    fn encode(self, value: u64, sample: MetricEncoder<'_>) -> Result<(), std::fmt::Error> {
        match self {
            Self::Counter => ConstCounter::new(value).encode(sample),
            Self::Gauge => ConstGauge::new(value).encode(sample),
        }
    }
}

#[derive(Debug)]
struct Families(Vec<Family>);

impl Collector for Families {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), std::fmt::Error> {
        for Family { name, help, kind, samples } in &self.0 {
            let metric_type = match kind {
                Kind::Counter => MetricType::Counter,
                Kind::Gauge => MetricType::Gauge,
            };
            let mut family = encoder.encode_descriptor(name, help, None, metric_type)?;
            if let [(labels, value)] = samples.as_slice()
                && labels.is_empty()
            {
                kind.encode(*value, family)?;
                continue;
            }
            for (labels, value) in samples {
                kind.encode(*value, family.encode_family(labels)?)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_written_as_prometheus_reads_them() {
        let mut figures = Figures::default();
        figures.counter("sent_bytes", "Bytes sent.", 12);
        figures.gauges("peers", "Connected peers.", [(&[("role", "lab"), ("way", "a\"b")][..], 2)]);
        let expected = "# HELP enprint_sent_bytes Bytes sent.\n\
             # TYPE enprint_sent_bytes counter\n\
             enprint_sent_bytes_total 12\n\
             # HELP enprint_peers Connected peers.\n\
             # TYPE enprint_peers gauge\n\
             enprint_peers{role=\"lab\",way=\"a\\\"b\"} 2\n\
             # EOF\n";
        assert_eq!(figures.text(), expected);
    }
}
