//! Facts about a database that a start needs, read without changing anything.

use postrider_model::Timestamp;
use postrider_storage::sealing::KeyId;

use crate::copies;
use crate::database::{Client, Database};
use crate::options::PostgresOptions;
use crate::schema;
use crate::secrets;
use crate::sql_error::{SqlError, SqlResult};
use crate::store::OpenError;
use crate::suitability;

/// What a database says of itself and of this node's role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// Where it is: host and port.
    pub server: String,
    /// The server's version, such as `15.18`.
    pub version: String,
    /// The role that the URL names.
    pub role: String,
    /// The database that the URL names.
    pub database: String,
    /// The version of the schema; 0 for an empty database.
    pub schema: u32,
    /// Whether the role may create tables, which the first start and migrations do.
    pub may_create: bool,
    /// The connections that this role can still open.
    pub connections_free: u64,
    /// `synchronous_commit`: `off` loses acknowledged events in a crash.
    pub synchronous_commit: String,
    /// Whether the server syncs what it commits (`fsync`).
    pub syncs: bool,
    /// The server's clock.
    pub now: Timestamp,
    /// The master keys that its secrets need.
    pub master_keys: Vec<KeyId>,
}

/// Reads them.
///
/// # Errors
/// As [`crate::PostgresStore::open`], but for master keys, which the caller compares.
pub async fn inspect(options: PostgresOptions) -> Result<Inspection, OpenError> {
    let database = Database::new(&options)?;
    if let Some(unsuitable) = database.run(|| suitability::unsuitable(&database)).await? {
        return Err(unsuitable.into());
    }
    let unfinished = database.run(async || {
        let client = database.client().await?;
        match schema::version(&client).await? {
            0 => Ok(None),
            _ => copies::unfinished(&client).await,
        }
    });
    if let Some(copy) = unfinished.await? {
        return Err(copy.into());
    }
    Ok(database.run(|| read(&database)).await?)
}

const FACTS: &str = "
    SELECT split_part(current_setting('server_version'), ' ', 1), current_user::text, current_database()::text,
           coalesce(has_schema_privilege(current_schema(), 'CREATE'), false),
           least(CASE WHEN rolconnlimit < 0 THEN 1000000 ELSE rolconnlimit - of_role END,
                 CASE WHEN datconnlimit < 0 THEN 1000000 ELSE datconnlimit - of_database END,
                 current_setting('max_connections')::int
                     - CASE WHEN rolsuper THEN 0 ELSE current_setting('superuser_reserved_connections')::int END
                     - of_server)::bigint
               -- The connections of this inspection, which end with it.
               + 2,
           current_setting('synchronous_commit'), current_setting('fsync') = 'on',
           (extract(epoch FROM clock_timestamp()) * 1000)::bigint
    FROM (SELECT count(*) FILTER (WHERE usename = current_user) AS of_role,
                 count(*) FILTER (WHERE datname = current_database()) AS of_database,
                 count(*) AS of_server
          FROM pg_stat_activity WHERE datname IS NOT NULL) AS used,
         pg_roles, pg_database
    WHERE rolname = current_user AND datname = current_database()";

async fn read(database: &Database) -> SqlResult<Inspection> {
    let client = database.client().await?;
    let row = client.query_one(FACTS, &[]).await?;
    let free: i64 = row.try_get(4)?;
    let schema = schema::version(&client).await?;
    Ok(Inspection {
        server: database.server().to_owned(),
        version: row.try_get(0)?,
        role: row.try_get(1)?,
        database: row.try_get(2)?,
        schema,
        may_create: row.try_get(3)?,
        connections_free: u64::try_from(free).unwrap_or(0),
        synchronous_commit: row.try_get(5)?,
        syncs: row.try_get(6)?,
        now: Timestamp::from_unix_ms(row.try_get(7)?),
        master_keys: keys(&client, schema).await?,
    })
}

/// The master keys of a database with tables.
async fn keys(client: &Client, schema: u32) -> Result<Vec<KeyId>, SqlError> {
    match schema {
        0 => Ok(Vec::new()),
        _ => secrets::key_ids(client).await,
    }
}
