//! Patterns of values that have one spelling, so that a client can check them, and knows what a path takes.
//!
//! The example of a value shows its kind: an id's prefix, or the name of an event type. utoipa takes a
//! pattern only as a literal, beside each of a hundred members. A member that holds ids of several kinds has
//! a pattern of its own, which stays.

use serde_json::{Map, Value};

/// The prefixes of ids.
const PREFIXES: [&str; 10] = [
    "acct", "act", "apikey", "aud", "auto", "conn", "dlv", "evt", "grant", "key",
];

/// What stands before `{id}` in a path, and the prefix of the ids there.
const PLACES: [(&str, &str); 6] = [
    ("connections", "conn"),
    ("events", "evt"),
    ("deliveries", "dlv"),
    ("api-keys", "apikey"),
    ("portal-links", "grant"),
    ("sessions", "grant"),
];

/// The example of an event type's name.
const EVENT_TYPE: &str = "proposal.accepted";

const EVENT_TYPE_PATTERN: &str = "^[a-zA-Z0-9_.-]{1,128}$";

/// The id or uid of an account or automation. A text that begins like an id has to be a whole one.
const NAMED_PATTERN: &str = "^[a-zA-Z0-9_.:@-]{1,128}$";

const CURSOR_PATTERN: &str = "^cur_[A-Za-z0-9_-]{28}$";

/// Adds the patterns to a document.
pub(super) fn add(document: &mut Value) {
    for (path, item) in document["paths"].as_object_mut().into_iter().flatten() {
        let operations = item.as_object_mut().into_iter().flat_map(Map::values_mut);
        for parameter in operations
            .filter_map(|it| it.get_mut("parameters")?.as_array_mut())
            .flatten()
        {
            of_parameter(path, parameter);
        }
    }
    of_schemas(&mut document["components"]["schemas"]);
}

/// A parameter has its example beside its schema.
fn of_parameter(path: &str, parameter: &mut Value) {
    let pattern = match (parameter["in"].as_str(), parameter["name"].as_str()) {
        (Some("path"), Some("account")) => Some(NAMED_PATTERN.to_owned()),
        (Some("path"), Some("id")) if path.contains("/automations/{id}") => Some(NAMED_PATTERN.to_owned()),
        (Some("path"), Some("id")) => place(path).map(id_pattern),
        (Some("query"), Some("cursor")) => Some(CURSOR_PATTERN.to_owned()),
        _ => parameter["example"].as_str().and_then(pattern_of),
    };
    if let Some(pattern) = pattern {
        set(&mut parameter["schema"], pattern);
    }
}

/// The prefix of the ids in a path such as `/v1/accounts/{account}/events/{id}`.
fn place(path: &str) -> Option<&'static str> {
    let before = path.split("/{id}").next()?.rsplit('/').next()?;
    PLACES
        .iter()
        .find(|(place, _)| *place == before)
        .map(|(_, prefix)| *prefix)
}

fn of_schemas(value: &mut Value) {
    if let Some(pattern) = value["example"].as_str().and_then(pattern_of) {
        set(value, pattern);
    }
    match value {
        Value::Object(members) => members.values_mut().for_each(of_schemas),
        Value::Array(items) => items.iter_mut().for_each(of_schemas),
        _ => {}
    }
}

/// Adds a pattern to a schema that is a string, or null, and has none.
fn set(schema: &mut Value, pattern: String) {
    if let Some(members) = schema.as_object_mut()
        && members.contains_key("type")
    {
        members.entry("pattern").or_insert(pattern.into());
    }
}

fn pattern_of(example: &str) -> Option<String> {
    if example == EVENT_TYPE {
        return Some(EVENT_TYPE_PATTERN.to_owned());
    }
    let (prefix, rest) = example.split_once('_')?;
    (rest.len() == 26 && PREFIXES.contains(&prefix)).then(|| id_pattern(prefix))
}

/// The spelling of a TypeID: 128 bits in Crockford's base 32, in lower case.
fn id_pattern(prefix: &str) -> String {
    format!("^{prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_example_tells_the_pattern_of_its_value() {
        let mut document = json!({
            "paths": {"/v1/accounts/{account}/events/{id}/x": {"get": {"parameters": [
                {"in": "path", "name": "id", "schema": {"type": "string"}},
                {"in": "query", "name": "type", "schema": {"type": "string"}, "example": "proposal.accepted"},
            ]}}},
            "components": {"schemas": {"A": {"properties": {
                "id": {"type": "string", "example": "acct_01h455vb4pex5vsknk084sn02q"},
                "url": {"type": "string", "example": "https://example.com/a_b"},
            }}}},
        });
        add(&mut document);
        let parameters = &document["paths"]["/v1/accounts/{account}/events/{id}/x"]["get"]["parameters"];
        assert_eq!(
            parameters[0]["schema"]["pattern"],
            "^evt_[0-7][0-9a-hjkmnp-tv-z]{25}$"
        );
        assert_eq!(parameters[1]["schema"]["pattern"], EVENT_TYPE_PATTERN);
        let members = &document["components"]["schemas"]["A"]["properties"];
        assert_eq!(members["id"]["pattern"], "^acct_[0-7][0-9a-hjkmnp-tv-z]{25}$");
        assert!(members["url"].get("pattern").is_none());
    }
}
