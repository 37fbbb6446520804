//! The extension attributes of a CloudEvent, which no member of a type describes.

use serde_json::{Value, json};

/// Most bytes of a value that fits into a header of an event, with its name, if nothing is percent-encoded.
const VALUE_BYTES_MAX: usize = 1000;

/// Describes the names and values of extensions.
pub(super) fn add(document: &mut Value) {
    let event = &mut document["components"]["schemas"]["CloudEventInput"];
    event["propertyNames"] = json!({"pattern": "^([a-z0-9]{1,64}|data_base64)$"});
    event["additionalProperties"] = json!({
        "type": ["string", "boolean", "integer", "null"],
        "minLength": 1,
        "maxLength": VALUE_BYTES_MAX,
        "minimum": i32::MIN,
        "maximum": i32::MAX,
    });
}
