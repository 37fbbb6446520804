//! Latency: few events per second, as in most installations most of the time.

use std::sync::Arc;

use super::{carry, singles};
use crate::Outcome;
use crate::bench::Bench;
use crate::ledger::Ledger;
use crate::report::Report;
use crate::server::Server;
use crate::setup::DEFAULT_DELAYS;
use crate::sink::Sink;

/// Events per second.
const RATES: [u32; 2] = [100, 400];

/// How long each rate is sustained, in seconds.
const SECONDS: u32 = 15;
const SECONDS_SHORT: u32 = 4;

pub async fn run(bench: &Bench, report: &mut Report) -> Outcome<()> {
    let seconds = if bench.args.short { SECONDS_SHORT } else { SECONDS };
    for (index, binary) in bench.args.binaries().iter().enumerate() {
        let sink = Sink::start()?;
        let server = Server::start(binary, bench).await?;
        let account = server
            .client()
            .account(&[sink.url("/ok")], DEFAULT_DELAYS)
            .await?;
        for rate in RATES {
            let ledger = Arc::new(Ledger::new(rate * seconds, 1));
            sink.note(&ledger);
            let before = server.cpu()?;
            let row = carry(singles(&server, &account, Some(rate)), &ledger).await?;
            let row = server.cpu()?.since(before, f64::from(ledger.events()), row);
            report.add("latency", &report.name(&format!("{rate} a second"), index), row);
        }
        server.stop().await?;
    }
    Ok(())
}
