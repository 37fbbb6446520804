//! Throughput: as many events as the server accepts, in several variants.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use super::{CONNECTIONS, DATA_BYTES, carry, carry_posted};
use crate::Outcome;
use crate::args::Args;
use crate::bench::Bench;
use crate::identity::Identity;
use crate::ledger::Ledger;
use crate::payload;
use crate::producer::Load;
use crate::producer_http2::{self, Http2Load};
use crate::report::{Report, Row};
use crate::server::Server;
use crate::setup;
use crate::sink::Sink;
use crate::sink_http2::Http2Sink;
use crate::store::StoreKind;

/// One way to send events.
#[derive(Clone, Copy)]
struct Variant {
    name: &'static str,
    /// Divides the number of events of the plain variant.
    fewer: u32,
    events_per_request: u32,
    actions: u32,
    accounts: usize,
    data_bytes: usize,
    /// With more than one, the nodes share a database.
    nodes: usize,
    to: Receives,
    /// Whether the automation has five conditions and a template.
    is_chosen: bool,
    /// Requests in flight on each of [`HTTP2_CONNECTIONS`] of a producer that speaks HTTP/2.
    from_http2: Option<usize>,
}

/// How the sink receives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Receives {
    Http1,
    Http2,
    Http2Tls,
}

/// Connections of a producer that speaks HTTP/2.
const HTTP2_CONNECTIONS: usize = 4;

/// As many requests in flight as those of a producer that speaks HTTP/1.1, together.
const FEW_STREAMS: Option<usize> = Some(CONNECTIONS / HTTP2_CONNECTIONS);

/// As many as a client opens that has no reason to restrain itself.
const MANY_STREAMS: Option<usize> = Some(64);

/// The plain variant. Every other variant changes one property of it.
pub const PLAIN: &str = "one by one";

/// The name of the scenario in the report.
pub const NAME: &str = "throughput";

const VARIANTS: [Variant; 14] = {
    let plain = Variant {
        name: PLAIN,
        fewer: 1,
        events_per_request: 1,
        actions: 1,
        accounts: 1,
        data_bytes: DATA_BYTES,
        nodes: 1,
        to: Receives::Http1,
        from_http2: None,
        is_chosen: false,
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
        Variant {
            name: "five conditions and a template",
            is_chosen: true,
            ..plain
        },
        Variant {
            name: "two nodes",
            nodes: 2,
            ..plain
        },
        Variant {
            name: "over h2",
            to: Receives::Http2,
            ..plain
        },
        Variant {
            name: "over h2 with TLS",
            to: Receives::Http2Tls,
            ..plain
        },
        Variant {
            name: "over h2 with TLS, batches of 100",
            events_per_request: 100,
            to: Receives::Http2Tls,
            ..plain
        },
        Variant {
            name: "from h2",
            from_http2: FEW_STREAMS,
            ..plain
        },
        Variant {
            name: "from h2, 256 at once",
            from_http2: MANY_STREAMS,
            ..plain
        },
        Variant {
            name: "from h2 over h2, 256 at once",
            from_http2: MANY_STREAMS,
            to: Receives::Http2,
            ..plain
        },
        Variant {
            name: "from h2 over h2 with TLS, 256 at once",
            from_http2: MANY_STREAMS,
            to: Receives::Http2Tls,
            ..plain
        },
    ]
};

/// The variants that the short mode measures.
const SHORT: [&str; 2] = [PLAIN, "batches of 100"];

/// The variants that the store supports.
fn possible(args: &Args) -> impl Iterator<Item = Variant> {
    VARIANTS
        .into_iter()
        .filter(|variant| variant.nodes == 1 || args.store == StoreKind::Postgres)
}

/// The variants that the command line selects.
fn wanted(args: &Args) -> impl Iterator<Item = Variant> {
    possible(args).filter(|variant| {
        (!args.short || SHORT.contains(&variant.name)) && variant.name.contains(&args.variant)
    })
}

/// Rejects a selection without variants.
pub fn check(args: &Args) -> Outcome<()> {
    if wanted(args).next().is_some() {
        return Ok(());
    }
    let names: Vec<_> = possible(args).map(|variant| variant.name).collect();
    Err(format!(
        "--variant {:?} is in none of the names of what can be measured here: {}",
        args.variant,
        names.join(", ")
    )
    .into())
}

pub async fn run(bench: &Bench, report: &mut Report, limit: f64) -> Outcome<()> {
    for variant in wanted(&bench.args) {
        for (index, binary) in bench.args.binaries().iter().enumerate() {
            let row = measure(bench, binary, variant).await?;
            let per_s = row.get("events_per_s");
            let row = row.with("share_of_limit", per_s / limit);
            let one_node = report.last(NAME, &report.name(PLAIN, index));
            let row = match one_node.filter(|_| variant.nodes > 1) {
                Some(one_node) => row.with("times_one_node", per_s / one_node.get("events_per_s")),
                None => row,
            };
            report.add(NAME, &report.name(variant.name, index), row);
        }
    }
    Ok(())
}

async fn measure(bench: &Bench, binary: &Path, variant: Variant) -> Outcome<Row> {
    let sink = AnySink::start(variant.to)?;
    let flags = sink.flags();
    let server = Server::start_with(binary, bench, variant.nodes, &flags).await?;
    let urls = (0..variant.actions)
        .map(|number| sink.url(&format!("/ok/{number}")))
        .collect();
    let accounts = if variant.is_chosen {
        vec![server.client().chosen_account(&sink.url("/ok/0")).await?]
    } else {
        setup::accounts(server.address(), vec![urls; variant.accounts]).await?
    };
    let warm_up = Arc::new(Ledger::new(WARM_UP_EVENTS, variant.actions));
    sink.note(&warm_up);
    variant.carry(&server, &accounts, &warm_up).await?;
    let ledger = Arc::new(Ledger::new(bench.args.events() / variant.fewer, variant.actions));
    sink.note(&ledger);
    let memory = server.watch_memory();
    let before = server.cpu()?;
    let row = variant.carry(&server, &accounts, &ledger).await?;
    let mut client = server.client();
    for account in accounts.iter().take(100) {
        client.wait_until_settled(account).await?;
    }
    let events = f64::from(ledger.events());
    let row = server.cpu()?.since(before, events, row);
    let row = memory.peak(row)?;
    let row = if variant.actions > 1 {
        let deliveries_per_s = row.get("events_per_s") * f64::from(variant.actions);
        row.with("deliveries_per_s", deliveries_per_s)
    } else {
        row
    };
    let stored = events + f64::from(WARM_UP_EVENTS);
    Ok(server.stop().await?.by(stored, row))
}

/// Events before the measurement, so that connections, statements and pages are ready when it begins.
const WARM_UP_EVENTS: u32 = 2_000;

/// The sink of a variant.
enum AnySink {
    Http1(Sink),
    Http2(Http2Sink, Option<Identity>),
}

impl AnySink {
    fn start(receives: Receives) -> Outcome<Self> {
        Ok(match receives {
            Receives::Http1 => Self::Http1(Sink::start()?),
            Receives::Http2 => Self::Http2(Http2Sink::start(None)?, None),
            Receives::Http2Tls => {
                let identity = Identity::new()?;
                Self::Http2(Http2Sink::start(Some(&identity))?, Some(identity))
            }
        })
    }

    /// What the server must know of the sink.
    fn flags(&self) -> Vec<OsString> {
        match self {
            Self::Http1(_) => Vec::new(),
            Self::Http2(sink, None) => vec!["--http2-prior-knowledge".into(), sink.url("").into()],
            Self::Http2(_, Some(identity)) => vec!["--extra-ca-file".into(), identity.certificate().into()],
        }
    }

    fn url(&self, path: &str) -> String {
        match self {
            Self::Http1(sink) => sink.url(path),
            Self::Http2(sink, _) => sink.url(path),
        }
    }

    fn note(&self, ledger: &Arc<Ledger>) {
        match self {
            Self::Http1(sink) => sink.note(ledger),
            Self::Http2(sink, _) => sink.note(ledger),
        }
    }
}

impl Variant {
    /// Posts all events of a ledger and waits until they have arrived.
    async fn carry(&self, server: &Server, accounts: &[String], ledger: &Arc<Ledger>) -> Outcome<Row> {
        if let Some(streams) = self.from_http2 {
            let load = Http2Load {
                address: server.address(),
                account: accounts[0].clone(),
                body: payload::event(self.data_bytes),
                connections: HTTP2_CONNECTIONS,
                streams,
            };
            return carry_posted(producer_http2::post_all(load, ledger), ledger).await;
        }
        let requests = accounts.iter().map(|account| self.request(server, account));
        let load = Load {
            addresses: server.addresses(),
            requests: Arc::new(requests.collect()),
            events_per_request: self.events_per_request,
            connections: CONNECTIONS,
            rate: None,
        };
        carry(load, ledger).await
    }

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
