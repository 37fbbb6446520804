//! The states of deliveries after attempts, as arrays.

use postrider_model::DeliveryStatus;
use postrider_storage::DeliveryKey;
use postrider_storage::rules::attempts::AttemptResult;

use crate::columns::{self, int};
use crate::deliveries::keys::Keys;
use crate::statement::Param;

/// New states of deliveries, with one array per column.
#[derive(Default)]
pub(super) struct States {
    keys: Vec<DeliveryKey>,
    statuses: Vec<i16>,
    attempts: Vec<i32>,
    resends: Vec<i32>,
    resend_of: Vec<Option<i16>>,
    state_at: Vec<i64>,
    status_codes: Vec<Option<i16>>,
    outcomes: Vec<i16>,
    numbers: Vec<i32>,
}

impl States {
    /// Adds the state after an attempt that is recorded under this number.
    pub(super) fn add(&mut self, key: DeliveryKey, result: &AttemptResult<'_>, number: u32) {
        self.keys.push(key);
        self.statuses.push(i16::from(result.progress.status.code()));
        self.attempts.push(int(result.progress.attempts));
        self.resends.push(int(result.progress.resends));
        self.resend_of
            .push(result.progress.resend_of.map(DeliveryStatus::code).map(i16::from));
        self.state_at.push(result.state_at().unix_ms());
        self.status_codes
            .push(columns::status_code(result.attempt.exchange.status_code()));
        self.outcomes.push(i16::from(result.attempt.outcome.code()));
        self.numbers.push(int(number));
    }

    /// Whether there are no states.
    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The keys of the deliveries.
    pub(super) fn keys(&self) -> Keys {
        Keys::new(self.keys.iter().copied())
    }

    /// `account_id, id, status, attempts, resends, resend_of, state_at, status_code, outcome, number`.
    pub(super) fn params<'a>(&'a self, keys: &'a Keys) -> [Param<'a>; 10] {
        [
            &keys.accounts,
            &keys.ids,
            &self.statuses,
            &self.attempts,
            &self.resends,
            &self.resend_of,
            &self.state_at,
            &self.status_codes,
            &self.outcomes,
            &self.numbers,
        ]
    }
}
