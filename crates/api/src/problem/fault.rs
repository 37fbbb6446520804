//! Single faults of a request, each with its pointer or parameter.

use postrider_configuration::FAULTS_MAX;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Code, Problem};

/// The stable codes of single faults: those of drafts, and those of requests that are refused before a draft
/// exists. URLs add those of `postrider_egress::DestinationError`.
pub mod fault_codes {
    pub use postrider_configuration::codes::*;

    /// A member does not exist here.
    pub const UNKNOWN_MEMBER: &str = "unknown_member";
    /// A replay, or a request to cancel, needs at least one filter.
    pub const FILTER_REQUIRED: &str = "filter_required";
    /// An event type that is not in the catalogue.
    pub const UNKNOWN_EVENT_TYPE: &str = "unknown_event_type";
    /// The account has no automation with this id.
    pub const UNKNOWN_AUTOMATION: &str = "unknown_automation";
    /// The account has no event with this id.
    pub const UNKNOWN_EVENT: &str = "unknown_event";
    /// `data` does not match its type's schema.
    pub const SCHEMA_VIOLATION: &str = "schema_violation";
    /// A query parameter that does not exist.
    pub const UNKNOWN_PARAMETER: &str = "unknown_parameter";
    /// A query parameter that occurs twice.
    pub const REPEATED_PARAMETER: &str = "repeated_parameter";
    /// A query parameter with an invalid value.
    pub const INVALID_PARAMETER: &str = "invalid_parameter";
}

/// A single fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Fault, example = json!({"pointer": "/name", "code": "required", "detail": "this member is required"}))]
pub struct Fault {
    /// Where the fault is in the body, as a JSON pointer (RFC 6901). For a missing or unknown member, it
    /// points to that member.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pointer: Option<String>,
    /// The query parameter at fault, where the fault is not in the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    parameter: Option<String>,
    /// The kind of fault, stable across versions.
    #[schema(value_type = String)]
    code: &'static str,
    /// An explanation for people. Do not parse it.
    detail: String,
}

impl Fault {
    /// A fault of the body, at a JSON pointer.
    pub fn at(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            pointer: Some(pointer.into()),
            parameter: None,
            code,
            detail: detail.into(),
        }
    }

    /// A fault of a query parameter.
    pub fn of_parameter(name: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            pointer: None,
            parameter: Some(name.into()),
            code,
            detail: detail.into(),
        }
    }

    /// The place in the body, as a JSON pointer.
    pub fn pointer(&self) -> Option<&str> {
        self.pointer.as_deref()
    }

    /// The kind of fault.
    pub fn code(&self) -> &'static str {
        self.code
    }

    pub(super) fn prefix_pointer(&mut self, prefix: &str) {
        if let Some(pointer) = &mut self.pointer {
            pointer.insert_str(0, prefix);
        }
    }

    /// The place and the detail, in one line.
    pub(super) fn in_a_line(&self) -> String {
        match (&self.pointer, &self.parameter) {
            (Some(pointer), _) | (_, Some(pointer)) if !pointer.is_empty() => {
                format!("{pointer}: {}", self.detail)
            }
            _ => self.detail.clone(),
        }
    }
}

impl From<postrider_configuration::Fault> for Fault {
    /// A draft has the members of the body, so their pointers are the same.
    fn from(fault: postrider_configuration::Fault) -> Self {
        Self::at(fault.pointer, fault.code, fault.detail)
    }
}

/// Collects the faults of a body, so that its author sees all of them at once, up to [`FAULTS_MAX`] faults.
#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Adds a fault of the body.
    pub fn add(&mut self, pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) {
        self.push(Fault::at(pointer, code, detail));
    }

    /// Adds a fault.
    pub fn push(&mut self, fault: Fault) {
        if self.0.len() < FAULTS_MAX {
            self.0.push(fault);
        }
    }

    /// Adds the fault that `result` holds, if it does.
    pub fn take<T>(&mut self, result: Result<T, Fault>) -> Option<T> {
        result.map_err(|fault| self.push(fault)).ok()
    }

    /// Whether there are no faults so far.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The problem of these faults, if there are any.
    pub fn into_result(self, code: Code) -> Result<(), Problem> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(Problem::of_faults(code, self.0))
    }
}
