//! An engine on virtual time: tokio's paused clock, scripted receivers, and the real SQLite store run inline.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use postrider_egress::{EgressGuard, SystemResolver};
use postrider_engine::transport::{Request, Response, Transport};
use postrider_engine::{Accepted, Engine, EngineParts, EngineSettings, Submission};
use postrider_model::{
    Account, AccountId, Action, ActionId, Automation, AutomationId, BodyContent, BodyStyle, Clock, Delivery,
    DeliveryStatus, Entropy, Outcome, SendWebhook, SigningKey, SigningKeyId, Timestamp, Trigger,
};
use postrider_storage::{DeliveryFilter, DeliveryKey, PageRequest, Store};
use postrider_storage_sqlite::{Execution, SqliteOptions, SqliteStore};
use tokio::time::Instant;

/// 2026-01-01T00:00:00Z, where virtual time begins.
pub const START_MS: i64 = 1_767_225_600_000;

/// The paused clock of the test's runtime. Steps move what [`Clock::wall`] says.
pub struct VirtualClock {
    began: Instant,
    offset_ms: i64,
}

impl VirtualClock {
    pub fn new(offset_ms: i64) -> Self {
        Self {
            began: Instant::now(),
            offset_ms,
        }
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_ms(START_MS + self.offset_ms).after(self.began.elapsed())
    }

    fn wall(&self) -> Timestamp {
        self.now()
    }

    fn monotonic(&self) -> Duration {
        self.began.elapsed()
    }
}

/// A request as a receiver saw it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Milliseconds since [`START_MS`].
    pub at_ms: i64,
    pub request: Request,
}

impl Seen {
    pub fn header(&self, name: &str) -> &str {
        let found = self
            .request
            .headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }
}

type Script = Box<dyn Fn(&Request, usize) -> (Duration, Response) + Send + Sync>;

/// Receivers that follow a script: given the request and how many came to its URL before.
pub struct Receivers {
    clock: Arc<VirtualClock>,
    script: Script,
    pub seen: Mutex<Vec<Seen>>,
}

#[async_trait]
impl Transport for Receivers {
    async fn send(&self, request: &Request) -> Response {
        let (delay, answer) = {
            let mut seen = self.seen.lock();
            let before = seen.iter().filter(|seen| seen.request.url == request.url).count();
            let at_ms = self.clock.now().unix_ms() - START_MS;
            let (delay, answer) = (self.script)(request, before);
            seen.push(Seen {
                at_ms,
                request: request.clone(),
            });
            (delay, answer)
        };
        if delay > request.timeout {
            tokio::time::sleep(request.timeout).await;
            return refused(Outcome::Timeout);
        }
        tokio::time::sleep(delay).await;
        answer
    }
}

/// An answer with this status.
pub fn status(code: u16) -> Response {
    let ok = (200..300).contains(&code);
    Response {
        outcome: if ok {
            Outcome::Succeeded
        } else {
            Outcome::BadStatus
        },
        status_code: Some(code),
        error: None,
        headers: vec![("Server".to_owned(), "test".to_owned())],
        body: Bytes::from_static(b"ok"),
        truncated: false,
        retry_after: None,
    }
}

/// No answer, for this reason.
pub fn refused(outcome: Outcome) -> Response {
    Response {
        outcome,
        status_code: None,
        error: Some("scripted".to_owned()),
        headers: Vec::new(),
        ..status(200)
    }
}

/// One run of a node over a data folder.
pub struct Node {
    pub engine: Arc<Engine>,
    pub receivers: Arc<Receivers>,
}

impl Node {
    /// Starts a node whose time begins `offset_ms` after [`START_MS`].
    pub async fn start(
        folder: &std::path::Path,
        offset_ms: i64,
        settings: EngineSettings,
        script: impl Fn(&Request, usize) -> (Duration, Response) + Send + Sync + 'static,
    ) -> Self {
        Self::start_on(Execution::Inline, folder, offset_ms, settings, script).await
    }

    /// The same, with a store that runs so.
    pub async fn start_on(
        execution: Execution,
        folder: &std::path::Path,
        offset_ms: i64,
        settings: EngineSettings,
        script: impl Fn(&Request, usize) -> (Duration, Response) + Send + Sync + 'static,
    ) -> Self {
        let options = SqliteOptions {
            execution,
            ..SqliteOptions::default()
        };
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(folder, options).unwrap());
        let clock = Arc::new(VirtualClock::new(offset_ms));
        let receivers = Arc::new(Receivers {
            clock: Arc::clone(&clock),
            script: Box::new(script),
            seen: Mutex::default(),
        });
        let parts = EngineParts {
            store,
            transport: Arc::clone(&receivers) as Arc<dyn Transport>,
            guard: Arc::new(EgressGuard::new(Vec::new())),
            resolver: Arc::new(SystemResolver::new()),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            entropy: Entropy::new(|bytes| bytes.fill(7)),
            settings,
        };
        Self {
            engine: Engine::start(parts).await.unwrap(),
            receivers,
        }
    }

    /// An account whose automation on `proposal.*` sends to `urls`.
    pub async fn account(&self, urls: &[&str]) -> Fixture {
        let now = self.engine.clock().now();
        let id = self.engine.ids().account(now);
        let account = Account {
            id,
            uid: None,
            name: "Acme".to_owned(),
            metadata: "{}".to_owned(),
            retry_delays: None,
            created_at: now,
            updated_at: now,
            version: 0,
        };
        let key = key(self.engine.ids().signing_key(now), self, now);
        self.engine
            .directory()
            .create_account(account, key)
            .await
            .unwrap();
        let actions: Vec<Action> = urls
            .iter()
            .map(|url| action(self.engine.ids().action(now), url))
            .collect();
        let automation = Automation {
            id: self.engine.ids().automation(now),
            name: "On proposals".to_owned(),
            enabled: true,
            trigger: Trigger {
                event_types: vec!["proposal.*".parse().unwrap()],
            },
            actions,
            retry_delays: None,
            created_at: now,
            updated_at: now,
            version: 0,
        };
        self.engine
            .directory()
            .create_automation(id, automation.clone())
            .await
            .unwrap();
        Fixture {
            account: id,
            automation: automation.id,
        }
    }

    pub async fn accept(&self, account: AccountId) -> Accepted {
        let submission = Submission {
            event_type: "proposal.accepted".parse().unwrap(),
            data: Bytes::from_static(br#"{"total":10}"#),
            id: None,
            occurred_at: None,
            idempotency_key: None,
        };
        self.engine
            .accept(account, vec![submission])
            .await
            .unwrap()
            .remove(0)
            .unwrap()
    }

    pub async fn deliveries(&self, account: AccountId) -> Vec<Delivery> {
        let page = PageRequest {
            limit: 250,
            after: None,
        };
        self.engine
            .store()
            .deliveries(account, &DeliveryFilter::default(), page)
            .await
            .unwrap()
            .items
    }

    /// Waits until no delivery of the account is pending; virtual time passes by itself.
    pub async fn settled(&self, account: AccountId) -> Vec<Delivery> {
        for _ in 0..1_000_000 {
            let deliveries = self.deliveries(account).await;
            if deliveries
                .iter()
                .all(|delivery| delivery.progress.status != DeliveryStatus::Pending)
            {
                return deliveries;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        panic!("deliveries of {account} never settled");
    }

    /// When requests came to `url`, in milliseconds of virtual time.
    pub fn times(&self, url: &str) -> Vec<i64> {
        let seen = self.receivers.seen.lock();
        seen.iter()
            .filter(|seen| seen.request.url == url)
            .map(|seen| seen.at_ms)
            .collect()
    }

    /// Milliseconds since [`START_MS`].
    pub fn clock_ms(&self) -> i64 {
        self.engine.clock().now().unix_ms() - START_MS
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.receivers.seen.lock().clone()
    }
}

pub struct Fixture {
    pub account: AccountId,
    pub automation: AutomationId,
}

impl Fixture {
    pub fn key(&self, delivery: &Delivery) -> DeliveryKey {
        DeliveryKey {
            account: self.account,
            delivery: delivery.id,
        }
    }
}

pub fn key(id: SigningKeyId, node: &Node, now: Timestamp) -> SigningKey {
    SigningKey {
        id,
        secret: node.engine.new_secret(),
        created_at: now,
        expires_at: None,
    }
}

pub fn action(id: ActionId, url: &str) -> Action {
    let send = SendWebhook {
        url: url.to_owned(),
        content: BodyContent::Envelope,
        style: BodyStyle::Js,
        headers: Vec::new(),
        timeout_s: None,
    };
    Action {
        id,
        enabled: true,
        disabled_reason: None,
        send,
    }
}

/// A data folder that goes away with its handle: in memory where the system offers that, as the simulated crashes are of
/// processes, not of machines, and a fsync each would be most of the time spent.
pub fn folder() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory).unwrap()
    } else {
        tempfile::tempdir().unwrap()
    }
}

/// Runs `test` on a fresh single-threaded runtime with paused time: one life of a process. Returning drops every task,
/// as a kill does.
pub fn life<F: Future>(test: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(test)
}

/// A [`life`] whose time passes as it does: virtual time would run ahead of a store with threads of its own.
pub fn life_beside_threads<F: Future>(test: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(test)
}
