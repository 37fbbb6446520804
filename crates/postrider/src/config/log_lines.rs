//! What of one kind of lines is logged: from which level on, and how many of them a second.

use std::fmt;
use std::str::FromStr;

use tracing_subscriber::filter::LevelFilter;

use super::text_value::serde_as_text;

/// Lines a second, unless the setting says otherwise. A line costs some 3 µs, and more in what collects it:
/// 100 a second cost nothing that shows, and hold whatever a person can read.
const PER_S: u32 = 100;

/// Most lines a second that can be set.
const PER_S_MAX: u32 = 1_000_000;

/// The lines of one kind that are logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogLines {
    /// The least severe level that is logged.
    pub level: LevelFilter,
    /// The most lines a second; warnings and errors have as many of their own.
    pub per_s: u32,
}

/// A text that does not say that.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected `off`, `error`, `warn`, `info` or `debug`, alone or with the most lines a second (1 to \
     {PER_S_MAX}), such as `info,100/s`"
)]
pub struct LogLinesError;

impl LogLines {
    /// None of them.
    pub const OFF: Self = Self {
        level: LevelFilter::OFF,
        per_s: PER_S,
    };
}

impl FromStr for LogLines {
    type Err = LogLinesError;

    fn from_str(text: &str) -> Result<Self, LogLinesError> {
        let (level, rate) = match text.split_once(',') {
            Some((level, rate)) => (level.trim(), Some(rate.trim())),
            None => (text.trim(), None),
        };
        let level = match level.to_ascii_lowercase().as_str() {
            "off" => LevelFilter::OFF,
            "error" => LevelFilter::ERROR,
            "warn" => LevelFilter::WARN,
            "info" => LevelFilter::INFO,
            "debug" => LevelFilter::DEBUG,
            _ => return Err(LogLinesError),
        };
        let per_s = match rate {
            None => PER_S,
            Some(rate) => {
                let number = rate.strip_suffix("/s").and_then(|number| number.parse().ok());
                number
                    .filter(|number| (1..=PER_S_MAX).contains(number))
                    .ok_or(LogLinesError)?
            }
        };
        Ok(Self { level, per_s })
    }
}

impl fmt::Display for LogLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.level {
            LevelFilter::OFF => f.write_str("off"),
            level => write!(f, "{level},{}/s", self.per_s),
        }
    }
}

serde_as_text!(LogLines);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_stands_alone_or_with_a_rate() {
        for (text, shown) in [
            ("off", "off"),
            ("info", "info,100/s"),
            ("WARN", "warn,100/s"),
            ("debug,5/s", "debug,5/s"),
            ("info, 1000000/s", "info,1000000/s"),
        ] {
            assert_eq!(text.parse::<LogLines>().unwrap().to_string(), shown);
        }
        for text in [
            "",
            "trace",
            "info,",
            "info,5",
            "info,0/s",
            "info,1000001/s",
            "5/s",
            "info,5/m",
        ] {
            assert_eq!(text.parse::<LogLines>(), Err(LogLinesError), "{text}");
        }
    }
}
