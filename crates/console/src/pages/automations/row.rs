//! A row of an automation's form: an action, as people type it.

use postrider_configuration::{ActionDraft, DoesDraft, Fault, RateLimitDraft, SendWebhookDraft};
use postrider_model::{Action, BodyContent, BodyStyle, Does, RateLimit};

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
    /// Whether Postrider disabled the URL itself.
    pub is_gone: bool,
    /// `envelope` or `data`.
    pub body: String,
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
        let Does::SendWebhook(send) = &action.does;
        let headers: Vec<String> = send
            .headers
            .iter()
            .map(|header| format!("{}: {}", header.name, header.shown()))
            .collect();
        let plain = send.headers.iter().filter(|header| header.is_plain);
        let plain: Vec<&str> = plain.map(|header| header.name.as_str()).collect();
        let limit = |part: fn(RateLimit) -> u32| {
            let value = action.rate_limit.map(part);
            value.map(|value| value.to_string()).unwrap_or_default()
        };
        Self {
            id: action.id.to_string(),
            url: send.url.clone(),
            secret_query: send.secret_query.is_some(),
            enabled: action.enabled,
            is_gone: action.disabled_reason.is_some(),
            body: match send.content {
                BodyContent::Envelope => "envelope",
                BodyContent::Data => "data",
            }
            .to_owned(),
            style: match send.style {
                BodyStyle::Js => "js",
                BodyStyle::Python => "python",
                BodyStyle::Raw => "raw",
            }
            .to_owned(),
            headers: headers.join("\n"),
            plain: plain.join(", "),
            timeout: send
                .timeout_s
                .map(|seconds| seconds.to_string())
                .unwrap_or_default(),
            requests: limit(RateLimit::requests),
            per_s: limit(RateLimit::per_s),
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
            is_gone: form.is_ticked(&format!("gone.{row}")),
            body: text("body"),
            style: text("style"),
            headers: text("headers"),
            plain: text("plain"),
            timeout: text("timeout"),
            requests: text("requests"),
            per_s: text("per_s"),
        }
    }

    /// Whether any option differs from a new row's; the fold is then open.
    pub fn has_options(&self) -> bool {
        let empty = Self::empty();
        (&self.body, &self.style, &self.headers, &self.timeout)
            != (&empty.body, &empty.style, &empty.headers, &empty.timeout)
            || self.secret_query
            || self.rate_limit().is_some()
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
        let webhook = SendWebhookDraft {
            url: self.url.trim().to_owned(),
            secret_query: self.secret_query,
            content: match self.body.as_str() {
                "data" => BodyContent::Data,
                _ => BodyContent::Envelope,
            },
            style: match self.style.as_str() {
                "python" => BodyStyle::Python,
                "raw" => BodyStyle::Raw,
                _ => BodyStyle::Js,
            },
            headers,
            plain_headers: plain.filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            // A value that is not a number becomes -1, which the draft's check refuses as out of range.
            timeout_s: (!timeout.is_empty()).then(|| timeout.parse().unwrap_or(-1)),
        };
        ActionDraft {
            id: (!self.id.is_empty()).then(|| self.id.clone()),
            enabled: self.enabled,
            disabled_reason: None,
            rate_limit: self.rate_limit(),
            does: DoesDraft::SendWebhook(webhook),
        }
    }
}
