//! Gathers what `h2` writes, so that all requests of a moment leave in one system call.
//!
//! `h2` writes and flushes after each piece of a body that is longer than 256 bytes, because it appends
//! nothing to such a piece. Over TLS that is also a record for each request. [`Gathering`] keeps the bytes
//! until the task of the connection calls [`Gathered::poll_send`], which it does after each turn of `h2`.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::wire::Stream;

/// How many bytes to keep before some are sent: four records of TLS, and one more frame at most.
const GATHERED_MAX: usize = 64 * 1024;

/// The capacity that an empty buffer keeps.
const CAPACITY_KEPT: usize = 64 * 1024;

/// The stream for `h2`.
pub(super) struct Gathering(Arc<Mutex<Outbox>>);

/// The same stream for the task of the connection.
pub(super) struct Gathered(Arc<Mutex<Outbox>>);

struct Outbox {
    stream: Stream,
    /// Written by `h2`, and not sent before `sent`.
    bytes: Vec<u8>,
    sent: usize,
    needs_flush: bool,
}

/// Both ends of a stream that gathers what is written. Only one task may use them.
pub(super) fn gather(stream: Stream) -> (Gathering, Gathered) {
    let outbox = Arc::new(Mutex::new(Outbox {
        stream,
        bytes: Vec::new(),
        sent: 0,
        needs_flush: false,
    }));
    (Gathering(Arc::clone(&outbox)), Gathered(outbox))
}

impl Gathered {
    /// Sends everything that has been gathered, as far as the receiver reads it.
    pub(super) fn poll_send(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.lock().poll_send(context)
    }
}

impl Outbox {
    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.sent < self.bytes.len() {
            let written = Pin::new(&mut self.stream).poll_write(context, &self.bytes[self.sent..]);
            match ready!(written)? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                bytes => self.sent += bytes,
            }
            self.needs_flush = true;
        }
        self.sent = 0;
        self.bytes.clear();
        self.bytes.shrink_to(CAPACITY_KEPT);
        if self.needs_flush {
            ready!(Pin::new(&mut self.stream).poll_flush(context))?;
            self.needs_flush = false;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Gathering {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0.lock().stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Gathering {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut outbox = self.0.lock();
        if outbox.bytes.len() >= GATHERED_MAX {
            ready!(outbox.poll_send(context))?;
        }
        outbox.bytes.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    /// Does nothing: the task of the connection sends what has been gathered.
    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut outbox = self.0.lock();
        ready!(outbox.poll_send(context))?;
        Pin::new(&mut outbox.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::mem::MaybeUninit;
    use std::task::Waker;

    use socket2::SockRef;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn what_is_written_and_flushed_waits_until_it_is_sent() {
        let (stream, mut peer) = Stream::pair().await;
        let (mut gathering, gathered) = gather(stream);
        for piece in [b"ab", b"cd", b"ef"] {
            gathering.write_all(piece).await.unwrap();
            gathering.flush().await.unwrap();
        }
        // The peer's socket would have it by now, because both ends are on this machine.
        let nothing = SockRef::from(&peer).peek(&mut [MaybeUninit::uninit()]);
        assert_eq!(nothing.unwrap_err().kind(), io::ErrorKind::WouldBlock);
        let mut read = [0; 8];
        std::future::poll_fn(|context| gathered.poll_send(context))
            .await
            .unwrap();
        assert_eq!(peer.read(&mut read).await.unwrap(), 6);
        gathering.write_all(b"gh").await.unwrap();
        gathering.shutdown().await.unwrap();
        assert_eq!(peer.read(&mut read).await.unwrap(), 2);
        assert_eq!(peer.read(&mut read).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_peer_that_reads_nothing_bounds_what_is_gathered() {
        let (stream, _peer) = Stream::pair().await;
        let (mut gathering, gathered) = gather(stream);
        let mut quiet = Context::from_waker(Waker::noop());
        let piece = [0; 1024];
        while Pin::new(&mut gathering).poll_write(&mut quiet, &piece).is_ready() {
            assert!(gathered.0.lock().bytes.len() < GATHERED_MAX + piece.len());
        }
        assert!(gathered.poll_send(&mut quiet).is_pending());
    }
}
