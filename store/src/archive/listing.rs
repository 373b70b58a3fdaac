//! Lists of a volume, as far as they can be read: a damaged part of one is left out and
//! named, and costs the other parts nothing.

use std::io;

use super::damage::Place;
use super::database::Database;
use super::volume::Entries;
use super::words::is_of_part;
use crate::limits::RECORDS_LISTED_MAX;

/// What could be read of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// In the order of their names.
    pub entries: Entries,
    /// Parts that can't be read, each by the name that it begins with: what they had is not
    /// known. The same damage gives the same names.
    pub gaps: Vec<Vec<u8>>,
}

/// A way through a list and past its damaged parts.
#[derive(Debug)]
pub(super) struct Walk {
    prefix: Vec<u8>,
    with_values: bool,
    /// The first key that was not looked at.
    from: Vec<u8>,
    pub(super) listed: Listed,
}

impl Walk {
    /// Through all entries whose key begins with `prefix`; without values only their names
    /// are kept.
    pub(super) fn through(prefix: Vec<u8>, with_values: bool) -> Self {
        Self { from: prefix.clone(), prefix, with_values, listed: Listed::default() }
    }

    /// Goes on to the list's end, or to a damaged part that was not known.
    pub(super) fn go(mut self, database: &Database) -> io::Result<(Self, Option<Place>)> {
        loop {
            if let Some((start, next)) = database.damage().at(&self.from) {
                self.listed.gaps.push(start.to_vec());
                match next {
                    Some(next) if next.starts_with(&self.prefix) => self.from = next.to_vec(),
                    _ => return Ok((self, None)),
                }
                continue;
            }
            let damaged = database.damage().after(&self.from).filter(|start| start.starts_with(&self.prefix));
            let damaged = damaged.map(<[u8]>::to_vec);
            if let Some(place) = self.take_run(database, damaged.as_deref())? {
                return Ok((self, Some(place)));
            }
            match damaged {
                Some(start) if self.listed.entries.len() <= RECORDS_LISTED_MAX => self.from = start,
                _ => return Ok((self, None)),
            }
        }
    }

    /// Gives up: the rest is a gap.
    pub(super) fn given_up(mut self) -> Listed {
        self.listed.gaps.push(self.from);
        self.listed
    }

    /// Reads what is before the next damaged part, which must not be touched; where it came to
    /// another.
    fn take_run(&mut self, database: &Database, damaged: Option<&[u8]>) -> io::Result<Option<Place>> {
        let end = if database.damage().count() == 0 { None } else { damaged.map(<[u8]>::to_vec).or(self.end()) };
        let last = match end.as_ref().map(|end| database.last_of(&self.from, end)) {
            None => None,
            Some(Ok(None)) => return Ok(None),
            Some(Ok(last)) => last,
            Some(Err(error)) if is_of_part(&error) => return Ok(end.map(Place::Before)),
            Some(Err(error)) => return Err(error),
        };
        match database.get(&self.from) {
            Err(error) if is_of_part(&error) => return Ok(Some(Place::At(self.from.clone()))),
            read => drop(read?),
        }
        for entry in database.range(&self.from, &self.prefix)? {
            let (key, value) = match entry {
                Err(error) if is_of_part(&error) => return Ok(Some(Place::After(self.come_to()))),
                entry => entry?,
            };
            let is_last = last.as_ref() == Some(&key);
            let value = if self.with_values { value.to_vec() } else { Vec::new() };
            self.from = [&key[..], &[0]].concat();
            self.listed.entries.push((key.to_vec(), value));
            if is_last || self.listed.entries.len() > RECORDS_LISTED_MAX {
                break;
            }
        }
        Ok(None)
    }

    /// A key in the last part that was read.
    fn come_to(&self) -> Vec<u8> {
        self.listed
            .entries
            .last()
            .map(|(key, _)| key)
            .filter(|key| self.from.starts_with(key))
            .unwrap_or(&self.from)
            .clone()
    }

    /// The first key behind all that begin with the prefix.
    fn end(&self) -> Option<Vec<u8>> {
        let mut end = self.prefix.clone();
        while let Some(last) = end.pop() {
            if last < u8::MAX {
                end.push(last + 1);
                return Some(end);
            }
        }
        None
    }
}
