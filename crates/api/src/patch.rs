//! Applies a PATCH to a resource: a JSON Merge Patch (RFC 7396) whose members must all exist.

use std::borrow::Cow;
use std::collections::BTreeMap;

use postrider_json::pointer::escape;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::decode::{decode, no_such_member};
use crate::merge_patch::merge_patch;
use crate::problem::Problem;

/// The member of a resource that holds the client's own data: a patch may name any member in it.
const FREE_FORM: &str = "metadata";

/// `current` with the patch applied.
///
/// A null for an unknown member is refused like any other value. It needs its own check because merging drops
/// the null, so that decoding the result would not find it.
pub fn patched<T: Serialize + DeserializeOwned>(current: &T, patch: &str) -> Result<T, Problem> {
    let current = serde_json::to_string(current).map_err(Problem::internal)?;
    let merged = merge_patch(&current, patch)?;
    match unknown_null("", &current, patch) {
        Some((pointer, name)) => Err(no_such_member(pointer, &name, None)),
        None => decode(&merged),
    }
}

/// Pointer and name of the first member that is null in `patch` and missing in `current`. It descends as deep
/// as `current` does.
fn unknown_null(pointer: &str, current: &str, patch: &str) -> Option<(String, String)> {
    let (current, patch) = (members(current)?, members(patch)?);
    patch.iter().find_map(|(name, change)| {
        let pointer = format!("{pointer}/{}", escape(name));
        match current.get(name) {
            None => (change.get() == "null").then(|| (pointer, name.to_string())),
            Some(_) if name == FREE_FORM => None,
            Some(value) => unknown_null(&pointer, value.get(), change.get()),
        }
    })
}

/// The members of `json`, if it is an object.
fn members(json: &str) -> Option<BTreeMap<Cow<'_, str>, &RawValue>> {
    serde_json::from_str(json).ok()
}
