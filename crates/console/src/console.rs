//! The console as one service: all routes, and what every response passes.

use std::pin::pin;
use std::sync::Arc;

use askama::Template;
use axum::BoxError;
use axum::Router;
use axum::body::HttpBody;
use axum::response::{IntoResponse, Redirect, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, header};
use postrider_access::{Access, People};
use postrider_configuration::Configuration;
use postrider_docs::Docs;
use postrider_engine::Engine;
use postrider_figures::Figures;
use postrider_web::body_budget::BodyBudget;
use postrider_web::client::Client;
use postrider_web::method::method_name;
use postrider_web::panics::Caught;
use postrider_web::path_prefix::PathPrefix;
use postrider_web::request_id::{REQUEST_ID, RequestId};
use postrider_web::request_line::{RequestLine, trace_of};
use tokio::sync::{Semaphore, watch};
use tower::ServiceExt as _;
use tracing::Instrument as _;

use crate::assets::{Assets, asset, embed};
use crate::brand::Brand;
use crate::live::LiveSlots;
use crate::pages::signing_key::diagnose::DIAGNOSES_MAX;
use crate::pages::{
    accounts, api_keys, audit, automations, bulk, connections, deliveries, docs, event_types, events, find,
    overview, portal_links, sessions, settings, sign_in, signing_key, statistics, system, theme,
};
use crate::refusal::{Refusal, RefusalPage, changed_object};
use crate::routes::{PUBLIC, Route, Routes};
use crate::security::SecurityHeaders;
use crate::seen::Seen;
use crate::shell::Shell;
use crate::state::{App, Shared};
use crate::system::SystemFacts;
use crate::visitor::cookie;
use crate::visitor::limit::ClientLimit;

/// What a console is made of.
pub struct ConsoleParts {
    /// The engine, and through it the clock.
    pub engine: Arc<Engine>,
    /// Accounts, automations, keys and event types.
    pub configuration: Arc<Configuration>,
    /// The record, and figures over it.
    pub figures: Arc<Figures>,
    /// API keys, links and sessions.
    pub access: Arc<Access>,
    /// The staff who sign in through an identity provider, if there is one.
    pub people: Option<Arc<People>>,
    /// Whether an API key begins a session.
    pub signs_in_by_key: bool,
    /// Memory for forms, shared with the API.
    pub body_budget: Arc<BodyBudget>,
    /// The installation's name, colour and logo.
    pub brand: Brand,
    /// Who may show pages in a frame, as `frame-ancestors` of a Content-Security-Policy has it: `'none'`, or
    /// origins.
    pub frame_sources: String,
    /// Whether that is anybody.
    pub is_framed: bool,
    /// Where people reach the console, without a slash at the end; from the request's `Host` where it is not
    /// set.
    pub public_url: Option<String>,
    /// The documentation, if everybody may read it.
    pub docs: Option<Docs>,
    /// What the process knows of itself.
    pub system: SystemFacts,
}

/// The console.
pub struct Console {
    app: App,
    router: Router,
    security: SecurityHeaders,
    stop: watch::Sender<bool>,
}

impl Console {
    /// A console over this engine.
    pub fn new(parts: ConsoleParts) -> Self {
        let (stop, stopping) = watch::channel(false);
        let app: App = Arc::new(Shared {
            assets: Assets::new(&parts.brand),
            engine: parts.engine,
            configuration: parts.configuration,
            figures: parts.figures,
            access: parts.access,
            people: parts.people,
            signs_in_by_key: parts.signs_in_by_key,
            body_budget: parts.body_budget,
            brand: parts.brand,
            prefix: PathPrefix::of(parts.public_url.as_deref()),
            public_url: parts.public_url,
            is_framed: parts.is_framed,
            system: parts.system,
            docs: parts.docs,
            sign_in_limit: ClientLimit::of_failures(),
            provider_limit: ClientLimit::of_questions(),
            diagnosed: Arc::default(),
            diagnoses: Arc::new(Semaphore::new(DIAGNOSES_MAX)),
            live: LiveSlots::default(),
            stopping,
        });
        Self {
            router: routes()
                .guarded(&app)
                .fallback(not_found)
                // An address that takes only forms; people reach it only by typing it.
                .method_not_allowed_fallback(not_found)
                .with_state(Arc::clone(&app)),
            security: SecurityHeaders::new(&parts.frame_sources),
            app,
            stop,
        }
    }

    /// Handles a request of this client.
    pub async fn handle<B>(&self, mut request: Request<B>, client: Client) -> Response
    where
        B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        request.extensions_mut().insert(client);
        cookie::keep_own(request.headers_mut(), self.app.place(client.is_https));
        let (method, headers) = (request.method().clone(), request.headers().clone());
        let fresh_id = || self.app.engine.ids().next_block(self.app.now());
        let request_id = RequestId::of(&headers, fresh_id);
        request.extensions_mut().insert(request_id.clone());
        let request_id = request_id.value();
        let began = self.app.engine.clock().monotonic();
        let path = request.uri().path_and_query().cloned();
        let seen = Arc::new(Seen::default());
        request.extensions_mut().insert(Arc::clone(&seen));
        // Every line that is logged until the response carries the id.
        let span = tracing::error_span!("page", request_id = request_id.to_str().unwrap_or("-"));
        let mut response = self.route(request).instrument(span).await;
        if let Some(refusal) = response.extensions_mut().remove::<Refusal>() {
            response = self.refuse(
                &refusal,
                &method,
                path.as_ref().map_or("/", |path| path.path()),
                &headers,
                &request_id,
            );
        }
        RequestLine {
            method: method_name(&method),
            route: seen.template(),
            path: path.as_ref(),
            status: response.status(),
            took: self.app.engine.clock().monotonic().saturating_sub(began),
            response_bytes: response.body().size_hint().exact(),
            request_id: &request_id,
            trace: trace_of(&headers),
            caller: seen.who(),
        }
        .write();
        response.headers_mut().insert(REQUEST_ID, request_id);
        self.security.apply(response.headers_mut());
        self.app.prefix.add(response)
    }

    async fn route<B>(&self, request: Request<B>) -> Response
    where
        B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        match Caught(pin!(self.router.clone().oneshot(request))).await {
            Ok(Ok(response)) => response,
            Ok(Err(never)) => match never {},
            Err(panicked) => {
                tracing::error!(%panicked, "a page failed");
                Refusal::Internal.into_response()
            }
        }
    }

    /// Every page and form, with what it requires.
    pub fn routes() -> Vec<Route> {
        routes().declared().to_vec()
    }

    /// Ends what does not end by itself: live pages. The node stops.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    fn refuse(
        &self,
        refusal: &Refusal,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
        request_id: &HeaderValue,
    ) -> Response {
        if let Refusal::SignedOut { here } = refusal {
            // After sign-in we return to the page; an interrupted form is not resubmitted.
            let back = if *method == Method::GET { here } else { "/" };
            return Redirect::to(&sign_in::form::address(back)).into_response();
        }
        let (title, advice) = refusal.words();
        let page = RefusalPage {
            shell: Shell::anonymous(&self.app, headers, title),
            title,
            advice,
            current: matches!(refusal, Refusal::Stale).then(|| changed_object(path)),
            request_id: match refusal {
                Refusal::Internal => request_id.to_str().ok(),
                _ => None,
            },
        };
        let status = refusal.status();
        let retry_after = refusal
            .retry_after_s()
            .map(|wait| [(header::RETRY_AFTER, wait.to_string())]);
        match page.render() {
            Ok(page) => (status, retry_after, axum::response::Html(page)).into_response(),
            Err(error) => {
                tracing::error!(%error, "could not render an error page");
                status.into_response()
            }
        }
    }
}

/// Every page. One that is not listed here is not served.
fn routes() -> Routes {
    Routes::default()
        .get("/embed.js", PUBLIC, embed)
        .get("/assets/{version}/{name}", PUBLIC, asset)
        .post("/theme", PUBLIC, theme::choose)
        .merge(docs::routes())
        .merge(sign_in::routes())
        .merge(overview::routes())
        .merge(find::routes())
        .merge(event_types::routes())
        .merge(api_keys::routes())
        .merge(audit::routes())
        .merge(sessions::routes())
        .merge(system::routes())
        .merge(accounts::routes())
        .merge(automations::routes())
        .merge(events::routes())
        .merge(deliveries::routes())
        .merge(statistics::routes())
        .merge(signing_key::routes())
        .merge(connections::routes())
        .merge(portal_links::routes())
        .merge(settings::routes())
        .merge(bulk::routes())
}

async fn not_found() -> Refusal {
    Refusal::NotFound
}

/// The page of a template.
pub(crate) fn page(template: &impl Template) -> Result<Response, Refusal> {
    Ok(axum::response::Html(template.render()?).into_response())
}
