//! A compiled template: statements and expressions with every name resolved.
//!
//! Variables are numbered *slots*. The parser knows which variable a name means at each place, so that
//! rendering looks nothing up by name.

use super::filters::Filter;

/// A compiled template.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) body: Vec<Node>,
    /// The number of slots.
    pub(super) slots: usize,
}

/// A statement, or text between tags.
#[derive(Debug)]
pub(super) enum Node {
    /// Text between tags, copied to the output.
    Raw { text: Box<str>, line: usize },
    /// `{{ … }}`
    Print(Expression),
    /// `{% if %}`: the first branch whose condition holds.
    If {
        branches: Vec<(Expression, Vec<Node>)>,
        otherwise: Vec<Node>,
    },
    /// `{% for %}`
    For(Box<For>),
    /// `{% set %}`
    Set { slot: usize, value: Expression },
    /// `{% with %}`: the values are evaluated outside its scope.
    With {
        sets: Vec<(usize, Expression)>,
        scope: Scope,
        body: Vec<Node>,
    },
    /// `{% autoescape "slack" %}`
    Escape { markup: Option<Markup>, body: Vec<Node> },
    /// `{% limit 2000 %}`
    Limit { characters: usize, body: Vec<Node> },
}

/// The slots that a scope declares. They are reset when it is entered: each to the variable of the same name
/// around the scope, or else to "undefined".
pub(super) type Scope = Vec<(usize, Option<usize>)>;

#[derive(Debug)]
pub(super) struct For {
    pub(super) targets: Targets,
    pub(super) items: Expression,
    pub(super) condition: Option<Expression>,
    pub(super) scope: Scope,
    pub(super) body: Vec<Node>,
    pub(super) otherwise: Vec<Node>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Targets {
    One(usize),
    /// The two parts of each element.
    Two(usize, usize),
}

/// The markup of a chat system, whose special characters are escaped in values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Markup {
    Slack,
    Discord,
    GoogleChat,
}

#[derive(Debug)]
pub(super) struct Expression {
    pub(super) line: usize,
    pub(super) form: Form,
}

#[derive(Debug)]
pub(super) enum Form {
    Null,
    Bool(bool),
    /// A number of JSON's grammar.
    Number(Box<str>),
    Text(Box<str>),
    List(Vec<Expression>),
    Map(Vec<(Expression, Expression)>),
    /// The event's `data`.
    Data,
    Event(EventField),
    /// `loop.…` of the loop at this level; the outermost one is 0.
    Loop(usize, LoopField),
    Variable(usize),
    Member(Box<Expression>, Box<str>),
    Item(Box<Expression>, Box<Expression>),
    Slice(Box<Expression>, Option<Box<Expression>>, Option<Box<Expression>>),
    /// A filter with its arguments in the order of its parameters.
    Filter(Filter, Box<Expression>, Vec<Option<Expression>>),
    Test(Test, Box<Expression>, Option<Box<Expression>>),
    Not(Box<Expression>),
    Negate(Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
    Compare(Box<Expression>, Vec<(Comparison, Expression)>),
    Arithmetic(Operator, Box<Expression>, Box<Expression>),
    Concat(Vec<Expression>),
    /// `then if condition else otherwise`
    Conditional(Box<(Expression, Expression)>, Option<Box<Expression>>),
}

#[derive(Debug, Clone, Copy)]
pub(super) enum EventField {
    Id,
    Type,
    Timestamp,
    Account,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum LoopField {
    Index,
    Index0,
    RevIndex,
    RevIndex0,
    First,
    Last,
    Length,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Eq,
    Ne,
    Lt,
    Lte,
    Gt,
    Gte,
    In,
    NotIn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Sub,
    Mul,
    Div,
    FloorDiv,
    Rem,
}

impl Operator {
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::FloorDiv => "//",
            Self::Rem => "%",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Test {
    Defined,
    Undefined,
    None,
    Boolean,
    Number,
    Integer,
    String,
    Sequence,
    Mapping,
    Odd,
    Even,
    DivisibleBy,
}

impl Test {
    /// The test with this name, and whether it takes an argument.
    pub(super) fn find(name: &str) -> Option<(Self, bool)> {
        Some(match name {
            "defined" => (Self::Defined, false),
            "undefined" => (Self::Undefined, false),
            "none" => (Self::None, false),
            "boolean" => (Self::Boolean, false),
            "number" => (Self::Number, false),
            "integer" => (Self::Integer, false),
            "string" => (Self::String, false),
            "sequence" => (Self::Sequence, false),
            "mapping" => (Self::Mapping, false),
            "odd" => (Self::Odd, false),
            "even" => (Self::Even, false),
            "divisibleby" => (Self::DivisibleBy, true),
            _ => return None,
        })
    }
}
