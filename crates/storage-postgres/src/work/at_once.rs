//! A step without waiting: `BEGIN`, its statements and `COMMIT` are sent together and answered together.
//!
//! One round trip instead of three, and the server is never left in the middle of a transaction by a node
//! that falls silent. It is for steps whose statements need no answers of each other, which is nearly all:
//! attempts of a delivery each, and events without keys of their own. An attempt that does not find its
//! delivery as usual makes its statement fail; nothing of the step is done then, and it goes the long way.
//!
//! What is sent together has to be ready: statements prepared, numbers taken, days looked up. Otherwise a
//! statement would be sent behind the `COMMIT`.

use futures_util::future::try_join;
use postrider_storage::{Finished, NewEvent, SessionId};

use super::given;
use crate::database::Client;
use crate::deliveries::finish;
use crate::events::append::{self, Storing};
use crate::in_doubt::Backend;
use crate::sql_error::SqlResult;
use crate::store::PostgresStore;

/// Does the step: all events are stored then and all attempts applied. False: it has to go the long way.
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
