//! HTTP/2 over a connection that requests share, each as a stream.
//!
//! This uses the `h2` crate directly, because it tells how many streams the receiver allows and counts
//! interim responses (`docs/decisions/0020`). A connection has a task, which ends with it. The connection is
//! closed when neither the pool nor a request holds it, within seconds even if the receiver reads nothing.

mod gathering;
mod repeated;

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use h2::client::{Connection, ResponseFuture, SendRequest};
use h2::{Ping, PingPong, RecvStream};
use http::Request;
use tokio::time::Instant;

use crate::failure::ExchangeError;
use crate::head::{HEAD_BYTES_MAX, Head, INTERIM_MAX};
use crate::pool::{Dial, Lease, Place};
use crate::wire::Stream;
use gathering::{Gathered, Gathering, gather};
pub(crate) use repeated::Repeated;

/// How many bytes of one response the receiver may send before we ask for more. Responses to webhooks are
/// short, and one that we stop reading must not fill memory.
const STREAM_WINDOW: u32 = 64 * 1024;

/// The same for all streams of a connection together.
const CONNECTION_WINDOW: u32 = 1024 * 1024;

/// When a connection with open requests has been silent for this long, the client pings it, and drops it if
/// no reply arrives within `PING_TIMEOUT`. Otherwise a receiver that has vanished would cost every request
/// that is put on its connection.
const PING_AFTER: Duration = Duration::from_secs(5);
const PING_TIMEOUT: Duration = Duration::from_secs(5);

/// Stands for the receiver's limit on streams until its settings have arrived. No receiver announces it,
/// because a setting has 32 bits.
const LIMIT_UNKNOWN: usize = usize::MAX - 1;

/// A connection that requests share.
pub(crate) struct Multiplexed {
    sender: SendRequest<Bytes>,
    opened: Instant,
    /// Streams that requests hold. The pool takes them under its lock.
    streams: AtomicUsize,
    /// Milliseconds after `opened` at which the receiver was last heard.
    heard_ms: AtomicU64,
    /// Whether the receiver has abused the connection, which then takes no new requests.
    is_abused: AtomicBool,
    repeated: Repeated,
}

impl Multiplexed {
    /// When the connection was opened.
    pub(crate) const fn opened(&self) -> Instant {
        self.opened
    }

    /// When the connection last carried a part of a response, or was opened.
    pub(crate) fn heard(&self) -> Instant {
        self.opened + Duration::from_millis(self.heard_ms.load(Ordering::Relaxed))
    }

    fn hear(&self) {
        let now_ms = self.opened.elapsed().as_millis() as u64;
        self.heard_ms.store(now_ms, Ordering::Relaxed);
    }

    /// How many streams requests hold.
    pub(crate) fn streams(&self) -> usize {
        self.streams.load(Ordering::Relaxed)
    }

    /// Takes a stream. Each is released once.
    pub(crate) fn take(&self) {
        self.streams.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn release(&self) {
        self.streams.fetch_sub(1, Ordering::Relaxed);
    }

    /// How many streams the receiver allows at a time.
    pub(crate) fn limit(&self) -> usize {
        self.sender.current_max_send_streams()
    }

    /// Whether the connection accepts new streams, apart from their number: it is open, and the receiver has
    /// not announced that it is going away.
    pub(crate) fn is_open(&self) -> bool {
        let mut quiet = Context::from_waker(Waker::noop());
        let ready = self.sender.clone().poll_ready(&mut quiet);
        matches!(ready, Poll::Ready(Ok(()))) && !self.is_abused.load(Ordering::Relaxed)
    }
}

/// Starts HTTP/2 on a new connection. Returns the connection with one stream for the request that opened it;
/// the pool gets the connection when the receiver's settings have told how many it allows.
pub(crate) async fn handshake(stream: Stream, dial: Dial) -> Result<Lease, ExchangeError> {
    let builder = h2::client::Builder::new()
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(HEAD_BYTES_MAX as u32)
        .initial_max_send_streams(LIMIT_UNKNOWN)
        .enable_push(false)
        .clone();
    let (gathering, gathered) = gather(stream);
    let handshake = builder.handshake::<_, Bytes>(gathering);
    let (sender, mut connection) = handshake
        .await
        .map_err(|error| ExchangeError::from_http2(&error, false))?;
    let shared = Arc::new(Multiplexed {
        sender,
        opened: Instant::now(),
        streams: AtomicUsize::new(1),
        heard_ms: AtomicU64::new(0),
        is_abused: AtomicBool::new(false),
        repeated: Repeated::new(),
    });
    let lease = dial.lease(&shared);
    let pings = connection.ping_pong();
    let watched = Arc::downgrade(&shared);
    tokio::spawn(async move {
        let keep_alive = async {
            if let Some(pings) = pings {
                keep_alive(pings, &watched).await;
            }
        };
        tokio::select! {
            biased;
            () = drive(connection, &gathered, dial, &watched) => {}
            () = keep_alive => {}
        }
    });
    Ok(lease)
}

/// Drives a connection to its end, and tells the pool of the receiver's limit when it becomes known or
/// changes.
async fn drive(
    mut connection: Connection<Gathering, Bytes>,
    gathered: &Gathered,
    dial: Dial,
    shared: &Weak<Multiplexed>,
) {
    let mut known = LIMIT_UNKNOWN;
    let mut dial = Some(dial);
    let place = dial.as_ref().map(Dial::place);
    loop {
        // The first request of many wakes this task. The others get their turn to put theirs on the
        // connection before it writes, and responses to arrive before it reads.
        tokio::task::yield_now().await;
        let mut is_woken = false;
        let is_over = std::future::poll_fn(|context| {
            if std::mem::replace(&mut is_woken, true) {
                return Poll::Ready(false);
            }
            let polled = Pin::new(&mut connection).poll(context);
            let limit = connection.max_concurrent_send_streams();
            if limit != known {
                known = limit;
                match (dial.take(), shared.upgrade()) {
                    (Some(dial), Some(shared)) => dial.share(shared),
                    _ => place.iter().for_each(Place::limit_changed),
                }
            }
            let sent = gathered.poll_send(context);
            match polled.is_ready() || matches!(sent, Poll::Ready(Err(_))) {
                true => Poll::Ready(true),
                false => Poll::Pending,
            }
        })
        .await;
        if is_over {
            return;
        }
    }
}

/// Pings a silent connection while requests wait on it. Returns if the receiver has vanished, or when nobody
/// holds the connection any more and the receiver has not read what was still to be written: `h2` would wait
/// for that without end, and keep the socket open.
async fn keep_alive(mut pings: PingPong, shared: &Weak<Multiplexed>) {
    loop {
        tokio::time::sleep(PING_AFTER).await;
        let Some(connection) = shared.upgrade() else {
            tokio::time::sleep(PING_TIMEOUT).await;
            return;
        };
        let is_waiting = connection.streams() > 0 && connection.heard().elapsed() >= PING_AFTER;
        drop(connection);
        if is_waiting
            && !matches!(
                tokio::time::timeout(PING_TIMEOUT, pings.ping(Ping::opaque())).await,
                Ok(Ok(_))
            )
        {
            return;
        }
    }
}

/// A request on its stream.
pub(crate) struct Http2 {
    lease: Lease,
    body: Option<RecvStream>,
    /// The piece of the body that the caller has been given.
    given: Bytes,
}

impl Http2 {
    pub(crate) const fn new(lease: Lease) -> Self {
        Self {
            lease,
            body: None,
            given: Bytes::new(),
        }
    }

    /// Which headers repeat from request to request.
    pub(crate) fn repeated(&self) -> &Repeated {
        &self.lease.connection().repeated
    }

    /// Sends a request and waits for the head of its response. Read the body with [`Self::read`]. Dropping
    /// this, or the future, resets the stream.
    pub(crate) async fn send(&mut self, head: Request<()>, body: Bytes) -> Result<Head, ExchangeError> {
        // Whatever ended the connection, the receiver has not seen this request. Other errors are about the
        // request itself.
        let unsent = |error: h2::Error| match error.is_io() || error.reason().is_some() {
            true => ExchangeError::Unsent,
            false => ExchangeError::from_http2(&error, false),
        };
        let sender = self.lease.connection().sender.clone();
        let mut sender = sender.ready().await.map_err(unsent)?;
        let (response, mut stream) = sender.send_request(head, body.is_empty()).map_err(unsent)?;
        if !body.is_empty() {
            // h2 queues the body and sends it as the receiver's windows allow.
            stream
                .send_data(body, true)
                .map_err(|error| ExchangeError::from_http2(&error, false))?;
        }
        let response = final_response(response).await.inspect_err(|error| {
            if matches!(error, ExchangeError::TooManyInterim | ExchangeError::HeadTooLarge) {
                self.lease.connection().is_abused.store(true, Ordering::Relaxed);
            }
        })?;
        self.lease.connection().hear();
        let (parts, body) = response.into_parts();
        self.body = Some(body);
        let fields: Vec<_> = parts
            .headers
            .iter()
            .map(|(name, value)| (name.as_str().as_bytes(), value.as_bytes()))
            .collect();
        Ok(Head::new(parts.status.as_u16(), fields.into_iter()))
    }

    /// Reads a piece of the body, and returns `None` at its end. Trailers are ignored.
    pub(crate) async fn read(&mut self) -> Result<Option<&[u8]>, ExchangeError> {
        let Some(body) = &mut self.body else {
            return Ok(None);
        };
        match body.data().await {
            Some(Ok(data)) => {
                self.lease.connection().hear();
                // The window is given back at once: the caller keeps little, and drops the rest.
                let _ = body.flow_control().release_capacity(data.len());
                self.given = data;
                Ok(Some(&self.given))
            }
            // RFC 9113 section 8.1: a complete response, but the receiver wants no more of the request.
            Some(Err(error)) if error.reason() == Some(h2::Reason::NO_ERROR) && error.is_remote() => Ok(None),
            Some(Err(error)) => Err(ExchangeError::from_http2(&error, true)),
            None => Ok(None),
        }
    }

    /// Whether the response has been read to its end.
    pub(crate) fn is_complete(&self) -> bool {
        self.body.as_ref().is_none_or(RecvStream::is_end_stream)
    }
}

/// Waits for the final response, and counts the interim ones.
async fn final_response(mut response: ResponseFuture) -> Result<http::Response<RecvStream>, ExchangeError> {
    let (mut interim, mut bytes) = (0, 0);
    std::future::poll_fn(|context| {
        while let Poll::Ready(Some(head)) = response.poll_informational(context) {
            let head = head.map_err(|error| ExchangeError::from_http2(&error, interim > 0))?;
            interim += 1;
            let headers = head.headers().iter();
            bytes += headers
                .map(|(name, value)| name.as_str().len() + value.len())
                .sum::<usize>();
            if interim > INTERIM_MAX {
                return Poll::Ready(Err(ExchangeError::TooManyInterim));
            }
            if bytes > HEAD_BYTES_MAX {
                return Poll::Ready(Err(ExchangeError::HeadTooLarge));
            }
        }
        let polled = Pin::new(&mut response).poll(context);
        polled.map_err(|error| ExchangeError::from_http2(&error, interim > 0))
    })
    .await
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;
    use crate::destination::Destination;
    use crate::pool::{Pool, PoolSettings};

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test]
    async fn a_request_on_a_connection_that_has_failed_is_unsent_whoever_failed() {
        // SETTINGS on a stream, which the client answers with a GOAWAY of its own; a GOAWAY with an error;
        // the end of the stream.
        let frames: [&[u8]; 3] = [
            &[0, 0, 0, 4, 0, 0, 0, 0, 1],
            &[0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2],
            &[],
        ];
        for frame in frames {
            let pool = Pool::new(PoolSettings {
                idle_timeout: SECOND,
                max_age: SECOND,
                max_idle_per_host: 1,
                max_idle: 1,
            });
            let destination = Destination::parse("https://receiver.example/").unwrap();
            let dial = pool.dial_now(&Arc::new(destination.origin().clone()));
            let (stream, mut peer) = Stream::pair().await;
            let lease = handshake(stream, dial)
                .await
                .unwrap_or_else(|_| panic!("no connection"));
            peer.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.unwrap();
            peer.write_all(frame).await.unwrap();
            peer.shutdown().await.unwrap();
            while lease.connection().is_open() {
                tokio::task::yield_now().await;
            }
            let head = Request::post("https://receiver.example/").body(()).unwrap();
            let sent = Http2::new(lease).send(head, Bytes::new()).await;
            assert!(matches!(sent, Err(ExchangeError::Unsent)), "{frame:?}: {sent:?}");
        }
    }
}
