//! Sends webhooks: renders and signs the body, sends it over HTTP, and reads advice from the response.

mod authenticated;
mod redact;
mod tokens;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use postrider_configuration::LiveSigners;
use postrider_egress::{ClientIdentity, HttpClient, Leave, NotSent, Request, Response};
use postrider_model::attempt::Headers;
use postrider_model::cloud_events::is_attribute_header;
use postrider_model::{
    Clock, Exchange, HttpExchange, HttpRequest, HttpResponse, SendWebhook, SpanId, TraceContext,
};
use postrider_signing::profile::{Message, Profile};
use postrider_signing::standard_webhooks::ID_HEADER;
use postrider_signing::{HeaderNames, is_same_header};

use super::body::{Body, Seen, body_of, data_of};
use super::{Advice, Carried, Carrier, Job};
use tokens::Tokens;

/// "410 Gone" (RFC 9110, section 15.5.11).
const GONE: u16 = 410;

/// "429 Too Many Requests" (RFC 6585, section 4).
const TOO_MANY_REQUESTS: u16 = 429;

/// "503 Service Unavailable" (RFC 9110, section 15.6.4).
const SERVICE_UNAVAILABLE: u16 = 503;

/// A request that has waited for longer than this is signed anew before it leaves. Receivers reject old
/// timestamps: libraries for Standard Webhooks from 5 minutes on, strict receivers earlier.
const SIGNED_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// The HTTP client as this carrier needs it. A trait, so that tests can script receivers on virtual time.
pub trait Transport: Send + Sync + 'static {
    /// Sends one request and returns within its timeout, give or take the scheduling of tasks. Dropping the
    /// future aborts the request.
    fn send(&self, request: &Request) -> impl Future<Output = Response> + Send;

    /// Does the same if `leave` permits it when the request is about to leave, which may renew its headers,
    /// and if waits for resources of ours do not take too long.
    fn send_if(
        &self,
        request: &mut Request,
        leave: Leave<'_>,
    ) -> impl Future<Output = Result<Response, NotSent>> + Send {
        async move {
            if leave(&mut request.headers) {
                Ok(self.send(request).await)
            } else {
                Err(NotSent::Forbidden)
            }
        }
    }
}

impl Transport for HttpClient {
    async fn send(&self, request: &Request) -> Response {
        Self::send(self, request).await
    }

    async fn send_if(&self, request: &mut Request, leave: Leave<'_>) -> Result<Response, NotSent> {
        Self::send_if(self, request, leave).await
    }
}

impl<T: Transport> Transport for Arc<T> {
    async fn send(&self, request: &Request) -> Response {
        T::send(self, request).await
    }

    async fn send_if(&self, request: &mut Request, leave: Leave<'_>) -> Result<Response, NotSent> {
        T::send_if(self, request, leave).await
    }
}

/// Carries out actions of type `send_webhook`.
pub struct WebhookCarrier<T> {
    transport: T,
    header_names: HeaderNames,
    clock: Arc<dyn Clock>,
    tokens: Tokens,
    tells_trace: TellsTrace,
}

/// What receivers learn of the trace of an event, in the header `traceparent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TellsTrace {
    /// Nothing.
    #[default]
    Nothing,
    /// The span that caused the event: spans of attempts are not recorded.
    Cause,
    /// The span of the attempt, if the trace is sampled.
    Attempt,
}

/// The header that names a trace. A receiver does not verify it, so no signature covers it.
const TRACEPARENT: &str = "traceparent";

impl TellsTrace {
    /// The header's value in a request of this job.
    fn header(self, job: &Job<'_>) -> Option<String> {
        let cause = job.event.trace?;
        let context = match self {
            Self::Nothing => return None,
            Self::Attempt if cause.sampled => TraceContext {
                span: SpanId::of_attempt(job.delivery, job.number),
                ..cause
            },
            Self::Cause | Self::Attempt => cause,
        };
        Some(context.to_header())
    }
}

impl<T: Transport> WebhookCarrier<T> {
    /// A carrier that signs with these header names and this clock.
    pub fn new(transport: T, header_names: HeaderNames, clock: Arc<dyn Clock>) -> Self {
        Self {
            transport,
            header_names,
            tokens: Tokens::new(Arc::clone(&clock)),
            clock,
            tells_trace: TellsTrace::Nothing,
        }
    }

    /// The same carrier, which tells receivers this much of traces.
    #[must_use]
    pub fn telling(self, tells_trace: TellsTrace) -> Self {
        Self { tells_trace, ..self }
    }

    fn headers(&self, job: &Job<'_>, signers: &LiveSigners, webhook: &SendWebhook, body: &Body) -> Headers {
        let names = &self.header_names;
        let id = job.event.id.to_string();
        let sent_at_s = self.clock.wall().unix_s();
        let mut headers: Headers = Vec::with_capacity(11 + webhook.headers.len());
        let mut put = |name: &str, value: String| headers.push((name.to_owned(), value));
        put("Content-Type", body.content_type.clone());
        // Common firewall rules refuse a POST without it (OWASP rule 920300).
        let of_event = |name: &str| job.event.headers.iter().any(|(own, _)| is_same_header(own, name));
        if !has_header(webhook, "accept") && !of_event("accept") {
            put("Accept", "*/*".to_owned());
        }
        put("User-Agent", names.user_agent.clone());
        let message = Message {
            id: &id,
            timestamp_s: sent_at_s,
            body: &body.bytes,
        };
        let mut has_id = false;
        let signers = signers.at(self.clock.now());
        signers.sign(&message, |name, value| {
            has_id |= name == ID_HEADER;
            put(name, value);
        });
        // By it, receivers recognise an event that arrives again.
        if !has_id {
            put(ID_HEADER, id);
        }
        put(&names.event_type, job.event.event_type.as_str().to_owned());
        put(&names.delivery_id, job.delivery.to_string());
        put(&names.attempt, job.number.to_string());
        let attributes = body.attributes.as_deref();
        for (name, value) in attributes.unwrap_or_default() {
            put(name, value.clone());
        }
        let is_ours = |name: &str| {
            self.sets(signers.profile(), name) || attributes.is_some() && is_attribute_header(name)
        };
        for (name, value) in job.event.headers.iter() {
            // A customer's own header is not for the producer to change, and neither is a signature.
            if !is_ours(name) && !has_header(webhook, name) {
                put(name, value.to_owned());
            }
        }
        for header in &webhook.headers {
            // Validation rejects such names on saving, but prefix and profile may have been changed since.
            if !is_ours(&header.name) {
                put(&header.name, header.value.clone());
            }
        }
        // The producer or the customer may tell the receiver of a trace of their own.
        if !has_header(webhook, TRACEPARENT)
            && !of_event(TRACEPARENT)
            && let Some(value) = self.tells_trace.header(job)
        {
            put(TRACEPARENT, value);
        }
        headers
    }
}

/// Whether the action has a header of this name.
fn has_header(webhook: &SendWebhook, name: &str) -> bool {
    let mut headers = webhook.headers.iter();
    headers.any(|header| is_same_header(&header.name, name))
}

#[async_trait]
impl<T: Transport> Carrier<SendWebhook> for WebhookCarrier<T> {
    async fn carry(&self, job: Job<'_>, webhook: &SendWebhook) -> Result<Carried, NotSent> {
        if !(job.may_leave)() {
            return Err(NotSent::Forbidden);
        }
        let (body, webhook) = match (body_of(job.event, job.body, job.template), applied(&job, webhook)) {
            (Ok(body), Ok(webhook)) => (body, webhook),
            (Err(reason), _) | (_, Err(reason)) => {
                return Ok(Carried::not_rendered(unsent(webhook), reason));
            }
        };
        match webhook.connection {
            None => {
                let timeout = webhook.timeout(job.timeout);
                self.carry_once(&job, &webhook, &body, None, timeout).await
            }
            // Boxed, because this future is rare and would enlarge every attempt.
            Some(connection) => Box::pin(self.carry_authenticated(&job, &webhook, &body, connection)).await,
        }
    }
}

impl<T: Transport> WebhookCarrier<T> {
    /// Whether Postrider sets a header of this name itself, in a request that is signed by this profile.
    fn sets(&self, profile: &Profile, name: &str) -> bool {
        self.header_names.is_ours(name) || profile.has_header(name)
    }

    /// Sends the webhook once, as it is.
    async fn carry_once(
        &self,
        job: &Job<'_>,
        webhook: &SendWebhook,
        body: &Body,
        identity: Option<ClientIdentity>,
        timeout: Duration,
    ) -> Result<Carried, NotSent> {
        // Neither the receiver nor the customer has a part in it, so it spends no attempt: the delivery waits
        // until the settings have the profile again, or the action has another one. The directory logs it.
        let Ok(signers) = job.entry.signers(job.action) else {
            return Err(NotSent::Postponed);
        };
        let mut request = Request {
            url: webhook.call_url(),
            headers: self.headers(job, signers, webhook, body),
            body: body.bytes.clone(),
            timeout,
            tenant: job.event.account.as_u128(),
            identity,
            response_bytes_kept: None,
        };
        let signed_at = self.clock.monotonic();
        let leave = |headers: &mut Headers| {
            let may_leave = (job.may_leave)();
            if may_leave && self.clock.monotonic().saturating_sub(signed_at) > SIGNED_AGAIN_AFTER {
                *headers = self.headers(job, signers, webhook, body);
            }
            may_leave
        };
        let response = self.transport.send_if(&mut request, &leave).await?;
        redact::mask_request(&mut request, webhook);
        Ok(without_secrets(carried(request, response), webhook))
    }
}

/// The exchange of a webhook of which nothing was sent.
pub(super) fn unsent(webhook: &SendWebhook) -> Exchange {
    Exchange::Http(HttpExchange {
        request: HttpRequest {
            url: webhook.url.clone(),
            headers: Vec::new(),
        },
        response: None,
    })
}

/// The webhook with the values that its headers have for the event.
fn applied<'a>(job: &Job<'_>, webhook: &'a SendWebhook) -> Result<Cow<'a, SendWebhook>, String> {
    match job.header_templates {
        None => Ok(Cow::Borrowed(webhook)),
        Some(templates) => {
            let seen = Seen::of(job.event, data_of(job.event));
            templates.applied(webhook, &seen.as_template_event())
        }
    }
}

/// Without the action's secrets, which a receiver may have sent back.
fn without_secrets(mut carried: Carried, webhook: &SendWebhook) -> Carried {
    if let Exchange::Http(http) = &mut carried.exchange {
        redact::mask_echoes(http.response.as_mut(), carried.error.as_mut(), webhook);
    }
    carried
}

fn carried(request: Request, response: Response) -> Carried {
    Carried {
        outcome: response.outcome,
        error: response.error,
        waited: response.waited,
        advice: Advice {
            retry_after: response.retry_after,
            overloaded: response.status_code == Some(SERVICE_UNAVAILABLE),
            rate_limited: response.status_code == Some(TOO_MANY_REQUESTS),
            gone: response.status_code == Some(GONE),
            ..Advice::default()
        },
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
    }
}

#[cfg(test)]
mod tests;
