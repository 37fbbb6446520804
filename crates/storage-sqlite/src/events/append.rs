//! Accepting events: one row per event and one per delivery, checked before anything is written.

use std::sync::Arc;

use postrider_model::{DeliveryId, DeliveryStatus, Timestamp};
use postrider_storage::rows::EventRow;
use postrider_storage::{Appended, FirstAttempt, NewEvent, SessionId, encoding, rules};
use rusqlite::{CachedStatement, Connection};

use crate::event_types;
use crate::events;
use crate::queue::Part;
use crate::sql_error::SqlResult;
use crate::writer::WriteCx;

/// About how many bytes an event's columns take besides its data, and about how many a delivery's row takes.
const ROW_BYTES: usize = 128;

/// [`append`] as work for the writer.
pub(crate) fn work(
    session: SessionId,
    events: Arc<[NewEvent]>,
) -> Part<impl FnMut(&mut WriteCx<'_>) -> SqlResult<Vec<Appended>>> {
    Part::new(weight_of_all(&events), move |cx: &mut WriteCx<'_>| {
        append(cx.conn, session, &events)
    })
}

/// About how many bytes an event adds to the store.
pub(crate) fn weight(new: &NewEvent) -> usize {
    new.event.bytes() + ROW_BYTES * (1 + new.deliveries.len())
}

/// About how many bytes these events add to the store.
pub(crate) fn weight_of_all(events: &[NewEvent]) -> usize {
    events.iter().map(weight).sum()
}

/// Stores events; see [`postrider_storage::WorkStore::advance`].
fn append(conn: &Connection, session: SessionId, events: &[NewEvent]) -> SqlResult<Vec<Appended>> {
    let mut insert = Insert::prepare(conn)?;
    let mut answers = Vec::with_capacity(events.len());
    for new in events {
        let answer = match known(conn, new)? {
            Some(answer) => answer,
            None => {
                insert.event_with_deliveries(Some(session), new)?;
                if new.adds_event_type {
                    event_types::add_unseen(conn, &new.event.event_type, new.event.created_at)?;
                }
                Appended::Stored
            }
        };
        answers.push(answer);
    }
    Ok(answers)
}

/// Stores events whose ids are new. All their deliveries wait.
pub(crate) fn store_waiting<'a>(
    conn: &Connection,
    events: impl Iterator<Item = &'a NewEvent>,
) -> SqlResult<()> {
    let mut insert = None;
    for new in events {
        let insert = match &mut insert {
            Some(insert) => insert,
            None => insert.insert(Insert::prepare(conn)?),
        };
        insert.event_with_deliveries(None, new)?;
    }
    Ok(())
}

/// The result for an event whose id or idempotency key was used before. Ids that Postrider generated are
/// never looked up.
pub(super) fn known(conn: &Connection, new: &NewEvent) -> SqlResult<Option<Appended>> {
    let account = new.event.account;
    if let Some(key) = &new.idempotency_key
        && let Some(stored) = events::by_idempotency_key(conn, account, key)?
    {
        return Ok(Some(rules::events::repeated(new, &stored.event)));
    }
    if new.id_is_callers
        && let Some(stored) = events::by_id(conn, account, new.event.id)?
    {
        return Ok(Some(rules::events::repeated(new, &stored.event)));
    }
    Ok(None)
}

/// The two statements of acceptance.
struct Insert<'conn> {
    event: CachedStatement<'conn>,
    delivery: CachedStatement<'conn>,
}

impl<'conn> Insert<'conn> {
    fn prepare(conn: &'conn Connection) -> SqlResult<Self> {
        Ok(Self {
            event: conn.prepare_cached(&format!(
                "INSERT INTO events ({}, idempotency_key)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
                EventRow::COLUMNS
            ))?,
            delivery: conn.prepare_cached(
                "INSERT INTO deliveries (id, event_seq, account_id, automation_id, action_id, body, status, attempts,
                                         resends, owner, state_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 0, ?8, ?9)",
            )?,
        })
    }

    /// Without an `owner`, all deliveries wait.
    fn event_with_deliveries(&mut self, owner: Option<SessionId>, new: &NewEvent) -> SqlResult<()> {
        let event = &new.event;
        let seq = self.event.insert((
            event.account.as_bytes(),
            event.id.as_bytes(),
            event.event_type.as_str(),
            event.created_at.unix_ms(),
            event.occurred_at.map(Timestamp::unix_ms),
            encoding::event::flags(event),
            event.warning.as_ref().map(|warning| &warning.code),
            event.warning.as_ref().map(|warning| &warning.pointer),
            new.deliveries.first().map(|first| first.id.as_bytes()),
            event.deliveries,
            (event.missed > 0).then_some(event.missed),
            event.deliver_at.map(Timestamp::unix_ms),
            encoding::event_headers::encode(event),
            &*event.data,
            &new.idempotency_key,
        ))?;
        for (index, delivery) in (0..).zip(&new.deliveries) {
            debug_assert_eq!(
                delivery.id,
                DeliveryId::from_u128(new.deliveries[0].id.as_u128() + index),
                "an event's deliveries are numbered consecutively"
            );
            let owner = match delivery.first_attempt {
                FirstAttempt::Owned => owner.map(|session| session.0),
                FirstAttempt::Waiting => None,
            };
            self.delivery.execute((
                delivery.id.as_bytes(),
                seq,
                event.account.as_bytes(),
                delivery.automation.as_bytes(),
                delivery.action.as_bytes(),
                delivery.body.code(),
                DeliveryStatus::Pending.code(),
                owner,
                event.due_at().unix_ms(),
            ))?;
        }
        Ok(())
    }
}
