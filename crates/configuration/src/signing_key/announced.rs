//! What the operational event about a rotation says.

use postrider_model::{ActionId, Automation, SigningKey, Timestamp};
use serde_json::{Value, json};

use crate::AccountEntry;
use crate::announces::subject;

/// `data` of the event about the rotation to `key`: of the account, or of an action of one of its
/// automations. It holds neither the secret nor the public key: a receiver that took its next key from a
/// webhook would take one from a thief of the old key too.
pub(super) fn data(
    entry: &AccountEntry,
    of_action: Option<(&Automation, ActionId)>,
    key: &SigningKey,
    old_key_expires_at: Timestamp,
) -> Value {
    let of_action = of_action.and_then(|(automation, id)| {
        let mut actions = automation.actions.iter();
        Some((automation, actions.find(|action| action.id == id)?))
    });
    let mut data = subject(&entry.config.account, of_action);
    data["signing_key"] = json!({ "id": key.id, "algorithm": key.secret.algorithm().name() });
    data["old_key_expires_at"] = json!(old_key_expires_at);
    data
}
