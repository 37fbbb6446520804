//! CloudEvents 1.0 over HTTP (HTTP protocol binding 1.0.2), on the routes of events.
//!
//! Producers of CloudEvents have one URL, so the headers of a request decide how it is read: [`Form`]. All
//! three modes end in the same checks (`attributes`) and in a [`Submission`] as Postrider's own JSON does.

mod attributes;
mod batch;
mod binary;
pub(super) mod schema;
mod structured;

use axum::body::HttpBody;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, StatusCode, header};
use postrider_engine::Rejection;
use postrider_model::cloud_events::{BATCH, HEADER_PREFIX, STRUCTURED};
use postrider_model::{AccountId, TraceContext};
use postrider_web::body::Collected;
use postrider_web::body_budget::Owner;
use postrider_web::trace::tell_account;

use super::accepted::accepted_response;
use super::input::event_bytes_max;
use crate::idempotency_key::idempotency_key;
use crate::json_body::{read, read_undeclared};
use crate::problem::{Code, Fault, Problem};
use crate::query::no_parameters;
use crate::rate_limits::told;
use crate::router::ApiState;

pub(super) use batch::accept_batch;

/// How a request holds its CloudEvents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// One event, the whole of it in the body.
    Structured,
    /// One event, its attributes in headers, its data in the body.
    Binary,
    /// An array of events.
    Batch,
}

/// The attributes that each event has. Any of them as a header means the binary mode, so that a request which
/// lacks one is told so.
static REQUIRED_HEADERS: [HeaderName; 4] = [
    HeaderName::from_static("ce-specversion"),
    HeaderName::from_static("ce-id"),
    HeaderName::from_static("ce-source"),
    HeaderName::from_static("ce-type"),
];

impl Form {
    /// The form of a request with these headers; `None` for Postrider's own JSON.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let content_type = headers.get(header::CONTENT_TYPE).map(|value| value.as_bytes());
        // The hot path: most requests have exactly this, and no attribute.
        let declared = content_type.filter(|declared| *declared != b"application/json");
        let is = |media_type: &str| declared.is_some_and(|declared| is_of(declared, media_type));
        if is(STRUCTURED) {
            Some(Self::Structured)
        } else if is(BATCH) {
            Some(Self::Batch)
        } else {
            let mut required = REQUIRED_HEADERS.iter();
            required
                .any(|name| headers.contains_key(name))
                .then_some(Self::Binary)
        }
    }
}

/// Whether a content type is this media type, whatever its parameters.
fn is_of(content_type: &[u8], media_type: &str) -> bool {
    let essence = content_type
        .split(|byte| *byte == b';')
        .next()
        .unwrap_or_default();
    essence.trim_ascii().eq_ignore_ascii_case(media_type.as_bytes())
}

/// Accepts the CloudEvents of a request.
pub(super) async fn accept<B>(
    state: &ApiState,
    account: AccountId,
    request: http::Request<B>,
    form: Form,
) -> Result<Response, Problem>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    no_parameters(request.uri())?;
    let key = idempotency_key(request.headers())?.map(str::to_owned);
    let trace: Option<TraceContext> = request.extensions().get().copied();
    // Base64 takes a third more than the data.
    let bytes_max = event_bytes_max(state) + state.engine.settings().data_bytes_max / 3;
    let limits = state.body_limits(bytes_max, Owner::Account(account));
    // The room stays taken until the event is stored, because the event was copied out of the body.
    let (mut submission, _room) = match form {
        Form::Batch => return accept_batch(state, account, request, StatusCode::MULTI_STATUS).await,
        Form::Structured => {
            let Collected { bytes, room } = read(request, limits).await?;
            (structured::read_event(&bytes, key)?, room)
        }
        Form::Binary => {
            let headers = request.headers().clone();
            let Collected { bytes, room } = read_undeclared(request, limits).await?;
            (binary::read_event(&headers, &bytes, key)?, room)
        }
    };
    submission.trace = trace;
    let standing = state.rate_limits.events_of(account, 1)?;
    let mut results = state.engine.accept(account, vec![submission]).await?;
    match results.pop() {
        Some(Ok(accepted)) => accepted_response(&accepted).map(|mut response| {
            tell_account(trace, account, response.extensions_mut());
            told(response, standing)
        }),
        Some(Err(rejection)) => Err(problem_of(rejection)),
        None => Err(Problem::internal("the engine returned no result for an event")),
    }
}

/// The problem of a CloudEvent. Its attributes are kept as headers, but its producer knows attributes.
fn problem_of(rejection: Rejection) -> Problem {
    let Rejection::Headers(faults) = rejection else {
        return rejection.into();
    };
    let header = format!("/headers/{HEADER_PREFIX}");
    let faults = faults.into_iter().map(|fault| {
        let attribute = fault.pointer.strip_prefix(&header);
        let pointer = attribute.map_or_else(String::new, |attribute| format!("/{attribute}"));
        let detail = format!("as a header of the event: {}", fault.detail);
        Fault::at(pointer, fault.code, detail)
    });
    Problem::of_faults(Code::InvalidBody, faults.collect())
}

/// The reader of the two modes that hold one event, for the fuzzers.
#[cfg(feature = "fuzzing")]
pub(crate) fn read_any(
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Vec<postrider_engine::Submission>, Problem> {
    match Form::of(headers) {
        Some(Form::Binary) => binary::read_event(headers, body, None).map(|event| vec![event]),
        Some(Form::Batch) => {
            batch::read_events(crate::json_body::utf8(body)?, None).map(|(_, events)| events)
        }
        _ => structured::read_event(body, None).map(|event| vec![event]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(headers: &[(&'static str, &str)]) -> Option<Form> {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        Form::of(&headers)
    }

    #[test]
    fn headers_decide_how_a_request_is_read() {
        for (headers, expected) in [
            (&[("content-type", "application/json")] as &[_], None),
            (&[("content-type", "application/vnd.x+json")], None),
            (&[("content-type", "application/json"), ("ce-tenant", "1")], None),
            (&[], None),
            (
                &[("content-type", "application/cloudevents+json")],
                Some(Form::Structured),
            ),
            (
                &[
                    ("content-type", "Application/CloudEvents+JSON ; charset=utf-8"),
                    ("ce-id", "1"),
                ],
                Some(Form::Structured),
            ),
            (
                &[("content-type", "application/cloudevents-batch+json")],
                Some(Form::Batch),
            ),
            (
                &[("content-type", "application/json"), ("ce-id", "1")],
                Some(Form::Binary),
            ),
            (&[("ce-specversion", "1.0")], Some(Form::Binary)),
            (&[("ce-type", "a")], Some(Form::Binary)),
        ] {
            assert_eq!(form(headers), expected, "{headers:?}");
        }
    }
}
