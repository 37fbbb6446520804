//! The health of actions, which the results of attempts change, and the operational events that announce it.

use async_trait::async_trait;
use postrider_model::health::ActionHealth;
use postrider_model::{AccountId, ActionId, AutomationId};

use crate::error::StoreResult;
use crate::events::NewEvent;

/// What a settled delivery says about its action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionReport {
    /// The automation of the action.
    pub automation: AutomationId,
    /// Whether the delivery changes the health of the action, as far as its node knows. If not, the health
    /// stays as it is stored: a node drops what it holds in memory of an action only if it expects a change.
    pub changes_health: bool,
    /// The events to store in the same commit. Their deliveries wait in the store
    /// ([`crate::FirstAttempt::Waiting`]).
    pub announcements: Vec<Announcement>,
}

/// An operational event that a result may announce.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// When to store it.
    pub stored_if: StoredIf,
    /// The event; its id is new.
    pub event: NewEvent,
}

/// When a store stores an [`Announcement`] of an applied result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoredIf {
    /// Always.
    Applied,
    /// If the change of health is announced ([`postrider_model::health::Judged::is_announced`]).
    HealthAnnounced,
    /// If the result switches the action off.
    ActionDisabled,
}

impl ActionReport {
    /// Whether an event is at hand that announces the change of health.
    pub fn can_announce(&self) -> bool {
        let mut announcements = self.announcements.iter();
        announcements.any(|announcement| announcement.stored_if == StoredIf::HealthAnnounced)
    }

    /// Whether an event is at hand that announces that the result switches the action off.
    pub fn can_announce_disabling(&self) -> bool {
        let mut announcements = self.announcements.iter();
        announcements.any(|announcement| announcement.stored_if == StoredIf::ActionDisabled)
    }

    /// The events to store: `is_announced` says whether the change of health is, `is_disabled` whether the
    /// result switched the action off.
    pub fn stored(&self, is_announced: bool, is_disabled: bool) -> impl Iterator<Item = &NewEvent> {
        let is_stored = move |announcement: &&Announcement| match announcement.stored_if {
            StoredIf::Applied => true,
            StoredIf::HealthAnnounced => is_announced,
            StoredIf::ActionDisabled => is_disabled,
        };
        let announcements = self.announcements.iter().filter(is_stored);
        announcements.map(|announcement| &announcement.event)
    }
}

/// An action that is failing, or that Postrider switched off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnhealthyAction {
    /// Its account.
    pub account: AccountId,
    /// Its automation.
    pub automation: AutomationId,
    /// The action.
    pub action: ActionId,
    /// Its health.
    pub health: ActionHealth,
}

/// Reading the health of actions. Results change it ([`crate::WorkStore::advance`]), and so do edits
/// ([`crate::rules::health::Anew`]). That of an account is part of
/// [`crate::AccountConfig`].
#[async_trait]
pub trait HealthStore: Send + Sync {
    /// The actions of all accounts that are failing or that Postrider switched off: at most `limit`, those
    /// whose trouble began last at the front.
    async fn unhealthy_actions(&self, limit: usize) -> StoreResult<Vec<UnhealthyAction>>;
}
