//! What every request passes: its id, its key, its meter, a net for panics, and headers for safety.
//!
//! [`EdgeLayer`] puts it around the router's routes, [`Edge::guard`] around a handler that is called without the router.

use std::convert::Infallible;
use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::HttpBody as _;
use axum::extract::{MatchedPath, Request};
use axum::response::{IntoResponse, Response};
use axum::routing::Route;
use axum::routing::future::RouteFuture;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use postrider_access::Access;
use postrider_engine::Engine;
use postrider_model::hex;
use tower::{Layer, Service};

use crate::auth;
use crate::meter::Meters;
use crate::problem::{Code, Hidden, Problem};
use crate::router::ApiState;

/// Names a request in answers and in the log. A caller's own is kept where it is fit for a log line.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest request id of a caller that is kept, in bytes.
const REQUEST_ID_BYTES_MAX: usize = 64;

/// What the layer works with.
pub(crate) struct Edge {
    engine: Arc<Engine>,
    access: Arc<Access>,
    meters: Meters,
}

impl Edge {
    pub(crate) fn new(state: &ApiState, meters: Meters) -> Self {
        Self {
            engine: Arc::clone(&state.engine),
            access: Arc::clone(&state.access),
            meters,
        }
    }

    /// Answers a request of this route, which the router has not seen.
    pub(crate) async fn guard<B, F, E>(
        &self,
        route: &str,
        request: http::Request<B>,
        handler: impl FnOnce(http::Request<B>) -> F,
    ) -> Response
    where
        F: Future<Output = Result<Response, E>>,
        E: IntoResponse,
    {
        let entry = self.enter(&request);
        let response = if entry.admitted {
            let mut handler = pin!(handler(request));
            poll_fn(|context| poll_caught(handler.as_mut(), context)).await
        } else {
            unauthorized().into_response()
        };
        let mut response = entry.leave(self, Some(route), response);
        // hyper would add it too, but behind `Connection`, where the router's answers have it before.
        if let Some(bytes) = response.body().size_hint().exact() {
            let length = HeaderValue::from(bytes);
            response.headers_mut().insert(header::CONTENT_LENGTH, length);
        }
        response
    }

    fn enter<B>(&self, request: &http::Request<B>) -> Entry {
        let guarded = needs_key(request.uri().path());
        Entry {
            started: self.engine.clock().monotonic(),
            request_id: self.request_id(request.headers()),
            method: request.method().clone(),
            guarded,
            admitted: !guarded || auth::caller(&self.access, request.headers()).is_some(),
        }
    }

    /// The caller's id if it is fit, else a new one.
    fn request_id(&self, headers: &HeaderMap) -> RequestId {
        let fit = |value: &&HeaderValue| {
            (1..=REQUEST_ID_BYTES_MAX).contains(&value.len())
                && value
                    .as_bytes()
                    .iter()
                    .all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(b))
        };
        match headers.get(&REQUEST_ID).filter(fit) {
            Some(given) => RequestId::Given(given.clone()),
            None => RequestId::New(self.engine.ids().next_block(self.engine.clock().now())),
        }
    }
}

/// Names a request.
enum RequestId {
    Given(HeaderValue),
    /// It becomes text once, for the answer.
    New(u128),
}

impl RequestId {
    fn value(&self) -> HeaderValue {
        match self {
            Self::Given(value) => value.clone(),
            Self::New(id) => hexadecimal(*id),
        }
    }
}

/// 32 hexadecimal digits.
fn hexadecimal(id: u128) -> HeaderValue {
    // Hexadecimal digits are always a valid header value.
    HeaderValue::try_from(hex::encode(&id.to_be_bytes())).unwrap_or(HeaderValue::from_static("-"))
}

/// Everything under `/v1` needs a key, paths that do not exist included.
fn needs_key(path: &str) -> bool {
    path.strip_prefix("/v1")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The layer. It is a service of its own rather than a function for `from_fn`, which boxes the answer to come and
/// copies the route below once more for each request.
#[derive(Clone)]
pub(crate) struct EdgeLayer(pub(crate) Arc<Edge>);

impl Layer<Route> for EdgeLayer {
    type Service = Guarded;

    fn layer(&self, route: Route) -> Guarded {
        Guarded {
            edge: Arc::clone(&self.0),
            route,
        }
    }
}

/// A route behind the edge.
#[derive(Clone)]
pub(crate) struct Guarded {
    edge: Arc<Edge>,
    route: Route,
}

impl Service<Request> for Guarded {
    type Response = Response;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<Request>::poll_ready(&mut self.route, context)
    }

    fn call(&mut self, request: Request) -> Answer {
        let entry = self.edge.enter(&request);
        Answer {
            route: request.extensions().get().cloned(),
            // This only prepares the call: the handler runs, and may panic, when the answer is polled.
            handler: entry.admitted.then(|| self.route.call(request)),
            entry,
            edge: Arc::clone(&self.edge),
        }
    }
}

/// An answer to come.
pub(crate) struct Answer {
    edge: Arc<Edge>,
    entry: Entry,
    route: Option<MatchedPath>,
    /// `None` where the key was refused.
    handler: Option<RouteFuture<Infallible>>,
}

impl Future for Answer {
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = self.get_mut();
        let response = match &mut answer.handler {
            Some(handler) => ready!(poll_caught(Pin::new(handler), context)),
            None => unauthorized().into_response(),
        };
        let route = answer.route.as_ref().map(MatchedPath::as_str);
        Poll::Ready(Ok(answer.entry.leave(&answer.edge, route, response)))
    }
}

/// A request from where it enters the edge to where its answer leaves.
struct Entry {
    started: Duration,
    request_id: RequestId,
    method: Method,
    guarded: bool,
    /// It needs no key, or has one.
    admitted: bool,
}

impl Entry {
    fn leave(&self, edge: &Edge, route: Option<&str>, mut response: Response) -> Response {
        let took = edge.engine.clock().monotonic().saturating_sub(self.started);
        let meter = edge.meters.get(route, &self.method);
        meter.record(response.status(), took);
        let request_id = self.request_id.value();
        log(&response, &request_id, &self.method, route);
        let headers = response.headers_mut();
        headers.insert(REQUEST_ID, request_id);
        headers.insert(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        );
        if self.guarded {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        response
    }
}

fn unauthorized() -> Problem {
    Problem::new(
        Code::Unauthorized,
        "send an API key of this installation as `Authorization: Bearer <key>`",
    )
}

/// The answer, or a 500 where the handler panicked: one defect must not cost the caller its connection.
fn poll_caught<E: IntoResponse>(
    handler: Pin<&mut impl Future<Output = Result<Response, E>>>,
    context: &mut Context<'_>,
) -> Poll<Response> {
    match std::panic::catch_unwind(AssertUnwindSafe(|| handler.poll(context))) {
        Ok(poll) => poll.map(|answer| answer.unwrap_or_else(IntoResponse::into_response)),
        Err(panic) => {
            let message = panic
                .downcast_ref::<&str>()
                .copied()
                .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
            let problem = Problem::internal(format_args!("a handler panicked: {}", message.unwrap_or("?")));
            Poll::Ready(problem.into_response())
        }
    }
}

fn log(response: &Response, request_id: &HeaderValue, method: &Method, route: Option<&str>) {
    let Some(Hidden(reason)) = response.extensions().get() else {
        return;
    };
    let (status, request_id) = (response.status().as_u16(), request_id.to_str().unwrap_or("-"));
    let route = route.unwrap_or("unmatched");
    if status == 503 {
        tracing::warn!(request_id, %method, route, status, reason, "a request was turned away");
    } else {
        tracing::error!(request_id, %method, route, status, reason, "a request failed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::StatusCode;

    #[test]
    fn v1_and_all_below_it_needs_a_key() {
        for path in ["/v1", "/v1/", "/v1/accounts", "/v1/nothing/here"] {
            assert!(needs_key(path), "{path}");
        }
        for path in ["/", "/healthz", "/metrics", "/v10"] {
            assert!(!needs_key(path), "{path}");
        }
    }

    #[test]
    fn a_new_request_id_has_32_hexadecimal_digits() {
        for id in [0, 7, 0x0123_4567_89ab_cdef_fedc_ba98_7654_3210, u128::MAX] {
            assert_eq!(hexadecimal(id), format!("{id:032x}"));
        }
    }

    #[tokio::test]
    async fn a_panic_becomes_a_500() {
        async fn broken() -> Result<Response, Infallible> {
            panic!("a secret detail")
        }
        let mut broken = pin!(broken());
        let response = poll_fn(|context| poll_caught(broken.as_mut(), context)).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(
            response
                .extensions()
                .get::<Hidden>()
                .unwrap()
                .0
                .contains("a secret detail")
        );
    }
}
