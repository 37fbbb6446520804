//! A connection, and what moves a request over it.
//!
//! An HTTP/1 connection carries one request at a time, and whoever sends it owns the connection for as long.
//! So hyper's side of it has no task: the attempt polls it along with the response and its body ([`Line`]).
//! That spares every request two wake-ups of another task and the ways between threads. It also means that
//! nobody polls a connection that is idle. What the receiver does meanwhile (hang up, say something) is seen
//! when the connection is used again, before the request is written ([`crate::wire`]), and that dropping one
//! closes its socket there and then.
//!
//! An HTTP/2 connection is shared and keeps a task, which ends with it.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::{Body as _, Frame, Incoming};
use hyper::client::conn::{TrySendError, http1, http2};
use hyper_util::rt::TokioIo;

use crate::wire::{Probe, Stream};

/// The body of a request: its bytes as they are.
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

    /// Sends a request and waits for the head of its response. The body comes by [`Self::frame`].
    pub(crate) async fn send(
        &mut self,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Body>>> {
        match self {
            Self::Http1(http1) => http1.send(request).await,
            Self::Http2(sender) => sender.try_send_request(request).await,
        }
    }

    /// The next piece of the body of the response that came over this connection.
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

/// An HTTP/1 connection: the end that takes requests, and the rest.
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

    /// Whether it can take a request now.
    pub(crate) fn is_ready(&self) -> bool {
        self.sender.is_ready()
    }

    /// Waits until it can take a request; false where it never will.
    pub(crate) async fn settle(&mut self) -> bool {
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

/// What hyper would have a task for; `None` once the connection is over.
///
/// `look` stands for taking from hyper what the line delivers: the head of a response, a piece of its body.
/// The line delivers within its own poll and at no other time, so `look` needs no waker, and gets one that
/// does nothing. With a real one each delivery would wake the task that is taking it, and that would be
/// polled again for nothing.
struct Line(Option<http1::Connection<TokioIo<Stream>, Body>>);

impl Line {
    /// Takes what is there or has arrived, and otherwise waits. For the same reason the line itself is polled
    /// with a waker only when nothing has arrived: taking a piece of a body wakes it.
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

    /// Leaves the task's waker with the socket.
    fn wait<T>(
        &mut self,
        context: &mut Context<'_>,
        mut look: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.poll(context);
        look(&mut Context::from_waker(Waker::noop()))
    }

    /// An error goes to whoever waits for the response. Dropping hyper's connection tells them too that it is
    /// over, and hands back a request that it has not begun to write.
    fn poll(&mut self, context: &mut Context<'_>) {
        let connection = self.0.as_mut();
        if connection.is_some_and(|it| it.poll_without_shutdown(context).is_ready()) {
            self.0 = None;
        }
    }
}
