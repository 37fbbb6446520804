//! JSON Merge Patch (RFC 7396) of stored JSON, with a body as the patch.

use crate::decode::check_control;
use crate::problem::{Problem, fault_codes};

/// The object `target` with the patch applied, after a check that the patch is a valid control body.
pub fn merge_patch(target: &str, patch: &str) -> Result<String, Problem> {
    check_control(patch)?;
    postrider_json::merge_patch(target, patch)
        .map_err(|_| Problem::body("", fault_codes::WRONG_TYPE, "expected an object"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_that_is_not_an_object_is_refused() {
        assert_eq!(merge_patch("{}", r#"{"a":1}"#).unwrap(), r#"{"a":1}"#);
        for patch in ["[]", "null", "1", r#"{"a":1,"a":1}"#] {
            assert!(merge_patch("{}", patch).is_err(), "{patch}");
        }
    }
}
