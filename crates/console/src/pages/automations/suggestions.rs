//! The fields that the form offers for conditions: those of the examples of its event types, and of recent
//! events.

use postrider_json::Value;
use postrider_json::conditions::{Field, FieldKind, fields};
use postrider_model::{EventPattern, Scope};

use super::conditions::{Kind, field_of};
use crate::refusal::Refusal;
use crate::state::App;
use crate::visitor::account::InAccount;

/// Most fields that are offered.
const OFFERED_MAX: usize = 200;

/// Most examples that are read.
const EXAMPLES_MAX: usize = 10;

/// Most recent events that are read.
const EVENTS_MAX: usize = 10;

/// Longest value shown beside a field, in characters.
const SAMPLE_CHARS_MAX: usize = 40;

/// Fields with what is known of them, in the order in which they were found.
#[derive(Debug, Default)]
pub struct Suggestions(Vec<Suggestion>);

/// A field that conditions can name.
#[derive(Debug)]
pub struct Suggestion {
    path: String,
    kind: Kind,
    /// As a person types it.
    pub field: String,
    /// A value that it had.
    pub sample: String,
}

impl Suggestions {
    /// The fields of events of these types.
    pub async fn of(app: &App, account: &InAccount, event_types: &[String]) -> Result<Self, Refusal> {
        let patterns = event_types.iter().filter_map(|text| text.parse().ok());
        let patterns: Vec<EventPattern> = patterns.collect();
        let mut suggestions = Self::default();
        for example in examples(app, account.visitor.caller.scope, &patterns).await? {
            suggestions.add(&example);
        }
        if !patterns.is_empty() {
            let recent = app.figures.recent_events(account.id(), &patterns).await?;
            for event in recent.iter().take(EVENTS_MAX) {
                suggestions.add(std::str::from_utf8(&event.data).unwrap_or("null"));
            }
        }
        Ok(suggestions)
    }

    /// Adds the fields of some data.
    fn add(&mut self, data: &str) {
        for Field { path, kind, sample } in fields(data) {
            let kind = match kind {
                FieldKind::Number => Kind::Number,
                FieldKind::String => Kind::String,
                _ => Kind::Other,
            };
            if let Some(known) = self.0.iter_mut().find(|known| known.path == path) {
                if known.kind != kind {
                    known.kind = Kind::Other;
                }
            } else if self.0.len() < OFFERED_MAX {
                self.0.push(Suggestion {
                    field: field_of(&path),
                    sample: shown(&sample),
                    path,
                    kind,
                });
            }
        }
    }

    /// The kind of the field at a pointer, if it is known and was always the same.
    pub fn kind(&self, path: &str) -> Option<Kind> {
        let known = self.0.iter().find(|known| known.path == path);
        known.map(|known| known.kind)
    }

    /// All of them.
    pub fn all(&self) -> &[Suggestion] {
        &self.0
    }
}

/// The examples of these types that the visitor may see.
async fn examples(app: &App, scope: Scope, patterns: &[EventPattern]) -> Result<Vec<String>, Refusal> {
    let names = patterns.iter().filter_map(|pattern| match pattern {
        EventPattern::Exact(name) => Some(name),
        EventPattern::Any | EventPattern::Under(_) => None,
    });
    let mut examples = Vec::new();
    for name in names.take(EXAMPLES_MAX) {
        let entry = app.configuration.event_type_in(scope, name).await?;
        examples.extend(entry.and_then(|entry| entry.example));
    }
    Ok(examples)
}

/// A value as text of one line: a string without quotes, cut.
fn shown(sample: &str) -> String {
    let text = match Value::read(sample) {
        Ok(Value::String(text)) => text.into_owned(),
        _ => sample.to_owned(),
    };
    let mut characters = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut shown: String = characters.by_ref().take(SAMPLE_CHARS_MAX).collect();
    if characters.next().is_some() {
        shown.push('…');
    }
    shown
}
