//! [`Configuration`]: its parts, its reads, and how it stays coherent with the store.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use postrider_egress::EgressGuard;
use postrider_model::{
    Account, AccountId, Automation, AutomationId, AutomationRef, Clock, Entropy, EventType, EventTypeName,
    IdGenerator, Scope, SigningKey,
};
use postrider_signing::HeaderNames;
use postrider_signing::profile::SignatureProfiles;
use postrider_storage::{AccountRef, ChangeMark, Changed, Page, PageRequest, Store, StoreResult};

use crate::catalogue::Catalogue;
use crate::directory::{AccountEntry, Directory};
use crate::{PerMinute, ROTATIONS_PER_MINUTE};

/// The parts of a [`Configuration`].
pub struct ConfigurationParts {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Generates the ids of new objects; a process has one.
    pub ids: Arc<IdGenerator>,
    /// Randomness, for signing secrets.
    pub entropy: Entropy,
    /// Which destinations are allowed.
    pub guard: Arc<EgressGuard>,
    /// The headers that Postrider sets itself, which no action may add.
    pub header_names: HeaderNames,
    /// How deliveries can be signed.
    pub signature_profiles: SignatureProfiles,
    /// Whether this installation has a mail server, so that actions may send e-mail.
    pub sends_email: bool,
}

/// The configuration of an installation, as one node sees and changes it. Shared as `Arc<Configuration>`.
pub struct Configuration {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<IdGenerator>,
    pub(crate) entropy: Entropy,
    pub(crate) guard: Arc<EgressGuard>,
    pub(crate) directory: Directory,
    catalogue: Catalogue,
    header_names: HeaderNames,
    signature_profiles: SignatureProfiles,
    sends_email: bool,
    pub(crate) rotations: PerMinute,
    loaded: ChangeMark,
}

impl Configuration {
    /// Reads the catalogue from the store. Accounts are read when they are needed.
    pub async fn load(parts: ConfigurationParts) -> StoreResult<Self> {
        // Read the mark first, so that a change that another node makes while the catalogue is read comes
        // after it.
        let loaded = parts.store.changes(None).await?.mark;
        Ok(Self {
            directory: Directory::new(
                Arc::clone(&parts.store),
                Arc::clone(&parts.clock),
                parts.signature_profiles.clone(),
            ),
            catalogue: Catalogue::load(Arc::clone(&parts.store)).await?,
            store: parts.store,
            clock: parts.clock,
            ids: parts.ids,
            entropy: parts.entropy,
            guard: parts.guard,
            header_names: parts.header_names,
            signature_profiles: parts.signature_profiles,
            sends_email: parts.sends_email,
            rotations: PerMinute::new(ROTATIONS_PER_MINUTE),
            loaded,
        })
    }

    /// The position in the store's changes from which on [`Self::changed_elsewhere`] must receive all of
    /// them.
    pub fn loaded(&self) -> ChangeMark {
        self.loaded
    }

    /// Drops from memory what other nodes changed: the listed things, or, for `None`, possibly everything. An
    /// error leaves the catalogue unchanged; the caller must then repeat the call.
    pub async fn changed_elsewhere(&self, changed: Option<&[Changed]>) -> StoreResult<()> {
        self.forget_accounts(changed);
        if changed.is_none_or(|changed| changed.contains(&Changed::EventTypes)) {
            self.catalogue.reload().await?;
        }
        Ok(())
    }

    /// Drops the accounts from memory that are among the changes, or all of them for `None`.
    pub fn forget_accounts(&self, changed: Option<&[Changed]>) {
        let Some(changed) = changed else {
            self.directory.forget_all();
            return;
        };
        for change in changed {
            if let Changed::Account(account) = change {
                self.directory.forget(*account);
            }
        }
    }

    /// Event types in memory, with their schemas compiled.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// The names of the headers that carry the installation's prefix.
    pub fn header_names(&self) -> &HeaderNames {
        &self.header_names
    }

    /// How deliveries can be signed, and how they are signed where an action does not say.
    pub fn signature_profiles(&self) -> &SignatureProfiles {
        &self.signature_profiles
    }

    /// Whether this installation has a mail server, so that actions may send e-mail.
    pub fn sends_email(&self) -> bool {
        self.sends_email
    }

    /// The account with its keys and automations, from memory if it is there. `None` if the account does not
    /// exist.
    pub async fn entry(&self, account: AccountId) -> StoreResult<Option<Arc<AccountEntry>>> {
        self.directory.entry(account).await
    }

    /// The entries of these accounts, by id. Accounts that do not exist are left out.
    pub async fn entries(
        &self,
        accounts: Vec<AccountId>,
    ) -> StoreResult<HashMap<AccountId, Arc<AccountEntry>>> {
        let mut entries = HashMap::new();
        for account in accounts {
            if let Entry::Vacant(place) = entries.entry(account)
                && let Some(entry) = self.directory.entry(account).await?
            {
                place.insert(entry);
            }
        }
        Ok(entries)
    }

    /// Whether an entry that [`Self::entry`] returned is still the account's configuration as far as this
    /// node knows. False too if memory had no more room for it.
    pub fn is_current(&self, entry: &Arc<AccountEntry>) -> bool {
        self.directory.is_current(entry)
    }

    /// The id of the account that has this id or uid, if there is one.
    pub async fn resolve(&self, account: &AccountRef) -> StoreResult<Option<AccountId>> {
        self.directory.resolve(account).await
    }

    /// An account as stored, from which an update starts.
    pub async fn account(&self, account: &AccountRef) -> StoreResult<Option<Account>> {
        self.store.account(account).await
    }

    /// A page of all accounts, newest first.
    pub async fn accounts(&self, page: PageRequest) -> StoreResult<Page<Account>> {
        self.store.accounts(page).await
    }

    /// The account's signing keys, the current one first. `None` if the account does not exist.
    pub async fn signing_keys(&self, account: AccountId) -> StoreResult<Option<Vec<SigningKey>>> {
        self.store.signing_keys(account).await
    }

    /// An automation as stored, from which an update starts.
    pub async fn automation(&self, account: AccountId, id: AutomationId) -> StoreResult<Option<Automation>> {
        self.store.automation(account, id).await
    }

    /// The automation of this id or uid as stored, if the account has it.
    pub async fn automation_named(
        &self,
        account: AccountId,
        automation: &AutomationRef,
    ) -> StoreResult<Option<Automation>> {
        match automation {
            AutomationRef::Id(id) => self.store.automation(account, *id).await,
            AutomationRef::Uid(uid) => self.store.automation_of_uid(account, uid).await,
        }
    }

    /// A page of the account's automations, newest first.
    pub async fn automations(&self, account: AccountId, page: PageRequest) -> StoreResult<Page<Automation>> {
        self.store.automations(account, page).await
    }

    /// An entry of the catalogue that exists for this scope: a caller of one account sees only visible types.
    pub async fn event_type_in(&self, scope: Scope, name: &EventTypeName) -> StoreResult<Option<EventType>> {
        let found = self.store.event_type(name).await?;
        Ok(found.filter(|entry| is_visible(scope, entry)))
    }

    /// A page of the catalogue for this scope, newest first. It can hold fewer entries than requested.
    pub async fn event_types_in(&self, scope: Scope, page: PageRequest) -> StoreResult<Page<EventType>> {
        let mut page = self.store.event_types(page).await?;
        page.items.retain(|entry| is_visible(scope, entry));
        Ok(page)
    }

    /// An entry of the catalogue as stored.
    pub async fn event_type(&self, name: &EventTypeName) -> StoreResult<Option<EventType>> {
        self.store.event_type(name).await
    }

    /// A page of the catalogue, newest first.
    pub async fn event_types(&self, page: PageRequest) -> StoreResult<Page<EventType>> {
        self.store.event_types(page).await
    }
}

fn is_visible(scope: Scope, entry: &EventType) -> bool {
    scope == Scope::All || entry.visible
}
