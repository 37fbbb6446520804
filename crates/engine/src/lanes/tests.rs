mod claims;
mod pauses;
mod random;

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use postrider_model::delivery::{BodySpec, Progress};
use postrider_model::{
    AutomationId, BodyContent, BodyStyle, DeliveryId, Event, EventHeaders, EventId, FixedPoints, Origin,
    Outcome, Timestamp,
};
use postrider_storage::{Claim, DeliveryKey, FirstAttempt};

use super::*;
use crate::carry::Advice;
use crate::pace::Lesson;

const SESSION: SessionId = SessionId(1);

/// The monotonic time of tests in which no time passes.
const T: Duration = Duration::ZERO;

/// A receiver responded at once.
fn more() -> Lesson {
    Lesson::of(Outcome::Succeeded, Advice::default(), T).unwrap()
}

/// A receiver had too much to do.
fn less() -> Lesson {
    let advice = Advice {
        overloaded: true,
        ..Advice::default()
    };
    Lesson::of(Outcome::BadStatus, advice, T).unwrap()
}

/// A receiver did not respond.
fn silence() -> Lesson {
    Lesson::of(Outcome::Timeout, Advice::default(), T).unwrap()
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_unix_ms(ms)
}

fn account() -> AccountId {
    AccountId::from_u128(1)
}

fn action(n: u128) -> ActionId {
    ActionId::from_u128(n)
}

fn ready(action: ActionId, n: u128) -> Ready {
    ready_of(account(), action, n)
}

fn ready_of(account: AccountId, action: ActionId, n: u128) -> Ready {
    let event = Event {
        id: EventId::from_u128(n),
        account,
        event_type: "a.b".parse().unwrap(),
        data: Bytes::from_static(b"12345678"),
        occurred_at: None,
        created_at: at(0),
        origin: Origin::Producer,
        fixed_points: FixedPoints::default(),
        warning: None,
        deliveries: 1,
        deliver_at: None,
        headers: EventHeaders::default(),
        trace: None,
        missed: 0,
        is_canceled: false,
    };
    let delivery = ReadyDelivery {
        key: DeliveryKey {
            account,
            delivery: DeliveryId::from_u128(n),
        },
        automation: AutomationId::from_u128(1),
        action,
        body: BodySpec::BuiltIn {
            content: BodyContent::Envelope,
            style: BodyStyle::Js,
        },
        progress: Progress::new(),
        event: Arc::new(event),
    };
    Ready {
        delivery,
        session: SESSION,
        at: T,
        limit: None,
    }
}

fn lanes(window: usize, in_flight: usize) -> Lanes {
    Lanes::new(Window::new(window, 1 << 20), in_flight, Duration::from_secs(60))
}

/// Reserves and queues `count` deliveries; returns how many stayed in memory.
fn offer(lanes: &mut Lanes, action: ActionId, count: usize) -> usize {
    offer_of(lanes, account(), action, count)
}

fn offer_of(lanes: &mut Lanes, account: AccountId, action: ActionId, count: usize) -> usize {
    (0..count)
        .filter(|n| {
            let owned = lanes.reserve(account, action, 8, at(0)) == FirstAttempt::Owned;
            if owned {
                lanes.enqueue(ready_of(account, action, *n as u128));
            }
            owned
        })
        .count()
}

fn start_all(lanes: &mut Lanes) -> Vec<ActionId> {
    std::iter::from_fn(|| lanes.take_ready(T))
        .map(|ready| ready.delivery.action)
        .collect()
}

#[test]
fn lanes_take_turns() {
    let mut lanes = lanes(1_000, 1_000);
    offer(&mut lanes, action(1), 3);
    offer(&mut lanes, action(2), 2);
    let order: Vec<u128> = start_all(&mut lanes)
        .into_iter()
        .map(|action| action.as_u128())
        .collect();
    assert_eq!(order, [1, 2, 1, 2, 1]);
}

#[test]
fn accounts_take_turns_however_many_lanes_they_have() {
    let mut lanes = lanes(10_000, 1_000);
    for n in 1..=100 {
        offer(&mut lanes, action(n), 2);
    }
    let other = AccountId::from_u128(2);
    offer_of(&mut lanes, other, action(1_000), 3);
    let order = start_all(&mut lanes);
    let positions: Vec<usize> = (0..)
        .zip(order)
        .filter(|(_, it)| *it == action(1_000))
        .map(|(n, _)| n)
        .collect();
    assert_eq!(positions, [1, 3, 5]);
}

#[test]
fn requests_in_flight_are_bounded_and_a_new_lane_waits_at_most_one_turn() {
    let mut lanes = lanes(10_000, 64);
    for n in 1..=100 {
        offer(&mut lanes, action(n), 8);
    }
    let mut under_way: VecDeque<ActionId> = start_all(&mut lanes).into();
    assert_eq!(
        (under_way.len(), lanes.in_flight()),
        (52, 52),
        "four times as many as are left for other accounts"
    );
    offer(&mut lanes, action(1_000), 1);
    let mut finished = 0;
    while !under_way.contains(&action(1_000)) {
        lanes.attempt_ended(under_way.pop_front().unwrap(), T, Some(more()), T);
        finished += 1;
        under_way.extend(start_all(&mut lanes));
        assert!(lanes.in_flight() <= 64);
    }
    assert!(finished <= 101, "after {finished} of 800");
}

#[test]
fn work_that_does_not_fit_waits_and_newer_work_queues_behind_it() {
    let mut lanes = lanes(20, 1_000);
    assert_eq!(offer(&mut lanes, action(1), 20), 10, "half of the window");
    lanes.waits(account(), action(1), at(0), at(0));
    for _ in start_all(&mut lanes) {
        lanes.attempt_ended(action(1), T, Some(more()), T);
        lanes.release(action(1), 8);
    }
    assert_eq!(
        lanes.reserve(account(), action(1), 8, at(0)),
        FirstAttempt::Waiting
    );
    assert_eq!(
        lanes.reserve(account(), action(2), 8, at(0)),
        FirstAttempt::Owned,
        "other lanes are not concerned"
    );
}

#[test]
fn due_work_is_claimed_once_and_only_with_room_for_it() {
    let mut lanes = lanes(100, 1_000);
    assert!(
        lanes.waits(account(), action(1), at(500), at(0)),
        "the earliest alarm"
    );
    assert!(!lanes.waits(account(), action(1), at(900), at(0)));
    assert_eq!(lanes.next_alarm(), Some(at(500)));
    assert!(lanes.take_claims(at(499), 10).is_empty());
    let claims = lanes.take_claims(at(500), 10);
    assert_eq!(claims.len(), 1);
    assert!(claims[0].room <= 100 && claims[0].room > 0);
    assert!(lanes.take_claims(at(500), 10).is_empty(), "one claim at a time");
    let claim = Claim {
        deliveries: vec![ready(action(1), 7).delivery],
        next_due: Some(at(2_000)),
    };
    lanes.claimed(action(1), Some(claim), SESSION, at(500), T);
    assert_eq!((lanes.held(), start_all(&mut lanes).len()), (1, 1));
    assert_eq!(lanes.take_claims(at(2_000), 10).len(), 1);
}

#[test]
fn new_work_finds_room_while_the_last_of_the_backlog_is_claimed() {
    let mut lanes = lanes(1_000, 1_000);
    lanes.waits(account(), action(1), at(0), at(0));
    assert_eq!(
        lanes.reserve(account(), action(1), 8, at(0)),
        FirstAttempt::Waiting
    );
    lanes.take_claims(at(0), 10);
    assert_eq!(lanes.reserve(account(), action(1), 8, at(0)), FirstAttempt::Owned);
}

#[test]
fn a_failed_claim_is_retried() {
    let mut lanes = lanes(100, 1_000);
    lanes.waits(account(), action(1), at(0), at(0));
    assert_eq!(lanes.take_claims(at(0), 10).len(), 1);
    lanes.claimed(action(1), None, SESSION, at(1_000), T);
    assert!(lanes.take_claims(at(999), 10).is_empty());
    let again = lanes.take_claims(at(1_000), 10);
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].since, at(0), "what it asked for before is still there");
}

#[test]
fn a_claim_asks_for_nothing_earlier_than_what_is_known() {
    let mut lanes = lanes(100, 1_000);
    lanes.waits(account(), action(1), at(500), at(0));
    assert_eq!(lanes.take_claims(at(600), 10)[0].since, at(500));
    let claim = Claim {
        deliveries: Vec::new(),
        next_due: Some(at(550)),
    };
    lanes.claimed(action(1), Some(claim), SESSION, at(600), T);
    // Another node made one due in the meantime, which a rescan finds.
    lanes.waits(account(), action(1), at(520), at(600));
    assert_eq!(lanes.take_claims(at(600), 10)[0].since, at(520));
}

#[test]
fn a_due_time_learned_while_claiming_is_not_lost() {
    let mut lanes = lanes(100, 1_000);
    lanes.waits(account(), action(1), at(0), at(0));
    lanes.take_claims(at(0), 10);
    lanes.waits(account(), action(1), at(5), at(1));
    lanes.claimed(action(1), Some(Claim::default()), SESSION, at(2), T);
    assert_eq!(lanes.take_claims(at(5), 10).len(), 1);
}

#[test]
fn a_full_lane_asks_for_more_once_half_of_it_is_free() {
    let mut lanes = lanes(100, 1_000);
    let held = offer(&mut lanes, action(1), 100);
    lanes.waits(account(), action(1), at(0), at(0));
    let mut asked = lanes.take_claims(at(0), 10).len();
    let mut released = 0;
    while released < held && asked == 0 {
        lanes.take_ready(T);
        lanes.attempt_ended(action(1), T, Some(more()), T);
        lanes.release(action(1), 8);
        released += 1;
        asked = lanes.take_claims(at(0), 10).len();
    }
    assert_eq!(asked, 1, "after {released} of {held}");
}

#[test]
fn idle_lanes_are_dropped_and_the_window_is_empty_again() {
    let mut lanes = lanes(1_000, 1_000);
    offer(&mut lanes, action(1), 50);
    offer(&mut lanes, action(2), 50);
    while let Some(ready) = lanes.take_ready(T) {
        let action = ready.delivery.action;
        lanes.attempt_ended(action, T, Some(more()), T);
        lanes.release(action, ready.bytes());
    }
    assert_eq!((lanes.count(), lanes.held(), lanes.in_flight()), (0, 0, 0));
}

#[test]
fn a_dead_session_leaves_nothing_queued() {
    let mut lanes = lanes(1_000, 1_000);
    offer(&mut lanes, action(1), 50);
    lanes.take_ready(T);
    lanes.hold_back();
    lanes.forget_queued();
    assert_eq!(lanes.held(), 1, "the one under way");
    assert!(lanes.take_ready(T).is_none());
    assert_eq!(
        lanes.reserve(account(), action(1), 8, at(0)),
        FirstAttempt::Waiting
    );
    lanes.attempt_ended(action(1), T, Some(more()), T);
    lanes.release(action(1), 8);
    assert_eq!(lanes.count(), 0);
}

#[test]
fn headers_of_an_event_take_room_in_the_window() {
    let mut ready = ready(action(1), 1);
    let bare = ready.bytes();
    let headers = EventHeaders::new(vec![("X-Tenant".to_owned(), "42".to_owned())]);
    Arc::make_mut(&mut ready.delivery.event).headers = headers;
    assert_eq!(ready.bytes(), bare + 10);
}

#[test]
fn what_is_due_beyond_the_horizon_takes_no_memory() {
    let mut lanes = lanes(1_000, 1_000);
    assert!(!lanes.waits(account(), action(1), at(60_001), at(0)));
    assert_eq!((lanes.count(), lanes.next_alarm()), (0, None));
}
