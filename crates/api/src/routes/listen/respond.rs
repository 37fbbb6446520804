//! `POST /v1/accounts/{account}/automations/{id}/listen/{request}`

use std::time::Duration;

use axum::Extension;
use axum::extract::{FromRequestParts, State};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::request::Parts;
use http::{StatusCode, Uri};
use postrider_egress::Response as Received;
use postrider_engine::listen::{HandedId, HandedIdError, NotWaiting};
use postrider_model::{Caller, Outcome};
use postrider_web::path::{PathError, parameter};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{check_may_read, find_listened};
use crate::decode::Whole;
use crate::json_body::JsonBody;
use crate::path::{InAccount, invalid_path};
use crate::problem::{Code, Faults, Problem, fault_codes};
use crate::query::no_parameters;
use crate::router::ApiState;
use crate::routes::automations::path::PathAutomation;

/// Longest error, in characters.
const ERROR_CHARACTERS_MAX: usize = 500;

/// Longest time of a request: longer than any timeout of an action.
const DURATION_MS_MAX: u64 = 3_600_000;

/// How a request can end without a complete response.
const OUTCOMES: [Outcome; 5] = [
    Outcome::Timeout,
    Outcome::DnsError,
    Outcome::ConnectError,
    Outcome::TlsError,
    Outcome::ProtocolError,
];

/// The path of a request.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes what [`respond_to_request`] takes")]
pub struct RequestPath {
    /// The account's id or its `uid`.
    #[param(example = "acct_01h455vb4pex5vsknk084sn02q")]
    account: String,
    /// The automation's id or its `uid`.
    #[param(example = "auto_01h455vb4pex5vsknk084sn02q")]
    id: String,
    /// The request's id, from the stream.
    #[param(example = "0f3a9c21d5e88b04-17", pattern = "^[0-9a-f]{16}-[0-9]{1,20}$")]
    request: String,
}

/// The id in `{request}`.
pub struct PathRequest(HandedId);

impl FromRequestParts<ApiState> for PathRequest {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &ApiState) -> Result<Self, Problem> {
        let id = parameter(parts, "request").await;
        id.map(Self)
            .map_err(|error: PathError<HandedIdError>| match error {
                PathError::Invalid(error) => Problem::new(Code::InvalidId, error.to_string()),
                error => invalid_path(error),
            })
    }
}

/// The response to a request, or why there is none.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = ListenResponseInput)]
pub struct ResponseInput {
    /// The status of the response; null if none arrived.
    #[schema(value_type = Option<u16>, minimum = 100, maximum = 999, example = 200)]
    status_code: Option<Whole>,
    /// How the request ended, if not with a complete response: `timeout`, `dns_error`, `connect_error`,
    /// `tls_error` or `protocol_error`.
    #[schema(
        example = json!(null),
        pattern = "^(timeout|dns_error|connect_error|tls_error|protocol_error)$"
    )]
    outcome: Option<String>,
    /// Why, in plain words, at most 500 characters.
    #[schema(example = json!(null), max_length = 500)]
    error: Option<String>,
    /// The response's headers, in order.
    #[serde(default)]
    #[schema(max_items = 20_000)]
    headers: Vec<HeaderInput>,
    /// The first bytes of the response's body, in base64.
    #[serde(default)]
    #[schema(example = "b2s=", max_length = 262_144)]
    body_base64: String,
    /// Whether the body is longer.
    #[serde(default)]
    #[schema(default = false)]
    truncated: bool,
    /// How long the request took, in milliseconds, at most an hour.
    #[schema(value_type = u64, minimum = 0, maximum = 3_600_000, example = 12)]
    duration_ms: Whole,
}

/// A header of a response.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = ListenHeaderInput)]
pub struct HeaderInput {
    /// The header's name.
    #[schema(example = "content-type", max_length = 262_144)]
    name: String,
    /// The header's value.
    #[schema(example = "text/plain", max_length = 262_144)]
    value: String,
}

/// Respond to a request
///
/// Returns the response to a request that came over the stream of *Listen to an automation*. It becomes the
/// response of the attempt, kept and judged like one that Postrider received itself.
#[utoipa::path(
    post,
    path = "/v1/accounts/{account}/automations/{id}/listen/{request}",
    extensions(("x-permission" = json!("manage"))),
    tag = "Automations",
    params(RequestPath),
    request_body(content = ResponseInput),
    responses(
        (status = 204, description = "The response was passed on."),
        (status = 409, description = "`request_not_waiting`: the attempt has ended. `not_listenable`: no action \
            of the automation has a URL below `listen.invalid`."),
        (status = 421, description = "`request_elsewhere`: another node waits for this response. Send it again, \
            over another connection, until it reaches that node."),
    )
)]
pub async fn respond_to_request(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    InAccount(account): InAccount,
    PathAutomation(automation): PathAutomation,
    PathRequest(id): PathRequest,
    uri: Uri,
    JsonBody(input): JsonBody<ResponseInput>,
) -> Result<StatusCode, Problem> {
    no_parameters(&uri)?;
    check_may_read(&caller)?;
    let received = input.received(&state)?;
    let (_, label) = find_listened(&state, account, &automation).await?;
    match state.listeners.respond((account, &label), id, received) {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(error @ NotWaiting::Elsewhere) => Err(Problem::new(Code::RequestElsewhere, error.to_string())),
        Err(error @ NotWaiting::Ended) => Err(Problem::new(Code::RequestNotWaiting, error.to_string())),
    }
}

impl ResponseInput {
    /// The response as the attempt gets it.
    fn received(self, state: &ApiState) -> Result<Received, Problem> {
        let mut faults = Faults::default();
        let mut refuse = |pointer: &'static str, detail: &str| {
            faults.add(pointer, fault_codes::INVALID_VALUE, detail.to_owned());
        };
        let status = self
            .status_code
            .map(|Whole(status)| u16::try_from(status).unwrap_or(0));
        if status.is_some_and(|status| !(100..=999).contains(&status)) {
            refuse("/status_code", "expected a status from 100 to 999");
        }
        let outcome = match self.outcome.as_deref() {
            None => None,
            Some(name) => {
                let found = OUTCOMES.into_iter().find(|outcome| outcome.as_str() == name);
                if found.is_none() {
                    let names = OUTCOMES.map(Outcome::as_str).join(", ");
                    refuse("/outcome", &format!("expected one of {names}"));
                }
                found
            }
        };
        if status.is_none() && self.outcome.is_none() {
            refuse("/outcome", "send a status_code or an outcome");
        }
        let body = STANDARD.decode(&self.body_base64);
        if body.is_err() {
            refuse("/body_base64", "expected base64 with padding");
        }
        let duration_ms = u64::try_from(self.duration_ms.0)
            .ok()
            .filter(|ms| *ms <= DURATION_MS_MAX);
        if duration_ms.is_none() {
            refuse(
                "/duration_ms",
                "expected a number of milliseconds, at most an hour",
            );
        }
        faults.into_result(Code::InvalidBody)?;
        let headers: Vec<_> = self.headers.into_iter().map(|it| (it.name, it.value)).collect();
        let mut received = Received::relayed(
            status,
            &headers,
            (Bytes::from(body.unwrap_or_default()), self.truncated),
            state.response_bytes_kept,
            || state.engine.clock().wall(),
        );
        if let Some(outcome) = outcome {
            received.outcome = outcome;
        }
        received.error = self.error.as_deref().map(plain);
        received.waited = Duration::from_millis(duration_ms.unwrap_or_default());
        Ok(received)
    }
}

/// The error as the record keeps it: bounded, and without control characters.
fn plain(error: &str) -> String {
    let kept = error.chars().take(ERROR_CHARACTERS_MAX);
    kept.map(|it| if it.is_control() { ' ' } else { it }).collect()
}
