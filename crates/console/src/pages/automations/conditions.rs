//! The conditions of an automation's form: rows of field, operator and value, converted from and to JSON.
//!
//! Hidden `cond` fields number the rows, as `row` does for URLs. Rows are all joined in one way; conditions
//! that are nested more deeply are edited as JSON.
//!
//! A person types `1000` or `paid` without quotes. A value is a number or a string by the kind of its field,
//! if that is known; else by how it looks. A string that would look like something else is shown in quotes.

mod value;

use postrider_configuration::Fault;
use postrider_json::Conditions;
use postrider_json::conditions::{Condition, Literal, Op, ROWS_MAX, Row};
use postrider_json::pointer::escape;

pub use self::value::Kind;
use self::value::{json_of, list_of, shown};
use crate::form::Form;

/// A choice of a list.
pub struct Choice {
    /// Its name in the form.
    pub name: &'static str,
    /// What people read.
    pub label: &'static str,
    /// Whether it is chosen.
    pub is_chosen: bool,
}

/// How the rows are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Join {
    /// All of them hold.
    #[default]
    All,
    /// At least one of them holds.
    Any,
    /// None of them holds.
    None,
}

impl Join {
    /// All, in the order of the form.
    const ALL: [Self; 3] = [Self::All, Self::Any, Self::None];

    /// What it is called in the form.
    const fn label(self) -> &'static str {
        match self {
            Self::All => "All of these hold",
            Self::Any => "At least one of these holds",
            Self::None => "None of these holds",
        }
    }

    /// The name in the form.
    const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Any => "any",
            Self::None => "none",
        }
    }

    /// The pointer to the list of rows, in the conditions that [`ConditionFields::json`] writes.
    const fn pointer(self) -> &'static str {
        match self {
            Self::All => "/all",
            Self::Any => "/any",
            Self::None => "/not/any",
        }
    }
}

/// The conditions as typed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConditionFields {
    /// How the rows are joined.
    pub join: Join,
    /// The rows; none if the event type alone decides.
    pub rows: Vec<ConditionRow>,
    /// The conditions as JSON, if that is how they are edited.
    pub text: Option<String>,
}

/// A comparison as typed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConditionRow {
    /// The field: names joined by dots, or a JSON pointer.
    pub field: String,
    /// The operator's name; empty for `eq`.
    pub op: String,
    /// The value, or several separated by commas.
    pub value: String,
    /// Whether the case of strings is ignored.
    pub ignore_case: bool,
}

/// What an operator is called in the form.
const fn label(op: Op) -> &'static str {
    match op {
        Op::Eq => "is",
        Op::Ne => "is not",
        Op::In => "is one of",
        Op::NotIn => "is none of",
        Op::Gt => "is more than",
        Op::Gte => "is at least",
        Op::Lt => "is less than",
        Op::Lte => "is at most",
        Op::Contains => "contains",
        Op::StartsWith => "begins with",
        Op::EndsWith => "ends with",
        Op::Exists => "exists",
        Op::Missing => "is missing",
    }
}

impl ConditionFields {
    /// Stored conditions.
    pub fn of(conditions: Option<&Conditions>) -> Self {
        let Some(conditions) = conditions else {
            return Self::default();
        };
        match flat(conditions.root()) {
            Some((join, rows)) => Self {
                join,
                rows: rows.into_iter().map(ConditionRow::of).collect(),
                text: None,
            },
            None => Self::of_json(conditions.to_string()),
        }
    }

    /// The conditions as typed.
    pub fn typed(form: &Form) -> Self {
        let rows = form.all("cond").take(ROWS_MAX + 1);
        let join = form.text("join");
        Self {
            join: Join::ALL
                .into_iter()
                .find(|known| known.name() == join)
                .unwrap_or_default(),
            rows: rows.map(|row| ConditionRow::typed(form, row)).collect(),
            text: form.get("conditions").map(str::to_owned),
        }
    }

    /// Adds an empty row.
    pub fn add(&mut self) {
        self.rows.push(ConditionRow::default());
    }

    /// Removes a row.
    pub fn remove(&mut self, row: usize) {
        if row < self.rows.len() {
            self.rows.remove(row);
        }
    }

    /// Edits the rows as JSON from now on.
    pub fn as_json(&mut self, kinds: &dyn Fn(&str) -> Option<Kind>) {
        let (json, _) = self.json(kinds);
        *self = Self::of_json(json.unwrap_or_default());
    }

    /// Edits the JSON as rows from now on, if it has no more than rows.
    pub fn as_rows(&mut self) {
        let text = self.text.as_deref().unwrap_or_default().trim();
        if text.is_empty() {
            *self = Self::default();
        } else if let Ok(conditions) = Conditions::read(text) {
            *self = Self::of(Some(&conditions));
        }
    }

    fn of_json(text: String) -> Self {
        Self {
            text: Some(text),
            ..Self::default()
        }
    }

    /// The ways to join rows.
    pub fn joins(&self) -> [Choice; 3] {
        Join::ALL.map(|join| Choice {
            name: join.name(),
            label: join.label(),
            is_chosen: join == self.join,
        })
    }

    /// The pointer to a row in the draft.
    pub fn pointer(&self, row: &usize) -> String {
        format!("/trigger/conditions{}/{row}", self.join.pointer())
    }

    /// The conditions as JSON, and the faults that the form itself finds. `kinds` returns the kind of the
    /// field that a JSON pointer names. Rows without field and value are dropped first.
    pub fn json(&mut self, kinds: &dyn Fn(&str) -> Option<Kind>) -> (Option<String>, Vec<Fault>) {
        if let Some(text) = &self.text {
            let text = text.trim();
            return ((!text.is_empty()).then(|| text.to_owned()), Vec::new());
        }
        self.rows
            .retain(|row| !row.field.trim().is_empty() || !row.value.trim().is_empty());
        if self.rows.is_empty() {
            return (None, Vec::new());
        }
        let mut faults = Vec::new();
        let rows = self.rows.iter().enumerate().map(|(index, row)| {
            let json = row.json(kinds);
            json.unwrap_or_else(|(member, detail)| {
                faults.push(Fault {
                    pointer: format!("{}/{member}", self.pointer(&index)),
                    code: "invalid_value",
                    detail,
                });
                String::new()
            })
        });
        let rows = rows.collect::<Vec<_>>().join(",");
        let json = match self.join {
            Join::All => format!("{{\"all\":[{rows}]}}"),
            Join::Any => format!("{{\"any\":[{rows}]}}"),
            Join::None => format!("{{\"not\":{{\"any\":[{rows}]}}}}"),
        };
        (faults.is_empty().then_some(json), faults)
    }
}

impl ConditionRow {
    fn of(row: &Row) -> Self {
        let values: Vec<String> = row.values.iter().map(Literal::json).map(shown).collect();
        Self {
            field: field_of(&row.path),
            op: row.op.name().to_owned(),
            value: values.join(", "),
            ignore_case: row.ignore_case,
        }
    }

    fn typed(form: &Form, row: &str) -> Self {
        let text = |name: &str| form.text(&format!("{name}.{row}")).to_owned();
        Self {
            field: text("field"),
            op: text("op"),
            value: text("value"),
            ignore_case: form.is_ticked(&format!("case.{row}")),
        }
    }

    /// The operators.
    pub fn operators(&self) -> [Choice; Op::ALL.len()] {
        let chosen = self.operator();
        Op::ALL.map(|op| Choice {
            name: op.name(),
            label: label(op),
            is_chosen: op == chosen,
        })
    }

    fn operator(&self) -> Op {
        let known = Op::ALL.into_iter().find(|op| op.name() == self.op);
        known.unwrap_or(Op::Eq)
    }

    /// The row as JSON, or the member at fault with what is wrong.
    fn json(&self, kinds: &dyn Fn(&str) -> Option<Kind>) -> Result<String, (&'static str, String)> {
        if self.field.trim().is_empty() {
            return Err(("path", "enter a field".to_owned()));
        }
        let (path, op) = (path_of(&self.field), self.operator());
        let values = match op {
            Op::Exists | Op::Missing => String::new(),
            Op::In | Op::NotIn => {
                let values = list_of(&self.value)
                    .into_iter()
                    .map(|value| json_of(value, op, kinds(&path)));
                let values: Result<Vec<_>, _> = values.collect();
                format!(
                    ",\"value\":[{}]",
                    values.map_err(|detail| ("value", detail))?.join(",")
                )
            }
            _ => {
                let value = json_of(&self.value, op, kinds(&path));
                format!(",\"value\":{}", value.map_err(|detail| ("value", detail))?)
            }
        };
        // The box of an operator that ignores no case may still be ticked from before.
        let compares_strings = op.can_ignore_case() && values.contains('"');
        let case = match self.ignore_case && compares_strings {
            true => ",\"ignore_case\":true",
            false => "",
        };
        let path = serde_json::Value::from(path);
        Ok(format!(
            "{{\"path\":{path},\"op\":\"{}\"{values}{case}}}",
            op.name()
        ))
    }
}

/// How these conditions join their rows, if they have nothing but rows.
fn flat(root: &Condition) -> Option<(Join, Vec<&Row>)> {
    match root {
        Condition::Row(_) => Some((Join::All, rows_of(std::slice::from_ref(root))?)),
        Condition::All(parts) => Some((Join::All, rows_of(parts)?)),
        Condition::Any(parts) => Some((Join::Any, rows_of(parts)?)),
        Condition::Not(part) => match &**part {
            Condition::Any(parts) => Some((Join::None, rows_of(parts)?)),
            Condition::Row(_) => Some((Join::None, rows_of(std::slice::from_ref(&**part))?)),
            _ => None,
        },
    }
}

fn rows_of(parts: &[Condition]) -> Option<Vec<&Row>> {
    let rows = parts.iter().map(|part| match part {
        // A path to the whole of the data has no name to type.
        Condition::Row(row) if !row.path.is_empty() => Some(row),
        _ => None,
    });
    rows.collect()
}

/// The pointer of a field as typed: `customer.name` is `/customer/name`.
pub fn path_of(field: &str) -> String {
    let field = field.trim();
    if field.starts_with('/') {
        return field.to_owned();
    }
    field
        .split('.')
        .map(|name| format!("/{}", escape(name)))
        .collect()
}

/// A pointer as a person types it: names joined by dots, unless a name holds what that would change.
pub fn field_of(path: &str) -> String {
    let dotted = path.strip_prefix('/').unwrap_or_default().replace('/', ".");
    match !dotted.is_empty() && path_of(&dotted) == path {
        true => dotted,
        false => path.to_owned(),
    }
}

#[cfg(test)]
mod tests;
