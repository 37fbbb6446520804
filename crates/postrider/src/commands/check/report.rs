//! Findings, and how they are printed.

use std::fmt::Write as _;

use postrider_cli::display::Paint;
use serde::Serialize;

/// The width of the first two columns: the status, and the name of the longest check.
const STATUS_WIDTH: usize = 9;
const NAME_WIDTH: usize = 19;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    /// In order.
    Ok,
    /// A server starts, but something is likely to go wrong.
    Warning,
    /// A server does not start, or does not work.
    Error,
}

impl Status {
    const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    check: &'static str,
    status: Status,
    message: String,
    /// What to do; missing if all is in order or the message says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

/// All findings.
#[derive(Debug, Default)]
pub(super) struct Report {
    findings: Vec<Finding>,
}

#[derive(Serialize)]
struct Document<'a> {
    status: Status,
    checks: &'a [Finding],
}

impl Report {
    /// Something is in order.
    pub(super) fn ok(&mut self, check: &'static str, message: impl Into<String>) {
        self.add(check, Status::Ok, message.into(), "");
    }

    /// Something should be changed.
    pub(super) fn warning(
        &mut self,
        check: &'static str,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) {
        self.add(check, Status::Warning, message.into(), advice);
    }

    /// Something has to be changed. `advice` is empty if the message says how.
    pub(super) fn error(
        &mut self,
        check: &'static str,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) {
        self.add(check, Status::Error, message.into(), advice);
    }

    fn add(&mut self, check: &'static str, status: Status, message: String, advice: impl Into<String>) {
        let advice = advice.into();
        self.findings.push(Finding {
            check,
            status,
            message,
            advice: (!advice.is_empty()).then_some(advice),
        });
    }

    /// Whether a check failed.
    pub(super) fn has_errors(&self) -> bool {
        self.status() == Status::Error
    }

    fn status(&self) -> Status {
        let statuses = self.findings.iter().map(|finding| finding.status);
        statuses.max().unwrap_or(Status::Ok)
    }

    /// As JSON.
    pub(super) fn json(&self) -> String {
        let document = Document {
            status: self.status(),
            checks: &self.findings,
        };
        serde_json::to_string_pretty(&document).expect("texts serialise")
    }

    /// As a table, with a summary.
    pub(super) fn text(&self, paint: Paint) -> String {
        let mut text = String::new();
        let indent = " ".repeat(STATUS_WIDTH + NAME_WIDTH);
        for finding in &self.findings {
            let status = format!("{:<STATUS_WIDTH$}", finding.status.name());
            let status = match finding.status {
                Status::Ok => paint.green(&status),
                Status::Warning => paint.yellow(&status),
                Status::Error => paint.red(&status),
            };
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{status}{:<NAME_WIDTH$}{}", finding.check, finding.message);
            if let Some(advice) = &finding.advice {
                let _ = writeln!(text, "{indent}{advice}.");
            }
        }
        let count = |status| {
            self.findings
                .iter()
                .filter(|finding| finding.status == status)
                .count()
        };
        let _ = match (count(Status::Error), count(Status::Warning)) {
            (0, 0) => writeln!(text, "\nAll is in order."),
            (errors, warnings) => writeln!(text, "\nErrors: {errors}. Warnings: {warnings}."),
        };
        text
    }
}
