//! Deliveries, and the rules by which attempts change them.

mod body_spec;

use std::time::Duration;

use crate::attempt::Outcome;
use crate::event_type::EventTypeName;
use crate::id::{AccountId, ActionId, AutomationId, DeliveryId, EventId};
use crate::schedule::Schedule;
use crate::time::Timestamp;

pub use body_spec::BodySpec;

/// The status of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum DeliveryStatus {
    /// An attempt is under way, about to start, or due at a later time.
    Pending = 0,
    /// The receiver responded to an attempt with a status of 200 to 299.
    Succeeded = 1,
    /// The schedule is used up.
    Failed = 2,
    /// Somebody canceled it, or its action was deleted or switched off, before the next attempt.
    Canceled = 3,
}

impl DeliveryStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Succeeded, Self::Failed, Self::Canceled];

    /// The status's name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
        }
    }

    /// The number that a store keeps.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The status that a store keeps as this number.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// The status of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }
}

/// One event to be carried out by one action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The delivery's id.
    pub id: DeliveryId,
    /// The account that owns it.
    pub account: AccountId,
    /// The event that is delivered.
    pub event: EventId,
    /// The event's type, kept here so that lists need no second look-up.
    pub event_type: EventTypeName,
    /// The automation that was triggered.
    pub automation: AutomationId,
    /// The action that carries it out.
    pub action: ActionId,
    /// How the body is built. This is the action's setting when the event was accepted, so that an update
    /// cannot change the bytes.
    pub body: BodySpec,
    /// Its status and its count of attempts.
    pub progress: Progress,
    /// When the next attempt is due; `None` while one is under way or about to start, and once settled.
    pub next_attempt_at: Option<Timestamp>,
    /// When the event was accepted.
    pub created_at: Timestamp,
    /// When the delivery reached its final status; `None` while pending.
    pub settled_at: Option<Timestamp>,
    /// Status code of the receiver's response to the last attempt, if there was one.
    pub last_status_code: Option<u16>,
    /// Outcome of the last attempt, if there was one.
    pub last_outcome: Option<Outcome>,
}

/// The progress of a delivery: everything that the rules need to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The delivery's status.
    pub status: DeliveryStatus,
    /// Attempts recorded, resends included.
    pub attempts: u32,
    /// Number of these attempts that were resends, which do not use up the schedule.
    pub resends: u32,
    /// The status that the delivery had when a resend was requested. Set while the resend is due or under
    /// way.
    pub resend_of: Option<DeliveryStatus>,
}

/// Maximum attempts of one delivery, resends included, which bounds the records of a delivery.
pub const ATTEMPTS_MAX: u32 = 1_000;

/// What follows an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Nothing more: the delivery has this status now.
    Settle(DeliveryStatus),
    /// Another attempt, at this time.
    Retry(Timestamp),
}

/// An attempt as the rules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// How it ended.
    pub outcome: Outcome,
    /// When it ended: the next delay counts from here.
    pub at: Timestamp,
    /// How long the receiver's `Retry-After` asked to wait, on a 429 or 503.
    pub retry_after: Option<Duration>,
    /// Whether a retry would fail in the same way, so that none follows.
    pub is_final: bool,
    /// When the first attempt of the schedule is due at the earliest ([`crate::Event::due_at`]).
    pub first_due: Timestamp,
}

impl Progress {
    /// The progress of a delivery without attempts.
    pub const fn new() -> Self {
        Self {
            status: DeliveryStatus::Pending,
            attempts: 0,
            resends: 0,
            resend_of: None,
        }
    }

    /// The number of the attempt that starts now.
    pub const fn next_number(&self) -> u32 {
        self.attempts + 1
    }

    /// Requests one more attempt. `None` if the delivery has had [`ATTEMPTS_MAX`].
    ///
    /// A resend is exactly one attempt. If it fails, a delivery that was waiting for a retry waits again. A
    /// settled delivery returns to its previous status, except that a canceled one becomes failed.
    pub fn resend(&self) -> Option<Self> {
        (self.attempts < ATTEMPTS_MAX).then_some(Self {
            status: DeliveryStatus::Pending,
            resend_of: Some(self.resend_of.unwrap_or(self.status)),
            ..*self
        })
    }

    /// The status of a delivery that somebody cancels, or whose action was deleted or switched off. It is
    /// canceled, except that a settled delivery with a resend that cannot be sent returns to its previous
    /// status. A delivery that has succeeded stays succeeded.
    pub fn status_when_canceled(&self) -> DeliveryStatus {
        match self.resend_of {
            Some(DeliveryStatus::Pending) | None => DeliveryStatus::Canceled,
            Some(settled) => settled,
        }
    }

    /// Applies the end of an attempt. Returns the new progress and what follows.
    pub fn after_attempt(&self, ended: Ended, schedule: &Schedule) -> (Self, Next) {
        let resends = self.resends + u32::from(self.resend_of.is_some());
        let counted = Self {
            attempts: self.attempts + 1,
            resends,
            resend_of: None,
            ..*self
        };
        let next = match (ended.outcome, self.resend_of) {
            (Outcome::Succeeded, _) => Next::Settle(DeliveryStatus::Succeeded),
            (_, Some(DeliveryStatus::Succeeded)) => Next::Settle(DeliveryStatus::Succeeded),
            (_, Some(DeliveryStatus::Failed | DeliveryStatus::Canceled)) => {
                Next::Settle(DeliveryStatus::Failed)
            }
            _ if ended.is_final => Next::Settle(DeliveryStatus::Failed),
            (_, Some(DeliveryStatus::Pending) | None) => counted.retry(ended, schedule),
        };
        let status = match next {
            Next::Settle(status) => status,
            Next::Retry(_) => DeliveryStatus::Pending,
        };
        (Self { status, ..counted }, next)
    }

    fn retry(&self, ended: Ended, schedule: &Schedule) -> Next {
        // Before the first scheduled attempt, only resends can have failed; the scheduled attempt is then due
        // at once, or when the event asks for it.
        let scheduled = self.attempts - self.resends;
        if scheduled == 0 {
            return Next::Retry(ended.at.max(ended.first_due));
        }
        match schedule.delay_after(scheduled, ended.retry_after) {
            Some(delay) if self.attempts < ATTEMPTS_MAX => Next::Retry(ended.at.after(delay)),
            _ => Next::Settle(DeliveryStatus::Failed),
        }
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(outcome: Outcome, at_ms: i64) -> Ended {
        Ended {
            outcome,
            at: Timestamp::from_unix_ms(at_ms),
            retry_after: None,
            is_final: false,
            first_due: Timestamp::from_unix_ms(0),
        }
    }

    fn fail(progress: Progress, at_ms: i64) -> (Progress, Next) {
        progress.after_attempt(ended(Outcome::BadStatus, at_ms), &Schedule::default())
    }

    #[test]
    fn three_attempts_then_never() {
        let (one, next) = fail(Progress::new(), 0);
        assert_eq!(next, Next::Retry(Timestamp::from_unix_ms(10_000)));
        let (two, next) = fail(one, 10_000);
        assert_eq!(next, Next::Retry(Timestamp::from_unix_ms(110_000)));
        let (three, next) = fail(two, 110_000);
        assert_eq!(next, Next::Settle(DeliveryStatus::Failed));
        assert_eq!((three.attempts, three.status), (3, DeliveryStatus::Failed));
    }

    #[test]
    fn a_resend_is_one_attempt_and_leaves_the_schedule_alone() {
        let (one, _) = fail(Progress::new(), 0);
        let (resent, next) = fail(one.resend().unwrap(), 3_000);
        assert_eq!(
            next,
            Next::Retry(Timestamp::from_unix_ms(13_000)),
            "waits as long as it did before"
        );
        let (two, _) = fail(resent, 13_000);
        let (three, next) = fail(two, 113_000);
        assert_eq!(
            (next, three.attempts, three.resends),
            (Next::Settle(DeliveryStatus::Failed), 4, 1)
        );
    }

    #[test]
    fn a_failed_resend_before_the_time_of_the_event_leaves_that_time_alone() {
        let early = Ended {
            first_due: Timestamp::from_unix_ms(90_000),
            ..ended(Outcome::BadStatus, 5_000)
        };
        let resend = Progress::new().resend().unwrap();
        let (waiting, next) = resend.after_attempt(early, &Schedule::default());
        assert_eq!(next, Next::Retry(Timestamp::from_unix_ms(90_000)));
        let (_, next) = fail(waiting, 90_000);
        assert_eq!(next, Next::Retry(Timestamp::from_unix_ms(100_000)));
    }

    #[test]
    fn a_failed_resend_keeps_an_earlier_success() {
        let (succeeded, _) =
            Progress::new().after_attempt(ended(Outcome::Succeeded, 0), &Schedule::default());
        let (resent, next) = fail(succeeded.resend().unwrap(), 5);
        assert_eq!(
            (next, resent.attempts),
            (Next::Settle(DeliveryStatus::Succeeded), 2)
        );
    }

    #[test]
    fn a_resend_of_a_failed_delivery_decides_its_status_again() {
        let failed = Progress {
            status: DeliveryStatus::Failed,
            attempts: 3,
            ..Progress::new()
        };
        let resend = failed.resend().unwrap();
        assert_eq!(resend.status, DeliveryStatus::Pending);
        assert_eq!(fail(resend, 0).1, Next::Settle(DeliveryStatus::Failed));
        let (ok, _) = resend.after_attempt(ended(Outcome::Succeeded, 0), &Schedule::default());
        assert_eq!(ok.status, DeliveryStatus::Succeeded);
    }

    #[test]
    fn a_canceled_resend_keeps_the_earlier_status() {
        assert_eq!(Progress::new().status_when_canceled(), DeliveryStatus::Canceled);
        for status in [
            DeliveryStatus::Succeeded,
            DeliveryStatus::Failed,
            DeliveryStatus::Canceled,
        ] {
            let resend = Progress {
                status,
                ..Progress::new()
            }
            .resend()
            .unwrap();
            assert_eq!(resend.status_when_canceled(), status);
        }
    }

    #[test]
    fn attempts_are_bounded() {
        let full = Progress {
            status: DeliveryStatus::Failed,
            attempts: ATTEMPTS_MAX,
            ..Progress::new()
        };
        assert_eq!(full.resend(), None);
    }
}
