//! Signing keys that an action has for itself.
//!
//! They are part of the automation, sealed with the other secrets of its actions, so that they come and go
//! with the action, and a copy of the automation has none of them.

use postrider_model::webhook_signature::OWN_KEYS_MAX;
use postrider_model::{
    AccountId, Action, ActionId, AuditAction, Automation, AutomationId, By, Does, OperationalType,
    SigningKey, SigningKeyId, Target, Timestamp, WebhookSignature,
};
use postrider_signing::profile::SignatureProfiles;
use postrider_storage::rules::signing_keys::Rotation;
use postrider_storage::{StoreResult, rules};
use serde_json::json;

use super::{CheckedRotation, RotationDraft, announced, check};
use crate::{Announces, Configuration, ConfigureError, EDITS_MAX, Faults, codes};

impl Configuration {
    /// Creates a new current key for an action that signs with keys of its own, and returns it. `announces`
    /// makes the operational event about it. Fails with `Faults`, `NoOwnKey`, `Missing` if the automation or
    /// the action does not exist, and `Stale` if other requests keep changing the automation.
    pub async fn rotate_action_key(
        &self,
        by: &By,
        account: AccountId,
        automation: AutomationId,
        action: ActionId,
        draft: RotationDraft,
        announces: &dyn Announces,
    ) -> Result<SigningKey, ConfigureError> {
        let mut is_counted = false;
        for _ in 0..EDITS_MAX {
            let current = self.store.automation(account, automation).await?;
            let current = current.ok_or(ConfigureError::Missing)?;
            let entry = self.entry(account).await?.ok_or(ConfigureError::Missing)?;
            let signature = signature_of(&current, action).ok_or(ConfigureError::Missing)?;
            let before = signature.own_keys.first().ok_or(ConfigureError::NoOwnKey)?;
            let checked = check(&draft, &signature.own_keys, before)?;
            check_profile(&checked, signature, before, self.signature_profiles())?;
            if !is_counted {
                self.count_rotation(account)?;
                is_counted = true;
            }
            let key = self.rotation_key(checked.secret);
            let ends = key.created_at.after(checked.overlap);
            let data = announced::data(&entry, Some((&current, action)), &key, ends);
            let events = announces
                .operational_events(&entry, OperationalType::SigningKeyRotated, data)
                .await;
            let edited = with_keys(&current, action, rotated(&signature.own_keys, &key, ends));
            let edited = Automation {
                updated_at: key.created_at,
                ..edited
            };
            let details = json!({ "overlap_s": checked.overlap.as_secs(), "action": action.to_string() });
            let audit = self.signing_key_rotated(by, account, &key, &details);
            match self.save_edited(account, edited, events.clone(), audit).await {
                Err(ConfigureError::Stale) => {}
                Err(error) => return Err(error),
                Ok(_) => {
                    announces.stored(&events);
                    return Ok(key);
                }
            }
        }
        Err(ConfigureError::Stale)
    }

    /// The keys of an action of this automation, with their secrets, the current one first, to be shown to
    /// `by`; none if the account's keys sign. Writes the audit entry before it returns them. `None` if the
    /// automation has no such action.
    pub async fn reveal_action_keys(
        &self,
        by: &By,
        account: AccountId,
        automation: &Automation,
        action: ActionId,
    ) -> StoreResult<Option<Vec<SigningKey>>> {
        let Some(signature) = signature_of(automation, action) else {
            return Ok(None);
        };
        if !signature.own_keys.is_empty() {
            let entry = self.did(by, AuditAction::SigningKeyRevealed, account, Target::of(action));
            self.store.note_audit(vec![entry]).await?;
        }
        Ok(Some(signature.own_keys.clone()))
    }
}

impl Configuration {
    /// A key that becomes the current one now, with this secret.
    pub(super) fn rotation_key(&self, secret: super::NewSecret) -> SigningKey {
        let now = self.clock.now();
        match secret {
            super::NewSecret::Generated(algorithm) => self.new_signing_key(algorithm, now),
            super::NewSecret::Brought(secret) => SigningKey {
                id: self.ids.signing_key(now),
                secret,
                created_at: now,
                expires_at: None,
            },
        }
    }
}

/// A rotation to a key of another kind needs a profile that takes it.
fn check_profile(
    rotation: &CheckedRotation,
    signature: &WebhookSignature,
    before: &SigningKey,
    profiles: &SignatureProfiles,
) -> Result<(), ConfigureError> {
    let algorithm = rotation.secret.algorithm();
    let profile = profiles.find(signature.profile.as_deref());
    let (Some(profile), true) = (profile, algorithm != before.secret.algorithm()) else {
        return Ok(());
    };
    match profile.takes(algorithm) {
        Ok(()) => Ok(()),
        Err(error) => {
            let mut faults = Faults::default();
            faults.add("/algorithm", codes::SIGNING_KEY_MISMATCH, error.to_string());
            Err(faults.into())
        }
    }
}

/// How the requests of an action are signed; `None` if the automation does not have it, or if it sends
/// e-mails.
fn signature_of(automation: &Automation, action: ActionId) -> Option<&WebhookSignature> {
    let mut actions = automation.actions.iter();
    match &actions.find(|it| it.id == action)?.does {
        Does::SendWebhook(webhook) => Some(&webhook.signature),
        Does::SendEmail(_) => None,
    }
}

/// The automation with these keys of one action.
fn with_keys(automation: &Automation, action: ActionId, keys: Vec<SigningKey>) -> Automation {
    let mut edited = automation.clone();
    for Action { id, does, .. } in &mut edited.actions {
        if let (true, Does::SendWebhook(webhook)) = (*id == action, does) {
            webhook.signature.own_keys = keys;
            break;
        }
    }
    edited
}

/// The own keys of an action once `new` is its current key, at most [`OWN_KEYS_MAX`]: as
/// [`rotation`](rules::signing_keys::rotation) says.
pub(crate) fn rotated(keys: &[SigningKey], new: &SigningKey, overlap_until: Timestamp) -> Vec<SigningKey> {
    let Rotation { ended, removed } = rules::signing_keys::rotation(keys, new, overlap_until, OWN_KEYS_MAX);
    let end_of = |id: SigningKeyId| ended.iter().find(|(ended, _)| *ended == id).map(|(_, end)| *end);
    let kept = keys.iter().filter(|key| !removed.contains(&key.id));
    let before = kept.map(|key| SigningKey {
        expires_at: end_of(key.id).or(key.expires_at),
        ..key.clone()
    });
    std::iter::once(new.clone()).chain(before).collect()
}
