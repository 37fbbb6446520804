//! Payloads in the form that the validator reads: the tree of crate `json`, whose numbers are exact.
//!
//! Every look at a payload is charged to the budget of the check ([`super::budget`]).

use std::borrow::Cow;
use std::collections::HashSet;

use jsonschema::JsonType;
use jsonschema::json::{Array, Json, JsonNumber, Node, NodeIdentity, Object};
use postrider_json::number::Number;
use postrider_json::{Members, Value};

use super::budget::{charge, charge_error, of_bytes, of_decimal};
use super::excerpt::excerpt;

/// The price of an error, in steps: its paths are copied.
const STEPS_PER_ERROR: u64 = 50;

/// JSON as [`Value`] holds it.
pub struct ExactJson;

impl Json for ExactJson {
    type Node<'a> = &'a Value<'a>;
    type PreparedKey = String;
    type StringBuffer = Option<Value<'static>>;

    const ACYCLIC: bool = true;

    fn prepare_key(key: &str) -> String {
        key.to_owned()
    }

    fn with_string_node<T>(
        buffer: &mut Option<Value<'static>>,
        string: &str,
        f: impl for<'x> FnOnce(&'x Value<'x>) -> T,
    ) -> T {
        f(buffer.insert(Value::String(Cow::Owned(string.to_owned()))))
    }
}

impl<'a> Node<'a, ExactJson> for &'a Value<'a> {
    type Object = &'a Members<'a>;
    type Array = &'a [Value<'a>];
    type Number = ExactNumber<'a>;

    fn as_object(&self) -> Option<&'a Members<'a>> {
        charge(1);
        match self {
            Value::Object(members) => Some(members),
            _ => None,
        }
    }

    fn as_array(&self) -> Option<&'a [Value<'a>]> {
        charge(1);
        match self {
            Value::Array(items) => Some(items),
            _ => None,
        }
    }

    fn as_string(&self) -> Option<Cow<'a, str>> {
        match self {
            Value::String(text) => {
                charge(of_bytes(text.len()));
                Some(Cow::Borrowed(text))
            }
            _ => {
                charge(1);
                None
            }
        }
    }

    fn as_number(&self) -> Option<ExactNumber<'a>> {
        charge(1);
        match self {
            Value::Number(number) => Some(ExactNumber(*number)),
            _ => None,
        }
    }

    fn as_boolean(&self) -> Option<bool> {
        charge(1);
        match self {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    fn is_null(&self) -> bool {
        charge(1);
        matches!(self, Value::Null)
    }

    fn json_type(&self) -> JsonType {
        charge(1);
        match self {
            Value::Null => JsonType::Null,
            Value::Bool(_) => JsonType::Boolean,
            Value::Number(_) => JsonType::Number,
            Value::String(_) => JsonType::String,
            Value::Array(_) => JsonType::Array,
            Value::Object(_) => JsonType::Object,
        }
    }

    /// Used only in the text of a violation, which quotes the beginning of a value.
    fn to_value(&self) -> Cow<'a, serde_json::Value> {
        charge_error();
        charge(STEPS_PER_ERROR);
        Cow::Owned(excerpt(self))
    }

    fn identity(&self) -> Option<NodeIdentity> {
        Some(NodeIdentity::new(std::ptr::from_ref::<Value<'_>>(*self) as usize))
    }
}

/// The value as serde_json holds it.
pub fn rounded(value: &Value<'_>) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => serde_json::Value::Number(rounded_number(number)),
        Value::String(text) => (&**text).into(),
        Value::Array(items) => items.iter().map(rounded).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.to_owned(), rounded(value)))
            .collect(),
    }
}

/// The number as serde_json parses it, or the largest float of its sign if serde_json cannot hold it.
pub fn rounded_number(number: &Number<'_>) -> serde_json::Number {
    serde_json::from_str(number.text).unwrap_or_else(|_| {
        let largest = if number.text.starts_with('-') {
            f64::MIN
        } else {
            f64::MAX
        };
        serde_json::Number::from_f64(largest).unwrap_or_else(|| 0.into())
    })
}

/// A number as it was written.
pub struct ExactNumber<'a>(Number<'a>);

impl JsonNumber for ExactNumber<'_> {
    fn as_u64(&self) -> Option<u64> {
        charge(of_bytes(self.0.text.len()));
        self.0.text.parse().ok()
    }

    fn as_i64(&self) -> Option<i64> {
        charge(of_bytes(self.0.text.len()));
        self.0.text.parse().ok()
    }

    fn as_f64(&self) -> Option<f64> {
        charge(of_decimal(self.0.text.len()));
        self.0.to_f64()
    }

    fn as_str(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.0.text)
    }

    fn to_number(&self) -> Cow<'_, serde_json::Number> {
        Cow::Owned(rounded_number(&self.0))
    }

    fn is_integer(&self) -> bool {
        if self.0.is_written_as_integer() {
            return true;
        }
        charge(of_decimal(self.0.text.len()));
        self.0.decimal().is_integer()
    }

    fn is_written_as_integer(&self) -> bool {
        self.0.is_written_as_integer()
    }
}

impl<'a> Object<'a, ExactJson> for &'a Members<'a> {
    type Node = &'a Value<'a>;
    type MemberName = &'a str;
    type MembersIter = Box<dyn Iterator<Item = (&'a str, &'a Value<'a>)> + 'a>;

    fn len(&self) -> usize {
        Members::len(self)
    }

    fn get(&self, key: &String) -> Option<&'a Value<'a>> {
        charge(1);
        Members::get(self, key)
    }

    fn members(&self) -> Self::MembersIter {
        charge(1);
        Box::new(self.iter().inspect(|(name, _)| charge(of_bytes(name.len()))))
    }
}

impl<'a> Array<'a, ExactJson> for &'a [Value<'a>] {
    type Node = &'a Value<'a>;
    type ElementsIter = Elements<'a>;

    fn len(&self) -> usize {
        <[Value<'_>]>::len(self)
    }

    fn elements(&self) -> Elements<'a> {
        charge(1);
        Elements(self.iter())
    }

    fn is_unique(&self) -> bool {
        let mut seen = HashSet::new();
        self.iter().all(|item| seen.insert(canonical(item)))
    }
}

/// The items of an array.
pub struct Elements<'a>(std::slice::Iter<'a, Value<'a>>);

impl<'a> Iterator for Elements<'a> {
    type Item = &'a Value<'a>;

    fn next(&mut self) -> Option<&'a Value<'a>> {
        charge(1);
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

/// The canonical text of a value, by which values are compared.
pub fn canonical(value: &Value<'_>) -> String {
    let text = value.canonical();
    charge(of_bytes(text.len()));
    text
}
