//! Durations as they are written in settings: a whole number and a unit (`250ms`, `15s`, `5m`, `12h`, `30d`).

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use postrider_engine::sign_in::LINK_LIFETIME_S;

use super::text_value::serde_as_text;

/// Units, the largest first, with their length in milliseconds.
const UNITS_MS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// A text that is no duration, or one out of bounds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// A number alone.
    #[error("a duration needs a unit: `{0}ms`, `{0}s`, `{0}m`, `{0}h` or `{0}d`")]
    NoUnit(String),
    /// Anything else.
    #[error("expected a whole number and a unit (ms, s, m, h or d), such as `250ms`, `15s` or `30d`")]
    Malformed,
    /// Outside what the setting allows.
    #[error("expected {} to {}", in_words(*.0), in_words(*.1))]
    OutOfBounds(Duration, Duration),
}

/// Reads a duration.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    if digits > 0 && unit.is_empty() {
        return Err(DurationError::NoUnit(number.to_owned()));
    }
    let number: u64 = number.parse().map_err(|_| DurationError::Malformed)?;
    let unit_ms = UNITS_MS
        .iter()
        .find(|(name, _)| *name == unit)
        .ok_or(DurationError::Malformed)?
        .1;
    number
        .checked_mul(unit_ms)
        .map(Duration::from_millis)
        .ok_or(DurationError::Malformed)
}

/// Writes a duration in the largest unit that it is a whole number of.
pub fn in_words(duration: Duration) -> String {
    let ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let fitting = UNITS_MS
        .iter()
        .find(|(_, unit_ms)| ms > 0 && ms.is_multiple_of(*unit_ms));
    let (unit, unit_ms) = fitting.copied().unwrap_or(("s", 1_000));
    format!("{}{unit}", ms / unit_ms)
}

/// A duration within bounds: a type for each setting, as each has its own.
macro_rules! bounded_duration {
    ($(#[$doc:meta])* $name:ident, $min:expr, $max:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name(Duration);

        impl $name {
            /// The duration.
            pub const fn get(self) -> Duration {
                self.0
            }
        }

        impl FromStr for $name {
            type Err = DurationError;

            fn from_str(text: &str) -> Result<Self, DurationError> {
                let duration = parse(text)?;
                if ($min..=$max).contains(&duration) {
                    Ok(Self(duration))
                } else {
                    Err(DurationError::OutOfBounds($min, $max))
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&in_words(self.0))
            }
        }

        serde_as_text!($name);
    };
}

const DAY_S: u64 = 86_400;

bounded_duration!(
    /// Bound on one attempt. The upper end is what an action can ask for by itself
    /// ([`postrider_model::automation::TIMEOUT_S`]).
    AttemptTimeout, Duration::from_millis(10), Duration::from_secs(60)
);
bounded_duration!(
    /// How long the record is kept.
    Retention, Duration::from_secs(1), Duration::from_secs(3_650 * DAY_S)
);
bounded_duration!(
    /// How long a stop waits. Longer than this, and every service manager would have killed the process.
    ShutdownGrace, Duration::ZERO, Duration::from_secs(600)
);
bounded_duration!(
    /// How long a session lives without a renewal. Below the lower end, a pause of a busy machine would end sessions that
    /// are well; above the upper end, deliveries of a killed server would wait for longer than most schedules last.
    SessionLease, Duration::from_secs(5), Duration::from_secs(600)
);
bounded_duration!(
    /// Time between two sample events of the demo.
    SampleInterval, Duration::from_millis(10), Duration::from_secs(3_600)
);
bounded_duration!(
    /// How long an old signing key goes on signing beside the new one; the API's bounds.
    Overlap, Duration::ZERO, Duration::from_secs(30 * DAY_S)
);

bounded_duration!(
    /// How long a customer's link to the console lasts; the API's bounds.
    LinkLifetime,
    Duration::from_secs(*LINK_LIFETIME_S.start()),
    Duration::from_secs(*LINK_LIFETIME_S.end())
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_written_back() {
        for (text, ms) in [
            ("250ms", 250),
            ("15s", 15_000),
            ("5m", 300_000),
            ("12h", 43_200_000),
            ("0s", 0),
        ] {
            let duration = parse(text).unwrap();
            assert_eq!(duration, Duration::from_millis(ms));
            assert_eq!(in_words(duration), text);
        }
        assert_eq!(in_words(parse("24h").unwrap()), "1d");
        assert_eq!(in_words(parse("1500ms").unwrap()), "1500ms");
    }

    #[test]
    fn a_number_without_a_unit_is_told_what_it_lacks() {
        assert_eq!(
            parse("15").unwrap_err().to_string(),
            "a duration needs a unit: `15ms`, `15s`, `15m`, `15h` or `15d`"
        );
        for text in [
            "",
            "s",
            "1.5s",
            "-1s",
            "1 s",
            "1S",
            "1w",
            "99999999999999999999s",
            "18446744073709551615d",
        ] {
            assert_eq!(parse(text), Err(DurationError::Malformed), "{text}");
        }
    }

    #[test]
    fn bounds_are_named() {
        assert_eq!(
            "61s".parse::<AttemptTimeout>().unwrap_err().to_string(),
            "expected 10ms to 1m"
        );
        assert_eq!("0s".parse::<ShutdownGrace>().unwrap().get(), Duration::ZERO);
    }
}
