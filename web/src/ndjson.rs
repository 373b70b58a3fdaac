//! Answers that grow: one JSON value a line, sent as they come, bounded between
//! writer and reader. What the lines say is the caller's.

use bytes::{BufMut, Bytes, BytesMut};
use futures::stream;
use serde::Serialize;
use std::convert::Infallible;
use tokio::sync::mpsc;
use warp::reply::Reply;

use crate::error::WebError;
use crate::limits::NDJSON_LINES_WAITING_MAX;

/// The writing end of a streamed answer. The answer ends when it is dropped.
#[derive(Debug, Clone)]
pub struct NdjsonSender {
    lines: mpsc::Sender<Bytes>,
}

/// A streamed answer and the end to write it with. At most 64 lines wait for a slow
/// reader; then [`NdjsonSender::send`] waits.
pub fn ndjson() -> (NdjsonSender, impl Reply + use<>) {
    let (sender, receiver) = mpsc::channel(NDJSON_LINES_WAITING_MAX);
    let lines = stream::unfold(receiver, |mut receiver| async move {
        let line = receiver.recv().await?;
        Some((Ok::<Bytes, Infallible>(line), receiver))
    });
    let reply = warp::reply::stream(lines);
    let reply = warp::reply::with_header(reply, "content-type", "application/x-ndjson");
    (NdjsonSender { lines: sender }, reply)
}

impl NdjsonSender {
    /// Sends one line, as soon as there is room.
    ///
    /// # Errors
    /// [`WebError::Unavailable`] once the reader has gone away, so that the writer
    /// can stop; [`WebError::Internal`] for a value that JSON cannot hold.
    pub async fn send<T: Serialize + Sync>(&self, value: &T) -> Result<(), WebError> {
        let mut line = BytesMut::new().writer();
        serde_json::to_writer(&mut line, value)
            .map_err(|error| WebError::internal("a line cannot be written as JSON", error))?;
        let mut line = line.into_inner();
        line.put_u8(b'\n');
        let sent = self.lines.send(line.freeze()).await;
        sent.map_err(|_| WebError::Unavailable)
    }

    /// Waits until the reader has gone away.
    pub async fn closed(&self) {
        self.lines.closed().await;
    }
}
