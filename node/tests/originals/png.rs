//! Pictures small enough to be written by hand, as files of any length: a PNG of stored
//! bytes, and noise behind its end, which has to arrive as well.

/// A grey picture of 24 × 16 pixels that follows from `seed`, in a file of `bytes`.
pub fn png(seed: u8, bytes: usize) -> Vec<u8> {
    let (width, height) = (24_u32, 16_u32);
    let mut rows = Vec::new();
    for y in 0..height {
        rows.push(0);
        rows.extend((0..width).map(|x| (x * 9 + y * 5) as u8 ^ seed));
    }
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend([8, 0, 0, 0, 0]);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    file.extend(chunk(*b"IHDR", &header));
    file.extend(chunk(*b"IDAT", &stored(&rows)));
    file.extend(chunk(*b"IEND", &[]));
    let mut noise = vec![0; bytes.saturating_sub(file.len())];
    blake3::Hasher::new().update(&[seed]).finalize_xof().fill(&mut noise);
    file.extend(noise);
    file
}

fn chunk(name: [u8; 4], content: &[u8]) -> Vec<u8> {
    let mut named = name.to_vec();
    named.extend(content);
    let mut chunk = u32::try_from(content.len()).unwrap().to_be_bytes().to_vec();
    chunk.extend(&named);
    chunk.extend(crc32(&named).to_be_bytes());
    chunk
}

/// zlib without compression, in one block.
fn stored(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap();
    let mut stream = vec![0x78, 0x01, 1];
    stream.extend(length.to_le_bytes());
    stream.extend((!length).to_le_bytes());
    stream.extend(bytes);
    stream.extend(adler32(bytes).to_be_bytes());
    stream
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

fn adler32(bytes: &[u8]) -> u32 {
    let (a, b) = bytes.iter().fold((1_u32, 0_u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    (b << 16) | a
}
