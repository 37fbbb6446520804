//! Accepts events: checks, matches and stores them, and hands over their deliveries.
//!
//! An event is acknowledged only after it and its deliveries are on disk. The caller's task checks and
//! matches the event. A separate task stores it and hands over its deliveries ([`crate::work::append`]), so
//! that a stored event is delivered even if its producer disconnects in between.

mod audience;
mod operational;
mod parts;
mod schema_checks;
mod stored_bytes;
mod test;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use postrider_json::pointer::nearest_parent;
use postrider_json::{Inspection, JsonError, Payload, PayloadError};
use postrider_model::event::DELIVER_AT_AHEAD_MAX;
use postrider_model::{
    AccountId, Event, EventHeaders, EventId, EventTypeName, FixedPoints, Origin, Timestamp, TraceContext,
    Warning,
};
use postrider_storage::{NewEvent, StoreError};

pub(crate) use self::audience::body_spec;
use self::audience::{Audience, Triggered};
use self::parts::Parts;
pub(crate) use self::schema_checks::SchemaChecks;
use self::stored_bytes::Room;
pub(crate) use self::stored_bytes::StoredBytes;
pub use self::test::TESTS_PER_MINUTE;
use crate::engine::Engine;
use crate::settings::UnseenTypes;
use postrider_configuration::AccountEntry;
use postrider_configuration::catalogue::Known;
use postrider_configuration::{Fault, Schema, SchemaViolation, check_event_headers};

/// Longest pointer of a warning, in bytes.
const POINTER_BYTES_MAX: usize = 1024;

/// Events of a batch that are checked before the runtime may turn to something else: some 30 ms if the checks
/// take as long as they may at once.
const CHECKS_IN_A_ROW: usize = 64;

/// An event as a producer reports it.
#[derive(Debug, Clone)]
pub struct Submission {
    /// The event's type.
    pub event_type: EventTypeName,
    /// One JSON value, without surrounding white space.
    pub data: Bytes,
    /// The producer's own id for it.
    pub id: Option<EventId>,
    /// When it happened, if not now.
    pub occurred_at: Option<Timestamp>,
    /// Identifies repeated submissions of the same event.
    pub idempotency_key: Option<String>,
    /// When to deliver it, if not at once.
    pub deliver_at: Option<Timestamp>,
    /// Headers that each of its webhooks gets.
    pub headers: EventHeaders,
    /// The trace that it belongs to, if there is one.
    pub trace: Option<TraceContext>,
}

impl Submission {
    /// An event of this type with this `data`, and nothing else.
    pub fn new(event_type: EventTypeName, data: Bytes) -> Self {
        Self {
            event_type,
            data,
            id: None,
            occurred_at: None,
            idempotency_key: None,
            deliver_at: None,
            headers: EventHeaders::default(),
            trace: None,
        }
    }
}

/// An event that is on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Its id.
    pub id: EventId,
    /// Its type.
    pub event_type: EventTypeName,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// How many deliveries it has.
    pub deliveries: u32,
    /// Whether the event had been accepted before. If so, the other fields repeat the first result.
    pub known: bool,
}

/// What a caller reads who names an operational type.
pub const OPERATIONAL_TYPE: &str = "event types that begin with `postrider.` are reported by Postrider alone";

/// Why an event was not accepted. Nothing of it was stored (after [`Self::NotStored`]: as far as is known).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// The id or the idempotency key was used for another event.
    Conflict,
    /// `data` is larger than this installation accepts.
    DataTooLarge {
        /// The limit, in bytes.
        max: usize,
    },
    /// `data` is not well-formed, or nested too deeply.
    Json(JsonError),
    /// `data` is not UTF-8.
    NotUtf8,
    /// Only Postrider itself reports events of this type.
    OperationalType,
    /// The type is not in the catalogue, and this installation accepts no others.
    UnknownType,
    /// `data` violates the schema of its type.
    Schema(Vec<SchemaViolation>),
    /// Its headers cannot be sent. The pointers are relative to the event.
    Headers(Vec<Fault>),
    /// It asks to be delivered later than [`DELIVER_AT_AHEAD_MAX`] from now.
    DeliverAtTooFar,
    /// A test was sent to an automation that is switched off.
    AutomationDisabled,
    /// The account has sent [`TESTS_PER_MINUTE`] tests within a minute.
    TooManyTests {
        /// When another test is possible.
        retry_after: Duration,
    },
    /// The account has stored as much as it may within the retention
    /// ([`crate::EngineSettings::stored_bytes_per_account_max`]).
    StoredBytesExceeded {
        /// The limit, in bytes.
        max: u64,
        /// When some of it will have expired, if the account stored something in its oldest hour.
        retry_after: Duration,
    },
    /// The store failed or the node stopped before this event was stored. Other events of the same call were
    /// stored.
    NotStored(AcceptError),
}

impl From<PayloadError> for Rejection {
    fn from(error: PayloadError) -> Self {
        match error {
            PayloadError::NotUtf8 => Self::NotUtf8,
            PayloadError::Json(error) => Self::Json(error),
        }
    }
}

/// Why a request was not accepted at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AcceptError {
    /// The account does not exist.
    #[error("the account does not exist")]
    AccountMissing,
    /// This node is shutting down.
    #[error("this node is shutting down")]
    Stopping,
    /// The store failed; nothing was written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Engine {
    /// Accepts events of one account and returns a result for each, in order. They are stored in one or more
    /// steps. Fails if none of them was stored because of the store.
    pub async fn accept(
        &self,
        account: AccountId,
        submissions: Vec<Submission>,
    ) -> Result<Vec<Result<Accepted, Rejection>>, AcceptError> {
        let entry = self
            .configuration()
            .entry(account)
            .await?
            .ok_or(AcceptError::AccountMissing)?;
        self.accept_for(entry, submissions, Audience::Triggered).await
    }

    async fn accept_for(
        &self,
        mut entry: Arc<AccountEntry>,
        submissions: Vec<Submission>,
        audience: Audience,
    ) -> Result<Vec<Result<Accepted, Rejection>>, AcceptError> {
        let account = entry.config.account.id;
        let mut checked = Vec::with_capacity(submissions.len());
        let mut room = Room::of(self, account).await?;
        let mut parts = Parts::new(self, account, submissions.len());
        for (index, submission) in submissions.into_iter().enumerate() {
            if index % CHECKS_IN_A_ROW == CHECKS_IN_A_ROW - 1 {
                tokio::task::yield_now().await;
            }
            let mut result = self.check(&submission, audience);
            if let Ok(Checked {
                unchecked: Some(schema),
                ..
            }) = &result
            {
                let data = submission.data.clone();
                let check = self.schema_checks().check(account, Arc::clone(schema), data);
                if let Err(rejection) = Box::pin(parts.wait_for(check)).await {
                    result = Err(rejection);
                }
                // The customer may have changed the automations meanwhile.
                if let Ok(Some(current)) = self.configuration().entry(account).await {
                    entry = current;
                }
            }
            let now = parts.now();
            let decided =
                result.map(|checked| self.decide(&entry, &submission.event_type, checked, audience, now));
            let event = decided.map(|decided| event_of(account, submission, decided, audience, now));
            match event.and_then(|event| room.take(index, event)) {
                Ok(event) => {
                    parts.add(event).await;
                    checked.push(Ok(()));
                }
                Err(rejection) => checked.push(Err(rejection)),
            }
        }
        let mut results = in_order(checked, parts.finish().await?)?;
        room.find_repeated(self, &mut results).await;
        Ok(results)
    }

    /// Decides which deliveries an event that passed its checks has.
    fn decide(
        &self,
        entry: &AccountEntry,
        event_type: &EventTypeName,
        checked: Checked<'_>,
        audience: Audience,
        now: Timestamp,
    ) -> Decided {
        let first = self.ids().next_block(now);
        Decided {
            triggered: audience.triggered(entry, event_type, &checked.payload, first),
            first,
            inspection: checked.payload.into_inspection(),
            adds_event_type: checked.adds_event_type,
        }
    }

    fn check<'a>(&self, submission: &'a Submission, audience: Audience) -> Result<Checked<'a>, Rejection> {
        let max = self.settings().data_bytes_max;
        if submission.data.len() > max {
            return Err(Rejection::DataTooLarge { max });
        }
        if audience.origin() == Origin::Producer && submission.event_type.is_operational() {
            return Err(Rejection::OperationalType);
        }
        if !submission.headers.is_empty() {
            check_event_headers(&submission.headers, self.configuration().header_names())
                .map_err(Rejection::Headers)?;
        }
        let latest = || self.clock().now().after(DELIVER_AT_AHEAD_MAX);
        if submission.deliver_at.is_some_and(|at| at > latest()) {
            return Err(Rejection::DeliverAtTooFar);
        }
        let payload = Payload::read(&submission.data)?;
        let mut unchecked = None;
        let adds_event_type = match self.configuration().catalogue().look_up(&submission.event_type) {
            Known::Plain => false,
            Known::WithSchema(schema) => {
                match schema.violations_at_once(&payload) {
                    Some(violations) if violations.is_empty() => {}
                    Some(violations) => return Err(Rejection::Schema(violations)),
                    None => unchecked = Some(schema),
                }
                false
            }
            _ if audience.origin() != Origin::Producer => false,
            _ if self.settings().unseen_types == UnseenTypes::Refuse => return Err(Rejection::UnknownType),
            Known::Unseen => true,
            Known::UnseenAndFull => false,
        };
        Ok(Checked {
            payload,
            adds_event_type,
            unchecked,
        })
    }
}

/// What the checks of a submission found.
struct Checked<'a> {
    payload: Payload<'a>,
    adds_event_type: bool,
    /// The schema of the type, if the data has still to be checked against it.
    unchecked: Option<Arc<Schema>>,
}

/// What is known of an event that will be stored, besides its submission.
struct Decided {
    triggered: Triggered,
    /// The block of ids: the event's own, then those of its deliveries.
    first: u128,
    inspection: Inspection,
    adds_event_type: bool,
}

fn event_of(
    account: AccountId,
    submission: Submission,
    decided: Decided,
    audience: Audience,
    now: Timestamp,
) -> NewEvent {
    let Decided {
        triggered: Triggered {
            deliveries,
            held_back,
        },
        first,
        inspection,
        adds_event_type,
    } = decided;
    let event = Event {
        id: submission.id.unwrap_or(EventId::from_u128(first)),
        account,
        event_type: submission.event_type,
        data: submission.data,
        occurred_at: submission.occurred_at,
        created_at: now,
        origin: audience.origin(),
        fixed_points: FixedPoints {
            js: inspection.js_fixed_point,
            python: inspection.python_fixed_point,
        },
        warning: inspection.loss.map(|loss| Warning {
            code: loss.reason.as_str().to_owned(),
            pointer: nearest_parent(loss.pointer, POINTER_BYTES_MAX),
        }),
        deliveries: u32::try_from(deliveries.len()).unwrap_or(u32::MAX),
        deliver_at: submission.deliver_at,
        headers: submission.headers,
        trace: submission.trace,
        missed: 0,
        is_canceled: false,
    };
    NewEvent {
        event,
        id_is_callers: submission.id.is_some(),
        idempotency_key: submission.idempotency_key,
        adds_event_type,
        deliveries,
        held_back,
    }
}

/// Merges the results of the checks and of the store in the order of the submissions. The store returns one
/// result for each event that passed its check. Fewer results are a defect of the store and must not be
/// reported as a conflict.
fn in_order(
    checked: Vec<Result<(), Rejection>>,
    stored: Vec<Result<Accepted, Rejection>>,
) -> Result<Vec<Result<Accepted, Rejection>>, AcceptError> {
    let mut stored = stored.into_iter();
    let too_few = || StoreError::Internal("it returned fewer results than events".to_owned());
    checked
        .into_iter()
        .map(|result| match result {
            Ok(()) => Ok(stored.next().ok_or_else(too_few)?),
            Err(rejection) => Ok(Err(rejection)),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_few_results_from_the_store_are_an_internal_error_not_a_conflict() {
        let stored = || vec![Err(Rejection::Conflict)];
        let results = in_order(vec![Err(Rejection::NotUtf8), Ok(())], stored());
        assert_eq!(
            results,
            Ok(vec![Err(Rejection::NotUtf8), Err(Rejection::Conflict)])
        );
        let results = in_order(vec![Ok(()), Ok(())], stored());
        assert!(matches!(
            results,
            Err(AcceptError::Store(StoreError::Internal(_)))
        ));
    }
}
