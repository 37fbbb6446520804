//! The log, on standard error: standard output is for what a script reads.

use std::io::IsTerminal as _;

use crate::config::log::{LogFormat, LogLevel};

/// Starts the log, and puts panics into it.
pub fn start(format: LogFormat, level: &LogLevel) {
    let log = tracing_subscriber::fmt()
        .with_env_filter(level.filter())
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Json => log.json().flatten_event(true).with_current_span(false).init(),
        LogFormat::Text => {
            let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            log.with_ansi(std::io::stderr().is_terminal() && !unwanted).init();
        }
    }
    log_panics();
}

/// A task that panics ends alone; without this, its last words would be lost among other programs' output.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let words = panic.payload_as_str().unwrap_or("a panic without words");
        let backtrace = std::backtrace::Backtrace::capture();
        tracing::error!(place, %backtrace, "panic: {words}");
    }));
}
