//! Accepts events: checks, matches and stores them, and hands over their deliveries.
//!
//! An event is acknowledged only after it and its deliveries are on disk. The caller's task checks and
//! matches the event. A separate task stores it and hands over its deliveries ([`crate::work::append`]), so
//! that a stored event is delivered even if its producer disconnects in between.

mod parts;
mod schema_checks;
mod stored_bytes;
mod test;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use postrider_json::pointer::nearest_parent;
use postrider_json::{Inspection, JsonError, Payload, PayloadError};
use postrider_model::delivery::BodySpec;
use postrider_model::{
    AccountId, Automation, AutomationId, DeliveryId, Does, Event, EventId, EventTypeName, FixedPoints,
    Origin, Timestamp, Warning,
};
use postrider_storage::{FirstAttempt, NewDelivery, NewEvent, StoreError};

use self::parts::Parts;
pub(crate) use self::schema_checks::SchemaChecks;
use self::stored_bytes::Room;
pub(crate) use self::stored_bytes::StoredBytes;
pub use self::test::TESTS_PER_MINUTE;
pub(crate) use self::test::Tests;
use crate::engine::Engine;
use crate::settings::UnseenTypes;
use postrider_configuration::AccountEntry;
use postrider_configuration::catalogue::Known;
use postrider_configuration::{Schema, SchemaViolation};

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
    /// The type is not in the catalogue, and this installation accepts no others.
    UnknownType,
    /// `data` violates the schema of its type.
    Schema(Vec<SchemaViolation>),
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

/// How the deliveries of an action render their bodies.
fn body_of(does: &Does) -> BodySpec {
    match does {
        Does::SendWebhook(webhook) => BodySpec {
            content: webhook.content,
            style: webhook.style,
        },
    }
}

/// Which automations an event goes to.
#[derive(Debug, Clone, Copy)]
enum Audience {
    /// All enabled automations that it triggers.
    Triggered,
    /// This automation only: the event is a test.
    Only(AutomationId),
}

impl Audience {
    fn origin(self) -> Origin {
        match self {
            Self::Triggered => Origin::Producer,
            Self::Only(_) => Origin::Test,
        }
    }
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
            let event =
                result.map(|checked| self.event_of(&entry, submission, checked, audience, parts.now()));
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

    /// The event of a submission that passed its checks, with its deliveries.
    fn event_of(
        &self,
        entry: &AccountEntry,
        submission: Submission,
        checked: Checked,
        audience: Audience,
        now: Timestamp,
    ) -> NewEvent {
        let Checked {
            inspection,
            adds_event_type,
            unchecked: _,
        } = checked;
        let first = self.ids().next_block(now);
        let deliveries: Vec<NewDelivery> = audience_of(entry, audience, &submission.event_type)
            .flat_map(|automation| automation.actions.iter().map(move |action| (automation, action)))
            .filter(|(_, action)| action.enabled)
            .zip(1u128..)
            .map(|((automation, action), ordinal)| NewDelivery {
                id: DeliveryId::from_u128(first + ordinal),
                automation: automation.id,
                action: action.id,
                body: body_of(&action.does),
                first_attempt: FirstAttempt::Waiting,
            })
            .collect();
        let event = Event {
            id: submission.id.unwrap_or(EventId::from_u128(first)),
            account: entry.config.account.id,
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
        };
        NewEvent {
            event,
            id_is_callers: submission.id.is_some(),
            idempotency_key: submission.idempotency_key,
            adds_event_type,
            deliveries,
        }
    }

    fn check(&self, submission: &Submission, audience: Audience) -> Result<Checked, Rejection> {
        let max = self.settings().data_bytes_max;
        if submission.data.len() > max {
            return Err(Rejection::DataTooLarge { max });
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
            _ if audience.origin() == Origin::Test => false,
            _ if self.settings().unseen_types == UnseenTypes::Refuse => return Err(Rejection::UnknownType),
            Known::Unseen => true,
            Known::UnseenAndFull => false,
        };
        Ok(Checked {
            inspection: payload.into_inspection(),
            adds_event_type,
            unchecked,
        })
    }
}

/// What the checks of a submission found.
struct Checked {
    inspection: Inspection,
    adds_event_type: bool,
    /// The schema of the type, if the data has still to be checked against it.
    unchecked: Option<Arc<Schema>>,
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

fn audience_of<'a>(
    entry: &'a AccountEntry,
    audience: Audience,
    event_type: &'a EventTypeName,
) -> impl Iterator<Item = &'a Automation> {
    entry
        .config
        .automations
        .iter()
        .filter(move |automation| match audience {
            Audience::Triggered => automation.enabled && automation.trigger.matches(event_type),
            Audience::Only(id) => automation.id == id,
        })
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
