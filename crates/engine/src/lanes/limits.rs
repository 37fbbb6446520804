//! Rate limits of actions.
//!
//! A lane does not know the configuration. A delivery that has started compares the limit under which it did
//! with the action's current one, and returns to its lane if they differ ([`Lanes::give_back`]). The task
//! `work/limits.rs` follows changes for lanes that wait, and reserves slots on a shared store.

use std::collections::HashSet;
use std::time::Duration;

use postrider_model::{AccountId, ActionId, DeliveryId, RateLimit};

use super::{Lanes, Ready};

/// The lanes with a limit.
#[derive(Debug, Default)]
pub(super) struct Limits {
    lanes: HashSet<ActionId>,
    /// Whether slots have to be reserved on the store.
    is_shared: bool,
    /// Whether a lane waits for slots since the last call of [`Lanes::take_slots_wanted`].
    slots_wanted: bool,
}

impl Limits {
    pub(super) fn remove(&mut self, action: ActionId) {
        self.lanes.remove(&action);
    }

    pub(super) fn want_slots(&mut self) {
        self.slots_wanted = true;
    }
}

impl Lanes {
    /// Has lanes with a rate limit use only slots that were reserved: other nodes call the same actions.
    pub fn share_limits(&mut self) {
        self.limits.is_shared = true;
    }

    /// Until when the pace of an action lets nothing start.
    pub fn waits_until(&self, action: ActionId, now: Duration) -> Option<Duration> {
        self.lanes.get(&action)?.pace.waits_until(now)
    }

    /// Until when an action is paused, because its receiver asked for it.
    pub fn paused_until(&self, action: ActionId, now: Duration) -> Option<Duration> {
        self.lanes.get(&action)?.pace.paused_until(now)
    }

    /// Whether a delivery is in the queue of its lane: this node owns it and its next attempt has not
    /// started.
    pub fn is_queued(&self, action: ActionId, delivery: DeliveryId) -> bool {
        let lane = self.lanes.get(&action);
        lane.is_some_and(|lane| {
            let mut queue = lane.queue.iter();
            queue.any(|ready| ready.delivery.key.delivery == delivery)
        })
    }

    /// Sets the limit of an action.
    pub fn set_limit(&mut self, action: ActionId, limit: Option<RateLimit>, now: Duration) {
        let Some(lane) = self.lanes.get_mut(&action) else {
            return;
        };
        lane.pace.set_limit(limit, now, self.limits.is_shared);
        match limit {
            Some(_) => self.limits.lanes.insert(action),
            None => self.limits.lanes.remove(&action),
        };
        self.take_turn(action);
    }

    /// Returns a delivery to its lane, because the action has another limit than the lane knew. Nothing was
    /// attempted.
    pub fn give_back(&mut self, ready: Ready, limit: Option<RateLimit>, now: Duration) {
        let (action, started) = (ready.delivery.action, ready.at);
        self.queue_again(ready, now);
        self.set_limit(action, limit, now);
        self.attempt_ended(action, started, None, now);
    }

    /// The lanes with a limit that hold deliveries.
    pub fn limited(&self) -> Vec<(AccountId, ActionId, RateLimit)> {
        let lanes = self.limits.lanes.iter().filter_map(|action| {
            let lane = self.lanes.get(action).filter(|lane| !lane.queue.is_empty())?;
            Some((lane.account, *action, lane.pace.limit()?))
        });
        lanes.collect()
    }

    /// The lanes that should reserve slots, each with its limit and the deliveries that it holds.
    pub fn slots_wanted(&self, now: Duration) -> Vec<(ActionId, RateLimit, usize)> {
        let lanes = self.limits.lanes.iter().filter_map(|action| {
            let lane = self.lanes.get(action)?;
            if lane.queue.is_empty() || lane.is_parked {
                return None;
            }
            Some((*action, lane.pace.wants_slots(now)?, lane.queue.len()))
        });
        lanes.collect()
    }

    /// Slots of this limit were reserved for the action: those from `begin` on and before `end`.
    pub fn reserved(
        &mut self,
        action: ActionId,
        limit: RateLimit,
        begin: Duration,
        end: Duration,
        now: Duration,
    ) {
        if let Some(lane) = self.lanes.get_mut(&action) {
            lane.pace.reserved(limit, begin, end, now);
        }
        self.take_turn(action);
    }

    /// Whether a lane has begun to wait for slots since the last call.
    pub fn take_slots_wanted(&mut self) -> bool {
        std::mem::take(&mut self.limits.slots_wanted)
    }
}
