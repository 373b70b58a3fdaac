//! Packets as the kernel gives them to a fast line: many of one connection in one piece of
//! up to 64 KiB, with a header of ten bytes before it that says how it is to be cut (Linux,
//! `virtio_net_hdr`). What is lost of a piece is cut out of it; what is left goes on in as
//! few pieces as can be.

use std::ops::Range;

/// The header's bytes: flags, kind, length of headers, of each packet's payload, and where
/// the checksum begins and is, in the machine's order.
pub const HEADER: usize = 10;

const KIND_NONE: u8 = 0;
const KIND_ECN: u8 = 0x80;
const KIND_UDP: u8 = 5;
const TCP_FLAGS: usize = 13;
/// On the last packet of a piece alone.
const FIN_AND_PSH: u8 = 0x09;
/// On its first alone.
const CWR: u8 = 0x80;

/// A piece, and how it is made.
pub struct Piece<'a> {
    bytes: &'a [u8],
    /// Where TCP's or UDP's header begins; nothing where it is one packet.
    transport: usize,
    /// Bytes of all headers of each packet.
    headers: usize,
    /// Payload of each packet but the last.
    each: usize,
}

impl<'a> Piece<'a> {
    /// What was read from a device; none if it makes no sense.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let (header, packet) = bytes.split_at_checked(HEADER)?;
        let number = |at: usize| usize::from(u16::from_ne_bytes([header[at], header[at + 1]]));
        let (kind, each, transport) = (header[1] & !KIND_ECN, number(4), number(6));
        if kind == KIND_NONE || each == 0 {
            return Some(Self { bytes, transport: 0, headers: packet.len(), each: 0 });
        }
        let own = if kind == KIND_UDP { 8 } else { usize::from(packet.get(transport + 12)? >> 4) * 4 };
        let headers = transport + own;
        (headers < packet.len()).then_some(Self { bytes, transport, headers, each })
    }

    /// How many packets it is.
    pub fn count(&self) -> usize {
        if self.each == 0 { 1 } else { self.payload().len().div_ceil(self.each) }
    }

    /// The length of one of its packets, with its headers.
    pub fn length(&self, at: usize) -> usize {
        self.headers + self.part(&(at..at + 1)).len()
    }

    /// A piece of these packets of it.
    pub fn cut(&self, packets: Range<usize>) -> Vec<u8> {
        let whole = 0..self.count();
        if packets == whole {
            return self.bytes.to_vec();
        }
        let mut piece = [&self.bytes[..HEADER + self.headers], self.part(&packets)].concat();
        let (header, packet) = piece.split_at_mut(HEADER);
        if packets.len() == 1 {
            header[1] = KIND_NONE;
            header[4..6].fill(0);
        }
        set_ip(packet, packets.start);
        let is_udp = self.bytes[1] & !KIND_ECN == KIND_UDP;
        let transport = &mut packet[self.transport..];
        if is_udp {
            let length = transport.len() as u16;
            transport[4..6].copy_from_slice(&length.to_be_bytes());
        } else {
            set_tcp(transport, packets.start * self.each, packets.start == 0, packets.end == whole.end);
        }
        let checksum = if is_udp { 6 } else { 16 };
        let before = self.bytes.len() - HEADER - self.transport;
        let after = transport.len();
        set_length_in_sum(&mut transport[checksum..checksum + 2], before, after);
        piece
    }

    fn payload(&self) -> &'a [u8] {
        &self.bytes[HEADER + self.headers..]
    }

    fn part(&self, packets: &Range<usize>) -> &'a [u8] {
        let payload = self.payload();
        &payload[(packets.start * self.each).min(payload.len())..(packets.end * self.each).min(payload.len())]
    }
}

/// IP's length, and in IPv4 the number and the checksum.
fn set_ip(packet: &mut [u8], first: usize) {
    let length = packet.len() as u16;
    if packet[0] >> 4 == 6 {
        packet[4..6].copy_from_slice(&(length - 40).to_be_bytes());
        return;
    }
    packet[2..4].copy_from_slice(&length.to_be_bytes());
    let number = u16::from_be_bytes([packet[4], packet[5]]).wrapping_add(first as u16);
    packet[4..6].copy_from_slice(&number.to_be_bytes());
    packet[10..12].fill(0);
    let header = usize::from(packet[0] & 15) * 4;
    let sum = packet[..header].chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
    packet[10..12].copy_from_slice(&(!folded(sum)).to_be_bytes());
}

fn set_tcp(transport: &mut [u8], ahead: usize, is_first: bool, is_last: bool) {
    let number = u32::from_be_bytes([transport[4], transport[5], transport[6], transport[7]]);
    transport[4..8].copy_from_slice(&number.wrapping_add(ahead as u32).to_be_bytes());
    if !is_first {
        transport[TCP_FLAGS] &= !CWR;
    }
    if !is_last {
        transport[TCP_FLAGS] &= !FIN_AND_PSH;
    }
}

/// The checksum holds the sum of addresses and length as yet; the kernel adds the rest.
fn set_length_in_sum(place: &mut [u8], before: usize, after: usize) {
    let sum = u32::from(u16::from_be_bytes([place[0], place[1]]));
    let sum = folded(sum + u32::from(!(before as u16)) + u32::from(after as u16));
    place.copy_from_slice(&sum.to_be_bytes());
}

fn folded(mut sum: u32) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three and a half packets of 100 bytes, from 10.0.0.1 to 10.0.0.2.
    fn tcp_piece() -> Vec<u8> {
        let mut header = vec![1, 1];
        header.extend([54_u16, 100, 20, 16].into_iter().flat_map(u16::to_ne_bytes));
        let mut ip = vec![0x45, 0, 0, 0, 0, 7, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
        ip[2..4].copy_from_slice(&(20 + 20 + 350_u16).to_be_bytes());
        let mut tcp = vec![0; 20];
        tcp[4..8].copy_from_slice(&0xffff_ff80_u32.to_be_bytes());
        tcp[12] = 5 << 4;
        tcp[13] = CWR | 0x10 | FIN_AND_PSH;
        tcp[16..18].copy_from_slice(&pseudo_sum(370).to_be_bytes());
        [header, ip, tcp, (0..350).map(|at| at as u8).collect()].concat()
    }

    fn pseudo_sum(length: u32) -> u16 {
        folded(0x0a00 + 0x0001 + 0x0a00 + 0x0002 + 6 + length)
    }

    fn be32(bytes: &[u8]) -> u32 {
        u32::from_be_bytes(bytes.try_into().unwrap())
    }

    #[test]
    fn a_piece_is_as_many_packets_as_the_wire_would_carry() {
        let bytes = tcp_piece();
        let piece = Piece::read(&bytes).unwrap();
        assert_eq!(piece.count(), 4);
        assert_eq!((0..4).map(|at| piece.length(at)).collect::<Vec<_>>(), [140, 140, 140, 90]);
        assert_eq!(piece.cut(0..4), bytes);
    }

    #[test]
    fn what_is_left_of_a_piece_keeps_its_place_and_no_flag_of_another() {
        let bytes = tcp_piece();
        let piece = Piece::read(&bytes).unwrap();
        let cut = piece.cut(1..3);
        let (header, ip) = cut.split_at(HEADER);
        let tcp = &ip[20..];
        assert_eq!(header, &bytes[..HEADER]);
        assert_eq!(&ip[2..6], [0, 240, 0, 8]);
        let sum = ip[..20].chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
        assert_eq!(folded(sum), 0xffff, "the header's checksum");
        assert_eq!(be32(&tcp[4..8]), 0xffff_ff80_u32.wrapping_add(100));
        assert_eq!(tcp[13], 0x10);
        assert_eq!(tcp[16..18], pseudo_sum(220).to_be_bytes());
        assert_eq!(&tcp[20..], &bytes[HEADER + 40 + 100..][..200]);
        let (first, last) = (piece.cut(0..1), piece.cut(3..4));
        assert_eq!((first[1], first[HEADER + 33]), (KIND_NONE, CWR | 0x10));
        assert_eq!((last[1], last[HEADER + 33]), (KIND_NONE, 0x10 | FIN_AND_PSH));
        assert_eq!(last.len(), HEADER + 90);
    }

    #[test]
    fn a_piece_of_udp_has_its_new_length() {
        let mut bytes = tcp_piece();
        bytes[1] = KIND_UDP;
        bytes[HEADER + 9] = 17;
        let piece = Piece::read(&bytes).unwrap();
        assert_eq!(piece.count(), 4);
        let cut = piece.cut(1..4);
        assert_eq!(cut.len(), HEADER + 28 + 262);
        assert_eq!(cut[HEADER + 24..][..2], 270_u16.to_be_bytes());
    }

    #[test]
    fn what_makes_no_sense_is_no_piece() {
        assert!(Piece::read(&[0; 9]).is_none());
        let bytes = tcp_piece();
        assert!(Piece::read(&bytes[..HEADER + 40]).is_none());
        assert!(Piece::read(&bytes[..HEADER + 25]).is_none());
    }

    #[test]
    fn one_packet_is_one() {
        let bytes = [&[0; HEADER][..], &[0x45; 60]].concat();
        let piece = Piece::read(&bytes).unwrap();
        assert_eq!((piece.count(), piece.length(0)), (1, 60));
        assert_eq!(piece.cut(0..1), bytes);
    }
}
