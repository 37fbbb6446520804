//! A node, from its settings to its end.

use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::time::Duration;

use postrider_api::{Api, ApiState};
use postrider_engine::{AdminKey, ApiKeys, Engine, ensure_admin_key};
use postrider_figures::Figures;
use postrider_model::Visitor;
use postrider_storage::Store;
use tokio::net::TcpListener;
use tokio::sync::watch;

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

/// The pause before keys that could not be read are read again.
const KEYS_RETRY: Duration = Duration::from_secs(1);

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
    admin_key: AdminKey,
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
    /// The key comes last: one that is made can be shown this once, and must not be lost to a port that is
    /// taken. Until the node is run, connections wait.
    pub async fn start(settings: &Settings, secrets: Secrets<'_>) -> Result<Self, Failure> {
        let (listener, address) = bind(settings.listen).await?;
        let metrics = metrics::install();
        let store = store::open(settings, secrets.database_password).await?;
        let running = engine::start(settings, store).await?;
        let (admin_key, keys) = match keys(&running.engine, secrets.admin_key).await {
            Ok(keys) => keys,
            Err(failure) => {
                running.stop(Duration::ZERO).await;
                return Err(failure);
            }
        };
        let keys = Arc::new(keys);
        let console = console::console(settings, &running, &keys)?;
        tokio::spawn(follow_keys(
            running.engine.api_keys_changes(),
            Arc::downgrade(running.engine.store()),
            Arc::clone(&keys),
        ));
        let state = ApiState {
            engine: Arc::clone(&running.engine),
            configuration: Arc::clone(&running.configuration),
            figures: Arc::clone(&running.figures),
            keys,
            public_url: settings.public_url.as_ref().map(|url| url.as_str().into()),
            metrics: Arc::new(metrics::Exposition::new(metrics, Arc::clone(&running.engine))),
        };
        let grace = settings.shutdown_grace.get();
        Ok(Self {
            running,
            admin_key,
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

    /// Where the admin key came from.
    pub fn admin_key(&self) -> &AdminKey {
        &self.admin_key
    }

    /// A link that signs a person of the operator's staff in to the console, once, within [`FIRST_LINK`].
    pub async fn sign_in_link(&self) -> Result<String, Failure> {
        let made = self
            .running
            .engine
            .sign_in()
            .make_one_time_link(Visitor::Operator, FIRST_LINK)
            .await;
        let made = made.map_err(|error| Failure::Failed(format!("no link to sign in with: {error}")))?;
        let (token, _) = made.ok_or_else(|| Failure::Failed("no link to sign in with".to_owned()))?;
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

async fn keys(engine: &Engine, given_key: Option<&str>) -> Result<(AdminKey, ApiKeys), Failure> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).expect("the system has had randomness since it started");
    let store = &**engine.store();
    let admin_key = ensure_admin_key(store, given_key, random, engine.clock().now()).await;
    let admin_key = admin_key.map_err(|error| match given_key {
        Some(_) => Failure::Usage(format!("POSTRIDER_ADMIN_KEY: {error}")),
        None => Failure::Failed(error.to_string()),
    })?;
    let keys = ApiKeys::load(store).await;
    Ok((
        admin_key,
        keys.map_err(|error| Failure::Failed(error.to_string()))?,
    ))
}

/// Reads the keys again whenever another node may have changed them, for as long as the engine lives. It
/// keeps neither the engine nor the store alive.
async fn follow_keys(mut changes: watch::Receiver<()>, store: Weak<dyn Store>, keys: Arc<ApiKeys>) {
    while changes.changed().await.is_ok() {
        while let Some(store) = store.upgrade()
            && let Err(error) = keys.reload(&*store).await
        {
            drop(store);
            tracing::warn!(%error, "the API keys could not be read again; trying again");
            tokio::time::sleep(KEYS_RETRY).await;
        }
    }
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), Failure> {
    let bound = TcpListener::bind(address).await;
    let bound = bound.and_then(|listener| listener.local_addr().map(|address| (listener, address)));
    bound.map_err(|error| Failure::Failed(format!("cannot listen on {address}: {error}")))
}
