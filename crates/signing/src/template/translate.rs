//! Checks a template and writes it anew for `minijinja`.
//!
//! `minijinja` bounds what it executes by fuel, with these exceptions, which do not get through here:
//!
//! - Its parser, and what walks its syntax tree, recurse. So blocks, brackets, signs and operators are counted
//!   per tag.
//! - Its own lists can be added and multiplied without being built, and comparing costs nothing beyond their
//!   first level. So `[…]`, `{…}`, `x[…]`, comparisons and `~` become calls of ours, whose values are
//!   [`Item`](super::item::Item)s. There are no tuples, captured blocks, macros and `*arguments`.
//! - `loop` has methods, of which `cycle()` panics. Only its fields are let through.
//!
//! The rest is written token by token, on the same line, and literal text in such a way that `minijinja` finds
//! no tag in it. So nothing that was not checked reaches it, whatever its lexer makes of the source.
//!
//! Names are resolved here, because a name that does not exist is a fault with its place and not an empty
//! message.

mod expression;

use super::TemplateFault;
use super::lexer::{self, Piece, Token, What, fault_at};
use super::output::Markup;
use expression::Frame;

/// Maximum blocks within each other; each `elif` counts as one.
const BLOCKS_MAX: usize = 40;

/// A template on its way.
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
    /// Whether the template notes its lines while it renders.
    notes_lines: bool,
}

/// A block that is open.
struct Block {
    name: &'static str,
    tag: usize,
    /// The variables outside.
    variables: usize,
    /// How many `elif` it has so far.
    branches: usize,
    has_else: bool,
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
                self.note_line(piece.inner_offset);
                self.literal(text);
                self.lines_until = self.lines_until.max(piece.inner_offset + piece.inner.len());
                Ok(())
            }
            What::Print => {
                self.enter(piece)?;
                self.note_line(piece.inner_offset);
                self.out.push_str("{{");
                self.expression(false)?;
                self.leave(piece, " }}")
            }
            What::Statement => {
                self.enter(piece)?;
                self.statement()?;
                self.leave(piece, " %}")
            }
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
        // Of a line break at the end of a template, nothing would be left.
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

    fn statement(&mut self) -> Result<(), TemplateFault> {
        let name = match self.next() {
            Some(Token::Name(name)) => name,
            _ => return Err(self.fault_before("the name of a statement is missing, such as `if` or `for`")),
        };
        match name {
            "if" => {
                self.open("if", "{% if")?;
                self.expression(false)
            }
            "elif" | "else" => self.branch(name),
            "for" => self.for_statement(),
            "set" => self.set(),
            "with" => self.with(),
            "autoescape" => self.autoescape(),
            "limit" => self.limit(),
            _ => match name.strip_prefix("end") {
                Some(block) => self.close(block, name),
                None => Err(self.fault_before(unknown_statement(name))),
            },
        }
    }

    fn open(&mut self, name: &'static str, written: &str) -> Result<(), TemplateFault> {
        self.out.push_str(written);
        self.blocks.push(Block {
            name,
            tag: self.tag,
            variables: self.variables.len(),
            branches: 0,
            has_else: false,
        });
        self.check_blocks()
    }

    fn check_blocks(&self) -> Result<(), TemplateFault> {
        let depth: usize = self.blocks.iter().map(|block| 1 + block.branches).sum();
        match depth <= BLOCKS_MAX {
            true => Ok(()),
            false => Err(fault_at(
                self.source,
                self.tag,
                format!("more than {BLOCKS_MAX} blocks and `elif` are nested"),
            )),
        }
    }

    /// `elif` and `else`.
    fn branch(&mut self, name: &'s str) -> Result<(), TemplateFault> {
        let is_elif = name == "elif";
        let fitting = self
            .blocks
            .last_mut()
            .filter(|block| block.name == "if" || !is_elif && block.name == "for");
        match fitting {
            Some(block) if !block.has_else => {
                block.branches += usize::from(is_elif);
                block.has_else = !is_elif;
            }
            _ => return Err(self.fault_before(format!("`{name}` has no block to belong to"))),
        }
        self.check_blocks()?;
        self.out.push_str("{% ");
        self.out.push_str(name);
        match is_elif {
            true => self.expression(false),
            false => Ok(()),
        }
    }

    fn close(&mut self, block: &str, name: &str) -> Result<(), TemplateFault> {
        match self.blocks.pop() {
            Some(open) if open.name == block => {
                if open.name != "if" {
                    self.variables.truncate(open.variables);
                }
                self.out.push_str(match open.name {
                    "if" => "{% endif",
                    "for" => "{% endfor",
                    "with" => "{% endwith",
                    _ => "{{ __end() }}{% endwith",
                });
                Ok(())
            }
            _ => Err(self.fault_before(unknown_statement(name))),
        }
    }

    fn for_statement(&mut self) -> Result<(), TemplateFault> {
        self.open("for", "{% for")?;
        let mut targets = Vec::new();
        loop {
            targets.push(self.new_name()?);
            if !self.skip(",") {
                break;
            }
            self.write(",");
        }
        if !self.skip_name("in") {
            return Err(self.fault_here("`in` is missing: `{% for item in data.items %}`"));
        }
        self.write("in");
        // The elements are found outside the loop.
        let block = self.blocks.pop();
        self.expression(true)?;
        self.blocks.extend(block);
        self.variables.extend(targets);
        if self.skip_name("if") {
            self.write("if");
            self.expression(false)?;
        }
        if self.skip_name("recursive") {
            return Err(self.fault_before("`recursive` is not supported"));
        }
        Ok(())
    }

    fn set(&mut self) -> Result<(), TemplateFault> {
        self.out.push_str("{% set");
        let name = self.new_name()?;
        if !self.skip("=") {
            return Err(self.fault_before("the only form of `set` is `{% set name = value %}`"));
        }
        self.write("=");
        self.expression(false)?;
        self.variables.push(name);
        Ok(())
    }

    /// The values are evaluated outside the scope, as in Jinja: under other names first.
    fn with(&mut self) -> Result<(), TemplateFault> {
        self.open("with", "{% with")?;
        let mut names = Vec::new();
        while self.peek().is_some() {
            if !names.is_empty() {
                if !self.skip(",") {
                    return Err(self.fault_here("`,` is missing"));
                }
                self.write(",");
            }
            match self.next() {
                Some(Token::Name(name)) => names.push(self.checked_name(name)?),
                _ => return Err(self.fault_before("the name of a variable is missing")),
            }
            if !self.skip("=") {
                return Err(self.fault_here("`=` is missing: `{% with name = value %}`"));
            }
            self.write(&format!("__{} =", names.len()));
            self.expression(true)?;
        }
        for (at, name) in names.iter().enumerate() {
            self.out.push_str(&format!(", {name} = __{}", at + 1));
        }
        self.variables.extend(names);
        Ok(())
    }

    fn autoescape(&mut self) -> Result<(), TemplateFault> {
        let name = match self.next() {
            Some(Token::Text(name)) if Markup::find(&name).is_some() => format!("\"{name}\""),
            Some(Token::Name("false")) => "\"\"".to_owned(),
            _ => {
                return Err(self.fault_before(
                    "`autoescape` takes \"slack\", \"discord\", \"google_chat\" or `false`; JSON is always escaped",
                ));
            }
        };
        self.open("autoescape", &format!("{{% with __block = __autoescape({name})"))
    }

    fn limit(&mut self) -> Result<(), TemplateFault> {
        let characters = match self.next() {
            Some(Token::Number(digits)) => digits.parse().ok().filter(|&characters: &u32| characters > 0),
            _ => None,
        };
        match characters {
            Some(characters) => self.open("limit", &format!("{{% with __block = __limit({characters})")),
            None => Err(self.fault_before("a number of characters is missing: `{% limit 2000 %}`")),
        }
    }

    /// Reads a name that a template may give to a variable.
    fn new_name(&mut self) -> Result<&'s str, TemplateFault> {
        let name = match self.next() {
            Some(Token::Name(name)) => self.checked_name(name)?,
            _ => return Err(self.fault_before("the name of a variable is missing")),
        };
        self.write(name);
        Ok(name)
    }

    fn checked_name(&self, name: &'s str) -> Result<&'s str, TemplateFault> {
        let is_taken = expression::is_keyword(name)
            || expression::constant(name).is_some()
            || matches!(name, "data" | "event" | "loop" | "self" | "super")
            || name.starts_with("__");
        match is_taken {
            true => Err(self.fault_before(format!("`{name}` cannot be the name of a variable"))),
            false => Ok(name),
        }
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

fn unknown_statement(name: &str) -> String {
    match name {
        "elif" | "else" | "endif" | "endfor" | "endwith" | "endautoescape" | "endlimit" | "endraw" => {
            format!("`{name}` has no block to belong to")
        }
        "macro" | "call" | "include" | "import" | "from" | "extends" | "block" | "filter" | "do"
        | "break" | "continue" => format!("`{name}` is not supported"),
        _ => format!("there is no statement `{name}`"),
    }
}
