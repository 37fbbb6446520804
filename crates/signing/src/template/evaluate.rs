//! Evaluates expressions.
//!
//! Looking a field up that does not exist gives "undefined", also of something undefined, and calculating
//! with it does too. So a message about an event that lacks a field is sent, without that field.

use super::budget::{Builder, Stop, stop};
use super::filters;
use super::number::Number;
use super::render::{Renderer, at_line};
use super::tree::{EventField, Expression, Form, LoopField, Operator, Test};
use super::value::Value;

type Evaluated<'a> = Result<Value<'a>, Stop>;

impl<'a> Renderer<'a> {
    pub(super) fn evaluate(&mut self, expression: &'a Expression) -> Evaluated<'a> {
        self.budget.steps(1)?;
        let value = at_line(expression.line, self.form(&expression.form))?;
        if let Value::Number(Number::Written(text)) = value {
            // Whatever uses a number reads its digits.
            self.budget.reading(text.len())?;
        }
        Ok(value)
    }

    fn form(&mut self, form: &'a Form) -> Evaluated<'a> {
        match form {
            Form::Null => Ok(Value::Null),
            Form::Bool(value) => Ok(Value::Bool(*value)),
            Form::Number(text) => Ok(Value::Number(Number::Written(text))),
            Form::Text(text) => Ok(Value::borrowed(text)),
            Form::Data => Value::of(&self.document, 0, &self.budget),
            Form::Event(field) => Ok(self.event_field(*field)),
            Form::Loop(level, field) => Ok(self.loop_field(*level, *field)),
            Form::Variable(slot) => Ok(self.variables[*slot].clone()),
            Form::Member(of, name) => {
                let of = self.evaluate(of)?;
                self.member(&of, name)
            }
            Form::Not(inner) => Ok(Value::Bool(!self.is_true(inner)?)),
            Form::And(left, right) => {
                let left = self.evaluate(left)?;
                match left.is_true(&self.document) {
                    true => self.evaluate(right),
                    false => Ok(left),
                }
            }
            Form::Or(left, right) => {
                let left = self.evaluate(left)?;
                match left.is_true(&self.document) {
                    true => Ok(left),
                    false => self.evaluate(right),
                }
            }
            Form::Conditional(parts, otherwise) => match (self.is_true(&parts.1)?, otherwise) {
                (true, _) => self.evaluate(&parts.0),
                (false, Some(otherwise)) => self.evaluate(otherwise),
                (false, None) => Ok(Value::Undefined),
            },
            _ => self.larger_form(form),
        }
    }

    /// The forms that have several parts.
    fn larger_form(&mut self, form: &'a Form) -> Evaluated<'a> {
        match form {
            Form::List(items) => {
                let items = items
                    .iter()
                    .map(|item| self.evaluate(item))
                    .collect::<Result<_, _>>()?;
                Value::list(items, &self.budget)
            }
            Form::Map(pairs) => {
                let pair = |(key, value): &'a (_, _)| Ok((self.evaluate(key)?, self.evaluate(value)?));
                let pairs = pairs.iter().map(pair).collect::<Result<_, Stop>>()?;
                Value::map(pairs, &self.budget)
            }
            Form::Item(of, index) => {
                let (of, index) = (self.evaluate(of)?, self.evaluate(index)?);
                self.item(&of, &index)
            }
            Form::Slice(of, start, stop) => {
                let of = self.evaluate(of)?;
                let start = start.as_ref().map(|it| self.evaluate(it)).transpose()?;
                let stop = stop.as_ref().map(|it| self.evaluate(it)).transpose()?;
                self.slice(&of, start.as_ref(), stop.as_ref())
            }
            Form::Filter(filter, input, arguments) => {
                let input = self.evaluate(input)?;
                let mut values = Vec::with_capacity(arguments.len());
                for argument in arguments {
                    values.push(argument.as_ref().map(|it| self.evaluate(it)).transpose()?);
                }
                filters::apply(self, *filter, &input, &values)
            }
            Form::Test(test, input, argument) => {
                let input = self.evaluate(input)?;
                let argument = argument.as_ref().map(|it| self.evaluate(it)).transpose()?;
                Ok(Value::Bool(self.test(*test, &input, argument.as_ref())?))
            }
            Form::Negate(inner) => match self.evaluate(inner)? {
                Value::Number(number) => Ok(Value::Number(number.negated(&self.budget)?)),
                missing if missing.is_missing() => Ok(Value::Undefined),
                other => stop(format!("`-` needs a number, not {}", other.kind(&self.document))),
            },
            Form::Arithmetic(operator, left, right) => {
                let (left, right) = (self.evaluate(left)?, self.evaluate(right)?);
                self.arithmetic(*operator, &left, &right)
            }
            Form::Concat(parts) => {
                let mut text = String::new();
                for part in parts {
                    let part = self.evaluate(part)?.to_text(&self.document, &self.budget)?;
                    self.budget.bytes(part.as_str().len())?;
                    text.push_str(part.as_str());
                }
                Ok(Value::owned(text))
            }
            Form::Compare(first, rest) => {
                let mut left = self.evaluate(first)?;
                for (comparison, right) in rest {
                    let right = self.evaluate(right)?;
                    if !self.compare(*comparison, &left, &right)? {
                        return Ok(Value::Bool(false));
                    }
                    left = right;
                }
                Ok(Value::Bool(true))
            }
            _ => Ok(Value::Undefined),
        }
    }

    fn is_true(&mut self, expression: &'a Expression) -> Result<bool, Stop> {
        Ok(self.evaluate(expression)?.is_true(&self.document))
    }

    fn event_field(&self, field: EventField) -> Value<'a> {
        match field {
            EventField::Id => Value::borrowed(self.event.id),
            EventField::Type => Value::borrowed(self.event.event_type),
            EventField::Timestamp => Value::borrowed(self.event.timestamp),
            EventField::Account => self.event.account.map_or(Value::Undefined, Value::borrowed),
        }
    }

    fn loop_field(&self, level: usize, field: LoopField) -> Value<'a> {
        // In the condition of a loop there is no round yet.
        let Some(round) = self.loops.get(level) else {
            return Value::Undefined;
        };
        let left = round.length - round.index;
        match field {
            LoopField::Index => Value::int(round.index + 1),
            LoopField::Index0 => Value::int(round.index),
            LoopField::RevIndex => Value::int(left),
            LoopField::RevIndex0 => Value::int(left - 1),
            LoopField::First => Value::Bool(round.index == 0),
            LoopField::Last => Value::Bool(left == 1),
            LoopField::Length => Value::int(round.length),
        }
    }

    /// The field with this name; undefined if there is none.
    pub(super) fn member(&self, of: &Value<'a>, name: &str) -> Evaluated<'a> {
        match of {
            Value::Data(at) if self.document.is_object(*at) => {
                match self.document.member(*at, name, &self.budget)? {
                    Some(at) => Value::of(&self.document, at, &self.budget),
                    None => Ok(Value::Undefined),
                }
            }
            Value::Map(map) => {
                self.budget.steps(map.pairs.len())?;
                let mut pairs = map.pairs.iter().rev();
                let found = pairs.find(|(key, _)| matches!(key, Value::Text(text) if text.as_str() == name));
                Ok(found.map_or(Value::Undefined, |(_, value)| value.clone()))
            }
            _ => Ok(Value::Undefined),
        }
    }

    pub(super) fn item(&self, of: &Value<'a>, index: &Value<'a>) -> Evaluated<'a> {
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

    /// `of[start:stop]`, as in Python.
    fn slice(&self, of: &Value<'a>, start: Option<&Value<'a>>, end: Option<&Value<'a>>) -> Evaluated<'a> {
        let bound = |value: Option<&Value<'a>>, length: usize, default: usize| match value {
            None | Some(Value::Null | Value::Undefined) => Ok(default),
            Some(Value::Number(number)) if number.is_integer() => {
                let number = number.int().unwrap_or(i64::MAX);
                let distance = usize::try_from(number.unsigned_abs()).unwrap_or(usize::MAX);
                Ok(if number < 0 {
                    length.saturating_sub(distance)
                } else {
                    distance.min(length)
                })
            }
            Some(other) => stop(format!(
                "an index has to be an integer, not {}",
                other.kind(&self.document)
            )),
        };
        let range = |length: usize| -> Result<_, Stop> {
            let (start, end) = (bound(start, length, 0)?, bound(end, length, length)?);
            Ok((start, end.saturating_sub(start)))
        };
        match of {
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
                let items = filters::items(self, of)?;
                let (start, count) = range(items.len())?;
                Value::list(items.into_iter().skip(start).take(count).collect(), &self.budget)
            }
            other => stop(format!(
                "`[:]` needs text or a list, not {}",
                other.kind(&self.document)
            )),
        }
    }

    fn arithmetic(&self, operator: Operator, left: &Value<'a>, right: &Value<'a>) -> Evaluated<'a> {
        match (left, right) {
            (Value::Number(left), Value::Number(right)) => {
                Ok(Value::Number(left.calculate(operator, *right, &self.budget)?))
            }
            (Value::Text(left), Value::Text(right)) if operator == Operator::Add => {
                let mut text = Builder::new(&self.budget);
                text.push(left.as_str())?;
                text.push(right.as_str())?;
                Ok(Value::owned(text.finish()))
            }
            _ if left.is_missing() || right.is_missing() => Ok(Value::Undefined),
            _ => {
                let other = match left {
                    Value::Number(_) => right,
                    _ => left,
                };
                let kind = other.kind(&self.document);
                stop(format!("`{}` needs numbers, not {kind}", operator.symbol()))
            }
        }
    }

    fn test(&self, test: Test, value: &Value<'a>, argument: Option<&Value<'a>>) -> Result<bool, Stop> {
        let is_object = |at: usize| self.document.is_object(at);
        Ok(match (test, value) {
            (Test::Defined, value) => !matches!(value, Value::Undefined),
            (Test::Undefined, value) => matches!(value, Value::Undefined),
            (Test::None, value) => matches!(value, Value::Null),
            (Test::Boolean, value) => matches!(value, Value::Bool(_)),
            (Test::Number, value) => matches!(value, Value::Number(_)),
            (Test::Integer, value) => matches!(value, Value::Number(number) if number.is_integer()),
            (Test::String, value) => matches!(value, Value::Text(_)),
            (Test::Mapping, Value::Data(at)) => is_object(*at),
            (Test::Mapping, value) => matches!(value, Value::Map(_)),
            (Test::Sequence, Value::Data(at)) => !is_object(*at),
            (Test::Sequence, value) => matches!(value, Value::List(_)),
            (Test::Odd | Test::Even | Test::DivisibleBy, Value::Number(number)) => {
                let divisor = match argument {
                    None => Number::Int(2),
                    Some(Value::Number(divisor)) => *divisor,
                    Some(_) => return stop("`divisibleby` needs a number"),
                };
                let is_multiple = number.calculate(Operator::Rem, divisor, &self.budget)?.is_zero();
                is_multiple != (test == Test::Odd)
            }
            (Test::Odd | Test::Even | Test::DivisibleBy, _) => false,
        })
    }
}
