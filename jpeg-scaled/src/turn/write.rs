//! Coefficients → a JPEG file: counts the symbols first, then writes them in the words
//! that fit best.

use super::Turn;
use super::coefficients::Coefficients;
use super::words::{Counts, Words};
use crate::block::{Block, ZIGZAG};
use crate::error::ScaledError;
use crate::headers::{Headers, segments_before_scan};

/// DC and AC codes, for light and for colours.
struct Codes<T>([(T, T); 2]);

/// The whole file.
///
/// # Errors
/// [`ScaledError::Headers`] when the picture has no such table.
pub fn file(
    original: &[u8],
    headers: &Headers<'_>,
    turn: Turn,
    picture: &Coefficients,
) -> Result<Vec<u8>, ScaledError> {
    let mut counts = Codes([(Counts::new(), Counts::new()), (Counts::new(), Counts::new())]);
    each_block(picture, |component, block, before| {
        let (dc, ac) = &mut counts.0[component.min(1)];
        each_symbol(block, before, |is_dc, symbol, _, _| if is_dc { dc.note(symbol) } else { ac.note(symbol) });
    });
    let codes = Codes(counts.0.map(|(dc, ac)| (dc.words(), ac.words())));
    let mut file = Vec::with_capacity(original.len() + original.len() / 8);
    file.extend([0xFF, 0xD8]);
    for (marker, body) in segments_before_scan(original) {
        if stays(marker, body) {
            segment(&mut file, marker, &[body]);
        }
    }
    write_headers(&mut file, headers, turn, picture, &codes)?;
    write_scan(&mut file, picture, &codes);
    file.extend([0xFF, 0xD9]);
    Ok(file)
}

/// JFIF's density, the colour profile and what Adobe says of the colours; not EXIF,
/// which claims an orientation and may name a place.
fn stays(marker: u8, body: &[u8]) -> bool {
    match marker {
        0xE0 => body.starts_with(b"JFIF\0"),
        0xE2 => body.starts_with(b"ICC_PROFILE\0"),
        0xEE => body.starts_with(b"Adobe"),
        _ => false,
    }
}

fn write_headers(
    file: &mut Vec<u8>,
    headers: &Headers<'_>,
    turn: Turn,
    picture: &Coefficients,
    codes: &Codes<Words>,
) -> Result<(), ScaledError> {
    for (number, table) in (0u8..).zip(&headers.tables) {
        let Some(table) = table else { continue };
        let values: Vec<u8> = turned_table(table, turn).iter().flat_map(|step| step.to_be_bytes()).collect();
        let is_wide = table.iter().any(|step| *step > 255);
        let narrow: Vec<u8> = values.iter().skip(1).step_by(2).copied().collect();
        segment(file, 0xDB, &[&[u8::from(is_wide) << 4 | number], if is_wide { &values } else { &narrow }]);
    }
    let (width, height) =
        if turn.transposes { (headers.height, headers.width) } else { (headers.width, headers.height) };
    let mut frame = vec![8];
    frame.extend((height as u16).to_be_bytes());
    frame.extend((width as u16).to_be_bytes());
    frame.push(picture.components.len() as u8);
    let mut scan = vec![picture.components.len() as u8];
    for (at, (component, blocks)) in headers.components.iter().zip(&picture.components).enumerate() {
        let (across, down) = blocks.in_mcu;
        frame.extend([component.id, (across << 4 | down) as u8, component.table as u8]);
        scan.extend([component.id, if at == 0 { 0x00 } else { 0x11 }]);
    }
    scan.extend([0, 63, 0]);
    segment(
        file,
        if headers.tables.iter().flatten().flatten().any(|step| *step > 255) { 0xC1 } else { 0xC0 },
        &[&frame],
    );
    for (number, (dc, ac)) in (0u8..).zip(&codes.0).take(picture.components.len().min(2)) {
        segment(file, 0xC4, &[&[number], &dc.lengths, &dc.symbols]);
        segment(file, 0xC4, &[&[0x10 | number], &ac.lengths, &ac.symbols]);
    }
    segment(file, 0xDA, &[&scan]);
    Ok(())
}

fn turned_table(table: &[u16; 64], turn: Turn) -> [u16; 64] {
    if !turn.transposes {
        return *table;
    }
    let mut natural = [0; 64];
    for (position, step) in table.iter().enumerate() {
        let at = usize::from(ZIGZAG[position]);
        natural[at % 8 * 8 + at / 8] = *step;
    }
    std::array::from_fn(|position| natural[usize::from(ZIGZAG[position])])
}

fn segment(file: &mut Vec<u8>, marker: u8, parts: &[&[u8]]) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    file.extend([0xFF, marker]);
    file.extend(u16::try_from(length + 2).unwrap_or(u16::MAX).to_be_bytes());
    parts.iter().for_each(|part| file.extend_from_slice(part));
}

/// Calls `take` with each block in the order of a scan, with its component and the DC
/// value before it.
fn each_block(picture: &Coefficients, mut take: impl FnMut(usize, &Block, i16)) {
    let Some(first) = picture.components.first() else { return };
    let mut levels = vec![0; picture.components.len()];
    let (mcus_across, mcus_down) = (first.across / first.in_mcu.0, first.down / first.in_mcu.1);
    for (row, column) in (0..mcus_down).flat_map(|row| (0..mcus_across).map(move |column| (row, column))) {
        for (at, (blocks, level)) in picture.components.iter().zip(&mut levels).enumerate() {
            let (across, down) = blocks.in_mcu;
            for (y, x) in (0..down).flat_map(|y| (0..across).map(move |x| (y, x))) {
                let block = blocks.at(column * across + x, row * down + y);
                take(at, block, *level);
                *level = block[0];
            }
        }
    }
}

/// Calls `take` with each symbol of a block: whether it is of the DC code, the symbol,
/// its extra bits and how many they are.
fn each_symbol(block: &Block, before: i16, mut take: impl FnMut(bool, u8, u32, u32)) {
    let (bits, extra) = extra_bits(i32::from(block[0]) - i32::from(before));
    take(true, bits as u8, extra, bits);
    let mut run = 0u8;
    for natural in ZIGZAG.iter().skip(1) {
        let value = block[usize::from(*natural)];
        if value == 0 {
            run += 1;
            continue;
        }
        while run > 15 {
            take(false, 0xF0, 0, 0);
            run -= 16;
        }
        let (bits, extra) = extra_bits(i32::from(value));
        take(false, run << 4 | bits as u8, extra, bits);
        run = 0;
    }
    if run > 0 {
        take(false, 0, 0, 0);
    }
}

/// How many bits a value needs, and which.
fn extra_bits(value: i32) -> (u32, u32) {
    let bits = 32 - value.unsigned_abs().leading_zeros();
    let lowest = if value < 0 { value - 1 } else { value };
    (bits, lowest.cast_unsigned() & ((1 << bits) - 1))
}

fn write_scan(file: &mut Vec<u8>, picture: &Coefficients, codes: &Codes<Words>) {
    let (mut waiting, mut count) = (0u64, 0);
    let mut put = |value: u32, bits: u32| {
        waiting = waiting << bits | u64::from(value);
        count += bits;
        while count >= 8 {
            count -= 8;
            let byte = (waiting >> count) as u8;
            file.push(byte);
            if byte == 0xFF {
                file.push(0);
            }
        }
    };
    each_block(picture, |component, block, before| {
        let (dc, ac) = &codes.0[component.min(1)];
        each_symbol(block, before, |is_dc, symbol, extra, bits| {
            let (word, length) = if is_dc { dc.word(symbol) } else { ac.word(symbol) };
            put(u32::from(word), u32::from(length));
            put(extra, bits);
        });
    });
    put(0x7F, 7);
}
