//! Settings that are durations, each within its bounds.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use postrider_model::duration::{DurationError, in_words, parse_within};

use super::text_value::serde_as_text;

/// A duration within bounds: a type per setting, because each has its own bounds.
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
                parse_within(text, $min..=$max).map(Self)
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
    /// Timeout of one attempt. The upper bound is that of an action's own timeout
    /// ([`postrider_model::automation::TIMEOUT_S`]).
    AttemptTimeout, Duration::from_millis(10), Duration::from_secs(60)
);
bounded_duration!(
    /// How long events are kept.
    Retention, Duration::from_secs(1), Duration::from_secs(3_650 * DAY_S)
);
bounded_duration!(
    /// How long a delivery may be due before the backlog counts as high. Below the lower bound, the pauses of
    /// receivers would.
    BacklogAlarm, Duration::from_secs(60), Duration::from_secs(30 * DAY_S)
);
bounded_duration!(
    /// How long an action may fail before it is switched off. Shorter times would punish an outage.
    DisableAfter, Duration::from_secs(3_600), Duration::from_secs(365 * DAY_S)
);

bounded_duration!(
    /// How long a stopping server waits for attempts in flight. Service managers kill a process that takes
    /// longer.
    ShutdownGrace, Duration::ZERO, Duration::from_secs(600)
);
bounded_duration!(
    /// How long a session lives without a renewal. The lower bound prevents a pause of a busy machine from
    /// ending a healthy session. Beyond the upper bound, deliveries of a killed server would wait longer than
    /// most retry schedules last.
    SessionLease, Duration::from_secs(5), Duration::from_secs(600)
);
bounded_duration!(
    /// Time between two sample events of the demo.
    SampleInterval, Duration::from_millis(10), Duration::from_secs(3_600)
);
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_bounds() {
        assert_eq!(
            "61s".parse::<AttemptTimeout>().unwrap_err().to_string(),
            "expected 10ms to 1m"
        );
        assert_eq!("0s".parse::<ShutdownGrace>().unwrap().get(), Duration::ZERO);
    }
}
