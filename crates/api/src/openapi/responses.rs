//! The responses that all operations of a kind share.

use http::Method;
use utoipa::IntoParams as _;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder};

use crate::once::{OnceHeader, is_remembered};
use crate::problem::{Code, PROBLEM_JSON};
use crate::route_table::METHODS;

/// Adds to each operation under `/v1` the problems that its kind of operation can return.
pub(super) fn add(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        let operations = [
            &mut item.get,
            &mut item.post,
            &mut item.put,
            &mut item.patch,
            &mut item.delete,
        ];
        for (operation, method) in operations.into_iter().zip(METHODS) {
            if let Some(operation) = operation {
                if path.starts_with("/v1") {
                    add_to(path, operation, &method);
                }
                describe_problems(operation);
            }
        }
    }
}

fn add_to(path: &str, operation: &mut Operation, method: &Method) {
    // A body may be sent, if only an empty object.
    let takes_body = [Method::POST, Method::PUT, Method::PATCH].contains(method);
    let mut codes = vec![
        Code::Unauthorized,
        Code::PermissionDenied,
        Code::RateLimited,
        Code::InvalidQuery,
        Code::InternalError,
        Code::Unavailable,
    ];
    let is_cursor = |parameter: &RefOr<Parameter>| match parameter {
        RefOr::T(parameter) => parameter.parameter_in == ParameterIn::Query && parameter.name == "cursor",
        RefOr::Ref(_) => false,
    };
    let has_cursor = operation.parameters.iter().flatten().any(is_cursor);
    if takes_body {
        codes.extend([
            Code::MalformedJson,
            Code::InvalidUtf8,
            Code::BodyTimeout,
            Code::BodyTooLarge,
            Code::UnsupportedMediaType,
            Code::InvalidBody,
        ]);
    }
    let is_condition = |parameter: &RefOr<Parameter>| match parameter {
        RefOr::T(parameter) => parameter.parameter_in == ParameterIn::Header && parameter.name == "If-Match",
        RefOr::Ref(_) => false,
    };
    if operation.parameters.iter().flatten().any(is_condition) {
        codes.push(Code::PreconditionFailed);
    }
    if method == Method::POST && is_remembered(path) {
        codes.extend([
            Code::InvalidIdempotencyKey,
            Code::RequestInProgress,
            Code::OutcomeUnknown,
            Code::IdempotencyKeyReused,
        ]);
        operation
            .parameters
            .get_or_insert_default()
            .extend(OnceHeader::into_params(|| None).into_iter().map(RefOr::T));
    }
    if has_cursor {
        codes.push(Code::InvalidCursor);
    }
    // They put events into the queue, which a stopping node closes.
    if takes_body
        && ["/events", "/events/batch", "/test"]
            .iter()
            .any(|end| path.ends_with(end))
    {
        codes.push(Code::Stopping);
    }
    codes_of_path(path, &mut codes);
    for code in codes {
        add_code(operation, code);
    }
}

/// What the path can name that does not exist.
fn codes_of_path(path: &str, codes: &mut Vec<Code>) {
    if path.contains("{account}") {
        codes.extend([Code::InvalidId, Code::AccountNotFound]);
    }
    for (object, code) in [
        ("/automations/{id}", Code::AutomationNotFound),
        ("/actions/{action}", Code::ActionNotFound),
        ("/connections/{id}", Code::ConnectionNotFound),
        ("/events/{id}", Code::EventNotFound),
        ("/deliveries/{id}", Code::DeliveryNotFound),
        ("/api-keys/{id}", Code::ApiKeyNotFound),
        ("/portal-links/{id}", Code::PortalLinkNotFound),
        ("/sessions/{id}", Code::SessionNotFound),
    ] {
        if path.contains(object) {
            codes.push(code);
            if !codes.contains(&Code::InvalidId) {
                codes.push(Code::InvalidId);
            }
        }
    }
    if path.contains("/event-types/{name}") {
        codes.extend([Code::InvalidEventType, Code::EventTypeNotFound]);
    }
}

/// A handler describes these responses in words only; they are problem documents like the others.
fn describe_problems(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && status.starts_with(['4', '5'])
            && response.content.is_empty()
        {
            response.content = problem("").content;
        }
    }
}

fn add_code(operation: &mut Operation, code: Code) {
    let status = code.status().as_u16().to_string();
    let line = format!("`{}`: {}.", code.as_str(), code.title());
    match operation.responses.responses.get_mut(&status) {
        Some(RefOr::T(response)) => {
            response.description = format!("{} {line}", response.description);
        }
        _ => {
            operation
                .responses
                .responses
                .insert(status, RefOr::T(problem(&line)));
        }
    }
}

fn problem(description: &str) -> Response {
    let schema = RefOr::Ref(Ref::from_schema_name("Problem"));
    ResponseBuilder::new()
        .description(description)
        .content(PROBLEM_JSON, ContentBuilder::new().schema(Some(schema)).build())
        .build()
}
