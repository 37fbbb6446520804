//! Accounts and their signing keys.

use crate::ed25519::KeyMaterial;
use crate::id::{AccountId, SigningKeyId};
use crate::schedule::Schedule;
use crate::time::Timestamp;
use crate::uid;

/// One customer of the company that runs Postrider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The account's id.
    pub id: AccountId,
    /// The caller's own id for the account, unique in the installation. See [`uid_is_valid`].
    pub uid: Option<String>,
    /// The name for people; 1 to [`NAME_CHARS_MAX`] characters.
    pub name: String,
    /// A JSON object that the caller supplies, as text; at most [`METADATA_BYTES_MAX`].
    pub metadata: String,
    /// Overrides the installation's schedule.
    pub retry_delays: Option<Schedule>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last updated.
    pub updated_at: Timestamp,
    /// Grows with each update. An update names the version that it is based on.
    pub version: i64,
}

/// Longest name of an account, automation or key, in characters.
pub const NAME_CHARS_MAX: usize = 256;

/// Largest `metadata` of an account or automation, in bytes of JSON.
pub const METADATA_BYTES_MAX: usize = 16 * 1024;

pub use uid::UID_BYTES_MAX;

/// Whether `uid` can replace an account's id in a URL: 1 to 128 of `[a-zA-Z0-9_.:@-]`, not `.` or `..`, and
/// without the prefix of account ids.
pub fn uid_is_valid(uid: &str) -> bool {
    uid::can_replace_id(uid, "acct")
}

/// A signing key of an account, or of one action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// The key's id.
    pub id: SigningKeyId,
    /// What signs: a secret shared with receivers, or a private key whose public key they have.
    pub secret: KeyMaterial,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it stops signing; `None` for the current key. At most one other key is live at a time.
    pub expires_at: Option<Timestamp>,
}

/// Whether a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyStatus {
    /// The newest key: it signs and does not expire.
    Current,
    /// An older key that still signs beside the current one until it expires.
    Overlapping,
    /// An older key that no longer signs.
    Expired,
}

impl SigningKey {
    /// Whether the key signs at `now`.
    pub fn status(&self, now: Timestamp) -> KeyStatus {
        match self.expires_at {
            None => KeyStatus::Current,
            Some(end) if now < end => KeyStatus::Overlapping,
            Some(_) => KeyStatus::Expired,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ambiguous_uids_are_refused() {
        for uid in ["42", "a.b", "tenant:7", "me@example.com", &"x".repeat(128)] {
            assert!(uid_is_valid(uid), "{uid}");
        }
        for uid in ["", "a/b", "a b", "é", ".", "..", "acct_1", &"x".repeat(129)] {
            assert!(!uid_is_valid(uid), "{uid}");
        }
    }
}
