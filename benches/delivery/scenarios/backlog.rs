//! Backlog: a million deliveries pile up for a receiver that is down, and then it comes back.
//!
//! The receiver of another account is healthy all the time. Its events must not be delayed while the others
//! pile up or are drained.

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{CONNECTIONS, DATA_BYTES, carry, singles, throughput};
use crate::Outcome;
use crate::bench::Bench;
use crate::ledger::Ledger;
use crate::payload;
use crate::producer::{self, Load};
use crate::report::{Report, Row};
use crate::server::Server;
use crate::setup;
use crate::sink::Sink;

/// Deliveries that pile up.
const DELIVERIES: u32 = 1_000_000;

/// The retry schedule of the account whose receiver is down: failed deliveries are due again soon after the
/// receiver is back, and none fails permanently before that.
const DELAYS_S: [u32; 20] = [20; 20];

/// Events per second of the healthy account.
const HEALTHY_RATE: u32 = 100;

/// How long the drain may take.
const DRAIN_MAX: Duration = Duration::from_secs(600);

/// The drain's rate is measured between these shares of all deliveries. The total time covers the beginning
/// and the tail.
const RATE_BETWEEN: (f64, f64) = (0.05, 0.9);

pub async fn run(bench: &Bench, report: &mut Report, limit: f64) -> Outcome<()> {
    for (index, binary) in bench.args.binaries().iter().enumerate() {
        let plain = report.last(throughput::NAME, &report.name(throughput::PLAIN, index));
        let plain_per_s = plain.map_or(f64::NAN, |row| row.get("events_per_s"));
        for (name, row) in measure(bench, binary).await? {
            let per_s = row.get("deliveries_per_s");
            let row = if per_s.is_nan() {
                row
            } else {
                row.with("share_of_limit", per_s / limit)
                    .with("share_of_throughput", per_s / plain_per_s)
            };
            report.add("backlog", &report.name(name, index), row);
        }
    }
    Ok(())
}

async fn measure(bench: &Bench, binary: &Path) -> Outcome<Vec<(&'static str, Row)>> {
    let (healthy_sink, down) = (Sink::start()?, Sink::start()?);
    let server = Server::start(binary, bench).await?;
    let mut client = server.client();
    let healthy = client
        .account(&[healthy_sink.url("/ok")], setup::DEFAULT_DELAYS)
        .await?;
    let account = client.account(&[down.url("/ok")], &DELAYS_S).await?;
    let address = down.address();
    drop(down);

    let memory = server.watch_memory();
    let ledger = Arc::new(Ledger::new(DELIVERIES, 1));
    let piling = async {
        let started = Instant::now();
        producer::post_all(batches(&server, &account), &ledger).await?;
        Outcome::Ok(started.elapsed())
    };
    let (piled_in, beside_piling) = beside(&server, &healthy, &healthy_sink, piling).await?;

    let sink = Sink::start_at(address)?;
    sink.note(&ledger);
    let (drain, beside_drain) = beside(&server, &healthy, &healthy_sink, drain(&ledger)).await?;
    client.wait_until_settled(&account).await?;
    let piled = Row::default()
        .with("events_per_s", f64::from(DELIVERIES) / piled_in.as_secs_f64())
        .with("seconds", piled_in.as_secs_f64());
    let drained = Row::default()
        .with("deliveries_per_s", drain.per_s)
        .with("seconds", drain.took.as_secs_f64())
        .with("repeats", ledger.repeats() as f64);
    let drained = memory.peak(drained)?;
    server.stop().await?;
    Ok(vec![
        ("a million pile up", piled),
        ("healthy meanwhile", beside_piling),
        ("they drain", drained),
        ("healthy during the drain", beside_drain),
    ])
}

fn batches(server: &Server, account: &str) -> Load {
    let body = payload::batch(100, DATA_BYTES);
    let request = setup::post_event(server.address(), account, "events/batch", &body);
    Load {
        addresses: server.addresses(),
        requests: Arc::new(vec![request]),
        events_per_request: 100,
        connections: CONNECTIONS / 4,
        rate: None,
    }
}

/// Sends a second's worth of events to the healthy account repeatedly until `work` is finished. Returns the
/// slowest of these seconds.
async fn beside<T>(
    server: &Server,
    healthy: &str,
    sink: &Sink,
    work: impl Future<Output = Outcome<T>>,
) -> Outcome<(T, Row)> {
    let is_drained = Cell::new(false);
    let work = async {
        let result = work.await;
        is_drained.set(true);
        result
    };
    let probe = async {
        let mut seconds: Vec<Row> = Vec::new();
        // The last second is completed too: otherwise its events would count for the next load.
        while !is_drained.get() {
            let ledger = Arc::new(Ledger::new(HEALTHY_RATE, 1));
            sink.note(&ledger);
            let row = carry(singles(server, healthy, Some(HEALTHY_RATE)), &ledger).await?;
            let kept = Row::default()
                .with("accept_p50_ms", row.get("accept_p50_ms"))
                .with("accept_p99_ms", row.get("accept_p99_ms"))
                .with("deliver_p50_ms", row.get("deliver_p50_ms"))
                .with("deliver_p99_ms", row.get("deliver_p99_ms"));
            seconds.push(kept);
        }
        Outcome::Ok(seconds)
    };
    let (result, seconds) = tokio::join!(work, probe);
    let slowest = seconds?
        .into_iter()
        .max_by(|a, b| a.get("deliver_p99_ms").total_cmp(&b.get("deliver_p99_ms")));
    Ok((result?, slowest.unwrap_or_default()))
}

struct Drain {
    took: Duration,
    per_s: f64,
}

async fn drain(ledger: &Ledger) -> Outcome<Drain> {
    let started = Instant::now();
    let all = f64::from(DELIVERIES);
    let reached = async |share: f64| {
        while (ledger.delivered() as f64) < all * share {
            if started.elapsed() > DRAIN_MAX {
                return Err(
                    format!("only {} were delivered within {DRAIN_MAX:?}", ledger.delivered()).into(),
                );
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Outcome::Ok(Instant::now())
    };
    let from = reached(RATE_BETWEEN.0).await?;
    let to = reached(RATE_BETWEEN.1).await?;
    ledger.all_delivered(DRAIN_MAX).await?;
    Ok(Drain {
        took: started.elapsed(),
        per_s: all * (RATE_BETWEEN.1 - RATE_BETWEEN.0) / (to - from).as_secs_f64(),
    })
}
