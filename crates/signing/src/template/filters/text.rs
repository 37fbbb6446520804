//! Filters of texts.

use super::super::budget::{Builder, Stop, stop};
use super::super::output::{Markup, escape_markup};
use super::super::render::Render;

use super::super::value::Value;
use super::{Arguments, Evaluated};

/// Maximum length that `truncate` takes: more than the longest output.
const LENGTH_MAX: usize = 1024 * 1024;

/// Applies `build` to the value's text. A missing field stays missing.
fn built(
    render: &Render,
    input: &Value,
    build: impl FnOnce(&str, &mut Builder<'_>) -> Result<(), Stop>,
) -> Evaluated {
    if input.is_missing() {
        return Ok(input.clone());
    }
    let text = input.to_text(&render.document, &render.budget)?;
    let mut builder = Builder::new(&render.budget);
    render.budget.reading(text.as_str().len())?;
    build(text.as_str(), &mut builder)?;
    Ok(Value::owned(builder.finish()))
}

pub(super) fn upper(render: &Render, input: &Value, _: &Arguments<'_>) -> Evaluated {
    built(render, input, |text, out| {
        text.chars()
            .flat_map(char::to_uppercase)
            .try_for_each(|character| out.push_char(character))
    })
}

pub(super) fn lower(render: &Render, input: &Value, _: &Arguments<'_>) -> Evaluated {
    built(render, input, push_lower)
}

/// Lower case of a whole text, in which a final sigma has a form of its own.
fn push_lower(text: &str, out: &mut Builder<'_>) -> Result<(), Stop> {
    text.split_inclusive(' ')
        .try_for_each(|word| out.push(&word.to_lowercase()))
}

pub(super) fn capitalize(render: &Render, input: &Value, _: &Arguments<'_>) -> Evaluated {
    built(render, input, push_capitalized)
}

fn push_capitalized(text: &str, out: &mut Builder<'_>) -> Result<(), Stop> {
    let mut characters = text.chars();
    if let Some(first) = characters.next() {
        first
            .to_uppercase()
            .try_for_each(|character| out.push_char(character))?;
    }
    push_lower(characters.as_str(), out)
}

/// A word begins after white space, `-` and opening brackets, as in Jinja.
pub(super) fn title(render: &Render, input: &Value, _: &Arguments<'_>) -> Evaluated {
    let is_break =
        |character: char| character.is_whitespace() || matches!(character, '-' | '(' | '{' | '[' | '<');
    built(render, input, |text, out| {
        text.split_inclusive(is_break)
            .try_for_each(|word| push_capitalized(word, out))
    })
}

pub(super) fn trim(render: &Render, input: &Value, arguments: &Arguments<'_>) -> Evaluated {
    let chars = arguments.text(0, "", render)?;
    let chars = chars.as_str();
    render.budget.steps(chars.len())?;
    built(render, input, |text, out| match chars {
        "" => out.push(text.trim()),
        chars => {
            let removed: usize = text.len() - text.trim_matches(|character| chars.contains(character)).len();
            render.budget.steps(removed.saturating_mul(chars.len()) / 32)?;
            out.push(text.trim_matches(|character| chars.contains(character)))
        }
    })
}

pub(super) fn replace(render: &Render, input: &Value, arguments: &Arguments<'_>) -> Evaluated {
    let (old, new) = (arguments.text(0, "", render)?, arguments.text(1, "", render)?);
    let count = arguments.int(2, usize::MAX, usize::MAX)?;
    built(render, input, |text, out| {
        let mut copied = 0;
        for (at, found) in text.match_indices(old.as_str()).take(count) {
            render.budget.steps(1)?;
            out.push(&text[copied..at])?;
            out.push(new.as_str())?;
            copied = at + found.len();
        }
        out.push(&text[copied..])
    })
}

pub(super) fn truncate(render: &Render, input: &Value, arguments: &Arguments<'_>) -> Evaluated {
    let length = arguments.int(0, 255, LENGTH_MAX)?;
    let kills_words = arguments.bool(1, false, render);
    let end = arguments.text(2, "...", render)?;
    let end = end.as_str();
    let leeway = arguments.int(3, 5, LENGTH_MAX)?;
    let end_length = end.chars().count();
    if length < end_length {
        return stop("`length` of `truncate` is shorter than its `end`");
    }
    built(render, input, |text, out| {
        if text.chars().count() <= length + leeway {
            return out.push(text);
        }
        let cut = text
            .char_indices()
            .nth(length - end_length)
            .map_or(text.len(), |(at, _)| at);
        let kept = &text[..cut];
        let kept = match kills_words {
            true => kept,
            false => kept.rsplit_once(' ').map_or(kept, |(words, _)| words),
        };
        out.push(kept)?;
        out.push(end)
    })
}

pub(super) fn split(render: &Render, input: &Value, arguments: &Arguments<'_>) -> Evaluated {
    if input.is_missing() {
        return Ok(input.clone());
    }
    let text = input.to_text(&render.document, &render.budget)?;
    let separator = arguments.text(0, "", render)?;
    let parts: &mut dyn Iterator<Item = &str> = match separator.as_str() {
        "" => &mut text.as_str().split_whitespace(),
        separator => &mut text.as_str().split(separator),
    };
    render.budget.work(text.as_str().len())?;
    let mut items = Vec::new();
    for part in parts {
        render.budget.bytes(part.len() + 2 * size_of::<Value>())?;
        items.push(Value::owned(part.to_owned()));
    }
    Value::list(items, &render.budget)
}

pub(super) fn string(render: &Render, input: &Value, _: &Arguments<'_>) -> Evaluated {
    Ok(Value::Text(input.to_text(&render.document, &render.budget)?))
}

pub(super) fn slack(render: &Render, input: &Value, _: &Arguments<'_>) -> Evaluated {
    built(render, input, |text, out| {
        text.chars()
            .try_for_each(|character| match escape_markup(Markup::Slack, character) {
                Some(escape) => out.push(escape),
                None => out.push_char(character),
            })
    })
}

/// Percent-encodes all but the unreserved characters of RFC 3986 and `/`, as Jinja does.
pub(super) fn urlencode(render: &Render, input: &Value, _: &Arguments<'_>) -> Evaluated {
    built(render, input, |text, out| {
        text.bytes().try_for_each(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push_char(char::from(byte))
            }
            _ => {
                let digit = |value: u8| char::from(b"0123456789ABCDEF"[usize::from(value)]);
                out.push_char('%')?;
                out.push_char(digit(byte >> 4))?;
                out.push_char(digit(byte & 15))
            }
        })
    })
}

/// Words are runs of letters, digits and `_`.
pub(super) fn wordcount(render: &Render, input: &Value, _: &Arguments<'_>) -> Evaluated {
    let text = input.to_text(&render.document, &render.budget)?;
    render.budget.reading(text.as_str().len())?;
    let words = text
        .as_str()
        .split(|character: char| !character.is_alphanumeric() && character != '_');
    Ok(Value::int(words.filter(|word| !word.is_empty()).count()))
}
