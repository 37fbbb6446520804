//! An event's `data` as a template sees it: a flat list of its values, which point into the text.
//!
//! The list takes 12 bytes for each value, where a tree of [`Value`](postrider_json::Value)s takes 80, and a
//! container's elements are stepped over without visiting what is in them.

mod reader;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use postrider_json::scan::scan;
use postrider_json::string::{Piece, Text};

use super::budget::{Budget, Stop};
use super::item::SHORT_BYTES_MAX;
use reader::Reader;

/// A JSON text, read once.
pub(super) struct Document {
    text: Box<str>,
    entries: Vec<Entry>,
    /// Longer texts that were read, by their entry.
    texts: Mutex<HashMap<usize, Arc<str>>>,
}

/// A value or a member's name. The entries of a container's contents follow its own.
#[derive(Clone, Copy)]
struct Entry {
    kind: Kind,
    /// Whether the string or name has escapes.
    escaped: bool,
    /// Whether a later member of the object has this name.
    hidden: bool,
    /// Text: where it starts, within the quotes. Container: the number of its elements or visible members.
    start: u32,
    /// Text: where it ends. Container: the entry after its contents.
    end: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Null,
    True,
    False,
    Number,
    String,
    Array,
    Object,
    Name,
}

/// A value of a document.
#[derive(Clone, Copy)]
pub(super) enum Found<'a> {
    Null,
    Bool(bool),
    Number(&'a str),
    String,
    Array,
    Object,
}

/// A string or name of a document.
pub(super) enum Spelt<'a> {
    Short(&'a str),
    Kept(Arc<str>),
}

/// Receives a JSON text in pieces.
pub(super) trait Sink {
    /// What is printed as it is: brackets, quotes, numbers.
    fn syntax(&mut self, text: &str) -> Result<(), Stop>;
    /// A part of a string, without escapes.
    fn text(&mut self, text: &str) -> Result<(), Stop>;
}

impl Document {
    /// Reads a text. `None` if it is not JSON.
    pub(super) fn read(text: &str) -> Option<Self> {
        u32::try_from(text.len()).ok()?;
        let mut reader = Reader::new(text);
        scan(text, &mut reader).ok()?;
        Some(Self {
            text: text.into(),
            entries: reader.finish(),
            texts: Mutex::default(),
        })
    }

    pub(super) fn found(&self, at: usize) -> Found<'_> {
        let entry = self.entries[at];
        match entry.kind {
            Kind::Null => Found::Null,
            Kind::True => Found::Bool(true),
            Kind::False => Found::Bool(false),
            Kind::Number => Found::Number(self.slice(entry)),
            Kind::String | Kind::Name => Found::String,
            Kind::Array => Found::Array,
            Kind::Object => Found::Object,
        }
    }

    /// The string or name at `at`. A short one is copied whenever it is read; one that takes an allocation is
    /// copied once.
    pub(super) fn string(&self, at: usize, budget: &Budget) -> Result<Spelt<'_>, Stop> {
        let entry = self.entries[at];
        let text = text_of(&self.text, entry);
        if !entry.escaped && text.raw.len() <= SHORT_BYTES_MAX {
            return Ok(Spelt::Short(text.raw));
        }
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = texts.get(&at) {
            return Ok(Spelt::Kept(kept.clone()));
        }
        budget.bytes(text.raw.len() + 2 * size_of::<(usize, Arc<str>)>())?;
        let kept: Arc<str> = text.unescaped().into();
        texts.insert(at, kept.clone());
        Ok(Spelt::Kept(kept))
    }

    /// The elements or members of the container at `at`.
    pub(super) fn len(&self, at: usize) -> usize {
        self.entries[at].start as usize
    }

    pub(super) fn is_object(&self, at: usize) -> bool {
        self.entries[at].kind == Kind::Object
    }

    /// The first entry in the container at `at`.
    pub(super) fn first(&self, at: usize) -> usize {
        at + 1
    }

    /// The entry after the value at `at` and all that is in it.
    pub(super) fn after(&self, at: usize) -> usize {
        after(&self.entries, at)
    }

    /// The visible name at or after the entry `at`, which is a name; its value follows it. There must be one.
    pub(super) fn visible(&self, mut at: usize, budget: &Budget) -> Result<usize, Stop> {
        while self.entries[at].hidden {
            budget.steps(1)?;
            at = self.after(at + 1);
        }
        Ok(at)
    }

    /// The value of the member with this name in the object at `at`.
    pub(super) fn member(&self, at: usize, name: &str, budget: &Budget) -> Result<Option<usize>, Stop> {
        let end = self.after(at);
        let mut next = self.first(at);
        while next < end {
            budget.steps(1)?;
            let entry = self.entries[next];
            if !entry.hidden && self.is_named(entry, name, budget)? {
                return Ok(Some(next + 1));
            }
            next = self.after(next + 1);
        }
        Ok(None)
    }

    fn is_named(&self, entry: Entry, name: &str, budget: &Budget) -> Result<bool, Stop> {
        let raw = self.slice(entry);
        if !entry.escaped && raw.len() != name.len() {
            return Ok(false);
        }
        budget.work(raw.len())?;
        Ok(match entry.escaped {
            false => raw == name,
            true => text_of(&self.text, entry).unescaped() == name,
        })
    }

    /// The value of the element with this index in the array at `at`.
    pub(super) fn element(&self, at: usize, index: usize, budget: &Budget) -> Result<Option<usize>, Stop> {
        if index >= self.len(at) {
            return Ok(None);
        }
        budget.steps(index / 8)?;
        let mut next = self.first(at);
        for _ in 0..index {
            next = self.after(next);
        }
        Ok(Some(next))
    }

    /// Prints the value at `at` as compact JSON, members in the order of the text. Does not recurse.
    pub(super) fn print(&self, at: usize, budget: &Budget, sink: &mut dyn Sink) -> Result<(), Stop> {
        // The containers that are open: where each ends, and its closing bracket.
        let mut open: Vec<(usize, &str)> = Vec::new();
        let (mut next, end) = (at, self.after(at));
        let mut needs_comma = false;
        while next < end || !open.is_empty() {
            budget.steps(1)?;
            if let Some((end, bracket)) = open.last().copied()
                && next == end
            {
                sink.syntax(bracket)?;
                open.pop();
                needs_comma = true;
                continue;
            }
            let entry = self.entries[next];
            if entry.kind == Kind::Name && entry.hidden {
                next = self.after(next + 1);
                continue;
            }
            if needs_comma {
                sink.syntax(",")?;
            }
            needs_comma = false;
            match entry.kind {
                Kind::Array => {
                    sink.syntax("[")?;
                    open.push((entry.end as usize, "]"));
                }
                Kind::Object => {
                    sink.syntax("{")?;
                    open.push((entry.end as usize, "}"));
                }
                Kind::Name => {
                    print_string(text_of(&self.text, entry), budget, sink)?;
                    sink.syntax(":")?;
                }
                _ => {
                    self.print_scalar(entry, budget, sink)?;
                    needs_comma = true;
                }
            }
            next += 1;
        }
        Ok(())
    }

    fn print_scalar(&self, entry: Entry, budget: &Budget, sink: &mut dyn Sink) -> Result<(), Stop> {
        match entry.kind {
            Kind::True => sink.syntax("true"),
            Kind::False => sink.syntax("false"),
            Kind::Number => sink.syntax(self.slice(entry)),
            Kind::String => print_string(text_of(&self.text, entry), budget, sink),
            _ => sink.syntax("null"),
        }
    }

    fn slice(&self, entry: Entry) -> &str {
        &self.text[entry.start as usize..entry.end as usize]
    }
}

fn print_string(text: Text<'_>, budget: &Budget, sink: &mut dyn Sink) -> Result<(), Stop> {
    budget.reading(text.raw.len())?;
    sink.syntax("\"")?;
    for piece in text.pieces() {
        match piece {
            Piece::Plain(run) => sink.text(run)?,
            Piece::Escaped(character) => sink.text(character.encode_utf8(&mut [0; 4]))?,
        }
    }
    sink.syntax("\"")
}

fn after(entries: &[Entry], at: usize) -> usize {
    match entries[at].kind {
        Kind::Array | Kind::Object => entries[at].end as usize,
        _ => at + 1,
    }
}

fn text_of(text: &str, entry: Entry) -> Text<'_> {
    Text {
        raw: &text[entry.start as usize..entry.end as usize],
        offset: 0,
        escaped: entry.escaped,
        lone_surrogate: false,
    }
}
