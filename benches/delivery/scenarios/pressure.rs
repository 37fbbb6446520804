//! Pressure: customers and receivers at their worst.
//!
//! * [`customers`]: a healthy account, alone and beside one other that does its worst in one of several ways.
//! * [`receivers`]: five kinds of receivers in trouble at the same time. Each should get every event in
//!   little more than the time that its capacity needs, with few requests in vain.
//!
//! Every load is bounded by a number of events and by a time, so that a build ends however badly it does.

mod customers;
mod receivers;

use crate::bench::Bench;
use crate::report::Report;
use crate::{Outcome, process};

pub async fn run(bench: &Bench, report: &mut Report) -> Outcome<()> {
    // Silent receivers keep as many connections open as the server has slots.
    process::raise_open_files();
    for (index, binary) in bench.args.binaries().iter().enumerate() {
        customers::run(bench, report, binary, index).await?;
    }
    for (index, binary) in bench.args.binaries().iter().enumerate() {
        receivers::run(bench, report, binary, index).await?;
    }
    Ok(())
}
