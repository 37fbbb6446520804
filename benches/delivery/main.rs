//! Measures what a delivered event costs and how long it takes: the built `postrider serve` is a process of
//! its own, between a producer and a sink.
//!
//! `cargo bench --bench delivery` runs everything; see `-- --help`. The producer and the sink are a thread
//! each in this process, so on two cores all three share them. The *limit* is what the machine can do without
//! Postrider between the producer and the sink. It is measured in the same run, and the other figures are
//! shares of it, because machines differ and are noisy.
//!
//! * [`wire`], [`sink`], [`producer`]: the two ends. They are cheap, because Postrider cannot use the
//!   processor time that they use. [`troubled`]: receivers that do not keep up. [`receiver`]: the thread that
//!   serves the connections of either.
//! * [`frames`], [`sink_http2`], [`producer_http2`]: the same two ends over HTTP/2. [`identity`]: the
//!   certificate of a sink over TLS.
//! * [`server`], [`node`], [`process`], [`setup`]: Postrider's processes, their resource use, and their
//!   setup.
//! * [`store`], [`postgres`]: where the processes keep their data: folders, or databases of the benchmark's
//!   own PostgreSQL.
//! * [`ledger`]: records when each event was sent, accepted and delivered.
//! * [`runtime`]: the runtimes of the run and of its ends.
//! * [`scenarios`]: the measurements, one per file. [`report`]: figures, JSON, floors; [`table`]: how
//!   they look.
//!
//! To add a scenario: add a file in [`scenarios`], and a line in its list.

#![forbid(unsafe_code)]

mod args;
mod bench;
mod frames;
mod identity;
mod ledger;
mod node;
mod payload;
mod postgres;
mod process;
mod producer;
mod producer_http2;
mod receiver;
mod report;
mod runtime;
mod scenarios;
mod server;
mod setup;
mod sink;
mod sink_http2;
mod store;
mod table;
mod troubled;
mod wire;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::Args;
use crate::bench::Bench;
use crate::report::Report;
use crate::store::Store;

/// The result of a step. Any error ends the run.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> ExitCode {
    let args = Args::parse();
    match runtime::block_on(run(args)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("the benchmark failed: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the benchmark. Returns `false` if a figure is below its floor.
async fn run(args: Args) -> Outcome<bool> {
    args.check()?;
    let bench = Bench {
        store: Store::start(args.store).await?,
        args,
    };
    let args = &bench.args;
    let mut report = Report::new(args.binaries());
    for round in 1..=args.rounds() {
        if args.rounds() > 1 {
            eprintln!("round {round} of {}", args.rounds());
        }
        scenarios::run(&bench, &mut report).await?;
    }
    if let Some(notes) = bench.store.notes() {
        println!("{notes}");
    }
    report.print();
    let about = serde_json::Map::from_iter([("store".to_owned(), bench.store.json())]);
    report.write_json(&args.json, about)?;
    eprintln!("figures: {}", args.json.display());
    if args.short {
        return report.above_floors(&args.floors);
    }
    Ok(true)
}
