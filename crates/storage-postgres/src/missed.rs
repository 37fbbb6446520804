//! Events that actions have missed: finding them, and adding the deliveries that they lack ([`add`]).

mod add;

use async_trait::async_trait;
use bytes::Bytes;
use deadpool_postgres::GenericClient;
use postrider_model::{AccountId, ActionId, AuditEntry, EventId, EventTypeName, Timestamp};
use postrider_storage::{
    MissedBounds, MissedEvent, MissedFilter, MissedStep, MissedStore, NewMissed, Position, StoreResult,
    encoding, rules,
};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::columns::{self, uuid};
use crate::events::list::{CHUNK_GROWTH, Place, ROWS_LOOKED_AT_MAX};
use crate::sql_error::{SqlError, SqlResult};
use crate::statement;
use crate::store::PostgresStore;

#[async_trait]
impl MissedStore for PostgresStore {
    async fn missed_step(
        &self,
        account: AccountId,
        filter: &MissedFilter,
        bounds: MissedBounds,
        after: Option<Position>,
    ) -> StoreResult<MissedStep> {
        self.database
            .run(async || {
                let client = self.database.client().await?;
                step(&client, account, filter, bounds, after).await
            })
            .await
    }

    async fn add_missed(
        &self,
        account: AccountId,
        events: Vec<NewMissed>,
        now: Timestamp,
        audit: Option<AuditEntry>,
    ) -> StoreResult<usize> {
        self.database
            .run(async || {
                let mut client = self.database.client().await?;
                add::add(&mut client, account, &events, now, audit.as_ref()).await
            })
            .await
    }
}

/// A step; see [`MissedStore::missed_step`].
async fn step(
    client: &impl GenericClient,
    account: AccountId,
    filter: &MissedFilter,
    bounds: MissedBounds,
    after: Option<Position>,
) -> SqlResult<MissedStep> {
    let newest = Place::before(filter.before);
    let mut behind = after.map_or(newest, |after| Place::from_position(after).min(newest));
    let mut found = Vec::new();
    let (mut looked_at, mut chunk) = (0, bounds.events + 1);
    let next = loop {
        let room = ROWS_LOOKED_AT_MAX - looked_at;
        let size = chunk.min(room);
        let rows = looked_through(client, account, filter, behind, size).await?;
        let events: Vec<Candidate> = rows.iter().map(candidate).collect::<SqlResult<_>>()?;
        let (events, count) = fitting(&events, room);
        let is_end = events.len() == rows.len() && rows.len() < size;
        let last = events.last().map(|event| event.place);
        let candidates: Vec<&Candidate> = events.iter().filter(|event| event.is_of(filter)).collect();
        let has = actions_of(client, account, &filter.actions, &candidates).await?;
        let mut stopped = None;
        for (candidate, has) in candidates.into_iter().zip(has) {
            let lacking = rules::missed::lacking(&filter.actions, &has, candidate.count);
            if lacking.is_empty() {
                behind = candidate.place;
            } else if found.len() == bounds.events.max(1) {
                stopped = Some(behind.position());
                break;
            } else {
                behind = candidate.place;
                found.push((candidate.clone(), lacking));
            }
        }
        if stopped.is_some() || is_end {
            break stopped;
        }
        behind = last.unwrap_or(behind);
        looked_at += count;
        chunk *= CHUNK_GROWTH;
        if looked_at >= ROWS_LOOKED_AT_MAX {
            break Some(behind.position());
        }
    };
    read(client, account, found, bounds, next).await
}

/// The first of these events that make up at most about `room` rows, with their deliveries; at least one.
/// And how many rows these are.
fn fitting(events: &[Candidate], room: usize) -> (&[Candidate], usize) {
    let mut rows = 0_usize;
    let fits = events.iter().take_while(|event| {
        let fits = rows < room;
        if fits {
            rows = rows.saturating_add(1 + event.count as usize);
        }
        fits
    });
    let count = fits.count();
    (&events[..count], rows)
}

/// An event that may have been missed.
#[derive(Clone)]
struct Candidate {
    place: Place,
    id: EventId,
    event_type: EventTypeName,
    flags: encoding::event::Flags,
    first_delivery: Option<u128>,
    /// How many deliveries it has.
    count: u32,
}

impl Candidate {
    /// The range of its deliveries' ids.
    fn deliveries(&self) -> (u128, u128) {
        let first = self.first_delivery.unwrap_or_default();
        (first, first + u128::from(self.count))
    }

    fn is_of(&self, filter: &MissedFilter) -> bool {
        rules::missed::is_of_type(filter, &self.event_type) && rules::missed::may_be_missed(self.flags)
    }
}

fn place(row: &Row) -> SqlResult<Place> {
    Ok(Place {
        time_ms: row.try_get(0)?,
        seq: row.try_get(1)?,
    })
}

fn candidate(row: &Row) -> SqlResult<Candidate> {
    let flags: i16 = row.try_get(4)?;
    let first: Option<Uuid> = row.try_get(5)?;
    Ok(Candidate {
        place: place(row)?,
        id: columns::id(row, 2, EventId::from_bytes)?,
        event_type: event_type(row, 3)?,
        flags: encoding::event::from_flags(flags.into())?,
        first_delivery: first.map(|first| first.as_u128()),
        count: columns::count(row, 6)?,
    })
}

fn event_type(row: &Row, column: usize) -> SqlResult<EventTypeName> {
    let name: &str = row.try_get(column)?;
    name.parse().map_err(|_| SqlError::Damaged("an event type"))
}

/// The next `size` of the account's events in the time span.
async fn looked_through(
    client: &impl GenericClient,
    account: AccountId,
    filter: &MissedFilter,
    behind: Place,
    size: usize,
) -> SqlResult<Vec<Row>> {
    let sql = "SELECT created_at, seq, id, type, flags, first_delivery_id, delivery_count + coalesce(missed_count, 0)
         FROM events
         WHERE account_id = $1 AND created_at <= $2 AND (created_at, seq) < ($2, $3) AND created_at >= $4
         ORDER BY created_at DESC, seq DESC LIMIT $5";
    let (account, size) = (uuid(account.as_bytes()), columns::number(size));
    let oldest = filter.after.unix_ms();
    let params: &statement::Params<'_> = &[&account, &behind.time_ms, &behind.seq, &oldest, &size];
    statement::query(client, sql, params).await
}

/// Those of the actions for which each candidate has a delivery.
async fn actions_of(
    client: &impl GenericClient,
    account: AccountId,
    actions: &[ActionId],
    candidates: &[&Candidate],
) -> SqlResult<Vec<Vec<ActionId>>> {
    let ranges = candidates.iter().map(|candidate| candidate.deliveries());
    actions_in(client, account, actions, &ranges.collect::<Vec<_>>()).await
}

/// Those of the actions that have a delivery in each of these ranges of ids. An event can have 1,000
/// deliveries: those of other actions are left in the database.
async fn actions_in(
    client: &impl GenericClient,
    account: AccountId,
    of: &[ActionId],
    ranges: &[(u128, u128)],
) -> SqlResult<Vec<Vec<ActionId>>> {
    let mut actions: Vec<Vec<ActionId>> = vec![Vec::new(); ranges.len()];
    let filled = (0_i64..).zip(ranges).filter(|(_, (first, end))| first < end);
    let filled: Vec<(i64, u128, u128)> = filled.map(|(nth, (first, end))| (nth, *first, *end)).collect();
    if filled.is_empty() {
        return Ok(actions);
    }
    // The planner takes the ranges for a single one, as in `keys.rs`.
    let sql = "SELECT r.nth, d.action_id
         FROM (SELECT * FROM unnest($2::bigint[], $3::uuid[], $4::uuid[]) AS r (nth, first, past)
               LIMIT cardinality($2)) AS r
         CROSS JOIN LATERAL (
             SELECT action_id FROM deliveries
             WHERE account_id = $1 AND id >= r.first AND id < r.past AND id BETWEEN $5 AND $6
                 AND action_id = ANY ($7)
         ) AS d";
    let nth: Vec<i64> = filled.iter().map(|(nth, ..)| *nth).collect();
    let first: Vec<Uuid> = filled
        .iter()
        .map(|(_, first, _)| Uuid::from_u128(*first))
        .collect();
    let past: Vec<Uuid> = filled.iter().map(|(.., end)| Uuid::from_u128(*end)).collect();
    let (least, greatest) = (first.iter().min(), past.iter().max());
    let account = uuid(account.as_bytes());
    let of: Vec<Uuid> = of.iter().map(|action| uuid(action.as_bytes())).collect();
    let params: &statement::Params<'_> = &[&account, &nth, &first, &past, &least, &greatest, &of];
    for row in &statement::query(client, sql, params).await? {
        let nth: i64 = row.try_get(0)?;
        if let Some(actions) = usize::try_from(nth).ok().and_then(|nth| actions.get_mut(nth)) {
            actions.push(columns::id(row, 1, ActionId::from_bytes)?);
        }
    }
    Ok(actions)
}

/// Reads the data of the events found, as far as it fits.
async fn read(
    client: &impl GenericClient,
    account: AccountId,
    found: Vec<(Candidate, Vec<ActionId>)>,
    bounds: MissedBounds,
    next: Option<Position>,
) -> SqlResult<MissedStep> {
    let mut step = MissedStep {
        events: Vec::with_capacity(found.len()),
        next,
    };
    let (mut bytes, mut last) = (0_usize, None);
    for (candidate, lacking) in found {
        let mut data = Bytes::new();
        if let Some(most) = bounds.data_bytes {
            // One by one: all together could be far more than fits.
            let sql = "SELECT data FROM events WHERE account_id = $1 AND created_at = $2 AND seq = $3";
            let (time, seq) = (candidate.place.time_ms, candidate.place.seq);
            let params: &statement::Params<'_> = &[&uuid(account.as_bytes()), &time, &seq];
            let Some(row) = statement::query_opt(client, sql, params).await? else {
                // It was pruned meanwhile.
                continue;
            };
            data = Bytes::from(row.try_get::<_, Vec<u8>>(0)?);
            bytes = bytes.saturating_add(data.len());
            if bytes > most && !step.events.is_empty() {
                step.next = last;
                return Ok(step);
            }
        }
        last = Some(candidate.place.position());
        step.events.push(MissedEvent {
            id: candidate.id,
            event_type: candidate.event_type,
            created_at: Timestamp::from_unix_ms(candidate.place.time_ms),
            data,
            lacking,
        });
    }
    Ok(step)
}
