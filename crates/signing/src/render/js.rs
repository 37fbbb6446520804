//! What `JSON.stringify` prints.
//!
//! The first pass prints everything in the order of the text. If an object's array indices are not in
//! ascending order before its other members, the pass notes the positions of its members, and a second pass
//! puts the printed pieces in order. That copies each byte at most once more, however deeply such objects are
//! nested.

use std::ops::Range;

use postrider_json::JsonError;

use postrider_json::number::Number;
use postrider_json::scan::{Container, Visit, scan};
use postrider_json::string::{Piece, Text, array_index};

/// Appends `json` in the js style. On an error, part of it may have been appended.
pub(super) fn render(json: &str, out: &mut Vec<u8>) -> Result<(), JsonError> {
    let start = out.len();
    let mut printer = Printer {
        out,
        members: Vec::new(),
        objects: Vec::new(),
        disordered: Vec::new(),
    };
    scan(json, &mut printer)?;
    let disordered = printer.disordered;
    if !disordered.is_empty() {
        let printed = out.split_off(start);
        put_in_order(&printed, start, disordered, out);
    }
    Ok(())
}

/// Appends `text` as a string (ECMA-262, QuoteJSONString).
pub(super) fn quote(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut copied = 0;
    for (at, byte) in text.bytes().enumerate() {
        if needs_escape(byte) {
            out.extend_from_slice(&text.as_bytes()[copied..at]);
            push_escaped(byte, out);
            copied = at + 1;
        }
    }
    out.extend_from_slice(&text.as_bytes()[copied..]);
    out.push(b'"');
}

/// Whether a byte of UTF-8 must be escaped in a string; only ASCII bytes must.
pub(super) fn needs_escape(byte: u8) -> bool {
    matches!(byte, ..0x20 | b'"' | b'\\')
}

/// Appends the escape that both styles print for such a byte.
pub(super) fn push_escaped(byte: u8, out: &mut Vec<u8>) {
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        b'\t' => b't',
        b'\n' => b'n',
        0x0c => b'f',
        b'\r' => b'r',
        _ => return out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
    };
    out.extend_from_slice(&[b'\\', short]);
}

struct Printer<'o> {
    out: &'o mut Vec<u8>,
    /// The members of all open objects so far.
    members: Vec<Member>,
    /// For each open object, the index of its first member in `members`.
    objects: Vec<usize>,
    disordered: Vec<Disordered>,
}

#[derive(Clone, Copy)]
struct Member {
    /// Position of the opening quote of its printed name.
    start: usize,
    array_index: Option<u32>,
}

/// An object whose members were not printed in ECMAScript's order.
struct Disordered {
    /// From after the opening brace to before the closing one.
    inside: Range<usize>,
    /// Its members in ECMAScript's order, without commas.
    members: Vec<Range<usize>>,
}

impl Printer<'_> {
    fn text(&mut self, text: &Text<'_>) {
        self.out.push(b'"');
        if !text.escaped {
            self.out.extend_from_slice(text.raw.as_bytes());
        } else {
            for piece in text.pieces() {
                self.piece(piece);
            }
        }
        self.out.push(b'"');
    }

    fn piece(&mut self, piece: Piece<'_>) {
        match piece {
            Piece::Plain(run) => self.out.extend_from_slice(run.as_bytes()),
            Piece::Escaped(character) => match u8::try_from(character) {
                Ok(byte) if needs_escape(byte) => push_escaped(byte, self.out),
                _ => self
                    .out
                    .extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
            },
        }
    }
}

impl<'a> Visit<'a> for Printer<'_> {
    fn open(&mut self, container: Container) {
        match container {
            Container::Array => self.out.push(b'['),
            Container::Object => {
                self.out.push(b'{');
                self.objects.push(self.members.len());
            }
        }
    }

    fn close(&mut self, container: Container) {
        match container {
            Container::Array => self.out.push(b']'),
            Container::Object => {
                let first = self.objects.pop().unwrap_or(0);
                if let Some(object) = disordered(&self.members[first..], self.out.len()) {
                    self.disordered.push(object);
                }
                self.members.truncate(first);
                self.out.push(b'}');
            }
        }
    }

    fn separator(&mut self) {
        self.out.push(b',');
    }

    fn name(&mut self, name: Text<'a>) {
        self.members.push(Member {
            start: self.out.len(),
            array_index: array_index(&name.unescaped()),
        });
        self.text(&name);
        self.out.push(b':');
    }

    fn string(&mut self, string: Text<'a>) {
        self.text(&string);
    }

    fn number(&mut self, number: Number<'a>) {
        number.print_js(self.out);
    }

    fn literal(&mut self, literal: &'static str) {
        self.out.extend_from_slice(literal.as_bytes());
    }
}

/// The ECMAScript order of an object that ends at `end`; `None` if its members are already in order.
fn disordered(members: &[Member], end: usize) -> Option<Disordered> {
    let sort_key = |member: &Member| match member.array_index {
        Some(index) => (0, index),
        None => (1, 0),
    };
    if members.is_sorted_by_key(sort_key) {
        return None;
    }
    let start = members.first()?.start;
    // A member ends before the comma in front of the next.
    let ends = members[1..].iter().map(|next| next.start - 1).chain([end]);
    let mut ordered: Vec<_> = members.iter().zip(ends).collect();
    ordered.sort_by_key(|(member, _)| sort_key(member));
    Some(Disordered {
        inside: start..end,
        members: ordered
            .into_iter()
            .map(|(member, end)| member.start..end)
            .collect(),
    })
}

/// Appends what was `printed` at `base`, with the members of the disordered objects in order.
fn put_in_order(printed: &[u8], base: usize, mut objects: Vec<Disordered>, out: &mut Vec<u8>) {
    objects.sort_unstable_by_key(|object| object.inside.start);
    out.reserve(printed.len());
    // The pieces left to append, the next one last.
    let mut pieces = vec![Pending::Printed(base..base + printed.len())];
    while let Some(piece) = pieces.pop() {
        let range = match piece {
            Pending::Comma => {
                out.push(b',');
                continue;
            }
            Pending::Printed(range) => range,
        };
        // A piece that starts where an object's members start is the first of these members, not the object
        // itself.
        let next = objects.partition_point(|object| object.inside.start <= range.start);
        let copied_to = match objects.get(next) {
            Some(object) if object.inside.start < range.end => {
                pieces.push(Pending::Printed(object.inside.end..range.end));
                for (at, member) in object.members.iter().rev().enumerate() {
                    if at > 0 {
                        pieces.push(Pending::Comma);
                    }
                    pieces.push(Pending::Printed(member.clone()));
                }
                object.inside.start
            }
            _ => range.end,
        };
        out.extend_from_slice(&printed[range.start - base..copied_to - base]);
    }
}

/// A piece to append.
enum Pending {
    /// The bytes printed in this range.
    Printed(Range<usize>),
    Comma,
}
