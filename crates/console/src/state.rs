//! The state that all handlers share.

use std::sync::Arc;

use postrider_access::{Access, People};
use postrider_configuration::Configuration;
use postrider_docs::Docs;
use postrider_engine::Engine;
use postrider_figures::{Figures, Rooms};
use postrider_model::Timestamp;
use postrider_web::body_budget::BodyBudget;
use postrider_web::host::RequestHost;
use postrider_web::path_prefix::PathPrefix;
use tokio::sync::{Semaphore, watch};

use crate::assets::Assets;
use crate::brand::Brand;
use crate::live::LiveSlots;
use crate::refusal::Refusal;
use crate::system::SystemFacts;
use crate::visitor::cookie::{Pages, Place, Scope};
use crate::visitor::limit::ClientLimit;

/// The shared state.
pub type App = Arc<Shared>;

/// The parts of the console that handlers use.
pub struct Shared {
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
    /// The public URL of the console, if the operator set one.
    pub public_url: Option<String>,
    /// The path of the public URL.
    pub prefix: PathPrefix,
    /// Whether other sites may frame the console.
    pub is_framed: bool,
    /// For the page *System*.
    pub system: SystemFacts,
    /// The documentation, if everybody may read it.
    pub docs: Option<Docs>,
    /// Style sheets and modules.
    pub assets: Assets,
    /// The limit on failed sign-ins.
    pub sign_in_limit: ClientLimit,
    /// The limit on sign-ins that make us ask the identity provider.
    pub provider_limit: ClientLimit,
    /// Room for requests whose signatures are judged, by account.
    pub diagnosed: Arc<Rooms>,
    /// The turns of those.
    pub diagnoses: Arc<Semaphore>,
    /// The limit on live parts of pages.
    pub live: LiveSlots,
    /// Turns `true` when the node stops; streams that have no end of their own then end.
    pub stopping: watch::Receiver<bool>,
}

impl Shared {
    /// Now.
    pub fn now(&self) -> Timestamp {
        self.engine.clock().now()
    }

    /// How to send cookies in the response to a request for this host. `is_customers`: whether the cookie
    /// belongs to a customer, who may see the page in a frame of the company's own product.
    pub fn cookie_scope(&self, host: &RequestHost, is_customers: bool) -> Scope<'_> {
        let place = self.place(host.is_https());
        let is_framed = is_customers && self.is_framed && (place.is_https || host.is_loopback());
        Scope {
            pages: if is_framed { Pages::Framed } else { Pages::Own },
            place,
        }
    }

    /// Where browsers reach the console: over https as `public_url` says or, without one, a trusted proxy
    /// (`client_is_https`).
    pub fn place(&self, client_is_https: bool) -> Place<'_> {
        Place {
            is_https: match &self.public_url {
                Some(url) => url.starts_with("https://"),
                None => client_is_https,
            },
            path: self.prefix.as_str(),
        }
    }

    /// The start of links to this console. An unusable host is an error, because people follow these links.
    pub fn base_url(&self, host: &RequestHost) -> Result<String, Refusal> {
        host.base_url(self.public_url.as_deref())
            .ok_or(Refusal::UnusableHost)
    }
}
