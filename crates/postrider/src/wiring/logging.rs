//! The log, on standard error, because scripts read standard output.
//!
//! If the format is JSON, everything that the server writes is a line of JSON: what a person would read on
//! standard output is a line of the log then, and so are panics and the error that ends the process. The
//! exceptions are command lines that are not understood.

mod bounds;

use std::io::{IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use postrider_cli::Failure;
use postrider_cli::display::Paint;
use postrider_engine::SystemClock;
use postrider_engine::log::ATTEMPT_LOG;
use postrider_storage::AUDIT_LOG;
use postrider_telemetry::Signal;
use postrider_telemetry::logs::{LogLayer, LogRecord};
use postrider_telemetry::queue::Queue;
use postrider_web::request_line::{REQUEST_LOG, STRANGER_LOG};
use tracing_subscriber::filter::FilterExt as _;
use tracing_subscriber::prelude::*;

use self::bounds::{Bounds, Kind};
use crate::config::Settings;
use crate::config::log::{LogFormat, LogLevel};
use crate::config::log_lines::LogLines;

/// How often the log says how many lines were left out.
const REPORT_EVERY: Duration = Duration::from_secs(10);

/// Whether the log has been started with the format JSON.
static IS_JSON: AtomicBool = AtomicBool::new(false);

/// The bounds of the log that was started.
static BOUNDS: OnceLock<Arc<Bounds>> = OnceLock::new();

/// The lines that are logged of each kind that has a setting.
#[derive(Debug, Clone, Copy)]
pub struct Lines {
    /// Of requests to the API and the console.
    pub requests: LogLines,
    /// Of failed attempts.
    pub attempts: LogLines,
    /// Of the entries of the audit trail.
    pub audit: LogLines,
}

impl Lines {
    /// Those that the settings ask for.
    pub fn of(settings: &Settings) -> Self {
        Self {
            requests: settings.log_requests,
            attempts: settings.log_attempts,
            audit: settings.log_audit,
        }
    }

    /// None of them.
    pub const NONE: Self = Self {
        requests: LogLines::OFF,
        attempts: LogLines::OFF,
        audit: LogLines::OFF,
    };
}

/// The lines that wait for their export, if they are exported.
static EXPORTED: OnceLock<Arc<Queue<LogRecord>>> = OnceLock::new();

/// Starts the log, including the log of panics.
pub fn start(format: LogFormat, level: &LogLevel, lines: Lines) {
    start_with(format, level, lines, None);
}

/// Does the same, and queues the lines for their export, too.
pub fn start_exported(format: LogFormat, level: &LogLevel, lines: Lines) {
    let queue = EXPORTED.get_or_init(|| Arc::new(Queue::new(Signal::Logs)));
    let exported = LogLayer::new(Arc::clone(queue), Arc::new(SystemClock::new()));
    start_with(format, level, lines, Some(exported));
}

/// The lines that wait for their export; `None` if they are not exported.
pub fn exported() -> Option<Arc<Queue<LogRecord>>> {
    EXPORTED.get().cloned()
}

fn start_with(format: LogFormat, level: &LogLevel, lines: Lines, exported: Option<LogLayer>) {
    let bounds = Arc::new(Bounds::new([
        Kind::new("request", REQUEST_LOG, lines.requests),
        Kind::new("stranger_request", STRANGER_LOG, lines.requests),
        Kind::new("attempt", ATTEMPT_LOG, lines.attempts),
        Kind::new("audit", AUDIT_LOG, lines.audit),
    ]));
    // The level first, so that lines that it leaves out use up nothing of the bounds.
    let filter = level.filter().and(bounds::Filter(Arc::clone(&bounds)));
    // A line that cannot be written is lost. It must not be reported on standard error, which is where it
    // could not be written: once a terminal is closed, that panics, and with it the orderly stop.
    let layer = tracing_subscriber::fmt::layer()
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Json => {
            let layer = layer.json().flatten_event(true).with_current_span(false);
            // One filter for both, because each line that it admits uses up a bound.
            tracing_subscriber::registry()
                .with(layer.and_then(exported).with_filter(filter))
                .init();
            IS_JSON.store(true, Ordering::Relaxed);
        }
        LogFormat::Text => {
            let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            let layer = layer.with_ansi(std::io::stderr().is_terminal() && !unwanted);
            tracing_subscriber::registry()
                .with(layer.and_then(exported).with_filter(filter))
                .init();
        }
    }
    log_panics();
    let _ = BOUNDS.set(bounds);
}

/// Says from time to time how many lines were left out. Runs until it is dropped.
pub async fn report_left_out() {
    let mut ticks = tokio::time::interval(REPORT_EVERY);
    loop {
        ticks.tick().await;
        finish();
    }
}

/// Says how many lines were left out since it was last said.
pub fn finish() {
    if let Some(bounds) = BOUNDS.get() {
        bounds.report();
    }
}

/// Registers the metrics of the log, once the recorder is installed.
pub fn meter() {
    if let Some(bounds) = BOUNDS.get() {
        bounds.meter();
    }
}

/// Whether everything that the process writes has to be JSON.
pub fn is_json() -> bool {
    IS_JSON.load(Ordering::Relaxed)
}

/// Writes the failure that ends the process. `wants_json`: whether it should be JSON although the log was not
/// started yet.
pub fn report_failure(failure: &Failure, wants_json: bool) {
    if wants_json && BOUNDS.get().is_none() {
        start(LogFormat::Json, &LogLevel::default(), Lines::NONE);
    }
    if is_json() {
        tracing::error!(error = %failure, exit_code = failure.exit_code(), "the server failed");
    } else {
        let paint = Paint::for_stream(&std::io::stderr());
        // The terminal may be closed.
        let _ = writeln!(std::io::stderr(), "{} {failure}", paint.red("error:"));
    }
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
