//! What Python's `json.dumps` prints with its default arguments.

use postrider_json::JsonError;
use postrider_json::number::Number;
use postrider_json::scan::{Container, Visit, scan};
use postrider_json::string::{Piece, Text};

use super::js::{needs_escape, push_escaped};

/// Appends `json` in the python style. On an error, part of it may have been appended.
pub(super) fn render(json: &str, out: &mut Vec<u8>) -> Result<(), JsonError> {
    scan(json, &mut Printer { out }).map(drop)
}

/// Appends `text` as a string, in ASCII.
pub(super) fn quote(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    push_ascii(text, out);
    out.push(b'"');
}

/// Appends characters, with those outside U+0020 to U+007E escaped as UTF-16 code units.
fn push_ascii(text: &str, out: &mut Vec<u8>) {
    if text.bytes().all(is_plain) {
        return out.extend_from_slice(text.as_bytes());
    }
    for character in text.chars() {
        push_character(character, out);
    }
}

fn push_character(character: char, out: &mut Vec<u8>) {
    match u8::try_from(character) {
        Ok(byte) if is_plain(byte) => out.push(byte),
        Ok(byte) if needs_escape(byte) => push_escaped(byte, out),
        _ => {
            for unit in character.encode_utf16(&mut [0; 2]) {
                out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
            }
        }
    }
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, 0x20..=0x7e) && !needs_escape(byte)
}

struct Printer<'o> {
    out: &'o mut Vec<u8>,
}

impl Printer<'_> {
    fn text(&mut self, text: &Text<'_>) {
        self.out.push(b'"');
        for piece in text.pieces() {
            match piece {
                Piece::Plain(run) => push_ascii(run, self.out),
                Piece::Escaped(character) => push_character(character, self.out),
            }
        }
        self.out.push(b'"');
    }
}

impl<'a> Visit<'a> for Printer<'_> {
    fn open(&mut self, container: Container) {
        self.out.push(match container {
            Container::Array => b'[',
            Container::Object => b'{',
        });
    }

    fn close(&mut self, container: Container) {
        self.out.push(match container {
            Container::Array => b']',
            Container::Object => b'}',
        });
    }

    fn separator(&mut self) {
        self.out.extend_from_slice(b", ");
    }

    fn name(&mut self, name: Text<'a>) {
        self.text(&name);
        self.out.extend_from_slice(b": ");
    }

    fn string(&mut self, string: Text<'a>) {
        self.text(&string);
    }

    fn number(&mut self, number: Number<'a>) {
        number.print_python(self.out);
    }

    fn literal(&mut self, literal: &'static str) {
        self.out.extend_from_slice(literal.as_bytes());
    }
}
