//! The span of an attempt.

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use postrider_engine::observe::RecordedResult;
use postrider_model::delivery::Next;
use postrider_model::{Attempt, DeliveryStatus, Exchange, Outcome, SpanId, TraceContext};
use postrider_storage::Change;
use url::Url;

use super::Draft;
use crate::attributes::{number, text};

/// The span of this result; `None` if the delivery was canceled without an attempt.
pub(super) fn draft(result: &RecordedResult<'_>, context: TraceContext) -> Option<Draft> {
    let finished = result.finished;
    let Change::Attempted { attempt, next, .. } = &finished.change else {
        return None;
    };
    let status = match next {
        Next::Retry(_) => DeliveryStatus::Pending,
        Next::Settle(status) => *status,
    };
    let mut attributes = vec![
        text("postrider.account.id", finished.key.account.to_string()),
        text("postrider.event.id", result.event.id.to_string()),
        text("postrider.event.type", result.event.event_type.as_str()),
        text("postrider.automation.id", result.automation.to_string()),
        text("postrider.action.id", finished.action.to_string()),
        text("postrider.delivery.id", finished.key.delivery.to_string()),
        text("postrider.delivery.status", status.as_str()),
        number("postrider.attempt.number", attempt.number),
        text("postrider.attempt.outcome", attempt.outcome.as_str()),
    ];
    let failed = attempt.outcome != Outcome::Succeeded;
    if failed {
        attributes.push(text("error.type", error_type(attempt)));
    }
    let name = match &attempt.exchange {
        Exchange::Http(http) => {
            attributes.push(text("http.request.method", "POST"));
            if let Ok(url) = Url::parse(&http.request.url) {
                attributes.extend(server(&url));
            }
            let status = attempt.exchange.status_code();
            attributes.extend(status.map(|status| number("http.response.status_code", status)));
            if attempt.number > 1 {
                attributes.push(number("http.request.resend_count", attempt.number - 1));
            }
            "send_webhook"
        }
        Exchange::Smtp(smtp) => {
            // Its recipients are people.
            if let Some((host, port)) = smtp.server.rsplit_once(':') {
                attributes.push(text("server.address", host));
                attributes.extend(port.parse::<u16>().map(|port| number("server.port", port)));
            }
            "send_email"
        }
    };
    Some(Draft {
        name: name.to_owned(),
        kind: SpanKind::Client,
        id: SpanId::of_attempt(finished.key.delivery, attempt.number),
        parent: Some(context.span),
        parent_is_remote: false,
        began: result.began?,
        took: attempt.duration,
        attributes,
        failed,
    })
}

/// The host and the port. User, path and query may hold secrets.
fn server(url: &Url) -> impl Iterator<Item = KeyValue> {
    let host = url.host_str().map(|host| text("server.address", host));
    let port = url.port_or_known_default();
    host.into_iter()
        .chain(port.map(|port| number("server.port", port)))
}

/// What the semantic conventions call the error: the status if there is one, otherwise its kind.
fn error_type(attempt: &Attempt) -> String {
    match (attempt.outcome, attempt.exchange.status_code()) {
        (Outcome::BadStatus, Some(status)) => status.to_string(),
        (outcome, _) => outcome.as_str().to_owned(),
    }
}
