//! Which slots of a rate limit a request gets.

use std::time::Duration;

use crate::rate_limits::ReserveSlots;

/// The longest time that a block of slots takes, besides one interval: callers reserve about a second's
/// worth.
const BLOCK: Duration = Duration::from_secs(1);

/// When the first slot of the request begins, counted from `request.since` before `now_ns`, and the first
/// free slot after it. `None` if the first free slot is too far ahead. All times but the first are
/// nanoseconds since the epoch; `free_ns` is the first free slot, or `None` if the limit was not used yet.
///
/// A free slot further ahead than any reservation of this limit can be stems from another limit, or from a
/// clock that was wrong, and does not count.
pub fn reserve(free_ns: Option<i64>, request: &ReserveSlots, now_ns: i64) -> Option<(Duration, i64)> {
    let since = now_ns.saturating_sub(ns(request.since));
    let latest = now_ns.saturating_add(most_ns(request));
    let free = match free_ns {
        None => since,
        Some(free) if free > latest => now_ns,
        Some(free) => free,
    };
    if free > now_ns.saturating_add(ns(request.ahead)) {
        return None;
    }
    let begin = free.max(since);
    let first = u64::try_from(begin - since).unwrap_or_default();
    Some((
        Duration::from_nanos(first),
        begin.saturating_add(length_ns(request)),
    ))
}

/// The time that the slots of a request take, in nanoseconds.
pub fn length_ns(request: &ReserveSlots) -> i64 {
    ns(request.interval).saturating_mul(request.slots.into())
}

/// How far ahead the first free slot of this limit can be, in nanoseconds.
pub fn most_ns(request: &ReserveSlots) -> i64 {
    ns(request.ahead + BLOCK + request.interval)
}

/// Nanoseconds, as the stores write them.
pub fn ns(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use postrider_model::ActionId;

    use super::*;

    const S: i64 = 1_000_000_000;

    fn request(slots: u32) -> ReserveSlots {
        ReserveSlots {
            action: ActionId::from_u128(1),
            interval: Duration::from_millis(100),
            slots,
            since: Duration::from_millis(200),
            ahead: Duration::from_secs(1),
        }
    }

    #[test]
    fn slots_follow_those_that_are_reserved_and_begin_anew_after_a_pause() {
        let (first, free) = reserve(None, &request(10), 10 * S).unwrap();
        assert_eq!((first, free), (Duration::ZERO, 10 * S + 8 * S / 10));
        let (first, free) = reserve(Some(free), &request(10), 10 * S).unwrap();
        assert_eq!((first, free), (Duration::from_secs(1), 11 * S + 8 * S / 10));
        assert_eq!(reserve(Some(free), &request(1), 10 * S), None);
        let (first, _) = reserve(Some(free), &request(1), 60 * S).unwrap();
        assert_eq!(first, Duration::ZERO);
    }

    #[test]
    fn reservations_of_another_limit_or_a_wrong_clock_do_not_last() {
        let far = Some(10 * S + 3_600 * S);
        let (first, free) = reserve(far, &request(1), 10 * S).unwrap();
        assert_eq!((first, free), (Duration::from_millis(200), 10 * S + S / 10));
        let latest = 10 * S + most_ns(&request(1));
        assert_eq!(reserve(Some(latest), &request(1), 10 * S), None);
    }
}
