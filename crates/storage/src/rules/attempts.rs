//! How the result of an attempt changes its delivery.

use std::time::Duration;

use postrider_model::automation::DisabledReason;
use postrider_model::delivery::{Next, Progress};
use postrider_model::{ActionId, Attempt, DeliveryStatus, Timestamp};

use crate::automations::DisableAction;
use crate::deliveries::{Change, Recorded};
use crate::health::ActionReport;
use crate::sessions::SessionId;

/// An ended attempt, and the resulting state of its delivery.
#[derive(Debug, Clone, Copy)]
pub struct AttemptResult<'a> {
    /// Its record.
    pub attempt: &'a Attempt,
    /// The delivery's new progress.
    pub progress: Progress,
    /// The final status, or when to retry.
    pub next: Next,
    /// Why the result also switches the action off.
    pub disables: Option<DisabledReason>,
    /// What it says about the action.
    pub report: Option<&'a ActionReport>,
}

impl<'a> AttemptResult<'a> {
    /// The attempt of a change; `None` if the delivery was canceled instead.
    pub fn of(change: &'a Change) -> Option<Self> {
        match change {
            Change::Attempted {
                attempt,
                progress,
                next,
                disables,
                report,
            } => Some(Self {
                attempt,
                progress: *progress,
                next: *next,
                disables: *disables,
                report: report.as_deref(),
            }),
            Change::Canceled { .. } => None,
        }
    }

    /// The action to switch off with this result, if it is applied.
    pub fn disabled(&self, action: ActionId) -> Option<DisableAction> {
        Some(DisableAction {
            action,
            target: self.attempt.exchange.target().to_owned(),
            reason: self.disables?,
        })
    }

    /// The time of the new state: when the delivery was settled, or when its next attempt is due.
    pub fn state_at(&self) -> Timestamp {
        match self.next {
            Next::Settle(_) => self.attempt.started_at.after(self.attempt.duration),
            Next::Retry(at) => at,
        }
    }
}

/// A delivery at the time when a result of it is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// The session that owns it, alive or dead; `None` if it waits or is settled.
    pub owner: Option<SessionId>,
    /// Its progress.
    pub progress: Progress,
}

impl Held {
    /// Whether a result changes the delivery's state; otherwise its attempt is recorded as a late one. The
    /// session that made the attempt reports it, and is or is not alive. `record` holds the delivery's
    /// attempts.
    ///
    /// A session whose lease has run out owns nothing that others may take. What it knows of its attempts is
    /// still true: until another session takes the delivery over, such a result spares the receiver a
    /// repetition.
    pub fn takes(
        &self,
        result: &AttemptResult<'_>,
        session: SessionId,
        is_alive: bool,
        record: &[OnRecord],
    ) -> bool {
        match self.owner {
            Some(owner) => owner == session && !self.is_resent_since(result),
            None => !is_alive && self.waits_as_before(result, record),
        }
    }

    /// Whether the attempt began before the delivery was canceled and a resend was requested, which the same
    /// session may own by now: such an attempt counts no resend.
    fn is_resent_since(&self, result: &AttemptResult<'_>) -> bool {
        self.progress.resend_of.is_some() && result.progress.resends <= self.progress.resends
    }

    /// Whether the delivery waits for the very attempt whose result this is: nobody has made another one or
    /// requested a resend since.
    fn waits_as_before(&self, result: &AttemptResult<'_>, record: &[OnRecord]) -> bool {
        let progress = &self.progress;
        let number = result.attempt.number;
        progress.status == DeliveryStatus::Pending
            && progress.next_number() == number
            && progress.resends + u32::from(progress.resend_of.is_some()) == result.progress.resends
            && record.iter().all(|other| other.number < number)
    }
}

/// The result reported to a session for a change of an existing delivery.
pub const fn recorded(is_applied: bool) -> Recorded {
    if is_applied {
        Recorded::Applied
    } else {
        Recorded::Fenced
    }
}

/// The part of a recorded attempt that decides about further attempts of its delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnRecord {
    /// Its number within the delivery.
    pub number: u32,
    /// When it started, in milliseconds since 1970.
    pub started_at_ms: i64,
    /// How long it took, from [`stored_duration`].
    pub duration_ns: i64,
    /// [`postrider_model::Outcome::code`].
    pub outcome: u8,
    /// Whether it came too late to change the delivery's state.
    pub is_fenced: bool,
}

impl OnRecord {
    /// Whether this is the same attempt, reported again. Two attempts of one delivery never have the same
    /// start time, duration and outcome.
    pub fn is(&self, attempt: &Attempt) -> bool {
        self.started_at_ms == attempt.started_at.unix_ms()
            && self.duration_ns == stored_duration(attempt.duration)
            && self.outcome == attempt.outcome.code()
    }
}

/// The number under which to record an attempt: its own or, if a late attempt has used that, the next free
/// one.
///
/// # Errors
/// The result of the earlier report, if the attempt is already on record because a session reports it again.
pub fn free_number(attempt: &Attempt, record: &[OnRecord]) -> Result<u32, Recorded> {
    if let Some(earlier) = record.iter().find(|other| other.is(attempt)) {
        return Err(recorded(!earlier.is_fenced));
    }
    let own = attempt.number;
    let is_free = |number: &u32| record.iter().all(|other| other.number != *number);
    Ok((own..).find(is_free).unwrap_or(own))
}

/// A duration in the form that a column stores: nanoseconds, at most 292 years.
pub fn stored_duration(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::test_values::attempt;

    fn on_record(attempt: &Attempt) -> OnRecord {
        OnRecord {
            number: attempt.number,
            started_at_ms: attempt.started_at.unix_ms(),
            duration_ns: stored_duration(attempt.duration),
            outcome: attempt.outcome.code(),
            is_fenced: false,
        }
    }

    #[test]
    fn an_attempt_keeps_its_number_where_that_is_free() {
        assert_eq!(free_number(&attempt(1, 0), &[]), Ok(1));
        let earlier = on_record(&attempt(1, 0));
        assert_eq!(free_number(&attempt(2, 10), &[earlier]), Ok(2));
    }

    #[test]
    fn a_taken_number_leads_to_the_next_free_one() {
        let record = [2, 3, 5].map(|number| on_record(&attempt(number, i64::from(number))));
        assert_eq!(free_number(&attempt(2, 100), &record), Ok(4));
        assert_eq!(free_number(&attempt(5, 100), &record), Ok(6));
    }

    #[test]
    fn an_attempt_reported_again_gets_no_number() {
        let first = attempt(1, 0);
        let mut record = on_record(&first);
        assert_eq!(free_number(&first, &[record]), Err(Recorded::Applied));
        record.is_fenced = true;
        assert_eq!(free_number(&first, &[record]), Err(Recorded::Fenced));
        let longer = Attempt {
            duration: first.duration + Duration::from_nanos(1),
            ..first.clone()
        };
        assert_eq!(free_number(&longer, &[on_record(&first)]), Ok(2));
    }

    #[test]
    fn an_attempt_from_before_a_cancellation_does_not_decide_a_resend() {
        let (session, made) = (SessionId(1), attempt(1, 0));
        let canceled = Progress {
            status: DeliveryStatus::Canceled,
            ..Progress::new()
        };
        let held = Held {
            owner: Some(session),
            progress: canceled.resend().unwrap(),
        };
        let result = |resends| AttemptResult {
            attempt: &made,
            progress: Progress {
                status: DeliveryStatus::Failed,
                attempts: 1,
                resends,
                resend_of: None,
            },
            next: Next::Settle(DeliveryStatus::Failed),
            disables: None,
            report: None,
        };
        assert!(!held.takes(&result(0), session, true, &[]));
        assert!(held.takes(&result(1), session, true, &[]));
    }

    #[test]
    fn a_settled_delivery_is_settled_when_its_attempt_ended() {
        let attempt = attempt(1, 5);
        let mut result = AttemptResult {
            attempt: &attempt,
            progress: Progress::new(),
            next: Next::Settle(DeliveryStatus::Succeeded),
            disables: None,
            report: None,
        };
        assert_eq!(result.state_at(), attempt.started_at.after(attempt.duration));
        let due = Timestamp::from_unix_ms(99_000);
        result.next = Next::Retry(due);
        assert_eq!(result.state_at(), due);
    }
}
