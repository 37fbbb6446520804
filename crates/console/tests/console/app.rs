//! An installation of its own, with two accounts and something in each, and short methods that request pages.

mod contents;

pub use contents::TOKEN;
use contents::{describe_event_type, fill};

use postrider_model::By;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use postrider_access::{
    Access, AccessParts, ApiKeyDraft, CreatePortalLink, OpenLink, PortalLinkDraft, SignIn,
};
use postrider_configuration::{Configuration, ConfigurationParts};
use postrider_console::{Brand, Console, ConsoleParts, SystemFacts};
use postrider_docs::Docs;
use postrider_egress::EgressGuard;
use postrider_engine::carry::{Carriers, WebhookCarrier};
use postrider_engine::observe::Observer;
use postrider_engine::{Engine, EngineParts, EngineSettings, SystemClock};
use postrider_figures::{Figures, FiguresParts};
use postrider_model::{
    AccountId, ActionId, ApiKeyId, AutomationId, Clock, ConnectionId, Entropy, EventId, IdGenerator,
    Permission,
};
use postrider_signing::HeaderNames;
use postrider_signing::profile::{BuiltIn, SignatureProfiles};
use postrider_storage::Store;
use postrider_storage_sqlite::{SqliteOptions, SqliteStore};
use postrider_web::body_budget::BodyBudget;
use postrider_web::client::Client;

use super::docs::docs;
use super::emails::MailServer;
use crate::receivers::Thanks;

pub const KEY: &str = "an-admin-key-for-the-tests";

/// The address of every client.
pub const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// The lifetime of a customer's link.
const HOUR: Duration = Duration::from_secs(3_600);

/// An installation.
pub struct App {
    pub console: Console,
    pub configuration: Arc<Configuration>,
    pub engine: Arc<Engine>,
    pub access: Arc<Access>,
    pub key: ApiKeyId,
    /// Two accounts. The first is the customer's own.
    pub accounts: [Things; 2],
    _folder: tempfile::TempDir,
}

/// The contents of an account.
pub struct Things {
    pub account: AccountId,
    pub automation: AutomationId,
    pub event: EventId,
    pub delivery: String,
    pub secret: String,
    /// The action, which has its own key.
    pub action: ActionId,
    pub action_secret: String,
    pub connection: ConnectionId,
}

/// Somebody who is signed in.
pub struct Session {
    pub cookie: String,
    pub csrf: String,
}

impl App {
    pub async fn start() -> Self {
        Self::start_at(None).await
    }

    /// An installation with this public URL.
    pub async fn start_at(public_url: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> =
            Arc::new(SqliteStore::open_inline(folder.path(), SqliteOptions::default()).unwrap());
        let (clock, next): (Arc<dyn Clock>, _) = (Arc::new(SystemClock::new()), AtomicU8::new(0));
        let entropy = Entropy::new(move |bytes| bytes.fill(next.fetch_add(1, Ordering::Relaxed)));
        let ids = Arc::new(IdGenerator::new(entropy.number()));
        let configuration = Configuration::load(ConfigurationParts {
            store: Arc::clone(&store),
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
            entropy: entropy.clone(),
            guard: Arc::new(EgressGuard::new(Vec::new())),
            header_names: HeaderNames::new("Postrider"),
            sends_email: true,
            signature_profiles: SignatureProfiles::built_in(
                BuiltIn::Postrider,
                &HeaderNames::new("Postrider"),
            ),
        });
        let configuration = Arc::new(configuration.await.unwrap());
        let access = Arc::new(Access::new(AccessParts {
            store: Arc::clone(&store),
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
            entropy,
        }));
        access.open(Some(KEY)).await.unwrap();
        let figures = Figures::start(FiguresParts {
            store: Arc::clone(&store),
            clock: Arc::clone(&clock),
            retention: EngineSettings::default().retention,
        });
        let webhook = WebhookCarrier::new(Thanks, HeaderNames::new("Postrider"), Arc::clone(&clock));
        let (webhook, email) = (Arc::new(webhook), Arc::new(MailServer));
        let carriers = Carriers { webhook, email };
        let engine = Engine::start(EngineParts {
            store,
            observer: Arc::clone(&figures) as Arc<dyn Observer>,
            carriers,
            configuration: Arc::clone(&configuration),
            clock,
            ids,
            followers: Vec::new(),
            settings: EngineSettings::default(),
        })
        .await
        .unwrap();
        let console = console(&engine, &configuration, figures, &access, public_url);
        describe_event_type(&configuration).await;
        let accounts = [fill(&engine, "Acme").await, fill(&engine, "Globex").await];
        let mut app = Self {
            key: access.api_keys().await.unwrap()[0].id,
            console,
            engine,
            configuration,
            access,
            accounts,
            _folder: folder,
        };
        let operator = app.operator().await;
        for which in 0..app.accounts.len() {
            let delivery = app.delivery_on_page(which, &operator).await;
            app.accounts[which].delivery = delivery;
        }
        app
    }

    /// A session of an operator.
    pub async fn operator(&self) -> Session {
        self.signed_in(KEY, "/").await
    }

    /// A session of staff whose key has these permissions for all accounts.
    pub async fn staff(&self, permissions: &[Permission]) -> Session {
        let draft = ApiKeyDraft {
            name: "Staff".to_owned(),
            permissions: permissions.to_vec(),
            account: None,
            expires_at: None,
        };
        let (_, shown) = self.access.create_api_key(&By::NODE, draft).await.unwrap();
        self.signed_in(shown.expose(), "/").await
    }

    async fn signed_in(&self, key: &str, page: &str) -> Session {
        match self.access.sign_in(&By::NODE, key).await.unwrap() {
            SignIn::Begun(token, _) => self.session(token.expose(), page).await,
            other => panic!("{other:?}"),
        }
    }

    /// A session of the first account's customer.
    pub async fn customer(&self, read_only: bool) -> Session {
        let own = self.accounts[0].account;
        let draft = PortalLinkDraft {
            account: own,
            read_only,
            theme: None,
            lifetime: HOUR,
        };
        let CreatePortalLink::Created(link, _) = self
            .access
            .create_portal_link(&By::NODE, draft, None)
            .await
            .unwrap()
        else {
            panic!("no link was created");
        };
        let first = format!("/accounts/{own}/automations");
        match self.access.open_link(&By::NODE, link.expose()).await.unwrap() {
            OpenLink::Begun(token, _) => self.session(token.expose(), &first).await,
            other => panic!("{other:?}"),
        }
    }

    async fn session(&self, token: &str, page: &str) -> Session {
        let cookie = format!("postrider_session={token}");
        let page = text(self.get(page, Some(&cookie)).await).await;
        let (_, rest) = page.split_once("name=\"csrf\" value=\"").unwrap();
        let csrf = rest.split('"').next().unwrap().to_owned();
        Session { cookie, csrf }
    }

    /// A route's address in one of the accounts.
    pub fn path(&self, route: &str, which: usize) -> String {
        let things = &self.accounts[which];
        route
            .replace("{account}", &things.account.to_string())
            .replace("{automation}", &things.automation.to_string())
            .replace("{action}", &things.action.to_string())
            .replace("{event}", &things.event.to_string())
            .replace("{delivery}", &things.delivery)
            .replace("{connection}", &things.connection.to_string())
            .replace("{key}", &self.key.to_string())
    }

    pub async fn get(&self, path: &str, cookie: Option<&str>) -> Response {
        self.send(Method::GET, path, cookie, &[], "").await
    }

    pub async fn post(&self, path: &str, cookie: Option<&str>, form: &str) -> Response {
        self.send(Method::POST, path, cookie, &[], form).await
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        cookie: Option<&str>,
        headers: &[(&str, &str)],
        form: &str,
    ) -> Response {
        let client = Client::direct(PEER);
        self.send_as(client, method, path, cookie, headers, form).await
    }

    pub async fn send_as(
        &self,
        client: Client,
        method: Method,
        path: &str,
        cookie: Option<&str>,
        headers: &[(&str, &str)],
        form: &str,
    ) -> Response {
        let mut request = Request::builder()
            .method(&method)
            .uri(path)
            .header("host", "127.0.0.1");
        if let Some(cookie) = cookie {
            request = request.header("cookie", cookie);
        }
        if method == Method::POST {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(form.to_owned())).unwrap();
        self.console.handle(request, client).await
    }

    /// Everything that forms can change, as text.
    pub async fn state(&self) -> String {
        let operator = self.operator().await;
        let mut state = String::new();
        for (which, things) in self.accounts.iter().enumerate() {
            let entry = self.configuration.entry(things.account).await.unwrap();
            state += &format!("{:?}\n", entry.map(|entry| format!("{:?}", entry.config)));
            let path = self.path("/accounts/{account}/deliveries", which);
            let page = text(self.get(&path, Some(&operator.cookie)).await).await;
            state += &format!("{} deliveries\n", page.matches("<tr").count());
        }
        for (path, each) in [
            ("/api-keys", "/remove\""),
            ("/accounts", "<tr"),
            ("/event-types", "<tr"),
        ] {
            let page = text(self.get(path, Some(&operator.cookie)).await).await;
            state += &format!("{path}: {}\n", page.matches(each).count());
        }
        state
    }

    async fn delivery_on_page(&self, which: usize, operator: &Session) -> String {
        let path = self.path("/accounts/{account}/deliveries", which);
        let page = text(self.get(&path, Some(&operator.cookie)).await).await;
        let (_, rest) = page.split_once("/deliveries/dlv_").unwrap();
        let id: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
        format!("dlv_{id}")
    }
}

/// The body of a response, without the places where a line may break.
pub async fn text(response: Response) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap().replace("<wbr>", "")
}

/// Whether the page does not exist.
pub fn is_missing(response: &Response) -> bool {
    response.status() == StatusCode::NOT_FOUND
}

fn console(
    engine: &Arc<Engine>,
    configuration: &Arc<Configuration>,
    figures: Arc<Figures>,
    access: &Arc<Access>,
    public_url: Option<&str>,
) -> Console {
    Console::new(ConsoleParts {
        engine: Arc::clone(engine),
        configuration: Arc::clone(configuration),
        figures,
        access: Arc::clone(access),
        people: None,
        signs_in_by_key: true,
        body_budget: Arc::new(BodyBudget::for_bodies_of(1024 * 1024)),
        brand: Brand {
            product: "Postrider".to_owned(),
            accent: [0x1a, 0x55, 0xc4],
            logo: None,
        },
        frame_sources: "'none'".to_owned(),
        is_framed: false,
        public_url: public_url.map(str::to_owned),
        system: SystemFacts {
            version: "0",
            store: "a folder".to_owned(),
            settings: Vec::new(),
        },
        docs: Some(Docs::new(docs)),
    })
}
