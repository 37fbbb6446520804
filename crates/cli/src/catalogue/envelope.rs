//! The requests that Postrider sends, for documents: the envelope and the headers that identify and sign it.

use crate::declared::tree::{Node, Tree};

/// The id of the event in examples.
const EXAMPLE_ID: &str = "evt_01h455vb4pex5vsknk084sn02q";

/// The time of the event in examples.
const EXAMPLE_TIME: &str = "2026-01-31T09:30:00.000Z";

/// A header of each request.
pub struct Header {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub description: &'static str,
    /// Whether every request has it, whatever the signature profile is.
    pub is_certain: bool,
    /// A value.
    pub example: &'static str,
}

/// The headers that receivers read. An installation or an action can choose another signature profile, and
/// `webhook-id` accompanies all of them. The plain HMAC of the default profile is left out: the operator
/// chooses its header's name.
pub const HEADERS: [Header; 3] = [
    Header {
        name: "webhook-id",
        description: "The id of the event, the same in every attempt. Use it to recognise an event that you have \
                      processed already.",
        is_certain: true,
        example: EXAMPLE_ID,
    },
    Header {
        name: "webhook-timestamp",
        description: "The time of this attempt, in Unix seconds. Sent with the signature profiles `postrider`, which \
                      is the default, and `standard`.",
        is_certain: false,
        example: "1769851800",
    },
    Header {
        name: "webhook-signature",
        description: "The signature of id, time and body by Standard Webhooks: `v1,` and the base64 of the \
                      HMAC-SHA256, one for each key, separated by spaces. Sent with the signature profiles \
                      `postrider`, which is the default, and `standard`.",
        is_certain: false,
        example: "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
    },
];

/// A map with these members.
pub fn map<const N: usize>(members: [(&str, Node); N]) -> Node {
    let mut map = Tree::Map(Vec::new()).nowhere();
    for (name, value) in members {
        map.set(name, value);
    }
    map
}

/// A text.
pub fn text(text: &str) -> Node {
    Tree::text(text).nowhere()
}

/// A list.
pub fn list(items: impl IntoIterator<Item = Node>) -> Node {
    Tree::List(items.into_iter().collect()).nowhere()
}

/// True or false.
pub fn switch(value: bool) -> Node {
    Tree::Bool(value).nowhere()
}

/// The schema of the body of an event of this type, with this schema for its data.
pub fn schema(name: &str, data: Node) -> Node {
    let described = |description: &str, format: Option<&str>| {
        let mut schema = map([("type", text("string")), ("description", text(description))]);
        if let Some(format) = format {
            schema.set("format", text(format));
        }
        schema
    };
    let properties = map([
        (
            "id",
            described("The id of the event, as in the header webhook-id.", None),
        ),
        ("type", map([("type", text("string")), ("const", text(name))])),
        ("timestamp", described("When it happened.", Some("date-time"))),
        ("data", data),
    ]);
    map([
        ("type", text("object")),
        ("properties", properties),
        ("required", list(["id", "type", "timestamp", "data"].map(text))),
    ])
}

/// The body of an event of this type with this data.
pub fn example(name: &str, data: &Node) -> Node {
    map([
        ("id", text(EXAMPLE_ID)),
        ("type", text(name)),
        ("timestamp", text(EXAMPLE_TIME)),
        ("data", data.clone()),
    ])
}
