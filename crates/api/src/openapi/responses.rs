//! The responses that all operations of a kind share.

use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder};

use crate::problem::{Code, PROBLEM_JSON};

/// Adds to each operation under `/v1` the problems that its kind of operation can return.
pub(super) fn add(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        if !path.starts_with("/v1") {
            continue;
        }
        let operations = [
            &mut item.get,
            &mut item.post,
            &mut item.put,
            &mut item.patch,
            &mut item.delete,
        ];
        for operation in operations.into_iter().flatten() {
            add_to(path, operation);
        }
    }
}

fn add_to(path: &str, operation: &mut Operation) {
    let mut codes = vec![
        Code::Unauthorized,
        Code::PermissionDenied,
        Code::RateLimited,
        Code::InternalError,
        Code::Unavailable,
    ];
    let is_query = |parameter: &RefOr<Parameter>| match parameter {
        RefOr::T(parameter) => parameter.parameter_in == ParameterIn::Query,
        RefOr::Ref(_) => false,
    };
    let has_query = operation.parameters.iter().flatten().any(is_query);
    if operation.request_body.is_some() {
        codes.extend([
            Code::MalformedJson,
            Code::InvalidUtf8,
            Code::BodyTimeout,
            Code::BodyTooLarge,
            Code::UnsupportedMediaType,
            Code::InvalidBody,
        ]);
    }
    if has_query {
        codes.extend([Code::InvalidQuery, Code::InvalidCursor]);
    }
    if path.contains("{account}") {
        codes.extend([Code::InvalidId, Code::AccountNotFound]);
    }
    if path.contains("/automations/{id}") {
        codes.push(Code::AutomationNotFound);
    }
    if path.contains("/events/{id}") {
        codes.push(Code::EventNotFound);
    }
    if path.contains("/deliveries/{id}") {
        codes.push(Code::DeliveryNotFound);
    }
    for (object, code) in [
        ("/api-keys/{id}", Code::ApiKeyNotFound),
        ("/portal-links/{id}", Code::PortalLinkNotFound),
        ("/sessions/{id}", Code::SessionNotFound),
    ] {
        if path.contains(object) {
            codes.extend([Code::InvalidId, code]);
        }
    }
    if path.contains("/event-types/{name}") {
        codes.extend([Code::InvalidEventType, Code::EventTypeNotFound]);
    }
    for code in codes {
        add_code(operation, code);
    }
    // A handler describes these responses in words only; they are problem documents like the others.
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
