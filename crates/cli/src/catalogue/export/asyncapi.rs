//! AsyncAPI 3: a message for each event type, and a channel that carries them.
//!
//! Payloads are in AsyncAPI's own schema format, although the schemas are JSON Schema 2020-12. That format
//! is a superset of draft 7 and allows other keywords, and every program reads it; few know a `schemaFormat`
//! of 2020-12, and the others refuse the whole document.

use super::envelope::{HEADERS, list, map, switch, text};
use super::{Exported, info, schemas};
use crate::declared::tree::{Node, Tree};

/// The channel. It has no address: each receiver has its own URL.
const CHANNEL: &str = "webhooks";

/// The document.
pub fn document(title: &str, types: &[Exported<'_>]) -> Node {
    let mut messages = Tree::Map(Vec::new()).nowhere();
    let mut own = Tree::Map(Vec::new()).nowhere();
    for exported in types {
        messages.set(exported.name, message(exported));
        own.set(
            exported.name,
            reference(&format!("#/components/messages/{}", exported.name)),
        );
    }
    let all = types
        .iter()
        .map(|it| reference(&format!("#/channels/{CHANNEL}/messages/{}", it.name)));
    let operation = map([
        ("action", text("send")),
        ("channel", reference(&format!("#/channels/{CHANNEL}"))),
        ("summary", text("Send an event")),
        (
            "description",
            text("Each event is sent to the URLs of the automations that it triggers."),
        ),
        ("bindings", map([("http", map([("method", text("POST"))]))])),
        ("messages", list(all)),
    ]);
    let channel = map([("description", text("The URL of a receiver.")), ("messages", own)]);
    let mut components = map([("messages", messages)]);
    if let Some(schemas) = schemas(types) {
        components.set("schemas", schemas);
    }
    if !types.is_empty() {
        components.set("messageTraits", map([("signed", map([("headers", headers())]))]));
    }
    map([
        ("asyncapi", text("3.0.0")),
        ("info", info(title)),
        ("defaultContentType", text("application/json")),
        ("channels", map([(CHANNEL, channel)])),
        ("operations", map([("sendEvent", operation)])),
        ("components", components),
    ])
}

fn message(exported: &Exported<'_>) -> Node {
    let mut message = map([("name", text(exported.name)), ("title", text(exported.name))]);
    if let Some(description) = exported.description {
        message.set("description", description.clone());
    }
    if exported.is_internal {
        message.set("x-internal", switch(true));
    }
    message.set("traits", list([reference("#/components/messageTraits/signed")]));
    message.set("payload", exported.body());
    if let Some(example) = exported.body_example() {
        message.set("examples", list([map([("payload", example)])]));
    } else if exported.has_no_example() {
        message.set("examples", list([]));
    }
    message
}

fn headers() -> Node {
    let mut properties = Tree::Map(Vec::new()).nowhere();
    for header in HEADERS {
        let schema = map([
            ("type", text("string")),
            ("description", text(header.description)),
            ("examples", list([text(header.example)])),
        ]);
        properties.set(header.name, schema);
    }
    let certain = HEADERS.iter().filter(|header| header.is_certain);
    map([
        ("type", text("object")),
        ("properties", properties),
        ("required", list(certain.map(|header| text(header.name)))),
    ])
}

fn reference(reference: &str) -> Node {
    map([("$ref", text(reference))])
}
