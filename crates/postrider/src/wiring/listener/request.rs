//! A request of a connection, from its head until its response has left.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, Version, header};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use postrider_web::body_budget::HeldRoom;
use postrider_web::client::Acquaintance;

use super::Handler;
use super::arriving::STRANGER_BYTES_DROPPED;
use super::connection::{Connection, Progress, Stranger};
use super::strangers::Strangers;

/// What a connection's requests need until they are handled.
pub struct Door<H> {
    pub handler: Arc<H>,
    pub strangers: Arc<Strangers>,
    pub connection: Arc<Connection>,
}

/// A request that is not let in.
#[derive(Debug)]
pub enum Refused {
    /// Over HTTP/2, `REFUSED_STREAM` tells the client that it may repeat any request (RFC 9113, section 8.7),
    /// and the stream holds no memory.
    Stream,
    /// Over HTTP/1.1, a response, after which the connection ends.
    Response(InFlight),
}

impl<H: Handler> Door<H> {
    /// Lets a request in, unless its sender is a stranger and has too many others in flight.
    pub fn enter(&self, request: &mut Request<Incoming>) -> Result<InFlight, Refused> {
        let is_http2 = request.version() == Version::HTTP_2;
        self.connection.begin(is_http2);
        let mut in_flight = InFlight {
            stranger: None,
            closes: false,
            connection: Arc::clone(&self.connection),
        };
        if self.connection.is_known() {
            return Ok(in_flight);
        }
        if self.handler.knows(request.headers()) {
            self.connection.make_known();
            return Ok(in_flight);
        }
        match self.stranger(request) {
            Some(stranger) => {
                let acquaintance = Acquaintance::new(Arc::clone(&stranger) as _);
                request.extensions_mut().insert(acquaintance);
                in_flight.stranger = Some(stranger);
                in_flight.closes =
                    !is_http2 && request.body().size_hint().lower() > STRANGER_BYTES_DROPPED as u64;
                Ok(in_flight)
            }
            None if is_http2 => Err(Refused::Stream),
            None => Err(Refused::Response(in_flight)),
        }
    }

    fn stranger(&self, request: &Request<Incoming>) -> Option<Arc<Stranger>> {
        let room = if self.handler.is_probe(request.uri().path()) {
            None
        } else {
            let address = self.handler.address(self.connection.peer, request.headers());
            Some(self.strangers.room(address)?)
        };
        Stranger::begin(&self.connection, room)
    }
}

/// A request in flight. Dropped once its response has left.
#[derive(Debug)]
pub struct InFlight {
    stranger: Option<Arc<Stranger>>,
    /// Whether the connection ends with it, because it has a body that nobody will read.
    closes: bool,
    connection: Arc<Connection>,
}

impl InFlight {
    /// The response, which ends the request once it has left.
    pub fn respond(self, mut response: Response) -> http::Response<Leaving> {
        let room = response.extensions_mut().remove::<HeldRoom>();
        let progress = Progress::begin(&self.connection);
        if self.closes {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
        }
        response.map(|body| Leaving {
            body,
            rest: Bytes::new(),
            progress,
            _room: room,
            _in_flight: self,
        })
    }

    /// The response to a request of a stranger that has too many in flight.
    pub fn refuse(self) -> http::Response<Leaving> {
        let headers = [
            (header::RETRY_AFTER, HeaderValue::from_static("1")),
            (header::CONNECTION, HeaderValue::from_static("close")),
        ];
        let text = "too many requests without a valid API key or session are in progress\n";
        self.respond((StatusCode::SERVICE_UNAVAILABLE, headers, text).into_response())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if let Some(stranger) = &self.stranger {
            stranger.end();
        }
        self.connection.end();
    }
}

/// The body of a response. hyper drops it once it is sent, or the client has left.
pub struct Leaving {
    body: Body,
    /// What has yet to leave of a large frame.
    rest: Bytes,
    progress: Progress,
    _room: Option<HeldRoom>,
    _in_flight: InFlight,
}

/// The most of a frame that is handed to the connection at once. The connection asks for more once most of it
/// is written, so that a response stays in flight until its client has read it.
const PIECE_BYTES: usize = 64 * 1024;

impl HttpBody for Leaving {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.progress.note();
        if self.rest.is_empty() {
            let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
            let data = match frame.map(|frame| frame.map(Frame::into_data)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(Err(trailers))) => return Poll::Ready(Some(Ok(trailers))),
                Some(Ok(Ok(data))) => data,
            };
            self.rest = data;
        }
        let piece = self.rest.len().min(PIECE_BYTES);
        let piece = self.rest.split_to(piece);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = self.rest.len() as u64;
        let of_body = self.body.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(of_body.lower() + rest);
        if let Some(upper) = of_body.upper() {
            hint.set_upper(upper + rest);
        }
        hint
    }
}
