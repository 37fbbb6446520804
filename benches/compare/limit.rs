//! The limit: the producer posts directly to the sink. An event needs two such hops, so the figure is halved.

use std::sync::Arc;
use std::time::Duration;

use crate::Outcome;
use crate::args::Args;
use crate::ledger::Ledger;
use crate::measure::{self, THROUGHPUT};
use crate::producer::{self, Load};
use crate::receiver::Receiver;
use crate::report::{Report, Row};
use crate::sender::template::Values;
use crate::sender::{Description, Pointer};
use crate::sink::Sink;

/// Requests per measurement.
const REQUESTS: u32 = 200_000;

/// The sink as a sender that delivers to itself: an event like one of Postrider's API.
const HOP: &str = r#"
name = "two bare hops"
version = ""
address = "http://127.0.0.1"
number = "/data/n"

[event]
path = "/ok"
body = '{"type":"proposal.accepted","data":{payload}}'
"#;

/// Returns the limit in events per second.
pub async fn run(args: &Args, report: &mut Report) -> Outcome<f64> {
    let description = Description::parse(HOP)?;
    let sink = Sink::start(
        Receiver::free(),
        &description.event.path,
        Pointer::parse(&description.number)?,
    )?;
    let ledger = Arc::new(Ledger::new(REQUESTS, 1));
    sink.note(&ledger, 0);
    let request = description.event_request(&Values::new(), &measure::event_data(args))?;
    let load = Load {
        address: sink.address(),
        request: request.for_numbers(&sink.address().to_string()),
        event: description.event.clone(),
        first: 0,
        connections: args.connections,
        rate: None,
        post_for: args.post_for(),
    };
    let posted = producer::post_all(load, &ledger).await?;
    measure::wait_for_deliveries(&ledger, posted.accepted, Duration::from_secs(1)).await;
    let limit = measure::per_s(&ledger) / 2.0;
    let row = Row::of_limit(limit, ledger.accept());
    report.add(THROUGHPUT, "limit: two bare hops", row);
    Ok(limit)
}
