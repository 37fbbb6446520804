//! How many refusals become entries. Strangers and known callers have a budget each, so that strangers hide
//! nothing that known callers do.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use postrider_model::{Actor, AuditEntry};

/// Most entries of refusals within a minute in each budget of a node, so 86,400 a day. With its indexes in
/// SQLite, the largest entry of a stranger takes 370 bytes and that of a known caller 450 (measured), which
/// makes 32 and 39 MB a day. The name of a person whom the provider knows adds up to 2.2 KiB.
pub const REFUSALS_PER_MINUTE: usize = 60;

/// Most of them for one client, and of known callers for one key or session, so that a client that tries many
/// keys, or a key that is used from many addresses, does not hide the others.
pub const REFUSALS_PER_SOURCE: usize = 10;

/// Most entries of a budget that wait for a store that is away. Later ones are only counted.
const WAITING_MAX: usize = 4 * REFUSALS_PER_MINUTE;

const MINUTE: Duration = Duration::from_secs(60);

/// Both budgets.
#[derive(Default)]
pub(super) struct Budgets {
    /// For callers without a valid key or session.
    pub(super) strangers: Budget,
    /// For callers with one.
    pub(super) known: Budget,
}

impl Budgets {
    /// The budget of a caller, if a refusal of it becomes an entry. Counts the refusal in any case.
    /// `client`: as limits count it.
    pub(super) fn admit(&mut self, actor: &Actor, client: IpAddr, now: Duration) -> Option<&mut Budget> {
        let client = Source::Client(client);
        match &actor.id {
            None => self.strangers.admit([client], now),
            Some(id) => self.known.admit([client, Source::Actor(id.clone())], now),
        }
    }
}

/// Refusals of a group of callers.
#[derive(Default)]
pub(super) struct Budget {
    /// When the minute began, on the monotonic clock.
    began: Duration,
    in_minute: usize,
    /// Sources with an entry in this minute, so at most two for each of [`REFUSALS_PER_MINUTE`].
    of_sources: HashMap<Source, usize>,
    /// Refusals without an entry since the last one.
    pub(super) left_out: u64,
    pub(super) waiting: Waiting,
}

/// Entries that wait to be written.
#[derive(Default)]
pub(super) struct Waiting {
    pub(super) entries: Vec<AuditEntry>,
    /// The refusals that they stand for: one each, and those that they count.
    pub(super) refusals: u64,
}

impl Waiting {
    /// Adds an entry that counts `refused_since` others.
    pub(super) fn push(&mut self, entry: AuditEntry, refused_since: u64) {
        self.entries.push(entry);
        self.refusals += 1 + refused_since;
    }
}

#[derive(PartialEq, Eq, Hash)]
enum Source {
    Client(IpAddr),
    Actor(String),
}

impl Budget {
    fn admit<const N: usize>(&mut self, sources: [Source; N], now: Duration) -> Option<&mut Self> {
        if now.saturating_sub(self.began) >= MINUTE {
            self.began = now;
            self.in_minute = 0;
            self.of_sources.clear();
        }
        let is_full = self.in_minute >= REFUSALS_PER_MINUTE || self.waiting.entries.len() >= WAITING_MAX;
        let has_many = |source| {
            self.of_sources
                .get(source)
                .is_some_and(|count| *count >= REFUSALS_PER_SOURCE)
        };
        if is_full || sources.iter().any(has_many) {
            self.left_out += 1;
            return None;
        }
        self.in_minute += 1;
        for source in sources {
            *self.of_sources.entry(source).or_default() += 1;
        }
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use postrider_model::{AccountId, ApiKeyId, AuditAction, AuditId, By, Target};

    use super::*;

    fn known(n: u128) -> Actor {
        Actor::api_key(ApiKeyId::from_u128(n), None, false)
    }

    /// How many of 1,000 refusals become entries.
    fn admitted(budgets: &mut Budgets, actor: &Actor, client: &str, seconds: u64) -> usize {
        let client = client.parse().unwrap();
        let now = Duration::from_secs(seconds);
        (0..1_000)
            .filter(|_| budgets.admit(actor, client, now).is_some())
            .count()
    }

    #[test]
    fn refusals_are_bounded_by_client_and_in_all() {
        let mut budgets = Budgets::default();
        for n in 0..6 {
            let client = format!("192.0.2.{n}");
            assert_eq!(admitted(&mut budgets, &Actor::UNKNOWN, &client, 100), 10);
        }
        assert_eq!(admitted(&mut budgets, &Actor::UNKNOWN, "192.0.2.99", 100), 0);
        assert_eq!(budgets.strangers.left_out, 7_000 - 60);
        assert_eq!(budgets.strangers.of_sources.len(), 6);
        assert_eq!(admitted(&mut budgets, &Actor::UNKNOWN, "192.0.2.1", 160), 10);
    }

    #[test]
    fn a_known_caller_is_bounded_by_client_and_by_key() {
        let mut budgets = Budgets::default();
        assert_eq!(admitted(&mut budgets, &known(1), "192.0.2.1", 100), 10);
        assert_eq!(admitted(&mut budgets, &known(1), "192.0.2.2", 100), 0);
        assert_eq!(admitted(&mut budgets, &known(2), "192.0.2.1", 100), 0);
        for n in 2..7 {
            let client = format!("192.0.2.{n}");
            assert_eq!(admitted(&mut budgets, &known(n), &client, 100), 10);
        }
        assert_eq!(admitted(&mut budgets, &known(9), "192.0.2.9", 100), 0);
        assert_eq!(budgets.known.of_sources.len(), 12);
    }

    #[test]
    fn strangers_leave_known_callers_their_entries_even_while_the_store_is_away() {
        let mut budgets = Budgets::default();
        let entry = By::NODE.did(
            AuditId::from_u128(1),
            AuditAction::RequestRefused,
            Some(AccountId::from_u128(1)),
            Target::default(),
        );
        for n in 0..1_000 {
            let (client, now) = (IpAddr::from([10, 0, 0, 1]), Duration::from_secs(60 * n));
            if let Some(budget) = budgets.admit(&Actor::UNKNOWN, client, now) {
                budget.waiting.push(entry.clone(), 0);
            }
        }
        assert_eq!(budgets.strangers.waiting.entries.len(), WAITING_MAX);
        assert_eq!(admitted(&mut budgets, &known(1), "10.0.0.1", 60_000), 10);
    }
}
