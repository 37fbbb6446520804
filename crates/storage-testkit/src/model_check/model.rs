//! The promises of a store about deliveries in the simplest form: everything in maps, nothing concurrent.

use std::collections::{BTreeMap, BTreeSet};

use postrider_model::delivery::{ATTEMPTS_MAX, Next};
use postrider_model::{ActionId, Attempt, Delivery, DeliveryId, DeliveryStatus, Event, EventId, Timestamp};

use super::super::build::delivery_of;
use postrider_storage::{
    Appended, Change, DeliveryKey, Finished, FirstAttempt, NewEvent, Recorded, Resent, SessionId,
};

/// A delivery with its owner and its attempts.
pub struct Tracked {
    /// The delivery as a store returns it.
    pub delivery: Delivery,
    /// The owning session, if there is one.
    pub owner: Option<SessionId>,
    /// Its attempts, in order.
    pub attempts: Vec<Attempt>,
    /// The numbers of attempts that were fenced.
    fenced: BTreeSet<u32>,
}

impl Tracked {
    /// A delivery without attempts.
    pub fn new(delivery: Delivery, owner: Option<SessionId>) -> Self {
        Self {
            delivery,
            owner,
            attempts: Vec::new(),
            fenced: BTreeSet::new(),
        }
    }

    /// Its key.
    pub fn key(&self) -> DeliveryKey {
        DeliveryKey {
            account: self.delivery.account,
            delivery: self.delivery.id,
        }
    }

    /// When it is due, if it waits.
    pub fn due(&self) -> Option<Timestamp> {
        self.delivery.next_attempt_at
    }

    /// Makes it wait, due at this time.
    pub fn wait(&mut self, due: Timestamp) {
        self.owner = None;
        self.delivery.next_attempt_at = Some(due);
    }

    /// The earlier result, if this attempt was already recorded.
    fn on_record(&self, change: &Change) -> Option<Recorded> {
        let Change::Attempted { attempt, .. } = change else {
            return None;
        };
        let facts = |attempt: &Attempt| (attempt.started_at, attempt.duration, attempt.outcome);
        let mut attempts = self.attempts.iter();
        let earlier = attempts.find(|other| facts(other) == facts(attempt))?;
        Some(match self.fenced.contains(&earlier.number) {
            true => Recorded::Fenced,
            false => Recorded::Applied,
        })
    }

    /// Records an attempt, under the next free number if its own is used.
    fn record(&mut self, attempt: &Attempt, recorded: Recorded) {
        let taken: BTreeSet<_> = self.attempts.iter().map(|attempt| attempt.number).collect();
        let free = (attempt.number..).find(|number| !taken.contains(number));
        let number = free.expect("few attempts");
        if recorded == Recorded::Fenced {
            self.fenced.insert(number);
        }
        self.attempts.push(Attempt {
            number,
            ..attempt.clone()
        });
        self.attempts.sort_by_key(|attempt| attempt.number);
    }

    /// Applies the change that the owner reported.
    fn apply(&mut self, change: &Change) {
        self.owner = None;
        self.delivery.next_attempt_at = None;
        match change {
            Change::Attempted {
                attempt,
                progress,
                next,
                ..
            } => {
                self.delivery.progress = *progress;
                self.delivery.last_outcome = Some(attempt.outcome);
                self.delivery.last_status_code = attempt.exchange.status_code();
                match next {
                    Next::Settle(_) => {
                        self.delivery.settled_at = Some(attempt.started_at.after(attempt.duration));
                    }
                    Next::Retry(due) => self.delivery.next_attempt_at = Some(*due),
                }
            }
            Change::Canceled { at, status } => {
                self.delivery.progress.status = *status;
                self.delivery.progress.resend_of = None;
                self.delivery.settled_at = Some(*at);
            }
        }
    }
}

/// The state of the model.
pub struct Model {
    /// Every delivery.
    pub deliveries: BTreeMap<DeliveryId, Tracked>,
    /// Every event with its key, in the order of acceptance.
    pub events: Vec<(Event, Option<String>)>,
    /// Live sessions.
    pub live: Vec<SessionId>,
    /// Dead sessions.
    pub dead: Vec<SessionId>,
    /// Whether opening a session ends the previous one.
    exclusive: bool,
}

impl Model {
    /// An empty model.
    pub fn new(exclusive: bool) -> Self {
        Self {
            deliveries: BTreeMap::new(),
            events: Vec::new(),
            live: Vec::new(),
            dead: Vec::new(),
            exclusive,
        }
    }

    /// Records that a session was opened.
    pub fn open(&mut self, session: SessionId) {
        if self.exclusive {
            self.dead.append(&mut self.live);
        }
        self.live.push(session);
    }

    /// Appends an event and returns the expected result.
    pub fn append(&mut self, session: SessionId, new: &NewEvent) -> Appended {
        let by_id = self
            .events
            .iter()
            .find(|(event, _)| new.id_is_callers && event.id == new.event.id);
        let by_key = self
            .events
            .iter()
            .find(|(_, key)| key.is_some() && *key == new.idempotency_key);
        let known = match (by_id, by_key) {
            (Some((a, _)), Some((b, _))) if a.id != b.id => return Appended::Conflict,
            (Some((event, _)), _) | (None, Some((event, _))) => event,
            (None, None) => {
                self.store(session, new);
                return Appended::Stored;
            }
        };
        let same = known.event_type == new.event.event_type
            && known.data == new.event.data
            && known.occurred_at == new.event.occurred_at
            && known.deliver_at == new.event.deliver_at
            && (!new.id_is_callers || known.id == new.event.id);
        if same {
            Appended::known(known.clone())
        } else {
            Appended::Conflict
        }
    }

    fn store(&mut self, session: SessionId, new: &NewEvent) {
        self.events.push((new.event.clone(), new.idempotency_key.clone()));
        for (index, delivery) in new.deliveries.iter().enumerate() {
            let owner = (delivery.first_attempt == FirstAttempt::Owned).then_some(session);
            self.deliveries
                .insert(delivery.id, Tracked::new(delivery_of(new, index), owner));
        }
    }

    /// The waiting deliveries of an action as times and ids, those due first at the front.
    pub fn waiting(&self, action: ActionId) -> Vec<(Timestamp, DeliveryId)> {
        let of_action = |tracked: &&Tracked| tracked.delivery.action == action;
        let mut waiting: Vec<_> = self
            .deliveries
            .values()
            .filter(of_action)
            .filter_map(|tracked| Some((tracked.due()?, tracked.delivery.id)))
            .collect();
        waiting.sort_unstable();
        waiting
    }

    /// The expected result of a report.
    pub fn answer(&self, session: SessionId, finished: &Finished) -> Recorded {
        match self.deliveries.get(&finished.key.delivery) {
            None => Recorded::Missing,
            Some(tracked) => match tracked.on_record(&finished.change) {
                Some(earlier) => earlier,
                None if self.is_applied(tracked, session, &finished.change) => Recorded::Applied,
                None => Recorded::Fenced,
            },
        }
    }

    fn is_applied(&self, tracked: &Tracked, session: SessionId, change: &Change) -> bool {
        let is_alive = self.live.contains(&session);
        match (change, tracked.owner) {
            (Change::Attempted { .. }, Some(owner)) => owner == session,
            (
                Change::Attempted {
                    attempt, progress, ..
                },
                None,
            ) => {
                let before = &tracked.delivery.progress;
                let numbers = tracked.attempts.iter().map(|attempt| attempt.number);
                !is_alive
                    && tracked.due().is_some()
                    && before.attempts + 1 == attempt.number
                    && numbers.max().unwrap_or(0) < attempt.number
                    && before.resends + u32::from(before.resend_of.is_some()) == progress.resends
            }
            (Change::Canceled { .. }, owner) => is_alive && owner == Some(session),
        }
    }

    /// Applies a report as the store recorded it.
    pub fn finish(&mut self, finished: &Finished, recorded: Recorded) {
        let Some(tracked) = self.deliveries.get_mut(&finished.key.delivery) else {
            return;
        };
        if tracked.on_record(&finished.change).is_some() {
            return;
        }
        if let Change::Attempted { attempt, .. } = &finished.change {
            tracked.record(attempt, recorded);
        }
        if recorded == Recorded::Applied {
            tracked.apply(&finished.change);
        }
    }

    /// Requests one more attempt and returns the expected result.
    pub fn resend(&mut self, key: DeliveryKey, now: Timestamp) -> Resent {
        let Some(tracked) = self.deliveries.get_mut(&key.delivery) else {
            return Resent::Missing;
        };
        if tracked.owner.is_some() {
            return Resent::UnderWay;
        }
        match tracked.delivery.progress.resend() {
            None => Resent::TooManyAttempts,
            Some(progress) => {
                debug_assert!(progress.attempts < ATTEMPTS_MAX);
                tracked.delivery.progress = progress;
                tracked.delivery.settled_at = None;
                tracked.wait(now);
                Resent::Due(tracked.delivery.action)
            }
        }
    }

    /// Removes events that were accepted, and whose deliveries were settled, before this time. Returns how
    /// many, and how many deliveries they had.
    pub fn prune(&mut self, before: Timestamp) -> (usize, usize) {
        let keeps = |tracked: &&Tracked| {
            let delivery = &tracked.delivery;
            delivery.progress.status == DeliveryStatus::Pending || delivery.settled_at >= Some(before)
        };
        let kept: BTreeSet<EventId> = self
            .deliveries
            .values()
            .filter(keeps)
            .map(|tracked| tracked.delivery.event)
            .collect();
        let counts = (self.events.len(), self.deliveries.len());
        self.events
            .retain(|(event, _)| event.created_at >= before || kept.contains(&event.id));
        let kept: BTreeSet<_> = self.events.iter().map(|(event, _)| event.id).collect();
        self.deliveries
            .retain(|_, tracked| kept.contains(&tracked.delivery.event));
        (counts.0 - self.events.len(), counts.1 - self.deliveries.len())
    }

    /// All events, the latest first.
    pub fn events_newest_first(&self) -> Vec<Event> {
        self.events.iter().rev().map(|(event, _)| event.clone()).collect()
    }

    /// Actions with waiting deliveries, and when the first of those is due.
    pub fn lanes(&self) -> Vec<(ActionId, Timestamp)> {
        let mut lanes: BTreeMap<ActionId, Timestamp> = BTreeMap::new();
        for tracked in self.deliveries.values() {
            if let Some(due) = tracked.due() {
                let lane = lanes.entry(tracked.delivery.action).or_insert(due);
                *lane = due.min(*lane);
            }
        }
        lanes.into_iter().collect()
    }
}
