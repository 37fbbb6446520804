//! Schedules in the drafts of several resources.

use postrider_model::Schedule;
use postrider_model::schedule::{DELAY_S_MAX, OWN_DELAY_S_MIN, RETRIES_MAX};

use super::{Faults, codes};

/// The schedule that `retry_delays_s` asks for.
pub(super) fn schedule(delays_s: &[i64], faults: &mut Faults) -> Option<Schedule> {
    if delays_s.len() > RETRIES_MAX {
        let detail = format!("list at most {RETRIES_MAX} retry delays");
        faults.add("/retry_delays_s", codes::TOO_MANY, detail);
        return None;
    }
    let mut checked = Vec::with_capacity(delays_s.len());
    for (index, delay) in delays_s.iter().enumerate() {
        match u32::try_from(*delay) {
            Ok(delay) if (OWN_DELAY_S_MIN..=DELAY_S_MAX).contains(&delay) => checked.push(delay),
            _ => {
                let detail = format!("a retry delay must be {OWN_DELAY_S_MIN} to {DELAY_S_MAX} seconds");
                faults.add(format!("/retry_delays_s/{index}"), codes::OUT_OF_RANGE, detail);
            }
        }
    }
    let complete = checked.len() == delays_s.len();
    complete.then(|| Schedule::from_delays_s(checked).ok()).flatten()
}

/// The delays of a schedule as a draft has them.
pub(super) fn delays_s(schedule: Option<&Schedule>) -> Option<Vec<i64>> {
    schedule.map(|schedule| schedule.delays_s().iter().copied().map(i64::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::tests::faults_of;

    #[test]
    fn every_delay_out_of_bounds_is_reported() {
        let faults = faults_of(|faults| assert_eq!(schedule(&[1, 0, 604_801], faults), None));
        assert_eq!(
            faults,
            [
                ("/retry_delays_s/1".to_owned(), "out_of_range"),
                ("/retry_delays_s/2".to_owned(), "out_of_range")
            ]
        );
        assert_eq!(
            faults_of(|faults| assert_eq!(schedule(&[1; 21], faults), None)).len(),
            1
        );
        assert!(faults_of(|faults| assert!(schedule(&[], faults).is_some())).is_empty());
    }
}
