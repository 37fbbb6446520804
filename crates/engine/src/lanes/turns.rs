//! Which delivery starts next: accounts take turns, then the lanes of an account, each at its own pace.
//!
//! An account leaves a fifth of the slots that it found free ([`ACCOUNT_SHARE`]), whatever the number of its
//! lanes. Lanes that give way share half of the slots; one that finds no slot is *parked* until a request
//! of such a lane ends.

use std::collections::VecDeque;
use std::time::Duration;

use postrider_model::{AccountId, ActionId};

use super::{Gate, Lanes, Ready};
use crate::pace::{Lesson, MayStart, Slots};

/// An account may have this many times as many requests under way as slots are free: alone it gets four
/// fifths of them, and there is always a slot for the next account (the dynamic threshold of
/// [`crate::window`], with alpha = 4).
const ACCOUNT_SHARE: usize = 4;

/// The lanes of an account that may have a delivery to start.
#[derive(Debug, Default)]
pub(super) struct AccountTurn {
    pub(super) lanes: VecDeque<ActionId>,
    /// Requests under way of all its lanes.
    pub(super) in_flight: usize,
    /// Whether the account is in the queue of turns.
    pub(super) in_turn: bool,
}

impl Lanes {
    /// Queues a delivery for which room was reserved.
    pub fn enqueue(&mut self, ready: Ready) {
        let (account, action) = (ready.delivery.key.account, ready.delivery.action);
        let (lane, _, _) = self.lane(account, action);
        lane.queue.push_back(ready);
        self.take_turn(action);
    }

    /// Appends a lane with queued deliveries to the queue of its account, and the account to the queue of
    /// turns, unless they are already there.
    pub(super) fn take_turn(&mut self, action: ActionId) {
        let Some(lane) = self.lanes.get_mut(&action) else {
            return;
        };
        if lane.queue.is_empty() || lane.is_parked {
            return;
        }
        let turn = self.accounts.entry(lane.account).or_default();
        if !lane.in_turn {
            if let Some(at) = lane.timer.take() {
                self.timers.clear(at, action);
            }
            lane.in_turn = true;
            turn.lanes.push_back(action);
        }
        if !turn.in_turn {
            turn.in_turn = true;
            self.turn.push_back(lane.account);
        }
    }

    /// Takes the next delivery to start, which counts as under way from now on. Returns `None` if none may
    /// start.
    pub fn take_ready(&mut self, now: Duration) -> Option<Ready> {
        self.now = now;
        if self.gate != Gate::Open {
            return None;
        }
        while let Some(action) = self.timers.ring(now) {
            self.timer_rang(action);
        }
        // Each parked lane is woken once at most.
        for _ in 0..=self.parked.len() {
            for _ in 0..self.turn.len() {
                if self.in_flight >= self.in_flight_max {
                    return None;
                }
                let account = self.turn.pop_front()?;
                if let Some(ready) = self.take_from(account, now) {
                    return Some(ready);
                }
            }
            // The slot that a parked lane was woken for is free if the lane may not start yet.
            if !self.unpark() {
                break;
            }
        }
        None
    }

    /// Whether [`Self::take_ready`] may return a delivery.
    pub fn may_start(&self) -> bool {
        self.gate == Gate::Open && !self.turn.is_empty() && self.in_flight < self.in_flight_max
    }

    /// When to call [`Self::take_ready`] next, even if no request ends until then. `None` while nothing may
    /// start.
    pub fn next_timer(&self) -> Option<Duration> {
        match self.gate {
            Gate::Open => self.timers.next(),
            Gate::HeldBack | Gate::Closed => None,
        }
    }

    /// Whether calls of [`Self::take_ready`] and [`Self::attempt_ended`] have set the next timer, and the
    /// next alarm, since the last call.
    pub fn take_news(&mut self) -> (bool, bool) {
        let timer = std::mem::take(&mut self.timer_is_new);
        (timer, std::mem::take(&mut self.alarm_is_new))
    }

    /// Notes that the turn of a delivery, which started at `started`, has ended. `lesson` is `None` if no
    /// attempt was made.
    pub fn attempt_ended(
        &mut self,
        action: ActionId,
        started: Duration,
        lesson: Option<Lesson>,
        now: Duration,
    ) {
        self.now = now;
        self.in_flight = self.in_flight.saturating_sub(1);
        let Some(lane) = self.lanes.get_mut(&action) else {
            return;
        };
        self.in_flight_giving_way = self
            .in_flight_giving_way
            .saturating_sub(lane.in_flight_giving_way());
        lane.pace.ended(started, lesson, now);
        lane.in_flight = lane.in_flight.saturating_sub(1);
        self.in_flight_giving_way += lane.in_flight_giving_way();
        let account = lane.account;
        self.account_ended_one(account);
        self.take_turn(action);
        self.unpark();
        self.drop_if_idle(action);
    }

    /// Returns a delivery to its lane, because its request was not sent for want of a resource of ours. The
    /// lesson says which.
    pub fn postpone(&mut self, ready: Ready, lesson: Lesson, now: Duration) {
        let (action, started) = (ready.delivery.action, ready.at);
        self.queue_again(ready, now);
        self.attempt_ended(action, started, Some(lesson), now);
    }

    /// Puts a delivery that started back at the front of its lane.
    pub(super) fn queue_again(&mut self, mut ready: Ready, now: Duration) {
        if let Some(lane) = self.lanes.get_mut(&ready.delivery.action) {
            ready.at = now;
            lane.queue.push_front(ready);
        }
    }

    /// Takes a delivery of this account, whose turn it is.
    fn take_from(&mut self, account: AccountId, now: Duration) -> Option<Ready> {
        let mut turn = self.accounts.remove(&account)?;
        turn.in_turn = false;
        let slots = self.slots();
        let mut found = None;
        // An account beyond its share has requests under way, whose end returns it to the queue of turns.
        while turn.in_flight < (slots.max - slots.used) * ACCOUNT_SHARE && found.is_none() {
            let Some(action) = turn.lanes.pop_front() else {
                break;
            };
            found = self.take_from_lane(action, now, slots);
            if self.lanes.get(&action).is_some_and(|lane| lane.in_turn) {
                turn.lanes.push_back(action);
            }
        }
        if found.is_some() {
            turn.in_flight += 1;
            if !turn.lanes.is_empty() {
                turn.in_turn = true;
                self.turn.push_back(account);
            }
        }
        if turn.in_flight > 0 || !turn.lanes.is_empty() {
            self.accounts.insert(account, turn);
        }
        found
    }

    /// Takes a delivery of this lane, if its pace permits. The lane stays in the turn if it has more.
    fn take_from_lane(&mut self, action: ActionId, now: Duration, slots: Slots) -> Option<Ready> {
        let lane = self.lanes.get_mut(&action)?;
        lane.in_turn = false;
        let queued_at = lane.queue.front()?.at;
        match lane.pace.may_start(now, lane.in_flight, queued_at, slots) {
            MayStart::Now => {
                let mut ready = lane.queue.pop_front()?;
                ready.at = now;
                ready.limit = lane.pace.limit();
                lane.pace.started(now, lane.in_flight);
                self.alarm_is_new |= lane.start_one(&mut self.alarms);
                self.in_flight += 1;
                self.in_flight_giving_way += usize::from(lane.pace.gives_way());
                lane.in_turn = !lane.queue.is_empty();
                Some(ready)
            }
            MayStart::At(at) => {
                lane.timer = Some(at);
                self.timer_is_new |= self.timers.set(at, action);
                None
            }
            MayStart::Unreserved(at) => {
                lane.timer = Some(at);
                self.timer_is_new |= self.timers.set(at, action);
                self.limits.want_slots();
                None
            }
            // When a request of the lane ends, the lane returns to the queue of turns.
            MayStart::Closed if lane.in_flight > 0 => None,
            MayStart::Closed => {
                lane.is_parked = true;
                self.parked.push_back(action);
                None
            }
        }
    }

    pub(super) fn slots(&self) -> Slots {
        Slots {
            max: self.in_flight_max,
            used: self.in_flight,
            used_giving_way: self.in_flight_giving_way,
        }
    }

    fn timer_rang(&mut self, action: ActionId) {
        if let Some(lane) = self.lanes.get_mut(&action) {
            lane.timer = None;
        }
        self.take_turn(action);
        self.drop_if_idle(action);
    }

    /// Returns an account, of which a request ended, to the queue of turns.
    fn account_ended_one(&mut self, account: AccountId) {
        let Some(turn) = self.accounts.get_mut(&account) else {
            return;
        };
        turn.in_flight = turn.in_flight.saturating_sub(1);
        if turn.in_flight == 0 && turn.lanes.is_empty() {
            self.accounts.remove(&account);
        } else if !turn.in_turn && !turn.lanes.is_empty() {
            turn.in_turn = true;
            self.turn.push_back(account);
        }
    }

    /// Returns as many parked lanes to the queue of turns as there are slots for. Returns whether there were
    /// any.
    fn unpark(&mut self) -> bool {
        let parked = self.parked.len();
        let free = self
            .slots()
            .for_giving_way()
            .saturating_sub(self.in_flight_giving_way);
        for _ in 0..free {
            let Some(action) = self.parked.pop_front() else {
                break;
            };
            if let Some(lane) = self.lanes.get_mut(&action) {
                lane.is_parked = false;
            }
            self.take_turn(action);
        }
        self.parked.len() < parked
    }
}
