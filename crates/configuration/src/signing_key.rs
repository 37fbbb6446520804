//! Rotations of an account's signing key.

use std::time::Duration;

use postrider_model::{AccountId, AuditAction, By, SigningKey, SigningKeyId, SigningSecret, Target};
use postrider_storage::StoreResult;

use super::{ConfigureError, Faults, codes};
use crate::Configuration;

/// How long the old key signs beside the new one by default: one day, for receivers to adopt the new one.
const OVERLAP_S_DEFAULT: u64 = 86_400;

/// The longest overlap: 30 days. A key that was leaked should not sign for longer.
const OVERLAP_S_MAX: u64 = 30 * 86_400;

/// The options of a rotation. They can hold a secret, so the type has no `Debug`.
#[derive(Clone, Default)]
pub struct RotationDraft {
    /// How long the old key signs beside the new one, in seconds; `None` for a day.
    pub overlap_s: Option<i64>,
    /// The caller's own secret for the new key; `None` generates one.
    pub secret: Option<String>,
}

impl Configuration {
    /// Creates a new current key for the account, and returns it. Fails with `Faults` and `Missing`.
    pub async fn rotate_signing_key(
        &self,
        by: &By,
        account: AccountId,
        draft: RotationDraft,
    ) -> Result<SigningKey, ConfigureError> {
        let known = self.store.signing_keys(account).await?;
        let known = known.ok_or(ConfigureError::Missing)?;
        let (overlap, secret) = check(&draft, &known)?;
        let now = self.clock.now();
        let key = SigningKey {
            id: self.ids.signing_key(now),
            secret: secret.unwrap_or_else(|| self.entropy.signing_secret()),
            created_at: now,
            expires_at: None,
        };
        let audit = self.signing_key_rotated(by, account, &key, overlap.as_secs());
        let rotated = self
            .directory
            .rotate_signing_key(account, key.clone(), now.after(overlap), audit)
            .await?;
        rotated.then_some(key).ok_or(ConfigureError::Missing)
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

fn check(
    draft: &RotationDraft,
    known: &[SigningKey],
) -> Result<(Duration, Option<SigningSecret>), ConfigureError> {
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
        .and_then(|text| faults.parsed("/secret", text.parse::<SigningSecret>()));
    if let Some(secret) = &secret
        && known.iter().any(|key| key.secret == *secret)
    {
        let detail = "the account has, or had, a key with this secret";
        faults.add("/secret", codes::DUPLICATE, detail);
    }
    faults.into_checked(overlap_s.map(|overlap_s| (Duration::from_secs(overlap_s), secret)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(overlap_s: Option<i64>, secret: Option<&str>) -> usize {
        let secret = secret.map(str::to_owned);
        match check(&RotationDraft { overlap_s, secret }, &[]) {
            Err(ConfigureError::Faults(faults)) => faults.len(),
            Err(error) => panic!("{error}"),
            Ok(_) => 0,
        }
    }

    #[test]
    fn overlaps_and_imported_keys_are_bounded() {
        assert_eq!(faults(None, None), 0);
        assert_eq!(
            faults(Some(2_592_000), Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")),
            0
        );
        assert_eq!(faults(Some(2_592_001), Some("whsec_short")), 2);
        assert_eq!(faults(Some(-1), None), 1);
    }
}
