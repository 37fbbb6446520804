//! What a template of the form would send: its output for a recent event, or why there is none.

use postrider_model::Event;
use postrider_signing::template::{Template, TemplateEvent};

use super::row::RowFields;
use super::suggestions::{Sample, Suggestions};
use crate::view::body as shown;

/// Longest preview, in characters.
const CHARS_MAX: usize = 4_000;

/// The preview of a row's template.
pub struct Preview {
    /// What would be sent, or why nothing would.
    pub text: String,
    /// Whether the template fails on the event.
    pub has_failed: bool,
    /// Whether the event is an example and did not happen.
    pub is_example: bool,
}

impl Preview {
    /// What the row's template does with the sample; `None` without a template that compiles, and
    /// without a sample.
    pub fn of(row: &RowFields, suggestions: &Suggestions) -> Option<Self> {
        let Sample { event, is_example } = suggestions.sample()?;
        let body = row.body().unchecked_template()?;
        let template = Template::compile(&body.source, body.kind()).ok()?;
        let rendered = render(&template, event);
        let has_failed = rendered.is_err();
        let text = match rendered {
            Ok(text) => shown::pretty(&text).unwrap_or(text),
            Err(reason) => reason,
        };
        Some(Self {
            text: cut(text, CHARS_MAX),
            has_failed,
            is_example: *is_example,
        })
    }
}

fn render(template: &Template, event: &Event) -> Result<String, String> {
    let account = event.account.to_string();
    let rendered = template.render(&TemplateEvent {
        id: &event.id.to_string(),
        event_type: event.event_type.as_str(),
        timestamp: &event.timestamp().to_string(),
        account: &account,
        data: std::str::from_utf8(&event.data).unwrap_or("null"),
    });
    rendered.map_err(|failed| failed.to_string())
}

/// The text, at most this many characters of it.
pub(super) fn cut(text: String, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
