//! Sealed values as a whole: the check of the master keys at a start, and sealing again after a rotation.
//!
//! Bytes 2 to 9 of a sealed value are the id of its master key, and each column of sealed values has an index
//! on them.

use async_trait::async_trait;
use deadpool_postgres::GenericClient;
use postrider_model::AccountId;
use postrider_storage::rows::{AutomationRow, ConnectionRow, SigningKeyRow};
use postrider_storage::sealing::{Context, KeyId, MissingKeys};
use postrider_storage::{RESEALED_MAX, Resealed, SealedValues, Sealer, SecretStore, StoreResult};
use uuid::Uuid;

use crate::sql_error::{SqlError, SqlResult};
use crate::store::PostgresStore;
use crate::{columns, statement};

#[async_trait]
impl SecretStore for PostgresStore {
    async fn sealed_values(&self) -> StoreResult<SealedValues> {
        self.database
            .run(async || {
                let first = self.sealer.first_key_id();
                let client = self.database.client().await?;
                let row = statement::query_one(&client, COUNT, &[&first.as_bytes().as_slice()]).await?;
                Ok(SealedValues {
                    sealed: columns::sum(&row, 0)?,
                    remaining: columns::sum(&row, 1)?,
                })
            })
            .await
    }

    async fn reseal(&self, skip: u64) -> StoreResult<Resealed> {
        self.database
            .run(async || {
                let mut client = self.database.client().await?;
                let transaction = client.transaction().await?;
                let resealed = reseal(&transaction, &self.sealer, skip).await?;
                transaction.commit().await?;
                Ok(resealed)
            })
            .await
    }
}

/// The sealed values of all columns.
const COUNT: &str = "
    SELECT (SELECT count(*) FROM signing_keys)
               + (SELECT count(*) FROM automations WHERE secrets IS NOT NULL)
               + (SELECT count(*) FROM master_key)
               + (SELECT count(*) FROM connections),
           (SELECT count(*) FROM signing_keys WHERE substring(secret FROM 2 FOR 8) < $1)
               + (SELECT count(*) FROM signing_keys WHERE substring(secret FROM 2 FOR 8) > $1)
               + (SELECT count(*) FROM automations
                  WHERE secrets IS NOT NULL AND substring(secrets FROM 2 FOR 8) < $1)
               + (SELECT count(*) FROM automations
                  WHERE secrets IS NOT NULL AND substring(secrets FROM 2 FOR 8) > $1)
               + (SELECT count(*) FROM master_key WHERE substring(probe FROM 2 FOR 8) <> $1)
               + (SELECT count(*) FROM connections WHERE substring(secret FROM 2 FOR 8) < $1)
               + (SELECT count(*) FROM connections WHERE substring(secret FROM 2 FOR 8) > $1)";

/// The ids of the master keys that sealed anything.
const KEY_IDS: &str = "
    SELECT substring(secret FROM 2 FOR 8) FROM signing_keys
    UNION SELECT substring(secrets FROM 2 FOR 8) FROM automations WHERE secrets IS NOT NULL
    UNION SELECT substring(probe FROM 2 FOR 8) FROM master_key
    UNION SELECT substring(secret FROM 2 FOR 8) FROM connections";

/// The values that another key than the first sealed. Two ranges can use an index; `<>` cannot. The order of
/// the index skips the same values each time, and does not read again what is done.
const REMAINING: &str = "
    (SELECT 0, account_id, id, secret FROM signing_keys WHERE substring(secret FROM 2 FOR 8) < $1
     ORDER BY substring(secret FROM 2 FOR 8) LIMIT $2::bigint + $3::bigint)
    UNION ALL
    (SELECT 0, account_id, id, secret FROM signing_keys WHERE substring(secret FROM 2 FOR 8) > $1
     ORDER BY substring(secret FROM 2 FOR 8) LIMIT $2::bigint + $3::bigint)
    UNION ALL
    (SELECT 1, account_id, id, secrets FROM automations
     WHERE secrets IS NOT NULL AND substring(secrets FROM 2 FOR 8) < $1
     ORDER BY substring(secrets FROM 2 FOR 8) LIMIT $2::bigint + $3::bigint)
    UNION ALL
    (SELECT 1, account_id, id, secrets FROM automations
     WHERE secrets IS NOT NULL AND substring(secrets FROM 2 FOR 8) > $1
     ORDER BY substring(secrets FROM 2 FOR 8) LIMIT $2::bigint + $3::bigint)
    UNION ALL SELECT 2, '00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000', probe
              FROM master_key WHERE substring(probe FROM 2 FOR 8) <> $1
    UNION ALL
    (SELECT 3, account_id, id, secret FROM connections WHERE substring(secret FROM 2 FOR 8) < $1
     ORDER BY substring(secret FROM 2 FOR 8) LIMIT $2::bigint + $3::bigint)
    UNION ALL
    (SELECT 3, account_id, id, secret FROM connections WHERE substring(secret FROM 2 FOR 8) > $1
     ORDER BY substring(secret FROM 2 FOR 8) LIMIT $2::bigint + $3::bigint)
    LIMIT $2 OFFSET $3";

/// The keys that the database needs and that were not given. The first start on a database ties it to its
/// key: if several nodes start at once, the key of one of them counts, and the others must have it too.
pub(crate) async fn missing(store: &PostgresStore) -> SqlResult<Option<MissingKeys>> {
    let client = store.database.client().await?;
    let tie = "INSERT INTO master_key (number, probe) VALUES (1, $1) ON CONFLICT (number) DO NOTHING";
    let mut needed = key_ids(&client).await?;
    if needed.is_empty() {
        statement::execute(&client, tie, &[&store.sealer.seal(&Context::PROBE, b"")]).await?;
        needed = key_ids(&client).await?;
    }
    let missing = store.sealer.check(needed).err();
    if missing.is_none() {
        // After a copy there are secrets, but no probe.
        statement::execute(&client, tie, &[&store.sealer.seal(&Context::PROBE, b"")]).await?;
    }
    Ok(missing)
}

/// The ids of the master keys that sealed anything.
pub(crate) async fn key_ids(client: &impl GenericClient) -> SqlResult<Vec<KeyId>> {
    let rows = statement::query(client, KEY_IDS, &[]).await?;
    let id = |row: &tokio_postgres::Row| {
        let bytes: &[u8] = row.try_get(0)?;
        let bytes = bytes
            .try_into()
            .map_err(|_| SqlError::Damaged("a sealed value"))?;
        Ok(KeyId::from_bytes(bytes))
    };
    rows.iter().map(id).collect()
}

/// A column of sealed values, with the statement that replaces values unless somebody has edited them since.
struct Column {
    context: fn(AccountId, [u8; 16]) -> Context,
    replace: &'static str,
}

/// The columns, by their number in [`REMAINING`].
const COLUMNS: [Column; 4] = [
    Column {
        context: SigningKeyRow::context,
        replace: "UPDATE signing_keys AS t SET secret = n.resealed
                  FROM unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::bytea[]) AS n (account_id, id, sealed, resealed)
                  WHERE t.account_id = n.account_id AND t.id = n.id AND t.secret = n.sealed",
    },
    Column {
        context: AutomationRow::context,
        replace: "UPDATE automations AS t SET secrets = n.resealed
                  FROM unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::bytea[]) AS n (account_id, id, sealed, resealed)
                  WHERE t.account_id = n.account_id AND t.id = n.id AND t.secrets = n.sealed",
    },
    Column {
        context: |_, _| Context::PROBE,
        replace: "UPDATE master_key AS t SET probe = n.resealed
                  FROM unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::bytea[]) AS n (account_id, id, sealed, resealed)
                  WHERE t.probe = n.sealed",
    },
    Column {
        context: ConnectionRow::context,
        replace: "UPDATE connections AS t SET secret = n.resealed
                  FROM unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::bytea[]) AS n (account_id, id, sealed, resealed)
                  WHERE t.account_id = n.account_id AND t.id = n.id AND t.secret = n.sealed",
    },
];

/// Values of one column to replace.
#[derive(Default)]
struct Batch {
    accounts: Vec<Uuid>,
    ids: Vec<Uuid>,
    sealed: Vec<Vec<u8>>,
    resealed: Vec<Vec<u8>>,
}

async fn reseal(client: &impl GenericClient, sealer: &Sealer, skip: u64) -> SqlResult<Resealed> {
    let first = sealer.first_key_id();
    let (limit, offset) = (i64::from(RESEALED_MAX), columns::number(skip));
    let rows = statement::query(
        client,
        REMAINING,
        &[&first.as_bytes().as_slice(), &limit, &offset],
    )
    .await?;
    let mut batches: [Batch; COLUMNS.len()] = Default::default();
    let mut done = Resealed::default();
    for row in rows {
        let number: i32 = row.try_get(0)?;
        let number = usize::try_from(number).map_err(|_| SqlError::Damaged("a column"))?;
        let (account, id): (Uuid, Uuid) = (row.try_get(1)?, row.try_get(2)?);
        let sealed: Vec<u8> = row.try_get(3)?;
        let context = (COLUMNS[number].context)(AccountId::from_bytes(account.into_bytes()), id.into_bytes());
        match sealer.reseal(&context, &sealed) {
            Ok(resealed) => {
                let batch = &mut batches[number];
                batch.accounts.push(account);
                batch.ids.push(id);
                batch.sealed.push(sealed);
                batch.resealed.push(resealed);
                done.resealed += 1;
            }
            Err(error) => {
                tracing::error!(%error, row = %id, "a secret was not sealed again");
                done.unopened += 1;
            }
        }
    }
    for (column, batch) in COLUMNS
        .iter()
        .zip(&batches)
        .filter(|(_, batch)| !batch.ids.is_empty())
    {
        let params: &statement::Params<'_> = &[&batch.accounts, &batch.ids, &batch.sealed, &batch.resealed];
        statement::execute(client, column.replace, params).await?;
    }
    Ok(done)
}
