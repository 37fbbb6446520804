//! One life of a node: the real engine and configuration over a [`Link`], a clock and the receivers.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use postrider_configuration::{Configuration, ConfigurationParts};
use postrider_egress::{EgressGuard, Request, Response};
use postrider_engine::carry::Transport;
use postrider_engine::observe::Observer;
use postrider_engine::{Carriers, EmailNotSetUp, Engine, EngineParts, EngineSettings, WebhookCarrier};
use postrider_figures::{Figures, FiguresParts};
use postrider_model::{Clock, Entropy, IdGenerator, Outcome, Timestamp};
use postrider_signing::HeaderNames;
use postrider_signing::profile::{BuiltIn, SignatureProfiles};
use postrider_storage::{ChangeFollower, Changed, Store, StoreError, StoreResult};
use tokio::time::{Instant, sleep};

use crate::book::{Book, Leaving};
use crate::link::Link;
use crate::plan::Plan;
use crate::receivers::{self, Receiver};
use crate::rng::Rng;

/// 2026-01-01T00:00:00Z, where virtual time begins.
const START_MS: i64 = 1_767_225_600_000;

/// The true time, by which a shared store counts leases.
pub fn true_time(since: Instant) -> Timestamp {
    Timestamp::from_unix_ms(START_MS).after(since.elapsed())
}

/// A machine's clock: like the system's, it does not follow steps back.
pub struct NodeClock {
    began: Instant,
    storm_began: Instant,
    step_ms: AtomicI64,
    largest_ms: AtomicI64,
}

impl NodeClock {
    /// The clock of a node that starts while its machine's clock is off by `step_ms`.
    pub fn new(storm_began: Instant, step_ms: i64) -> Self {
        Self {
            began: Instant::now(),
            storm_began,
            step_ms: AtomicI64::new(step_ms),
            largest_ms: AtomicI64::new(step_ms),
        }
    }

    pub fn step(&self, by_ms: i64) {
        self.step_ms.fetch_add(by_ms, Ordering::Relaxed);
    }

    pub fn step_ms(&self) -> i64 {
        self.step_ms.load(Ordering::Relaxed)
    }

    fn at(&self, step_ms: i64) -> Timestamp {
        let elapsed_ms = i64::try_from(self.storm_began.elapsed().as_millis()).expect("storms are short");
        Timestamp::from_unix_ms(START_MS + step_ms + elapsed_ms)
    }
}

impl Clock for NodeClock {
    fn now(&self) -> Timestamp {
        let step_ms = self.step_ms();
        self.at(self.largest_ms.fetch_max(step_ms, Ordering::Relaxed).max(step_ms))
    }

    fn wall(&self) -> Timestamp {
        self.at(self.step_ms())
    }

    fn monotonic(&self) -> Duration {
        self.began.elapsed()
    }
}

/// All receivers. Their URLs end in `/account/receiver/generation`.
pub struct World {
    pub receivers: Mutex<Vec<Vec<Receiver>>>,
    pub rng: Mutex<Rng>,
}

/// The URL of a receiver. An account that is set up anew has other URLs.
pub fn url(account: usize, receiver: usize, generation: usize) -> String {
    format!("https://receiver.example/{account}/{receiver}/{generation}")
}

/// How requests leave a node.
struct Wire {
    world: Arc<World>,
    book: Arc<Mutex<Book>>,
    link: Arc<Link>,
    in_flight_max: usize,
}

impl Transport for Wire {
    async fn send(&self, request: &Request) -> Response {
        self.link.point(false).await;
        let header = |name: &str| {
            let found = request
                .headers
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.to_string()).unwrap_or_default()
        };
        let delivery = header("postrider-delivery-id");
        let leaving = Leaving {
            life: self.link.life,
            url: &request.url,
            delivery: &delivery,
            event: &header("webhook-id"),
            number: header("postrider-attempt").parse().unwrap_or_default(),
            body: &request.body,
        };
        let index = self.book.lock().leaves(&leaving, self.in_flight_max);
        let mut path = request
            .url
            .rsplit('/')
            .skip(1)
            .map(|part| part.parse::<usize>().expect("an index"));
        let (receiver, account) = (path.next().expect("a receiver"), path.next().expect("an account"));
        let reaction = self.world.receivers.lock()[account][receiver].react(&mut self.world.rng.lock());
        sleep(reaction.delay.min(request.timeout)).await;
        self.world.receivers.lock()[account][receiver].ended();
        self.link.point(true).await;
        self.book.lock().ends(self.link.life, &delivery, index);
        match reaction.delay > request.timeout {
            true => receivers::failure(Outcome::Timeout),
            false => reaction.response,
        }
    }
}

/// One life of a node.
pub struct Node {
    pub engine: Arc<Engine>,
    pub configuration: Arc<Configuration>,
    pub link: Arc<Link>,
    pub clock: Arc<NodeClock>,
}

impl Node {
    pub async fn start(
        plan: &Plan,
        link: Arc<Link>,
        clock: Arc<NodeClock>,
        world: Arc<World>,
        book: Arc<Mutex<Book>>,
    ) -> StoreResult<Self> {
        let store = Arc::clone(&link) as Arc<dyn Store>;
        let mut numbers = Rng::new(plan.seed, 200 + link.life as u64);
        let number = numbers.number();
        let entropy = Entropy::new(move |bytes| {
            for (byte, part) in bytes.iter_mut().zip(number.to_le_bytes().iter().cycle()) {
                *byte = *part;
            }
        });
        let ids = Arc::new(IdGenerator::new(entropy.number()));
        let as_clock = || Arc::clone(&clock) as Arc<dyn Clock>;
        let configuration = Configuration::load(ConfigurationParts {
            store: Arc::clone(&store),
            clock: as_clock(),
            ids: Arc::clone(&ids),
            entropy,
            guard: Arc::new(EgressGuard::new(Vec::new())),
            header_names: HeaderNames::new("Postrider"),
            sends_email: false,
            signature_profiles: SignatureProfiles::built_in(
                BuiltIn::Postrider,
                &HeaderNames::new("Postrider"),
            ),
        });
        let configuration = Arc::new(configuration.await?);
        let settings = EngineSettings {
            window_deliveries: plan.window_deliveries,
            in_flight_max: plan.in_flight_max,
            ..EngineSettings::default()
        };
        let figures = Figures::start(FiguresParts {
            store: Arc::clone(&store),
            clock: as_clock(),
            retention: settings.retention,
        });
        let wire = Wire {
            world,
            book,
            link: Arc::clone(&link),
            in_flight_max: plan.in_flight_max,
        };
        let webhook = WebhookCarrier::new(Arc::new(wire), HeaderNames::new("Postrider"), as_clock());
        let engine = Engine::start(EngineParts {
            store,
            observer: figures as Arc<dyn Observer>,
            carriers: Carriers {
                webhook: Arc::new(webhook),
                email: Arc::new(EmailNotSetUp::new(as_clock())),
            },
            configuration: Arc::clone(&configuration),
            clock: as_clock(),
            ids,
            followers: vec![Arc::new(Unreliable(numbers.percent(20)))],
            settings,
        });
        Ok(Self {
            engine: engine.await?,
            configuration,
            link,
            clock,
        })
    }
}

/// A part of the process that follows changes and that, in some lives, cannot read what it holds. This must
/// not keep the node from sending.
struct Unreliable(bool);

#[async_trait]
impl ChangeFollower for Unreliable {
    async fn changed_elsewhere(&self, _: Option<&[Changed]>) -> StoreResult<()> {
        match self.0 {
            true => Err(StoreError::Internal("simulated".to_owned())),
            false => Ok(()),
        }
    }
}
