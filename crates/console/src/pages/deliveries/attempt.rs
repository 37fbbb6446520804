//! An attempt in a time line or on the page of a test: its outcome, and the request and the response behind
//! folds.

use askama::Template;
use postrider_configuration::AccountEntry;
use postrider_model::attempt::Headers;
use postrider_model::delivery::BodySpec;
use postrider_model::{ActionId, Attempt, Event, Exchange, Outcome, Scope, Timestamp};
use postrider_signing::HeaderNames;

use super::dialogue::{self, DialogueView};
use crate::refusal::Refusal;
use crate::state::App;
use crate::view::body::Body;
use crate::view::curl::Curl;
use crate::view::headers::{self, HeaderRow};
use crate::view::icon::Icon;
use crate::view::status::Badge;
use crate::view::time::{Exact, Moment};
use crate::view::{duration, markup, number, response};

/// What every attempt of a delivery sends: the body of a webhook, or an e-mail.
pub struct Sent {
    text: String,
    body: Body,
    /// Of an e-mail: the subject; its text is the body.
    subject: Option<String>,
}

impl Sent {
    /// The body of this event, as a delivery of an action sends it. Empty if its template fails.
    pub async fn of(
        app: &App,
        entry: &AccountEntry,
        event: &Event,
        action: ActionId,
        spec: BodySpec,
    ) -> Result<Self, Refusal> {
        let template = app.engine.template_of(entry, action, spec).await?;
        if let Ok(email) = postrider_engine::email_of(event, template.as_deref()) {
            return Ok(Self {
                body: Body::new(b""),
                text: email.text,
                subject: Some(email.subject),
            });
        }
        let body = postrider_engine::body_of(event, spec, template.as_deref());
        let bytes = body.map(|body| body.bytes).unwrap_or_default();
        Ok(Self {
            body: Body::new(&bytes),
            // Bodies are generated from JSON, or are the output of a template, which are UTF-8.
            text: String::from_utf8_lossy(&bytes).into_owned(),
            subject: None,
        })
    }

    /// Subject and text of an e-mail.
    pub(super) fn email(&self) -> Option<(&str, &str)> {
        Some((self.subject.as_deref()?, &self.text))
    }

    /// The body of a webhook.
    pub fn into_body(self) -> Option<String> {
        self.subject.is_none().then_some(self.text)
    }

    /// Its size in bytes.
    pub fn bytes(&self) -> usize {
        self.text.len()
    }
}

/// An attempt.
#[derive(Template)]
#[template(path = "deliveries/attempt.html")]
pub struct AttemptView<'a> {
    /// The start of its elements' ids; unique on the page.
    id: String,
    number: u32,
    badge: Badge,
    started: Moment,
    started_exactly: Exact,
    duration: String,
    status: Option<String>,
    error: Option<&'a str>,
    hint: Option<&'static str>,
    marks: Vec<String>,
    url: &'a str,
    request_headers: Vec<HeaderRow>,
    response_headers: Vec<HeaderRow>,
    body: SentBody<'a>,
    response_body: Body,
    response_size: String,
    is_cut_off: bool,
    /// Whether there was no request: a template failed, there were no credentials, or the attempt is one of
    /// an e-mail.
    is_unsent: bool,
    has_response: bool,
    /// Of an e-mail: the message, and what the mail server said.
    dialogue: Option<DialogueView<'a>>,
    folds: Folds,
}

markup!(AttemptView<'_>);

/// The body in an attempt.
enum SentBody<'a> {
    /// Shown here, with the whole request as a curl command.
    Here {
        body: &'a Body,
        size: String,
        curl: Curl,
    },
    /// Shown in the attempt of this number: a copy here would make the page too long.
    In { id: String, number: u32 },
}

/// Which folds are open at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Folds {
    /// The request.
    pub request: bool,
    /// The response.
    pub response: bool,
}

/// Context that an attempt itself does not have.
pub struct Around<'a> {
    /// The body that was sent.
    pub sent: &'a Sent,
    /// The start of ids; unique on the page.
    pub prefix: String,
    /// The attempt that shows the body, if this one does not.
    pub body_in: Option<u32>,
    /// Remarks beside the outcome.
    pub marks: Vec<String>,
    /// Which folds are open.
    pub folds: Folds,
    /// What the visitor may see.
    pub scope: Scope,
    /// Now.
    pub now: Timestamp,
}

impl<'a> AttemptView<'a> {
    /// For an attempt.
    pub fn new(attempt: &'a Attempt, around: Around<'a>) -> Self {
        let (request, response, smtp) = match &attempt.exchange {
            Exchange::Http(http) => (Some(&http.request), http.response.as_ref(), None),
            Exchange::Smtp(smtp) => (None, None, Some(smtp)),
        };
        let url = request.map_or("", |request| &request.url);
        let none = Headers::new();
        let sent_headers = request.map_or(&none, |request| &request.headers);
        let id = |number| format!("{}attempt-{number}", around.prefix);
        let body = match around.body_in {
            Some(number) if number != attempt.number => SentBody::In {
                id: id(number),
                number,
            },
            _ => SentBody::Here {
                body: &around.sent.body,
                size: number::size(around.sent.bytes()),
                curl: Curl::new(url, sent_headers, &around.sent.text),
            },
        };
        let status_code = attempt.exchange.status_code();
        let response_body = Body::new(response.map_or(&[], |response| &*response.body));
        Self {
            id: id(attempt.number),
            number: attempt.number,
            badge: Badge::of_outcome(attempt.outcome),
            started: Moment::new(attempt.started_at, around.now),
            started_exactly: Exact::new(attempt.started_at),
            duration: duration::exact(attempt.duration),
            status: match smtp {
                None => status_code.map(response::status),
                Some(_) => status_code.map(|code| code.to_string()),
            },
            error: attempt.error.as_deref(),
            hint: match smtp {
                None => response::hint(attempt.outcome, status_code, attempt.error.as_deref()),
                Some(smtp) => dialogue::hint(attempt.outcome, smtp),
            },
            marks: around.marks,
            url,
            request_headers: headers::rows(sent_headers),
            response_headers: response
                .map(|response| headers::rows(&response.headers))
                .unwrap_or_default(),
            body,
            response_size: number::size(response_body.bytes),
            response_body,
            is_cut_off: response.is_some_and(|response| response.truncated),
            is_unsent: smtp.is_some()
                || attempt.outcome == Outcome::NotRendered
                || response::is_unauthenticated(attempt.error.as_deref()),
            has_response: response.is_some(),
            dialogue: smtp.map(|smtp| {
                let at = (id(attempt.number), attempt.number);
                DialogueView::new(smtp, at, around.sent, around.scope, around.folds.response)
            }),
            folds: around.folds,
        }
    }
}

/// The number that an attempt was sent with, if the record has it under another number. A node that had lost
/// the delivery reported it late, when its own number was taken.
pub fn sent_as(names: &HeaderNames, attempt: &Attempt) -> Option<u32> {
    let Exchange::Http(http) = &attempt.exchange else {
        return None;
    };
    number_in(&http.request.headers, &names.attempt).filter(|sent| *sent != attempt.number)
}

fn number_in(headers: &Headers, name: &str) -> Option<u32> {
    let header = headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
    header.and_then(|(_, value)| value.parse().ok())
}
