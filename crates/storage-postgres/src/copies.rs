//! Copies from another store into this database. While a copy is unfinished, the database is incomplete: a
//! node would return wrong results, accept repeated events as new, and deliver what the copy is about to
//! overwrite. Therefore no node opens the store, and no session begins.

use deadpool_postgres::GenericClient;

use crate::sql_error::SqlResult;
use crate::statement;

/// A copy into this database is unfinished: no node may work on it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "it holds an unfinished copy of {source_name}, begun at {begun_at}. Finish it with the same `postrider copy` again, \
     which goes on where it stopped; or, to give the copy up, drop the database"
)]
pub struct UnfinishedCopy {
    /// The name of the source.
    pub source_name: String,
    /// When it began, by the database's clock.
    pub begun_at: String,
}

/// The format of a time in messages.
pub(crate) const SHOWN: &str = "'YYYY-MM-DD HH24:MI:SS\"Z\"'";

/// The unfinished copy, if there is one.
pub(crate) async fn unfinished(client: &impl GenericClient) -> SqlResult<Option<UnfinishedCopy>> {
    let sql = format!(
        "SELECT source, to_char(begun_at AT TIME ZONE 'UTC', {SHOWN}) FROM copies WHERE finished_at IS NULL"
    );
    let row = statement::query_opt(client, &sql, &[]).await?;
    row.map(|row| {
        Ok(UnfinishedCopy {
            source_name: row.try_get(0)?,
            begun_at: row.try_get(1)?,
        })
    })
    .transpose()
}
