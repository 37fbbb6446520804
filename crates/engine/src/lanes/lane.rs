//! One lane: the deliveries that it holds in memory, and what it knows of those in the store.

use std::collections::VecDeque;
use std::time::Duration;

use postrider_model::{AccountId, ActionId, Timestamp};
use postrider_storage::ClaimRequest;

use super::Ready;
use super::alarms::Alarms;
use crate::pace::Pace;
use crate::window::Window;

/// Deliveries that a lane may hold whatever its width.
const LANE_BASE: usize = 64;

/// Additional deliveries that a lane may hold for each request it may have under way: enough that a wide lane
/// does not run dry while a claim is under way.
const LANE_PER_WIDTH: usize = 64;

/// Most deliveries of one lane in one claim. All other callers of the store wait during a claim: during a
/// drain, accepting an event of a healthy account took 34 ms (p50) with 500 and no bound on the events of a
/// step, and 18 ms with both bounds.
const CLAIM_MAX: usize = 128;

/// Most bytes of `data` of one lane in one claim.
const CLAIM_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The lane of one action.
#[derive(Debug)]
pub struct Lane {
    pub account: AccountId,
    action: ActionId,
    /// Deliveries that may start; [`super::turns`] takes them from here.
    pub queue: VecDeque<Ready>,
    /// Requests under way.
    pub in_flight: u32,
    /// Whether the lane is in the queue of its account.
    pub in_turn: bool,
    /// Whether the lane waits for a slot.
    pub is_parked: bool,
    /// The timer that is set for it: when a delivery may start, or when the lane can be forgotten.
    pub timer: Option<Duration>,
    pub pace: Pace,
    held: usize,
    stored: Stored,
}

/// What a lane knows of its deliveries in the store, and what triggers its next look at them.
///
/// `due` is a lower bound of all due times that this node knows of: a claim asks for nothing earlier, because
/// PostgreSQL would walk over everything that was claimed before. A delivery that another node made due
/// earlier is found by a rescan, which lowers the bound.
///
/// Every variant but the first has a trigger, so that no lane waits forever: an alarm, a turn to claim, the
/// release of deliveries that the lane holds, or the end of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stored {
    /// The lane knows of no delivery in the store.
    Nothing,
    /// The first delivery is due at `due`. The alarm is set to `at`, which is no earlier.
    Alarm { due: Timestamp, at: Timestamp },
    /// The alarm for the first delivery, due at `due`, has rung. The lane is in the turn of its account to
    /// claim.
    Due { due: Timestamp },
    /// The first delivery became due at `due`, when the lane was full. The lane holds deliveries, and sets
    /// the alarm as it releases them.
    Full { due: Timestamp },
    /// A claim of what is due at `since` or later is under way, and this room is reserved for it. `due` was
    /// learned since the claim began.
    Claiming {
        since: Timestamp,
        room: usize,
        room_bytes: usize,
        due: Option<Timestamp>,
    },
}

impl Lane {
    /// A lane that holds nothing.
    pub fn new(account: AccountId, action: ActionId) -> Self {
        Self {
            account,
            action,
            queue: VecDeque::new(),
            in_flight: 0,
            in_turn: false,
            is_parked: false,
            timer: None,
            pace: Pace::new((action.as_u128() ^ (action.as_u128() >> 64)) as u64),
            held: 0,
            stored: Stored::Nothing,
        }
    }

    /// Deliveries in memory, plus reserved room.
    pub fn held(&self) -> usize {
        self.held
    }

    /// Requests under way, if the lane gives way to others.
    pub fn in_flight_giving_way(&self) -> usize {
        match self.pace.gives_way() {
            true => self.in_flight as usize,
            false => 0,
        }
    }

    /// Whether the lane holds nothing and knows of no delivery in the store. It can be dropped once its pace
    /// may be forgotten.
    pub fn is_idle(&self) -> bool {
        self.held == 0 && self.in_flight == 0 && self.stored == Stored::Nothing
    }

    /// Whether the lane may hold one more delivery.
    pub fn has_room(&self) -> bool {
        self.waiting() < self.capacity()
    }

    /// Deliveries in memory that are not under way, plus reserved room.
    fn waiting(&self) -> usize {
        self.held.saturating_sub(self.in_flight as usize)
    }

    /// Whether deliveries in the store are due, as far as the lane knows.
    pub fn is_behind(&self, now: Timestamp) -> bool {
        match self.stored {
            Stored::Nothing => false,
            Stored::Alarm { due, .. } | Stored::Due { due } | Stored::Full { due } => due <= now,
            Stored::Claiming { due, .. } => due.is_some_and(|due| due <= now),
        }
    }

    fn capacity(&self) -> usize {
        LANE_BASE + LANE_PER_WIDTH * self.pace.width() as usize
    }

    /// Takes room in the window.
    pub fn take(&mut self, window: &mut Window, deliveries: usize, bytes: usize) {
        self.held += deliveries;
        window.take(self.account, deliveries, bytes);
    }

    /// Frees room; nothing else reduces what the lane holds. Returns whether this sets an alarm, because the
    /// lane now has the room that it lacked.
    pub fn free_up(
        &mut self,
        window: &mut Window,
        alarms: &mut Alarms<Timestamp>,
        deliveries: usize,
        bytes: usize,
    ) -> bool {
        self.held -= deliveries.min(self.held);
        window.free_up(self.account, deliveries, bytes);
        self.look_again(alarms)
    }

    /// Counts a request that starts. Returns whether this sets an alarm, because the lane now has the room
    /// that it lacked.
    pub fn start_one(&mut self, alarms: &mut Alarms<Timestamp>) -> bool {
        self.in_flight += 1;
        self.look_again(alarms)
    }

    fn look_again(&mut self, alarms: &mut Alarms<Timestamp>) -> bool {
        // Wait until half of the lane is free, because each claim costs a transaction, even for a few
        // deliveries. A lane that holds nothing always meets this condition.
        if let Stored::Full { due } = self.stored
            && self.waiting() * 2 <= self.capacity()
        {
            self.set_alarm(alarms, due, due);
            return true;
        }
        false
    }

    /// Notes that a delivery in the store is due at `due`. Returns whether this sets the first alarm of all
    /// lanes.
    pub fn learn_due(&mut self, alarms: &mut Alarms<Timestamp>, due: Timestamp) -> bool {
        match &mut self.stored {
            Stored::Nothing => self.set_alarm(alarms, due, due),
            Stored::Alarm { due: known, at } if due < *known => {
                alarms.clear(*at, self.action);
                self.set_alarm(alarms, due, due)
            }
            Stored::Due { due: known } | Stored::Full { due: known } => {
                *known = due.min(*known);
                false
            }
            Stored::Claiming { due: known, .. } => {
                *known = Some(known.map_or(due, |known| known.min(due)));
                false
            }
            Stored::Alarm { .. } => false,
        }
    }

    fn set_alarm(&mut self, alarms: &mut Alarms<Timestamp>, due: Timestamp, at: Timestamp) -> bool {
        self.stored = Stored::Alarm { due, at };
        alarms.set(at, self.action)
    }

    /// Notes that the alarm has rung.
    pub fn alarm_rang(&mut self) {
        if let Stored::Alarm { due, .. } = self.stored {
            self.stored = Stored::Due { due };
        }
    }

    /// Begins a claim in the lane's turn, and reserves room for it, for `most` deliveries at most. Returns
    /// `None` if the window is full.
    pub fn begin_claim(
        &mut self,
        window: &mut Window,
        alarms: &mut Alarms<Timestamp>,
        most: usize,
    ) -> Option<ClaimRequest> {
        let Stored::Due { due } = self.stored else {
            return None;
        };
        let share = window.free(self.account).saturating_sub(self.held);
        // Claim half of the free room: new deliveries that arrive meanwhile then still find room in memory,
        // and the lane stops going through the store once the backlog is gone.
        let free = self.capacity().saturating_sub(self.waiting()).min(share);
        let room = free.div_ceil(2).min(CLAIM_MAX).min(most);
        let room_bytes = window.free_bytes(self.account).div_ceil(2).min(CLAIM_BYTES_MAX);
        if room == 0 || room_bytes == 0 {
            if self.held > 0 {
                self.stored = Stored::Full { due };
            } else {
                self.set_alarm(alarms, due, due);
            }
            return None;
        }
        self.take(window, room, room_bytes);
        self.stored = Stored::Claiming {
            since: due,
            room,
            room_bytes,
            due: None,
        };
        Some(ClaimRequest {
            action: self.action,
            since: due,
            room,
            room_bytes,
        })
    }

    /// Ends a claim: frees its room, and keeps the due time that was learned meanwhile. A claim that failed
    /// is repeated at `retry_at`, and asks for the same and what was learned.
    pub fn end_claim(
        &mut self,
        window: &mut Window,
        alarms: &mut Alarms<Timestamp>,
        retry_at: Option<Timestamp>,
    ) {
        let Stored::Claiming {
            since,
            room,
            room_bytes,
            due,
        } = self.stored
        else {
            return;
        };
        self.stored = Stored::Nothing;
        self.free_up(window, alarms, room, room_bytes);
        match (retry_at, due) {
            (Some(at), due) => {
                let due = due.map_or(since, |due| due.min(since));
                self.set_alarm(alarms, due, at.max(due));
            }
            (None, Some(due)) => {
                self.learn_due(alarms, due);
            }
            (None, None) => {}
        }
    }

    /// The lane's alarm. Asserts the invariants between the lane and its alarm.
    #[cfg(test)]
    pub fn alarm(&self) -> Option<Timestamp> {
        match self.stored {
            Stored::Alarm { due, at } => {
                assert!(at >= due, "an alarm before its time");
                Some(at)
            }
            Stored::Full { .. } => {
                assert!(self.held > 0, "a lane waits to give up what it does not hold");
                None
            }
            Stored::Nothing | Stored::Due { .. } | Stored::Claiming { .. } => None,
        }
    }

    /// Whether the lane has to be in the turn of its account to claim.
    #[cfg(test)]
    pub fn awaits_claim(&self) -> bool {
        matches!(self.stored, Stored::Due { .. })
    }
}
