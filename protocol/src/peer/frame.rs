//! A message on its substream: four bytes of length, big-endian, then CBOR.
//! Owns libp2p's `request_response::Codec` for every conversation. The room that
//! requests take in memory is `room.rs`'s. Decides nothing about their content.
//!
//! A request that can't be read still becomes a [`Letter`], with the refusal to
//! answer it with: its sender learns what was wrong.

use std::io;
use std::marker::PhantomData;
use std::sync::Arc;

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p::request_response::Codec;
use serde::Serialize;
use tokio::time::timeout;

use super::admission::Standing;
use super::buffers::Buffers;
use super::marked::WireName;
use super::room::{Room, Rooms};
use crate::codec;
use crate::conversation::Conversation;
use crate::error::{ErrorCode, ProtocolError, Refusal};
use crate::limits::{MESSAGE_FIRST_BYTES, MESSAGE_STEP_TIME};

const LENGTH_BYTES: usize = 4;

/// A request on its way, in either direction.
pub(super) struct Letter<C: Conversation> {
    /// The request; or, for one that came and can't be used, the answer to it.
    pub(super) content: Result<C::Request, Refusal>,
    /// What the sender was when it opened the stream. Means nothing in our own.
    pub(super) standing: Standing,
    /// Whether it is one that no peer of ours sends.
    pub(super) is_flawed: bool,
    /// The memory that the request takes: given back when this is dropped.
    pub(super) room: Option<Room>,
}

impl<C: Conversation> Letter<C> {
    pub(super) fn to_send(request: C::Request) -> Self {
        Self { content: Ok(request), standing: Standing::Admitted, is_flawed: false, room: None }
    }
}

/// Reads and writes the messages of one conversation.
pub(super) struct Frames<C> {
    rooms: Arc<Rooms>,
    buffers: Arc<Buffers>,
    strangers_welcome: bool,
    conversation: PhantomData<fn() -> C>,
}

impl<C> Frames<C> {
    /// Unless `strangers_welcome`, nothing but the length of a stranger's request is read.
    pub(super) fn new(strangers_welcome: bool) -> Self {
        Self { rooms: Arc::default(), buffers: Arc::default(), strangers_welcome, conversation: PhantomData }
    }
}

impl<C> Clone for Frames<C> {
    fn clone(&self) -> Self {
        let (rooms, buffers) = (self.rooms.clone(), self.buffers.clone());
        Self { rooms, buffers, strangers_welcome: self.strangers_welcome, conversation: PhantomData }
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
        let Some((peer, standing)) = name.opened_by() else {
            return Err(io::ErrorKind::PermissionDenied.into());
        };
        let refused = |refusal| Letter { content: Err(refusal), standing, is_flawed: false, room: None };
        if standing == Standing::Waiting {
            return reject_unread(io).await.map(|()| refused(full()));
        }
        if standing == Standing::Stranger && !self.strangers_welcome {
            return reject_unread(io).await.map(|()| refused(Refusal::uniform()));
        }
        let flawed = |refusal| Letter { is_flawed: true, ..refused(refusal) };
        let length = match read_length(io, C::REQUEST_BYTES_MAX).await {
            Ok(length) => length,
            Err(flaw) => return flaw.into_refusal().map(flawed),
        };
        let Some(mut room) = self.rooms.enter(peer, standing, length).await else {
            return Ok(refused(busy()));
        };
        let bytes = match read_body(io, length, &mut room).await {
            Ok(bytes) => bytes,
            Err(flaw) => return flaw.into_refusal().map(flawed),
        };
        match codec::decode(&bytes, C::REQUEST_BYTES_MAX) {
            Ok(request) => Ok(Letter { content: Ok(request), standing, is_flawed: false, room: Some(room) }),
            Err(error) => Ok(flawed(error.into())),
        }
    }

    async fn read_response<T>(&mut self, _: &WireName, io: &mut T) -> io::Result<C::Reply>
    where
        T: AsyncRead + Unpin + Send,
    {
        let length = read_length(io, C::REPLY_BYTES_MAX).await.map_err(Flaw::into_io)?;
        let mut bytes = self.buffers.take();
        read_reply(io, length, &mut bytes).await?;
        let reply = codec::decode(bytes.get(..length).unwrap_or_default(), C::REPLY_BYTES_MAX);
        self.buffers.give_back(bytes);
        reply.map_err(io::Error::other)
    }

    async fn write_request<T>(&mut self, _: &WireName, io: &mut T, letter: Letter<C>) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        let request = letter.content.map_err(|_| io::ErrorKind::InvalidInput)?;
        let frame = framed(Vec::new(), &request, C::REQUEST_BYTES_MAX).map_err(io::Error::other)?;
        drop(request);
        io.write_all(&frame).await
    }

    /// A reply of ours that doesn't fit is our fault; the asker gets an answer all the same.
    async fn write_response<T>(&mut self, name: &WireName, io: &mut T, reply: C::Reply) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        let frame = match framed(self.buffers.take(), &reply, C::REPLY_BYTES_MAX) {
            Ok(frame) => frame,
            Err(error) => {
                tracing::error!(conversation = name.as_ref(), %error, "a reply can't be sent");
                let reply = C::Reply::from(Refusal::new(ErrorCode::Failed, "The answer doesn't fit."));
                framed(Vec::new(), &reply, C::REPLY_BYTES_MAX).map_err(io::Error::other)?
            }
        };
        drop(reply);
        io.write_all(&frame).await?;
        self.buffers.give_back(frame);
        Ok(())
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

/// `record` with its length before it, in one buffer, of which the content is written over.
fn framed<T: Serialize>(mut frame: Vec<u8>, record: &T, bytes_max: usize) -> Result<Vec<u8>, ProtocolError> {
    frame.clear();
    frame.resize(LENGTH_BYTES, 0);
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

/// Reads a reply of `length` bytes into the buffer's first ones. A lying length costs a
/// step before it costs more than the buffer has.
async fn read_reply<T: AsyncRead + Unpin>(io: &mut T, length: usize, bytes: &mut Vec<u8>) -> io::Result<()> {
    let mut at = 0;
    while at < length {
        let end = length.min(bytes.len().max(at + MESSAGE_FIRST_BYTES));
        if bytes.len() < end {
            bytes.reserve_exact(if at == 0 { end } else { length }.saturating_sub(bytes.len()));
            bytes.resize(end, 0);
        }
        io.read_exact(&mut bytes[at..end]).await?;
        at = end;
    }
    Ok(())
}

/// Reads a request of `length` bytes, a step at a time, each with its room and its time.
/// A lying length costs its teller a step before it costs us more than that.
async fn read_body<T: AsyncRead + Unpin>(io: &mut T, length: usize, room: &mut Room) -> Result<Vec<u8>, Flaw> {
    let mut bytes = Vec::new();
    while bytes.len() < length {
        let at = bytes.len();
        let step = MESSAGE_FIRST_BYTES.min(length - at);
        room.grow(step).await;
        bytes.reserve_exact(if at == 0 { step } else { length - at });
        bytes.resize(at + step, 0);
        timeout(MESSAGE_STEP_TIME, io.read_exact(&mut bytes[at..])).await.map_err(|_| Flaw::Slow)??;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::original::{FetchOriginal, OriginalReply};
    use crate::peer::AskError;
    use crate::status::{Report, StatusReply};
    use serde_bytes::ByteBuf;

    /// What an asker is told whose reply came as `bytes`.
    async fn told(bytes: &[u8]) -> AskError {
        let mut frames = Frames::<Report>::new(false);
        let error = frames.read_response(&WireName::new(Report::NAME), &mut &bytes[..]).await.unwrap_err();
        let failure = libp2p::request_response::OutboundFailure::Io(error);
        AskError::from_failure::<Report>(libp2p::PeerId::random(), failure)
    }

    #[tokio::test]
    async fn a_reply_in_a_buffer_of_a_longer_one_is_itself() {
        let long = OriginalReply::Range(ByteBuf::from(vec![7; 300_000]));
        let short = OriginalReply::Range(ByteBuf::from(vec![9; 100_000]));
        let mut frames = Frames::<FetchOriginal>::new(false);
        for reply in [&long, &short, &long, &short] {
            let frame = framed(Vec::new(), reply, FetchOriginal::REPLY_BYTES_MAX).unwrap();
            let read = frames.read_response(&WireName::new(FetchOriginal::NAME), &mut &frame[..]).await.unwrap();
            assert_eq!(&read, reply);
            let mut written = Vec::new();
            frames.write_response(&WireName::new(FetchOriginal::NAME), &mut written, reply.clone()).await.unwrap();
            assert_eq!(written, frame);
        }
        assert!(!frames.buffers.take().is_empty(), "no buffer was kept");
    }

    #[tokio::test]
    async fn a_reply_that_was_cut_off_may_come_whole_later_and_a_wrong_one_stays_wrong() {
        let whole = framed(Vec::new(), &StatusReply::Noted, Report::REPLY_BYTES_MAX).unwrap();
        for end in 0..whole.len() {
            assert!(told(&whole[..end]).await.is_temporary(), "{end} of {} bytes", whole.len());
        }
        let mut wrong = whole;
        *wrong.last_mut().unwrap() ^= 1;
        assert!(!told(&wrong).await.is_temporary());
    }
}
