//! The tasks that export: one for each signal, so that one signal does not wait for another.
//!
//! A batch is sent as soon as it is full, otherwise after [`EXPORT_EVERY`]. What a collector does not take is
//! sent again a few times and then dropped: it is worth less than what comes after it. A stop sends what is
//! left, once, within [`FLUSH_MAX`].

mod envelope;

use std::sync::Arc;
use std::time::Duration;

use ::metrics::Counter;
use async_trait::async_trait;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use parking_lot::Mutex;
use postrider_model::Clock;
use prost::Message as _;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::logs::unexported;
use crate::queue::{Queue, meter};
use crate::{Signal, metrics};

/// How long a batch that is not full waits.
pub const EXPORT_EVERY: Duration = Duration::from_secs(2);

/// How often metrics are exported.
pub const METRICS_EVERY: Duration = Duration::from_secs(60);

/// How long one request to the collector may take, from the name look-up to the last byte.
pub const REQUEST_MAX: Duration = Duration::from_secs(10);

/// Pauses before a batch is sent again. Meanwhile the queue holds some seconds of traces.
const RETRIES: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

/// How long a stop waits for the last exports.
pub const FLUSH_MAX: Duration = Duration::from_secs(2);

/// How often the log says that exports fail.
const FAILURE_LOGGED_EVERY: Duration = Duration::from_secs(60);

/// Most bytes of a response that are read. It says how many items were refused, and why.
pub const RESPONSE_BYTES_MAX: usize = 16 * 1024;

/// What takes the exported data.
#[async_trait]
pub trait Collector: Send + Sync + 'static {
    /// Posts a message (protobuf) to this path below the endpoint. Returns the status and the body of the
    /// response, or why there was none. It need not limit its time.
    async fn post(&self, path: &str, message: Vec<u8>) -> Result<(u16, Vec<u8>), String>;
}

/// What a running process exports; a signal that is `None` is not exported.
pub struct Sources {
    /// Spans.
    pub spans: Option<Arc<Queue<Span>>>,
    /// Lines of the log.
    pub lines: Option<Arc<Queue<LogRecord>>>,
    /// The text of `/metrics`.
    pub metrics: Option<Box<dyn Fn() -> String + Send + Sync>>,
}

/// The running tasks.
pub struct Export {
    tasks: Mutex<JoinSet<()>>,
    stop: watch::Sender<bool>,
}

impl Export {
    /// Starts to export what is queued, and what will be.
    pub fn start(
        collector: &Arc<dyn Collector>,
        resource: &Resource,
        clock: Arc<dyn Clock>,
        sources: Sources,
    ) -> Self {
        let (stop, stopped) = watch::channel(false);
        let lane = |signal| Lane {
            signal,
            collector: Arc::clone(collector),
            resource: resource.clone(),
            dropped: meter(signal),
            stopped: stopped.clone(),
            failing_since_logged: None,
        };
        let mut tasks = JoinSet::new();
        if let Some(queue) = sources.spans {
            queue.meter();
            tasks.spawn(unexported(
                lane(Signal::Traces).run_queue(queue, envelope::traces),
            ));
        }
        if let Some(queue) = sources.lines {
            queue.meter();
            tasks.spawn(unexported(lane(Signal::Logs).run_queue(queue, envelope::logs)));
        }
        if let Some(render) = sources.metrics {
            tasks.spawn(unexported(lane(Signal::Metrics).run_metrics(render, clock)));
        }
        Self {
            tasks: Mutex::new(tasks),
            stop,
        }
    }

    /// Exports what is left, for at most this long, and ends the tasks.
    pub async fn stop(&self, at_most: Duration) {
        let _ = self.stop.send(true);
        let mut tasks = std::mem::take(&mut *self.tasks.lock());
        let _ = timeout(at_most, async { while tasks.join_next().await.is_some() {} }).await;
    }
}

/// What one task has.
struct Lane {
    signal: Signal,
    collector: Arc<dyn Collector>,
    resource: Resource,
    dropped: Counter,
    stopped: watch::Receiver<bool>,
    /// When it was last logged that exports fail; `None` if the last one succeeded.
    failing_since_logged: Option<Instant>,
}

/// Why a batch was not taken.
struct Refused {
    why: String,
    /// Whether the collector may take it later.
    is_passing: bool,
}

impl Lane {
    async fn run_queue<T>(mut self, queue: Arc<Queue<T>>, envelope: fn(Resource, Vec<T>) -> Vec<u8>) {
        loop {
            let mut stopped = self.stopped.clone();
            let is_last = tokio::select! {
                biased;
                _ = stopped.wait_for(|stopped| *stopped) => true,
                () = queue.has_batch() => false,
                () = sleep(EXPORT_EVERY) => false,
            };
            loop {
                let batch = queue.take();
                if batch.is_empty() {
                    break;
                }
                let count = batch.len();
                let message = envelope(self.resource.clone(), batch);
                self.send(message, count).await;
            }
            if is_last {
                return;
            }
        }
    }

    async fn run_metrics(mut self, render: Box<dyn Fn() -> String + Send + Sync>, clock: Arc<dyn Clock>) {
        let now_ns = |clock: &dyn Clock| u64::try_from(clock.wall().unix_ms()).unwrap_or(0) * 1_000_000;
        let start_ns = now_ns(&*clock);
        loop {
            let mut stopped = self.stopped.clone();
            let is_last = tokio::select! {
                biased;
                _ = stopped.wait_for(|stopped| *stopped) => true,
                () = sleep(METRICS_EVERY) => false,
            };
            let span = metrics::Span {
                start_ns,
                now_ns: now_ns(&*clock),
            };
            let exported = metrics::metrics(&render(), span);
            let points = metrics::points(&exported);
            let message = envelope::metrics(self.resource.clone(), exported);
            self.send(message, points).await;
            if is_last {
                return;
            }
        }
    }

    /// Sends a batch, again if need be, and counts it as dropped if it is not taken.
    async fn send(&mut self, message: Vec<u8>, count: usize) {
        let mut retries = RETRIES.into_iter();
        loop {
            let refused = match self.send_once(message.clone()).await {
                Ok((0, _)) => return self.succeeded(),
                Ok((rejected, why)) => {
                    self.dropped.increment(rejected.min(count as u64));
                    return self.failed(&format!("it took only a part: {why}"));
                }
                Err(refused) => refused,
            };
            self.failed(&refused.why);
            let is_stopping = *self.stopped.borrow();
            let pause = retries.next().filter(|_| refused.is_passing && !is_stopping);
            let Some(pause) = pause else {
                self.dropped.increment(count as u64);
                return;
            };
            let mut stopped = self.stopped.clone();
            tokio::select! {
                _ = stopped.wait_for(|stopped| *stopped) => {}
                () = sleep(pause) => {}
            }
        }
    }

    /// Returns how many items the collector rejected, and why.
    async fn send_once(&self, message: Vec<u8>) -> Result<(u64, String), Refused> {
        let passing = |why| Refused {
            why,
            is_passing: true,
        };
        let posted = timeout(REQUEST_MAX, self.collector.post(self.signal.path(), message)).await;
        let (status, body) = posted
            .map_err(|_| passing(format!("no response within {} s", REQUEST_MAX.as_secs())))?
            .map_err(passing)?;
        match status {
            // The responses to all signals have the same form. One that is not understood rejects nothing.
            200..=299 => Ok(ExportTraceServiceResponse::decode(&*body)
                .ok()
                .and_then(|response| response.partial_success)
                .map(|partial| {
                    let rejected = u64::try_from(partial.rejected_spans).unwrap_or(0);
                    (rejected, partial.error_message)
                })
                .unwrap_or_default()),
            _ => Err(Refused {
                why: format!("HTTP {status}"),
                // OTLP, "Retryable Response Codes".
                is_passing: matches!(status, 429 | 502 | 503 | 504),
            }),
        }
    }

    fn succeeded(&mut self) {
        if self.failing_since_logged.take().is_some() {
            tracing::info!(
                signal = self.signal.as_str(),
                "the OTLP collector takes data again"
            );
        }
    }

    /// Logged at the first failure, and from time to time while exports fail.
    fn failed(&mut self, why: &str) {
        let now = Instant::now();
        let is_due = |logged: Instant| now.duration_since(logged) >= FAILURE_LOGGED_EVERY;
        if self.failing_since_logged.is_none_or(is_due) {
            self.failing_since_logged = Some(now);
            let signal = self.signal.as_str();
            tracing::warn!(signal, why, "the OTLP collector does not take data");
        }
    }
}

#[cfg(test)]
mod tests;
