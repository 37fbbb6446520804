//! Reads expressions, with Jinja's precedence.

use super::super::lexer::Token;
use super::super::tree::{Comparison, Expression, Form, Operator};
use super::{Parser, Tall, TemplateFault};

/// Maximum nesting of parentheses, lists and signs. Reading recurses as deeply.
const EXPRESSIONS_DEPTH_MAX: usize = 40;

/// Maximum height of an expression's tree: `a.b.c.d` is one of height 4. Evaluating recurses as deeply.
const HEIGHT_MAX: usize = 100;

pub(super) type Read = Result<Tall, TemplateFault>;

impl<'s> Parser<'s> {
    pub(super) fn expression(&mut self) -> Result<Expression, TemplateFault> {
        Ok(self.conditional()?.expression)
    }

    pub(super) fn expression_without_if(&mut self) -> Result<Expression, TemplateFault> {
        Ok(self.or()?.expression)
    }

    /// Reads one level deeper.
    pub(super) fn nested(&mut self, read: fn(&mut Self) -> Read) -> Read {
        if self.depth == EXPRESSIONS_DEPTH_MAX {
            return Err(self.fault_here(format!("more than {EXPRESSIONS_DEPTH_MAX} levels are nested")));
        }
        self.depth += 1;
        let inner = read(self);
        self.depth -= 1;
        inner
    }

    pub(super) fn tall(&self, line: usize, form: Form, height_of_parts: usize) -> Read {
        let height = height_of_parts + 1;
        if height > HEIGHT_MAX {
            return Err(self.fault_here("the expression is too long; divide it with `{% set %}`"));
        }
        Ok(Tall {
            expression: Expression { line, form },
            height,
        })
    }

    pub(super) fn conditional(&mut self) -> Read {
        let then = self.or()?;
        let line = self.line_here();
        if !self.skip_name("if") {
            return Ok(then);
        }
        let condition = self.or()?;
        let otherwise = match self.skip_name("else") {
            true => Some(self.nested(Self::conditional)?),
            false => None,
        };
        let height = then
            .height
            .max(condition.height)
            .max(otherwise.as_ref().map_or(0, |it| it.height));
        let form = Form::Conditional(
            Box::new((then.expression, condition.expression)),
            otherwise.map(|it| Box::new(it.expression)),
        );
        self.tall(line, form, height)
    }

    fn or(&mut self) -> Read {
        let mut left = self.and()?;
        while self.skip_name("or") {
            let line = self.line_here();
            let right = self.and()?;
            let height = left.height.max(right.height);
            left = self.tall(line, Form::Or(boxed(left), boxed(right)), height)?;
        }
        Ok(left)
    }

    fn and(&mut self) -> Read {
        let mut left = self.not()?;
        while self.skip_name("and") {
            let line = self.line_here();
            let right = self.not()?;
            let height = left.height.max(right.height);
            left = self.tall(line, Form::And(boxed(left), boxed(right)), height)?;
        }
        Ok(left)
    }

    fn not(&mut self) -> Read {
        let line = self.line_here();
        if self.skip_name("not") {
            let inner = self.nested(Self::not)?;
            let height = inner.height;
            return self.tall(line, Form::Not(boxed(inner)), height);
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Read {
        let first = self.sum()?;
        let line = self.line_here();
        let mut height = first.height;
        let mut rest = Vec::new();
        while let Some(comparison) = self.comparison_sign() {
            let right = self.sum()?;
            height = height.max(right.height);
            rest.push((comparison, right.expression));
        }
        match rest.is_empty() {
            true => Ok(first),
            false => self.tall(line, Form::Compare(boxed(first), rest), height),
        }
    }

    fn comparison_sign(&mut self) -> Option<Comparison> {
        for (symbol, comparison) in [
            ("==", Comparison::Eq),
            ("!=", Comparison::Ne),
            ("<=", Comparison::Lte),
            (">=", Comparison::Gte),
            ("<", Comparison::Lt),
            (">", Comparison::Gt),
        ] {
            if self.skip(symbol) {
                return Some(comparison);
            }
        }
        if self.skip_name("in") {
            return Some(Comparison::In);
        }
        let follows = self.tokens.get(self.next_token + 1).map(|(token, _)| token);
        if matches!(self.peek(), Some(Token::Name("not"))) && matches!(follows, Some(Token::Name("in"))) {
            self.next_token += 2;
            return Some(Comparison::NotIn);
        }
        None
    }

    fn sum(&mut self) -> Read {
        self.arithmetic(&[("+", Operator::Add), ("-", Operator::Sub)], Self::concat)
    }

    fn concat(&mut self) -> Read {
        let first = self.product()?;
        let line = self.line_here();
        let mut height = first.height;
        let mut parts = vec![first.expression];
        while self.skip("~") {
            let part = self.product()?;
            height = height.max(part.height);
            parts.push(part.expression);
        }
        match <[Expression; 1]>::try_from(parts) {
            Ok([expression]) => Ok(Tall { expression, height }),
            Err(parts) => self.tall(line, Form::Concat(parts), height),
        }
    }

    fn product(&mut self) -> Read {
        let operators = [
            ("*", Operator::Mul),
            ("//", Operator::FloorDiv),
            ("/", Operator::Div),
            ("%", Operator::Rem),
        ];
        self.arithmetic(&operators, Self::unary)
    }

    fn arithmetic(&mut self, operators: &[(&str, Operator)], part: fn(&mut Self) -> Read) -> Read {
        let mut left = part(self)?;
        loop {
            let line = self.line_here();
            let Some((_, operator)) = operators.iter().find(|(symbol, _)| self.skip(symbol)) else {
                return Ok(left);
            };
            let right = part(self)?;
            let height = left.height.max(right.height);
            left = self.tall(
                line,
                Form::Arithmetic(*operator, boxed(left), boxed(right)),
                height,
            )?;
        }
    }

    /// A value with its sign, fields, filters and tests. As in Jinja, a filter applies to the signed value.
    fn unary(&mut self) -> Read {
        let value = self.signed()?;
        self.filters(value)
    }

    pub(super) fn signed(&mut self) -> Read {
        let line = self.line_here();
        if self.skip("-") {
            let inner = self.nested(Self::signed)?;
            let height = inner.height;
            return self.tall(line, Form::Negate(boxed(inner)), height);
        }
        if self.skip("+") {
            return self.nested(Self::signed);
        }
        let value = self.primary()?;
        self.fields(value)
    }
}

pub(super) fn boxed(tall: Tall) -> Box<Expression> {
    Box::new(tall.expression)
}
