//! Checks and writes statements, and follows which blocks are open and which variables exist.

use super::super::lexer::{Token, fault_at};
use super::super::output::Markup;
use super::operand::{constant, is_keyword};
use super::{TemplateFault, Translator};

/// Maximum blocks within each other; each `elif` counts as one.
const BLOCKS_MAX: usize = 40;

/// A block that is open.
pub(super) struct Block {
    pub(super) name: &'static str,
    pub(super) tag: usize,
    /// The variables outside.
    variables: usize,
    /// How many `elif` it has so far.
    branches: usize,
    has_else: bool,
}

impl<'s> Translator<'s> {
    pub(super) fn statement(&mut self) -> Result<(), TemplateFault> {
        let name = match self.next() {
            Some(Token::Name(name)) => name,
            _ => return Err(self.fault_before("the name of a statement is missing, such as `if` or `for`")),
        };
        match name {
            "if" => {
                self.open("if", "{% if")?;
                self.expression(&[])
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
            true => self.expression(&[]),
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
        self.expression(&["if", "recursive"])?;
        self.blocks.extend(block);
        self.variables.extend(targets);
        if self.skip_name("if") {
            self.write("if");
            self.in_condition = true;
            self.expression(&[])?;
            self.in_condition = false;
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
        self.expression(&[])?;
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
            self.expression(&[","])?;
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
        let is_taken = is_keyword(name)
            || constant(name).is_some()
            || matches!(name, "data" | "event" | "loop" | "self" | "super")
            || name.starts_with("__");
        match is_taken {
            true => Err(self.fault_before(format!("`{name}` cannot be the name of a variable"))),
            false => Ok(name),
        }
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
