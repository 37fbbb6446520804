//! A step as one statement, which is a transaction of its own.
//!
//! It costs one message each way, and a node that falls silent never leaves the server in the middle of a
//! transaction. `BEGIN`, three statements and `COMMIT`, even if they are sent together, have five replies,
//! for each of which the server wakes the node.
//!
//! This works for steps whose parts do not depend on each other's results, which is nearly all: attempts of
//! different deliveries, and events without keys of their own. If an attempt does not find its delivery in
//! the usual state, the statement fails. The step then has no effect, and is repeated statement by
//! statement.

use postrider_storage::{Finished, NewEvent, SessionId};

use super::given;
use crate::database::Client;
use crate::deliveries::finish::{self, settle};
use crate::events::append::{self, Storing};
use crate::in_doubt::Backend;
use crate::sql_error::SqlResult;
use crate::statement::Param;
use crate::store::PostgresStore;

/// Does the step: stores all events and applies all attempts. False if it must be done statement by
/// statement.
pub(super) async fn step(
    store: &PostgresStore,
    client: &Client,
    backend: Backend,
    session: SessionId,
    events: &[NewEvent],
    finished: &[Finished],
) -> SqlResult<bool> {
    if !append::are_usual(events) || !finish::are_usual(finished) {
        return Ok(false);
    }
    let settling = finish::in_order(finished);
    let storing = Storing::prepare(client, store, events.iter().collect()).await?;
    let tables = &store.day_tables;
    let settled = settling.days(client, tables).await?;
    let stored = storing.days_of_events(client, tables).await?;
    let pending = storing.days_of_deliveries(client, tables).await?;
    // A part without rows names the day of another: one statement serves nearly all steps of a day.
    let any = settled.or(stored);
    let parts = append::parts(stored.or(any).named(), pending.or(any).named());
    let sql = format!("WITH {parts}, {}", settle::all(settled.or(any).named()));
    let statement = client.prepare_cached(&sql).await?;
    let mut params: Vec<Param<'_>> = vec![&session.0];
    params.extend(storing.params());
    params.extend(settling.params());
    let work = async {
        client.query_one(&statement, &params).await?;
        Ok(())
    };
    let outcome = store
        .in_doubt
        .guarded(backend, given(session, events), work)
        .await;
    match outcome {
        Ok(()) => Ok(true),
        Err(error) if error.is_not_all() => Ok(false),
        Err(error) => Err(error),
    }
}
