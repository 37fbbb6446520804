//! Values as `minijinja` sees them: its own for texts, numbers and what is smaller, and an [`Item`] for each
//! list and object.
//!
//! For `minijinja` an `Item` is a map, so that it neither adds nor multiplies lists. It reads fields of it by
//! name and goes through it in loops, which is paid for. Everything else calls us, as `translate.rs` writes
//! it.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr, Value as Native, ValueKind};
use minijinja::{Error, ErrorKind};

use super::budget::Stop;
use super::document::{Found, Spelt};
use super::number::Number;
use super::render::Render;
use super::value::{Text, Value};

/// Maximum bytes of a text that `minijinja` keeps within a value, without an allocation.
pub(super) const SHORT_BYTES_MAX: usize = 22;

/// The steps of a round of a loop, and of an element that is unpacked, which takes memory too.
const STEPS_PER_ENTRY: usize = 4;

/// A list, an object, a JSON text, or a number beyond the range of doubles.
pub(super) struct Item {
    render: Arc<Render>,
    value: Value,
}

impl From<Stop> for Error {
    fn from(Stop(reason): Stop) -> Self {
        Self::new(ErrorKind::InvalidOperation, reason)
    }
}

/// Returns a value for `minijinja`.
pub(super) fn native(render: &Arc<Render>, value: Value) -> Result<Native, Stop> {
    Ok(match value {
        Value::Undefined => Native::UNDEFINED,
        Value::Null => Native::from(()),
        Value::Bool(value) => Native::from(value),
        Value::Number(number) => native_number(render, number)?,
        Value::Text(Text::Fixed(text)) => Native::from(text),
        Value::Text(Text::Shared(text)) if text.len() <= SHORT_BYTES_MAX => Native::from(&*text),
        Value::Text(Text::Shared(text)) => Native::from(text),
        value => Native::from_object(Item {
            render: render.clone(),
            value,
        }),
    })
}

/// An integer, or a double. One beyond the range of doubles is an `Item`, with which `minijinja` does not
/// calculate.
fn native_number(render: &Arc<Render>, number: Number) -> Result<Native, Stop> {
    Ok(match number {
        Number::Int(int) => i64::try_from(int).map_or_else(|_| Native::from(int), Native::from),
        Number::Float(float) => {
            render.forget_spelling(float);
            Native::from(float)
        }
        Number::Written(text) => {
            render.budget.reading(text.len())?;
            let float: f64 = text.parse().unwrap_or(f64::INFINITY);
            if float.is_infinite() {
                return Ok(Native::from_object(Item {
                    render: render.clone(),
                    value: Value::Number(Number::Written(text)),
                }));
            }
            render.spell(float, text);
            Native::from(float)
        }
    })
}

/// The document's entry `at`, for `minijinja`.
pub(super) fn native_entry(render: &Arc<Render>, at: usize) -> Result<Native, Stop> {
    let document = &render.document;
    match document.found(at) {
        Found::String => Ok(match document.string(at, &render.budget)? {
            Spelt::Short(text) => Native::from(text),
            Spelt::Kept(text) => native(render, Value::Text(Text::Shared(text)))?,
        }),
        _ => native(render, Value::of(document, at, &render.budget)?),
    }
}

/// Returns a value of `minijinja`'s. What templates cannot hold is undefined.
pub(super) fn value(render: &Render, native: &Native) -> Value {
    if let Some(item) = native.downcast_object_ref::<Item>() {
        return item.value.clone();
    }
    match native.kind() {
        ValueKind::None => Value::Null,
        ValueKind::Bool => Value::Bool(native.is_true()),
        ValueKind::String => native
            .to_str()
            .map_or(Value::Undefined, |text| Value::Text(Text::Shared(text))),
        ValueKind::Number if native.is_integer() => match i128::try_from(native.clone()) {
            Ok(int) => Value::Number(Number::Int(int)),
            Err(_) => Value::Number(Number::Written(native.to_string().into())),
        },
        ValueKind::Number => {
            let float = f64::try_from(native.clone()).unwrap_or(f64::NAN);
            Value::Number(render.spelt(float).map_or(Number::Float(float), Number::Written))
        }
        _ => Value::Undefined,
    }
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.value.kind(&self.render.document))
    }
}

impl Object for Item {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        match self.value {
            Value::Data(_) | Value::List(_) | Value::Map(_) => ObjectRepr::Map,
            _ => ObjectRepr::Plain,
        }
    }

    fn get_value_by_str(self: &Arc<Self>, name: &str) -> Option<Native> {
        let render = &self.render;
        let found = match &self.value {
            &Value::Data(at) => match render.document.is_object(at) {
                true => render.document.member(at, name, &render.budget),
                false => Ok(None),
            }
            .and_then(|found| found.map(|at| native_entry(render, at)).transpose()),
            other => render
                .member(other, name)
                .and_then(|found| native(render, found))
                .map(Some),
        };
        found.unwrap_or_else(|stop| Some(Native::from(Error::from(stop))))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        match self.enumerator_len() {
            None => Enumerator::NonEnumerable,
            Some(left) => Enumerator::Iter(Box::new(Entries {
                next: match self.value {
                    Value::Data(at) => self.render.document.first(at),
                    _ => 0,
                },
                item: self.clone(),
                left,
            })),
        }
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        match &self.value {
            Value::Data(at) => Some(self.render.document.len(*at)),
            Value::List(list) => Some(list.items.len()),
            Value::Map(map) => Some(map.pairs.len()),
            _ => None,
        }
    }
}

/// The elements of a list, or the names of an object.
struct Entries {
    item: Arc<Item>,
    /// The next entry of the document, or the next index.
    next: usize,
    left: usize,
}

impl Entries {
    fn entry(&mut self) -> Result<Native, Stop> {
        let render = &self.item.render;
        render.budget.steps(STEPS_PER_ENTRY)?;
        let at = self.next;
        match &self.item.value {
            &Value::Data(of) if render.document.is_object(of) => {
                let name = render.document.visible(at, &render.budget)?;
                self.next = render.document.after(name + 1);
                native_entry(render, name)
            }
            Value::Data(_) => {
                self.next = render.document.after(at);
                native_entry(render, at)
            }
            Value::List(list) => {
                self.next += 1;
                native(render, list.items[at].clone())
            }
            Value::Map(map) => {
                self.next += 1;
                native(render, map.pairs[at].0.clone())
            }
            _ => Ok(Native::UNDEFINED),
        }
    }
}

impl Iterator for Entries {
    type Item = Native;

    fn next(&mut self) -> Option<Native> {
        self.left = self.left.checked_sub(1)?;
        Some(self.entry().unwrap_or_else(|stop| {
            self.left = 0;
            Native::from(Error::from(stop))
        }))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}
