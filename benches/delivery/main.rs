//! What a delivered event costs and how long it takes: the built `postrider serve` as a process of its own, with a
//! producer before it and a sink behind it.
//!
//! `cargo bench --bench delivery` runs everything; see `-- --help`. The producer and the sink are a thread each in
//! this process: on two cores, all three share them. What the machine could do with nothing between the two is the
//! *limit*: it is measured in the same run, and the other figures are shares of it, as machines differ and are noisy.
//!
//! * [`wire`], [`sink`], [`producer`]: the two ends, written for little cost: what they take, Postrider cannot have.
//! * [`server`], [`process`], [`setup`]: Postrider's process, what it uses, and how it is set up.
//! * [`ledger`]: when each event was sent, accepted and delivered.
//! * [`scenarios`]: what is measured, a file each. [`report`]: tables, JSON, floors.
//!
//! To add a scenario: a file in [`scenarios`], and a line in its list.

mod args;
mod ledger;
mod payload;
mod process;
mod producer;
mod report;
mod scenarios;
mod server;
mod setup;
mod sink;
mod wire;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::Args;
use crate::report::Report;

/// What can go wrong here ends the run.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> ExitCode {
    let args = Args::parse();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be built");
    match runtime.block_on(run(&args)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("the benchmark failed: {error}");
            ExitCode::FAILURE
        }
    }
}

/// False where a figure is below its floor.
async fn run(args: &Args) -> Outcome<bool> {
    let mut report = Report::new(args);
    for round in 1..=args.rounds() {
        if args.rounds() > 1 {
            eprintln!("round {round} of {}", args.rounds());
        }
        scenarios::run(args, &mut report).await?;
    }
    report.print();
    report.write_json(&args.json)?;
    eprintln!("figures: {}", args.json.display());
    if args.short {
        return report.above_floors(&args.floors);
    }
    Ok(true)
}
