//! Adding deliveries to events. The events' rows are locked first, so that no other node adds to them or
//! cancels them meanwhile.

use std::collections::{BTreeSet, HashMap};

use deadpool_postgres::GenericClient;
use postrider_model::{AccountId, ActionId, AuditEntry, EventId, Timestamp};
use postrider_storage::{MissedDelivery, NewMissed, encoding, log_audit, rules};
use tokio_postgres::Row;
use uuid::Uuid;

use super::actions_in;
use crate::columns::{self, int, uuid};
use crate::database::Client;
use crate::sql_error::SqlResult;
use crate::{audit, statement};

/// Adds deliveries; see [`postrider_storage::MissedStore::add_missed`].
pub(super) async fn add(
    client: &mut Client,
    account: AccountId,
    events: &[NewMissed],
    now: Timestamp,
    audit: Option<&AuditEntry>,
) -> SqlResult<usize> {
    if events.is_empty() {
        return Ok(0);
    }
    let transaction = client.transaction().await?;
    let locked = locked(&transaction, account, events).await?;
    let ranges: Vec<_> = locked.iter().map(Locked::deliveries).collect();
    let deliveries = events.iter().flat_map(|new| &new.deliveries);
    let actions: BTreeSet<ActionId> = deliveries.map(|delivery| delivery.action).collect();
    let actions: Vec<ActionId> = actions.into_iter().collect();
    let has = actions_in(&transaction, account, &actions, &ranges).await?;
    let new: HashMap<EventId, &NewMissed> = events.iter().map(|new| (new.event, new)).collect();
    let mut rows = Rows::default();
    for (event, has) in locked.iter().zip(has) {
        if let Some(new) = new.get(&event.id) {
            rows.add(account, event, &new.deliveries, &has, now);
        }
    }
    let added = rows.events.len();
    if added > 0 {
        rows.insert(&transaction, account).await?;
        if let Some(audit) = audit {
            audit::insert(&transaction, audit).await?;
        }
        transaction.commit().await?;
        audit.into_iter().for_each(log_audit);
    }
    Ok(added)
}

/// An event whose row is locked.
struct Locked {
    id: EventId,
    created_at: i64,
    seq: i64,
    first: Option<u128>,
    count: u32,
    deliver_at: Option<i64>,
    data_bytes: i32,
}

impl Locked {
    fn deliveries(&self) -> (u128, u128) {
        let first = self.first.unwrap_or_default();
        (first, first + u128::from(self.count))
    }
}

/// Locks the events that may be missed.
async fn locked(
    client: &impl GenericClient,
    account: AccountId,
    events: &[NewMissed],
) -> SqlResult<Vec<Locked>> {
    let ids: Vec<Uuid> = events.iter().map(|new| uuid(new.event.as_bytes())).collect();
    let times: Vec<i64> = events.iter().map(|new| new.created_at.unix_ms()).collect();
    let (first, last) = (times.iter().min(), times.iter().max());
    let sql = "SELECT e.id, e.created_at, e.seq, e.first_delivery_id,
                      e.delivery_count + coalesce(e.missed_count, 0), e.deliver_at, length(e.data), e.flags,
                      e.headers
         FROM (SELECT * FROM unnest($2::uuid[], $3::bigint[]) AS n (id, created_at)
               LIMIT cardinality($2)) AS n
         JOIN events AS e ON e.account_id = $1 AND e.id = n.id AND e.created_at = n.created_at
             AND e.created_at BETWEEN $4 AND $5
         ORDER BY e.created_at, e.seq FOR UPDATE OF e";
    let account = uuid(account.as_bytes());
    let params: &statement::Params<'_> = &[&account, &ids, &times, &first, &last];
    let mut locked = Vec::with_capacity(events.len());
    for row in &statement::query(client, sql, params).await? {
        let flags: i16 = row.try_get(7)?;
        if rules::missed::may_be_missed(encoding::event::from_flags(flags.into())?) {
            locked.push(from_row(row)?);
        }
    }
    Ok(locked)
}

fn from_row(row: &Row) -> SqlResult<Locked> {
    let first: Option<Uuid> = row.try_get(3)?;
    let (data_bytes, headers): (i32, Option<&[u8]>) = (row.try_get(6)?, row.try_get(8)?);
    let (headers, _) = encoding::event_headers::decode(headers)?;
    Ok(Locked {
        id: columns::id(row, 0, EventId::from_bytes)?,
        created_at: row.try_get(1)?,
        seq: row.try_get(2)?,
        first: first.map(|first| first.as_u128()),
        count: columns::count(row, 4)?,
        deliver_at: row.try_get(5)?,
        data_bytes: data_bytes.saturating_add(i32::try_from(headers.bytes()).unwrap_or(i32::MAX)),
    })
}

/// The rows to write, with one array per column.
#[derive(Default)]
struct Rows {
    /// Of each event: its key, its first delivery, and how many are added.
    events: Vec<(i64, i64)>,
    firsts: Vec<Uuid>,
    counts: Vec<i32>,
    ids: Vec<Uuid>,
    created_at: Vec<i64>,
    seqs: Vec<i64>,
    automations: Vec<Uuid>,
    actions: Vec<Uuid>,
    due_at: Vec<i64>,
    data_bytes: Vec<i32>,
    bodies: Vec<i32>,
}

impl Rows {
    /// Adds the deliveries that the event lacks.
    fn add(
        &mut self,
        account: AccountId,
        event: &Locked,
        deliveries: &[MissedDelivery],
        has: &[ActionId],
        now: Timestamp,
    ) {
        let actions: Vec<ActionId> = deliveries.iter().map(|delivery| delivery.action).collect();
        let lacking = rules::missed::lacking(&actions, has, event.count);
        if lacking.is_empty() {
            return;
        }
        let created_at = Timestamp::from_unix_ms(event.created_at);
        let first = event.first;
        let first = first.unwrap_or_else(|| rules::missed::first_id(account, event.id, created_at));
        let now = now.unix_ms();
        let due_at = event.deliver_at.map_or(now, |at| at.max(now));
        let lacks = deliveries
            .iter()
            .filter(|delivery| lacking.contains(&delivery.action));
        for (id, delivery) in (first + u128::from(event.count)..).zip(lacks) {
            self.ids.push(Uuid::from_u128(id));
            self.created_at.push(event.created_at);
            self.seqs.push(event.seq);
            self.automations.push(uuid(delivery.automation.as_bytes()));
            self.actions.push(uuid(delivery.action.as_bytes()));
            self.due_at.push(due_at);
            self.data_bytes.push(event.data_bytes);
            self.bodies.push(int(delivery.body.code()));
        }
        self.events.push((event.created_at, event.seq));
        self.firsts.push(Uuid::from_u128(first));
        self.counts.push(i32::try_from(lacking.len()).unwrap_or(i32::MAX));
    }

    async fn insert(&self, client: &impl GenericClient, account: AccountId) -> SqlResult<()> {
        let account = uuid(account.as_bytes());
        let sql =
            "INSERT INTO deliveries (account_id, id, event_created_at, event_seq, automation_id, action_id,
                                           state_at, data_bytes, attempts, resends, recorded, body, status)
             SELECT $1, unnest($2::uuid[]), unnest($3::bigint[]), unnest($4::bigint[]), unnest($5::uuid[]),
                    unnest($6::uuid[]), unnest($7::bigint[]), unnest($8::integer[]), 0, 0, 0,
                    unnest($9::integer[]), 0";
        let params: &statement::Params<'_> = &[
            &account,
            &self.ids,
            &self.created_at,
            &self.seqs,
            &self.automations,
            &self.actions,
            &self.due_at,
            &self.data_bytes,
            &self.bodies,
        ];
        statement::execute(client, sql, params).await?;
        let (times, seqs): (Vec<i64>, Vec<i64>) = self.events.iter().copied().unzip();
        let (oldest, newest) = (times.iter().min(), times.iter().max());
        let sql = "UPDATE events AS e
             SET missed_count = coalesce(e.missed_count, 0) + n.added, first_delivery_id = n.first
             FROM (SELECT * FROM unnest($2::bigint[], $3::bigint[], $4::uuid[], $5::integer[])
                       AS n (created_at, seq, first, added) LIMIT cardinality($2)) AS n
             WHERE e.account_id = $1 AND e.created_at = n.created_at AND e.seq = n.seq
                 AND e.created_at BETWEEN $6 AND $7";
        let params: &statement::Params<'_> = &[
            &account,
            &times,
            &seqs,
            &self.firsts,
            &self.counts,
            &oldest,
            &newest,
        ];
        statement::execute(client, sql, params).await?;
        Ok(())
    }
}
