//! Colours, for terminals that can show them.

use std::io::IsTerminal;

/// Colours text, or leaves it alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Paint {
    on: bool,
}

impl Paint {
    /// No colours.
    pub const PLAIN: Self = Self { on: false };

    /// Colours where `stream` is a terminal that can show them and `NO_COLOR` is not set
    /// (<https://no-color.org>).
    pub fn for_stream(stream: &impl IsTerminal) -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self {
            on: stream.is_terminal() && !unwanted && !dumb,
        }
    }

    /// Whether colours are on.
    pub const fn is_on(self) -> bool {
        self.on
    }

    /// Emphasis.
    pub fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    /// Less important text.
    pub fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    /// Success.
    pub fn green(self, text: &str) -> String {
        self.with("32", text)
    }

    /// Pending, or a retry to come.
    pub fn yellow(self, text: &str) -> String {
        self.with("33", text)
    }

    /// Failure.
    pub fn red(self, text: &str) -> String {
        self.with("31", text)
    }

    /// Names.
    pub fn cyan(self, text: &str) -> String {
        self.with("36", text)
    }

    /// The status of a delivery in its colour.
    pub fn status(self, status: &str) -> String {
        match status {
            "succeeded" => self.green(status),
            "pending" => self.yellow(status),
            "failed" => self.red(status),
            _ => self.dim(status),
        }
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.on {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}
