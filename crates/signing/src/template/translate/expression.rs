//! Checks and writes expressions.
//!
//! Only what `minijinja` needs to be kept from is looked at: which brackets and names there are, and how many
//! operators. Whether operators and operands stand in a sensible order is left to its parser.

use super::super::lexer::Token;
use super::super::tests::Test;
use super::arguments::Given;
use super::chains::Chain;
use super::operand::{is_keyword, quoted};
use super::{TemplateFault, Translator};

/// Maximum brackets, signs, `not` and conditions within each other in a tag.
const NESTED_MAX: usize = 40;
/// Maximum operators, fields and filters in a row. `minijinja` nests them in its syntax tree.
const CHAIN_MAX: usize = 100;

type Checked = Result<(), TemplateFault>;

/// Brackets that are open, or a whole tag.
pub(super) struct Frame {
    pub(super) kind: Kind,
    /// The signs, `not` and conditions so far, since the last comma.
    nested: usize,
    /// The operators so far, since the last comma.
    chained: usize,
    pub(super) comparison: Chain,
    pub(super) joined: Chain,
}

pub(super) enum Kind {
    /// The tag itself, or the part of it that ends before one of these tokens.
    Tag(&'static [&'static str]),
    Group,
    List,
    /// `{`; whether the value of a pair is being read.
    Map(bool),
    Index,
    /// `[start:end]`; whether the end is being read.
    Slice(bool),
    Arguments(Given),
}

/// What the token before makes of the next one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Expects {
    Operand,
    /// A field, or any other operator.
    Operator,
    /// An operator; no field follows a filter or a test.
    NoField,
}

impl Translator<'_> {
    /// Reads an expression to the end of the tag, or to one of these tokens.
    pub(super) fn expression(&mut self, ends: &'static [&'static str]) -> Checked {
        self.frames.clear();
        self.push(Kind::Tag(ends))?;
        let mut expects = Expects::Operand;
        while self.peek().is_some() && (expects == Expects::Operand || !self.ends_part()) {
            expects = match expects {
                Expects::Operand => self.operand()?,
                Expects::NoField if matches!(self.peek(), Some(Token::Symbol("." | "["))) => {
                    return Err(self.fault_here("the tag has to end here"));
                }
                Expects::Operator | Expects::NoField => self.operator()?,
            };
        }
        if self.frames.len() > 1 {
            return Err(self.fault_here("a bracket is not closed"));
        }
        self.end_chains();
        match expects {
            Expects::Operator | Expects::NoField => Ok(()),
            Expects::Operand => Err(self.fault_here("a value is missing at the end of the tag")),
        }
    }

    fn ends_part(&self) -> bool {
        match (&self.frames[..], self.peek()) {
            (
                [
                    Frame {
                        kind: Kind::Tag(ends),
                        ..
                    },
                ],
                Some(Token::Symbol(next) | Token::Name(next)),
            ) => ends.contains(next),
            _ => false,
        }
    }

    fn operand(&mut self) -> Result<Expects, TemplateFault> {
        if let Some(end) = self.closes_empty() {
            return end;
        }
        self.begin_argument()?;
        match self.next() {
            Some(Token::Symbol("-")) => {
                self.count(1, 0)?;
                self.write("-");
                return Ok(Expects::Operand);
            }
            Some(Token::Name("not")) if !self.is_within_chain() => {
                self.count(1, 0)?;
                self.write("not");
                self.begin_chains();
                return Ok(Expects::Operand);
            }
            Some(Token::Symbol("(")) => {
                self.write("(");
                self.push(Kind::Group)?;
                return Ok(Expects::Operand);
            }
            Some(Token::Symbol("[")) => {
                self.write("__list(");
                self.push(Kind::List)?;
                return Ok(Expects::Operand);
            }
            Some(Token::Symbol("{")) => {
                self.write("__map(");
                self.push(Kind::Map(false))?;
                return Ok(Expects::Operand);
            }
            Some(Token::Number(digits)) => self.number(digits)?,
            Some(Token::Text(text)) => self.text(&text),
            Some(Token::Name(name)) if !is_keyword(name) => self.name(name)?,
            Some(Token::Symbol("**" | "*")) => return Err(self.fault_before("the tag has to end here")),
            _ => return Err(self.fault_before("a value is expected here")),
        }
        Ok(Expects::Operator)
    }

    /// Closes brackets with nothing in them, or nothing after the last comma.
    fn closes_empty(&mut self) -> Option<Result<Expects, TemplateFault>> {
        let (Some(Token::Symbol(symbol)), Some(frame)) = (self.peek().cloned(), self.frames.last()) else {
            return None;
        };
        let closes = match frame.kind {
            Kind::List => symbol == "]",
            Kind::Map(is_value) => symbol == "}" && !is_value,
            Kind::Slice(is_end) => symbol == if is_end { "]" } else { ":" },
            Kind::Arguments(_) => symbol == ")",
            Kind::Tag(_) | Kind::Group | Kind::Index => false,
        };
        if !closes {
            return match (symbol, &frame.kind) {
                ("]", Kind::Index) => Some(Err(self.fault_here("an index is missing"))),
                _ => None,
            };
        }
        match self.frames.last_mut().map(|frame| &mut frame.kind) {
            Some(Kind::Slice(_)) => self.out.push_str(" none"),
            Some(Kind::Map(is_value)) => *is_value = true,
            _ => {}
        }
        Some(self.operator())
    }

    /// What follows an operand: an operator, a field, a filter, or the end of brackets.
    fn operator(&mut self) -> Result<Expects, TemplateFault> {
        self.spoil_constant_unless_closing();
        self.count(0, 1)?;
        match self.next() {
            Some(Token::Symbol(".")) => self.field(),
            Some(Token::Symbol("[")) => {
                let is_slice = self.is_slice();
                self.write(if is_slice { ".__slice(" } else { ".__item(" });
                self.push(if is_slice { Kind::Slice(false) } else { Kind::Index })?;
                Ok(Expects::Operand)
            }
            Some(Token::Symbol("(")) => Err(self.fault_before("there are no functions")),
            Some(Token::Symbol("|")) => self.filter(),
            Some(Token::Symbol("=")) => Err(self.fault_before("the tag has to end here")),
            Some(Token::Symbol(symbol @ ("*" | "/" | "//" | "%"))) => {
                self.write(symbol);
                Ok(Expects::Operand)
            }
            Some(Token::Symbol(symbol @ ("+" | "-"))) => {
                self.end_joined();
                self.write(symbol);
                self.begin_joined();
                Ok(Expects::Operand)
            }
            Some(Token::Symbol("~")) => self.join(),
            Some(Token::Symbol(symbol @ ("==" | "!=" | "<" | ">" | "<=" | ">="))) => self.compare(symbol),
            Some(Token::Name("in")) => self.compare("in"),
            Some(Token::Name("not")) if self.skip_name("in") => self.compare("not in"),
            Some(Token::Symbol(symbol)) => self.bracket_or_comma(symbol),
            Some(Token::Name("is")) => self.test(),
            Some(Token::Name(name @ ("and" | "or" | "if" | "else"))) => {
                self.count(usize::from(matches!(name, "if" | "else")), 0)?;
                self.end_chains();
                self.write(name);
                self.begin_chains();
                Ok(Expects::Operand)
            }
            _ => Err(self.fault_before("the tag has to end here")),
        }
    }

    /// `,`, `:` and closing brackets.
    fn bracket_or_comma(&mut self, symbol: &str) -> Result<Expects, TemplateFault> {
        self.end_chains();
        let Some(frame) = self.frames.last_mut() else {
            return Err(self.fault_before("the tag has to end here"));
        };
        (frame.nested, frame.chained) = (0, 0);
        let mut after = Expects::Operator;
        match (&mut frame.kind, symbol) {
            (Kind::Group, ")")
            | (Kind::List, "]")
            | (Kind::Map(true), "}")
            | (Kind::Index, "]")
            | (Kind::Slice(true), "]") => {}
            (Kind::Arguments(given), ")") => {
                let checked = given.filter.check(&given.arguments);
                checked.map_err(|message| self.fault_before(message))?;
                after = Expects::NoField;
            }
            (Kind::List, ",") => return Ok(self.next_part()),
            (Kind::Arguments(given), ",") => {
                given.parameter = None;
                return Ok(self.next_part());
            }
            (Kind::Map(is_value @ true), ",")
            | (Kind::Map(is_value @ false), ":")
            | (Kind::Slice(is_value @ false), ":") => {
                *is_value = !*is_value;
                return Ok(self.next_part());
            }
            _ => return Err(self.fault_before("the tag has to end here")),
        }
        self.write(")");
        self.frames.pop();
        Ok(after)
    }

    fn next_part(&mut self) -> Expects {
        self.write(",");
        self.begin_chains();
        Expects::Operand
    }

    /// Whether there is a colon before the bracket that was just opened is closed.
    fn is_slice(&self) -> bool {
        let mut depth = 0_usize;
        for (token, _) in &self.tokens[self.next..] {
            match token {
                Token::Symbol("[" | "(" | "{") => depth += 1,
                Token::Symbol("]" | ")" | "}") if depth == 0 => return false,
                Token::Symbol("]" | ")" | "}") => depth -= 1,
                Token::Symbol(":") if depth == 0 => return true,
                _ => {}
            }
        }
        false
    }

    fn field(&mut self) -> Result<Expects, TemplateFault> {
        match self.next() {
            Some(Token::Name("items")) if self.skip("(") => {
                if !self.skip(")") {
                    return Err(self.fault_here("`)` is missing"));
                }
                self.write(".__items()");
            }
            Some(Token::Name(name)) if matches!(self.peek(), Some(Token::Symbol("("))) => {
                return Err(self.fault_before(format!(
                    "there is no method `{name}`; there may be a filter: `… | {name}`"
                )));
            }
            Some(Token::Name(name)) => match name.is_ascii() {
                true => self.write(&format!(".{name}")),
                // minijinja and our lexer differ in what counts as a letter.
                false => self.write(&format!(".__item({})", quoted(name))),
            },
            Some(Token::Number(digits)) if digits.parse::<u32>().is_ok() => {
                self.write(&format!(".__item({digits})"));
            }
            _ => return Err(self.fault_before("the name of a field is missing")),
        }
        Ok(Expects::Operator)
    }

    fn test(&mut self) -> Result<Expects, TemplateFault> {
        self.write("is");
        if self.skip_name("not") {
            self.count(1, 0)?;
            self.write("not");
        }
        let Some(Token::Name(name)) = self.next() else {
            return Err(self.fault_before("the name of a test is missing, such as `defined`"));
        };
        match Test::find(name) {
            Some((_, true)) => {
                self.count(1, 0)?;
                self.write(name);
                Ok(Expects::Operand)
            }
            // Otherwise the next operand would be its argument.
            Some((_, false)) => {
                self.write(&format!("{name}()"));
                Ok(Expects::NoField)
            }
            None => Err(self.fault_before(format!("there is no test `{name}`"))),
        }
    }

    pub(super) fn push(&mut self, kind: Kind) -> Checked {
        self.frames.push(Frame {
            kind,
            nested: 0,
            chained: 0,
            comparison: Chain::default(),
            joined: Chain::default(),
        });
        self.begin_chains();
        self.count(0, 0)
    }

    /// Counts what is nested and chained in the innermost brackets, and checks the bounds.
    fn count(&mut self, nested: usize, chained: usize) -> Checked {
        if let Some(frame) = self.frames.last_mut() {
            frame.nested += nested;
            frame.chained += chained;
        }
        let nested = self.frames.iter().map(|frame| frame.nested + 1).sum::<usize>() - 1;
        if nested > NESTED_MAX {
            return Err(self.fault_before(format!("more than {NESTED_MAX} brackets and signs are nested")));
        }
        match self.frames.iter().map(|frame| frame.chained).sum::<usize>() > CHAIN_MAX {
            true => Err(self.fault_before(format!("more than {CHAIN_MAX} operators are in a row"))),
            false => Ok(()),
        }
    }
}
