//! A connection, whichever version of HTTP it speaks.
//!
//! An HTTP/1 connection carries one request at a time, and the attempt that sends the request owns the
//! connection meanwhile. An HTTP/2 connection is shared, and an attempt owns one stream of it.

use crate::destination::Destination;
use crate::failure::{ExchangeError, Failure};
use crate::head::Head;
use crate::http1::Http1;
use crate::http2::Http2;
use crate::request::{self, Request};

/// A connection that a request can be sent over.
pub(crate) enum Connection {
    /// For one request at a time.
    Http1(Box<Http1>),
    /// One stream of a connection that requests share.
    Http2(Box<Http2>),
}

/// Why no head was read.
pub(crate) enum SendError {
    /// The request cannot be sent over any connection.
    Request(Failure),
    /// It failed on this connection.
    Exchange(ExchangeError),
}

impl From<Failure> for SendError {
    fn from(failure: Failure) -> Self {
        Self::Request(failure)
    }
}

impl From<ExchangeError> for SendError {
    fn from(error: ExchangeError) -> Self {
        Self::Exchange(error)
    }
}

impl Connection {
    /// Sends a request and waits for the head of its response. Read the body with [`Self::read`].
    pub(crate) async fn send(
        &mut self,
        destination: &Destination,
        request: &Request,
        is_reused: bool,
    ) -> Result<Head, SendError> {
        let body = request.body.clone();
        match self {
            Self::Http1(http1) => {
                let head = request::http1_head(destination, request)?;
                if is_reused && !http1.is_quiet() {
                    return Err(ExchangeError::Unsent.into());
                }
                Ok(http1.send(head, body).await?)
            }
            Self::Http2(http2) => {
                let head = request::http2_head(destination, request, http2.repeated())?;
                // Boxed, because it is larger than everything else that a waiting request holds.
                Ok(Box::pin(http2.send(head, body)).await?)
            }
        }
    }

    /// Reads a piece of the body, and returns `None` at its end.
    pub(crate) async fn read(&mut self) -> Result<Option<&[u8]>, ExchangeError> {
        match self {
            Self::Http1(http1) => http1.read().await,
            Self::Http2(http2) => http2.read().await,
        }
    }

    /// Whether the body has been read to its end.
    pub(crate) fn is_complete(&self) -> bool {
        match self {
            Self::Http1(http1) => http1.is_complete(),
            Self::Http2(http2) => http2.is_complete(),
        }
    }
}
