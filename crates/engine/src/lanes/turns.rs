//! Which delivery starts next: lanes take turns, each at its own pace.

use std::collections::VecDeque;

use postrider_model::ActionId;

use super::lane::Lane;
use super::{Gate, Lanes, Ready};
use crate::pace::{Lesson, MayStart};

impl Lanes {
    /// Queues a delivery for which room was reserved.
    pub fn enqueue(&mut self, ready: Ready) {
        let action = ready.delivery.action;
        let account = ready.delivery.key.account;
        let lane = self
            .lanes
            .entry(action)
            .or_insert_with(|| Lane::new(account, action));
        lane.queue.push_back(ready);
        Self::take_turn(&mut self.turn, lane, action);
    }

    /// Appends a lane with queued deliveries to the queue of turns, unless it is already there.
    pub(super) fn take_turn(turn: &mut VecDeque<ActionId>, lane: &mut Lane, action: ActionId) {
        if !lane.queue.is_empty() && !lane.in_turn {
            lane.in_turn = true;
            turn.push_back(action);
        }
    }

    /// Takes the next delivery to start, which counts as under way from now on. Returns `None` if none may
    /// start.
    pub fn take_ready(&mut self) -> Option<Ready> {
        if self.gate != Gate::Open {
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
            let ready = match lane.pace.may_start(lane.in_flight, free) {
                MayStart::Now => lane.queue.pop_front(),
                // A request of the lane is under way. When it ends, the lane returns to the queue of turns.
                MayStart::Closed => None,
            };
            lane.in_turn = false;
            if let Some(ready) = ready {
                lane.in_flight += 1;
                self.in_flight += 1;
                Self::take_turn(&mut self.turn, lane, action);
                return Some(ready);
            }
        }
        None
    }

    /// Whether [`Self::take_ready`] may return a delivery.
    pub fn may_start(&self) -> bool {
        self.gate == Gate::Open && !self.turn.is_empty() && self.in_flight < self.in_flight_max
    }

    /// Notes that an attempt ended. `lesson` is `None` if no attempt was made.
    pub fn attempt_ended(&mut self, action: ActionId, lesson: Option<Lesson>) {
        self.in_flight = self.in_flight.saturating_sub(1);
        let Some(lane) = self.lanes.get_mut(&action) else {
            return;
        };
        if let Some(lesson) = lesson {
            lane.pace.learn(lesson, lane.in_flight);
        }
        lane.in_flight = lane.in_flight.saturating_sub(1);
        Self::take_turn(&mut self.turn, lane, action);
        self.drop_if_idle(action);
    }
}
