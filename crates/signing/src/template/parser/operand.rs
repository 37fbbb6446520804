//! Reads what operators combine: values, their fields, filters and tests.

use super::super::filters;
use super::super::lexer::Token;
use super::super::tree::{EventField, Expression, Form, LoopField, Test};
use super::expression::{Read, boxed};
use super::{Parser, Tall, TemplateFault};

impl<'s> Parser<'s> {
    pub(super) fn primary(&mut self) -> Read {
        let line = self.line_here();
        let form = match self.next() {
            Some(Token::Name(name)) => return self.name(name, line),
            Some(Token::Number(digits)) => match postrider_json::Value::read(digits) {
                Ok(_) => Form::Number(digits.into()),
                Err(_) => return Err(self.fault_before("a number does not begin with 0")),
            },
            Some(Token::Text(text)) => self.text(text.into_owned())?,
            Some(Token::Symbol("(")) => {
                let inner = self.nested(Self::conditional)?;
                self.expect(")")?;
                return Ok(inner);
            }
            Some(Token::Symbol("[")) => return self.list(line),
            Some(Token::Symbol("{")) => return self.map(line),
            Some(_) => return Err(self.fault_before("a value is expected here")),
            None => return Err(self.fault_here("a value is missing at the end of the tag")),
        };
        self.tall(line, form, 0)
    }

    /// Texts side by side are one, as in Python.
    fn text(&mut self, mut text: String) -> Result<Form, TemplateFault> {
        while let Some(Token::Text(more)) = self.peek() {
            text.push_str(more);
            self.next_token += 1;
        }
        Ok(Form::Text(text.into()))
    }

    fn list(&mut self, line: usize) -> Read {
        let (mut items, mut height) = (Vec::new(), 0);
        while !self.skip("]") {
            if !items.is_empty() {
                self.expect(",")?;
                if self.skip("]") {
                    break;
                }
            }
            let item = self.nested(Self::conditional)?;
            height = height.max(item.height);
            items.push(item.expression);
        }
        self.tall(line, Form::List(items), height)
    }

    fn map(&mut self, line: usize) -> Read {
        let (mut pairs, mut height) = (Vec::new(), 0);
        while !self.skip("}") {
            if !pairs.is_empty() {
                self.expect(",")?;
                if self.skip("}") {
                    break;
                }
            }
            let key = self.nested(Self::conditional)?;
            self.expect(":")?;
            let value = self.nested(Self::conditional)?;
            height = height.max(key.height).max(value.height);
            pairs.push((key.expression, value.expression));
        }
        self.tall(line, Form::Map(pairs), height)
    }

    fn name(&mut self, name: &'s str, line: usize) -> Read {
        let form = match name {
            "true" | "True" => Form::Bool(true),
            "false" | "False" => Form::Bool(false),
            "none" | "None" => Form::Null,
            "data" => Form::Data,
            "event" => self.event()?,
            "loop" => self.loop_field()?,
            _ => match self.scopes.find(name) {
                Some(slot) => Form::Variable(slot),
                None if matches!(self.peek(), Some(Token::Symbol("("))) => {
                    return Err(self.fault_before(format!("there is no function `{name}`")));
                }
                None => {
                    return Err(self.fault_before(format!(
                        "there is no variable `{name}`; the event's fields begin with `data.`: `data.{name}`"
                    )));
                }
            },
        };
        self.tall(line, form, 0)
    }

    fn event(&mut self) -> Result<Form, TemplateFault> {
        const FIELDS: &str =
            "`event` has `event.id`, `event.type`, `event.timestamp`, `event.account` and `event.data`";
        if !self.skip(".") {
            return Err(self.fault_before(FIELDS));
        }
        Ok(match self.next() {
            Some(Token::Name("id")) => Form::Event(EventField::Id),
            Some(Token::Name("type")) => Form::Event(EventField::Type),
            Some(Token::Name("timestamp")) => Form::Event(EventField::Timestamp),
            Some(Token::Name("account")) => Form::Event(EventField::Account),
            Some(Token::Name("data")) => Form::Data,
            _ => return Err(self.fault_before(FIELDS)),
        })
    }

    fn loop_field(&mut self) -> Result<Form, TemplateFault> {
        let Some(level) = self.scopes.loops().checked_sub(1) else {
            return Err(self.fault_before("`loop` exists within `{% for %}` only"));
        };
        const FIELDS: &str =
            "`loop` has `index`, `index0`, `revindex`, `revindex0`, `first`, `last` and `length`";
        if !self.skip(".") {
            return Err(self.fault_before(FIELDS));
        }
        let field = match self.next() {
            Some(Token::Name("index")) => LoopField::Index,
            Some(Token::Name("index0")) => LoopField::Index0,
            Some(Token::Name("revindex")) => LoopField::RevIndex,
            Some(Token::Name("revindex0")) => LoopField::RevIndex0,
            Some(Token::Name("first")) => LoopField::First,
            Some(Token::Name("last")) => LoopField::Last,
            Some(Token::Name("length")) => LoopField::Length,
            _ => return Err(self.fault_before(FIELDS)),
        };
        Ok(Form::Loop(level, field))
    }

    /// `.name`, `[…]` and `.items()` after a value.
    pub(super) fn fields(&mut self, mut value: Tall) -> Read {
        loop {
            let line = self.line_here();
            let height = value.height;
            if self.skip(".") {
                let form = match self.next() {
                    Some(Token::Name("items")) if self.skip("(") => {
                        self.expect(")")?;
                        Form::Filter(filters::ITEMS, boxed(value), Vec::new())
                    }
                    Some(Token::Name(name)) if !matches!(self.peek(), Some(Token::Symbol("("))) => {
                        Form::Member(boxed(value), name.into())
                    }
                    Some(Token::Name(name)) => {
                        return Err(self.fault_before(format!(
                            "there is no method `{name}`; there may be a filter: `… | {name}`"
                        )));
                    }
                    Some(Token::Number(digits)) if digits.bytes().all(|digit| digit.is_ascii_digit()) => {
                        let index = self.tall(line, Form::Number(digits.into()), 0)?;
                        Form::Item(boxed(value), boxed(index))
                    }
                    _ => return Err(self.fault_before("the name of a field is missing")),
                };
                value = self.tall(line, form, height)?;
            } else if self.skip("[") {
                value = self.subscript(value, line)?;
            } else if matches!(self.peek(), Some(Token::Symbol("("))) {
                return Err(self.fault_here("there are no functions"));
            } else {
                return Ok(value);
            }
        }
    }

    /// `index]`, `start:stop]`
    fn subscript(&mut self, value: Tall, line: usize) -> Read {
        let mut height = value.height;
        let mut bound = |parser: &mut Self, end: &[&'static str]| -> Result<_, TemplateFault> {
            if matches!(parser.peek(), Some(Token::Symbol(next)) if end.contains(next)) {
                return Ok(None);
            }
            let bound = parser.nested(Self::conditional)?;
            height = height.max(bound.height);
            Ok(Some(boxed(bound)))
        };
        let start = bound(self, &[":"])?;
        let form = match (self.skip(":"), start) {
            (true, start) => Form::Slice(boxed(value), start, bound(self, &["]"])?),
            (false, Some(index)) => Form::Item(boxed(value), index),
            (false, None) => return Err(self.fault_here("an index is missing")),
        };
        self.expect("]")?;
        self.tall(line, form, height)
    }

    pub(super) fn filters(&mut self, mut value: Tall) -> Read {
        loop {
            let line = self.line_here();
            if self.skip("|") {
                value = self.filter(value, line)?;
            } else if self.skip_name("is") {
                value = self.test(value, line)?;
            } else {
                return Ok(value);
            }
        }
    }

    fn test(&mut self, value: Tall, line: usize) -> Read {
        let negated = self.skip_name("not");
        let Some(Token::Name(name)) = self.next() else {
            return Err(self.fault_before("the name of a test is missing, such as `defined`"));
        };
        let Some((test, takes_argument)) = Test::find(name) else {
            return Err(self.fault_before(format!("there is no test `{name}`")));
        };
        let mut height = value.height;
        let argument = match takes_argument {
            true => {
                let argument = self.nested(Self::signed)?;
                height = height.max(argument.height);
                Some(boxed(argument))
            }
            false => None,
        };
        let tested = self.tall(line, Form::Test(test, boxed(value), argument), height)?;
        match negated {
            true => self.tall(line, Form::Not(boxed(tested)), height + 1),
            false => Ok(tested),
        }
    }

    fn filter(&mut self, value: Tall, line: usize) -> Read {
        let Some(Token::Name(name)) = self.next() else {
            return Err(self.fault_before("the name of a filter is missing, such as `upper`"));
        };
        let Some(filter) = filters::find(name) else {
            return Err(self.fault_before(filters::unknown(name)));
        };
        let mut height = value.height;
        let mut arguments: Vec<Option<Expression>> = Vec::new();
        arguments.resize_with(filter.parameters().len(), || None);
        if self.skip("(") {
            let mut position = 0;
            while !self.skip(")") {
                if position > 0 {
                    self.expect(",")?;
                    if self.skip(")") {
                        break;
                    }
                }
                let at = self.parameter(filter, position)?;
                let argument = self.nested(Self::conditional)?;
                height = height.max(argument.height);
                if arguments[at].replace(argument.expression).is_some() {
                    return Err(self.fault_before("this argument is given twice"));
                }
                position += 1;
            }
        }
        if let Some(missing) = (0..filter.required()).find(|&at| arguments[at].is_none()) {
            let parameter = filter.parameters()[missing];
            return Err(self.fault_before(format!("the filter `{name}` needs `{parameter}`")));
        }
        filter
            .check(&arguments)
            .map_err(|message| self.fault_before(message))?;
        self.tall(line, Form::Filter(filter, boxed(value), arguments), height)
    }

    /// Which parameter the next argument is for; consumes `name=`.
    fn parameter(&mut self, filter: filters::Filter, position: usize) -> Result<usize, TemplateFault> {
        let follows = self.tokens.get(self.next_token + 1).map(|(token, _)| token);
        if let (Some(Token::Name(name)), Some(Token::Symbol("="))) = (self.peek(), follows) {
            let Some(at) = filter.parameters().iter().position(|parameter| parameter == name) else {
                return Err(self.fault_here(format!("the filter has no parameter `{name}`")));
            };
            self.next_token += 2;
            return Ok(at);
        }
        match position < filter.parameters().len() {
            true => Ok(position),
            false => Err(self.fault_here("the filter takes fewer arguments")),
        }
    }

    fn expect(&mut self, symbol: &str) -> Result<(), TemplateFault> {
        match self.skip(symbol) {
            true => Ok(()),
            false => Err(self.fault_here(format!("`{symbol}` is missing"))),
        }
    }
}
