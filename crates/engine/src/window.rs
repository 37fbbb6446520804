//! The bound on deliveries in memory, shared by all lanes.
//!
//! A lane may hold as many deliveries as still fit into the window (the dynamic threshold of shared-memory
//! switches, Choudhury and Hahne, 1998, with alpha = 1). A single busy lane can hold half of the window; a
//! thousand silent receivers hold a thousandth each. An account may hold [`ACCOUNT_SHARE`] times what still
//! fits, whatever the number of its lanes. Some room always remains for the next lane and the next account,
//! without a reserved share.

use std::collections::HashMap;

use postrider_model::AccountId;

/// An account may hold this many times as much as is free: alone it gets four fifths of the window.
const ACCOUNT_SHARE: usize = 4;

/// The bound, and how much of it is in use.
#[derive(Debug)]
pub struct Window {
    max: Held,
    held: Held,
    accounts: HashMap<AccountId, Held>,
}

/// Deliveries, and the bytes of their events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Held {
    deliveries: usize,
    bytes: usize,
}

impl Window {
    /// An empty window of this size.
    pub fn new(deliveries_max: usize, bytes_max: usize) -> Self {
        Self {
            max: Held {
                deliveries: deliveries_max,
                bytes: bytes_max,
            },
            held: Held::default(),
            accounts: HashMap::new(),
        }
    }

    /// Whether a lane of this account that holds `held` deliveries may hold one more, of `bytes` bytes. A
    /// lane that holds none may hold one of any size while any bytes are free, because an event larger than
    /// the window would otherwise never be sent.
    pub fn admits(&self, account: AccountId, held: usize, bytes: usize) -> bool {
        held < self.free(account)
            && (bytes <= self.free_bytes(account) || (held == 0 && self.free_bytes(account) > 0))
    }

    /// Deliveries of this account that would still fit.
    pub fn free(&self, account: AccountId) -> usize {
        let free = self.max.deliveries.saturating_sub(self.held.deliveries);
        share_of(free, self.of(account).deliveries)
    }

    /// Bytes of this account that would still fit.
    pub fn free_bytes(&self, account: AccountId) -> usize {
        let free = self.max.bytes.saturating_sub(self.held.bytes);
        share_of(free, self.of(account).bytes)
    }

    fn of(&self, account: AccountId) -> Held {
        self.accounts.get(&account).copied().unwrap_or_default()
    }

    /// Takes room.
    pub fn take(&mut self, account: AccountId, deliveries: usize, bytes: usize) {
        let of_account = self.accounts.entry(account).or_default();
        for held in [&mut self.held, of_account] {
            held.deliveries += deliveries;
            held.bytes += bytes;
        }
    }

    /// Gives room back.
    pub fn free_up(&mut self, account: AccountId, deliveries: usize, bytes: usize) {
        let of_account = self.accounts.entry(account).or_default();
        for held in [&mut self.held, &mut *of_account] {
            held.deliveries = held.deliveries.saturating_sub(deliveries);
            held.bytes = held.bytes.saturating_sub(bytes);
        }
        if of_account.deliveries == 0 {
            self.accounts.remove(&account);
        }
    }

    /// Deliveries held.
    pub const fn held(&self) -> usize {
        self.held.deliveries
    }
}

/// What an account that holds `held` may take of what is free: all of it, but no more than brings it to its
/// share.
fn share_of(free: usize, held: usize) -> usize {
    match held < free.saturating_mul(ACCOUNT_SHARE) {
        true => free,
        false => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: AccountId = AccountId::from_u128(1);

    #[test]
    fn one_lane_gets_at_most_half_and_there_is_room_for_the_next() {
        let mut window = Window::new(100, 1_000);
        let mut held = 0;
        while window.admits(ACCOUNT, held, 1) {
            window.take(ACCOUNT, 1, 1);
            held += 1;
        }
        assert_eq!(held, 50);
        assert!(window.admits(ACCOUNT, 0, 1));
    }

    #[test]
    fn one_account_gets_at_most_four_fifths_and_there_is_room_for_the_next() {
        for bytes in [1, 40] {
            let mut window = Window::new(100, 2_000);
            let mut held = 0;
            while window.admits(ACCOUNT, 0, bytes) {
                window.take(ACCOUNT, 1, bytes);
                held += 1;
            }
            assert_eq!(held, if bytes == 1 { 80 } else { 40 });
            let other = AccountId::from_u128(2);
            assert!(window.admits(other, 0, bytes));
            window.free_up(ACCOUNT, held, held * bytes);
            assert!(window.accounts.is_empty() && window.admits(ACCOUNT, 0, bytes));
        }
    }

    #[test]
    fn bytes_are_bounded_but_a_large_event_is_still_admitted() {
        let mut window = Window::new(100, 1_000);
        assert!(window.admits(ACCOUNT, 0, 5_000));
        window.take(ACCOUNT, 1, 5_000);
        assert!(!window.admits(ACCOUNT, 0, 1) && !window.admits(ACCOUNT, 1, 1));
        window.free_up(ACCOUNT, 1, 5_000);
        assert!(window.admits(ACCOUNT, 3, 1_000) && !window.admits(ACCOUNT, 3, 1_001));
    }
}
