//! Accepting: one statement for all events of a call and one for all their deliveries, sent together.

use deadpool_postgres::GenericClient;
use futures_util::future::{try_join, try_join3};
use postrider_model::{DeliveryId, EventTypeName, Timestamp};
use postrider_storage::{Appended, DeliveryKey, FirstAttempt, NewEvent, SessionId, encoding};
use tokio_postgres::Statement;
use uuid::Uuid;

use crate::columns::{int, uuid};
use crate::day_tables;
use crate::deliveries::keys::Keys;
use crate::event_types;
use crate::events::known;
use crate::sql_error::SqlResult;
use crate::statement::Params;
use crate::store::PostgresStore;

/// Stores events; see [`postrider_storage::WorkStore::advance`].
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
        let storing = Storing::prepare(client, store, session, new).await?;
        try_join3(
            insert_types(client, &storing.events),
            known::insert_keys(client, &storing.events),
            storing.send(client),
        )
        .await?;
    }
    Ok(answers
        .into_iter()
        .map(|answer| answer.unwrap_or(Appended::Stored))
        .collect())
}

/// Whether [`Storing`] alone can store these events: they have no keys, and no event type that may be new.
pub(crate) fn are_usual(events: &[NewEvent]) -> bool {
    events
        .iter()
        .all(|new| !new.adds_event_type && !known::has_keys(new))
}

/// The deliveries that the session owns after appending these events.
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
    // Each type once, with the time of its first event. All callers use the same order, so that two
    // transactions never wait for each other.
    types.sort_by_key(|(name, _)| name.as_str());
    types.dedup_by_key(|(name, _)| name.as_str());
    event_types::add_unseen(client, &types).await
}

const EVENT_ROWS: &str = "
    (account_id, created_at, seq, id, first_delivery_id, occurred_at, delivery_count, flags, type,
                        warning_code, warning_pointer, data)
    SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::uuid[], $5::uuid[], $6::bigint[], $7::integer[],
                         $8::smallint[], $9::text[], $10::text[], $11::bytea[], $12::bytea[])";

/// New events to store, with everything that requires a round trip already prepared.
pub(crate) struct Storing<'a> {
    /// Each event with its number.
    events: Vec<(&'a NewEvent, i64)>,
    created_at: Vec<i64>,
    insert_events: Statement,
    deliveries: DeliveryRows,
    /// `None` if there are no deliveries.
    insert_deliveries: Option<Statement>,
}

impl<'a> Storing<'a> {
    /// Prepares at least one event.
    pub(crate) async fn prepare(
        client: &impl GenericClient,
        store: &PostgresStore,
        session: SessionId,
        new: Vec<&'a NewEvent>,
    ) -> SqlResult<Self> {
        debug_assert!(
            new.iter().all(|new| are_consecutive(new)),
            "an event's deliveries are numbered consecutively"
        );
        let numbers = store.seqs.take(client, new.len()).await?;
        let events: Vec<_> = new.into_iter().zip(numbers).collect();
        let created_at: Vec<_> = events
            .iter()
            .map(|(new, _)| new.event.created_at.unix_ms())
            .collect();
        let tables = &store.day_tables;
        let day = match (created_at.iter().min(), created_at.iter().max()) {
            (Some(first), Some(last)) => tables.day_of_times(client, *first, *last).await?,
            _ => None,
        };
        let sql = format!("INSERT INTO {} {EVENT_ROWS}", day_tables::name("events", day));
        let insert_events = client.prepare_cached(&sql).await?;
        let deliveries = DeliveryRows::of(session, &events);
        let insert_deliveries = if deliveries.keys.ids.is_empty() {
            None
        } else {
            let keys = &deliveries.keys;
            let day = tables.day_of_ids(client, keys.first_id, keys.last_id).await?;
            let sql = format!(
                "INSERT INTO {} {DELIVERY_ROWS}",
                day_tables::name("deliveries", day)
            );
            Some(client.prepare_cached(&sql).await?)
        };
        Ok(Self {
            events,
            created_at,
            insert_events,
            deliveries,
            insert_deliveries,
        })
    }

    /// Stores the events and their deliveries. The statements are sent when this is first polled.
    pub(crate) async fn send(&self, client: &impl GenericClient) -> SqlResult<()> {
        try_join(self.insert_events(client), self.insert_deliveries(client)).await?;
        Ok(())
    }

    async fn insert_events(&self, client: &impl GenericClient) -> SqlResult<()> {
        /// One column of all events.
        fn column<'a, T>(events: &[(&'a NewEvent, i64)], value: impl Fn(&'a NewEvent) -> T) -> Vec<T> {
            events.iter().map(|(new, _)| value(new)).collect()
        }
        let events = &self.events;
        let seqs: Vec<i64> = events.iter().map(|(_, seq)| *seq).collect();
        let params: &Params<'_> = &[
            &column(events, |new| uuid(new.event.account.as_bytes())),
            &self.created_at,
            &seqs,
            &column(events, |new| uuid(new.event.id.as_bytes())),
            &column(events, |new| {
                new.deliveries.first().map(|first| uuid(first.id.as_bytes()))
            }),
            &column(events, |new| new.event.occurred_at.map(Timestamp::unix_ms)),
            &column(events, |new| int(new.event.deliveries)),
            &column(events, |new| i16::from(encoding::event::flags(&new.event))),
            &column(events, |new| new.event.event_type.as_str()),
            &column(events, |new| {
                new.event.warning.as_ref().map(|warning| warning.code.as_str())
            }),
            &column(events, |new| {
                new.event
                    .warning
                    .as_ref()
                    .map(|warning| warning.pointer.as_bytes())
            }),
            &column(events, |new| &*new.event.data),
        ];
        client.execute(&self.insert_events, params).await?;
        Ok(())
    }

    async fn insert_deliveries(&self, client: &impl GenericClient) -> SqlResult<()> {
        let Some(statement) = &self.insert_deliveries else {
            return Ok(());
        };
        let rows = &self.deliveries;
        let params: &Params<'_> = &[
            &rows.keys.accounts,
            &rows.keys.ids,
            &rows.created_at,
            &rows.seqs,
            &rows.automations,
            &rows.actions,
            &rows.owners,
            &rows.data_bytes,
            &rows.bodies,
        ];
        client.execute(statement, params).await?;
        Ok(())
    }
}

/// Whether an event's deliveries are numbered consecutively, as its row assumes.
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
                $8::integer[], $9::integer[])
        AS n (account_id, id, created_at, seq, automation_id, action_id, owner, data_bytes, body)";

/// The deliveries of a call, with one array per column.
struct DeliveryRows {
    keys: Keys,
    created_at: Vec<i64>,
    seqs: Vec<i64>,
    automations: Vec<Uuid>,
    actions: Vec<Uuid>,
    owners: Vec<Option<i64>>,
    data_bytes: Vec<i32>,
    bodies: Vec<i32>,
}

impl DeliveryRows {
    /// The deliveries of all these events.
    fn of(session: SessionId, events: &[(&NewEvent, i64)]) -> Self {
        let count = events.iter().map(|(new, _)| new.deliveries.len()).sum();
        let mut keys = Vec::with_capacity(count);
        let mut rows = Self {
            keys: Keys::new([].into_iter()),
            created_at: Vec::with_capacity(count),
            seqs: Vec::with_capacity(count),
            automations: Vec::with_capacity(count),
            actions: Vec::with_capacity(count),
            owners: Vec::with_capacity(count),
            data_bytes: Vec::with_capacity(count),
            bodies: Vec::with_capacity(count),
        };
        for (new, seq) in events {
            rows.add(session, new, *seq, &mut keys);
        }
        rows.keys = Keys::new(keys.into_iter());
        rows
    }

    /// Adds an event's deliveries.
    fn add(&mut self, session: SessionId, new: &NewEvent, seq: i64, keys: &mut Vec<DeliveryKey>) {
        let account = new.event.account;
        let created_at = new.event.created_at.unix_ms();
        let data_bytes = i32::try_from(new.event.data.len()).unwrap_or(i32::MAX);
        for delivery in &new.deliveries {
            keys.push(DeliveryKey {
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
            self.bodies.push(int(delivery.body.code()));
        }
    }
}
