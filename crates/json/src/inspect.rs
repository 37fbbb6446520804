//! Whether a text survives being parsed and printed again.
//!
//! Receivers compute signatures over what they re-serialise, so Postrider may re-serialise a body too, but
//! only if that loses nothing. One rule serves both styles: no name occurs twice in an object, no surrogate
//! is alone, no zero is negative, and ECMAScript prints the double nearest to each number with the same
//! decimal value. The rule is exact: `1.10` and `1E2` keep their value, `9007199254740993` and `1e400` do
//! not.

use std::fmt;

use crate::error::JsonError;
use crate::names::Names;
use crate::number::Number;
use crate::pointer;
use crate::scan::{Container, Spelling, Visit, scan};
use crate::string::{Text, array_index};

/// What re-serialising a text would do to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// The first loss, in the order of the text; `None` if the text is lossless.
    pub loss: Option<Loss>,
    /// Whether the text is byte for byte what `JSON.stringify(JSON.parse(text))` prints. Never true by
    /// mistake. Conservatively false if a member's name is an array index, or if something is lost.
    pub js_fixed_point: bool,
    /// Whether the text is byte for byte what `json.dumps(json.loads(text))` prints. Never true by mistake.
    /// Conservatively false if something is lost.
    pub python_fixed_point: bool,
}

/// Something that re-serialising would lose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// The value or member, as a JSON pointer (RFC 6901). Lone surrogates in names appear as U+FFFD. At most
    /// about twice as long as the text.
    pub pointer: String,
    /// Why re-serialising would lose it.
    pub reason: LossReason,
}

/// Why re-serialising would lose something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LossReason {
    /// A member has the name of an earlier member of its object; all but one would be dropped.
    DuplicateName,
    /// A name or string escapes half of a surrogate pair, which UTF-8 cannot hold.
    LoneSurrogate,
    /// A zero has a minus sign, which ECMAScript drops.
    NegativeZero,
    /// A number's decimal value is not the one that an IEEE double prints, so it would be rounded.
    NumberPrecision,
}

impl LossReason {
    /// The reason's stable name in the API, in snake case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DuplicateName => "duplicate_name",
            Self::LoneSurrogate => "lone_surrogate",
            Self::NegativeZero => "negative_zero",
            Self::NumberPrecision => "number_precision",
        }
    }
}

impl fmt::Display for LossReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DuplicateName => "The object has two members of this name, and parsers keep only one.",
            Self::LoneSurrogate => "The text holds half of a surrogate pair, which is not a character.",
            Self::NegativeZero => "The zero is negative, and its sign would be dropped.",
            Self::NumberPrecision => "The number would be rounded to a 64-bit float.",
        })
    }
}

/// Checks that `json` is exactly one JSON value (RFC 8259), with or without white space around it, and finds
/// what re-serialising it would lose.
///
/// # Errors
/// Reports the first place where the text violates the grammar or nests more than
/// [`DEPTH_MAX`](crate::DEPTH_MAX) levels deep.
pub fn inspect(json: &str) -> Result<Inspection, JsonError> {
    let mut inspector = Inspector {
        names: Names::default(),
        loss: None,
        spelling: Spelling::BOTH,
    };
    let mut spelling = scan(json, &mut inspector)?;
    spelling.restrict(inspector.spelling);
    Ok(Inspection {
        js_fixed_point: spelling.js,
        python_fixed_point: spelling.python,
        loss: inspector.loss.map(|(offset, reason)| Loss {
            pointer: pointer::pointer_to(json, offset),
            reason,
        }),
    })
}

struct Inspector<'a> {
    names: Names<'a>,
    /// The first loss and its byte offset. Inspection looks for no later losses.
    loss: Option<(usize, LossReason)>,
    /// How numbers are spelled and names ordered.
    spelling: Spelling,
}

impl Inspector<'_> {
    #[cold]
    fn lose(&mut self, offset: usize, reason: LossReason) {
        self.loss = Some((offset, reason));
        self.spelling = Spelling::NEITHER;
    }
}

impl<'a> Visit<'a> for Inspector<'a> {
    #[inline]
    fn open(&mut self, container: Container) {
        if container == Container::Object && self.loss.is_none() {
            self.names.enter();
        }
    }

    #[inline]
    fn close(&mut self, container: Container) {
        if container == Container::Object && self.loss.is_none() {
            self.names.leave();
        }
    }

    #[inline]
    fn name(&mut self, name: Text<'a>) {
        if self.loss.is_some() {
            return;
        }
        if name.lone_surrogate {
            self.lose(name.offset, LossReason::LoneSurrogate);
        } else if !self.names.insert(&name) {
            self.lose(name.offset, LossReason::DuplicateName);
        } else if array_index(name.raw).is_some() {
            self.spelling.js = false;
        }
    }

    #[inline]
    fn string(&mut self, string: Text<'a>) {
        if string.lone_surrogate && self.loss.is_none() {
            self.lose(string.offset, LossReason::LoneSurrogate);
        }
    }

    #[inline]
    fn number(&mut self, number: Number<'a>) {
        if self.loss.is_some() {
            return;
        }
        let appraisal = number.appraise();
        match appraisal.loss {
            Some(reason) => self.lose(number.offset, reason),
            None => self.spelling.restrict(appraisal.spelling),
        }
    }
}
