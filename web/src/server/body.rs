//! Bodies on their way in and out: a request's must come at a minimum rate, an
//! answer's marks its request as served when its last byte is taken for writing.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use super::pace::Pace;
use super::room::Serving;

/// A body broke off, or came too slowly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body of the request came too slowly")]
pub(crate) struct BodyTooSlow;

type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// A request's body, cut with [`BodyTooSlow`] when it stalls or trickles.
#[derive(Debug)]
pub(crate) struct PacedBody {
    body: Incoming,
    pace: Pace,
}

/// An answer's body; its request counts as being served until this is dropped.
#[derive(Debug)]
pub(crate) struct ServedBody<B> {
    body: B,
    _serving: Serving,
}

impl PacedBody {
    pub(crate) fn new(body: Incoming, pace: Pace) -> Self {
        Self { body, pace }
    }
}

impl Body for PacedBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
            ready!(self.pace.poll_spent(cx));
            return Poll::Ready(Some(Err(BodyTooSlow.into())));
        };
        if let Some(Ok(frame)) = &frame {
            self.pace.moved(frame.data_ref().map_or(0, Bytes::len));
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B> ServedBody<B> {
    pub(crate) fn new(body: B, serving: Serving) -> Self {
        Self { body, _serving: serving }
    }
}

impl<B: Body + Unpin> Body for ServedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
