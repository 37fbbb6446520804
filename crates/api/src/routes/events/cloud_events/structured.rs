//! One event in structured mode: a JSON object (JSON event format 1.0.2), borrowed from the request's body.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use postrider_engine::Submission;
use postrider_json::{JsonErrorKind, inspect};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::attributes::Attributes;
use crate::decode::decode;
use crate::json_body::utf8;
use crate::problem::{Problem, fault_codes};
use crate::routes::events::input::data_of;

/// The members of an event.
struct Members<'a> {
    attributes: Attributes<'a>,
    data: Option<&'a RawValue>,
    data_base64: Option<&'a RawValue>,
}

#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// The event in a body.
pub(super) fn read_event(body: &Bytes, key: Option<String>) -> Result<Submission, Problem> {
    read_text(utf8(body)?, |data| data_of(data, body), key)
}

/// The event in a text. `copy` decides how to keep the bytes of its data.
pub(super) fn read_text(
    text: &str,
    copy: impl FnOnce(&RawValue) -> Bytes,
    key: Option<String>,
) -> Result<Submission, Problem> {
    let members = decode::<Members<'_>>(text)?;
    let checked = members.attributes.check()?;
    let data = match (members.data, members.data_base64) {
        (Some(_), Some(_)) => {
            let detail = "leave this out, or leave `data` out";
            return Err(Problem::body("/data_base64", fault_codes::INVALID_VALUE, detail));
        }
        (Some(data), None) => copy(data),
        (None, Some(encoded)) => decoded(encoded)?,
        (None, None) => Bytes::from_static(b"null"),
    };
    Ok(checked.submission(data, key))
}

/// The data that Base64 holds, which must be JSON too.
fn decoded(encoded: &RawValue) -> Result<Bytes, Problem> {
    let refused = |detail: &str| Problem::body("/data_base64", fault_codes::INVALID_VALUE, detail);
    let text = serde_json::from_str::<Text<'_>>(encoded.get());
    let text =
        text.map_err(|_| Problem::body("/data_base64", fault_codes::WRONG_TYPE, "expected a string"))?;
    let bytes = STANDARD.decode(text.0.as_bytes());
    let bytes = bytes.map_err(|_| refused("expected Base64 with its padding"))?;
    let json = std::str::from_utf8(&bytes).map_err(|_| refused("expected Base64 of JSON in UTF-8"))?;
    match inspect(json) {
        // The engine says how deep data may be.
        Err(error) if error.kind != JsonErrorKind::TooDeep => Err(refused("expected Base64 of JSON")),
        _ => Ok(Bytes::copy_from_slice(trimmed(json).as_bytes())),
    }
}

/// Without the white space around a JSON text.
pub(super) fn trimmed(json: &str) -> &str {
    json.trim_matches([' ', '\t', '\n', '\r'])
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Walk;

        impl<'de> Visitor<'de> for Walk {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Members {
                    attributes: Attributes::default(),
                    data: None,
                    data_base64: None,
                };
                while let Some((Text(name), value)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
                    let is_new = match name.as_ref() {
                        "data" => members.data.replace(value).is_none(),
                        "data_base64" if value.get() == "null" => true,
                        "data_base64" => members.data_base64.replace(value).is_none(),
                        _ => add(&mut members.attributes, name.clone(), value),
                    };
                    if !is_new {
                        return Err(A::Error::custom(format_args!("duplicate field `{name}`")));
                    }
                }
                Ok(members)
            }
        }

        deserializer.deserialize_map(Walk)
    }
}

/// Adds an attribute: a string, a boolean or a whole number of 32 bits, as text; null is none. `false` if the
/// event has one of this name.
fn add<'a>(attributes: &mut Attributes<'a>, name: Cow<'a, str>, value: &'a RawValue) -> bool {
    let json = value.get();
    let text = match json.as_bytes() {
        b"null" => return true,
        b"true" | b"false" => Some(json.into()),
        [b'"', ..] => serde_json::from_str::<Text<'a>>(json).ok().map(|text| text.0),
        _ => whole_number(json).map(|number| number.to_string().into()),
    };
    match text {
        Some(text) => attributes.add(name, text),
        None => {
            let detail = "expected a string, a boolean, or a whole number of 32 bits";
            attributes.fault(&name, fault_codes::WRONG_TYPE, detail);
            true
        }
    }
}

/// The whole number that this JSON number is, also if it is written as `1.0` or `1e3`.
fn whole_number(json: &str) -> Option<i32> {
    let number: f64 = json.parse().ok()?;
    let is_whole = number.fract() == 0.0 && (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&number);
    // In this range, every whole number is exact.
    is_whole.then_some(number as i32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Code;

    fn event(more: &str) -> Result<Submission, Problem> {
        let text = format!(r#"{{"specversion":"1.0","id":"1","source":"/s","type":"a.b"{more}}}"#);
        read_event(&Bytes::from(text), None)
    }

    fn fault(more: &str) -> (String, &'static str) {
        let problem = event(more).unwrap_err();
        assert_eq!(problem.code(), Code::InvalidBody, "{more}: {problem:?}");
        (
            problem.faults()[0].pointer().unwrap().to_owned(),
            problem.faults()[0].code(),
        )
    }

    #[test]
    fn data_is_kept_byte_for_byte_from_either_member() {
        assert_eq!(
            event(r#","data": {"n": 1.0, "a":[]} "#).unwrap().data,
            r#"{"n": 1.0, "a":[]}"#
        );
        assert_eq!(event("").unwrap().data, "null");
        assert_eq!(event(r#","data":null,"data_base64":null"#).unwrap().data, "null");
        assert_eq!(
            event(r#","data_base64":"IHsibiI6IDEuMH0K""#).unwrap().data,
            r#"{"n": 1.0}"#
        );
        for (more, code) in [
            (r#","data_base64":1"#, "wrong_type"),
            (r#","data_base64":"!""#, "invalid_value"),
            (r#","data_base64":"e30""#, "invalid_value"),
            (r#","data_base64":"aGVsbG8=""#, "invalid_value"),
            (r#","data_base64":"/w==""#, "invalid_value"),
            (r#","data":1,"data_base64":"MQ==""#, "invalid_value"),
        ] {
            assert_eq!(fault(more), ("/data_base64".to_owned(), code), "{more}");
        }
    }

    #[test]
    fn extensions_of_every_json_type_are_kept_as_text() {
        let event = event(r#","a":"x","b":true,"c":-7,"d":null,"f":1.0,"g":-1e3,"\u0065":"\u00e4""#).unwrap();
        let kept: Vec<_> = event.headers.iter().skip(2).collect();
        assert_eq!(
            kept,
            [
                ("ce-a", "x"),
                ("ce-b", "true"),
                ("ce-c", "-7"),
                ("ce-e", "%C3%A4"),
                ("ce-f", "1"),
                ("ce-g", "-1000"),
            ]
        );
        for value in ["{}", "[]", "1.5", "2147483648", r#""\ud800""#] {
            let expected = ("/a".to_owned(), "wrong_type");
            assert_eq!(fault(&format!(r#","a":{value}"#)), expected, "{value}");
        }
    }

    #[test]
    fn members_are_unique_and_bodies_objects() {
        assert_eq!(fault(r#","id":"2""#), ("/id".to_owned(), "duplicate_member"));
        assert_eq!(
            fault(r#","data":1,"data":1"#),
            ("/data".to_owned(), "duplicate_member")
        );
        assert_eq!(fault(r#","x/y":"1""#), ("/x~1y".to_owned(), "invalid_value"));
        let problem = read_event(&Bytes::from_static(b"[]"), None).unwrap_err();
        assert_eq!(problem.faults()[0].code(), "wrong_type");
        let problem = read_event(&Bytes::from_static(b"{\"id\":"), None).unwrap_err();
        assert_eq!(problem.code(), Code::MalformedJson);
    }
}
