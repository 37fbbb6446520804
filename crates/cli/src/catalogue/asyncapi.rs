//! The messages of an AsyncAPI document, versions 2 and 3.
//!
//! Which side sends a message does not matter: producers and consumers describe the same messages from both
//! sides, and version 2 names them from the reader's.

use std::collections::HashSet;

use super::body::{self, Told, description};
use super::document::{At, Document};
use super::found::Found;
use super::openapi::is_json;
use crate::declared::tree::Node;

/// Most traits of a message that are looked at.
const TRAITS_MAX: usize = 20;

/// Adds the event types of a document of version 2.
pub fn read_2(document: &Document<'_>, found: &mut Found) {
    let root = document.root();
    let mut reading = Reading::new(document, found);
    for (name, channel) in root.member("channels").iter().flat_map(At::members) {
        let Some(channel) = reading.follow(&channel) else {
            continue;
        };
        for operation in ["subscribe", "publish"]
            .iter()
            .filter_map(|it| channel.member(it))
        {
            let Some(message) = operation.member("message") else {
                continue;
            };
            match message.member("oneOf") {
                Some(alternatives) => alternatives.items().for_each(|it| reading.message(name, &it)),
                None => reading.message(name, &message),
            }
        }
    }
    reading.components(&root);
}

/// Adds the event types of a document of version 3.
pub fn read_3(document: &Document<'_>, found: &mut Found) {
    let root = document.root();
    let mut reading = Reading::new(document, found);
    for (_, channel) in root.member("channels").iter().flat_map(At::members) {
        let Some(channel) = reading.follow(&channel) else {
            continue;
        };
        for (key, message) in channel.member("messages").iter().flat_map(At::members) {
            reading.message(key, &message);
        }
    }
    reading.components(&root);
}

struct Reading<'d, 'a> {
    document: &'d Document<'a>,
    found: &'d mut Found,
    /// The pointers of the messages so far: channels and operations refer to the same ones.
    seen: HashSet<String>,
    content_type: &'a str,
}

impl<'d, 'a> Reading<'d, 'a> {
    fn new(document: &'d Document<'a>, found: &'d mut Found) -> Self {
        let stated = document.root().node.text_of("defaultContentType");
        Self {
            document,
            found,
            seen: HashSet::new(),
            content_type: stated.unwrap_or("application/json"),
        }
    }

    fn components(&mut self, root: &At<'a>) {
        let messages = root.member("components").and_then(|it| it.member("messages"));
        for (key, message) in messages.iter().flat_map(At::members) {
            self.message(key, &message);
        }
        if self.seen.is_empty() && self.found.notes.is_empty() {
            let message =
                "the document has no messages, neither in its channels nor in `components/messages`";
            self.found.fault(root, message);
        }
    }

    fn follow(&mut self, at: &At<'a>) -> Option<At<'a>> {
        let followed = self.document.follow(at.clone());
        self.found.or_fault(at, followed)
    }

    fn message(&mut self, key: &str, at: &At<'a>) {
        let Some(at) = self.follow(at) else { return };
        if !self.seen.insert(at.pointer.clone()) {
            return;
        }
        // A reference leads to the message with a key of its own.
        let key = key_in_components(&at.pointer).unwrap_or_else(|| key.to_owned());
        let message = self.with_traits(at);
        let content_type = message.get("contentType").and_then(|it| it.node.text());
        let content_type = content_type.unwrap_or(self.content_type);
        if !is_json(content_type) {
            let why = format!("its content is {content_type}, and Postrider sends JSON");
            return self.found.skip(&message.at, &why);
        }
        let payload = match message.payload(self.document) {
            Payload::None => None,
            Payload::Schema(schema) => Some(schema),
            Payload::Other(format) => {
                let why = format!("its payload is in the format {format}, not a JSON Schema");
                return self.found.skip(&message.at, &why);
            }
        };
        let name = message.get("name").and_then(|it| it.node.text());
        let name = name.map_or(key, str::to_owned);
        let told = Told {
            description: message.description(&name),
            name,
            is_internal: message.get("x-internal").is_some_and(|it| it.node.is_true()),
            body: payload,
            examples: message.get("examples").map(|all| {
                let payload = |example: At<'a>| example.node.get("payload");
                all.items().filter_map(payload).collect()
            }),
            at: message.at,
        };
        body::read(self.document, &told, self.found);
    }

    fn with_traits(&mut self, at: At<'a>) -> Message<'a> {
        let traits = at.member("traits");
        let traits: Vec<_> = traits.iter().flat_map(At::items).take(TRAITS_MAX).collect();
        let traits = traits.iter().filter_map(|at| self.follow(at)).collect();
        Message { at, traits }
    }
}

/// A message, and what it takes from elsewhere unless it states it itself.
struct Message<'a> {
    at: At<'a>,
    traits: Vec<At<'a>>,
}

enum Payload<'a> {
    /// It is not described.
    None,
    Schema(At<'a>),
    /// It is described in another format.
    Other(String),
}

impl<'a> Message<'a> {
    fn get(&self, name: &str) -> Option<At<'a>> {
        let own = self.at.member(name);
        own.or_else(|| self.traits.iter().rev().find_map(|it| it.member(name)))
    }

    fn description(&self, name: &str) -> Option<&'a Node> {
        let mut all = [&self.at].into_iter().chain(self.traits.iter().rev());
        all.find_map(|at| description(at.node, name))
    }

    /// The payload. Version 2 has the format of its schema beside it, version 3 around it.
    fn payload(&self, document: &Document<'a>) -> Payload<'a> {
        let format = |at: &At<'a>| Some(at.member("schemaFormat")?.node.text()?.to_owned());
        let Some(payload) = self.at.member("payload") else {
            return Payload::None;
        };
        let followed = document
            .follow(payload.clone())
            .unwrap_or_else(|_| payload.clone());
        let (schema, format) = match (format(&followed), followed.member("schema")) {
            (Some(format), Some(schema)) => (schema, Some(format)),
            _ => (
                payload,
                self.get("schemaFormat")
                    .and_then(|at| at.node.text().map(str::to_owned)),
            ),
        };
        match format {
            Some(format) if !is_json_schema(&format) => Payload::Other(format),
            _ => Payload::Schema(schema),
        }
    }
}

/// Whether a schema format is JSON Schema, or the superset of it that AsyncAPI and OpenAPI have.
fn is_json_schema(format: &str) -> bool {
    let format = format.to_ascii_lowercase();
    let known = [
        "application/vnd.aai.asyncapi",
        "application/schema",
        "application/vnd.oai.openapi",
    ];
    known.iter().any(|known| format.starts_with(known))
}

/// The key of a message that is one of the document's components.
fn key_in_components(pointer: &str) -> Option<String> {
    let key = pointer.strip_prefix("/components/messages/")?;
    Some(key.replace("~1", "/").replace("~0", "~"))
}
