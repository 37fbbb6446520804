//! Maxima of responses. What was stored within the bounds of a request has the same bounds when it is read;
//! lists have those of `limit`.

use postrider_model::delivery::ATTEMPTS_MAX;
use postrider_storage::LIMIT_MAX;
use serde_json::Value;

/// What a schema of a response shows, and the schema of the request that stored it.
const STORED: [(&str, &str); 9] = [
    ("Account", "AccountInput"),
    ("ApiKey", "ApiKeyInput"),
    ("Automation", "AutomationInput"),
    ("Connection", "ConnectionInput"),
    ("EmailAction", "EmailActionInput"),
    ("EventType", "EventTypeInput"),
    ("RateLimit", "RateLimitInput"),
    ("Trigger", "TriggerInput"),
    ("WebhookAction", "WebhookActionInput"),
];

/// The bounds that hold for what is read, too.
const MAXIMA: [&str; 3] = ["maxLength", "maximum", "maxItems"];

/// Adds them to a document.
pub(super) fn add(document: &mut Value) {
    let schemas = &mut document["components"]["schemas"];
    for (shown, stored) in STORED {
        let members = schemas[stored]["properties"].clone();
        for (name, from) in members.as_object().into_iter().flatten() {
            if let Some(to) = schemas[shown]["properties"].get_mut(name) {
                copy(from, to);
            }
        }
    }
    for (name, schema) in schemas.as_object_mut().into_iter().flatten() {
        if name.ends_with("List") {
            schema["properties"]["data"]["maxItems"] = LIMIT_MAX.into();
        }
    }
    schemas["Delivery"]["properties"]["attempt_count"]["maximum"] = ATTEMPTS_MAX.into();
    let status = &mut schemas["Problem"]["properties"]["status"];
    status["minimum"] = 400.into();
    status["maximum"] = 599.into();
}

fn copy(from: &Value, to: &mut Value) {
    let Some(to) = to.as_object_mut().filter(|to| !to.contains_key("$ref")) else {
        return;
    };
    for bound in MAXIMA {
        if let Some(value) = from.get(bound) {
            to.entry(bound).or_insert(value.clone());
        }
    }
    if let (Some(from), Some(to)) = (from.get("items"), to.get_mut("items")) {
        copy(from, to);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use crate::openapi::tests::document;

    /// Whether a schema bounds the value that a request sends.
    fn is_bounded(schema: &Value) -> bool {
        let has = |names: &[&str]| names.iter().any(|name| schema.get(name).is_some());
        let is = |kind: &str| match &schema["type"] {
            Value::Array(kinds) => kinds.iter().any(|it| it == kind),
            one => one == kind,
        };
        // A read-only member takes only what was read.
        has(&["readOnly"])
            || (!is("string") || has(&["pattern", "maxLength", "enum", "format"]))
                && (!is("integer") || has(&["maximum"]))
                && (!is("array") || has(&["maxItems"]))
    }

    #[test]
    fn every_member_that_a_client_sends_is_bounded() {
        let document = document();
        for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
            if name.ends_with("Input") || name.ends_with("Patch") || name.ends_with("Selection") {
                for (member, schema) in schema["properties"].as_object().into_iter().flatten() {
                    assert!(is_bounded(schema), "{name}.{member}: {schema}");
                }
            }
        }
        for (path, item) in document["paths"].as_object().unwrap() {
            for operation in item.as_object().unwrap().values() {
                for parameter in operation["parameters"].as_array().into_iter().flatten() {
                    assert!(is_bounded(&parameter["schema"]), "{path}: {parameter}");
                }
            }
        }
    }
}
