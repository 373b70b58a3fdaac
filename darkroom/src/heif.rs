//! The boxes of HEIC and AVIF files → items, their properties and where their bytes are.
//! Reads what one still picture needs, within bounds, and decodes nothing.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::error::DevelopError;
use crate::limits::{
    HEIF_BOXES_MAX, HEIF_EXTENTS_MAX, HEIF_ITEM_PROPERTIES_MAX, HEIF_ITEMS_MAX, HEIF_REFERENCES_MAX, HEIF_TILES_MAX,
};

/// The name of a box, an item's kind or a reference's kind.
pub(crate) type Name = [u8; 4];
/// Bytes of an item.
pub(crate) type Block<'a> = Cow<'a, [u8]>;

/// A file's items.
#[derive(Debug, Default)]
pub(crate) struct Heif<'a> {
    file: &'a [u8],
    /// The picture that is meant to be shown.
    pub(crate) primary: u32,
    items: BTreeMap<u32, Item>,
    properties: Vec<(Name, &'a [u8])>,
    references: Vec<(Name, u32, Vec<u32>)>,
    inner_data: &'a [u8],
}

#[derive(Debug, Default)]
struct Item {
    kind: Name,
    is_inner: bool,
    /// Where its bytes begin, and how many there are; none to the end of the file.
    extents: Vec<(u64, u64)>,
    properties: Vec<usize>,
}

impl<'a> Heif<'a> {
    /// Reads the boxes; None where there is no still picture among them.
    ///
    /// # Errors
    /// Damage to the boxes, or more of them than a photo has.
    pub(crate) fn read(file: &'a [u8]) -> Result<Option<Self>, DevelopError> {
        let Some(meta) = boxes(file).find(|(name, _)| name == b"meta").map(|(_, body)| body) else {
            return Ok(None);
        };
        let mut heif = Self { file, ..Self::default() };
        let children = boxes(meta.get(4..).unwrap_or_default()).take(HEIF_BOXES_MAX).collect::<Vec<_>>();
        for (name, body) in children {
            let read = match &name {
                b"pitm" => heif.read_primary(body),
                b"iinf" => heif.read_kinds(body),
                b"iloc" => heif.read_places(body),
                b"iprp" => heif.read_properties(body),
                b"iref" => heif.read_references(body),
                b"idat" => {
                    heif.inner_data = body;
                    Some(())
                }
                _ => Some(()),
            };
            read.ok_or_else(|| DevelopError::damaged("its boxes are broken"))?;
        }
        Ok(Some(heif))
    }

    /// What kind of item it is: `av01`, `hvc1`, `grid`, `Exif` …
    pub(crate) fn kind(&self, id: u32) -> Option<Name> {
        self.items.get(&id).map(|item| item.kind)
    }

    /// The first property of that name.
    pub(crate) fn property(&self, id: u32, name: &Name) -> Option<&'a [u8]> {
        self.properties(id).find(|(found, _)| found == name).map(|(_, body)| body)
    }

    /// All properties, in the order in which they apply.
    pub(crate) fn properties(&self, id: u32) -> impl Iterator<Item = (Name, &'a [u8])> {
        let places = self.items.get(&id).map(|item| item.properties.as_slice()).unwrap_or_default();
        places.iter().filter_map(|place| self.properties.get(*place).copied())
    }

    /// Width and height, as the item claims them.
    pub(crate) fn size(&self, id: u32) -> Option<(u32, u32)> {
        let mut numbers = Numbers(self.property(id, b"ispe")?.get(4..)?);
        Some((numbers.long()?, numbers.long()?))
    }

    /// What an item refers to in that way.
    pub(crate) fn referred(&self, kind: &Name, from: u32) -> &[u32] {
        let found = self.references.iter().find(|(found, by, _)| found == kind && *by == from);
        found.map(|(_, _, to)| to.as_slice()).unwrap_or_default()
    }

    /// The items that refer to that one in that way.
    pub(crate) fn referring(&self, kind: &Name, to: u32) -> impl Iterator<Item = u32> {
        let found = self.references.iter().filter(move |(found, _, all)| found == kind && all.contains(&to));
        found.map(|(_, by, _)| *by)
    }

    /// An item's bytes; None where they are not within the file.
    pub(crate) fn data(&self, id: u32) -> Option<Cow<'a, [u8]>> {
        let item = self.items.get(&id)?;
        let whole = if item.is_inner { self.inner_data } else { self.file };
        let part = |(from, length): (u64, u64)| {
            let rest = whole.get(usize::try_from(from).ok()?..)?;
            if length == 0 { Some(rest) } else { rest.get(..usize::try_from(length).ok()?) }
        };
        if let [only] = item.extents.as_slice() {
            return part(*only).map(Cow::from);
        }
        // Parts that overlap would make more of a file than there is.
        let total = item.extents.iter().try_fold(0_u64, |sum, extent| sum.checked_add(extent.1))?;
        if total > self.file.len() as u64 {
            return None;
        }
        Some(item.extents.iter().map(|extent| part(*extent)).collect::<Option<Vec<_>>>()?.concat().into())
    }

    /// The metadata of the primary picture: EXIF from its TIFF header on, and XMP.
    pub(crate) fn metadata(&self) -> (Option<Block<'a>>, Option<Block<'a>>) {
        let of_kind = |kind: &Name| {
            self.referring(b"cdsc", self.primary).find(|id| self.kind(*id) == Some(*kind)).and_then(|id| self.data(id))
        };
        let exif = of_kind(b"Exif").and_then(|block| {
            let header_at = u32::from_be_bytes(*block.first_chunk::<4>()?) as usize;
            block.get(4 + header_at..).map(|tiff| Cow::from(tiff.to_vec()))
        });
        (exif, of_kind(b"mime"))
    }

    /// Refuses pictures of more tiles than photos have, and those whose tiles are the
    /// same bytes again and again: decoders copy them.
    ///
    /// # Errors
    /// In words, which of the two.
    pub(crate) fn check_tiles(&self) -> Result<(), DevelopError> {
        let mut referred = 0_u64;
        for (kind, _, to) in &self.references {
            if kind == b"dimg" && to.len() > HEIF_TILES_MAX {
                return Err(DevelopError::damaged("it claims more tiles than a photograph has"));
            }
            let lengths = to.iter().filter_map(|id| self.items.get(id)).flat_map(|item| &item.extents);
            referred = lengths.fold(referred, |sum, extent| sum.saturating_add(extent.1));
        }
        // A picture, its alpha and its gain map may share their tiles.
        if referred > 4 * self.file.len() as u64 {
            return Err(DevelopError::damaged("its tiles lie over each other"));
        }
        Ok(())
    }

    fn read_primary(&mut self, body: &[u8]) -> Option<()> {
        let (version, mut numbers) = full(body)?;
        self.primary = numbers.either(version > 0)?;
        Some(())
    }

    fn read_kinds(&mut self, body: &[u8]) -> Option<()> {
        let (version, mut numbers) = full(body)?;
        numbers.either(version > 0)?;
        for (name, entry) in boxes(numbers.0).take(HEIF_ITEMS_MAX) {
            let (version, mut numbers) = full(entry)?;
            if &name != b"infe" || version < 2 {
                continue;
            }
            let id = numbers.either(version > 2)?;
            numbers.short()?;
            self.item(id)?.kind = *numbers.0.first_chunk()?;
        }
        Some(())
    }

    fn read_places(&mut self, body: &[u8]) -> Option<()> {
        let (version, mut numbers) = full(body)?;
        let widths = numbers.short()?;
        let [offset, length, base, index] = [12, 8, 4, 0].map(|shift| widths >> shift & 15);
        let count = numbers.either(version > 1)? as usize;
        for _ in 0..count.min(HEIF_ITEMS_MAX) {
            let id = numbers.either(version > 1)?;
            let method = if version > 0 { numbers.short()? & 15 } else { 0 };
            numbers.short()?;
            let base = numbers.of(base)?;
            let extents = usize::from(numbers.short()?);
            if extents > HEIF_EXTENTS_MAX {
                return None;
            }
            let mut places = Vec::with_capacity(extents);
            for _ in 0..extents {
                if version > 0 {
                    numbers.of(index)?;
                }
                places.push((base.checked_add(numbers.of(offset)?)?, numbers.of(length)?));
            }
            let item = self.item(id)?;
            (item.is_inner, item.extents) = (method == 1, if method < 2 { places } else { Vec::new() });
        }
        Some(())
    }

    fn read_properties(&mut self, body: &'a [u8]) -> Option<()> {
        for (name, body) in boxes(body).take(HEIF_BOXES_MAX) {
            match &name {
                b"ipco" => self.properties = boxes(body).take(HEIF_BOXES_MAX).collect(),
                b"ipma" => self.read_owners(body)?,
                _ => {}
            }
        }
        Some(())
    }

    fn read_owners(&mut self, body: &[u8]) -> Option<()> {
        let (version, mut numbers) = full(body)?;
        let is_wide = body.get(3)? & 1 == 1;
        for _ in 0..(numbers.long()? as usize).min(HEIF_ITEMS_MAX) {
            let id = numbers.either(version > 0)?;
            for _ in 0..numbers.byte()? {
                // The first bit says only that the property has to be understood.
                let number = if is_wide { numbers.short()? & 0x7FFF } else { u16::from(numbers.byte()? & 0x7F) };
                let item = self.item(id)?;
                if number > 0 && item.properties.len() < HEIF_ITEM_PROPERTIES_MAX {
                    item.properties.push(usize::from(number) - 1);
                }
            }
        }
        Some(())
    }

    fn read_references(&mut self, body: &[u8]) -> Option<()> {
        let (version, numbers) = full(body)?;
        let mut left = HEIF_REFERENCES_MAX;
        for (kind, body) in boxes(numbers.0).take(HEIF_ITEMS_MAX) {
            let mut numbers = Numbers(body);
            let from = numbers.either(version > 0)?;
            let count = usize::from(numbers.short()?);
            left = left.checked_sub(count)?;
            let to = (0..count).map(|_| numbers.either(version > 0)).collect::<Option<Vec<_>>>()?;
            self.references.push((kind, from, to));
        }
        Some(())
    }

    fn item(&mut self, id: u32) -> Option<&mut Item> {
        let has_room = self.items.len() < HEIF_ITEMS_MAX || self.items.contains_key(&id);
        has_room.then(|| self.items.entry(id).or_default())
    }
}

/// The boxes that follow each other in `bytes`, up to the first that is broken.
pub(crate) fn boxes(bytes: &[u8]) -> impl Iterator<Item = (Name, &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let mut numbers = Numbers(rest);
        let length = numbers.long()?;
        let name = *numbers.0.first_chunk::<4>()?;
        let (header, length) = match length {
            0 => (8, rest.len()),
            1 => (16, usize::try_from(u64::from_be_bytes(*rest.get(8..)?.first_chunk()?)).ok()?),
            length => (8, length as usize),
        };
        let body = rest.get(header..length)?;
        rest = rest.get(length..)?;
        Some((name, body))
    })
}

/// The version of a full box, and what follows.
fn full(body: &[u8]) -> Option<(u8, Numbers<'_>)> {
    Some((*body.first()?, Numbers(body.get(4..)?)))
}

/// Reads numbers one after another, the most significant byte first.
pub(crate) struct Numbers<'a>(pub(crate) &'a [u8]);

impl Numbers<'_> {
    pub(crate) fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    pub(crate) fn short(&mut self) -> Option<u16> {
        let (two, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u16::from_be_bytes(*two))
    }

    pub(crate) fn long(&mut self) -> Option<u32> {
        let (four, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*four))
    }

    /// A number of four bytes, or of two.
    fn either(&mut self, is_long: bool) -> Option<u32> {
        if is_long { self.long() } else { self.short().map(u32::from) }
    }

    /// A number of none, four or eight bytes.
    fn of(&mut self, bytes: u16) -> Option<u64> {
        match bytes {
            0 => Some(0),
            4 => self.long().map(u64::from),
            8 => Some(u64::from(self.long()?) << 32 | u64::from(self.long()?)),
            _ => None,
        }
    }
}
