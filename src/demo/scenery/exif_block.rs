//! Writes the EXIF block that a camera would: a TIFF of three directories. Reads none.

use jiff::civil::DateTime;

/// What the block says.
#[derive(Debug, Clone)]
pub struct ExifBlock {
    /// Maker and model.
    pub camera: (&'static str, &'static str),
    /// The lens's name.
    pub lens: &'static str,
    /// 1 to 8.
    pub orientation: u16,
    /// By the camera's clock.
    pub taken: DateTime,
    /// The clock's zone, such as `+02:00`.
    pub zone: &'static str,
    /// 0 to 5 stars.
    pub stars: u16,
    /// Latitude and longitude in degrees.
    pub position: Option<(f64, f64)>,
}

const ASCII: u16 = 2;
const SHORT: u16 = 3;
const LONG: u16 = 4;
const RATIONAL: u16 = 5;

/// A field: tag, type, count, value in little-endian bytes.
type Field = (u16, u16, u32, Vec<u8>);

impl ExifBlock {
    /// The block from its TIFF header on, without JPEG's `Exif\0\0`.
    pub fn to_bytes(&self) -> Vec<u8> {
        let exif = self.exif_fields();
        let gps = self.position.map(gps_fields);
        // The first directory's length does not depend on where the others begin.
        let exif_at = 8 + directory(&self.main_fields(0, 0), 8).len();
        let gps_at = exif_at + directory(&exif, exif_at).len();
        let mut bytes = b"II*\0\x08\0\0\0".to_vec();
        bytes.extend(directory(&self.main_fields(exif_at, gps_at), 8));
        bytes.extend(directory(&exif, exif_at));
        bytes.extend(gps.map(|fields| directory(&fields, gps_at)).unwrap_or_default());
        bytes
    }

    fn main_fields(&self, exif_at: usize, gps_at: usize) -> Vec<Field> {
        let mut fields = vec![
            ascii(0x010F, self.camera.0),
            ascii(0x0110, self.camera.1),
            short(0x0112, self.orientation),
            ascii(0x0131, "Enprint demo"),
            ascii(0x0132, &self.taken_text()),
            short(0x4746, self.stars),
            long(0x8769, exif_at),
        ];
        if self.position.is_some() {
            fields.push(long(0x8825, gps_at));
        }
        fields
    }

    fn exif_fields(&self) -> Vec<Field> {
        vec![
            ascii(0x9003, &self.taken_text()),
            ascii(0x9004, &self.taken_text()),
            ascii(0x9010, self.zone),
            ascii(0x9011, self.zone),
            // Serial numbers are what renditions must not carry either.
            ascii(0xA431, "ENP-0035-1887"),
            ascii(0xA434, self.lens),
        ]
    }

    fn taken_text(&self) -> String {
        self.taken.strftime("%Y:%m:%d %H:%M:%S").to_string()
    }
}

fn gps_fields((latitude, longitude): (f64, f64)) -> Vec<Field> {
    let degrees = |tag: u16, value: f64| {
        let seconds = value.abs() * 3600.0;
        let parts = [seconds / 3600.0, seconds % 3600.0 / 60.0, seconds % 60.0 * 100.0];
        let bytes = parts
            .iter()
            .zip([1_u32, 1, 100])
            .flat_map(|(part, divisor)| [(*part as u32).to_le_bytes(), divisor.to_le_bytes()].concat());
        (tag, RATIONAL, 3, bytes.collect())
    };
    vec![
        ascii(1, if latitude < 0.0 { "S" } else { "N" }),
        degrees(2, latitude),
        ascii(3, if longitude < 0.0 { "W" } else { "E" }),
        degrees(4, longitude),
    ]
}

fn ascii(tag: u16, text: &str) -> Field {
    (tag, ASCII, text.len() as u32 + 1, [text.as_bytes(), &[0]].concat())
}

fn short(tag: u16, value: u16) -> Field {
    (tag, SHORT, 1, value.to_le_bytes().to_vec())
}

fn long(tag: u16, value: usize) -> Field {
    (tag, LONG, 1, (value as u32).to_le_bytes().to_vec())
}

/// A directory that will stand at `at`, followed by those values that don't fit into it.
fn directory(fields: &[Field], at: usize) -> Vec<u8> {
    let mut entries = (fields.len() as u16).to_le_bytes().to_vec();
    let mut values: Vec<u8> = Vec::new();
    let values_at = at + 2 + 12 * fields.len() + 4;
    for (tag, kind, count, value) in fields {
        entries.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
        entries.extend(count.to_le_bytes());
        if value.len() <= 4 {
            entries.extend(value.iter().chain(&[0; 4]).take(4));
        } else {
            entries.extend(((values_at + values.len()) as u32).to_le_bytes());
            values.extend(value);
            values.resize(values.len().next_multiple_of(2), 0);
        }
    }
    entries.extend([0; 4]);
    entries.extend(values);
    entries
}
