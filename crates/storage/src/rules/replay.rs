//! Which deliveries a replay resends.

use std::collections::HashSet;

use postrider_model::delivery::Progress;
use postrider_model::{ActionId, Delivery, DeliveryStatus, Timestamp};

use crate::deliveries::DeliveryFilter;

/// Most deliveries that one step of a replay makes due: they keep a store busy for about ten milliseconds.
pub const STEP_DELIVERIES_MAX: usize = 500;

/// The progress of a delivery after it is replayed. `None` if a replay skips it: it is pending, its action is
/// not in `actions`, or it has had [`postrider_model::delivery::ATTEMPTS_MAX`] attempts.
pub fn replayed(delivery: &Delivery, actions: &HashSet<ActionId>) -> Option<Progress> {
    let is_settled = delivery.progress.status != DeliveryStatus::Pending;
    (is_settled && actions.contains(&delivery.action))
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

    use super::*;
    use crate::rules::test_values::delivery;

    #[test]
    fn settled_deliveries_of_the_given_actions_are_replayed() {
        for status in [
            DeliveryStatus::Succeeded,
            DeliveryStatus::Failed,
            DeliveryStatus::Canceled,
        ] {
            let delivery = delivery(status, 1);
            let becomes = replayed(&delivery, &HashSet::from([delivery.action])).unwrap();
            assert_eq!(
                (becomes.status, becomes.resend_of),
                (DeliveryStatus::Pending, Some(status))
            );
            assert_eq!(replayed(&delivery, &HashSet::new()), None);
        }
    }

    #[test]
    fn a_pending_delivery_and_one_with_too_many_attempts_are_left_out() {
        for delivery in [
            delivery(DeliveryStatus::Pending, 1),
            delivery(DeliveryStatus::Failed, ATTEMPTS_MAX),
        ] {
            assert_eq!(replayed(&delivery, &HashSet::from([delivery.action])), None);
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
