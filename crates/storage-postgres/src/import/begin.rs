//! Beginning or continuing a copy into a database that contains nothing else and has no running node.

use std::time::Duration;

use deadpool_postgres::Transaction;
use postrider_model::SYSTEM_ACCOUNT;
use postrider_storage::transfer::{Overview, Place, Stage};
use tokio::time::sleep;

use super::{ImportError, PostgresImport};
use crate::columns::uuid;
use crate::copies::{self, SHOWN};
use crate::database::{Client, Database};
use crate::options::PostgresOptions;
use crate::schema::{self, SCHEMA_VERSION};
use crate::sql_error::{SqlError, SqlResult};
use crate::{sessions, statement, suitability};

/// The advisory lock of the process that copies: "postcopy" in ASCII.
const LOCK: i64 = 0x706f_7374_636f_7079;

/// How often to try the lock, and with what pause: a server may take some seconds to notice that a run was
/// killed.
const LOCK_TRIES: u32 = 60;
const LOCK_PAUSE: Duration = Duration::from_millis(500);

/// No time limit for statements, because counting reads everything and nobody waits for a copy. A busy
/// machine may pause between two statements.
const SETTINGS: &str = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = '60s'";

/// Tables that must be empty. `api_keys` need not be: a server that was started once has created a key.
const EMPTY: [&str; 6] = [
    "accounts",
    "event_types",
    "events",
    "deliveries",
    "attempts",
    "deleted_accounts",
];

/// A server that was started once has created the account `system` ([`SYSTEM_ACCOUNT`]).
const DELETE_UNUSED_SYSTEM_ACCOUNT: &str = "DELETE FROM accounts
     WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM automations WHERE account_id = $1)
       AND NOT EXISTS (SELECT 1 FROM connections WHERE account_id = $1)";

/// The result of [`PostgresImport::begin`].
pub enum Begun {
    /// The database is ready for rows.
    Ready(Box<PostgresImport>),
    /// The same source, in the same state, was already copied completely.
    Finished {
        /// When the copy finished, by the database's clock.
        at: String,
    },
}

/// The result of [`claim`].
enum Claimed {
    Copy { number: i64, place: Place, events: u64 },
    Finished { at: String },
}

impl PostgresImport {
    /// Connects, migrates the schema to the newest version, and claims the database for a copy of this
    /// source: a new copy, or one that was begun before. Messages call the source `source_name`.
    ///
    /// # Errors
    /// See [`ImportError`]; the database is then unchanged, except for the schema.
    pub async fn begin(
        options: &PostgresOptions,
        source_name: &str,
        overview: &Overview,
    ) -> Result<Begun, ImportError> {
        let database = Database::new(options)?;
        let unsuitable = database.run(|| suitability::unsuitable(&database)).await?;
        if let Some(unsuitable) = unsuitable {
            return Err(unsuitable.into());
        }
        let migrated = schema::migrate(&database).await?;
        if migrated.to > SCHEMA_VERSION {
            return Err(ImportError::TooNew { found: migrated.to });
        }
        let mut client = database.client().await?;
        let settings = client.batch_execute(SETTINGS).await;
        settings.map_err(SqlError::from)?;
        if !lock(&client).await? {
            return Err(ImportError::UnderWay);
        }
        Ok(match claim(&mut client, source_name, overview).await? {
            Claimed::Finished { at } => Begun::Finished { at },
            Claimed::Copy {
                number,
                place,
                events,
            } => Begun::Ready(Box::new(Self {
                client,
                _database: database,
                number,
                place,
                events,
            })),
        })
    }
}

/// Acquires the lock, which the connection holds until it ends.
async fn lock(client: &Client) -> SqlResult<bool> {
    for _ in 0..LOCK_TRIES {
        let row = statement::query_one(client, "SELECT pg_try_advisory_lock($1)", &[&LOCK]).await?;
        if row.try_get(0)? {
            return Ok(true);
        }
        sleep(LOCK_PAUSE).await;
    }
    Ok(false)
}

async fn claim(client: &mut Client, source_name: &str, overview: &Overview) -> Result<Claimed, ImportError> {
    let transaction = client.transaction().await.map_err(SqlError::from)?;
    // A node that opens a session now waits for this lock, and then sees the copy.
    let locked = transaction
        .batch_execute("LOCK TABLE sessions IN SHARE ROW EXCLUSIVE MODE")
        .await;
    locked.map_err(SqlError::from)?;
    if let Some(claimed) = known(&transaction, overview).await? {
        return Ok(claimed);
    }
    if let Some(other) = copies::unfinished(&transaction).await? {
        return Err(ImportError::OtherCopy(other));
    }
    let alive = format!(
        "SELECT 1 FROM sessions WHERE NOT dead AND {} > clock_timestamp()",
        sessions::LEASE_END
    );
    if holds(&transaction, &alive).await? {
        return Err(ImportError::InUse);
    }
    // The source has its own.
    let system = uuid(SYSTEM_ACCOUNT.as_bytes());
    statement::execute(&transaction, DELETE_UNUSED_SYSTEM_ACCOUNT, &[&system]).await?;
    for table in EMPTY {
        if holds(&transaction, &format!("SELECT 1 FROM {table}")).await? {
            return Err(ImportError::NotEmpty { table });
        }
    }
    let claimed = insert(&transaction, source_name, overview).await?;
    transaction.commit().await.map_err(SqlError::from)?;
    Ok(claimed)
}

/// An earlier copy of this source in this state, if there is one.
async fn known(transaction: &Transaction<'_>, overview: &Overview) -> SqlResult<Option<Claimed>> {
    let sql = format!(
        "SELECT number, stage, after, events, to_char(finished_at AT TIME ZONE 'UTC', {SHOWN})
         FROM copies WHERE fingerprint = $1 ORDER BY number DESC LIMIT 1"
    );
    let Some(row) = statement::query_opt(transaction, &sql, &[&overview.fingerprint]).await? else {
        return Ok(None);
    };
    if let Some(at) = row.try_get(4)? {
        return Ok(Some(Claimed::Finished { at }));
    }
    let stage = Stage::from_code(row.try_get(1)?).ok_or(SqlError::Damaged("the stage of a copy"))?;
    Ok(Some(Claimed::Copy {
        number: row.try_get(0)?,
        place: Place {
            stage,
            after: row.try_get(2)?,
        },
        events: row.try_get::<_, i64>(3)?.unsigned_abs(),
    }))
}

async fn insert(transaction: &Transaction<'_>, source_name: &str, overview: &Overview) -> SqlResult<Claimed> {
    let place = Place::START;
    let sql = "INSERT INTO copies (source, fingerprint, stage, after, events) VALUES ($1, $2, $3, $4, 0)
               RETURNING number";
    let row = statement::query_one(
        transaction,
        sql,
        &[
            &source_name,
            &overview.fingerprint,
            &place.stage.code(),
            &place.after,
        ],
    )
    .await?;
    Ok(Claimed::Copy {
        number: row.try_get(0)?,
        place,
        events: 0,
    })
}

async fn holds(transaction: &Transaction<'_>, rows: &str) -> SqlResult<bool> {
    let row = transaction
        .query_one(&format!("SELECT EXISTS ({rows})"), &[])
        .await?;
    Ok(row.try_get(0)?)
}
