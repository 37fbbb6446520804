//! Reads the statements of a template.
//!
//! The grammar is Jinja's, without what could let a template grow or run without bound: macros, captured
//! blocks, recursion and other templates. Names are resolved here, by Jinja's rules of scope: a `for` and a
//! `with` begin a scope, an `if` does not, and each round of a loop begins with fresh variables.

mod expression;
mod operand;
mod scopes;

use super::TemplateFault;
use super::lexer::{self, Piece, Token, What, fault_at};
use super::tree::{Expression, For, Markup, Node, Targets, Tree};
use scopes::Scopes;

/// Maximum nesting of statements. Rendering recurses as deeply.
const STATEMENTS_DEPTH_MAX: usize = 40;

/// Reads a template.
pub(super) fn parse(source: &str) -> Result<Tree, TemplateFault> {
    let pieces = lexer::split(source)?;
    let mut parser = Parser {
        source,
        line_ends: source.match_indices('\n').map(|(at, _)| at).collect(),
        pieces: &pieces,
        next_piece: 0,
        tokens: Vec::new(),
        next_token: 0,
        tag: 0,
        scopes: Scopes::default(),
        statements_depth: 0,
        depth: 0,
    };
    let (body, _) = parser.body(&[])?;
    Ok(Tree {
        body,
        slots: parser.scopes.slots(),
    })
}

struct Parser<'s> {
    source: &'s str,
    /// Where the line feeds are.
    line_ends: Vec<usize>,
    pieces: &'s [Piece<'s>],
    next_piece: usize,
    /// The tokens of the current tag.
    tokens: Vec<(Token<'s>, usize)>,
    next_token: usize,
    /// Bytes before the code of the current tag.
    tag: usize,
    scopes: Scopes<'s>,
    statements_depth: usize,
    /// Nesting of the expression that is being read.
    depth: usize,
}

impl<'s> Parser<'s> {
    /// Reads statements up to the tag with one of these names, which it consumes up to its name. Without
    /// names, reads to the end.
    fn body(&mut self, ends: &[&'static str]) -> Result<(Vec<Node>, &'static str), TemplateFault> {
        let opened = self.tag;
        let mut nodes = Vec::new();
        while let Some(piece) = self.pieces.get(self.next_piece) {
            self.next_piece += 1;
            match piece.what {
                What::Silent => {}
                What::Literal if piece.inner.is_empty() => {}
                What::Literal => nodes.push(self.raw(piece)),
                What::Print => {
                    self.enter(piece)?;
                    let value = self.expression()?;
                    self.end_of_tag()?;
                    nodes.push(Node::Print(value));
                }
                What::Statement => {
                    self.enter(piece)?;
                    let name = self.statement_name()?;
                    if let Some(end) = ends.iter().find(|end| **end == name) {
                        return Ok((nodes, end));
                    }
                    nodes.push(self.statement(name, piece.inner_offset)?);
                }
            }
        }
        match ends.last() {
            None => Ok((nodes, "")),
            Some(end) => Err(fault_at(
                self.source,
                opened,
                format!("this block is not closed: `{{% {end} %}}` is missing"),
            )),
        }
    }

    fn raw(&self, piece: &Piece<'s>) -> Node {
        // A template whose last line ends like those of every text file does not print that end, as in Jinja.
        let is_last = self.next_piece == self.pieces.len();
        let text = match piece.inner.strip_suffix('\n') {
            Some(text) if is_last => text,
            _ => piece.inner,
        };
        Node::Raw {
            text: text.into(),
            line: self.line_of(piece.inner_offset),
        }
    }

    fn enter(&mut self, piece: &Piece<'s>) -> Result<(), TemplateFault> {
        self.tokens = lexer::tokens(self.source, piece)?;
        self.next_token = 0;
        self.tag = piece.inner_offset;
        Ok(())
    }

    fn statement_name(&mut self) -> Result<&'s str, TemplateFault> {
        match self.next() {
            Some(Token::Name(name)) => Ok(name),
            _ => Err(self.fault_before("the name of a statement is missing, such as `if` or `for`")),
        }
    }

    fn statement(&mut self, name: &str, offset: usize) -> Result<Node, TemplateFault> {
        if self.statements_depth == STATEMENTS_DEPTH_MAX {
            return Err(fault_at(
                self.source,
                offset,
                format!("more than {STATEMENTS_DEPTH_MAX} blocks are nested"),
            ));
        }
        self.statements_depth += 1;
        let node = match name {
            "if" => self.if_block(),
            "for" => self.for_block(),
            "set" => self.set(),
            "with" => self.with_block(),
            "autoescape" => self.escape_block(),
            "limit" => self.limit_block(),
            _ => Err(fault_at(self.source, offset, unknown_statement(name))),
        }?;
        self.statements_depth -= 1;
        Ok(node)
    }

    fn if_block(&mut self) -> Result<Node, TemplateFault> {
        let mut branches = Vec::new();
        let mut otherwise = Vec::new();
        loop {
            let condition = self.expression()?;
            self.end_of_tag()?;
            let (body, end) = self.body(&["elif", "else", "endif"])?;
            branches.push((condition, body));
            if end == "else" {
                self.end_of_tag()?;
                otherwise = self.body(&["endif"])?.0;
            }
            if end != "elif" {
                break;
            }
        }
        self.end_of_tag()?;
        Ok(Node::If { branches, otherwise })
    }

    fn for_block(&mut self) -> Result<Node, TemplateFault> {
        let first = self.new_name()?;
        let second = match self.skip(",") {
            true => Some(self.new_name()?),
            false => None,
        };
        if !self.skip_name("in") {
            return Err(self.fault_here("`in` is missing: `{% for item in data.items %}`"));
        }
        // A condition of the loop follows it, so that `if` here begins no conditional expression.
        let items = self.expression_without_if()?;
        self.scopes.begin(true);
        let first = self.scopes.declare(first);
        let targets = match second {
            None => Targets::One(first),
            Some(second) => Targets::Two(first, self.scopes.declare(second)),
        };
        let condition = match self.skip_name("if") {
            true => Some(self.expression()?),
            false => None,
        };
        if self.skip_name("recursive") {
            return Err(self.fault_before("recursive loops are not supported"));
        }
        self.end_of_tag()?;
        let (body, end) = self.body(&["else", "endfor"])?;
        let scope = self.scopes.end();
        let otherwise = match end {
            "else" => {
                self.end_of_tag()?;
                self.body(&["endfor"])?.0
            }
            _ => Vec::new(),
        };
        self.end_of_tag()?;
        Ok(Node::For(Box::new(For {
            targets,
            items,
            condition,
            scope,
            body,
            otherwise,
        })))
    }

    fn set(&mut self) -> Result<Node, TemplateFault> {
        let name = self.new_name()?;
        if !self.skip("=") {
            return Err(self.fault_here("`=` is missing: `{% set name = value %}` is the only form of `set`"));
        }
        // The name means what it meant before until the value is complete.
        let value = self.expression()?;
        self.end_of_tag()?;
        let slot = self.scopes.declare(name);
        Ok(Node::Set { slot, value })
    }

    fn with_block(&mut self) -> Result<Node, TemplateFault> {
        let mut sets = Vec::new();
        while self.peek().is_some() {
            if !sets.is_empty() && !self.skip(",") {
                return Err(self.fault_here("`,` is missing"));
            }
            let name = self.new_name()?;
            if !self.skip("=") {
                return Err(self.fault_here("`=` is missing: `{% with name = value %}`"));
            }
            sets.push((name, self.expression()?));
        }
        self.scopes.begin(false);
        let declare = |(name, value)| (self.scopes.declare(name), value);
        let sets = sets.into_iter().map(declare).collect();
        let (body, _) = self.body(&["endwith"])?;
        self.end_of_tag()?;
        Ok(Node::With {
            sets,
            scope: self.scopes.end(),
            body,
        })
    }

    fn escape_block(&mut self) -> Result<Node, TemplateFault> {
        let markup = match self.next() {
            Some(Token::Text(name)) => match &*name {
                "slack" => Some(Markup::Slack),
                "discord" => Some(Markup::Discord),
                "google_chat" => Some(Markup::GoogleChat),
                _ => return Err(self.fault_before(ESCAPES)),
            },
            Some(Token::Name("false")) => None,
            _ => return Err(self.fault_before(ESCAPES)),
        };
        self.end_of_tag()?;
        let (body, _) = self.body(&["endautoescape"])?;
        self.end_of_tag()?;
        Ok(Node::Escape { markup, body })
    }

    fn limit_block(&mut self) -> Result<Node, TemplateFault> {
        let characters = match self.next() {
            Some(Token::Number(digits)) => digits.parse().ok().filter(|&characters: &usize| characters > 0),
            _ => None,
        };
        let Some(characters) = characters else {
            return Err(self.fault_before("a number of characters is missing: `{% limit 2000 %}`"));
        };
        self.end_of_tag()?;
        let (body, _) = self.body(&["endlimit"])?;
        self.end_of_tag()?;
        Ok(Node::Limit { characters, body })
    }

    /// A name that a template may give to a variable.
    fn new_name(&mut self) -> Result<&'s str, TemplateFault> {
        match self.next() {
            Some(Token::Name(
                name @ ("data" | "event" | "loop" | "true" | "false" | "none" | "True" | "False" | "None"
                | "not" | "and" | "or" | "in" | "is" | "if" | "else"),
            )) => Err(self.fault_before(format!("`{name}` cannot be the name of a variable"))),
            Some(Token::Name(name)) => Ok(name),
            _ => Err(self.fault_before("the name of a variable is missing")),
        }
    }

    fn end_of_tag(&mut self) -> Result<(), TemplateFault> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.fault_here("the tag has to end here")),
        }
    }

    fn peek(&self) -> Option<&Token<'s>> {
        self.tokens.get(self.next_token).map(|(token, _)| token)
    }

    fn next(&mut self) -> Option<Token<'s>> {
        let token = self.peek().cloned();
        self.next_token += 1;
        token
    }

    fn skip(&mut self, symbol: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Symbol(next)) if *next == symbol);
        self.next_token += usize::from(found);
        found
    }

    fn skip_name(&mut self, name: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Name(next)) if *next == name);
        self.next_token += usize::from(found);
        found
    }

    /// A fault at the next token, or at the end of the tag.
    fn fault_here(&self, message: impl Into<String>) -> TemplateFault {
        let end = || self.tokens.last().map_or(self.tag, |(_, offset)| *offset);
        let offset = self
            .tokens
            .get(self.next_token)
            .map_or_else(end, |(_, offset)| *offset);
        fault_at(self.source, offset, message)
    }

    /// A fault at the token that was read last.
    fn fault_before(&mut self, message: impl Into<String>) -> TemplateFault {
        self.next_token = self.next_token.saturating_sub(1);
        self.fault_here(message)
    }

    fn line_here(&self) -> usize {
        let offset = self
            .tokens
            .get(self.next_token)
            .map_or(self.tag, |(_, offset)| *offset);
        self.line_of(offset)
    }

    fn line_of(&self, offset: usize) -> usize {
        1 + self.line_ends.partition_point(|&end| end < offset)
    }
}

const ESCAPES: &str = "expected \"slack\", \"discord\", \"google_chat\" or false";

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

/// An expression that is being read, with the height of its tree.
struct Tall {
    expression: Expression,
    height: usize,
}
