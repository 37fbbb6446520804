//! Refused requests and sign-ins in the audit trail.
//!
//! Anyone can cause any number of refusals. To bound the trail and the load on the node, only some become
//! entries (`budget`); the next entry of the same budget counts the others (`refused_since`). Entries wait in
//! memory, off the path of the request, and a task writes them.

mod budget;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use postrider_model::{AccountId, Actor, AuditAction, By, Target};
use postrider_storage::rules::audit::details;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use self::budget::Budgets;
pub use self::budget::{REFUSALS_PER_MINUTE, REFUSALS_PER_SOURCE};
use crate::access::Access;

/// How long the first entry waits for others, which are then written in the same transaction.
const GATHER: Duration = Duration::from_millis(500);

/// How long a stop waits for the store.
const STOP_MAX: Duration = Duration::from_secs(1);

/// A refusal.
#[derive(Debug)]
pub struct Refusal<'a> {
    /// A request or a sign-in.
    pub action: AuditAction,
    /// Who asked; [`Actor::UNKNOWN`] without a valid key or session.
    pub by: By,
    /// The client as limits count it.
    pub client: IpAddr,
    /// The only account that exists for the caller, if it has one.
    pub account: Option<AccountId>,
    /// A stable word for the reason: `unauthorized`, `permission_denied`, `not_found`, `foreign_form`.
    pub reason: &'a str,
    /// The method, which no client can make up, and the route's template, which holds no secret of the path.
    pub request: Option<(&'static str, &'a str)>,
    /// The beginning of the key that was presented ([`shown_key`]).
    pub key: Option<&'a str>,
}

/// Refusals that become entries.
#[derive(Default)]
pub(crate) struct Refusals {
    budgets: Mutex<Budgets>,
    wake: Notify,
}

impl Access {
    /// Notes a refusal. Returns at once; the entry is written later, if there is one.
    pub fn note_refusal(&self, refusal: &Refusal<'_>) {
        let mut budgets = self.refusals.budgets.lock();
        let now = self.clock.monotonic();
        let Some(budget) = budgets.admit(&refusal.by.actor, refusal.client, now) else {
            return;
        };
        let refused_since = std::mem::take(&mut budget.left_out);
        let shown = json!({
            "reason": refusal.reason,
            "method": refusal.request.map(|(method, _)| method),
            "route": refusal.request.map(|(_, route)| route),
            "key": refusal.key,
            "refused_since": (refused_since > 0).then_some(refused_since),
        });
        let Value::Object(mut members) = shown else { return };
        members.retain(|_, value| !value.is_null());
        let id = self.ids.audit(self.clock.now());
        let entry = refusal
            .by
            .did(id, refusal.action, refusal.account, Target::default())
            .with_details(Some(details(&members.into())));
        budget.waiting.push(entry, refused_since);
        drop(budgets);
        self.refusals.wake.notify_one();
    }

    /// Begins to write refusals.
    pub fn note_refusals(self: &Arc<Self>) -> RefusalNotes {
        let access = Arc::clone(self);
        let task = tokio::spawn({
            let access = Arc::clone(&access);
            async move {
                loop {
                    access.refusals.wake.notified().await;
                    sleep(GATHER).await;
                    access.write_refusals().await;
                }
            }
        });
        RefusalNotes { access, task }
    }

    /// Writes the entries that wait. If the store refuses them, the next entry counts what they stand for.
    pub async fn write_refusals(&self) {
        let (strangers, known) = {
            let mut budgets = self.refusals.budgets.lock();
            let strangers = std::mem::take(&mut budgets.strangers.waiting);
            (strangers, std::mem::take(&mut budgets.known.waiting))
        };
        if strangers.entries.is_empty() && known.entries.is_empty() {
            return;
        }
        let entries = strangers.entries.into_iter().chain(known.entries).collect();
        if let Err(error) = self.store.note_audit(entries).await {
            let count = strangers.refusals + known.refusals;
            tracing::warn!(%error, count, "refusals could not be noted in the audit trail");
            let mut budgets = self.refusals.budgets.lock();
            budgets.strangers.left_out += strangers.refusals;
            budgets.known.left_out += known.refusals;
        }
    }
}

/// The task that writes refusals.
pub struct RefusalNotes {
    access: Arc<Access>,
    task: JoinHandle<()>,
}

impl RefusalNotes {
    /// Writes the last refusals, for as long as [`STOP_MAX`], and ends the task.
    pub async fn stop(&self) {
        self.task.abort();
        // A stop must not wait for a store that is gone.
        let _ = tokio::time::timeout(STOP_MAX, self.access.write_refusals()).await;
    }
}

/// What the trail shows of a key that is not valid: as much as a list of keys shows. Of what cannot be a key
/// of ours it shows nothing, because people paste passwords.
pub fn shown_key(key: &str) -> Option<&str> {
    crate::token::is_key(key)
        .then(|| key.get(..crate::api_keys::PREFIX_CHARS))
        .flatten()
}

/// A refusal of somebody without a valid key or session.
pub fn by_unknown(client: IpAddr, request_id: Option<String>) -> By {
    By {
        actor: Actor::UNKNOWN,
        client: Some(client),
        request_id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_beginning_of_a_key_of_ours_is_shown() {
        let key = format!("prk_{}", "a".repeat(43));
        assert_eq!(shown_key(&key), Some("prk_aaaa"));
        for other in [
            "",
            "hunter2",
            "prk_short",
            &"x".repeat(47),
            &format!("prk_{}", "é".repeat(21)),
        ] {
            assert_eq!(shown_key(other), None, "{other}");
        }
    }
}
