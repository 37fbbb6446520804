//! The end of a copy: it advances the sequences past the copied numbers, counts all rows, and lets nodes
//! start.

use std::fmt;

use postrider_storage::transfer::{Counts, Overview};

use super::{ImportError, PostgresImport};
use crate::sql_error::{SqlError, SqlResult};
use crate::statement;

/// A table that has more or fewer rows than the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The table.
    pub table: &'static str,
    /// How many rows the source has.
    pub expected: u64,
    /// How many rows were copied.
    pub found: u64,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            table,
            expected,
            found,
        } = self;
        write!(f, "{found} of {expected} rows in {table}")
    }
}

impl PostgresImport {
    /// Checks that all rows are here, and lets nodes work on the database. `expected` are the counts of the
    /// source.
    ///
    /// # Errors
    /// [`ImportError::Differs`], or the database's error; the copy then stays unfinished.
    pub async fn finish(self, overview: &Overview, expected: Counts) -> Result<(), ImportError> {
        let found = self.counts().await?;
        let differences = differences(expected, found);
        if !differences.is_empty() {
            return Err(ImportError::Differs(differences));
        }
        Ok(self.open_to_nodes(overview).await?)
    }

    async fn counts(&self) -> SqlResult<Counts> {
        let mut counts = [0; Counts::TABLES.len()];
        for (count, table) in counts.iter_mut().zip(Counts::TABLES) {
            let row = self
                .client
                .query_one(&format!("SELECT count(*) FROM {table}"), &[])
                .await?;
            *count = row.try_get::<_, i64>(0)?.unsigned_abs();
        }
        Ok(Counts::from_array(counts))
    }

    async fn open_to_nodes(&self, overview: &Overview) -> SqlResult<()> {
        let client = &self.client;
        // `greatest` keeps numbers that earlier servers drew here, even if they left no rows.
        let sql = "SELECT setval('event_seqs', greatest($1::bigint, (SELECT last_value FROM event_seqs)))";
        statement::query_one(client, sql, &[&overview.last_seq]).await?;
        let sql = "SELECT setval(pg_get_serial_sequence('event_types', 'number'), greatest($1::bigint, 1))";
        statement::query_one(client, sql, &[&overview.last_event_type]).await?;
        let sql = "SELECT setval(pg_get_serial_sequence('templates', 'number'), greatest($1::bigint, 1))";
        statement::query_one(client, sql, &[&overview.last_template]).await?;
        // Without statistics, the first plans would assume empty tables.
        client
            .batch_execute(&format!("ANALYZE {}, event_keys", Counts::TABLES.join(", ")))
            .await?;
        let sql =
            "UPDATE copies SET finished_at = clock_timestamp() WHERE number = $1 AND finished_at IS NULL";
        if statement::execute(client, sql, &[&self.number]).await? == 1 {
            Ok(())
        } else {
            Err(SqlError::Raced)
        }
    }
}

fn differences(expected: Counts, found: Counts) -> Vec<Difference> {
    let counts = expected.to_array().into_iter().zip(found.to_array());
    Counts::TABLES
        .into_iter()
        .zip(counts)
        .filter(|(table, (expected, found))| match *table {
            // A server that was started here before has noted that.
            "audit" => found < expected,
            _ => expected != found,
        })
        .map(|(table, (expected, found))| Difference {
            table,
            expected,
            found,
        })
        .collect()
}
