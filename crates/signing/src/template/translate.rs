//! Checks a template and writes it anew for `minijinja`.
//!
//! `minijinja` bounds what it executes by fuel, with these exceptions, which do not get through here:
//!
//! - Its parser, and what walks its syntax tree, recurse. So blocks, brackets, signs and operators are
//!   counted per tag.
//! - Its own lists can be added and multiplied without being built, and comparing costs nothing beyond their
//!   first level. So `[…]`, `{…}`, `x[…]`, comparisons and `~` become calls of ours, whose values are
//!   [`Item`](super::item::Item)s. There are no tuples, captured blocks, macros and `*arguments`.
//! - `loop` has methods, of which `cycle()` panics. Only its fields are let through.
//!
//! The rest is written token by token, on the same line, and literal text in such a way that `minijinja`
//! finds no tag in it. So nothing that was not checked reaches it, whatever its lexer makes of the source.
//!
//! Names are resolved here, because a name that does not exist is a fault with its place and not an empty
//! message.

mod arguments;
mod chains;
mod expression;
mod operand;
mod statement;

use super::TemplateFault;
use super::lexer::{self, Piece, Token, What, fault_at};
use expression::Frame;
use statement::Block;

/// The state of one translation.
struct Translator<'s> {
    source: &'s str,
    out: String,
    /// How far of the source, in bytes, the line breaks in `out` go.
    lines_until: usize,
    tokens: Vec<(Token<'s>, usize)>,
    next: usize,
    /// Where the tag begins.
    tag: usize,
    frames: Vec<Frame>,
    blocks: Vec<Block>,
    /// The variables that exist here, the innermost last.
    variables: Vec<&'s str>,
    /// Whether the condition of a `for` is being read.
    in_condition: bool,
    /// Whether the template notes its lines while it renders.
    notes_lines: bool,
}

/// Returns the template for `minijinja`. With `notes_lines`, it also tells [`Render`](super::render::Render)
/// which line prints next.
pub(super) fn translate(source: &str, notes_lines: bool) -> Result<String, TemplateFault> {
    let pieces = lexer::split(source)?;
    let mut translator = Translator {
        source,
        out: String::with_capacity(source.len() * 2),
        lines_until: 0,
        tokens: Vec::new(),
        next: 0,
        tag: 0,
        frames: Vec::new(),
        blocks: Vec::new(),
        variables: Vec::new(),
        in_condition: false,
        notes_lines,
    };
    for (at, piece) in pieces.iter().enumerate() {
        translator.piece(piece, at + 1 == pieces.len())?;
    }
    match translator.blocks.last() {
        None => Ok(translator.out),
        Some(block) => Err(fault_at(
            source,
            block.tag,
            format!("this block is not closed: `{{% end{} %}}` is missing", block.name),
        )),
    }
}

impl<'s> Translator<'s> {
    fn piece(&mut self, piece: &Piece<'s>, is_last: bool) -> Result<(), TemplateFault> {
        match piece.what {
            What::Silent => Ok(()),
            What::Literal => {
                // A template whose last line ends like those of every text file does not print that end, as
                // in Jinja.
                let text = match piece.inner.strip_suffix('\n') {
                    Some(text) if is_last => text,
                    _ => piece.inner,
                };
                self.catch_up(piece.inner_offset);
                self.note_line(piece.inner_offset);
                self.literal(text);
                self.lines_until = self.lines_until.max(piece.inner_offset + piece.inner.len());
                Ok(())
            }
            What::Print => {
                self.enter(piece)?;
                self.note_line(piece.inner_offset);
                self.out.push_str("{{");
                self.expression(&[])?;
                self.leave(piece, " }}")
            }
            What::Statement => {
                self.enter(piece)?;
                self.statement()?;
                self.leave(piece, " %}")
            }
        }
    }

    /// Writes the line breaks of comments and of white space that a hyphen removed, so that they do not
    /// print.
    fn catch_up(&mut self, offset: usize) {
        let breaks = self.source[self.lines_until..offset].matches('\n').count();
        if breaks > 0 {
            self.out.push_str("{#");
            self.out.extend(std::iter::repeat_n('\n', breaks));
            self.out.push_str("#}");
        }
    }

    /// Writes text that prints as it is.
    fn literal(&mut self, text: &str) {
        let mut rest = text;
        while let Some(at) = rest.find('{') {
            self.out.push_str(&rest[..at]);
            // At the end, a tag can follow.
            let begins_tag = rest[at + 1..].starts_with(['{', '%', '#']) || at + 1 == rest.len();
            self.out
                .push_str(if begins_tag { "{% raw %}{{% endraw %}" } else { "{" });
            rest = &rest[at + 1..];
        }
        self.out.push_str(rest);
        // minijinja drops a line break at the end of a template; the comment keeps it from being the end.
        self.out.push_str("{##}");
    }

    fn note_line(&mut self, offset: usize) {
        if self.notes_lines {
            let line = 1 + self.source[..offset].matches('\n').count();
            self.out.push_str(&format!("{{{{__line({line})}}}}"));
        }
    }

    fn enter(&mut self, piece: &Piece<'s>) -> Result<(), TemplateFault> {
        self.tokens = lexer::tokens(self.source, piece)?;
        self.next = 0;
        self.tag = piece.inner_offset;
        Ok(())
    }

    /// Ends a tag, of which everything has to be read.
    fn leave(&mut self, piece: &Piece<'s>, end: &str) -> Result<(), TemplateFault> {
        if self.peek().is_some() {
            return Err(self.fault_here("the tag has to end here"));
        }
        self.write_at(piece.inner_offset + piece.inner.len(), end);
        Ok(())
    }

    /// Writes what stands for the token that was just read.
    fn write(&mut self, text: &str) {
        let offset = self.next.checked_sub(1).map_or(self.tag, |at| self.tokens[at].1);
        self.out.push(' ');
        self.write_at(offset, text);
    }

    /// Writes text on the line of this offset.
    fn write_at(&mut self, offset: usize, text: &str) {
        if self.lines_until < offset {
            let breaks = self.source[self.lines_until..offset].matches('\n').count();
            self.out.extend(std::iter::repeat_n('\n', breaks));
            self.lines_until = offset;
        }
        self.out.push_str(text);
    }

    fn peek(&self) -> Option<&Token<'s>> {
        self.tokens.get(self.next).map(|(token, _)| token)
    }

    fn next(&mut self) -> Option<Token<'s>> {
        let token = self.peek().cloned();
        self.next += 1;
        token
    }

    fn skip(&mut self, symbol: &str) -> bool {
        let skips = matches!(self.peek(), Some(Token::Symbol(next)) if *next == symbol);
        self.next += usize::from(skips);
        skips
    }

    fn skip_name(&mut self, name: &str) -> bool {
        let skips = matches!(self.peek(), Some(Token::Name(next)) if *next == name);
        self.next += usize::from(skips);
        skips
    }

    /// A fault at the token that was just read.
    fn fault_before(&self, message: impl Into<String>) -> TemplateFault {
        self.fault(self.next.saturating_sub(1), message)
    }

    /// A fault at the next token.
    fn fault_here(&self, message: impl Into<String>) -> TemplateFault {
        self.fault(self.next, message)
    }

    fn fault(&self, token: usize, message: impl Into<String>) -> TemplateFault {
        let offset = self.tokens.get(token).map_or(self.tag, |(_, offset)| *offset);
        fault_at(self.source, offset, message)
    }
}
