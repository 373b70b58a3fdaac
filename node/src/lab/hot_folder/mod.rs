//! The hot folder: where finished orders appear for the printer's program. An order
//! folder is built beside its place under a name that begins with a dot, made durable,
//! and renamed last, so that it is there whole or not at all. Nothing that stands
//! there is ever written over or taken away.
//!
//! What is in an order folder: each print file once, whatever number of lines print
//! it; `ticket.json` for programs; `ticket.html` for people. All functions block.

mod names;
mod page;
#[cfg(test)]
mod tests;
mod ticket;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use enprint_protocol::ids::ContentHash;
use enprint_protocol::print_job::PrintJob;

pub(in crate::lab) use ticket::{Parties, Ticket};

use crate::arriving::sync_folder;
use crate::error::NodeError;
use crate::limits::{COPY_BYTES, HOT_FOLDER_TRIES};

/// The place of one order in the hot folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::lab) struct OrderFolder {
    hot_folder: PathBuf,
    name: String,
}

/// How far an order folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lab) enum Placed {
    /// It stands in its place.
    Yes,
    /// It is built, and not in its place.
    NotYet,
    /// Neither: it stood in its place, and the printer's program took it away.
    Gone,
}

impl OrderFolder {
    /// A place for `job`'s folder that nothing stands in, and that is none of `taken`.
    pub(in crate::lab) fn choose(hot_folder: &Path, job: &PrintJob, taken: &[String]) -> Result<Self, NodeError> {
        let names =
            (1..=HOT_FOLDER_TRIES).map(|try_number| names::folder_name(&job.order_id, &job.event_name, try_number));
        let mut places = names.map(|name| Self::named(hot_folder, &name));
        let is_free = |place: &Self| !taken.contains(&place.name) && fs::symlink_metadata(place.path()).is_err();
        places.find(is_free).ok_or_else(|| NodeError::File {
            path: hot_folder.display().to_string(),
            problem: "too many folders of this order's name stand there; move some away".into(),
        })
    }

    /// The place of that name, as [`Self::choose`] chose it before.
    pub(in crate::lab) fn named(hot_folder: &Path, name: &str) -> Self {
        Self { hot_folder: hot_folder.to_owned(), name: name.to_owned() }
    }

    /// The folder's name in the hot folder.
    pub(in crate::lab) fn name(&self) -> &str {
        &self.name
    }

    /// How far it is, once it was built.
    ///
    /// # Errors
    /// [`NodeError::File`] when the hot folder itself is not there: its disk may not
    /// be mounted.
    pub(in crate::lab) fn placed(&self) -> Result<Placed, NodeError> {
        at(&self.hot_folder, fs::read_dir(&self.hot_folder))?;
        Ok(match (self.building().is_dir(), self.path().is_dir()) {
            (true, _) => Placed::NotYet,
            (false, true) => Placed::Yes,
            (false, false) => Placed::Gone,
        })
    }

    /// Builds the folder anew, beside its place, and makes it durable. `files` are the
    /// verified print files, in the job's order.
    ///
    /// # Errors
    /// [`NodeError::File`], with what is there; the next call begins again.
    pub(in crate::lab) fn build(
        &self,
        job: &PrintJob,
        files: &[PathBuf],
        parties: Parties<'_>,
    ) -> Result<(), NodeError> {
        let building = self.building();
        self.clear()?;
        at(&self.hot_folder, fs::create_dir_all(&self.hot_folder))?;
        at(&building, fs::create_dir(&building))?;
        let endings = files.iter().map(|file| ending(file)).collect::<Result<Vec<_>, _>>()?;
        let names = ticket::file_names(job, &endings);
        for ((from, name), file) in files.iter().zip(&names).zip(&job.files) {
            place_file(from, &building.join(name), &file.root)?;
        }
        let ticket = Ticket::new(job, &names, parties);
        write_new(&building.join("ticket.json"), &ticket.to_json())?;
        write_new(&building.join("ticket.html"), page::page(&ticket).as_bytes())?;
        sync_folder(&building)
    }

    /// Puts the built folder in its place. Durable when this returns.
    ///
    /// # Errors
    /// [`NodeError::File`]; also when something else stands in its place by now.
    pub(in crate::lab) fn put_in_place(&self) -> Result<(), NodeError> {
        let path = self.path();
        if fs::symlink_metadata(&path).is_ok() {
            let error = io::Error::new(io::ErrorKind::AlreadyExists, "something else stands there; move it away");
            return Err(NodeError::file(&path, &error));
        }
        at(&path, fs::rename(self.building(), &path))?;
        sync_folder(&self.hot_folder)
    }

    /// Takes away what an earlier build left.
    pub(in crate::lab) fn clear(&self) -> Result<(), NodeError> {
        let building = self.building();
        match fs::remove_dir_all(&building) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(NodeError::file(&building, &error)),
            _ => Ok(()),
        }
    }

    /// Where the finished folder stands.
    pub(in crate::lab) fn path(&self) -> PathBuf {
        self.hot_folder.join(&self.name)
    }

    fn building(&self) -> PathBuf {
        self.hot_folder.join(names::building_name(&self.name))
    }
}

/// Gives `from` a second name in the order folder. On another disk, or when it has a
/// second name in another order's folder, copies it and reads the copy back.
fn place_file(from: &Path, to: &Path, root: &ContentHash) -> Result<(), NodeError> {
    if has_one_name(from) && fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    at(to, copy(from, to))?;
    if at(to, hash(to))? == *root {
        return Ok(());
    }
    let error =
        io::Error::new(io::ErrorKind::InvalidData, "the disk gave back other bytes than were written; check it");
    Err(NodeError::file(to, &error))
}

/// Whether nobody else can write to this file by another name.
#[cfg(unix)]
pub(in crate::lab) fn has_one_name(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|data| std::os::unix::fs::MetadataExt::nlink(&data) == 1)
}

/// Not known here, so every file is copied.
#[cfg(not(unix))]
pub(in crate::lab) fn has_one_name(_: &Path) -> bool {
    false
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let mut from = File::open(from)?;
    let mut to = OpenOptions::new().write(true).create_new(true).open(to)?;
    let mut buffer = vec![0; COPY_BYTES];
    loop {
        match from.read(&mut buffer)? {
            0 => return to.sync_all(),
            read => to.write_all(&buffer[..read])?,
        }
    }
}

fn hash(path: &Path) -> io::Result<ContentHash> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path)?)?;
    Ok(hasher.finalize().into())
}

/// What the bytes of a print file say they are.
fn ending(file: &Path) -> Result<&'static str, NodeError> {
    let mut head = Vec::new();
    at(file, File::open(file).and_then(|file| file.take(16).read_to_end(&mut head)))?;
    Ok(names::ending_of(&head))
}

fn write_new(path: &Path, bytes: &[u8]) -> Result<(), NodeError> {
    let written = || {
        let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    at(path, written())
}

fn at<T>(path: &Path, outcome: io::Result<T>) -> Result<T, NodeError> {
    outcome.map_err(|error| NodeError::file(path, &error))
}
