//! The layer that every request passes: it assigns the request id, checks the caller against the route's
//! requirement, records metrics, catches panics and adds security headers.
//!
//! [`EdgeLayer`] puts it around the router's routes, [`Edge::guard`] around a handler that is called without
//! the router.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::HttpBody as _;
use axum::extract::{MatchedPath, Request};
use axum::response::{IntoResponse, Response};
use axum::routing::Route;
use axum::routing::future::RouteFuture;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, header};
use postrider_access::Access;
use postrider_engine::Engine;
use postrider_model::{Caller, Who};
use postrider_web::caller::Denied;
use postrider_web::method::method_name;
use postrider_web::panics::{Caught, Panicked};
use postrider_web::request_id::{REQUEST_ID, RequestId};
use postrider_web::request_line::RequestLine;
use postrider_web::trace::{RequestTrace, RequestTracer, context_of};
use tower::{Layer, Service};

use crate::auth;
use crate::by::note_refusal;
use crate::problem::{Code, Hidden, Problem, ProblemPages};
use crate::rate_limits::{Exceeded, RateLimits, Standing};
use crate::route_table::{Found, RouteTable};
use crate::router::ApiState;

/// The state of the layer.
pub(crate) struct Edge {
    engine: Arc<Engine>,
    access: Arc<Access>,
    rate_limits: Arc<RateLimits>,
    routes: RouteTable,
    public_url: Option<Arc<str>>,
    tracer: Option<Arc<dyn RequestTracer>>,
}

impl Edge {
    pub(crate) fn new(state: &ApiState, routes: RouteTable) -> Self {
        Self {
            engine: Arc::clone(&state.engine),
            access: Arc::clone(&state.access),
            rate_limits: Arc::clone(&state.rate_limits),
            routes,
            public_url: state.public_url.clone(),
            tracer: state.tracer.clone(),
        }
    }

    /// Serves a request of this route, which the router has not seen.
    pub(crate) async fn guard<B, F, E>(
        &self,
        route: &str,
        mut request: http::Request<B>,
        handler: impl FnOnce(http::Request<B>) -> F,
    ) -> Response
    where
        F: Future<Output = Result<Response, E>>,
        E: IntoResponse,
    {
        let mut entry = self.enter(Some(route), &mut request);
        let response = match entry.refused.take() {
            None => or_caught(Caught(pin!(handler(request))).await),
            Some(refused) => refused.problem().into_response(),
        };
        let mut response = entry.leave(self, response);
        // hyper would add this header too, but after `Connection`; the router's responses have it before.
        if let Some(bytes) = response.body().size_hint().exact() {
            let length = HeaderValue::from(bytes);
            response.headers_mut().insert(header::CONTENT_LENGTH, length);
        }
        response
    }

    /// Finds the caller, checks the route's requirement, and puts the caller into the request's extensions.
    fn enter<B>(&self, route: Option<&str>, request: &mut http::Request<B>) -> Entry {
        let started = self.engine.clock().monotonic();
        let found = self.routes.find(route, request.method());
        let guarded = needs_key(request.uri().path());
        let caller = if guarded {
            auth::caller(&self.access, request.headers())
        } else {
            None
        };
        let requirement = found.and_then(|found| self.routes.requirement(found));
        let denied = match requirement {
            Some(requirement) => requirement.check(caller.as_ref()).err(),
            // Only a caller with a key learns that a path or method does not exist.
            None => (guarded && caller.is_none()).then_some(Denied::Unknown),
        };
        // A caller's refused requests count too.
        let counted = match caller.as_ref().map(|caller| caller.who) {
            Some(Who::ApiKey(key)) => self.rate_limits.request_of(key),
            _ => None,
        };
        let (standing, exceeded) = match counted {
            None => (None, None),
            Some(Ok(standing)) => (Some(standing), None),
            Some(Err(exceeded)) => (None, Some(exceeded)),
        };
        let fresh_id = || self.engine.ids().next_block(self.engine.clock().now());
        let request_id = RequestId::of(request.headers(), fresh_id);
        request.extensions_mut().insert(request_id.clone());
        if let Some(caller) = caller {
            request.extensions_mut().insert(caller);
        }
        if let (Some(denied), None) = (denied, exceeded) {
            self.note_denied(denied, request, found);
        }
        let trace = self.trace(caller.as_ref(), request.headers());
        if let (Some(_), Some(context)) = (caller, trace.context) {
            request.extensions_mut().insert(context);
        }
        let refused = exceeded.map(Refused::Exceeded).or(denied.map(Refused::Denied));
        Entry {
            started,
            request_id,
            method: request.method().clone(),
            path: request.uri().path_and_query().cloned(),
            trace,
            caller,
            found,
            guarded,
            standing,
            refused,
        }
    }

    /// A stranger's request has no span: nobody without a key can fill the collector.
    fn trace(&self, caller: Option<&Caller>, headers: &HeaderMap) -> RequestTrace {
        let incoming = context_of(headers);
        match (&self.tracer, caller) {
            (Some(tracer), Some(_)) => tracer.begin(incoming),
            _ => RequestTrace::unrecorded(incoming),
        }
    }

    fn note_denied<B>(&self, denied: Denied, request: &http::Request<B>, found: Option<Found>) {
        let reason = match denied {
            Denied::Unknown => "unauthorized",
            Denied::Lacking(_) | Denied::OneAccount => "permission_denied",
        };
        let named = (method_name(request.method()), self.routes.path(found));
        let key = match denied {
            Denied::Unknown => auth::shown_key(request.headers()),
            Denied::Lacking(_) | Denied::OneAccount => None,
        };
        note_refusal(&self.access, request.extensions(), reason, named, key);
    }
}

/// Everything under `/v1` needs a key, paths that do not exist included.
fn needs_key(path: &str) -> bool {
    path.strip_prefix("/v1")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The layer. It is a service of its own rather than a function for `from_fn`, which boxes the response
/// future and clones the inner route once more for each request.
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
    type Future = ResponseFuture;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<Request>::poll_ready(&mut self.route, context)
    }

    fn call(&mut self, mut request: Request) -> ResponseFuture {
        let route = request.extensions().get().cloned();
        let route = route.as_ref().map(MatchedPath::as_str);
        let entry = self.edge.enter(route, &mut request);
        ResponseFuture {
            // This only prepares the call: the handler runs, and may panic, when the future is polled.
            handler: entry.refused.is_none().then(|| Caught(self.route.call(request))),
            entry,
            edge: Arc::clone(&self.edge),
        }
    }
}

/// The future of a response.
pub(crate) struct ResponseFuture {
    edge: Arc<Edge>,
    entry: Entry,
    /// `None` if the caller is denied.
    handler: Option<Caught<RouteFuture<Infallible>>>,
}

impl Future for ResponseFuture {
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let future = self.get_mut();
        let response = match &mut future.handler {
            Some(handler) => or_caught(ready!(Pin::new(handler).poll(context))),
            None => {
                let refused = future.entry.refused.take();
                refused
                    .unwrap_or(Refused::Denied(Denied::Unknown))
                    .problem()
                    .into_response()
            }
        };
        Poll::Ready(Ok(future.entry.leave(&future.edge, response)))
    }
}

/// A request between entering the edge and leaving it as a response.
struct Entry {
    started: Duration,
    request_id: RequestId,
    method: Method,
    path: Option<PathAndQuery>,
    trace: RequestTrace,
    caller: Option<Caller>,
    found: Option<Found>,
    guarded: bool,
    /// Where the caller stands with the limit on its requests, if there is one and the request is within it.
    standing: Option<Standing>,
    /// Why the handler is not called; `None` if it is.
    refused: Option<Refused>,
}

/// Why a request is refused before its handler runs.
#[derive(Debug, Clone, Copy)]
enum Refused {
    /// The caller may not call the route.
    Denied(Denied),
    /// The caller sends too many requests.
    Exceeded(Exceeded),
}

impl Refused {
    fn problem(self) -> Problem {
        match self {
            Self::Denied(denied) => denied_problem(denied),
            Self::Exceeded(exceeded) => exceeded.into(),
        }
    }
}

impl Entry {
    fn leave(&self, edge: &Edge, mut response: Response) -> Response {
        let took = edge.engine.clock().monotonic().saturating_sub(self.started);
        edge.routes.meter(self.found).record(response.status(), took);
        let request_id = self.request_id.value();
        let route = edge.routes.path(self.found);
        log(&response, &request_id, &self.method, route);
        let line = RequestLine {
            method: method_name(&self.method),
            route,
            path: self.path.as_ref(),
            status: response.status(),
            took,
            response_bytes: response.body().size_hint().exact(),
            request_id: &request_id,
            trace: self.trace.context.map(|context| context.trace),
            caller: self.caller,
        };
        line.write();
        if let Some(tracer) = edge.tracer.as_ref().filter(|_| self.trace.is_recorded) {
            let account = response.extensions().get().copied();
            tracer.end(self.trace, self.started, account, &line);
        }
        ProblemPages::below(edge.public_url.as_deref()).place(&mut response);
        let headers = response.headers_mut();
        headers.insert(REQUEST_ID, request_id);
        headers.insert(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        );
        if self.guarded {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        if let Some(standing) = self.standing {
            standing.tell(headers);
        }
        response
    }
}

fn denied_problem(denied: Denied) -> Problem {
    match denied {
        Denied::Unknown => Problem::new(
            Code::Unauthorized,
            "send an API key of this installation in the header `Authorization: Bearer <key>`",
        ),
        Denied::Lacking(permission) => Problem::new(
            Code::PermissionDenied,
            format!("this request requires the permission `{}`", permission.as_str()),
        ),
        Denied::OneAccount => Problem::new(
            Code::PermissionDenied,
            "the API key is limited to one account, and this request takes a key of the whole installation",
        ),
    }
}

/// The handler's response, or a 500 if it panicked.
fn or_caught<E: IntoResponse>(handled: Result<Result<Response, E>, Panicked>) -> Response {
    match handled {
        Ok(response) => response.unwrap_or_else(IntoResponse::into_response),
        Err(panicked) => Problem::internal(panicked).into_response(),
    }
}

fn log(response: &Response, request_id: &HeaderValue, method: &Method, route: &str) {
    let Some(Hidden(reason)) = response.extensions().get() else {
        return;
    };
    let (status, request_id) = (response.status().as_u16(), request_id.to_str().unwrap_or("-"));
    if status == 503 {
        tracing::warn!(request_id, %method, route, status, reason, "a request was denied");
    } else {
        tracing::error!(request_id, %method, route, status, reason, "a request failed");
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use postrider_model::Permission;

    use super::*;

    #[test]
    fn every_path_under_v1_needs_a_key() {
        for path in ["/v1", "/v1/", "/v1/accounts", "/v1/nothing/here"] {
            assert!(needs_key(path), "{path}");
        }
        for path in ["/", "/healthz", "/metrics", "/v10"] {
            assert!(!needs_key(path), "{path}");
        }
    }

    #[tokio::test]
    async fn a_panic_becomes_a_500() {
        async fn broken() -> Result<Response, Infallible> {
            panic!("a secret detail")
        }
        let response = or_caught(Caught(pin!(broken())).await);
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let hidden = response.extensions().get::<Hidden>().unwrap();
        assert!(hidden.0.contains("a secret detail"));
    }

    #[test]
    fn a_denied_caller_learns_the_missing_permission() {
        let problem = denied_problem(Denied::Lacking(Permission::Manage));
        assert_eq!(problem.code(), Code::PermissionDenied);
        assert_eq!(problem.into_response().status(), StatusCode::FORBIDDEN);
    }
}
