//! Which deliveries a request to cancel concerns, and when an event can be canceled.

use postrider_model::delivery::Progress;
use postrider_model::{DeliveryStatus, Timestamp};

use crate::deliveries::DeliveryFilter;

/// Most deliveries that one step cancels: they keep a store busy for about ten milliseconds.
pub const STEP_DELIVERIES_MAX: usize = 500;

/// The filter of a request to cancel that began at `now`: pending deliveries only, and none that are created
/// later. `None` if nothing can match, because the filter asks for another status.
pub fn filter(filter: &DeliveryFilter, now: Timestamp) -> Option<DeliveryFilter> {
    match filter.status {
        None | Some(DeliveryStatus::Pending) => Some(DeliveryFilter {
            status: Some(DeliveryStatus::Pending),
            before: Some(filter.before.map_or(now, |before| before.min(now))),
            ..filter.clone()
        }),
        Some(_) => None,
    }
}

/// A delivery of an event that somebody cancels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OfEvent {
    /// Its status and counters.
    pub progress: Progress,
    /// Whether a session owns it.
    pub is_owned: bool,
    /// Whether an attempt is on record.
    pub has_attempts: bool,
}

/// What happens to a delivery when its event is canceled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WithEvent {
    /// It gets this status.
    Cancel(DeliveryStatus),
    /// It stays as it is: it is settled without an attempt.
    Leave,
    /// The event cannot be canceled any more: a receiver has it, or may have it soon.
    Refuse,
}

/// Whether a delivery can be canceled with its event: only if no attempt was made, and none can be under way.
pub fn of_event(delivery: OfEvent) -> WithEvent {
    if delivery.is_owned || delivery.has_attempts || delivery.progress.attempts > 0 {
        return WithEvent::Refuse;
    }
    match delivery.progress.status {
        DeliveryStatus::Pending => WithEvent::Cancel(delivery.progress.status_when_canceled()),
        DeliveryStatus::Succeeded | DeliveryStatus::Failed | DeliveryStatus::Canceled => WithEvent::Leave,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_canceled_before_its_first_attempt_alone() {
        let waits = OfEvent {
            progress: Progress::new(),
            is_owned: false,
            has_attempts: false,
        };
        assert_eq!(of_event(waits), WithEvent::Cancel(DeliveryStatus::Canceled));
        let canceled = Progress {
            status: DeliveryStatus::Canceled,
            ..Progress::new()
        };
        let progress = canceled;
        assert_eq!(of_event(OfEvent { progress, ..waits }), WithEvent::Leave);
        let progress = canceled.resend().unwrap();
        assert_eq!(
            of_event(OfEvent { progress, ..waits }),
            WithEvent::Cancel(DeliveryStatus::Canceled)
        );
        let attempted = Progress {
            attempts: 1,
            ..Progress::new()
        };
        for refused in [
            OfEvent {
                is_owned: true,
                ..waits
            },
            OfEvent {
                has_attempts: true,
                ..waits
            },
            OfEvent {
                progress: attempted,
                ..waits
            },
        ] {
            assert_eq!(of_event(refused), WithEvent::Refuse, "{refused:?}");
        }
    }

    #[test]
    fn only_pending_deliveries_of_the_past_are_canceled() {
        let at = Timestamp::from_unix_ms;
        let given = |status, before| DeliveryFilter {
            status,
            before,
            ..DeliveryFilter::default()
        };
        let pending = Some(DeliveryStatus::Pending);
        let cases = [
            (given(None, None), Some(at(20))),
            (given(pending, Some(at(10))), Some(at(10))),
            (given(pending, Some(at(30))), Some(at(20))),
        ];
        for (asked, before) in cases {
            assert_eq!(filter(&asked, at(20)), Some(given(pending, before)), "{asked:?}");
        }
        for status in DeliveryStatus::ALL {
            let asked = given(Some(status), None);
            let may_match = status == DeliveryStatus::Pending;
            assert_eq!(filter(&asked, at(20)).is_some(), may_match, "{status:?}");
        }
    }
}
