//! Unusual changes: a delivery that was canceled, is no longer owned or does not exist, or that already has
//! an attempt with this number or this very attempt.
//!
//! The rows are locked first, so that no attempts are added between reading a delivery's attempts and adding
//! to them.

use std::collections::HashMap;

use deadpool_postgres::GenericClient;
use futures_util::future::{try_join, try_join4};
use postrider_model::Attempt;
use postrider_storage::rows::deliveries::ProgressRow;
use postrider_storage::rules::attempts::{AttemptResult, Held, OnRecord, free_number, recorded};
use postrider_storage::{Change, DeliveryKey, Finished, Recorded, SessionId};
use tokio_postgres::Row;

use super::states::States;
use crate::attempts;
use crate::columns::{self, int};
use crate::deliveries::claim::is_alive;
use crate::deliveries::keys::Keys;
use crate::sql_error::{SqlError, SqlResult};
use crate::statement::{self, Param, Params};

/// Handles the items at these places, which are in the order in which rows are locked and have a different
/// delivery each. Returns the places of those whose new state it wrote.
pub(super) async fn finish(
    client: &impl GenericClient,
    session: SessionId,
    finished: &[Finished],
    places: &[usize],
    answers: &mut [Recorded],
) -> SqlResult<Vec<usize>> {
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let keys = Keys::new(places.iter().map(|nth| finished[*nth].key));
    let (is_alive, held) = try_join(is_alive(client, session), locked(client, &keys)).await?;
    let records = records(client, &keys).await?;
    let mut writes = Writes::default();
    let mut applied = Vec::new();
    for (item, place) in places.iter().enumerate() {
        let Some(held) = held.get(&item) else {
            continue;
        };
        let finished = &finished[*place];
        let record = records.get(&item).map_or(&[][..], Vec::as_slice);
        let is_applied = match AttemptResult::of(&finished.change) {
            Some(result) => held.takes(&result, session, is_alive, record),
            None => is_alive && held.owner == Some(session),
        };
        let added = writes.added.len();
        answers[*place] = writes.add(finished, is_applied, record);
        if is_applied && writes.added.len() > added {
            applied.push(*place);
        }
    }
    writes.send(client).await?;
    Ok(applied)
}

/// Locks the existing deliveries. Returns their owners and progress, by the item's index among the keys.
async fn locked(client: &impl GenericClient, keys: &Keys) -> SqlResult<HashMap<usize, Held>> {
    let sql = "SELECT n.nth, d.owner, d.status, d.attempts, d.resends, d.resend_of
         FROM (SELECT * FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS n (account_id, id, nth)
               LIMIT cardinality($1)) AS n
         JOIN deliveries AS d ON d.account_id = n.account_id AND d.id = n.id AND d.id BETWEEN $3 AND $4
         ORDER BY n.nth FOR UPDATE OF d";
    let params: &Params<'_> = &[&keys.accounts, &keys.ids, &keys.first_id, &keys.last_id];
    let rows = statement::query(client, sql, params).await?;
    let held = |row: &Row| {
        let owner: Option<i64> = row.try_get(1)?;
        let progress = columns::read(row, 2, ProgressRow::read)?.try_into()?;
        let owner = owner.map(SessionId);
        Ok((item(row)?, Held { owner, progress }))
    };
    rows.iter().map(held).collect()
}

/// The deliveries' attempts, by the item's index among the keys.
async fn records(client: &impl GenericClient, keys: &Keys) -> SqlResult<HashMap<usize, Vec<OnRecord>>> {
    let sql = "SELECT n.nth, a.number, a.started_at, a.duration_ns, a.outcome, a.fenced
         FROM (SELECT * FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS n (account_id, id, nth)
               LIMIT cardinality($1)) AS n
         JOIN attempts AS a ON a.account_id = n.account_id AND a.delivery_id = n.id
             AND a.delivery_id BETWEEN $3 AND $4";
    let params: &Params<'_> = &[&keys.accounts, &keys.ids, &keys.first_id, &keys.last_id];
    let mut records: HashMap<usize, Vec<OnRecord>> = HashMap::new();
    for row in &statement::query(client, sql, params).await? {
        records.entry(item(row)?).or_default().push(OnRecord {
            number: columns::count(row, 1)?,
            started_at_ms: row.try_get(2)?,
            duration_ns: row.try_get(3)?,
            outcome: columns::code(row, 4, Some)?,
            is_fenced: row.try_get(5)?,
        });
    }
    Ok(records)
}

fn item(row: &Row) -> SqlResult<usize> {
    let nth: i64 = row.try_get(0)?;
    usize::try_from(nth - 1).map_err(|_| SqlError::Damaged("the number of an item"))
}

/// An attempt to add.
struct Added<'a> {
    key: DeliveryKey,
    attempt: &'a Attempt,
    number: u32,
    /// The highest number of a recorded attempt of the delivery, with this one.
    highest: u32,
    is_fenced: bool,
}

/// The changes to write.
#[derive(Default)]
struct Writes<'a> {
    /// New states after an attempt.
    settled: States,
    /// Attempts to add.
    added: Vec<Added<'a>>,
    /// Canceled deliveries: the status, and since when.
    canceled: Vec<(DeliveryKey, i16, i64)>,
}

impl<'a> Writes<'a> {
    /// Decides about an item and adds its changes.
    fn add(&mut self, finished: &'a Finished, is_applied: bool, record: &[OnRecord]) -> Recorded {
        let Some(result) = AttemptResult::of(&finished.change) else {
            if let (true, Change::Canceled { at, status }) = (is_applied, &finished.change) {
                self.canceled
                    .push((finished.key, i16::from(status.code()), at.unix_ms()));
            }
            return recorded(is_applied);
        };
        let number = match free_number(result.attempt, record) {
            Ok(number) => number,
            Err(earlier) => return earlier,
        };
        if is_applied {
            self.settled.add(finished.key, &result, number);
        }
        let highest = record.iter().map(|attempt| attempt.number).max().unwrap_or(0);
        self.added.push(Added {
            key: finished.key,
            attempt: result.attempt,
            number,
            highest: highest.max(number),
            is_fenced: !is_applied,
        });
        recorded(is_applied)
    }

    /// Writes all changes.
    async fn send(&self, client: &impl GenericClient) -> SqlResult<()> {
        try_join4(
            self.settle(client),
            self.note_recorded(client),
            self.record(client),
            self.cancel(client),
        )
        .await?;
        Ok(())
    }

    async fn settle(&self, client: &impl GenericClient) -> SqlResult<()> {
        if self.settled.is_empty() {
            return Ok(());
        }
        let keys = self.settled.keys();
        let sql = "UPDATE deliveries AS d
             SET status = n.status, attempts = n.attempts, resends = n.resends, resend_of = n.resend_of, owner = NULL,
                 state_at = n.state_at, last_status_code = n.status_code, last_outcome = n.outcome
             FROM (SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::integer[], $5::integer[],
                                        $6::smallint[], $7::bigint[], $8::smallint[], $9::smallint[], $10::integer[])
                       AS n (account_id, id, status, attempts, resends, resend_of, state_at, status_code, outcome,
                             number)
                   LIMIT cardinality($1)) AS n
             WHERE d.account_id = n.account_id AND d.id = n.id AND d.id BETWEEN $11 AND $12";
        let mut params = self.settled.params(&keys).to_vec();
        params.extend([&keys.first_id as Param<'_>, &keys.last_id]);
        statement::execute(client, sql, &params).await?;
        Ok(())
    }

    async fn note_recorded(&self, client: &impl GenericClient) -> SqlResult<()> {
        if self.added.is_empty() {
            return Ok(());
        }
        let keys = Keys::new(self.added.iter().map(|added| added.key));
        let highest: Vec<i32> = self.added.iter().map(|added| int(added.highest)).collect();
        let sql = "UPDATE deliveries AS d SET recorded = n.recorded
             FROM (SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::integer[]) AS n (account_id, id, recorded)
                   LIMIT cardinality($1)) AS n
             WHERE d.account_id = n.account_id AND d.id = n.id AND d.id BETWEEN $4 AND $5";
        let params: &Params<'_> = &[&keys.accounts, &keys.ids, &highest, &keys.first_id, &keys.last_id];
        statement::execute(client, sql, params).await?;
        Ok(())
    }

    async fn record(&self, client: &impl GenericClient) -> SqlResult<()> {
        if self.added.is_empty() {
            return Ok(());
        }
        let keys = Keys::new(self.added.iter().map(|added| added.key));
        let mut records = attempts::Rows::default();
        for added in &self.added {
            records.add(added.key, added.attempt);
        }
        let added = self.added.iter();
        let numbers: Vec<i32> = added.clone().map(|added| int(added.number)).collect();
        let outcomes = added.clone().map(|added| i16::from(added.attempt.outcome.code()));
        let outcomes: Vec<i16> = outcomes.collect();
        let status_code = |added: &Added<'_>| columns::status_code(added.attempt.exchange.status_code());
        let status_codes: Vec<Option<i16>> = added.clone().map(status_code).collect();
        let fenced: Vec<bool> = added.map(|added| added.is_fenced).collect();
        let sql = format!(
            "INSERT INTO attempts (account_id, delivery_id, number, outcome, status_code, fenced, {})
             SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::smallint[], $5::smallint[], $6::boolean[],
                                  $7::bigint[], $8::bigint[], $9::smallint[], $10::boolean[], $11::bytea[], $12::bytea[],
                                  $13::bytea[], $14::bytea[], $15::bytea[])",
            attempts::COLUMNS
        );
        let mut params: Vec<Param<'_>> = vec![
            &keys.accounts,
            &keys.ids,
            &numbers,
            &outcomes,
            &status_codes,
            &fenced,
        ];
        params.extend(records.params());
        statement::execute(client, &sql, &params).await?;
        Ok(())
    }

    async fn cancel(&self, client: &impl GenericClient) -> SqlResult<()> {
        if self.canceled.is_empty() {
            return Ok(());
        }
        let keys = Keys::new(self.canceled.iter().map(|(key, ..)| *key));
        let statuses: Vec<i16> = self.canceled.iter().map(|(_, status, _)| *status).collect();
        let since: Vec<i64> = self.canceled.iter().map(|(.., since)| *since).collect();
        let sql = "UPDATE deliveries AS d
             SET status = n.status, resend_of = NULL, owner = NULL, state_at = n.state_at
             FROM (SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::bigint[])
                       AS n (account_id, id, status, state_at) LIMIT cardinality($1)) AS n
             WHERE d.account_id = n.account_id AND d.id = n.id AND d.id BETWEEN $5 AND $6";
        let params: &Params<'_> = &[
            &keys.accounts,
            &keys.ids,
            &statuses,
            &since,
            &keys.first_id,
            &keys.last_id,
        ];
        statement::execute(client, sql, params).await?;
        Ok(())
    }
}
