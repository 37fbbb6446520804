//! Accounts: drafts of them, and the verbs that change them.

use postrider_model::account::uid_is_valid;
use postrider_model::{Account, AccountId, By, SYSTEM_ACCOUNT, SYSTEM_UID, Schedule, SigningKey, Timestamp};
use postrider_storage::{AccountRef, DeleteObject, SaveAccount, StoreResult};

use super::metadata::check_metadata;
use super::name::check_name;
use super::schedule::{delays_s, schedule};
use super::{ConfigureError, Faults, codes};
use crate::Configuration;

/// A new account, or everything that an update of an account can change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountDraft {
    /// The caller's own id for the account, if there is one.
    pub uid: Option<String>,
    /// The account's name, for people.
    pub name: String,
    /// The caller's own data about the account: an object as JSON text; `None` for an empty one.
    pub metadata: Option<String>,
    /// Seconds between the attempts of a delivery; `None` uses the installation's default.
    pub retry_delays_s: Option<Vec<i64>>,
}

impl AccountDraft {
    /// The draft that leaves `account` unchanged.
    pub fn of(account: &Account) -> Self {
        Self {
            uid: account.uid.clone(),
            name: account.name.clone(),
            metadata: Some(account.metadata.clone()),
            retry_delays_s: delays_s(account.retry_delays.as_ref()),
        }
    }
}

impl Configuration {
    /// Creates an account with its first signing key. Fails with `Faults` and `UidTaken`.
    pub async fn create_account(&self, by: &By, draft: AccountDraft) -> Result<Account, ConfigureError> {
        let checked = check(draft, None)?;
        let now = self.clock.now();
        let account = Account {
            id: self.ids.account(now),
            uid: checked.uid,
            name: checked.name,
            metadata: checked.metadata,
            retry_delays: checked.retry_delays,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let key = self.first_key(now);
        let audit = self.account_changed(by, account.id, None, Some(&account));
        match self.directory.create_account(account, key, audit).await? {
            SaveAccount::Saved(account) => Ok(account),
            SaveAccount::UidTaken => Err(ConfigureError::UidTaken),
            SaveAccount::Missing => Err(ConfigureError::out_of_contract("create_account", "Missing")),
            SaveAccount::Stale => Err(ConfigureError::out_of_contract("create_account", "Stale")),
        }
    }

    /// Updates `current`, which the caller has read with [`Configuration::account`], to the draft. A draft
    /// that changes nothing writes nothing. Fails with `Faults`, `UidTaken`, `Missing`, and `Stale` if the
    /// account has changed since.
    pub async fn update_account(
        &self,
        by: &By,
        current: Account,
        draft: AccountDraft,
    ) -> Result<Account, ConfigureError> {
        let checked = check(draft, Some(&current))?;
        let edited = Account {
            uid: checked.uid,
            name: checked.name,
            metadata: checked.metadata,
            retry_delays: checked.retry_delays,
            updated_at: self.clock.now(),
            ..current.clone()
        };
        let is_unchanged = edited
            == Account {
                updated_at: edited.updated_at,
                ..current.clone()
            };
        if is_unchanged {
            let stored = self.store.account(&AccountRef::Id(current.id)).await?;
            let stored = stored.ok_or(ConfigureError::Missing)?;
            let is_fresh = stored.version == current.version;
            return is_fresh.then_some(stored).ok_or(ConfigureError::Stale);
        }
        let audit = self.account_changed(by, edited.id, Some(&current), Some(&edited));
        match self.directory.update_account(edited, audit).await? {
            SaveAccount::Saved(account) => Ok(account),
            SaveAccount::UidTaken => Err(ConfigureError::UidTaken),
            SaveAccount::Missing => Err(ConfigureError::Missing),
            SaveAccount::Stale => Err(ConfigureError::Stale),
        }
    }

    /// Deletes the account with its keys, its automations and the grants for it; pruning removes its events
    /// in later steps. Its pending deliveries are canceled. With a `version`, only if it has that one. Fails
    /// with `BuiltIn` for the account `system`.
    pub async fn delete_account(
        &self,
        by: &By,
        account: AccountId,
        version: Option<i64>,
    ) -> Result<DeleteObject, ConfigureError> {
        if account == SYSTEM_ACCOUNT {
            return Err(ConfigureError::BuiltIn);
        }
        let current = self.store.account(&AccountRef::Id(account)).await?;
        let audit = self.account_changed(by, account, current.as_ref(), None);
        Ok(self.directory.delete_account(account, version, audit).await?)
    }

    /// A new account's key.
    fn first_key(&self, now: Timestamp) -> SigningKey {
        let profile = self.signature_profiles().default_profile();
        SigningKey {
            id: self.ids.signing_key(now),
            secret: self.entropy.signing_key(profile.first_algorithm()),
            created_at: now,
            expires_at: None,
        }
    }

    /// Creates the account `system` unless it exists. Several nodes may do so at once.
    pub async fn create_system_account(&self) -> StoreResult<()> {
        if self
            .store
            .account(&AccountRef::Id(SYSTEM_ACCOUNT))
            .await?
            .is_some()
        {
            return Ok(());
        }
        let now = self.clock.now();
        let account = Account {
            id: SYSTEM_ACCOUNT,
            uid: Some(SYSTEM_UID.to_owned()),
            name: "System".to_owned(),
            metadata: "{}".to_owned(),
            retry_delays: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let key = self.first_key(now);
        let audit = self.account_changed(&By::NODE, account.id, None, Some(&account));
        match self.directory.create_account(account, key, audit).await? {
            SaveAccount::UidTaken => {
                let exists = self
                    .store
                    .account(&AccountRef::Id(SYSTEM_ACCOUNT))
                    .await?
                    .is_some();
                if !exists {
                    tracing::warn!(
                        "another account has the uid `system`: operational events cannot trigger the operator's automations"
                    );
                }
            }
            SaveAccount::Saved(_) | SaveAccount::Missing | SaveAccount::Stale => {}
        }
        Ok(())
    }
}

/// The editable part of an account, checked.
struct CheckedAccount {
    uid: Option<String>,
    name: String,
    metadata: String,
    retry_delays: Option<Schedule>,
}

fn check(draft: AccountDraft, current: Option<&Account>) -> Result<CheckedAccount, ConfigureError> {
    let mut faults = Faults::default();
    let is_system = current.is_some_and(|current| current.id == SYSTEM_ACCOUNT);
    if is_system != (draft.uid.as_deref() == Some(SYSTEM_UID)) {
        let detail = match is_system {
            true => "the uid of this account cannot be changed",
            false => "`system` is the uid of the built-in account",
        };
        faults.add("/uid", codes::INVALID_VALUE, detail);
    }
    if draft.uid.as_deref().is_some_and(|uid| !uid_is_valid(uid)) {
        faults.add(
            "/uid",
            codes::INVALID_VALUE,
            "a uid must have 1 to 128 of the characters a-z, A-Z, 0-9, `_`, `.`, `:`, `@` and `-`, and must not start with `acct_`",
        );
    }
    check_name(&draft.name, current.map(|current| &*current.name), &mut faults);
    let metadata = check_metadata(draft.metadata.as_deref(), &mut faults);
    let retry_delays = draft
        .retry_delays_s
        .and_then(|delays| schedule(&delays, &mut faults));
    faults.into_checked(Some(CheckedAccount {
        uid: draft.uid,
        name: draft.name,
        metadata,
        retry_delays,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(metadata: Option<&str>) -> AccountDraft {
        AccountDraft {
            uid: None,
            name: "n".to_owned(),
            metadata: metadata.map(str::to_owned),
            retry_delays_s: None,
        }
    }

    fn pointers(draft: AccountDraft) -> Vec<String> {
        match check(draft, None) {
            Err(ConfigureError::Faults(faults)) => faults.into_iter().map(|fault| fault.pointer).collect(),
            Err(error) => panic!("{error}"),
            Ok(_) => Vec::new(),
        }
    }

    #[test]
    fn everything_wrong_is_reported_at_once() {
        let draft = AccountDraft {
            uid: Some("a b".to_owned()),
            name: String::new(),
            metadata: Some("[]".to_owned()),
            retry_delays_s: Some(vec![-1]),
        };
        assert_eq!(
            pointers(draft),
            ["/uid", "/name", "/metadata", "/retry_delays_s/0"]
        );
    }

    #[test]
    fn metadata_is_kept_as_it_was_written_up_to_16_kib() {
        let checked = check(draft(Some(r#"{"n":1.10}"#)), None).unwrap();
        assert_eq!(checked.metadata, r#"{"n":1.10}"#);
        let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(16 * 1024));
        assert_eq!(pointers(draft(Some(&long))), ["/metadata"]);
        assert_eq!(pointers(draft(Some("{a}"))), ["/metadata"]);
        assert_eq!(check(draft(None), None).unwrap().metadata, "{}");
    }
}
