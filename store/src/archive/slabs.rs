//! How long sled's files of slots are. sled, asked for a slot behind the end of its file,
//! prints to standard output and error, lines of its source among it. So a file beside
//! them notes how long each is; one that was cut short since, or is gone, gets its length
//! back before sled opens it. The zeros in it are no slots: their checksum is wrong.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// The note's name, in a volume's folder.
const NOTE: &str = "lengths";
/// Under which it is written, before it takes the other's place.
const NEW_NOTE: &str = "lengths.new";
/// Where sled has the files.
const SLABS: &str = "slabs";

/// Follows the files of one open volume.
pub(super) struct Slabs {
    dir: PathBuf,
    noted: BTreeMap<String, u64>,
}

impl Slabs {
    /// Gives files that were cut short their length back.
    pub(super) fn restore(dir: &Path) -> io::Result<Self> {
        let noted = noted(dir).unwrap_or_default();
        for (name, bytes) in &noted {
            let file = OpenOptions::new().write(true).create(true).truncate(false).open(dir.join(SLABS).join(name))?;
            if file.metadata()?.len() < *bytes {
                tracing::debug!(volume = %dir.display(), file = name, "a file of the volume was cut short");
                file.set_len(*bytes)?;
            }
        }
        Ok(Self { dir: dir.to_owned(), noted })
    }

    /// Where the files are.
    pub(super) fn dir(&self) -> PathBuf {
        self.dir.join(SLABS)
    }

    /// Notes how long they are now. Without the note sled prints where one is cut, so that a
    /// failure is traced and no more.
    pub(super) fn follow(&mut self) {
        if let Err(error) = self.try_follow() {
            tracing::debug!(volume = %self.dir.display(), %error, "the files' lengths were not noted");
        }
    }

    fn try_follow(&mut self) -> io::Result<()> {
        let mut lengths = BTreeMap::new();
        for entry in fs::read_dir(self.dir())? {
            let entry = entry?;
            let (bytes, name) = (entry.metadata()?.len(), entry.file_name().into_string());
            if let Some(name) = name.ok().filter(|name| bytes > 0 && is_slab(name)) {
                lengths.insert(name, bytes);
            }
        }
        if lengths == self.noted {
            return Ok(());
        }
        let lines: String = lengths.iter().map(|(name, bytes)| format!("{name} {bytes}\n")).collect();
        fs::write(self.dir.join(NEW_NOTE), format!("{lines}{}\n", blake3::hash(lines.as_bytes())))?;
        fs::rename(self.dir.join(NEW_NOTE), self.dir.join(NOTE))?;
        self.noted = lengths;
        Ok(())
    }
}

/// None without a note, or with one that is not whole.
fn noted(dir: &Path) -> Option<BTreeMap<String, u64>> {
    let text = fs::read_to_string(dir.join(NOTE)).ok()?;
    let (lines, hash) = text.trim_end().rsplit_once('\n')?;
    if blake3::hash(format!("{lines}\n").as_bytes()).to_hex().as_str() != hash {
        return None;
    }
    let line = |line: &str| {
        let (name, bytes) = line.split_once(' ')?;
        is_slab(name).then_some((name.to_owned(), bytes.parse().ok()?))
    };
    lines.lines().map(line).collect()
}

/// sled calls a file by how long its slots are.
fn is_slab(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit())
}
