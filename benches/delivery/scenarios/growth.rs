//! Growth: the cost of an event, and of the first page of deliveries, as the store grows.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use super::{CONNECTIONS, DATA_BYTES, carry, singles};
use crate::Outcome;
use crate::bench::Bench;
use crate::ledger::{Ledger, percentiles};
use crate::payload;
use crate::producer::Load;
use crate::report::{Report, Row};
use crate::server::Server;
use crate::setup::{self, Client, DEFAULT_DELAYS};
use crate::sink::Sink;

/// How many events are stored before each measurement.
const SIZES: [(u32, &str); 3] = [
    (10_000, "10 thousand stored"),
    (1_000_000, "1 million"),
    (5_000_000, "5 million"),
];

/// Events per measurement.
const MEASURED: u32 = 50_000;

/// Events that are added at a time between the measurements.
const STEP: u32 = 250_000;

/// How often each page is read.
const PAGES: usize = 50;

pub async fn run(bench: &Bench, report: &mut Report, limit: f64) -> Outcome<()> {
    for (index, binary) in bench.args.binaries().iter().enumerate() {
        let mut first = None;
        for (name, row) in measure(bench, binary).await? {
            let cost = row.get("cpu_us_per_event");
            let times = cost / *first.get_or_insert(cost);
            let share = row.get("events_per_s") / limit;
            let row = row.with("times_first", times).with("share_of_limit", share);
            report.add("growth", &report.name(name, index), row);
        }
    }
    Ok(())
}

async fn measure(bench: &Bench, binary: &Path) -> Outcome<Vec<(&'static str, Row)>> {
    let sink = Sink::start()?;
    let server = Server::start(binary, bench).await?;
    let mut client = server.client();
    let account = client.account(&[sink.url("/ok")], DEFAULT_DELAYS).await?;
    let mut rows = Vec::new();
    let mut stored = 0;
    for (size, name) in SIZES {
        while stored < size {
            let ledger = Arc::new(Ledger::new(STEP.min(size - stored), 1));
            sink.note(&ledger);
            carry(batches(&server, &account), &ledger).await?;
            stored += ledger.events();
        }
        client.wait_until_settled(&account).await?;
        let page_ms = first_page_ms(&mut client, &account).await?;
        let ledger = Arc::new(Ledger::new(MEASURED, 1));
        sink.note(&ledger);
        let before = server.cpu()?;
        let row = carry(singles(&server, &account, None), &ledger).await?;
        client.wait_until_settled(&account).await?;
        let row = server.cpu()?.since(before, f64::from(MEASURED), row);
        stored += MEASURED;
        rows.push((name, row.with("first_page_ms", page_ms)));
    }
    server.stop().await?;
    Ok(rows)
}

fn batches(server: &Server, account: &str) -> Load {
    let body = payload::batch(250, DATA_BYTES);
    let request = setup::post_event(server.address(), account, "events/batch", &body);
    Load {
        addresses: server.addresses(),
        requests: Arc::new(vec![request]),
        events_per_request: 250,
        connections: CONNECTIONS / 8,
        rate: None,
    }
}

/// The 99th percentile over the lists that people and the console read most, in milliseconds.
async fn first_page_ms(client: &mut Client, account: &str) -> Outcome<f64> {
    let mut took_us = Vec::with_capacity(PAGES * 3);
    for _ in 0..PAGES {
        for filter in ["", "?status=failed", "?status=succeeded&limit=250"] {
            let path = format!("/v1/accounts/{account}/deliveries{filter}");
            let started = Instant::now();
            client.call("GET", &path, "").await?;
            took_us.push(u32::try_from(started.elapsed().as_micros())?);
        }
    }
    Ok(percentiles(&took_us).p99_ms)
}
