//! The OpenAPI 3.1 document: generated from the handlers, served at `/v1/openapi.json`, committed as
//! `openapi.json`.
//!
//! A handler documents only its own responses. This module adds the responses that all endpoints of a kind
//! share (a missing key, a malformed body, a busy store).

mod bodies;
mod bounds;
pub(crate) mod examples;
mod extensions;
mod names;
mod patterns;
mod responses;
pub(crate) mod shapes;

use serde_json::{Map, Value};
use utoipa::OpenApi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Components, OpenApi as Document, Server};

use crate::problem::{Fault, ProblemDocument, TextPosition};
use crate::routes::statistics::measure::{AccountMeasures, InstallationMeasures};

/// What stands before the name of a schema in a reference.
const SCHEMAS: &str = "#/components/schemas/";

/// The member of the document's text that names the server. [`text`] writes it once; the server replaces it
/// by its own URL.
pub(crate) const SERVER_URL: &str = "\"url\": \"/\"";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Postrider",
        description = "Postrider sends webhooks. You report an event, and Postrider signs it and delivers it to the \
            URL of each action that it triggers.\n\nTimes are RFC 3339 in UTC with milliseconds. Lists are newest first \
            and take `limit` and `cursor`. `PATCH` is JSON Merge Patch (RFC 7396). Errors are problem documents \
            (RFC 9457) with a stable `code`. `{account}` is an account's id or its `uid`. Every response has an \
            `x-request-id` header.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(ProblemDocument, Fault, TextPosition, InstallationMeasures, AccountMeasures)),
    security(("api_key" = [])),
    tags(
        (name = "Accounts", description = "The customers of the company that runs Postrider."),
        (name = "Audit", description = "Who did what, to what, from where."),
        (name = "Access", description = "API keys, portal links and sessions of the console: who may do what."),
        (name = "Master key", description = "The key that seals the secrets in the store."),
        (name = "Signing keys", description = "The keys that receivers verify an account's webhooks with."),
        (name = "Automations", description = "Rules that send webhooks when an event has a certain type."),
        (name = "Connections", description = "How actions authenticate at receivers."),
        (name = "Events", description = "Things that happened in the company's software."),
        (name = "Deliveries", description = "The delivery of one event by one action, with the record of each attempt."),
        (name = "Event types", description = "The installation's catalogue of event types."),
        (name = "Statistics", description = "What was accepted and delivered in each step of time."),
        (name = "Search", description = "What an id or a uid stands for."),
        (name = "Operations", description = "Health checks, metrics and this document.")
    )
)]
struct Frame;

/// The document without its paths.
pub(crate) fn frame() -> Document {
    let mut document = Frame::openapi();
    let scheme = Http::builder()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An API key of the installation."))
        .build();
    document
        .components
        .get_or_insert_with(Components::new)
        .add_security_scheme("api_key", SecurityScheme::Http(scheme));
    document
}

/// The whole document of these routes, in the form that is committed.
pub(crate) fn text(mut document: Document) -> Result<String, serde_json::Error> {
    document.servers = Some(vec![Server::new("/")]);
    responses::add(&mut document);
    bodies::correct(&mut document);
    let mut document = serde_json::to_value(document)?;
    bodies::distinguish_actions(&mut document);
    extensions::add(&mut document);
    names::add(&mut document);
    patterns::add(&mut document);
    bounds::add(&mut document);
    examples::add(&mut document)?;
    sort_extensions(&mut document["paths"]);
    serde_json::to_string_pretty(&document).map(|json| json + "\n")
}

/// Puts the extensions of each operation at its end in the order of their names: utoipa writes them in the
/// order of a hash map, which differs from run to run.
fn sort_extensions(paths: &mut Value) {
    let items = paths.as_object_mut().into_iter().flat_map(Map::values_mut);
    let operations = items.filter_map(Value::as_object_mut).flat_map(Map::values_mut);
    for operation in operations.filter_map(Value::as_object_mut) {
        let names = operation.keys().filter(|name| name.starts_with("x-"));
        let mut names: Vec<String> = names.cloned().collect();
        names.sort_unstable();
        for name in names {
            if let Some(value) = operation.shift_remove(&name) {
                operation.insert(name, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::router::documented_routes;

    fn generated() -> String {
        super::text(documented_routes().into_openapi()).unwrap()
    }

    pub(super) fn document() -> serde_json::Value {
        serde_json::from_str(&generated()).unwrap()
    }

    /// With `UPDATE_GENERATED=1` it rewrites the file instead.
    #[test]
    fn the_committed_document_is_what_the_code_generates() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
        let generated = generated();
        if std::env::var_os("UPDATE_GENERATED").is_some() {
            std::fs::write(path, &generated).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            committed == generated,
            "openapi.json is stale: run the tests with UPDATE_GENERATED=1"
        );
    }

    #[test]
    fn every_operation_has_an_id_a_summary_a_tag_and_responses() {
        let generated = generated();
        let document: serde_json::Value = serde_json::from_str(&generated).unwrap();
        assert_eq!(document["openapi"], "3.1.0");
        let mut ids = std::collections::HashSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let id = operation["operationId"].as_str().unwrap().to_owned();
                assert!(ids.insert(id), "{method} {path}");
                assert!(operation["summary"].is_string(), "{method} {path}");
                assert!(operation["tags"][0].is_string(), "{method} {path}");
                assert!(
                    !operation["responses"].as_object().unwrap().is_empty(),
                    "{method} {path}"
                );
            }
        }
        assert!(ids.len() >= 25);
    }
}
