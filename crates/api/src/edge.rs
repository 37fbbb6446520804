//! What every request passes, in one layer: its id, its key, its meter, a net for panics, and headers for safety.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, Method, header};
use postrider_engine::Engine;

use crate::auth::ApiKeys;
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
    keys: Arc<ApiKeys>,
    meters: Meters,
}

impl Edge {
    pub(crate) fn new(state: &ApiState, meters: Meters) -> Self {
        Self {
            engine: Arc::clone(&state.engine),
            keys: Arc::clone(&state.keys),
            meters,
        }
    }

    /// The caller's id if it is fit, else a new one.
    fn request_id(&self, request: &Request) -> HeaderValue {
        let fit = |value: &&HeaderValue| {
            (1..=REQUEST_ID_BYTES_MAX).contains(&value.len())
                && value
                    .as_bytes()
                    .iter()
                    .all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(b))
        };
        request
            .headers()
            .get(&REQUEST_ID)
            .filter(fit)
            .cloned()
            .unwrap_or_else(|| {
                let id = self.engine.ids().next_block(self.engine.clock().now());
                // Hexadecimal digits are always a valid header value.
                HeaderValue::from_str(&format!("{id:032x}")).unwrap_or(HeaderValue::from_static("-"))
            })
    }
}

/// Everything under `/v1` needs a key, paths that do not exist included.
fn needs_key(path: &str) -> bool {
    path.strip_prefix("/v1")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The layer.
pub(crate) async fn edge(State(edge): State<Arc<Edge>>, request: Request, next: Next) -> Response {
    let started = edge.engine.clock().monotonic();
    let request_id = edge.request_id(&request);
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let guarded = needs_key(request.uri().path());
    let mut response = if guarded && !edge.keys.admit_request(request.headers()) {
        unauthorized().into_response()
    } else {
        caught(next.run(request)).await
    };
    let route = route.as_ref().map(MatchedPath::as_str);
    let took = edge.engine.clock().monotonic().saturating_sub(started);
    edge.meters.get(route, &method).record(response.status(), took);
    log(&response, &request_id, &method, route);
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, request_id);
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    if guarded {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

fn unauthorized() -> Problem {
    Problem::new(
        Code::Unauthorized,
        "send an API key of this installation as `Authorization: Bearer <key>`",
    )
}

/// The answer, or a 500 where the handler panicked: one defect must not cost the caller its connection.
async fn caught(answer: impl Future<Output = Response>) -> Response {
    let mut answer = pin!(answer);
    std::future::poll_fn(|context| {
        let poll = std::panic::catch_unwind(AssertUnwindSafe(|| answer.as_mut().poll(context)));
        poll.unwrap_or_else(|panic| {
            let message = panic
                .downcast_ref::<&str>()
                .copied()
                .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
            let problem = Problem::internal(format_args!("a handler panicked: {}", message.unwrap_or("?")));
            Poll::Ready(problem.into_response())
        })
    })
    .await
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

    #[tokio::test]
    async fn a_panic_becomes_a_500() {
        async fn broken() -> Response {
            panic!("a secret detail")
        }
        let response = caught(broken()).await;
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
