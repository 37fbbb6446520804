//! A receiver that records requests and responds as scripted.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};

use crate::wait::until;

/// A URL for actions that are saved and never called. It needs no name look-up.
pub const NEVER_CALLED: &str = "http://127.0.0.1:9999/never-called";

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Received {
    /// The method.
    pub method: Method,
    /// Path and query.
    pub path: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// When all of it had arrived.
    pub at: Instant,
}

impl Received {
    /// A header's value; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

/// A response.
#[derive(Debug, Clone)]
pub struct Reply {
    status: u16,
    delay: Duration,
    headers: Vec<(String, String)>,
    body: Bytes,
}

impl Reply {
    /// An empty response with this status, sent at once.
    pub fn status(status: u16) -> Self {
        Self {
            status,
            delay: Duration::ZERO,
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    /// Whether this is a 2xx response, with which the delivery succeeds.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The same response, sent after this delay.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// The same response with a body.
    #[must_use]
    pub fn with_body(self, body: impl Into<Bytes>) -> Self {
        Self {
            body: body.into(),
            ..self
        }
    }

    /// The same response with one more header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

type Decide = dyn Fn(&Received) -> Reply + Send + Sync;

/// How a path responds.
enum Behaviour {
    /// These responses in order; the last one is repeated.
    Script(VecDeque<Reply>),
    /// As a function of the request.
    Decide(Arc<Decide>),
}

#[derive(Default)]
struct State {
    received: Mutex<Vec<Received>>,
    behaviour: Mutex<HashMap<String, Behaviour>>,
}

/// The receiver. It ends with the runtime on which it was started.
#[derive(Clone)]
pub struct Receiver {
    address: SocketAddr,
    state: Arc<State>,
}

impl Receiver {
    /// A receiver on a free loopback port that responds to everything with 204.
    pub async fn start() -> Self {
        Self::start_over(Speaks::Http1).await
    }

    /// The same, but it speaks HTTP/2, to clients that know it.
    pub async fn start_over_http2() -> Self {
        Self::start_over(Speaks::Http2).await
    }

    async fn start_over(speaks: Speaks) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("there is a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let state = Arc::new(State::default());
        tokio::spawn(accept(listener, speaks, Arc::clone(&state)));
        Self { address, state }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A URL of the receiver.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Responds to requests to `path` with these in order; the last one is repeated.
    pub fn respond(&self, path: &str, script: impl IntoIterator<Item = Reply>) {
        let script = Behaviour::Script(script.into_iter().collect());
        lock(&self.state.behaviour).insert(path.to_owned(), script);
    }

    /// Responds to requests to `path` as `decide` says.
    pub fn respond_with(&self, path: &str, decide: impl Fn(&Received) -> Reply + Send + Sync + 'static) {
        lock(&self.state.behaviour).insert(path.to_owned(), Behaviour::Decide(Arc::new(decide)));
    }

    /// The requests to `path` so far, in order.
    pub fn received(&self, path: &str) -> Vec<Received> {
        lock(&self.state.received)
            .iter()
            .filter(|request| request.path == path)
            .cloned()
            .collect()
    }

    /// How many requests to `path` have arrived so far.
    pub fn count(&self, path: &str) -> usize {
        lock(&self.state.received)
            .iter()
            .filter(|request| request.path == path)
            .count()
    }

    /// The requests to `path`, once there are at least `count`.
    pub async fn wait_for(&self, path: &str, count: usize, within: Duration) -> Vec<Received> {
        let what = format!("{count} requests to {path}");
        until(&what, within, async || (self.count(path) >= count).then_some(())).await;
        self.received(path)
    }
}

impl State {
    fn reply_to(&self, request: &Received) -> Reply {
        let decide = match lock(&self.behaviour).get_mut(&request.path) {
            None => return Reply::status(204),
            Some(Behaviour::Script(script)) if script.len() > 1 => {
                return script.pop_front().expect("it has more");
            }
            Some(Behaviour::Script(script)) => return script.front().cloned().unwrap_or(Reply::status(204)),
            Some(Behaviour::Decide(decide)) => Arc::clone(decide),
        };
        decide(request)
    }
}

/// What a receiver speaks.
#[derive(Clone, Copy)]
enum Speaks {
    Http1,
    Http2,
}

async fn accept(listener: TcpListener, speaks: Speaks, state: Arc<State>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(stream, speaks, Arc::clone(&state)));
    }
}

async fn serve(stream: TcpStream, speaks: Speaks, state: Arc<State>) {
    let service = service_fn(move |request| respond(request, Arc::clone(&state)));
    // Ignore errors: a killed sender leaves a broken connection, which some tests cause on purpose.
    let stream = TokioIo::new(stream);
    let _ = match speaks {
        Speaks::Http1 => http1::Builder::new().serve_connection(stream, service).await,
        Speaks::Http2 => {
            http2::Builder::new(TokioExecutor::new())
                .serve_connection(stream, service)
                .await
        }
    };
}

async fn respond(
    request: Request<Incoming>,
    state: Arc<State>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let request = Received {
        method: head.method,
        path: head
            .uri
            .path_and_query()
            .map(ToString::to_string)
            .unwrap_or_default(),
        headers: head.headers,
        body: body.collect().await?.to_bytes(),
        at: Instant::now(),
    };
    let reply = state.reply_to(&request);
    lock(&state.received).push(request);
    tokio::time::sleep(reply.delay).await;
    Ok(response(reply))
}

fn response(reply: Reply) -> Response<Full<Bytes>> {
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(name, value);
    }
    response
        .body(Full::new(reply.body))
        .expect("a test replies with valid headers")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
