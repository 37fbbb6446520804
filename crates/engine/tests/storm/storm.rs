//! Carries a plan out, and checks the promises.

mod callers;
mod ending;

use postrider_model::By;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use postrider_configuration::AccountDraft;
use postrider_model::{AccountId, AutomationId};
use postrider_storage_sqlite::{SimulatedDisk, SqliteOptions, SqliteStore};
use tokio::time::{Instant, sleep, timeout};

use crate::book::Book;
use crate::link::Link;
use crate::node::{Node, NodeClock, World, true_time};
use crate::plan::{Does, How, Outage, Plan};
use crate::receivers::Receiver;
use crate::rng::Rng;
use crate::shared::Shared;

/// Who asks for changes.
static BY: By = By::NODE;

/// How long a start may take.
const START_MAX: Duration = Duration::from_secs(30);

/// How long a caller waits before it gives up.
const CALLER_WAITS: Duration = Duration::from_secs(15);

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
        let disk = SimulatedDisk::new(plan.seed);
        let store = SqliteStore::open_on(&disk, SqliteOptions::default()).expect("a store");
        let shared = match plan.nodes {
            1 => Shared::new(Arc::new(store), Some(disk)),
            _ => {
                let store = store.as_shared_by(Arc::new(move || true_time(began)));
                Shared::new(Arc::new(store), None)
            }
        };
        let receivers = plan
            .accounts
            .iter()
            .map(|count| (0..*count).map(|_| Receiver::new()).collect());
        let mut storm = Self {
            plan,
            began,
            shared: Arc::new(shared),
            world: Arc::new(World {
                receivers: Mutex::new(receivers.collect()),
                rng: Mutex::new(Rng::new(plan.seed, 2)),
            }),
            book: Arc::default(),
            nodes: Vec::new(),
            accounts: Vec::new(),
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
                self.shared.lose_power();
            }
            if machine.node.is_some() {
                continue;
            }
            self.shared.power_returns();
            if machine.starts_at > Instant::now() {
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
            // Its power may fail meanwhile.
            match timeout(START_MAX, started).await {
                Ok(Ok(node)) => machine.node = Some(node),
                // Its disk may be failing.
                _ => machine.starts_at = Instant::now() + Duration::from_secs(1),
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
            .create_account(&BY, draft)
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
                match &self.nodes[*node].node {
                    Some(running) if *after => running.link.lose_power_later(*calls_later),
                    Some(running) => running.link.die_later(*calls_later, false),
                    None => {}
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

    fn fail(&self, node: usize, outage: &Outage) {
        self.book.lock().disturbed(Instant::now() + outage.lasts);
        if let (How::Disk(fault), Some(disk)) = (outage.how, &self.shared.disk) {
            let one_in = 100 / u32::try_from(outage.percent).expect("a percentage");
            disk.fail_one_in(one_in, fault);
            let (disk, lasts) = (disk.clone(), outage.lasts);
            tokio::spawn(async move {
                sleep(lasts).await;
                disk.fail(None);
            });
        } else if let Some(node) = &self.nodes[node].node {
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
}

impl Machine {
    fn fell(&mut self) {
        self.node = None;
        self.starts_at = Instant::now() + self.down;
    }

    /// What a living node has in memory.
    fn load(&self) -> Option<postrider_engine::load::Load> {
        let node = self.node.as_ref().filter(|node| !node.link.is_dead());
        node.map(|node| node.engine.load())
    }
}
