//! Carries a plan out, and checks the promises.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use postrider_configuration::{AccountDraft, ActionDraft, AutomationDraft, DoesDraft, SendWebhookDraft};
use postrider_engine::Submission;
use postrider_model::{AccountId, AutomationId, DeliveryStatus};
use postrider_storage::{DeliveryFilter, DeliveryKey, PageRequest, Store};
use postrider_storage_sqlite::{SqliteOptions, SqliteStore};
use tokio::time::{Instant, sleep, timeout};

use crate::book::Book;
use crate::link::{Link, Shared};
use crate::node::{Node, NodeClock, World, true_time, url};
use crate::plan::{Does, Outage, Plan};
use crate::receivers::{Kind, Receiver};
use crate::rng::Rng;

/// How long a caller waits before it gives up.
const CALLER_WAITS: Duration = Duration::from_secs(15);

/// How long after the end of all trouble everything has to be settled: two schedules, a pause of two minutes
/// and a lease.
const CALM: Duration = Duration::from_secs(1_200);

/// How long a lane may remember its receiver.
const MEMORY: Duration = Duration::from_secs(1_300);

/// What a storm found.
#[derive(Debug, Default)]
pub struct Found {
    pub violations: Vec<String>,
    pub requests: usize,
    pub events: usize,
}

/// Carries the plan out in virtual time.
pub fn run(plan: &Plan) -> Found {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let mut storm = Storm::begin(plan).await;
        for step in &plan.steps {
            storm.restart_the_dead().await;
            storm.carry_out(&step.does).await;
            sleep(step.pause).await;
        }
        storm.end().await
    })
}

struct Storm<'a> {
    plan: &'a Plan,
    began: Instant,
    shared: Arc<Shared>,
    world: Arc<World>,
    book: Arc<Mutex<Book>>,
    /// Each node, or when it starts again.
    nodes: Vec<Machine>,
    accounts: Vec<Customer>,
    _folder: tempfile::TempDir,
}

/// A machine and the node that runs on it.
struct Machine {
    node: Option<Node>,
    starts_at: Instant,
    down: Duration,
    step_ms: i64,
}

/// An account as its owner knows it.
struct Customer {
    id: AccountId,
    automation: Option<AutomationId>,
    generation: usize,
}

impl<'a> Storm<'a> {
    async fn begin(plan: &'a Plan) -> Self {
        let began = Instant::now();
        let folder = folder();
        let store = SqliteStore::open_inline(folder.path(), SqliteOptions::default()).expect("a store");
        let store: Arc<dyn Store> = match plan.nodes {
            1 => Arc::new(store),
            _ => Arc::new(store.as_shared_by(Arc::new(move || true_time(began)))),
        };
        let receivers = plan
            .accounts
            .iter()
            .map(|count| (0..*count).map(|_| Receiver::new()).collect());
        let mut storm = Self {
            plan,
            began,
            shared: Arc::new(Shared {
                store,
                changes: Mutex::default(),
            }),
            world: Arc::new(World {
                receivers: Mutex::new(receivers.collect()),
                rng: Mutex::new(Rng::new(plan.seed, 2)),
            }),
            book: Arc::default(),
            nodes: Vec::new(),
            accounts: Vec::new(),
            _folder: folder,
        };
        for _ in 0..plan.nodes {
            storm.nodes.push(Machine {
                node: None,
                starts_at: Instant::now(),
                down: Duration::ZERO,
                step_ms: 0,
            });
        }
        storm.restart_the_dead().await;
        for account in 0..plan.accounts.len() {
            storm.create_account(account).await;
        }
        storm
    }

    /// Notices dead nodes, and starts those whose time has come.
    async fn restart_the_dead(&mut self) {
        for machine in &mut self.nodes {
            if machine.node.as_ref().is_some_and(|node| node.link.is_dead()) {
                machine.fell();
            }
            if machine.node.is_some() || machine.starts_at > Instant::now() {
                continue;
            }
            let life = {
                let mut book = self.book.lock();
                book.lives.push(Instant::now());
                book.lives.len() - 1
            };
            let link = Link::new(
                life,
                self.plan.seed,
                Arc::clone(&self.shared),
                Arc::clone(&self.book),
            );
            let clock = Arc::new(NodeClock::new(self.began, machine.step_ms));
            let (world, book) = (Arc::clone(&self.world), Arc::clone(&self.book));
            let started = Node::start(self.plan, Arc::new(link), clock, world, book);
            match started.await {
                Ok(node) => machine.node = Some(node),
                Err(error) => self
                    .book
                    .lock()
                    .violation(format!("a node did not start: {error}")),
            }
        }
    }

    /// The node of this index or, while it is down, another.
    fn node(&self, index: usize) -> Option<&Node> {
        let all = self.nodes.iter().cycle().skip(index).take(self.nodes.len());
        all.filter_map(|machine| machine.node.as_ref())
            .find(|node| !node.link.is_dead())
    }

    async fn create_account(&mut self, account: usize) {
        let node = self.node(0).expect("all nodes run");
        let draft = AccountDraft {
            uid: None,
            name: format!("account {account}"),
            metadata: None,
            retry_delays_s: None,
        };
        let id = node
            .configuration
            .create_account(draft)
            .await
            .expect("a valid account")
            .id;
        self.accounts.push(Customer {
            id,
            automation: None,
            generation: 0,
        });
        self.create_automation(account, 0).await;
    }

    async fn create_automation(&mut self, account: usize, node: usize) {
        let Some(node) = self.node(node) else { return };
        let customer = &self.accounts[account];
        let actions = (0..self.plan.accounts[account]).map(|receiver| {
            let url = url(account, receiver, customer.generation);
            ActionDraft::new(DoesDraft::SendWebhook(SendWebhookDraft::to(url)))
        });
        let draft = AutomationDraft {
            name: "all".to_owned(),
            enabled: true,
            event_types: vec!["*".to_owned()],
            actions: actions.collect(),
            retry_delays_s: None,
        };
        let created = node.configuration.create_automation(customer.id, draft);
        let created = timeout(CALLER_WAITS, created).await;
        self.accounts[account].automation = created.ok().and_then(Result::ok).map(|created| created.id);
    }

    async fn carry_out(&mut self, does: &Does) {
        match does {
            Does::Accept {
                account,
                node,
                events,
            } => {
                self.accept(*account, *node, *events).await;
                self.accept(0, *node, 1).await;
            }
            Does::Become {
                account,
                receiver,
                kind,
            } => {
                self.world.receivers.lock()[*account][*receiver].kind = *kind;
            }
            Does::Switch {
                account,
                receiver,
                node,
                on,
            } => {
                // An error means that nobody knows whether it took effect.
                let _ = timeout(CALLER_WAITS, self.switch(*account, *receiver, *node, *on)).await;
            }
            Does::Delete { account, node } => self.set_up_anew(*account, *node).await,
            Does::Resend { account, node, pick } => self.resend(*account, *node, *pick).await,
            Does::Replay {
                account,
                node,
                failed_only,
            } => self.replay(*account, *node, *failed_only).await,
            Does::Outage { node, outage } => self.fail(*node, outage),
            Does::Crash {
                node,
                calls_later,
                after,
                down,
            } => {
                self.nodes[*node].down = *down;
                if let Some(running) = &self.nodes[*node].node {
                    running.link.die_later(*calls_later, *after);
                }
            }
            Does::Stop { node, down } => self.stop(*node, *down).await,
            Does::StepClock { node, by_ms } => {
                let machine = &mut self.nodes[*node];
                machine.step_ms += by_ms;
                if let Some(node) = &machine.node {
                    node.clock.step(*by_ms);
                }
                self.book.lock().disturbed(Instant::now());
            }
            Does::Wait => {}
        }
    }

    async fn accept(&self, account: usize, node: usize, events: usize) {
        let Some(node) = self.node(node) else { return };
        let submissions = (0..events).map(|_| Submission {
            event_type: "proposal.accepted".parse().expect("a valid name"),
            data: Bytes::from(self.world.rng.lock().below(1_000_000).to_string()),
            id: None,
            occurred_at: None,
            idempotency_key: None,
        });
        let id = self.accounts[account].id;
        let accepted = timeout(CALLER_WAITS, node.engine.accept(id, submissions.collect()));
        let Ok(Ok(results)) = accepted.await else { return };
        let mut book = self.book.lock();
        for accepted in results.into_iter().flatten() {
            book.acked.insert(accepted.id, (id, accepted.deliveries));
            if account == 0 {
                book.bystander_acked(accepted.id.to_string());
            }
        }
    }

    async fn switch(&self, account: usize, receiver: usize, node: usize, on: bool) -> Option<()> {
        let (node, customer) = (self.node(node)?, &self.accounts[account]);
        let current = node
            .configuration
            .automation(customer.id, customer.automation?)
            .await
            .ok()??;
        let mut draft = AutomationDraft::of(&current);
        draft.actions[receiver].enabled = on;
        let url = url(account, receiver, customer.generation);
        if on {
            draft.actions[receiver].disabled_reason = None;
            self.book.lock().switching_on(&url);
        }
        let updated = node
            .configuration
            .update_automation(customer.id, current, draft)
            .await;
        if updated.is_ok() && !on {
            self.book.lock().switched_off(url, node.link.life);
        }
        Some(())
    }

    /// Deletes the account's automation, and creates another with other URLs.
    async fn set_up_anew(&mut self, account: usize, node: usize) {
        if let (Some(node), Some(automation)) = (self.node(node), self.accounts[account].automation) {
            let deleted = node
                .configuration
                .delete_automation(self.accounts[account].id, automation);
            if let Ok(Ok(true)) = timeout(CALLER_WAITS, deleted).await {
                for receiver in 0..self.plan.accounts[account] {
                    let url = url(account, receiver, self.accounts[account].generation);
                    self.book.lock().switched_off(url, node.link.life);
                }
                self.accounts[account].automation = None;
            }
        }
        if self.accounts[account].automation.is_none() {
            self.accounts[account].generation += 1;
            self.create_automation(account, node).await;
        }
    }

    async fn resend(&self, account: usize, node: usize, pick: usize) {
        let Some(node) = self.node(node) else { return };
        let account = self.accounts[account].id;
        let page = PageRequest {
            limit: 50,
            after: None,
        };
        let known = self
            .shared
            .store
            .deliveries(account, &DeliveryFilter::default(), page)
            .await;
        let known = known.expect("the store itself is well").items;
        if known.is_empty() {
            return;
        }
        let delivery = known[pick % known.len()].id;
        self.book.lock().resent.insert(delivery.to_string());
        let _ = timeout(
            CALLER_WAITS,
            node.engine.resend(DeliveryKey { account, delivery }),
        )
        .await;
    }

    async fn replay(&self, account: usize, node: usize, failed_only: bool) {
        let Some(node) = self.node(node) else { return };
        let account = self.accounts[account].id;
        let filter = DeliveryFilter {
            status: failed_only.then_some(DeliveryStatus::Failed),
            ..DeliveryFilter::default()
        };
        for delivery in self.deliveries(account, &filter).await {
            self.book.lock().resent.insert(delivery);
        }
        let _ = timeout(CALLER_WAITS, node.engine.replay(account, filter)).await;
    }

    /// The ids of all deliveries that match.
    async fn deliveries(&self, account: AccountId, filter: &DeliveryFilter) -> Vec<String> {
        let (mut ids, mut after) = (Vec::new(), None);
        loop {
            let page = PageRequest { limit: 250, after };
            let page = self
                .shared
                .store
                .deliveries(account, filter, page)
                .await
                .expect("the store is well");
            ids.extend(page.items.iter().map(|delivery| delivery.id.to_string()));
            after = page.next;
            if after.is_none() {
                return ids;
            }
        }
    }

    fn fail(&self, node: usize, outage: &Outage) {
        self.book.lock().disturbed(Instant::now() + outage.lasts);
        if let Some(node) = &self.nodes[node].node {
            node.link.fail(Some(outage.clone()));
        }
    }

    async fn stop(&mut self, node: usize, down: Duration) {
        let machine = &mut self.nodes[node];
        machine.down = down;
        let Some(node) = &machine.node else { return };
        self.book
            .lock()
            .disturbed(Instant::now() + down + Duration::from_secs(60));
        let stopped = timeout(Duration::from_secs(60), node.engine.stop(Duration::from_secs(20))).await;
        if stopped.is_err() || !node.link.is_dead() {
            // What the grace period cut off may be sent again.
            node.link.die();
        }
        machine.fell();
    }

    /// Ends all trouble, waits until everything is settled, and checks what is left to check.
    async fn end(mut self) -> Found {
        for receivers in self.world.receivers.lock().iter_mut() {
            receivers
                .iter_mut()
                .for_each(|receiver| receiver.kind = Kind::Well);
        }
        for machine in &mut self.nodes {
            machine.down = Duration::ZERO;
            machine.starts_at = machine.starts_at.min(Instant::now());
            if let Some(node) = &machine.node {
                node.link.fail(None);
            }
        }
        let calm = Instant::now();
        loop {
            self.restart_the_dead().await;
            let pending = self.pending().await;
            if pending == 0 {
                break;
            }
            if calm.elapsed() > CALM {
                let loads: Vec<_> = self.nodes.iter().map(Machine::load).collect();
                let text = format!("{pending} deliveries are pending {CALM:?} after all was well: {loads:?}");
                self.book.lock().violation(text);
                break;
            }
            sleep(Duration::from_secs(5)).await;
        }
        sleep(Duration::from_secs(5)).await;
        self.check_memory().await;
        self.check_events().await;
        let mut book = std::mem::take(&mut *self.book.lock());
        let is_roomy = self.plan.window_deliveries >= 300 && self.plan.in_flight_max >= 64;
        book.check_at_the_end(self.plan.has_steps, is_roomy);
        Found {
            requests: book.requests(),
            events: book.acked.len(),
            violations: book.violations,
        }
    }

    async fn pending(&self) -> usize {
        let filter = DeliveryFilter {
            status: Some(DeliveryStatus::Pending),
            ..DeliveryFilter::default()
        };
        let mut pending = 0;
        for account in &self.accounts {
            pending += self.deliveries(account.id, &filter).await.len();
        }
        pending
    }

    /// Nothing is left in memory once nothing is pending.
    async fn check_memory(&self) {
        if !self.book.lock().violations.is_empty() {
            return;
        }
        for (seconds, lanes_may_stay) in [(0, true), (MEMORY.as_secs(), false)] {
            sleep(Duration::from_secs(seconds)).await;
            for load in self.nodes.iter().filter_map(Machine::load) {
                let lanes = if lanes_may_stay { 0 } else { load.lanes };
                if (load.deliveries, load.in_flight, lanes) != (0, 0, 0) {
                    self.book
                        .lock()
                        .violation(format!("{load:?} with nothing pending"));
                }
            }
        }
    }

    /// Each acknowledged event exists, with all its deliveries.
    async fn check_events(&self) {
        let acked = self.book.lock().acked.clone();
        for (event, (account, deliveries)) in acked {
            let filter = DeliveryFilter {
                event: Some(event),
                ..DeliveryFilter::default()
            };
            let stored = self
                .shared
                .store
                .event(account, event)
                .await
                .expect("the store is well");
            let found = self.deliveries(account, &filter).await.len();
            if stored.is_none() || found != deliveries as usize {
                let text =
                    format!("{event} was acknowledged with {deliveries} deliveries; {found} are stored");
                self.book.lock().violation(text);
            }
        }
    }
}

impl Machine {
    fn fell(&mut self) {
        self.node = None;
        self.starts_at = Instant::now() + self.down;
    }

    fn load(&self) -> Option<postrider_engine::load::Load> {
        self.node.as_ref().map(|node| node.engine.load())
    }
}

/// A folder in memory, if the system has `/dev/shm`.
fn folder() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    match memory.is_dir() {
        true => tempfile::tempdir_in(memory),
        false => tempfile::tempdir(),
    }
    .expect("a folder")
}
