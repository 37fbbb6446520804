//! Values as filters see them.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use super::budget::{Budget, Builder, Stop, stop};
use super::document::{Document, Found, Sink, Spelt};
use super::number::Number;
use super::output::escape_json;

/// Maximum nesting of lists and maps that a template builds. Printing and comparing them recurses as deeply.
const BUILT_DEPTH_MAX: usize = 20;

/// A value. Cloning it copies no text.
#[derive(Clone)]
pub(super) enum Value {
    /// A field that the event does not have, or a variable that was not set.
    Undefined,
    Null,
    Bool(bool),
    Number(Number),
    Text(Text),
    /// An array or object of the data: its entry in the document.
    Data(usize),
    List(Arc<List>),
    Map(Arc<Map>),
    /// What `tojson` returns: the JSON text of another value. Never nested. Where the output is JSON, it
    /// prints as that value; everything but `tojson` and `default` takes it for the text.
    Json(Arc<Value>),
}

/// A text of the data or the template, or one that the template built.
#[derive(Clone)]
pub(super) enum Text {
    Fixed(&'static str),
    Shared(Arc<str>),
}

/// A list that the template built, and how deeply lists are nested in it.
pub(super) struct List {
    pub(super) items: Vec<Value>,
    depth: usize,
}

/// A map that the template built. No two keys are the same text; of other equal keys, the last one counts.
pub(super) struct Map {
    pub(super) pairs: Vec<(Value, Value)>,
    depth: usize,
}

impl Text {
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Fixed(text) => text,
            Self::Shared(text) => text,
        }
    }
}

impl Value {
    /// A text that the template built, which is paid for.
    pub(super) fn owned(text: String) -> Self {
        Self::Text(Text::Shared(text.into()))
    }

    pub(super) fn fixed(text: &'static str) -> Self {
        Self::Text(Text::Fixed(text))
    }

    pub(super) fn int(int: usize) -> Self {
        Self::Number(Number::Int(i128::try_from(int).unwrap_or(i128::MAX)))
    }

    pub(super) fn list(items: Vec<Self>, budget: &Budget) -> Result<Self, Stop> {
        budget.bytes((items.capacity() + 2) * size_of::<Self>())?;
        let depth = built_depth(items.iter())?;
        Ok(Self::List(Arc::new(List { items, depth })))
    }

    /// A map of these pairs. Of several with the same text as their key, the last one is left, as in a JSON
    /// object of the data.
    pub(super) fn map(mut pairs: Vec<(Self, Self)>, budget: &Budget) -> Result<Self, Stop> {
        budget.bytes((pairs.capacity() + 2) * size_of::<(Self, Self)>())?;
        keep_last_of_texts(&mut pairs, budget)?;
        let depth = built_depth(pairs.iter().flat_map(|(key, value)| [key, value]))?;
        Ok(Self::Map(Arc::new(Map { pairs, depth })))
    }

    /// The value of the document's entry `at`.
    pub(super) fn of(document: &Document, at: usize, budget: &Budget) -> Result<Self, Stop> {
        Ok(match document.found(at) {
            Found::Null => Self::Null,
            Found::Bool(value) => Self::Bool(value),
            Found::Number(text) => Self::Number(Number::read(text, budget)?),
            Found::String => match document.string(at, budget)? {
                Spelt::Short(text) => {
                    budget.bytes(text.len() + size_of::<Self>())?;
                    Self::Text(Text::Shared(text.into()))
                }
                Spelt::Kept(text) => Self::Text(Text::Shared(text)),
            },
            Found::Array | Found::Object => Self::Data(at),
        })
    }

    /// Python's truth: empty and zero values are false.
    pub(super) fn is_true(&self, document: &Document) -> bool {
        match self {
            Self::Undefined | Self::Null => false,
            Self::Bool(value) => *value,
            Self::Number(number) => !number.is_zero(),
            Self::Text(text) => !text.as_str().is_empty(),
            Self::Json(_) => true,
            Self::Data(at) => document.len(*at) > 0,
            Self::List(list) => !list.items.is_empty(),
            Self::Map(map) => !map.pairs.is_empty(),
        }
    }

    pub(super) fn is_missing(&self) -> bool {
        matches!(self, Self::Undefined | Self::Null)
    }

    /// What kind of value this is, for people.
    pub(super) fn kind(&self, document: &Document) -> &'static str {
        match self {
            Self::Undefined => "a missing field",
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) | Self::Json(_) => "text",
            Self::Data(at) if document.is_object(*at) => "an object",
            Self::Data(_) | Self::List(_) => "a list",
            Self::Map(_) => "an object",
        }
    }

    /// The value as the output shows it within text: nothing for a missing field and for null, JSON for lists
    /// and objects.
    pub(super) fn to_text(&self, document: &Document, budget: &Budget) -> Result<Text, Stop> {
        Ok(match self {
            Self::Undefined | Self::Null => Text::Fixed(""),
            Self::Bool(true) => Text::Fixed("true"),
            Self::Bool(false) => Text::Fixed("false"),
            Self::Number(Number::Written(text)) => Text::Shared(text.clone()),
            Self::Number(number) => {
                budget.bytes(size_of::<Self>())?;
                Text::Shared(number.text()?.into())
            }
            Self::Text(text) => text.clone(),
            Self::Json(value) => Text::Shared(value.to_json(document, budget)?.into()),
            Self::Data(_) | Self::List(_) | Self::Map(_) => {
                Text::Shared(self.to_json(document, budget)?.into())
            }
        })
    }

    /// The value, or the JSON text that `tojson` returned.
    pub(super) fn json_as_text(&self, document: &Document, budget: &Budget) -> Result<Cow<'_, Self>, Stop> {
        Ok(match self {
            Self::Json(_) => Cow::Owned(Self::Text(self.to_text(document, budget)?)),
            other => Cow::Borrowed(other),
        })
    }

    pub(super) fn to_json(&self, document: &Document, budget: &Budget) -> Result<String, Stop> {
        let mut json = JsonText(Builder::new(budget));
        self.print_json(document, budget, &mut json)?;
        Ok(json.0.finish())
    }

    /// Prints the value as compact JSON.
    pub(super) fn print_json(
        &self,
        document: &Document,
        budget: &Budget,
        sink: &mut dyn Sink,
    ) -> Result<(), Stop> {
        match self {
            Self::Undefined | Self::Null => sink.syntax("null"),
            Self::Bool(value) => sink.syntax(if *value { "true" } else { "false" }),
            Self::Number(number) => sink.syntax(&number.text()?),
            Self::Text(text) => print_string(text.as_str(), budget, sink),
            Self::Json(value) => value.print_json(document, budget, sink),
            Self::Data(at) => document.print(*at, budget, sink),
            Self::List(list) => {
                sink.syntax("[")?;
                for (at, item) in list.items.iter().enumerate() {
                    budget.steps(1)?;
                    sink.syntax(if at > 0 { "," } else { "" })?;
                    item.print_json(document, budget, sink)?;
                }
                sink.syntax("]")
            }
            Self::Map(map) => {
                sink.syntax("{")?;
                for (at, (key, value)) in map.pairs.iter().enumerate() {
                    budget.steps(1)?;
                    sink.syntax(if at > 0 { "," } else { "" })?;
                    print_string(key.to_text(document, budget)?.as_str(), budget, sink)?;
                    sink.syntax(":")?;
                    value.print_json(document, budget, sink)?;
                }
                sink.syntax("}")
            }
        }
    }
}

/// Removes the pairs whose key is a text that is the key of a later pair too.
fn keep_last_of_texts(pairs: &mut Vec<(Value, Value)>, budget: &Budget) -> Result<(), Stop> {
    budget.steps(pairs.len())?;
    budget.bytes(pairs.len() * 2 * size_of::<&str>())?;
    let mut seen = HashSet::with_capacity(pairs.len());
    let mut is_last = vec![true; pairs.len()];
    for (is_last, (key, _)) in is_last.iter_mut().zip(pairs.iter()).rev() {
        if let Value::Text(text) = key {
            budget.work(text.as_str().len())?;
            *is_last = seen.insert(text.as_str());
        }
    }
    let mut is_last = is_last.into_iter();
    pairs.retain(|_| is_last.next().unwrap_or(true));
    Ok(())
}

fn built_depth<'v>(values: impl Iterator<Item = &'v Value>) -> Result<usize, Stop> {
    fn depth(value: &Value) -> usize {
        match value {
            Value::List(list) => list.depth,
            Value::Map(map) => map.depth,
            Value::Json(value) => depth(value),
            _ => 0,
        }
    }
    let depths = values.map(|value| depth(value) + 1);
    match depths.max().unwrap_or(1) {
        depth @ ..=BUILT_DEPTH_MAX => Ok(depth),
        _ => stop("lists are nested too deeply"),
    }
}

fn print_string(text: &str, budget: &Budget, sink: &mut dyn Sink) -> Result<(), Stop> {
    budget.reading(text.len())?;
    sink.syntax("\"")?;
    sink.text(text)?;
    sink.syntax("\"")
}

/// Collects a JSON text.
pub(super) struct JsonText<'b>(pub(super) Builder<'b>);

impl Sink for JsonText<'_> {
    fn syntax(&mut self, text: &str) -> Result<(), Stop> {
        self.0.push(text)
    }

    fn text(&mut self, text: &str) -> Result<(), Stop> {
        escape_json(text, &mut |piece| self.0.push(piece))
    }
}
