//! Events accepted before: ids and idempotency keys that may be used only once within an account.
//!
//! An event with such an id or key either finds the earlier event or adds a row to `event_keys`. If two
//! transactions use the same one at the same time, the primary key lets only one commit; the other starts
//! again and finds it.

use std::collections::HashMap;

use deadpool_postgres::GenericClient;
use futures_util::future::try_join;
use postrider_model::{AccountId, Event, EventId};
use postrider_storage::{Appended, NewEvent, rules};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::columns::uuid;
use crate::events::{self, COLUMN_COUNT, COLUMNS};
use crate::sql_error::{SqlError, SqlResult};
use crate::statement;

/// `event_keys.kind` for an id.
pub(crate) const KIND_ID: i16 = 1;

/// `event_keys.kind` for an idempotency key.
pub(crate) const KIND_IDEMPOTENCY_KEY: i16 = 2;

/// The key of a row in `event_keys`, in the order in which rows are inserted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Key<'a> {
    account: AccountId,
    kind: i16,
    bytes: &'a [u8],
}

/// The keys of an event.
fn keys_of(new: &NewEvent) -> impl Iterator<Item = Key<'_>> {
    let account = new.event.account;
    let key = |kind, bytes| Key { account, kind, bytes };
    let id = new
        .id_is_callers
        .then(|| key(KIND_ID, new.event.id.as_bytes().as_slice()));
    let idempotency_key = new.idempotency_key.as_ref();
    let idempotency_key = idempotency_key.map(|text| key(KIND_IDEMPOTENCY_KEY, text.as_bytes()));
    id.into_iter().chain(idempotency_key)
}

/// Whether an event has any keys.
pub(crate) fn has_keys(new: &NewEvent) -> bool {
    keys_of(new).next().is_some()
}

/// The result for each event of a call: `None` for events to be stored. An event may repeat an earlier one of
/// the same call.
pub(crate) async fn answers(
    client: &impl GenericClient,
    new: &[NewEvent],
) -> SqlResult<Vec<Option<Appended>>> {
    if !new.iter().any(has_keys) {
        return Ok(vec![None; new.len()]);
    }
    let mut known = stored(client, new).await?;
    Ok(new.iter().map(|new| known.answer(new)).collect())
}

/// See [`postrider_storage::EventStore::known_events`].
pub(crate) async fn known_events(
    client: &impl GenericClient,
    new: &[NewEvent],
) -> SqlResult<Vec<Option<Appended>>> {
    let known = stored(client, new).await?;
    Ok(new.iter().map(|new| known.find(new)).collect())
}

/// The stored events with the ids and idempotency keys of these.
async fn stored<'a>(client: &impl GenericClient, new: &'a [NewEvent]) -> SqlResult<Known<'a>> {
    let (by_key, by_id) = try_join(stored_by_key(client, new), stored_by_id(client, new)).await?;
    let mut known = Known::default();
    for (nth, event) in by_id {
        known.ids.insert((new[nth].event.account, event.id), event);
    }
    for (nth, kind, event) in by_key {
        let account = new[nth].event.account;
        match (kind, new[nth].idempotency_key.as_deref()) {
            (KIND_IDEMPOTENCY_KEY, Some(key)) => known.keys.insert((account, key), event),
            _ => known.ids.insert((account, event.id), event),
        };
    }
    Ok(known)
}

/// Known events by id and by idempotency key, including earlier events of the same call.
#[derive(Default)]
struct Known<'a> {
    ids: HashMap<(AccountId, EventId), Event>,
    keys: HashMap<(AccountId, &'a str), Event>,
}

impl<'a> Known<'a> {
    /// The result for an event whose id or key is known.
    fn find(&self, new: &NewEvent) -> Option<Appended> {
        let account = new.event.account;
        let by_key = new.idempotency_key.as_deref();
        let by_key = by_key.and_then(|key| self.keys.get(&(account, key)));
        let by_id = || {
            self.ids
                .get(&(account, new.event.id))
                .filter(|_| new.id_is_callers)
        };
        let stored = by_key.or_else(by_id)?;
        Some(rules::events::repeated(new, stored))
    }

    /// The same; an event with an unknown id or key becomes known.
    fn answer(&mut self, new: &'a NewEvent) -> Option<Appended> {
        let found = self.find(new);
        if found.is_some() {
            return found;
        }
        let account = new.event.account;
        self.ids.insert((account, new.event.id), new.event.clone());
        if let Some(key) = &new.idempotency_key {
            self.keys.insert((account, key), new.event.clone());
        }
        None
    }
}

/// The stored events found through `event_keys`: the index of the event in the call, the kind of the key, the
/// stored event.
async fn stored_by_key(client: &impl GenericClient, new: &[NewEvent]) -> SqlResult<Vec<(usize, i16, Event)>> {
    let sql = format!(
        "SELECT {COLUMNS}, n.item, n.kind
         FROM (SELECT * FROM unnest($1::uuid[], $2::smallint[], $3::bytea[], $4::bigint[])
                   AS n (account_id, kind, key, item) LIMIT cardinality($1)) AS n
         JOIN event_keys AS k ON k.account_id = n.account_id AND k.kind = n.kind AND k.key = n.key
         JOIN events AS e ON e.account_id = k.account_id AND e.created_at = k.created_at AND e.seq = k.seq"
    );
    let keys: Vec<_> = (0_i64..)
        .zip(new)
        .flat_map(|(item, new)| keys_of(new).map(move |key| (item, key)))
        .collect();
    let accounts: Vec<Uuid> = keys.iter().map(|(_, key)| uuid(key.account.as_bytes())).collect();
    let kinds: Vec<i16> = keys.iter().map(|(_, key)| key.kind).collect();
    let bytes: Vec<&[u8]> = keys.iter().map(|(_, key)| key.bytes).collect();
    let items: Vec<i64> = keys.iter().map(|(item, _)| *item).collect();
    let rows = statement::query(client, &sql, &[&accounts, &kinds, &bytes, &items]).await?;
    rows.iter()
        .map(|row| {
            let kind = row.try_get(COLUMN_COUNT + 1)?;
            Ok((item(row, new.len())?, kind, events::from_row(row)?.event))
        })
        .collect()
}

/// The stored events whose ids Postrider generated and a producer now uses: `event_keys` does not contain
/// them.
async fn stored_by_id(client: &impl GenericClient, new: &[NewEvent]) -> SqlResult<Vec<(usize, Event)>> {
    let named: Vec<_> = (0_i64..)
        .zip(new)
        .filter(|(_, new)| new.id_is_callers && rules::ids::may_be_ours(new.event.id))
        .map(|(item, new)| (item, new, rules::ids::accepted_between(new.event.id)))
        .collect();
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT {COLUMNS}, n.item
         FROM (SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[])
                   AS n (account_id, id, earliest, latest, item) LIMIT cardinality($1)) AS n
         JOIN events AS e ON e.account_id = n.account_id AND e.id = n.id
             AND e.created_at BETWEEN n.earliest AND n.latest AND e.created_at BETWEEN $6 AND $7"
    );
    let accounts: Vec<Uuid> = named
        .iter()
        .map(|(_, new, _)| uuid(new.event.account.as_bytes()))
        .collect();
    let ids: Vec<Uuid> = named
        .iter()
        .map(|(_, new, _)| uuid(new.event.id.as_bytes()))
        .collect();
    let earliest: Vec<i64> = named.iter().map(|(_, _, times)| *times.start()).collect();
    let latest: Vec<i64> = named.iter().map(|(_, _, times)| *times.end()).collect();
    let items: Vec<i64> = named.iter().map(|(item, ..)| *item).collect();
    let from = earliest.iter().min().copied().unwrap_or(i64::MAX);
    let to = latest.iter().max().copied().unwrap_or(i64::MIN);
    let rows = statement::query(
        client,
        &sql,
        &[&accounts, &ids, &earliest, &latest, &items, &from, &to],
    )
    .await?;
    rows.iter()
        .map(|row| Ok((item(row, new.len())?, events::from_row(row)?.event)))
        .collect()
}

/// The index in the call of the event that a row belongs to.
fn item(row: &Row, count: usize) -> SqlResult<usize> {
    let item: i64 = row.try_get(COLUMN_COUNT)?;
    let item = usize::try_from(item).ok().filter(|item| *item < count);
    item.ok_or(SqlError::Damaged("the number of an item"))
}

/// Inserts the keys of events to be stored, each with its event's number.
pub(crate) async fn insert_keys(client: &impl GenericClient, stored: &[(&NewEvent, i64)]) -> SqlResult<()> {
    let mut keys: Vec<_> = stored
        .iter()
        .flat_map(|(new, seq)| keys_of(new).map(move |key| (key, new.event.created_at.unix_ms(), *seq)))
        .collect();
    if keys.is_empty() {
        return Ok(());
    }
    // All callers use the same order, so that two transactions never wait for each other.
    keys.sort_unstable();
    let accounts: Vec<Uuid> = keys
        .iter()
        .map(|(key, ..)| uuid(key.account.as_bytes()))
        .collect();
    let kinds: Vec<i16> = keys.iter().map(|(key, ..)| key.kind).collect();
    let bytes: Vec<&[u8]> = keys.iter().map(|(key, ..)| key.bytes).collect();
    let created_at: Vec<i64> = keys.iter().map(|(_, created_at, _)| *created_at).collect();
    let seqs: Vec<i64> = keys.iter().map(|(.., seq)| *seq).collect();
    let sql = "INSERT INTO event_keys AS taken (account_id, kind, key, created_at, seq)
         SELECT * FROM unnest($1::uuid[], $2::smallint[], $3::bytea[], $4::bigint[], $5::bigint[])
         ON CONFLICT (account_id, kind, key) DO NOTHING";
    let inserted = statement::execute(client, sql, &[&accounts, &kinds, &bytes, &created_at, &seqs]).await?;
    if inserted == keys.len() as u64 {
        Ok(())
    } else {
        Err(SqlError::Raced)
    }
}
