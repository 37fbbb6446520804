//! Finishing: an attempt's record, and the delivery's new state if the session still owns it.
//!
//! The usual case, for all of a call, is one statement: it settles each delivery that is the session's and whose record
//! has no attempt of this number or a higher one, and adds the records. Whatever it does not find is looked at in
//! detail ([`detail`]).

mod detail;
mod states;

use std::collections::HashMap;
use std::iter::once;

use deadpool_postgres::GenericClient;
use postrider_model::delivery::{Next, Progress};
use postrider_model::{Attempt, Timestamp};
use postrider_storage::{Change, Finished, Recorded, SessionId};

use self::states::States;
use crate::attempts;
use crate::day_tables::{self, DayTables};
use crate::deliveries::keys;
use crate::partitions::day::Day;
use crate::sessions;
use crate::sql_error::{SqlError, SqlResult};
use crate::statement::{self, Param};

/// An attempt and what it makes of its delivery.
#[derive(Clone, Copy)]
struct News<'a> {
    finished: &'a Finished,
    attempt: &'a Attempt,
    progress: Progress,
    next: Next,
}

impl<'a> News<'a> {
    /// The attempt that was made, if one was.
    fn of(finished: &'a Finished) -> Option<Self> {
        match &finished.change {
            Change::Attempted {
                attempt,
                progress,
                next,
            } => Some(Self {
                finished,
                attempt,
                progress: *progress,
                next: *next,
            }),
            Change::Canceled { .. } => None,
        }
    }

    /// Since when, or until when, the new state holds.
    fn state_at(&self) -> Timestamp {
        match self.next {
            Next::Settle(_) => self.attempt.started_at.after(self.attempt.duration),
            Next::Retry(at) => at,
        }
    }
}

/// Records what happened; see [`postrider_storage::DeliveryStore::finish`].
pub(crate) async fn finish(
    client: &impl GenericClient,
    tables: &DayTables,
    session: SessionId,
    finished: &[Finished],
) -> SqlResult<Vec<Recorded>> {
    // What is never answered was not found.
    let mut answers = vec![Recorded::Missing; finished.len()];
    for round in rounds(finished) {
        let is_settled = settle(client, tables, session, finished, &round).await?;
        for nth in &is_settled {
            answers[*nth] = Recorded::Applied;
        }
        let mut left = round;
        left.retain(|nth| is_settled.binary_search(nth).is_err());
        detail::finish(client, session, finished, &left, &mut answers).await?;
    }
    Ok(answers)
}

/// The items' places in rounds in which no delivery occurs twice, each in the order in which rows are locked.
fn rounds(finished: &[Finished]) -> Vec<Vec<usize>> {
    let mut rounds: Vec<Vec<usize>> = Vec::new();
    let mut seen = HashMap::with_capacity(finished.len());
    for (nth, item) in finished.iter().enumerate() {
        let round = seen.entry(item.key).or_insert(0);
        match rounds.get_mut(*round) {
            Some(items) => items.push(nth),
            None => rounds.push(vec![nth]),
        }
        *round += 1;
    }
    for round in &mut rounds {
        round.sort_unstable_by_key(|nth| keys::order(&finished[*nth].key));
    }
    rounds
}

/// `news.number` is free where it is higher than any that is on record. The owner is compared in a way that no index
/// answers: the planner would rather go through all that the session owns than look for each row by its key.
fn settle_sql(day: Option<Day>) -> String {
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
                                        $12::bigint[], $13::bigint[], $14::boolean[], $15::bytea[], $16::bytea[],
                                        $17::bytea[], $18::bytea[], $19::bytea[])
                       WITH ORDINALITY
                       AS n (account_id, id, status, attempts, resends, resend_of, state_at, status_code, outcome,
                             number, {columns}, nth)
                   LIMIT cardinality($2)) AS n
             WHERE d.account_id = n.account_id AND d.id = n.id AND d.id BETWEEN $20 AND $21
                 AND d.owner IS NOT DISTINCT FROM $1 AND d.recorded < n.number AND {is_alive}
             RETURNING n.*
         ), recorded AS (
             INSERT INTO {attempts} (account_id, delivery_id, number, outcome, status_code, {columns})
             SELECT account_id, id, number, outcome, status_code, {columns} FROM settled
         )
         SELECT nth FROM settled"
    )
}

/// Applies what is as usual. Returns which items were, in ascending order.
async fn settle(
    client: &impl GenericClient,
    tables: &DayTables,
    session: SessionId,
    finished: &[Finished],
    round: &[usize],
) -> SqlResult<Vec<usize>> {
    let (mut places, mut states, mut records) = (Vec::new(), States::default(), attempts::Rows::default());
    for nth in round {
        if let Some(news) = News::of(&finished[*nth]) {
            places.push(*nth);
            states.add(&news, news.attempt.number);
            records.add(news.finished.key, news.attempt);
        }
    }
    if places.is_empty() {
        return Ok(places);
    }
    let keys = states.keys();
    let day = tables.day_of_ids(client, keys.first_id, keys.last_id).await?;
    let params: Vec<_> = once(&session.0 as Param<'_>)
        .chain(states.params(&keys))
        .chain(records.params())
        .chain([&keys.first_id as Param<'_>, &keys.last_id])
        .collect();
    let rows = statement::query(client, &settle_sql(day), &params).await?;
    let settled = rows.iter().map(|row| {
        let nth: i64 = row.try_get(0)?;
        let place = usize::try_from(nth - 1).ok().and_then(|nth| places.get(nth));
        place.copied().ok_or(SqlError::Damaged("the number of an item"))
    });
    let mut settled = settled.collect::<SqlResult<Vec<_>>>()?;
    settled.sort_unstable();
    Ok(settled)
}
