//! Isolation: the cost of unavailable receivers for a healthy one.
//!
//! A thousand actions have a receiver that accepts requests and never responds, fifty have one that responds
//! with 500, and one is healthy. The healthy one is measured alone, then beside the others, each time on its
//! own server.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::{carry, singles};
use crate::Outcome;
use crate::bench::Bench;
use crate::ledger::Ledger;
use crate::payload;
use crate::producer::{self, Load};
use crate::report::{Report, Row};
use crate::server::Server;
use crate::setup::{self, DEFAULT_DELAYS};
use crate::sink::Sink;

/// Events per second of the healthy account, and their number.
const HEALTHY_RATE: u32 = 400;
const HEALTHY_EVENTS: u32 = 12_000;

/// Accounts with silent receivers, their actions per account, and the events per second of all of them
/// together.
const SILENT_ACCOUNTS: usize = 100;
const SILENT_ACTIONS: usize = 10;
const SILENT_RATE: u32 = 100;

/// Accounts with broken receivers, one action each, and the events per second of all of them together.
const BROKEN_ACCOUNTS: usize = 50;
const BROKEN_RATE: u32 = 50;

/// How long the others run before the healthy one is measured: by then, all silent receivers have requests in
/// flight.
const LEAD: Duration = Duration::from_secs(10);

pub async fn run(bench: &Bench, report: &mut Report) -> Outcome<()> {
    for (index, binary) in bench.args.binaries().iter().enumerate() {
        let alone = measure(bench, binary, false).await?;
        let alone_ms = alone.get("deliver_p99_ms");
        report.add("isolation", &report.name("healthy alone", index), alone);
        let beside = measure(bench, binary, true).await?;
        let times = beside.get("deliver_p99_ms") / alone_ms;
        let name = report.name("beside 1,000 silent and 50 broken", index);
        report.add("isolation", &name, beside.with("times_alone", times));
    }
    Ok(())
}

async fn measure(bench: &Bench, binary: &Path, with_others: bool) -> Outcome<Row> {
    let sink = Sink::start()?;
    let server = Server::start(binary, bench).await?;
    let account = server
        .client()
        .account(&[sink.url("/ok")], DEFAULT_DELAYS)
        .await?;
    let others = if with_others {
        let others = start_others(&server, &sink).await?;
        tokio::time::sleep(LEAD).await;
        others
    } else {
        Vec::new()
    };
    let ledger = Arc::new(Ledger::new(HEALTHY_EVENTS, 1));
    sink.note(&ledger);
    let row = carry(singles(&server, &account, Some(HEALTHY_RATE)), &ledger).await?;
    for other in others {
        other.abort();
    }
    server.stop().await?;
    Ok(row)
}

type Others = Vec<tokio::task::JoinHandle<Outcome<()>>>;

/// Starts loads that outlast the measurement.
async fn start_others(server: &Server, sink: &Sink) -> Outcome<Others> {
    let silent = |account: usize| {
        (0..SILENT_ACTIONS)
            .map(|action| sink.url_of(&format!("silent-{account}-{action}"), "/silent"))
            .collect()
    };
    let silent = setup::accounts(server.address(), (0..SILENT_ACCOUNTS).map(silent).collect()).await?;
    let broken = |account: usize| vec![sink.url_of(&format!("broken-{account}"), "/error")];
    let broken = setup::accounts(server.address(), (0..BROKEN_ACCOUNTS).map(broken).collect()).await?;
    let seconds = u32::try_from(LEAD.as_secs())? + HEALTHY_EVENTS / HEALTHY_RATE + 5;
    let start = |accounts: &[String], rate: u32| {
        let event = payload::event(super::DATA_BYTES);
        let requests = accounts
            .iter()
            .map(|account| setup::post_event(server.address(), account, "events", &event))
            .collect();
        let load = Load {
            addresses: server.addresses(),
            requests: Arc::new(requests),
            events_per_request: 1,
            connections: 4,
            rate: Some(rate),
        };
        let ledger = Arc::new(Ledger::new(rate * seconds, 1));
        tokio::spawn(async move { producer::post_all(load, &ledger).await })
    };
    Ok(vec![start(&silent, SILENT_RATE), start(&broken, BROKEN_RATE)])
}
