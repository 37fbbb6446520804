//! A text's values as one flat list, to look a few of them up.
//!
//! A tree costs an allocation for each container, and most of a scan again for its names. The outline costs
//! one allocation: each value is an entry that knows where the entries within it end, so that a search skips
//! what it does not want. Strings, names and numbers stay as the text spells them until they are
//! compared.

use std::borrow::Cow;

use crate::number::Number;
use crate::scan::{Container, Visit, scan};
use crate::string::{Piece, Text, write_json};
use crate::value::{Members, Value};

/// Bytes of text for each entry that is foreseen: a usual payload has one for 14 to 20 bytes.
const BYTES_PER_ENTRY: usize = 14;

/// Maximum values of an outline: about 10 ms and 14 MB. 256 KiB of JSON hold about half as many at most,
/// and a mebibyte of usual JSON a third.
pub(crate) const ENTRIES_MAX: usize = 250_000;

/// Maximum bytes that spell one byte of a string: `\u0041`.
const ESCAPE_BYTES_MAX: usize = 6;

/// The values of a text, each before those within it.
#[derive(Debug)]
pub(crate) struct Outline<'a> {
    entries: Vec<Entry<'a>>,
    /// Whether no object has two members of one name, so that a search may end at the first.
    names_are_unique: bool,
}

#[derive(Debug, Clone, Copy)]
struct Entry<'a> {
    /// The member's name; empty for other values.
    name: Spelled<'a>,
    kind: Kind<'a>,
    /// The position after the last entry within the value. While the container is open: that of the one
    /// around it.
    end: usize,
}

/// What a value is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind<'a> {
    Null,
    Bool(bool),
    /// The text of the number.
    Number(&'a str),
    String(Spelled<'a>),
    Array,
    Object,
}

/// A string or name as the text spells it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spelled<'a> {
    pub raw: &'a str,
    /// Whether `raw` holds escapes.
    pub escaped: bool,
}

impl<'a> Spelled<'a> {
    fn plain(raw: &'a str) -> Self {
        Self { raw, escaped: false }
    }

    /// The string with its escapes resolved.
    pub(crate) fn unescaped(self) -> Cow<'a, str> {
        self.text().unescaped()
    }

    fn text(self) -> Text<'a> {
        Text {
            raw: self.raw,
            offset: 0,
            escaped: self.escaped,
            lone_surrogate: false,
        }
    }

    /// Whether this spells `text`. Takes time linear in `text`, whatever the length of the spelling.
    #[inline]
    pub(crate) fn is(self, text: &str) -> bool {
        match self.escaped {
            false => self.raw == text,
            true => self.can_spell(text.len()) && self.unescaped() == text,
        }
    }

    /// Whether this is short enough to spell a string of at most so many bytes.
    #[inline]
    pub(crate) fn can_spell(self, bytes: usize) -> bool {
        let per_byte = if self.escaped { ESCAPE_BYTES_MAX } else { 1 };
        self.raw.len() <= per_byte * bytes
    }
}

impl<'a> From<Text<'a>> for Spelled<'a> {
    fn from(text: Text<'a>) -> Self {
        Self {
            raw: text.raw,
            escaped: text.escaped,
        }
    }
}

impl<'a> Outline<'a> {
    /// The outline of a text; `None` of one with more than [`ENTRIES_MAX`] values, or that is not JSON.
    /// `names_are_unique` must not be true of a text in which an object has two members of one name.
    pub(crate) fn read(json: &'a str, names_are_unique: bool) -> Option<Self> {
        let mut builder = Builder {
            entries: Vec::with_capacity(json.len() / BYTES_PER_ENTRY + 1),
            open: 0,
            name: Spelled::plain(""),
        };
        scan(json, &mut builder).ok()?;
        let is_bounded = builder.entries.len() <= ENTRIES_MAX;
        is_bounded.then_some(Self {
            entries: builder.entries,
            names_are_unique,
        })
    }

    /// The value of the whole text.
    pub(crate) fn root(&self) -> Item<'_, 'a> {
        Item { outline: self, at: 0 }
    }
}

/// A value of an outline.
#[derive(Clone, Copy)]
pub(crate) struct Item<'o, 'a> {
    outline: &'o Outline<'a>,
    at: usize,
}

impl<'o, 'a> Item<'o, 'a> {
    #[inline]
    fn entry(self) -> &'o Entry<'a> {
        &self.outline.entries[self.at]
    }

    /// What it is.
    #[inline]
    pub(crate) fn kind(self) -> Kind<'a> {
        self.entry().kind
    }

    /// The name that its object gives it.
    #[inline]
    pub(crate) fn name(self) -> Spelled<'a> {
        self.entry().name
    }

    /// The elements or members. An object can have several of one name, of which the last counts.
    #[inline]
    pub(crate) fn children(self) -> impl Iterator<Item = Self> {
        let (mut at, end) = (self.at + 1, self.entry().end);
        std::iter::from_fn(move || {
            (at < end).then(|| {
                let child = Self { at, ..self };
                at = child.entry().end;
                child
            })
        })
    }

    /// Whether an object has no two members of one name.
    #[inline]
    pub(crate) fn names_are_unique(self) -> bool {
        self.outline.names_are_unique
    }

    /// Bytes that it takes to read this value and all within it, and their number.
    pub(crate) fn extent(self) -> (usize, usize) {
        let entries = &self.outline.entries[self.at..self.entry().end];
        let bytes = entries.iter().map(|entry| {
            let text = match entry.kind {
                Kind::Number(text) => text.len(),
                Kind::String(text) => text.raw.len(),
                _ => 0,
            };
            entry.name.raw.len() + text
        });
        (bytes.sum(), entries.len())
    }

    /// The value as a tree.
    pub(crate) fn value(self) -> Value<'a> {
        match self.kind() {
            Kind::Null => Value::Null,
            Kind::Bool(value) => Value::Bool(value),
            Kind::Number(text) => Value::Number(Number::of(text)),
            Kind::String(text) => Value::String(text.unescaped()),
            Kind::Array => Value::Array(self.children().map(Self::value).collect()),
            Kind::Object => {
                let members = self.children().map(|it| (it.name().unescaped(), it.value()));
                Value::Object(members.collect::<Members<'_>>())
            }
        }
    }

    /// Appends the value as compact JSON, and stops soon after `out` is longer than `bytes_max`.
    pub(crate) fn print(self, bytes_max: usize, out: &mut String) {
        if out.len() > bytes_max {
            return;
        }
        match self.kind() {
            Kind::Null => out.push_str("null"),
            Kind::Bool(value) => out.push_str(if value { "true" } else { "false" }),
            Kind::Number(text) => out.push_str(&text[..text.len().min(bytes_max.saturating_add(1))]),
            Kind::String(text) => print_text(text, bytes_max, out),
            Kind::Array | Kind::Object => {
                let is_object = matches!(self.kind(), Kind::Object);
                out.push(if is_object { '{' } else { '[' });
                for (at, child) in self.children().enumerate() {
                    out.push_str(if at > 0 { "," } else { "" });
                    if is_object {
                        print_text(child.name(), bytes_max, out);
                        out.push(':');
                    }
                    child.print(bytes_max, out);
                    if out.len() > bytes_max {
                        return;
                    }
                }
                out.push(if is_object { '}' } else { ']' });
            }
        }
    }
}

/// Appends a string, or as much of its beginning as exceeds `bytes_max`.
fn print_text<'a>(text: Spelled<'a>, bytes_max: usize, out: &mut String) {
    let cut = |run: &'a str| &run[..run.floor_char_boundary(bytes_max.saturating_add(1))];
    if !text.escaped {
        return write_json(cut(text.raw), out);
    }
    let mut unescaped = String::new();
    for piece in text.text().pieces() {
        match piece {
            Piece::Plain(run) => unescaped.push_str(cut(run)),
            Piece::Escaped(character) => unescaped.push(character),
        }
        if unescaped.len() > bytes_max {
            break;
        }
    }
    write_json(&unescaped, out);
}

/// Builds the list in the order of the text.
struct Builder<'a> {
    entries: Vec<Entry<'a>>,
    /// The position of the innermost open container; unused outside of containers.
    open: usize,
    /// The name of the member whose value comes next.
    name: Spelled<'a>,
}

impl<'a> Builder<'a> {
    #[inline]
    fn add(&mut self, kind: Kind<'a>, end: usize) {
        // One more than permitted, by which the text is refused.
        if self.entries.len() > ENTRIES_MAX {
            return;
        }
        let name = std::mem::replace(&mut self.name, Spelled::plain(""));
        self.entries.push(Entry { name, kind, end });
    }

    #[inline]
    fn leaf(&mut self, kind: Kind<'a>) {
        self.add(kind, self.entries.len() + 1);
    }
}

impl<'a> Visit<'a> for Builder<'a> {
    #[inline]
    fn open(&mut self, container: Container) {
        let at = self.entries.len();
        let kind = match container {
            Container::Array => Kind::Array,
            Container::Object => Kind::Object,
        };
        self.add(kind, self.open);
        self.open = at;
    }

    #[inline]
    fn close(&mut self, _container: Container) {
        let end = self.entries.len();
        if let Some(entry) = self.entries.get_mut(self.open) {
            self.open = std::mem::replace(&mut entry.end, end);
        }
    }

    #[inline]
    fn name(&mut self, name: Text<'a>) {
        self.name = name.into();
    }

    #[inline]
    fn string(&mut self, string: Text<'a>) {
        self.leaf(Kind::String(string.into()));
    }

    #[inline]
    fn number(&mut self, number: Number<'a>) {
        self.leaf(Kind::Number(number.text));
    }

    #[inline]
    fn literal(&mut self, literal: &'static str) {
        self.leaf(match literal {
            "true" => Kind::Bool(true),
            "false" => Kind::Bool(false),
            _ => Kind::Null,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printing_stops_soon_after_the_bound_whatever_is_long() {
        for (plain, escape) in [("é", "\\u00e9"), ("a", "\\n")] {
            for unit in [plain, escape] {
                let long = unit.repeat(10_000);
                for text in [
                    format!("{{\"{long}\":1}}"),
                    format!("[\"{long}\"]"),
                    "7".repeat(10_000),
                ] {
                    let mut out = String::new();
                    Outline::read(&text, false).unwrap().root().print(128, &mut out);
                    assert!((129..300).contains(&out.len()), "{}", out.len());
                }
            }
        }
    }
}
