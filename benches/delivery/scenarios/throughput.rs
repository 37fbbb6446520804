//! Throughput: as many events as it takes, from several sides.

use std::path::Path;
use std::sync::Arc;

use super::{CONNECTIONS, DATA_BYTES, carry};
use crate::Outcome;
use crate::args::Args;
use crate::ledger::Ledger;
use crate::payload;
use crate::process::MemoryWatch;
use crate::producer::Load;
use crate::report::{Report, Row};
use crate::server::Server;
use crate::setup;
use crate::sink::Sink;

/// One way to send events.
#[derive(Clone, Copy)]
struct Variant {
    name: &'static str,
    /// Of those of the plain variant, one in this many is sent.
    fewer: u32,
    events_per_request: u32,
    actions: u32,
    accounts: usize,
    data_bytes: usize,
}

/// The plain one: others change one thing about it.
pub const PLAIN: &str = "one by one";

/// The name of the scenario in the report.
pub const NAME: &str = "throughput";

const VARIANTS: [Variant; 5] = {
    let plain = Variant {
        name: PLAIN,
        fewer: 1,
        events_per_request: 1,
        actions: 1,
        accounts: 1,
        data_bytes: DATA_BYTES,
    };
    [
        plain,
        Variant {
            name: "batches of 100",
            events_per_request: 100,
            ..plain
        },
        Variant {
            name: "fan-out 1 → 10",
            fewer: 5,
            actions: 10,
            ..plain
        },
        Variant {
            name: "10,000 accounts",
            accounts: 10_000,
            ..plain
        },
        Variant {
            name: "16 KiB payloads",
            fewer: 2,
            data_bytes: 16 * 1024,
            ..plain
        },
    ]
};

/// The variants that the short mode measures.
const SHORT: [&str; 2] = [PLAIN, "batches of 100"];

pub async fn run(args: &Args, report: &mut Report, limit: f64) -> Outcome<()> {
    for variant in VARIANTS {
        let is_left_out = args.short && !SHORT.contains(&variant.name);
        if is_left_out || !variant.name.contains(&args.variant) {
            continue;
        }
        for (index, binary) in args.binaries().iter().enumerate() {
            let row = measure(args, binary, variant).await?;
            let share = row.get("events_per_s") / limit;
            let name = report.name(variant.name, index);
            report.add(NAME, &name, row.with("share_of_limit", share));
        }
    }
    Ok(())
}

async fn measure(args: &Args, binary: &Path, variant: Variant) -> Outcome<Row> {
    let sink = Sink::start()?;
    let server = Server::start(binary, args)?;
    let urls = (0..variant.actions)
        .map(|number| sink.url(&format!("/ok/{number}")))
        .collect();
    let accounts = setup::accounts(server.address(), vec![urls; variant.accounts]).await?;
    let requests = accounts
        .iter()
        .map(|account| variant.request(&server, account))
        .collect();
    let load = Load {
        address: server.address(),
        requests: Arc::new(requests),
        events_per_request: variant.events_per_request,
        connections: CONNECTIONS,
        rate: None,
    };
    warm_up(&load, &sink, variant).await?;
    let ledger = Arc::new(Ledger::new(args.events() / variant.fewer, variant.actions));
    sink.note(&ledger);
    let memory = MemoryWatch::start(server.pid());
    let cpu_before_us = server.cpu_us()?;
    let row = carry(load, &ledger).await?;
    let mut client = server.client();
    for account in accounts.iter().take(100) {
        client.settled(account).await?;
    }
    let cpu_us = server.cpu_us()?.saturating_sub(cpu_before_us);
    let memory_mib = memory.peak_mib()?;
    let events = f64::from(ledger.events());
    let stored = events + f64::from(WARM_UP_EVENTS);
    let row = if variant.actions > 1 {
        let deliveries_per_s = row.get("events_per_s") * f64::from(variant.actions);
        row.with("deliveries_per_s", deliveries_per_s)
    } else {
        row
    };
    let disk_bytes = server.stop()?;
    Ok(row
        .with("cpu_us_per_event", cpu_us as f64 / events)
        .with("anonymous_mib", memory_mib)
        .with("disk_bytes_per_event", disk_bytes as f64 / stored))
}

/// Events before the measurement: connections, statements and pages are there when it begins.
const WARM_UP_EVENTS: u32 = 2_000;

async fn warm_up(load: &Load, sink: &Sink, variant: Variant) -> Outcome<()> {
    let ledger = Arc::new(Ledger::new(WARM_UP_EVENTS, variant.actions));
    sink.note(&ledger);
    carry(load.clone(), &ledger).await?;
    Ok(())
}

impl Variant {
    fn request(&self, server: &Server, account: &str) -> Vec<u8> {
        let address = server.address();
        match self.events_per_request {
            1 => setup::post_event(address, account, "events", &payload::event(self.data_bytes)),
            many => {
                let body = payload::batch(many as usize, self.data_bytes);
                setup::post_event(address, account, "events/batch", &body)
            }
        }
    }
}
