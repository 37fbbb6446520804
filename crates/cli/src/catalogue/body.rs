//! From the body of a request to the `data` of an event type.
//!
//! A body whose schema has the properties `type` and `data` is an envelope, as Standard Webhooks and
//! CloudEvents have it: the schema of `data` is the event type's. Any other body is `data` itself.

use std::collections::{HashSet, VecDeque};

use super::document::{At, Document};
use super::found::{Fault, Found};
use super::schema::{of_all, self_contained};
use crate::declared::tree::{Member, Node, Tree};

/// Most schemas that apply to one body at once, through `$ref` and `allOf`. Real ones have three or four.
const PARTS_MAX: usize = 100;

/// What a document states of an event, before its body is read.
#[derive(Debug)]
pub struct Told<'a> {
    /// Where.
    pub at: At<'a>,
    /// Its name, unless its body states another.
    pub name: String,
    /// When it happens.
    pub description: Option<&'a Node>,
    /// Whether it is marked as not for customers.
    pub is_internal: bool,
    /// The schema of its body.
    pub body: Option<At<'a>>,
    /// Examples of its body. `None` if nothing is stated: the schema can have some then.
    pub examples: Option<Vec<&'a Node>>,
}

/// Adds the event types of one webhook or message: one, or one for each alternative of its body.
pub fn read<'a>(document: &Document<'a>, told: &Told<'a>, found: &mut Found) {
    if found.is_full() {
        return;
    }
    let parts = match &told.body {
        None => Vec::new(),
        Some(body) => match parts(document, body) {
            Ok(parts) => parts,
            Err(fault) => return found.faults.extend([fault]),
        },
    };
    let body = |parts, is_alternative| Body {
        document,
        told,
        parts,
        is_alternative,
    };
    let Some(list) = alternatives(document, &parts) else {
        let name = constant(document, &parts).unwrap_or_else(|| told.name.clone());
        return body(parts, false).read(name, found);
    };
    for item in list.items() {
        if let Some((name, parts)) = alternative(document, &item) {
            body(parts, true).read(name, found);
        }
    }
}

/// The schemas that all apply where this one does: itself, those that it refers to, and those of `allOf`.
fn parts<'a>(document: &Document<'a>, schema: &At<'a>) -> Result<Vec<At<'a>>, Fault> {
    let mut parts: Vec<At<'a>> = Vec::new();
    let mut seen = HashSet::new();
    let mut waiting = VecDeque::from([schema.clone()]);
    while let Some(at) = waiting.pop_front() {
        if !seen.insert(at.pointer.clone()) {
            continue;
        }
        if parts.len() == PARTS_MAX {
            let message =
                format!("more than {PARTS_MAX} schemas apply to this body, through `$ref` and `allOf`");
            return Err(Fault::at(schema, message));
        }
        document
            .follow_schema(at.clone())
            .map_err(|message| Fault::at(&at, message))?;
        if let Some(reference) = at.node.text_of("$ref") {
            let target = document.resolve(reference);
            waiting.push_back(target.map_err(|message| Fault::at(&at, message))?);
        }
        if let Some(all) = at.member("allOf") {
            waiting.extend(all.items());
        }
        parts.push(at);
    }
    Ok(parts)
}

/// The schemas of a property.
fn property<'a>(parts: &[At<'a>], name: &str) -> Vec<At<'a>> {
    let property = |at: &At<'a>| at.member("properties")?.member(name);
    parts.iter().filter_map(property).collect()
}

fn is_envelope(parts: &[At<'_>]) -> bool {
    ["type", "data"]
        .iter()
        .all(|name| !property(parts, name).is_empty())
}

/// The only value that the property `type` can have.
fn constant<'a>(document: &Document<'a>, parts: &[At<'a>]) -> Option<String> {
    let schemas = property(parts, "type");
    let schemas = schemas
        .iter()
        .filter_map(|at| self::parts(document, at).ok())
        .flatten();
    let mut constants = schemas.filter_map(|at| {
        let values = at.node.get("enum").map(Node::items);
        let constant = at.node.text_of("const");
        constant.or(match values {
            Some([value]) => value.text(),
            _ => None,
        })
    });
    constants.next().map(str::to_owned)
}

/// The list of alternatives of a body, if each of them is an envelope that states its `type`. In any other
/// body, `type` can be that of a part, such as of a means of payment.
fn alternatives<'a>(document: &Document<'a>, all: &[At<'a>]) -> Option<At<'a>> {
    if constant(document, all).is_some() {
        return None;
    }
    let list = |at: &At<'a>| at.member("oneOf").or_else(|| at.member("anyOf"));
    let list = all.iter().find_map(list)?;
    let has_all = list.items().all(|item| alternative(document, &item).is_some());
    (has_all && !list.node.items().is_empty()).then_some(list)
}

/// The name that an alternative states, and its schemas.
fn alternative<'a>(document: &Document<'a>, item: &At<'a>) -> Option<(String, Vec<At<'a>>)> {
    let parts = parts(document, item).ok().filter(|parts| is_envelope(parts))?;
    Some((constant(document, &parts)?, parts))
}

struct Body<'d, 'a> {
    document: &'d Document<'a>,
    told: &'d Told<'a>,
    parts: Vec<At<'a>>,
    /// Whether it is one of several of its webhook or message: what these state is not of this one alone.
    is_alternative: bool,
}

impl<'a> Body<'_, 'a> {
    fn read(&self, name: String, found: &mut Found) {
        if !found.takes_body() {
            return;
        }
        let at = self.parts.first().filter(|_| self.is_alternative);
        let at = at.unwrap_or(&self.told.at);
        if !found.takes_name(at, &name) {
            return;
        }
        let data = self.data();
        let data = match found.or_fault(at, data) {
            Some(data) => data,
            None => return,
        };
        let mut fields = Tree::Map(Vec::new()).at(at.node.place);
        if let Some(description) = self.description() {
            fields.set("description", description.clone());
        }
        if self.told.is_internal {
            fields.set("visible", Tree::Bool(false).at(at.node.place));
        }
        if let Some(example) = self.example(&name, &data) {
            fields.set("example", example.clone());
        }
        let schema = match data.as_slice() {
            [] => None,
            [data] => Some(self_contained(self.document, data, &mut found.budget)),
            all => Some(of_all(self.document, all, &mut found.budget)),
        };
        match schema {
            Some(Ok(schema)) => fields.set("schema", schema),
            Some(Err(faults)) => return found.faults.extend(faults),
            None => {}
        }
        found.add(at, name, fields);
    }

    /// The schemas of `data`; none if nothing is stated.
    fn data(&self) -> Result<Vec<At<'a>>, String> {
        let all = match is_envelope(&self.parts) {
            true => property(&self.parts, "data"),
            false => self.parts.iter().take(1).cloned().collect(),
        };
        let followed = all.into_iter().filter(|at| !is_silent(at.node));
        let followed = followed.map(|at| self.document.follow_schema(at));
        let all = followed.collect::<Result<Vec<_>, _>>()?;
        // The envelope that all events share says that `data` is an object, and no more.
        let some: Vec<_> = all.iter().filter(|at| !is_any_object(at.node)).cloned().collect();
        Ok(if all.len() > 1 && !some.is_empty() {
            some
        } else {
            all
        })
    }

    fn description(&self) -> Option<&'a Node> {
        let own = self.parts.iter().find_map(|at| description(at.node, ""));
        match self.is_alternative {
            true => own.or(self.told.description),
            false => self.told.description,
        }
    }

    fn example(&self, name: &str, data: &[At<'a>]) -> Option<&'a Node> {
        let is_envelope = is_envelope(&self.parts);
        let inner = |body: &'a Node| if is_envelope { body.get("data") } else { Some(body) };
        let stated = self.told.examples.as_deref();
        let of_name = |body: &&&Node| body.text_of("type") == Some(name);
        let own = stated.and_then(|all| {
            all.iter()
                .find(of_name)
                .or(all.first().filter(|_| !self.is_alternative))
        });
        let example = match (own, stated) {
            (Some(body), _) => inner(body),
            (None, Some(_)) if !self.is_alternative => None,
            _ => {
                let of_body = self
                    .parts
                    .iter()
                    .find_map(|at| of_schema(at.node))
                    .and_then(inner);
                let written = property(&self.parts, "data").into_iter().filter(|_| is_envelope);
                let of_data = || {
                    written
                        .chain(data.iter().cloned())
                        .find_map(|at| of_schema(at.node))
                };
                of_body.or_else(of_data)
            }
        };
        example.filter(|example| !example.is_null())
    }
}

/// What a value says about the event of this name. A summary that repeats the name says nothing.
pub fn description<'a>(node: &'a Node, name: &str) -> Option<&'a Node> {
    let stated = |member| {
        node.get(member)
            .filter(|text| !matches!(text.text(), None | Some("")))
    };
    let summary = || stated("summary").filter(|text| text.text() != Some(name));
    stated("description").or_else(summary)
}

/// The example of a schema.
pub fn of_schema(schema: &Node) -> Option<&Node> {
    let first = || schema.get("examples")?.items().first();
    schema.get("example").or_else(first)
}

/// Whether a schema that is written here, not referred to, states nothing.
fn is_silent(schema: &Node) -> bool {
    match &schema.tree {
        Tree::Map(members) => members.iter().all(|member| is_annotation(&member.name)),
        Tree::Bool(accepts_all) => *accepts_all,
        _ => false,
    }
}

/// Whether a schema states at most that the value is an object.
fn is_any_object(schema: &Node) -> bool {
    let says_nothing = |member: &Member| match member.name.as_str() {
        "type" => member.value.text() == Some("object"),
        "additionalProperties" => member.value.is_true(),
        name => is_annotation(name),
    };
    is_silent(schema) || (!schema.members().is_empty() && schema.members().iter().all(says_nothing))
}

fn is_annotation(keyword: &str) -> bool {
    matches!(
        keyword,
        "description" | "title" | "example" | "examples" | "deprecated" | "readOnly" | "writeOnly"
    )
}
