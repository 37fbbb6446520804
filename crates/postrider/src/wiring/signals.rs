//! The signals that stop the process.

use postrider_cli::failure::{Failure, exit};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGTERM from service managers, and SIGINT from ctrl-c.
#[derive(Debug)]
pub struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// Catches the signals from here on.
    pub fn catch() -> Result<Self, Failure> {
        let catch =
            |kind| signal(kind).map_err(|error| Failure::Failed(format!("cannot catch signals: {error}")));
        Ok(Self {
            terminate: catch(SignalKind::terminate())?,
            interrupt: catch(SignalKind::interrupt())?,
        })
    }

    /// Waits for the first signal. A second signal ends the process at once; the next start then recovers the
    /// attempts in flight.
    pub async fn first(mut self) {
        self.next().await;
        tokio::spawn(async move {
            self.next().await;
            tracing::warn!("a second signal: stopping at once");
            std::process::exit(i32::from(exit::FAILED));
        });
    }

    /// Waits for the next signal.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
