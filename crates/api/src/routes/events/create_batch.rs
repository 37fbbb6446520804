//! `POST /v1/accounts/{account}/events/batch`

use std::fmt::{self, Write as _};

use axum::body::HttpBody;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use postrider_engine::{Accepted, Submission};
use postrider_model::{AccountId, TraceContext};
use postrider_web::body::Collected;
use postrider_web::body_budget::Owner;
use postrider_web::trace::tell_account;
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::accepted::{AcceptedView, RESPONSE_BYTES_MAX, response, status};
use super::cloud_events::{self, Form};
use super::create::IdempotencyHeader;
use super::input::EventInput;
use crate::decode::decode;
use crate::idempotency_key::{idempotency_key, key_of_item};
use crate::json_body::{read, utf8};
use crate::path::{AccountPath, InAccount};
use crate::problem::{Code, Problem, ProblemDocument, ProblemPages, fault_codes};
use crate::query::no_parameters;
use crate::rate_limits::told;
use crate::router::ApiState;

/// Most events of one batch.
pub const EVENTS_MAX: usize = 1_000;

/// Largest batch, as a multiple of the limit on one event's `data`: 8 MiB by default.
const DATA_BOUNDS_MAX: usize = 32;

/// A batch of events.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = BatchInput)]
pub struct BatchInput<'a> {
    /// The events, 1 to 1000.
    #[serde(borrow)]
    #[schema(value_type = Vec<EventInput<'a>>, min_items = 1, max_items = 1000)]
    events: RawEvents<'a>,
}

/// The results of a batch, in the order of the request.
#[derive(Serialize, ToSchema)]
#[schema(as = BatchResult)]
pub struct BatchView<'a> {
    /// One result per event.
    data: Vec<ItemView<'a>>,
}

/// The result of one event of a batch.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = BatchItem)]
pub enum ItemView<'a> {
    /// The event is on disk.
    Accepted(AcceptedItem<'a>),
    /// The event was not accepted.
    Refused(RefusedItem<'a>),
}

/// An event of a batch that is on disk.
#[derive(Serialize, ToSchema)]
#[schema(as = AcceptedBatchItem)]
pub struct AcceptedItem<'a> {
    /// 202 for a new event, 200 for one that was accepted earlier.
    status: u16,
    /// The body that a single request would have returned.
    #[serde(flatten)]
    event: AcceptedView<'a>,
}

/// An event of a batch that was not accepted.
#[derive(Serialize, ToSchema)]
#[schema(as = RefusedBatchItem)]
pub struct RefusedItem<'a> {
    /// The problem's status: 503 if the event should be sent again, 429 if it should be sent again later.
    status: u16,
    /// The problem that a single request would have returned; pointers are relative to the batch.
    #[schema(inline = false)]
    error: ProblemDocument<'a>,
}

/// Report many events
///
/// Each event is accepted or refused on its own. A large batch is stored in parts: if the store fails between
/// two of them, the events that were not stored get the status 503, and only those should be sent again. An
/// `Idempotency-Key` applies to the batch: it identifies each event by the key and the event's index.
///
/// A batch of CloudEvents 1.0 is an array of events in structured mode, with the type
/// `application/cloudevents-batch+json`. Without an `Idempotency-Key`, each is identified by its `source` and
/// `id`.
#[utoipa::path(
    post,
    path = "/v1/accounts/{account}/events/batch",
    extensions(("x-permission" = json!("events:write"))),
    tag = "Events",
    params(AccountPath, IdempotencyHeader),
    request_body(content = BatchInput, example = json!({"events": [
        {"type": "proposal.accepted", "data": {"proposal_id": 42}},
        {"type": "proposal.rejected", "data": {"proposal_id": 43}}
    ]})),
    responses(
        (status = 202, description = "One result per event, in the order of the request.", body = BatchView),
        (status = 400, description = "`invalid_idempotency_key`: the header is not a valid key."),
    )
)]
pub async fn create_event_batch(
    State(state): State<ApiState>,
    InAccount(account): InAccount,
    request: Request,
) -> Result<Response, Problem> {
    accept_batch(&state, account, request).await
}

/// Most bytes of a batch where an event's `data` may have `data_bytes_max`.
pub const fn batch_bytes_max(data_bytes_max: usize) -> usize {
    data_bytes_max.saturating_mul(DATA_BOUNDS_MAX)
}

/// Handles [`create_event_batch`].
pub async fn accept_batch<B>(
    state: &ApiState,
    account: AccountId,
    request: http::Request<B>,
) -> Result<Response, Problem>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    match Form::of(request.headers()) {
        None => {}
        Some(Form::Batch) => {
            return cloud_events::accept_batch(state, account, request, StatusCode::ACCEPTED).await;
        }
        Some(Form::Structured | Form::Binary) => {
            let detail = "this route takes batches, as application/cloudevents-batch+json; post one CloudEvent to …/events";
            return Err(Problem::new(Code::UnsupportedMediaType, detail));
        }
    }
    no_parameters(request.uri())?;
    let key = idempotency_key(request.headers())?.map(str::to_owned);
    let trace: Option<TraceContext> = request.extensions().get().copied();
    let bytes_max = batch_bytes_max(state.engine.settings().data_bytes_max);
    let limits = state.body_limits(bytes_max, Owner::Account(account));
    // The room stays taken until the events are stored, because they were copied out of the body.
    let Collected {
        bytes: body,
        room: _room,
    } = read(request, limits).await?;
    let (refusals, mut submissions) = read_events(utf8(&body)?, key.as_deref())?;
    for submission in &mut submissions {
        submission.trace = trace;
    }
    drop(body);
    let standing = state.rate_limits.events_of(account, submissions.len())?;
    let results = if submissions.is_empty() {
        Vec::new()
    } else {
        state.engine.accept(account, submissions).await?
    };
    let results = results.into_iter().map(|result| result.map_err(Problem::from));
    let items = results_of(refusals, results, pointer_of);
    let json = write_batch(items, state.problem_pages()).map_err(Problem::internal)?;
    let mut response = response(StatusCode::ACCEPTED, json);
    tell_account(trace, account, response.extensions_mut());
    Ok(told(response, standing))
}

/// The response's body: a [`BatchView`], written item by item.
pub(super) fn write_batch(
    items: impl ExactSizeIterator<Item = Result<Accepted, Problem>>,
    pages: ProblemPages<'_>,
) -> Result<String, fmt::Error> {
    let mut json = String::with_capacity(items.len() * RESPONSE_BYTES_MAX);
    json.push_str(r#"{"data":["#);
    for (index, item) in items.enumerate() {
        if index > 0 {
            json.push(',');
        }
        ItemView::of(&item, pages).write(&mut json)?;
    }
    json.push_str("]}");
    Ok(json)
}

/// The problem of each event, if it has one, and the submissions of the events that have none.
pub(crate) fn read_events(
    text: &str,
    key: Option<&str>,
) -> Result<(Vec<Option<Problem>>, Vec<Submission>), Problem> {
    let batch: BatchInput<'_> = decode(text)?;
    let RawEvents::Few(events) = batch.events else {
        let detail = format!("a batch can have at most {EVENTS_MAX} events");
        return Err(Problem::body("/events", fault_codes::TOO_MANY, detail));
    };
    if events.is_empty() {
        return Err(Problem::body(
            "/events",
            fault_codes::TOO_FEW,
            "a batch must have at least one event",
        ));
    }
    let mut submissions = Vec::with_capacity(events.len());
    let refusals = events.into_iter().enumerate().map(|(index, event)| {
        match read_event(event, key.map(|key| key_of_item(key, index))) {
            Ok(submission) => {
                submissions.push(submission);
                None
            }
            Err(problem) => Some(problem.within(&pointer_of(index))),
        }
    });
    Ok((refusals.collect(), submissions))
}

fn read_event(event: &RawValue, key: Option<String>) -> Result<Submission, Problem> {
    // Copy the data: a slice would keep the whole batch in memory as long as one of its events waits.
    decode::<EventInput<'_>>(event.get())?.check(|data| Bytes::copy_from_slice(data.get().as_bytes()), key)
}

fn pointer_of(index: usize) -> String {
    format!("/events/{index}")
}

/// The result of each event: the problem that kept it from being submitted, or the engine's next result.
/// `pointer_of` points to the event at an index.
pub(super) fn results_of(
    refusals: Vec<Option<Problem>>,
    mut results: impl Iterator<Item = Result<Accepted, Problem>>,
    pointer_of: impl Fn(usize) -> String,
) -> impl ExactSizeIterator<Item = Result<Accepted, Problem>> {
    refusals
        .into_iter()
        .enumerate()
        .map(move |(index, refusal)| match refusal {
            Some(problem) => Err(problem),
            None => match results.next() {
                Some(result) => result.map_err(|problem| problem.within(&pointer_of(index))),
                None => Err(Problem::internal("the engine returned no result for an event")),
            },
        })
}

impl<'a> ItemView<'a> {
    fn of(item: &'a Result<Accepted, Problem>, pages: ProblemPages<'a>) -> Self {
        match item {
            Ok(accepted) => Self::Accepted(AcceptedItem {
                status: status(accepted).as_u16(),
                event: AcceptedView::of(accepted),
            }),
            Err(problem) => Self::Refused(RefusedItem {
                status: problem.code().status().as_u16(),
                error: problem.document(pages),
            }),
        }
    }

    /// Writes the same text as serde. A batch can have a thousand accepted events, so they are written by
    /// hand; serde writes refused ones.
    fn write(&self, json: &mut String) -> fmt::Result {
        match self {
            Self::Accepted(AcceptedItem { status, event }) => {
                write!(json, r#"{{"status":{status},"#)?;
                event.write_members(json)?;
                json.push('}');
            }
            Self::Refused(_) => json.push_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?),
        }
        Ok(())
    }
}

/// The events of a batch, each as text, so that an invalid event does not affect the others. Reading stops at
/// the bound: a body of a million tiny values must not become a list of that length.
pub(super) enum RawEvents<'a> {
    Few(Vec<&'a RawValue>),
    TooMany,
}

impl<'de: 'a, 'a> Deserialize<'de> for RawEvents<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Walk;

        impl<'de> Visitor<'de> for Walk {
            type Value = RawEvents<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<RawEvents<'de>, A::Error> {
                let mut events = Vec::new();
                while let Some(event) = items.next_element::<&RawValue>()? {
                    if events.len() == EVENTS_MAX {
                        while items.next_element::<IgnoredAny>()?.is_some() {}
                        return Ok(RawEvents::TooMany);
                    }
                    events.push(event);
                }
                Ok(RawEvents::Few(events))
            }
        }

        deserializer.deserialize_seq(Walk)
    }
}

#[cfg(test)]
mod tests {
    use postrider_model::{EventId, Timestamp};

    use super::*;
    use crate::problem::Code;

    #[test]
    fn an_invalid_event_is_refused_alone_with_a_pointer_into_the_batch() {
        let text = r#"{"events":[{"type":"a","data":1},{"type":"a b","data":2},7,{"type":"c","data":3,"x":1},{"type":"d","data":4}]}"#;
        let (refusals, submissions) = read_events(text, Some("k")).unwrap();
        let pointers: Vec<_> = refusals
            .iter()
            .map(|refusal| refusal.as_ref().and_then(|p| p.faults()[0].pointer()))
            .collect();
        assert_eq!(
            pointers,
            [
                None,
                Some("/events/1/type"),
                Some("/events/2"),
                Some("/events/3/x"),
                None
            ]
        );
        let keys: Vec<_> = submissions
            .iter()
            .map(|s| s.idempotency_key.as_deref().unwrap())
            .collect();
        assert_eq!(keys, ["k\n0", "k\n4"]);
    }

    #[test]
    fn the_hand_written_json_equals_serdes() {
        let accepted = |known| Accepted {
            id: EventId::from_u128(7),
            event_type: "a.b".parse().unwrap(),
            created_at: Timestamp::from_unix_ms(1_769_851_800_007),
            deliveries: 3,
            known,
        };
        let refused = Problem::new(Code::EventConflict, "a \"quoted\" word");
        let items = [Ok(accepted(false)), Err(refused), Ok(accepted(true))];
        let pages = ProblemPages::below(Some("https://example.com"));
        let data = items.iter().map(|item| ItemView::of(item, pages)).collect();
        let expected = serde_json::to_string(&BatchView { data }).unwrap();
        assert_eq!(write_batch(items.into_iter(), pages).unwrap(), expected);
    }

    #[test]
    fn empty_oversized_and_malformed_batches_are_refused_whole() {
        let code = |text: &str| {
            let problem = read_events(text, None).map(|_| ()).unwrap_err();
            (
                problem.code(),
                problem.faults().first().map_or("", |fault| fault.code()),
            )
        };
        let of = |count: usize| format!(r#"{{"events":[{}]}}"#, vec!["1"; count].join(","));
        assert!(read_events(&of(1_000), None).is_ok());
        assert_eq!(code(&of(1_001)), (Code::InvalidBody, "too_many"));
        assert_eq!(code(&of(0)), (Code::InvalidBody, "too_few"));
        assert_eq!(code("{}"), (Code::InvalidBody, "required"));
        assert_eq!(code(r#"{"events":{}}"#), (Code::InvalidBody, "wrong_type"));
        assert_eq!(code(r#"{"events":[1"#), (Code::MalformedJson, ""));
    }
}
