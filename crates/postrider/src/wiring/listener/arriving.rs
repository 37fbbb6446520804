//! The body of a request, of which the rest is read and dropped if nobody wants it.
//!
//! A server that responds early, such as with a 413, and closes the connection while the client still sends,
//! resets it: many clients then report a broken pipe and never show the response. So the rest is read over
//! HTTP/1.1, within bounds. Over HTTP/2, hyper resets the stream with `NO_ERROR`, which tells the client to
//! stop sending and to read the response (RFC 9113, section 8.1).

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Version, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::connection::Connection;

/// How much is dropped, and for how long.
#[derive(Debug, Clone, Copy)]
struct Bound {
    bytes: usize,
    time: Duration,
}

/// For a client that has shown a valid key or session: several times the largest batch, over a slow line.
const OF_KNOWN: Bound = Bound {
    bytes: 32 * 1024 * 1024,
    time: Duration::from_secs(10),
};

/// How much of a stranger's body is dropped: what a client sends at once before it reads a response.
pub const STRANGER_BYTES_DROPPED: usize = 64 * 1024;

/// For a stranger.
const OF_STRANGER: Bound = Bound {
    bytes: STRANGER_BYTES_DROPPED,
    time: Duration::from_secs(1),
};

/// Most bodies of known clients that are dropped at the same time; further ones are bounded like those of
/// strangers. Dropping costs time of the processor, and no memory.
static DROPPING: Semaphore = Semaphore::const_new(64);

/// The body of a request.
pub struct Arriving {
    /// `None` once it is dropped.
    body: Option<Incoming>,
    connection: Arc<Connection>,
    is_read_to_end: bool,
}

impl Arriving {
    /// The request, with its body as this type.
    pub fn request(request: Request<Incoming>, connection: &Arc<Connection>) -> Request<Self> {
        // A client that expects a 100 (Continue) sends nothing until somebody reads.
        let is_sent = !request.headers().contains_key(header::EXPECT);
        let is_read_to_end = is_sent && request.version() < Version::HTTP_2;
        request.map(|body| Self {
            body: Some(body),
            connection: Arc::clone(connection),
            is_read_to_end,
        })
    }
}

impl Body for Arriving {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, Body::size_hint)
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        if self.is_read_to_end
            && let Some(body) = self.body.take()
            && !body.is_end_stream()
        {
            tokio::spawn(drop_rest(body, self.connection.is_known()));
        }
    }
}

/// Reads and drops the rest of a body, within bounds.
async fn drop_rest(mut body: Incoming, is_known: bool) {
    let permit = is_known.then(|| DROPPING.try_acquire().ok()).flatten();
    let bound = if permit.is_some() { OF_KNOWN } else { OF_STRANGER };
    let dropping = async {
        let mut left = bound.bytes;
        while let Some(Ok(frame)) = body.frame().await {
            let length = frame.data_ref().map_or(0, Bytes::len);
            match left.checked_sub(length) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    };
    // An error means that the time is over. hyper then closes the connection after the response.
    let _ = timeout(bound.time, dropping).await;
}
