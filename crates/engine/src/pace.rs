//! The pace of a lane: whether its next request may start, and when.
//!
//! * [`width`]: how many requests at once. It follows refusals and the time that responses take.
//! * [`limit`]: the rate limit that was set for the action.
//! * [`rate`]: pauses that the receiver asked for, and how many requests a second it takes.
//! * The *schedule*: a delivery that has waited for [`LATE_AFTER`] starts whatever the width, unless the
//!   receiver has refused or is busy with what it has. A silent receiver thus delays no delivery that the
//!   node has slots for.
//! * [`crowd`]: whether its host has as many requests of all lanes as it may have.
//! * [`breaker`]: whether the lane has failed for long.
//! * *Slots*: while they are scarce, a lane that does not get responses is narrow, and one that has failed
//!   for long sends only probes. All lanes like these *give way*: they share half of the slots.
//!
//! [`Pace::may_start`] is the only function that decides whether a request may start. To add a reason to
//! wait: a file here, a field in [`Pace`], its update in [`Pace::learn`], and a line in [`Pace::may_start`].
//! Times are those of the monotonic clock, and are passed in.

mod breaker;
mod crowd;
mod lesson;
pub mod limit;
mod rate;
mod under_way;
mod width;

use std::time::Duration;

use postrider_model::RateLimit;

use self::breaker::Breaker;
use self::crowd::Crowd;
use self::lesson::Heard;
pub use self::lesson::Lesson;
use self::limit::Limit;
use self::rate::{Permit, Rate};
use self::under_way::UnderWay;
use self::width::Width;

/// How long a delivery waits for the width before the schedule counts more: half of the 2 s within which an
/// attempt is on time.
pub const LATE_AFTER: Duration = Duration::from_secs(1);

/// The same for a receiver that responds, but without success. Most such responses come at once, so that the
/// width delays nothing; and the requests that the width allows find out whether the receiver is back before
/// the others follow.
const FAILING_LATE_AFTER: Duration = Duration::from_millis(1_800);

/// How long a receiver may be silent before it counts as silent rather than busy, if it has not responded
/// yet.
const SILENT_AFTER: Duration = Duration::from_millis(1_500);

/// A request that is under way for less is not stuck.
const STUCK_AFTER: Duration = Duration::from_secs(1);

/// For how long after a refusal the width counts more than the schedule.
const REFUSAL_LASTS: Duration = Duration::from_secs(60);

/// How long a lane pauses after a request of it was not sent for want of a resource of ours. Most such
/// requests have waited for longer ([`postrider_egress::allowance::WAIT_MAX`]). An e-mail does not wait for a
/// mail server that is out of reach, or for its account's turn within the hour, so this is how often it asks.
const POSTPONED_FOR: Duration = Duration::from_secs(1);

/// Attempts in a row without a response, or without a success, after which a receiver that responds again, or
/// with success again, has been away.
const AWAY_AFTER: u32 = 8;

/// How far ahead the slots of a rate limit are reserved on a shared store.
pub const RESERVED_AHEAD: Duration = Duration::from_millis(1_200);

/// Whether the next request of a lane may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MayStart {
    /// The request may start.
    Now,
    /// Not before this time, unless a request under way ends.
    At(Duration),
    /// Not before slots of the rate limit are reserved: ask for them, and look again at this time.
    Unreserved(Duration),
    /// Not before a request under way has ended.
    Closed,
}

/// The slots of a node: its requests under way.
#[derive(Debug, Clone, Copy)]
pub struct Slots {
    /// All of them.
    pub max: usize,
    /// Slots in use.
    pub used: usize,
    /// Slots in use by lanes that give way ([`Pace::gives_way`]).
    pub used_giving_way: usize,
}

impl Slots {
    const fn free(self) -> usize {
        self.max.saturating_sub(self.used)
    }

    const fn are_scarce(self) -> bool {
        self.free() < self.max / 2
    }

    /// Slots that lanes which give way share.
    pub const fn for_giving_way(self) -> usize {
        self.max.div_ceil(2)
    }
}

/// The pace of one lane.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pace {
    width: Width,
    rate: Rate,
    /// The rate limit of the action; boxed because few have one.
    limit: Option<Box<Limit>>,
    under_way: UnderWay,
    breaker: Breaker,
    crowd: Crowd,
    /// When the receiver was last heard of, or the lane began to wait for it.
    heard_at: Option<Duration>,
    refused_at: Option<Duration>,
    /// Attempts without a response since the last response, and requests that waited too long to be sent;
    /// halves the width while slots are scarce.
    silent: u32,
    /// Responses in a row that were neither a success nor a refusal.
    unsuccessful: u32,
    /// Until when the lane pauses, because one of its requests waited too long to be sent.
    postponed_until: Duration,
}

impl Pace {
    /// The pace of a lane whose receiver is unknown. Lanes get different seeds.
    pub fn new(seed: u64) -> Self {
        Self {
            crowd: Crowd::new(seed),
            ..Self::default()
        }
    }

    /// How many requests may be under way at once; at least 1.
    pub fn width(&self) -> u32 {
        self.width.requests()
    }

    /// Whether the lane gives way to others where slots are scarce: its receiver did not respond to the last
    /// attempt, the last request was not sent, or the lane has failed for long.
    pub const fn gives_way(&self) -> bool {
        self.silent > 0 || self.breaker.is_open()
    }

    /// Until when the lane has to be kept: until then it knows of a pause or a limit.
    pub fn remembered_until(&self) -> Duration {
        let limited = self.limit.as_ref().map(|limit| limit.remembered_until());
        let paused = self.rate.remembered_until().max(limited.unwrap_or_default());
        paused.max(self.breaker.remembered_until())
    }

    /// The rate limit of the action, as far as the lane knows.
    pub fn limit(&self) -> Option<RateLimit> {
        self.limit.as_ref().map(|limit| limit.of())
    }

    /// Sets the rate limit of the action. `is_shared` says whether other nodes call it as well.
    pub fn set_limit(&mut self, limit: Option<RateLimit>, now: Duration, is_shared: bool) {
        match (limit, &mut self.limit) {
            (None, known) => *known = None,
            (Some(limit), Some(known)) if known.of() == limit => {}
            (Some(limit), Some(known)) => known.change(limit, now),
            (Some(limit), known @ None) => *known = Some(Box::new(Limit::new(limit, now, is_shared))),
        }
    }

    /// The slots of the rate limit that the lane should reserve; none while its receiver has asked for a
    /// pause that is longer than slots are reserved ahead.
    pub fn wants_slots(&self, now: Duration) -> Option<RateLimit> {
        let limit = self.limit.as_ref().filter(|limit| limit.is_low(now))?;
        if matches!(self.rate.permit(now), Permit::At(at) if at > now + RESERVED_AHEAD) {
            return None;
        }
        Some(limit.of())
    }

    /// Slots of the rate limit were reserved: those from `begin` on and before `end`. Ignored unless the
    /// limit is still `limit`.
    pub fn reserved(&mut self, limit: RateLimit, begin: Duration, end: Duration, now: Duration) {
        if let Some(known) = self.limit.as_mut().filter(|known| known.of() == limit) {
            known.reserved(begin, end, now);
        }
    }

    /// Until when a pause, or the rate that the receiver takes, lets nothing start.
    pub fn paused_until(&self, now: Duration) -> Option<Duration> {
        match self.rate.permit(now) {
            Permit::At(at) => Some(at),
            Permit::Now | Permit::Probe | Permit::AfterProbe => None,
        }
    }

    /// Until when a pause, the rate that the receiver takes, or the rate limit lets nothing start.
    pub fn waits_until(&self, now: Duration) -> Option<Duration> {
        let limited = match self.limit.as_ref().map(|limit| limit.permit(now)) {
            Some(limit::Permit::At(at)) => Some(at),
            Some(limit::Permit::Now | limit::Permit::Unreserved(_)) | None => None,
        };
        limited.max(self.paused_until(now))
    }

    /// Whether the next request may start, while `in_flight` requests of this lane are under way; its
    /// delivery has been queued since `queued_at`. Returns [`MayStart::Closed`] only if `in_flight` is not 0
    /// or no slot is left for it.
    pub fn may_start(&self, now: Duration, in_flight: u32, queued_at: Duration, slots: Slots) -> MayStart {
        if !self.has_slot(in_flight, slots) {
            return MayStart::Closed;
        }
        if now < self.postponed_until {
            return MayStart::At(self.postponed_until);
        }
        let busy = self.busy(now);
        match self.crowd.permit(now, busy) {
            crowd::Permit::Now => {}
            crowd::Permit::At(at) => return MayStart::At(at),
            crowd::Permit::AfterAnother => return MayStart::Closed,
        }
        if self.breaker.is_open() && slots.are_scarce() && now < self.breaker.probe_at() {
            return MayStart::At(self.breaker.probe_at());
        }
        match self.limit.as_ref().map(|limit| limit.permit(now)) {
            None | Some(limit::Permit::Now) => {}
            Some(limit::Permit::At(at)) => return MayStart::At(at),
            Some(limit::Permit::Unreserved(at)) => return MayStart::Unreserved(at),
        }
        match self.rate.permit(now) {
            Permit::Now => {}
            Permit::Probe => return MayStart::Now,
            Permit::At(at) => return MayStart::At(at),
            Permit::AfterProbe => return MayStart::Closed,
        }
        if busy < self.width() {
            return MayStart::Now;
        }
        match self.late_at(now, queued_at) {
            Some(at) if at <= now => MayStart::Now,
            Some(at) => MayStart::At(at),
            None => MayStart::Closed,
        }
    }

    /// A request starts, beside `in_flight` others.
    pub fn started(&mut self, now: Duration, in_flight: u32) {
        if in_flight == 0 {
            self.heard_at = Some(now);
        }
        self.rate.started(now);
        self.breaker.started(now);
        if let Some(limit) = &mut self.limit {
            limit.started(now);
        }
        self.under_way.started(now);
    }

    /// Learns from an attempt that started at `started` and ended at `now`; `lesson` is `None` if it was not
    /// made.
    pub fn ended(&mut self, started: Duration, lesson: Option<Lesson>, now: Duration) {
        let in_flight = self.busy(now);
        self.under_way.ended(started);
        if let Some(lesson) = lesson {
            self.learn(lesson, started, now, in_flight);
        }
        self.rate.ended(started, now);
    }

    fn learn(&mut self, lesson: Lesson, started: Duration, now: Duration, in_flight: u32) {
        let Lesson {
            heard,
            is_success,
            retry_after,
            took,
        } = lesson;
        match heard {
            Heard::Unasked | Heard::Crowded | Heard::Canceled => {}
            _ if is_success => self.breaker.succeeded(),
            _ => self.breaker.failed(now),
        }
        if !matches!(heard, Heard::Unasked | Heard::Crowded | Heard::Canceled) {
            self.crowd.sent(now);
        }
        if !matches!(
            heard,
            Heard::Nothing | Heard::Unasked | Heard::Crowded | Heard::Canceled
        ) {
            self.heard_at = Some(now);
            if self.silent >= AWAY_AFTER {
                self.width.restart();
            }
            self.silent = 0;
        }
        match heard {
            Heard::Response if is_success => {
                if std::mem::take(&mut self.unsuccessful) >= AWAY_AFTER {
                    self.width.restart();
                }
                self.width.responded(took, started, now, in_flight);
                self.rate.taken(started, now);
            }
            // An error page comes sooner than a success, and so says nothing about how quick the receiver is.
            Heard::Response => {
                self.unsuccessful = self.unsuccessful.saturating_add(1);
                self.rate.taken(started, now);
            }
            Heard::Overloaded => {
                self.width.refused(started, now, in_flight);
                self.refused_at = Some(now);
                if let Some(retry_after) = retry_after {
                    self.rate.paused(started, now, retry_after);
                }
            }
            Heard::Limited => {
                self.width.refused(started, now, in_flight);
                self.refused_at = Some(now);
                self.rate.limited(started, now, retry_after);
            }
            Heard::Nothing => {
                self.width.timed_out(started, now);
                self.silent = self.silent.saturating_add(1);
            }
            Heard::Unasked => {
                self.silent = self.silent.saturating_add(1);
                self.postponed_until = now + POSTPONED_FOR;
                self.slot_not_used(started);
            }
            Heard::Crowded => {
                self.crowd.found(started, now, in_flight.saturating_sub(1));
                self.slot_not_used(started);
            }
            Heard::Canceled => self.slot_not_used(started),
        }
    }

    /// Gives back the slot of the rate limit, because nothing was sent.
    fn slot_not_used(&mut self, started: Duration) {
        if let Some(limit) = &mut self.limit {
            limit.not_used(started);
        }
    }

    /// Whether the node has a slot for the lane. A lane takes no more slots than it leaves free (the dynamic
    /// threshold of [`crate::window`]). Lanes that give way share half of the slots, and each is narrow while
    /// slots are scarce.
    fn has_slot(&self, in_flight: u32, slots: Slots) -> bool {
        let in_flight = in_flight as usize;
        if in_flight >= slots.free() {
            return false;
        }
        if !self.gives_way() {
            return true;
        }
        let narrow = match self.breaker.is_open() {
            true => 1,
            false => self.width() >> self.silent.min(8),
        };
        slots.used_giving_way < slots.for_giving_way()
            && (!slots.are_scarce() || in_flight < narrow.max(1) as usize)
    }

    /// When a delivery starts although the lane is as wide as it may be, because the schedule counts more.
    /// `None` if the receiver has refused, or responds with success but takes its time.
    fn late_at(&self, now: Duration, queued_at: Duration) -> Option<Duration> {
        let refused = self
            .refused_at
            .is_some_and(|at| now.saturating_sub(at) < REFUSAL_LASTS);
        if refused {
            return None;
        }
        if self.unsuccessful >= AWAY_AFTER {
            return Some(queued_at + FAILING_LATE_AFTER);
        }
        let silent_at = self.heard_at.unwrap_or_default() + self.patience();
        Some(silent_at.max(queued_at + LATE_AFTER))
    }

    /// How long the receiver may be silent.
    fn patience(&self) -> Duration {
        let best = self.width.best().unwrap_or_default();
        SILENT_AFTER.max(best * 2)
    }

    /// The requests that the receiver may be busy with. One that takes far longer than others is stuck: it
    /// takes a slot, but no longer counts toward the width.
    fn busy(&self, now: Duration) -> u32 {
        let stuck_after = match self.width.best() {
            Some(best) => STUCK_AFTER.max(best * 4),
            None => SILENT_AFTER * 2,
        };
        self.under_way.since(now.saturating_sub(stuck_after), now)
    }
}

#[cfg(test)]
mod tests;
