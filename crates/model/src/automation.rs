//! Automations: triggers, and the actions that they start.

use std::time::Duration;

use postrider_json::Conditions;

use crate::body::WebhookBody;
use crate::custom_header::CustomHeader;
use crate::event_type::{EventPattern, EventTypeName};
use crate::id::{ActionId, AutomationId, ConnectionId};
use crate::schedule::Schedule;
use crate::secret_query::SecretQuery;
use crate::send_email::SendEmail;
use crate::time::Timestamp;
use crate::uid;
use crate::webhook_signature::WebhookSignature;

/// A trigger and one or more actions, owned by an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Automation {
    /// The automation's id.
    pub id: AutomationId,
    /// The caller's own id for it, unique in its account. See [`uid_is_valid`].
    pub uid: Option<String>,
    /// The name for people; 1 to [`crate::account::NAME_CHARS_MAX`] characters.
    pub name: String,
    /// What it is for, in words for people; at most [`DESCRIPTION_CHARS_MAX`] characters, may be empty.
    pub description: String,
    /// A JSON object that the caller supplies, as text; at most [`crate::account::METADATA_BYTES_MAX`].
    pub metadata: String,
    /// Whether events trigger it. While it is off, none of its actions is called.
    pub enabled: bool,
    /// The events that trigger it.
    pub trigger: Trigger,
    /// Its actions; 1 to [`ACTIONS_MAX`].
    pub actions: Vec<Action>,
    /// Overrides the account's and the installation's schedule.
    pub retry_delays: Option<Schedule>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last updated.
    pub updated_at: Timestamp,
    /// Grows with each update. An update names the version that it is based on.
    pub version: i64,
}

/// Longest description, in characters. As long as that of an event type.
pub const DESCRIPTION_CHARS_MAX: usize = 4_096;

/// Uids that no automation can have: in the API's paths they stand where an automation's uid would.
pub const RESERVED_UIDS: [&str; 1] = ["preview"];

/// Whether `uid` can replace an automation's id in a URL: 1 to 128 of `[a-zA-Z0-9_.:@-]`, not `.` or `..`,
/// none of [`RESERVED_UIDS`], and without the prefix of automation ids.
pub fn uid_is_valid(uid: &str) -> bool {
    uid::can_replace_id(uid, "auto") && !RESERVED_UIDS.contains(&uid)
}

/// A caller's reference to an automation of an account.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AutomationRef {
    /// By Postrider's id.
    Id(AutomationId),
    /// By the caller's own `uid`.
    Uid(String),
}

/// Maximum actions of one automation.
pub const ACTIONS_MAX: usize = 50;

/// Maximum event types and patterns in one trigger.
pub const PATTERNS_MAX: usize = 100;

/// Maximum automations of one account.
pub const AUTOMATIONS_MAX: usize = 200;

/// Maximum actions that one event can trigger; checked when an automation is saved.
pub const DELIVERIES_PER_EVENT_MAX: usize = 500;

/// Maximum actions that one `postrider.delivery.failed` or `postrider.signing_key.rotated` can trigger;
/// checked when an automation is saved. An event has up to [`DELIVERIES_PER_EVENT_MAX`] deliveries, each of
/// which may fail, and a customer rotates keys at will.
pub const REACTIONS_MAX: usize = 10;

/// Maximum custom headers of one action.
pub const HEADERS_MAX: usize = 20;

/// Maximum bytes of a custom header's name and value together.
pub const HEADER_BYTES_MAX: usize = 1024;

/// Longest URL, in bytes.
pub const URL_BYTES_MAX: usize = 2048;

/// Range of an action's own attempt timeout, in seconds.
pub const TIMEOUT_S: std::ops::RangeInclusive<u32> = 1..=60;

/// Range of the requests of a [`RateLimit`].
pub const RATE_LIMIT_REQUESTS: std::ops::RangeInclusive<u32> = 1..=100_000;

/// Range of the time of a [`RateLimit`], in seconds.
pub const RATE_LIMIT_PER_S: std::ops::RangeInclusive<u32> = 1..=3_600;

/// The events that trigger an automation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// A match with any one of these is enough; 1 to [`PATTERNS_MAX`].
    pub event_types: Vec<EventPattern>,
    /// What must hold for the event's `data`; `None` if the type alone decides.
    pub conditions: Option<Conditions>,
}

impl Trigger {
    /// Whether an event of this type triggers the automation if its `data` meets the conditions.
    pub fn matches(&self, name: &EventTypeName) -> bool {
        self.event_types.iter().any(|pattern| pattern.matches(name))
    }
}

/// One thing that an automation does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// An update that names the action by its id keeps the id, because the records of deliveries refer to it.
    pub id: ActionId,
    /// Whether the action is called. It is switched off by hand, or by Postrider: see
    /// [`DisabledReason`].
    pub enabled: bool,
    /// Why the action is off, if Postrider switched it off.
    pub disabled_reason: Option<DisabledReason>,
    /// How often the action may be called; `None` sets no limit.
    pub rate_limit: Option<RateLimit>,
    /// What the action does when it is called.
    pub does: Does,
}

/// How often an action may be called: `requests` attempts in `per_s` seconds, retries, resends and tests
/// included. Attempts are spaced evenly; any `per_s` seconds may see up to a tenth more than `requests`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    requests: u32,
    per_s: u32,
}

impl RateLimit {
    /// A limit of `requests` in each `per_s` seconds; `None` if one of them is outside
    /// [`RATE_LIMIT_REQUESTS`] or [`RATE_LIMIT_PER_S`].
    pub fn new(requests: u32, per_s: u32) -> Option<Self> {
        let is_valid = RATE_LIMIT_REQUESTS.contains(&requests) && RATE_LIMIT_PER_S.contains(&per_s);
        is_valid.then_some(Self { requests, per_s })
    }

    /// The attempts that may start in [`RateLimit::per_s`].
    pub const fn requests(self) -> u32 {
        self.requests
    }

    /// The time, in seconds.
    pub const fn per_s(self) -> u32 {
        self.per_s
    }

    /// The time from one attempt to the next if attempts are evenly spaced: 10 µs to 1 h.
    pub fn interval(self) -> Duration {
        Duration::from_secs(u64::from(self.per_s)) / self.requests
    }
}

/// What an action does: a variant for each type of action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Does {
    /// `send_webhook`: sends an HTTP request to a URL.
    SendWebhook(SendWebhook),
    /// `send_email`: sends an e-mail through the installation's mail server.
    SendEmail(SendEmail),
}

impl Does {
    /// Where it goes: the URL of a webhook, the recipients of an e-mail.
    pub fn target(&self) -> &str {
        match self {
            Self::SendWebhook(webhook) => &webhook.url,
            Self::SendEmail(email) => email.to.as_str(),
        }
    }
}

/// Why Postrider switched an action off by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisabledReason {
    /// The receiver responded 410 Gone to the last attempt of a delivery.
    Gone,
    /// No delivery has succeeded for days: see [`crate::health::ActionHealth::disables`].
    Failing,
}

impl DisabledReason {
    /// The reason's name in the API and the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Failing => "failing",
        }
    }

    /// The reason in plain words.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Gone => "The receiver responded 410 Gone: it wants no more deliveries.",
            Self::Failing => "No delivery has succeeded for days.",
        }
    }

    /// The reason with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Gone, Self::Failing]
            .into_iter()
            .find(|reason| reason.as_str() == name)
    }
}

/// A webhook to send: an action of type `send_webhook`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendWebhook {
    /// The URL to call, `http` or `https`. The egress guard checks it when it is saved and again when it is
    /// dialled. If the query is a secret, this is the URL as it may be shown, and [`Self::call_url`] is
    /// called.
    pub url: String,
    /// The query of the URL, if it is a secret.
    pub secret_query: Option<SecretQuery>,
    /// What the body holds.
    pub body: WebhookBody,
    /// Headers to add, in the order given.
    pub headers: Vec<CustomHeader>,
    /// Timeout of one whole attempt in seconds, body included; `None` means the installation's.
    pub timeout_s: Option<u32>,
    /// How its requests are signed.
    pub signature: WebhookSignature,
    /// How to authenticate at the receiver: a connection of the account, or of the
    /// installation ([`crate::SYSTEM_ACCOUNT`]).
    pub connection: Option<ConnectionId>,
}

impl SendWebhook {
    /// The URL to call, with its query.
    pub fn call_url(&self) -> String {
        match &self.secret_query {
            Some(query) => query.complete(&self.url),
            None => self.url.clone(),
        }
    }

    /// The timeout of one attempt, given the installation's default.
    pub fn timeout(&self, default: Duration) -> Duration {
        self.timeout_s
            .map_or(default, |seconds| Duration::from_secs(u64::from(seconds)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_that_could_be_taken_for_something_else_in_a_path_are_refused() {
        for uid in ["42", "a.b", "crm:7", "auto", "automation_1", "acct_1", "preview2"] {
            assert!(uid_is_valid(uid), "{uid}");
        }
        let long = "x".repeat(129);
        for uid in [
            "", "a/b", "a b", "é", ".", "..", "auto_", "auto_1", "preview", &long,
        ] {
            assert!(!uid_is_valid(uid), "{uid}");
        }
    }
}
