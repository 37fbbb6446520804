//! Which delivery starts next: the lanes, as tasks use them.

use std::time::Duration;

use parking_lot::MutexGuard;
use postrider_model::{ActionId, Delivery, DeliveryStatus, Timestamp};

use super::Engine;
use crate::lanes::{Lanes, Ready};
use crate::pace::Lesson;

impl Engine {
    /// The next delivery to start. `None` once the session may be dead, because other nodes may own the
    /// delivery by then.
    pub(crate) fn next_ready(&self) -> Option<Ready> {
        let now = self.parts.clock.monotonic();
        let mut lanes = self.ready_lanes();
        let ready = lanes.take_ready(now);
        self.wake_starts(&mut lanes);
        ready
    }

    /// Ends one attempt and takes the next delivery. Also returns whether more deliveries may start.
    pub(crate) fn next_after(
        &self,
        action: ActionId,
        started: Duration,
        lesson: Option<Lesson>,
    ) -> (Option<Ready>, bool) {
        let now = self.parts.clock.monotonic();
        let mut lanes = self.ready_lanes();
        lanes.attempt_ended(action, started, lesson, now);
        let ready = lanes.take_ready(now);
        self.wake_starts(&mut lanes);
        (ready, lanes.may_start())
    }

    /// Wakes the tasks that start paused deliveries and that claim, if they have to look earlier now.
    fn wake_starts(&self, lanes: &mut Lanes) {
        let (timer, alarm) = lanes.take_news();
        if timer {
            self.starts.notify_one();
        }
        if alarm {
            self.refill.notify_one();
        }
        if lanes.take_slots_wanted() {
            self.limits.notify_one();
        }
    }

    pub(crate) async fn starts_woken(&self) {
        self.starts.notified().await;
    }

    pub(crate) async fn limits_woken(&self) {
        self.limits.notified().await;
    }

    fn ready_lanes(&self) -> MutexGuard<'_, Lanes> {
        let may_send = self.may_send();
        let mut lanes = self.lanes.lock();
        // Check again under the lock: a renewal in between has already resumed the lanes, and they must stay
        // open.
        if !may_send && !self.may_send() {
            lanes.hold_back();
        }
        lanes
    }

    /// Until when a due delivery waits for the pace of its action on this node: for a pause that the receiver
    /// asked for, for the rate that it takes, or for the action's rate limit. `None` if it does not wait for
    /// that: it is not due or has ended, its request is under way, or another node owns it.
    pub fn paced_until(&self, delivery: &Delivery) -> Option<Timestamp> {
        let now = self.parts.clock.now();
        let monotonic = self.parts.clock.monotonic();
        let lanes = self.lanes.lock();
        let waits = delivery.progress.status == DeliveryStatus::Pending
            && match delivery.next_attempt_at {
                Some(due) => due <= now,
                None => lanes.is_queued(delivery.action, delivery.id),
            };
        let until = waits.then(|| lanes.waits_until(delivery.action, monotonic))??;
        Some(now.after(until.saturating_sub(monotonic)))
    }

    /// Until when this node sends nothing for an action, because its receiver asked to wait or takes no more.
    pub fn paused_until(&self, action: ActionId) -> Option<Timestamp> {
        let now = self.parts.clock.now();
        let monotonic = self.parts.clock.monotonic();
        let until = self.lanes.lock().paused_until(action, monotonic)?;
        Some(now.after(until.saturating_sub(monotonic)))
    }
}
