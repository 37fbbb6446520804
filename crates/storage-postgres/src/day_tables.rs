//! The table that a statement names: a day's partition, if all its rows are of one day.
//!
//! A statement that names the whole table prepares for each of its partitions, whichever it then uses: with a
//! month of days, about 30 µs for each, more than a small batch costs otherwise. This node therefore
//! remembers which days have partitions. It need not be exact: statements reach an unknown day through the
//! whole table, and a dropped day makes the statement fail, after which the node looks again.

use std::collections::HashSet;
use std::time::Duration;

use deadpool_postgres::GenericClient;
use parking_lot::Mutex;
use tokio::time::Instant;
use tokio_postgres::error::SqlState;
use uuid::Uuid;

use crate::deliveries::keys::Keys;
use crate::partitions::day::Day;
use crate::sql_error::{SqlError, SqlResult};
use crate::statement;

/// How long the list is valid for days that it lacks: days are created well ahead of time.
const SEEN_FOR: Duration = Duration::from_secs(60);

/// The days that have partitions, as far as this node knows.
pub(crate) struct DayTables {
    seen: Mutex<Option<Seen>>,
}

struct Seen {
    days: HashSet<Day>,
    at: Instant,
}

/// The days of some rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Days {
    /// There are no rows.
    NoRows,
    /// All rows are of this day, which has partitions.
    One(Day),
    /// The rows are of several days, or of one without partitions.
    Other,
}

impl Days {
    /// These days, or `other` if there are no rows.
    pub(crate) fn or(self, other: Self) -> Self {
        match self {
            Self::NoRows => other,
            days => days,
        }
    }

    /// The day whose partitions a statement names. `None`: it names the whole tables.
    pub(crate) fn named(self) -> Option<Day> {
        match self {
            Self::One(day) => Some(day),
            Self::NoRows | Self::Other => None,
        }
    }
}

impl DayTables {
    /// An empty list.
    pub(crate) fn new() -> Self {
        Self {
            seen: Mutex::new(None),
        }
    }

    /// The day of all these times, if they share one and it has partitions.
    pub(crate) async fn day_of_times(
        &self,
        client: &impl GenericClient,
        first_ms: i64,
        last_ms: i64,
    ) -> SqlResult<Option<Day>> {
        let day = Day::at(first_ms);
        if day != Day::at(last_ms) {
            return Ok(None);
        }
        if self.knows(day).is_none() {
            self.look(client).await?;
        }
        Ok(self.knows(day).unwrap_or_default().then_some(day))
    }

    /// The days of rows whose times lie between these two.
    pub(crate) async fn days_of_times(
        &self,
        client: &impl GenericClient,
        first_ms: i64,
        last_ms: i64,
    ) -> SqlResult<Days> {
        let day = self.day_of_times(client, first_ms, last_ms).await?;
        Ok(day.map_or(Days::Other, Days::One))
    }

    /// The days of these deliveries.
    pub(crate) async fn days_of_keys(&self, client: &impl GenericClient, keys: &Keys) -> SqlResult<Days> {
        if keys.ids.is_empty() {
            return Ok(Days::NoRows);
        }
        self.days_of_times(client, time_of(keys.first_id), time_of(keys.last_id))
            .await
    }

    /// Whether the day has partitions; `None` if that must be looked up.
    fn knows(&self, day: Day) -> Option<bool> {
        let seen = self.seen.lock();
        let seen = seen.as_ref()?;
        if seen.days.contains(&day) {
            return Some(true);
        }
        (seen.at.elapsed() < SEEN_FOR).then_some(false)
    }

    async fn look(&self, client: &impl GenericClient) -> SqlResult<()> {
        let sql = "SELECT relname::text FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
                   WHERE inhparent = 'attempts'::regclass";
        let rows = statement::query(client, sql, &[]).await?;
        let days = rows.iter().map(|row| {
            let name: &str = row.try_get(0)?;
            Ok(Day::of_partition(name, "attempts"))
        });
        let days = days.filter_map(Result::transpose).collect::<SqlResult<_>>()?;
        *self.seen.lock() = Some(Seen {
            days,
            at: Instant::now(),
        });
        Ok(())
    }

    /// Checks why work failed: if a day's table no longer exists, a retry finds the other tables.
    pub(crate) fn notice<T>(&self, outcome: SqlResult<T>) -> SqlResult<T> {
        match outcome {
            Err(SqlError::Postgres(error)) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => {
                if self.seen.lock().take().is_some() {
                    return Err(SqlError::Raced);
                }
                Err(SqlError::Postgres(error))
            }
            outcome => outcome,
        }
    }
}

/// The name of a table in a statement whose rows are all of this day, or of any day.
pub(crate) fn name(table: &str, day: Option<Day>) -> String {
    day.map_or_else(|| table.to_owned(), |day| day.partition(table))
}

/// The time at the beginning of an id (RFC 9562: the first 48 bits), in milliseconds.
fn time_of(id: Uuid) -> i64 {
    ((id.as_u128() >> 80) as u64).cast_signed()
}
