//! The fields that a file can have, as tables: what a value of each is, and what it is if it is left out.
//!
//! They are the members of the API's `AutomationInput`, `ConnectionInput` and so on, without what the API
//! reads only and what the file says by its keys. A test compares them with the API's document. To add a
//! member: a line here.

/// A field.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name, which is the API's.
    pub name: &'static str,
    /// What a value is.
    pub kind: Kind,
    /// What it is if it is left out or null.
    pub left_out: LeftOut,
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A text that may also come from a file or a variable.
    LongText,
    /// A text that the API does not reveal.
    Secret,
    /// The URL of a webhook, whose query can be a secret.
    Url,
    /// A whole number.
    Whole,
    /// True or false.
    Switch,
    /// Any JSON.
    Json,
    /// A JSON object.
    Object,
    /// A list of texts.
    Texts,
    /// A list of texts that the API writes in its own way: host names.
    Hosts,
    /// The same: e-mail addresses.
    Addresses,
    /// A list of whole numbers.
    Wholes,
    /// Conditions on an event's data.
    Conditions,
    /// Headers: texts by name, secrets unless `plain_headers` has the name.
    Headers,
    /// A map with these fields.
    Group(&'static [Field]),
    /// The actions of an automation.
    Actions,
}

/// What a field is if it is left out or null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeftOut {
    /// That is a fault.
    Fault,
    /// This JSON.
    Default(&'static str),
    /// What it is on the server; null is this JSON.
    Kept(&'static str),
    /// What it is on the server, if it is null too. A new object has this JSON.
    Untouched(&'static str),
}

use Kind::{
    Actions, Addresses, Conditions, Group, Headers, Hosts, Json, LongText, Object, Secret, Switch, Text,
    Texts, Url, Whole, Wholes,
};
use LeftOut::{Default, Fault, Kept, Untouched};

const fn field(name: &'static str, kind: Kind, left_out: LeftOut) -> Field {
    Field { name, kind, left_out }
}

/// Of an event type. Its key is its name.
pub const EVENT_TYPE: &[Field] = &[
    field("description", Text, Default(r#""""#)),
    field("visible", Switch, Default("true")),
    field("example", Json, Default("null")),
    field("schema", Json, Default("null")),
];

/// Of an account. Its key is its uid. Your product writes accounts too, so what is left out is kept.
pub const ACCOUNT: &[Field] = &[
    field("name", Text, Kept("null")),
    field("metadata", Object, Kept("{}")),
    field("retry_delays_s", Wholes, Kept("null")),
];

/// Of a connection. Its key is its name.
pub const CONNECTION: &[Field] = &[
    field("type", Text, Fault),
    field("token", Secret, Default("null")),
    field("user", Text, Default("null")),
    field("password", Secret, Default("null")),
    field("header_name", Text, Default("null")),
    field("header_value", Secret, Default("null")),
    field("token_url", Text, Default("null")),
    field("client_id", Text, Default("null")),
    field("client_secret", Secret, Default("null")),
    field("scope", Text, Default("null")),
    field("audience", Text, Default("null")),
    field("client_authentication", Text, Default("null")),
    field("certificate", LongText, Default("null")),
    field("private_key", Secret, Default("null")),
    field("hosts", Hosts, Default("[]")),
];

/// Of an automation. Its key is its uid.
pub const AUTOMATION: &[Field] = &[
    field("name", Text, Fault),
    field("description", Text, Default(r#""""#)),
    field("metadata", Object, Default("{}")),
    field("enabled", Switch, Default("true")),
    field("trigger", Group(TRIGGER), Fault),
    field("actions", Actions, Fault),
    field("retry_delays_s", Wholes, Default("null")),
];

/// Of a trigger.
pub const TRIGGER: &[Field] = &[
    field("event_types", Texts, Fault),
    field("conditions", Conditions, Default("null")),
];

/// Of a webhook action. `connection` is the name of a connection, for `connection_id`.
pub const WEBHOOK: &[Field] = &[
    field("type", Text, Fault),
    field("url", Url, Fault),
    field("secret_query", Switch, Default("false")),
    field("enabled", Switch, Default("true")),
    field("body", Text, Default(r#""envelope""#)),
    field("template", LongText, Default("null")),
    field("content_type", Text, Default("null")),
    field("body_style", Text, Default(r#""js""#)),
    field("headers", Headers, Default("{}")),
    field("plain_headers", Texts, Default("[]")),
    field("connection", Text, Default("null")),
    field("connection_id", Text, Default("null")),
    field("signature_profile", Text, Default("null")),
    field("signing_key", Text, Untouched(r#""account""#)),
    field("timeout_s", Whole, Default("null")),
    field("rate_limit", Group(RATE_LIMIT), Default("null")),
];

/// Of an e-mail action.
pub const EMAIL: &[Field] = &[
    field("type", Text, Fault),
    field("to", Addresses, Fault),
    field("subject", Text, Fault),
    field("text", LongText, Fault),
    field("enabled", Switch, Default("true")),
    field(
        "rate_limit",
        Group(RATE_LIMIT),
        Default(r#"{"requests":60,"per_s":60}"#),
    ),
];

/// Of a rate limit.
pub const RATE_LIMIT: &[Field] = &[field("requests", Whole, Fault), field("per_s", Whole, Fault)];

/// The fields of an action of this type.
pub fn of_action(kind: &str) -> Option<&'static [Field]> {
    match kind {
        "send_webhook" => Some(WEBHOOK),
        "send_email" => Some(EMAIL),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// What the API takes and the file does not have: its keys, and what the API reads only or the command
    /// sets itself.
    #[test]
    fn the_tables_have_the_members_of_the_api() {
        let document = include_str!("../../../api/openapi.json");
        let document: serde_json::Value = serde_json::from_str(document).unwrap();
        let action = ["disabled_reason"];
        for (schema, table, other) in [
            ("EventTypeInput", EVENT_TYPE, &[] as &[&str]),
            ("AccountInput", ACCOUNT, &["uid"]),
            ("ConnectionInput", CONNECTION, &["name"]),
            ("AutomationInput", AUTOMATION, &["uid"]),
            ("TriggerInput", TRIGGER, &[]),
            ("WebhookActionInput", WEBHOOK, &action),
            ("EmailActionInput", EMAIL, &action),
            ("RateLimitInput", RATE_LIMIT, &[]),
        ] {
            let members = document["components"]["schemas"][schema]["properties"].as_object();
            let members: BTreeSet<&str> = members.unwrap().keys().map(String::as_str).collect();
            let own = table
                .iter()
                .map(|field| field.name)
                .filter(|name| *name != "connection");
            let known: BTreeSet<&str> = own.chain(other.iter().copied()).collect();
            assert_eq!(members, known, "{schema}");
        }
    }
}
