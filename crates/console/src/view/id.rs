//! Ids: in one piece, in a fixed-width type, with a button that copies them.

use std::fmt;

use askama::Template;

use super::icon::Icon;
use super::markup;

/// An id that can be copied. The button shows where scripts run.
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

/// The end of an id, for rows of tables: what tells two of them apart.
pub fn short(id: impl fmt::Display) -> String {
    let text = id.to_string();
    match text.split_once('_') {
        Some((prefix, rest)) if rest.len() > 8 && rest.is_ascii() => {
            format!("{prefix}_…{}", &rest[rest.len() - 8..])
        }
        _ => text,
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
    fn short_ids_keep_what_tells_them_apart() {
        assert_eq!(short("evt_01h455vb4pex5vsknk084sn02q"), "evt_…084sn02q");
        assert_eq!(short("mine"), "mine");
    }
}
