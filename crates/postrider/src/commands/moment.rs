//! Points in time on the command line: `2026-01-31T09:30:00Z`, or `2h` for two hours ago.

use std::str::FromStr;

use postrider_engine::SystemClock;
use postrider_model::{Clock, Timestamp};

use crate::config::duration;

/// A point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment(Timestamp);

/// A text that is no point in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a time such as `2026-01-31T09:30:00Z`, or how long ago, such as `30m`, `2h` or `7d`")]
pub struct MomentError;

impl FromStr for Moment {
    type Err = MomentError;

    fn from_str(text: &str) -> Result<Self, MomentError> {
        if let Ok(time) = text.parse() {
            return Ok(Self(time));
        }
        let ago = duration::parse(text).map_err(|_| MomentError)?;
        Ok(Self(SystemClock::new().wall().before(ago)))
    }
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
