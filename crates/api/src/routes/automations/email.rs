//! The JSON form of an e-mail action.

use postrider_configuration::{ActionDraft, DoesDraft, SendEmailDraft};
use postrider_model::SendEmail;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::input::RateLimitInput;
use crate::decode::optional_object;

/// An e-mail to send: one message for each event, to all recipients.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = EmailActionInput)]
pub struct EmailActionInput {
    /// The id of an existing action, which then keeps its record. An action without an id is new.
    #[schema(example = "act_01h455vb4pex5vsknk084sn02q")]
    id: Option<String>,
    /// The kind of action.
    #[serde(rename = "type")]
    kind: EmailType,
    /// Whether the action is on. Postrider sends nothing for an action that is off.
    #[serde(default = "on")]
    #[schema(default = true)]
    enabled: bool,
    /// Read-only: in a PATCH, send the value that you read, or null. Switching the action on clears it.
    #[schema(read_only)]
    disabled_reason: Option<String>,
    /// Read-only: ignored, so that an action can be sent back as it was read.
    #[serde(default, skip_serializing)]
    #[schema(value_type = Option<Object>, read_only)]
    #[expect(dead_code, reason = "what it holds may have changed since the client read it")]
    health: Option<IgnoredAny>,
    /// How often the action may be called; null sets 60 e-mails in 60 seconds. Deliveries that exceed it
    /// wait, and use no attempt.
    #[serde(default, deserialize_with = "optional_object")]
    rate_limit: Option<RateLimitInput>,
    /// The recipients: 1 to 10 addresses, each once. Each recipient sees the others.
    #[schema(example = json!(["sales@example.com"]), min_items = 1, max_items = 10)]
    to: Vec<String>,
    /// The template of the subject, in Jinja's language, at most 1 KiB. It prints one line.
    #[schema(example = "Proposal {{ data.proposal_id }} was accepted", max_length = 1024)]
    subject: String,
    /// The template of the text, in Jinja's language, at most 16 KiB.
    #[schema(example = "The total is {{ data.total }}.", max_length = 16384)]
    text: String,
}

/// The kind of an action that sends an e-mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EmailType {
    /// Sends an e-mail.
    SendEmail,
}

/// What an e-mail action has besides the members of every action.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EmailAction)]
pub struct EmailView {
    /// The recipients.
    #[schema(example = json!(["sales@example.com"]))]
    to: Vec<String>,
    /// The template of the subject.
    #[schema(example = "Proposal {{ data.proposal_id }} was accepted")]
    subject: String,
    /// The template of the text.
    #[schema(example = "The total is {{ data.total }}.")]
    text: String,
}

const fn on() -> bool {
    true
}

impl EmailActionInput {
    /// The e-mail of a draft, whose other members are those of the action.
    pub(super) fn of(email: SendEmailDraft, draft: ActionDraft) -> Self {
        Self {
            id: draft.id,
            kind: EmailType::SendEmail,
            enabled: draft.enabled,
            disabled_reason: draft.disabled_reason,
            health: None,
            rate_limit: draft.rate_limit.map(RateLimitInput::of),
            to: email.to,
            subject: email.subject,
            text: email.text,
        }
    }

    pub(super) fn into_draft(self) -> ActionDraft {
        ActionDraft {
            id: self.id,
            enabled: self.enabled,
            disabled_reason: self.disabled_reason,
            rate_limit: self.rate_limit.map(RateLimitInput::draft),
            does: DoesDraft::SendEmail(SendEmailDraft {
                to: self.to,
                subject: self.subject,
                text: self.text,
            }),
        }
    }
}

impl EmailView {
    pub(super) fn of(email: SendEmail) -> Self {
        Self {
            to: email.to.as_slice().iter().map(ToString::to_string).collect(),
            subject: email.subject,
            text: email.text,
        }
    }
}
