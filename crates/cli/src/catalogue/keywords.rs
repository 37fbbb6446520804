//! Which members of a JSON Schema are schemas. A member `$ref` elsewhere, such as in an example, is no
//! reference.

use crate::declared::tree::{Member, Node, Tree};

/// What the value of a keyword is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    /// A schema, or a list of them.
    Schemas,
    /// Schemas by name.
    Map,
    /// Neither.
    Other,
}

fn holds(keyword: &str) -> Holds {
    match keyword {
        "additionalItems"
        | "additionalProperties"
        | "allOf"
        | "anyOf"
        | "contains"
        | "contentSchema"
        | "else"
        | "if"
        | "items"
        | "not"
        | "oneOf"
        | "prefixItems"
        | "propertyNames"
        | "then"
        | "unevaluatedItems"
        | "unevaluatedProperties" => Holds::Schemas,
        "$defs" | "definitions" | "dependencies" | "dependentSchemas" | "patternProperties"
        | "properties" => Holds::Map,
        _ => Holds::Other,
    }
}

/// What to do at each schema that is a map.
pub trait Visit {
    /// Called before its parts. Returns whether these are visited.
    fn enter(&mut self, schema: &mut Node) -> bool;

    /// Called after its parts.
    fn leave(&mut self, schema: &mut Node);
}

/// Visits a schema and all schemas in it. Recurses as deep as a file can nest.
pub fn visit(schema: &mut Node, visitor: &mut impl Visit) {
    if !matches!(schema.tree, Tree::Map(_)) || !visitor.enter(schema) {
        return;
    }
    if let Tree::Map(members) = &mut schema.tree {
        for member in members {
            visit_member(member, visitor);
        }
    }
    visitor.leave(schema);
}

fn visit_member(member: &mut Member, visitor: &mut impl Visit) {
    match (holds(&member.name), &mut member.value.tree) {
        (Holds::Schemas, Tree::List(items)) => items.iter_mut().for_each(|item| visit(item, visitor)),
        (Holds::Schemas, Tree::Map(_)) => visit(&mut member.value, visitor),
        (Holds::Map, Tree::Map(members)) => {
            let values = members.iter_mut().map(|member| &mut member.value);
            values.for_each(|value| visit(value, visitor));
        }
        _ => {}
    }
}

/// The references of a schema, without those of its parts: of `$ref`, and of the `mapping` of OpenAPI's
/// `discriminator`, which need not be references. Whether they must be comes with each.
pub fn references(schema: &mut Node) -> Vec<(&mut Node, bool)> {
    let Tree::Map(members) = &mut schema.tree else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for member in members {
        match member.name.as_str() {
            "$ref" | "$dynamicRef" if member.value.text().is_some() => found.push((&mut member.value, true)),
            "discriminator" => {
                if let Some(Tree::Map(mapping)) =
                    member.value.get_mut("mapping").map(|mapping| &mut mapping.tree)
                {
                    let values = mapping.iter_mut().map(|member| &mut member.value);
                    found.extend(
                        values
                            .filter(|value| value.text().is_some())
                            .map(|value| (value, false)),
                    );
                }
            }
            _ => {}
        }
    }
    found
}

/// Whether references in the schema are relative to its own `$id`, not to the document.
pub fn has_own_base(schema: &Node) -> bool {
    schema.text_of("$id").is_some_and(|id| !id.starts_with('#'))
}
