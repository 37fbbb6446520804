//! The errors of the store and the engine as problems.

use postrider_configuration::{ConfigureError, ROTATIONS_PER_MINUTE};
use postrider_engine::{
    AcceptError, CancelError, OPERATIONAL_TYPE, Rejection, ReplayError, SendMissedError, TESTS_PER_MINUTE,
};
use postrider_figures::{ContentsError, ExportError, NoRoom};
use postrider_json::JsonErrorKind;
use postrider_model::automation::AUTOMATIONS_MAX;
use postrider_model::event::DELIVER_AT_AHEAD_MAX;
use postrider_storage::StoreError;

use super::{Code, Fault, Problem, fault_codes};
use crate::routes::automations::automation_not_found;

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Busy => Self::unavailable(
                Code::Unavailable,
                "the write queue is full; retry in a moment",
                error,
            ),
            StoreError::Unavailable(_) => Self::unavailable(
                Code::Unavailable,
                "the store is unavailable; nothing was changed",
                error,
            ),
            StoreError::Internal(_) => Self::internal(error),
        }
    }
}

impl Problem {
    /// The problem of a configuration change that failed. `missing` is the problem of an object that does not
    /// exist.
    pub fn of_configuring(error: ConfigureError, missing: impl FnOnce() -> Self) -> Self {
        match error {
            ConfigureError::Faults(faults) => {
                Self::of_faults(Code::InvalidBody, faults.into_iter().map(Fault::from).collect())
            }
            ConfigureError::Missing => missing(),
            ConfigureError::Stale => Self::new(
                Code::ConcurrentUpdate,
                "other requests kept changing the object; read it and retry",
            ),
            ConfigureError::UidTaken => Self::new(
                Code::UidTaken,
                "the uid is taken; an account's must be unique in the installation, an automation's in its account",
            ),
            ConfigureError::TooMany => Self::new(
                Code::TooManyAutomations,
                format!("an account can have at most {AUTOMATIONS_MAX} automations"),
            ),
            ConfigureError::TooManyDeliveries(exceeding) => Self::body(
                "/trigger/event_types",
                fault_codes::TOO_MANY,
                exceeding.to_string(),
            ),
            ConfigureError::BuiltIn => Self::new(
                Code::AccountBuiltIn,
                "the account `system` holds the operator's automations and cannot be deleted",
            ),
            ConfigureError::NoOwnKey => Self::new(
                Code::NoOwnSigningKey,
                "the account's keys sign the webhooks of this action; set its `signing_key` to give it its own",
            ),
            ConfigureError::TooManyRotations { retry_after } => Self::new(
                Code::TooManyRotations,
                format!("an account can rotate {ROTATIONS_PER_MINUTE} keys a minute on each node"),
            )
            .retry_after(retry_after),
            ConfigureError::Store(error) => error.into(),
        }
    }
}

impl From<AcceptError> for Problem {
    fn from(error: AcceptError) -> Self {
        match error {
            AcceptError::AccountMissing => Self::new(Code::AccountNotFound, "the account does not exist"),
            AcceptError::Stopping => Self::new(
                Code::Stopping,
                "the server is stopping; nothing was accepted, so retry",
            ),
            AcceptError::Store(error) => error.into(),
        }
    }
}

impl From<ReplayError> for Problem {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::Running(_) => Self::new(
                Code::ReplayRunning,
                "an account has one replay, or sending of missed events, at a time on each node; retry once the \
                 other has ended",
            ),
            ReplayError::Store(error) => error.into(),
        }
    }
}

impl From<SendMissedError> for Problem {
    fn from(error: SendMissedError) -> Self {
        match error {
            SendMissedError::Running(running) => ReplayError::Running(running).into(),
            SendMissedError::Missing => automation_not_found(),
            SendMissedError::Off => Self::new(
                Code::AutomationDisabled,
                "the automation or each of its actions is off, so nothing would be sent; switch it on first",
            ),
            SendMissedError::Store(error) => error.into(),
        }
    }
}

impl From<CancelError> for Problem {
    fn from(error: CancelError) -> Self {
        match error {
            CancelError::Running(_) => Self::new(
                Code::CancelRunning,
                "deliveries of an account are canceled by one request at a time on each node; retry once the other \
                 has ended",
            ),
            CancelError::Store(error) => error.into(),
        }
    }
}

impl From<ExportError> for Problem {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::TooMany(NoRoom { retry_after }) => Self::new(
                Code::TooManyExports,
                "an account has one export at a time, and a node four; retry later",
            )
            .retry_after(retry_after),
            ExportError::Store(error) => error.into(),
            // Only an export that has begun can be too slow.
            ExportError::TooSlow => Self::internal(error),
        }
    }
}

impl From<ContentsError> for Problem {
    fn from(error: ContentsError) -> Self {
        match error {
            ContentsError::TooMany(NoRoom { retry_after }) => Self::new(
                Code::TooManySearches,
                "an account has one search in data at a time, and a node four; retry later",
            )
            .retry_after(retry_after),
            ContentsError::Store(error) => error.into(),
        }
    }
}

impl From<Rejection> for Problem {
    /// The problem of an event, with pointers relative to the event's object.
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::Conflict => Self::new(
                Code::EventConflict,
                "this id or Idempotency-Key was used before with a different type, data, time, id or headers",
            ),
            Rejection::DataTooLarge { max } => Self::of_faults(
                Code::DataTooLarge,
                vec![Fault::at(
                    "/data",
                    fault_codes::TOO_LONG,
                    format!("data can have at most {max} bytes"),
                )],
            ),
            Rejection::Json(error) if error.kind == JsonErrorKind::TooDeep => {
                Self::body("/data", fault_codes::TOO_DEEP, error.kind.to_string())
            }
            Rejection::Json(error) => Self::body("/data", fault_codes::INVALID_VALUE, error.to_string()),
            Rejection::NotUtf8 => Self::body("/data", fault_codes::INVALID_VALUE, "expected UTF-8"),
            Rejection::DeliverAtTooFar => Self::body(
                "/deliver_at",
                fault_codes::INVALID_VALUE,
                format!(
                    "give a time at most {} days ahead",
                    DELIVER_AT_AHEAD_MAX.as_secs() / 86_400
                ),
            ),
            Rejection::Headers(faults) => {
                Self::of_faults(Code::InvalidBody, faults.into_iter().map(Fault::from).collect())
            }
            Rejection::AutomationDisabled => Self::new(
                Code::AutomationDisabled,
                "the automation is off, so Postrider would not send the test; switch it on first",
            ),
            Rejection::TooManyTests { retry_after } => Self::new(
                Code::TooManyTests,
                format!("an account can send {TESTS_PER_MINUTE} tests a minute on each node"),
            )
            .retry_after(retry_after),
            Rejection::StoredBytesExceeded { max, retry_after } => Self::new(
                Code::StoredBytesExceeded,
                format!("an account can store at most {max} bytes; events expire with age, so retry later"),
            )
            .retry_after(retry_after),
            Rejection::NotStored(AcceptError::Stopping) => Self::new(
                Code::Stopping,
                "the server is stopping; this event was not accepted, so retry",
            ),
            Rejection::NotStored(error) => error.into(),
            Rejection::OperationalType => Self::body("/type", fault_codes::INVALID_VALUE, OPERATIONAL_TYPE),
            Rejection::UnknownType => Self::of_faults(
                Code::UnknownEventType,
                vec![Fault::at(
                    "/type",
                    fault_codes::UNKNOWN_EVENT_TYPE,
                    "this event type is not in the catalogue",
                )],
            ),
            Rejection::Schema(violations) => Self::of_faults(
                Code::SchemaViolation,
                violations
                    .into_iter()
                    .map(|violation| {
                        let pointer = format!("/data{}", violation.pointer);
                        Fault::at(pointer, fault_codes::SCHEMA_VIOLATION, violation.detail)
                    })
                    .collect(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_that_was_not_stored_says_why() {
        let not_stored = |error| Problem::from(Rejection::NotStored(error)).code();
        assert_eq!(not_stored(AcceptError::Stopping), Code::Stopping);
        assert_eq!(not_stored(StoreError::Busy.into()), Code::Unavailable);
    }
}
