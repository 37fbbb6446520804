//! The browser's log of its pages.

use std::fmt::{Display, Formatter};
use std::sync::PoisonError;

use super::Browser;
use super::session::Refusal;

/// A line of the log: a script error, a violation of the Content-Security-Policy, a failed load, or a line
/// that the page itself logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// `SEVERE`, `WARNING`, `INFO` or `DEBUG`.
    pub level: String,
    /// The part of the browser that logged it: `javascript`, `security`, `network`, `console-api` and others.
    pub source: String,
    /// The message, which starts with the URL and the place that it concerns.
    pub text: String,
}

impl Logged {
    /// Whether the line is an error or a warning, which a correct page does not cause.
    pub fn is_fault(&self) -> bool {
        self.level == "SEVERE" || self.level == "WARNING"
    }
}

impl Display for Logged {
    fn fmt(&self, out: &mut Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} {}: {}", self.level, self.source, self.text)
    }
}

impl Browser {
    /// All lines since the start.
    pub async fn logged(&self) -> Vec<Logged> {
        let logged = self.take_log().await;
        self.expect("read the browser's log", logged).await
    }

    /// Panics if any fault was logged: a script error, a violation of the policy, a failed load. `expected`
    /// holds texts of faults that the test causes on purpose, such as `status of 422`.
    pub async fn assert_no_fault_logged(&self, expected: &[&str]) {
        let logged = self.logged().await;
        let faults: Vec<String> = logged
            .iter()
            .filter(|line| line.is_fault())
            .map(ToString::to_string)
            .filter(|line| !expected.iter().any(|text| line.contains(text)))
            .collect();
        assert!(faults.is_empty(), "the browser logged:\n{}", faults.join("\n"));
    }

    /// Adds the driver's new lines to the known ones, because the driver returns each line only once.
    pub(super) async fn take_log(&self) -> Result<Vec<Logged>, Refusal> {
        let new_lines = self.session.log().await?;
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        logged.extend(new_lines.into_iter().map(|line| Logged {
            level: line.level,
            source: line.source.unwrap_or_default(),
            text: line.message,
        }));
        Ok(logged.clone())
    }
}
