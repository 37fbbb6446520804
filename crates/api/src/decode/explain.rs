//! Finds out why a text could not be read.

use postrider_json::pointer::escape;
use postrider_json::{JsonErrorKind, inspect};
use serde::Deserialize;
use serde_path_to_error::{Path, Segment};

use crate::json_body::position_after;
use crate::problem::{Problem, TextPosition, fault_codes};

/// Members that are read-only in every object.
const READ_ONLY: [&str; 3] = ["id", "created_at", "updated_at"];

/// The problem with a text that could not be read as a `T`. Invalid JSON is reported before a wrong shape.
#[cold]
pub(super) fn explain<'a, T: Deserialize<'a>>(text: &'a str) -> Problem {
    // The reader of `postrider_json` reports the exact position in plain words.
    let inspected = inspect(text);
    if let Err(error) = inspected
        && error.kind != JsonErrorKind::TooDeep
    {
        return Problem::malformed_json(error.into(), error.kind);
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
        Err(error) if error.inner().is_data() => wrong_shape(error.path(), error.inner()),
        Err(error) => beyond_the_parser(text, error.inner()),
        Ok(_) => Problem::internal("a body was read at the second try only"),
    }
}

/// The problem of a text that is JSON but that serde_json refuses: nested too deeply, half of a surrogate
/// pair, a number beyond all floats.
fn beyond_the_parser(text: &str, error: &serde_json::Error) -> Problem {
    let message = without_position(error);
    if message == "recursion limit exceeded" {
        return Problem::body("", fault_codes::TOO_DEEP, "nested more than 127 levels deep");
    }
    Problem::malformed_json(position_of(text, error), message)
}

/// The position where serde_json stopped: it counts lines from 1, and bytes in the line from 1.
fn position_of(text: &str, error: &serde_json::Error) -> TextPosition {
    let line_start: usize = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1))
        .map(str::len)
        .sum();
    let mut offset = (line_start + error.column().saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    position_after(&text[..offset])
}

/// The problem of JSON with the wrong shape.
fn wrong_shape(path: &Path, error: &serde_json::Error) -> Problem {
    let mut pointer = pointer(path);
    let message = without_position(error);
    if let Some(name) = quoted(&message, "missing field `") {
        pointer = format!("{}/{}", pointer, escape(name));
        return Problem::body(pointer, fault_codes::REQUIRED, "this member is required");
    }
    if let Some(name) = quoted(&message, "unknown field `") {
        let known = message.split_once(", ").map(|(_, known)| known);
        return no_such_member(at_member(pointer, name), name, known);
    }
    if let Some(name) = quoted(&message, "duplicate field `") {
        // The path stops at the object.
        return Problem::body(
            format!("{pointer}/{}", escape(name)),
            fault_codes::DUPLICATE_MEMBER,
            "this member occurs more than once",
        );
    }
    let code = if message.starts_with("invalid type: ") {
        fault_codes::WRONG_TYPE
    } else {
        fault_codes::INVALID_VALUE
    };
    Problem::body(pointer, code, in_plain_words(&message))
}

/// The problem of the unknown member `name` at `pointer`. `known` lists the members of the object, if serde
/// names them.
#[cold]
pub fn no_such_member(pointer: String, name: &str, known: Option<&str>) -> Problem {
    if READ_ONLY.contains(&name) {
        return Problem::body(pointer, fault_codes::READ_ONLY, "this member is read-only");
    }
    let detail = match known {
        Some(known) => format!("unknown member; {known}"),
        None => "unknown member".to_owned(),
    };
    Problem::body(pointer, fault_codes::UNKNOWN_MEMBER, detail)
}

/// The pointer to the member `name`, whether the path stopped at it or at its object.
fn at_member(pointer: String, name: &str) -> String {
    let member = format!("/{}", escape(name));
    if pointer.ends_with(&member) {
        pointer
    } else {
        pointer + &member
    }
}

fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => pointer.push_str(&format!("/{}", escape(key))),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

/// The text between `before` and the last backtick before `, expected` or the end. A name can hold these
/// words too, but what follows them cannot.
fn quoted<'a>(message: &'a str, before: &str) -> Option<&'a str> {
    let rest = message.strip_prefix(before)?;
    let name = rest
        .rsplit_once("`, expected ")
        .or_else(|| rest.rsplit_once("`, there are no fields"));
    name.map(|(name, _)| name).or_else(|| rest.strip_suffix('`'))
}

/// serde_json's message without the position at its end.
fn without_position(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    message.strip_suffix(&position).unwrap_or(&message).to_owned()
}

/// Replaces serde's names of types by the words of JSON.
fn in_plain_words(message: &str) -> String {
    const WORDS: [(&str, &str); 7] = [
        ("expected i64", "expected a whole number"),
        ("expected u64", "expected a whole number of 0 or more"),
        ("expected a sequence", "expected an array"),
        ("expected a map", "expected an object"),
        ("invalid type: map", "invalid type: object"),
        ("invalid type: sequence", "invalid type: array"),
        ("invalid type: floating point", "invalid type: number"),
    ];
    let replaced = |text: String, (serde, json): &(&str, &str)| text.replace(serde, json);
    WORDS.iter().fold(message.to_owned(), replaced)
}

#[cfg(test)]
mod tests {
    use crate::decode::object::Object;
    use crate::decode::{decode, decode_control};
    use crate::problem::{Code, Problem};
    use serde::Deserialize;
    use serde_json::value::RawValue;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields, expecting = "an object")]
    #[expect(dead_code, reason = "only decoding is tested")]
    struct Shape {
        name: String,
        items: Vec<Object<Item>>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields, expecting = "an object")]
    #[expect(dead_code, reason = "only decoding is tested")]
    struct Item {
        url: String,
        #[serde(default)]
        timeout_s: Option<i64>,
        #[serde(default)]
        any: Option<Box<RawValue>>,
    }

    fn fault(text: &str) -> (String, &'static str) {
        let problem = decode_control::<Shape>(text).unwrap_err();
        assert_eq!(problem.code(), Code::InvalidBody, "{text}: {problem:?}");
        let [fault] = problem.faults() else {
            panic!("{problem:?}")
        };
        (fault.pointer().unwrap().to_owned(), fault.code())
    }

    fn at(pointer: &str, code: &'static str) -> (String, &'static str) {
        (pointer.to_owned(), code)
    }

    #[test]
    fn every_fault_of_shape_has_the_pointer_of_its_member() {
        assert_eq!(fault(r#"{"items":[]}"#), at("/name", "required"));
        assert_eq!(fault(r#"{"name":1,"items":[]}"#), at("/name", "wrong_type"));
        assert_eq!(
            fault(r#"{"name":"","items":[{"url":"","urll":1}]}"#),
            at("/items/0/urll", "unknown_member")
        );
        assert_eq!(
            fault(r#"{"name":"","items":[{}]}"#),
            at("/items/0/url", "required")
        );
        assert_eq!(
            fault(r#"{"name":"","items":[{"url":"","timeout_s":1.5}]}"#),
            at("/items/0/timeout_s", "wrong_type")
        );
        assert_eq!(
            fault(r#"{"name":"","items":[{"url":"","a/~b":1}]}"#),
            at("/items/0/a~1~0b", "unknown_member")
        );
        assert_eq!(
            fault(r#"{"name":"","items":[],"a`, expected b":1}"#),
            at("/a`, expected b", "unknown_member")
        );
        assert_eq!(fault("[]"), at("", "wrong_type"));
        assert_eq!(fault("null"), at("", "wrong_type"));
        assert_eq!(fault(r#"["",[]]"#), at("", "wrong_type"));
        assert_eq!(
            fault(r#"{"name":"","items":[["",1,null]]}"#),
            at("/items/0", "wrong_type")
        );
    }

    #[test]
    fn duplicate_members_are_refused_even_in_values_that_are_kept_raw() {
        assert_eq!(
            fault(r#"{"name":"","name":"","items":[]}"#),
            at("/name", "duplicate_member")
        );
        let nested = r#"{"name":"","items":[{"url":"","any":{"a":{"b":1,"b":2}}}]}"#;
        assert_eq!(fault(nested), at("/items/0/any/a/b", "duplicate_member"));
        let alike = r#"{"name":"","items":[{"url":"","any":{"a":{"a":1,"a":2}}}]}"#;
        assert_eq!(fault(alike), at("/items/0/any/a/a", "duplicate_member"));
        assert_eq!(
            fault(r#"{"name":"","items":[],"\u006eame":1}"#),
            at("/name", "duplicate_member")
        );
    }

    fn malformed(text: &str) -> Problem {
        let problem = decode_control::<Shape>(text).unwrap_err();
        assert_eq!(problem.code(), Code::MalformedJson, "{text}");
        problem
    }

    #[test]
    fn invalid_json_is_refused_with_line_column_and_byte() {
        let position = malformed("{\n  \"é\": tru\n}").position().unwrap();
        assert_eq!((position.line, position.column, position.offset), (2, 8, 10));
        assert_eq!(malformed("").position().unwrap().offset, 0);
        assert_eq!(malformed("{} x").position().unwrap().offset, 3);
        assert_eq!(malformed(r#"{"name":"#).position().unwrap().offset, 8);
        malformed(r#"{"name":"\ud800"}"#);
        malformed(r#"{"name":1e999}"#);
        malformed("\u{feff}{}");
    }

    #[test]
    fn depth_is_bounded_in_control_bodies_but_not_in_raw_values() {
        let nested = |depth: usize| {
            format!(
                r#"{{"name":"","items":[{{"url":"","any":{}{}}}]}}"#,
                "[".repeat(depth),
                "]".repeat(depth)
            )
        };
        assert_eq!(fault(&nested(130)), at("", "too_deep"));
        assert_eq!(fault(&nested(600)), at("", "too_deep"));
        assert!(decode_control::<Shape>(&nested(100)).is_ok());
        assert!(decode::<Shape>(&nested(5_000)).is_ok());
    }
}
