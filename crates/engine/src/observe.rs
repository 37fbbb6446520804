//! How the engine reports its work to code that counts it, or shows it as it happens.
//!
//! An engine has one [`Observer`]. For each step of [`crate::work::advance`] it calls the observer once for
//! the events and once for the results, after the commit and outside every lock. The views that it passes
//! borrow from the step, so that reporting costs no memory per item. An observer is on the hot path: it must
//! neither block nor panic.

use std::sync::Arc;
use std::time::Duration;

use postrider_model::{AccountId, AutomationId, DeliveryStatus, Event, Timestamp};
use postrider_storage::{Appended, CanceledDelivery, Finished, NewEvent, Recorded};

/// Receives reports of what the engine does.
pub trait Observer: Send + Sync {
    /// These events are on disk. Their producers have no reply yet.
    fn events_stored(&self, events: StoredEvents<'_>);

    /// These results are recorded.
    fn results_recorded(&self, results: RecordedResults<'_>);

    /// These deliveries of the account were canceled on request, at this time. Called after each step.
    fn deliveries_canceled(&self, account: AccountId, at: Timestamp, canceled: &[CanceledDelivery]);
}

/// The events that a step stored. Events that were already known, or that conflict with a known event, are
/// left out.
#[derive(Clone, Copy)]
pub struct StoredEvents<'a> {
    events: &'a [NewEvent],
    appended: &'a [Appended],
    commit: Commit,
}

/// When a step was written to the store, by the monotonic clock.
#[derive(Debug, Clone, Copy)]
pub struct Commit {
    /// When the write began.
    pub began: Duration,
    /// How long it took.
    pub took: Duration,
}

impl<'a> StoredEvents<'a> {
    /// `appended` holds the result for each of `events`, in the same order.
    pub(crate) fn new(events: &'a [NewEvent], appended: &'a [Appended], commit: Commit) -> Self {
        Self {
            events,
            appended,
            commit,
        }
    }

    /// The commit that stored them.
    pub fn commit(self) -> Commit {
        self.commit
    }

    /// The events, in the order of their acceptance.
    pub fn iter(self) -> impl Iterator<Item = &'a NewEvent> {
        let outcomes = self.events.iter().zip(self.appended);
        outcomes.filter_map(|(new, appended)| matches!(appended, Appended::Stored).then_some(new))
    }
}

/// The results that a step recorded. Late results, which changed nothing, are left out.
#[derive(Clone, Copy)]
pub struct RecordedResults<'a> {
    finished: &'a [Finished],
    subjects: &'a [Subject],
    recorded: &'a [Recorded],
}

/// What else is known of a result.
pub(crate) struct Subject {
    /// The event of the delivery.
    pub(crate) event: Arc<Event>,
    /// The automation that was triggered.
    pub(crate) automation: AutomationId,
    /// For a resend, the delivery's status before it.
    pub(crate) resend_of: Option<DeliveryStatus>,
    /// Whether the result changes its action: its health or its switch.
    pub(crate) changes_action: bool,
    /// When the attempt began, by the monotonic clock; `None` if there was none.
    pub(crate) began: Option<Duration>,
}

/// A recorded result.
#[derive(Clone, Copy)]
pub struct RecordedResult<'a> {
    /// The delivery, its action, and what happened to it.
    pub finished: &'a Finished,
    /// The event of the delivery.
    pub event: &'a Arc<Event>,
    /// The automation that was triggered.
    pub automation: AutomationId,
    /// For a resend, the delivery's status before it.
    pub resend_of: Option<DeliveryStatus>,
    /// When the attempt began, by the monotonic clock; `None` if the delivery was canceled without one.
    pub began: Option<Duration>,
}

impl<'a> RecordedResults<'a> {
    /// `subjects` and `recorded` hold one item for each of `finished`, in the same order.
    pub(crate) fn new(finished: &'a [Finished], subjects: &'a [Subject], recorded: &'a [Recorded]) -> Self {
        Self {
            finished,
            subjects,
            recorded,
        }
    }

    /// The results, in the order in which the attempts ended.
    pub fn iter(self) -> impl Iterator<Item = RecordedResult<'a>> {
        let of = self.finished.iter().zip(self.subjects).zip(self.recorded);
        of.filter_map(|((finished, subject), recorded)| {
            (*recorded == Recorded::Applied).then_some(RecordedResult {
                finished,
                event: &subject.event,
                automation: subject.automation,
                resend_of: subject.resend_of,
                began: subject.began,
            })
        })
    }
}
