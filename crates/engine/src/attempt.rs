//! One attempt: from a delivery and the configuration as it is now to a request, and from its response to a record.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use postrider_model::attempt::Headers;
use postrider_model::delivery::{BodySpec, Ended};
use postrider_model::{
    Attempt, AutomationId, DeliveryStatus, Does, Event, Exchange, HttpExchange, HttpRequest, HttpResponse,
    Outcome, SendWebhook, Timestamp,
};
use postrider_signing::render::{BodyParts, render_body};
use postrider_storage::{Change, Finished, SessionId};

use crate::engine::Engine;
use crate::lanes::Ready;
use crate::transport::{Request, Response};
use postrider_configuration::AccountEntry;

/// How long to wait before asking again for a configuration that the store could not give.
const CONFIG_RETRY: Duration = Duration::from_millis(250);

/// What came of a delivery's turn.
#[derive(Debug)]
pub struct Done {
    /// For the store.
    pub finished: Finished,
    /// The session under which it was attempted.
    pub session: SessionId,
    /// What was delivered.
    pub event: Arc<Event>,
    /// The automation that was triggered.
    pub automation: AutomationId,
    /// Where the attempt was a resend: the status that the delivery had before.
    pub resend_of: Option<DeliveryStatus>,
}

impl Done {
    /// How the attempt ended; `None` where none was made.
    pub fn outcome(&self) -> Option<Outcome> {
        match &self.finished.change {
            Change::Attempted { attempt, .. } => Some(attempt.outcome),
            Change::Canceled { .. } => None,
        }
    }
}

/// Makes one attempt of `ready`, or finds that its action may not be called any more.
pub async fn carry_out(engine: &Engine, ready: Ready) -> Done {
    let entry = entry_of(engine, &ready).await;
    let delivery = &ready.delivery;
    let callable = entry
        .as_deref()
        .and_then(|entry| Some((entry, entry.callable(delivery.action)?)));
    let change = match callable {
        None => Change::Canceled {
            at: engine.clock().now(),
            status: delivery.progress.status_when_canceled(),
        },
        Some((entry, (automation, action))) => {
            let (attempt, retry_after) = match &action.does {
                Does::SendWebhook(webhook) => attempt(engine, entry, webhook, &ready).await,
            };
            let ended = Ended {
                outcome: attempt.outcome,
                at: engine.clock().now(),
                retry_after,
            };
            let schedule = entry.schedule(automation, &engine.settings().retry_delays);
            let (progress, next) = delivery.progress.after_attempt(ended, schedule);
            Change::Attempted {
                attempt: Box::new(attempt),
                progress,
                next,
            }
        }
    };
    Done {
        finished: Finished {
            key: delivery.key,
            action: delivery.action,
            change,
        },
        session: ready.session,
        automation: delivery.automation,
        resend_of: delivery.progress.resend_of,
        event: ready.delivery.event,
    }
}

/// Without the account's configuration nothing can be attempted, nor anything be said about it: wait for the store.
async fn entry_of(engine: &Engine, ready: &Ready) -> Option<Arc<AccountEntry>> {
    loop {
        match engine.configuration().entry(ready.delivery.key.account).await {
            Ok(entry) => return entry,
            Err(error) => {
                tracing::warn!(%error, "an account's configuration could not be read; trying again");
                tokio::time::sleep(CONFIG_RETRY).await;
            }
        }
    }
}

async fn attempt(
    engine: &Engine,
    entry: &AccountEntry,
    send: &SendWebhook,
    ready: &Ready,
) -> (Attempt, Option<Duration>) {
    let body = body_of(&ready.delivery.event, ready.delivery.body);
    let headers = headers_of(engine, entry, send, ready, &body);
    let request = Request {
        url: send.url.clone(),
        headers,
        body,
        timeout: send.timeout(engine.settings().attempt_timeout),
    };
    let started_at = engine.clock().now();
    let started = engine.clock().monotonic();
    let response = caught(engine.transport().send(&request)).await;
    let duration = engine.clock().monotonic().saturating_sub(started);
    engine.meters().attempt(response.outcome, duration);
    let attempt = Attempt {
        number: ready.delivery.progress.next_number(),
        started_at,
        duration,
        outcome: response.outcome,
        error: response.error,
        exchange: Exchange::Http(HttpExchange {
            request: HttpRequest {
                url: request.url,
                headers: request.headers,
            },
            response: response.status_code.map(|status| HttpResponse {
                status,
                headers: response.headers,
                body: response.body,
                truncated: response.truncated,
            }),
        }),
    };
    (attempt, response.retry_after)
}

/// The body of a delivery: from what was stored at acceptance alone, so that every attempt and resend sends the same
/// bytes, and whoever shows a record shows what was sent.
pub fn body_of(event: &Event, spec: BodySpec) -> Bytes {
    let data = std::str::from_utf8(&event.data).expect("acceptance checked that `data` is UTF-8");
    let parts = BodyParts {
        id: &event.id.to_string(),
        event_type: event.event_type.as_str(),
        timestamp: &event.timestamp().to_string(),
        data,
        lossless: event.warning.is_none(),
        js_fixed_point: event.js_fixed_point,
    };
    render_body(&parts, spec.content, spec.style).into()
}

fn headers_of(
    engine: &Engine,
    entry: &AccountEntry,
    send: &SendWebhook,
    ready: &Ready,
    body: &[u8],
) -> Headers {
    let event = &ready.delivery.event;
    let names = engine.configuration().header_names();
    let id = event.id.to_string();
    let wall = engine.clock().wall();
    let signatures = entry.signers(engine.clock().now()).sign(&id, wall.unix_s(), body);
    let mut headers: Headers = Vec::with_capacity(10 + send.headers.len());
    let mut put = |name: &str, value: String| headers.push((name.to_owned(), value));
    put("Content-Type", "application/json".to_owned());
    put("User-Agent", names.user_agent.clone());
    put(&names.signature, signatures.signature);
    if let Some(next) = signatures.signature_next {
        put(&names.signature_next, next);
    }
    put("webhook-id", id);
    put("webhook-timestamp", unix_seconds(wall));
    put("webhook-signature", signatures.webhook_signature);
    put(&names.event_type, event.event_type.as_str().to_owned());
    put(&names.delivery_id, ready.delivery.key.delivery.to_string());
    put(&names.attempt, ready.delivery.progress.next_number().to_string());
    for (name, value) in &send.headers {
        // Saving refuses such names, but the prefix may have been changed since.
        if !names.is_ours(name) {
            put(name, value.clone());
        }
    }
    headers
}

fn unix_seconds(time: Timestamp) -> String {
    time.unix_s().to_string()
}

/// A panic of the transport is a defect, but must not leave the delivery in the air: it becomes a failed attempt.
async fn caught(send: impl Future<Output = Response>) -> Response {
    let mut send = std::pin::pin!(send);
    std::future::poll_fn(move |context| {
        let poll = std::panic::catch_unwind(AssertUnwindSafe(|| send.as_mut().poll(context)));
        poll.unwrap_or_else(|_| std::task::Poll::Ready(panicked()))
    })
    .await
}

fn panicked() -> Response {
    Response {
        outcome: Outcome::ProtocolError,
        status_code: None,
        error: Some("The request failed inside Postrider; the server's log has the details".to_owned()),
        headers: Vec::new(),
        body: Bytes::new(),
        truncated: false,
        retry_after: None,
    }
}
