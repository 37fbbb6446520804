//! One object, a line per field.

use unicode_width::UnicodeWidthStr as _;

use super::{Paint, printable};

/// A record that is being filled.
#[derive(Debug, Clone, Default)]
pub struct Record {
    fields: Vec<(&'static str, String)>,
}

impl Record {
    /// An empty record.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field, unless its value is empty. Further lines of a value are indented.
    #[must_use]
    pub fn field(mut self, name: &'static str, value: impl Into<String>) -> Self {
        let value = value.into();
        if !value.is_empty() {
            self.fields.push((name, value));
        }
        self
    }

    /// The record as text. The value of `Status` is printed in its colour.
    pub fn render(&self, paint: Paint) -> String {
        let width = self
            .fields
            .iter()
            .map(|(name, _)| name.width())
            .max()
            .unwrap_or(0);
        let mut text = String::new();
        for (name, value) in &self.fields {
            let padding = " ".repeat(width - name.width() + 2);
            for (index, line) in value.lines().enumerate() {
                let line = printable(line);
                let line = if *name == "Status" {
                    paint.status(&line)
                } else {
                    line.into_owned()
                };
                match index {
                    0 => text.push_str(&format!("{}{padding}{line}\n", paint.bold(name))),
                    _ => text.push_str(&format!("{}{line}\n", " ".repeat(width + 2))),
                }
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_aligned_and_empty_ones_left_out() {
        let record = Record::new()
            .field("Id", "acct_1")
            .field("Uid", "")
            .field("Actions", "one\ntwo");
        assert_eq!(
            record.render(Paint::PLAIN),
            "Id       acct_1\nActions  one\n         two\n"
        );
    }
}
