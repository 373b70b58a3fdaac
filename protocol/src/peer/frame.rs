//! A message on its substream: four bytes of length, big-endian, then CBOR.
//! Owns libp2p's `request_response::Codec` for every conversation. The room that
//! requests take in memory is `room.rs`'s. Decides nothing about their content.
//!
//! A request that can't be read still becomes a [`Letter`], with the refusal to
//! answer it with: its sender learns what was wrong.

use std::io;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p::request_response::Codec;
use serde::Serialize;
use tokio::time::timeout;

use super::admission::Standing;
use super::marked::{Opener, WireName};
use super::room::{Room, Rooms};
use super::source::Source;
use crate::codec::{self, RANGE_HEAD_BYTES};
use crate::conversation::Conversation;
use crate::error::{ErrorCode, ProtocolError, Refusal};
use crate::limits::{MESSAGE_FIRST_BYTES, RANGE_BYTES, RANGE_ROOM_BYTES_MIN};
use crate::range_bytes::RangeBytes;

const LENGTH_BYTES: usize = 4;
const RANGE: usize = RANGE_BYTES as usize;

/// A request on its way, in either direction.
pub(super) struct Letter<C: Conversation> {
    /// The request; or, for one that came and can't be used, the answer to it.
    pub(super) content: Result<C::Request, Refusal>,
    /// What the sender was when it opened the stream. Means nothing in our own.
    pub(super) standing: Standing,
    /// Where it came from.
    pub(super) source: Option<Source>,
    /// Whether it is one that no peer of ours sends.
    pub(super) is_flawed: bool,
    /// The memory that the request takes: given back when this is dropped.
    pub(super) room: Option<Room>,
}

impl<C: Conversation> Letter<C> {
    fn of(source: Option<Source>, standing: Standing, content: Result<C::Request, Refusal>) -> Self {
        Self { content, standing, source, is_flawed: false, room: None }
    }

    pub(super) fn to_send(request: C::Request) -> Self {
        Self::of(None, Standing::Admitted, Ok(request))
    }
}

/// Reads and writes the messages of one conversation.
pub(super) struct Frames<C> {
    rooms: Arc<Rooms>,
    strangers_welcome: bool,
    step_time: Duration,
    conversation: PhantomData<fn() -> C>,
}

impl<C> Frames<C> {
    /// Unless `strangers_welcome`, nothing but the length of a stranger's request is read.
    /// [`MESSAGE_FIRST_BYTES`] of a request may take `step_time`.
    pub(super) fn new(strangers_welcome: bool, step_time: Duration) -> Self {
        Self { rooms: Arc::default(), strangers_welcome, step_time, conversation: PhantomData }
    }
}

impl<C> Clone for Frames<C> {
    fn clone(&self) -> Self {
        let (strangers_welcome, step_time) = (self.strangers_welcome, self.step_time);
        Self { rooms: self.rooms.clone(), strangers_welcome, step_time, conversation: PhantomData }
    }
}

impl<C: Conversation> Codec for Frames<C> {
    type Protocol = WireName;
    type Request = Letter<C>;
    type Response = C::Reply;

    async fn read_request<T>(&mut self, name: &WireName, io: &mut T) -> io::Result<Letter<C>>
    where
        T: AsyncRead + Unpin + Send,
    {
        let Some(&Opener { guest, standing, ref place }) = name.opened_by() else {
            return Err(io::ErrorKind::PermissionDenied.into());
        };
        let refused = |refusal| Letter::of(guest.source, standing, Err(refusal));
        if standing == Standing::Waiting {
            return reject_unread(io).await.map(|()| refused(full()));
        }
        if standing == Standing::Stranger && !self.strangers_welcome {
            return reject_unread(io).await.map(|()| refused(Refusal::uniform()));
        }
        if place.is_none() {
            return reject_unread(io).await.map(|()| refused(busy()));
        }
        let flawed = |refusal| Letter { is_flawed: true, ..refused(refusal) };
        let length = match read_length(io, C::REQUEST_BYTES_MAX).await {
            Ok(length) => length,
            Err(flaw) => return flaw.into_refusal().map(flawed),
        };
        let Some(mut room) = self.rooms.enter(guest, standing, length).await else {
            return Ok(refused(busy()));
        };
        let bytes = match read_body(io, length, &mut room, self.step_time).await {
            Ok(bytes) => bytes,
            Err(flaw) => return flaw.into_refusal().map(flawed),
        };
        match codec::decode(&bytes, C::REQUEST_BYTES_MAX) {
            Ok(request) => Ok(Letter { room: Some(room), ..Letter::of(guest.source, standing, Ok(request)) }),
            Err(error) => Ok(flawed(error.into())),
        }
    }

    async fn read_response<T>(&mut self, _: &WireName, io: &mut T) -> io::Result<C::Reply>
    where
        T: AsyncRead + Unpin + Send,
    {
        let length = read_length(io, C::REPLY_BYTES_MAX).await.map_err(Flaw::into_io)?;
        let mut bytes = Vec::new();
        if C::CARRIES_FILES && length >= RANGE_HEAD_BYTES + RANGE_ROOM_BYTES_MIN {
            let mut head = [0; RANGE_HEAD_BYTES];
            io.read_exact(&mut head).await?;
            let range_bytes = length - RANGE_HEAD_BYTES;
            if is_range_of(&head, range_bytes) {
                let mut range = RangeBytes::to_fill(range_bytes);
                io.read_exact(&mut range).await?;
                return C::of_range(range).ok_or_else(|| io::ErrorKind::InvalidData.into());
            }
            bytes.extend(head);
        }
        read_rest(io, length, &mut bytes).await?;
        codec::decode(&bytes, C::REPLY_BYTES_MAX).map_err(io::Error::other)
    }

    async fn write_request<T>(&mut self, _: &WireName, io: &mut T, letter: Letter<C>) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        let request = letter.content.map_err(|_| io::ErrorKind::InvalidInput)?;
        let frame = framed(&request, C::REQUEST_BYTES_MAX).map_err(io::Error::other)?;
        drop(request);
        io.write_all(&frame).await
    }

    /// A reply of ours that doesn't fit is our fault; the asker gets an answer all the same.
    async fn write_response<T>(&mut self, name: &WireName, io: &mut T, reply: C::Reply) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        if let Some(range) = C::range(&reply)
            && let Some(head) = range_frame(range.len())
        {
            io.write_all(&head).await?;
            for part in range.parts() {
                io.write_all(part).await?;
            }
            return Ok(());
        }
        let frame = match framed(&reply, C::REPLY_BYTES_MAX) {
            Ok(frame) => frame,
            Err(error) => {
                tracing::error!(conversation = name.as_ref(), %error, "a reply can't be sent");
                let reply = C::Reply::from(Refusal::new(ErrorCode::Failed, "The answer doesn't fit."));
                framed(&reply, C::REPLY_BYTES_MAX).map_err(io::Error::other)?
            }
        };
        drop(reply);
        io.write_all(&frame).await
    }
}

pub(super) fn busy() -> Refusal {
    Refusal::new(ErrorCode::Busy, "Too much is being asked at this moment; ask again later.")
}

fn full() -> Refusal {
    Refusal::new(ErrorCode::Busy, "There is no room for one more connection; come again, your turn is kept.")
}

/// What can be wrong with a frame.
enum Flaw {
    /// The line broke: nobody is there to be told.
    Line(io::Error),
    /// It ends before its announced length: of a request its sender can be told; a
    /// reply was cut off, and may come whole when it is asked for again.
    CutOff(io::Error),
    /// The sender can be told.
    Message(ProtocolError),
    /// So little comes that others should not wait for it.
    Slow,
}

impl Flaw {
    fn into_refusal(self) -> io::Result<Refusal> {
        match self {
            Self::Line(error) => Err(error),
            Self::CutOff(_) => {
                let reason = "it ends before its announced length".to_owned();
                Ok(ProtocolError::Malformed { reason }.into())
            }
            Self::Message(error) => Ok(error.into()),
            Self::Slow => Ok(Refusal::new(ErrorCode::Busy, "The message came too slowly; send it again later.")),
        }
    }

    fn into_io(self) -> io::Error {
        match self {
            Self::Line(error) | Self::CutOff(error) => error,
            Self::Message(error) => io::Error::other(error),
            Self::Slow => io::ErrorKind::TimedOut.into(),
        }
    }
}

impl From<io::Error> for Flaw {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof { Self::CutOff(error) } else { Self::Line(error) }
    }
}

/// `record` with its length before it, in one buffer.
fn framed<T: Serialize>(record: &T, bytes_max: usize) -> Result<Vec<u8>, ProtocolError> {
    let mut frame = vec![0; LENGTH_BYTES];
    codec::encode_into(&mut frame, record)?;
    let length = frame.len() - LENGTH_BYTES;
    match u32::try_from(length) {
        Ok(announced) if length <= bytes_max => {
            frame[..LENGTH_BYTES].copy_from_slice(&announced.to_be_bytes());
            Ok(frame)
        }
        _ => Err(codec::too_long(length, bytes_max)),
    }
}

/// What goes before the bytes of a range, which then need no copy. None if there are so
/// few of them that it does not matter, or more than a range has.
fn range_frame(bytes: usize) -> Option<[u8; LENGTH_BYTES + RANGE_HEAD_BYTES]> {
    let announced = u32::try_from(bytes).ok().filter(|_| (RANGE_ROOM_BYTES_MIN..=RANGE).contains(&bytes))?;
    let mut frame = [0; LENGTH_BYTES + RANGE_HEAD_BYTES];
    let (length, head) = frame.split_at_mut(LENGTH_BYTES);
    length.copy_from_slice(&(announced + RANGE_HEAD_BYTES as u32).to_be_bytes());
    head.copy_from_slice(&codec::range_head(announced));
    Some(frame)
}

/// Whether a reply begins as a range does of which so many bytes follow.
fn is_range_of(head: &[u8; RANGE_HEAD_BYTES], bytes: usize) -> bool {
    range_frame(bytes).is_some_and(|frame| frame.ends_with(head))
}

/// Looks at an unwelcome stranger's length alone. A sender that is blocked by an
/// unread body can't hear a refusal, so a long request has its stream reset.
async fn reject_unread<T: AsyncRead + Unpin>(io: &mut T) -> io::Result<()> {
    match read_length(io, MESSAGE_FIRST_BYTES).await {
        Ok(_) => Ok(()),
        Err(flaw) => Err(flaw.into_io()),
    }
}

async fn read_length<T: AsyncRead + Unpin>(io: &mut T, bytes_max: usize) -> Result<usize, Flaw> {
    let mut length = [0; LENGTH_BYTES];
    io.read_exact(&mut length).await?;
    let length = u32::from_be_bytes(length) as usize;
    if length > bytes_max {
        return Err(Flaw::Message(codec::too_long(length, bytes_max)));
    }
    Ok(length)
}

/// Reads what is missing of a reply of `length` bytes. A lying length costs a step before
/// it costs more.
async fn read_rest<T: AsyncRead + Unpin>(io: &mut T, length: usize, bytes: &mut Vec<u8>) -> io::Result<()> {
    while bytes.len() < length {
        let at = bytes.len();
        let end = length.min(at + MESSAGE_FIRST_BYTES);
        bytes.reserve_exact(if at < MESSAGE_FIRST_BYTES { end } else { length } - at);
        bytes.resize(end, 0);
        io.read_exact(&mut bytes[at..]).await?;
    }
    Ok(())
}

/// Reads a request of `length` bytes, a step at a time, each with its room and its time.
/// A lying length costs its teller a step before it costs us more than that.
async fn read_body<T: AsyncRead + Unpin>(
    io: &mut T,
    length: usize,
    room: &mut Room,
    step_time: Duration,
) -> Result<Vec<u8>, Flaw> {
    let mut bytes = Vec::new();
    while bytes.len() < length {
        let at = bytes.len();
        let step = MESSAGE_FIRST_BYTES.min(length - at);
        room.grow(step).await;
        bytes.reserve_exact(if at == 0 { step } else { length - at });
        bytes.resize(at + step, 0);
        timeout(step_time, io.read_exact(&mut bytes[at..])).await.map_err(|_| Flaw::Slow)??;
    }
    Ok(bytes)
}

#[cfg(test)]
mod spoiled;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MESSAGE_STEP_TIME;
    use crate::original::{FetchOriginal, OriginalReply};
    use crate::peer::AskError;
    use crate::status::{Report, StatusReply};

    /// What an asker is told whose reply came as `bytes`.
    async fn told(bytes: &[u8]) -> AskError {
        let mut frames = Frames::<Report>::new(false, MESSAGE_STEP_TIME);
        let error = frames.read_response(&WireName::new(Report::NAME), &mut &bytes[..]).await.unwrap_err();
        let failure = libp2p::request_response::OutboundFailure::Io(error);
        AskError::from_failure::<Report>(libp2p::PeerId::random(), failure)
    }

    #[tokio::test]
    async fn a_reply_is_the_same_in_one_piece_and_as_head_and_range() {
        for length in [1, 65_535, 65_536, 300_000, RANGE] {
            let reply = OriginalReply::Range(vec![7; length].into());
            let frame = framed(&reply, FetchOriginal::REPLY_BYTES_MAX).unwrap();
            let (mut frames, name) =
                (Frames::<FetchOriginal>::new(false, MESSAGE_STEP_TIME), WireName::new(FetchOriginal::NAME));
            assert_eq!(frames.read_response(&name, &mut &frame[..]).await.unwrap(), reply);
            let mut written = Vec::new();
            frames.write_response(&name, &mut written, reply).await.unwrap();
            assert!(written == frame, "{length} bytes");
        }
    }

    #[tokio::test]
    async fn a_long_reply_that_only_looks_like_a_range_is_judged_as_a_whole() {
        let whole = framed(&OriginalReply::Range(vec![7; 100_000].into()), FetchOriginal::REPLY_BYTES_MAX).unwrap();
        let hashes = OriginalReply::Subtrees(vec![7; 100_000].into());
        let other = framed(&hashes, FetchOriginal::REPLY_BYTES_MAX).unwrap();
        let (mut frames, name) =
            (Frames::<FetchOriginal>::new(false, MESSAGE_STEP_TIME), WireName::new(FetchOriginal::NAME));
        assert_eq!(frames.read_response(&name, &mut &other[..]).await.unwrap(), hashes);
        for at in LENGTH_BYTES..LENGTH_BYTES + RANGE_HEAD_BYTES {
            let mut bent = whole.clone();
            bent[at] ^= 1;
            assert!(frames.read_response(&name, &mut &bent[..]).await.is_err(), "byte {at}");
        }
    }

    #[tokio::test]
    async fn a_reply_that_was_cut_off_may_come_whole_later_and_a_wrong_one_stays_wrong() {
        let whole = framed(&StatusReply::Noted, Report::REPLY_BYTES_MAX).unwrap();
        for end in 0..whole.len() {
            assert!(told(&whole[..end]).await.is_temporary(), "{end} of {} bytes", whole.len());
        }
        let mut wrong = whole;
        *wrong.last_mut().unwrap() ^= 1;
        assert!(!told(&wrong).await.is_temporary());
    }
}
