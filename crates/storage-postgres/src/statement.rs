//! Statements, prepared once per connection.

use deadpool_postgres::GenericClient;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::sql_error::SqlResult;

/// One parameter of a statement.
pub(crate) type Param<'a> = &'a (dyn ToSql + Sync);

/// The parameters of a statement, in the order of `$1`, `$2` …
pub(crate) type Params<'a> = [Param<'a>];

/// Runs a statement and returns its rows.
pub(crate) async fn query(
    client: &impl GenericClient,
    sql: &str,
    params: &Params<'_>,
) -> SqlResult<Vec<Row>> {
    let statement = client.prepare_cached(sql).await?;
    Ok(client.query(&statement, params).await?)
}

/// Runs a statement that returns at most one row.
pub(crate) async fn query_opt(
    client: &impl GenericClient,
    sql: &str,
    params: &Params<'_>,
) -> SqlResult<Option<Row>> {
    let statement = client.prepare_cached(sql).await?;
    Ok(client.query_opt(&statement, params).await?)
}

/// Runs a statement that returns exactly one row.
pub(crate) async fn query_one(client: &impl GenericClient, sql: &str, params: &Params<'_>) -> SqlResult<Row> {
    let statement = client.prepare_cached(sql).await?;
    Ok(client.query_one(&statement, params).await?)
}

/// Runs a statement and returns how many rows it changed.
pub(crate) async fn execute(client: &impl GenericClient, sql: &str, params: &Params<'_>) -> SqlResult<u64> {
    let statement = client.prepare_cached(sql).await?;
    Ok(client.execute(&statement, params).await?)
}
