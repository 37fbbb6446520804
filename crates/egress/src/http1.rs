//! HTTP/1.1 over a connection: one POST at a time.
//!
//! This is a client of our own, because the request is always a POST with a known body, and because a
//! response has to be read more leniently and within tighter bounds than libraries do
//! (`docs/decisions/0020`). It spells header names as they are given, and it knows whether a byte of a
//! response has arrived.
//!
//! A connection needs no task: the attempt that owns it polls its socket. Nothing polls an idle connection.
//! If the receiver hangs up or sends bytes meanwhile, [`Http1::is_quiet`] sees that before the next request
//! is written. Dropping an idle connection closes its socket at once.

mod body;
mod head;

use std::io::{self, IoSlice};
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWrite};
use tokio::time::Instant;

use crate::failure::ExchangeError;
use crate::head::Head;
use crate::wire::Stream;
use body::{Rest, Step};
use head::HeadReader;

/// How much to read at a time.
const READ_BYTES: usize = 8 * 1024;

/// How long a connection has been idle before its socket is asked whether the receiver has hung up
/// ([`crate::wire`]). No receiver's own timeout is as short, and one that hangs up right after its response
/// is nearly always heard of through the event loop.
const PROBED_AFTER: Duration = Duration::from_millis(100);

/// A connection that speaks HTTP/1.1.
pub(crate) struct Http1 {
    stream: Stream,
    opened: Instant,
    /// When the last request was over.
    idle_since: Instant,
    /// Bytes that have arrived and belong to what follows.
    buffer: BytesMut,
    /// How many bytes at the front of the buffer the caller has been given.
    given: usize,
    /// The part of the request that has not been written.
    unwritten: Option<Unwritten>,
    /// The part of the response's body that has not been read.
    rest: Rest,
    /// Whether the connection may carry another request once the response has been read.
    is_reusable: bool,
}

/// A request on its way: its head, and then its body.
struct Unwritten {
    head: Bytes,
    body: Bytes,
}

impl Http1 {
    pub(crate) fn new(stream: Stream) -> Self {
        let now = Instant::now();
        Self {
            stream,
            opened: now,
            idle_since: now,
            buffer: BytesMut::new(),
            given: 0,
            unwritten: None,
            rest: Rest::Nothing,
            is_reusable: false,
        }
    }

    /// When the connection was opened.
    pub(crate) const fn opened(&self) -> Instant {
        self.opened
    }

    /// Whether an idle connection is still usable.
    pub(crate) fn is_quiet(&mut self) -> bool {
        let is_probed = self.idle_since.elapsed() >= PROBED_AFTER;
        self.buffer.is_empty() && self.stream.is_quiet(is_probed)
    }

    /// Whether the response has been read to its end.
    pub(crate) fn is_complete(&self) -> bool {
        self.rest == Rest::Nothing
    }

    /// Whether the connection may carry another request: the last one has been written in full, its response
    /// has been read in full, and nothing about that response was odd. A receiver that responded before it
    /// had read the whole request leaves a connection that is not worth keeping.
    pub(crate) fn is_reusable(&self) -> bool {
        self.is_reusable && self.is_complete() && self.unwritten.is_none() && self.buffer.len() == self.given
    }

    /// Prepares for an idle time. A buffer that grew for a large response is dropped, because the pool may
    /// hold thousands of connections.
    pub(crate) fn rest(&mut self, now: Instant) {
        self.idle_since = now;
        self.buffer.advance(self.given);
        self.given = 0;
        if self.buffer.is_empty() && self.buffer.try_reclaim(2 * READ_BYTES + 1) {
            self.buffer = BytesMut::new();
        }
    }

    /// Sends a request and waits for the head of its response. Read the body with [`Self::read`].
    pub(crate) async fn send(&mut self, head: Bytes, body: Bytes) -> Result<Head, ExchangeError> {
        self.buffer.advance(self.given);
        self.given = 0;
        self.is_reusable = false;
        self.unwritten = Some(Unwritten { head, body });
        let mut reader = HeadReader::default();
        let mut has_begun = false;
        std::future::poll_fn(|context| {
            loop {
                if let Some(parsed) = reader.read(&mut self.buffer)? {
                    self.rest = parsed.rest;
                    self.is_reusable = parsed.is_reusable;
                    return Poll::Ready(Ok(parsed.head));
                }
                match ready!(self.poll_more(context)) {
                    Ok(0) => return Poll::Ready(Err(ExchangeError::closed(has_begun))),
                    Ok(_) => has_begun = true,
                    Err(error) => return Poll::Ready(Err(ExchangeError::from_io(&error, has_begun))),
                }
            }
        })
        .await
    }

    /// Reads a piece of the body, and returns `None` at its end.
    pub(crate) async fn read(&mut self) -> Result<Option<&[u8]>, ExchangeError> {
        let range = std::future::poll_fn(|context| self.poll_body(context)).await?;
        Ok(range.map(|range| &self.buffer[range]))
    }

    fn poll_body(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Range<usize>>, ExchangeError>> {
        self.buffer.advance(self.given);
        self.given = 0;
        loop {
            match self.rest.step(&self.buffer) {
                Ok(Step::Data(bytes)) => {
                    self.given = bytes;
                    return Poll::Ready(Ok(Some(0..bytes)));
                }
                Ok(Step::Framing { bytes, is_odd }) => {
                    self.buffer.advance(bytes);
                    self.is_reusable &= !is_odd;
                }
                Ok(Step::End) => return Poll::Ready(Ok(None)),
                Ok(Step::Unknown) => match ready!(self.poll_more(context)) {
                    Ok(0) if self.rest == Rest::UntilClosed => {
                        self.rest = Rest::Nothing;
                        return Poll::Ready(Ok(None));
                    }
                    Ok(0) => return Poll::Ready(Err(ExchangeError::closed(true))),
                    Ok(_) => {}
                    Err(error) => return Poll::Ready(Err(ExchangeError::from_io(&error, true))),
                },
                Err(body::Malformed) => return Poll::Ready(Err(ExchangeError::Malformed)),
            }
        }
    }

    /// Writes what the receiver accepts, and reads into the buffer. Returns the number of bytes read, 0 at
    /// the end of the stream.
    fn poll_more(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let written = self.poll_write(context);
        if self.buffer.capacity() - self.buffer.len() < READ_BYTES / 8 {
            self.buffer.reserve(READ_BYTES);
        }
        let read = std::pin::pin!(self.stream.read_buf(&mut self.buffer)).poll(context);
        match (read, written) {
            // A receiver may respond and hang up before it has read the whole request. Its response counts.
            (Poll::Pending, Poll::Ready(Err(error))) => Poll::Ready(Err(error)),
            (read, _) => read,
        }
    }

    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(unwritten) = &mut self.unwritten else {
            return Poll::Ready(Ok(()));
        };
        let mut stream = Pin::new(&mut self.stream);
        while unwritten.head.has_remaining() || unwritten.body.has_remaining() {
            let slices = [IoSlice::new(&unwritten.head), IoSlice::new(&unwritten.body)];
            let slices = if unwritten.head.is_empty() {
                &slices[1..]
            } else {
                &slices[..]
            };
            let written = match ready!(stream.as_mut().poll_write_vectored(context, slices)) {
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Ok(written) => written,
                Err(error) => return Poll::Ready(Err(error)),
            };
            let of_head = written.min(unwritten.head.len());
            unwritten.head.advance(of_head);
            unwritten.body.advance(written - of_head);
        }
        ready!(stream.poll_flush(context))?;
        self.unwritten = None;
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    /// A connection whose peer has responded to its request with these bytes, and the body of the response.
    async fn responded(response: &[u8]) -> (Http1, Vec<u8>) {
        let (stream, mut peer) = Stream::pair().await;
        let mut http1 = Http1::new(stream);
        peer.write_all(response).await.unwrap();
        http1
            .send("POST / HTTP/1.1\r\n\r\n".into(), Bytes::new())
            .await
            .unwrap();
        let mut body = Vec::new();
        while let Some(piece) = http1.read().await.unwrap() {
            body.extend_from_slice(piece);
        }
        (http1, body)
    }

    #[tokio::test]
    async fn an_idle_connection_keeps_no_large_buffer() {
        for (header_bytes, is_kept) in [(100, true), (40_000, false)] {
            let header = "y".repeat(header_bytes);
            let response = format!("HTTP/1.1 200 OK\r\nx: {header}\r\nContent-Length: 2\r\n\r\nok");
            let (mut http1, body) = responded(response.as_bytes()).await;
            assert_eq!((&body[..], http1.is_reusable()), (&b"ok"[..], true));
            http1.rest(Instant::now());
            assert_eq!(http1.buffer.try_reclaim(1), is_kept, "{header_bytes}");
            assert!(!http1.buffer.try_reclaim(2 * READ_BYTES + 1));
            assert!(http1.is_reusable());
        }
    }

    #[tokio::test]
    async fn a_hang_up_that_the_event_loop_has_not_seen_is_found_after_an_idle_time() {
        let (stream, peer) = Stream::pair().await;
        let mut http1 = Http1::new(stream);
        assert!(http1.is_quiet());
        // No `await` from here on, so the event loop cannot run.
        drop(peer);
        http1.rest(Instant::now());
        assert!(http1.is_quiet(), "a busy connection is not probed");
        http1.rest(Instant::now() - PROBED_AFTER);
        assert!(!http1.is_quiet());
    }

    #[tokio::test]
    async fn oddly_framed_chunks_end_the_connection() {
        for (chunks, is_reusable) in [("1\r\na\r\n0\r\n\r\n", true), ("1 \r\na\r\n0\r\n\r\n", false)] {
            let response = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}");
            let (http1, body) = responded(response.as_bytes()).await;
            assert_eq!(
                (&body[..], http1.is_reusable()),
                (&b"a"[..], is_reusable),
                "{chunks:?}"
            );
        }
    }
}
