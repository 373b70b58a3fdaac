//! How a TCP connection ends. Once it is closed, the other end closes it too, a round trip
//! later. Where that does not come, the line is dead: the kernel would try for minutes to
//! send what is left, and so long this end's port and the other's are taken, on routers
//! too. Whoever came back on them would come from another port, through which no hole can
//! be punched. So it is reset: that frees the port here, and on every router that hears it.
//! At once where the kernel took no more to send.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::{AsyncRead, AsyncWrite};
use libp2p::tcp::tokio::TcpStream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::limits::{ENDINGS_AT_ONCE_MAX, GOODBYE_WITHIN};

/// Connections whose other end has yet to close them.
static ENDINGS: Semaphore = Semaphore::const_new(ENDINGS_AT_ONCE_MAX);

/// A TCP connection that is watched to its end.
pub(in crate::peer) struct Ending {
    /// None once it is dropped.
    stream: Option<TcpStream>,
    /// The kernel takes no more to send at the moment.
    is_full: bool,
    goodbye_within: Duration,
}

impl Ending {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream: Some(stream), is_full: false, goodbye_within: GOODBYE_WITHIN }
    }

    /// The connection, as the kernel knows it.
    pub(super) fn socket(&self) -> Option<&tokio::net::TcpStream> {
        self.stream.as_ref().map(|stream| &stream.0)
    }

    fn with<T>(
        mut self: Pin<&mut Self>,
        work: impl FnOnce(Pin<&mut TcpStream>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        match &mut self.stream {
            Some(stream) => work(Pin::new(stream)),
            None => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        let Some(TcpStream(stream)) = self.stream.take() else { return };
        if self.is_full {
            return reset(&stream);
        }
        // Without room for one more, the kernel ends it in its own time.
        if let (Ok(runtime), Ok(room)) = (Handle::try_current(), ENDINGS.try_acquire()) {
            let within = self.goodbye_within;
            runtime.spawn(async move {
                end(stream, within).await;
                drop(room);
            });
        }
    }
}

/// Waits until the other end has closed it, too, or it is too late.
async fn end(mut stream: tokio::net::TcpStream, within: Duration) {
    let closed = timeout(within, async {
        stream.shutdown().await?;
        let mut rest = [0; 1024];
        while stream.read(&mut rest).await? > 0 {}
        io::Result::Ok(())
    });
    if closed.await.is_err() {
        reset(&stream);
    }
}

/// Has the kernel forget the connection when it is dropped.
fn reset(stream: &tokio::net::TcpStream) {
    if let Err(error) = stream.set_zero_linger() {
        tracing::debug!(%error, "a dead connection can't be reset");
    }
}

impl AsyncRead for Ending {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.with(|stream| stream.poll_read(cx, buffer))
    }
}

impl AsyncWrite for Ending {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        let taken = self.as_mut().with(|stream| stream.poll_write(cx, buffer));
        self.is_full = taken.is_pending();
        taken
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let taken = self.as_mut().with(|stream| stream.poll_write_vectored(cx, buffers));
        self.is_full = taken.is_pending();
        taken
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|stream| stream.poll_flush(cx))
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|stream| stream.poll_close(cx))
    }
}

#[cfg(test)]
mod tests {
    use futures::AsyncWriteExt as _;
    use futures::future::poll_immediate;

    use super::*;
    use crate::peer::transport::tcp::line;

    const SOON: Duration = Duration::from_millis(20);

    /// Closes one end of a line after it has said something; the other end.
    async fn closed(goodbye_within: Duration) -> tokio::net::TcpStream {
        let (here, there) = line().await;
        let mut here = Ending::new(here);
        here.goodbye_within = goodbye_within;
        here.write_all(b"that was all").await.unwrap();
        here.close().await.unwrap();
        drop(here);
        there.0
    }

    #[tokio::test]
    async fn who_never_says_goodbye_is_reset_and_keeps_no_port() {
        let mut there = closed(SOON).await;
        let mut heard = [0; 12];
        there.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"that was all", "a reset takes nothing away that was sent before");
        // What is said to a connection that is gone is answered with an error.
        let ended = timeout(Duration::from_secs(60), async { while there.write_all(b"still here?").await.is_ok() {} });
        ended.await.expect("the connection is reset");
    }

    #[tokio::test]
    async fn a_line_that_takes_no_more_is_reset_at_once() {
        let (here, mut there) = line().await;
        let mut here = Ending::new(here);
        here.goodbye_within = Duration::from_secs(600);
        while poll_immediate(here.write(&[0; 65_536])).await.is_some() {}
        drop(here);
        let mut heard = vec![0; 1 << 20];
        let ended = timeout(Duration::from_secs(60), async { while there.0.read(&mut heard).await.is_ok() {} });
        ended.await.expect("the connection is reset");
    }

    #[tokio::test]
    async fn who_says_goodbye_in_time_is_not_reset() {
        let mut there = closed(Duration::from_secs(60)).await;
        let mut heard = Vec::new();
        there.read_to_end(&mut heard).await.unwrap();
        assert_eq!(heard, b"that was all");
        there.shutdown().await.unwrap();
        assert!(there.take_error().unwrap().is_none());
    }
}
