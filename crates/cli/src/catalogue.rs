//! The catalogue of event types from and to OpenAPI (`webhooks`) and AsyncAPI: `postrider event-types import`
//! and `export`. Conversion only: it makes no calls.
//!
//! * [`import`]: a document's event types, for the plan of [`crate::declared`]. [`openapi`] and [`asyncapi`]
//!   find the [`body::Told`] types of a document; [`body`] tells envelopes from plain data; [`schema`] makes
//!   a schema self-contained, by [`keywords`]; [`document`] follows references.
//! * [`export`]: a document that describes a catalogue, with the bodies of [`envelope`].
//!
//! What an export says, an import reads back equal: tests of [`export`] hold both against each other.

mod asyncapi;
mod body;
mod document;
mod envelope;
pub mod export;
mod found;
mod keywords;
mod openapi;
mod schema;

use document::Document;
use found::Found;

use crate::Failure;
use crate::declared::faults::Faults;
use crate::declared::file::{Declared, Entry};
use crate::declared::read::read;
use crate::declared::tree::{Member, Node, Place, Tree};

/// Largest document, in bytes. The largest public descriptions of an API's webhooks have 12 MB.
pub const DOCUMENT_BYTES_MAX: usize = 16 << 20;

/// Most event types of a document: ten times a large catalogue.
const TYPES_MAX: usize = 5_000;

/// Longest name of a member, in bytes. Pointers consist of names, and there are many pointers.
const NAME_BYTES_MAX: usize = 1_024;

/// What a document declares.
#[derive(Debug)]
pub struct Imported {
    /// Its event types. Each has the fields that the document states, and no others.
    pub declared: Declared,
    /// What was skipped, and why.
    pub notes: Vec<String>,
}

/// Reads the text of the document of this name. Fails with everything that is wrong with it.
pub fn import(name: &str, text: &str) -> Result<Imported, Failure> {
    let mut faults = Faults::default();
    let mut found = Found::default();
    if let Some(root) = read(text, &mut faults) {
        match long_name(&root) {
            None => take(&root, &mut found),
            Some(place) => {
                let message = format!("this name is longer than {NAME_BYTES_MAX} bytes");
                faults.add(place, message);
            }
        }
    }
    let Found { types, notes, .. } = found;
    found.faults.drain_into(&mut faults);
    faults.check(name)?;
    let entries = types.into_iter().map(|found| Entry {
        key: found.name,
        place: found.place,
        written: found.fields.clone(),
        settled: found.fields,
    });
    let declared = Declared {
        name: name.to_owned(),
        event_types: Some(entries.collect()),
        ..Declared::default()
    };
    Ok(Imported { declared, notes })
}

fn take(root: &Node, found: &mut Found) {
    let version = |name| root.get(name).and_then(version);
    match (version("openapi"), version("asyncapi")) {
        (Some(version), None) if version.starts_with("3.") => {
            openapi::read(&Document::new(root, version.starts_with("3.0")), found);
        }
        (None, Some(version)) if version.starts_with("2.") => {
            asyncapi::read_2(&Document::new(root, false), found);
        }
        (None, Some(version)) if version.starts_with("3.") => {
            asyncapi::read_3(&Document::new(root, false), found);
        }
        (None, None) if root.get("swagger").is_some() => found.faults.add(
            root.place,
            "OpenAPI 2 has no webhooks: convert the document to OpenAPI 3.1",
        ),
        _ => found.faults.add(
            root.place,
            "expected a document with `openapi: 3.…` or `asyncapi: 2.…` or `3.…` at its top",
        ),
    }
}

/// Where the first name is that is too long.
fn long_name(node: &Node) -> Option<Place> {
    let of_member = |member: &Member| match member.name.len() > NAME_BYTES_MAX {
        true => Some(member.place),
        false => long_name(&member.value),
    };
    let of_members = node.members().iter().find_map(of_member);
    of_members.or_else(|| node.items().iter().find_map(long_name))
}

/// A version, which a document can have without quotes: `openapi: 3.1`.
fn version(node: &Node) -> Option<&str> {
    match &node.tree {
        Tree::Text(text) | Tree::Number(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
