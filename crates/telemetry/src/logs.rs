//! Lines of the log as OTLP.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
pub use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::logs::v1::SeverityNumber;
use postrider_model::{Clock, TraceId};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

use crate::attributes::{attribute, text, text_value};
use crate::queue::Queue;

/// The targets of this crate's own lines. They are written but not exported: what says that the collector is
/// away must not wait for it, nor cause further lines.
const OWN_TARGET: &str = "postrider_telemetry";

thread_local! {
    /// Whether this thread is exporting: libraries may log what they do for an export, too.
    static IS_EXPORTING: Cell<bool> = const { Cell::new(false) };
}

/// A layer of the log that queues what it is given. What is logged, its filters decide.
pub struct LogLayer {
    queue: Arc<Queue<LogRecord>>,
    clock: Arc<dyn Clock>,
}

impl LogLayer {
    /// A layer into this queue.
    pub fn new(queue: Arc<Queue<LogRecord>>, clock: Arc<dyn Clock>) -> Self {
        Self { queue, clock }
    }
}

impl<S: Subscriber> Layer<S> for LogLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        if metadata.target().starts_with(OWN_TARGET) || IS_EXPORTING.get() {
            return;
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        let mut attributes = fields.attributes;
        attributes.push(text("target", metadata.target()));
        let time = u64::try_from(self.clock.wall().unix_ms()).unwrap_or(0) * 1_000_000;
        self.queue.add([LogRecord {
            time_unix_nano: time,
            observed_time_unix_nano: time,
            severity_number: severity(*metadata.level()).into(),
            severity_text: metadata.level().to_string(),
            body: Some(text_value(fields.message)),
            attributes,
            trace_id: fields.trace.map(|id| id.as_bytes().to_vec()).unwrap_or_default(),
            ..LogRecord::default()
        }]);
    }
}

/// Runs a future that exports: what is logged while it runs is not exported.
pub(crate) async fn unexported<T>(exporting: impl Future<Output = T>) -> T {
    let mut exporting = std::pin::pin!(exporting);
    std::future::poll_fn(|context| {
        let _exporting = Exporting::begin();
        exporting.as_mut().poll(context)
    })
    .await
}

/// While it lives, this thread is exporting; a panic ends it too.
struct Exporting;

impl Exporting {
    fn begin() -> Self {
        IS_EXPORTING.set(true);
        Self
    }
}

impl Drop for Exporting {
    fn drop(&mut self) {
        IS_EXPORTING.set(false);
    }
}

fn severity(level: Level) -> SeverityNumber {
    match level {
        Level::ERROR => SeverityNumber::Error,
        Level::WARN => SeverityNumber::Warn,
        Level::INFO => SeverityNumber::Info,
        Level::DEBUG => SeverityNumber::Debug,
        Level::TRACE => SeverityNumber::Trace,
    }
}

/// The fields of a line.
#[derive(Default)]
struct Fields {
    message: String,
    trace: Option<TraceId>,
    attributes: Vec<KeyValue>,
}

impl Fields {
    fn add(&mut self, field: &Field, value: Value) {
        self.attributes.push(attribute(field.name(), value));
    }

    fn add_text(&mut self, field: &Field, value: &str) {
        if field.name() == "trace_id"
            && let Some(trace) = TraceId::parse(value)
        {
            self.trace = Some(trace);
            return;
        }
        let AnyValue { value } = text_value(value);
        self.attributes
            .extend(value.map(|value| attribute(field.name(), value)));
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        } else {
            self.add_text(field, &format!("{value:?}"));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.message = value.to_owned();
        } else {
            self.add_text(field, value);
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, Value::IntValue(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, Value::IntValue(i64::try_from(value).unwrap_or(i64::MAX)));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, Value::BoolValue(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, Value::DoubleValue(value));
    }
}

#[cfg(test)]
mod tests {
    use postrider_engine::SystemClock;
    use tracing_subscriber::prelude::*;

    use super::*;
    use crate::Signal;

    #[tokio::test]
    async fn a_line_keeps_its_severity_its_fields_and_its_trace_and_an_export_logs_nothing_to_export() {
        let queue = Arc::new(Queue::new(Signal::Logs));
        let layer = LogLayer::new(Arc::clone(&queue), Arc::new(SystemClock::new()));
        let _guard = tracing_subscriber::registry().with(layer).set_default();
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        tracing::warn!(
            target: "postrider::request",
            status = 503_u16,
            duration_ms = 1.5,
            left_out = None::<u64>,
            trace_id = trace,
            delivery = %"dlv_1",
            "request"
        );
        tracing::error!(target: "postrider_telemetry::export", "the collector is away");
        unexported(async { tracing::error!("what a library says of an export") }).await;
        let lines = queue.take();
        assert_eq!(lines.len(), 1, "{lines:?}");
        let line = &lines[0];
        assert_eq!(line.severity_number, SeverityNumber::Warn as i32);
        assert_eq!(line.body, Some(text_value("request")));
        assert_eq!(line.trace_id, TraceId::parse(trace).unwrap().as_bytes());
        let expected = [
            attribute("status", Value::IntValue(503)),
            attribute("duration_ms", Value::DoubleValue(1.5)),
            text("delivery", "dlv_1"),
            text("target", "postrider::request"),
        ];
        assert_eq!(line.attributes, expected);
        tracing::info!(target: "postrider::request", "afterwards");
        assert_eq!(queue.take().len(), 1);
    }
}
