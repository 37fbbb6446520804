//! An installation of its own, and short methods that call it.

mod around;
mod starts;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use parking_lot::Mutex;
use postrider_access::{Access, AccessParts};
use postrider_api::{Api, ApiState, RateLimits, batch_bytes_max};
use postrider_configuration::sealing::{Sealing, SealingParts};
use postrider_configuration::{Configuration, ConfigurationParts};
use postrider_egress::EgressGuard;
use postrider_engine::carry::{Carriers, WebhookCarrier};
use postrider_engine::listen::{Listeners, Listening};
use postrider_engine::observe::Observer;
use postrider_engine::{Engine, EngineParts, EngineSettings, SystemClock};
use postrider_figures::{Figures, FiguresParts};
use postrider_model::{Clock, Entropy, IdGenerator};
use postrider_signing::HeaderNames;
use postrider_signing::profile::{BuiltIn, SignatureProfiles};
use postrider_storage::{Sealer, Store};
use postrider_storage_sqlite::{SqliteOptions, SqliteStore};
use postrider_web::body::BODY_TIMEOUT;
use postrider_web::body_budget::BodyBudget;
use serde_json::{Value, json};

use self::around::{InMemory, Receivers, fill};
use super::conforms;
use super::emails::MailServer;

/// The key that opens the API in tests.
pub const KEY: &str = "an-admin-key-for-the-tests";

/// A URL that the guard allows; the receiver behind it responds with `status`.
pub fn url(status: u16) -> String {
    format!("https://receiver.example/{status}")
}

/// An installation.
pub struct App {
    pub api: Api,
    pub state: ApiState,
    pub engine: Arc<Engine>,
    pub store: Arc<SqliteStore>,
    pub access: Arc<Access>,
    pub sent: Arc<Mutex<Vec<postrider_egress::Request>>>,
    _folder: tempfile::TempDir,
}

/// A response, read whole.
pub struct ApiResponse {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Bytes,
}

async fn configuration_and_access(
    parts: AccessParts,
    sends_email: bool,
) -> (Arc<Configuration>, Arc<Access>) {
    let configuration = Configuration::load(ConfigurationParts {
        store: Arc::clone(&parts.store),
        clock: Arc::clone(&parts.clock),
        ids: Arc::clone(&parts.ids),
        entropy: parts.entropy.clone(),
        guard: Arc::new(EgressGuard::new(Vec::new())),
        header_names: HeaderNames::new("Postrider"),
        sends_email,
        signature_profiles: SignatureProfiles::built_in(BuiltIn::Postrider, &HeaderNames::new("Postrider")),
    });
    let configuration = configuration.await.unwrap();
    let access = Access::new(parts);
    access.open(Some(KEY)).await.unwrap();
    (Arc::new(configuration), Arc::new(access))
}

fn sealing(
    store: &Arc<SqliteStore>,
    sealer: Sealer,
    engine: &Arc<Engine>,
    ids: Arc<IdGenerator>,
) -> Arc<Sealing> {
    Sealing::start(SealingParts {
        ids,
        store: Arc::clone(store) as Arc<dyn Store>,
        sealer,
        holder: Arc::new(InMemory),
        clock: Arc::clone(engine.clock()),
        entropy: Entropy::new(|bytes| bytes.fill(9)),
    })
}

fn carriers(receivers: Receivers, listeners: &Arc<Listeners>, clock: &Arc<dyn Clock>) -> Carriers {
    let transport = Listening::new(receivers, Arc::clone(listeners), Arc::clone(clock));
    let webhook = WebhookCarrier::new(transport, HeaderNames::new("Postrider"), Arc::clone(clock));
    Carriers {
        webhook: Arc::new(webhook),
        email: Arc::new(MailServer),
    }
}

impl App {
    async fn build(
        settings: EngineSettings,
        public_url: Option<&str>,
        rate_limits: RateLimits,
        sends_email: bool,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteOptions::default();
        let sqlite = SqliteStore::open_inline(folder.path(), options.clone()).unwrap();
        Self::build_on(
            (folder, sqlite, options.sealer),
            settings,
            public_url,
            rate_limits,
            sends_email,
            clock,
        )
        .await
    }

    async fn build_on(
        (folder, sqlite, sealer): (tempfile::TempDir, SqliteStore, Sealer),
        settings: EngineSettings,
        public_url: Option<&str>,
        rate_limits: RateLimits,
        sends_email: bool,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let sqlite = Arc::new(sqlite);
        let store: Arc<dyn Store> = Arc::clone(&sqlite) as Arc<dyn Store>;
        let (sent, next) = (Arc::default(), AtomicU64::new(0));
        let entropy = Entropy::new(move |bytes| fill(bytes, next.fetch_add(1, Ordering::Relaxed)));
        let ids = Arc::new(IdGenerator::new(entropy.number()));
        let parts = AccessParts {
            store: Arc::clone(&store),
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
            entropy,
        };
        let (configuration, access) = configuration_and_access(parts, sends_email).await;
        let figures = Figures::start(FiguresParts {
            store: Arc::clone(&store),
            clock: Arc::clone(&clock),
            retention: settings.retention,
        });
        let listeners = Arc::new(Listeners::new(1));
        let carriers = carriers(Receivers(Arc::clone(&sent)), &listeners, &clock);
        let engine = Engine::start(EngineParts {
            store,
            observer: Arc::clone(&figures) as Arc<dyn Observer>,
            carriers,
            configuration: Arc::clone(&configuration),
            clock,
            ids: Arc::clone(&ids),
            followers: Vec::new(),
            settings,
        })
        .await
        .unwrap();
        let sealing = sealing(&sqlite, sealer, &engine, ids);
        let state = ApiState {
            sealing,
            engine: Arc::clone(&engine),
            configuration,
            figures,
            access: Arc::clone(&access),
            body_timeout: BODY_TIMEOUT,
            body_budget: Arc::new(BodyBudget::for_bodies_of(batch_bytes_max(
                engine.settings().data_bytes_max,
            ))),
            page_budget: Arc::new(BodyBudget::for_pages()),
            rate_limits: Arc::new(rate_limits),
            requests: Arc::clone(&sqlite) as _,
            listeners,
            response_bytes_kept: 16 * 1024,
            public_url: public_url.map(Arc::from),
            metrics: Arc::new(|| "some_metric 1\n".to_owned()),
            tracer: None,
        };
        Self {
            api: Api::new(state.clone()),
            state,
            engine,
            store: sqlite,
            access,
            sent,
            _folder: folder,
        }
    }

    /// The data folder.
    pub fn folder(&self) -> &std::path::Path {
        self._folder.path()
    }

    /// Sends a request unchanged.
    pub async fn send(&self, request: Request<Body>) -> ApiResponse {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let (head, body) = self.api.handle(request).await.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let content_type = head.headers.get("content-type");
        let content_type = content_type.map_or("", |value| value.to_str().unwrap());
        conforms::check(method.as_str(), &path, head.status.as_u16(), content_type, &bytes);
        ApiResponse {
            status: head.status,
            headers: head.headers,
            bytes,
        }
    }

    /// The response to a GET with the key, while its body is under way.
    pub async fn open(&self, path: &str) -> http::Response<Body> {
        let request = Request::builder()
            .uri(path)
            .header("authorization", format!("Bearer {KEY}"));
        self.api.handle(request.body(Body::empty()).unwrap()).await
    }

    /// Calls with the key, a body if there is one, and further headers.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&str>,
        headers: &[(&str, &str)],
    ) -> ApiResponse {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {KEY}"));
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(
            request
                .body(Body::from(body.unwrap_or_default().to_owned()))
                .unwrap(),
        )
        .await
    }

    pub async fn get(&self, path: &str) -> ApiResponse {
        self.call(Method::GET, path, None, &[]).await
    }

    pub async fn delete(&self, path: &str) -> ApiResponse {
        self.call(Method::DELETE, path, None, &[]).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> ApiResponse {
        self.call(Method::POST, path, Some(&body.to_string()), &[]).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> ApiResponse {
        self.call(Method::PATCH, path, Some(&body.to_string()), &[]).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> ApiResponse {
        self.call(Method::PUT, path, Some(&body.to_string()), &[]).await
    }

    /// A new account's path.
    pub async fn account(&self) -> String {
        let account = self
            .post("/v1/accounts", &json!({"name": "Acme"}))
            .await
            .expect(201);
        format!("/v1/accounts/{}", account["id"].as_str().unwrap())
    }

    /// A new automation on `proposal.*` with one action, whose receiver responds with `status`.
    pub async fn automation(&self, account: &str, status: u16) -> Value {
        let body = json!({
            "name": "Tell them",
            "trigger": {"event_types": ["proposal.*"]},
            "actions": [{"type": "send_webhook", "url": url(status)}],
            "retry_delays_s": [],
        });
        self.post(&format!("{account}/automations"), &body)
            .await
            .expect(201)
    }

    /// Requests `path` until `is` holds for the response.
    pub async fn until(&self, path: &str, is: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..2_000 {
            let value = self.get(path).await.expect(200);
            if is(&value) {
                return value;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("never at {path}: {}", self.get(path).await.json());
    }
}

impl ApiResponse {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("no JSON: {:?}", self.bytes))
    }

    /// The body of a response with this status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{:?}", self.bytes);
        if self.bytes.is_empty() {
            Value::Null
        } else {
            self.json()
        }
    }

    /// Checks that this is a problem document of this status and code, and returns the pointers, or
    /// parameters, and codes of its faults.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Vec<(String, String)> {
        let problem = self.expect(status);
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(
            (&problem["code"], &problem["status"]),
            (&json!(code), &json!(status)),
            "{problem}"
        );
        let page = problem["type"].as_str().unwrap();
        assert!(page.ends_with(&format!("/docs/errors/{code}")), "{page}");
        assert!(problem["title"].is_string() && problem["detail"].is_string());
        let errors = problem["errors"].as_array().cloned().unwrap_or_default();
        let pointer_and_code = |error: &Value| {
            let pointer = error["pointer"].as_str().or(error["parameter"].as_str()).unwrap();
            (pointer.to_owned(), error["code"].as_str().unwrap().to_owned())
        };
        errors.iter().map(pointer_and_code).collect()
    }

    /// Like [`Self::problem`], for the one fault at this place.
    #[track_caller]
    pub fn fault(&self, pointer: &str, code: &str) {
        let faults = self.problem(422, "invalid_body");
        assert_eq!(faults, [(pointer.to_owned(), code.to_owned())]);
    }
}
