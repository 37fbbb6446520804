//! Accounts in memory, which acceptance and attempts look up, coherent with the store.
//!
//! All changes go through this module. It writes a change to the store and then drops the account from memory
//! *before* it acknowledges the change, so that everything that begins after the acknowledgement sees the
//! change. A read that races with the change cannot put the old state back, because removing an entry also
//! voids the loads under way for it.

use std::collections::HashMap;
use std::sync::Arc;

use crate::credentials::{AccountCredentials, Credentials, NoCredentials};
use crate::header_templates::{self, HeaderTemplates};
use crate::pins::{Pinned, Pins};
use crate::signers::{AccountSigners, CannotSign, LiveSigners};
use postrider_json::{CompiledConditions, Conditions};
use postrider_model::health::ActionHealth;
use postrider_model::{
    Account, AccountId, Action, ActionId, AuditEntry, Automation, AutomationId, Clock, ConnectionId, Does,
    EventTypeName, Schedule, SigningKey, Timestamp,
};
use postrider_signing::profile::SignatureProfiles;
use postrider_storage::{
    AccountConfig, AccountRef, DeleteObject, NewEvent, SaveAccount, SaveAutomation, Store, StoreResult,
};
use quick_cache::sync::Cache;

/// Accounts kept in memory: twice as many as the largest set-up that the design measures. Others are read
/// again when needed.
const ACCOUNTS_MAX: usize = 20_000;

/// An account as the hot path needs it: keys expanded, actions indexed.
#[derive(Debug)]
pub struct AccountEntry {
    /// As read from the store.
    pub config: AccountConfig,
    /// Position of each action: index of its automation, index within.
    actions: HashMap<ActionId, (usize, usize)>,
    /// The conditions of each automation, in the order of the automations; empty if none has conditions.
    conditions: Vec<Option<CompiledConditions>>,
    signers: AccountSigners,
    pins: Pins,
    /// The templates in header values, of the actions that have some.
    header_templates: HashMap<ActionId, HeaderTemplates>,
    /// What each connection does to a request.
    credentials: AccountCredentials,
}

impl AccountEntry {
    /// `None` if the account has no key.
    fn new(config: AccountConfig, pins: Pins, profiles: &SignatureProfiles) -> Option<Self> {
        let mut actions = HashMap::new();
        for (outer, automation) in config.automations.iter().enumerate() {
            for (inner, action) in automation.actions.iter().enumerate() {
                actions.insert(action.id, (outer, inner));
            }
        }
        let conditions = match config
            .automations
            .iter()
            .any(|it| it.trigger.conditions.is_some())
        {
            true => config.automations.iter().map(compiled).collect(),
            false => Vec::new(),
        };
        Some(Self {
            actions,
            conditions,
            signers: AccountSigners::new(profiles, &config.keys, &config.automations)?,
            pins,
            header_templates: header_templates::of(&config.automations),
            credentials: AccountCredentials::new(config.account.id, &config.connections),
            config,
        })
    }

    /// The automations that are on and whose event types match, oldest first, each with its conditions.
    pub fn matching<'a>(
        &'a self,
        event_type: &'a EventTypeName,
    ) -> impl Iterator<Item = (&'a Automation, Option<&'a CompiledConditions>)> {
        let automations = self.config.automations.iter().enumerate();
        automations
            .filter(|(_, automation)| automation.enabled && automation.trigger.matches(event_type))
            .map(|(index, automation)| (automation, self.conditions_of(index)))
    }

    /// The conditions of the automation at this position.
    pub(crate) fn conditions_of(&self, index: usize) -> Option<&CompiledConditions> {
        self.conditions.get(index).and_then(Option::as_ref)
    }

    /// The keys that sign the requests of an action, or why none can.
    pub fn signers(&self, action: ActionId) -> Result<&LiveSigners, &CannotSign> {
        self.signers.of(action)
    }

    /// The key that signs the account's requests and does not expire.
    pub fn current_key(&self) -> Option<&SigningKey> {
        self.config.keys.iter().find(|key| key.expires_at.is_none())
    }

    /// The template of an action, if its body is one.
    pub fn template(&self, action: ActionId) -> Option<&Arc<Pinned>> {
        self.pins.of_action(action)
    }

    /// The templates in the header values of an action, if there are any.
    pub fn header_templates(&self, action: ActionId) -> Option<&HeaderTemplates> {
        self.header_templates.get(&action)
    }

    /// Whether the account has this connection.
    pub fn has_connection(&self, connection: ConnectionId) -> bool {
        self.credentials.contain(connection)
    }

    /// What a connection of this account does to a request to this URL, if the account has it and the host of
    /// the URL may receive its credentials.
    pub fn credentials(&self, connection: ConnectionId, url: &str) -> Result<&Credentials, NoCredentials> {
        self.credentials.of(connection, url, &self.config.connections)
    }

    /// The automation and the action of this id, if the account still has it.
    pub fn action(&self, id: ActionId) -> Option<(&Automation, &Action)> {
        let (outer, inner) = *self.actions.get(&id)?;
        let automation = &self.config.automations[outer];
        Some((automation, &automation.actions[inner]))
    }

    /// The action, if it may be called: neither it nor its automation is switched off.
    pub fn callable(&self, id: ActionId) -> Option<(&Automation, &Action)> {
        self.action(id)
            .filter(|(automation, action)| automation.enabled && action.enabled)
    }

    /// What is stored about the health of an action.
    pub fn health(&self, action: ActionId) -> ActionHealth {
        let health = &self.config.health;
        match health.binary_search_by_key(&action, |(action, _)| *action) {
            Ok(index) => health[index].1,
            Err(_) => ActionHealth::default(),
        }
    }

    /// The webhook actions that may be called.
    fn callable_webhooks(&self) -> impl Iterator<Item = ActionId> {
        let automations = self
            .config
            .automations
            .iter()
            .filter(|automation| automation.enabled);
        let actions = automations.flat_map(|automation| &automation.actions);
        let webhooks = actions.filter(|action| action.enabled && matches!(action.does, Does::SendWebhook(_)));
        webhooks.map(|action| action.id)
    }

    /// The automation of this id.
    pub fn automation(&self, id: AutomationId) -> Option<&Automation> {
        self.config
            .automations
            .iter()
            .find(|automation| automation.id == id)
    }

    /// The automation of this id, with its conditions.
    pub fn automation_with_conditions(
        &self,
        id: AutomationId,
    ) -> Option<(&Automation, Option<&CompiledConditions>)> {
        let automations = &self.config.automations;
        let index = automations.iter().position(|automation| automation.id == id)?;
        Some((&automations[index], self.conditions_of(index)))
    }

    /// The schedule that applies: the automation's, else the account's, else the installation's.
    pub fn schedule<'a>(&'a self, automation: &'a Automation, installation: &'a Schedule) -> &'a Schedule {
        automation
            .retry_delays
            .as_ref()
            .or(self.config.account.retry_delays.as_ref())
            .unwrap_or(installation)
    }
}

fn compiled(automation: &Automation) -> Option<CompiledConditions> {
    automation.trigger.conditions.as_ref().map(Conditions::compile)
}

/// Accounts in memory.
pub(crate) struct Directory {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    profiles: SignatureProfiles,
    entries: Cache<AccountId, Arc<AccountEntry>>,
    uids: Cache<String, AccountId>,
}

impl Directory {
    /// An empty directory.
    pub(crate) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, profiles: SignatureProfiles) -> Self {
        Self {
            store,
            clock,
            profiles,
            entries: Cache::new(ACCOUNTS_MAX),
            uids: Cache::new(ACCOUNTS_MAX),
        }
    }

    /// The account of this id or uid, if there is one.
    ///
    /// A known uid is only a hint: the account itself says whether it still has the uid. A change of one
    /// account, here or on another node, therefore drops nothing else.
    pub(crate) async fn resolve(&self, account: &AccountRef) -> StoreResult<Option<AccountId>> {
        let uid = match account {
            AccountRef::Id(id) => return Ok(self.entry(*id).await?.map(|entry| entry.config.account.id)),
            AccountRef::Uid(uid) => uid,
        };
        if let Some(id) = self.uids.get(uid) {
            let entry = self.entry(id).await?;
            if entry.is_some_and(|entry| entry.config.account.uid.as_ref() == Some(uid)) {
                return Ok(Some(id));
            }
        }
        let Some(found) = self.store.account(account).await? else {
            return Ok(None);
        };
        self.uids.insert(uid.clone(), found.id);
        Ok(Some(found.id))
    }

    /// The account with its keys and automations, if there is one.
    pub(crate) async fn entry(&self, account: AccountId) -> StoreResult<Option<Arc<AccountEntry>>> {
        match self.entries.get(&account) {
            Some(entry) if !entry.pins.are_due(&*self.clock) => Ok(Some(entry)),
            Some(_) => {
                self.forget(account);
                Box::pin(self.read_entry(account)).await
            }
            // Boxed, because this future is rare and would enlarge everything that holds a request.
            None => Box::pin(self.read_entry(account)).await,
        }
    }

    async fn read_entry(&self, account: AccountId) -> StoreResult<Option<Arc<AccountEntry>>> {
        match self.entries.get_value_or_guard_async(&account).await {
            Ok(entry) => Ok(Some(entry)),
            Err(guard) => {
                let Some(config) = self.store.account_config(account).await? else {
                    return Ok(None);
                };
                let pins = Pins::of(&*self.store, account, &config.automations, self.clock.now()).await?;
                let Some(entry) = AccountEntry::new(config, pins, &self.profiles) else {
                    return Ok(None);
                };
                if let Some((actions, reason)) = entry.signers.unsigned(entry.callable_webhooks()) {
                    tracing::error!(%account, actions, %reason, "webhooks cannot be signed; their deliveries wait");
                }
                let entry = Arc::new(entry);
                let _ = guard.insert(Arc::clone(&entry));
                Ok(Some(entry))
            }
        }
    }

    /// Whether an entry is still in memory, and so has not changed since it was read.
    pub(crate) fn is_current(&self, entry: &Arc<AccountEntry>) -> bool {
        let current = self.entries.peek(&entry.config.account.id);
        current.is_some_and(|current| Arc::ptr_eq(&current, entry))
    }

    /// Drops an account, because it has changed.
    pub(crate) fn forget(&self, account: AccountId) {
        self.entries.remove(&account);
    }

    /// Drops all accounts, because any of them may have changed.
    pub(crate) fn forget_all(&self) {
        self.entries.clear();
    }

    /// See [`postrider_storage::AccountStore::create_account`].
    pub(crate) async fn create_account(
        &self,
        account: Account,
        key: SigningKey,
        audit: AuditEntry,
    ) -> StoreResult<SaveAccount> {
        self.store.create_account(account, key, audit).await
    }

    /// See [`postrider_storage::AccountStore::update_account`].
    pub(crate) async fn update_account(
        &self,
        account: Account,
        audit: AuditEntry,
    ) -> StoreResult<SaveAccount> {
        let id = account.id;
        let saved = self.store.update_account(account, audit).await;
        self.forget(id);
        saved
    }

    /// See [`postrider_storage::AccountStore::delete_account`].
    pub(crate) async fn delete_account(
        &self,
        account: AccountId,
        version: Option<i64>,
        audit: AuditEntry,
    ) -> StoreResult<DeleteObject> {
        let deleted = self.store.delete_account(account, version, audit).await;
        self.forget(account);
        deleted
    }

    /// See [`postrider_storage::AccountStore::rotate_signing_key`].
    pub(crate) async fn rotate_signing_key(
        &self,
        account: AccountId,
        key: SigningKey,
        overlap_until: Timestamp,
        announced: Vec<NewEvent>,
        audit: AuditEntry,
    ) -> StoreResult<bool> {
        let rotated = self
            .store
            .rotate_signing_key(account, key, overlap_until, announced, audit)
            .await;
        self.forget(account);
        rotated
    }

    /// See [`postrider_storage::AutomationStore::create_automation`].
    pub(crate) async fn create_automation(
        &self,
        account: AccountId,
        automation: Automation,
        audit: AuditEntry,
    ) -> StoreResult<SaveAutomation> {
        let saved = self.store.create_automation(account, automation, audit).await;
        self.forget(account);
        saved
    }

    /// See [`postrider_storage::AutomationStore::update_automation`].
    pub(crate) async fn update_automation(
        &self,
        account: AccountId,
        automation: Automation,
        announced: Vec<NewEvent>,
        audit: AuditEntry,
    ) -> StoreResult<SaveAutomation> {
        let saved = self
            .store
            .update_automation(account, automation, announced, audit)
            .await;
        self.forget(account);
        saved
    }

    /// See [`postrider_storage::AutomationStore::delete_automation`].
    pub(crate) async fn delete_automation(
        &self,
        account: AccountId,
        id: AutomationId,
        version: Option<i64>,
        audit: AuditEntry,
    ) -> StoreResult<DeleteObject> {
        let deleted = self.store.delete_automation(account, id, version, audit).await;
        self.forget(account);
        deleted
    }
}
