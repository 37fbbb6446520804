//! The JSON form of a delivery and its attempts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use postrider_model::attempt::Headers;
use postrider_model::{
    AccountId, ActionId, Attempt, AutomationId, Delivery, DeliveryId, EventId, EventTypeName, Exchange,
    HttpExchange, Scope, Timestamp,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::dialogue::DialogueView;
use crate::openapi::shapes;

/// The delivery of one event by one action.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Delivery)]
pub struct DeliveryView {
    /// The delivery's id.
    #[schema(value_type = String, example = "dlv_01h455vb4pex5vsknk084sn02q")]
    id: DeliveryId,
    /// The event's id.
    #[schema(value_type = String, example = "evt_01h455vb4pex5vsknk084sn02q")]
    event_id: EventId,
    /// Its type.
    #[schema(value_type = String, example = "proposal.accepted")]
    event_type: EventTypeName,
    /// The automation that the event triggered.
    #[schema(value_type = String, example = "auto_01h455vb4pex5vsknk084sn02q")]
    automation_id: AutomationId,
    /// The action that makes the attempts.
    #[schema(value_type = String, example = "act_01h455vb4pex5vsknk084sn02q")]
    action_id: ActionId,
    /// The status: `pending` until an attempt succeeds (`succeeded`), the last retry fails (`failed`), or the
    /// action is deleted or switched off (`canceled`).
    #[schema(schema_with = shapes::delivery_status)]
    status: &'static str,
    /// The number of attempts, resends included.
    attempt_count: u32,
    /// When the next attempt is due; null while an attempt is in progress or about to start, and once the
    /// delivery is no longer pending.
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-01-31T09:30:10.000Z")]
    next_attempt_at: Option<Timestamp>,
    /// When the event was accepted.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    created_at: Timestamp,
    /// When the delivery succeeded, failed or was canceled; null while it is pending.
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-01-31T09:30:00.100Z")]
    settled_at: Option<Timestamp>,
    /// The status code of the response to the last attempt; null if no response arrived.
    #[schema(example = 200)]
    last_status_code: Option<u16>,
    /// The outcome of the last attempt, if there was one.
    #[schema(schema_with = shapes::outcome_or_null)]
    last_outcome: Option<&'static str>,
}

/// A delivery in a list of all accounts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeliveryOfAccount)]
pub struct DeliveryOfAccountView {
    /// The id of its account.
    #[schema(value_type = String, example = "acct_01h455vb4pex5vsknk084sn02q")]
    account_id: AccountId,
    /// The account's own id for it, if it has one.
    #[schema(example = "customer-42")]
    account_uid: Option<String>,
    /// The delivery.
    #[serde(flatten)]
    delivery: DeliveryView,
}

/// A delivery with all its attempts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeliveryWithAttempts)]
pub struct DeliveryRecordView {
    /// The delivery.
    #[serde(flatten)]
    delivery: DeliveryView,
    /// Its attempts, in order.
    attempts: Vec<AttemptView>,
}

/// The record of one attempt: an HTTP request and its response, or a dialogue with the mail server.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attempt)]
pub struct AttemptView {
    /// The number of the attempt, from 1.
    #[schema(example = 1)]
    number: u32,
    /// When the attempt started.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T09:30:00.001Z")]
    started_at: Timestamp,
    /// The duration of the attempt, in milliseconds.
    #[schema(example = 42)]
    duration_ms: u64,
    /// The outcome. `succeeded` means a 2xx response, or that the mail server accepted the message.
    #[schema(schema_with = shapes::outcome)]
    outcome: &'static str,
    /// The response's status code, or the last reply code of the mail server; null if no response arrived.
    #[schema(example = 200)]
    status_code: Option<u16>,
    /// Why the attempt failed, in plain words, unless it failed only because of its status code. Of an
    /// e-mail that was accepted: which recipients were refused.
    error: Option<String>,
    /// What was sent and received.
    #[serde(flatten)]
    exchange: ExchangeView,
}

/// What was sent and received.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = Exchange)]
enum ExchangeView {
    /// Of a webhook.
    Http(HttpView),
    /// Of an e-mail.
    Smtp(DialogueView),
}

/// An HTTP request and its response.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HttpExchange)]
struct HttpView {
    /// The URL of the request.
    #[schema(example = "https://crm.example.com/hooks/postrider")]
    url: String,
    /// The request's headers, in the order sent.
    request_headers: Vec<HeaderView>,
    /// The response's headers, in order, truncated at 4 KiB.
    response_headers: Vec<HeaderView>,
    /// The first bytes of the response's body as text; bytes that are not UTF-8 appear as U+FFFD.
    #[schema(example = "ok")]
    response_body: String,
    /// The same bytes in base64; present only if they are not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    response_body_base64: Option<String>,
    /// Whether the response's body was longer than the part shown.
    response_truncated: bool,
}

/// A header.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Header)]
pub struct HeaderView {
    /// The header's name.
    #[schema(example = "content-type")]
    name: String,
    /// The header's value.
    #[schema(example = "application/json")]
    value: String,
}

impl DeliveryView {
    pub(super) fn of(delivery: Delivery) -> Self {
        Self {
            id: delivery.id,
            event_id: delivery.event,
            event_type: delivery.event_type,
            automation_id: delivery.automation,
            action_id: delivery.action,
            status: delivery.progress.status.as_str(),
            attempt_count: delivery.progress.attempts,
            next_attempt_at: delivery.next_attempt_at,
            created_at: delivery.created_at,
            settled_at: delivery.settled_at,
            last_status_code: delivery.last_status_code,
            last_outcome: delivery.last_outcome.map(|outcome| outcome.as_str()),
        }
    }
}

impl DeliveryOfAccountView {
    pub(super) fn of(delivery: Delivery, account_uid: Option<String>) -> Self {
        Self {
            account_id: delivery.account,
            account_uid,
            delivery: DeliveryView::of(delivery),
        }
    }
}

impl DeliveryRecordView {
    /// What a caller with this scope may see of it.
    pub(super) fn of(delivery: Delivery, attempts: Vec<Attempt>, scope: Scope) -> Self {
        let attempts = attempts.into_iter();
        Self {
            delivery: DeliveryView::of(delivery),
            attempts: attempts.map(|attempt| AttemptView::of(attempt, scope)).collect(),
        }
    }
}

impl AttemptView {
    fn of(attempt: Attempt, scope: Scope) -> Self {
        Self {
            number: attempt.number,
            started_at: attempt.started_at,
            duration_ms: u64::try_from(attempt.duration.as_millis()).unwrap_or(u64::MAX),
            outcome: attempt.outcome.as_str(),
            status_code: attempt.exchange.status_code(),
            error: attempt.error,
            exchange: match attempt.exchange {
                Exchange::Http(http) => ExchangeView::Http(HttpView::of(http)),
                Exchange::Smtp(smtp) => ExchangeView::Smtp(DialogueView::of(smtp, scope)),
            },
        }
    }
}

impl HttpView {
    fn of(HttpExchange { request, response }: HttpExchange) -> Self {
        let (response_headers, body, truncated) = match response {
            Some(response) => (response.headers, response.body, response.truncated),
            None => (Vec::new(), Bytes::new(), false),
        };
        let is_text = is_text(&body, truncated);
        Self {
            url: request.url,
            request_headers: HeaderView::all(request.headers),
            response_headers: HeaderView::all(response_headers),
            response_body: String::from_utf8_lossy(&body).into_owned(),
            response_body_base64: (!is_text).then(|| STANDARD.encode(&body)),
            response_truncated: truncated,
        }
    }
}

impl HeaderView {
    fn all(headers: Headers) -> Vec<Self> {
        let views = headers.into_iter().map(|(name, value)| Self { name, value });
        views.collect()
    }
}

/// Whether the bytes are UTF-8. The last character of a truncated body may be incomplete.
fn is_text(body: &[u8], truncated: bool) -> bool {
    match std::str::from_utf8(body) {
        Ok(_) => true,
        Err(error) => truncated && error.error_len().is_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_truncated_body_that_ends_inside_a_character_is_still_shown_as_text() {
        assert!(is_text("é".as_bytes(), false));
        assert!(is_text(&"é".as_bytes()[..1], true));
        assert!(!is_text(&"é".as_bytes()[..1], false));
        assert!(!is_text(b"\xff\xfe", true));
    }
}
