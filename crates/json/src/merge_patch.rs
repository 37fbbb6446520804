//! JSON Merge Patch (RFC 7396) from text to text.
//!
//! Values that the patch does not touch are copied byte for byte, so that an update never rounds a number
//! elsewhere in the object.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The patch is not a JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a merge patch must be an object")]
pub struct NotAnObject;

/// Applies the patch to the object `target`.
///
/// Read the patch as [`UniqueMembers`](crate::UniqueMembers) first. That refuses duplicate names, which this
/// function does not resolve, and bounds the depth to which it recurses. A target that is not an object
/// counts as `{}`.
pub fn merge_patch(target: &str, patch: &str) -> Result<String, NotAnObject> {
    if members(patch).is_none() {
        return Err(NotAnObject);
    }
    let mut merged = String::with_capacity(target.len() + patch.len());
    merge(&mut merged, target, patch);
    Ok(merged)
}

fn merge(out: &mut String, target: &str, patch: &str) {
    let Some(changes) = members(patch) else {
        out.push_str(patch);
        return;
    };
    let kept = members(target).unwrap_or_default();
    out.push('{');
    let mut first = true;
    for (name, value) in &kept.list {
        match changes.get(name) {
            None => member(out, &mut first, name, |out| out.push_str(value.get())),
            Some(change) if change.get() == "null" => {}
            Some(change) => member(out, &mut first, name, |out| merge(out, value.get(), change.get())),
        }
    }
    for (name, change) in &changes.list {
        if change.get() != "null" && kept.get(name).is_none() {
            member(out, &mut first, name, |out| merge(out, "{}", change.get()));
        }
    }
    out.push('}');
}

fn member(out: &mut String, first: &mut bool, name: &str, value: impl FnOnce(&mut String)) {
    if !std::mem::take(first) {
        out.push(',');
    }
    out.push_str(&serde_json::Value::from(name).to_string());
    out.push(':');
    value(out);
}

/// The members of `json`, if it is an object.
fn members(json: &str) -> Option<Members<'_>> {
    serde_json::from_str(json).ok()
}

/// The members of an object, in order, and the position of each.
#[derive(Default)]
struct Members<'a> {
    list: Vec<(Cow<'a, str>, &'a RawValue)>,
    index: HashMap<Cow<'a, str>, usize>,
}

impl Members<'_> {
    fn get(&self, name: &str) -> Option<&RawValue> {
        self.index.get(name).map(|at| self.list[*at].1)
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Walk;

        impl<'de> Visitor<'de> for Walk {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Members::default();
                while let Some((name, value)) = map.next_entry::<Cow<'de, str>, _>()? {
                    members.index.insert(name.clone(), members.list.len());
                    members.list.push((name, value));
                }
                Ok(members)
            }
        }

        deserializer.deserialize_map(Walk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_rfc_7396_hold() {
        for (target, patch, expected) in [
            (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"a":null}"#, "{}"),
            (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
            (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#),
            (
                r#"{"a":{"b":"c"}}"#,
                r#"{"a":{"b":"d","c":null}}"#,
                r#"{"a":{"b":"d"}}"#,
            ),
            (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
            (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"e":null,"a":1}"#),
            (r#"["a"]"#, r#"{"a":"b"}"#, r#"{"a":"b"}"#),
            ("{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
        ] {
            assert_eq!(merge_patch(target, patch).unwrap(), expected, "{target} {patch}");
        }
    }

    #[test]
    fn a_patch_that_is_not_an_object_is_refused() {
        for patch in ["[]", "null", "\"a\"", "1"] {
            assert_eq!(merge_patch("{}", patch), Err(NotAnObject), "{patch}");
        }
    }

    #[test]
    fn numbers_beyond_float_precision_survive() {
        let merged = merge_patch(r#"{"m":{"n":12345678901234567890123.10}}"#, r#"{"m":{"o":1e-2}}"#).unwrap();
        assert_eq!(merged, r#"{"m":{"n":12345678901234567890123.10,"o":1e-2}}"#);
    }
}
