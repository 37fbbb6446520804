//! The JSON reader and the body styles, against serde_json and against each other.
#![no_main]
#![forbid(unsafe_code)]

#[path = "../../crates/json/tests/tree/mod.rs"]
mod tree;

use libfuzzer_sys::fuzz_target;
use postrider_json::{Inspection, JsonErrorKind, Loss, LossReason, Payload, UniqueMembers, Value, inspect};
use postrider_signing::{BodyStyle, render_value};
use tree::Tree;

fuzz_target!(|bytes: &[u8]| {
    let payload = Payload::read(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else {
        assert!(payload.is_err());
        return;
    };
    let is_json = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    let inspection = match inspect(text) {
        Ok(inspection) => inspection,
        Err(error) => {
            assert!(!is_json || error.kind == JsonErrorKind::TooDeep, "{error}");
            assert!(text.is_char_boundary(error.offset));
            assert!(payload.is_err() && Value::read(text).is_err());
            assert!(serde_json::from_str::<UniqueMembers>(text).is_err());
            return invalid_text_is_copied(text);
        }
    };
    assert!(is_json && payload.is_ok());
    let value = Value::read(text).expect("it was inspected");
    let canonical = value.canonical();
    assert_eq!(canonical_of(&canonical), canonical);
    let tree = Tree::read(text).ok();
    if let Some(tree) = &tree {
        assert!(is_same(tree, &value), "{text}");
    }
    numbers_agree(&value);
    if serde_json::from_str::<UniqueMembers>(text).is_ok() {
        assert_ne!(
            inspection.loss.as_ref().map(|it| it.reason),
            Some(LossReason::DuplicateName)
        );
    }
    match &inspection.loss {
        Some(loss) => is_within(loss, &inspection, tree.as_ref()),
        None => styles_lose_nothing(text, &canonical, &inspection),
    }
});

fn canonical_of(text: &str) -> String {
    Value::read(text).expect("it is JSON").canonical()
}

fn rendered(text: &str, style: BodyStyle) -> String {
    let mut out = Vec::new();
    render_value(text, style, &mut out);
    String::from_utf8(out).expect("bodies are UTF-8")
}

fn invalid_text_is_copied(text: &str) {
    for style in [BodyStyle::Js, BodyStyle::Python, BodyStyle::Raw] {
        assert_eq!(rendered(text, style), text.trim_matches([' ', '\t', '\r', '\n']));
    }
}

/// What the styles print has the same values, is a fixed point, and is recognised as one.
fn styles_lose_nothing(text: &str, canonical: &str, inspection: &Inspection) {
    let raw = rendered(text, BodyStyle::Raw);
    assert_eq!(canonical_of(&raw), canonical);
    for (style, is_fixed) in [
        (BodyStyle::Js, inspection.js_fixed_point),
        (BodyStyle::Python, inspection.python_fixed_point),
    ] {
        let once = rendered(text, style);
        assert_eq!(canonical_of(&once), canonical, "{style:?}");
        assert_eq!(rendered(&once, style), once, "{style:?}");
        assert!(!is_fixed || once == text, "{style:?}");
        let again = inspect(&once).expect("a body is JSON");
        assert_eq!(again.loss, None, "{style:?}");
        assert!(style != BodyStyle::Python || again.python_fixed_point);
    }
}

/// A lossy text is not a fixed point, and the loss has a position within it.
fn is_within(loss: &Loss, inspection: &Inspection, tree: Option<&Tree>) {
    assert!(!inspection.js_fixed_point && !inspection.python_fixed_point);
    assert!(
        tree.is_none_or(|tree| leads_into(&loss.pointer, tree)),
        "{loss:?}"
    );
}

fn leads_into(pointer: &str, tree: &Tree) -> bool {
    let Some(path) = pointer.strip_prefix('/') else {
        return pointer.is_empty();
    };
    let end = path.find('/').unwrap_or(path.len());
    let (segment, rest) = (path[..end].replace("~1", "/").replace("~0", "~"), &path[end..]);
    match tree {
        Tree::Array(items) => {
            let item = segment.parse().ok().and_then(|at: usize| items.get(at));
            item.is_some_and(|item| leads_into(rest, item))
        }
        Tree::Object(members) => members
            .iter()
            .any(|(name, value)| *name == segment && leads_into(rest, value)),
        _ => false,
    }
}

/// Whether serde_json reads the same. Of members with one name, the last counts.
fn is_same(tree: &Tree, value: &Value<'_>) -> bool {
    match (tree, value) {
        (Tree::Literal(text), Value::Null) => text == "null",
        (Tree::Literal(text), Value::Bool(value)) => *text == value.to_string(),
        (Tree::Number(text), Value::Number(number)) => number.to_f64() == finite(text),
        (Tree::String(text), Value::String(value)) => *text == **value,
        (Tree::Array(items), Value::Array(values)) => {
            items.len() == values.len() && items.iter().zip(values).all(|(item, value)| is_same(item, value))
        }
        (Tree::Object(members), Value::Object(values)) => {
            members.iter().enumerate().all(|(at, (name, member))| {
                let is_replaced = members[at + 1..].iter().any(|(later, _)| later == name);
                is_replaced || values.get(name).is_some_and(|value| is_same(member, value))
            })
        }
        _ => false,
    }
}

fn finite(text: &str) -> Option<f64> {
    text.parse().ok().filter(|it: &f64| it.is_finite())
}

/// Exact comparison and division of the numbers of an array never contradict floats.
fn numbers_agree(value: &Value<'_>) {
    let Value::Array(items) = value else { return };
    let numbers: Vec<_> = items
        .iter()
        .filter_map(|item| {
            if let Value::Number(number) = item {
                Some(number)
            } else {
                None
            }
        })
        .take(8)
        .collect();
    for pair in numbers.windows(2) {
        let (left, right) = (pair[0].decimal(), pair[1].decimal());
        if let (Some(left_float), Some(right_float)) = (pair[0].to_f64(), pair[1].to_f64()) {
            assert!(left_float == right_float || (left < right) == (left_float < right_float));
            assert!(left != right || left_float == right_float);
        }
        if left.is_multiple_of(&right) == Some(true) && right.is_integer() {
            assert!(left.is_integer());
        }
        assert_eq!(left == right, left.to_string() == right.to_string());
    }
}
