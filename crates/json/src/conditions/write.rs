//! Conditions as the JSON that is stored and shown to programs.

use std::fmt;

use super::{Condition, Conditions, Literal, Row};
use crate::string::write_json;

/// Writes the JSON that [`Conditions::read`] reads back equal: compact, members in a fixed order.
impl fmt::Display for Conditions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        write_node(&self.root, &mut out);
        f.write_str(&out)
    }
}

fn write_node(node: &Condition, out: &mut String) {
    let (name, parts) = match node {
        Condition::All(parts) => ("all", parts),
        Condition::Any(parts) => ("any", parts),
        Condition::Not(part) => {
            out.push_str("{\"not\":");
            write_node(part, out);
            out.push('}');
            return;
        }
        Condition::Row(row) => return write_row(row, out),
    };
    out.push_str(&format!("{{\"{name}\":["));
    for (at, part) in parts.iter().enumerate() {
        out.push_str(if at > 0 { "," } else { "" });
        write_node(part, out);
    }
    out.push_str("]}");
}

fn write_row(row: &Row, out: &mut String) {
    out.push_str("{\"path\":");
    write_json(&row.path, out);
    out.push_str(&format!(",\"op\":\"{}\"", row.op.name()));
    let values: Vec<_> = row.values.iter().map(Literal::json).collect();
    if row.op.takes_list() {
        out.push_str(&format!(",\"value\":[{}]", values.join(",")));
    } else if let [value] = *values {
        out.push_str(&format!(",\"value\":{value}"));
    }
    out.push_str(if row.ignore_case {
        ",\"ignore_case\":true}"
    } else {
        "}"
    });
}
