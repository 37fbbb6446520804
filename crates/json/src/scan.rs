//! The JSON reader: strict, single-pass and iterative.
//!
//! [`scan`] walks a text once and reports what it finds to a [`Visit`]. Inspection, rendering and JSON
//! pointers are visitors, so that they cannot disagree about what the text says. Each open container takes
//! one bit in a fixed array: the reader allocates nothing, and a hostile text cannot exhaust its stack.
//!
//! To add a visitor, implement [`Visit`]. The calls follow the order of the text.

use crate::error::{JsonError, JsonErrorKind, error_at};
use crate::number::{self, Number};
use crate::string::Text;

/// Maximum nesting of arrays and objects. Together with the envelope, this stays below what receivers read by
/// default: 512 levels in PHP's `json_decode`, near 1000 in Python's `json`.
pub const DEPTH_MAX: usize = 500;

/// What [`scan`] reports.
pub trait Visit<'a> {
    /// An array or object begins.
    fn open(&mut self, container: Container);
    /// The innermost array or object ends; it is of this kind.
    fn close(&mut self, container: Container);
    /// A comma between two elements or members.
    fn separator(&mut self) {}
    /// A member's name; its value follows.
    fn name(&mut self, name: Text<'a>);
    /// A string that is a value.
    fn string(&mut self, string: Text<'a>);
    /// A number.
    fn number(&mut self, number: Number<'a>);
    /// `true`, `false` or `null`.
    fn literal(&mut self, _literal: &'static str) {}
}

/// The kinds of value that hold others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    /// `[…]`.
    Array,
    /// `{…}`.
    Object,
}

/// Whether a text is spelled as each style prints it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spelling {
    /// As `JSON.stringify` prints it.
    pub js: bool,
    /// As `json.dumps` prints it.
    pub python: bool,
}

impl Spelling {
    pub(crate) const BOTH: Self = Self {
        js: true,
        python: true,
    };
    pub(crate) const NEITHER: Self = Self {
        js: false,
        python: false,
    };

    /// Keeps a style only if `part` is spelled in that style too.
    pub(crate) fn restrict(&mut self, part: Self) {
        self.js &= part.js;
        self.python &= part.python;
    }
}

/// Reads one JSON value with optional white space around it.
///
/// Returns how the text's white space and strings are spelled. The visitor judges numbers and the order of
/// names.
pub fn scan<'a>(json: &'a str, visitor: &mut impl Visit<'a>) -> Result<Spelling, JsonError> {
    let mut scanner = Scanner::new(json);
    match scanner.document(visitor) {
        Ok(()) => Ok(scanner.spelling),
        Err(kind) => Err(error_at(json, kind, scanner.at.min(json.len()))),
    }
}

/// Number of words in the bit set of open containers.
const DEPTH_WORDS: usize = DEPTH_MAX.div_ceil(64);

pub(crate) struct Scanner<'a> {
    pub(crate) json: &'a str,
    pub(crate) bytes: &'a [u8],
    /// The offset of the next byte to read, or of the error once one is found.
    pub(crate) at: usize,
    pub(crate) spelling: Spelling,
    depth: usize,
    /// Bit `n` is set if the container at depth `n` is an object.
    objects: [u64; DEPTH_WORDS],
}

/// What follows the start of a value.
enum Due {
    /// Its first element or member's value; if that is missing, this is the error.
    Value(JsonErrorKind),
    /// Nothing: the value is complete.
    Separator,
}

impl<'a> Scanner<'a> {
    fn new(json: &'a str) -> Self {
        Self {
            json,
            bytes: json.as_bytes(),
            at: 0,
            spelling: Spelling::BOTH,
            depth: 0,
            objects: [0; DEPTH_WORDS],
        }
    }

    fn document(&mut self, visitor: &mut impl Visit<'a>) -> Result<(), JsonErrorKind> {
        self.space();
        let mut expected = JsonErrorKind::ExpectedValue;
        loop {
            while let Due::Value(next_expected) = self.value(visitor, expected)? {
                expected = next_expected;
            }
            if self.ends(visitor)? {
                break;
            }
            expected = JsonErrorKind::ExpectedValue;
        }
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(JsonErrorKind::ExpectedEnd),
        }
    }

    /// Reads a scalar, an empty container, or a container up to its first value.
    #[inline]
    fn value(&mut self, visitor: &mut impl Visit<'a>, expected: JsonErrorKind) -> Result<Due, JsonErrorKind> {
        match self.peek() {
            Some(b'"') => {
                let text = self.text()?;
                visitor.string(text);
            }
            Some(b'-' | b'0'..=b'9') => {
                let number = self.number()?;
                visitor.number(number);
            }
            Some(b'{') => return self.object(visitor),
            Some(b'[') => return self.array(visitor),
            Some(b't') => self.literal("true", visitor, expected)?,
            Some(b'f') => self.literal("false", visitor, expected)?,
            Some(b'n') => self.literal("null", visitor, expected)?,
            _ => return Err(expected),
        }
        Ok(Due::Separator)
    }

    fn object(&mut self, visitor: &mut impl Visit<'a>) -> Result<Due, JsonErrorKind> {
        self.open(Container::Object, visitor)?;
        if self.peek() == Some(b'}') {
            self.close(Container::Object, visitor);
            return Ok(Due::Separator);
        }
        self.name(visitor, JsonErrorKind::ExpectedNameOrBrace)?;
        Ok(Due::Value(JsonErrorKind::ExpectedValue))
    }

    fn array(&mut self, visitor: &mut impl Visit<'a>) -> Result<Due, JsonErrorKind> {
        self.open(Container::Array, visitor)?;
        if self.peek() == Some(b']') {
            self.close(Container::Array, visitor);
            return Ok(Due::Separator);
        }
        Ok(Due::Value(JsonErrorKind::ExpectedValueOrBracket))
    }

    /// Closes the containers that end after a value. Returns whether the document is complete; if not, a
    /// value comes next.
    #[inline]
    fn ends(&mut self, visitor: &mut impl Visit<'a>) -> Result<bool, JsonErrorKind> {
        loop {
            self.space();
            let Some(container) = self.innermost() else {
                return Ok(true);
            };
            match (container, self.peek()) {
                (_, Some(b',')) => break,
                (Container::Object, Some(b'}')) | (Container::Array, Some(b']')) => {
                    self.close(container, visitor);
                }
                (Container::Object, _) => return Err(JsonErrorKind::ExpectedCommaOrBrace),
                (Container::Array, _) => return Err(JsonErrorKind::ExpectedCommaOrBracket),
            }
        }
        self.at += 1;
        self.space_after_separator();
        visitor.separator();
        if self.innermost() == Some(Container::Object) {
            self.name(visitor, JsonErrorKind::ExpectedName)?;
        }
        Ok(false)
    }

    /// Reads a member's name and its colon.
    #[inline]
    fn name(&mut self, visitor: &mut impl Visit<'a>, expected: JsonErrorKind) -> Result<(), JsonErrorKind> {
        if self.peek() != Some(b'"') {
            return Err(expected);
        }
        let name = self.text()?;
        self.space();
        if self.peek() != Some(b':') {
            return Err(JsonErrorKind::ExpectedColon);
        }
        self.at += 1;
        self.space_after_separator();
        visitor.name(name);
        Ok(())
    }

    #[inline]
    fn number(&mut self) -> Result<Number<'a>, JsonErrorKind> {
        let offset = self.at;
        let parts = number::lex(self.bytes, offset).map_err(|at| {
            self.at = at;
            JsonErrorKind::ExpectedDigit
        })?;
        self.at = parts.end;
        Ok(Number::new(&self.json[offset..parts.end], offset, &parts))
    }

    fn literal(
        &mut self,
        literal: &'static str,
        visitor: &mut impl Visit<'a>,
        expected: JsonErrorKind,
    ) -> Result<(), JsonErrorKind> {
        if !self.bytes[self.at..].starts_with(literal.as_bytes()) {
            return Err(expected);
        }
        self.at += literal.len();
        visitor.literal(literal);
        Ok(())
    }

    #[inline]
    fn open(&mut self, container: Container, visitor: &mut impl Visit<'a>) -> Result<(), JsonErrorKind> {
        if self.depth == DEPTH_MAX {
            return Err(JsonErrorKind::TooDeep);
        }
        let (word, bit) = (self.depth / 64, 1 << (self.depth % 64));
        match container {
            Container::Object => self.objects[word] |= bit,
            Container::Array => self.objects[word] &= !bit,
        }
        self.depth += 1;
        self.at += 1;
        self.space();
        visitor.open(container);
        Ok(())
    }

    #[inline]
    fn close(&mut self, container: Container, visitor: &mut impl Visit<'a>) {
        self.depth -= 1;
        self.at += 1;
        visitor.close(container);
    }

    #[inline]
    fn innermost(&self) -> Option<Container> {
        let level = self.depth.checked_sub(1)?;
        match self.objects[level / 64] >> (level % 64) & 1 {
            1 => Some(Container::Object),
            _ => Some(Container::Array),
        }
    }

    #[inline]
    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Skips white space where neither style prints any.
    #[inline]
    fn space(&mut self) {
        if self.peek().is_some_and(is_space) {
            self.spelling = Spelling::NEITHER;
            self.skip_space();
        }
    }

    /// Skips white space after a comma or colon, where Python prints one space and ECMAScript none.
    #[inline]
    fn space_after_separator(&mut self) {
        if !self.peek().is_some_and(is_space) {
            self.spelling.python = false;
            return;
        }
        self.spelling.js = false;
        let start = self.at;
        self.skip_space();
        self.spelling.python &= self.at == start + 1 && self.bytes[start] == b' ';
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(is_space) {
            self.at += 1;
        }
    }
}

/// White space of RFC 8259, section 2.
#[inline]
pub fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}
