//! What a caller can say of an automation.

use std::collections::HashSet;

use postrider_engine::Engine;
use postrider_model::automation::PATTERNS_MAX;
use postrider_model::{
    Action, Automation, BodyContent, BodyStyle, EventPattern, Schedule, Timestamp, Trigger,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::actions;
use super::destinations::check_destinations;
use super::headers::HeadersInput;
use crate::decode::{object, objects};
use crate::fields::{check_name, schedule};
use crate::openapi::shapes;
use crate::problem::{Code, Faults, Problem, fault_codes};

/// An automation to be made, or the editable part of one.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = AutomationInput)]
pub struct AutomationInput {
    /// For people.
    #[schema(example = "Tell the CRM", min_length = 1, max_length = 256)]
    pub(super) name: String,
    /// Whether events set it off. While it is off, none of its actions is called.
    #[serde(default = "on")]
    #[schema(default = true)]
    pub(super) enabled: bool,
    /// What sets it off.
    #[serde(deserialize_with = "object")]
    pub(super) trigger: TriggerInput,
    /// What it does.
    #[serde(deserialize_with = "objects")]
    #[schema(min_items = 1, max_items = 50)]
    pub(super) actions: Vec<ActionInput>,
    /// Seconds between the attempts of a delivery, at most 20 delays of at most 7 days; null follows the account.
    #[schema(value_type = Option<Vec<u32>>, example = json!([10, 100]), max_items = 20)]
    pub(super) retry_delays_s: Option<Vec<i64>>,
}

/// What sets an automation off.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = TriggerInput)]
pub struct TriggerInput {
    /// Names of event types, prefixes such as `proposal.*`, or `*` for all. Any one is enough.
    #[schema(example = json!(["proposal.accepted", "invoice.*"]), min_items = 1, max_items = 100)]
    pub(super) event_types: Vec<String>,
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
    /// In a PATCH: which action of the automation this is, so that it keeps its record. An action without is new.
    #[schema(example = "act_01h455vb4pex5vsknk084sn02q")]
    pub(super) id: Option<String>,
    /// What it does.
    #[serde(rename = "type")]
    pub(super) kind: ActionType,
    /// Whether it is called.
    #[serde(default = "on")]
    #[schema(default = true)]
    pub(super) enabled: bool,
    /// In a PATCH: as it is shown, or null. It cannot be set; switching the action on clears it.
    #[schema(read_only)]
    pub(super) disabled_reason: Option<String>,
    /// Where to: `http` or `https`, without user info, to a destination that the installation allows.
    #[schema(example = "https://crm.example.com/hooks/postrider", max_length = 2048)]
    pub(super) url: String,
    /// What the body holds: `envelope` is `{"id","type","timestamp","data"}`, `data` is the event's data alone.
    #[serde(default)]
    #[schema(schema_with = shapes::body_content)]
    pub(super) body: BodyContent,
    /// How the body is serialised: `js` is a fixed point of `JSON.stringify(JSON.parse(body))`, `python` one of
    /// `json.dumps(json.loads(body))`, `raw` the producer's bytes.
    #[serde(default)]
    #[schema(schema_with = shapes::body_style)]
    pub(super) body_style: BodyStyle,
    /// Further headers to send, at most 20 of at most 1024 bytes each, name and value together.
    #[serde(default)]
    #[schema(schema_with = shapes::custom_headers)]
    pub(super) headers: HeadersInput,
    /// Bound on one attempt, answer included, in seconds: 1 to 60; null follows the installation.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 60, example = 10)]
    pub(super) timeout_s: Option<i64>,
}

const fn on() -> bool {
    true
}

/// The editable part of an automation, checked.
pub(super) struct AutomationDraft {
    pub(super) name: String,
    pub(super) enabled: bool,
    pub(super) trigger: Trigger,
    pub(super) actions: Vec<Action>,
    pub(super) retry_delays: Option<Schedule>,
}

impl AutomationInput {
    /// The editable part of an automation as it is.
    pub(super) fn of(automation: &Automation) -> Self {
        let delays = automation.retry_delays.as_ref();
        let patterns = &automation.trigger.event_types;
        Self {
            name: automation.name.clone(),
            enabled: automation.enabled,
            trigger: TriggerInput {
                event_types: patterns.iter().map(ToString::to_string).collect(),
            },
            actions: automation.actions.iter().map(ActionInput::of).collect(),
            retry_delays_s: delays.map(|delays| delays.delays_s().iter().copied().map(i64::from).collect()),
        }
    }

    /// Checks all of it, and its destinations where they are not those of `existing` actions.
    pub(super) async fn check(
        self,
        engine: &std::sync::Arc<Engine>,
        existing: &[Action],
        now: Timestamp,
    ) -> Result<AutomationDraft, Problem> {
        let mut faults = Faults::default();
        check_name(&self.name, &mut faults);
        let trigger = check_trigger(&self.trigger, &mut faults);
        let retry_delays = self
            .retry_delays_s
            .and_then(|delays| schedule(&delays, &mut faults));
        let rules = actions::Rules {
            existing,
            header_names: engine.header_names(),
        };
        let fresh_id = || engine.ids().action(now);
        let actions = actions::check(&self.actions, &rules, fresh_id, &mut faults);
        check_destinations(engine, &self.actions, existing, &mut faults).await;
        faults.into_result(Code::InvalidBody)?;
        Ok(AutomationDraft {
            name: self.name,
            enabled: self.enabled,
            trigger,
            actions,
            retry_delays,
        })
    }
}

impl ActionInput {
    fn of(action: &Action) -> Self {
        Self {
            id: Some(action.id.to_string()),
            kind: ActionType::SendWebhook,
            enabled: action.enabled,
            disabled_reason: action.disabled_reason.map(|reason| reason.as_str().to_owned()),
            url: action.send.url.clone(),
            body: action.send.content,
            body_style: action.send.style,
            headers: HeadersInput(action.send.headers.clone()),
            timeout_s: action.send.timeout_s.map(i64::from),
        }
    }
}

fn check_trigger(trigger: &TriggerInput, faults: &mut Faults) -> Trigger {
    let place = "/trigger/event_types";
    if trigger.event_types.is_empty() {
        faults.add(place, fault_codes::TOO_FEW, "at least one event type is needed");
    }
    if trigger.event_types.len() > PATTERNS_MAX {
        let detail = format!("at most {PATTERNS_MAX} event types are possible");
        faults.add(place, fault_codes::TOO_MANY, detail);
    }
    let mut seen = HashSet::new();
    let mut patterns = Vec::new();
    for (index, text) in trigger.event_types.iter().enumerate() {
        let place = format!("{place}/{index}");
        match text.parse::<EventPattern>() {
            Err(error) => faults.add(place, fault_codes::INVALID_VALUE, error.to_string()),
            Ok(_) if !seen.insert(text) => {
                faults.add(place, fault_codes::DUPLICATE, "this event type is listed twice");
            }
            Ok(pattern) => patterns.push(pattern),
        }
    }
    Trigger {
        event_types: patterns,
    }
}
