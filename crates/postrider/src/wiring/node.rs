//! A node, from its settings to its end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use postrider_access::{Access, FirstKey, FirstKeyError};
use postrider_api::{Api, ApiState};
use postrider_figures::Figures;
use postrider_web::body::BODY_TIMEOUT;
use tokio::net::TcpListener;

use super::engine::{self, Running};
use super::site::Site;
use super::{console, listener, metrics, store};
use crate::config::Settings;
use postrider_cli::Failure;

/// Longest part of the grace that requests under way at the API get; they take milliseconds, unless a client
/// dawdles.
const REQUESTS_GRACE_MAX: Duration = Duration::from_secs(5);

/// How long the link that a first start prints works: whoever starts a server opens it at once.
const FIRST_LINK: Duration = Duration::from_secs(3600);

/// What the operator brings along that is no setting, as settings are shown.
#[derive(Clone, Copy, Default)]
pub struct Secrets<'a> {
    /// The admin key.
    pub admin_key: Option<&'a str>,
    /// The database's password.
    pub database_password: Option<&'a str>,
}

/// A node that works, and listens once it is run.
pub struct Node {
    running: Running,
    first_key: FirstKey,
    listener: TcpListener,
    address: SocketAddr,
    base_url: String,
    site: Arc<Site>,
    grace: Duration,
}

impl Node {
    /// Binds the port, opens the store, takes unfinished work over, and makes sure that there is an admin
    /// key.
    ///
    /// The key comes last: a key that is created can be shown only once, and must not be lost to a port that
    /// is taken. Until the node runs, connections wait.
    pub async fn start(settings: &Settings, secrets: Secrets<'_>) -> Result<Self, Failure> {
        let (listener, address) = bind(settings.listen).await?;
        let metrics = metrics::install();
        let store = store::open(settings, secrets.database_password).await?;
        let running = engine::start(settings, store).await?;
        let first_key = match open(&running.access, secrets.admin_key).await {
            Ok(first_key) => first_key,
            Err(failure) => {
                running.stop(Duration::ZERO).await;
                return Err(failure);
            }
        };
        let console = console::console(settings, &running)?;
        let state = ApiState {
            engine: Arc::clone(&running.engine),
            configuration: Arc::clone(&running.configuration),
            figures: Arc::clone(&running.figures),
            access: Arc::clone(&running.access),
            body_timeout: BODY_TIMEOUT,
            public_url: settings.public_url.as_ref().map(|url| url.as_str().into()),
            metrics: Arc::new(metrics::Exposition::new(metrics, Arc::clone(&running.engine))),
        };
        let grace = settings.shutdown_grace.get();
        Ok(Self {
            running,
            first_key,
            listener,
            address,
            base_url: console::base_url(settings, address),
            site: Arc::new(Site::new(Api::new(state), console)),
            grace,
        })
    }

    /// The record, and figures over it.
    pub fn figures(&self) -> &Arc<Figures> {
        &self.running.figures
    }

    /// How the installation got its first API key.
    pub fn first_key(&self) -> &FirstKey {
        &self.first_key
    }

    /// A link that signs a person of the operator's staff in to the console, once, within [`FIRST_LINK`].
    pub async fn sign_in_link(&self) -> Result<String, Failure> {
        let created = self.running.access.create_operator_link(FIRST_LINK).await;
        let token = created.map_err(|error| Failure::Failed(format!("no link to sign in with: {error}")))?;
        Ok(format!("{}/sign-in/{}", self.base_url, token.expose()))
    }

    /// Where it listens, the real port in it.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop`, then stops within the grace: accepts no new connection, answers requests under
    /// way, and lets attempts under way end or gives them back.
    pub async fn run_until(self, stop: impl Future<Output = ()>) {
        let requests_grace = REQUESTS_GRACE_MAX.min(self.grace / 2);
        listener::serve(self.listener, self.site, stop, requests_grace).await;
        tracing::info!(
            grace_s = self.grace.as_secs(),
            "stopping: attempts under way may end"
        );
        let grace = self.grace.saturating_sub(requests_grace);
        self.running.stop(grace).await;
        tracing::info!("stopped");
    }
}

async fn open(access: &Access, given_key: Option<&str>) -> Result<FirstKey, Failure> {
    let opened = access.open(given_key).await;
    opened.map_err(|error| match error {
        FirstKeyError::Unfit => Failure::Usage(format!("POSTRIDER_ADMIN_KEY: {error}")),
        FirstKeyError::Store(error) => Failure::Failed(format!("the API keys cannot be read: {error}")),
    })
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), Failure> {
    let bound = TcpListener::bind(address).await;
    let bound = bound.and_then(|listener| listener.local_addr().map(|address| (listener, address)));
    bound.map_err(|error| Failure::Failed(format!("cannot listen on {address}: {error}")))
}
