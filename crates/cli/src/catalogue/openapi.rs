//! The webhooks of an OpenAPI document: `webhooks` of 3.1 and 3.2, and `x-webhooks` of 3.0.

use super::body::{self, Told, description};
use super::document::{At, Document};
use super::found::Found;
use crate::declared::tree::Node;

/// The methods of a webhook, the usual one first.
const METHODS: [&str; 3] = ["post", "put", "patch"];

/// Adds the event types of the document.
pub fn read(document: &Document<'_>, found: &mut Found) {
    let root = document.root();
    let members = ["webhooks", "x-webhooks"].map(|name| root.member(name));
    if members.iter().all(Option::is_none) {
        found.fault(
            &root,
            "the document has no `webhooks`, which are where OpenAPI 3.1 describes what it sends",
        );
    }
    for (name, webhook) in members.iter().flatten().flat_map(At::members) {
        let followed = document.follow(webhook.clone());
        if let Some(item) = found.or_fault(&webhook, followed) {
            read_webhook(document, name, &item, found);
        }
    }
}

fn read_webhook<'a>(document: &Document<'a>, name: &str, item: &At<'a>, found: &mut Found) {
    let operation = METHODS.iter().find_map(|method| item.member(method));
    let Some(operation) = operation else {
        return found.skip(item, "it has no `post`");
    };
    let Some(content) = content(document, &operation, found) else {
        return;
    };
    let is_true = |at: &At<'_>| at.node.get("x-internal").is_some_and(Node::is_true);
    let description = [&operation, item]
        .into_iter()
        .find_map(|at| description(at.node, name));
    let told = Told {
        name: name.to_owned(),
        description,
        is_internal: is_true(&operation) || is_true(item),
        body: content.as_ref().and_then(|content| content.member("schema")),
        examples: content.as_ref().and_then(|content| examples(document, content)),
        at: operation,
    };
    body::read(document, &told, found);
}

/// What describes the JSON body of an operation. Outer `None` if it has bodies, but none in JSON, or after a
/// fault; inner `None` if it describes no body.
fn content<'a>(document: &Document<'a>, operation: &At<'a>, found: &mut Found) -> Option<Option<At<'a>>> {
    let Some(body) = operation.member("requestBody") else {
        return Some(None);
    };
    let body = found.or_fault(&body, document.follow(body.clone()))?;
    let Some(content) = body.member("content") else {
        return Some(None);
    };
    let json = content.members().find(|(media_type, _)| is_json(media_type));
    match json {
        // OpenAPI 3.2 has references here.
        Some((_, json)) => found.or_fault(&json, document.follow(json.clone())).map(Some),
        None if content.node.members().is_empty() => Some(None),
        None => {
            let names = content.members().map(|(name, _)| name).collect::<Vec<_>>();
            found.skip(
                operation,
                &format!("its body is {}, and Postrider sends JSON", names.join(" or ")),
            );
            None
        }
    }
}

/// The stated examples of a body; `None` if it says nothing about them.
fn examples<'a>(document: &Document<'a>, content: &At<'a>) -> Option<Vec<&'a Node>> {
    if let Some(example) = content.node.get("example") {
        return Some(vec![example]);
    }
    let examples = content.member("examples")?;
    let value = |example: At<'a>| {
        let example = document.follow(example).ok()?.node;
        // `dataValue` is new in OpenAPI 3.2.
        example.get("value").or_else(|| example.get("dataValue"))
    };
    Some(
        examples
            .members()
            .filter_map(|(_, example)| value(example))
            .collect(),
    )
}

/// Whether a media type is JSON: `application/json`, or one that ends in `+json`.
pub fn is_json(media_type: &str) -> bool {
    let bare = media_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    matches!(
        bare.as_str(),
        "application/json" | "text/json" | "application/*" | "*/*"
    ) || bare.ends_with("+json")
}
