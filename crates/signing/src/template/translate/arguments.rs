//! Checks and writes filters with their arguments, so that those that are wrong for every event are faults.

use super::super::filters::{self, Argument, Filter};
use super::super::lexer::Token;
use super::expression::{Expects, Frame, Kind};
use super::{TemplateFault, Translator};

/// The arguments of a filter.
pub(super) struct Given {
    pub(super) filter: Filter,
    pub(super) arguments: Vec<Argument>,
    /// The parameter of the argument that is being read.
    pub(super) parameter: Option<usize>,
}

impl Translator<'_> {
    pub(super) fn filter(&mut self) -> Result<Expects, TemplateFault> {
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
        Ok(Expects::NoField)
    }

    /// At the beginning of a filter's argument: finds its parameter.
    pub(super) fn begin_argument(&mut self) -> Result<(), TemplateFault> {
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
    pub(super) fn spoil_constant_unless_closing(&mut self) {
        if !matches!(self.peek(), Some(Token::Symbol("," | ")"))) {
            self.spoil_constant();
        }
    }

    pub(super) fn spoil_constant(&mut self) {
        if let Some(Frame {
            kind: Kind::Arguments(given),
            ..
        }) = self.frames.last_mut()
            && let Some(at) = given.parameter
        {
            given.arguments[at] = Argument::Other(false);
        }
    }

    /// An argument begins with this text.
    pub(super) fn note_text(&mut self, text: &str) {
        if let Some(Frame {
            kind: Kind::Arguments(given),
            ..
        }) = self.frames.last_mut()
            && let Some(argument) = given.parameter.and_then(|at| given.arguments.get_mut(at))
            && matches!(argument, Argument::Other(true))
        {
            *argument = Argument::Text(text.into());
        }
    }
}
