//! The event types that were found in a document, what was skipped, and what is wrong.

use std::collections::HashMap;

use postrider_model::EventTypeName;

use super::TYPES_MAX;
use super::document::At;
use super::schema::Budget;
use crate::declared::faults::Faults;
use crate::declared::tree::{Node, Place, Tree};

/// What was found.
#[derive(Debug, Default)]
pub struct Found {
    /// The event types, in the order of the document.
    pub types: Vec<FoundType>,
    /// What was skipped, and why.
    pub notes: Vec<String>,
    /// What is wrong.
    pub faults: FoundFaults,
    /// What the schemas may still take.
    pub budget: Budget,
    known: HashMap<String, usize>,
}

/// An event type.
#[derive(Debug)]
pub struct FoundType {
    /// Its name.
    pub name: String,
    /// Where it is described.
    pub place: Place,
    /// The same, as a pointer.
    pub pointer: String,
    /// The fields that the document states.
    pub fields: Node,
}

/// Something wrong in a document.
#[derive(Debug)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// The same, as a JSON pointer.
    pub pointer: String,
    /// What to change.
    pub message: String,
}

/// Everything wrong in a document.
#[derive(Debug, Default)]
pub struct FoundFaults(Vec<Fault>);

impl Fault {
    /// At a value.
    pub fn at(at: &At<'_>, message: impl Into<String>) -> Self {
        Self {
            place: at.node.place,
            pointer: at.pointer.clone(),
            message: message.into(),
        }
    }
}

impl FoundFaults {
    /// Adds a fault of the whole document.
    pub fn add(&mut self, place: Place, message: &str) {
        self.0.push(Fault {
            place,
            pointer: String::new(),
            message: message.to_owned(),
        });
    }

    /// Adds faults.
    pub fn extend(&mut self, faults: impl IntoIterator<Item = Fault>) {
        self.0.extend(faults);
    }

    /// Moves them to the faults of the file.
    pub fn drain_into(self, faults: &mut Faults) {
        for fault in self.0 {
            let message = match fault.pointer.as_str() {
                "" => fault.message,
                pointer => format!("{pointer}: {}", fault.message),
            };
            faults.add(fault.place, message);
        }
    }
}

impl Found {
    /// Notes that what is at this place was skipped.
    pub fn skip(&mut self, at: &At<'_>, why: &str) {
        self.notes.push(format!("{} was skipped: {why}", at.pointer));
    }

    /// Adds a fault at this place.
    pub fn fault(&mut self, at: &At<'_>, message: impl Into<String>) {
        self.faults.extend([Fault::at(at, message)]);
    }

    /// The value, or `None` after a fault at this place.
    pub fn or_fault<T>(&mut self, at: &At<'_>, value: Result<T, String>) -> Option<T> {
        value.map_err(|message| self.fault(at, message)).ok()
    }

    /// Whether this can be the name of an event type of the catalogue. If not, `faults` or `notes` say why.
    pub fn takes_name(&mut self, at: &At<'_>, name: &str) -> bool {
        match name.parse::<EventTypeName>() {
            Ok(name) if name.is_operational() => {
                self.skip(at, "types that begin with `postrider.` are Postrider's own");
                false
            }
            Ok(_) => true,
            Err(error) => {
                let message = format!(
                    "`{name}` cannot be the name of an event type: {error}. Rename it, or give the property `type` of the \
                     body a `const` with the name"
                );
                self.fault(at, message);
                false
            }
        }
    }

    /// Adds an event type. The same one again changes nothing; another one of its name is a fault.
    pub fn add(&mut self, at: &At<'_>, name: String, fields: Node) {
        if let Some(earlier) = self.known.get(&name).and_then(|at| self.types.get(*at)) {
            if !earlier.fields.is_equal(&fields) {
                let parts = ["description", "visible", "example", "schema"]
                    .into_iter()
                    .filter(|part| {
                        let part = |fields: &Node| fields.get(part).map_or(Tree::Null.nowhere(), Node::clone);
                        !part(&fields).is_equal(&part(&earlier.fields))
                    });
                let message = format!(
                    "`{name}` is described at {} too, with another {}: describe it once, or refer to it with `$ref`",
                    earlier.pointer,
                    parts.collect::<Vec<_>>().join(" and ")
                );
                self.fault(at, message);
            }
            return;
        }
        if self.types.len() == TYPES_MAX {
            let message = format!("the document has more than {TYPES_MAX} event types");
            self.faults.extend([Fault {
                place: Place::NONE,
                pointer: String::new(),
                message,
            }]);
            return;
        }
        self.known.insert(name.clone(), self.types.len());
        self.types.push(FoundType {
            name,
            place: at.node.place,
            pointer: at.pointer.clone(),
            fields,
        });
    }
}
