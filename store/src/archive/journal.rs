//! What of sled's journal was acknowledged, and whether it is still there.
//!
//! sled takes a damaged batch in its journal for a torn last write, and forgets it with
//! all that comes after. What was acknowledged is then gone without a word, and a search
//! that leads to a forgotten part never ends. So a file beside the journal notes, after
//! each flush, how long each journal file was and its hash; before sled opens a volume,
//! they are compared.
//!
//! The note is not fsynced: after a power cut it may say less than is there, which only
//! means that less is compared. Does not read what the journal says.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// The note's name; sled passes over it.
const NOTE: &str = "acknowledged";
/// Under which it is written, before it takes the other's place.
const NEW_NOTE: &str = "acknowledged.new";
/// How sled names its journal files, before their number in 16 hexadecimal digits.
const LOG: &str = "log_";
/// How it names the file into which it gathers older ones.
const SNAPSHOT: &str = "snapshot_";

/// Follows the journal of one open volume.
pub(super) struct Journal {
    dir: PathBuf,
    followed: BTreeMap<String, Followed>,
}

/// What is known of one journal file.
#[derive(Clone, Default)]
struct Followed {
    bytes: u64,
    hasher: blake3::Hasher,
}

impl Journal {
    /// Begins with a volume that sled has just opened.
    pub(super) fn of(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), followed: BTreeMap::new() }
    }

    /// Notes how far the journal goes now: all of it is durable. Without a note, the next
    /// opening compares less, so a failure is traced and no more.
    pub(super) fn follow(&mut self) {
        if let Err(error) = self.try_follow() {
            tracing::debug!(volume = %self.dir.display(), %error, "the journal's length was not noted");
        }
    }

    fn try_follow(&mut self) -> io::Result<()> {
        let names = names(&self.dir, LOG)?;
        self.followed.retain(|name, _| names.contains(name));
        for name in names {
            let followed = self.followed.entry(name.clone()).or_default();
            match followed.read_on(&self.dir.join(&name)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => drop(self.followed.remove(&name)),
                read => read?,
            }
        }
        let lines = self.followed.iter().map(|(name, followed)| followed.line(name));
        let lines: String = lines.collect();
        let checked = format!("{lines}{}\n", blake3::hash(lines.as_bytes()));
        fs::write(self.dir.join(NEW_NOTE), checked)?;
        fs::rename(self.dir.join(NEW_NOTE), self.dir.join(NOTE))
    }
}

impl Followed {
    fn read_on(&mut self, path: &Path) -> io::Result<()> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(self.bytes))?;
        self.bytes += io::copy(&mut file, &mut self.hasher)?;
        Ok(())
    }

    fn line(&self, name: &str) -> String {
        format!("{name} {} {}\n", self.bytes, self.hasher.finalize())
    }
}

/// Compares the journal in `dir` with what was noted of it.
///
/// # Errors
/// A sentence's end, saying which file is damaged or missing.
pub(super) fn check(dir: &Path) -> Result<(), String> {
    let Some(noted) = noted(dir) else { return Ok(()) };
    let gathered = names(dir, SNAPSHOT).unwrap_or_default().last().map(|name| number(name, SNAPSHOT).to_owned());
    for (name, bytes, hash) in noted {
        match File::open(dir.join(&name)) {
            Ok(file) if has(&file, bytes, &hash) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let is_gathered = gathered.as_deref().is_some_and(|gathered| gathered >= number(&name, LOG));
                if !is_gathered {
                    return Err(format!("its journal file {name} is missing"));
                }
            }
            _ => return Err(format!("its journal file {name} is damaged")),
        }
    }
    Ok(())
}

/// Name, length and hash of each journal file as noted. None without a note, or with
/// one that is not whole.
fn noted(dir: &Path) -> Option<Vec<(String, u64, String)>> {
    let text = fs::read_to_string(dir.join(NOTE)).ok()?;
    let (lines, hash) = text.trim_end().rsplit_once('\n')?;
    if blake3::hash(format!("{lines}\n").as_bytes()).to_hex().as_str() != hash {
        return None;
    }
    let line = |line: &str| {
        let mut words = line.split(' ');
        Some((words.next()?.to_owned(), words.next()?.parse().ok()?, words.next()?.to_owned()))
    };
    lines.lines().map(line).collect()
}

fn has(file: &File, bytes: u64, hash: &str) -> bool {
    let mut hasher = blake3::Hasher::new();
    let read = io::copy(&mut file.take(bytes), &mut hasher);
    read.is_ok_and(|read| read == bytes) && hasher.finalize().to_hex().as_str() == hash
}

/// The names in `dir` that are `prefix` and a number, in its order.
fn names(dir: &Path, prefix: &str) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir)? {
        if let Ok(name) = entry?.file_name().into_string()
            && name.strip_prefix(prefix).is_some_and(|number| u64::from_str_radix(number, 16).is_ok())
        {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn number<'a>(name: &'a str, prefix: &str) -> &'a str {
    name.strip_prefix(prefix).unwrap_or(name)
}
