//! Refused requests and sign-ins in the audit trail.
//!
//! Strangers can cause any number of refusals. To bound the trail and the load on the node, only some become
//! entries; the next entry counts the others (`refused_since`). Entries wait
//! in memory, off the path of the request, and a task writes them.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use postrider_model::{AccountId, Actor, AuditAction, AuditEntry, By, Target};
use postrider_storage::rules::audit::details;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::access::Access;

/// Most entries of refusals within a minute on each node: some 30 MB a day at most.
pub const REFUSALS_PER_MINUTE: usize = 60;

/// Most of them for one client, so that a client that tries many keys does not hide the others.
pub const REFUSALS_PER_CLIENT: usize = 10;

/// Most entries that wait for a store that is away. Later ones are only counted.
const WAITING_MAX: usize = 4 * REFUSALS_PER_MINUTE;

/// How long the first entry waits for others, which are then written in the same transaction.
const GATHER: Duration = Duration::from_millis(500);

const MINUTE: Duration = Duration::from_secs(60);

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
    /// The method and the route's template, which holds no secret of the path.
    pub request: Option<(&'a str, &'a str)>,
    /// The beginning of the key that was presented ([`shown_key`]).
    pub key: Option<&'a str>,
}

/// Refusals that become entries.
#[derive(Default)]
pub(crate) struct Refusals {
    state: Mutex<State>,
    wake: Notify,
}

#[derive(Default)]
struct State {
    /// When the minute began, on the monotonic clock.
    began: Duration,
    in_minute: usize,
    /// Clients with an entry in this minute, so at most [`REFUSALS_PER_MINUTE`].
    of_clients: HashMap<IpAddr, usize>,
    /// Refusals without an entry since the last one.
    uncounted: u64,
    waiting: Vec<AuditEntry>,
}

impl State {
    /// Whether a refusal of this client becomes an entry. Counts it in any case.
    fn admits(&mut self, client: IpAddr, now: Duration) -> bool {
        if now.saturating_sub(self.began) >= MINUTE {
            self.began = now;
            self.in_minute = 0;
            self.of_clients.clear();
        }
        let is_full = self.in_minute >= REFUSALS_PER_MINUTE || self.waiting.len() >= WAITING_MAX;
        let of_client = self.of_clients.get(&client).copied().unwrap_or(0);
        if is_full || of_client >= REFUSALS_PER_CLIENT {
            self.uncounted += 1;
            return false;
        }
        self.in_minute += 1;
        self.of_clients.insert(client, of_client + 1);
        true
    }
}

impl Access {
    /// Notes a refusal. Returns at once; the entry is written later, if there is one.
    pub fn note_refusal(&self, refusal: &Refusal<'_>) {
        let mut state = self.refusals.state.lock();
        if !state.admits(refusal.client, self.clock.monotonic()) {
            return;
        }
        let refused_since = std::mem::take(&mut state.uncounted);
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
        state.waiting.push(entry);
        drop(state);
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

    /// Writes the entries that wait. What the store refuses is counted into the next entry.
    pub async fn write_refusals(&self) {
        let entries = std::mem::take(&mut self.refusals.state.lock().waiting);
        if entries.is_empty() {
            return;
        }
        let count = entries.len() as u64;
        if let Err(error) = self.store.note_audit(entries).await {
            tracing::warn!(%error, count, "refusals could not be noted in the audit trail");
            self.refusals.state.lock().uncounted += count;
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

    fn admitted(state: &mut State, client: &str, seconds: u64) -> usize {
        let client = client.parse().unwrap();
        let now = Duration::from_secs(seconds);
        (0..1_000).filter(|_| state.admits(client, now)).count()
    }

    #[test]
    fn refusals_are_bounded_by_client_and_in_all() {
        let mut state = State::default();
        for n in 0..6 {
            assert_eq!(admitted(&mut state, &format!("192.0.2.{n}"), 100), 10);
        }
        assert_eq!(admitted(&mut state, "192.0.2.99", 100), 0);
        assert_eq!(state.uncounted, 7_000 - 60);
        assert_eq!(state.of_clients.len(), 6);
        assert_eq!(admitted(&mut state, "192.0.2.1", 160), 10);
    }

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
