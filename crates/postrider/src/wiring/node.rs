//! A node, from its start to its stop.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use postrider_api::{Api, ApiState, MetricsText, RateLimits, batch_bytes_max};
use postrider_figures::Figures;
use postrider_model::{By, Entropy};
use postrider_storage::Sealer;
use postrider_telemetry::export::{Export, FLUSH_MAX};
use postrider_web::body::BODY_TIMEOUT;
use postrider_web::body_budget::BodyBudget;
use postrider_web::client::TrustedProxies;
use postrider_web::trace::RequestTracer;
use tokio::net::TcpListener;

use super::admin_key::{self, FirstKey, KeepCreated};
use super::cors::Cors;
use super::engine::{self, Running};
use super::site::{Approach, Monitoring, Site, taken_segment};
use super::telemetry::HttpCollector;
use super::{console, listener, master_key, metrics, people, store};
use crate::config::Settings;
use crate::config::otlp::OtlpHeaders;
use crate::config::per_second::PerSecond;
use postrider_cli::Failure;

/// Largest part of the grace that API requests in flight get. They need milliseconds, unless a client is
/// slow.
const REQUESTS_GRACE_MAX: Duration = Duration::from_secs(5);

/// How long the link of a first start works: the operator who starts a server opens it at once.
const FIRST_LINK: Duration = Duration::from_secs(3600);

/// The operator's secrets, which are not settings, because the console shows settings.
#[derive(Clone, Default)]
pub struct Secrets<'a> {
    /// The admin key.
    pub admin_key: Option<&'a str>,
    /// The database's password.
    pub database_password: Option<&'a str>,
    /// The master key.
    pub master_key: Option<&'a str>,
    /// The client's secret at the identity provider.
    pub oidc_client_secret: Option<&'a str>,
    /// The headers for the OTLP collector.
    pub otlp_headers: OtlpHeaders,
}

/// A started node. It accepts connections once it runs.
pub struct Node {
    running: Running,
    first_key: FirstKey,
    listener: TcpListener,
    address: SocketAddr,
    /// The port of the metrics, if they have one of their own.
    monitoring: Option<(TcpListener, SocketAddr)>,
    base_url: String,
    site: Arc<Site>,
    grace: Duration,
    export: Option<Export>,
}

impl Node {
    /// Binds the port, opens the store, takes over unfinished work, and makes sure that an admin key exists.
    ///
    /// The key comes last, because a created key can be shown only once and must not be lost because the port
    /// is in use. Connections wait until the node runs.
    pub async fn start(
        settings: &Settings,
        secrets: Secrets<'_>,
        keep_created: &KeepCreated,
    ) -> Result<Self, Failure> {
        check_public_url(settings)?;
        let people = people::of_settings(settings, secrets.oidc_client_secret)?;
        let collector = HttpCollector::of(settings, secrets.otlp_headers)?;
        let (listener, address) = bind("listen", settings.listen).await?;
        let monitoring = match settings.metrics_listen {
            Some(address) => Some(bind("metrics_listen", address).await?),
            None => None,
        };
        let metrics = metrics::install();
        let entropy = Entropy::new(random);
        let (source, keys) = master_key::load(settings, secrets.master_key, &entropy).await?;
        let sealer = Sealer::new(keys, entropy.clone());
        tracing::info!(master_key = %sealer.first_key_id(), %source, "secrets are sealed");
        let store = store::open(settings, secrets.database_password, &sealer).await?;
        let source = Arc::new(source);
        let starting = engine::start(
            settings,
            store,
            sealer.clone(),
            source,
            entropy.clone(),
            collector,
        );
        let mut running = starting.await?;
        let opened = async {
            let parts = people::Parts {
                access: Arc::clone(&running.access),
                sealer,
                clock: Arc::clone(running.engine.clock()),
                entropy,
            };
            let people = people::start(settings, people, parts).await?;
            let first_key = admin_key::open(&running.access, secrets.admin_key, keep_created).await?;
            Ok((people, first_key))
        };
        let (people, first_key) = match opened.await {
            Ok(opened) => opened,
            Err(failure) => {
                running.stop(Duration::ZERO).await;
                return Err(failure);
            }
        };
        let body_budget = body_budget(&running);
        let console = console::console(settings, &running, people, Arc::clone(&body_budget))?;
        let metrics = metrics::Exposition::start(metrics, &running.engine, settings);
        let state = api_state(settings, &running, body_budget, metrics);
        let clock = Arc::clone(running.engine.clock());
        let telemetry = running.telemetry.take();
        let export = telemetry.map(|telemetry| telemetry.start(&state.metrics, clock));
        let approach = approach(settings);
        Ok(Self {
            running,
            first_key,
            listener,
            address,
            monitoring,
            base_url: console::base_url(settings, address),
            site: Arc::new(Site::new(Api::new(state), console, approach)),
            grace: settings.shutdown_grace.get(),
            export,
        })
    }

    /// The statistics, the overview and the feed of attempts.
    pub fn figures(&self) -> &Arc<Figures> {
        &self.running.figures
    }

    /// How the installation got its first API key.
    pub fn first_key(&self) -> &FirstKey {
        &self.first_key
    }

    /// A link that signs one of the operator's staff in to the console, once, within [`FIRST_LINK`].
    pub async fn sign_in_link(&self) -> Result<String, Failure> {
        let created = self
            .running
            .access
            .create_operator_link(&By::COMMAND_LINE, FIRST_LINK)
            .await;
        let token = created.map_err(|error| Failure::Failed(format!("no link to sign in with: {error}")))?;
        Ok(format!("{}/sign-in/{}", self.base_url, token.expose()))
    }

    /// The address that the node listens on, with the actual port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of the metrics, if they have a port of their own.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.monitoring.as_ref().map(|(_, address)| *address)
    }

    /// Serves until `stop`, then stops within the grace: accepts no new connections, finishes API requests,
    /// and waits for attempts in flight or releases their deliveries.
    ///
    /// # Errors
    /// If a task of the engine has panicked: the node cannot go on, and serves nothing more.
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> Result<(), Failure> {
        let requests_grace = REQUESTS_GRACE_MAX.min(self.grace / 2);
        let monitoring = Monitoring(Arc::clone(&self.site));
        let monitored = async {
            if let Some((listener, _)) = self.monitoring {
                // Until the node has stopped, so that the stop can be watched.
                let never = std::future::pending();
                listener::serve(listener, Arc::new(monitoring), never, requests_grace).await;
            }
            std::future::pending::<Infallible>().await
        };
        let served = async {
            tokio::select! {
                () = listener::serve(self.listener, self.site, stop, requests_grace) => {}
                task = self.running.engine.failed() => {
                    let failed = format!("the engine's task `{task}` panicked; restart the server");
                    return Err(Failure::Failed(failed));
                }
            }
            tracing::info!(
                grace_s = self.grace.as_secs(),
                "stopping: waiting for attempts in flight"
            );
            let flush = self
                .export
                .as_ref()
                .map_or(Duration::ZERO, |_| FLUSH_MAX.min(self.grace / 4));
            let grace = self.grace.saturating_sub(requests_grace + flush);
            self.running.stop(grace).await;
            if let Some(export) = &self.export {
                export.stop(flush).await;
            }
            tracing::info!("stopped");
            Ok(())
        };
        tokio::select! {
            result = served => result,
            never = monitored => match never {},
        }
    }
}

/// What the handlers of the API share.
fn api_state(
    settings: &Settings,
    running: &Running,
    body_budget: Arc<BodyBudget>,
    metrics: Arc<dyn MetricsText>,
) -> ApiState {
    ApiState {
        sealing: Arc::clone(&running.sealing),
        engine: Arc::clone(&running.engine),
        configuration: Arc::clone(&running.configuration),
        figures: Arc::clone(&running.figures),
        access: Arc::clone(&running.access),
        body_timeout: BODY_TIMEOUT,
        body_budget,
        page_budget: Arc::new(BodyBudget::for_pages()),
        rate_limits: Arc::new(RateLimits::new(
            settings.requests_per_s_and_key.map(PerSecond::get),
            settings.events_per_s_and_account.map(PerSecond::get),
        )),
        requests: Arc::clone(&running.requests),
        listeners: Arc::clone(&running.listeners),
        response_bytes_kept: settings.response_bytes_kept.bytes(),
        public_url: settings.public_url.as_ref().map(|url| url.as_str().into()),
        metrics,
        tracer: running.spans.clone().map(|spans| spans as Arc<dyn RequestTracer>),
    }
}

/// Memory for bodies.
fn body_budget(running: &Running) -> Arc<BodyBudget> {
    let largest = batch_bytes_max(running.engine.settings().data_bytes_max);
    Arc::new(BodyBudget::for_bodies_of(largest))
}

/// The way between clients and the site.
fn approach(settings: &Settings) -> Approach {
    Approach {
        proxies: TrustedProxies::new(settings.trusted_proxies.clone()),
        public_url: settings.public_url.as_ref().map(ToString::to_string),
        has_moved_metrics: settings.metrics_listen.is_some(),
        cors: Cors::new(settings.cors_origins.clone()),
    }
}

/// Refuses a public URL whose path the server has a meaning for.
fn check_public_url(settings: &Settings) -> Result<(), Failure> {
    let url = settings.public_url.as_ref();
    match url.and_then(|url| taken_segment(url.as_str())) {
        None => Ok(()),
        Some(segment) => Err(Failure::Usage(format!(
            "public_url: the path must not begin with `/{segment}`, because the server has addresses of its \
             own there"
        ))),
    }
}

/// Randomness from the system, fit for secrets.
pub fn random(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the system has had randomness since it started");
}

async fn bind(key: &str, address: SocketAddr) -> Result<(TcpListener, SocketAddr), Failure> {
    let bound = TcpListener::bind(address).await;
    let bound = bound.and_then(|listener| listener.local_addr().map(|address| (listener, address)));
    bound.map_err(|error| Failure::Failed(cannot_listen(key, address, &error)))
}

/// Why a server cannot listen, and what to change. `key` is the setting with the address.
pub fn cannot_listen(key: &str, address: SocketAddr, error: &io::Error) -> String {
    let port = address.port();
    let advice = match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!(
                "Another program listens there: stop it (`ss -ltnp 'sport = :{port}'` names it), or set another {key}"
            )
        }
        io::ErrorKind::PermissionDenied => format!(
            "Ports below 1024 need a right: set a higher port in {key}, or give the process CAP_NET_BIND_SERVICE"
        ),
        io::ErrorKind::AddrNotAvailable => {
            format!("This machine has no such address: set {key} to one of its own, or to `:{port}` for all")
        }
        _ if address.is_ipv6() => format!("If IPv6 is switched off here, set {key} to `0.0.0.0:{port}`"),
        _ => format!("Set another {key}"),
    };
    format!("cannot listen on {address}: {error}. {advice}")
}
