//! Triggers and actions as the JSON that a row keeps.
//!
//! To add an option of an action: add a field here that may be missing, so that rows written before still read.

use postrider_model::automation::DisabledReason;
use postrider_model::{Action, ActionId, BodyContent, BodyStyle, SendWebhook, Trigger};
use serde::{Deserialize, Serialize};

use super::{Damaged, json_text, json_value};

#[derive(Serialize, Deserialize)]
struct StoredAction {
    id: ActionId,
    enabled: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    disabled_reason: Option<String>,
    url: String,
    content: BodyContent,
    style: BodyStyle,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    headers: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timeout_s: Option<u32>,
}

/// What a row keeps of a trigger: its patterns.
pub fn trigger_text(trigger: &Trigger) -> String {
    let patterns: Vec<_> = trigger.event_types.iter().map(ToString::to_string).collect();
    json_text(&patterns)
}

/// The trigger that a row keeps.
///
/// # Errors
/// [`Damaged`] where the text is none that [`trigger_text`] makes.
pub fn trigger(text: &str) -> Result<Trigger, Damaged> {
    let patterns: Vec<String> = json_value(text)?;
    let parsed: Result<Vec<_>, _> = patterns.iter().map(|pattern| pattern.parse()).collect();
    match parsed {
        Ok(event_types) => Ok(Trigger { event_types }),
        Err(_) => Err(Damaged("a trigger's pattern")),
    }
}

/// What a row keeps of an automation's actions.
pub fn actions_text(actions: &[Action]) -> String {
    let stored: Vec<_> = actions.iter().map(to_stored).collect();
    json_text(&stored)
}

fn to_stored(action: &Action) -> StoredAction {
    StoredAction {
        id: action.id,
        enabled: action.enabled,
        disabled_reason: action.disabled_reason.map(|reason| reason.as_str().to_owned()),
        url: action.send.url.clone(),
        content: action.send.content,
        style: action.send.style,
        headers: action.send.headers.clone(),
        timeout_s: action.send.timeout_s,
    }
}

/// The actions that a row keeps.
///
/// # Errors
/// [`Damaged`] where the text is none that [`actions_text`] makes.
pub fn actions(text: &str) -> Result<Vec<Action>, Damaged> {
    let stored: Vec<StoredAction> = json_value(text)?;
    stored.into_iter().map(from_stored).collect()
}

fn from_stored(stored: StoredAction) -> Result<Action, Damaged> {
    let disabled_reason = match stored.disabled_reason.as_deref() {
        None => None,
        Some(text) if text == DisabledReason::Gone.as_str() => Some(DisabledReason::Gone),
        Some(_) => return Err(Damaged("a reason for a disabled action")),
    };
    Ok(Action {
        id: stored.id,
        enabled: stored.enabled,
        disabled_reason,
        send: SendWebhook {
            url: stored.url,
            content: stored.content,
            style: stored.style,
            headers: stored.headers,
            timeout_s: stored.timeout_s,
        },
    })
}
