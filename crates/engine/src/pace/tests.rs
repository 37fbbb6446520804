//! The pace against models of receivers.

mod model;

use super::width::START;
use super::*;
use crate::carry::Advice;
use model::{Report, SLOTS, TIMEOUT, deliver, limited, ms, narrow, queueing};
use postrider_model::Outcome;

fn at_once(count: usize) -> impl Iterator<Item = Duration> {
    std::iter::repeat_n(Duration::ZERO, count)
}

/// Checks that nothing failed, that at most 5 % of the later requests were in vain, and that nearly all
/// deliveries were there within 1.3 times the time that the receiver's capacity needs. The last ones were
/// refused twice, and their schedule lasts longer.
fn assert_gentle(report: &Report, events: usize, capacity: Duration) {
    assert_eq!((report.failed, report.delivered), (0, events));
    assert!(
        report.wasted() * 20 <= events,
        "{} of {events} in vain",
        report.wasted()
    );
    let done = report.share_done_at(0.99);
    assert!(
        done <= capacity.mul_f64(1.3),
        "99 % after {done:?}, capacity {capacity:?}"
    );
}

#[test]
fn a_rate_limit_is_found_and_kept() {
    let report = deliver(at_once(2_000), &mut limited(20, ms(1_000)));
    assert_gentle(&report, 2_000, Duration::from_secs(100));
    let report = deliver(at_once(2_000), &mut limited(100, ms(1_000)));
    assert_gentle(&report, 2_000, Duration::from_secs(20));
}

#[test]
fn a_limit_of_a_minute_fails_nothing() {
    let report = deliver(at_once(2_000), &mut limited(600, Duration::from_secs(60)));
    assert_eq!((report.failed, report.delivered), (0, 2_000));
    assert!(
        report.wasted_at.len() <= 300,
        "{} in vain",
        report.wasted_at.len()
    );
}

#[test]
fn a_narrow_receiver_is_filled_and_hardly_ever_overloaded() {
    for (takes, capacity_s) in [(ms(1_000), 75), (ms(200), 15)] {
        let report = deliver(at_once(1_500), &mut narrow(20, takes));
        assert_gentle(&report, 1_500, Duration::from_secs(capacity_s));
    }
}

#[test]
fn a_receiver_that_queues_is_kept_busy_and_no_busier() {
    for (takes, capacity_s) in [(ms(1_000), 200), (ms(100), 20)] {
        let report = deliver(at_once(2_000), &mut queueing(10, takes));
        assert_gentle(&report, 2_000, Duration::from_secs(capacity_s));
        assert!(report.wasted_at.is_empty());
    }
}

#[test]
fn a_few_silent_requests_delay_no_other() {
    let mut count = 0;
    let mut receiver = |_| {
        count += 1;
        (if count % 20 == 0 { TIMEOUT * 2 } else { ms(200) }, 200)
    };
    let report = deliver((0..6_000).map(|n| ms(n * 10)), &mut receiver);
    assert_eq!(report.failed, 0);
    assert!(
        report.late[report.late.len() * 99 / 100] < ms(50),
        "{:?}",
        report.late.last()
    );
}

#[test]
fn the_schedule_at_a_silent_receiver_holds_to_two_seconds() {
    let report = deliver(at_once(200), &mut |_| (TIMEOUT * 2, 200));
    assert_eq!((report.failed, report.late.len()), (200, 600));
    assert!(report.late.last() <= Some(&ms(2_000)), "{:?}", report.late.last());
}

#[test]
fn a_receiver_that_comes_back_is_served_at_once_although_requests_are_stuck() {
    let (gone_at, back_at) = (ms(5_000), ms(12_000));
    let mut receiver = |now: Duration| {
        let is_gone = (gone_at..back_at).contains(&now);
        (if is_gone { TIMEOUT * 2 } else { ms(50) }, 200)
    };
    // 350 requests are stuck when the receiver is back, until 27 s.
    let report = deliver((0..1_000).map(|n| ms(n * 20)), &mut receiver);
    assert_eq!(report.failed, 0);
    assert!(report.late.last() <= Some(&ms(2_500)), "{:?}", report.late.last());
}

#[test]
fn a_receiver_that_comes_back_is_not_stampeded() {
    let mut pace = Pace::default();
    let attempts = |pace: &mut Pace, count: u32, started: Duration, outcome, took| {
        (0..count).for_each(|in_flight| pace.started(started, in_flight));
        let lesson = Lesson::of(outcome, Advice::default(), took).unwrap();
        (0..count).for_each(|_| pace.ended(started, Some(lesson), started + took));
        pace.width()
    };
    for n in 0..10 {
        let width = pace.width();
        attempts(&mut pace, width, ms(n * 10), Outcome::Succeeded, ms(1));
    }
    let wide = pace.width();
    assert!(wide >= 3 * START as u32, "{wide}");
    let silent = attempts(&mut pace, 20, ms(1_000), Outcome::Timeout, TIMEOUT);
    assert_eq!(silent, wide, "silence alone does not narrow a lane");
    let back = attempts(&mut pace, 1, ms(20_000), Outcome::Succeeded, ms(1));
    assert!(back <= START as u32 + 1, "{back}");
}

#[test]
fn a_receiver_that_failed_instantly_is_not_stampeded_when_it_is_back() {
    let mut back = narrow(20, ms(100));
    let mut receiver = |now: Duration| match now < ms(5_000) {
        true => (ms(1), 500),
        false => back(now),
    };
    let report = deliver((0..1_000).map(|n| ms(n * 2)), &mut receiver);
    assert_eq!((report.failed, report.delivered), (0, 1_000));
    let refused = report.wasted_at.iter().filter(|at| **at > ms(5_000)).count();
    assert!(refused <= 10, "{refused} refused");
    // The first retry is due after 10 s, and the capacity needs 5 s.
    let done = report.share_done_at(0.98);
    assert!(done <= ms(19_500), "98 % after {done:?}");
}

#[test]
fn a_receiver_that_fails_slowly_delays_no_attempt() {
    let report = deliver(at_once(300), &mut |_| (ms(5_000), 500));
    assert_eq!((report.failed, report.late.len()), (300, 900));
    assert!(report.late.last() <= Some(&ms(2_000)), "{:?}", report.late.last());
}

#[test]
fn a_pause_that_a_receiver_asks_for_is_kept_by_the_whole_lane() {
    let mut pace = Pace::default();
    let free = Slots {
        max: SLOTS,
        used: 0,
        used_giving_way: 0,
    };
    let advice = Advice {
        overloaded: true,
        retry_after: Some(Duration::from_secs(30)),
        ..Advice::default()
    };
    pace.started(ms(0), 0);
    pace.ended(ms(0), Lesson::of(Outcome::BadStatus, advice, ms(5)), ms(5));
    let until = ms(30_005);
    assert_eq!(pace.may_start(ms(10_000), 0, ms(10), free), MayStart::At(until));
    assert_eq!(pace.remembered_until(), until);
    // After one probe the lane is as wide as before, because a pause for maintenance sets no rate.
    assert_eq!(pace.may_start(until, 0, ms(10), free), MayStart::Now);
    pace.started(until, 0);
    assert_eq!(pace.may_start(until, 1, ms(10), free), MayStart::Closed);
    let lesson = Lesson::of(Outcome::Succeeded, Advice::default(), ms(5)).unwrap();
    let now = until + ms(5);
    pace.ended(until, Some(lesson), now);
    for in_flight in 0..pace.width() {
        assert_eq!(pace.may_start(now, in_flight, until, free), MayStart::Now);
        pace.started(now, in_flight);
    }
}

#[test]
fn a_request_that_is_stuck_delays_no_probe() {
    let mut pace = Pace::default();
    let free = Slots {
        max: SLOTS,
        used: 2,
        used_giving_way: 0,
    };
    let limited = Advice {
        rate_limited: true,
        ..Advice::default()
    };
    pace.started(ms(0), 0);
    pace.started(ms(1), 1);
    pace.ended(ms(1), Lesson::of(Outcome::BadStatus, limited, ms(1)), ms(2));
    // The first request is still under way when the pause is over.
    let over = ms(1_002);
    assert_eq!(pace.may_start(over, 1, ms(5), free), MayStart::Now);
    pace.started(over, 1);
    assert_eq!(pace.may_start(over, 2, ms(5), free), MayStart::Closed);
}

#[test]
fn a_receiver_that_falls_silent_after_a_pause_returns_to_the_schedule() {
    let mut count = 0;
    let mut receiver = |_| {
        count += 1;
        if count <= 8 {
            (ms(2), 429)
        } else {
            (TIMEOUT * 2, 200)
        }
    };
    let report = deliver(at_once(500), &mut receiver);
    assert_eq!(report.failed, 500);
    // One probe at a time would take 6 hours.
    assert!(
        report.late.last() < Some(&Duration::from_secs(120)),
        "{:?}",
        report.late.last()
    );
}

#[test]
fn a_silent_lane_is_narrow_only_while_slots_are_scarce() {
    let mut pace = Pace::default();
    for _ in 0..4 {
        pace.started(ms(0), 0);
        let lesson = Lesson::of(Outcome::Timeout, Advice::default(), TIMEOUT).unwrap();
        pace.ended(ms(0), Some(lesson), TIMEOUT);
    }
    let slots = |used, used_giving_way| Slots {
        max: 100,
        used,
        used_giving_way,
    };
    let now = TIMEOUT + ms(5_000);
    assert_eq!(pace.may_start(now, 3, TIMEOUT, slots(30, 30)), MayStart::Now);
    assert_eq!(pace.may_start(now, 3, TIMEOUT, slots(60, 30)), MayStart::Closed);
    assert_eq!(
        pace.may_start(now, 0, TIMEOUT, slots(60, 30)),
        MayStart::Now,
        "a probe"
    );
    assert_eq!(
        pace.may_start(now, 0, TIMEOUT, slots(60, 50)),
        MayStart::Closed,
        "half of the slots"
    );
}

#[test]
fn a_lane_that_has_failed_for_long_sends_only_probes_while_slots_are_scarce() {
    let mut pace = Pace::default();
    let attempt = |pace: &mut Pace, s: u64, outcome| {
        pace.started(ms(s * 1_000), 0);
        let lesson = Lesson::of(outcome, Advice::default(), ms(5)).unwrap();
        pace.ended(ms(s * 1_000), Some(lesson), ms(s * 1_000 + 5));
    };
    (1..=301).for_each(|s| attempt(&mut pace, s, Outcome::BadStatus));
    assert!(pace.gives_way());
    let may_start = |pace: &Pace, at: u64, in_flight, used| {
        let slots = Slots {
            max: 64,
            used,
            used_giving_way: 0,
        };
        pace.may_start(ms(at), in_flight, ms(at), slots)
    };
    assert_eq!(may_start(&pace, 301_100, 5, 10), MayStart::Now, "slots are free");
    assert_eq!(may_start(&pace, 301_100, 0, 40), MayStart::At(ms(302_000)));
    assert_eq!(may_start(&pace, 302_000, 0, 40), MayStart::Now);
    assert_eq!(
        may_start(&pace, 302_000, 1, 40),
        MayStart::Closed,
        "one at a time"
    );
    attempt(&mut pace, 302, Outcome::Succeeded);
    assert!(!pace.gives_way());
    assert_eq!(may_start(&pace, 302_100, 1, 40), MayStart::Now);
}
