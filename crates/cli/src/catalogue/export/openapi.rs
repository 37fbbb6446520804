//! OpenAPI 3.1: a webhook for each event type.

use super::envelope::{HEADERS, list, map, switch, text};
use super::{Exported, info, schemas};
use crate::declared::tree::{Node, Tree};

/// The document.
pub fn document(title: &str, types: &[Exported<'_>]) -> Node {
    let mut webhooks = Tree::Map(Vec::new()).nowhere();
    for exported in types {
        webhooks.set(exported.name, map([("post", operation(exported))]));
    }
    let mut parameters = Tree::Map(Vec::new()).nowhere();
    for header in HEADERS {
        let parameter = map([
            ("name", text(header.name)),
            ("in", text("header")),
            ("required", switch(header.is_certain)),
            ("description", text(header.description)),
            ("schema", map([("type", text("string"))])),
            ("example", text(header.example)),
        ]);
        parameters.set(header.name, parameter);
    }
    let mut components = Tree::Map(Vec::new()).nowhere();
    if !types.is_empty() {
        components.set("parameters", parameters);
    }
    if let Some(schemas) = schemas(types) {
        components.set("schemas", schemas);
    }
    map([
        ("openapi", text("3.1.0")),
        ("info", info(title)),
        // No scheme of OpenAPI describes a signature.
        ("security", list([])),
        ("webhooks", webhooks),
        ("components", components),
    ])
}

fn operation(exported: &Exported<'_>) -> Node {
    let mut operation = map([
        ("operationId", text(exported.name)),
        ("summary", text(exported.name)),
    ]);
    if let Some(description) = exported.description {
        operation.set("description", description.clone());
    }
    if exported.is_internal {
        operation.set("x-internal", switch(true));
    }
    let reference = |name: &str| map([("$ref", text(&format!("#/components/parameters/{name}")))]);
    let parameters = HEADERS.iter().map(|header| reference(header.name));
    operation.set("parameters", list(parameters));
    let mut content = map([("schema", exported.body())]);
    if let Some(example) = exported.body_example() {
        content.set("example", example);
    } else if exported.has_no_example() {
        content.set("examples", Tree::Map(Vec::new()).nowhere());
    }
    let body = map([
        ("required", switch(true)),
        ("content", map([("application/json", content)])),
    ]);
    operation.set("requestBody", body);
    let received = "The event was received. Any other response counts as failed, and Postrider sends the event again by \
                    its retry schedule.";
    operation.set(
        "responses",
        map([("2XX", map([("description", text(received))]))]),
    );
    operation
}
