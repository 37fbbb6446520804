//! `POST /v1/accounts/{account}/events`
//!
//! The hot path: one read of the body that borrows from it, no tree of values, one small buffer for the
//! response.

use axum::body::HttpBody;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use postrider_engine::Submission;
use postrider_model::{AccountId, TraceContext};

use super::accepted::{AcceptedView, accepted_response};
use super::cloud_events::schema::{CloudEventInput, example};
use super::cloud_events::{self, Form};
use super::input::{EventInput, data_of, event_bytes_max};
use crate::decode::decode;
use crate::idempotency_key::idempotency_key;
use crate::json_body::{read, utf8};
use crate::path::{AccountPath, InAccount};
use crate::problem::Problem;
use crate::query::no_parameters;
use crate::rate_limits::told;
use crate::router::ApiState;
use postrider_web::body::Collected;
use postrider_web::body_budget::Owner;
use postrider_web::trace::tell_account;

/// Headers of a request with events.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes what `idempotency_key` takes")]
pub struct IdempotencyHeader {
    /// 1 to 255 visible ASCII characters. A repeated request with the same key and body gets the first
    /// response again, for as long as the event is kept.
    #[param(rename = "Idempotency-Key", max_length = 255, pattern = "^[!-~]{1,255}$")]
    idempotency_key: Option<String>,
}

/// Report an event
///
/// The response arrives after the event and its deliveries are on disk.
///
/// CloudEvents 1.0 are accepted in structured mode, in binary mode (the attributes as `ce-` headers, the body
/// is the data) and as a batch: an array with the type `application/cloudevents-batch+json`, which gets a 207
/// with a result for each event, as `…/events/batch` returns. Unless the request has an `Idempotency-Key`,
/// `source` and `id` of a CloudEvent take its place.
#[utoipa::path(
    post,
    path = "/v1/accounts/{account}/events",
    extensions(("x-permission" = json!("events:write"))),
    tag = "Events",
    params(AccountPath, IdempotencyHeader),
    // No body is an array, and the 207 has no schema. With them, generated clients would tell an event from a
    // batch by type, over which openapi-python-client fails, and every caller would have to tell an accepted
    // event from the results of a batch.
    request_body(content(
        (EventInput = "application/json"),
        (CloudEventInput = "application/cloudevents+json", example = json!(example())),
    )),
    responses(
        (status = 202, description = "The event was accepted.", body = AcceptedView),
        (status = 200, description = "The event was accepted earlier, with the same id or key. This repeats the first response.",
            body = AcceptedView),
        (status = 207, description = "A batch of CloudEvents. The body is that of `…/events/batch`."),
        (status = 400, description = "`invalid_idempotency_key`: the header is not a valid key."),
        (status = 409, description = "`event_conflict`: the id or key belongs to another event."),
        (status = 413, description = "`data_too_large`: the event's `data` is too large."),
        (status = 422, description = "`unknown_event_type`: this installation accepts only the types of its catalogue. \
            `schema_violation`: the data does not match the schema of its type."),
        (status = 429, description = "`stored_bytes_exceeded`: the account has stored as much as this installation allows. \
            An event that repeats a stored one still gets its first response.",
            headers(("retry-after" = u64, description = "Seconds until some of the account's events will have expired."))),
    )
)]
pub async fn create_event(
    State(state): State<ApiState>,
    InAccount(account): InAccount,
    request: Request,
) -> Result<Response, Problem> {
    accept_event(&state, account, request).await
}

/// Handles [`create_event`].
pub async fn accept_event<B>(
    state: &ApiState,
    account: AccountId,
    request: http::Request<B>,
) -> Result<Response, Problem>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    if let Some(form) = Form::of(request.headers()) {
        // Boxed, so that this larger future does not enlarge that of every request.
        return Box::pin(cloud_events::accept(state, account, request, form)).await;
    }
    no_parameters(request.uri())?;
    let key = idempotency_key(request.headers())?.map(str::to_owned);
    let trace: Option<TraceContext> = request.extensions().get().copied();
    let bytes_max = event_bytes_max(state);
    let limits = state.body_limits(bytes_max, Owner::Account(account));
    // The room stays taken until the event is stored, because the event was copied out of the body.
    let Collected {
        bytes: body,
        room: _room,
    } = read(request, limits).await?;
    let mut submission = read_event(&body, key)?;
    submission.trace = trace;
    // The body is not needed while the event is being stored.
    drop(body);
    let standing = state.rate_limits.events_of(account, 1)?;
    let mut results = state.engine.accept(account, vec![submission]).await?;
    match results.pop() {
        Some(Ok(accepted)) => accepted_response(&accepted).map(|mut response| {
            tell_account(trace, account, response.extensions_mut());
            told(response, standing)
        }),
        Some(Err(rejection)) => Err(rejection.into()),
        None => Err(Problem::internal("the engine returned no result for an event")),
    }
}

/// The event in a body.
pub(crate) fn read_event(body: &Bytes, key: Option<String>) -> Result<Submission, Problem> {
    let input: EventInput<'_> = decode(utf8(body)?)?;
    input.check(|data| data_of(data, body), key)
}
