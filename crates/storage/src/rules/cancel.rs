//! Which deliveries a request to cancel concerns.

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

#[cfg(test)]
mod tests {
    use super::*;

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
