//! What the engine tells of its work: to count it, or to show it as it happens.
//!
//! An engine has one [`Observer`], and calls it once per step of [`crate::work::advance`] for the events and
//! once for the results, after the commit and outside every lock. The views that it hands over borrow what
//! the step holds, so that telling costs no memory per item. An observer is on the hot path: it must neither
//! block nor panic.

use std::sync::Arc;

use postrider_model::{AutomationId, DeliveryStatus, Event};
use postrider_storage::{Appended, Finished, NewEvent, Recorded};

/// Who is told what the engine does.
pub trait Observer: Send + Sync {
    /// These events are on disk. Their producers have not been told yet.
    fn events_stored(&self, events: StoredEvents<'_>);

    /// These results are on record.
    fn results_recorded(&self, results: RecordedResults<'_>);
}

/// The events that a step stored. Events that were known before, or conflict with one that was, are not among
/// them.
#[derive(Clone, Copy)]
pub struct StoredEvents<'a> {
    events: &'a [NewEvent],
    appended: &'a [Appended],
}

impl<'a> StoredEvents<'a> {
    /// `appended` says for each of `events`, in order, what became of it.
    pub(crate) fn new(events: &'a [NewEvent], appended: &'a [Appended]) -> Self {
        Self { events, appended }
    }

    /// The events, in the order of their acceptance.
    pub fn iter(self) -> impl Iterator<Item = &'a Event> {
        let outcomes = self.events.iter().zip(self.appended);
        outcomes.filter_map(|(new, appended)| matches!(appended, Appended::Stored).then_some(&new.event))
    }
}

/// The results that a step recorded. Late results, which changed nothing, are not among them.
#[derive(Clone, Copy)]
pub struct RecordedResults<'a> {
    finished: &'a [Finished],
    subjects: &'a [Subject],
    recorded: &'a [Recorded],
}

/// What a result is about.
pub(crate) struct Subject {
    /// What was delivered.
    pub(crate) event: Arc<Event>,
    /// The automation that was triggered.
    pub(crate) automation: AutomationId,
    /// Where the attempt was a resend: the status that the delivery had before.
    pub(crate) resend_of: Option<DeliveryStatus>,
    /// Whether the receiver wants no more deliveries of this action.
    pub(crate) gone: bool,
}

/// A result that is on record.
#[derive(Clone, Copy)]
pub struct RecordedResult<'a> {
    /// The delivery, its action, and what happened to it.
    pub finished: &'a Finished,
    /// What was delivered.
    pub event: &'a Arc<Event>,
    /// The automation that was triggered.
    pub automation: AutomationId,
    /// Where the attempt was a resend: the status that the delivery had before.
    pub resend_of: Option<DeliveryStatus>,
}

impl<'a> RecordedResults<'a> {
    /// `subjects` and `recorded` belong to `finished`, one each, in order.
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
            })
        })
    }
}
