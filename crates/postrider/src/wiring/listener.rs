//! Connections of the API and the console: HTTP/1.1 and HTTP/2 without TLS, all of them bounded.
//!
//! | module | holds |
//! |---|---|
//! | `meters` | the metrics of connections |
//! | [`places`] | the places of connections, and who gives way to a newcomer |
//! | [`connection`] | one connection: what is known about its client, and when it ends |
//! | [`strangers`] | room for requests without a valid API key or session |
//! | [`arriving`] | the body of a request, of which the rest is read and dropped if nobody wants it |
//! | [`request`] | one request: let in or refused, and in flight until its response has left |
//!
//! A client is a stranger until one of its requests on the connection had a valid API key or session. Over
//! HTTP/2, hyper cannot announce a higher limit on streams later, so a connection announces what a known
//! client gets, and refuses the excess streams of a stranger.

mod arriving;
mod connection;
mod meters;
mod places;
mod request;
mod strangers;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use h2::Reason;
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use postrider_web::method::method_name;
use postrider_web::request_line::RequestLine;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

pub use self::arriving::Arriving;
use self::places::{Bounds, Place, Places};
use self::request::{Door, Refused};
use self::strangers::Strangers;

/// Most connections at a time. Each costs a socket and about 20 KiB. The bound leaves sockets for deliveries.
pub const CONNECTIONS_MAX: usize = 8_192;

/// The bounds of a listener.
const BOUNDS: Bounds = Bounds {
    connections: CONNECTIONS_MAX,
    // A quarter, so that it takes several peers to fill all places.
    connections_per_peer: 2_048,
    idle: Duration::from_secs(30),
    // A form may take 30 s to arrive, and its response as long to leave.
    stranger: Duration::from_secs(60),
    unread: Duration::from_secs(60),
    closing: Duration::from_secs(5),
    // An upload may take 30 s, and wait 10 s for room.
    closing_busy: Duration::from_secs(60),
};

/// How often connections are ended that have lasted too long.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// How long a request's head may take to arrive over HTTP/1.1, including the wait on an idle connection. It
/// stops clients that send a byte now and then from holding connections forever.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// Largest head of a request; hyper responds with 431 to a larger one. A usual request needs less than 1 KiB.
const HEAD_BYTES_MAX: usize = 32 * 1024;

/// Most requests at the same time on one HTTP/2 connection of a known client.
const STREAMS_MAX: u32 = 256;

/// How much of a body a client may send over HTTP/2 before the server reads on. A round trip carries one
/// window: at 50 ms a stream carries 2.6 MB/s, so that the largest batch of 8 MiB takes 3 s.
const STREAM_WINDOW: u32 = 128 * 1024;

/// The same for all streams of a connection together. This bounds the memory that a connection can fill with
/// bodies that nobody reads. At 50 ms it carries 10 MB/s, or 20,000 events of 512 bytes a second;
/// [`STREAMS_MAX`] bounds them to 5,000 already.
const CONNECTION_WINDOW: u32 = 512 * 1024;

/// How much of a response is buffered per stream for a client that does not read.
const SEND_BUFFER_BYTES: usize = 64 * 1024;

/// How often the server pings a silent HTTP/2 connection, and how long the client may take to respond.
const PING_EVERY: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(15);

/// Pause after a failed accept. The usual reason is a lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What the log says instead of the id of a request that was not let in.
const NO_ID: HeaderValue = HeaderValue::from_static("-");

/// What handles the requests of a listener.
pub trait Handler: Send + Sync + 'static {
    /// Handles a request that arrived on a connection from `peer`.
    fn handle(&self, request: Request<Arriving>, peer: IpAddr) -> impl Future<Output = Response> + Send;

    /// Whether these headers hold a valid API key. A session is found later, and announced by
    /// [`postrider_web::client::Acquaintance`].
    fn knows(&self, headers: &HeaderMap) -> bool;

    /// Whether a probe asks at this path. It is let in however many strangers there are.
    fn is_probe(&self, path: &str) -> bool;

    /// The address of the client behind `peer`.
    fn address(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr;

    /// Whether the peer may have any number of connections: a proxy has many clients.
    fn is_unlimited(&self, peer: IpAddr) -> bool;

    /// Ends responses that would not end by themselves, because the node stops.
    fn stop(&self);
}

/// Accepts connections until `stop`, then waits up to `grace` for requests in flight.
pub async fn serve<H: Handler>(
    listener: TcpListener,
    handler: Arc<H>,
    stop: impl Future<Output = ()>,
    grace: Duration,
) {
    serve_within(BOUNDS, listener, handler, stop, grace).await;
}

async fn serve_within<H: Handler>(
    bounds: Bounds,
    listener: TcpListener,
    handler: Arc<H>,
    stop: impl Future<Output = ()>,
    grace: Duration,
) {
    let server = server();
    let places = Arc::new(Places::new(bounds));
    let strangers = Arc::new(Strangers::default());
    let mut stop = pin!(stop);
    let mut sweeps = interval(SWEEP_EVERY);
    sweeps.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let (stream, peer) = tokio::select! {
            biased;
            () = &mut stop => break,
            _ = sweeps.tick() => {
                places.sweep();
                continue;
            }
            accepted = accept(&listener) => accepted,
        };
        // The others wait in the system's backlog until this one has a place.
        let has_room = tokio::select! {
            biased;
            () = &mut stop => false,
            () = places.make_room() => true,
        };
        if !has_room {
            break;
        }
        let is_limited = !handler.is_unlimited(peer);
        // A peer that has its share of places, all of them busy, is disconnected.
        if let Some(place) = places.take(peer, is_limited) {
            let door = Door {
                handler: Arc::clone(&handler),
                strangers: Arc::clone(&strangers),
                connection: Arc::clone(&place.connection),
            };
            start(&server, stream, place, door);
        }
    }
    drop(listener);
    handler.stop();
    // An error means that `grace` has passed. The remaining connections end with the process.
    let _ = timeout(grace, places.close_all()).await;
}

/// Logs a request of a stranger that was not let in. It is not looked at, so it has no route and no id.
fn log_refused(method: &'static str) {
    RequestLine {
        method,
        route: "unmatched",
        path: None,
        status: StatusCode::SERVICE_UNAVAILABLE,
        took: Duration::ZERO,
        response_bytes: None,
        request_id: &NO_ID,
        trace: None,
        caller: None,
    }
    .write();
}

/// Serves the requests of a connection in a task.
fn start<H: Handler>(server: &Builder<BoxingExecutor>, stream: TcpStream, place: Place, door: Door<H>) {
    // If this fails, small responses may only be slower.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |mut request: Request<Incoming>| {
        let method = method_name(request.method());
        let entered = door.enter(&mut request);
        let request = Arriving::request(request, &door.connection);
        let (handler, peer) = (Arc::clone(&door.handler), door.connection.peer);
        async move {
            match entered {
                Ok(in_flight) => Ok(in_flight.respond(handler.handle(request, peer).await)),
                Err(Refused::Response(in_flight)) => {
                    log_refused(method);
                    Ok(in_flight.refuse())
                }
                Err(Refused::Stream) => Err(h2::Error::from(Reason::REFUSED_STREAM)),
            }
        }
    });
    let serving = server
        .serve_connection(TokioIo::new(stream), service)
        .into_owned();
    tokio::spawn(async move { connection::run(serving, &place.connection).await });
}

fn server() -> Builder<BoxingExecutor> {
    let mut server = Builder::new(BoxingExecutor);
    server
        .http1()
        .timer(TokioTimer::new())
        // Without this, hyper keeps a buffer ready during a request, to notice a client that hangs up.
        // Postrider responds within milliseconds, and stores the event of such a client anyway.
        .half_close(true)
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES_MAX);
    server
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(HEAD_BYTES_MAX).unwrap_or(u32::MAX))
        .max_concurrent_streams(STREAMS_MAX)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(SEND_BUFFER_BYTES)
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_TIMEOUT);
    server
}

/// Runs each request of an HTTP/2 connection as a task. Boxed, because tokio would copy the future of a
/// request, of some KiB, several times.
#[derive(Clone, Copy)]
struct BoxingExecutor;

impl<F> Executor<F> for BoxingExecutor
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, request: F) {
        tokio::spawn(Box::pin(request));
    }
}

async fn accept(listener: &TcpListener) -> (TcpStream, IpAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer.ip()),
            Err(error) => {
                tracing::warn!(%error, "could not accept a connection");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}
