//! What a line is like, and what the matrix of them is.

use std::fmt;

/// Bytes of a packet, and what TCP can carry of it: 52 are headers.
const PACKET_BYTES: f64 = 1_500.0;
const TCP_PAYLOAD_BYTES: f64 = 1_448.0;

/// What the line is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Conditions {
    /// One machine.
    Loopback,
    /// A line of packets.
    Of(Way),
}

/// A line's rate, its time there and back, and how many packets are lost in each direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Way {
    pub mbit: u32,
    pub round_trip_ms: u32,
    pub lost_of_1000: u32,
}

impl Conditions {
    /// 100 Mbit/s, 50 ms there and back.
    pub const CLEAN: Self = Self::Of(Way { mbit: 100, round_trip_ms: 50, lost_of_1000: 0 });
    /// The same, and of 200 packets one is lost, in each direction.
    pub const LOSSY: Self = Self::Of(Way { mbit: 100, round_trip_ms: 50, lost_of_1000: 5 });

    /// Whether packets are lost though there is room.
    pub fn is_lossy(self) -> bool {
        matches!(self, Self::Of(way) if way.lost_of_1000 > 0)
    }

    /// What a question and its answer take, next to nothing on one machine.
    pub fn round_trip_seconds(self) -> f64 {
        let Self::Of(way) = self else { return 0.0 };
        f64::from(way.round_trip_ms) / 1e3
    }

    /// Bits of payload a second that TCP can carry on the line.
    pub fn payload_bits_per_second(self) -> Option<f64> {
        let Self::Of(way) = self else { return None };
        Some(f64::from(way.mbit) * 1e6 * TCP_PAYLOAD_BYTES / PACKET_BYTES)
    }
}

impl fmt::Display for Conditions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loopback => f.write_str("loopback"),
            Self::Of(way) => way.fmt(f),
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lost_percent = f64::from(self.lost_of_1000) / 10.0;
        write!(f, "{} Mbit/s, {} ms, {lost_percent} % loss", self.mbit, self.round_trip_ms)
    }
}

/// Every line that can be made of these, slow ones first.
pub fn matrix(mbits: &[f64], round_trips_ms: &[f64], losses_percent: &[f64]) -> Vec<Way> {
    let mut ways = Vec::new();
    for mbit in mbits {
        for round_trip_ms in round_trips_ms {
            ways.extend(losses_percent.iter().map(|loss| Way {
                mbit: *mbit as u32,
                round_trip_ms: *round_trip_ms as u32,
                lost_of_1000: (loss * 10.0).round() as u32,
            }));
        }
    }
    ways.sort();
    ways
}
