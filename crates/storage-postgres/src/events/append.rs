//! Accepting: one statement for all events of a call and their deliveries.

use deadpool_postgres::GenericClient;
use futures_util::future::try_join3;
use postrider_model::{DeliveryId, EventTypeName, Timestamp};
use postrider_storage::{Appended, DeliveryKey, FirstAttempt, NewEvent, SessionId, encoding};
use uuid::Uuid;

use crate::columns::{int, uuid};
use crate::day_tables::{self, DayTables, Days};
use crate::deliveries::keys::Keys;
use crate::event_types;
use crate::events::known;
use crate::partitions::day::Day;
use crate::sql_error::SqlResult;
use crate::statement::{self, Param};
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
        let storing = Storing::prepare(client, store, new).await?;
        try_join3(
            insert_types(client, &storing.events),
            known::insert_keys(client, &storing.events),
            storing.send(client, store, Some(session)),
        )
        .await?;
    }
    Ok(answers
        .into_iter()
        .map(|answer| answer.unwrap_or(Appended::Stored))
        .collect())
}

/// Stores events whose ids are new and that have no keys. All their deliveries wait. The caller lets
/// [`DayTables::notice`] see the outcome of its transaction.
pub(crate) async fn store_waiting(
    client: &impl GenericClient,
    store: &PostgresStore,
    events: Vec<&NewEvent>,
) -> SqlResult<()> {
    if events.is_empty() {
        return Ok(());
    }
    let storing = Storing::prepare(client, store, events).await?;
    storing.send(client, store, None).await
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

/// Stores the rows of [`Storing::params`], as two parts of a `WITH`. The session is `$1`.
///
/// Lists of `unnest` cost half as much as `FROM unnest(…, …)`, which first copies each array into a table of
/// its own (measured).
pub(crate) fn parts(events: Option<Day>, deliveries: Option<Day>) -> String {
    let events = day_tables::name("events", events);
    let deliveries = day_tables::name("deliveries", deliveries);
    format!(
        "stored AS (
             INSERT INTO {events} (account_id, created_at, seq, id, first_delivery_id, occurred_at, delivery_count,
                                   flags, type, warning_code, warning_pointer, data, deliver_at, headers)
             SELECT unnest($2::uuid[]), unnest($3::bigint[]), unnest($4::bigint[]), unnest($5::uuid[]),
                    unnest($6::uuid[]), unnest($7::bigint[]), unnest($8::integer[]), unnest($9::smallint[]),
                    unnest($10::text[]), unnest($11::text[]), unnest($12::bytea[]), unnest($13::bytea[]),
                    unnest($14::bigint[]), unnest($15::bytea[])
         ), pending AS (
             INSERT INTO {deliveries} (account_id, id, event_created_at, event_seq, automation_id, action_id, state_at,
                                       owner, data_bytes, attempts, resends, recorded, body, status)
             SELECT account_id, id, created_at, seq, automation_id, action_id, due_at,
                    CASE WHEN is_owned THEN $1::bigint END, data_bytes, 0, 0, 0, body, 0
             FROM (SELECT unnest($16::uuid[]) AS account_id, unnest($17::uuid[]) AS id,
                          unnest($18::bigint[]) AS created_at, unnest($19::bigint[]) AS seq,
                          unnest($20::uuid[]) AS automation_id, unnest($21::uuid[]) AS action_id,
                          unnest($22::boolean[]) AS is_owned, unnest($23::integer[]) AS data_bytes,
                          unnest($24::integer[]) AS body, unnest($25::bigint[]) AS due_at) AS n
         )"
    )
}

/// New events to store, with their numbers.
pub(crate) struct Storing<'a> {
    /// Each event with its number.
    events: Vec<(&'a NewEvent, i64)>,
    event_rows: EventRows<'a>,
    delivery_rows: DeliveryRows,
}

impl<'a> Storing<'a> {
    /// Numbers the events, and arranges their rows.
    pub(crate) async fn prepare(
        client: &impl GenericClient,
        store: &PostgresStore,
        new: Vec<&'a NewEvent>,
    ) -> SqlResult<Self> {
        debug_assert!(
            new.iter().all(|new| are_consecutive(new)),
            "an event's deliveries are numbered consecutively"
        );
        let numbers = store.seqs.take(client, new.len()).await?;
        let events: Vec<_> = new.into_iter().zip(numbers).collect();
        Ok(Self {
            event_rows: EventRows::of(&events),
            delivery_rows: DeliveryRows::of(&events),
            events,
        })
    }

    /// The days of the events.
    pub(crate) async fn days_of_events(
        &self,
        client: &impl GenericClient,
        tables: &DayTables,
    ) -> SqlResult<Days> {
        let times = &self.event_rows.created_at;
        match (times.iter().min(), times.iter().max()) {
            (Some(first), Some(last)) => tables.days_of_times(client, *first, *last).await,
            _ => Ok(Days::NoRows),
        }
    }

    /// The days of their deliveries.
    pub(crate) async fn days_of_deliveries(
        &self,
        client: &impl GenericClient,
        tables: &DayTables,
    ) -> SqlResult<Days> {
        tables.days_of_keys(client, &self.delivery_rows.keys).await
    }

    /// Stores the events and their deliveries. Without an `owner`, all deliveries wait.
    async fn send(
        &self,
        client: &impl GenericClient,
        store: &PostgresStore,
        owner: Option<SessionId>,
    ) -> SqlResult<()> {
        let tables = &store.day_tables;
        let events = self.days_of_events(client, tables).await?;
        let deliveries = self.days_of_deliveries(client, tables).await?.or(events);
        let sql = format!("WITH {} SELECT 1", parts(events.named(), deliveries.named()));
        let owner = owner.map(|session| session.0);
        let mut params: Vec<Param<'_>> = vec![&owner];
        params.extend(self.params());
        statement::execute(client, &sql, &params).await?;
        Ok(())
    }

    /// `$2` to `$25` of [`parts`].
    pub(crate) fn params(&self) -> impl Iterator<Item = Param<'_>> {
        self.event_rows
            .params()
            .into_iter()
            .chain(self.delivery_rows.params())
    }
}

/// The rows of events, with one array per column.
struct EventRows<'a> {
    accounts: Vec<Uuid>,
    created_at: Vec<i64>,
    seqs: Vec<i64>,
    ids: Vec<Uuid>,
    first_deliveries: Vec<Option<Uuid>>,
    occurred_at: Vec<Option<i64>>,
    delivery_counts: Vec<i32>,
    flags: Vec<i16>,
    types: Vec<&'a str>,
    warning_codes: Vec<Option<&'a str>>,
    warning_pointers: Vec<Option<&'a [u8]>>,
    data: Vec<&'a [u8]>,
    deliver_at: Vec<Option<i64>>,
    headers: Vec<Option<Vec<u8>>>,
}

impl<'a> EventRows<'a> {
    fn of(events: &[(&'a NewEvent, i64)]) -> Self {
        /// One column of all events.
        fn column<'a, T>(events: &[(&'a NewEvent, i64)], value: impl Fn(&'a NewEvent) -> T) -> Vec<T> {
            events.iter().map(|(new, _)| value(new)).collect()
        }
        Self {
            accounts: column(events, |new| uuid(new.event.account.as_bytes())),
            created_at: column(events, |new| new.event.created_at.unix_ms()),
            seqs: events.iter().map(|(_, seq)| *seq).collect(),
            ids: column(events, |new| uuid(new.event.id.as_bytes())),
            first_deliveries: column(events, |new| {
                new.deliveries.first().map(|first| uuid(first.id.as_bytes()))
            }),
            occurred_at: column(events, |new| new.event.occurred_at.map(Timestamp::unix_ms)),
            delivery_counts: column(events, |new| int(new.event.deliveries)),
            flags: column(events, |new| i16::from(encoding::event::flags(&new.event))),
            types: column(events, |new| new.event.event_type.as_str()),
            warning_codes: column(events, |new| {
                new.event.warning.as_ref().map(|warning| warning.code.as_str())
            }),
            warning_pointers: column(events, |new| {
                let warning = new.event.warning.as_ref();
                warning.map(|warning| warning.pointer.as_bytes())
            }),
            data: column(events, |new| &*new.event.data),
            deliver_at: column(events, |new| new.event.deliver_at.map(Timestamp::unix_ms)),
            headers: column(events, |new| encoding::event_headers::encode(&new.event)),
        }
    }

    fn params(&self) -> [Param<'_>; 14] {
        [
            &self.accounts,
            &self.created_at,
            &self.seqs,
            &self.ids,
            &self.first_deliveries,
            &self.occurred_at,
            &self.delivery_counts,
            &self.flags,
            &self.types,
            &self.warning_codes,
            &self.warning_pointers,
            &self.data,
            &self.deliver_at,
            &self.headers,
        ]
    }
}

/// Whether an event's deliveries are numbered consecutively, as its row assumes.
fn are_consecutive(new: &NewEvent) -> bool {
    let first = new.deliveries.first().map_or(0, |first| first.id.as_u128());
    (first..)
        .zip(&new.deliveries)
        .all(|(id, delivery)| delivery.id == DeliveryId::from_u128(id))
}

/// The deliveries of a call, with one array per column.
struct DeliveryRows {
    keys: Keys,
    created_at: Vec<i64>,
    seqs: Vec<i64>,
    automations: Vec<Uuid>,
    actions: Vec<Uuid>,
    are_owned: Vec<bool>,
    data_bytes: Vec<i32>,
    bodies: Vec<i32>,
    due_at: Vec<i64>,
}

impl DeliveryRows {
    /// The deliveries of all these events.
    fn of(events: &[(&NewEvent, i64)]) -> Self {
        let count = events.iter().map(|(new, _)| new.deliveries.len()).sum();
        let mut keys = Vec::with_capacity(count);
        let mut rows = Self {
            keys: Keys::new([].into_iter()),
            created_at: Vec::with_capacity(count),
            seqs: Vec::with_capacity(count),
            automations: Vec::with_capacity(count),
            actions: Vec::with_capacity(count),
            are_owned: Vec::with_capacity(count),
            data_bytes: Vec::with_capacity(count),
            bodies: Vec::with_capacity(count),
            due_at: Vec::with_capacity(count),
        };
        for (new, seq) in events {
            rows.add(new, *seq, &mut keys);
        }
        rows.keys = Keys::new(keys.into_iter());
        rows
    }

    /// Adds an event's deliveries.
    fn add(&mut self, new: &NewEvent, seq: i64, keys: &mut Vec<DeliveryKey>) {
        let account = new.event.account;
        let created_at = new.event.created_at.unix_ms();
        let due_at = new.event.due_at().unix_ms();
        let data_bytes = i32::try_from(new.event.bytes()).unwrap_or(i32::MAX);
        for delivery in &new.deliveries {
            keys.push(DeliveryKey {
                account,
                delivery: delivery.id,
            });
            self.created_at.push(created_at);
            self.seqs.push(seq);
            self.automations.push(uuid(delivery.automation.as_bytes()));
            self.actions.push(uuid(delivery.action.as_bytes()));
            self.are_owned.push(delivery.first_attempt == FirstAttempt::Owned);
            self.data_bytes.push(data_bytes);
            self.bodies.push(int(delivery.body.code()));
            self.due_at.push(due_at);
        }
    }

    fn params(&self) -> [Param<'_>; 10] {
        [
            &self.keys.accounts,
            &self.keys.ids,
            &self.created_at,
            &self.seqs,
            &self.automations,
            &self.actions,
            &self.are_owned,
            &self.data_bytes,
            &self.bodies,
            &self.due_at,
        ]
    }
}
