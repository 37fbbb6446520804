//! An action in a request, by its type.

use postrider_configuration::{ActionDraft, DoesDraft};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::email::EmailActionInput;
use super::input::WebhookActionInput;
use crate::decode::decode;
use crate::problem::Problem;

/// An action.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = ActionInput)]
pub enum ActionInput {
    /// A webhook.
    Webhook(WebhookActionInput),
    /// An e-mail.
    Email(EmailActionInput),
}

/// The type of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActionType {
    /// Sends a webhook.
    SendWebhook,
    /// Sends an e-mail.
    SendEmail,
}

/// The one member that says which others there may be.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct Typed {
    #[serde(rename = "type")]
    kind: ActionType,
}

impl ActionInput {
    /// The JSON of a draft.
    pub(super) fn text(mut draft: ActionDraft) -> Result<Box<RawValue>, Problem> {
        let does = std::mem::replace(&mut draft.does, DoesDraft::SendEmail(Default::default()));
        let input = match does {
            DoesDraft::SendWebhook(webhook) => Self::Webhook(WebhookActionInput::of(webhook, draft)),
            DoesDraft::SendEmail(email) => Self::Email(EmailActionInput::of(email, draft)),
        };
        serde_json::value::to_raw_value(&input).map_err(Problem::internal)
    }

    /// The drafts of these actions. Each is read as its type, so that a fault has the pointer of its member.
    pub(super) fn drafts(actions: &[Box<RawValue>]) -> Result<Vec<ActionDraft>, Problem> {
        let drafts = actions.iter().enumerate().map(|(index, action)| {
            let draft = Self::read(action.get()).map(Self::into_draft);
            draft.map_err(|problem| problem.within(&format!("/actions/{index}")))
        });
        drafts.collect()
    }

    fn read(text: &str) -> Result<Self, Problem> {
        match decode::<Typed>(text)?.kind {
            ActionType::SendWebhook => decode(text).map(Self::Webhook),
            ActionType::SendEmail => decode(text).map(Self::Email),
        }
    }

    fn into_draft(self) -> ActionDraft {
        match self {
            Self::Webhook(webhook) => webhook.into_draft(),
            Self::Email(email) => email.into_draft(),
        }
    }
}
