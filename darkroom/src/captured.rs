//! When a photo was taken: the moment by the camera's clock, and the zone where a
//! block says it. Reads the three ways in which EXIF, XMP and IPTC write it.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};

/// When a photo was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Captured {
    /// By the camera's own clock, with fractions of a second where it says them.
    pub civil: DateTime,
    /// The clock's distance from UTC, where the camera says it.
    #[serde(with = "offset_seconds")]
    pub offset: Option<Offset>,
}

/// An offset as the number of its seconds.
mod offset_seconds {
    use jiff::tz::Offset;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(offset: &Option<Offset>, to: S) -> Result<S::Ok, S::Error> {
        offset.map(Offset::seconds).serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Offset>, D::Error> {
        let seconds = Option::<i32>::deserialize(from)?;
        Ok(seconds.and_then(|seconds| super::offset(seconds / 60)))
    }
}

impl Captured {
    /// The moment, if a camera can have been there: one whose battery ran out writes year 0.
    pub(crate) fn new(civil: DateTime, offset: Option<Offset>) -> Option<Self> {
        (civil.year() > 1800).then_some(Self { civil, offset })
    }

    /// EXIF's, taken apart by its reader.
    pub(crate) fn from_exif(moment: &exif::DateTime) -> Option<Self> {
        let (year, month, day) =
            (moment.year.try_into().ok()?, moment.month.try_into().ok()?, moment.day.try_into().ok()?);
        let (hour, minute, second) =
            (moment.hour.try_into().ok()?, moment.minute.try_into().ok()?, moment.second.try_into().ok()?);
        let nanosecond = moment.nanosecond.and_then(|nanosecond| i32::try_from(nanosecond).ok()).unwrap_or(0);
        let civil = DateTime::new(year, month, day, hour, minute, second, nanosecond).ok()?;
        Self::new(civil, moment.offset.and_then(|minutes| offset(i32::from(minutes))))
    }

    /// XMP's `2025-06-21T14:03:59.25+02:00`, of which all after the minute may be missing.
    /// A date alone is no moment.
    pub(crate) fn from_xmp(text: &str) -> Option<Self> {
        let text = text.trim();
        let (date, time) = text.split_once('T')?;
        let zone_at = time.find(['Z', '+', '-']).unwrap_or(time.len());
        let (time, zone) = time.split_at_checked(zone_at)?;
        let civil = date.parse::<Date>().ok()?.to_datetime(time.parse::<Time>().ok()?);
        Self::new(civil, zone_of(zone))
    }

    /// IPTC's date `20250621` and time `140359+0200`.
    pub(crate) fn from_iptc(date: &str, time: &str) -> Option<Self> {
        let (clock, zone) = time.split_at_checked(6)?;
        let civil = DateTime::strptime("%Y%m%d%H%M%S", format!("{date}{clock}")).ok()?;
        Self::new(civil, zone_of(zone))
    }

    /// This moment, with the zone that `other` says for the same moment.
    pub(crate) fn with_zone_of(self, other: Self) -> Self {
        let to_second = |civil: DateTime| civil.with().subsec_nanosecond(0).build().ok();
        let is_same = to_second(self.civil) == to_second(other.civil);
        Self { offset: self.offset.or(other.offset.filter(|_| is_same)), ..self }
    }
}

/// `Z`, `+02:00` or `+0200`.
fn zone_of(text: &str) -> Option<Offset> {
    if text == "Z" {
        return Some(Offset::UTC);
    }
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits.replace(':', "")),
        ("-", digits) => (-1, digits.replace(':', "")),
        _ => return None,
    };
    let number = digits.parse::<u16>().ok().filter(|_| digits.len() == 4)?;
    offset(sign * i32::from(number / 100 * 60 + number % 100))
}

/// A zone as far from UTC as zones are.
fn offset(minutes: i32) -> Option<Offset> {
    Offset::from_seconds(minutes * 60).ok().filter(|_| minutes.abs() <= 14 * 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xmp_moments_are_read_with_and_without_zone_and_nonsense_is_none() {
        let read = |text: &str| {
            Captured::from_xmp(text).map(|at| (at.civil.to_string(), at.offset.map(|offset| offset.seconds() / 60)))
        };
        assert_eq!(read("2025-06-21T14:03:59.25+02:00").unwrap(), ("2025-06-21T14:03:59.25".into(), Some(120)));
        assert_eq!(read(" 2025-06-21T14:03:59Z ").unwrap().1, Some(0));
        assert_eq!(read("2025-06-21T14:03-03:30").unwrap(), ("2025-06-21T14:03:00".into(), Some(-210)));
        assert_eq!(read("2025-06-21T14:03:59").unwrap().1, None);
        for nonsense in ["", "T", "2025-06-21", "2025-13-40T25:61:61", "0000-01-01T00:00:00", "é\u{301}T+é1:00"] {
            assert_eq!(read(nonsense), None, "{nonsense:?}");
        }
        assert_eq!(read("2025-06-21T14:03:59+99:00").unwrap().1, None, "no zone is that far away");
    }

    #[test]
    fn iptc_moments_are_read() {
        let at = Captured::from_iptc("20250621", "140359-0330").unwrap();
        assert_eq!((at.civil.to_string().as_str(), at.offset.unwrap().seconds()), ("2025-06-21T14:03:59", -12_600));
        assert_eq!(Captured::from_iptc("20250621", "140359").unwrap().offset, None);
        assert_eq!(Captured::from_iptc("00000000", "000000"), None);
        assert_eq!(Captured::from_iptc("20250621", "14é"), None);
    }

    #[test]
    fn a_zone_is_taken_from_another_block_for_the_same_moment_only() {
        let camera = Captured::from_xmp("2025-06-21T14:03:59.25").unwrap();
        let same = Captured::from_xmp("2025-06-21T14:03:59+02:00").unwrap();
        let other = Captured::from_xmp("2025-06-21T15:03:59+02:00").unwrap();
        assert_eq!(camera.with_zone_of(same).offset, same.offset);
        assert_eq!(camera.with_zone_of(other).offset, None);
    }
}
