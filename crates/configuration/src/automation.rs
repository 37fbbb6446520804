//! Automations: drafts of them, and the verbs that change them.

mod abandoned;
mod about;
mod actions;
mod body;
mod connections;
mod destinations;
mod headers;
mod put;
mod query;
mod rate_limit;
mod send_email;
mod send_webhook;
mod signature;
mod switch;
mod trigger;

use postrider_model::automation::ACTIONS_MAX;
use postrider_model::health::Health;
use postrider_model::{
    AccountId, Action, AuditAction, AuditEntry, Automation, AutomationId, By, Connection, ConnectionId,
    SYSTEM_ACCOUNT, Schedule, SigningKey, Target, Timestamp, Trigger,
};
use postrider_storage::rules::fan_out::TooManyDeliveries;
use postrider_storage::{DeleteObject, NewEvent, SaveAutomation, StoreError, StoreResult, rules};

use super::schedule::{delays_s, schedule};
use super::{ConfigureError, Faults, codes};
use crate::Configuration;
use about::check_about;
use connections::{check_connections, named_in, unknown_connection};
use destinations::check_destinations;
use signature::SigningRules;
use trigger::check_trigger;

pub(crate) use headers::{is_field_value, is_reserved, is_token, origin};

pub use abandoned::abandoned_mark;
pub use actions::{ActionDraft, DoesDraft};
pub use body::{BodyDraft, ContentDraft, TEMPLATE_CONTENT_TYPE};
pub use headers::{check_event_headers, is_reserved_by_others};
pub use rate_limit::RateLimitDraft;
pub use send_email::{EMAIL_RATE_LIMIT, SendEmailDraft};
pub use send_webhook::SendWebhookDraft;
pub use signature::SigningKeyDraft;

/// A new automation, or everything that an update of an automation can change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AutomationDraft {
    /// The caller's own id for the automation, if there is one.
    pub uid: Option<String>,
    /// The automation's name, for people.
    pub name: String,
    /// What it is for, in words for people; may be empty.
    pub description: String,
    /// The caller's own data about the automation: an object as JSON text; `None` for an empty one.
    pub metadata: Option<String>,
    /// Whether events trigger it.
    pub enabled: bool,
    /// What triggers it, at `/trigger/event_types` of the resource: names of event types, prefixes such as
    /// `proposal.*`, or `*`.
    pub event_types: Vec<String>,
    /// What must hold for the event's `data`, at `/trigger/conditions`: JSON that
    /// [`postrider_json::conditions`] describes. `None` if the type alone decides.
    pub conditions: Option<String>,
    /// The actions.
    pub actions: Vec<ActionDraft>,
    /// Seconds between the attempts of a delivery; `None` uses the account's schedule.
    pub retry_delays_s: Option<Vec<i64>>,
}

impl AutomationDraft {
    /// The draft that leaves `automation` unchanged.
    pub fn of(automation: &Automation) -> Self {
        let patterns = &automation.trigger.event_types;
        Self {
            uid: automation.uid.clone(),
            name: automation.name.clone(),
            description: automation.description.clone(),
            metadata: Some(automation.metadata.clone()),
            enabled: automation.enabled,
            event_types: patterns.iter().map(ToString::to_string).collect(),
            conditions: automation.trigger.conditions.as_ref().map(ToString::to_string),
            actions: automation.actions.iter().map(ActionDraft::of).collect(),
            retry_delays_s: delays_s(automation.retry_delays.as_ref()),
        }
    }
}

impl Configuration {
    /// Creates an automation, which applies to events accepted from now on. Fails with `Faults`, `UidTaken`,
    /// `TooMany`, and `Missing` if the account does not exist.
    pub async fn create_automation(
        &self,
        by: &By,
        account: AccountId,
        draft: AutomationDraft,
    ) -> Result<Automation, ConfigureError> {
        let now = self.clock.now();
        let id = self.ids.automation(now);
        let key = self.current_key(account).await?;
        let connections = self.connections_named_in(account, &draft).await?;
        let automation = check(self, draft, None, key.as_ref(), &connections, now)?.created(id, now);
        let actions = automation.actions.clone();
        let audit = self.automation_changed(by, account, None, Some(&automation));
        match self
            .directory
            .create_automation(account, automation, audit)
            .await?
        {
            SaveAutomation::Saved(automation) => Ok(automation),
            SaveAutomation::Missing => Err(ConfigureError::Missing),
            SaveAutomation::UidTaken => Err(ConfigureError::UidTaken),
            SaveAutomation::TooMany => Err(ConfigureError::TooMany),
            SaveAutomation::TooManyDeliveries(exceeding) => Err(as_fault(&exceeding)),
            SaveAutomation::UnknownConnection(id) => Err(unknown_connection(&actions, id).into()),
            SaveAutomation::Stale => Err(ConfigureError::out_of_contract("create_automation", "Stale")),
        }
    }

    /// Updates `current`, which the caller has read with [`Configuration::automation`], to the draft. An
    /// action with its id keeps its identity and its record, an action without one is new, and an action that
    /// is missing from the draft is never called again. A draft that changes nothing writes nothing. Fails
    /// with `Faults`, `UidTaken`, `Missing`, and `Stale` if the automation has changed since.
    pub async fn update_automation(
        &self,
        by: &By,
        account: AccountId,
        current: Automation,
        draft: AutomationDraft,
    ) -> Result<Automation, ConfigureError> {
        let now = self.clock.now();
        let key = self.current_key(account).await?;
        let connections = self.connections_named_in(account, &draft).await?;
        let checked = check(self, draft, Some(&current), key.as_ref(), &connections, now)?;
        let edited = Automation {
            uid: checked.uid,
            name: checked.name,
            description: checked.description,
            metadata: checked.metadata,
            enabled: checked.enabled,
            trigger: checked.trigger,
            actions: checked.actions,
            retry_delays: checked.retry_delays,
            updated_at: now,
            ..current.clone()
        };
        let is_unchanged = edited
            == Automation {
                updated_at: now,
                ..current.clone()
            };
        if is_unchanged {
            let stored = self.store.automation(account, current.id).await?;
            let stored = stored.ok_or(ConfigureError::Missing)?;
            let is_fresh = stored.version == current.version;
            return is_fresh.then_some(stored).ok_or(ConfigureError::Stale);
        }
        let audit = self.automation_changed(by, account, Some(&current), Some(&edited));
        let saved = self.save_edited(account, edited, Vec::new(), audit).await;
        saved.map_err(|error| match error {
            ConfigureError::TooManyDeliveries(exceeding) => as_fault(&exceeding),
            error => error,
        })
    }

    /// The automation that a draft describes, as if it were created now; in place of `current`, it has its
    /// id. Saves nothing, and does not check what depends on other automations. Fails with `Faults`.
    pub async fn check_automation(
        &self,
        account: AccountId,
        current: Option<&Automation>,
        draft: AutomationDraft,
    ) -> Result<Automation, ConfigureError> {
        let now = self.clock.now();
        let key = self.current_key(account).await?;
        let connections = self.connections_named_in(account, &draft).await?;
        let checked = check(self, draft, current, key.as_ref(), &connections, now)?;
        let named = rules::connections::named_by(&checked.actions);
        let is_unknown = |id: &ConnectionId| connections.iter().all(|(_, it)| it.id != *id);
        if let Some(unknown) = named.into_iter().find(is_unknown) {
            return Err(unknown_connection(&checked.actions, unknown).into());
        }
        let id = current.map_or_else(|| self.ids.automation(now), |current| current.id);
        Ok(checked.created(id, now))
    }

    /// Deletes an automation with its actions, then the notice of its failures; the record keeps its
    /// deliveries. With a `version`, only if the automation has that one. To repeat the call after a failure
    /// also deletes a notice that is left.
    pub async fn delete_automation(
        &self,
        by: &By,
        account: AccountId,
        id: AutomationId,
        version: Option<i64>,
    ) -> StoreResult<DeleteObject> {
        let deleted = self.delete_one_automation(by, account, id, version).await?;
        if deleted != DeleteObject::Stale {
            self.delete_notice(by, account, id).await?;
        }
        Ok(deleted)
    }

    pub(crate) async fn delete_one_automation(
        &self,
        by: &By,
        account: AccountId,
        id: AutomationId,
        version: Option<i64>,
    ) -> StoreResult<DeleteObject> {
        let current = match self.store.automation(account, id).await {
            Ok(current) => current,
            // One whose secrets do not open can be deleted too; its entry then shows less.
            Err(StoreError::Internal(_)) => None,
            Err(error) => return Err(error),
        };
        let audit = match &current {
            Some(current) => self.automation_changed(by, account, Some(current), None),
            None => self.did(by, AuditAction::AutomationDeleted, account, Target::of(id)),
        };
        self.directory
            .delete_automation(account, id, version, audit)
            .await
    }

    /// The health of each action of each of the account's automations, in their order.
    pub async fn health(
        &self,
        account: AccountId,
        automations: &[Automation],
    ) -> StoreResult<Vec<Vec<Health>>> {
        let entry = self.entry(account).await?;
        let stored = |action| {
            let entry = entry.as_ref();
            entry.map(|entry| entry.health(action)).unwrap_or_default()
        };
        let of = |automation: &Automation| {
            let actions = automation.actions.iter();
            actions
                .map(|action| Health::of(action, stored(action.id)))
                .collect()
        };
        Ok(automations.iter().map(of).collect())
    }

    /// Notes that the result of an attempt may have switched off an action of this account in the store, or
    /// changed its health.
    pub fn action_changed(&self, account: AccountId) {
        self.directory.forget(account);
    }

    /// Notes that deliveries of this account may have been canceled in the store.
    pub fn deliveries_canceled(&self, account: AccountId) {
        self.directory.forget(account);
    }

    /// The connections that the draft names and the account or the installation has, each with its owner.
    /// Reads nothing for a draft without any.
    async fn connections_named_in(
        &self,
        account: AccountId,
        draft: &AutomationDraft,
    ) -> StoreResult<Vec<(AccountId, Connection)>> {
        let mut found = Vec::new();
        for id in named_in(&draft.actions).into_iter().take(ACTIONS_MAX) {
            for owner in [account, SYSTEM_ACCOUNT] {
                let connection = self.store.connection(owner, id).await?;
                found.extend(connection.map(|connection| (owner, connection)));
            }
        }
        Ok(found)
    }

    /// The key that signs an account's requests and does not expire, as stored: memory holds more than an
    /// edit may depend on.
    async fn current_key(&self, account: AccountId) -> StoreResult<Option<SigningKey>> {
        let keys = self.store.signing_keys(account).await?;
        Ok(keys.and_then(|keys| keys.into_iter().find(|key| key.expires_at.is_none())))
    }

    pub(crate) async fn save_edited(
        &self,
        account: AccountId,
        edited: Automation,
        announced: Vec<NewEvent>,
        audit: AuditEntry,
    ) -> Result<Automation, ConfigureError> {
        let actions = edited.actions.clone();
        let saved = self
            .directory
            .update_automation(account, edited, announced, audit)
            .await?;
        match saved {
            SaveAutomation::Saved(automation) => Ok(automation),
            SaveAutomation::Missing => Err(ConfigureError::Missing),
            SaveAutomation::Stale => Err(ConfigureError::Stale),
            SaveAutomation::UidTaken => Err(ConfigureError::UidTaken),
            SaveAutomation::TooMany => Err(ConfigureError::out_of_contract("update_automation", "TooMany")),
            SaveAutomation::TooManyDeliveries(exceeding) => Err(ConfigureError::TooManyDeliveries(exceeding)),
            SaveAutomation::UnknownConnection(id) => Err(unknown_connection(&actions, id).into()),
        }
    }
}

/// The fault of a draft with which one event could have too many deliveries.
fn as_fault(exceeding: &TooManyDeliveries) -> ConfigureError {
    let mut faults = Faults::default();
    faults.add("/trigger/event_types", codes::TOO_MANY, exceeding.to_string());
    faults.into()
}

/// The editable part of an automation, checked.
struct CheckedAutomation {
    uid: Option<String>,
    name: String,
    description: String,
    metadata: String,
    enabled: bool,
    trigger: Trigger,
    actions: Vec<Action>,
    retry_delays: Option<Schedule>,
}

impl CheckedAutomation {
    /// The automation as it is right after its creation.
    fn created(self, id: AutomationId, now: Timestamp) -> Automation {
        Automation {
            id,
            uid: self.uid,
            name: self.name,
            description: self.description,
            metadata: self.metadata,
            enabled: self.enabled,
            trigger: self.trigger,
            actions: self.actions,
            retry_delays: self.retry_delays,
            created_at: now,
            updated_at: now,
            version: 1,
        }
    }
}

/// Checks the whole draft. Judges the name and destinations only where they differ from those of the
/// `current` automation. `account_key` is the account's current key, if the account exists, and `connections`
/// are its connections.
fn check(
    configuration: &Configuration,
    draft: AutomationDraft,
    current: Option<&Automation>,
    account_key: Option<&SigningKey>,
    connections: &[(AccountId, Connection)],
    now: Timestamp,
) -> Result<CheckedAutomation, ConfigureError> {
    let mut faults = Faults::default();
    let existing = current.map_or(&[][..], |it| &it.actions);
    let metadata = check_about(&draft, current, &mut faults);
    let trigger = check_trigger(&draft.event_types, draft.conditions.as_deref(), &mut faults);
    let retry_delays = draft
        .retry_delays_s
        .and_then(|delays| schedule(&delays, &mut faults));
    let rules = actions::Rules {
        existing,
        header_names: configuration.header_names(),
        signing: SigningRules {
            profiles: configuration.signature_profiles(),
            header_names: configuration.header_names(),
            account_key,
            new_key: &|algorithm| configuration.new_signing_key(algorithm, now),
        },
        sends_email: configuration.sends_email(),
    };
    let fresh_id = || configuration.ids.action(now);
    let actions = actions::check(&draft.actions, &rules, fresh_id, &mut faults);
    check_destinations(&configuration.guard, &actions, existing, &mut faults);
    let profiles = configuration.signature_profiles();
    check_connections(&actions, existing, connections, profiles, &mut faults);
    faults.into_checked(Some(CheckedAutomation {
        uid: draft.uid,
        name: draft.name,
        description: draft.description,
        metadata,
        enabled: draft.enabled,
        trigger,
        actions: actions.into_iter().flatten().collect(),
        retry_delays,
    }))
}
