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
        let schema = &mut schemas[kind];
        let mut members = common["properties"].as_object().cloned().unwrap_or_default();
        members["type"] = reference(own_type);
        members.extend(schema["properties"].as_object().cloned().unwrap_or_default());
        members.sort_keys();
        let required = |of: &Value| of["required"].as_array().cloned().unwrap_or_default();
        let mut all = required(&common);
        all.extend(required(schema));
        schema["properties"] = members.into();
        schema["required"] = all.into();
    }
    schemas["WebhookAction"]["description"] = "An action that sends a webhook.".into();
    schemas["EmailAction"]["description"] = "An action that sends an e-mail.".into();
    schemas["Action"] = json!({
        "oneOf": [reference("WebhookAction"), reference("EmailAction")],
        "description": schemas["Action"]["description"],
    });
    if let Some(schemas) = schemas.as_object_mut() {
        schemas.shift_remove("ActionOfType");
        schemas.shift_remove("ActionType");
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
