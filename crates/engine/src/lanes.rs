//! The deliveries in memory: one lane per action, bounded and fair.
//!
//! A lane holds deliveries that this session owns, and knows when the next of its deliveries in the store is
//! due. All lanes share one [`Window`] and one bound on requests under way; each lane has its own
//! [`crate::pace::Pace`]. Accounts take turns, and the lanes of an account do, so that no customer and no
//! lane delays the others by more than one delivery.
//!
//! [`Lanes`] is a plain state machine under one short lock: it starts nothing, awaits nothing and reads no
//! clock. The caller starts the deliveries that [`Lanes::take_ready`] returns, and makes the claims that
//! [`Lanes::take_claims`] returns.
//!
//! * [`lane`]: one lane, its room, and what triggers its next look at the store.
//! * [`turns`]: which delivery starts next, and the timers of lanes that have to wait.
//! * [`claims`]: room for new deliveries and for those claimed from the store.
//! * [`limits`]: rate limits of actions.
//! * [`alarms`]: when to look at which lane.
//!
//! Invariants, which `tests/random.rs` checks after every call:
//! * `held` of a lane counts its reservations, queue, attempts under way and results not yet recorded; the
//!   window holds the sum over all lanes;
//! * a lane that knows of deliveries in the store has an alarm, a turn to claim, a claim under way, or held
//!   deliveries whose release sets the alarm: it always looks at the store again;
//! * a lane with queued deliveries is in the turn of its account exactly once, has a timer or a request under
//!   way, or is parked while others like it have requests under way;
//! * an account with lanes in its turn is in the queue of turns, or has a request under way;
//! * an idle lane is dropped, unless it knows of a pause or a limit; then it has a timer.

mod alarms;
mod claims;
mod lane;
mod limits;
mod turns;

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use postrider_model::{AccountId, ActionId, RateLimit, Timestamp};
use postrider_storage::{ReadyDelivery, SessionId};

use self::alarms::Alarms;
use self::claims::ClaimTurns;
use self::lane::Lane;
use self::limits::Limits;
use self::turns::AccountTurn;
use crate::window::Window;

/// A delivery in memory, and the session that owns it.
#[derive(Debug, Clone)]
pub struct Ready {
    /// The delivery.
    pub delivery: ReadyDelivery,
    /// The session under which it is attempted and recorded.
    pub session: SessionId,
    /// When it was queued or, once it has started, when it started, on the monotonic clock.
    pub at: Duration,
    /// Once it has started: the rate limit under which it did.
    pub limit: Option<RateLimit>,
}

impl Ready {
    /// Bytes that the delivery takes up in the window.
    pub fn bytes(&self) -> usize {
        self.delivery.event.bytes()
    }
}

/// Whether deliveries may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gate {
    /// They may.
    Open,
    /// Not now, because the session may be dead.
    HeldBack,
    /// Never again, because the node is stopping.
    Closed,
}

/// All lanes of a node.
#[derive(Debug)]
pub struct Lanes {
    lanes: HashMap<ActionId, Lane>,
    window: Window,
    in_flight: usize,
    in_flight_max: usize,
    /// Requests under way of lanes that give way ([`crate::pace::Pace::gives_way`]).
    in_flight_giving_way: usize,
    /// The queue of turns: accounts with lanes that may have a delivery to start.
    turn: VecDeque<AccountId>,
    accounts: HashMap<AccountId, AccountTurn>,
    /// Lanes that wait for a slot while none of their requests is under way.
    parked: VecDeque<ActionId>,
    alarms: Alarms<Timestamp>,
    claims: ClaimTurns,
    limits: Limits,
    /// When lanes may start again, or can be forgotten.
    timers: Alarms<Duration>,
    timer_is_new: bool,
    alarm_is_new: bool,
    /// The monotonic time of the last call that named it.
    now: Duration,
    /// Deliveries due later than this from now are left to a later rescan.
    horizon: Duration,
    gate: Gate,
}

impl Lanes {
    /// No lanes yet.
    pub fn new(window: Window, in_flight_max: usize, horizon: Duration) -> Self {
        Self {
            lanes: HashMap::new(),
            window,
            in_flight: 0,
            in_flight_max,
            in_flight_giving_way: 0,
            turn: VecDeque::new(),
            accounts: HashMap::new(),
            parked: VecDeque::new(),
            alarms: Alarms::default(),
            claims: ClaimTurns::default(),
            limits: Limits::default(),
            timers: Alarms::default(),
            timer_is_new: false,
            alarm_is_new: false,
            now: Duration::ZERO,
            horizon,
            gate: Gate::Open,
        }
    }

    /// Starts nothing more, and keeps nothing new in memory, until [`Self::resume`].
    pub fn hold_back(&mut self) {
        if self.gate == Gate::Open {
            self.gate = Gate::HeldBack;
        }
    }

    /// Ends [`Self::hold_back`]. Returns whether the lanes were held back.
    pub fn resume(&mut self) -> bool {
        let was_held_back = self.gate == Gate::HeldBack;
        if was_held_back {
            self.gate = Gate::Open;
        }
        was_held_back
    }

    /// Starts nothing more, and keeps nothing new in memory, permanently.
    pub fn close(&mut self) {
        self.gate = Gate::Closed;
    }

    /// Drops the queued deliveries, because the session that owned them is dead. Attempts under way continue.
    pub fn forget_queued(&mut self) {
        self.turn.clear();
        self.parked.clear();
        self.accounts.retain(|_, turn| {
            turn.in_turn = false;
            turn.lanes.clear();
            turn.in_flight > 0
        });
        for lane in self.lanes.values_mut() {
            lane.in_turn = false;
            lane.is_parked = false;
            for ready in std::mem::take(&mut lane.queue) {
                lane.free_up(&mut self.window, &mut self.alarms, 1, ready.bytes());
            }
        }
        let idle = self.lanes.iter().filter(|(_, lane)| lane.is_idle());
        let idle: Vec<ActionId> = idle.map(|(action, _)| *action).collect();
        idle.into_iter().for_each(|action| self.drop_if_idle(action));
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

    /// The lane of an action, created if missing, and what all lanes share.
    fn lane(
        &mut self,
        account: AccountId,
        action: ActionId,
    ) -> (&mut Lane, &mut Window, &mut Alarms<Timestamp>) {
        let lane = self
            .lanes
            .entry(action)
            .or_insert_with(|| Lane::new(account, action));
        (lane, &mut self.window, &mut self.alarms)
    }

    /// Drops an idle lane, or sets a timer for it while it knows of a pause or a limit of its receiver.
    fn drop_if_idle(&mut self, action: ActionId) {
        let Some(lane) = self.lanes.get_mut(&action).filter(|lane| lane.is_idle()) else {
            return;
        };
        let until = lane.pace.remembered_until();
        if until > self.now {
            if lane.timer.is_none() {
                lane.timer = Some(until);
                self.timer_is_new |= self.timers.set(until, action);
            }
            return;
        }
        if let Some(at) = lane.timer {
            self.timers.clear(at, action);
        }
        if lane.pace.limit().is_some() {
            self.limits.remove(action);
        }
        self.lanes.remove(&action);
    }
}

#[cfg(test)]
mod tests;
