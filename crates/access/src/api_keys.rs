//! API keys: they open the API, and sign the operator's staff in to the console.

use postrider_model::{
    AccountId, ApiKey, ApiKeyId, AuditAction, AuditEntry, By, Caller, NameError, Permission, Permissions,
    Scope, Target, Timestamp,
};
use postrider_storage::rules::audit::details;
use postrider_storage::{AddApiKey, RemoveApiKey, StoreError, StoreResult};

use serde_json::json;

use crate::access::Access;
use crate::token::ShownKey;

/// Longest key, in bytes: a bound on what is hashed for each request.
pub(crate) const KEY_BYTES_MAX: usize = 512;

/// How many characters of a key its prefix shows: `prk_` and 24 of its 256 random bits.
pub(crate) const PREFIX_CHARS: usize = 8;

/// A new API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyDraft {
    /// What it is for, for people.
    pub name: String,
    /// What its callers may do.
    pub permissions: Vec<Permission>,
    /// The only account that exists for its callers; `None` for all.
    pub account: Option<AccountId>,
    /// When it expires; `None` for never.
    pub expires_at: Option<Timestamp>,
}

/// What is wrong with a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyFault {
    /// JSON Pointer to the member.
    pub pointer: &'static str,
    /// A stable code.
    pub code: &'static str,
    /// What to do, for people.
    pub detail: String,
}

/// Why a key was not created.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CreateApiKeyError {
    /// The draft has faults.
    #[error("the API key has faults")]
    Faults(Vec<ApiKeyFault>),
    /// The account does not exist.
    #[error("the account does not exist")]
    AccountMissing,
    /// There are too many keys.
    #[error("there are too many API keys")]
    TooMany,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ApiKeyDraft {
    /// Everything that is wrong with the draft at this time.
    fn faults(&self, now: Timestamp) -> Vec<ApiKeyFault> {
        let fault = |pointer, code, detail: String| ApiKeyFault {
            pointer,
            code,
            detail,
        };
        let name = NameError::all_of(&self.name);
        let mut faults: Vec<_> = name
            .map(|error| fault("/name", error.code(), error.to_string()))
            .collect();
        if self.permissions.is_empty() {
            let detail = "choose at least one permission".to_owned();
            faults.push(fault("/permissions", "too_few", detail));
        }
        if self.permissions.len() > Permission::ALL.len() {
            let detail = format!("there are {} permissions", Permission::ALL.len());
            faults.push(fault("/permissions", "too_many", detail));
        }
        if self.account.is_some() && self.permissions.contains(&Permission::Admin) {
            let detail =
                "a key of one account cannot have the permission `admin`, which concerns the installation";
            faults.push(fault("/permissions", "invalid_value", detail.to_owned()));
        }
        if self.expires_at.is_some_and(|expires_at| expires_at <= now) {
            let detail = "this time has passed".to_owned();
            faults.push(fault("/expires_at", "out_of_range", detail));
        }
        faults
    }
}

impl Access {
    /// The caller that this API key stands for, if the key exists and has not expired. Notes the use.
    pub fn caller_of_key(&self, key: &str) -> Option<Caller> {
        if key.len() > KEY_BYTES_MAX {
            return None;
        }
        self.held.use_key(key, self.now())
    }

    /// All API keys, oldest first.
    pub async fn api_keys(&self) -> StoreResult<Vec<ApiKey>> {
        let mut keys = self.store.api_keys().await?;
        for key in &mut keys {
            key.last_used_at = key.last_used_at.max(self.held.last_use(&key.sha256));
        }
        Ok(keys)
    }

    /// Creates a key. The key is valid on this node at once, and on other nodes as soon as they learn of it.
    pub async fn create_api_key(
        &self,
        by: &By,
        draft: ApiKeyDraft,
    ) -> Result<(ApiKey, ShownKey), CreateApiKeyError> {
        let now = self.now();
        let faults = draft.faults(now);
        if !faults.is_empty() {
            return Err(CreateApiKeyError::Faults(faults));
        }
        let shown = ShownKey::from_random(self.entropy.bytes());
        let key = ApiKey {
            id: self.ids.api_key(now),
            name: draft.name,
            prefix: prefix(&shown),
            sha256: shown.sha256(),
            is_configured: false,
            permissions: Permissions::of(&draft.permissions),
            scope: Scope::of(draft.account),
            created_at: now,
            expires_at: draft.expires_at,
            last_used_at: None,
        };
        match self
            .store
            .add_api_key(key.clone(), self.key_created(by, &key))
            .await?
        {
            AddApiKey::Added => {}
            AddApiKey::AccountMissing => return Err(CreateApiKeyError::AccountMissing),
            AddApiKey::TooMany => return Err(CreateApiKeyError::TooMany),
        }
        self.held.add(&key);
        Ok((key, shown))
    }

    /// Deletes a key, the links that it created and the sessions that began with it. The key is invalid on
    /// this node at once, and on other nodes as soon as they learn of it. The last key that administers the
    /// installation cannot be deleted.
    pub async fn delete_api_key(&self, by: &By, id: ApiKeyId) -> StoreResult<RemoveApiKey> {
        let target = Target {
            name: self.held.name(id),
            ..Target::of(id)
        };
        let scope = self.held.scope(id).unwrap_or(Scope::All);
        let audit = self.did(by, AuditAction::ApiKeyDeleted, scope, target);
        let outcome = self.store.delete_api_key(id, audit).await?;
        if outcome != RemoveApiKey::LastAdmin {
            self.held.remove(id);
        }
        Ok(outcome)
    }

    /// The entry of a key that is created.
    pub(crate) fn key_created(&self, by: &By, key: &ApiKey) -> AuditEntry {
        let permissions: Vec<_> = key.permissions.named().map(|it| it.as_str()).collect();
        let shown = json!({
            "prefix": key.prefix,
            "permissions": permissions,
            "account": key.scope.account().map(|id| id.to_string()),
            "expires_at": key.expires_at,
        });
        let target = Target::named(key.id, &key.name);
        self.did(by, AuditAction::ApiKeyCreated, key.scope, target)
            .with_details(Some(details(&json!({ "after": shown }))))
    }
}

/// What is shown of a key for ever.
pub(crate) fn prefix(key: &ShownKey) -> String {
    key.expose().chars().take(PREFIX_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(draft: &ApiKeyDraft) -> Vec<(&'static str, &'static str)> {
        let faults = draft.faults(Timestamp::from_unix_ms(1_000));
        faults
            .into_iter()
            .map(|fault| (fault.pointer, fault.code))
            .collect()
    }

    #[test]
    fn everything_wrong_with_a_draft_is_reported_at_once() {
        let draft = ApiKeyDraft {
            name: "Billing".to_owned(),
            permissions: vec![Permission::EventsWrite],
            account: Some(AccountId::from_u128(1)),
            expires_at: Some(Timestamp::from_unix_ms(1_001)),
        };
        assert_eq!(codes(&draft), []);
        let expired = ApiKeyDraft {
            name: " ".to_owned(),
            permissions: vec![],
            account: None,
            expires_at: Some(Timestamp::from_unix_ms(1_000)),
        };
        let pointers: Vec<_> = codes(&expired).into_iter().map(|(pointer, _)| pointer).collect();
        assert_eq!(pointers, ["/name", "/permissions", "/expires_at"]);
        let admin = ApiKeyDraft {
            permissions: vec![Permission::Admin],
            ..draft
        };
        assert_eq!(codes(&admin), [("/permissions", "invalid_value")]);
    }
}
