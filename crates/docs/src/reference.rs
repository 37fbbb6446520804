//! The reference of the API, read from its OpenAPI document.

mod operation;
mod rows;

use serde_json::Value;

use crate::markdown::{self, Html};

pub use operation::{Body, Operation, Parameter, Response};
pub use rows::Row;

/// What stands before the name of a schema in a reference.
const SCHEMAS: &str = "#/components/schemas/";

/// The API.
#[derive(Debug)]
pub struct Reference {
    /// What holds for all of it.
    pub introduction: Html,
    /// The operations, by what they are about.
    pub tags: Vec<Tag>,
}

/// Operations about one thing.
#[derive(Debug)]
pub struct Tag {
    /// Its name in addresses.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// What they are about.
    pub description: Html,
    /// The operations: by path, then by method.
    pub operations: Vec<Operation>,
}

impl Reference {
    /// Reads an OpenAPI document. A text that is not JSON gives a reference without operations; a test of the
    /// binary checks that the server's own document has all of them.
    pub fn of(document: &[u8]) -> Self {
        let document: Value = serde_json::from_slice(document).unwrap_or_default();
        let tags = document["tags"].as_array().into_iter().flatten();
        let tags = tags.map(|tag| {
            let name = tag["name"].as_str().unwrap_or_default();
            Tag {
                slug: name.to_lowercase().replace(' ', "-"),
                name: name.to_owned(),
                description: markdown::inline(tag["description"].as_str().unwrap_or_default()),
                operations: operation::all(&document, name),
            }
        });
        Self {
            introduction: markdown::blocks(document["info"]["description"].as_str().unwrap_or_default()),
            tags: tags.collect(),
        }
    }

    /// The tag with this name in addresses.
    pub fn tag(&self, slug: &str) -> Option<&Tag> {
        self.tags.iter().find(|tag| tag.slug == slug)
    }

    /// The operation with this id, and its tag.
    pub fn operation<'a>(&'a self, id: &str) -> Option<(&'a Tag, &'a Operation)> {
        let of_tag = |tag: &'a Tag| tag.operations.iter().map(move |operation| (tag, operation));
        let mut operations = self.tags.iter().flat_map(of_tag);
        operations.find(|(_, operation)| operation.id == id)
    }
}

impl Tag {
    /// The address of its page.
    pub fn address(&self) -> String {
        format!("/docs/api/{}", self.slug)
    }
}

/// What a value is or refers to.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => document
            .pointer(reference.trim_start_matches('#'))
            .unwrap_or(value),
        None => value,
    }
}
