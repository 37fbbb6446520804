//! What an example offers to compare: the fields that a form lists.

use std::collections::HashMap;

use super::PATH_BYTES_MAX;
use super::words::cut;
use crate::outline::{Item, Kind, Outline};
use crate::pointer::escape;

/// Maximum fields of an example: more than a person reads.
pub const FIELDS_MAX: usize = 200;
/// Maximum bytes of a field's sample, before the `…` of one that is cut.
pub const SAMPLE_BYTES_MAX: usize = 64;
/// Maximum elements of one array that are looked at; the others have the same fields as a rule.
const ELEMENTS_MAX: usize = 20;
/// Maximum values that are looked at, so that nested arrays of one field do not take long.
const VALUES_LOOKED_AT_MAX: usize = 10_000;

/// A field of an example that conditions can compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The `path` of a row: a JSON pointer, in which `*` is any element of an array. At most
    /// [`PATH_BYTES_MAX`] bytes.
    pub path: String,
    /// What its values are.
    pub kind: FieldKind,
    /// Its first value that is not `null`: JSON, cut to [`SAMPLE_BYTES_MAX`].
    pub sample: String,
}

/// What the values of a field are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Strings.
    String,
    /// Numbers.
    Number,
    /// `true` and `false`.
    Bool,
    /// Only `null` was seen.
    Null,
    /// Of several kinds.
    Mixed,
}

impl FieldKind {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (one, other) if one == other => one,
            (Self::Null, kind) | (kind, Self::Null) => kind,
            _ => Self::Mixed,
        }
    }
}

/// The fields of an example, in the order of its text, at most [`FIELDS_MAX`]. Empty if the text
/// is not JSON, or has more values than conditions can judge. Only strings, numbers, `true`,
/// `false` and `null` are fields. All elements of an array share theirs.
pub fn fields(data: &str) -> Vec<Field> {
    let Some(outline) = Outline::read(data, false) else {
        return Vec::new();
    };
    let mut search = Search {
        fields: Vec::new(),
        positions: HashMap::new(),
        left: VALUES_LOOKED_AT_MAX,
    };
    let mut path = String::new();
    search.look(outline.root(), &mut path);
    search.fields
}

struct Search {
    fields: Vec<Field>,
    /// The position of each path in `fields`.
    positions: HashMap<String, usize>,
    /// Values that may still be looked at.
    left: usize,
}

impl Search {
    fn look(&mut self, item: Item<'_, '_>, path: &mut String) {
        if self.left == 0 || path.len() > PATH_BYTES_MAX {
            return;
        }
        self.left -= 1;
        let length = path.len();
        let kind = match item.kind() {
            Kind::Array => {
                path.push_str("/*");
                for element in item.children().take(ELEMENTS_MAX) {
                    self.look(element, path);
                }
                return path.truncate(length);
            }
            Kind::Object => {
                for member in item.children() {
                    if self.left == 0 {
                        break;
                    }
                    // A longer name makes a path that no row can have.
                    if member.name().can_spell(PATH_BYTES_MAX) {
                        path.push('/');
                        path.push_str(&escape(&member.name().unescaped()));
                        self.look(member, path);
                        path.truncate(length);
                    }
                }
                return;
            }
            Kind::Null => FieldKind::Null,
            Kind::Bool(_) => FieldKind::Bool,
            Kind::Number(_) => FieldKind::Number,
            Kind::String(_) => FieldKind::String,
        };
        self.add(item, path, kind);
    }

    fn add(&mut self, item: Item<'_, '_>, path: &str, kind: FieldKind) {
        let sample = || {
            let mut sample = String::new();
            item.print(SAMPLE_BYTES_MAX, &mut sample);
            cut(sample, SAMPLE_BYTES_MAX)
        };
        if let Some(&at) = self.positions.get(path) {
            let field = &mut self.fields[at];
            if field.kind == FieldKind::Null && kind != FieldKind::Null {
                field.sample = sample();
            }
            field.kind = field.kind.and(kind);
        } else if self.fields.len() < FIELDS_MAX {
            self.positions.insert(path.to_owned(), self.fields.len());
            self.fields.push(Field {
                path: path.to_owned(),
                kind,
                sample: sample(),
            });
        }
    }
}
