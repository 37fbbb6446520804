//! All routes, and the state and layers around them.

use std::sync::Arc;
use std::time::Duration;

use axum::body::HttpBody;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::{BoxError, Router};
use bytes::Bytes;
use http::{HeaderMap, Request, Uri};
use postrider_access::Access;
use postrider_configuration::Configuration;
use postrider_configuration::sealing::Sealing;
use postrider_engine::Engine;
use postrider_engine::listen::Listeners;
use postrider_figures::Figures;
use postrider_storage::RequestStore;
use postrider_web::body::BodyLimits;
use postrider_web::body_budget::{BodyBudget, Owner};
use postrider_web::trace::RequestTracer;
use tower::Service as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth;
use crate::direct::DirectRoute;
use crate::edge::{Edge, EdgeLayer};
use crate::once::once;
use crate::openapi;
use crate::problem::{Code, Problem, ProblemPages};
use crate::rate_limits::RateLimits;
use crate::route_table::RouteTable;
use crate::routes::{
    accounts, api_keys, audit, automations, connections, deliveries, event_types, events, listen, master_key,
    operations, portal_links, search, sessions, signing_keys, statistics,
};

/// The state that handlers share. Cheap to clone.
#[derive(Clone)]
pub struct ApiState {
    /// The engine, and through it the clock.
    pub engine: Arc<Engine>,
    /// Accounts, automations, keys and event types.
    pub configuration: Arc<Configuration>,
    /// The record, and figures over it.
    pub figures: Arc<Figures>,
    /// The API keys and what they permit.
    pub access: Arc<Access>,
    /// The master key.
    pub sealing: Arc<Sealing>,
    /// The console's origin as a browser reaches it, without a slash at its end. `None` uses the request's
    /// host.
    pub public_url: Option<Arc<str>>,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// Memory for bodies, shared with the console.
    pub body_budget: Arc<BodyBudget>,
    /// Memory for large pages on their way.
    pub page_budget: Arc<BodyBudget>,
    /// Limits on what producers send.
    pub rate_limits: Arc<RateLimits>,
    /// Requests with an `Idempotency-Key`.
    pub requests: Arc<dyn RequestStore>,
    /// Clients that listen to automations.
    pub listeners: Arc<Listeners>,
    /// How many bytes of the body of a webhook's response are kept.
    pub response_bytes_kept: usize,
    /// The text of `/metrics`.
    pub metrics: Arc<dyn MetricsText>,
    /// Records the spans of requests, if traces are exported.
    pub tracer: Option<Arc<dyn RequestTracer>>,
}

impl ApiState {
    /// Where browsers reach the pages about problems.
    pub(crate) fn problem_pages(&self) -> ProblemPages<'_> {
        ProblemPages::below(self.public_url.as_deref())
    }

    pub(crate) fn body_limits(&self, bytes_max: usize, owner: Owner) -> BodyLimits<'_> {
        BodyLimits {
            bytes_max,
            timeout: self.body_timeout,
            budget: &self.body_budget,
            owner,
        }
    }
}

/// The source of the text of `/metrics`. The process installs the recorder; this crate only reads it.
pub trait MetricsText: Send + Sync {
    /// All metrics in the Prometheus text format.
    fn render(&self) -> String;
}

impl<F: Fn() -> String + Send + Sync> MetricsText for F {
    fn render(&self) -> String {
        self()
    }
}

/// The whole HTTP API.
pub struct Api {
    edge: Arc<Edge>,
    state: ApiState,
    router: Router,
}

impl Api {
    /// Install the metrics recorder before calling this, or requests are not counted.
    pub fn new(state: ApiState) -> Self {
        let (router, document) = documented_routes().split_for_parts();
        let edge = Arc::new(Edge::new(&state, RouteTable::of(&document)));
        let router = router
            .fallback(route_not_found)
            .method_not_allowed_fallback(method_not_allowed)
            .layer(from_fn_with_state(state.clone(), once))
            .layer(EdgeLayer(Arc::clone(&edge)))
            .with_state(state.clone());
        Self { edge, state, router }
    }

    /// Whether these headers hold a valid API key.
    pub fn knows(&self, headers: &HeaderMap) -> bool {
        auth::caller(&self.state.access, headers).is_some()
    }

    /// Ends the responses that would not end by themselves, because the node stops.
    pub fn stop(&self) {
        self.state.listeners.stop();
    }

    /// Handles a request.
    pub async fn handle<B>(&self, request: Request<B>) -> Response
    where
        B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + Unpin + 'static,
    {
        match DirectRoute::of(request.method(), request.uri()) {
            Some(route) => {
                let handler = |request| route.call(&self.state, request);
                self.edge.guard(route.template(), request, handler).await
            }
            None => {
                let response = self.router.clone().call(request).await;
                response.unwrap_or_else(|never| match never {})
            }
        }
    }
}

/// Every route with its documentation. A handler that is not listed here is not served, and each one that is
/// listed is documented.
pub(crate) fn documented_routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::with_openapi(openapi::frame())
        .routes(routes!(
            accounts::list::list_accounts,
            accounts::create::create_account
        ))
        .routes(routes!(
            accounts::get::get_account,
            accounts::update::update_account,
            accounts::delete::delete_account
        ))
        .routes(routes!(
            api_keys::list::list_api_keys,
            api_keys::create::create_api_key
        ))
        .routes(routes!(api_keys::delete::delete_api_key))
        .routes(routes!(
            portal_links::list::list_portal_links,
            portal_links::create::create_portal_link
        ))
        .routes(routes!(portal_links::revoke::revoke_portal_link))
        .routes(routes!(
            sessions::of_staff::list_sessions,
            sessions::of_staff::end_all_sessions
        ))
        .routes(routes!(sessions::of_staff::end_session))
        .routes(routes!(
            sessions::of_account::list_sessions_of_account,
            sessions::of_account::end_all_sessions_of_account
        ))
        .routes(routes!(sessions::of_account::end_session_of_account))
        .routes(routes!(audit::of_installation::list_audit))
        .routes(routes!(audit::of_account::list_audit_of_account))
        .routes(routes!(statistics::of_installation::get_statistics))
        .routes(routes!(statistics::of_account::get_account_statistics))
        .routes(routes!(master_key::show::get_master_key))
        .routes(routes!(master_key::rotate::rotate_master_key))
        .merge(signing_key_routes())
        .routes(routes!(
            automations::list::list_automations,
            automations::create::create_automation
        ))
        .routes(routes!(
            automations::get::get_automation,
            automations::put::put_automation,
            automations::update::update_automation,
            automations::delete::delete_automation
        ))
        .routes(routes!(automations::preview::preview_automation))
        .routes(routes!(automations::test::test_automation))
        .routes(routes!(automations::send_missed::send_missed))
        .merge(listen::routes())
        .merge(connections::routes())
        .routes(routes!(events::list::list_events, events::create::create_event))
        .routes(routes!(events::create_batch::create_event_batch))
        .routes(routes!(events::get::get_event, events::delete::delete_event))
        .routes(routes!(events::automations::list_event_automations))
        .merge(delivery_routes())
        .routes(routes!(event_types::list::list_event_types))
        .routes(routes!(
            event_types::get::get_event_type,
            event_types::put::put_event_type,
            event_types::delete::delete_event_type
        ))
        .routes(routes!(search::search_by_id))
        .merge(operation_routes())
}

/// Those that are about the server.
fn operation_routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(operations::document::openapi_document))
        .routes(routes!(operations::health::health))
        .routes(routes!(operations::ready::ready))
        .routes(routes!(operations::metrics::metrics))
}

/// Those of deliveries.
fn delivery_routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(deliveries::list::list_deliveries))
        .routes(routes!(deliveries::list_of_all::list_deliveries_of_all_accounts))
        .routes(routes!(deliveries::export::export_deliveries_csv))
        .routes(routes!(deliveries::export::export_deliveries_ndjson))
        .routes(routes!(deliveries::replay::replay_deliveries))
        .routes(routes!(deliveries::cancel::cancel_deliveries))
        .routes(routes!(deliveries::get::get_delivery))
        .routes(routes!(deliveries::resend::resend_delivery))
}

/// Those of the keys of accounts and of actions.
fn signing_key_routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(signing_keys::list::list_signing_keys))
        .routes(routes!(signing_keys::rotate::rotate_signing_key))
        .routes(routes!(signing_keys::of_action::list_action_signing_keys))
        .routes(routes!(signing_keys::of_action::rotate_action_signing_key))
}

async fn route_not_found(uri: Uri) -> Problem {
    let path = uri.path();
    // Many frameworks add the slash by themselves.
    let advice = if path.len() > 1 && path.ends_with('/') {
        "; paths do not end with a slash"
    } else {
        ""
    };
    Problem::new(Code::RouteNotFound, format!("no route matches {path}{advice}"))
}

async fn method_not_allowed() -> Problem {
    Problem::new(
        Code::MethodNotAllowed,
        "the Allow header lists the methods of this path",
    )
}
