//! The log, on standard error, because scripts read standard output.

use std::io::IsTerminal as _;

use crate::config::log::{LogFormat, LogLevel};

/// Starts the log, including the log of panics.
pub fn start(format: LogFormat, level: &LogLevel) {
    // A line that cannot be written is lost. It must not be reported on standard error, which is where it
    // could not be written: once a terminal is closed, that panics, and with it the orderly stop.
    let log = tracing_subscriber::fmt()
        .log_internal_errors(false)
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

/// Logs a panic like any other error. Otherwise the panic of a task would be plain text between lines of
/// JSON.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let words = panic.payload_as_str().unwrap_or("a panic without words");
        let backtrace = std::backtrace::Backtrace::capture();
        tracing::error!(place, %backtrace, "panic: {words}");
    }));
}
