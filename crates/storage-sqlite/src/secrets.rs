//! Sealed values as a whole: the check of the master keys at a start, and sealing again after a rotation.
//!
//! Bytes 2 to 9 of a sealed value are the id of its master key, and each column of sealed values has an index
//! on them.

use async_trait::async_trait;
use postrider_model::AccountId;
use postrider_storage::rows::{AutomationRow, ConnectionRow, SigningKeyRow};
use postrider_storage::sealing::{Context, KeyId};
use postrider_storage::{RESEALED_MAX, Resealed, SealedValues, Sealer, SecretStore, StoreResult};
use rusqlite::{Connection, OptionalExtension as _};

use crate::columns;
use crate::open::OpenError;
use crate::sql_error::SqlResult;
use crate::store::SqliteStore;

#[async_trait]
impl SecretStore for SqliteStore {
    async fn sealed_values(&self) -> StoreResult<SealedValues> {
        let first = self.sealer.first_key_id();
        self.read(move |conn| {
            let mut statement = conn.prepare_cached(COUNT)?;
            Ok(statement.query_row((first.as_bytes(),), |row| {
                Ok(SealedValues {
                    sealed: row.get::<_, i64>(0)?.unsigned_abs(),
                    remaining: row.get::<_, i64>(1)?.unsigned_abs(),
                })
            })?)
        })
        .await
    }

    async fn reseal(&self, skip: u64) -> StoreResult<Resealed> {
        let sealer = self.sealer.clone();
        self.write(move |cx| reseal(cx.conn, &sealer, skip)).await
    }
}

/// The sealed values of all columns.
const COUNT: &str = "
    SELECT (SELECT count(*) FROM signing_keys)
               + (SELECT count(*) FROM automations INDEXED BY automations_by_master_key WHERE secrets IS NOT NULL)
               + (SELECT count(*) FROM master_key)
               + (SELECT count(*) FROM connections INDEXED BY connections_by_master_key),
           (SELECT count(*) FROM signing_keys WHERE substr(secret, 2, 8) < ?1)
               + (SELECT count(*) FROM signing_keys WHERE substr(secret, 2, 8) > ?1)
               + (SELECT count(*) FROM automations WHERE secrets IS NOT NULL AND substr(secrets, 2, 8) < ?1)
               + (SELECT count(*) FROM automations WHERE secrets IS NOT NULL AND substr(secrets, 2, 8) > ?1)
               + (SELECT count(*) FROM master_key WHERE substr(probe, 2, 8) <> ?1)
               + (SELECT count(*) FROM connections WHERE substr(secret, 2, 8) < ?1)
               + (SELECT count(*) FROM connections WHERE substr(secret, 2, 8) > ?1)";

/// The ids of the master keys that sealed anything.
const KEY_IDS: &str = "
    SELECT substr(secret, 2, 8) FROM signing_keys
    UNION SELECT substr(secrets, 2, 8) FROM automations WHERE secrets IS NOT NULL
    UNION SELECT substr(probe, 2, 8) FROM master_key
    UNION SELECT substr(secret, 2, 8) FROM connections";

/// The values that another key than the first sealed. Two ranges can use an index; `<>` cannot.
pub(crate) const REMAINING: &str = "
    SELECT 0, account_id, id, secret FROM signing_keys WHERE substr(secret, 2, 8) < ?1
    UNION ALL SELECT 0, account_id, id, secret FROM signing_keys WHERE substr(secret, 2, 8) > ?1
    UNION ALL SELECT 1, account_id, id, secrets FROM automations
              WHERE secrets IS NOT NULL AND substr(secrets, 2, 8) < ?1
    UNION ALL SELECT 1, account_id, id, secrets FROM automations
              WHERE secrets IS NOT NULL AND substr(secrets, 2, 8) > ?1
    UNION ALL SELECT 2, zeroblob(16), zeroblob(16), probe FROM master_key WHERE substr(probe, 2, 8) <> ?1
    UNION ALL SELECT 3, account_id, id, secret FROM connections WHERE substr(secret, 2, 8) < ?1
    UNION ALL SELECT 3, account_id, id, secret FROM connections WHERE substr(secret, 2, 8) > ?1
    LIMIT ?2 OFFSET ?3";

/// The ids of the master keys that sealed anything.
pub(crate) fn key_ids(conn: &Connection) -> rusqlite::Result<Vec<KeyId>> {
    let mut statement = conn.prepare(KEY_IDS)?;
    let ids = statement.query_map((), |row| row.get(0).map(KeyId::from_bytes))?;
    ids.collect()
}

/// The probe that ties the database to its master key; `None` in a database that was never served.
pub(crate) fn probe(conn: &Connection) -> rusqlite::Result<Option<Vec<u8>>> {
    conn.query_row("SELECT probe FROM master_key", (), |row| row.get(0))
        .optional()
}

/// Checks that the keys open what the database holds. The first start on a database ties it to its key.
pub(crate) fn check(conn: &Connection, sealer: &Sealer) -> Result<(), OpenError> {
    sealer.check(key_ids(conn)?)?;
    // Only a new database has none. A start writes nothing else, so that it works on a full disk.
    if !conn.prepare("SELECT 1 FROM master_key")?.exists(())? {
        let probe = sealer.seal(&Context::PROBE, b"");
        conn.execute("INSERT INTO master_key (number, probe) VALUES (1, ?1)", (probe,))?;
    }
    Ok(())
}

/// A column of sealed values, with the statement that replaces one if nobody has edited it since.
struct Column {
    context: fn(AccountId, [u8; 16]) -> Context,
    replace: &'static str,
}

/// The columns, by their number in [`REMAINING`].
const COLUMNS: [Column; 4] = [
    Column {
        context: SigningKeyRow::context,
        replace: "UPDATE signing_keys SET secret = ?4 WHERE account_id = ?1 AND id = ?2 AND secret = ?3",
    },
    Column {
        context: AutomationRow::context,
        replace: "UPDATE automations SET secrets = ?4 WHERE account_id = ?1 AND id = ?2 AND secrets = ?3",
    },
    Column {
        context: |_, _| Context::PROBE,
        // The nil ids compare as well, so that all statements have the same parameters.
        replace: "UPDATE master_key SET probe = ?4 WHERE zeroblob(16) = ?1 AND zeroblob(16) = ?2 AND probe = ?3",
    },
    Column {
        context: ConnectionRow::context,
        replace: "UPDATE connections SET secret = ?4 WHERE account_id = ?1 AND id = ?2 AND secret = ?3",
    },
];

fn reseal(conn: &Connection, sealer: &Sealer, skip: u64) -> SqlResult<Resealed> {
    let mut statement = conn.prepare_cached(REMAINING)?;
    let first = sealer.first_key_id();
    let mut rows = statement.query((first.as_bytes(), RESEALED_MAX, columns::number(skip)))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let column: u8 = row.get(0)?;
        let (account, id): ([u8; 16], [u8; 16]) = (row.get(1)?, row.get(2)?);
        let sealed: Vec<u8> = row.get(3)?;
        found.push((column, account, id, sealed));
    }
    let mut done = Resealed::default();
    for (column, account, id, sealed) in found {
        let column = &COLUMNS[usize::from(column)];
        let context = (column.context)(AccountId::from_bytes(account), id);
        match sealer.reseal(&context, &sealed) {
            Ok(resealed) => {
                let mut replace = conn.prepare_cached(column.replace)?;
                replace.execute((account, id, sealed, resealed))?;
                done.resealed += 1;
            }
            Err(error) => {
                tracing::error!(%error, row = %postrider_model::hex::encode(&id), "a secret was not sealed again");
                done.unopened += 1;
            }
        }
    }
    Ok(done)
}
