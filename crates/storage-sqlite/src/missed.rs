//! Events that actions have missed: finding them, and adding the deliveries that they lack.

use async_trait::async_trait;
use bytes::Bytes;
use postrider_model::{AccountId, ActionId, AuditEntry, DeliveryStatus, EventId, Timestamp};
use postrider_storage::rows::EventRow;
use postrider_storage::{
    MissedBounds, MissedEvent, MissedFilter, MissedStep, MissedStore, NewMissed, Position, StoreResult,
    encoding, rules,
};
use rusqlite::{CachedStatement, Connection};

use crate::events::list::{self, Place, ROWS_LOOKED_AT_MAX, Seen, Walk};
use crate::sql_error::{SqlError, SqlResult};
use crate::store::SqliteStore;
use crate::{audit, columns, events};

#[async_trait]
impl MissedStore for SqliteStore {
    async fn missed_step(
        &self,
        account: AccountId,
        filter: &MissedFilter,
        bounds: MissedBounds,
        after: Option<Position>,
    ) -> StoreResult<MissedStep> {
        let filter = filter.clone();
        self.read(move |conn| step(conn, account, &filter, bounds, after))
            .await
    }

    async fn add_missed(
        &self,
        account: AccountId,
        events: Vec<NewMissed>,
        now: Timestamp,
        audit: Option<AuditEntry>,
    ) -> StoreResult<usize> {
        self.room().await?;
        self.write(move |cx| {
            let mut added = 0;
            for new in &events {
                added += usize::from(add(cx.conn, account, new, now)?);
            }
            if let Some(audit) = &audit {
                audit::insert_if(added > 0, cx.conn, audit)?;
            }
            Ok(added)
        })
        .await
    }
}

/// A step; see [`MissedStore::missed_step`].
fn step(
    conn: &Connection,
    account: AccountId,
    filter: &MissedFilter,
    bounds: MissedBounds,
    after: Option<Position>,
) -> SqlResult<MissedStep> {
    let from = Place::from_position(after);
    let span = (Some(filter.after), Some(filter.before));
    let mut actions = Actions::prepare(conn)?;
    let mut found: Vec<(i64, Vec<ActionId>)> = Vec::new();
    let (mut looked_at, mut last, mut next) = (0, after, None);
    list::walk(conn, account, span, from, |seen| {
        let place = Place {
            index: 0,
            ..seen.place
        };
        if after.is_some() && place >= from {
            return Ok(Walk::On);
        }
        if looked_at >= ROWS_LOOKED_AT_MAX {
            next = last;
            return Ok(Walk::Stop);
        }
        looked_at += 1 + usize::from(seen.place.index);
        let lacking = lacking(&mut actions, filter, &seen)?;
        if !lacking.is_empty() {
            if found.len() == bounds.events.max(1) {
                next = last;
                return Ok(Walk::Stop);
            }
            found.push((seen.place.seq, lacking));
        }
        last = Some(place.position());
        Ok(Walk::On)
    })?;
    read(conn, found, bounds, next)
}

/// The actions of the filter for which the event lacks a delivery.
fn lacking(actions: &mut Actions<'_>, filter: &MissedFilter, seen: &Seen) -> SqlResult<Vec<ActionId>> {
    if !rules::missed::is_of_type(filter, &seen.event_type)
        || !rules::missed::may_be_missed(encoding::event::from_flags(seen.flags)?)
    {
        return Ok(Vec::new());
    }
    let has = match seen.first_delivery {
        Some(first) => actions.of(first.as_u128(), u128::from(seen.place.index))?,
        None => Vec::new(),
    };
    Ok(rules::missed::lacking(
        &filter.actions,
        &has,
        seen.place.index.into(),
    ))
}

pub(crate) const ACTIONS: &str = "SELECT action_id FROM deliveries WHERE id >= ?1 AND id < ?2";

/// Reads the actions of an event's deliveries.
struct Actions<'conn>(CachedStatement<'conn>);

impl<'conn> Actions<'conn> {
    fn prepare(conn: &'conn Connection) -> SqlResult<Self> {
        Ok(Self(conn.prepare_cached(ACTIONS)?))
    }

    fn of(&mut self, first: u128, count: u128) -> SqlResult<Vec<ActionId>> {
        let range = (first.to_be_bytes(), (first + count).to_be_bytes());
        let mut rows = self.0.query(range)?;
        let mut actions = Vec::new();
        while let Some(row) = rows.next()? {
            actions.push(columns::id(row, 0, ActionId::from_bytes)?);
        }
        Ok(actions)
    }
}

/// Reads the events found, as far as their data fits.
fn read(
    conn: &Connection,
    found: Vec<(i64, Vec<ActionId>)>,
    bounds: MissedBounds,
    next: Option<Position>,
) -> SqlResult<MissedStep> {
    let mut step = MissedStep {
        events: Vec::with_capacity(found.len()),
        next,
    };
    let (mut bytes, mut last) = (0_usize, None);
    let mut statement = conn.prepare_cached(FOUND)?;
    for (seq, lacking) in found {
        let mut rows = statement.query((seq, bounds.data_bytes.is_some()))?;
        let row = rows
            .next()?
            .ok_or(SqlError::Damaged("an index entry without its row"))?;
        let data = Bytes::from(row.get::<_, Vec<u8>>(3)?);
        bytes = bytes.saturating_add(data.len());
        if bounds.data_bytes.is_some_and(|most| bytes > most) && !step.events.is_empty() {
            step.next = last;
            return Ok(step);
        }
        let created_at = columns::time(row, 2)?;
        let place = Place {
            time: created_at,
            seq,
            index: 0,
        };
        last = Some(place.position());
        step.events.push(MissedEvent {
            id: columns::id(row, 0, EventId::from_bytes)?,
            event_type: columns::event_type(row, 1)?,
            created_at,
            data,
            lacking,
        });
    }
    Ok(step)
}

const FOUND: &str = "SELECT id, type, created_at, iif(?2, data, x'') FROM events WHERE seq = ?1";

/// Adds deliveries to an event. Returns whether it got some.
fn add(conn: &Connection, account: AccountId, new: &NewMissed, now: Timestamp) -> SqlResult<bool> {
    let sql = format!("SELECT {}, seq {}", EventRow::COLUMNS, events::BY_ID);
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query((new.event.as_bytes(), account.as_bytes()))?;
    let Some(row) = rows.next()? else {
        return Ok(false);
    };
    let seq: i64 = row.get(EventRow::COUNT)?;
    let event = columns::read(row, 0, EventRow::read)?;
    if !rules::missed::may_be_missed(encoding::event::from_flags(event.flags.into())?) {
        return Ok(false);
    }
    let count = event.deliveries().unsigned_abs();
    let first = event.first_delivery().map(|first| first.as_u128());
    let has = match first {
        Some(first) => Actions::prepare(conn)?.of(first, count.into())?,
        None => Vec::new(),
    };
    let actions: Vec<ActionId> = new.deliveries.iter().map(|delivery| delivery.action).collect();
    let lacking = rules::missed::lacking(&actions, &has, count);
    if lacking.is_empty() {
        return Ok(false);
    }
    let first = first.unwrap_or_else(|| rules::missed::first_id(account, new.event, new.created_at));
    let due = event.deliver_at.map_or(now.unix_ms(), |at| at.max(now.unix_ms()));
    let mut insert = conn.prepare_cached(
        "INSERT INTO deliveries (id, event_seq, account_id, automation_id, action_id, body, status, attempts,
                                 resends, owner, state_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 0, NULL, ?8)",
    )?;
    let deliveries = new.deliveries.iter();
    let deliveries = deliveries.filter(|delivery| lacking.contains(&delivery.action));
    for (id, delivery) in (first + u128::from(count)..).zip(deliveries) {
        insert.execute((
            id.to_be_bytes(),
            seq,
            account.as_bytes(),
            delivery.automation.as_bytes(),
            delivery.action.as_bytes(),
            delivery.body.code(),
            DeliveryStatus::Pending.code(),
            due,
        ))?;
    }
    conn.prepare_cached(
        "UPDATE events SET missed_count = ifnull(missed_count, 0) + ?2, first_delivery_id = ?3 WHERE seq = ?1",
    )?
    .execute((seq, columns::number(lacking.len()), first.to_be_bytes()))?;
    Ok(true)
}
