//! The usual case: the session owns each delivery, which has no recorded attempt with this number or a higher
//! one.

use std::iter::once;

use deadpool_postgres::GenericClient;
use postrider_storage::rules::attempts::AttemptResult;
use postrider_storage::{Finished, SessionId};
use tokio_postgres::Row;

use super::states::States;
use crate::attempts;
use crate::day_tables::{self, DayTables, Days};
use crate::deliveries::keys::Keys;
use crate::partitions::day::Day;
use crate::sessions;
use crate::sql_error::{SqlError, SqlResult};
use crate::statement::{self, Param};

/// Attempts to apply.
pub(crate) struct Settling<'a> {
    places: Vec<usize>,
    keys: Keys,
    states: States,
    records: attempts::Rows<'a>,
}

impl<'a> Settling<'a> {
    /// The attempts among the items at these places.
    pub(super) fn of(finished: &'a [Finished], items: &[usize]) -> Self {
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
        Self {
            places,
            keys: states.keys(),
            states,
            records,
        }
    }

    /// The days of the deliveries.
    pub(crate) async fn days(&self, client: &impl GenericClient, tables: &DayTables) -> SqlResult<Days> {
        tables.days_of_keys(client, &self.keys).await
    }

    /// The columns of the states and of the attempts, then the smallest and the greatest id.
    pub(crate) fn params(&self) -> impl Iterator<Item = Param<'_>> {
        self.states
            .params(&self.keys)
            .into_iter()
            .chain(self.records.params())
            .chain([&self.keys.first_id as Param<'_>, &self.keys.last_id])
    }

    /// Applies the attempts whose deliveries are in the usual state. Returns their places in ascending order.
    pub(super) async fn apply_usual(
        &self,
        client: &impl GenericClient,
        tables: &DayTables,
        session: SessionId,
    ) -> SqlResult<Vec<usize>> {
        let days = self.days(client, tables).await?;
        if days == Days::NoRows {
            return Ok(Vec::new());
        }
        let params: Vec<_> = once(&session.0 as Param<'_>).chain(self.params()).collect();
        let rows = statement::query(client, &some(days.named()), &params).await?;
        let mut settled = rows
            .iter()
            .map(|row| self.place(row))
            .collect::<SqlResult<Vec<_>>>()?;
        settled.sort_unstable();
        Ok(settled)
    }

    /// The place of the item that a row names.
    fn place(&self, row: &Row) -> SqlResult<usize> {
        let nth: i64 = row.try_get(0)?;
        let nth = usize::try_from(nth - 1).ok();
        let place = nth.and_then(|nth| self.places.get(nth));
        place.copied().ok_or(SqlError::Damaged("the number of an item"))
    }
}

/// Applies all attempts, or fails with [`SqlError::is_not_all`]: the end of a `WITH` and its `SELECT`. The
/// session is `$1`, and [`Settling::params`] are `$26` to `$46`.
///
/// The conditions are those of [`some`].
pub(crate) fn all(day: Option<Day>) -> String {
    let (columns, is_alive) = (attempts::COLUMNS, sessions::IS_ALIVE);
    let (deliveries, attempts) = (
        day_tables::name("deliveries", day),
        day_tables::name("attempts", day),
    );
    format!(
        "settled AS (
             UPDATE {deliveries} AS d
             SET status = n.status, attempts = n.attempts, resends = n.resends, resend_of = n.resend_of, owner = NULL,
                 state_at = n.state_at, last_status_code = n.status_code, last_outcome = n.outcome,
                 recorded = n.number
             FROM (SELECT unnest($26::uuid[]) AS account_id, unnest($27::uuid[]) AS id,
                          unnest($28::smallint[]) AS status, unnest($29::integer[]) AS attempts,
                          unnest($30::integer[]) AS resends, unnest($31::smallint[]) AS resend_of,
                          unnest($32::bigint[]) AS state_at, unnest($33::smallint[]) AS status_code,
                          unnest($34::smallint[]) AS outcome, unnest($35::integer[]) AS number
                   LIMIT cardinality($26)) AS n
             WHERE d.account_id = n.account_id AND d.id = n.id AND d.id BETWEEN $45 AND $46
                 AND d.owner IS NOT DISTINCT FROM $1 AND d.recorded < n.number AND {is_alive}
                 AND (d.resend_of IS NULL OR n.resends > d.resends)
             RETURNING 1
         ), recorded AS (
             INSERT INTO {attempts} (account_id, delivery_id, number, outcome, status_code, fenced, {columns})
             SELECT unnest($26), unnest($27), unnest($35), unnest($34), unnest($33), false,
                    unnest($36::bigint[]), unnest($37::bigint[]), unnest($38::smallint[]), unnest($39::boolean[]),
                    unnest($40::bytea[]), unnest($41::bytea[]), unnest($42::bytea[]), unnest($43::bytea[]),
                    unnest($44::bytea[])
         )
         SELECT CASE WHEN count(*) = cardinality($26) THEN 0 ELSE fail_as_not_all() END FROM settled"
    )
}

/// Applies the attempts whose deliveries are in the usual state, and returns their numbers among the items.
///
/// `n.number` is free if it is higher than any recorded number. A resend is decided by an attempt that counts
/// it (`Held::takes`). The owner is compared in a way that no index
/// supports: otherwise the planner would read everything that the session owns, instead of looking up each
/// row by key.
fn some(day: Option<Day>) -> String {
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
                 AND (d.resend_of IS NULL OR n.resends > d.resends)
             RETURNING n.*
         ), recorded AS (
             INSERT INTO {attempts} (account_id, delivery_id, number, outcome, status_code, fenced, {columns})
             SELECT account_id, id, number, outcome, status_code, false, {columns} FROM settled
         )
         SELECT nth FROM settled"
    )
}
