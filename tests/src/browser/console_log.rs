//! What the browser logs of the pages that it shows.

use std::fmt::{Display, Formatter};
use std::sync::PoisonError;

use super::Browser;
use super::session::Refusal;

/// A line of the log: an error of a script, a violation of the Content-Security-Policy, something that did
/// not load, or what a page logged itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// `SEVERE`, `WARNING`, `INFO` or `DEBUG`.
    pub level: String,
    /// Which part of the browser says so: `javascript`, `security`, `network`, `console-api` and others.
    pub source: String,
    /// What it says, behind the URL and the place that it says it of.
    pub text: String,
}

impl Logged {
    /// Whether a page that is well made would not cause it.
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
    /// All that was logged since the start.
    pub async fn logged(&self) -> Vec<Logged> {
        let logged = self.take_log().await;
        self.expect("read the browser's log", logged).await
    }

    /// Panics where anything was logged that is a fault: a script's error, a violation of the policy,
    /// something that did not load. `expected` are texts of faults that the test means to cause, such as
    /// `status of 422`.
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

    /// The driver forgets what it gave.
    pub(super) async fn take_log(&self) -> Result<Vec<Logged>, Refusal> {
        let news = self.session.log().await?;
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        logged.extend(news.into_iter().map(|line| Logged {
            level: line.level,
            source: line.source.unwrap_or_default(),
            text: line.message,
        }));
        Ok(logged.clone())
    }
}
