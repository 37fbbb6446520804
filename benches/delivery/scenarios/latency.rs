//! Latency: few events a second, as most installations have them most of the time.

use std::sync::Arc;

use super::{carry, singles};
use crate::Outcome;
use crate::args::Args;
use crate::ledger::Ledger;
use crate::report::Report;
use crate::server::Server;
use crate::setup::DEFAULT_DELAYS;
use crate::sink::Sink;

/// Events a second.
const RATES: [u32; 2] = [100, 400];

/// How long each rate is kept up.
const SECONDS: u32 = 15;
const SECONDS_SHORT: u32 = 4;

pub async fn run(args: &Args, report: &mut Report) -> Outcome<()> {
    let seconds = if args.short { SECONDS_SHORT } else { SECONDS };
    for (index, binary) in args.binaries().iter().enumerate() {
        let sink = Sink::start()?;
        let server = Server::start(binary, args)?;
        let account = server
            .client()
            .account(&[sink.url("/ok")], DEFAULT_DELAYS)
            .await?;
        for rate in RATES {
            let ledger = Arc::new(Ledger::new(rate * seconds, 1));
            sink.note(&ledger);
            let cpu_before_us = server.cpu_us()?;
            let row = carry(singles(&server, &account, Some(rate)), &ledger).await?;
            let cpu_us = server.cpu_us()?.saturating_sub(cpu_before_us) as f64;
            let name = report.name(&format!("{rate} a second"), index);
            report.add(
                "latency",
                &name,
                row.with("cpu_us_per_event", cpu_us / f64::from(ledger.events())),
            );
        }
        server.stop()?;
    }
    Ok(())
}
