//! A row of an automation's form: an action, as people type it.

use postrider_configuration::{
    ActionDraft, BodyDraft, ContentDraft, DoesDraft, Fault, RateLimitDraft, SendWebhookDraft,
};
use postrider_model::automation::DisabledReason;
use postrider_model::custom_header::MASK;
use postrider_model::{Action, BodyStyle, Does, RateLimit, SecretQuery, SendWebhook};
use postrider_signing::template::Preset;

use super::email::EmailFields;
use super::preview::Preview;
use super::signature::SignatureFields;
use super::suggestions::Suggestions;
use crate::form::Form;

/// A URL and its options.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowFields {
    /// The action's id; empty for a new row.
    pub id: String,
    /// The URL.
    pub url: String,
    /// Whether the query of the URL is a secret.
    pub secret_query: bool,
    /// Whether the action is enabled.
    pub enabled: bool,
    /// Why Postrider disabled the URL itself, if it did.
    pub disabled_reason: Option<DisabledReason>,
    /// `envelope`, `data`, `cloudevents`, `cloudevents_binary` or `template`.
    pub body: String,
    /// The template, if that is the body.
    pub template: String,
    /// The content type of its output.
    pub content_type: String,
    /// The chat system that the row sends to; its body is made of the sentence.
    pub preset: Option<Preset>,
    /// The sentence for the chat system.
    pub sentence: String,
    /// `js`, `python` or `raw`.
    pub style: String,
    /// Lines of `Name: value`; `••••` stands for a stored secret.
    pub headers: String,
    /// Names of headers whose values are not secret, separated by commas.
    pub plain: String,
    /// Seconds; empty follows the installation.
    pub timeout: String,
    /// Requests of the rate limit; if this and `per_s` are empty, there is none.
    pub requests: String,
    /// Seconds of the rate limit.
    pub per_s: String,
    /// How requests are signed.
    pub signature: SignatureFields,
    /// Of an e-mail: its fields. The fields of a webhook are then empty.
    pub email: Option<EmailFields>,
    /// The id of the connection; empty for none.
    pub connection: String,
}

impl RowFields {
    /// A new row.
    pub fn empty() -> Self {
        Self {
            enabled: true,
            body: "envelope".to_owned(),
            style: "js".to_owned(),
            ..Self::default()
        }
    }

    /// The row of a stored action.
    pub fn of(action: &Action) -> Self {
        match &action.does {
            Does::SendWebhook(send) => Self::of_webhook(action, send),
            Does::SendEmail(email) => Self {
                email: Some(EmailFields::of(email)),
                ..Self::of_action(action)
            },
        }
    }

    /// What every action has.
    fn of_action(action: &Action) -> Self {
        let limit = |part: fn(RateLimit) -> u32| {
            let value = action.rate_limit.map(part);
            value.map(|value| value.to_string()).unwrap_or_default()
        };
        Self {
            id: action.id.to_string(),
            enabled: action.enabled,
            disabled_reason: action.disabled_reason,
            requests: limit(RateLimit::requests),
            per_s: limit(RateLimit::per_s),
            ..Self::empty()
        }
    }

    fn of_webhook(action: &Action, send: &SendWebhook) -> Self {
        let headers: Vec<String> = send
            .headers
            .iter()
            .map(|header| format!("{}: {}", header.name, header.shown()))
            .collect();
        let plain = send.headers.iter().filter(|header| header.is_plain);
        let plain: Vec<&str> = plain.map(|header| header.name.as_str()).collect();
        let body = BodyDraft::of(&send.body);
        let template = body.template.unwrap_or_default();
        let preset = Preset::ALL
            .into_iter()
            .find_map(|preset| Some((preset, preset.sentence_of(&template)?)));
        Self {
            url: send.url.clone(),
            secret_query: send.secret_query.is_some(),
            body: match body.content {
                ContentDraft::Envelope => "envelope",
                ContentDraft::Data => "data",
                ContentDraft::CloudEvents => "cloudevents",
                ContentDraft::CloudEventsBinary => "cloudevents_binary",
                ContentDraft::Template => "template",
            }
            .to_owned(),
            style: match body.style {
                BodyStyle::Js => "js",
                BodyStyle::Python => "python",
                BodyStyle::Raw => "raw",
            }
            .to_owned(),
            preset: preset.as_ref().map(|(preset, _)| *preset),
            sentence: preset.map(|(_, sentence)| sentence).unwrap_or_default(),
            template,
            content_type: body.content_type.unwrap_or_default(),
            headers: headers.join("\n"),
            plain: plain.join(", "),
            timeout: send
                .timeout_s
                .map(|seconds| seconds.to_string())
                .unwrap_or_default(),
            signature: SignatureFields::of(&send.signature),
            connection: send.connection.map(|id| id.to_string()).unwrap_or_default(),
            ..Self::of_action(action)
        }
    }

    /// The row of this number, as typed.
    pub fn typed(form: &Form, row: &str) -> Self {
        let text = |name: &str| form.text(&format!("{name}.{row}")).to_owned();
        Self {
            id: text("id"),
            url: text("url"),
            secret_query: form.is_ticked(&format!("secret_query.{row}")),
            enabled: form.is_ticked(&format!("on.{row}")),
            disabled_reason: DisabledReason::from_name(&text("disabled_reason")),
            body: text("body"),
            template: text("template"),
            content_type: text("content_type"),
            preset: Preset::find(&text("preset")),
            sentence: text("sentence"),
            style: text("style"),
            headers: text("headers"),
            plain: text("plain"),
            timeout: text("timeout"),
            requests: text("requests"),
            per_s: text("per_s"),
            signature: SignatureFields::typed(form, row),
            email: EmailFields::typed(form, row),
            connection: text("connection"),
        }
    }

    /// A new row for an e-mail.
    pub fn of_new_email() -> Self {
        Self {
            email: Some(EmailFields::default()),
            ..Self::empty()
        }
    }

    /// Whether it is the empty row of a new form, which is not meant.
    pub fn is_blank(&self) -> bool {
        self.id.is_empty() && self.url.trim().is_empty() && self.email.is_none()
    }

    /// A new row for a chat system.
    pub fn of_preset(preset: Preset) -> Self {
        Self {
            body: "template".to_owned(),
            preset: Some(preset),
            ..Self::empty()
        }
    }

    /// The body as typed.
    pub fn body(&self) -> BodyDraft {
        if let Some(preset) = self.preset {
            return BodyDraft {
                content: ContentDraft::Template,
                // Without a sentence, the check finds no template.
                template: (!self.sentence.trim().is_empty()).then(|| preset.template(&self.sentence)),
                content_type: Some(preset.content_type().to_owned()),
                ..BodyDraft::default()
            };
        }
        let style = match self.style.as_str() {
            "python" => BodyStyle::Python,
            "raw" => BodyStyle::Raw,
            _ => BodyStyle::Js,
        };
        let content_type = self.content_type.trim();
        match self.body.as_str() {
            "template" => BodyDraft {
                content: ContentDraft::Template,
                template: Some(self.template.clone()),
                content_type: (!content_type.is_empty()).then(|| content_type.to_owned()),
                ..BodyDraft::default()
            },
            built_in => BodyDraft {
                content: match built_in {
                    "data" => ContentDraft::Data,
                    "cloudevents" => ContentDraft::CloudEvents,
                    "cloudevents_binary" => ContentDraft::CloudEventsBinary,
                    _ => ContentDraft::Envelope,
                },
                style,
                ..BodyDraft::default()
            },
        }
    }

    /// Whether the body is a CloudEvent.
    pub fn is_cloud_event(&self) -> bool {
        self.body.starts_with("cloudevents")
    }

    /// Whether the query of the URL, which is secret, has to be typed: a new action has none to keep.
    pub fn lacks_query(&self) -> bool {
        self.id.is_empty() && self.secret_query && SecretQuery::stands_in(self.url.trim())
    }

    /// Whether values of headers, which are secret, have to be typed: a new action has none to keep.
    pub fn lacks_headers(&self) -> bool {
        let lacks_value = |line: &str| {
            line.split_once(':')
                .is_some_and(|(_, value)| value.trim() == MASK)
        };
        self.id.is_empty() && self.headers.lines().any(lacks_value)
    }

    /// What the template would send.
    pub fn preview(&self, suggestions: &Suggestions) -> Option<Preview> {
        Preview::of(self, suggestions)
    }

    /// Whether any option differs from a new row's; the fold is then open.
    pub fn has_options(&self) -> bool {
        let empty = Self::empty();
        (&self.style, &self.headers, &self.timeout) != (&empty.style, &empty.headers, &empty.timeout)
            || self.preset.is_none() && self.body != empty.body
            || self.secret_query
            || self.rate_limit().is_some()
            || self.signature.is_set()
            || !self.connection.is_empty()
    }

    /// The rate limit as typed. What is empty or not a number becomes -1, which the draft's check refuses as
    /// out of range.
    fn rate_limit(&self) -> Option<RateLimitDraft> {
        let (requests, per_s) = (self.requests.trim(), self.per_s.trim());
        let is_set = !requests.is_empty() || !per_s.is_empty();
        is_set.then(|| RateLimitDraft {
            requests: requests.parse().unwrap_or(-1),
            per_s: per_s.parse().unwrap_or(-1),
        })
    }

    /// The draft of the row, which is the action at `index`. Adds the faults that the form itself finds.
    pub fn draft(&self, index: usize, faults: &mut Vec<Fault>) -> ActionDraft {
        ActionDraft {
            id: (!self.id.is_empty()).then(|| self.id.clone()),
            enabled: self.enabled,
            disabled_reason: None,
            rate_limit: self.rate_limit(),
            does: match &self.email {
                Some(email) => DoesDraft::SendEmail(email.draft()),
                None => DoesDraft::SendWebhook(self.webhook(index, faults)),
            },
        }
    }

    fn webhook(&self, index: usize, faults: &mut Vec<Fault>) -> SendWebhookDraft {
        let mut headers = Vec::new();
        for line in self.headers.lines().filter(|line| !line.trim().is_empty()) {
            match line.split_once(':') {
                Some((name, value)) => headers.push((name.trim().to_owned(), value.trim().to_owned())),
                None => faults.push(Fault {
                    pointer: format!("/actions/{index}/headers"),
                    code: "invalid_value",
                    detail: format!("“{}” is not of the form “Name: value”", line.trim()),
                }),
            }
        }
        let plain = self.plain.split([',', ' ', '\n', ';']).map(str::trim);
        let timeout = self.timeout.trim();
        SendWebhookDraft {
            url: self.url.trim().to_owned(),
            secret_query: self.secret_query,
            body: self.body(),
            headers,
            plain_headers: plain.filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            // A value that is not a number becomes -1, which the draft's check refuses as out of range.
            timeout_s: (!timeout.is_empty()).then(|| timeout.parse().unwrap_or(-1)),
            signature_profile: self.signature.profile(),
            signing_key: self.signature.key(),
            connection_id: (!self.connection.is_empty()).then(|| self.connection.clone()),
        }
    }
}
