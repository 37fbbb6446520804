//! The check of `metadata`.

use postrider_model::account::METADATA_BYTES_MAX;

use super::json::check_json;
use super::{Faults, codes};

/// Checks the `metadata` of a draft, an object as JSON text, and returns it as it was written. `None` is an
/// empty object.
pub(super) fn check_metadata(text: Option<&str>, faults: &mut Faults) -> String {
    let metadata = check_json(text.unwrap_or("{}"), "/metadata", faults).unwrap_or_default();
    if !metadata.is_empty() && !metadata.starts_with('{') {
        faults.add("/metadata", codes::WRONG_TYPE, "expected an object");
    }
    if metadata.len() > METADATA_BYTES_MAX {
        let detail = format!("metadata can have at most {METADATA_BYTES_MAX} bytes");
        faults.add("/metadata", codes::TOO_LONG, detail);
    }
    metadata.to_owned()
}
