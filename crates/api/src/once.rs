//! A request with an `Idempotency-Key` takes effect once, however often it is sent within a day.
//!
//! The store claims the request before its handler runs, and keeps the response afterwards
//! ([`postrider_storage::requests`]). A response that reports success is sent again to each repetition. A
//! request that was refused changed nothing: it is forgotten, and can be sent again. After a 500 nobody
//! knows. The handler runs to its end even if the client goes away, because the store would otherwise never
//! learn the result.
//!
//! Events have rules of their own ([`crate::idempotency_key`]): their keys are stored with them.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use postrider_model::{ApiKeyId, Caller, Who};
use postrider_storage::{Claimed, RequestClaim};
use postrider_web::body_budget::Owner;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::task::JoinError;

use crate::idempotency_key::idempotency_key;
use crate::json_body::{CONTROL_BYTES_MAX, collect};
use crate::problem::{Code, Problem};
use crate::router::ApiState;

/// Says that a response is that of an earlier request.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// POST routes that need no memory of their requests: events keep their keys themselves, a preview changes
/// nothing, and a listener responds to a request once.
const NOT_REMEMBERED: [&str; 4] = [
    "/v1/accounts/{account}/events",
    "/v1/accounts/{account}/events/batch",
    "/v1/accounts/{account}/automations/preview",
    "/v1/accounts/{account}/automations/{id}/listen/{request}",
];

/// Largest response that is kept, in bytes. A larger one is a list, which no POST returns.
const RESPONSE_BYTES_MAX: usize = 1024 * 1024;

/// When to ask again for the response to a request that is being handled.
const RUNNING_RETRY_AFTER: Duration = Duration::from_secs(1);

/// Whether POSTs to this route are remembered by their `Idempotency-Key`.
pub(crate) fn is_remembered(route: &str) -> bool {
    !NOT_REMEMBERED.contains(&route)
}

/// The header, as each remembered route documents it.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes what `idempotency_key` takes")]
pub(crate) struct OnceHeader {
    /// 1 to 255 visible ASCII characters. For 24 hours, a request that the same API key repeats with the same
    /// `Idempotency-Key` and body changes nothing and gets the first response again, with the header
    /// `Idempotent-Replayed: true`.
    #[param(rename = "Idempotency-Key", max_length = 255, pattern = "^[!-~]{1,255}$")]
    idempotency_key: Option<String>,
}

/// The layer.
pub(crate) async fn once(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    let Some(sender) = sender(&request) else {
        return next.run(request).await;
    };
    match idempotency_key(request.headers()) {
        Ok(None) => next.run(request).await,
        Ok(Some(key)) => {
            let sha256 = digest(&[sender.as_bytes(), key.as_bytes()]);
            let handled = handle(&state, sender, sha256, request, next).await;
            handled.unwrap_or_else(Problem::into_response)
        }
        Err(problem) => problem.into_response(),
    }
}

/// Who sent a request that is remembered if it has a key.
fn sender(request: &Request) -> Option<ApiKeyId> {
    let route = request.extensions().get::<MatchedPath>()?;
    let caller: &Caller = request.extensions().get()?;
    match caller.who {
        Who::ApiKey(id) if request.method() == Method::POST && is_remembered(route.as_str()) => Some(id),
        _ => None,
    }
}

fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

async fn handle(
    state: &ApiState,
    sender: ApiKeyId,
    sha256: [u8; 32],
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let owner = request.extensions().get().map_or(Owner::Operator, Owner::of);
    let (parts, body) = request.into_parts();
    let limits = state.body_limits(CONTROL_BYTES_MAX, owner);
    let body = collect(http::Request::new(body), limits).await?;
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let now = state.engine.clock().now();
    let claim = RequestClaim {
        sha256,
        api_key: sender,
        fingerprint: digest(&[target.as_bytes(), &body.bytes]),
        claim: state.engine.ids().next_block(now).to_be_bytes(),
        at: now,
    };
    let state = state.clone();
    let handling = tokio::spawn(async move {
        let request = Request::from_parts(parts, Body::from(body.bytes.clone()));
        claimed(&state, claim, request, next).await
    });
    match handling.await.map_err(JoinError::try_into_panic) {
        Ok(response) => response,
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        Err(Err(error)) => Err(Problem::internal(error)),
    }
}

/// The response of the handler if the request can be claimed, or what an earlier claim left.
async fn claimed(
    state: &ApiState,
    claim: RequestClaim,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let (sha256, token) = (claim.sha256, claim.claim);
    match state.requests.claim_request(claim).await? {
        Claimed::Ours => {
            // What panics may have taken effect: the request stays claimed, the panic goes on to the edge.
            let response = next.run(request).await;
            let (response, outcome) = outcome(response).await?;
            settle(state, sha256, token, outcome).await;
            Ok(response)
        }
        Claimed::Handled(kept) if kept.is_empty() => Err(unknown()),
        Claimed::Handled(kept) => Kept::response(&kept),
        Claimed::Running => Err(running()),
        Claimed::Unknown => Err(unknown()),
        Claimed::Other => Err(other()),
    }
}

/// What a response says about its request.
enum Outcome {
    /// It took effect: this is kept.
    Done(Vec<u8>),
    /// It changed nothing.
    Refused,
    /// It may have taken effect.
    Unknown,
}

/// The response, and its outcome. A 503 says that nothing was done ([`postrider_storage::StoreError`]).
async fn outcome(response: Response) -> Result<(Response, Outcome), Problem> {
    let status = response.status();
    if !status.is_success() {
        let is_refused = status.is_client_error() || status == StatusCode::SERVICE_UNAVAILABLE;
        let outcome = if is_refused {
            Outcome::Refused
        } else {
            Outcome::Unknown
        };
        return Ok((response, outcome));
    }
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, RESPONSE_BYTES_MAX)
        .await
        .map_err(Problem::internal)?;
    let outcome = Outcome::Done(Kept::of(&parts, &body)?);
    Ok((Response::from_parts(parts, Body::from(body)), outcome))
}

/// Keeps the response, or forgets a request that changed nothing. An empty response stands for an outcome
/// that nobody knows.
async fn settle(state: &ApiState, sha256: [u8; 32], claim: [u8; 16], outcome: Outcome) {
    let kept = match outcome {
        Outcome::Done(response) => state.requests.keep_response(sha256, claim, response).await,
        Outcome::Unknown => state.requests.keep_response(sha256, claim, Vec::new()).await,
        Outcome::Refused => state.requests.forget_request(sha256, claim).await.map(|()| true),
    };
    if let Err(error) = kept {
        tracing::warn!(%error, "the outcome of a request is not kept: its repetitions are refused for a day");
    }
}

fn running() -> Problem {
    Problem::new(
        Code::RequestInProgress,
        "a request with this Idempotency-Key is being handled; try again in a moment",
    )
    .retry_after(RUNNING_RETRY_AFTER)
}

fn unknown() -> Problem {
    Problem::new(
        Code::OutcomeUnknown,
        "a request with this Idempotency-Key failed before its response could be kept; see whether it took effect, and \
         use a new key if it did not",
    )
}

fn other() -> Problem {
    Problem::new(
        Code::IdempotencyKeyReused,
        "this Idempotency-Key was used for another request in the last 24 hours",
    )
}

/// A response as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Kept {
    fn of(parts: &http::response::Parts, body: &[u8]) -> Result<Vec<u8>, Problem> {
        let headers = parts.headers.iter().filter_map(|(name, value)| {
            let value = value.to_str().ok()?;
            Some((name.as_str().to_owned(), value.to_owned()))
        });
        let kept = Self {
            status: parts.status.as_u16(),
            headers: headers.collect(),
            body: String::from_utf8(body.to_vec()).map_err(Problem::internal)?,
        };
        serde_json::to_vec(&kept).map_err(Problem::internal)
    }

    fn response(kept: &[u8]) -> Result<Response, Problem> {
        let kept: Self = serde_json::from_slice(kept).map_err(Problem::internal)?;
        let mut response = Response::new(Body::from(kept.body));
        *response.status_mut() = StatusCode::from_u16(kept.status).map_err(Problem::internal)?;
        for (name, value) in &kept.headers {
            let name = HeaderName::try_from(name).map_err(Problem::internal)?;
            let value = HeaderValue::try_from(value).map_err(Problem::internal)?;
            response.headers_mut().append(name, value);
        }
        response
            .headers_mut()
            .insert(REPLAYED, HeaderValue::from_static("true"));
        Ok(response)
    }
}
