//! The retry schedule as it is written in settings: `10,100` or `10s,5m,1h`, or `none`.

use std::fmt;
use std::str::FromStr;

use postrider_model::Schedule;
use postrider_model::schedule::{DELAY_S_MAX, RETRIES_MAX};

use postrider_model::duration;

/// The value of `--retry-delays` for a single attempt.
const NONE: &str = "none";

/// The delays between attempts, in seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryDelays(Schedule);

/// A text that is not a schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected up to {RETRIES_MAX} delays, separated by commas: whole numbers of seconds, or of another unit (s, m, h or \
     d), and each at most {DELAY_S_MAX} s, such as `10,100` or `10s,5m,1h`; or `none`"
)]
pub struct RetryDelaysError;

impl RetryDelays {
    /// The schedule.
    pub fn schedule(&self) -> &Schedule {
        &self.0
    }

    /// The schedule with these delays, in seconds.
    pub fn from_delays_s(delays_s: Vec<u32>) -> Result<Self, RetryDelaysError> {
        Schedule::from_delays_s(delays_s)
            .map(Self)
            .map_err(|_| RetryDelaysError)
    }
}

impl FromStr for RetryDelays {
    type Err = RetryDelaysError;

    fn from_str(text: &str) -> Result<Self, RetryDelaysError> {
        if text.trim() == NONE {
            return Self::from_delays_s(vec![]);
        }
        let delays_s: Result<Vec<u32>, _> = text.split(',').map(delay_s).collect();
        Self::from_delays_s(delays_s?)
    }
}

/// Reads one delay: a number of seconds (`100`), or a duration of whole seconds (`5m`).
pub fn delay_s(text: &str) -> Result<u32, RetryDelaysError> {
    let seconds = duration::seconds(text.trim()).map_err(|_| RetryDelaysError)?;
    u32::try_from(seconds).map_err(|_| RetryDelaysError)
}

impl fmt::Display for RetryDelays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.delays_s().is_empty() {
            return f.write_str(NONE);
        }
        for (index, delay) in self.0.delays_s().iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{delay}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_read_and_written_back() {
        for text in ["10,100", "0", "none"] {
            assert_eq!(text.parse::<RetryDelays>().unwrap().to_string(), text);
        }
        for (text, seconds) in [
            (" 1, 2 ", "1,2"),
            ("10s,5m,1h,2d", "10,300,3600,172800"),
            ("10,1000ms", "10,1"),
        ] {
            assert_eq!(text.parse::<RetryDelays>().unwrap().to_string(), seconds);
        }
        assert!(
            "none"
                .parse::<RetryDelays>()
                .unwrap()
                .schedule()
                .delays_s()
                .is_empty()
        );
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "10,",
            "10w",
            "500ms",
            "-1",
            "1.5",
            "604801",
            "8d",
            &["1"; 21].join(","),
        ] {
            assert_eq!(text.parse::<RetryDelays>(), Err(RetryDelaysError), "{text}");
        }
    }
}
