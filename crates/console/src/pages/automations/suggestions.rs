//! The fields that the form offers for conditions: those of the examples of its event types, and of recent
//! events.

use bytes::Bytes;
use postrider_json::Value;
use postrider_json::conditions::{self, FieldKind};
use postrider_model::{
    Event, EventHeaders, EventId, EventPattern, EventTypeName, FixedPoints, OperationalType, Origin, Scope,
};
use postrider_signing::template::{self, Field};

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

/// Fields with what is known of them, in the order in which they were found, and an event to try things with.
#[derive(Debug, Default)]
pub struct Suggestions {
    fields: Vec<Suggestion>,
    /// The expressions that read fields in a template.
    expressions: Vec<Field>,
    /// The newest event of these types, or an example of one.
    sample: Option<Sample>,
}

/// An event to preview messages with.
#[derive(Debug)]
pub struct Sample {
    /// The event.
    pub event: Event,
    /// Whether it is an example of the catalogue, and did not happen.
    pub is_example: bool,
}

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
        let mut samples = Vec::new();
        for (name, example) in examples(app, account.visitor.caller.scope, &patterns).await? {
            suggestions.add(&example);
            samples.push(Sample {
                event: example_event(app, account, name, example),
                is_example: true,
            });
        }
        if !patterns.is_empty() {
            let recent = app.figures.recent_events(account.id(), &patterns).await?;
            for event in recent.iter().take(EVENTS_MAX) {
                suggestions.add(text_of(event));
            }
            let newest = recent.into_iter().next();
            samples.splice(
                ..0,
                newest.map(|event| Sample {
                    event,
                    is_example: false,
                }),
            );
        }
        suggestions.sample = samples.into_iter().next();
        if let Some(sample) = &suggestions.sample {
            suggestions.expressions = template::fields(text_of(&sample.event));
        }
        Ok(suggestions)
    }

    /// Adds the fields of some data.
    fn add(&mut self, data: &str) {
        for conditions::Field { path, kind, sample } in conditions::fields(data) {
            let kind = match kind {
                FieldKind::Number => Kind::Number,
                FieldKind::String => Kind::String,
                _ => Kind::Other,
            };
            if let Some(known) = self.fields.iter_mut().find(|known| known.path == path) {
                if known.kind != kind {
                    known.kind = Kind::Other;
                }
            } else if self.fields.len() < OFFERED_MAX {
                self.fields.push(Suggestion {
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
        let known = self.fields.iter().find(|known| known.path == path);
        known.map(|known| known.kind)
    }

    /// All fields.
    pub fn all(&self) -> &[Suggestion] {
        &self.fields
    }

    /// The expressions that a template can print, with what they print of the sample.
    pub fn expressions(&self) -> &[Field] {
        &self.expressions
    }

    /// An event to try things with.
    pub fn sample(&self) -> Option<&Sample> {
        self.sample.as_ref()
    }
}

/// The examples of these types that the visitor may see.
async fn examples(
    app: &App,
    scope: Scope,
    patterns: &[EventPattern],
) -> Result<Vec<(EventTypeName, String)>, Refusal> {
    let names = patterns.iter().filter_map(|pattern| match pattern {
        EventPattern::Exact(name) => Some(name),
        EventPattern::Any | EventPattern::Under(_) => None,
    });
    let mut examples = Vec::new();
    for name in names.take(EXAMPLES_MAX) {
        let entry = app.configuration.event_type_in(scope, name).await?;
        let example = entry.and_then(|entry| entry.example);
        let example = example.or_else(|| Some(OperationalType::of(name)?.example()));
        examples.extend(example.map(|example| (name.clone(), example)));
    }
    Ok(examples)
}

/// The event that would have this data. It is not stored.
fn example_event(app: &App, account: &InAccount, name: EventTypeName, data: String) -> Event {
    Event {
        id: EventId::from_u128(0),
        account: account.id(),
        event_type: name,
        data: Bytes::from(data),
        occurred_at: None,
        created_at: app.now(),
        origin: Origin::Producer,
        fixed_points: FixedPoints::default(),
        warning: None,
        deliveries: 0,
        deliver_at: None,
        headers: EventHeaders::default(),
        trace: None,
        missed: 0,
        is_canceled: false,
    }
}

/// The data of a stored event, which is UTF-8.
fn text_of(event: &Event) -> &str {
    std::str::from_utf8(&event.data).unwrap_or("null")
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
