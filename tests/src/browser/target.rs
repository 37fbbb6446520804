//! How a test names an element: as a visitor would, or by a CSS selector.

use serde_json::{Value, json};

/// Names elements of a page. A verb that needs one element requires exactly one visible match.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    kind: Kind,
    name: &'a str,
    scope: Option<&'a str>,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Css,
    Button,
    Link,
    Label,
    Text,
}

/// Elements that match a CSS selector. A plain `&str` means the same.
pub fn css(selector: &str) -> Target<'_> {
    Target::new(Kind::Css, selector)
}

/// The button (`button`, `input`, `summary` or by role) with this accessible name.
pub fn button(name: &str) -> Target<'_> {
    Target::new(Kind::Button, name)
}

/// The link with this accessible name.
pub fn link(name: &str) -> Target<'_> {
    Target::new(Kind::Link, name)
}

/// The form control that this text labels.
pub fn label(name: &str) -> Target<'_> {
    Target::new(Kind::Label, name)
}

/// The innermost element with this text.
pub fn text(text: &str) -> Target<'_> {
    Target::new(Kind::Text, text)
}

impl<'a> Target<'a> {
    fn new(kind: Kind, name: &'a str) -> Self {
        Self {
            kind,
            name,
            scope: None,
        }
    }

    /// Only elements inside one that matches this CSS selector, such as a row of a table.
    #[must_use]
    pub fn within(self, selector: &'a str) -> Self {
        Self {
            scope: Some(selector),
            ..self
        }
    }

    /// The arguments of `find.js`.
    pub(super) fn arguments(self) -> Vec<Value> {
        let kind = match self.kind {
            Kind::Css => "css",
            Kind::Button => "button",
            Kind::Link => "link",
            Kind::Label => "label",
            Kind::Text => "text",
        };
        vec![json!(kind), json!(self.name), json!(self.scope)]
    }
}

impl<'a> From<&'a str> for Target<'a> {
    fn from(selector: &'a str) -> Self {
        css(selector)
    }
}

impl std::fmt::Display for Target<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.kind {
            Kind::Css => write!(out, "{}", self.name)?,
            Kind::Button => write!(out, "the button “{}”", self.name)?,
            Kind::Link => write!(out, "the link “{}”", self.name)?,
            Kind::Label => write!(out, "the field labelled “{}”", self.name)?,
            Kind::Text => write!(out, "the text “{}”", self.name)?,
        }
        match self.scope {
            Some(scope) => write!(out, " within {scope}"),
            None => Ok(()),
        }
    }
}
