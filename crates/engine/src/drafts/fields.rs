//! Checks of values that several resources have.

use postrider_model::Schedule;
use postrider_model::account::NAME_CHARS_MAX;
use postrider_model::schedule::{DELAY_S_MAX, RETRIES_MAX};

use super::{Faults, codes};

/// Checks the `name` of an account or automation.
pub(super) fn check_name(name: &str, faults: &mut Faults) {
    if name.trim().is_empty() {
        faults.add("/name", codes::BLANK, "a name has at least one visible character");
    }
    if name.chars().count() > NAME_CHARS_MAX {
        let detail = format!("a name has at most {NAME_CHARS_MAX} characters");
        faults.add("/name", codes::TOO_LONG, detail);
    }
    if name.chars().any(char::is_control) {
        faults.add("/name", codes::INVALID_VALUE, "a name has no control characters");
    }
}

/// The schedule that `retry_delays_s` asks for.
pub(super) fn schedule(delays_s: &[i64], faults: &mut Faults) -> Option<Schedule> {
    if delays_s.len() > RETRIES_MAX {
        let detail = format!("at most {RETRIES_MAX} retry delays are possible");
        faults.add("/retry_delays_s", codes::TOO_MANY, detail);
        return None;
    }
    let mut checked = Vec::with_capacity(delays_s.len());
    for (index, delay) in delays_s.iter().enumerate() {
        match u32::try_from(*delay) {
            Ok(delay) if delay <= DELAY_S_MAX => checked.push(delay),
            _ => {
                let detail = format!("a retry delay is 0 to {DELAY_S_MAX} seconds");
                faults.add(format!("/retry_delays_s/{index}"), codes::OUT_OF_RANGE, detail);
            }
        }
    }
    let complete = checked.len() == delays_s.len();
    complete.then(|| Schedule::from_delays_s(checked).ok()).flatten()
}

/// The delays of a schedule as a wish has them.
pub(super) fn delays_s(schedule: Option<&Schedule>) -> Option<Vec<i64>> {
    schedule.map(|schedule| schedule.delays_s().iter().copied().map(i64::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drafts::fault::tests::faults_of;

    #[test]
    fn names_are_visible_and_bounded() {
        assert!(faults_of(|faults| check_name(&"é".repeat(256), faults)).is_empty());
        for (name, code) in [
            ("", "blank"),
            (" \u{a0}", "blank"),
            (&*"x".repeat(257), "too_long"),
            ("a\nb", "invalid_value"),
        ] {
            assert_eq!(
                faults_of(|faults| check_name(name, faults)),
                [("/name".to_owned(), code)],
                "{name}"
            );
        }
    }

    #[test]
    fn every_delay_out_of_bounds_is_named() {
        let faults = faults_of(|faults| assert_eq!(schedule(&[1, -1, 604_801], faults), None));
        assert_eq!(
            faults,
            [
                ("/retry_delays_s/1".to_owned(), "out_of_range"),
                ("/retry_delays_s/2".to_owned(), "out_of_range")
            ]
        );
        assert_eq!(
            faults_of(|faults| assert_eq!(schedule(&[0; 21], faults), None)).len(),
            1
        );
        assert!(faults_of(|faults| assert!(schedule(&[], faults).is_some())).is_empty());
    }
}
