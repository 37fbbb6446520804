//! Templates: turn an event into a message that the customer writes.
//!
//! A customer writes a template in Jinja's language, over `event` and `data`. It is compiled once, when it is
//! saved, and rendered for each delivery, by `minijinja`. Neither the customer nor the producer is trusted:
//! what goes to `minijinja` was checked and written anew (`translate.rs`), and a rendering pays for each
//! instruction with fuel (`environment.rs`) and for the work of our own code from a budget (`budget.rs`). It
//! reads nothing but the event.
//!
//! | file | does |
//! |---|---|
//! | `lexer.rs`, `translate.rs` | check a template and write it for `minijinja`: faults with their place |
//! | `environment.rs`, `item.rs` | what `minijinja` calls of ours, and the values that it sees |
//! | `render.rs` | a rendering under way |
//! | `document.rs`, `value.rs`, `number.rs` | the event's `data` and other values, numbers as written |
//! | `access.rs`, `compare.rs`, `filters.rs`, `tests.rs` | fields, comparisons, filters, tests |
//! | `budget.rs`, `output.rs` | bound and escape what it produces |
//! | `presets.rs` | messages to chat systems, from one sentence |
//! | `fields.rs` | the fields of an example, for an editor |
//!
//! To add a filter: see `filters.rs`. To add a statement, write it for `minijinja` in
//! `translate/statement.rs`, describe it in `docs/templates.md`, and attack it in
//! `tests/template/hostile/cases.rs`. To add a chat system: see `presets.rs`.

mod access;
mod budget;
mod compare;
mod document;
mod environment;
mod fields;
mod filters;
mod item;
mod lexer;
mod number;
mod output;
mod presets;
mod render;
mod tests;
mod translate;
mod value;

use std::fmt;
use std::sync::Arc;

pub use fields::{Field, fields};
pub use postrider_model::template::TemplateKind;
pub use presets::Preset;

use minijinja::Environment;

use render::{Failed, Render};

/// Maximum bytes of a template: many times what a message takes.
pub const SOURCE_BYTES_MAX: usize = 16 * 1024;
/// Maximum bytes of a template for a header, and of its output: receivers bound all headers together to 8 KiB
/// or 16 KiB.
pub const HEADER_BYTES_MAX: usize = 1024;
/// Maximum bytes of the output of any other template: as many as the smallest bound on an event's data.
pub const OUTPUT_BYTES_MAX: usize = 256 * 1024;

/// A compiled template. Clones share it.
#[derive(Clone)]
pub struct Template(Arc<Compiled>);

struct Compiled {
    kind: TemplateKind,
    source: Box<str>,
    environment: Environment<'static>,
}

/// What is wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct TemplateFault {
    /// The line, from 1.
    pub line: usize,
    /// The character within the line, from 1; `None` where the fault concerns the whole template.
    pub column: Option<usize>,
    /// What is wrong, for the author of the template.
    pub message: String,
}

/// Why a template produces nothing for an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct NotRendered {
    /// The line of the template, from 1.
    pub line: usize,
    /// Why, for the author of the template. It can quote the event.
    pub reason: String,
}

/// What a template sees of an event.
#[derive(Debug, Clone, Copy)]
pub struct TemplateEvent<'a> {
    /// `event.id`
    pub id: &'a str,
    /// `event.type`
    pub event_type: &'a str,
    /// `event.timestamp`: RFC 3339 in UTC, with milliseconds.
    pub timestamp: &'a str,
    /// `event.account`: the account's id, which never changes.
    pub account: &'a str,
    /// `data`: the producer's JSON text, which [`inspect`](postrider_json::inspect) accepted.
    pub data: &'a str,
}

impl Template {
    /// Compiles a template.
    ///
    /// # Errors
    /// A template of more than [`SOURCE_BYTES_MAX`] ([`HEADER_BYTES_MAX`] for a header) bytes, one that does
    /// not parse, or one that names a variable, filter or test that does not exist.
    pub fn compile(source: &str, kind: TemplateKind) -> Result<Self, TemplateFault> {
        let (bytes_max, bound) = match kind {
            TemplateKind::Json | TemplateKind::Text => (SOURCE_BYTES_MAX, "16 KiB"),
            TemplateKind::HeaderValue => (HEADER_BYTES_MAX, "1 KiB"),
        };
        if source.len() > bytes_max {
            return Err(TemplateFault {
                line: 1,
                column: None,
                message: format!("the template is longer than {bound}"),
            });
        }
        Ok(Self(Arc::new(Compiled {
            kind,
            source: source.into(),
            environment: environment_of(source, false)?,
        })))
    }

    /// What the template produces.
    pub fn kind(&self) -> TemplateKind {
        self.0.kind
    }

    /// The template as it was written.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// Renders the template for an event. The same template and event give the same output.
    ///
    /// The output has at most [`OUTPUT_BYTES_MAX`] bytes. That of a JSON template is JSON. That of a header
    /// has at most [`HEADER_BYTES_MAX`] bytes and no control characters: a space stands for each, and there
    /// are none around it.
    ///
    /// # Errors
    /// Output that is too long or is not JSON; an operation that the values do not have, such as adding text
    /// to a number; a rendering that takes too many steps or too much memory.
    pub fn render(&self, event: &TemplateEvent<'_>) -> Result<String, NotRendered> {
        let Compiled {
            kind, environment, ..
        } = &*self.0;
        let output = match Render::run(environment, *kind, event) {
            Ok(printed) => printed.output,
            Err(Failed {
                line: Some(line),
                reason,
                ..
            }) => return Err(NotRendered { line, reason }),
            Err(Failed { reason, .. }) => {
                let line = self.places(event).last().map_or(1, |(_, line)| *line);
                return Err(NotRendered { line, reason });
            }
        };
        match kind {
            TemplateKind::Text => Ok(output),
            TemplateKind::HeaderValue => Ok(output.trim().to_owned()),
            TemplateKind::Json => match postrider_json::scan::scan(&output, &mut Nothing) {
                Ok(_) => Ok(output),
                Err(error) => Err(self.not_json(event, &output, error)),
            },
        }
    }

    /// Where in the output each printing statement begins, and its line: renders once more to find out.
    fn places(&self, event: &TemplateEvent<'_>) -> Vec<(usize, usize)> {
        let Ok(environment) = environment_of(&self.0.source, true) else {
            return Vec::new();
        };
        match Render::run(&environment, self.0.kind, event) {
            Ok(printed) => printed.places,
            Err(failed) => failed.places,
        }
    }

    /// Finds the line of the template that printed what is not JSON.
    fn not_json(
        &self,
        event: &TemplateEvent<'_>,
        output: &str,
        error: postrider_json::JsonError,
    ) -> NotRendered {
        /// Characters of the output that are shown before and after the error.
        const SHOWN: usize = 20;
        let places = self.places(event);
        let place = places.iter().rev().find(|(start, _)| *start <= error.offset);
        let (start, line) = place.copied().unwrap_or((0, 1));
        // Text of the template can have several lines. A value's line breaks are escaped within JSON.
        let lines_within = output[start..error.offset].matches('\n').count();
        let before = output[..error.offset]
            .char_indices()
            .rev()
            .take(SHOWN)
            .last()
            .map_or(0, |(at, _)| at);
        let after = output[error.offset..].chars().take(SHOWN);
        let near: String = output[before..error.offset].chars().chain(after).collect();
        NotRendered {
            line: line + lines_within,
            reason: match near.is_empty() {
                true => "the output is empty, and has to be JSON".to_owned(),
                false => format!("the output is not JSON: {error} of the output, near {near:?}"),
            },
        }
    }
}

/// Compiles a template, which can note its lines while it renders.
fn environment_of(source: &str, notes_lines: bool) -> Result<Environment<'static>, TemplateFault> {
    let translated = translate::translate(source, notes_lines)?;
    environment::environment(translated, notes_lines).map_err(|error| TemplateFault {
        line: error.line().unwrap_or(1),
        column: None,
        message: error
            .detail()
            .map_or_else(|| error.kind().to_string(), str::to_owned),
    })
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Template({:?}, {} bytes)", self.0.kind, self.0.source.len())
    }
}

/// Visits a JSON text only to learn whether it is one.
struct Nothing;

impl<'a> postrider_json::scan::Visit<'a> for Nothing {
    fn open(&mut self, _: postrider_json::scan::Container) {}
    fn close(&mut self, _: postrider_json::scan::Container) {}
    fn name(&mut self, _: postrider_json::string::Text<'a>) {}
    fn string(&mut self, _: postrider_json::string::Text<'a>) {}
    fn number(&mut self, _: postrider_json::number::Number<'a>) {}
}
