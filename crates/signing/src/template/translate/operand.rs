//! Checks and writes what stands between operators: numbers, texts and names.

use super::super::lexer::Token;
use super::{TemplateFault, Translator};

type Checked = Result<(), TemplateFault>;

impl<'s> Translator<'s> {
    pub(super) fn number(&mut self, digits: &str) -> Checked {
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
    pub(super) fn text(&mut self, text: &str) {
        self.note_text(text);
        self.write(&quoted(text));
        while let Some(Token::Text(more)) = self.peek().cloned() {
            self.next += 1;
            self.spoil_constant();
            self.write(&quoted(&more));
        }
    }

    pub(super) fn name(&mut self, name: &'s str) -> Checked {
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
        // Elements are chosen before the loop begins. minijinja would take the `loop` of an outer loop.
        if self.in_condition {
            return Err(self.fault_before(
                "the condition of a `for` cannot use `loop`; write an `{% if %}` within the loop",
            ));
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
pub(super) fn quoted(text: &str) -> String {
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
