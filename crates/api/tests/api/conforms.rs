//! Whether responses are what the API's document says. [`App::send`](crate::app::App::send) checks each
//! response of each test.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use jsonschema::Validator;
use parking_lot::Mutex;
use serde_json::{Value, json};

/// The committed document.
static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../openapi.json")).unwrap());

/// Validators, by the pointer to their schema.
static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

/// The codes that no operation documents, because any request can get them before its operation is known.
const OF_ANY_REQUEST: [&str; 4] = [
    "ambiguous_request",
    "incomplete_body",
    "method_not_allowed",
    "route_not_found",
];

/// The document.
pub fn document() -> &'static Value {
    &DOCUMENT
}

/// The template and the operation that serve this method and path.
pub fn operation(method: &str, path: &str) -> Option<(&'static str, &'static Value)> {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let served = paths.iter().filter(|(template, _)| matches(template, path));
    // `/automations/preview` also matches `/automations/{id}`.
    let (template, item) = served.min_by_key(|(template, _)| template.matches('{').count())?;
    Some((template, item.get(method.to_ascii_lowercase())?))
}

fn matches(template: &str, path: &str) -> bool {
    let (mut template, mut path) = (template.split('/'), path.split('/'));
    loop {
        match (template.next(), path.next()) {
            (None, None) => return true,
            (Some(part), Some(segment)) if part == segment || part.starts_with('{') => {}
            _ => return false,
        }
    }
}

/// Checks the response to a request: its status, its problem and its body.
pub fn check(method: &str, path: &str, status: u16, content_type: &str, body: &[u8]) {
    let Some((template, operation)) = operation(method, path) else {
        return;
    };
    let what = format!("{method} {template}: {status} {}", String::from_utf8_lossy(body));
    let json: Option<Value> = serde_json::from_slice(body).ok();
    let code = json.as_ref().and_then(|json| json["code"].as_str());
    if content_type.starts_with("application/problem+json") && OF_ANY_REQUEST.contains(&code.unwrap()) {
        return;
    }
    let mut response = &operation["responses"][status.to_string()];
    assert!(response.is_object(), "not documented: {what}");
    if (method, template, status) == ("POST", "/v1/accounts/{account}/events", 207) {
        // A batch of CloudEvents. The document refers to the response to a batch in words alone, because a
        // second body of success would make generated clients return a union for each event.
        response = &DOCUMENT["paths"]["/v1/accounts/{account}/events/batch"]["post"]["responses"]["202"];
    }
    let content = response.get("content").and_then(Value::as_object);
    let Some(content) = content.filter(|content| !content.is_empty()) else {
        assert!(body.is_empty(), "no body is documented: {what}");
        return;
    };
    let media_type = content_type.split(';').next().unwrap();
    let content = content
        .get(media_type)
        .unwrap_or_else(|| panic!("the content type is not documented: {what}"));
    if media_type == "application/problem+json" {
        let examples = content["examples"].as_object().unwrap();
        assert!(
            examples.contains_key(code.unwrap()),
            "the code is not documented: {what}"
        );
    }
    // A single line of NDJSON would be JSON, too.
    if let Some(json) = json.filter(|_| media_type.ends_with("json") && !media_type.ends_with("ndjson")) {
        check_value(&content["schema"], &json, &what);
    }
}

/// Checks a value against a schema of the document.
pub fn check_value(schema: &Value, value: &Value, what: &str) {
    let key = schema.to_string();
    let known = VALIDATORS.lock().get(&key).cloned();
    let validator = known.unwrap_or_else(|| {
        let mut whole = schema.clone();
        let mut needed = json!({});
        gather(schema, &mut needed);
        whole["components"]["schemas"] = needed;
        let validator = jsonschema::options()
            .should_validate_formats(true)
            .build(&json!(whole))
            .unwrap();
        Arc::clone(VALIDATORS.lock().entry(key).or_insert(Arc::new(validator)))
    });
    let faults: Vec<String> = validator
        .iter_errors(value)
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect();
    assert!(
        faults.is_empty(),
        "not as documented: {what}\n{}",
        faults.join("\n")
    );
}

/// Gathers the schemas that one refers to, and those that they refer to. Compiling all would take each test a
/// second.
fn gather(value: &Value, needed: &mut Value) {
    match value {
        Value::Object(members) => {
            let name = members.get("$ref").and_then(Value::as_str);
            if let Some(name) = name.and_then(|to| to.strip_prefix("#/components/schemas/"))
                && needed.get(name).is_none()
            {
                let schema = &DOCUMENT["components"]["schemas"][name];
                needed[name] = schema.clone();
                gather(schema, needed);
            }
            members.values().for_each(|member| gather(member, needed));
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, needed)),
        _ => {}
    }
}
