//! Claiming: a session becomes the owner of waiting deliveries and gets their events.
//!
//! Rows that another node is claiming are skipped, so nodes never wait for each other here.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use deadpool_postgres::GenericClient;
use futures_util::future::try_join3;
use postrider_model::delivery::{BodySpec, Progress};
use postrider_model::{AccountId, ActionId, AutomationId, DeliveryId, Event, Timestamp};
use postrider_storage::rows::deliveries::{self, ProgressRow};
use postrider_storage::{Claim, ClaimRequest, DeliveryKey, ReadyDelivery, SessionId};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::columns::{self, uuid};
use crate::database::Client;
use crate::deliveries::keys::Keys;
use crate::in_doubt::{Given, InDoubt};
use crate::sql_error::{SqlError, SqlResult};
use crate::{events, sessions, statement};

/// The key of an event's row: its account, its time of acceptance, its number.
type EventKey = (AccountId, i64, i64);

/// Claims; see [`postrider_storage::DeliveryStore::claim`].
pub(crate) async fn claim(
    client: &mut Client,
    in_doubt: &InDoubt,
    session: SessionId,
    requests: &[ClaimRequest],
    now: Timestamp,
) -> SqlResult<Vec<Claim>> {
    if requests.is_empty() {
        return Ok(Vec::new());
    }
    in_doubt.resolve(client).await?;
    let backend = in_doubt.backend(client).await?;
    let transaction = client.transaction().await?;
    let mut claims = vec![Claim::default(); requests.len()];
    if !is_alive(&transaction, session).await? {
        return Ok(claims);
    }
    let mut shared = HashMap::new();
    let mut lost = 0;
    for round in rounds(requests) {
        let wishes: Vec<_> = round.iter().map(|nth| requests[*nth]).collect();
        let given = claim_each(&transaction, session, &wishes, now, &mut shared).await?;
        for (nth, (claim, lost_of_request)) in round.into_iter().zip(given) {
            claims[nth] = claim;
            lost += lost_of_request;
        }
    }
    if lost > 0 {
        tracing::error!(
            deliveries = lost,
            "pending deliveries without their events: they are not attempted"
        );
    }
    let given = Given {
        session,
        deliveries: claims
            .iter()
            .flat_map(|claim| claim.deliveries.iter().map(|ready| ready.key))
            .collect(),
        now,
    };
    if !given.deliveries.is_empty() || lost > 0 {
        in_doubt.commit(transaction, backend, given).await?;
    }
    Ok(claims)
}

/// Whether the session is alive and may own deliveries.
pub(crate) async fn is_alive(client: &impl GenericClient, session: SessionId) -> SqlResult<bool> {
    let sql = format!("SELECT {}", sessions::IS_ALIVE);
    let row = statement::query_one(client, &sql, &[&session.0]).await?;
    Ok(row.try_get(0)?)
}

/// Divides the requests into rounds in which no action occurs twice: a later request for an action gets what
/// an earlier one left.
fn rounds(requests: &[ClaimRequest]) -> Vec<Vec<usize>> {
    let mut rounds: Vec<Vec<usize>> = Vec::new();
    let mut seen: HashMap<ActionId, usize> = HashMap::new();
    for (nth, request) in requests.iter().enumerate() {
        let round = seen.entry(request.action).or_default();
        match rounds.get_mut(*round) {
            Some(requests) => requests.push(nth),
            None => rounds.push(vec![nth]),
        }
        *round += 1;
    }
    rounds
}

/// A delivery to be claimed.
struct Due {
    key: DeliveryKey,
    automation: AutomationId,
    body: BodySpec,
    progress: Progress,
    event: EventKey,
}

/// Serves requests for different actions. `shared` keeps the events read here.
///
/// With each claim comes how many of its deliveries have no event. There should be none, and they can never
/// be attempted. They get the session as their owner all the same, and no claim finds them again: otherwise
/// one of them would stop its whole lane, and others.
async fn claim_each(
    client: &impl GenericClient,
    session: SessionId,
    requests: &[ClaimRequest],
    now: Timestamp,
    shared: &mut HashMap<EventKey, Arc<Event>>,
) -> SqlResult<Vec<(Claim, usize)>> {
    let due = due(client, requests, now).await?;
    let keys: Vec<_> = due.iter().flatten().map(|due| due.key).collect();
    let missing: HashSet<EventKey> = due
        .iter()
        .flatten()
        .map(|due| due.event)
        .filter(|key| !shared.contains_key(key))
        .collect();
    let missing: Vec<EventKey> = missing.into_iter().collect();
    // With all three prepared, they are sent in this order: the deliveries given away are not counted as next
    // due.
    client.prepare_cached(OWN).await?;
    client.prepare_cached(NEXT_DUE).await?;
    let ((), read, next_due) = try_join3(
        own(client, session, &keys),
        read_events(client, &missing),
        next_due(client, requests),
    )
    .await?;
    shared.extend(read);
    let claims = due
        .into_iter()
        .zip(requests)
        .zip(next_due)
        .map(|((due, request), next_due)| {
            let ready = due.iter().filter_map(|due| ready(due, request.action, shared));
            let deliveries: Vec<_> = ready.collect();
            let lost = due.len() - deliveries.len();
            (Claim { deliveries, next_due }, lost)
        });
    Ok(claims.collect())
}

/// `None` if there is no such event.
fn ready(due: &Due, action: ActionId, shared: &HashMap<EventKey, Arc<Event>>) -> Option<ReadyDelivery> {
    let event = shared.get(&due.event)?;
    Some(ReadyDelivery {
        key: due.key,
        automation: due.automation,
        action,
        body: due.body,
        progress: due.progress,
        event: Arc::clone(event),
    })
}

/// The requests are read with `LIMIT cardinality(…)`, which the planner takes for a single request.
/// Otherwise it expects ten, and to avoid those it plans each call anew: 2 ms, with a month of partitions,
/// for a claim that takes half a millisecond (measured).
const DUE: &str = "
    SELECT r.nth, d.*
    FROM (SELECT * FROM unnest($2::uuid[], $3::bigint[], $4::bigint[])
              WITH ORDINALITY AS r (action_id, room, since, nth)
          LIMIT cardinality($2)) AS r
    CROSS JOIN LATERAL (
        SELECT account_id, id, automation_id, event_created_at, event_seq, body, status, attempts, resends, resend_of,
               data_bytes, state_at
        FROM deliveries
        WHERE status = 0 AND owner IS NULL AND action_id = r.action_id
            AND state_at >= r.since AND state_at <= $1
        ORDER BY state_at, id LIMIT r.room
        FOR UPDATE SKIP LOCKED
    ) AS d
    ORDER BY r.nth, d.state_at, d.id";

/// Locks and returns the deliveries that each request gets.
async fn due(
    client: &impl GenericClient,
    requests: &[ClaimRequest],
    now: Timestamp,
) -> SqlResult<Vec<Vec<Due>>> {
    let actions: Vec<Uuid> = requests
        .iter()
        .map(|request| uuid(request.action.as_bytes()))
        .collect();
    let rooms: Vec<i64> = requests
        .iter()
        .map(|request| i64::try_from(request.room).unwrap_or(i64::MAX))
        .collect();
    let params: &statement::Params<'_> = &[&now.unix_ms(), &actions, &rooms, &since(requests)];
    let rows = statement::query(client, DUE, params).await?;
    let mut due: Vec<Vec<Due>> = requests.iter().map(|_| Vec::new()).collect();
    let mut bytes = vec![0_usize; requests.len()];
    for row in &rows {
        let nth = place(row, requests.len())?;
        let data_bytes: i32 = row.try_get(11)?;
        bytes[nth] = bytes[nth].saturating_add(usize::try_from(data_bytes).unwrap_or_default());
        if due[nth].is_empty() || bytes[nth] <= requests[nth].room_bytes {
            due[nth].push(read_due(row)?);
        }
    }
    Ok(due)
}

fn since(requests: &[ClaimRequest]) -> Vec<i64> {
    requests.iter().map(|request| request.since.unix_ms()).collect()
}

/// The index of the request that a row belongs to.
fn place(row: &Row, count: usize) -> SqlResult<usize> {
    let nth: i64 = row.try_get(0)?;
    let nth = usize::try_from(nth - 1).ok().filter(|nth| *nth < count);
    nth.ok_or(SqlError::Damaged("the number of a request"))
}

fn read_due(row: &Row) -> SqlResult<Due> {
    let account = columns::id(row, 1, AccountId::from_bytes)?;
    Ok(Due {
        key: DeliveryKey {
            account,
            delivery: columns::id(row, 2, DeliveryId::from_bytes)?,
        },
        automation: columns::id(row, 3, AutomationId::from_bytes)?,
        body: deliveries::body(row.try_get(6)?)?,
        progress: columns::read(row, 7, ProgressRow::read)?.try_into()?,
        event: (account, row.try_get(4)?, row.try_get(5)?),
    })
}

const OWN: &str = "
    UPDATE deliveries AS d SET owner = $1
    FROM (SELECT * FROM unnest($2::uuid[], $3::uuid[]) AS n (account_id, id) LIMIT cardinality($2)) AS n
    WHERE d.account_id = n.account_id AND d.id = n.id AND d.id BETWEEN $4 AND $5";

async fn own(client: &impl GenericClient, session: SessionId, keys: &[DeliveryKey]) -> SqlResult<()> {
    if keys.is_empty() {
        return Ok(());
    }
    let keys = Keys::new(keys.iter().copied());
    let changed = statement::execute(
        client,
        OWN,
        &[
            &session.0,
            &keys.accounts,
            &keys.ids,
            &keys.first_id,
            &keys.last_id,
        ],
    )
    .await?;
    debug_assert_eq!(changed, keys.ids.len() as u64, "the rows are locked");
    Ok(())
}

/// The events with these keys.
async fn read_events(
    client: &impl GenericClient,
    keys: &[EventKey],
) -> SqlResult<Vec<(EventKey, Arc<Event>)>> {
    let times = keys.iter().map(|(_, created_at, _)| *created_at);
    let (Some(first), Some(last)) = (times.clone().min(), times.clone().max()) else {
        return Ok(Vec::new());
    };
    let sql = format!(
        "SELECT {}, e.seq
         FROM (SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS n (account_id, created_at, seq)
               LIMIT cardinality($1)) AS n
         JOIN events AS e ON e.account_id = n.account_id AND e.created_at = n.created_at AND e.seq = n.seq
             AND e.created_at BETWEEN $4 AND $5",
        events::COLUMNS
    );
    let accounts: Vec<Uuid> = keys
        .iter()
        .map(|(account, ..)| uuid(account.as_bytes()))
        .collect();
    let times: Vec<i64> = times.collect();
    let seqs: Vec<i64> = keys.iter().map(|(.., seq)| *seq).collect();
    let rows = statement::query(client, &sql, &[&accounts, &times, &seqs, &first, &last]).await?;
    rows.iter()
        .map(|row| {
            let event = events::from_row(row)?.event;
            let seq: i64 = row.try_get(events::COLUMN_COUNT)?;
            Ok(((event.account, event.created_at.unix_ms(), seq), Arc::new(event)))
        })
        .collect()
}

/// With `LIMIT` for the same reason as [`DUE`].
const NEXT_DUE: &str = "
    SELECT r.nth, (
        SELECT state_at FROM deliveries
        WHERE status = 0 AND owner IS NULL AND action_id = r.action_id AND state_at >= r.since
        ORDER BY state_at, id LIMIT 1
    )
    FROM (SELECT * FROM unnest($1::uuid[], $2::bigint[]) WITH ORDINALITY AS r (action_id, since, nth)
          LIMIT cardinality($1)) AS r";

/// When the first delivery that still waits for each action is due, at `since` or later.
async fn next_due(
    client: &impl GenericClient,
    requests: &[ClaimRequest],
) -> SqlResult<Vec<Option<Timestamp>>> {
    let actions: Vec<Uuid> = requests
        .iter()
        .map(|request| uuid(request.action.as_bytes()))
        .collect();
    let rows = statement::query(client, NEXT_DUE, &[&actions, &since(requests)]).await?;
    let mut next = vec![None; requests.len()];
    for row in &rows {
        next[place(row, requests.len())?] = columns::time_opt(row, 1)?;
    }
    Ok(next)
}
