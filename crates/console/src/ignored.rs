//! The filters of an address that a page cannot apply. The page shows its list without them, and says so. It
//! offers nothing that acts on the whole list, because the list is longer than the person asked for.

use askama::Template;

use crate::pages::deliveries::moment::MomentField;
use crate::query::Query;
use crate::view::markup;

/// Longest part of a value that a message repeats, in characters: an id fits.
const SHOWN_CHARS: usize = 64;

/// The ignored filters, each with what is wrong with it. A page prints it below its form.
#[derive(Debug, Clone, Default, Template)]
#[template(
    ext = "html",
    source = r#"{% for fault in faults %}<p class="fault" id="{{ fault.name }}-ignored" role="alert">{{ fault.words }} This filter was ignored.</p>
{% endfor %}"#
)]
pub struct Ignored {
    faults: Vec<Fault>,
}

markup!(Ignored);

#[derive(Debug, Clone)]
struct Fault {
    name: &'static str,
    words: String,
}

impl Ignored {
    /// The value of a parameter; `None` if it is absent, or if `parse` rejects it. `is_not` completes the
    /// sentence that begins with the value: `is not a status.`
    pub fn read<T>(
        &mut self,
        query: &Query,
        name: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
        is_not: &str,
    ) -> Option<T> {
        let text = query.get(name)?.trim();
        let value = parse(text);
        if value.is_none() && !text.is_empty() {
            self.add(name, text, is_not);
        }
        value
    }

    /// The time in a parameter.
    pub fn moment(&mut self, query: &Query, name: &'static str) -> MomentField {
        let field = MomentField::of(query.get(name));
        if field.is_wrong() {
            self.add(
                name,
                &field.text,
                "is not a time. Write times like 2026-01-31T09:30.",
            );
        }
        field
    }

    /// A parameter that this list does not have, although others have it.
    pub fn unsupported(&mut self, query: &Query, name: &'static str, why: &str) {
        if query.get(name).is_some() {
            let words = format!("“{name}” does not filter this list. {why}");
            self.faults.push(Fault { name, words });
        }
    }

    /// Whether every filter of the address applies.
    pub fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }

    /// Whether the filter of this name was ignored.
    pub fn has(&self, name: &str) -> bool {
        self.faults.iter().any(|fault| fault.name == name)
    }

    fn add(&mut self, name: &'static str, text: &str, is_not: &str) {
        let mut shown: String = text.chars().take(SHOWN_CHARS).collect();
        if shown.len() < text.len() {
            shown.push('…');
        }
        let words = format!("“{shown}” {is_not}");
        self.faults.push(Fault { name, words });
    }
}

/// Parses what has a text form.
pub fn parsed<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use http::Uri;

    use super::*;

    #[test]
    fn a_value_that_is_not_understood_is_named_escaped_and_cut_off() {
        let long = "x".repeat(SHOWN_CHARS + 1);
        let uri: Uri = format!("/x?a=%3Cb%3E&b=2&c={long}&d=%20").parse().unwrap();
        let (query, mut ignored) = (Query::of(&uri), Ignored::default());
        let mut read = |name| ignored.read(&query, name, parsed::<u8>, "is not a number.");
        assert_eq!([read("a"), read("b"), read("d")], [None, Some(2), None]);
        assert_eq!(read("c"), None);
        assert!(ignored.has("a") && ignored.has("c") && !ignored.has("b") && !ignored.has("d"));
        let shown = ignored.to_string();
        assert!(
            shown.contains("“&#60;b&#62;” is not a number. This filter was ignored."),
            "{shown}"
        );
        assert!(
            shown.contains(&format!("“{}…”", "x".repeat(SHOWN_CHARS))),
            "{shown}"
        );
    }
}
