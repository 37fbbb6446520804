//! The fields of an example event, for an editor in which they can be clicked.

use postrider_json::Value;

use super::output::escape_json;

/// Maximum fields: more than a person looks through.
const FIELDS_MAX: usize = 200;
/// Maximum nesting of fields that are listed.
const DEPTH_MAX: usize = 6;
/// Maximum bytes of a path.
const PATH_BYTES_MAX: usize = 256;
/// Maximum characters of a sample.
const SAMPLE_CHARACTERS_MAX: usize = 80;

/// A field of an event's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The expression that reads it: `data.customer.name`, or `data["first name"]`.
    pub path: String,
    /// Its value in the example, as a template prints it, at most 80 characters.
    pub sample: String,
}

/// Lists the fields of an example's `data` that are neither lists nor objects, at most 200, in the order of
/// the text. Of a list, those of the first element. A text that is not JSON has none.
pub fn fields(data: &str) -> Vec<Field> {
    let mut fields = Vec::new();
    if let Ok(value) = Value::read(data) {
        collect(&value, "data", DEPTH_MAX, &mut fields);
    }
    fields
}

fn collect(value: &Value<'_>, path: &str, depth_left: usize, fields: &mut Vec<Field>) {
    if fields.len() == FIELDS_MAX || path.len() > PATH_BYTES_MAX {
        return;
    }
    let sample = match value {
        Value::Object(members) if depth_left > 0 => {
            for (name, value) in members.iter() {
                collect(value, &member_path(path, name), depth_left - 1, fields);
            }
            return;
        }
        Value::Array(items) if depth_left > 0 => {
            if let Some(first) = items.first() {
                collect(first, &format!("{path}[0]"), depth_left - 1, fields);
            }
            return;
        }
        Value::Object(_) | Value::Array(_) => return,
        Value::Null => "",
        Value::Bool(value) => match value {
            true => "true",
            false => "false",
        },
        Value::Number(number) => number.text,
        Value::String(text) => text,
    };
    fields.push(Field {
        path: path.to_owned(),
        sample: sample.chars().take(SAMPLE_CHARACTERS_MAX).collect(),
    });
}

fn member_path(path: &str, name: &str) -> String {
    let is_identifier = name.starts_with(|first: char| first.is_alphabetic() || first == '_')
        && name
            .chars()
            .all(|character| character.is_alphanumeric() || character == '_');
    if is_identifier {
        return format!("{path}.{name}");
    }
    // Longer names are left out with their paths.
    let mut quoted = String::with_capacity(name.len().min(PATH_BYTES_MAX));
    let read = &name[..name.floor_char_boundary(PATH_BYTES_MAX + 1)];
    // Appending to a string does not fail.
    let _ = escape_json(read, &mut |piece| {
        quoted.push_str(piece);
        Ok(())
    });
    format!("{path}[\"{quoted}\"]")
}
