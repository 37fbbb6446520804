//! How many schemas apply at one place of the data.
//!
//! `allOf`, `anyOf`, `$ref` and their like apply further schemas to the same value. Twenty-seven levels of
//! `allOf: [$ref, $ref]` apply 2^27 of them, and the validator need not look at the data in between. So this
//! is counted when a schema is compiled, and a schema that applies too many is refused. Schemas for the
//! members and items of a value do not count: the validator has to look at the data to get there
//! ([`super::budget`]).
//!
//! References are resolved as the validator resolves them, by the same library. A `$dynamicRef` counts as the
//! most expensive of all schemas that it can lead to.

use std::collections::HashMap;

use jsonschema::Draft;
use referencing::{Registry, Resolver};
use serde_json::{Map, Value};

use super::SchemaError;

/// Maximum schemas that apply at one place. A choice between a hundred kinds of events, each with a dozen
/// schemas, is far below.
const APPLIED_MAX: u64 = 5_000;

/// Maximum of the sum over all places of a schema. The validator looks at this many when it compiles.
const TOTAL_MAX: u64 = 1_000_000;

/// Maximum steps from a schema to the last that applies at the same place. The validator recurses.
const HOPS_MAX: usize = 200;

/// Where the validator bases a document without an id.
const BASE: &str = "json-schema:///";

/// Applicators of a list of schemas at the same place.
const LISTS: [&str; 3] = ["allOf", "anyOf", "oneOf"];

/// Applicators of one schema at the same place.
const SINGLE: [&str; 4] = ["if", "then", "else", "not"];

/// Applicators of schemas by name at the same place.
const BY_NAME: [&str; 2] = ["dependentSchemas", "dependencies"];

/// Applicators of schemas at other places: one schema, or a list.
const BELOW: [&str; 9] = [
    "additionalItems",
    "additionalProperties",
    "contains",
    "items",
    "prefixItems",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
    "contentSchema",
];

/// Applicators of schemas by name at other places.
const BELOW_BY_NAME: [&str; 2] = ["properties", "patternProperties"];

/// Refuses a schema that applies too many schemas at one place. A schema that the library cannot read is left
/// to the validator, which says why.
pub(super) fn check(schema: &Value) -> Result<(), SchemaError> {
    let Ok(registry) = Registry::new()
        .draft(Draft::default().detect(schema))
        .add(BASE, schema)
        .and_then(|builder| builder.prepare())
    else {
        return Ok(());
    };
    let Ok(base) = referencing::uri::from_str(BASE) else {
        return Ok(());
    };
    let Ok(root) = registry.resolver(base).lookup("") else {
        return Ok(());
    };
    let mut walk = Walk::default();
    walk.find_dynamic(root.contents(), root.resolver());
    walk.waiting.push((root.contents(), root.resolver().clone()));
    let mut total: u64 = 0;
    while let Some((schema, resolver)) = walk.waiting.pop() {
        if !walk.seen(schema) {
            total = total.saturating_add(walk.cost(schema, &resolver, 0)?.applied);
        }
    }
    if total > TOTAL_MAX {
        return Err(SchemaError(format!(
            "all schemas together apply more than {TOTAL_MAX} schemas"
        )));
    }
    Ok(())
}

/// What a schema applies at its place.
#[derive(Debug, Clone, Copy)]
struct Cost {
    applied: u64,
    hops: usize,
}

/// A schema and the resolver of its references.
type Place<'r> = (&'r Value, Resolver<'r>);

#[derive(Default)]
struct Walk<'r> {
    /// The cost of a schema by its address, `None` while it is being found.
    costs: HashMap<*const Value, Option<Cost>>,
    /// Schemas at other places, which are still to be looked at.
    waiting: Vec<Place<'r>>,
    /// Where a `$dynamicRef` may lead, by name.
    dynamic: HashMap<&'r str, Vec<Place<'r>>>,
    /// Where a `$recursiveRef` may lead.
    recursive: Vec<Place<'r>>,
}

impl<'r> Walk<'r> {
    fn seen(&self, schema: &'r Value) -> bool {
        self.costs.contains_key(&std::ptr::from_ref(schema))
    }

    fn find_dynamic(&mut self, value: &'r Value, resolver: &Resolver<'r>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.find_dynamic(item, resolver)),
            Value::Object(members) => {
                let resolver = within(value, resolver);
                if let Some(name) = text(members, "$dynamicAnchor") {
                    self.dynamic
                        .entry(name)
                        .or_default()
                        .push((value, resolver.clone()));
                }
                if members.get("$recursiveAnchor") == Some(&Value::Bool(true)) {
                    self.recursive.push((value, resolver.clone()));
                }
                members.values().for_each(|it| self.find_dynamic(it, &resolver));
            }
            _ => {}
        }
    }

    /// The cost of a schema that is reached after so many hops.
    fn cost(&mut self, schema: &'r Value, resolver: &Resolver<'r>, hops: usize) -> Result<Cost, SchemaError> {
        let Value::Object(members) = schema else {
            return Ok(Cost { applied: 1, hops: 0 });
        };
        let address = std::ptr::from_ref(schema);
        let cost = match self.costs.get(&address) {
            Some(Some(known)) => *known,
            Some(None) => {
                return Err(SchemaError(
                    "a reference leads back to its own schema, at the same place of the data".to_owned(),
                ));
            }
            None => {
                if hops > HOPS_MAX {
                    return Err(too_many_hops());
                }
                self.costs.insert(address, None);
                let cost = self.of_members(members, resolver, hops)?;
                self.costs.insert(address, Some(cost));
                cost
            }
        };
        if hops + cost.hops > HOPS_MAX {
            return Err(too_many_hops());
        }
        Ok(cost)
    }

    fn of_members(
        &mut self,
        members: &'r Map<String, Value>,
        resolver: &Resolver<'r>,
        hops: usize,
    ) -> Result<Cost, SchemaError> {
        let mut applied: u64 = 0;
        let mut deepest = 0;
        for (schema, resolver) in at_same_place(members, resolver) {
            let cost = self.cost(schema, &resolver, hops + 1)?;
            applied = applied.saturating_add(cost.applied);
            deepest = deepest.max(cost.hops + 1);
        }
        for targets in self.dynamic_targets(members, resolver) {
            let mut most = 0;
            for (schema, resolver) in targets {
                let cost = self.cost(schema, &resolver, hops + 1)?;
                most = most.max(cost.applied);
                deepest = deepest.max(cost.hops + 1);
            }
            applied = applied.saturating_add(most);
        }
        // To find what is unevaluated, the validator applies the schemas once more.
        if members.contains_key("unevaluatedProperties") || members.contains_key("unevaluatedItems") {
            applied = applied.saturating_mul(2);
        }
        // Each pattern is tried on each member of the data.
        if let Some(Value::Object(patterns)) = members.get("patternProperties") {
            applied = applied.saturating_add(patterns.len() as u64);
        }
        self.wait(members, resolver);
        let applied = applied.saturating_add(1);
        if applied > APPLIED_MAX {
            return Err(SchemaError(format!(
                "more than {APPLIED_MAX} schemas apply at one place of the data"
            )));
        }
        Ok(Cost {
            applied,
            hops: deepest,
        })
    }

    /// The schemas that each dynamic reference may lead to.
    fn dynamic_targets(
        &self,
        members: &'r Map<String, Value>,
        resolver: &Resolver<'r>,
    ) -> Vec<Vec<Place<'r>>> {
        let mut found = Vec::new();
        if let Some(reference) = text(members, "$dynamicRef") {
            let name = reference.rsplit_once('#').map_or("", |(_, name)| name);
            let named = self.dynamic.get(name).into_iter().flatten().cloned();
            found.push(looked_up(reference, resolver).into_iter().chain(named).collect());
        }
        if let Some(reference) = text(members, "$recursiveRef") {
            let anchored = self.recursive.iter().cloned();
            found.push(
                looked_up(reference, resolver)
                    .into_iter()
                    .chain(anchored)
                    .collect(),
            );
        }
        found
    }

    /// Notes the schemas at other places.
    fn wait(&mut self, members: &'r Map<String, Value>, resolver: &Resolver<'r>) {
        for name in BELOW {
            match members.get(name) {
                Some(Value::Array(items)) => self.waiting.extend(entered(items, resolver)),
                Some(schema) => self.waiting.extend(entered([schema], resolver)),
                None => {}
            }
        }
        for name in BELOW_BY_NAME {
            if let Some(Value::Object(schemas)) = members.get(name) {
                self.waiting.extend(entered(schemas.values(), resolver));
            }
        }
    }
}

fn too_many_hops() -> SchemaError {
    SchemaError(format!(
        "more than {HOPS_MAX} schemas refer to each other in a row, at one place of the data"
    ))
}

/// The schemas that apply at the same place, but for dynamic references.
fn at_same_place<'r>(members: &'r Map<String, Value>, resolver: &Resolver<'r>) -> Vec<Place<'r>> {
    let mut found = Vec::new();
    for name in LISTS {
        if let Some(Value::Array(schemas)) = members.get(name) {
            found.extend(entered(schemas, resolver));
        }
    }
    for name in SINGLE {
        found.extend(entered(members.get(name), resolver));
    }
    for name in BY_NAME {
        if let Some(Value::Object(schemas)) = members.get(name) {
            found.extend(entered(schemas.values(), resolver));
        }
    }
    if let Some(reference) = text(members, "$ref") {
        found.extend(looked_up(reference, resolver));
    }
    found
}

fn text<'r>(members: &'r Map<String, Value>, name: &str) -> Option<&'r str> {
    members.get(name).and_then(Value::as_str)
}

/// The schemas, each with the resolver of its own references.
fn entered<'r>(schemas: impl IntoIterator<Item = &'r Value>, resolver: &Resolver<'r>) -> Vec<Place<'r>> {
    let enter = |schema| (schema, within(schema, resolver));
    schemas.into_iter().map(enter).collect()
}

/// The resolver inside of a schema, which may have an id of its own.
fn within<'r>(schema: &'r Value, resolver: &Resolver<'r>) -> Resolver<'r> {
    let resource = Draft::default().detect(schema).create_resource_ref(schema);
    resolver
        .in_subresource(resource)
        .unwrap_or_else(|_| resolver.clone())
}

/// The target of a reference. The validator refuses a schema with one that it cannot resolve.
fn looked_up<'r>(reference: &str, resolver: &Resolver<'r>) -> Option<Place<'r>> {
    let (schema, resolver, _) = resolver.lookup(reference).ok()?.into_inner();
    Some((schema, resolver))
}

#[cfg(test)]
mod tests;
