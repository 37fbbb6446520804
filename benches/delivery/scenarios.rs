//! The measurements, one per file, in this order.

mod backlog;
mod growth;
mod isolation;
mod latency;
mod limit;
mod pressure;
pub mod throughput;

use std::sync::Arc;
use std::time::Duration;

use crate::Outcome;
use crate::args::Scenario;
use crate::bench::Bench;
use crate::ledger::Ledger;
use crate::payload;
use crate::producer::{self, Load};
use crate::report::{Report, Row};
use crate::server::Server;
use crate::setup;

/// Bytes of `data` of an ordinary event.
const DATA_BYTES: usize = 512;

/// Connections of an ordinary producer.
const CONNECTIONS: usize = 64;

/// Timeout of a load, which should take seconds.
const LOAD_MAX: Duration = Duration::from_secs(120);

/// Runs the requested scenarios once.
pub async fn run(bench: &Bench, report: &mut Report) -> Outcome<()> {
    let args = &bench.args;
    let limit = limit::run(args, report).await?;
    if args.wants(Scenario::Throughput) {
        throughput::run(bench, report, limit).await?;
    }
    if args.wants(Scenario::Latency) {
        latency::run(bench, report).await?;
    }
    if args.wants(Scenario::Isolation) {
        isolation::run(bench, report).await?;
    }
    if args.wants(Scenario::Backlog) {
        backlog::run(bench, report, limit).await?;
    }
    if args.wants(Scenario::Growth) {
        growth::run(bench, report, limit).await?;
    }
    if args.wants(Scenario::Pressure) {
        pressure::run(bench, report).await?;
    }
    Ok(())
}

/// Posts all events of a ledger and waits until they have arrived. Returns a row with the figures that are
/// visible from outside.
async fn carry(load: Load, ledger: &Arc<Ledger>) -> Outcome<Row> {
    carry_posted(producer::post_all(load, ledger), ledger).await
}

/// The same for a producer that posts all events of the ledger.
async fn carry_posted(post_all: impl Future<Output = Outcome<()>>, ledger: &Arc<Ledger>) -> Outcome<Row> {
    post_all.await?;
    ledger.all_delivered(LOAD_MAX).await?;
    if ledger.repeats() > 0 {
        return Err(format!("{} deliveries arrived again", ledger.repeats()).into());
    }
    let events = f64::from(ledger.events());
    let (accept, deliver) = (ledger.accept(), ledger.deliver());
    Ok(Row::default()
        .with("events_per_s", events / ledger.until_last_arrival().as_secs_f64())
        .with("accept_p50_ms", accept.p50_ms)
        .with("accept_p99_ms", accept.p99_ms)
        .with("deliver_p50_ms", deliver.p50_ms)
        .with("deliver_p99_ms", deliver.p99_ms))
}

/// A load of single events for one account.
fn singles(server: &Server, account: &str, rate: Option<u32>) -> Load {
    let event = payload::event(DATA_BYTES);
    Load {
        addresses: server.addresses(),
        requests: Arc::new(vec![setup::post_event(
            server.address(),
            account,
            "events",
            &event,
        )]),
        events_per_request: 1,
        connections: CONNECTIONS,
        rate,
    }
}
