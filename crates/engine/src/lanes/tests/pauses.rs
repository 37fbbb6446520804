//! Lanes whose receivers do not respond, or that pause.

use super::*;

#[test]
fn lanes_without_responses_share_half_of_the_slots_and_wait_for_each_other() {
    let mut lanes = lanes(10_000, 64);
    for n in 1..=100 {
        offer(&mut lanes, action(n), 1);
    }
    // Each lane begins as one that may respond, and turns out not to.
    let mut silent: VecDeque<ActionId> = VecDeque::new();
    loop {
        silent.extend(start_all(&mut lanes));
        let Some(action) = silent.pop_front() else { break };
        lanes.attempt_ended(action, T, Some(silence()), T);
        if lanes.lanes[&action].queue.is_empty() && lanes.lanes[&action].held() < 3 {
            offer(&mut lanes, action, 1);
        }
        assert!(lanes.in_flight_giving_way <= 32, "{}", lanes.in_flight_giving_way);
    }
    // Nobody was forgotten.
    assert_eq!((lanes.parked.len(), lanes.in_flight()), (0, 0));
    let queued: usize = lanes.lanes.values().map(|lane| lane.queue.len()).sum();
    assert_eq!(queued, 0);
}

#[test]
fn a_lane_that_pauses_is_remembered_although_it_holds_nothing() {
    let mut lanes = lanes(1_000, 1_000);
    offer(&mut lanes, action(1), 1);
    lanes.take_ready(T);
    let advice = Advice {
        overloaded: true,
        retry_after: Some(Duration::from_secs(30)),
        ..Advice::default()
    };
    let lesson = Lesson::of(Outcome::BadStatus, advice, T).unwrap();
    lanes.attempt_ended(action(1), T, Some(lesson), T);
    lanes.release(action(1), 8);
    offer(&mut lanes, action(1), 1);
    let second = Duration::from_secs(1);
    assert!(lanes.take_ready(second * 29).is_none());
    assert_eq!(lanes.next_timer(), Some(second * 30));
    assert!(lanes.take_ready(second * 30).is_some());
    lanes.attempt_ended(action(1), T, Some(more()), second * 30);
    lanes.release(action(1), 8);
    assert_eq!(lanes.count(), 0);
}

#[test]
fn a_postponed_delivery_frees_its_slot_and_starts_first_after_a_pause() {
    let mut lanes = lanes(1_000, 4);
    offer(&mut lanes, action(1), 3);
    let first = lanes.take_ready(T).unwrap();
    let (key, second) = (first.delivery.key, Duration::from_secs(1));
    lanes.postpone(first, Lesson::postponed(), second * 30);
    assert_eq!((lanes.in_flight(), lanes.held()), (0, 3));
    // The others of its lane would wait for the same resource; they pause with it.
    assert!(lanes.take_ready(second * 30).is_none());
    assert_eq!(lanes.next_timer(), Some(second * 31));
    let again = lanes.take_ready(second * 31).unwrap();
    assert_eq!(again.delivery.key, key);
    // Until its receiver responds, the lane counts as silent.
    assert_eq!(lanes.in_flight_giving_way, 1);
    lanes.attempt_ended(action(1), second * 31, Some(more()), second * 32);
    assert_eq!(lanes.in_flight_giving_way, 0);
}

#[test]
fn a_lane_whose_host_is_crowded_pauses_and_does_not_give_way() {
    let ms = Duration::from_millis;
    let mut lanes = lanes(1_000, 100);
    offer(&mut lanes, action(1), 8);
    let started: Vec<_> = std::iter::from_fn(|| lanes.take_ready(T)).collect();
    assert_eq!(started.len(), 8);
    for ready in started {
        lanes.postpone(ready, Lesson::crowded(), T);
    }
    assert_eq!((lanes.in_flight(), lanes.held()), (0, 8));
    assert!(lanes.take_ready(T).is_none());
    let next = lanes.next_timer().unwrap();
    assert!((ms(5)..=ms(15)).contains(&next), "{next:?}");
    let sent = lanes.take_ready(next).unwrap();
    // The next one starts when this one ends, and not with seven others.
    assert!(lanes.take_ready(next).is_none());
    assert_eq!((lanes.next_timer(), lanes.in_flight_giving_way), (None, 0));
    let ended = next + ms(100);
    lanes.attempt_ended(sent.delivery.action, sent.at, Some(more()), ended);
    assert!(lanes.take_ready(ended).is_none());
    let next = lanes.next_timer().unwrap();
    assert!((ended + ms(5)..=ended + ms(15)).contains(&next), "{next:?}");
    assert!(lanes.take_ready(next).is_some());
}

#[test]
fn a_paused_lane_leaves_the_slot_that_it_was_woken_for_to_the_next() {
    let mut lanes = lanes(1_000, 2);
    for n in 1..=4 {
        offer(&mut lanes, action(n), 2);
    }
    for n in 1..=4 {
        let first = lanes.take_ready(T).unwrap();
        assert_eq!(first.delivery.action, action(n));
        match n {
            3 => lanes.postpone(first, Lesson::postponed(), T),
            _ => lanes.attempt_ended(action(n), T, Some(silence()), T),
        }
    }
    // One slot is for lanes without responses, and one delivery of each lane is left.
    for n in [1, 2, 4] {
        let second = lanes.take_ready(T).expect("a slot is free");
        assert_eq!(second.delivery.action, action(n));
        assert!(lanes.take_ready(T).is_none());
        lanes.attempt_ended(action(n), T, Some(more()), T);
    }
}

#[test]
fn a_lane_adapts_its_width_to_its_receiver() {
    let mut lanes = lanes(1_000, 1_000);
    offer(&mut lanes, action(1), 100);
    assert_eq!(start_all(&mut lanes).len(), 8);
    lanes.attempt_ended(action(1), T, Some(more()), T);
    assert_eq!(start_all(&mut lanes).len(), 2, "the one that ended, and one more");
    for _ in 0..9 {
        lanes.attempt_ended(action(1), T, Some(less()), T);
    }
    assert_eq!(lanes.in_flight(), 0);
    assert_eq!(
        start_all(&mut lanes).len(),
        1,
        "a silent receiver is probed one at a time"
    );
}
