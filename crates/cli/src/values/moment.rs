//! Points in time on the command line: `2026-01-31T09:30:00Z`, or `2h` for two hours ago.

use std::str::FromStr;
use std::time::Duration;

use postrider_model::{Clock, Timestamp};

use postrider_model::duration;

/// A point in time, absolute or counted back from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// At this time.
    At(Timestamp),
    /// This long ago.
    Ago(Duration),
}

/// A text that is not a point in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a time such as `2026-01-31T09:30:00Z`, or how long ago, such as `30m`, `2h` or `7d`")]
pub struct MomentError;

impl Moment {
    /// The point in time, counted back from the clock's time for [`Self::Ago`].
    pub fn resolve(self, clock: &dyn Clock) -> Timestamp {
        match self {
            Self::At(time) => time,
            Self::Ago(ago) => clock.wall().before(ago),
        }
    }
}

impl FromStr for Moment {
    type Err = MomentError;

    fn from_str(text: &str) -> Result<Self, MomentError> {
        text.parse()
            .map(Self::At)
            .or_else(|_| duration::parse(text).map(Self::Ago))
            .map_err(|_| MomentError)
    }
}
