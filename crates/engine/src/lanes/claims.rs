//! Room in memory: for new deliveries, and for those claimed from the store.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use postrider_model::{AccountId, ActionId, Timestamp};
use postrider_storage::{Claim, ClaimRequest, FirstAttempt, SessionId};

use super::{Gate, Lanes, Ready};
use crate::pace::LATE_AFTER;
use crate::window::Window;

/// Pause before the next look at lanes that wait for room, because others hold the whole window.
const NO_ROOM_PAUSE: Duration = Duration::from_millis(50);

/// Most alarms that ring in one call, because the lock on the lanes is held meanwhile: some 2 ms.
const ALARMS_MAX: usize = 4_096;

/// Most deliveries in one claim, of all its lanes: everybody else's call of the store waits for some 3 ms.
const CLAIM_ROOM_MAX: usize = 256;

/// Lanes with due deliveries in the store, in turns by account: an account with thousands of them delays no
/// other by more than one claim.
#[derive(Debug)]
pub(super) struct ClaimTurns {
    turn: VecDeque<AccountId>,
    lanes: HashMap<AccountId, VecDeque<ActionId>>,
    /// The number of lanes.
    count: usize,
    look_at: Timestamp,
}

impl Default for ClaimTurns {
    fn default() -> Self {
        Self {
            turn: VecDeque::new(),
            lanes: HashMap::new(),
            count: 0,
            look_at: Timestamp::EPOCH,
        }
    }
}

impl ClaimTurns {
    /// When to look at the lanes in turn; at once if that is the epoch.
    fn next_look(&self) -> Option<Timestamp> {
        (!self.turn.is_empty()).then_some(self.look_at)
    }

    fn push(&mut self, account: AccountId, action: ActionId) {
        let lanes = self.lanes.entry(account).or_default();
        lanes.push_back(action);
        self.count += 1;
        if lanes.len() == 1 {
            self.turn.push_back(account);
            self.look_at = Timestamp::EPOCH;
        }
    }

    /// The next lane in turn. Accounts for which the window has no room keep their turn.
    fn pop(&mut self, window: &Window) -> Option<ActionId> {
        for _ in 0..self.turn.len() {
            let account = self.turn.pop_front()?;
            if window.free(account) == 0 || window.free_bytes(account) == 0 {
                self.turn.push_back(account);
                continue;
            }
            let lanes = self.lanes.get_mut(&account)?;
            let action = lanes.pop_front();
            self.count -= 1;
            if lanes.is_empty() {
                self.lanes.remove(&account);
            } else {
                self.turn.push_back(account);
            }
            return action;
        }
        None
    }

    /// All lanes in turn.
    #[cfg(test)]
    pub fn all(&self) -> Vec<ActionId> {
        self.lanes.values().flatten().copied().collect()
    }
}

impl Lanes {
    /// Reserves room for a new delivery if it may stay in memory. While a lane has due deliveries in the
    /// store, newer deliveries queue behind them there.
    pub fn reserve(
        &mut self,
        account: AccountId,
        action: ActionId,
        bytes: usize,
        now: Timestamp,
    ) -> FirstAttempt {
        if self.gate != Gate::Open {
            return FirstAttempt::Waiting;
        }
        let (lane, window, _) = self.lane(account, action);
        if lane.is_behind(now) || !lane.has_room() || !window.admits(account, lane.held(), bytes) {
            self.drop_if_idle(action);
            return FirstAttempt::Waiting;
        }
        lane.take(window, 1, bytes);
        FirstAttempt::Owned
    }

    /// Frees the room of a reservation that was not used, or of a delivery whose result is recorded. Returns
    /// whether the lane now has room for due deliveries in the store that it had no room for.
    pub fn release(&mut self, action: ActionId, bytes: usize) -> bool {
        let Some(lane) = self.lanes.get_mut(&action) else {
            return false;
        };
        let wants = lane.free_up(&mut self.window, &mut self.alarms, 1, bytes);
        self.drop_if_idle(action);
        wants
    }

    /// Notes that a delivery of this action waits in the store until `due`. Returns whether this sets the
    /// earliest alarm.
    pub fn waits(&mut self, account: AccountId, action: ActionId, due: Timestamp, now: Timestamp) -> bool {
        if due > now.after(self.horizon) {
            return false;
        }
        let (lane, _, alarms) = self.lane(account, action);
        lane.learn_due(alarms, due)
    }

    /// When to call [`Self::take_claims`] next. Also `None` while nothing may start.
    pub fn next_alarm(&self) -> Option<Timestamp> {
        if self.gate != Gate::Open {
            return None;
        }
        let (alarm, look) = (self.alarms.next(), self.claims.next_look());
        alarm.into_iter().chain(look).min()
    }

    /// Claims for at most `max` lanes that have due deliveries in the store and room for them, in turns by
    /// account. Their room stays reserved until [`Self::claimed`].
    pub fn take_claims(&mut self, now: Timestamp, max: usize) -> Vec<ClaimRequest> {
        let mut requests = Vec::new();
        if self.gate != Gate::Open {
            return requests;
        }
        for _ in 0..ALARMS_MAX {
            let Some(action) = self.alarms.ring(now) else {
                break;
            };
            if let Some(lane) = self.lanes.get_mut(&action) {
                lane.alarm_rang();
                self.claims.push(lane.account, action);
            }
        }
        let share = (CLAIM_ROOM_MAX / self.claims.count.clamp(1, max)).max(1);
        while requests.len() < max
            && let Some(action) = self.claims.pop(&self.window)
        {
            if let Some(lane) = self.lanes.get_mut(&action) {
                requests.extend(lane.begin_claim(&mut self.window, &mut self.alarms, share));
            }
        }
        self.claims.look_at = match requests.len() < max {
            true => now.after(NO_ROOM_PAUSE),
            false => Timestamp::EPOCH,
        };
        requests
    }

    /// Queues the deliveries of a claim. A `claim` of `None` failed, and is repeated at `retry_at`; `now` is
    /// the monotonic time.
    pub fn claimed(
        &mut self,
        action: ActionId,
        claim: Option<Claim>,
        session: SessionId,
        retry_at: Timestamp,
        now: Duration,
    ) {
        let Some(lane) = self.lanes.get_mut(&action) else {
            return;
        };
        let account = lane.account;
        let failed_until = claim.is_none().then_some(retry_at);
        lane.end_claim(&mut self.window, &mut self.alarms, failed_until);
        let Claim { deliveries, next_due } = claim.unwrap_or_default();
        // They were due before, so that they have waited already.
        let queued_at = now.saturating_sub(LATE_AFTER);
        for delivery in deliveries {
            let ready = Ready {
                delivery,
                session,
                at: queued_at,
                limit: None,
            };
            lane.take(&mut self.window, 1, ready.bytes());
            lane.queue.push_back(ready);
        }
        self.take_turn(action);
        if let Some(due) = next_due {
            self.waits(account, action, due, retry_at);
        }
        self.drop_if_idle(action);
    }
}
