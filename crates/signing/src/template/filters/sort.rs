//! Filters that order their items.
//!
//! The key of each item is computed first, and the comparisons are paid for in advance, so that none of them
//! can fail: the order is total, as the library's sort needs it. Items of different kinds are ordered by
//! kind.

use std::collections::HashSet;

use postrider_json::Decimal;

use super::super::budget::Stop;
use super::super::render::Render;
use super::super::value::{Text, Value};
use super::list::fields;
use super::{Arguments, Evaluated};

#[derive(PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Key {
    Missing,
    Bool(bool),
    Number(Decimal),
    Text(String),
    Other,
}

/// The items with their keys. Without `case_sensitive`, texts are compared in lower case.
fn keyed(
    render: &Render,
    input: &Value,
    attribute: Option<&Value>,
    case_sensitive: bool,
) -> Result<Vec<(Key, Value)>, Stop> {
    let items = fields(render, input, None)?;
    let values = match attribute {
        None => items.clone(),
        Some(_) => fields(render, input, attribute)?,
    };
    let mut keyed = Vec::with_capacity(items.len());
    let mut text_bytes = 0;
    for (value, item) in values.into_iter().zip(items) {
        let key = match &*render.json_as_text(&value)? {
            Value::Undefined | Value::Null => Key::Missing,
            Value::Bool(value) => Key::Bool(*value),
            Value::Number(number) => {
                render.budget.bytes(number.text()?.len() + size_of::<Key>())?;
                Key::Number(number.decimal(&render.budget)?)
            }
            Value::Text(text) => {
                text_bytes += text.as_str().len();
                Key::Text(key_of(text, case_sensitive, render)?)
            }
            _ => Key::Other,
        };
        render.budget.bytes(size_of::<(Key, Value)>())?;
        keyed.push((key, item));
    }
    let rounds = usize::try_from(keyed.len().max(1).ilog2()).unwrap_or(0) + 1;
    render.budget.steps(keyed.len() * rounds)?;
    render.budget.work(text_bytes.saturating_mul(rounds))?;
    Ok(keyed)
}

fn key_of(text: &Text, case_sensitive: bool, render: &Render) -> Result<String, Stop> {
    // A lower-case mapping has at most three times the bytes.
    let factor = if case_sensitive { 1 } else { 3 };
    render.budget.bytes(factor * text.as_str().len())?;
    Ok(match case_sensitive {
        true => text.as_str().to_owned(),
        false => text.as_str().to_lowercase(),
    })
}

pub(super) fn sort(render: &Render, input: &Value, arguments: &Arguments<'_>) -> Evaluated {
    let mut items = keyed(render, input, arguments.get(2), arguments.bool(1, false, render))?;
    match arguments.bool(0, false, render) {
        true => items.sort_by(|(one, _), (other, _)| other.cmp(one)),
        false => items.sort_by(|(one, _), (other, _)| one.cmp(other)),
    }
    Value::list(items.into_iter().map(|(_, item)| item).collect(), &render.budget)
}

pub(super) fn unique(render: &Render, input: &Value, arguments: &Arguments<'_>) -> Evaluated {
    let items = keyed(render, input, arguments.get(1), arguments.bool(0, false, render))?;
    let mut seen = HashSet::with_capacity(items.len());
    let mut kept = Vec::new();
    for (key, item) in items {
        // Lists and objects have no key to tell them apart by.
        if key == Key::Other || seen.insert(key) {
            kept.push(item);
        }
    }
    Value::list(kept, &render.budget)
}

/// The first of the least items.
pub(super) fn min(render: &Render, input: &Value, arguments: &Arguments<'_>) -> Evaluated {
    let items = keyed(render, input, arguments.get(1), arguments.bool(0, false, render))?;
    let least = items
        .into_iter()
        .reduce(|one, other| if other.0 < one.0 { other } else { one });
    Ok(least.map_or(Value::Undefined, |(_, item)| item))
}

/// The first of the greatest items.
pub(super) fn max(render: &Render, input: &Value, arguments: &Arguments<'_>) -> Evaluated {
    let items = keyed(render, input, arguments.get(1), arguments.bool(0, false, render))?;
    let greatest = items
        .into_iter()
        .reduce(|one, other| if other.0 > one.0 { other } else { one });
    Ok(greatest.map_or(Value::Undefined, |(_, item)| item))
}
