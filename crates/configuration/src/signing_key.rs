//! Rotations of signing keys: those of accounts here, those of actions in `of_action`. An operational event
//! announces each.

mod announced;
mod of_action;

use std::time::Duration;

use postrider_model::{
    AccountId, AuditAction, By, Does, KeyAlgorithm, KeyMaterial, OperationalType, SigningKey, SigningKeyId,
    Target, Timestamp, WebhookSignature,
};
use postrider_signing::profile::{HeaderOutline, SignatureProfiles};
use postrider_storage::StoreResult;
use serde_json::json;

use super::{ConfigureError, Faults, codes};
use crate::{AccountEntry, Announces, Configuration};
pub(crate) use of_action::rotated;

/// How long the old key signs beside the new one by default: one day, for receivers to adopt the new one.
pub(crate) const OVERLAP_S_DEFAULT: u64 = 86_400;

/// The longest overlap: 30 days. A key that was leaked should not sign for longer.
const OVERLAP_S_MAX: u64 = 30 * 86_400;

/// Most rotations of an account's keys, those of its actions included, within a minute, on each node. Each
/// causes an operational event, which goes to URLs that a customer enters and to the operator.
pub const ROTATIONS_PER_MINUTE: usize = 10;

/// The options of a rotation. They can hold a secret, so the type has no `Debug`.
#[derive(Clone, Default)]
pub struct RotationDraft {
    /// How long the old key signs beside the new one, in seconds; `None` for a day.
    pub overlap_s: Option<i64>,
    /// The caller's own secret for the new key; `None` generates one.
    pub secret: Option<String>,
    /// The kind of the new key; `None` for that of the secret, or of the old key.
    pub algorithm: Option<KeyAlgorithm>,
}

/// A rotation, checked.
struct CheckedRotation {
    overlap: Duration,
    secret: NewSecret,
}

/// The secret of a new key.
enum NewSecret {
    Brought(KeyMaterial),
    Generated(KeyAlgorithm),
}

impl Configuration {
    /// The headers that sign the requests of an action of this account, for people. Empty if the settings do
    /// not have its profile any more.
    pub fn signature_outline(
        &self,
        entry: Option<&AccountEntry>,
        signature: &WebhookSignature,
    ) -> Vec<HeaderOutline> {
        let of_account = || Some(entry?.current_key()?.secret.algorithm());
        let algorithm = signature.own_algorithm().or_else(of_account);
        let profile = self.signature_profiles().find(signature.profile.as_deref());
        profile.map_or_else(Vec::new, |profile| profile.outline(algorithm.unwrap_or_default()))
    }
}

impl NewSecret {
    fn algorithm(&self) -> KeyAlgorithm {
        match self {
            Self::Brought(secret) => secret.algorithm(),
            Self::Generated(algorithm) => *algorithm,
        }
    }
}

impl Configuration {
    /// A new key of this kind, which becomes the current key `now`.
    pub(crate) fn new_signing_key(&self, algorithm: KeyAlgorithm, now: Timestamp) -> SigningKey {
        SigningKey {
            id: self.ids.signing_key(now),
            secret: self.entropy.signing_key(algorithm),
            created_at: now,
            expires_at: None,
        }
    }

    /// Creates a new current key for the account, and returns it. A key of another kind has to suit the
    /// signature profile of every action that the account's keys sign. `announces` makes the operational
    /// event about it. Fails with `Faults` and `Missing`.
    pub async fn rotate_signing_key(
        &self,
        by: &By,
        account: AccountId,
        draft: RotationDraft,
        announces: &dyn Announces,
    ) -> Result<SigningKey, ConfigureError> {
        let known = self.store.signing_keys(account).await?;
        let known = known.ok_or(ConfigureError::Missing)?;
        let current = known.first().ok_or(ConfigureError::Missing)?;
        let checked = check(&draft, &known, current)?;
        let entry = self.entry(account).await?.ok_or(ConfigureError::Missing)?;
        if checked.secret.algorithm() != current.secret.algorithm() {
            check_actions(&entry, self.signature_profiles(), checked.secret.algorithm())?;
        }
        self.count_rotation(account)?;
        let key = self.rotation_key(checked.secret);
        let old_ends = key.created_at.after(checked.overlap);
        let data = announced::data(&entry, None, &key, old_ends);
        let events = announces
            .operational_events(&entry, OperationalType::SigningKeyRotated, data)
            .await;
        let details = json!({ "overlap_s": checked.overlap.as_secs() });
        let audit = self.signing_key_rotated(by, account, &key, &details);
        let rotated = self
            .directory
            .rotate_signing_key(account, key.clone(), old_ends, events.clone(), audit)
            .await?;
        if !rotated {
            return Err(ConfigureError::Missing);
        }
        announces.stored(&events);
        Ok(key)
    }

    /// Counts a rotation of the account. Fails with `TooManyRotations`.
    fn count_rotation(&self, account: AccountId) -> Result<(), ConfigureError> {
        let counted = self.rotations.begin(account, self.clock.monotonic());
        counted.map_err(|retry_after| ConfigureError::TooManyRotations { retry_after })
    }

    /// The account's signing keys with their secrets, the current one first, to be shown to `by`.
    /// Writes the audit entry before it returns them. `None` if the account does not
    /// exist.
    pub async fn reveal_signing_keys(
        &self,
        by: &By,
        account: AccountId,
    ) -> StoreResult<Option<Vec<SigningKey>>> {
        let Some(keys) = self.store.signing_keys(account).await? else {
            return Ok(None);
        };
        let entry = self.did(by, AuditAction::SigningKeyRevealed, account, Target::default());
        self.store.note_audit(vec![entry]).await?;
        Ok(Some(keys))
    }

    /// Writes the audit entry that the secret of one signing key is shown to `by`. If this fails, the caller
    /// must not show it.
    pub async fn note_revealed(&self, by: &By, account: AccountId, key: SigningKeyId) -> StoreResult<()> {
        let entry = self.did(by, AuditAction::SigningKeyRevealed, account, Target::of(key));
        self.store.note_audit(vec![entry]).await
    }
}

/// Checks a rotation of `known` keys, of which one is `current`.
fn check(
    draft: &RotationDraft,
    known: &[SigningKey],
    current: &SigningKey,
) -> Result<CheckedRotation, ConfigureError> {
    let mut faults = Faults::default();
    let overlap_s = draft.overlap_s.map_or(Some(OVERLAP_S_DEFAULT), |requested| {
        u64::try_from(requested)
            .ok()
            .filter(|requested| *requested <= OVERLAP_S_MAX)
    });
    if overlap_s.is_none() {
        let detail = format!("an overlap must be 0 to {OVERLAP_S_MAX} seconds");
        faults.add("/overlap_s", codes::OUT_OF_RANGE, detail);
    }
    let secret = draft
        .secret
        .as_deref()
        .and_then(|text| faults.parsed("/secret", text.parse::<KeyMaterial>()));
    if let Some(secret) = &secret {
        if known.iter().any(|key| key.secret == *secret) {
            let detail = "there is, or was, a key with this secret";
            faults.add("/secret", codes::DUPLICATE, detail);
        }
        if draft.algorithm.is_some_and(|wanted| wanted != secret.algorithm()) {
            let detail = "the secret is of the other kind: `whsec_` is HMAC, `whsk_` is Ed25519";
            faults.add("/algorithm", codes::SIGNING_KEY_MISMATCH, detail);
        }
    }
    let algorithm = draft.algorithm.unwrap_or(current.secret.algorithm());
    faults.into_checked(overlap_s.map(|overlap_s| CheckedRotation {
        overlap: Duration::from_secs(overlap_s),
        secret: secret.map_or(NewSecret::Generated(algorithm), NewSecret::Brought),
    }))
}

/// Most actions that a fault names.
const ACTIONS_NAMED: usize = 3;

/// Every action that the account's keys sign has to have a profile that takes keys of this kind.
fn check_actions(
    entry: &AccountEntry,
    profiles: &SignatureProfiles,
    algorithm: KeyAlgorithm,
) -> Result<(), ConfigureError> {
    let mut faults = Faults::default();
    let actions = entry.config.automations.iter().flat_map(|automation| {
        let actions = automation.actions.iter();
        actions.map(move |action| (&automation.name, action))
    });
    let misfits = actions.filter_map(|(automation, action)| {
        let Does::SendWebhook(webhook) = &action.does else {
            return None;
        };
        let profile = profiles.find(webhook.signature.profile.as_deref())?;
        let is_own = !webhook.signature.own_keys.is_empty();
        let error = profile.takes(algorithm).err().filter(|_| !is_own)?;
        Some(format!("action {} of “{automation}”: {error}", action.id))
    });
    for detail in misfits.take(ACTIONS_NAMED) {
        faults.add("/algorithm", codes::SIGNING_KEY_MISMATCH, detail);
    }
    faults.into_checked(Some(()))
}

#[cfg(test)]
mod tests {
    use postrider_model::{IdGenerator, SigningSecret};

    use super::*;

    fn key() -> SigningKey {
        let at = Timestamp::from_unix_ms(1);
        SigningKey {
            id: IdGenerator::new(1).signing_key(at),
            secret: SigningSecret::from_random([7; 24]).into(),
            created_at: at,
            expires_at: None,
        }
    }

    /// The kind of the new key, or the codes of the faults.
    fn checked(
        overlap_s: Option<i64>,
        secret: Option<&str>,
        algorithm: Option<KeyAlgorithm>,
    ) -> Result<KeyAlgorithm, Vec<&'static str>> {
        let draft = RotationDraft {
            overlap_s,
            secret: secret.map(str::to_owned),
            algorithm,
        };
        match check(&draft, &[], &key()) {
            Err(ConfigureError::Faults(faults)) => Err(faults.iter().map(|fault| fault.code).collect()),
            Err(error) => panic!("{error}"),
            Ok(checked) => Ok(checked.secret.algorithm()),
        }
    }

    const SECRET: Option<&str> = Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");

    #[test]
    fn overlaps_and_imported_keys_are_bounded() {
        assert!(checked(None, None, None).is_ok());
        assert!(checked(Some(2_592_000), SECRET, None).is_ok());
        let short = checked(Some(2_592_001), Some("whsec_short"), None);
        assert_eq!(short, Err(vec!["out_of_range", "invalid_value"]));
        assert_eq!(checked(Some(-1), None, None), Err(vec!["out_of_range"]));
    }

    #[test]
    fn the_kind_of_a_new_key_is_what_is_asked_for_and_that_of_its_secret() {
        let ed25519 = Some(KeyAlgorithm::Ed25519);
        assert_eq!(checked(None, None, None), Ok(KeyAlgorithm::Hmac), "as before");
        assert_eq!(checked(None, None, ed25519), Ok(KeyAlgorithm::Ed25519));
        let private = postrider_model::Ed25519Secret::from_random([7; 32]).expose();
        assert_eq!(checked(None, Some(&private), None), Ok(KeyAlgorithm::Ed25519));
        let mismatch = Err(vec![codes::SIGNING_KEY_MISMATCH]);
        assert_eq!(checked(None, SECRET, ed25519), mismatch);
    }
}
