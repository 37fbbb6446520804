//! A comparison as it is written on the command line: `total >= 1000`.

use std::str::FromStr;

use postrider_json::Value;
use postrider_json::conditions::Op;
use postrider_json::pointer::escape;

/// One comparison of a trigger's conditions, as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison(String);

/// A text that is not a comparison.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a field, an operator and a value, such as `total >= 1000`; the operators are =, !=, >, >=, <, <=, \
     in, not_in, contains, starts_with, ends_with, exists and missing"
)]
pub struct ComparisonError;

impl Comparison {
    /// The JSON that the API takes.
    pub fn json(&self) -> &str {
        &self.0
    }
}

impl FromStr for Comparison {
    type Err = ComparisonError;

    /// A field is names joined by dots, or a JSON pointer. A value is JSON, or else a string. The values of
    /// `in` and `not_in` are separated by commas.
    fn from_str(text: &str) -> Result<Self, ComparisonError> {
        let (field, rest) = text.trim().split_once(' ').ok_or(ComparisonError)?;
        let rest = rest.trim_start();
        let (word, value) = rest.split_once(' ').unwrap_or((rest, ""));
        let (op, value) = (operator(word).ok_or(ComparisonError)?, value.trim());
        let value = match op {
            Op::Exists | Op::Missing if value.is_empty() => String::new(),
            Op::Exists | Op::Missing => return Err(ComparisonError),
            _ if value.is_empty() => return Err(ComparisonError),
            Op::In | Op::NotIn if !value.starts_with('[') => {
                let values: Vec<_> = value.split(',').map(|value| json(value.trim())).collect();
                format!(",\"value\":[{}]", values.join(","))
            }
            Op::StartsWith | Op::EndsWith if !value.starts_with('"') => {
                format!(",\"value\":{}", serde_json::Value::from(value))
            }
            _ => format!(",\"value\":{}", json(value)),
        };
        let path = serde_json::Value::from(path(field));
        Ok(Self(format!(
            "{{\"path\":{path},\"op\":\"{}\"{value}}}",
            op.name()
        )))
    }
}

fn operator(word: &str) -> Option<Op> {
    Some(match word {
        "=" | "==" => Op::Eq,
        "!=" => Op::Ne,
        ">" => Op::Gt,
        ">=" => Op::Gte,
        "<" => Op::Lt,
        "<=" => Op::Lte,
        _ => return Op::ALL.into_iter().find(|op| op.name() == word),
    })
}

fn json(value: &str) -> String {
    match Value::read(value) {
        Ok(_) => value.to_owned(),
        Err(_) => serde_json::Value::from(value).to_string(),
    }
}

fn path(field: &str) -> String {
    match field.starts_with('/') {
        true => field.to_owned(),
        false => field
            .split('.')
            .map(|name| format!("/{}", escape(name)))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparison_becomes_the_json_of_the_api() {
        for (text, expected) in [
            (
                "total >= 1250.50",
                r#"{"path":"/total","op":"gte","value":1250.50}"#,
            ),
            (
                "customer.country = DE",
                r#"{"path":"/customer/country","op":"eq","value":"DE"}"#,
            ),
            ("/a.b != \"1\"", r#"{"path":"/a.b","op":"ne","value":"1"}"#),
            ("paid == true", r#"{"path":"/paid","op":"eq","value":true}"#),
            (
                "tags.* in vip, 42",
                r#"{"path":"/tags/*","op":"in","value":["vip",42]}"#,
            ),
            (
                "x not_in [1,\"a, b\"]",
                r#"{"path":"/x","op":"not_in","value":[1,"a, b"]}"#,
            ),
            (
                "zip starts_with 01",
                r#"{"path":"/zip","op":"starts_with","value":"01"}"#,
            ),
            (
                "title contains two words",
                r#"{"path":"/title","op":"contains","value":"two words"}"#,
            ),
            ("  x   exists ", r#"{"path":"/x","op":"exists"}"#),
        ] {
            assert_eq!(
                text.parse().as_ref().map(Comparison::json),
                Ok(expected),
                "{text}"
            );
        }
        for text in ["", "total", "total >=", "total about 1", "x exists 1", ">= 1"] {
            assert_eq!(text.parse::<Comparison>(), Err(ComparisonError), "{text}");
        }
    }
}
