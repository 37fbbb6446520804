//! Fields, elements and slices of values.
//!
//! A field that does not exist is undefined, and so is one of something undefined. So a message about an
//! event that lacks a field is sent, without that field.

use std::borrow::Cow;

use super::budget::{Builder, Stop, stop};
use super::filters;
use super::render::Render;
use super::value::Value;

type Found = Result<Value, Stop>;

impl Render {
    pub(super) fn is_list(&self, value: &Value) -> bool {
        match value {
            Value::Data(at) => !self.document.is_object(*at),
            Value::List(_) => true,
            _ => false,
        }
    }

    /// What comparisons, filters and indices take a value for: that of `tojson` for its text.
    pub(super) fn json_as_text<'v>(&self, value: &'v Value) -> Result<Cow<'v, Value>, Stop> {
        value.json_as_text(&self.document, &self.budget)
    }

    /// The field with this name.
    pub(super) fn member(&self, of: &Value, name: &str) -> Found {
        match of {
            Value::Data(at) if self.document.is_object(*at) => {
                match self.document.member(*at, name, &self.budget)? {
                    Some(at) => Value::of(&self.document, at, &self.budget),
                    None => Ok(Value::Undefined),
                }
            }
            Value::Map(map) => {
                self.budget.steps(1 + map.pairs.len())?;
                let mut pairs = map.pairs.iter().rev();
                let found = pairs.find(|(key, _)| matches!(key, Value::Text(text) if text.as_str() == name));
                Ok(found.map_or(Value::Undefined, |(_, value)| value.clone()))
            }
            _ => Ok(Value::Undefined),
        }
    }

    /// `of[index]`
    pub(super) fn item(&self, of: &Value, index: &Value) -> Found {
        let (of, index) = (self.json_as_text(of)?, self.json_as_text(index)?);
        let (of, index) = (&*of, &*index);
        if let Value::Text(name) = index {
            return self.member(of, name.as_str());
        }
        if let Value::Map(map) = of {
            self.budget.steps(map.pairs.len())?;
            for (key, value) in map.pairs.iter().rev() {
                if self.equal(key, index)? {
                    return Ok(value.clone());
                }
            }
            return Ok(Value::Undefined);
        }
        let Value::Number(number) = index else {
            return Ok(Value::Undefined);
        };
        let Some(index) = number.int() else {
            return Ok(Value::Undefined);
        };
        let at = |length: usize| match index {
            0.. => usize::try_from(index).ok(),
            _ => length.checked_sub(usize::try_from(index.unsigned_abs()).ok()?),
        };
        match of {
            Value::Data(list) if !self.document.is_object(*list) => {
                let element = match at(self.document.len(*list)) {
                    Some(index) => self.document.element(*list, index, &self.budget)?,
                    None => None,
                };
                element.map_or(Ok(Value::Undefined), |at| {
                    Value::of(&self.document, at, &self.budget)
                })
            }
            Value::List(list) => {
                let item = at(list.items.len()).and_then(|index| list.items.get(index));
                Ok(item.cloned().unwrap_or(Value::Undefined))
            }
            Value::Text(text) => {
                self.budget.work(text.as_str().len())?;
                let length = text.as_str().chars().count();
                let character = at(length).and_then(|index| text.as_str().chars().nth(index));
                Ok(character.map_or(Value::Undefined, |character| Value::owned(character.to_string())))
            }
            _ => Ok(Value::Undefined),
        }
    }

    /// `of[start:end]`, as in Python.
    pub(super) fn slice(&self, of: &Value, start: &Value, end: &Value) -> Found {
        let bound = |value: &Value, length: usize, default: usize| match value {
            Value::Null | Value::Undefined => Ok(default),
            Value::Number(number) if number.is_integer() => {
                let number = number.int().unwrap_or(i128::MAX);
                let distance = usize::try_from(number.unsigned_abs()).unwrap_or(usize::MAX);
                Ok(if number < 0 {
                    length.saturating_sub(distance)
                } else {
                    distance.min(length)
                })
            }
            other => stop(format!(
                "an index has to be an integer, not {}",
                other.kind(&self.document)
            )),
        };
        let range = |length: usize| -> Result<_, Stop> {
            let (start, end) = (bound(start, length, 0)?, bound(end, length, length)?);
            Ok((start, end.saturating_sub(start)))
        };
        let of = self.json_as_text(of)?;
        match &*of {
            Value::Undefined | Value::Null => Ok(Value::Undefined),
            Value::Text(text) => {
                let text = text.as_str();
                self.budget.work(text.len())?;
                let (start, count) = range(text.chars().count())?;
                let mut slice = Builder::new(&self.budget);
                text.chars()
                    .skip(start)
                    .take(count)
                    .try_for_each(|character| slice.push_char(character))?;
                Ok(Value::owned(slice.finish()))
            }
            Value::Data(_) | Value::List(_) => {
                let items = filters::items(self, &of)?;
                let (start, count) = range(items.len())?;
                Value::list(items.into_iter().skip(start).take(count).collect(), &self.budget)
            }
            other => stop(format!(
                "`[:]` needs text or a list, not {}",
                other.kind(&self.document)
            )),
        }
    }
}
