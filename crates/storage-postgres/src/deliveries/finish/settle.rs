//! The usual case: the session owns each delivery, which has no recorded attempt with this number or a higher
//! one.

use std::iter::once;

use deadpool_postgres::GenericClient;
use postrider_storage::rules::attempts::AttemptResult;
use postrider_storage::{Finished, SessionId};
use tokio_postgres::{Row, Statement};

use super::states::States;
use crate::attempts;
use crate::day_tables::{self, DayTables};
use crate::deliveries::keys::Keys;
use crate::partitions::day::Day;
use crate::sessions;
use crate::sql_error::{SqlError, SqlResult};
use crate::statement::Param;

/// Returns the items that were settled.
const WHICH: &str = "SELECT nth FROM settled";

/// Settles all items, or fails with [`SqlError::is_not_all`].
const ALL: &str =
    "SELECT CASE WHEN count(*) = cardinality($2) THEN 0 ELSE fail_as_not_all() END FROM settled";

/// Attempts to apply, with everything that requires a round trip already prepared.
pub(crate) struct Settling<'a> {
    places: Vec<usize>,
    keys: Keys,
    states: States,
    records: attempts::Rows<'a>,
    statement: Statement,
}

impl<'a> Settling<'a> {
    /// Prepares the attempts among the items at these places; [`Self::send`] will apply those in the usual
    /// state. `None` if there are no attempts.
    pub(super) async fn prepare(
        client: &impl GenericClient,
        tables: &DayTables,
        finished: &'a [Finished],
        places: &[usize],
    ) -> SqlResult<Option<Self>> {
        Self::prepare_to(WHICH, client, tables, finished, places).await
    }

    /// Prepares the same; [`Self::send`] will apply all or fail with [`SqlError::is_not_all`].
    pub(super) async fn prepare_all(
        client: &impl GenericClient,
        tables: &DayTables,
        finished: &'a [Finished],
        places: &[usize],
    ) -> SqlResult<Option<Self>> {
        Self::prepare_to(ALL, client, tables, finished, places).await
    }

    async fn prepare_to(
        answer: &str,
        client: &impl GenericClient,
        tables: &DayTables,
        finished: &'a [Finished],
        items: &[usize],
    ) -> SqlResult<Option<Self>> {
        let (mut places, mut states, mut records) =
            (Vec::new(), States::default(), attempts::Rows::default());
        for nth in items {
            let key = finished[*nth].key;
            if let Some(result) = AttemptResult::of(&finished[*nth].change) {
                places.push(*nth);
                states.add(key, &result, result.attempt.number);
                records.add(key, result.attempt);
            }
        }
        if places.is_empty() {
            return Ok(None);
        }
        let keys = states.keys();
        let day = tables.day_of_ids(client, keys.first_id, keys.last_id).await?;
        let statement = client.prepare_cached(&sql(day, answer)).await?;
        Ok(Some(Self {
            places,
            keys,
            states,
            records,
            statement,
        }))
    }

    /// Applies the attempts. The statement is sent when this is first polled.
    pub(crate) async fn send(&self, client: &impl GenericClient, session: SessionId) -> SqlResult<Vec<Row>> {
        let params: Vec<_> = once(&session.0 as Param<'_>)
            .chain(self.states.params(&self.keys))
            .chain(self.records.params())
            .chain([&self.keys.first_id as Param<'_>, &self.keys.last_id])
            .collect();
        Ok(client.query(&self.statement, &params).await?)
    }

    /// The places of the settled items in ascending order, from the result of [`Self::send`].
    pub(super) fn settled(&self, rows: &[Row]) -> SqlResult<Vec<usize>> {
        let settled = rows.iter().map(|row| {
            let nth: i64 = row.try_get(0)?;
            let nth = usize::try_from(nth - 1).ok();
            let place = nth.and_then(|nth| self.places.get(nth));
            place.copied().ok_or(SqlError::Damaged("the number of an item"))
        });
        let mut settled = settled.collect::<SqlResult<Vec<_>>>()?;
        settled.sort_unstable();
        Ok(settled)
    }
}

/// `n.number` is free if it is higher than any recorded number. The owner is compared in a way that no index
/// supports: otherwise the planner would read everything that the session owns, instead of looking up each
/// row by key.
fn sql(day: Option<Day>, answer: &str) -> String {
    let (columns, is_alive) = (attempts::COLUMNS, sessions::IS_ALIVE);
    let (deliveries, attempts) = (
        day_tables::name("deliveries", day),
        day_tables::name("attempts", day),
    );
    format!(
        "WITH settled AS (
             UPDATE {deliveries} AS d
             SET status = n.status, attempts = n.attempts, resends = n.resends, resend_of = n.resend_of, owner = NULL,
                 state_at = n.state_at, last_status_code = n.status_code, last_outcome = n.outcome,
                 recorded = n.number
             FROM (SELECT * FROM unnest($2::uuid[], $3::uuid[], $4::smallint[], $5::integer[], $6::integer[],
                                        $7::smallint[], $8::bigint[], $9::smallint[], $10::smallint[], $11::integer[],
                                        $12::bigint[], $13::bigint[], $14::smallint[], $15::boolean[], $16::bytea[],
                                        $17::bytea[], $18::bytea[], $19::bytea[], $20::bytea[])
                       WITH ORDINALITY
                       AS n (account_id, id, status, attempts, resends, resend_of, state_at, status_code, outcome,
                             number, {columns}, nth)
                   LIMIT cardinality($2)) AS n
             WHERE d.account_id = n.account_id AND d.id = n.id AND d.id BETWEEN $21 AND $22
                 AND d.owner IS NOT DISTINCT FROM $1 AND d.recorded < n.number AND {is_alive}
             RETURNING n.*
         ), recorded AS (
             INSERT INTO {attempts} (account_id, delivery_id, number, outcome, status_code, fenced, {columns})
             SELECT account_id, id, number, outcome, status_code, false, {columns} FROM settled
         )
         {answer}"
    )
}
