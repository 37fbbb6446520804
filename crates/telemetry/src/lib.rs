//! Exports traces, metrics and lines of the log over OTLP, the protocol of OpenTelemetry.
//!
//! Nothing here is on the way of an event: spans are made from what the edge and the engine report
//! afterwards, and only for traces that are sampled. Everything waits in bounded queues ([`queue`]); what
//! does not fit, or cannot be delivered, is dropped and counted. So a collector that is away delays neither a
//! delivery nor a stop.
//!
//! | module | holds |
//! |---|---|
//! | [`sampling`] | which traces are sampled |
//! | [`spans`] | the spans of requests, commits and attempts |
//! | [`metrics`] | the text of `/metrics` as OTLP |
//! | [`logs`] | lines of the log as OTLP |
//! | [`export`] | the tasks that send all of it to a [`export::Collector`] |
//!
//! This crate opens no connection and reads no setting: the process passes a collector in.
//!
//! To add a span: make it in [`spans`] from what an observer is told, and name it in
//! `docs/operating/opentelemetry.md`.

#![forbid(unsafe_code)]

mod attributes;
pub mod export;
pub mod logs;
pub mod metrics;
mod moments;
pub mod queue;
pub mod resource;
pub mod sampling;
pub mod spans;

/// A kind of data that is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Signal {
    /// Spans.
    Traces,
    /// Metrics.
    Metrics,
    /// Lines of the log.
    Logs,
}

impl Signal {
    /// Every signal.
    pub const ALL: [Self; 3] = [Self::Traces, Self::Metrics, Self::Logs];

    /// The signal's name in settings and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Metrics => "metrics",
            Self::Logs => "logs",
        }
    }

    /// Where a collector takes it, below its endpoint (OTLP, "OTLP/HTTP Request").
    pub const fn path(self) -> &'static str {
        match self {
            Self::Traces => "v1/traces",
            Self::Metrics => "v1/metrics",
            Self::Logs => "v1/logs",
        }
    }
}
