//! Request bodies that handlers cannot describe by their type alone.

use serde_json::Value;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{Components, Content, OpenApi, Ref, RefOr};

use super::SCHEMAS;

/// What a PATCH calls the schema of an action.
const ACTION_PATCH: &str = "ActionPatch";

/// Corrects the bodies of all operations.
pub(super) fn correct(document: &mut OpenApi) {
    let Some(components) = &mut document.components else {
        return;
    };
    for PathItem { post, patch, .. } in document.paths.paths.values_mut() {
        contents(post).for_each(not_null);
        contents(patch).for_each(|content| partial(content, components));
    }
}

/// An action of a PATCH can have the id of an existing one. An action of a POST has none.
pub(super) fn distinguish_actions(document: &mut Value) {
    let schemas = &mut document["components"]["schemas"];
    let mut action = schemas["ActionInput"].clone();
    let variants = action["oneOf"].as_array_mut().into_iter().flatten();
    for reference in variants.map(|variant| &mut variant["$ref"]) {
        let Some(name) = reference.as_str().and_then(|it| it.strip_prefix(SCHEMAS)) else {
            continue;
        };
        let (name, part) = (
            name.to_owned(),
            format!("{}Patch", name.trim_end_matches("Input")),
        );
        *reference = format!("{SCHEMAS}{part}").into();
        schemas[part] = schemas[&name].clone();
        if let Some(members) = schemas[&name]["properties"].as_object_mut() {
            members.shift_remove("id");
        }
    }
    schemas["AutomationPatch"]["properties"]["actions"]["items"]["$ref"] =
        format!("{SCHEMAS}{ACTION_PATCH}").into();
    schemas[ACTION_PATCH] = action;
    // Null resets it to `{}` (RFC 7396); a POST has no null there.
    for patch in ["AccountPatch", "AutomationPatch"] {
        schemas[patch]["properties"]["metadata"]["type"] = serde_json::json!(["object", "null"]);
    }
    if let Some(schemas) = schemas.as_object_mut() {
        schemas.sort_keys();
    }
}

fn contents(operation: &mut Option<Operation>) -> impl Iterator<Item = &mut Content> {
    let body = operation
        .as_mut()
        .and_then(|operation| operation.request_body.as_mut());
    let body = body.and_then(|body| match body {
        RefOr::T(body) => Some(body),
        RefOr::Ref(_) => None,
    });
    let contents = body.into_iter().flat_map(|body| body.content.values_mut());
    contents.filter_map(|content| match content {
        RefOr::T(content) => Some(content),
        RefOr::Ref(_) => None,
    })
}

/// An optional body may be missing, but not null.
fn not_null(content: &mut Content) {
    if let Some(RefOr::T(Schema::OneOf(one_of))) = &content.schema {
        let reference = one_of
            .items
            .iter()
            .find(|item| matches!(item, RefOr::Ref(_)))
            .cloned();
        content.schema = reference.or(content.schema.take());
    }
}

/// The body of a PATCH has the members of the POST's body, none of them required, so it needs its own schema.
fn partial(content: &mut Content, components: &mut Components) {
    let Some(RefOr::Ref(reference)) = &content.schema else {
        return;
    };
    let Some(name) = reference.ref_location.strip_prefix(SCHEMAS) else {
        return;
    };
    let Some(RefOr::T(Schema::Object(whole))) = components.schemas.get(name) else {
        return;
    };
    let mut part = whole.clone();
    part.required.clear();
    part.description = Some(
        "The members to change (RFC 7396). Null removes a member or resets it to its default.".to_owned(),
    );
    let part_name = format!("{}Patch", name.trim_end_matches("Input"));
    content.schema = Some(RefOr::Ref(Ref::from_schema_name(&part_name)));
    components
        .schemas
        .insert(part_name, RefOr::T(Schema::Object(part)));
}
