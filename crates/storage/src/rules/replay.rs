//! Which deliveries a replay resends.

use std::collections::HashSet;

use postrider_model::delivery::Progress;
use postrider_model::{ActionId, DeliveryStatus, Timestamp};

use crate::deliveries::DeliveryFilter;
use crate::rows::deliveries::OfEvent;

/// Most deliveries that one step of a replay makes due: they keep a store busy for about ten milliseconds.
pub const STEP_DELIVERIES_MAX: usize = 500;

/// The progress of a delivery after it is replayed. `None` if a replay skips it: it is pending, its action is
/// not in `actions`, it has had [`postrider_model::delivery::ATTEMPTS_MAX`] attempts, or its event was
/// canceled. A filter cannot name the last ones, and whoever canceled the event does not want it sent.
pub fn replayed(of: &OfEvent, actions: &HashSet<ActionId>) -> Option<Progress> {
    let delivery = &of.delivery;
    let is_settled = delivery.progress.status != DeliveryStatus::Pending;
    (is_settled && !of.event.is_canceled && actions.contains(&delivery.action))
        .then(|| delivery.progress.resend())
        .flatten()
}

/// The filter of a replay that began at `now`. It leaves out deliveries created later; otherwise the replay
/// would never end.
pub fn filter(filter: &DeliveryFilter, now: Timestamp) -> DeliveryFilter {
    DeliveryFilter {
        before: Some(filter.before.unwrap_or(now)),
        ..filter.clone()
    }
}

#[cfg(test)]
mod tests {
    use postrider_model::delivery::ATTEMPTS_MAX;
    use postrider_model::{FixedPoints, Origin};

    use super::*;
    use crate::encoding::event::Flags;
    use crate::rules::test_values::delivery;

    fn of_event(status: DeliveryStatus, attempts: u32, is_canceled: bool) -> OfEvent {
        OfEvent {
            delivery: delivery(status, attempts),
            event: Flags {
                origin: Origin::Producer,
                fixed_points: FixedPoints::default(),
                is_canceled,
            },
        }
    }

    fn with_its_action(of: &OfEvent) -> Option<Progress> {
        replayed(of, &HashSet::from([of.delivery.action]))
    }

    #[test]
    fn settled_deliveries_of_the_given_actions_are_replayed() {
        for status in [
            DeliveryStatus::Succeeded,
            DeliveryStatus::Failed,
            DeliveryStatus::Canceled,
        ] {
            let of = of_event(status, 1, false);
            let becomes = with_its_action(&of).unwrap();
            assert_eq!(
                (becomes.status, becomes.resend_of),
                (DeliveryStatus::Pending, Some(status))
            );
            assert_eq!(replayed(&of, &HashSet::new()), None);
        }
    }

    #[test]
    fn a_pending_delivery_and_one_with_too_many_attempts_are_left_out() {
        for of in [
            of_event(DeliveryStatus::Pending, 1, false),
            of_event(DeliveryStatus::Failed, ATTEMPTS_MAX, false),
        ] {
            assert_eq!(with_its_action(&of), None);
        }
    }

    #[test]
    fn a_delivery_of_a_canceled_event_is_left_out() {
        for status in [DeliveryStatus::Canceled, DeliveryStatus::Failed] {
            assert_eq!(with_its_action(&of_event(status, 1, true)), None);
        }
    }

    #[test]
    fn a_replay_ends_where_it_began() {
        let (now, earlier) = (Timestamp::from_unix_ms(20), Timestamp::from_unix_ms(10));
        let mut given = DeliveryFilter::default();
        assert_eq!(filter(&given, now).before, Some(now));
        given.before = Some(earlier);
        assert_eq!(filter(&given, now).before, Some(earlier));
    }
}
