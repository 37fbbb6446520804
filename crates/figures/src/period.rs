//! Which steps of time statistics are asked for: whole steps, a bounded number of them, and only those whose
//! sums are kept.

use std::ops::Range;
use std::time::Duration;

use postrider_model::Timestamp;
use postrider_storage::statistics::TimeStep;

use crate::Figures;
use crate::prune::MINUTES_KEPT;

/// Most steps of one period: a day and a bit of minutes, two months of hours. A response about the
/// installation then has at most some 300 KB.
pub const PERIOD_STEPS_MAX: usize = 1_500;

/// How far back a period reaches if nobody says.
const DEFAULT_LENGTH: Duration = Duration::from_secs(24 * 3600);

/// The length of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StepLength {
    /// `1m`
    Minute,
    /// `1h`
    Hour,
    /// `1d`: a day in UTC.
    Day,
}

impl StepLength {
    /// Every length, shortest first.
    pub const ALL: [Self; 3] = [Self::Minute, Self::Hour, Self::Day];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "1m",
            Self::Hour => "1h",
            Self::Day => "1d",
        }
    }

    /// The length with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|length| length.as_str() == name)
    }

    /// Its duration.
    pub const fn duration(self) -> Duration {
        Duration::from_secs(match self {
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => 24 * 3_600,
        })
    }

    /// The length of the stored sums that its steps consist of.
    pub(crate) const fn sums(self) -> TimeStep {
        match self {
            Self::Minute => TimeStep::Minute,
            Self::Hour | Self::Day => TimeStep::Hour,
        }
    }

    fn ms(self) -> i64 {
        i64::try_from(self.duration().as_millis()).unwrap_or(i64::MAX)
    }

    /// The beginning of the step that contains this time.
    fn start_of(self, time: Timestamp) -> Timestamp {
        Timestamp::from_unix_ms(time.unix_ms() - time.unix_ms().rem_euclid(self.ms()))
    }
}

/// Whole steps of time, at least one and at most [`PERIOD_STEPS_MAX`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    length: StepLength,
    span: Range<Timestamp>,
    as_of: Timestamp,
}

/// A period that cannot be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    /// It ends before it begins, or at the same time.
    #[error("`before` must be later than `after`")]
    Empty,
    /// It has not begun yet.
    #[error("expected a time in the past")]
    InFuture,
    /// It begins before the oldest sums that are kept.
    #[error("the oldest step of this length that is kept in full begins at {0}")]
    TooOld(Timestamp),
    /// It has more than [`PERIOD_STEPS_MAX`] steps.
    #[error(
        "this would be {0} steps, and the most are {PERIOD_STEPS_MAX}: choose a longer step or a shorter time"
    )]
    TooLong(u64),
}

impl Period {
    /// The length of its steps.
    pub const fn length(&self) -> StepLength {
        self.length
    }

    /// When it begins and ends.
    pub const fn span(&self) -> &Range<Timestamp> {
        &self.span
    }

    /// When it was asked for. A step that ends later is not over yet.
    pub const fn as_of(&self) -> Timestamp {
        self.as_of
    }

    /// The beginnings of its steps, oldest first.
    pub(crate) fn starts(&self) -> impl Iterator<Item = Timestamp> {
        let count = self.index(self.span.end);
        (0..count).map(|index| self.span.start.after(self.length.duration() * index))
    }

    /// The number of the step that contains the time, which is not before the period.
    pub(crate) fn index(&self, at: Timestamp) -> u32 {
        let steps = (at.unix_ms() - self.span.start.unix_ms()).div_euclid(self.length.ms());
        u32::try_from(steps).unwrap_or(u32::MAX)
    }

    fn new(
        length: StepLength,
        after: Option<Timestamp>,
        before: Option<Timestamp>,
        now: Timestamp,
        kept: Duration,
    ) -> Result<Self, PeriodError> {
        let before = before.unwrap_or(Timestamp::from_unix_ms(now.unix_ms() + 1));
        let after = after.unwrap_or(before.min(now).before(DEFAULT_LENGTH));
        if after > now {
            return Err(PeriodError::InFuture);
        }
        if after >= before {
            return Err(PeriodError::Empty);
        }
        let start = length.start_of(after);
        let last = length.start_of(now.min(Timestamp::from_unix_ms(before.unix_ms() - 1)));
        let end = last.after(length.duration());
        if start < now.before(kept) {
            let first = length.start_of(now.before(kept)).after(length.duration());
            return Err(PeriodError::TooOld(first));
        }
        let steps = (end.unix_ms() - start.unix_ms()) / length.ms();
        match u64::try_from(steps) {
            Ok(steps) if steps <= PERIOD_STEPS_MAX as u64 => Ok(Self {
                length,
                span: start..end,
                as_of: now,
            }),
            steps => Err(PeriodError::TooLong(steps.unwrap_or(u64::MAX))),
        }
    }
}

impl Figures {
    /// The steps that contain a time from `after` on and before `before`; without `after`, the last 24 hours.
    /// Steps that have not begun are left out.
    pub fn period(
        &self,
        length: StepLength,
        after: Option<Timestamp>,
        before: Option<Timestamp>,
    ) -> Result<Period, PeriodError> {
        let kept = match length.sums() {
            TimeStep::Minute => MINUTES_KEPT,
            TimeStep::Hour => self.hours_kept(),
        };
        Period::new(length, after, before, self.clock.now(), kept)
    }

    /// The last steps of this length, the current one included: at most [`PERIOD_STEPS_MAX`].
    pub fn last(&self, length: StepLength, steps: u32) -> Period {
        let now = self.clock.now();
        let end = length.start_of(now).after(length.duration());
        let steps = steps.clamp(1, PERIOD_STEPS_MAX as u32);
        Period {
            length,
            span: end.before(length.duration() * steps)..end,
            as_of: now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-24T15:20:30Z";
    const KEPT: Duration = Duration::from_secs(2 * 24 * 3600);

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn period(length: StepLength, after: Option<&str>, before: Option<&str>) -> Result<Period, PeriodError> {
        Period::new(length, after.map(time), before.map(time), time(NOW), KEPT)
    }

    fn span(period: Result<Period, PeriodError>) -> Range<Timestamp> {
        period.unwrap().span
    }

    #[test]
    fn a_period_is_extended_to_whole_steps_that_have_begun() {
        assert_eq!(
            span(period(StepLength::Hour, None, None)),
            time("2026-11-23T15:00:00Z")..time("2026-11-24T16:00:00Z")
        );
        let future = Some("2027-01-01T00:00:00Z");
        let day = period(StepLength::Day, Some("2026-11-23T12:00:00Z"), future).unwrap();
        assert_eq!(
            day.span,
            time("2026-11-23T00:00:00Z")..time("2026-11-25T00:00:00Z")
        );
        assert_eq!(
            day.starts().collect::<Vec<_>>(),
            [time("2026-11-23T00:00:00Z"), time("2026-11-24T00:00:00Z")]
        );
        let (after, before) = (Some("2026-11-24T12:00:00Z"), Some("2026-11-24T13:00:00Z"));
        assert_eq!(
            span(period(StepLength::Hour, after, before)),
            time("2026-11-24T12:00:00Z")..time("2026-11-24T13:00:00Z")
        );
        assert_eq!(
            span(period(StepLength::Minute, Some(NOW), None)),
            time("2026-11-24T15:20:00Z")..time("2026-11-24T15:21:00Z")
        );
    }

    #[test]
    fn what_cannot_be_answered_in_full_is_refused() {
        let refused = |length, after, before| period(length, Some(after), before).unwrap_err();
        let hour = StepLength::Hour;
        assert_eq!(refused(hour, NOW, Some(NOW)), PeriodError::Empty);
        assert_eq!(refused(hour, "2026-11-24T16:00:00Z", None), PeriodError::InFuture);
        assert_eq!(
            refused(hour, "2026-11-22T15:30:00Z", None),
            PeriodError::TooOld(time("2026-11-22T16:00:00Z"))
        );
        assert!(period(hour, Some("2026-11-22T16:00:00Z"), None).is_ok());
        let minutes = refused(StepLength::Minute, "2026-11-23T14:20:00Z", None);
        assert_eq!(minutes, PeriodError::TooLong(1_501));
        assert!(period(StepLength::Minute, Some("2026-11-23T14:21:00Z"), None).is_ok());
    }
}
