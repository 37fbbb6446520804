//! The limit: the producer sends directly to the sink. An event needs two such hops, so the figure is halved.

use std::sync::Arc;
use std::time::Duration;

use super::{CONNECTIONS, DATA_BYTES};
use crate::Outcome;
use crate::args::Args;
use crate::ledger::Ledger;
use crate::payload;
use crate::producer::{self, Load};
use crate::report::{Report, Row};
use crate::setup;
use crate::sink::Sink;

/// Requests per measurement.
const REQUESTS: u32 = 300_000;
const REQUESTS_SHORT: u32 = 100_000;

/// Returns the limit in events per second.
pub async fn run(args: &Args, report: &mut Report) -> Outcome<f64> {
    let sink = Sink::start()?;
    let ledger = Arc::new(Ledger::new(if args.short { REQUESTS_SHORT } else { REQUESTS }, 1));
    sink.note(&ledger);
    let event = payload::event(DATA_BYTES);
    let load = Load {
        addresses: vec![sink.address()],
        requests: Arc::new(vec![setup::request(sink.address(), "POST", "/ok", &event)]),
        events_per_request: 1,
        connections: CONNECTIONS,
        rate: None,
    };
    producer::post_all(load, &ledger).await?;
    ledger.all_delivered(Duration::from_secs(1)).await?;
    let limit = f64::from(ledger.events()) / ledger.until_last_arrival().as_secs_f64() / 2.0;
    let row = Row::of_limit(limit, ledger.accept());
    report.add("limit", "two bare hops", row);
    Ok(limit)
}
