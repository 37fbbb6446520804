//! Exports traces, metrics and logs over OTLP, if `otlp_endpoint` says where to.

use std::fs;
use std::io::Write as _;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderValue, Method, Request};
use http_body_util::Full;
use postrider_api::MetricsText;
use postrider_cli::{Environment, Failure};
use postrider_engine::TellsTrace;
use postrider_engine::observe::{Observer, RecordedResults, StoredEvents};
use postrider_model::{AccountId, Clock, Entropy, Timestamp};
use postrider_storage::CanceledDelivery;
use postrider_telemetry::Signal;
use postrider_telemetry::export::{Collector, Export, RESPONSE_BYTES_MAX, Sources};
use postrider_telemetry::queue::Queue;
use postrider_telemetry::resource::resource;
use postrider_telemetry::sampling::Sampling;
use postrider_telemetry::spans::Spans;
use rustix::system::uname;

use super::kept_connections::KeptConnections;
use super::logging;
use super::trusted_client::{Answer, TrustedClient};
use crate::config::Settings;
use crate::config::otlp::{OtlpCompression, OtlpEndpoint, OtlpHeaders};

/// The variable that holds the headers for the collector.
const VARIABLE: &str = "POSTRIDER_OTLP_HEADERS";

/// The protobuf of OTLP ("OTLP/HTTP Request").
const PROTOBUF: HeaderValue = HeaderValue::from_static("application/x-protobuf");

/// The headers for the collector: from the file, or from the variable.
pub fn headers(settings: &Settings, environment: &Environment) -> Result<OtlpHeaders, Failure> {
    let (source, text) = match (&settings.otlp_headers_file, environment.get(VARIABLE)) {
        (Some(_), Some(_)) => {
            let both = format!("{VARIABLE} and otlp_headers_file are both set; remove one");
            return Err(Failure::Usage(both));
        }
        (Some(file), None) => {
            let source = format!("otlp_headers_file {}", file.display());
            let text = fs::read_to_string(file);
            let text = text.map_err(|error| Failure::Usage(format!("{source}: {error}")))?;
            (source, text)
        }
        (None, Some(text)) => (VARIABLE.to_owned(), text.to_owned()),
        (None, None) => return Ok(OtlpHeaders::default()),
    };
    if settings.otlp_endpoint.is_none() {
        let orphan = format!("{source} is set without otlp_endpoint: set otlp_endpoint, or remove it");
        return Err(Failure::Usage(orphan));
    }
    let headers = text.parse();
    headers.map_err(|error| Failure::Usage(format!("{source}: {error}")))
}

/// The operator's collector.
pub struct HttpCollector {
    connections: KeptConnections,
    compression: OtlpCompression,
    endpoint: OtlpEndpoint,
    headers: OtlpHeaders,
}

impl HttpCollector {
    /// The collector of the settings, if there is one.
    pub fn of(settings: &Settings, headers: OtlpHeaders) -> Result<Option<Self>, Failure> {
        let Some(endpoint) = settings.otlp_endpoint.clone() else {
            return Ok(None);
        };
        Ok(Some(Self {
            connections: KeptConnections::new(TrustedClient::new(settings)?),
            compression: settings.otlp_compression,
            endpoint,
            headers,
        }))
    }

    /// Posts a message to the path of a signal.
    pub async fn send(&self, path: &str, message: Vec<u8>) -> Result<Answer, String> {
        let (message, encoding) = match self.compression {
            OtlpCompression::None => (message, None),
            OtlpCompression::Gzip => (gzip(message).await?, Some(HeaderValue::from_static("gzip"))),
        };
        let mut request = Request::new(Full::from(Bytes::from(message)));
        *request.method_mut() = Method::POST;
        for (name, value) in self.headers.iter() {
            request.headers_mut().append(name, value.clone());
        }
        request.headers_mut().insert(CONTENT_TYPE, PROTOBUF);
        if let Some(encoding) = encoding {
            request.headers_mut().insert(CONTENT_ENCODING, encoding);
        }
        let url = self.endpoint.url(path);
        self.connections.send(&url, request, RESPONSE_BYTES_MAX).await
    }
}

/// Compresses a message on a thread of its own: a full batch takes milliseconds, in which the runtime's
/// threads would deliver nothing.
async fn gzip(message: Vec<u8>) -> Result<Vec<u8>, String> {
    let compress = move || {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&message)?;
        encoder.finish()
    };
    let compressed = tokio::task::spawn_blocking(compress).await;
    let compressed = compressed.map_err(|error| format!("cannot compress: {error}"))?;
    compressed.map_err(|error| format!("cannot compress: {error}"))
}

#[async_trait]
impl Collector for HttpCollector {
    async fn post(&self, path: &str, message: Vec<u8>) -> Result<(u16, Vec<u8>), String> {
        let (status, body) = self.send(path, message).await?;
        Ok((status, body.to_vec()))
    }
}

/// What a node exports, before it runs.
pub struct Telemetry {
    collector: HttpCollector,
    entropy: Entropy,
    exports_metrics: bool,
    /// The spans, if traces are exported.
    spans: Option<Arc<Spans>>,
    sources: Sources,
}

impl Telemetry {
    /// Nothing is started yet.
    pub fn new(
        settings: &Settings,
        collector: HttpCollector,
        clock: Arc<dyn Clock>,
        entropy: Entropy,
    ) -> Self {
        let exports = |signal| settings.otlp_signals.contain(signal);
        let queue = exports(Signal::Traces).then(|| Arc::new(Queue::new(Signal::Traces)));
        let sampling = Sampling {
            share: settings.trace_sampling.get(),
            of_producers_per_s: settings.trace_producers_per_s,
        };
        let spans = queue.as_ref().map(|queue| {
            let spans = Spans::new(sampling, clock, entropy.number(), Arc::clone(queue));
            Arc::new(spans)
        });
        Self {
            collector,
            entropy,
            exports_metrics: exports(Signal::Metrics),
            spans,
            sources: Sources {
                spans: queue,
                lines: logging::exported(),
                metrics: None,
            },
        }
    }

    /// The spans, if traces are exported.
    pub fn spans(&self) -> Option<Arc<Spans>> {
        self.spans.clone()
    }

    /// Starts the export. `metrics` renders what `/metrics` shows.
    pub fn start(self, metrics: &Arc<dyn MetricsText>, clock: Arc<dyn Clock>) -> Export {
        let mut sources = self.sources;
        if self.exports_metrics {
            let metrics = Arc::clone(metrics);
            sources.metrics = Some(Box::new(move || metrics.render()));
        }
        let host = uname();
        let host = host.nodename().to_str().ok().filter(|name| !name.is_empty());
        let resource = resource(self.entropy.bytes(), host);
        let collector: Arc<dyn Collector> = Arc::new(self.collector);
        Export::start(&collector, &resource, clock, sources)
    }
}

/// What receivers learn of traces.
pub fn tells_trace(settings: &Settings, records_spans: bool) -> TellsTrace {
    match (settings.trace_receivers, records_spans) {
        (false, _) => TellsTrace::Nothing,
        (true, false) => TellsTrace::Cause,
        (true, true) => TellsTrace::Attempt,
    }
}

/// The observers of an engine, one after the other.
pub struct Observers(pub Vec<Arc<dyn Observer>>);

impl Observer for Observers {
    fn events_stored(&self, events: StoredEvents<'_>) {
        for observer in &self.0 {
            observer.events_stored(events);
        }
    }

    fn results_recorded(&self, results: RecordedResults<'_>) {
        for observer in &self.0 {
            observer.results_recorded(results);
        }
    }

    fn deliveries_canceled(&self, account: AccountId, at: Timestamp, canceled: &[CanceledDelivery]) {
        for observer in &self.0 {
            observer.deliveries_canceled(account, at, canceled);
        }
    }
}
