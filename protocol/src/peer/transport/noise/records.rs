//! The stream after the handshake: records of two bytes of length and up to 65,535 sealed
//! bytes; ours are shorter. They are sealed and opened where they lie; nothing is copied but what goes in
//! and what comes out.

use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::{AsyncRead, AsyncWrite};
use ring::aead::{AES_256_GCM, Aad, Algorithm, LessSafeKey, MAX_TAG_LEN, NONCE_LEN, Nonce, UnboundKey};

use super::rooms::RecordRoom;
use crate::limits::{RECORD_ROOM_BYTES, RECORD_SENT_BYTES};

const LENGTH_BYTES: usize = size_of::<u16>();
const SUM_BYTES: usize = MAX_TAG_LEN;
/// The most that a record of ours carries.
const CLEAR_BYTES_MAX: usize = RECORD_SENT_BYTES - LENGTH_BYTES - SUM_BYTES;
/// The longest record of others.
const RECORD_BYTES_MAX: usize = LENGTH_BYTES + u16::MAX as usize;

/// What the records of one direction are sealed with, and how many were.
pub(super) struct Seal {
    key: LessSafeKey,
    count: u64,
}

impl Seal {
    pub(super) fn new(cipher: &'static Algorithm, key: &[u8]) -> Option<Self> {
        Some(Self { key: LessSafeKey::new(UnboundKey::new(cipher, key).ok()?), count: 0 })
    }

    fn is_aes(&self) -> bool {
        self.key.algorithm() == &AES_256_GCM
    }

    /// Never the same twice: Noise counts, for AES from the other end of the number.
    fn next_nonce(&mut self) -> io::Result<Nonce> {
        let mut nonce = [0; NONCE_LEN];
        let count = if self.is_aes() { self.count.to_be_bytes() } else { self.count.to_le_bytes() };
        nonce[NONCE_LEN - count.len()..].copy_from_slice(&count);
        self.count = self.count.checked_add(1).ok_or_else(|| invalid("its numbers are used up"))?;
        Ok(Nonce::assume_unique_for_key(nonce))
    }

    /// Seals `clear`; its sum.
    fn seal(&mut self, clear: &mut [u8]) -> io::Result<[u8; SUM_BYTES]> {
        let nonce = self.next_nonce()?;
        let sum = self.key.seal_in_place_separate_tag(nonce, Aad::empty(), clear);
        let sum = sum.ok().and_then(|sum| sum.as_ref().try_into().ok());
        sum.ok_or_else(|| invalid("a record can't be sealed"))
    }

    /// Opens a record and its sum; how long it is.
    fn open(&mut self, sealed: &mut [u8]) -> io::Result<usize> {
        let nonce = self.next_nonce()?;
        let opened = self.key.open_in_place(nonce, Aad::empty(), sealed);
        opened.map(|clear| clear.len()).map_err(|_| invalid("a record was changed on its way"))
    }
}

/// A stream that nobody else reads or changes.
pub(in crate::peer::transport) struct Records<S> {
    stream: S,
    incoming: Incoming,
    outgoing: Outgoing,
}

/// What came.
struct Incoming {
    seal: Seal,
    room: RecordRoom,
    /// Opened, and not read yet.
    clear: Range<usize>,
    /// Not opened yet.
    sealed: Range<usize>,
}

/// What is to go.
struct Outgoing {
    seal: Seal,
    room: RecordRoom,
    /// Whole records.
    sealed: Range<usize>,
    /// So many bytes of the next record, after them: it is begun where all of it has room.
    clear: usize,
}

impl<S> Records<S> {
    pub(super) fn new(stream: S, ours: Seal, theirs: Seal) -> Self {
        let incoming = Incoming { seal: theirs, room: RecordRoom::default(), clear: 0..0, sealed: 0..0 };
        let outgoing = Outgoing { seal: ours, room: RecordRoom::default(), sealed: 0..0, clear: 0 };
        Self { stream, incoming, outgoing }
    }

    #[cfg(test)]
    pub(super) fn is_aes(&self) -> bool {
        self.incoming.seal.is_aes() && self.outgoing.seal.is_aes()
    }
}

impl Incoming {
    /// Gives what is opened; how much.
    fn give(&mut self, place: &mut [u8]) -> usize {
        let length = place.len().min(self.clear.len());
        let from = self.clear.start;
        place[..length].copy_from_slice(&self.room.bytes()[from..from + length]);
        self.clear.start += length;
        length
    }

    /// Opens the next record, if all of it is here.
    fn open(&mut self) -> io::Result<bool> {
        let room = self.room.bytes();
        let Some((length, rest)) = room[self.sealed.clone()].split_first_chunk_mut::<LENGTH_BYTES>() else {
            return Ok(false);
        };
        let length = usize::from(u16::from_be_bytes(*length));
        let Some(record) = rest.get_mut(..length) else { return Ok(false) };
        let clear = self.seal.open(record)?;
        let begin = self.sealed.start + LENGTH_BYTES;
        self.clear = begin..begin + clear;
        self.sealed.start = begin + length;
        Ok(true)
    }

    /// Where more may come: a record that is begun has room to its end.
    fn place(&mut self) -> &mut [u8] {
        if self.sealed.is_empty() {
            self.sealed = 0..0;
        } else if self.sealed.start + RECORD_BYTES_MAX > RECORD_ROOM_BYTES {
            self.room.bytes().copy_within(self.sealed.clone(), 0);
            self.sealed = 0..self.sealed.len();
        }
        let end = self.sealed.end;
        &mut self.room.bytes()[end..]
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Records<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, place: &mut [u8]) -> Poll<io::Result<usize>> {
        let Self { stream, incoming, .. } = &mut *self;
        loop {
            if !incoming.clear.is_empty() {
                return Poll::Ready(Ok(incoming.give(place)));
            }
            if !incoming.sealed.is_empty() && incoming.open()? {
                continue;
            }
            let came = Pin::new(&mut *stream).poll_read(cx, incoming.place());
            if incoming.sealed.is_empty() && !matches!(came, Poll::Ready(Ok(1..))) {
                incoming.room.leave();
            }
            match ready!(came)? {
                0 if incoming.sealed.is_empty() => return Poll::Ready(Ok(0)),
                0 => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                length => incoming.sealed.end += length,
            }
        }
    }
}

impl Outgoing {
    /// Takes bytes for the next record; how many have room in it.
    fn take(&mut self, bytes: &[u8]) -> usize {
        let length = bytes.len().min(CLEAR_BYTES_MAX - self.clear);
        let begin = self.sealed.end + LENGTH_BYTES + self.clear;
        self.room.bytes()[begin..begin + length].copy_from_slice(&bytes[..length]);
        self.clear += length;
        length
    }

    /// Ends the record that is begun.
    fn seal(&mut self) -> io::Result<()> {
        if self.clear == 0 {
            return Ok(());
        }
        let length = self.clear + SUM_BYTES;
        let record = &mut self.room.bytes()[self.sealed.end..][..LENGTH_BYTES + length];
        let (announced, record) = record.split_at_mut(LENGTH_BYTES);
        announced.copy_from_slice(&u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes());
        let (clear, sum) = record.split_at_mut(self.clear);
        sum.copy_from_slice(&self.seal.seal(clear)?);
        self.sealed.end += LENGTH_BYTES + length;
        self.clear = 0;
        Ok(())
    }

    /// Sends what is sealed.
    fn poll_send<S: AsyncWrite + Unpin>(&mut self, stream: &mut S, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.sealed.is_empty() {
            let range = self.sealed.clone();
            match ready!(Pin::new(&mut *stream).poll_write(cx, &self.room.bytes()[range]))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                length => self.sealed.start += length,
            }
        }
        self.sealed = 0..0;
        self.room.leave();
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Records<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let Self { stream, outgoing, .. } = &mut *self;
        if outgoing.clear == CLEAR_BYTES_MAX {
            outgoing.seal()?;
        }
        if outgoing.sealed.end + RECORD_SENT_BYTES > RECORD_ROOM_BYTES {
            ready!(outgoing.poll_send(stream, cx))?;
        }
        Poll::Ready(Ok(outgoing.take(bytes)))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { stream, outgoing, .. } = &mut *self;
        outgoing.seal()?;
        ready!(outgoing.poll_send(stream, cx))?;
        Pin::new(stream).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_flush(cx))?;
        Pin::new(&mut self.stream).poll_close(cx)
    }
}

fn invalid(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use futures::io::{AsyncReadExt, AsyncWriteExt, Cursor};
    use ring::aead::CHACHA20_POLY1305;

    use super::*;

    /// Gives and takes no more than so many bytes at a time, and makes a pause after each.
    struct Slow<S> {
        stream: S,
        bytes: usize,
        is_pausing: bool,
    }

    impl<S> Slow<S> {
        fn pauses(&mut self, cx: &mut Context<'_>) -> bool {
            self.is_pausing = !self.is_pausing;
            cx.waker().wake_by_ref();
            self.is_pausing
        }
    }

    impl<S: AsyncRead + Unpin> AsyncRead for Slow<S> {
        fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, place: &mut [u8]) -> Poll<io::Result<usize>> {
            if self.pauses(cx) {
                return Poll::Pending;
            }
            let length = place.len().min(self.bytes);
            Pin::new(&mut self.stream).poll_read(cx, &mut place[..length])
        }
    }

    impl<S: AsyncWrite + Unpin> AsyncWrite for Slow<S> {
        fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            if self.pauses(cx) {
                return Poll::Pending;
            }
            let length = bytes.len().min(self.bytes);
            Pin::new(&mut self.stream).poll_write(cx, &bytes[..length])
        }

        fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.stream).poll_flush(cx)
        }

        fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.stream).poll_close(cx)
        }
    }

    fn records<S>(cipher: &'static Algorithm, stream: S) -> Records<S> {
        let seal = || Seal::new(cipher, &[7; 32]).unwrap();
        Records::new(stream, seal(), seal())
    }

    /// What stands on the line when `pieces` are sent, each by itself if `flushes`.
    fn sealed(cipher: &'static Algorithm, pieces: &[&[u8]], (flushes, at_once): (bool, usize)) -> Vec<u8> {
        let slow = Slow { stream: Cursor::new(Vec::new()), bytes: at_once, is_pausing: false };
        let mut records = records(cipher, slow);
        block_on(async {
            for piece in pieces {
                records.write_all(piece).await.unwrap();
                if flushes {
                    records.flush().await.unwrap();
                }
            }
            records.close().await.unwrap();
        });
        records.stream.stream.into_inner()
    }

    fn opened(cipher: &'static Algorithm, line: Vec<u8>, at_once: usize) -> io::Result<Vec<u8>> {
        let mut records = records(cipher, Slow { stream: Cursor::new(line), bytes: at_once, is_pausing: false });
        let mut came = Vec::new();
        block_on(records.read_to_end(&mut came))?;
        assert!(records.incoming.room.is_left(), "the room was kept");
        Ok(came)
    }

    #[test]
    fn bytes_come_as_they_went_however_the_line_cuts_them() {
        let bytes: Vec<u8> = (0..400_000_u32).map(|at| (at ^ (at >> 9)) as u8).collect();
        let pieces = [&bytes[..12], &bytes[12..CLEAR_BYTES_MAX], &bytes[CLEAR_BYTES_MAX..200_000], &bytes[200_000..]];
        for cipher in [&AES_256_GCM, &CHACHA20_POLY1305] {
            for flushes in [true, false] {
                for at_once in [997, 65_537, 1_000_000] {
                    let line = sealed(cipher, &pieces, (flushes, at_once));
                    assert_eq!(line.len() - bytes.len(), 18 * if flushes { 15 } else { 13 });
                    assert!(opened(cipher, line, at_once).unwrap() == bytes, "{flushes} {at_once}");
                }
            }
        }
    }

    #[test]
    fn a_changed_cut_short_or_repeated_record_is_an_error() {
        for cipher in [&AES_256_GCM, &CHACHA20_POLY1305] {
            let line = sealed(cipher, &[b"one", b"two"], (true, 1_000));
            assert_eq!(opened(cipher, line.clone(), 1_000).unwrap(), b"onetwo");
            for at in 0..line.len() {
                let mut bent = line.clone();
                bent[at] ^= 1;
                assert!(opened(cipher, bent, 1_000).is_err(), "byte {at}");
                let whole = [0, 21, 42].contains(&at);
                assert_eq!(opened(cipher, line[..at].to_vec(), 1_000).is_ok(), whole, "cut at {at}");
            }
            assert!(opened(cipher, [&line[..21], &line[..21]].concat(), 1_000).is_err(), "a record came twice");
            assert!(opened(cipher, vec![0, 0], 1_000).is_err(), "a record without a sum");
        }
    }
}
