//! A step in one round trip: `BEGIN`, its statements and `COMMIT` are sent together.
//!
//! One round trip instead of three, and a node that falls silent never leaves the server in the middle of a
//! transaction. This works for steps whose statements do not depend on each other's results, which is nearly
//! all: attempts of different deliveries, and events without keys of their own. If an attempt does not find
//! its delivery in the usual state, its statement fails. The step then has no effect, and is repeated
//! statement by statement.
//!
//! Everything must be prepared before it is sent: statements, numbers and days. Otherwise a statement would
//! be sent after the `COMMIT`.

use futures_util::future::try_join;
use postrider_storage::{Finished, NewEvent, SessionId};

use super::given;
use crate::database::Client;
use crate::deliveries::finish;
use crate::events::append::{self, Storing};
use crate::in_doubt::Backend;
use crate::sql_error::SqlResult;
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
    let settling = finish::prepare_all(client, &store.day_tables, finished).await?;
    let storing = match events {
        [] => None,
        events => Some(Storing::prepare(client, store, session, events.iter().collect()).await?),
    };
    let settle = async {
        match &settling {
            Some(settling) => settling.send(client, session).await.map(drop),
            None => Ok(()),
        }
    };
    let store_events = async {
        match &storing {
            Some(storing) => storing.send(client).await,
            None => Ok(()),
        }
    };
    let work = try_join(settle, store_events);
    let given = given(session, events);
    match store.in_doubt.commit_at_once(client, backend, given, work).await {
        Ok(_) => Ok(true),
        Err(error) if error.is_not_all() => Ok(false),
        Err(error) => Err(error),
    }
}
