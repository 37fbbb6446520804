//! What a database must be for this store to work in it, asked once at the start.
//!
//! **No pooler that shares connections between transactions** (PgBouncer's modes `transaction` and
//! `statement`). Prepared statements, `LISTEN`, advisory locks and settings belong to a session. Behind such
//! a pooler they seem to work while there is little to do, and get lost under load. In mode `session` a
//! pooler gives each connection a server process of its own until it ends, and everything works.
//!
//! A pooler does not say which mode it is in, so two connections find out. The first asks which process
//! serves it, and asks again while the second holds a transaction open. A pooler that shares puts the second
//! on the process that the first has just left (PgBouncer takes the last one used), or moves the first from
//! one process to another (`server_round_robin`). With other clients about, one look may miss that; [`LOOKS`]
//! of them do not.
//!
//! **The encoding UTF8.** In any other one, texts that PostgreSQL cannot convert make statements fail one by
//! one, long after the start.

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::database::Database;
use crate::sql_error::{SqlError, SqlResult};

/// How often the two connections are compared.
const LOOKS: usize = 5;

/// Why this store does not work in a database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsuitable {
    /// A pooler between node and database shares connections between transactions.
    #[error(
        "a connection pooler shares connections between transactions, as PgBouncer does with pool_mode=transaction. \
         Postrider needs a session of its own for each connection: set pool_mode=session, or connect to PostgreSQL \
         directly"
    )]
    Pooler,
    /// The database keeps texts in another encoding than UTF-8.
    #[error(
        "its encoding is {found}, and Postrider needs UTF8: create it with CREATE DATABASE … ENCODING 'UTF8'"
    )]
    Encoding {
        /// What it keeps them in.
        found: String,
    },
}

/// Whether the database is suitable; `None` where it is.
pub(crate) async fn unsuitable(database: &Database) -> SqlResult<Option<Unsuitable>> {
    let (first, second) = (database.client().await?, database.client().await?);
    if are_shared(&first, &second).await? {
        return Ok(Some(Unsuitable::Pooler));
    }
    let found = value(&first, "SHOW server_encoding").await?;
    Ok((found != "UTF8").then_some(Unsuitable::Encoding { found }))
}

/// Whether something between these connections and the server shares its own connections between them.
async fn are_shared(first: &Client, second: &Client) -> SqlResult<bool> {
    for _ in 0..LOOKS {
        let before = process(first).await?;
        match second.batch_execute("BEGIN").await {
            // PgBouncer's pool_mode=statement knows no transactions.
            Err(error) if error.code() == Some(&SqlState::PROTOCOL_VIOLATION) => return Ok(true),
            begun => begun?,
        }
        let other = process(second).await?;
        let meanwhile = process(first).await?;
        second.batch_execute("ROLLBACK").await?;
        if before == other || before != meanwhile {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The server's process behind a connection: its number, and when it began, as another server may have the
/// same number.
async fn process(client: &Client) -> SqlResult<String> {
    let sql = "SELECT pid || ' since ' || backend_start FROM pg_stat_get_activity(pg_backend_pid())";
    value(client, sql).await
}

/// The one value that a statement gives. In PostgreSQL's simple protocol, as a pooler may lose prepared
/// statements.
async fn value(client: &Client, sql: &str) -> SqlResult<String> {
    let messages = client.simple_query(sql).await?;
    let row = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    Ok(row.ok_or(SqlError::Damaged("no value"))?.to_owned())
}
