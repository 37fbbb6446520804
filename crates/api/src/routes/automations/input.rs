//! What a caller can say of an automation.

use postrider_configuration::{ActionDraft, AutomationDraft};
use postrider_model::{Automation, BodyContent, BodyStyle};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::headers::HeadersInput;
use crate::decode::{object, objects};
use crate::openapi::shapes;

/// An automation to be made, or the editable part of one.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = AutomationInput)]
pub struct AutomationInput {
    /// For people.
    #[schema(example = "Tell the CRM", min_length = 1, max_length = 256)]
    name: String,
    /// Whether events set it off. While it is off, none of its actions is called.
    #[serde(default = "on")]
    #[schema(default = true)]
    enabled: bool,
    /// What sets it off.
    #[serde(deserialize_with = "object")]
    trigger: TriggerInput,
    /// What it does.
    #[serde(deserialize_with = "objects")]
    #[schema(min_items = 1, max_items = 50)]
    actions: Vec<ActionInput>,
    /// Seconds between the attempts of a delivery, at most 20 delays of at most 7 days; null follows the
    /// account.
    #[schema(value_type = Option<Vec<u32>>, example = json!([10, 100]), max_items = 20)]
    retry_delays_s: Option<Vec<i64>>,
}

/// What sets an automation off.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = TriggerInput)]
pub struct TriggerInput {
    /// Names of event types, prefixes such as `proposal.*`, or `*` for all. Any one is enough.
    #[schema(example = json!(["proposal.accepted", "invoice.*"]), min_items = 1, max_items = 100)]
    event_types: Vec<String>,
}

/// What an action does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActionType {
    /// It sends a webhook.
    SendWebhook,
}

/// A webhook to send.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = ActionInput)]
pub struct ActionInput {
    /// In a PATCH: which action of the automation this is, so that it keeps its record. An action without is
    /// new.
    #[schema(example = "act_01h455vb4pex5vsknk084sn02q")]
    id: Option<String>,
    /// What it does.
    #[serde(rename = "type")]
    kind: ActionType,
    /// Whether it is called.
    #[serde(default = "on")]
    #[schema(default = true)]
    enabled: bool,
    /// In a PATCH: as it is shown, or null. It cannot be set; switching the action on clears it.
    #[schema(read_only)]
    disabled_reason: Option<String>,
    /// Where to: `http` or `https`, without user info, to a destination that the installation allows.
    #[schema(example = "https://crm.example.com/hooks/postrider", max_length = 2048)]
    url: String,
    /// What the body holds: `envelope` is `{"id","type","timestamp","data"}`, `data` is the event's data
    /// alone.
    #[serde(default)]
    #[schema(schema_with = shapes::body_content)]
    body: BodyContent,
    /// How the body is serialised: `js` is a fixed point of `JSON.stringify(JSON.parse(body))`, `python` one
    /// of `json.dumps(json.loads(body))`, `raw` the producer's bytes.
    #[serde(default)]
    #[schema(schema_with = shapes::body_style)]
    body_style: BodyStyle,
    /// Further headers to send, at most 20 of at most 1024 bytes each, name and value together.
    #[serde(default)]
    #[schema(schema_with = shapes::custom_headers)]
    headers: HeadersInput,
    /// Bound on one attempt, answer included, in seconds: 1 to 60; null follows the installation.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 60, example = 10)]
    timeout_s: Option<i64>,
}

const fn on() -> bool {
    true
}

impl AutomationInput {
    /// The editable part of an automation as it is.
    pub(super) fn of(automation: &Automation) -> Self {
        let draft = AutomationDraft::of(automation);
        Self {
            name: draft.name,
            enabled: draft.enabled,
            trigger: TriggerInput {
                event_types: draft.event_types,
            },
            actions: draft.actions.into_iter().map(ActionInput::from_draft).collect(),
            retry_delays_s: draft.retry_delays_s,
        }
    }

    /// What it asks for.
    pub(super) fn into_draft(self) -> AutomationDraft {
        AutomationDraft {
            name: self.name,
            enabled: self.enabled,
            event_types: self.trigger.event_types,
            actions: self.actions.into_iter().map(ActionInput::into_draft).collect(),
            retry_delays_s: self.retry_delays_s,
        }
    }
}

impl ActionInput {
    fn from_draft(draft: ActionDraft) -> Self {
        Self {
            id: draft.id,
            kind: ActionType::SendWebhook,
            enabled: draft.enabled,
            disabled_reason: draft.disabled_reason,
            url: draft.url,
            body: draft.content,
            body_style: draft.style,
            headers: HeadersInput(draft.headers),
            timeout_s: draft.timeout_s,
        }
    }

    fn into_draft(self) -> ActionDraft {
        let ActionType::SendWebhook = self.kind;
        ActionDraft {
            id: self.id,
            enabled: self.enabled,
            disabled_reason: self.disabled_reason,
            url: self.url,
            content: self.body,
            style: self.body_style,
            headers: self.headers.0,
            timeout_s: self.timeout_s,
        }
    }
}
