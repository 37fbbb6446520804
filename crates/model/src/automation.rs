//! Automations: when this happens, do that.

use std::time::Duration;

use crate::body::{BodyContent, BodyStyle};
use crate::event_type::{EventPattern, EventTypeName};
use crate::id::{ActionId, AutomationId};
use crate::schedule::Schedule;
use crate::time::Timestamp;

/// A trigger and one or more actions, owned by an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Automation {
    /// The automation's id.
    pub id: AutomationId,
    /// For people; 1 to [`crate::account::NAME_CHARS_MAX`] characters.
    pub name: String,
    /// Whether events trigger it. While it is off, none of its actions is called.
    pub enabled: bool,
    /// What sets it off.
    pub trigger: Trigger,
    /// What it does; 1 to [`ACTIONS_MAX`].
    pub actions: Vec<Action>,
    /// Overrides the account's and the installation's schedule.
    pub retry_delays: Option<Schedule>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last updated.
    pub updated_at: Timestamp,
    /// Grows with each change: an update names the version it was made from.
    pub version: i64,
}

/// Most actions of one automation.
pub const ACTIONS_MAX: usize = 50;

/// Most event types and patterns in one trigger.
pub const PATTERNS_MAX: usize = 100;

/// Most automations of one account. With [`ACTIONS_MAX`] it bounds the deliveries of one event, and with them
/// what one acceptance costs.
pub const AUTOMATIONS_MAX: usize = 200;

/// Most custom headers of one action.
pub const HEADERS_MAX: usize = 20;

/// Largest name and value of a custom header together, in bytes.
pub const HEADER_BYTES_MAX: usize = 1024;

/// Longest URL, in bytes.
pub const URL_BYTES_MAX: usize = 2048;

/// Bounds on an action's own attempt timeout.
pub const TIMEOUT_S: std::ops::RangeInclusive<u32> = 1..=60;

/// What sets an automation off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// Any one of these is enough; 1 to [`PATTERNS_MAX`].
    pub event_types: Vec<EventPattern>,
}

impl Trigger {
    /// Whether an event of this type sets the automation off.
    pub fn matches(&self, name: &EventTypeName) -> bool {
        self.event_types.iter().any(|pattern| pattern.matches(name))
    }
}

/// One thing that an automation does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// Kept through edits that send it along: the record of deliveries hangs on it.
    pub id: ActionId,
    /// Off after a final 410, or by hand. An action that is off is not called.
    pub enabled: bool,
    /// Why it is off, where Postrider switched it off.
    pub disabled_reason: Option<DisabledReason>,
    /// What it does when it is called.
    pub does: Does,
}

/// What an action does: a variant for each type of action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Does {
    /// `send_webhook`: sends an HTTP request to a URL.
    SendWebhook(SendWebhook),
}

/// Why Postrider switched an action off by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisabledReason {
    /// The receiver responded 410 Gone to the last attempt of a delivery.
    Gone,
}

impl DisabledReason {
    /// The reason's name in the API and the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gone => "gone",
        }
    }
}

/// A webhook to send: an action of type `send_webhook`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendWebhook {
    /// Where to; `http` or `https`, checked by the egress guard when saved and again when dialled.
    pub url: String,
    /// What the body holds.
    pub content: BodyContent,
    /// How it is serialised.
    pub style: BodyStyle,
    /// Further headers, in the order given.
    pub headers: Vec<(String, String)>,
    /// Bound on one whole attempt, body included; the installation's where `None`.
    pub timeout_s: Option<u32>,
}

impl SendWebhook {
    /// The bound on one attempt, given the installation's.
    pub fn timeout(&self, default: Duration) -> Duration {
        self.timeout_s
            .map_or(default, |seconds| Duration::from_secs(u64::from(seconds)))
    }
}
