//! What the time in an id says about when the event was accepted.
//!
//! The first 48 bits of an id are the time of its creation (RFC 9562). Postrider creates an event's id, and
//! the ids of its deliveries, when it accepts the event, but the two times can differ. Ids never go backwards
//! within a process: a burst within one millisecond borrows later milliseconds, and after a clock was set
//! back the ids are ahead of it.

use std::ops::{Range, RangeInclusive};

use postrider_model::{EventId, Timestamp};

/// How far a clock may be set back under a running process, in milliseconds, so that an id still leads to its
/// event.
const CLOCK_SET_BACK_MAX_MS: i64 = 7 * 24 * 3_600_000;

/// How far the clock may be set forward between the creation of an id and the acceptance of its event.
const CLOCK_SET_FORWARD_MAX_MS: i64 = 24 * 3_600_000;

/// How far the ids of a list's deliveries may be ahead of their acceptance, in milliseconds: far more than
/// any burst borrows. It is much less than [`CLOCK_SET_BACK_MAX_MS`], because a list reads every row in this
/// window and drops most of them. After a clock was set back by more, a list by time lacks deliveries until
/// the clock has caught up.
const BURST_AHEAD_MAX_MS: i64 = 3_600_000;

/// When an event with this id was accepted, in milliseconds since 1970, if Postrider created the id.
pub const fn accepted_between(id: EventId) -> RangeInclusive<i64> {
    let created_ms = time_ms(id.as_u128());
    created_ms - CLOCK_SET_BACK_MAX_MS..=created_ms + CLOCK_SET_FORWARD_MAX_MS
}

/// The range of ids that deliveries accepted at `after` or later, and before `before`, can have.
pub fn of_deliveries(after: Option<Timestamp>, before: Option<Timestamp>) -> Range<u128> {
    let first = after.map_or(0, |time| first_at(time.unix_ms()));
    let end = before.map_or(u128::MAX, |time| {
        first_at(time.unix_ms().saturating_add(BURST_AHEAD_MAX_MS))
    });
    first..end
}

/// Whether an id is a UUIDv7, as all ids from Postrider are. A producer may choose a UUIDv7 as well.
pub const fn may_be_ours(id: EventId) -> bool {
    (id.as_u128() >> 76) & 0xf == 7
}

/// The time in an id, in milliseconds since 1970.
const fn time_ms(id: u128) -> i64 {
    ((id >> 80) as u64).cast_signed()
}

/// The smallest id that Postrider can have created at this time.
pub fn first_at(time_ms: i64) -> u128 {
    u128::from(time_ms.clamp(0, (1 << 48) - 1).cast_unsigned()) << 80
}

#[cfg(test)]
mod tests {
    use postrider_model::IdGenerator;

    use super::*;

    const HOUR_MS: i64 = 3_600_000;

    #[test]
    fn an_id_leads_to_its_event_though_the_clock_was_set() {
        let id = IdGenerator::new(1).event(Timestamp::from_unix_ms(1_000 * HOUR_MS));
        assert!(may_be_ours(id));
        for accepted_ms in [1_000, 1_000 - 7 * 24, 1_000 + 24].map(|hour| hour * HOUR_MS) {
            assert!(accepted_between(id).contains(&accepted_ms));
        }
        assert!(!accepted_between(id).contains(&((1_000 - 7 * 24) * HOUR_MS - 1)));
    }

    #[test]
    fn a_random_id_is_not_ours() {
        assert!(!may_be_ours(EventId::from_u128(4 << 76)));
    }

    #[test]
    fn a_span_without_bounds_has_every_id() {
        assert_eq!(of_deliveries(None, None), 0..u128::MAX);
    }

    #[test]
    fn a_span_begins_with_its_first_id_and_ends_an_hour_late() {
        let at = |ms| Some(Timestamp::from_unix_ms(ms));
        let ids = of_deliveries(at(5), at(7));
        assert_eq!(ids, 5 << 80..u128::from((7 + HOUR_MS).cast_unsigned()) << 80);
        let id = IdGenerator::new(1).next_block(Timestamp::from_unix_ms(5));
        assert!(ids.contains(&id));
    }

    #[test]
    fn times_that_no_id_can_hold_are_brought_into_range() {
        assert_eq!(first_at(-1), 0);
        assert_eq!(first_at(i64::MAX), ((1 << 48) - 1) << 80);
    }
}
