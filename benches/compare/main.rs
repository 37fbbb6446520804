//! Puts the same load on any webhook sender that speaks HTTP, and prints what it costs and how long it takes
//! in the form of docs/performance.md.
//!
//! `cargo bench --bench compare -- benches/compare/postrider.toml --start-postrider` measures Postrider
//! alone; README.md beside this file says how to compare it with others. The senders take turns within a
//! run. The *limit*, what the machine can do with nothing between the producer and the sink, is measured in
//! the same run.
//!
//! * [`sender`]: the descriptions, and the requests that result. [`subject`]: the senders that run.
//! * [`producer`], [`sink`]: the two ends. [`client`]: the requests of a set-up.
//! * [`measure`], [`limit`]: the measurements.
//! * [`wire`], [`receiver`], [`ledger`], [`payload`], [`node`], [`report`], [`runtime`], [`table`]: shared
//!   with the `delivery` benchmark, so that the figures of both can be compared.
//!
//! It sends nothing to an address that the descriptions do not name, starts no sender but Postrider, and must
//! never favour one: what holds for one description holds for all.
//!
//! To add a sender: add a description beside this file.

#![forbid(unsafe_code)]

mod args;
mod client;
mod limit;
mod measure;
mod producer;
mod sender;
mod sink;
mod subject;

#[expect(dead_code, reason = "`delivery` uses more of it")]
#[path = "../delivery/ledger.rs"]
mod ledger;
#[expect(dead_code, reason = "`delivery` uses more of it")]
#[path = "../delivery/node.rs"]
mod node;
#[expect(dead_code, reason = "`delivery` uses more of it")]
#[path = "../delivery/payload.rs"]
mod payload;
#[expect(dead_code, reason = "`delivery` uses more of it")]
#[path = "../delivery/receiver.rs"]
mod receiver;
#[expect(dead_code, reason = "`delivery` uses more of it")]
#[path = "../delivery/report.rs"]
mod report;
#[path = "../delivery/runtime.rs"]
mod runtime;
#[path = "../delivery/table.rs"]
mod table;
#[path = "../delivery/wire.rs"]
mod wire;

use std::process::ExitCode;

use clap::Parser as _;
use serde_json::{Map, Value, json};

use crate::args::Args;
use crate::report::Report;
use crate::sender::Description;
use crate::sender::preview::preview;
use crate::subject::Run;

/// The result of a step. Any error ends the run.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> ExitCode {
    let args = Args::parse();
    match runtime::block_on(run(&args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the comparison failed: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: &Args) -> Outcome<()> {
    let descriptions = subject::read_all(args)?;
    if args.dry_run {
        return show(args, &descriptions);
    }
    for description in &descriptions {
        subject::check(args, description).await?;
    }
    let mut report = Report::new(Vec::new());
    for round in 1..=args.rounds {
        if args.rounds > 1 {
            eprintln!("round {round} of {}", args.rounds);
        }
        let limit = limit::run(args, &mut report).await?;
        for description in &descriptions {
            let running = subject::start(args, description)?;
            measure::run(args, &running, limit, &mut report).await?;
        }
    }
    report.print();
    report.write_json(&args.json, about(args, &descriptions))?;
    eprintln!("\nfigures: {}", args.json.display());
    Ok(())
}

/// Prints what would be sent.
fn show(args: &Args, descriptions: &[Description]) -> Outcome<()> {
    for description in descriptions {
        let run = Run::now();
        let values = run.values(&args.sink_url_shown(&run.sink_path()));
        let data = measure::event_data(args);
        println!(
            "{}",
            preview(description, &subject::from_environment, values, &data)?
        );
    }
    Ok(())
}

/// What was measured, for the file of figures.
fn about(args: &Args, descriptions: &[Description]) -> Map<String, Value> {
    let senders = descriptions.iter();
    let senders: Vec<Value> = senders
        .map(|one| json!({"name": one.name, "version": one.version}))
        .collect();
    let load = json!({
        "events": args.events,
        "connections": args.connections,
        "payload_bytes": args.payload,
        "warm_up_events": args.warm_up,
        "rate_per_s": args.rate,
        "rate_s": args.rate_for,
    });
    Map::from_iter([("senders".to_owned(), senders.into()), ("load".to_owned(), load)])
}
