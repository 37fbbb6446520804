//! An OTLP collector: a receiver that reads what it gets with the messages of the OpenTelemetry project.

use std::io::Read as _;
use std::time::Duration;

use bytes::Bytes;
use flate2::read::GzDecoder;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
pub use opentelemetry_proto::tonic::logs::v1::LogRecord;
pub use opentelemetry_proto::tonic::metrics::v1::Metric;
pub use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

use crate::receiver::{Received, Receiver};
use crate::wait::until;

/// The collector. It ends with the runtime on which it was started.
#[derive(Clone)]
pub struct Collector(pub Receiver);

impl Collector {
    /// A collector on a free loopback port.
    pub async fn start() -> Self {
        Self(Receiver::start().await)
    }

    /// Its endpoint, as in the setting.
    pub fn endpoint(&self) -> String {
        self.0.url("")
    }

    /// All spans so far.
    pub fn spans(&self) -> Vec<Span> {
        let requests = self.requests::<ExportTraceServiceRequest>("/v1/traces");
        let resources = requests.into_iter().flat_map(|request| request.resource_spans);
        let scopes = resources.flat_map(|resource| resource.scope_spans);
        scopes.flat_map(|scope| scope.spans).collect()
    }

    /// All metrics so far.
    pub fn metrics(&self) -> Vec<Metric> {
        let requests = self.requests::<ExportMetricsServiceRequest>("/v1/metrics");
        let resources = requests.into_iter().flat_map(|request| request.resource_metrics);
        let scopes = resources.flat_map(|resource| resource.scope_metrics);
        scopes.flat_map(|scope| scope.metrics).collect()
    }

    /// All lines of the log so far.
    pub fn lines(&self) -> Vec<LogRecord> {
        let requests = self.requests::<ExportLogsServiceRequest>("/v1/logs");
        let resources = requests.into_iter().flat_map(|request| request.resource_logs);
        let scopes = resources.flat_map(|resource| resource.scope_logs);
        scopes.flat_map(|scope| scope.log_records).collect()
    }

    /// The spans of this trace (hexadecimal), once there are at least `count`.
    pub async fn wait_for(&self, trace: &str, count: usize, within: Duration) -> Vec<Span> {
        let what = format!("{count} spans of {trace}");
        until(&what, within, async || {
            let spans = self.spans_of(trace);
            (spans.len() >= count).then_some(spans)
        })
        .await
    }

    /// The spans of this trace so far.
    pub fn spans_of(&self, trace: &str) -> Vec<Span> {
        let spans = self.spans().into_iter();
        spans.filter(|span| hex(&span.trace_id) == trace).collect()
    }

    fn requests<M: Message + Default>(&self, path: &str) -> Vec<M> {
        let decode = |request: Received| {
            assert_eq!(request.header("content-type"), "application/x-protobuf");
            let message = match request.header("content-encoding") {
                "gzip" => gunzip(&request.body),
                _ => request.body,
            };
            M::decode(message).expect("it is a message of OTLP")
        };
        self.0.received(path).into_iter().map(decode).collect()
    }
}

fn gunzip(compressed: &[u8]) -> Bytes {
    let mut message = Vec::new();
    let read = GzDecoder::new(compressed).read_to_end(&mut message);
    read.expect("it is gzip");
    message.into()
}

/// The value of an attribute, as text; empty if there is none.
pub fn attribute(attributes: &[KeyValue], name: &str) -> String {
    let found = attributes.iter().find(|attribute| attribute.key == name);
    let value = found.and_then(|attribute| attribute.value.as_ref()?.value.clone());
    match value {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::DoubleValue(number)) => number.to_string(),
        Some(Value::BoolValue(flag)) => flag.to_string(),
        _ => String::new(),
    }
}

/// An id as the header writes it.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
