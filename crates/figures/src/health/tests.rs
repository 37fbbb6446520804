use super::*;

fn at(nth: i64) -> Timestamp {
    Timestamp::from_unix_ms(nth * 3_600_000)
}

fn hour(nth: i64, failed: u64, succeeded: u64) -> (Timestamp, Counts) {
    let counts = Counts {
        failed,
        succeeded,
        ..Counts::default()
    };
    (at(nth), counts)
}

fn stored(last_success: Option<i64>, failures: Option<(i64, i64)>) -> NewestResults {
    NewestResults {
        action: ActionId::from_u128(1),
        last_success: last_success.map(at),
        failures_since: failures.map(|(first, last)| (at(first), at(last))),
    }
}

#[test]
fn an_action_fails_since_the_first_failure_after_its_last_success() {
    let nothing = stored(None, None);
    assert_eq!(failing_since(&nothing, &[]), None);
    assert_eq!(failing_since(&nothing, &[hour(1, 0, 5), hour(2, 0, 0)]), None);
    assert_eq!(
        failing_since(&nothing, &[hour(1, 3, 0), hour(4, 1, 0)]),
        Some(at(1))
    );
    assert_eq!(
        failing_since(
            &nothing,
            &[hour(1, 3, 0), hour(2, 0, 1), hour(4, 1, 0), hour(3, 0, 0)]
        ),
        Some(at(4))
    );
    assert_eq!(failing_since(&nothing, &[hour(1, 3, 0), hour(2, 0, 1)]), None);
    assert_eq!(failing_since(&stored(Some(1), None), &[]), None);
    assert_eq!(failing_since(&stored(Some(1), Some((2, 4))), &[]), Some(at(2)));
}

#[test]
fn a_success_hides_the_failures_of_its_hour() {
    assert_eq!(failing_since(&stored(None, None), &[hour(1, 3, 1)]), None);
    assert_eq!(
        failing_since(&stored(None, None), &[hour(1, 3, 0), hour(1, 0, 1)]),
        None
    );
    assert_eq!(failing_since(&stored(Some(3), None), &[hour(3, 1, 0)]), None);
    assert_eq!(failing_since(&stored(None, Some((1, 3))), &[hour(3, 0, 1)]), None);
}

#[test]
fn what_the_store_does_not_have_yet_counts_as_well() {
    let failing = stored(Some(1), Some((2, 4)));
    assert_eq!(failing_since(&failing, &[hour(4, 2, 0)]), Some(at(2)));
    assert_eq!(failing_since(&failing, &[hour(5, 2, 1)]), None);
    assert_eq!(
        failing_since(&failing, &[hour(5, 0, 1), hour(6, 1, 0)]),
        Some(at(6))
    );
    assert_eq!(failing_since(&failing, &[hour(3, 0, 1)]), Some(at(4)));
    assert_eq!(
        failing_since(&stored(Some(3), None), &[hour(4, 1, 0)]),
        Some(at(4))
    );
}
