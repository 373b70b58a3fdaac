//! One connection from its first byte to its last: HTTP/1 with deadlines, leaving
//! when there is no room or when the server stops.

use std::convert::Infallible;
use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::front::Front;
use super::pace::Pace;
use super::room::Seat;
use super::stream::PacedStream;
use crate::limits::{CONNECTION_BUFFER_BYTES_MAX, HEAD_BYTES_MAX, HEADERS_MAX, Limits};

/// A connection that was let in.
pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    pub(crate) seat: Seat,
    pub(crate) front: Arc<Front>,
    pub(crate) stopping: watch::Receiver<bool>,
}

impl Connection {
    /// Answers request after request until the connection ends.
    pub(crate) async fn serve(self) {
        let Self { stream, seat, front, mut stopping } = self;
        let limits = front.limits();
        let http = http(limits);
        let pace = Pace::new(limits.write_grace, limits.write_bytes_per_s);
        let stream = TokioIo::new(PacedStream::new(stream, pace, seat.sitter()));
        let (peer, sitter) = (seat.peer(), seat.sitter());
        let answer = service_fn(move |request| {
            let (front, serving) = (Arc::clone(&front), sitter.serving());
            async move { Ok::<_, Infallible>(front.answer(request, peer, serving).await) }
        });
        let mut connection = std::pin::pin!(http.serve_connection(stream, answer));
        let mut is_stopping = false;
        loop {
            tokio::select! {
                ended = &mut connection => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "a connection was cut");
                    }
                    return;
                }
                () = seat.told_to_leave() => {
                    if !seat.is_busy() {
                        return;
                    }
                    seat.stay();
                }
                _ = stopping.wait_for(|stop| *stop), if !is_stopping => {
                    if !seat.is_busy() {
                        return;
                    }
                    is_stopping = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }
}

fn http(limits: &Limits) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.head_deadline)
        .max_headers(HEADERS_MAX)
        .max_header_size(HEAD_BYTES_MAX)
        .max_buf_size(CONNECTION_BUFFER_BYTES_MAX)
        .half_close(false);
    http
}
