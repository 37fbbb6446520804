//! How often an action may be called, as a draft has it.

use postrider_model::RateLimit;
use postrider_model::automation::{RATE_LIMIT_PER_S, RATE_LIMIT_REQUESTS};

use crate::{Faults, codes};

/// `requests` attempts in `per_s` seconds, spaced evenly; any `per_s` seconds may see up to a tenth more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimitDraft {
    /// The attempts that may start in `per_s` seconds: 1 to 100,000.
    pub requests: i64,
    /// The time in seconds: 1 to 3,600.
    pub per_s: i64,
}

impl RateLimitDraft {
    /// The draft that leaves `limit` unchanged.
    pub(super) fn of(limit: RateLimit) -> Self {
        Self {
            requests: limit.requests().into(),
            per_s: limit.per_s().into(),
        }
    }
}

/// The limit that the draft describes. Adds a fault for each member that is out of range; `pointer` points to
/// the action.
pub(super) fn check_rate_limit(
    draft: Option<RateLimitDraft>,
    pointer: &str,
    faults: &mut Faults,
) -> Option<RateLimit> {
    let RateLimitDraft { requests, per_s } = draft?;
    let mut check = |member, value, range: std::ops::RangeInclusive<u32>, noun| {
        let checked = u32::try_from(value).ok().filter(|value| range.contains(value));
        if checked.is_none() {
            let detail = format!(
                "a rate limit must have {} to {} {noun}",
                range.start(),
                range.end()
            );
            faults.add(
                format!("{pointer}/rate_limit/{member}"),
                codes::OUT_OF_RANGE,
                detail,
            );
        }
        checked
    };
    let requests = check("requests", requests, RATE_LIMIT_REQUESTS, "requests");
    let per_s = check("per_s", per_s, RATE_LIMIT_PER_S, "seconds");
    RateLimit::new(requests?, per_s?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::tests::faults_of;

    fn checked(requests: i64, per_s: i64) -> Result<RateLimit, Vec<String>> {
        let mut limit = None;
        let draft = Some(RateLimitDraft { requests, per_s });
        let faults = faults_of(|faults| limit = check_rate_limit(draft, "/actions/0", faults));
        limit.ok_or_else(|| faults.into_iter().map(|(pointer, _)| pointer).collect())
    }

    #[test]
    fn both_bounds_of_both_members_are_checked() {
        for (requests, per_s) in [(1, 1), (100_000, 3_600)] {
            let limit = checked(requests, per_s).unwrap();
            assert_eq!(RateLimitDraft::of(limit), RateLimitDraft { requests, per_s });
        }
        let (requests, per_s) = ("/actions/0/rate_limit/requests", "/actions/0/rate_limit/per_s");
        assert_eq!(checked(0, 3_601).unwrap_err(), [requests, per_s]);
        assert_eq!(checked(100_001, 60).unwrap_err(), [requests]);
        assert_eq!(checked(1, -1).unwrap_err(), [per_s]);
        assert_eq!(
            faults_of(|faults| assert_eq!(check_rate_limit(None, "", faults), None)),
            []
        );
    }
}
