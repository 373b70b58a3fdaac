//! HEIC and AVIF files, box by box.

/// A box.
pub fn boxed(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&(8 + body.len() as u32).to_be_bytes()[..], name, body].concat()
}

/// A box with a version.
pub fn full(name: &[u8; 4], version: u8, body: &[u8]) -> Vec<u8> {
    boxed(name, &[&[version, 0, 0, 0], body].concat())
}

/// An item: its kind, where its bytes are in the file, and its properties from 1 on.
pub struct Item {
    /// `hvc1`, `av01`, `grid`, `Exif` …
    pub kind: [u8; 4],
    /// Offset and length.
    pub place: (u32, u32),
    /// Of those that the file has.
    pub properties: Vec<u8>,
}

/// The item that `of` is about with the others, numbered from 1 on; the first is shown.
/// Each reference: its kind, from which item, to which.
pub fn meta(items: &[Item], properties: &[Vec<u8>], references: &[([u8; 4], u16, Vec<u16>)]) -> Vec<u8> {
    let count = (items.len() as u16).to_be_bytes();
    let (mut kinds, mut places, mut owners) = (count.to_vec(), [&[0x44, 0][..], &count].concat(), Vec::new());
    owners.extend((items.len() as u32).to_be_bytes());
    for (number, item) in items.iter().enumerate() {
        let id = (number as u16 + 1).to_be_bytes();
        kinds.extend(full(b"infe", 2, &[&id[..], &[0, 0], &item.kind, &[0]].concat()));
        let place = [item.place.0.to_be_bytes(), item.place.1.to_be_bytes()].concat();
        places.extend([&id[..], &[0, 0, 0, 1], &place].concat());
        owners.extend([&id[..], &[item.properties.len() as u8], &item.properties].concat());
    }
    let referred = references.iter().flat_map(|(kind, from, to)| {
        let to_ids = to.iter().flat_map(|id| id.to_be_bytes()).collect::<Vec<_>>();
        boxed(kind, &[&from.to_be_bytes()[..], &(to.len() as u16).to_be_bytes(), &to_ids].concat())
    });
    let children = [
        full(b"hdlr", 0, b"\0\0\0\0pict\0\0\0\0\0\0\0\0\0\0\0\0\0"),
        full(b"pitm", 0, &[0, 1]),
        full(b"iloc", 0, &places),
        full(b"iinf", 0, &kinds),
        full(b"iref", 0, &referred.collect::<Vec<_>>()),
        boxed(b"iprp", &[boxed(b"ipco", &properties.concat()), full(b"ipma", 0, &owners)].concat()),
    ];
    full(b"meta", 0, &children.concat())
}

/// A file of such a brand, with its items' bytes behind its boxes.
pub fn file(brand: &[u8; 4], meta: &[u8], data: &[u8]) -> Vec<u8> {
    [boxed(b"ftyp", &[&brand[..], &[0; 4], b"mif1", brand].concat()), meta.to_vec(), boxed(b"mdat", data)].concat()
}

/// What an item claims to measure.
pub fn size(width: u32, height: u32) -> Vec<u8> {
    full(b"ispe", 0, &[width.to_be_bytes(), height.to_be_bytes()].concat())
}
