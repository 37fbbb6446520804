//! Five receivers in trouble, each with its own account and action, all on one server at the same time.
//!
//! The goals: a receiver has taken every event within 1.3 × the time that its capacity needs, and at most
//! 5 % of its requests were refused (429, 503) or needless (the event was taken already). The time from
//! sending to 99 % taken shows whether a late end is due to the pace or to the retries of a few.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use super::super::DATA_BYTES;
use crate::Outcome;
use crate::bench::Bench;
use crate::ledger::Ledger;
use crate::payload;
use crate::producer::{self, Load};
use crate::report::{Report, Row};
use crate::server::Server;
use crate::setup::{self, Client};
use crate::troubled::{Slots, Trouble, Troubled};

/// The name of the table.
const NAME: &str = "pressure: receivers";

/// The retry schedule of all accounts.
const DELAYS_S: [u32; 2] = [10, 100];

/// An event that was not taken after this time is lost. The schedule ends before: 110 s, and three timeouts
/// of 15 s.
const TAKEN_MAX: Duration = Duration::from_secs(240);

/// How often the server is asked whether deliveries are pending.
const ASK_EVERY: Duration = Duration::from_millis(500);

/// Events of a batch, if the events are posted all at once.
const BATCH: u32 = 100;

/// A receiver, and the events that it gets.
#[derive(Debug)]
struct Kind {
    name: &'static str,
    trouble: Trouble,
    events: u32,
    /// Events per second; `None` posts all at once, in batches.
    rate: Option<u32>,
}

const KINDS: [Kind; 5] = [
    Kind {
        name: "20 a second, 429 beyond",
        trouble: Trouble::Limited { per_s: 20 },
        events: 1_000,
        rate: None,
    },
    Kind {
        name: "20 at a time of 0.5 s, 503 beyond",
        trouble: Trouble::Crowded {
            slots: slots(20, 500),
        },
        events: 1_500,
        rate: None,
    },
    Kind {
        name: "ten workers of 1 s and a queue",
        trouble: Trouble::Queued {
            slots: slots(10, 1_000),
        },
        events: 300,
        rate: None,
    },
    Kind {
        name: "every 20th first attempt silent",
        trouble: Trouble::Forgetful { every: 20 },
        events: 1_000,
        rate: Some(50),
    },
    Kind {
        name: "500 for 5 s, then 20 at a time of 0.1 s",
        trouble: Trouble::Down {
            lasts: Duration::from_secs(5),
            slots: slots(20, 100),
        },
        events: 1_000,
        rate: None,
    },
];

const fn slots(count: usize, work_ms: u64) -> Slots {
    Slots {
        count,
        work: Duration::from_millis(work_ms),
    }
}

/// A receiver in trouble while its events are posted and delivered.
pub struct InTrouble {
    kind: &'static Kind,
    account: String,
    receiver: Troubled,
    ledger: Arc<Ledger>,
    posting: JoinHandle<Outcome<()>>,
}

pub async fn run(bench: &Bench, report: &mut Report, binary: &Path, index: usize) -> Outcome<()> {
    let server = Server::start(binary, bench).await?;
    let until = Instant::now() + TAKEN_MAX;
    let mut client = server.client();
    let mut all = start(&server).await?;
    // The order does not matter: the figures come from the receivers.
    for one in &mut all {
        one.wait_until_settled(&mut client, until).await?;
    }
    for one in &all {
        report.add(NAME, &report.name(one.kind.name, index), one.row());
    }
    server.discard().await
}

/// Starts all receivers, and to post their events.
pub async fn start(server: &Server) -> Outcome<Vec<InTrouble>> {
    let mut client = server.client();
    let mut prepared = Vec::with_capacity(KINDS.len());
    for kind in &KINDS {
        let ledger = Arc::new(Ledger::new(kind.events, 1));
        let receiver = Troubled::start(kind.trouble, &ledger)?;
        let account = client.account(&[receiver.url("/")], &DELAYS_S).await?;
        prepared.push((kind, account, receiver, ledger));
    }
    let start = |(kind, account, receiver, ledger): (&'static Kind, String, Troubled, Arc<Ledger>)| {
        let (load, noted) = (kind.load(server, &account), Arc::clone(&ledger));
        InTrouble {
            kind,
            account,
            receiver,
            ledger,
            posting: tokio::spawn(async move { producer::post_all(load, &noted).await }),
        }
    };
    Ok(prepared.into_iter().map(start).collect())
}

impl Kind {
    fn load(&self, server: &Server, account: &str) -> Load {
        let (events_per_request, what, body) = match self.rate {
            Some(_) => (1, "events", payload::event(DATA_BYTES)),
            None => (BATCH, "events/batch", payload::batch(BATCH as usize, DATA_BYTES)),
        };
        let request = setup::post_event(server.address(), account, what, &body);
        Load {
            addresses: server.addresses(),
            requests: Arc::new(vec![request]),
            events_per_request,
            connections: 4,
            rate: self.rate,
        }
    }
}

impl InTrouble {
    /// Waits until all events are posted and none of their deliveries is pending, or the time is up.
    async fn wait_until_settled(&mut self, client: &mut Client, until: Instant) -> Outcome<()> {
        let settled = async {
            (&mut self.posting).await??;
            while client.has_pending(&self.account).await? {
                tokio::time::sleep(ASK_EVERY).await;
            }
            Outcome::Ok(())
        };
        // If the time is up, the figures say so.
        timeout_at(until, settled).await.unwrap_or(Ok(()))
    }

    fn row(&self) -> Row {
        let events = f64::from(self.kind.events);
        let lost = events - self.ledger.delivered() as f64;
        let requests = f64::from(self.receiver.requests());
        let in_vain = f64::from(self.receiver.refused()) + self.ledger.repeats() as f64;
        let (_, deliver) = self.ledger.within(TAKEN_MAX);
        let row = Row::default()
            .with("events", events)
            .with("requests", requests)
            .with("seconds_99_percent", deliver.p99_ms / 1_000.0)
            .with("in_vain_percent", 100.0 * in_vain / requests)
            .with("lost", lost);
        let row = match self.kind.trouble {
            Trouble::Forgetful { .. } => {
                row.with("first_attempt_p99_ms", self.receiver.first_attempt_p99_ms())
            }
            _ => row,
        };
        if lost > 0.0 {
            return row;
        }
        let seconds = self.ledger.until_last_arrival().as_secs_f64();
        let row = row.with("seconds", seconds);
        let retry_delay = Duration::from_secs(DELAYS_S[0].into());
        match self.kind.trouble.needs(self.kind.events, retry_delay) {
            Some(needed) => row
                .with("capacity_seconds", needed.as_secs_f64())
                .with("times_capacity", seconds / needed.as_secs_f64()),
            None => row,
        }
    }
}
