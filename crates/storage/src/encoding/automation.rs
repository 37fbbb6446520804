//! Triggers and actions as the JSON that a row stores.
//!
//! A trigger is an object, `{"event_types":["proposal.*"],"conditions":{…}}`. An action is an object tagged
//! with its type, `{"id":…,"enabled":true,"type":"send_webhook",…}`; the members of each type are in a file
//! of their own.
//!
//! Secrets of actions are in a text of their own, [`Secrets`], which a row holds sealed.
//!
//! To add an option of an action: add an optional member to its type's file, so that older rows can still be
//! read; if it is a secret, add it to [`Secrets`] instead. To add a type of action: add a variant of
//! [`StoredDoes`] and a file beside `send_webhook.rs`.

mod secrets;
mod send_email;
mod send_webhook;

pub use secrets::Secrets;

use std::borrow::Cow;

use postrider_json::Conditions;
use postrider_model::automation::DisabledReason;
use postrider_model::{Action, ActionId, ConnectionId, Does, EventPattern, RateLimit, Trigger};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use self::send_email::StoredEmail;
use self::send_webhook::StoredWebhook;
use super::{Damaged, json_text, json_value};
use crate::DisableAction;

#[derive(Serialize, Deserialize)]
struct StoredTrigger {
    event_types: Vec<String>,
    /// As [`Conditions`] prints and reads them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    conditions: Option<Box<RawValue>>,
}

#[derive(Serialize, Deserialize)]
struct StoredAction {
    id: ActionId,
    enabled: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    disabled_reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rate_limit: Option<StoredRateLimit>,
    #[serde(flatten)]
    does: StoredDoes,
}

#[derive(Serialize, Deserialize)]
struct StoredRateLimit {
    requests: u32,
    per_s: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum StoredDoes {
    SendWebhook(StoredWebhook),
    SendEmail(StoredEmail),
}

impl StoredDoes {
    /// As [`Does::target`].
    fn target(&self) -> Cow<'_, str> {
        match self {
            Self::SendWebhook(webhook) => webhook.url().into(),
            Self::SendEmail(email) => email.target().into(),
        }
    }
}

/// Encodes a trigger.
pub fn trigger_text(trigger: &Trigger) -> String {
    let conditions = trigger.conditions.as_ref().map(ToString::to_string);
    json_text(&StoredTrigger {
        event_types: trigger.event_types.iter().map(ToString::to_string).collect(),
        conditions: conditions.map(|text| RawValue::from_string(text).expect("conditions print as JSON")),
    })
}

/// Decodes a trigger.
///
/// # Errors
/// [`Damaged`] if [`trigger_text`] never returns such a text.
pub fn trigger(text: &str) -> Result<Trigger, Damaged> {
    let stored: StoredTrigger = json_value(text)?;
    let conditions = stored.conditions.map(|text| Conditions::read(text.get()));
    Ok(Trigger {
        event_types: patterns(&stored.event_types)?,
        conditions: conditions
            .transpose()
            .map_err(|_| Damaged("a trigger's conditions"))?,
    })
}

/// Decodes the patterns of a trigger, and skips its conditions, which takes a fraction of the time.
///
/// # Errors
/// [`Damaged`] if [`trigger_text`] never returns such a text.
pub fn event_types(text: &str) -> Result<Vec<EventPattern>, Damaged> {
    let stored: StoredTrigger = json_value(text)?;
    patterns(&stored.event_types)
}

fn patterns(texts: &[String]) -> Result<Vec<EventPattern>, Damaged> {
    let patterns = texts.iter().map(|pattern| pattern.parse());
    patterns
        .collect::<Result<_, _>>()
        .map_err(|_| Damaged("a trigger's pattern"))
}

/// Encodes an automation's actions, without their secrets.
pub fn actions_text(actions: &[Action]) -> String {
    let stored: Vec<_> = actions.iter().map(to_stored).collect();
    json_text(&stored)
}

fn to_stored(action: &Action) -> StoredAction {
    StoredAction {
        id: action.id,
        enabled: action.enabled,
        disabled_reason: action.disabled_reason.map(|reason| reason.as_str().to_owned()),
        rate_limit: action.rate_limit.map(|limit| StoredRateLimit {
            requests: limit.requests(),
            per_s: limit.per_s(),
        }),
        does: match &action.does {
            Does::SendWebhook(webhook) => StoredDoes::SendWebhook(StoredWebhook::of(webhook)),
            Does::SendEmail(email) => StoredDoes::SendEmail(StoredEmail::of(email)),
        },
    }
}

/// Decodes an automation's actions, and gives them their secrets.
///
/// # Errors
/// [`Damaged`] if [`actions_text`] never returns such a text, or if these are not the secrets of its actions.
pub fn actions(text: &str, mut secrets: Secrets) -> Result<Vec<Action>, Damaged> {
    let stored: Vec<StoredAction> = json_value(text)?;
    let actions = stored.into_iter().map(|stored| from_stored(stored, &mut secrets));
    actions.collect()
}

/// An automation's encoded actions with this action switched off; see
/// [`crate::rules::automations::with_action_disabled`], which is the rule. Needs no secrets.
pub(crate) fn with_action_disabled(text: &str, disable: &DisableAction) -> Result<Option<String>, Damaged> {
    let mut stored: Vec<StoredAction> = json_value(text)?;
    let action = stored.iter_mut().find(|action| action.id == disable.action);
    let Some(action) = action.filter(|action| action.enabled && action.does.target() == disable.target)
    else {
        return Ok(None);
    };
    action.enabled = false;
    action.disabled_reason = Some(disable.reason.as_str().to_owned());
    Ok(Some(json_text(&stored)))
}

/// Each of an automation's encoded actions: its id, its target, and whether it is on.
///
/// # Errors
/// [`Damaged`] if [`actions_text`] never returns such a text.
pub fn switches(text: &str) -> Result<Vec<(ActionId, String, bool)>, Damaged> {
    let stored: Vec<StoredAction> = json_value(text)?;
    let switch = |action: StoredAction| (action.id, action.does.target().into_owned(), action.enabled);
    Ok(stored.into_iter().map(switch).collect())
}

/// How many of an automation's encoded actions are on. Reads nothing else of them, which takes a fraction of
/// the time of [`actions`].
///
/// # Errors
/// [`Damaged`] if [`actions_text`] never returns such a text.
pub fn enabled_actions(text: &str) -> Result<usize, Damaged> {
    #[derive(Deserialize)]
    struct Switch {
        enabled: bool,
    }
    let switches: Vec<Switch> = json_value(text)?;
    Ok(switches.iter().filter(|switch| switch.enabled).count())
}

/// The connections that an automation's encoded actions name. Reads nothing else of them.
///
/// # Errors
/// [`Damaged`] if [`actions_text`] never returns such a text.
pub fn connections(text: &str) -> Result<Vec<ConnectionId>, Damaged> {
    #[derive(Deserialize)]
    struct Named {
        #[serde(default)]
        connection: Option<ConnectionId>,
    }
    let named: Vec<Named> = json_value(text)?;
    Ok(named.into_iter().filter_map(|named| named.connection).collect())
}

fn from_stored(stored: StoredAction, secrets: &mut Secrets) -> Result<Action, Damaged> {
    let disabled_reason = match stored.disabled_reason.as_deref() {
        None => None,
        Some(name) => match DisabledReason::from_name(name) {
            None => return Err(Damaged("a reason for a disabled action")),
            reason => reason,
        },
    };
    let rate_limit = match stored.rate_limit {
        None => None,
        Some(StoredRateLimit { requests, per_s }) => match RateLimit::new(requests, per_s) {
            None => return Err(Damaged("a rate limit")),
            limit => limit,
        },
    };
    Ok(Action {
        id: stored.id,
        enabled: stored.enabled,
        disabled_reason,
        rate_limit,
        does: match stored.does {
            StoredDoes::SendWebhook(webhook) => Does::SendWebhook(webhook.open(secrets.take(stored.id))?),
            StoredDoes::SendEmail(email) => Does::SendEmail(email.open()?),
        },
    })
}

#[cfg(test)]
mod tests;
