//! How many recipients the e-mails of an account may have within an hour. All accounts share the operator's
//! mail server and its reputation, and a customer chooses recipients, texts and rate limits.
//!
//! An hour has [`SLOTS`] slots. What counts are the present slot and as many before it, so that no hour,
//! wherever it begins, has more than the maximum. A token bucket that fills up within an hour would allow
//! twice as many in its first one, and one of half the size half as many in all others.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use postrider_model::email_address::RECIPIENTS_MAX;
use postrider_model::{AccountId, Clock};

/// Slots of an hour. With more of them, room returns in smaller parts, and an account takes more memory.
const SLOTS: usize = 12;

/// How long a slot lasts.
const SLOT: Duration = Duration::from_secs(3_600 / SLOTS as u64);

/// The recipients of each account within an hour.
pub(super) struct RecipientLimit {
    clock: Arc<dyn Clock>,
    max: u32,
    spent: Mutex<Spent>,
}

/// What accounts have spent lately: none is kept whose slots are all past, so that this is bounded by the
/// accounts that can send within an hour. Each takes some 80 bytes.
#[derive(Default)]
struct Spent {
    /// The slot in which accounts were last forgotten.
    slot: u64,
    by_account: HashMap<AccountId, OfAccount>,
}

/// What an account has spent, by slot: of slot `n` at `n` modulo their number.
#[derive(Default)]
struct OfAccount {
    slot: u64,
    /// In which slot the log last said that e-mails wait.
    told: Option<u64>,
    recipients: [u32; SLOTS + 1],
}

/// Recipients that count. Dropped, they no longer do, because the mail server did not get the message.
pub(super) struct Reserved<'a> {
    limit: &'a RecipientLimit,
    account: AccountId,
    slot: u64,
    count: u32,
}

impl RecipientLimit {
    /// At most `max` recipients, or as many as one e-mail may have if that is more.
    pub(super) fn new(clock: Arc<dyn Clock>, max: u32) -> Self {
        let least = u32::try_from(RECIPIENTS_MAX).unwrap_or(u32::MAX);
        Self {
            clock,
            max: max.max(least),
            spent: Mutex::default(),
        }
    }

    /// Counts the recipients of an e-mail of this account. `None` if they are too many within the hour.
    pub(super) fn reserve(&self, account: AccountId, count: usize) -> Option<Reserved<'_>> {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let mut spent = self.spent.lock();
        // Read under the lock, so that slots never decrease.
        let slot = self.clock.monotonic().as_secs() / SLOT.as_secs();
        spent.forget(slot);
        let of_account = spent.by_account.entry(account).or_default();
        of_account.move_to(slot);
        let total: u32 = of_account.recipients.iter().sum();
        if count > self.max.saturating_sub(total) {
            if of_account.told.is_none_or(|told| told + SLOTS as u64 <= slot) {
                of_account.told = Some(slot);
                tracing::warn!(
                    %account,
                    max = self.max,
                    "e-mails of an account wait; see email_recipients_per_hour_and_account"
                );
            }
            return None;
        }
        of_account.recipients[at(slot)] += count;
        Some(Reserved {
            limit: self,
            account,
            slot,
            count,
        })
    }
}

impl Reserved<'_> {
    /// The mail server got the message: its recipients count for an hour.
    pub(super) fn spend(mut self) {
        self.count = 0;
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        if self.count == 0 {
            return;
        }
        let mut spent = self.limit.spent.lock();
        let of_account = spent.by_account.get_mut(&self.account);
        if let Some(of_account) = of_account.filter(|it| it.slot - self.slot <= SLOTS as u64) {
            let recipients = &mut of_account.recipients[at(self.slot)];
            *recipients = recipients.saturating_sub(self.count);
        }
    }
}

impl Spent {
    /// Forgets accounts that have spent nothing within the hour, once a slot.
    fn forget(&mut self, slot: u64) {
        if self.slot != slot {
            self.slot = slot;
            self.by_account.retain(|_, it| slot - it.slot <= SLOTS as u64);
        }
    }
}

impl OfAccount {
    /// Empties the slots that have begun since the last time.
    fn move_to(&mut self, slot: u64) {
        for new in (self.slot + 1..=slot).rev().take(SLOTS + 1) {
            self.recipients[at(new)] = 0;
        }
        self.slot = slot;
    }
}

/// The place of a slot.
const fn at(slot: u64) -> usize {
    (slot % (SLOTS as u64 + 1)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carry::email::hand::Hand;

    const ACCOUNT: AccountId = AccountId::from_u128(1);

    fn limit(max: u32) -> (Arc<Hand>, RecipientLimit) {
        let hand = Arc::new(Hand::default());
        let limit = RecipientLimit::new(Arc::clone(&hand) as Arc<dyn Clock>, max);
        (hand, limit)
    }

    #[test]
    fn no_hour_has_more_recipients_than_the_maximum_and_nearly_as_many_can_be_used() {
        let (hand, limit) = limit(100);
        let mut sent = Vec::new();
        for now_s in (0..36_000).step_by(7) {
            hand.set_s(now_s);
            if let Some(reserved) = limit.reserve(ACCOUNT, 3) {
                reserved.spend();
                sent.push(now_s);
            }
        }
        let within = |from: u64| sent.iter().filter(|at| (from..from + 3_600).contains(at)).count() * 3;
        let most = (0..36_000).step_by(7).map(within).max();
        assert_eq!(most, Some(99));
        assert!(sent.len() * 3 >= 900, "in ten hours: {}", sent.len() * 3);
    }

    #[test]
    fn each_account_has_its_own_maximum_and_is_forgotten_after_an_hour() {
        let (hand, limit) = limit(10);
        limit.reserve(ACCOUNT, 10).unwrap().spend();
        assert!(limit.reserve(ACCOUNT, 1).is_none());
        for n in 2..1_000 {
            limit.reserve(AccountId::from_u128(n), 10).unwrap().spend();
        }
        hand.set_s(3_600);
        assert!(limit.reserve(ACCOUNT, 1).is_none());
        hand.set_s(3_900);
        limit.reserve(ACCOUNT, 10).unwrap().spend();
        assert_eq!(limit.spent.lock().by_account.len(), 1);
    }

    #[test]
    fn what_the_mail_server_did_not_get_does_not_count() {
        let (hand, limit) = limit(10);
        let reserved = limit.reserve(ACCOUNT, 10);
        assert!(limit.reserve(ACCOUNT, 1).is_none());
        hand.set_s(300);
        drop(reserved);
        let late = limit.reserve(ACCOUNT, 10).unwrap();
        hand.set_s(300 + 3_900);
        limit.reserve(ACCOUNT, 10).unwrap().spend();
        drop(late);
        assert!(limit.reserve(ACCOUNT, 1).is_none(), "its slot is another one now");
    }

    #[test]
    fn an_email_with_the_most_recipients_can_be_sent_however_low_the_maximum_is() {
        let (_hand, limit) = limit(1);
        assert!(limit.reserve(ACCOUNT, RECIPIENTS_MAX).is_some());
    }
}
