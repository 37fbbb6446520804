//! What pages work with.

use std::sync::Arc;

use http::HeaderMap;
use postrider_configuration::Configuration;
use postrider_engine::{ApiKeys, Engine};
use postrider_model::Timestamp;
use tokio::sync::watch;

use crate::assets::Assets;
use crate::brand::Brand;
use crate::live::LivePlaces;
use crate::system::SystemFacts;
use crate::visitor::cookie::Scope;
use crate::visitor::limit::SignInLimit;

/// The shared state.
pub type App = Arc<Shared>;

/// What pages work with.
pub struct Shared {
    /// The engine, and through it the store and the clock.
    pub engine: Arc<Engine>,
    /// Accounts, automations, keys and event types.
    pub configuration: Arc<Configuration>,
    /// The keys of the API, which sign in the operator's staff.
    pub keys: Arc<ApiKeys>,
    /// The installation's name, colour and logo.
    pub brand: Brand,
    /// Where people reach the console, where the operator said so.
    pub public_url: Option<String>,
    /// Whether other sites may frame the console.
    pub is_framed: bool,
    /// For the page *System*.
    pub system: SystemFacts,
    /// Style sheets and modules.
    pub assets: Assets,
    /// How often somebody may try to sign in.
    pub sign_in_limit: SignInLimit,
    /// How many pages may be live at the same time.
    pub live: LivePlaces,
    /// Turns true when the node stops: answers that do not end by themselves end then.
    pub stopping: watch::Receiver<bool>,
}

impl Shared {
    /// Now.
    pub fn now(&self) -> Timestamp {
        self.engine.clock().now()
    }

    /// How cookies are sent to whoever sent these headers. `is_customers`: the cookie is a customer's, who may see the
    /// page in a frame of the company's own product.
    pub fn cookie_scope(&self, headers: &HeaderMap, is_customers: bool) -> Scope {
        let secure = self
            .public_url
            .as_ref()
            .is_some_and(|url| url.starts_with("https://"));
        // Browsers take a loopback address for as safe as https.
        if is_customers && self.is_framed && (secure || is_loopback(headers)) {
            Scope::Framed
        } else {
            Scope::Own { secure }
        }
    }

    /// Where this console is reached, as far as the request tells: for links that are handed out.
    pub fn base_url(&self, headers: &HeaderMap) -> String {
        match &self.public_url {
            Some(url) => url.clone(),
            None => format!("http://{}", host(headers).unwrap_or("localhost")),
        }
    }
}

fn host(headers: &HeaderMap) -> Option<&str> {
    let host = headers.get(http::header::HOST)?.to_str().ok()?;
    host.parse::<http::uri::Authority>().is_ok().then_some(host)
}

fn is_loopback(headers: &HeaderMap) -> bool {
    let authority = host(headers).and_then(|host| host.parse::<http::uri::Authority>().ok());
    authority.is_some_and(|authority| {
        let host = authority.host().trim_matches(['[', ']']);
        host == "localhost"
            || host
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    })
}
