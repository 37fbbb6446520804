//! Lists the values of a JSON text while it is scanned.

use std::collections::HashMap;

use postrider_json::number::Number;
use postrider_json::scan::{Container, Visit};
use postrider_json::string::Text;

use super::{Entry, Kind, after, text_of};

/// Maximum members of an object that are compared with each other to find duplicates. The names of a larger
/// one are hashed.
const COMPARED_MAX: usize = 8;

pub(super) struct Reader<'a> {
    text: &'a str,
    entries: Vec<Entry>,
    /// The containers that are open.
    open: Vec<usize>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            // A value or a name of a usual payload takes 8 bytes or more.
            entries: Vec::with_capacity(text.len() / 8 + 8),
            open: Vec::new(),
        }
    }

    pub(super) fn finish(self) -> Vec<Entry> {
        self.entries
    }

    fn add(&mut self, kind: Kind, start: usize, end: usize, escaped: bool) {
        if kind != Kind::Name
            && let Some(&container) = self.open.last()
        {
            self.entries[container].start += 1;
        }
        self.entries.push(Entry {
            kind,
            escaped,
            hidden: false,
            // `Document::read` checked that offsets fit.
            start: start as u32,
            end: end as u32,
        });
    }

    /// Hides the members of the object at `at` whose name occurs again, so that the last one counts.
    fn hide_duplicates(&mut self, at: usize) {
        let count = self.entries[at].start as usize;
        let end = self.entries.len();
        if count > COMPARED_MAX {
            return self.hide_duplicates_by_hash(at);
        }
        let mut names = [0; COMPARED_MAX];
        let mut next = at + 1;
        for name in &mut names[..count] {
            *name = next;
            next = after(&self.entries, next + 1);
        }
        debug_assert_eq!(next, end);
        for (position, &earlier) in names[..count].iter().enumerate() {
            let is_repeated = names[position + 1..count]
                .iter()
                .any(|&later| self.same_name(earlier, later));
            if is_repeated {
                self.hide(at, earlier);
            }
        }
    }

    fn hide_duplicates_by_hash(&mut self, at: usize) {
        let mut last = HashMap::with_capacity(self.entries[at].start as usize);
        let mut hidden = Vec::new();
        let mut next = at + 1;
        while next < self.entries.len() {
            let name = text_of(self.text, self.entries[next]).unescaped();
            if let Some(earlier) = last.insert(name, next) {
                hidden.push(earlier);
            }
            next = after(&self.entries, next + 1);
        }
        drop(last);
        for name in hidden {
            self.hide(at, name);
        }
    }

    fn hide(&mut self, object: usize, name: usize) {
        self.entries[name].hidden = true;
        self.entries[object].start -= 1;
    }

    fn same_name(&self, one: usize, other: usize) -> bool {
        let (one, other) = (self.entries[one], self.entries[other]);
        let (one_text, other_text) = (text_of(self.text, one), text_of(self.text, other));
        match one.escaped || other.escaped {
            false => one_text.raw == other_text.raw,
            true => one_text.unescaped() == other_text.unescaped(),
        }
    }
}

impl<'a> Visit<'a> for Reader<'a> {
    fn open(&mut self, container: Container) {
        let kind = match container {
            Container::Array => Kind::Array,
            Container::Object => Kind::Object,
        };
        let at = self.entries.len();
        self.add(kind, 0, 0, false);
        self.open.push(at);
    }

    fn close(&mut self, container: Container) {
        let Some(at) = self.open.pop() else {
            return;
        };
        self.entries[at].end = self.entries.len() as u32;
        if container == Container::Object {
            self.hide_duplicates(at);
        }
    }

    fn name(&mut self, name: Text<'a>) {
        let start = name.offset + 1;
        self.add(Kind::Name, start, start + name.raw.len(), name.escaped);
    }

    fn string(&mut self, string: Text<'a>) {
        let start = string.offset + 1;
        self.add(Kind::String, start, start + string.raw.len(), string.escaped);
    }

    fn number(&mut self, number: Number<'a>) {
        self.add(
            Kind::Number,
            number.offset,
            number.offset + number.text.len(),
            false,
        );
    }

    fn literal(&mut self, literal: &'static str) {
        let kind = match literal {
            "true" => Kind::True,
            "false" => Kind::False,
            _ => Kind::Null,
        };
        self.add(kind, 0, 0, false);
    }
}
