//! Ids: in one piece, in a fixed-width type, with a button that copies them.

use std::fmt;

use askama::Template;

use super::icon::Icon;
use super::markup;

/// An id that can be copied. Scripts show the button.
#[derive(Debug, Clone, Template)]
#[template(
    ext = "html",
    source = r#"<span class="id"><code>{{ text }}</code><button type="button" class="copy" data-copy="{{ text }}" aria-label="Copy {{ text }}" title="Copy" hidden>{{ Icon::Copy }}</button></span>"#
)]
pub struct CopyId {
    text: String,
}

impl CopyId {
    /// Of anything that has a text.
    pub fn new(id: impl fmt::Display) -> Self {
        Self { text: id.to_string() }
    }
}

markup!(CopyId);

/// The part of an id that tells it from others: 25 bits of milliseconds, which repeat after nine hours, and
/// the number within one millisecond. The characters before it change every nine hours, and those after it
/// are the same for all ids of a node.
pub fn short(id: impl fmt::Display) -> String {
    let text = id.to_string();
    let middle = text
        .split_once('_')
        .and_then(|(prefix, rest)| Some((prefix, rest.get(5..14)?)));
    match middle {
        Some((prefix, middle)) => format!("{prefix}_…{middle}"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_ids_are_text() {
        let html = CopyId::new("\"><script>").to_string();
        assert!(!html.contains("<script"), "{html}");
    }

    #[test]
    fn shortened_ids_stay_distinguishable() {
        assert_eq!(short("evt_01h455vb4pex5vsknk084sn02q"), "evt_…5vb4pex5v");
        assert_ne!(
            short("evt_01m876tdzke00smqcvwjat8000"),
            short("evt_01m876tdzke009mqcvwjat8000")
        );
        assert_eq!(short("mine"), "mine");
    }
}
