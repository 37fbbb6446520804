//! Copies from another store into this database. While one is unfinished, only a part is here: a node would
//! answer questions wrongly, take repeats of events for new, and deliver what the copy is about to overwrite.
//! So no node opens the store, and no session begins.

use deadpool_postgres::GenericClient;

use crate::sql_error::SqlResult;
use crate::statement;

/// A copy into this database is unfinished: nothing may work on it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "it holds an unfinished copy of {source_name}, begun at {begun_at}. Finish it with the same `postrider copy` again, \
     which goes on where it stopped; or, to give the copy up, drop the database"
)]
pub struct UnfinishedCopy {
    /// What is copied.
    pub source_name: String,
    /// When it began, by the database's clock.
    pub begun_at: String,
}

/// A moment as people read it.
pub(crate) const SHOWN: &str = "'YYYY-MM-DD HH24:MI:SS\"Z\"'";

/// The copy that is unfinished, if there is one.
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
