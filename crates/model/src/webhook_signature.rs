//! How the requests of a webhook action are signed.

use crate::account::SigningKey;
use crate::ed25519::KeyAlgorithm;

/// How the requests of a webhook action are signed. By default, as the installation and the account say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WebhookSignature {
    /// The name of the action's signature profile; `None` for the installation's.
    pub profile: Option<String>,
    /// The action's own signing keys, the current one first; empty if the account's keys sign. At most
    /// [`OWN_KEYS_MAX`].
    pub own_keys: Vec<SigningKey>,
}

/// Most own keys that an action keeps: those that can sign, and a few expired ones that explain the
/// signatures of recent attempts. They are part of the automation's row, which has up to 50 actions.
pub const OWN_KEYS_MAX: usize = 5;

impl WebhookSignature {
    /// The algorithm of the action's own current key; `None` if the account's keys sign.
    pub fn own_algorithm(&self) -> Option<KeyAlgorithm> {
        self.own_keys.first().map(|key| key.secret.algorithm())
    }
}
