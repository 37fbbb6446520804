//! An engine on virtual time: tokio's paused clock, scripted receivers, and the real SQLite store run inline.

mod clock;
mod mailing;
mod receivers;

use postrider_model::By;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use postrider_configuration::{
    AccountDraft, ActionDraft, AutomationDraft, Configuration, ConfigurationParts, DoesDraft,
    SendWebhookDraft,
};
use postrider_egress::{ClientSettings, EgressGuard, Hosts, Request, Response};
use postrider_engine::carry::Carrier;
use postrider_engine::observe::Observer;
use postrider_engine::{Accepted, Carriers, Engine, EngineParts, EngineSettings, Submission, WebhookCarrier};
use postrider_figures::{Figures, FiguresParts};
use postrider_model::{
    AccountId, AutomationId, Clock, Delivery, DeliveryStatus, Entropy, IdGenerator, SendWebhook,
};
use postrider_signing::HeaderNames;
use postrider_signing::profile::{BuiltIn, SignatureProfiles};
use postrider_storage::{DeliveryFilter, DeliveryKey, PageRequest, Store};
use postrider_storage_sqlite::{SqliteOptions, SqliteStore};

pub use clock::{START_MS, VirtualClock};
use mailing::without_mail;
pub use receivers::{Receivers, Seen, refused, status};

/// Who asks for changes.
pub static BY: By = By::NODE;

/// A store whose work runs on the calling thread.
pub fn inline(folder: &std::path::Path) -> Arc<dyn Store> {
    Arc::new(SqliteStore::open_inline(folder, SqliteOptions::default()).unwrap())
}

/// The same, treated as a store that other nodes use as well.
pub fn shared(folder: &std::path::Path) -> Arc<dyn Store> {
    let store = SqliteStore::open_inline(folder, SqliteOptions::default());
    Arc::new(store.unwrap().as_shared())
}

/// A store with threads of its own, as in production.
pub fn threaded(folder: &std::path::Path) -> Arc<dyn Store> {
    Arc::new(SqliteStore::open(folder, SqliteOptions::default()).unwrap())
}

/// One run of a node over a data folder.
pub struct Node {
    pub engine: Arc<Engine>,
    pub configuration: Arc<Configuration>,
    pub figures: Arc<Figures>,
    pub store: Arc<dyn Store>,
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
        Self::start_over(inline(folder), offset_ms, settings, script).await
    }

    /// Like [`Self::start`], but over this store.
    pub async fn start_over(
        store: Arc<dyn Store>,
        offset_ms: i64,
        settings: EngineSettings,
        script: impl Fn(&Request, usize) -> (Duration, Response) + Send + Sync + 'static,
    ) -> Self {
        let per_host_max = ClientSettings::default().in_flight_per_host_max;
        Self::start_bounded(store, offset_ms, settings, per_host_max, script).await
    }

    /// Does the same with at most `per_host_max` requests under way to one host.
    pub async fn start_bounded(
        store: Arc<dyn Store>,
        offset_ms: i64,
        settings: EngineSettings,
        per_host_max: usize,
        script: impl Fn(&Request, usize) -> (Duration, Response) + Send + Sync + 'static,
    ) -> Self {
        let clock = Arc::new(VirtualClock::new(offset_ms));
        let receivers = Arc::new(Receivers {
            clock: Arc::clone(&clock),
            script: Box::new(script),
            hosts: Hosts::new(per_host_max),
            seen: Mutex::default(),
        });
        let webhook = WebhookCarrier::new(
            Arc::clone(&receivers),
            HeaderNames::new("Postrider"),
            Arc::clone(&clock) as Arc<dyn Clock>,
        );
        let carriers = without_mail(Arc::new(webhook), &clock);
        Self::start_with(store, clock, settings, receivers, carriers).await
    }

    /// Starts a node that passes its webhooks to this carrier instead of sending them over HTTP.
    pub async fn start_carrying(folder: &std::path::Path, webhook: impl Carrier<SendWebhook>) -> Self {
        let store = inline(folder);
        let clock = Arc::new(VirtualClock::new(0));
        let receivers = Arc::new(Receivers {
            clock: Arc::clone(&clock),
            script: Box::new(|_, _| unreachable!("nothing goes over HTTP")),
            hosts: Hosts::new(1),
            seen: Mutex::default(),
        });
        let settings = EngineSettings::default();
        let carriers = without_mail(Arc::new(webhook), &clock);
        Self::start_with(store, clock, settings, receivers, carriers).await
    }

    async fn start_with(
        store: Arc<dyn Store>,
        clock: Arc<VirtualClock>,
        settings: EngineSettings,
        receivers: Arc<Receivers>,
        carriers: Carriers,
    ) -> Self {
        let entropy = Entropy::new(|bytes| bytes.fill(7));
        let ids = Arc::new(IdGenerator::new(entropy.number()));
        let configuration = Configuration::load(ConfigurationParts {
            store: Arc::clone(&store),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
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
        let figures = Figures::start(FiguresParts {
            store: Arc::clone(&store),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            retention: settings.retention,
        });
        let parts = EngineParts {
            store: Arc::clone(&store),
            observer: Arc::clone(&figures) as Arc<dyn Observer>,
            carriers,
            configuration: Arc::clone(&configuration),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            ids,
            followers: Vec::new(),
            settings,
        };
        Self {
            engine: Engine::start(parts).await.unwrap(),
            configuration,
            figures,
            store,
            receivers,
        }
    }

    /// Creates an account whose automation on `proposal.*` sends to `urls`.
    pub async fn account(&self, urls: &[&str]) -> Fixture {
        let account = AccountDraft {
            uid: None,
            name: "Acme".to_owned(),
            metadata: None,
            retry_delays_s: None,
        };
        let account = self.configuration.create_account(&BY, account).await.unwrap().id;
        self.automation(account, urls).await
    }

    /// Creates an automation on `proposal.*` that sends to `urls`.
    pub async fn automation(&self, account: AccountId, urls: &[&str]) -> Fixture {
        let automation = AutomationDraft {
            uid: None,
            name: "On proposals".to_owned(),
            description: String::new(),
            metadata: None,
            enabled: true,
            event_types: vec!["proposal.*".to_owned()],
            conditions: None,
            actions: urls.iter().map(|url| action(url)).collect(),
            retry_delays_s: None,
        };
        let automation = self.configuration.create_automation(&BY, account, automation);
        Fixture {
            account,
            automation: automation.await.unwrap().id,
        }
    }

    /// Changes the automation of `fixture`.
    pub async fn edit(&self, fixture: &Fixture, change: impl FnOnce(&mut AutomationDraft)) {
        let (account, automation) = (fixture.account, fixture.automation);
        let current = self.configuration.automation(account, automation).await;
        let current = current.unwrap().unwrap();
        let mut edited = AutomationDraft::of(&current);
        change(&mut edited);
        let saved = self
            .configuration
            .update_automation(&BY, account, current, edited);
        saved.await.unwrap();
    }

    pub async fn accept(&self, account: AccountId) -> Accepted {
        let submission = Submission::new(
            "proposal.accepted".parse().unwrap(),
            Bytes::from_static(br#"{"total":10}"#),
        );
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
        self.store
            .deliveries(account, &DeliveryFilter::default(), page)
            .await
            .unwrap()
            .items
    }

    /// Counts the account's deliveries with this status, over all pages.
    pub async fn count(&self, account: AccountId, status: DeliveryStatus) -> usize {
        let filter = DeliveryFilter {
            status: Some(status),
            ..DeliveryFilter::default()
        };
        let (mut count, mut after) = (0, None);
        loop {
            let page = PageRequest { limit: 250, after };
            let store = &self.store;
            let page = store.deliveries(account, &filter, page).await.unwrap();
            count += page.items.len();
            after = page.next;
            if after.is_none() {
                return count;
            }
        }
    }

    /// Waits until no delivery of the account is pending; virtual time passes by itself.
    pub async fn wait_until_settled(&self, account: AccountId) -> Vec<Delivery> {
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

    /// When requests to `url` arrived, in milliseconds of virtual time.
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

/// An event of this type with empty data.
pub fn submission(event_type: &str) -> Submission {
    Submission::new(event_type.parse().unwrap(), Bytes::from_static(b"{}"))
}

/// Accepts this many events at once.
pub async fn accept_many(node: &Node, fixture: &Fixture, events: usize) {
    for begin in (0..events).step_by(500) {
        let count = (events - begin).min(500);
        let submissions = std::iter::repeat_n(submission("proposal.accepted"), count).collect();
        node.engine.accept(fixture.account, submissions).await.unwrap();
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

/// A new action that posts envelopes to `url`.
pub fn action(url: &str) -> ActionDraft {
    ActionDraft::new(DoesDraft::SendWebhook(SendWebhookDraft::to(url)))
}

/// The webhook that an action sends.
pub fn webhook(action: &mut ActionDraft) -> &mut SendWebhookDraft {
    let DoesDraft::SendWebhook(webhook) = &mut action.does else {
        panic!("a webhook");
    };
    webhook
}

/// A data folder that is deleted with its handle. It is in memory if the system has `/dev/shm`: the simulated
/// crashes are of processes, not of machines, and the fsyncs would take most of the time.
pub fn folder() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory).unwrap()
    } else {
        tempfile::tempdir().unwrap()
    }
}

/// Runs `test` on a fresh single-threaded runtime with paused time: one life of a process. Returning drops
/// every task, as a kill does.
pub fn life<F: Future>(test: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(test)
}

/// A [`life`] in which `test` is polled after each step of any other task, so that it can end the life at any
/// of them. Such a test passes the time itself.
pub fn life_in_small_steps<F: Future>(test: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .event_interval(1)
        .build()
        .unwrap();
    runtime.block_on(test)
}

/// A [`life`] in real time, because virtual time would run ahead of a store with threads of its own.
pub fn life_beside_threads<F: Future>(test: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(test)
}
