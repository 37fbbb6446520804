//! Reads conditions from JSON, and says what is wrong with them and where.

use std::fmt;

use super::{
    CONDITIONS_BYTES_MAX, CONDITIONS_DEPTH_MAX, Condition, Literal, Op, PATH_BYTES_MAX, ROWS_MAX, Row,
    VALUE_BYTES_MAX, VALUES_MAX,
};
use crate::names::Names;
use crate::number::Number;
use crate::pointer::{escape, nearest_parent, pointer_to};
use crate::scan::{Container, Visit, scan};
use crate::string::Text;
use crate::value::{Members, Value};

/// Maximum faults that are reported at once: enough to correct in one pass.
pub const FAULTS_MAX: usize = 20;
/// Maximum bytes of a fault's pointer, because names in a refused text can be of any length.
const POINTER_BYTES_MAX: usize = 1_024;

/// What is wrong with conditions, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionsFault {
    /// A JSON pointer into the conditions; empty for the whole.
    pub pointer: String,
    /// What is wrong, as a sentence.
    pub message: String,
}

impl fmt::Display for ConditionsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.pointer, self.message)
    }
}

pub(super) fn read(json: &str) -> Result<Condition, Vec<ConditionsFault>> {
    let mut reader = Reader::default();
    let root = reader.document(json);
    match root {
        Some(root) if reader.faults.is_empty() => Ok(root),
        _ => Err(reader.faults),
    }
}

#[derive(Default)]
struct Reader {
    faults: Vec<ConditionsFault>,
    rows: usize,
    values: usize,
}

impl Reader {
    /// Notes a fault. Returns `None`, so that callers can return it.
    fn fault<T>(&mut self, pointer: &str, message: impl Into<String>) -> Option<T> {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(ConditionsFault {
                pointer: nearest_parent(pointer.to_owned(), POINTER_BYTES_MAX),
                message: message.into(),
            });
        }
        None
    }

    fn document(&mut self, json: &str) -> Option<Condition> {
        if json.len() > CONDITIONS_BYTES_MAX {
            return self.fault(
                "",
                format!("Conditions take at most {CONDITIONS_BYTES_MAX} bytes."),
            );
        }
        let mut duplicates = Duplicates::default();
        if let Err(error) = scan(json, &mut duplicates) {
            return self.fault("", format!("This is not JSON: {error}."));
        }
        if let Some(offset) = duplicates.first {
            return self.fault(&pointer_to(json, offset), "This member occurs twice.");
        }
        let value = Value::read(json).ok()?;
        let root = self.node(&value, "", 0);
        if self.rows > ROWS_MAX {
            return self.fault("", format!("There are at most {ROWS_MAX} rows."));
        }
        if self.values > VALUES_MAX {
            return self.fault("", format!("All rows together take at most {VALUES_MAX} values."));
        }
        root
    }

    /// Reads a node below `depth` groups.
    fn node(&mut self, value: &Value<'_>, at: &str, depth: usize) -> Option<Condition> {
        let Value::Object(members) = value else {
            return self.fault(at, "A condition is an object.");
        };
        let mut groups = members
            .iter()
            .filter(|(name, _)| matches!(*name, "all" | "any" | "not"));
        let Some((name, parts)) = groups.next() else {
            return self.row(members, at).map(Condition::Row);
        };
        if let Some((other, _)) = members.iter().find(|(other, _)| *other != name) {
            return self.fault(
                &format!("{at}/{}", escape(other)),
                format!("`{name}` has to be the only member."),
            );
        }
        let at = format!("{at}/{name}");
        if depth == CONDITIONS_DEPTH_MAX {
            let message =
                format!("`all`, `any` and `not` are nested at most {CONDITIONS_DEPTH_MAX} levels deep.");
            return self.fault(&at, message);
        }
        if name == "not" {
            return Some(Condition::Not(Box::new(self.node(parts, &at, depth + 1)?)));
        }
        let Value::Array(items) = parts else {
            return self.fault(&at, format!("`{name}` takes a list of conditions."));
        };
        if items.is_empty() {
            return self.fault(&at, format!("`{name}` takes at least one condition."));
        }
        let mut read = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            read.extend(self.node(item, &format!("{at}/{index}"), depth + 1));
        }
        match name {
            "all" => Some(Condition::All(read)),
            _ => Some(Condition::Any(read)),
        }
    }

    fn row(&mut self, members: &Members<'_>, at: &str) -> Option<Row> {
        if self.rows > ROWS_MAX {
            return None;
        }
        self.rows += 1;
        for (name, _) in members.iter() {
            if !matches!(name, "path" | "op" | "value" | "ignore_case") {
                let message =
                    "A row has `path`, `op`, `value` and `ignore_case`; a group has `all`, `any` or `not`.";
                return self.fault(&format!("{at}/{}", escape(name)), message);
            }
        }
        let path = self.path(members.get("path"), at);
        let op = self.op(members.get("op"), at)?;
        let values = self.values(op, members.get("value"), at);
        let ignore_case = self.ignore_case(op, members, at);
        Some(Row {
            path: path?,
            op,
            values: values?,
            ignore_case: ignore_case?,
        })
    }

    fn path(&mut self, value: Option<&Value<'_>>, at: &str) -> Option<String> {
        let Some(value) = value else {
            return self.fault(at, "A row needs a `path`.");
        };
        let at = format!("{at}/path");
        let Value::String(path) = value else {
            return self.fault(&at, "`path` is a string.");
        };
        if path.len() > PATH_BYTES_MAX {
            return self.fault(&at, format!("A path takes at most {PATH_BYTES_MAX} bytes."));
        }
        if !path.is_empty() && !path.starts_with('/') {
            return self.fault(&at, "A path is a JSON pointer, which begins with `/`.");
        }
        if path.split('~').skip(1).any(|rest| !rest.starts_with(['0', '1'])) {
            return self.fault(
                &at,
                "In a path, `~` is written `~0`, and a `/` within a name `~1`.",
            );
        }
        Some(path.clone().into_owned())
    }

    fn op(&mut self, value: Option<&Value<'_>>, at: &str) -> Option<Op> {
        let Some(value) = value else {
            return self.fault(at, "A row needs an `op`.");
        };
        let op = match value {
            Value::String(name) => Op::ALL.into_iter().find(|op| op.name() == name),
            _ => None,
        };
        if op.is_none() {
            let names = Op::ALL.map(Op::name).join(", ");
            return self.fault(&format!("{at}/op"), format!("`op` is one of {names}."));
        }
        op
    }

    fn values(&mut self, op: Op, value: Option<&Value<'_>>, at: &str) -> Option<Vec<Literal>> {
        let name = op.name();
        let value_at = format!("{at}/value");
        let value = match value {
            None if op.takes_no_value() => return Some(Vec::new()),
            None => return self.fault(at, format!("`{name}` needs a `value`.")),
            Some(_) if op.takes_no_value() => {
                return self.fault(&value_at, format!("`{name}` takes no `value`."));
            }
            Some(value) => value,
        };
        let values = match value {
            Value::Array(items) if op.takes_list() && !items.is_empty() => items.as_slice(),
            _ if op.takes_list() => {
                return self.fault(&value_at, format!("`{name}` takes a list of at least one value."));
            }
            _ => std::slice::from_ref(value),
        };
        self.values += values.len();
        if self.values > VALUES_MAX {
            return None;
        }
        let expected = match (op, value) {
            (Op::Gt | Op::Gte | Op::Lt | Op::Lte, Value::Number(_) | Value::String(_)) => None,
            (Op::Gt | Op::Gte | Op::Lt | Op::Lte, _) => Some("a number or a string"),
            (Op::StartsWith | Op::EndsWith, Value::String(_)) => None,
            (Op::StartsWith | Op::EndsWith, _) => Some("a string"),
            _ => None,
        };
        if let Some(expected) = expected {
            return self.fault(&value_at, format!("`{name}` takes {expected}."));
        }
        let literals: Vec<_> = values.iter().map(Literal::new).collect();
        if literals
            .iter()
            .any(|literal| literal.json().len() > VALUE_BYTES_MAX)
        {
            return self.fault(
                &value_at,
                format!("A value takes at most {VALUE_BYTES_MAX} bytes."),
            );
        }
        Some(literals)
    }

    fn ignore_case(&mut self, op: Op, members: &Members<'_>, at: &str) -> Option<bool> {
        let at = format!("{at}/ignore_case");
        let ignore_case = match members.get("ignore_case") {
            None => false,
            Some(Value::Bool(value)) => *value,
            Some(_) => return self.fault(&at, "`ignore_case` is true or false."),
        };
        let compares_strings = match (op, members.get("value")) {
            _ if !op.can_ignore_case() => false,
            (Op::In | Op::NotIn, Some(Value::Array(items))) => {
                items.iter().any(|it| matches!(it, Value::String(_)))
            }
            (_, value) => matches!(value, Some(Value::String(_))),
        };
        if ignore_case && !compares_strings {
            return self.fault(
                &at,
                "`ignore_case` is for strings that are compared for equality or searched.",
            );
        }
        Some(ignore_case)
    }
}

/// Finds the first name that its object has twice.
#[derive(Default)]
struct Duplicates<'a> {
    names: Names<'a>,
    first: Option<usize>,
}

impl<'a> Visit<'a> for Duplicates<'a> {
    fn open(&mut self, container: Container) {
        if container == Container::Object && self.first.is_none() {
            self.names.enter();
        }
    }

    fn close(&mut self, container: Container) {
        if container == Container::Object && self.first.is_none() {
            self.names.leave();
        }
    }

    fn name(&mut self, name: Text<'a>) {
        if self.first.is_none() && !self.names.insert(&name) {
            self.first = Some(name.offset);
        }
    }

    fn string(&mut self, _: Text<'a>) {}

    fn number(&mut self, _: Number<'a>) {}
}
