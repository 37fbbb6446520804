//! What is in memory of the work: one lane per action, bounded and fair.
//!
//! A lane holds deliveries that this session owns, and knows when the next one that waits in the store is due. All
//! lanes share one [`Window`] and one bound on requests under way; each lane has its own [`Width`]. Lanes take turns,
//! so that a full one delays the others by one delivery at most.
//!
//! The type is a plain state machine under one short lock: it starts nothing, awaits nothing and reads no clock.
//! Whoever changes it then starts what [`Lanes::take_ready`] offers and claims what [`Lanes::take_claims`] asks for.
//!
//! Invariants: `held` of a lane counts its reservations, queue, attempts under way and results not yet on record, and
//! the window holds the sum over all lanes; a lane is in `turn` at most once; a lane without anything is dropped.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::time::Duration;

use postrider_model::{AccountId, ActionId, Outcome, Timestamp};
use postrider_storage::{Claim, ClaimRequest, FirstAttempt, ReadyDelivery, SessionId};

use crate::width::Width;
use crate::window::Window;

/// What a lane may hold whatever its width.
const LANE_BASE: usize = 64;

/// What a lane may hold for each request it may have under way: enough that a wide lane does not run dry while the
/// store is asked for more.
const LANE_PER_WIDTH: usize = 64;

/// Most deliveries of one lane in one claim. Everybody else waits for the store meanwhile: with 500, and steps without
/// a bound on events, a healthy account was accepted in 34 ms during a drain, with both bounds in 18 (p50).
const CLAIM_MAX: usize = 128;

/// Most bytes of `data` of one lane in one claim.
const CLAIM_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A delivery in memory, and the session that owns it.
#[derive(Debug, Clone)]
pub struct Ready {
    /// The delivery.
    pub delivery: ReadyDelivery,
    /// The session under which it is attempted and recorded.
    pub session: SessionId,
}

impl Ready {
    /// What it takes of the window.
    pub fn bytes(&self) -> usize {
        self.delivery.event.data.len()
    }
}

#[derive(Debug)]
struct Lane {
    account: AccountId,
    queue: VecDeque<Ready>,
    held: usize,
    in_flight: u32,
    width: Width,
    /// When the next delivery that waits in the store is due, as far as this node knows.
    next_due: Option<Timestamp>,
    /// Room set aside for a claim under way: deliveries and bytes.
    claiming: Option<(usize, usize)>,
    in_turn: bool,
}

impl Lane {
    fn new(account: AccountId) -> Self {
        Self {
            account,
            queue: VecDeque::new(),
            held: 0,
            in_flight: 0,
            width: Width::default(),
            next_due: None,
            claiming: None,
            in_turn: false,
        }
    }

    fn capacity(&self) -> usize {
        LANE_BASE + LANE_PER_WIDTH * self.width.get() as usize
    }

    fn is_idle(&self) -> bool {
        self.held == 0 && self.in_flight == 0 && self.next_due.is_none() && self.claiming.is_none()
    }
}

/// All lanes of a node.
#[derive(Debug)]
pub struct Lanes {
    lanes: HashMap<ActionId, Lane>,
    window: Window,
    in_flight: usize,
    in_flight_max: usize,
    /// Lanes that may have something to start.
    turn: VecDeque<ActionId>,
    /// When to look at which lane; entries that the lane no longer bears out are passed over.
    alarms: BinaryHeap<Reverse<(Timestamp, ActionId)>>,
    /// Deliveries due later than this from now are left to a later look at the store.
    horizon: Duration,
    /// Nothing starts: the node stops, or its session may be dead.
    held_back: bool,
}

impl Lanes {
    /// No lanes yet.
    pub fn new(window: Window, in_flight_max: usize, horizon: Duration) -> Self {
        Self {
            lanes: HashMap::new(),
            window,
            in_flight: 0,
            in_flight_max,
            turn: VecDeque::new(),
            alarms: BinaryHeap::new(),
            horizon,
            held_back: false,
        }
    }

    /// Whether a new delivery may stay in memory; if so, its room is taken. While a lane has due work in the store,
    /// newer work queues up behind it there.
    pub fn reserve(
        &mut self,
        account: AccountId,
        action: ActionId,
        bytes: usize,
        now: Timestamp,
    ) -> FirstAttempt {
        if self.held_back {
            return FirstAttempt::Waiting;
        }
        let lane = self.lanes.entry(action).or_insert_with(|| Lane::new(account));
        let behind = lane.next_due.is_some_and(|due| due <= now);
        if behind || lane.held >= lane.capacity() || !self.window.admits(lane.held, bytes) {
            self.drop_if_idle(action);
            return FirstAttempt::Waiting;
        }
        lane.held += 1;
        self.window.take(1, bytes);
        FirstAttempt::Owned
    }

    /// Gives room back: of a reservation that came to nothing, or of a delivery whose news is on record. True where
    /// the lane now has room for due work in the store that it had no room for.
    pub fn release(&mut self, action: ActionId, bytes: usize, now: Timestamp) -> bool {
        self.window.give(1, bytes);
        let Some(lane) = self.lanes.get_mut(&action) else {
            return false;
        };
        lane.held = lane.held.saturating_sub(1);
        // Asking for a few at a time would cost a transaction each: wait until half of the lane is free.
        let wants = lane.claiming.is_none()
            && lane.next_due.is_some_and(|due| due <= now)
            && lane.held * 2 <= lane.capacity();
        if let (true, Some(due)) = (wants, lane.next_due) {
            self.alarms.push(Reverse((due, action)));
        }
        self.drop_if_idle(action);
        wants
    }

    /// Queues a delivery for which room was reserved.
    pub fn enqueue(&mut self, ready: Ready) {
        let action = ready.delivery.action;
        let account = ready.delivery.key.account;
        let lane = self.lanes.entry(action).or_insert_with(|| Lane::new(account));
        lane.queue.push_back(ready);
        if !lane.in_turn {
            lane.in_turn = true;
            self.turn.push_back(action);
        }
    }

    /// Learns that a delivery of this action waits in the store until `due`. True where that is the earliest alarm.
    pub fn waits(&mut self, account: AccountId, action: ActionId, due: Timestamp, now: Timestamp) -> bool {
        if due > now.after(self.horizon) {
            return false;
        }
        let lane = self.lanes.entry(action).or_insert_with(|| Lane::new(account));
        if lane.next_due.is_some_and(|known| known <= due) {
            return false;
        }
        lane.next_due = Some(due);
        let earliest = self.next_alarm().is_none_or(|alarm| due < alarm);
        self.alarms.push(Reverse((due, action)));
        earliest
    }

    /// The next delivery to start; it counts as under way from now on. `None` where none may start.
    pub fn take_ready(&mut self) -> Option<Ready> {
        if self.held_back {
            return None;
        }
        for _ in 0..self.turn.len() {
            let free = self.in_flight_max.saturating_sub(self.in_flight);
            if free == 0 {
                return None;
            }
            let action = self.turn.pop_front()?;
            let Some(lane) = self.lanes.get_mut(&action) else {
                continue;
            };
            // The dynamic threshold of the window, for requests: silent receivers cannot take all of them.
            let may = (lane.width.get() as usize).min(free);
            let ready = if (lane.in_flight as usize) < may {
                lane.queue.pop_front()
            } else {
                None
            };
            lane.in_turn = ready.is_some() && !lane.queue.is_empty();
            if lane.in_turn {
                self.turn.push_back(action);
            }
            if let Some(ready) = ready {
                lane.in_flight += 1;
                self.in_flight += 1;
                return Some(ready);
            }
        }
        None
    }

    /// Whether [`Self::take_ready`] is worth a call.
    pub fn may_start(&self) -> bool {
        !self.held_back && !self.turn.is_empty() && self.in_flight < self.in_flight_max
    }

    /// Learns that an attempt ended (`None`: without having been made).
    pub fn attempt_ended(&mut self, action: ActionId, outcome: Option<Outcome>) {
        self.in_flight = self.in_flight.saturating_sub(1);
        let Some(lane) = self.lanes.get_mut(&action) else {
            return;
        };
        lane.in_flight = lane.in_flight.saturating_sub(1);
        if let Some(outcome) = outcome {
            lane.width.learn(outcome);
        }
        if !lane.queue.is_empty() && !lane.in_turn {
            lane.in_turn = true;
            self.turn.push_back(action);
        }
        self.drop_if_idle(action);
    }

    /// When to call [`Self::take_claims`] next.
    pub fn next_alarm(&self) -> Option<Timestamp> {
        self.alarms.peek().map(|Reverse((due, _))| *due)
    }

    /// Lanes with due work in the store and room for it, at most `max`. Their room is set aside until
    /// [`Self::claimed`].
    pub fn take_claims(&mut self, now: Timestamp, max: usize) -> Vec<ClaimRequest> {
        let mut requests = Vec::new();
        while requests.len() < max && !self.held_back {
            match self.alarms.peek() {
                Some(Reverse((due, _))) if *due <= now => {}
                _ => break,
            }
            let Some(Reverse((_, action))) = self.alarms.pop() else {
                break;
            };
            let Some(lane) = self.lanes.get_mut(&action) else {
                continue;
            };
            let Some(due) = lane.next_due else { continue };
            if lane.claiming.is_some() || due > now {
                if due > now {
                    self.alarms.push(Reverse((due, action)));
                }
                continue;
            }
            let share = self.window.free().saturating_sub(lane.held);
            // Half of what is free: new work that arrives meanwhile then still finds room in memory, and the lane finds
            // its way back from the store once the backlog is gone.
            let free = lane.capacity().saturating_sub(lane.held).min(share);
            let room = free.div_ceil(2).min(CLAIM_MAX);
            let room_bytes = (self.window.free_bytes() / 2).min(CLAIM_BYTES_MAX);
            if room == 0 || room_bytes == 0 {
                // The lane is asked again when it releases something; one that holds nothing waits for the others.
                if lane.held == 0 {
                    self.alarms
                        .push(Reverse((now.after(Duration::from_millis(50)), action)));
                }
                continue;
            }
            lane.claiming = Some((room, room_bytes));
            lane.held += room;
            lane.next_due = None;
            self.window.take(room, room_bytes);
            requests.push(ClaimRequest {
                action,
                room,
                room_bytes,
            });
        }
        requests
    }

    /// Takes in what a claim brought, or (`None`) that it failed and has to be made again at `retry_at`.
    pub fn claimed(
        &mut self,
        action: ActionId,
        claim: Option<Claim>,
        session: SessionId,
        retry_at: Timestamp,
    ) {
        let Some(lane) = self.lanes.get_mut(&action) else {
            return;
        };
        let account = lane.account;
        if let Some((room, room_bytes)) = lane.claiming.take() {
            lane.held = lane.held.saturating_sub(room);
            self.window.give(room, room_bytes);
        }
        let (deliveries, next_due) = match claim {
            Some(claim) => (claim.deliveries, claim.next_due),
            None => (Vec::new(), Some(retry_at)),
        };
        for delivery in deliveries {
            let ready = Ready { delivery, session };
            self.window.take(1, ready.bytes());
            if let Some(lane) = self.lanes.get_mut(&action) {
                lane.held += 1;
            }
            self.enqueue(ready);
        }
        if let Some(due) = next_due {
            self.waits(account, action, due, retry_at);
        }
        self.drop_if_idle(action);
    }

    /// Starts nothing more, and keeps nothing new in memory, until [`Self::resume`].
    pub fn hold_back(&mut self) {
        self.held_back = true;
    }

    /// Ends [`Self::hold_back`].
    pub fn resume(&mut self) {
        self.held_back = false;
    }

    /// Forgets what is queued and not under way: the session that owned it is dead.
    pub fn forget_queued(&mut self) {
        let actions: Vec<ActionId> = self.lanes.keys().copied().collect();
        for action in actions {
            if let Some(lane) = self.lanes.get_mut(&action) {
                for ready in std::mem::take(&mut lane.queue) {
                    lane.held = lane.held.saturating_sub(1);
                    self.window.give(1, ready.bytes());
                }
            }
            self.drop_if_idle(action);
        }
    }

    /// Requests under way.
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Deliveries in memory.
    pub fn held(&self) -> usize {
        self.window.held()
    }

    /// Lanes in memory.
    pub fn count(&self) -> usize {
        self.lanes.len()
    }

    fn drop_if_idle(&mut self, action: ActionId) {
        if self.lanes.get(&action).is_some_and(Lane::is_idle) {
            self.lanes.remove(&action);
        }
    }
}

#[cfg(test)]
mod tests;
