//! Filters of lists and objects. The items of an object are its names, as in Jinja.

use super::super::budget::{Builder, Stop, stop};
use super::super::number::Number;
use super::super::render::Render;
use super::super::value::{Text, Value};
use super::{Arguments, Evaluated};

/// The items of a list, the names of an object, the characters of a text. A missing field has none.
pub(in super::super) fn items(render: &Render, value: &Value) -> Result<Vec<Value>, Stop> {
    let (document, budget) = (&render.document, &render.budget);
    let pay = |count: usize| {
        budget.steps(count)?;
        budget.bytes(count * size_of::<Value>())
    };
    Ok(match value {
        Value::Undefined | Value::Null => Vec::new(),
        Value::Data(at) => {
            let count = document.len(*at);
            pay(count)?;
            let mut items = Vec::with_capacity(count);
            let mut next = document.first(*at);
            for _ in 0..count {
                if document.is_object(*at) {
                    next = document.visible(next, budget)?;
                    items.push(Value::of(document, next, budget)?);
                    next += 1;
                } else {
                    items.push(Value::of(document, next, budget)?);
                }
                next = document.after(next);
            }
            items
        }
        Value::List(list) => {
            pay(list.items.len())?;
            list.items.clone()
        }
        Value::Map(map) => {
            pay(map.pairs.len())?;
            map.pairs.iter().map(|(key, _)| key.clone()).collect()
        }
        Value::Text(text) => {
            // Each character takes an allocation of its own.
            budget.bytes(text.as_str().len() * (size_of::<Value>() + 32))?;
            let characters = text.as_str().chars();
            characters
                .map(|character| Value::owned(character.to_string()))
                .collect()
        }
        other => return stop(format!("a list is needed, not {}", other.kind(document))),
    })
}

/// The field of each item, or the items themselves. The name of a nested field has dots.
pub(super) fn fields(render: &Render, input: &Value, attribute: Option<&Value>) -> Result<Vec<Value>, Stop> {
    let items = items(render, input)?;
    match attribute {
        None => Ok(items),
        Some(attribute) => items.iter().map(|item| field(render, item, attribute)).collect(),
    }
}

fn field(render: &Render, item: &Value, attribute: &Value) -> Evaluated {
    let path = attribute.to_text(&render.document, &render.budget)?;
    path.as_str().split('.').try_fold(item.clone(), |value, name| {
        render.budget.steps(1)?;
        render.member(&value, name)
    })
}

/// `items`
pub(super) fn items_filter(render: &Render, input: &Value, _: &Arguments<'_>) -> Evaluated {
    pairs(render, input)
}

/// Pairs of name and value.
pub(in super::super) fn pairs(render: &Render, input: &Value) -> Evaluated {
    match input {
        Value::Undefined | Value::Null => Value::list(Vec::new(), &render.budget),
        Value::Map(map) => {
            let pair =
                |(key, value): &(Value, Value)| Value::list(vec![key.clone(), value.clone()], &render.budget);
            let pairs = map.pairs.iter().map(pair).collect::<Result<_, _>>()?;
            Value::list(pairs, &render.budget)
        }
        &Value::Data(at) if render.document.is_object(at) => {
            let names = items(render, input)?;
            let mut next = render.document.first(at);
            let mut pairs = Vec::with_capacity(names.len());
            for name in names {
                next = render.document.visible(next, &render.budget)? + 1;
                let value = Value::of(&render.document, next, &render.budget)?;
                pairs.push(Value::list(vec![name, value], &render.budget)?);
                next = render.document.after(next);
            }
            Value::list(pairs, &render.budget)
        }
        other => stop(format!(
            "`items` needs an object, not {}",
            other.kind(&render.document)
        )),
    }
}

pub(super) fn keys(render: &Render, input: &Value, _: &Arguments<'_>) -> Evaluated {
    part_of_pairs(render, input, 0)
}

pub(super) fn values(render: &Render, input: &Value, _: &Arguments<'_>) -> Evaluated {
    part_of_pairs(render, input, 1)
}

fn part_of_pairs(render: &Render, input: &Value, part: usize) -> Evaluated {
    let pairs = items(render, &pairs(render, input)?)?;
    let parts = pairs.iter().filter_map(|pair| match pair {
        Value::List(pair) => pair.items.get(part).cloned(),
        _ => None,
    });
    Value::list(parts.collect(), &render.budget)
}

pub(super) fn length(render: &Render, input: &Value, _: &Arguments<'_>) -> Evaluated {
    Ok(Value::int(match input {
        Value::Undefined | Value::Null => 0,
        Value::Text(text) => {
            render.budget.work(text.as_str().len())?;
            text.as_str().chars().count()
        }
        Value::Data(at) => render.document.len(*at),
        Value::List(list) => list.items.len(),
        Value::Map(map) => map.pairs.len(),
        other => {
            return stop(format!(
                "`length` needs text or a list, not {}",
                other.kind(&render.document)
            ));
        }
    }))
}

pub(super) fn first(render: &Render, input: &Value, _: &Arguments<'_>) -> Evaluated {
    if let Value::Text(text) = input {
        let first = text.as_str().chars().next();
        return Ok(first.map_or(Value::Undefined, |character| Value::owned(character.to_string())));
    }
    if let &Value::Data(at) = input
        && render.document.len(at) > 0
    {
        let first = render.document.first(at);
        let first = match render.document.is_object(at) {
            true => render.document.visible(first, &render.budget)?,
            false => first,
        };
        return Value::of(&render.document, first, &render.budget);
    }
    Ok(items(render, input)?
        .into_iter()
        .next()
        .unwrap_or(Value::Undefined))
}

pub(super) fn last(render: &Render, input: &Value, _: &Arguments<'_>) -> Evaluated {
    if let Value::Text(text) = input {
        let last = text.as_str().chars().next_back();
        return Ok(last.map_or(Value::Undefined, |character| Value::owned(character.to_string())));
    }
    Ok(items(render, input)?.pop().unwrap_or(Value::Undefined))
}

pub(super) fn join(render: &Render, input: &Value, arguments: &Arguments<'_>) -> Evaluated {
    let separator = arguments.text(0, "", render)?;
    let mut text = Builder::new(&render.budget);
    for (at, item) in fields(render, input, arguments.get(1))?.into_iter().enumerate() {
        text.push(if at > 0 { separator.as_str() } else { "" })?;
        text.push(item.to_text(&render.document, &render.budget)?.as_str())?;
    }
    Ok(Value::owned(text.finish()))
}

pub(super) fn map(render: &Render, input: &Value, arguments: &Arguments<'_>) -> Evaluated {
    let mut values = fields(render, input, arguments.get(1))?;
    if let Some(default) = arguments.get(2) {
        for value in values.iter_mut().filter(|value| value.is_missing()) {
            *value = default.clone();
        }
    }
    Value::list(values, &render.budget)
}

pub(super) fn reverse(render: &Render, input: &Value, _: &Arguments<'_>) -> Evaluated {
    if let Value::Text(text) = input {
        let mut reversed = Builder::new(&render.budget);
        text.as_str()
            .chars()
            .rev()
            .try_for_each(|character| reversed.push_char(character))?;
        return Ok(Value::Text(Text::Shared(reversed.finish().into())));
    }
    let mut items = items(render, input)?;
    items.reverse();
    Value::list(items, &render.budget)
}

/// The sum of the numbers; missing ones are left out.
pub(super) fn sum(render: &Render, input: &Value, arguments: &Arguments<'_>) -> Evaluated {
    let mut sum = match arguments.get(1) {
        None => Number::Int(0),
        Some(Value::Number(start)) => start.clone(),
        Some(other) => {
            return stop(format!(
                "`start` has to be a number, not {}",
                other.kind(&render.document)
            ));
        }
    };
    for item in fields(render, input, arguments.get(0))? {
        match item {
            Value::Number(number) => sum = sum.plus(&number, &render.budget)?,
            missing if missing.is_missing() => {}
            other => {
                return stop(format!(
                    "`sum` needs numbers, not {}",
                    other.kind(&render.document)
                ));
            }
        }
    }
    Ok(Value::Number(sum))
}
