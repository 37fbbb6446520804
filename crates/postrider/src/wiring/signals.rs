//! The signals that stop the process.

use postrider_cli::failure::{Failure, exit};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGTERM from service managers, SIGINT from ctrl-c, and SIGHUP from a terminal that is closed.
#[derive(Debug)]
pub struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
    /// `None` under `nohup`, which asks for a process that outlives its terminal.
    hang_up: Option<Signal>,
}

impl StopSignals {
    /// Catches the signals from here on.
    pub fn catch() -> Result<Self, Failure> {
        let catch =
            |kind| signal(kind).map_err(|error| Failure::Failed(format!("cannot catch signals: {error}")));
        Ok(Self {
            terminate: catch(SignalKind::terminate())?,
            interrupt: catch(SignalKind::interrupt())?,
            hang_up: match ignores_hang_up() {
                true => None,
                false => Some(catch(SignalKind::hangup())?),
            },
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
            () = hung_up(self.hang_up.as_mut()) => {}
        }
    }
}

async fn hung_up(signal: Option<&mut Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}

/// Whether the process was started with SIGHUP ignored. Linux says so in the mask `SigIgn` (proc(5)); where
/// there is no such file, it counts as not ignored.
fn ignores_hang_up() -> bool {
    let status = std::fs::read_to_string("/proc/self/status");
    status.is_ok_and(|status| is_first_signal_ignored(&status))
}

/// SIGHUP is signal 1, the lowest bit.
fn is_first_signal_ignored(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_of_ignored_signals_says_whether_a_process_outlives_its_terminal() {
        let status = |mask| format!("Name:\tpostrider\nSigBlk:\t0000000000000001\nSigIgn:\t{mask}\n");
        assert!(is_first_signal_ignored(&status("0000000000001001")));
        assert!(!is_first_signal_ignored(&status("0000000000001000")));
        assert!(!is_first_signal_ignored(""));
    }
}
