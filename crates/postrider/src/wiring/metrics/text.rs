//! The Prometheus text format (version 0.0.4), as far as gauges and counters need it.

use std::fmt::{Display, Write as _};

/// A text that grows.
pub(super) struct Text(String);

/// The values of one metric.
pub(super) struct Values<'a> {
    text: &'a mut String,
    name: &'static str,
}

impl Text {
    /// A text that begins with this one.
    pub(super) fn after(text: String) -> Self {
        Self(text)
    }

    /// Begins a gauge.
    pub(super) fn gauge(&mut self, name: &'static str, help: &str) -> Values<'_> {
        self.begin(name, help, "gauge")
    }

    /// Begins a counter.
    pub(super) fn counter(&mut self, name: &'static str, help: &str) -> Values<'_> {
        self.begin(name, help, "counter")
    }

    /// `help` has neither line breaks nor backslashes.
    fn begin(&mut self, name: &'static str, help: &str, kind: &str) -> Values<'_> {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
        Values {
            text: &mut self.0,
            name,
        }
    }

    /// The whole text.
    pub(super) fn finish(self) -> String {
        self.0
    }
}

impl Values<'_> {
    /// The only value.
    pub(super) fn value(self, value: impl Display) {
        let _ = writeln!(self.text, "{} {value}", self.name);
    }

    /// A value with labels, whose values have neither quotes nor backslashes.
    pub(super) fn of(self, labels: &[(&str, &str)], value: impl Display) -> Self {
        let labels: Vec<String> = labels
            .iter()
            .map(|(label, value)| format!("{label}=\"{value}\""))
            .collect();
        let _ = writeln!(self.text, "{}{{{}}} {value}", self.name, labels.join(","));
        self
    }
}
