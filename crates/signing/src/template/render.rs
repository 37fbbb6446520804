//! Executes the statements of a template on an event.

use super::budget::{Budget, Stop, stop};
use super::document::Document;
use super::output::{Limit, Writer};
use super::tree::{Expression, For, Node, Scope, Targets, Tree};
use super::value::Value;
use super::{Template, TemplateEvent};

/// A rendering under way. Expressions are evaluated in `evaluate.rs`.
pub(super) struct Renderer<'a> {
    pub(super) document: Document<'a>,
    pub(super) event: &'a TemplateEvent<'a>,
    pub(super) budget: Budget,
    pub(super) variables: Vec<Value<'a>>,
    /// The loops under way, the outermost first.
    pub(super) loops: Vec<Round>,
    writer: Writer,
    /// Where in the output each printing statement began, and its line, if somebody will ask.
    places: Option<Vec<(usize, usize)>>,
}

/// The current round of a loop.
#[derive(Clone, Copy)]
pub(super) struct Round {
    /// From 0.
    pub(super) index: usize,
    /// Rounds of the loop.
    pub(super) length: usize,
}

/// What a loop goes through.
enum Items<'a> {
    /// Elements of an array of the data: the next entry.
    Elements(usize),
    /// Names of an object of the data: the next entry.
    Names(usize),
    /// Items that the template built.
    Built(Vec<Value<'a>>),
}

impl<'a> Renderer<'a> {
    /// `None` if `data` is not JSON.
    pub(super) fn new(template: &Template, event: &'a TemplateEvent<'a>, notes_places: bool) -> Option<Self> {
        Some(Self {
            document: Document::read(event.data)?,
            event,
            budget: Budget::new(),
            variables: Vec::new(),
            loops: Vec::new(),
            writer: Writer::new(template.kind()),
            places: notes_places.then(Vec::new),
        })
    }

    pub(super) fn run(&mut self, tree: &'a Tree) -> Result<(), Stop> {
        self.variables = vec![Value::Undefined; tree.slots];
        self.nodes(&tree.body)
    }

    /// The output, and where in it each printing statement began.
    pub(super) fn finish(self) -> (String, Vec<(usize, usize)>) {
        (self.writer.finish(), self.places.unwrap_or_default())
    }

    fn nodes(&mut self, nodes: &'a [Node]) -> Result<(), Stop> {
        nodes.iter().try_for_each(|node| self.node(node))
    }

    fn node(&mut self, node: &'a Node) -> Result<(), Stop> {
        self.budget.steps(1)?;
        match node {
            Node::Raw { text, line } => {
                self.note(*line);
                self.budget.work(text.len())?;
                at_line(*line, self.writer.raw(text))
            }
            Node::Print(expression) => self.print(expression),
            Node::If { branches, otherwise } => {
                for (condition, body) in branches {
                    if self.evaluate(condition)?.is_true(&self.document) {
                        return self.nodes(body);
                    }
                }
                self.nodes(otherwise)
            }
            Node::For(statement) => self.for_each(statement),
            Node::Set { slot, value } => {
                self.variables[*slot] = self.evaluate(value)?;
                Ok(())
            }
            Node::With { sets, scope, body } => {
                let values: Vec<_> = sets
                    .iter()
                    .map(|(slot, value)| Ok((*slot, self.evaluate(value)?)))
                    .collect::<Result<_, Stop>>()?;
                self.reset(scope);
                for (slot, value) in values {
                    self.variables[slot] = value;
                }
                self.nodes(body)
            }
            Node::Escape { markup, body } => {
                let outer = std::mem::replace(&mut self.writer.markup, *markup);
                self.nodes(body)?;
                self.writer.markup = outer;
                Ok(())
            }
            Node::Limit { characters, body } => {
                let outer = self.writer.limit.replace(Limit::new(*characters));
                self.nodes(body)?;
                self.writer.limit = outer;
                Ok(())
            }
        }
    }

    fn print(&mut self, expression: &'a Expression) -> Result<(), Stop> {
        self.note(expression.line);
        let value = self.evaluate(expression)?;
        at_line(
            expression.line,
            self.writer.value(&value, &self.document, &self.budget),
        )
    }

    fn note(&mut self, line: usize) {
        let at = self.writer.len();
        if let Some(places) = &mut self.places {
            places.push((at, line));
        }
    }

    fn for_each(&mut self, statement: &'a For) -> Result<(), Stop> {
        let (mut items, mut length) = self.items(&statement.items)?;
        if let Some(condition) = &statement.condition {
            let kept = self.filtered(statement, items, length, condition)?;
            length = kept.len();
            items = Items::Built(kept);
        }
        if length == 0 {
            return self.nodes(&statement.otherwise);
        }
        self.loops.push(Round { index: 0, length });
        for index in 0..length {
            self.begin_round(statement, &mut items, index)?;
            if let Some(round) = self.loops.last_mut() {
                round.index = index;
            }
            self.nodes(&statement.body)?;
        }
        self.loops.pop();
        Ok(())
    }

    /// The items for which the condition holds.
    fn filtered(
        &mut self,
        statement: &'a For,
        mut items: Items<'a>,
        length: usize,
        condition: &'a Expression,
    ) -> Result<Vec<Value<'a>>, Stop> {
        let mut kept = Vec::new();
        for index in 0..length {
            let item = self.begin_round(statement, &mut items, index)?;
            if self.evaluate(condition)?.is_true(&self.document) {
                self.budget.bytes(size_of::<Value<'_>>())?;
                kept.push(item);
            }
        }
        Ok(kept)
    }

    /// Resets the variables of the loop, and sets its targets to the next item.
    fn begin_round(
        &mut self,
        statement: &'a For,
        items: &mut Items<'a>,
        index: usize,
    ) -> Result<Value<'a>, Stop> {
        self.budget.steps(1)?;
        let item = match items {
            Items::Elements(next) => {
                let at = *next;
                *next = self.document.after(at);
                Value::of(&self.document, at, &self.budget)?
            }
            Items::Names(next) => {
                let at = self.document.visible(*next, &self.budget)?;
                *next = self.document.after(at + 1);
                Value::of(&self.document, at, &self.budget)?
            }
            Items::Built(values) => values[index].clone(),
        };
        self.reset(&statement.scope);
        match statement.targets {
            Targets::One(slot) => self.variables[slot] = item.clone(),
            Targets::Two(first, second) => {
                let pair = at_line(statement.items.line, self.pair(&item))?;
                [self.variables[first], self.variables[second]] = pair;
            }
        }
        Ok(item)
    }

    fn reset(&mut self, scope: &Scope) {
        for (slot, outer) in scope {
            self.variables[*slot] = outer.map_or(Value::Undefined, |outer| self.variables[outer].clone());
        }
    }

    /// The items of a loop, and how many there are. A missing field has none.
    fn items(&mut self, expression: &'a Expression) -> Result<(Items<'a>, usize), Stop> {
        let value = self.evaluate(expression)?;
        let items = match &value {
            Value::Undefined | Value::Null => Items::Built(Vec::new()),
            Value::Data(at) => {
                let first = self.document.first(*at);
                let items = match self.document.is_object(*at) {
                    true => Items::Names(first),
                    false => Items::Elements(first),
                };
                return Ok((items, self.document.len(*at)));
            }
            Value::List(list) => {
                self.budget.bytes(list.items.len() * size_of::<Value<'_>>())?;
                Items::Built(list.items.clone())
            }
            Value::Map(map) => {
                self.budget.bytes(map.pairs.len() * size_of::<Value<'_>>())?;
                Items::Built(map.pairs.iter().map(|(key, _)| key.clone()).collect())
            }
            other => {
                let kind = other.kind(&self.document);
                return at_line(expression.line, stop(format!("`for` needs a list, not {kind}")));
            }
        };
        let length = match &items {
            Items::Built(values) => values.len(),
            _ => 0,
        };
        Ok((items, length))
    }

    /// The two parts of an element.
    fn pair(&self, item: &Value<'a>) -> Result<[Value<'a>; 2], Stop> {
        match item {
            Value::List(list) => {
                if let [first, second] = &list.items[..] {
                    return Ok([first.clone(), second.clone()]);
                }
            }
            Value::Data(at) if !self.document.is_object(*at) && self.document.len(*at) == 2 => {
                let first = self.document.first(*at);
                let second = self.document.after(first);
                return Ok([
                    Value::of(&self.document, first, &self.budget)?,
                    Value::of(&self.document, second, &self.budget)?,
                ]);
            }
            _ => {}
        }
        stop("the elements are no pairs; for an object write `for name, value in … | items`")
    }
}

/// Names the line of a stop that has none yet.
pub(super) fn at_line<T>(line: usize, result: Result<T, Stop>) -> Result<T, Stop> {
    result.map_err(|stop| match stop.line {
        0 => Stop { line, ..stop },
        _ => stop,
    })
}
