//! Appending and finishing in one transaction; see [`WorkStore`].

mod at_once;

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::try_join;
use postrider_model::Timestamp;
use postrider_storage::{
    Advanced, Appended, Finished, NewEvent, Recorded, SessionId, StoreError, StoreResult, Turn, WorkStore,
};

use crate::deliveries::finish;
use crate::events::append;
use crate::in_doubt::Given;
use crate::sql_error::SqlResult;
use crate::store::PostgresStore;

#[async_trait]
impl WorkStore for PostgresStore {
    async fn advance_in_turn(
        &self,
        session: SessionId,
        events: Arc<[NewEvent]>,
        finished: Arc<[Finished]>,
        _turn: Turn,
    ) -> Advanced {
        let error = match self.step(session, &events, &finished).await {
            Ok((appended, recorded)) => {
                return Advanced {
                    appended: Ok(appended),
                    recorded: Ok(recorded),
                };
            }
            Err(error) => error,
        };
        if events.is_empty() || finished.is_empty() || self.concerns_both(&error) {
            let (appended, recorded) = (Err(error.clone()), Err(error));
            return Advanced {
                appended: if events.is_empty() {
                    Ok(Vec::new())
                } else {
                    appended
                },
                recorded: if finished.is_empty() {
                    Ok(Vec::new())
                } else {
                    recorded
                },
            };
        }
        // Finished attempts first, because they are the older work.
        let recorded = self.step(session, &[], &finished).await;
        let appended = self.step(session, &events, &[]).await;
        Advanced {
            appended: appended.map(|(appended, _)| appended),
            recorded: recorded.map(|(_, recorded)| recorded),
        }
    }
}

impl PostgresStore {
    /// Stores events and records changes in one transaction: all or, on an error, nothing.
    async fn step(
        &self,
        session: SessionId,
        events: &[NewEvent],
        finished: &[Finished],
    ) -> StoreResult<(Vec<Appended>, Vec<Recorded>)> {
        if events.is_empty() && finished.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        self.database
            .run(async || {
                let outcome = self.try_step(session, events, finished).await;
                self.day_tables.notice(outcome)
            })
            .await
    }

    async fn try_step(
        &self,
        session: SessionId,
        events: &[NewEvent],
        finished: &[Finished],
    ) -> SqlResult<(Vec<Appended>, Vec<Recorded>)> {
        let mut client = self.database.client().await?;
        self.in_doubt.resolve(&client).await?;
        let backend = self.in_doubt.backend(&client).await?;
        if at_once::step(self, &client, backend.clone(), session, events, finished).await? {
            let appended = vec![Appended::Stored; events.len()];
            return Ok((appended, vec![Recorded::Applied; finished.len()]));
        }
        let transaction = client.transaction().await?;
        // The halves touch different rows, so each sends its statements without waiting for the other.
        let (recorded, appended) = try_join(
            finish::finish(&transaction, self, session, finished),
            append::append(&transaction, self, session, events),
        )
        .await?;
        let given = given(session, events);
        self.in_doubt.commit(transaction, backend, given).await?;
        Ok((appended, recorded))
    }

    /// Whether an error would affect each half alone as well, because the database is unavailable.
    fn concerns_both(&self, error: &StoreError) -> bool {
        *error == StoreError::Busy || self.database.is_away()
    }
}

/// The deliveries that a step gives to its session.
fn given(session: SessionId, events: &[NewEvent]) -> Given {
    Given {
        session,
        deliveries: append::owned(events),
        now: now(events),
    }
}

/// About the time of the call, from the last event: when events whose commit stays in doubt become due.
fn now(events: &[NewEvent]) -> Timestamp {
    events
        .last()
        .map_or(Timestamp::from_unix_ms(0), |new| new.event.created_at)
}
