//! Members of objects as rows of a table, those of inner objects below their own.

use std::fmt::Write as _;

use serde_json::Value;

use super::{SCHEMAS, resolved};
use crate::markdown::{self, Html};

/// How deep members are shown. Deeper ones are named by their type; conditions hold themselves.
const DEPTH_MAX: usize = 6;

/// Most values of an enumeration that a row shows.
const VALUES_MAX: usize = 80;

/// A member, or a kind of value that a member can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// How far it is inside others.
    pub depth: usize,
    /// Its name; empty for a kind of value.
    pub name: String,
    /// Its type, in words.
    pub kind: String,
    /// Whether it has to be sent, or is always there.
    pub is_required: bool,
    /// What it is.
    pub description: Html,
    /// Its bounds, in words.
    pub bounds: Vec<String>,
    /// The values that it can have.
    pub values: Vec<String>,
}

/// The members of a schema.
pub(super) fn of_schema(document: &Value, schema: &Value) -> Vec<Row> {
    let mut rows = Rows {
        document,
        rows: Vec::new(),
        open: Vec::new(),
    };
    rows.members(schema, 0);
    rows.rows
}

/// A parameter.
pub(super) fn of_parameter(document: &Value, parameter: &Value) -> Row {
    let schema = &parameter["schema"];
    let mut row = row(
        document,
        parameter["name"].as_str().unwrap_or_default(),
        schema,
        0,
    );
    row.is_required = parameter["required"] == true;
    let description = parameter["description"]
        .as_str()
        .or(schema["description"].as_str());
    row.description = markdown::inline(description.unwrap_or_default());
    row
}

struct Rows<'a> {
    document: &'a Value,
    rows: Vec<Row>,
    /// The references that are being shown.
    open: Vec<&'a str>,
}

impl<'a> Rows<'a> {
    /// Adds the members of a schema, or of the items of a list.
    fn members(&mut self, schema: &'a Value, depth: usize) {
        if depth >= DEPTH_MAX {
            return;
        }
        if let Some(reference) = schema["$ref"].as_str() {
            if !self.open.contains(&reference) {
                self.open.push(reference);
                self.members(resolved(self.document, schema), depth);
                self.open.pop();
            }
            return;
        }
        for part in list(schema, "allOf") {
            self.members(part, depth);
        }
        let required: Vec<&str> = list(schema, "required").filter_map(Value::as_str).collect();
        let mut members: Vec<_> = schema["properties"].as_object().into_iter().flatten().collect();
        members.sort_by_key(|(name, _)| !required.contains(&name.as_str()));
        for (name, member) in members {
            let mut row = row(self.document, name, member, depth);
            row.is_required = required.contains(&name.as_str());
            self.rows.push(row);
            self.members(member, depth + 1);
        }
        self.kinds(schema, depth);
        if let Some(items) = schema.get("items") {
            self.members(items, depth);
        }
    }

    /// Adds the kinds of a value that can be one of several.
    fn kinds(&mut self, schema: &'a Value, depth: usize) {
        let kinds: Vec<&Value> = list(schema, "oneOf")
            .filter(|kind| kind["type"] != "null")
            .collect();
        if let [only] = kinds.as_slice() {
            return self.members(only, depth);
        }
        for kind in kinds {
            let mut row = row(self.document, "", kind, depth);
            row.kind = name_of(kind).unwrap_or(row.kind);
            self.rows.push(row);
            self.members(kind, depth + 1);
        }
    }
}

fn row(document: &Value, name: &str, schema: &Value, depth: usize) -> Row {
    let inner = match list(schema, "oneOf")
        .filter(|kind| kind["type"] != "null")
        .collect::<Vec<_>>()
        .as_slice()
    {
        [only] => only,
        _ => schema,
    };
    let target = resolved(document, inner);
    let description = [schema, inner, target]
        .into_iter()
        .find_map(|it| it["description"].as_str());
    Row {
        depth,
        name: name.to_owned(),
        kind: kind(document, schema),
        is_required: false,
        description: markdown::inline(description.unwrap_or_default()),
        bounds: bounds(target),
        values: values(target),
    }
}

/// The type of a schema, in words.
fn kind(document: &Value, schema: &Value) -> String {
    let target = resolved(document, schema);
    let kinds: Vec<&Value> = list(target, "oneOf").collect();
    let is_null = |kind: &&&Value| kind["type"] == "null";
    if !kinds.is_empty() {
        let others: Vec<String> = kinds
            .iter()
            .filter(|it| !is_null(it))
            .map(|it| kind(document, it))
            .collect();
        let suffix = if kinds.iter().any(|it| is_null(&it)) {
            " or null"
        } else {
            ""
        };
        return match others.as_slice() {
            [only] => format!("{only}{suffix}"),
            _ => format!("object{suffix}"),
        };
    }
    let names: Vec<&str> = match &target["type"] {
        Value::String(name) => vec![name],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ if target.get("properties").is_some() || target.get("allOf").is_some() => vec!["object"],
        _ => vec!["any JSON value"],
    };
    let names = names.into_iter().map(|name| match name {
        "array" => match kind(document, &target["items"]).as_str() {
            item if target.get("items").is_some() => format!("list of {item}s"),
            _ => "list".to_owned(),
        },
        name => name.to_owned(),
    });
    let mut words = names.collect::<Vec<_>>().join(" or ");
    if target["format"] == "date-time" {
        words = words.replace("string", "time");
    }
    words
}

fn bounds(schema: &Value) -> Vec<String> {
    let mut bounds = Vec::new();
    let number = |name: &str| schema.get(name).and_then(Value::as_i64);
    let mut range = |(least, most): (Option<i64>, Option<i64>), unit: &str| {
        let mut words = String::new();
        let _ = match (least.filter(|least| *least > 0), most) {
            (Some(least), Some(most)) => write!(words, "{least} to {most}{unit}"),
            (Some(least), None) => write!(words, "at least {least}{unit}"),
            (None, Some(most)) => write!(words, "at most {most}{unit}"),
            (None, None) => return,
        };
        bounds.push(words);
    };
    range((number("minLength"), number("maxLength")), " characters");
    range((number("minimum"), number("maximum")), "");
    range((number("minItems"), number("maxItems")), " items");
    range((None, number("maxProperties")), " members");
    if let Some(default) = schema.get("default") {
        bounds.push(format!("default {default}"));
    }
    bounds
}

fn values(schema: &Value) -> Vec<String> {
    let schema = if schema.get("items").is_some() {
        &schema["items"]
    } else {
        schema
    };
    let values = list(schema, "enum").filter_map(Value::as_str);
    values.take(VALUES_MAX).map(str::to_owned).collect()
}

fn name_of(schema: &Value) -> Option<String> {
    let name = schema["$ref"].as_str()?.strip_prefix(SCHEMAS)?;
    Some(
        name.trim_end_matches("Input")
            .trim_end_matches("Patch")
            .to_owned(),
    )
}

fn list<'a>(schema: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    schema[name].as_array().into_iter().flatten()
}
