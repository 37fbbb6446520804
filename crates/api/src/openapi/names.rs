//! Names for schemas that utoipa writes without one, and discriminators where a member tells the kinds apart,
//! so that generated clients have a type for each.

use serde_json::{Map, Value, json};

use super::SCHEMAS;

/// What utoipa puts before the name of a list's items.
const LIST: &str = "List_";

/// The schemas that are one of several kinds, told apart by `type`, with each kind's value.
const BY_TYPE: [(&str, [(&str, &str); 2]); 3] = [
    (
        "Action",
        [("send_webhook", "WebhookAction"), ("send_email", "EmailAction")],
    ),
    (
        "ActionInput",
        [
            ("send_webhook", "WebhookActionInput"),
            ("send_email", "EmailActionInput"),
        ],
    ),
    (
        "ActionPatch",
        [
            ("send_webhook", "WebhookActionPatch"),
            ("send_email", "EmailActionPatch"),
        ],
    ),
];

/// The arms of a condition, in order.
const CONDITIONS: [(&str, &str); 8] = [
    ("AllConditions", ""),
    ("AnyCondition", ""),
    ("NoCondition", ""),
    ("ValueCondition", "Compares with any value."),
    ("ListCondition", "Compares with each value of a list."),
    (
        "OrderCondition",
        "Compares two numbers, or two strings, by their order.",
    ),
    ("TextCondition", "Compares the beginning or the end of a string."),
    (
        "PresenceCondition",
        "Holds if the path finds something, or nothing.",
    ),
];

/// Names what has no name.
pub(super) fn add(document: &mut Value) {
    lists(document);
    let schemas = &mut document["components"]["schemas"];
    actions(schemas);
    attempts(schemas);
    conditions(schemas);
    for (name, kinds) in BY_TYPE {
        let mapping: Map<String, Value> = kinds
            .into_iter()
            .map(|(value, kind)| (value.to_owned(), reference(kind)["$ref"].take()))
            .collect();
        schemas[name]["discriminator"] = json!({"propertyName": "type", "mapping": mapping});
    }
    if let Some(schemas) = schemas.as_object_mut() {
        schemas.sort_keys();
    }
}

/// `List_Account`, with an account inlined, becomes `AccountList`, which refers to `Account`.
fn lists(document: &mut Value) {
    let Some(schemas) = document["components"]["schemas"].as_object_mut() else {
        return;
    };
    let names: Vec<String> = schemas
        .keys()
        .filter(|it| it.starts_with(LIST))
        .cloned()
        .collect();
    for name in &names {
        let Some(mut list) = schemas.shift_remove(name) else {
            continue;
        };
        let item = &name[LIST.len()..];
        list["properties"]["data"]["items"] = reference(item);
        schemas.insert(list_name(item), list);
    }
    refer_to_lists(document);
}

fn list_name(item: &str) -> String {
    format!("{}List", item.trim_start_matches("Listed"))
}

fn refer_to_lists(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(to)) = members.get_mut("$ref")
                && let Some(item) = to.strip_prefix(SCHEMAS).and_then(|name| name.strip_prefix(LIST))
            {
                *to = format!("{SCHEMAS}{}", list_name(item));
            }
            members.values_mut().for_each(refer_to_lists);
        }
        Value::Array(items) => items.iter_mut().for_each(refer_to_lists),
        _ => {}
    }
}

/// An action is flattened from what all actions have and what those of its kind have. Each kind gets both.
fn actions(schemas: &mut Value) {
    let common = schemas["Action"]["allOf"][1].clone();
    for (kind, own_type) in [("WebhookAction", "WebhookType"), ("EmailAction", "EmailType")] {
        add_members(&mut schemas[kind], &common);
        schemas[kind]["properties"]["type"] = reference(own_type);
    }
    schemas["WebhookAction"]["description"] = "An action that sends a webhook.".into();
    schemas["EmailAction"]["description"] = "An action that sends an e-mail.".into();
    one_of(schemas, "Action", ["WebhookAction", "EmailAction"]);
    remove(schemas, &["ActionOfType", "ActionType"]);
}

/// An attempt likewise, with what was sent and received.
fn attempts(schemas: &mut Value) {
    let common = schemas["Attempt"]["allOf"][1].clone();
    for (kind, exchange, description) in [
        (
            "HttpAttempt",
            "HttpExchange",
            "An attempt to send a webhook: an HTTP request and its response.",
        ),
        (
            "SmtpAttempt",
            "SmtpExchange",
            "An attempt to send an e-mail: a dialogue with the mail server.",
        ),
    ] {
        schemas[kind] = schemas[exchange].clone();
        add_members(&mut schemas[kind], &common);
        schemas[kind]["description"] = description.into();
    }
    one_of(schemas, "Attempt", ["HttpAttempt", "SmtpAttempt"]);
    remove(schemas, &["Exchange", "HttpExchange", "SmtpExchange"]);
}

/// Adds the members of another schema.
fn add_members(schema: &mut Value, other: &Value) {
    let members = |of: &Value| of["properties"].as_object().cloned().unwrap_or_default();
    let required = |of: &Value| of["required"].as_array().cloned().unwrap_or_default();
    let mut all = members(other);
    all.extend(members(schema));
    all.sort_keys();
    let all_required = [required(other), required(schema)].concat();
    schema["properties"] = all.into();
    schema["required"] = all_required.into();
}

fn one_of(schemas: &mut Value, name: &str, kinds: [&str; 2]) {
    schemas[name] = json!({
        "oneOf": kinds.map(reference),
        "description": schemas[name]["description"],
    });
}

fn remove(schemas: &mut Value, names: &[&str]) {
    for name in names {
        schemas
            .as_object_mut()
            .and_then(|schemas| schemas.shift_remove(*name));
    }
}

fn conditions(schemas: &mut Value) {
    let arms = schemas["Condition"]["oneOf"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    for (index, (mut arm, (name, description))) in arms.into_iter().zip(CONDITIONS).enumerate() {
        if !description.is_empty() {
            arm["description"] = description.into();
        }
        schemas[name] = arm;
        schemas["Condition"]["oneOf"][index] = reference(name);
    }
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("{SCHEMAS}{name}")})
}

#[cfg(test)]
mod tests {
    use crate::openapi::tests::document;

    #[test]
    fn no_schema_is_inlined_in_a_list_and_no_arm_is_without_a_name() {
        let document = document();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        for (name, schema) in schemas {
            assert!(!name.contains('_'), "{name}");
            if name.ends_with("List") {
                assert!(
                    schema["properties"]["data"]["items"]["$ref"].is_string(),
                    "{name}"
                );
            }
            for arm in schema["oneOf"].as_array().into_iter().flatten() {
                assert!(arm["$ref"].is_string(), "{name}: {arm}");
            }
        }
        assert_eq!(
            schemas["Action"]["discriminator"]["mapping"]["send_email"],
            "#/components/schemas/EmailAction"
        );
        assert_eq!(schemas["Condition"]["oneOf"].as_array().unwrap().len(), 8);
    }
}
