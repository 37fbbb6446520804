//! The event types that were found in a document, what was skipped, and what is wrong.

use std::collections::{HashMap, HashSet};

use postrider_model::EventTypeName;

use super::TYPES_MAX;
use super::document::At;
use super::schema::Budget;
use crate::declared::faults::Faults;
use crate::declared::tree::{Node, Place};

/// Most bodies that are read. Several places can describe the same event type, and refer to the same schemas.
const BODIES_MAX: usize = 4 * TYPES_MAX;

/// Most faults that are kept, of which the first lines are shown.
const FAULTS_MAX: usize = 1_000;

/// Most notes about what was skipped.
const NOTES_MAX: usize = 100;

/// The place of what is wrong with a whole document.
const TOP: Place = Place { line: 1, column: 1 };

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
    /// The names that are described in several ways.
    unclear: HashSet<String>,
    bodies: usize,
    skipped: usize,
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
        let pointer = String::new();
        let message = message.to_owned();
        self.extend([Fault {
            place,
            pointer,
            message,
        }]);
    }

    /// Adds faults.
    pub fn extend(&mut self, faults: impl IntoIterator<Item = Fault>) {
        let room = FAULTS_MAX.saturating_sub(self.0.len());
        self.0.extend(faults.into_iter().take(room));
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
        self.skipped += 1;
        match self.skipped.checked_sub(NOTES_MAX) {
            None | Some(0) => self.notes.push(format!("{} was skipped: {why}", at.pointer)),
            Some(more) => {
                self.notes.truncate(NOTES_MAX);
                self.notes.push(format!("{more} more were skipped"));
            }
        }
    }

    /// Whether no body is read any more.
    pub const fn is_full(&self) -> bool {
        self.bodies > BODIES_MAX
    }

    /// Counts a body. Returns whether there may be so many; if not, `faults` say so.
    pub fn takes_body(&mut self) -> bool {
        self.bodies += 1;
        if self.bodies == BODIES_MAX + 1 {
            let message = format!("the document describes more than {BODIES_MAX} bodies of events");
            self.faults.add(TOP, &message);
        }
        !self.is_full()
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
            // Once for each name: to compare large schemas takes long.
            if !self.unclear.contains(&name) && !earlier.fields.is_equal(&fields) {
                let message = conflict(earlier, &fields);
                self.unclear.insert(name);
                self.fault(at, message);
            }
            return;
        }
        if self.types.len() == TYPES_MAX {
            let message = format!("the document has more than {TYPES_MAX} event types");
            self.faults.add(TOP, &message);
            self.bodies = BODIES_MAX + 1;
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

/// Why an event type cannot have these fields too.
fn conflict(earlier: &FoundType, fields: &Node) -> String {
    let parts = ["description", "visible", "example", "schema"].into_iter();
    let differs = |part: &&str| match (earlier.fields.get(part), fields.get(part)) {
        (Some(one), Some(other)) => !one.is_equal(other),
        (one, other) => one.is_some() != other.is_some(),
    };
    format!(
        "`{}` is described at {} too, with another {}: describe it once, or refer to it with `$ref`",
        earlier.name,
        earlier.pointer,
        parts.filter(differs).collect::<Vec<_>>().join(" and ")
    )
}
