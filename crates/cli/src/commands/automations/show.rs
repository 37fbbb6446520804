//! Automations as text.

use postrider_json::Conditions;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::client::Response;
use crate::commands::delays;
use crate::display::{Paint, Record, Table, cell, time};

/// A list of automations.
pub(super) fn table(automations: &[Value], paint: Paint) -> String {
    let mut table = Table::new(&["ID", "NAME", "ENABLED", "EVENT TYPES", "TARGETS"]);
    for automation in automations {
        let targets: Vec<String> = actions(automation).map(target).collect();
        table.row([
            cell(&automation["id"]),
            cell(&automation["name"]),
            cell(&automation["enabled"]),
            trigger(automation),
            targets.join(", "),
        ]);
    }
    table.render(
        paint,
        "No automations yet. To create one: postrider automations create ACCOUNT --help",
    )
}

/// One automation with its actions.
pub(super) fn record(response: &Response, paint: Paint) -> String {
    let automation = &response.json;
    let mut text = Record::new()
        .field("Id", cell(&automation["id"]))
        .field("Uid", cell(&automation["uid"]))
        .field("Name", cell(&automation["name"]))
        .field("Description", cell(&automation["description"]))
        .field("Metadata", metadata(&response.text))
        .field("Enabled", cell(&automation["enabled"]))
        .field("Event types", trigger(automation))
        .field("Only if", conditions(&response.text))
        .field("Held back in 24 h", cell(&automation["held_back_24h"]))
        .field("Retry delays", delays(&automation["retry_delays_s"]))
        .field("Created", time(&automation["created_at"]))
        .field("Updated", time(&automation["updated_at"]))
        .render(paint);
    for action in actions(automation) {
        text.push('\n');
        text.push_str(&action_record(action).render(paint));
    }
    text
}

/// The metadata as it was sent; empty if there is none. Reads the text, because parsing could round numbers.
fn metadata(text: &str) -> String {
    #[derive(Deserialize)]
    struct Automation<'a> {
        #[serde(borrow)]
        metadata: &'a RawValue,
    }
    match serde_json::from_str::<Automation<'_>>(text) {
        Ok(Automation { metadata }) if metadata.get() != "{}" => metadata.get().to_owned(),
        _ => String::new(),
    }
}

/// The conditions in one line; empty if there are none. Reads the text, because parsing could round numbers.
fn conditions(text: &str) -> String {
    #[derive(Deserialize)]
    struct Automation<'a> {
        #[serde(borrow)]
        trigger: Trigger<'a>,
    }
    #[derive(Deserialize)]
    struct Trigger<'a> {
        #[serde(borrow)]
        conditions: Option<&'a RawValue>,
    }
    let automation: Result<Automation<'_>, _> = serde_json::from_str(text);
    let Ok(Some(text)) = automation.map(|it| it.trigger.conditions) else {
        return String::new();
    };
    Conditions::read(text.get()).map_or_else(|_| text.get().to_owned(), |conditions| conditions.summary())
}

fn action_record(action: &Value) -> Record {
    let enabled = match (action["enabled"].as_bool(), action["disabled_reason"].as_str()) {
        (Some(false), Some(reason)) => format!("no ({reason})"),
        _ => cell(&action["enabled"]),
    };
    let timeout = match &action["timeout_s"] {
        Value::Null => String::new(),
        seconds => format!("{} s", cell(seconds)),
    };
    let rate_limit = match &action["rate_limit"] {
        Value::Null => String::new(),
        limit => format!(
            "{} {} every {} s",
            cell(&limit["requests"]),
            if limit["requests"] == 1 {
                "request"
            } else {
                "requests"
            },
            cell(&limit["per_s"])
        ),
    };
    let headers = match &action["headers"] {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| format!("{name}: {}", cell(value)))
            .collect::<Vec<_>>()
            .join("\n"),
        _ => String::new(),
    };
    let record = Record::new().field("Action", cell(&action["id"]));
    if is_email(action) {
        return record
            .field("E-mail to", target(action))
            .field("Enabled", enabled)
            .field("Health", health(&action["health"]))
            .field("Subject", cell(&action["subject"]))
            .field("Text", cell(&action["text"]))
            .field("Rate limit", rate_limit);
    }
    record
        .field("URL", cell(&action["url"]))
        .field("Enabled", enabled)
        .field("Health", health(&action["health"]))
        .field("Body", body(action))
        .field("Template", cell(&action["template"]))
        .field("Headers", headers)
        .field("Timeout", timeout)
        .field("Rate limit", rate_limit)
        .field("Signature profile", cell(&action["signature_profile"]))
        .field("Signing key", cell(&action["signing_key"]))
        .field("Connection", cell(&action["connection_id"]))
}

fn is_email(action: &Value) -> bool {
    action["type"] == "send_email"
}

/// The URL of a webhook, or the recipients of an e-mail.
fn target(action: &Value) -> String {
    if !is_email(action) {
        return cell(&action["url"]);
    }
    let to = action["to"].as_array().into_iter().flatten();
    to.map(cell).collect::<Vec<_>>().join(", ")
}

/// What the body holds, and its style or its content type.
fn body(action: &Value) -> String {
    let of_template = action["content_type"].is_string();
    let how = if of_template { "content_type" } else { "body_style" };
    format!("{}, {}", cell(&action["body"]), cell(&action[how]))
}

/// The health of an action; empty if it was not sent. `Enabled` says why an action is off.
fn health(health: &Value) -> String {
    match health["since"].as_str() {
        Some(_) => format!("{} since {}", cell(&health["status"]), time(&health["since"])),
        None => cell(&health["status"]),
    }
}

fn actions(automation: &Value) -> impl Iterator<Item = &Value> {
    automation["actions"].as_array().into_iter().flatten()
}

fn trigger(automation: &Value) -> String {
    let types = automation["trigger"]["event_types"]
        .as_array()
        .into_iter()
        .flatten()
        .map(cell);
    types.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_email_is_shown_with_its_recipients_and_templates() {
        let email = json!({"id": "act_1", "type": "send_email", "enabled": true, "to": ["a@x.example", "b@x.example"],
            "subject": "s", "text": "t"});
        let json = json!({"id": "auto_1", "name": "Mail", "actions": [email]});
        let listed = table(std::slice::from_ref(&json), Paint::PLAIN);
        assert!(listed.contains("a@x.example, b@x.example"), "{listed}");
        let text = json.to_string();
        let shown = record(
            &Response {
                json,
                text,
                etag: None,
            },
            Paint::PLAIN,
        );
        for line in [
            "E-mail to  a@x.example, b@x.example",
            "Subject    s",
            "Text       t",
        ] {
            assert!(shown.contains(line), "{shown}");
        }
    }

    #[test]
    fn an_action_is_shown_with_its_health_and_its_rate_limit() {
        let shown = |health: Value, rate_limit: Value| {
            let action = json!({"id": "act_1", "enabled": true, "health": health, "rate_limit": rate_limit});
            let json = json!({"id": "auto_1", "actions": [action]});
            let text = json.to_string();
            let text = record(
                &Response {
                    json,
                    text,
                    etag: None,
                },
                Paint::PLAIN,
            );
            let lines: Vec<_> = text
                .lines()
                .filter(|line| line.starts_with("Health") || line.starts_with("Rate limit"))
                .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
                .collect();
            lines
        };
        let failing = json!({"status": "failing", "since": "2026-01-31T09:00:00.000Z"});
        assert_eq!(
            shown(failing, json!({"requests": 100, "per_s": 60})),
            [
                "Health failing since 2026-01-31 09:00:00Z",
                "Rate limit 100 requests every 60 s"
            ]
        );
        assert_eq!(
            shown(json!({"status": "healthy"}), json!({"requests": 1, "per_s": 1})),
            ["Health healthy", "Rate limit 1 request every 1 s"]
        );
        assert_eq!(shown(json!(null), json!(null)), [""; 0]);
    }
}
