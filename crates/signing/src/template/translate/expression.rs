//! Checks and writes expressions.
//!
//! Only what `minijinja` needs to be kept from is looked at: which brackets and names there are, and how many
//! operators. Whether operators and operands stand in a sensible order is left to its parser.

use super::super::filters::{self, Argument, Filter};
use super::super::lexer::Token;
use super::super::tests::Test;
use super::{TemplateFault, Translator};

/// Maximum brackets, signs, `not` and conditions within each other in a tag.
const NESTED_MAX: usize = 40;
/// Maximum operators, fields and filters in a row. `minijinja` nests them in its syntax tree.
const CHAIN_MAX: usize = 100;

type Checked = Result<(), TemplateFault>;

/// Brackets that are open, or a whole tag.
pub(super) struct Frame {
    kind: Kind,
    /// The signs, `not` and conditions so far, since the last comma.
    nested: usize,
    /// The operators so far, since the last comma.
    chained: usize,
    comparison: Chain,
    joined: Chain,
}

/// Operands of comparisons, or of `~`, that become the arguments of one call.
#[derive(Default)]
struct Chain {
    /// Where the first operand begins in the output.
    start: usize,
    /// Whether there is an operator already, so that the call has begun.
    is_call: bool,
}

enum Kind {
    /// The tag itself; whether a comma or an `if` belongs to its statement.
    Tag(bool),
    Group,
    List,
    /// `{`; whether the value of a pair is being read.
    Map(bool),
    Index,
    /// `[start:end]`; whether the end is being read.
    Slice(bool),
    Arguments(Given),
}

/// The arguments of a filter.
struct Given {
    filter: Filter,
    arguments: Vec<Argument>,
    /// The parameter of the argument that is being read.
    parameter: Option<usize>,
}

/// What the token before makes of the next one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expects {
    Operand,
    Operator,
}

impl<'s> Translator<'s> {
    /// Reads an expression up to the end of the tag; if it `is_part` of a statement, to a comma or `if`.
    pub(super) fn expression(&mut self, is_part: bool) -> Checked {
        self.frames.clear();
        self.push(Kind::Tag(is_part))?;
        let mut expects = Expects::Operand;
        while self.peek().is_some() && !(expects == Expects::Operator && self.ends_part()) {
            expects = match expects {
                Expects::Operand => self.operand()?,
                Expects::Operator => self.operator()?,
            };
        }
        if self.frames.len() > 1 {
            return Err(self.fault_here("a bracket is not closed"));
        }
        self.end_chains();
        match expects {
            Expects::Operator => Ok(()),
            Expects::Operand => Err(self.fault_here("a value is missing at the end of the tag")),
        }
    }

    fn ends_part(&self) -> bool {
        let is_end = matches!(
            self.peek(),
            Some(Token::Symbol(",") | Token::Name("if" | "recursive"))
        );
        is_end
            && matches!(
                &self.frames[..],
                [Frame {
                    kind: Kind::Tag(true),
                    ..
                }]
            )
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

    fn number(&mut self, digits: &str) -> Checked {
        if postrider_json::Value::read(digits).is_err() {
            return Err(self.fault_before("a number does not begin with 0"));
        }
        let fits = digits.parse::<i64>().is_ok()
            || digits.contains(['.', 'e', 'E']) && digits.parse().is_ok_and(f64::is_finite);
        match fits {
            true => self.write(digits),
            false => self.write(&format!("__number(\"{digits}\")")),
        }
        Ok(())
    }

    /// Writes a text, and those beside it, which belong to it as in Python.
    fn text(&mut self, text: &str) {
        if let Some(Frame {
            kind: Kind::Arguments(given),
            ..
        }) = self.frames.last_mut()
            && let Some(argument) = given.parameter.and_then(|at| given.arguments.get_mut(at))
            && matches!(argument, Argument::Other(true))
        {
            *argument = Argument::Text(text.into());
        }
        self.write(&quoted(text));
        while let Some(Token::Text(more)) = self.peek().cloned() {
            self.next += 1;
            self.spoil_constant();
            self.write(&quoted(&more));
        }
    }

    fn name(&mut self, name: &'s str) -> Checked {
        if let Some(constant) = constant(name) {
            self.write(constant);
            return Ok(());
        }
        match name {
            "data" => self.write("data"),
            "event" => return self.event(),
            "loop" => return self.loop_field(),
            _ if self.variables.contains(&name) => self.write(name),
            _ if matches!(self.peek(), Some(Token::Symbol("("))) => {
                return Err(self.fault_before(format!("there is no function `{name}`")));
            }
            _ => {
                return Err(self.fault_before(format!(
                    "there is no variable `{name}`; the event's fields begin with `data.`: `data.{name}`"
                )));
            }
        }
        Ok(())
    }

    fn event(&mut self) -> Checked {
        const FIELDS: &str =
            "`event` has `event.id`, `event.type`, `event.timestamp`, `event.account` and `event.data`";
        if !self.skip(".") {
            return Err(self.fault_before(FIELDS));
        }
        match self.next() {
            Some(Token::Name(field @ ("id" | "type" | "timestamp" | "account"))) => {
                self.write(&format!("__{field}"));
            }
            Some(Token::Name("data")) => self.write("data"),
            _ => return Err(self.fault_before(FIELDS)),
        }
        Ok(())
    }

    fn loop_field(&mut self) -> Checked {
        const FIELDS: &str =
            "`loop` has `index`, `index0`, `revindex`, `revindex0`, `first`, `last` and `length`";
        if !self.blocks.iter().any(|block| block.name == "for") {
            return Err(self.fault_before("`loop` exists within `{% for %}` only"));
        }
        if !self.skip(".") {
            return Err(self.fault_before(FIELDS));
        }
        match self.next() {
            Some(Token::Name(
                field @ ("index" | "index0" | "revindex" | "revindex0" | "first" | "last" | "length"),
            )) => self.write(&format!("loop.{field}")),
            _ => return Err(self.fault_before(FIELDS)),
        }
        Ok(())
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

    /// Compares by a function of ours: `a < b == c` becomes `__compare(a, "<", b, "==", c)`. That of `minijinja`
    /// is not paid for, and to it a missing field is less than any number.
    fn compare(&mut self, operator: &str) -> Result<Expects, TemplateFault> {
        self.end_joined();
        if let Some(frame) = self.frames.last_mut()
            && !std::mem::replace(&mut frame.comparison.is_call, true)
        {
            self.out.insert_str(frame.comparison.start, " __compare(");
        }
        self.write(&format!(", \"{operator}\","));
        self.begin_joined();
        Ok(Expects::Operand)
    }

    /// Joins texts by a function of ours, which writes numbers as the event does.
    fn join(&mut self) -> Result<Expects, TemplateFault> {
        if let Some(frame) = self.frames.last_mut()
            && !std::mem::replace(&mut frame.joined.is_call, true)
        {
            self.out.insert_str(frame.joined.start, " __join(");
        }
        self.write(",");
        Ok(Expects::Operand)
    }

    fn is_within_chain(&self) -> bool {
        let frame = self.frames.last();
        frame.is_some_and(|frame| frame.comparison.is_call || frame.joined.is_call)
    }

    fn begin_chains(&mut self) {
        if let Some(frame) = self.frames.last_mut() {
            frame.comparison.start = self.out.len();
        }
        self.begin_joined();
    }

    fn begin_joined(&mut self) {
        if let Some(frame) = self.frames.last_mut() {
            frame.joined.start = self.out.len();
        }
    }

    fn end_chains(&mut self) {
        self.end_joined();
        if let Some(frame) = self.frames.last_mut()
            && std::mem::take(&mut frame.comparison.is_call)
        {
            self.out.push(')');
        }
    }

    fn end_joined(&mut self) {
        if let Some(frame) = self.frames.last_mut()
            && std::mem::take(&mut frame.joined.is_call)
        {
            self.out.push(')');
        }
    }

    /// `,`, `:` and closing brackets.
    fn bracket_or_comma(&mut self, symbol: &str) -> Result<Expects, TemplateFault> {
        self.end_chains();
        let Some(frame) = self.frames.last_mut() else {
            return Err(self.fault_before("the tag has to end here"));
        };
        (frame.nested, frame.chained) = (0, 0);
        match (&mut frame.kind, symbol) {
            (Kind::Group, ")")
            | (Kind::List, "]")
            | (Kind::Map(true), "}")
            | (Kind::Index, "]")
            | (Kind::Slice(true), "]") => {}
            (Kind::Arguments(given), ")") => {
                let checked = given.filter.check(&given.arguments);
                checked.map_err(|message| self.fault_before(message))?;
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
        Ok(Expects::Operator)
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
                // What letters are is not the same there.
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
                Ok(Expects::Operator)
            }
            None => Err(self.fault_before(format!("there is no test `{name}`"))),
        }
    }

    fn filter(&mut self) -> Result<Expects, TemplateFault> {
        let Some(Token::Name(name)) = self.next() else {
            return Err(self.fault_before("the name of a filter is missing, such as `upper`"));
        };
        let Some(filter) = filters::find(name) else {
            return Err(self.fault_before(filters::unknown(name)));
        };
        self.write(&format!("| {name}"));
        let mut arguments = Vec::new();
        arguments.resize_with(filter.parameters().len(), || Argument::Missing);
        if self.skip("(") {
            self.write("(");
            self.push(Kind::Arguments(Given {
                filter,
                arguments,
                parameter: None,
            }))?;
            return Ok(Expects::Operand);
        }
        let checked = filter.check(&arguments);
        checked.map_err(|message| self.fault_before(message))?;
        Ok(Expects::Operator)
    }

    /// At the beginning of a filter's argument: finds its parameter.
    fn begin_argument(&mut self) -> Checked {
        let name = match (self.peek(), self.tokens.get(self.next + 1)) {
            (Some(Token::Name(name)), Some((Token::Symbol("="), _))) => Some(*name),
            _ => None,
        };
        let here = self.next;
        let Some(Frame {
            kind: Kind::Arguments(given),
            ..
        }) = self.frames.last_mut()
        else {
            return Ok(());
        };
        if given.parameter.is_some() {
            return Ok(());
        }
        let parameters = given.filter.parameters();
        let count = given.arguments.iter().filter(|given| given.is_given()).count();
        let at = match name {
            None if count < parameters.len() => count,
            None => return Err(self.fault(here, "the filter takes fewer arguments")),
            Some(name) => match parameters.iter().position(|parameter| *parameter == name) {
                Some(at) => at,
                None => return Err(self.fault(here, format!("the filter has no parameter `{name}`"))),
            },
        };
        if given.arguments[at].is_given() {
            return Err(self.fault(here, "this argument is given twice"));
        }
        given.arguments[at] = Argument::Other(true);
        given.parameter = Some(at);
        if let Some(name) = name {
            self.next += 2;
            self.write(&format!("{name}="));
            self.begin_chains();
        }
        Ok(())
    }

    /// A text with something after it is no constant argument.
    fn spoil_constant_unless_closing(&mut self) {
        if !matches!(self.peek(), Some(Token::Symbol("," | ")"))) {
            self.spoil_constant();
        }
    }

    fn spoil_constant(&mut self) {
        if let Some(Frame {
            kind: Kind::Arguments(given),
            ..
        }) = self.frames.last_mut()
            && let Some(at) = given.parameter
        {
            given.arguments[at] = Argument::Other(false);
        }
    }

    fn push(&mut self, kind: Kind) -> Checked {
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

pub(super) fn is_keyword(name: &str) -> bool {
    matches!(name, "not" | "and" | "or" | "in" | "is" | "if" | "else")
}

pub(super) fn constant(name: &str) -> Option<&'static str> {
    Some(match name {
        "true" | "True" => "true",
        "false" | "False" => "false",
        "none" | "None" => "none",
        _ => return None,
    })
}

/// The text as a literal on one line.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
