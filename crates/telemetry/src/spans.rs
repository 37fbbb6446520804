//! The spans of requests, commits and attempts.
//!
//! * The request, such as `POST /v1/accounts/{account}/events`: from the edge's report, at its response. A
//!   child of the producer's span, if it names one.
//! * `commit`: from the engine's report that events are on disk. A child of the request.
//! * `send_webhook`, `send_email`: from the report that a result is recorded. A child of the request,
//!   however long ago that was.
//!
//! Attributes have the names of the semantic conventions where they exist, and begin with `postrider.`
//! otherwise. None holds a path, a query, a header, a body or the words of a receiver.

mod attempt;

use std::sync::Arc;
use std::time::Duration;

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use postrider_engine::observe::{Observer, RecordedResults, StoredEvents};
use postrider_model::{AccountId, Clock, SpanId, Timestamp, TraceContext};
use postrider_storage::{CanceledDelivery, NewEvent};
use postrider_web::request_line::RequestLine;
use postrider_web::trace::{RequestTrace, RequestTracer};

use crate::attributes::{number, text};
use crate::moments::Moments;
use crate::queue::Queue;
use crate::sampling::{Sampler, Sampling};

/// The flags of a span (`SpanFlags`): it is sampled, and whether its parent is in another process is known.
const SAMPLED: u32 = 0x01;
const HAS_IS_REMOTE: u32 = 0x100;
const IS_REMOTE: u32 = 0x200;

/// Makes spans from what it is told, and queues them.
pub struct Spans {
    sampler: Sampler,
    moments: Moments,
    queue: Arc<Queue<Span>>,
}

/// A span without what every span has.
struct Draft {
    name: String,
    kind: SpanKind,
    id: SpanId,
    parent: Option<SpanId>,
    /// Whether the parent is a span of the producer.
    parent_is_remote: bool,
    began: Duration,
    took: Duration,
    attributes: Vec<KeyValue>,
    failed: bool,
}

impl Spans {
    /// Spans into this queue. No other process may have the seed.
    pub fn new(sampling: Sampling, clock: Arc<dyn Clock>, seed: u64, queue: Arc<Queue<Span>>) -> Self {
        Self {
            sampler: Sampler::new(sampling, Arc::clone(&clock), seed),
            moments: Moments::new(clock),
            queue,
        }
    }

    fn span(&self, context: TraceContext, draft: Draft) -> Span {
        let began = self.moments.unix_ns(draft.began);
        let took = u64::try_from(draft.took.as_nanos()).unwrap_or(u64::MAX);
        let status = draft.failed.then(|| Status {
            message: String::new(),
            code: StatusCode::Error.into(),
        });
        Span {
            trace_id: context.trace.as_bytes().to_vec(),
            span_id: draft.id.as_bytes().to_vec(),
            parent_span_id: draft.parent.map(|id| id.as_bytes().to_vec()).unwrap_or_default(),
            flags: SAMPLED | HAS_IS_REMOTE | if draft.parent_is_remote { IS_REMOTE } else { 0 },
            name: draft.name,
            kind: draft.kind.into(),
            start_time_unix_nano: began,
            end_time_unix_nano: began.saturating_add(took),
            attributes: draft.attributes,
            status,
            ..Span::default()
        }
    }
}

/// The context of something whose spans are recorded.
fn sampled(trace: Option<TraceContext>) -> Option<TraceContext> {
    trace.filter(|context| context.sampled)
}

impl RequestTracer for Spans {
    fn begin(&self, incoming: Option<TraceContext>) -> RequestTrace {
        self.sampler.begin(incoming)
    }

    fn end(
        &self,
        trace: RequestTrace,
        began: Duration,
        account: Option<AccountId>,
        request: &RequestLine<'_>,
    ) {
        let Some(context) = sampled(trace.context) else {
            return;
        };
        let status = request.status.as_u16();
        let failed = status >= 500;
        let mut attributes = vec![
            text("http.request.method", request.method),
            text("http.route", request.route),
            number("http.response.status_code", status),
        ];
        if failed {
            attributes.push(text("error.type", request.status.as_str()));
        }
        let named = request.account();
        match account.or_else(|| named?.parse().ok()) {
            Some(id) => attributes.push(text("postrider.account.id", id.to_string())),
            None => attributes.extend(named.map(|uid| text("postrider.account.uid", uid))),
        }
        if let Ok(id) = request.request_id.to_str() {
            attributes.push(text("postrider.request.id", id));
        }
        let span = self.span(
            context,
            Draft {
                name: format!("{} {}", request.method, request.route),
                kind: SpanKind::Server,
                id: context.span,
                parent: trace.parent,
                parent_is_remote: trace.parent.is_some(),
                began,
                took: request.took,
                attributes,
                failed,
            },
        );
        self.queue.add([span]);
    }
}

impl Observer for Spans {
    /// One span for all events of a request that a commit stored.
    fn events_stored(&self, events: StoredEvents<'_>) {
        let mut spans: Vec<Span> = Vec::new();
        let mut requests: Vec<(TraceContext, &NewEvent, u32, usize)> = Vec::new();
        for new in events.iter() {
            let Some(context) = sampled(new.event.trace) else {
                continue;
            };
            match requests.last_mut() {
                // The events of a request are neighbours.
                Some((last, _, count, deliveries)) if *last == context => {
                    *count += 1;
                    *deliveries += new.deliveries.len();
                }
                _ => requests.push((context, new, 1, new.deliveries.len())),
            }
        }
        let commit = events.commit();
        for (context, first, count, deliveries) in requests {
            let accepted_ns = first.event.created_at.unix_ms().saturating_mul(1_000_000);
            let began_ns = self.moments.unix_ns(commit.began).cast_signed();
            let queued_ms = began_ns.saturating_sub(accepted_ns).max(0) / 1_000_000;
            let mut attributes = vec![
                text("postrider.account.id", first.event.account.to_string()),
                number("postrider.commit.events", count),
                number(
                    "postrider.commit.deliveries",
                    i64::try_from(deliveries).unwrap_or(i64::MAX),
                ),
                number("postrider.commit.queued_ms", queued_ms),
            ];
            if count == 1 {
                attributes.push(text("postrider.event.id", first.event.id.to_string()));
                attributes.push(text("postrider.event.type", first.event.event_type.as_str()));
            }
            spans.push(self.span(
                context,
                Draft {
                    name: "commit".to_owned(),
                    kind: SpanKind::Internal,
                    id: SpanId::of_commit(first.event.id),
                    parent: Some(context.span),
                    parent_is_remote: false,
                    began: commit.began,
                    took: commit.took,
                    attributes,
                    failed: false,
                },
            ));
        }
        if !spans.is_empty() {
            self.queue.add(spans);
        }
    }

    fn results_recorded(&self, results: RecordedResults<'_>) {
        let spans: Vec<Span> = results
            .iter()
            .filter_map(|result| {
                let context = sampled(result.event.trace)?;
                Some(self.span(context, attempt::draft(&result, context)?))
            })
            .collect();
        if !spans.is_empty() {
            self.queue.add(spans);
        }
    }

    fn deliveries_canceled(&self, _: AccountId, _: Timestamp, _: &[CanceledDelivery]) {}
}
