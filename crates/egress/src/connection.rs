//! A connection, and the code that drives a request over it.
//!
//! An HTTP/1 connection carries one request at a time, and the attempt that sends the request owns the
//! connection meanwhile. hyper's half therefore needs no task: the attempt polls it together with the
//! response and its body ([`Line`]). This saves every request two wake-ups of another task and the hops
//! between threads. It also means that nothing polls an idle connection. If the receiver hangs up or sends
//! bytes meanwhile, we see that when the connection is used again, before the request is written
//! ([`crate::wire`]). Dropping an idle connection closes its socket at once.
//!
//! An HTTP/2 connection is shared and has a task, which ends with it.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::{Body as _, Frame, Incoming};
use hyper::client::conn::{TrySendError, http1, http2};
use hyper_util::rt::TokioIo;

use crate::wire::{Probe, Stream};

/// The body of a request: its exact bytes.
pub(crate) type Body = Full<Bytes>;

/// A connection that a request can be sent over.
pub(crate) enum Connection {
    /// For one request at a time.
    Http1(Box<Http1>),
    /// Shared; each request is a stream.
    Http2(http2::SendRequest<Body>),
}

impl Connection {
    pub(crate) const fn is_http2(&self) -> bool {
        matches!(self, Self::Http2(_))
    }

    /// Sends a request and waits for the head of its response. Read the body with [`Self::frame`].
    pub(crate) async fn send(
        &mut self,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Body>>> {
        match self {
            Self::Http1(http1) => http1.send(request).await,
            Self::Http2(sender) => sender.try_send_request(request).await,
        }
    }

    /// Reads the next frame of the body of the response that arrived over this connection.
    pub(crate) async fn frame(&mut self, body: &mut Incoming) -> Option<hyper::Result<Frame<Bytes>>> {
        std::future::poll_fn(|context| match self {
            Self::Http1(http1) => http1
                .line
                .advance(context, |quiet| Pin::new(&mut *body).poll_frame(quiet)),
            Self::Http2(_) => Pin::new(&mut *body).poll_frame(context),
        })
        .await
    }
}

/// An HTTP/1 connection: the sender of requests, and the half that drives the socket.
pub(crate) struct Http1 {
    sender: http1::SendRequest<Body>,
    line: Line,
    probe: Probe,
}

impl Http1 {
    pub(crate) const fn new(
        sender: http1::SendRequest<Body>,
        connection: http1::Connection<TokioIo<Stream>, Body>,
        probe: Probe,
    ) -> Self {
        Self {
            sender,
            line: Line(Some(connection)),
            probe,
        }
    }

    async fn send(
        &mut self,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Body>>> {
        self.probe.set();
        let mut response = std::pin::pin!(self.sender.try_send_request(request));
        let mut is_written = false;
        std::future::poll_fn(|context| {
            let look = |quiet: &mut Context<'_>| response.as_mut().poll(quiet);
            if std::mem::replace(&mut is_written, true) {
                self.line.advance(context, look)
            } else {
                self.line.wait(context, look)
            }
        })
        .await
    }

    /// Whether the connection can accept a request now.
    pub(crate) fn is_ready(&self) -> bool {
        self.sender.is_ready()
    }

    /// Waits until the connection can accept a request. Returns false if it never will.
    pub(crate) async fn until_ready(&mut self) -> bool {
        std::future::poll_fn(|context| {
            self.line.poll(context);
            if self.sender.is_ready() {
                Poll::Ready(true)
            } else if self.line.0.is_none() {
                Poll::Ready(false)
            } else {
                Poll::Pending
            }
        })
        .await
    }
}

/// hyper's half of an HTTP/1 connection, which usually runs in a task; `None` once the connection has ended.
///
/// `look` polls hyper for what the line delivers: the head of a response or a frame of its body. The line
/// delivers only during its own poll, so `look` needs no waker and gets a no-op one. With a real waker, each
/// delivery would wake the task that is already taking it, and the task would be polled again for nothing.
struct Line(Option<http1::Connection<TokioIo<Stream>, Body>>);

impl Line {
    /// Returns what has arrived, and otherwise waits. For the same reason, this polls the line with a real
    /// waker only if nothing has arrived: taking a frame of a body wakes the line.
    fn advance<T>(
        &mut self,
        context: &mut Context<'_>,
        mut look: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let mut quiet = Context::from_waker(Waker::noop());
        if let ready @ Poll::Ready(_) = look(&mut quiet) {
            return ready;
        }
        self.poll(&mut quiet);
        if let ready @ Poll::Ready(_) = look(&mut quiet) {
            return ready;
        }
        self.wait(context, look)
    }

    /// Polls the line with the task's waker, which registers the waker with the socket.
    fn wait<T>(
        &mut self,
        context: &mut Context<'_>,
        mut look: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.poll(context);
        look(&mut Context::from_waker(Waker::noop()))
    }

    /// Polls hyper's connection and drops it once it has ended. hyper reports an error to the future that
    /// waits for the response. Dropping the connection ends that future too, and hands back a request that
    /// hyper has not begun to write.
    fn poll(&mut self, context: &mut Context<'_>) {
        let connection = self.0.as_mut();
        if connection.is_some_and(|it| it.poll_without_shutdown(context).is_ready()) {
            self.0 = None;
        }
    }
}
