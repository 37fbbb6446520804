//! Points in time ahead: `2026-01-31T09:30:00Z`, or `2h` for in two hours.

use std::str::FromStr;
use std::time::Duration;

use postrider_model::{Clock, Timestamp};

use postrider_model::duration;

/// A point in time, absolute or counted from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Later {
    /// At this time.
    At(Timestamp),
    /// In this long.
    In(Duration),
}

/// A text that is not a point in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a time such as `2026-01-31T09:30:00Z`, or in how long, such as `30m`, `2h` or `7d`")]
pub struct LaterError;

impl Later {
    /// The point in time, counted from the clock's time for [`Self::In`].
    pub fn resolve(self, clock: &dyn Clock) -> Timestamp {
        match self {
            Self::At(time) => time,
            Self::In(duration) => clock.wall().after(duration),
        }
    }
}

impl FromStr for Later {
    type Err = LaterError;

    fn from_str(text: &str) -> Result<Self, LaterError> {
        text.parse()
            .map(Self::At)
            .or_else(|_| duration::parse(text).map(Self::In))
            .map_err(|_| LaterError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_and_a_duration_are_points_ahead() {
        let at = "2026-01-31T09:30:00.000Z".parse().unwrap();
        assert_eq!("2026-01-31T09:30:00Z".parse(), Ok(Later::At(at)));
        assert_eq!("2h".parse(), Ok(Later::In(Duration::from_secs(7_200))));
        assert_eq!("soon".parse::<Later>(), Err(LaterError));
    }
}
