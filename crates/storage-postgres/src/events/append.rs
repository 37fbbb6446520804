//! Accepting: all events of a call in one statement and all their deliveries in another, sent together.

use deadpool_postgres::GenericClient;
use futures_util::future::try_join4;
use postrider_model::{DeliveryId, EventTypeName, Timestamp};
use postrider_storage::{Appended, DeliveryKey, FirstAttempt, NewEvent, SessionId};
use uuid::Uuid;

use crate::columns::{int, uuid};
use crate::day_tables::{self, DayTables};
use crate::deliveries::keys::Keys;
use crate::event_types;
use crate::events::{FLAG_JS_FIXED_POINT, FLAG_TEST, known};
use crate::sql_error::SqlResult;
use crate::statement;
use crate::store::PostgresStore;

/// Stores events; see [`postrider_storage::EventStore::append`].
pub(crate) async fn append(
    client: &impl GenericClient,
    store: &PostgresStore,
    session: SessionId,
    events: &[NewEvent],
) -> SqlResult<Vec<Appended>> {
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let answers = known::answers(client, events).await?;
    let new = events.iter().zip(&answers);
    let new: Vec<_> = new
        .filter_map(|(new, answer)| answer.is_none().then_some(new))
        .collect();
    if !new.is_empty() {
        let numbers = store.seqs.take(client, new.len()).await?;
        let stored: Vec<_> = new.into_iter().zip(numbers).collect();
        try_join4(
            insert_types(client, &stored),
            known::insert_keys(client, &stored),
            insert_events(client, &store.day_tables, &stored),
            insert_deliveries(client, &store.day_tables, session, &stored),
        )
        .await?;
    }
    Ok(answers
        .into_iter()
        .map(|answer| answer.unwrap_or(Appended::Stored))
        .collect())
}

/// The deliveries that the session comes to own by appending these.
pub(crate) fn owned(events: &[NewEvent]) -> Vec<DeliveryKey> {
    events
        .iter()
        .flat_map(|new| {
            new.deliveries
                .iter()
                .map(|delivery| (new.event.account, delivery))
        })
        .filter(|(_, delivery)| delivery.first_attempt == FirstAttempt::Owned)
        .map(|(account, delivery)| DeliveryKey {
            account,
            delivery: delivery.id,
        })
        .collect()
}

async fn insert_types(client: &impl GenericClient, stored: &[(&NewEvent, i64)]) -> SqlResult<()> {
    let mut types: Vec<(&EventTypeName, Timestamp)> = stored
        .iter()
        .filter(|(new, _)| new.adds_event_type)
        .map(|(new, _)| (&new.event.event_type, new.event.created_at))
        .collect();
    if types.is_empty() {
        return Ok(());
    }
    // Each once, with the time of the first of its events; in one order everywhere, so that two transactions do not
    // wait for each other.
    types.sort_by_key(|(name, _)| name.as_str());
    types.dedup_by_key(|(name, _)| name.as_str());
    event_types::add_unseen(client, &types).await
}

const EVENT_ROWS: &str = "
    (account_id, created_at, seq, id, first_delivery_id, occurred_at, delivery_count, flags, type,
                        warning_code, warning_pointer, data)
    SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::uuid[], $5::uuid[], $6::bigint[], $7::integer[],
                         $8::smallint[], $9::text[], $10::text[], $11::bytea[], $12::bytea[])";

async fn insert_events(
    client: &impl GenericClient,
    tables: &DayTables,
    stored: &[(&NewEvent, i64)],
) -> SqlResult<()> {
    /// One column of all events.
    fn column<'a, T>(stored: &[(&'a NewEvent, i64)], value: impl Fn(&'a NewEvent) -> T) -> Vec<T> {
        stored.iter().map(|(new, _)| value(new)).collect()
    }
    debug_assert!(
        stored.iter().all(|(new, _)| are_consecutive(new)),
        "an event's deliveries are numbered consecutively"
    );
    let seqs: Vec<i64> = stored.iter().map(|(_, seq)| *seq).collect();
    let created_at = column(stored, |new| new.event.created_at.unix_ms());
    let (first, last) = (created_at.iter().min(), created_at.iter().max());
    let day = match (first, last) {
        (Some(first), Some(last)) => tables.day_of_times(client, *first, *last).await?,
        _ => None,
    };
    statement::execute(
        client,
        &format!("INSERT INTO {} {EVENT_ROWS}", day_tables::name("events", day)),
        &[
            &column(stored, |new| uuid(new.event.account.as_bytes())),
            &created_at,
            &seqs,
            &column(stored, |new| uuid(new.event.id.as_bytes())),
            &column(stored, |new| {
                new.deliveries.first().map(|first| uuid(first.id.as_bytes()))
            }),
            &column(stored, |new| new.event.occurred_at.map(Timestamp::unix_ms)),
            &column(stored, |new| int(new.event.deliveries)),
            &column(stored, flags),
            &column(stored, |new| new.event.event_type.as_str()),
            &column(stored, |new| {
                new.event.warning.as_ref().map(|warning| warning.code.as_str())
            }),
            &column(stored, |new| {
                new.event
                    .warning
                    .as_ref()
                    .map(|warning| warning.pointer.as_bytes())
            }),
            &column(stored, |new| &*new.event.data),
        ],
    )
    .await?;
    Ok(())
}

fn flags(new: &NewEvent) -> i16 {
    i16::from(new.event.test) * FLAG_TEST + i16::from(new.event.js_fixed_point) * FLAG_JS_FIXED_POINT
}

/// Whether an event's deliveries are numbered as its row assumes.
fn are_consecutive(new: &NewEvent) -> bool {
    let first = new.deliveries.first().map_or(0, |first| first.id.as_u128());
    (first..)
        .zip(&new.deliveries)
        .all(|(id, delivery)| delivery.id == DeliveryId::from_u128(id))
}

const DELIVERY_ROWS: &str = "
    (account_id, id, event_created_at, event_seq, automation_id, action_id, state_at, owner,
                            data_bytes, attempts, resends, recorded, body, status)
    SELECT account_id, id, created_at, seq, automation_id, action_id, created_at, owner, data_bytes, 0, 0, 0, body, 0
    FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::uuid[], $6::uuid[], $7::bigint[],
                $8::integer[], $9::smallint[])
        AS n (account_id, id, created_at, seq, automation_id, action_id, owner, data_bytes, body)";

async fn insert_deliveries(
    client: &impl GenericClient,
    tables: &DayTables,
    session: SessionId,
    stored: &[(&NewEvent, i64)],
) -> SqlResult<()> {
    let count = stored.iter().map(|(new, _)| new.deliveries.len()).sum();
    if count == 0 {
        return Ok(());
    }
    let mut rows = DeliveryRows::with_capacity(count);
    for (new, seq) in stored {
        rows.add(session, new, *seq);
    }
    let keys = Keys::new(rows.keys.into_iter());
    let day = tables.day_of_ids(client, keys.first_id, keys.last_id).await?;
    statement::execute(
        client,
        &format!(
            "INSERT INTO {} {DELIVERY_ROWS}",
            day_tables::name("deliveries", day)
        ),
        &[
            &keys.accounts,
            &keys.ids,
            &rows.created_at,
            &rows.seqs,
            &rows.automations,
            &rows.actions,
            &rows.owners,
            &rows.data_bytes,
            &rows.bodies,
        ],
    )
    .await?;
    Ok(())
}

/// The deliveries of a call, one array for each column.
struct DeliveryRows {
    keys: Vec<DeliveryKey>,
    created_at: Vec<i64>,
    seqs: Vec<i64>,
    automations: Vec<Uuid>,
    actions: Vec<Uuid>,
    owners: Vec<Option<i64>>,
    data_bytes: Vec<i32>,
    bodies: Vec<i16>,
}

impl DeliveryRows {
    fn with_capacity(count: usize) -> Self {
        Self {
            keys: Vec::with_capacity(count),
            created_at: Vec::with_capacity(count),
            seqs: Vec::with_capacity(count),
            automations: Vec::with_capacity(count),
            actions: Vec::with_capacity(count),
            owners: Vec::with_capacity(count),
            data_bytes: Vec::with_capacity(count),
            bodies: Vec::with_capacity(count),
        }
    }

    /// Adds an event's deliveries.
    fn add(&mut self, session: SessionId, new: &NewEvent, seq: i64) {
        let account = new.event.account;
        let created_at = new.event.created_at.unix_ms();
        let data_bytes = i32::try_from(new.event.data.len()).unwrap_or(i32::MAX);
        for delivery in &new.deliveries {
            self.keys.push(DeliveryKey {
                account,
                delivery: delivery.id,
            });
            self.created_at.push(created_at);
            self.seqs.push(seq);
            self.automations.push(uuid(delivery.automation.as_bytes()));
            self.actions.push(uuid(delivery.action.as_bytes()));
            self.owners.push(match delivery.first_attempt {
                FirstAttempt::Owned => Some(session.0),
                FirstAttempt::Waiting => None,
            });
            self.data_bytes.push(data_bytes);
            self.bodies.push(i16::from(delivery.body.code()));
        }
    }
}
