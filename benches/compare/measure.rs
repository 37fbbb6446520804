//! What is measured of each sender: as many events as it takes, then few per second.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::args::Args;
use crate::client;
use crate::ledger::Ledger;
use crate::payload;
use crate::producer::{self, Load, Posted};
use crate::report::{Report, Row};
use crate::sender::{Payload, Pointer, Request};
use crate::sink::Sink;
use crate::subject::{Run, Running};

/// The title of the table of full speed.
pub const THROUGHPUT: &str = "throughput";

/// How long everything may take until it is delivered, even if deliveries go on arriving.
const DELIVERIES_MAX: Duration = Duration::from_secs(600);

/// Time after the last delivery for which a sender is still charged, because it records the results. It is
/// the same for every sender.
const CHARGED_AFTER: Duration = Duration::from_secs(1);

/// How often the number of deliveries is checked. The figures come from the sink's own clock.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// A sender that is set up, and the sink to which it delivers.
struct Prepared<'a> {
    args: &'a Args,
    running: &'a Running,
    sink: Sink,
    address: std::net::SocketAddr,
    request: Request,
    /// The number of the next event. No number is used twice in one set-up, because senders may take a
    /// repeated one for the same event.
    next: u32,
}

/// What happened to a load.
struct Carried {
    ledger: Arc<Ledger>,
    accepted: u32,
    cpu_us: Option<u64>,
}

/// The data of an event.
pub fn event_data(args: &Args) -> Payload {
    let data = payload::data(args.payload as usize);
    let number_at = payload::number_offsets(data.as_bytes());
    Payload::new(&data, number_at.first().copied().unwrap_or_default())
}

/// Deliveries per second until the last one.
pub fn per_s(ledger: &Ledger) -> f64 {
    ledger.delivered() as f64 / ledger.until_last_arrival().as_secs_f64()
}

/// Sets a sender up and measures it.
pub async fn run(args: &Args, running: &Running, limit: f64, report: &mut Report) -> Outcome<()> {
    let mut prepared = Prepared::new(args, running).await?;
    prepared.warm_up().await?;
    let name = running.label();
    let carried = prepared.carry(args.events, None).await?;
    let row = carried.row();
    let row = match row.get("events_per_s") / limit {
        share if share.is_finite() => row.with("share_of_limit", share),
        _ => row,
    };
    report.add(THROUGHPUT, &name, row);
    let carried = prepared.carry(args.rate * args.rate_for, Some(args.rate)).await?;
    report.add(
        &format!("latency at {} a second", args.rate),
        &name,
        carried.row(),
    );
    Ok(())
}

/// Waits until this many events have arrived, or none arrives for a time.
pub async fn wait_for_deliveries(ledger: &Ledger, events: u32, idle_max: Duration) {
    let started = Instant::now();
    let (mut seen, mut seen_at) = (ledger.delivered(), started);
    while seen < u64::from(events) && started.elapsed() < DELIVERIES_MAX && seen_at.elapsed() < idle_max {
        tokio::time::sleep(LOOK_EVERY).await;
        if ledger.delivered() > seen {
            (seen, seen_at) = (ledger.delivered(), Instant::now());
        }
    }
}

impl<'a> Prepared<'a> {
    async fn new(args: &'a Args, running: &'a Running) -> Outcome<Self> {
        let description = &running.description;
        let address = client::connect(description).await?;
        let charged = running.charged.describe()?;
        let run = Run::now();
        let sink = Sink::start(
            args.sink_listen,
            &run.sink_path(),
            Pointer::parse(&description.number)?,
        )?;
        let url = args.sink_url(sink.address(), &run.sink_path());
        eprintln!(
            "{} at {address}: delivers to {url}; CPU of {charged}",
            running.label()
        );
        let mut values = run.values(&url);
        client::set_up(description, address, &mut values).await?;
        let request = description.event_request(&values, &event_data(args))?;
        Ok(Self {
            args,
            running,
            sink,
            address,
            request,
            next: 0,
        })
    }

    /// Posts events before the measurement, so that connections, caches and plans are ready when it begins.
    async fn warm_up(&mut self) -> Outcome<()> {
        let carried = self.carry(self.args.warm_up, None).await?;
        let name = self.running.label();
        let delivered = carried.ledger.delivered();
        if delivered == 0 {
            return Err(format!(
                "{name} accepted {} events and delivered none within {:?}; {}",
                carried.accepted,
                self.args.wait(),
                self.sink.describe()
            )
            .into());
        }
        if delivered < u64::from(carried.accepted) {
            eprintln!(
                "{name} accepted {} events to warm up and delivered {delivered}; {}",
                carried.accepted,
                self.sink.describe()
            );
        }
        Ok(())
    }

    /// Posts this many events, and waits until they have arrived.
    async fn carry(&mut self, events: u32, rate: Option<u32>) -> Outcome<Carried> {
        let ledger = Arc::new(Ledger::new(events, 1));
        let first = self.next;
        self.next += events;
        self.sink.note(&ledger, first);
        let post_for = match rate {
            // One second more than the schedule takes, so that the last events are posted.
            Some(_) => Duration::from_secs(u64::from(self.args.rate_for) + 1),
            None => self.args.post_for(),
        };
        let load = Load {
            address: self.address,
            request: self.request.for_numbers(&self.running.description.authority()?),
            event: self.running.description.event.clone(),
            first,
            connections: self.args.connections,
            rate,
            post_for,
        };
        let before = self.running.charged.cpu_us()?;
        let label = self.running.label();
        let posted = producer::post_all(load, &ledger)
            .await
            .map_err(|error| format!("{label}: {error}"))?;
        let Posted { accepted, again } = posted;
        if accepted < events {
            eprintln!("{label} accepted {accepted} of {events} events within {post_for:?}");
        }
        if again > 0 {
            eprintln!("{label} closed a connection before a response; events posted again: {again}");
        }
        wait_for_deliveries(&ledger, accepted, self.args.wait()).await;
        tokio::time::sleep(CHARGED_AFTER).await;
        let after = self.running.charged.cpu_us()?;
        let cpu_us = after
            .zip(before)
            .map(|(after, before)| after.saturating_sub(before));
        Ok(Carried {
            ledger,
            accepted,
            cpu_us,
        })
    }
}

impl Carried {
    fn row(&self) -> Row {
        let (accept, deliver) = (self.ledger.accept(), self.ledger.deliver());
        let accepted = f64::from(self.accepted);
        let lost = u64::from(self.accepted).saturating_sub(self.ledger.delivered());
        let row = Row::default()
            .with("events", accepted)
            .with("events_per_s", per_s(&self.ledger))
            .with("accept_p50_ms", accept.p50_ms)
            .with("accept_p99_ms", accept.p99_ms)
            .with("deliver_p50_ms", deliver.p50_ms)
            .with("deliver_p99_ms", deliver.p99_ms)
            .with("lost", lost as f64)
            .with("delivered_twice", self.ledger.repeats() as f64);
        match self.cpu_us {
            Some(cpu_us) => row.with("cpu_us_per_event", cpu_us as f64 / accepted),
            None => row,
        }
    }
}
