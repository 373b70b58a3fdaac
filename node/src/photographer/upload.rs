//! How fast and when originals leave the house: two settings and the pace that follows
//! from them. Pure: callers say what time it is.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use enprint_protocol::{ProtocolError, text};
use jiff::civil::Time;
use serde::Deserialize;
use tokio::time::Instant;

use crate::limits::UPLOAD_LIMIT_MIN;

/// How many bytes a second the node sends at most, on average: originals to labs and
/// proofs to the host together. Written "5 Mbit/s", "600 kbit/s" or "2 MB/s".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct UploadLimit {
    bytes_per_second: u64,
}

/// The hours in which originals go to labs, by this machine's clock: "22:00-07:00".
/// The end is not part of it; past midnight it is the next day's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct UploadHours {
    from: Time,
    to: Time,
}

/// When the next bytes may go, so that the limit is kept.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// All that was let go before has been sent by then.
    free_from: Option<Instant>,
}

impl UploadLimit {
    /// A limit in bytes a second; no less than the least with which a range crosses in time.
    ///
    /// # Errors
    /// [`ProtocolError::Unreadable`] for less.
    pub fn new(bytes_per_second: u64) -> Result<Self, ProtocolError> {
        if bytes_per_second < UPLOAD_LIMIT_MIN {
            return Err(unreadable_limit(&format!("{bytes_per_second} B/s")));
        }
        Ok(Self { bytes_per_second })
    }

    /// In bytes a second.
    pub fn bytes_per_second(&self) -> u64 {
        self.bytes_per_second
    }

    /// How long `bytes` take.
    fn time_for(&self, bytes: u64) -> Duration {
        Duration::from_secs_f64(bytes as f64 / self.bytes_per_second as f64)
    }
}

impl UploadHours {
    /// When they begin, as “22:00”.
    pub fn begin(&self) -> String {
        format!("{:02}:{:02}", self.from.hour(), self.from.minute())
    }

    /// Whether `time` lies within them.
    pub fn include(&self, time: Time) -> bool {
        if self.from < self.to { (self.from..self.to).contains(&time) } else { time >= self.from || time < self.to }
    }
}

impl Pace {
    /// When the next bytes may go.
    pub(super) fn free_from(&self, now: Instant) -> Instant {
        self.free_from.map_or(now, |free| free.max(now))
    }

    /// Lets `bytes` go at that moment.
    pub(super) fn let_go(&mut self, limit: UploadLimit, bytes: u64, at: Instant) {
        self.free_from = Some(at + limit.time_for(bytes));
    }

    /// Bytes that were let go stayed here.
    pub(super) fn give_back(&mut self, limit: UploadLimit, bytes: u64) {
        self.free_from = self.free_from.and_then(|free| free.checked_sub(limit.time_for(bytes)));
    }
}

impl FromStr for UploadLimit {
    type Err = ProtocolError;

    fn from_str(given: &str) -> Result<Self, ProtocolError> {
        let given = given.trim();
        let unreadable = || unreadable_limit(given);
        let end = given.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(unreadable)?;
        let (number, unit) = given.split_at(end);
        let number: f64 = number.parse().map_err(|_| unreadable())?;
        let unit_bytes = match unit.trim() {
            "kbit/s" => 1e3 / 8.0,
            "Mbit/s" => 1e6 / 8.0,
            "Gbit/s" => 1e9 / 8.0,
            "kB/s" | "KB/s" => 1e3,
            "MB/s" => 1e6,
            "GB/s" => 1e9,
            _ => return Err(unreadable()),
        };
        Self::new((number * unit_bytes) as u64).map_err(|_| unreadable())
    }
}

impl FromStr for UploadHours {
    type Err = ProtocolError;

    fn from_str(given: &str) -> Result<Self, ProtocolError> {
        let expected = "two different times of day, as in 22:00-07:00";
        let unreadable = || ProtocolError::Unreadable { given: text::shown(given), expected };
        let (from, to) = given.split_once(['-', '–']).ok_or_else(unreadable)?;
        let (from, to) = (time(from).ok_or_else(unreadable)?, time(to).ok_or_else(unreadable)?);
        if from == to { Err(unreadable()) } else { Ok(Self { from, to }) }
    }
}

impl TryFrom<String> for UploadLimit {
    type Error = ProtocolError;

    fn try_from(given: String) -> Result<Self, ProtocolError> {
        given.parse()
    }
}

impl TryFrom<String> for UploadHours {
    type Error = ProtocolError;

    fn try_from(given: String) -> Result<Self, ProtocolError> {
        given.parse()
    }
}

impl fmt::Display for UploadHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to } = self;
        write!(f, "{:02}:{:02} to {:02}:{:02}", from.hour(), from.minute(), to.hour(), to.minute())
    }
}

/// "7:30", "07:30", "24:00".
fn time(given: &str) -> Option<Time> {
    let (hour, minute) = given.trim().split_once(':')?;
    let (hour, minute) = (hour.parse::<i8>().ok()?, minute.parse::<i8>().ok()?);
    if (hour, minute) == (24, 0) { Some(Time::midnight()) } else { Time::new(hour, minute, 0, 0).ok() }
}

fn unreadable_limit(given: &str) -> ProtocolError {
    ProtocolError::Unreadable { given: text::shown(given), expected: "a speed of 256 kbit/s or more, as in 5 Mbit/s" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_read_in_the_units_that_providers_use() {
        let bytes = |given: &str| given.parse::<UploadLimit>().unwrap().bytes_per_second();
        assert_eq!(bytes("5 Mbit/s"), 625_000);
        assert_eq!(bytes("600kbit/s"), 75_000);
        assert_eq!(bytes("2.5 MB/s"), 2_500_000);
        assert_eq!(bytes("1 Gbit/s"), 125_000_000);
        for wrong in ["5", "Mbit/s", "5 mbit", "-5 Mbit/s", "1 kbit/s", "0 Mbit/s", "1.2.3 MB/s", ""] {
            assert!(wrong.parse::<UploadLimit>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn hours_may_pass_midnight_and_end_before_their_end() {
        let at = |hour, minute| Time::new(hour, minute, 0, 0).unwrap();
        let night: UploadHours = "22:00-07:00".parse().unwrap();
        assert!(night.include(at(22, 0)) && night.include(at(0, 0)) && night.include(at(6, 59)));
        assert!(!night.include(at(7, 0)) && !night.include(at(21, 59)));
        let evening: UploadHours = "18:30 – 24:00".parse().unwrap();
        assert!(evening.include(at(23, 59)) && !evening.include(at(0, 0)) && !evening.include(at(18, 29)));
        for wrong in ["22:00", "22-7", "25:00-07:00", "07:00-07:00", "a:b-c:d", ""] {
            assert!(wrong.parse::<UploadHours>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_pace_keeps_the_limit_and_saves_nothing_up() {
        let (mut pace, limit, start) = (Pace::default(), UploadLimit::new(100_000).unwrap(), Instant::now());
        let mut next = |bytes, now| {
            let at = pace.free_from(now);
            pace.let_go(limit, bytes, at);
            at
        };
        assert_eq!(next(100_000, start), start);
        assert_eq!(next(50_000, start), start + Duration::from_secs(1));
        let later = start + Duration::from_secs(60);
        assert_eq!(next(100_000, later), later);
        assert_eq!(next(100_000, later), later + Duration::from_secs(1));
        pace.give_back(limit, 100_000);
        assert_eq!(pace.free_from(later), later + Duration::from_secs(1));
    }
}
