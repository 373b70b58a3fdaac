//! How a photo was exposed: the values, and the line that people read. Knows no block.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What the camera was set to; each where it is known and can be true.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Exposure {
    /// How long the shutter was open, in seconds.
    pub time_s: Option<f64>,
    /// 2.8 for f/2.8.
    pub f_number: Option<f64>,
    /// Sensitivity.
    pub iso: Option<u32>,
    /// The lens's real focal length, in millimetres.
    pub focal_length_mm: Option<f64>,
}

impl Exposure {
    /// The exposure without what no camera can be set to.
    pub(crate) fn believed(self) -> Self {
        let within = |value: Option<f64>, least, most| value.filter(|value| (least..=most).contains(value));
        Self {
            // From the fastest electronic shutters to a night on the bulb.
            time_s: within(self.time_s, 1e-6, 86_400.0),
            f_number: within(self.f_number, 0.5, 256.0),
            iso: self.iso.filter(|iso| (1..=10_000_000).contains(iso)),
            focal_length_mm: within(self.focal_length_mm, 0.5, 10_000.0),
        }
    }

    /// Each value, or that of `other` where there is none.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            time_s: self.time_s.or(other.time_s),
            f_number: self.f_number.or(other.f_number),
            iso: self.iso.or(other.iso),
            focal_length_mm: self.focal_length_mm.or(other.focal_length_mm),
        }
    }

    /// `1/250 s · f/2.8 · ISO 400 · 50 mm`; None where nothing is known. About 40 characters.
    pub fn line(&self) -> Option<String> {
        let line = self.to_string();
        (!line.is_empty()).then_some(line)
    }
}

impl fmt::Display for Exposure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            self.time_s.map(time),
            self.f_number.map(|number| format!("f/{}", short(number, if number < 1.0 { 2 } else { 1 }))),
            self.iso.map(|iso| format!("ISO {iso}")),
            self.focal_length_mm.map(|mm| format!("{} mm", short(mm, usize::from(mm < 10.0)))),
        ];
        f.write_str(&parts.into_iter().flatten().collect::<Vec<_>>().join(" · "))
    }
}

/// As cameras show it: 1/4 s and shorter as a fraction, longer in seconds.
fn time(seconds: f64) -> String {
    if seconds < 0.26 { format!("1/{:.0} s", 1.0 / seconds) } else { format!("{} s", short(seconds, 1)) }
}

/// With so many digits after the point at most, and no zeros at the end.
fn short(number: f64, digits: usize) -> String {
    let text = format!("{number:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(time_s: f64, f_number: f64, iso: u32, focal_length_mm: f64) -> Option<String> {
        let exposure = Exposure {
            time_s: Some(time_s),
            f_number: Some(f_number),
            iso: Some(iso),
            focal_length_mm: Some(focal_length_mm),
        };
        exposure.believed().line()
    }

    #[test]
    fn an_exposure_reads_as_cameras_show_it() {
        assert_eq!(line(0.004, 2.8, 400, 50.0).unwrap(), "1/250 s · f/2.8 · ISO 400 · 50 mm");
        assert_eq!(line(0.25, 8.0, 100, 4.25).unwrap(), "1/4 s · f/8 · ISO 100 · 4.2 mm");
        assert_eq!(line(0.3, 0.95, 51_200, 100.0).unwrap(), "0.3 s · f/0.95 · ISO 51200 · 100 mm");
        assert_eq!(line(30.0, 11.0, 64, 17.6).unwrap(), "30 s · f/11 · ISO 64 · 18 mm");
        assert_eq!(line(1.6, 10.0, 64, 200.0).unwrap(), "1.6 s · f/10 · ISO 64 · 200 mm");
    }

    #[test]
    fn what_no_camera_can_be_set_to_is_left_out() {
        assert_eq!(line(f64::NAN, 0.0, 0, -1.0), None);
        assert_eq!(line(f64::INFINITY, 1e9, u32::MAX, f64::NAN), None);
        assert_eq!(line(0.0, 2.8, 0, 0.0).unwrap(), "f/2.8");
        assert_eq!(Exposure::default().line(), None);
    }
}
