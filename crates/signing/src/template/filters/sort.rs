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
    renderer: &Render,
    input: &Value,
    attribute: Option<&Value>,
    case_sensitive: bool,
) -> Result<Vec<(Key, Value)>, Stop> {
    let items = fields(renderer, input, None)?;
    let values = match attribute {
        None => items.clone(),
        Some(_) => fields(renderer, input, attribute)?,
    };
    let mut keyed = Vec::with_capacity(items.len());
    let mut text_bytes = 0;
    for (value, item) in values.into_iter().zip(items) {
        let key = match value {
            Value::Undefined | Value::Null => Key::Missing,
            Value::Bool(value) => Key::Bool(value),
            Value::Number(number) => {
                renderer.budget.bytes(number.text().len() + size_of::<Key>())?;
                Key::Number(number.decimal(&renderer.budget)?)
            }
            Value::Text(text) => {
                text_bytes += text.as_str().len();
                Key::Text(key_of(&text, case_sensitive, renderer)?)
            }
            _ => Key::Other,
        };
        renderer.budget.bytes(size_of::<(Key, Value)>())?;
        keyed.push((key, item));
    }
    let rounds = usize::try_from(keyed.len().max(1).ilog2()).unwrap_or(0) + 1;
    renderer.budget.steps(keyed.len() * rounds)?;
    renderer.budget.work(text_bytes.saturating_mul(rounds))?;
    Ok(keyed)
}

fn key_of(text: &Text, case_sensitive: bool, renderer: &Render) -> Result<String, Stop> {
    // A lower-case mapping has at most three times the bytes.
    let factor = if case_sensitive { 1 } else { 3 };
    renderer.budget.bytes(factor * text.as_str().len())?;
    Ok(match case_sensitive {
        true => text.as_str().to_owned(),
        false => text.as_str().to_lowercase(),
    })
}

pub(super) fn sort(renderer: &Render, input: &Value, arguments: &Arguments<'_>) -> Evaluated {
    let mut items = keyed(
        renderer,
        input,
        arguments.get(2),
        arguments.bool(1, false, renderer),
    )?;
    match arguments.bool(0, false, renderer) {
        true => items.sort_by(|(one, _), (other, _)| other.cmp(one)),
        false => items.sort_by(|(one, _), (other, _)| one.cmp(other)),
    }
    Value::list(
        items.into_iter().map(|(_, item)| item).collect(),
        &renderer.budget,
    )
}

pub(super) fn unique(renderer: &Render, input: &Value, arguments: &Arguments<'_>) -> Evaluated {
    let items = keyed(
        renderer,
        input,
        arguments.get(1),
        arguments.bool(0, false, renderer),
    )?;
    let mut seen = HashSet::with_capacity(items.len());
    let mut kept = Vec::new();
    for (key, item) in items {
        // Lists and objects have no key to tell them apart by.
        if key == Key::Other || seen.insert(key) {
            kept.push(item);
        }
    }
    Value::list(kept, &renderer.budget)
}

/// The first of the least items.
pub(super) fn min(renderer: &Render, input: &Value, arguments: &Arguments<'_>) -> Evaluated {
    let items = keyed(
        renderer,
        input,
        arguments.get(1),
        arguments.bool(0, false, renderer),
    )?;
    let least = items
        .into_iter()
        .reduce(|one, other| if other.0 < one.0 { other } else { one });
    Ok(least.map_or(Value::Undefined, |(_, item)| item))
}

/// The first of the greatest items.
pub(super) fn max(renderer: &Render, input: &Value, arguments: &Arguments<'_>) -> Evaluated {
    let items = keyed(
        renderer,
        input,
        arguments.get(1),
        arguments.bool(0, false, renderer),
    )?;
    let greatest = items
        .into_iter()
        .reduce(|one, other| if other.0 > one.0 { other } else { one });
    Ok(greatest.map_or(Value::Undefined, |(_, item)| item))
}
