//! What one account at its worst costs a healthy one: each way on its own server, the healthy account first
//! alone, then beside the other.
//!
//! The goal, for accept and deliver: p99 ≤ 2 × alone + 5 ms. An event that is not accepted or not delivered
//! in time counts with [`HEALTHY_MAX`], so that the percentiles do not flatter a build that delivers nothing.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use super::super::{DATA_BYTES, singles};
use super::receivers::{self, InTrouble};
use crate::Outcome;
use crate::bench::Bench;
use crate::ledger::Ledger;
use crate::payload;
use crate::producer::{self, Load};
use crate::report::{Report, Row};
use crate::server::Server;
use crate::setup::{self, DEFAULT_DELAYS};
use crate::sink::Sink;

/// The name of the table.
const NAME: &str = "pressure: customers";

/// Events per second of the healthy account, and their number.
const HEALTHY_RATE: u32 = 400;
const HEALTHY_EVENTS: u32 = 4_000;

/// How long the healthy account is measured at most.
const HEALTHY_MAX: Duration = Duration::from_secs(60);

/// How long the other account runs before the healthy one is measured.
const LEAD: Duration = Duration::from_secs(4);

/// Events of a large batch: as many as a batch may have.
const BATCH: u32 = 1_000;

/// The batches: their connections and events. There are more than a server can accept during a measurement of
/// usual length.
const BATCH_CONNECTIONS: usize = 24;
const BATCH_EVENTS: u32 = 1_000_000;

/// Actions of an automation, and automations that match one event type: the most deliveries that an event may
/// have.
const ACTIONS: usize = 50;
const AUTOMATIONS: usize = 10;

/// The event types of the silent actions, and the events per second of all types together. With 500
/// deliveries each, they fill all slots within a second.
const SILENT_TYPES: usize = 5;
const SILENT_RATE: u32 = 5;

/// Events with 500 deliveries each, in batches: 3 million deliveries, more than a measurement of usual length
/// has time for, and 1 GB on the disk.
const FAN_OUT_EVENTS: u32 = 6_000;
const FAN_OUT_CONNECTIONS: usize = 2;

/// What the other account does.
#[derive(Debug, Clone, Copy)]
enum Worst {
    Batches,
    Silent,
    FanOut,
    Receivers,
}

const WORST: [(Worst, &str); 4] = [
    (Worst::Batches, "beside batches of 1,000 from 24 connections"),
    (Worst::Silent, "beside 2,500 silent actions"),
    (Worst::FanOut, "beside batches of 1,000 events × 500 deliveries"),
    (Worst::Receivers, "beside five receivers in trouble"),
];

/// The other account while it runs. The receivers end when this is dropped.
#[derive(Default)]
struct Other {
    _sink: Option<Sink>,
    _receivers: Vec<InTrouble>,
    /// The loads that should go on for as long as the healthy account is measured.
    loads: Vec<JoinHandle<Outcome<()>>>,
}

pub async fn run(bench: &Bench, report: &mut Report, binary: &Path, index: usize) -> Outcome<()> {
    let alone = measure(bench, binary, None).await?;
    report.add(NAME, &report.name("healthy alone", index), alone.clone());
    for (worst, name) in WORST {
        let row = measure(bench, binary, Some(worst)).await?;
        let times = |key| row.get(key) / alone.get(key);
        let (accept, deliver) = (times("accept_p99_ms"), times("deliver_p99_ms"));
        let row = row
            .with("accept_times_alone", accept)
            .with("times_alone", deliver);
        report.add(NAME, &report.name(name, index), row);
    }
    Ok(())
}

async fn measure(bench: &Bench, binary: &Path, worst: Option<Worst>) -> Outcome<Row> {
    let sink = Sink::start()?;
    let server = Server::start(binary, bench).await?;
    let mut client = server.client();
    let account = client.account(&[sink.url("/ok")], DEFAULT_DELAYS).await?;
    let other = match worst {
        Some(worst) => {
            let other = worst.start(&server).await?;
            tokio::time::sleep(LEAD).await;
            other
        }
        None => Other::default(),
    };
    let ledger = Arc::new(Ledger::new(HEALTHY_EVENTS, 1));
    sink.note(&ledger);
    let row = healthy(singles(&server, &account, Some(HEALTHY_RATE)), &ledger).await?;
    let mut running = Vec::new();
    for load in other.loads {
        if load.is_finished() {
            load.await??;
            eprintln!("pressure: the other account's events were all accepted before the measurement ended");
        } else {
            running.push(load);
        }
    }
    server.discard().await?;
    // Without the server, the producers end.
    for load in running {
        let _ = load.await;
    }
    Ok(row)
}

/// Posts the events of the healthy account, and waits for their arrival for as long as there is time.
async fn healthy(load: Load, ledger: &Arc<Ledger>) -> Outcome<Row> {
    let carried = async {
        producer::post_all(load, ledger).await?;
        ledger.all_delivered(HEALTHY_MAX * 2).await
    };
    // If the time is up, the figures say so.
    if let Ok(carried) = tokio::time::timeout(HEALTHY_MAX, carried).await {
        carried?;
    }
    let (accept, deliver) = ledger.within(HEALTHY_MAX);
    let missing = u64::from(ledger.events()).saturating_sub(ledger.delivered());
    Ok(Row::default()
        .with("accept_p50_ms", accept.p50_ms)
        .with("accept_p99_ms", accept.p99_ms)
        .with("deliver_p50_ms", deliver.p50_ms)
        .with("deliver_p99_ms", deliver.p99_ms)
        .with("lost", missing as f64))
}

impl Worst {
    async fn start(self, server: &Server) -> Outcome<Other> {
        match self {
            Self::Batches => batches(server).await,
            Self::Silent => silent(server).await,
            Self::FanOut => fan_out(server).await,
            Self::Receivers => Ok(Other {
                _receivers: receivers::start(server).await?,
                ..Other::default()
            }),
        }
    }
}

async fn batches(server: &Server) -> Outcome<Other> {
    let sink = Sink::start()?;
    let mut client = server.client();
    let account = client.account(&[sink.url("/ok")], DEFAULT_DELAYS).await?;
    let load = large_batches(server, &account, BATCH_CONNECTIONS);
    Ok(Other::of(sink, load, BATCH_EVENTS))
}

async fn silent(server: &Server) -> Outcome<Other> {
    let sink = Sink::start()?;
    let mut client = server.client();
    let account = client.empty_account().await?;
    let mut requests = Vec::with_capacity(SILENT_TYPES);
    for number in 0..SILENT_TYPES {
        let event_type = format!("silent.{number}");
        for automation in 0..AUTOMATIONS {
            let urls = urls(&sink, &format!("silent-{number}-{automation}"), "/silent");
            client
                .automation(&account, &event_type, &urls, DEFAULT_DELAYS)
                .await?;
        }
        let event = payload::event_of(&event_type, DATA_BYTES);
        requests.push(setup::post_event(server.address(), &account, "events", &event));
    }
    let load = Load {
        addresses: server.addresses(),
        requests: Arc::new(requests),
        events_per_request: 1,
        connections: SILENT_TYPES,
        rate: Some(SILENT_RATE),
    };
    let seconds = u32::try_from((LEAD + HEALTHY_MAX).as_secs())? + 5;
    Ok(Other::of(sink, load, SILENT_RATE * seconds))
}

async fn fan_out(server: &Server) -> Outcome<Other> {
    let sink = Sink::start()?;
    let mut client = server.client();
    let account = client.empty_account().await?;
    for automation in 0..AUTOMATIONS {
        let urls = urls(&sink, &format!("fan-out-{automation}"), "/ok");
        client
            .automation(&account, payload::EVENT_TYPE, &urls, DEFAULT_DELAYS)
            .await?;
    }
    let load = large_batches(server, &account, FAN_OUT_CONNECTIONS);
    Ok(Other::of(sink, load, FAN_OUT_EVENTS))
}

/// The URLs of the actions of an automation, all at one host.
fn urls(sink: &Sink, host: &str, path: &str) -> Vec<String> {
    (0..ACTIONS)
        .map(|action| sink.url_of(host, &format!("{path}/{action}")))
        .collect()
}

fn large_batches(server: &Server, account: &str, connections: usize) -> Load {
    let body = payload::batch(BATCH as usize, DATA_BYTES);
    let request = setup::post_event(server.address(), account, "events/batch", &body);
    Load {
        addresses: server.addresses(),
        requests: Arc::new(vec![request]),
        events_per_request: BATCH,
        connections,
        rate: None,
    }
}

impl Other {
    /// Starts to post this many events, whose receivers are in `sink`.
    fn of(sink: Sink, load: Load, events: u32) -> Self {
        let ledger = Arc::new(Ledger::new(events, 1));
        let posting = tokio::spawn(async move { producer::post_all(load, &ledger).await });
        Self {
            _sink: Some(sink),
            _receivers: Vec::new(),
            loads: vec![posting],
        }
    }
}
