//! Which files are measured, and in which groups. Knows nothing of contestants.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// A file that takes part.
#[derive(Debug, Clone)]
pub struct Photo {
    /// Where it is.
    pub path: PathBuf,
    /// Its pixels, in millions.
    pub megapixels: f64,
    /// Whether it comes in several scans, so that its decoder must keep all of it.
    pub is_progressive: bool,
}

impl Photo {
    /// Its name without its folder.
    pub fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

/// A range of sizes whose figures belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// 20 megapixels and more: what photographers' cameras write.
    Large,
    /// From 16 to 20 megapixels.
    Middle,
    /// Under 16 megapixels: phones and older cameras.
    Small,
}

impl Group {
    /// All, in the order in which they run.
    pub const ALL: [Self; 3] = [Self::Large, Self::Middle, Self::Small];

    /// The group of a photo.
    pub fn of(photo: &Photo) -> Self {
        match photo.megapixels {
            size if size >= 20.0 => Self::Large,
            size if size >= 16.0 => Self::Middle,
            _ => Self::Small,
        }
    }
}

/// The JPEG files in `folder` and below, at most `per_group` of each group. Baseline
/// before progressive, and smaller before larger, so that a process's peak after a
/// photo is owed to none that needs more. Says which other files it leaves out.
pub fn found_in(folder: &Path, per_group: Option<usize>) -> anyhow::Result<Vec<Photo>> {
    let mut paths = Vec::new();
    collect(folder, &mut paths).with_context(|| format!("{} cannot be read", folder.display()))?;
    let mut photos = Vec::new();
    for path in paths {
        match read(&path) {
            Ok(photo) => photos.push(photo),
            Err(reason) => println!("left out: {} ({reason})", path.display()),
        }
    }
    photos.sort_by(|a, b| {
        let by_size = || a.megapixels.total_cmp(&b.megapixels).then_with(|| a.path.cmp(&b.path));
        a.is_progressive.cmp(&b.is_progressive).then_with(by_size)
    });
    Ok(per_group.map_or(photos.clone(), |most| spread(&photos, most)))
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, paths)?;
        } else {
            paths.push(path);
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<Photo, String> {
    let in_words = |error: &dyn std::fmt::Display| error.to_string();
    let reader = image::ImageReader::open(path).and_then(|reader| reader.with_guessed_format());
    let reader = reader.map_err(|error| in_words(&error))?;
    if reader.format() != Some(image::ImageFormat::Jpeg) {
        return Err("no JPEG".into());
    }
    let (width, height) = reader.into_dimensions().map_err(|error| in_words(&error))?;
    let path = std::path::absolute(path).map_err(|error| in_words(&error))?;
    let is_progressive = is_progressive(&fs::read(&path).map_err(|error| in_words(&error))?);
    Ok(Photo { path, megapixels: f64::from(width) * f64::from(height) / 1e6, is_progressive })
}

/// What the frame header says: SOF2, SOF6, SOF10 or SOF14.
fn is_progressive(jpeg: &[u8]) -> bool {
    let mut rest = jpeg.get(2..).unwrap_or_default();
    while let [0xFF, marker, high, low, ..] = rest {
        match marker {
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => return marker & 3 == 2,
            _ => {}
        }
        rest = rest.get(2 + usize::from(u16::from_be_bytes([*high, *low]))..).unwrap_or_default();
    }
    false
}

/// At most `most` photos of each group, evenly spread over its sizes.
fn spread(photos: &[Photo], most: usize) -> Vec<Photo> {
    let mut kept: Vec<Photo> = Vec::new();
    for group in Group::ALL.into_iter().rev() {
        let all: Vec<_> = photos.iter().filter(|photo| Group::of(photo) == group).collect();
        let count = all.len().min(most);
        kept.extend((0..count).filter_map(|nth| all.get(nth * all.len() / count)).map(|photo| (*photo).clone()));
    }
    kept
}
