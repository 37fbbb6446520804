//! The format and the filter of the log.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use super::text_value::serde_as_text;

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What is logged: a filter in the notation of `tracing`, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLevel(String);

/// A text that is not a filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected `error`, `warn`, `info`, `debug` or `trace`; or levels per part, such as `info,postrider_engine=debug`"
)]
pub struct LogLevelError;

impl LogLevel {
    /// The filter.
    pub fn filter(&self) -> EnvFilter {
        EnvFilter::new(&self.0)
    }
}

impl Default for LogLevel {
    fn default() -> Self {
        Self("info".to_owned())
    }
}

impl FromStr for LogLevel {
    type Err = LogLevelError;

    fn from_str(text: &str) -> Result<Self, LogLevelError> {
        // Without this check, a misspelt level would be read as the name of a part, and all other parts would
        // be silent.
        let is_level = |word: &str| !word.is_empty() && word.parse::<LevelFilter>().is_ok();
        let plausible = text
            .split(',')
            .all(|part| part.contains('=') || is_level(part.trim()));
        if plausible && EnvFilter::try_new(text).is_ok() {
            Ok(Self(text.to_owned()))
        } else {
            Err(LogLevelError)
        }
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

serde_as_text!(LogLevel);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_log_level_is_refused() {
        for text in ["info", "DEBUG", "info,postrider_engine=debug", "off"] {
            assert!(text.parse::<LogLevel>().is_ok(), "{text}");
        }
        for text in ["", "inof", "warning", "postrider=loud"] {
            assert_eq!(text.parse::<LogLevel>(), Err(LogLevelError), "{text}");
        }
    }
}
