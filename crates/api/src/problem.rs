//! Errors as callers see them: RFC 9457 problem documents.
//!
//! One type, [`Problem`], one `IntoResponse`. A handler returns `Result<_, Problem>`; the errors of the store
//! and the engine convert with `?`. The details that a 500 hides are in the response's extensions
//! ([`Hidden`]), so that the edge can log it with the request's id.
//!
//! To add a code: extend the tables in `problem/code.rs` and `problem/meaning.rs`, then run the tests with
//! `UPDATE_GENERATED=1`.

mod code;
mod convert;
mod fault;
mod fault_meanings;
mod meaning;
mod pages;

use std::borrow::Cow;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use postrider_json::JsonError;
use postrider_web::wait::whole_seconds;
use serde::Serialize;
use utoipa::ToSchema;

use self::pages::{Placeable, TypeUri};
use crate::rate_limits::Standing;

pub use code::Code;
pub use fault::{Fault, Faults, fault_codes};
pub use fault_meanings::FAULT_MEANINGS;
pub use meaning::Meaning;
pub use pages::ProblemPages;

/// The media type of problem documents (RFC 9457, section 6.1).
pub const PROBLEM_JSON: &str = "application/problem+json";

/// How long a caller should wait after a 503, in seconds.
const RETRY_AFTER_S: &str = "1";

/// Why a request failed, to be sent to the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    code: Code,
    detail: Cow<'static, str>,
    faults: Vec<Fault>,
    position: Option<TextPosition>,
    hidden: Option<Box<str>>,
    /// How long the caller should wait, in seconds.
    retry_after_s: Option<u32>,
    /// The limit that the caller has exceeded.
    standing: Option<Box<Standing>>,
}

/// The position where a body stops being valid JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"line": 3, "column": 7, "offset": 42}))]
pub struct TextPosition {
    /// The line, from 1.
    pub line: usize,
    /// The column, in characters, from 1.
    pub column: usize,
    /// The offset in bytes, from 0.
    pub offset: usize,
}

/// A problem document (RFC 9457). Programs use `code`; people read `detail`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem, example = json!({
    "type": "/docs/errors/invalid_body",
    "title": "The body is valid JSON but not a valid request",
    "status": 422,
    "detail": "/actions/0/urll: unknown member",
    "code": "invalid_body",
    "errors": [{
        "pointer": "/actions/0/urll",
        "code": "unknown_member",
        "detail": "unknown member"
    }]
}))]
pub struct ProblemDocument<'a> {
    /// The address of the page about this kind of problem: `/docs/errors/` and the code, below `public_url`
    /// if that is set. Programs use `code`.
    #[serde(rename = "type")]
    #[schema(value_type = String, format = "uri-reference")]
    kind: TypeUri<'a>,
    /// The kind of problem in words, the same for every problem with this code.
    #[schema(value_type = String)]
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// An explanation of this occurrence, for people. Do not parse it.
    detail: &'a str,
    /// The kind of problem, stable across versions.
    #[schema(schema_with = code::schema)]
    code: &'static str,
    /// The faults found in the body or in the query parameters.
    #[serde(skip_serializing_if = "<[Fault]>::is_empty")]
    errors: &'a [Fault],
    /// The position where the body stops being valid JSON; present only for `malformed_json` and
    /// `invalid_utf8`.
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<TextPosition>,
}

/// The details that a problem hides from the caller, kept in the response's extensions for the log.
#[derive(Debug, Clone)]
pub struct Hidden(pub Box<str>);

impl Problem {
    /// A problem of this kind.
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            detail: detail.into(),
            faults: Vec::new(),
            position: None,
            hidden: None,
            retry_after_s: None,
            standing: None,
        }
    }

    /// Sends the caller a `Retry-After`, rounded up to whole seconds.
    pub fn retry_after(self, time: Duration) -> Self {
        Self {
            retry_after_s: Some(u32::try_from(whole_seconds(time)).unwrap_or(u32::MAX)),
            ..self
        }
    }

    /// Tells the caller which limit it has exceeded.
    pub(crate) fn standing(self, standing: Standing) -> Self {
        Self {
            standing: Some(Box::new(standing)),
            ..self
        }
    }

    /// A problem that consists of these faults, at least one.
    pub fn of_faults(code: Code, faults: Vec<Fault>) -> Self {
        let detail = match faults.as_slice() {
            [only] => only.in_a_line(),
            _ => format!("{} faults were found; `errors` lists them", faults.len()),
        };
        Self {
            faults,
            ..Self::new(code, detail)
        }
    }

    /// A body of the wrong shape, with one fault.
    pub fn body(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self::of_faults(Code::InvalidBody, vec![Fault::at(pointer, code, detail)])
    }

    /// A body that is not valid JSON from this position on.
    pub fn malformed_json(position: TextPosition, what: impl std::fmt::Display) -> Self {
        let TextPosition {
            line, column, offset, ..
        } = position;
        Self {
            position: Some(position),
            ..Self::new(
                Code::MalformedJson,
                format!("{what} at line {line}, column {column} (byte {offset})"),
            )
        }
    }

    /// A body that is not valid UTF-8 from this byte on.
    pub fn invalid_utf8(position: TextPosition) -> Self {
        Self {
            position: Some(position),
            ..Self::new(
                Code::InvalidUtf8,
                format!("the body is not valid UTF-8 at byte {}", position.offset),
            )
        }
    }

    /// A failure whose details the caller must not see. `source` is logged, and not shown.
    pub fn internal(source: impl std::fmt::Display) -> Self {
        Self {
            hidden: Some(source.to_string().into()),
            ..Self::new(
                Code::InternalError,
                "the request failed; the server's log has the reason",
            )
        }
    }

    /// A temporary failure. `source` is logged, and not shown.
    pub fn unavailable(code: Code, detail: &'static str, source: impl std::fmt::Display) -> Self {
        Self {
            hidden: Some(source.to_string().into()),
            ..Self::new(code, detail)
        }
    }

    /// There was no room for a body within the time that one may wait for it.
    pub fn no_room() -> Self {
        Self::unavailable(
            Code::Unavailable,
            "too many large requests are in progress; retry in a moment",
            "no room for a body",
        )
    }

    /// A typical problem of this kind, for the documentation.
    pub fn example(code: Code) -> Self {
        let detail = code.meaning().detail;
        let fault = code
            .meaning()
            .fault
            .map(|(place, fault)| match place.strip_prefix('/') {
                Some(_) => Fault::at(place, fault, detail),
                None => Fault::of_parameter(place, fault, detail),
            });
        let position = TextPosition {
            line: 3,
            column: 7,
            offset: 42,
        };
        let has_position = matches!(code, Code::MalformedJson | Code::InvalidUtf8);
        Self {
            position: has_position.then_some(position),
            ..match fault {
                Some(fault) => Self::of_faults(code, vec![fault]),
                None => Self::new(code, detail),
            }
        }
    }

    /// The kind of problem.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The single faults.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// The position where the body stops being valid JSON, if it does.
    pub fn position(&self) -> Option<TextPosition> {
        self.position
    }

    /// The same problem, with its pointers moved below `prefix` in a larger body.
    #[must_use]
    pub fn within(mut self, prefix: &str) -> Self {
        for fault in &mut self.faults {
            fault.prefix_pointer(prefix);
        }
        if let [only] = self.faults.as_slice() {
            self.detail = only.in_a_line().into();
        }
        self
    }

    /// The document, with the addresses of these pages. For a problem that is part of a larger response; that
    /// of a whole response is placed by the edge.
    pub fn document<'a>(&'a self, pages: ProblemPages<'a>) -> ProblemDocument<'a> {
        ProblemDocument {
            kind: TypeUri(self.code, pages),
            title: self.code.title(),
            status: self.code.status().as_u16(),
            detail: &self.detail,
            code: self.code.as_str(),
            errors: &self.faults,
            position: self.position,
        }
    }

    fn json(&self, pages: ProblemPages<'_>) -> Vec<u8> {
        serde_json::to_vec(&self.document(pages)).unwrap_or_default()
    }
}

impl From<JsonError> for TextPosition {
    fn from(error: JsonError) -> Self {
        Self {
            line: error.line,
            column: error.column,
            offset: error.offset,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(mut self) -> Response {
        let status = self.code.status();
        let hidden = self.hidden.take();
        let standing = self.standing.take();
        let json = self.json(ProblemPages::default());
        let mut response = (status, [(header::CONTENT_TYPE, PROBLEM_JSON)], json).into_response();
        match self.code {
            Code::Unauthorized => {
                let challenge = HeaderValue::from_static("Bearer realm=\"postrider\"");
                response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
            }
            Code::Unavailable | Code::Stopping | Code::NotReady | Code::TooManyListeners => {
                let wait = HeaderValue::from_static(RETRY_AFTER_S);
                response.headers_mut().insert(header::RETRY_AFTER, wait);
            }
            _ => {}
        }
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        if let Some(standing) = standing {
            standing.tell(response.headers_mut());
        }
        if let Some(hidden) = hidden {
            response.extensions_mut().insert(Hidden(hidden));
        }
        response.extensions_mut().insert(Placeable(self.into()));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_document_has_a_code_and_a_readable_detail() {
        let problem =
            Problem::body("/url", fault_codes::REQUIRED, "this member is required").within("/actions/0");
        let json = serde_json::to_value(problem.document(ProblemPages::default())).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "type": "/docs/errors/invalid_body",
                "title": "The body is valid JSON but not a valid request",
                "status": 422,
                "detail": "/actions/0/url: this member is required",
                "code": "invalid_body",
                "errors": [{"pointer": "/actions/0/url", "code": "required", "detail": "this member is required"}],
            })
        );
    }

    #[test]
    fn a_500_hides_its_reason_and_keeps_it_for_the_log() {
        let problem = Problem::internal("disk I/O error in /var/lib");
        let text = serde_json::to_string(&problem.document(ProblemPages::default())).unwrap();
        assert!(!text.contains("disk"));
        let response = problem.into_response();
        assert_eq!(
            &*response.extensions().get::<Hidden>().unwrap().0,
            "disk I/O error in /var/lib"
        );
    }

    #[test]
    fn a_401_has_a_challenge_and_a_503_has_retry_after() {
        let response = Problem::new(Code::Unauthorized, "no key").into_response();
        assert!(response.headers().contains_key(header::WWW_AUTHENTICATE));
        let response = Problem::new(Code::Unavailable, "later").into_response();
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
    }
}
