//! Requests with an `Idempotency-Key`. Deleting an API key also deletes its requests (`ON DELETE CASCADE`).

use async_trait::async_trait;
use postrider_storage::rules::requests::{self as rules, KnownRequest};
use postrider_storage::{
    Claimed, OLD_REQUESTS_REMOVED_MAX, REQUESTS_MAX, RequestClaim, RequestStore, Sealer, StoreResult,
};

use crate::columns::{self, uuid};
use crate::database::Client;
use crate::sql_error::SqlResult;
use crate::statement;
use crate::store::PostgresStore;

#[async_trait]
impl RequestStore for PostgresStore {
    async fn claim_request(&self, claim: RequestClaim) -> StoreResult<Claimed> {
        // Work that is repeated finds its own claim.
        self.database
            .run(async || self::claim(&self.database.client().await?, &claim, &self.sealer).await)
            .await
    }

    async fn keep_response(&self, sha256: [u8; 32], claim: [u8; 16], response: Vec<u8>) -> StoreResult<bool> {
        let sealed = rules::seal(sha256, &response, &self.sealer);
        let sql = "UPDATE requests SET response = $3 WHERE sha256 = $1 AND claim = $2";
        self.database
            .run(async || {
                let client = self.database.client().await?;
                let params: &statement::Params<'_> = &[&&sha256[..], &uuid(&claim), &sealed];
                Ok(statement::execute(&client, sql, params).await? > 0)
            })
            .await
    }

    async fn forget_request(&self, sha256: [u8; 32], claim: [u8; 16]) -> StoreResult<()> {
        let sql = "DELETE FROM requests WHERE sha256 = $1 AND claim = $2";
        self.database
            .run(async || {
                let client = self.database.client().await?;
                statement::execute(&client, sql, &[&&sha256[..], &uuid(&claim)]).await?;
                Ok(())
            })
            .await
    }
}

const CLAIM: &str = "
    INSERT INTO requests AS r (sha256, api_key_id, fingerprint, claim, claimed_at)
    SELECT $1, id, $3, $4, $5 FROM api_keys WHERE id = $2
    ON CONFLICT (sha256) DO UPDATE SET
        api_key_id = excluded.api_key_id, fingerprint = excluded.fingerprint, claim = excluded.claim,
        claimed_at = excluded.claimed_at, response = NULL
    WHERE r.claimed_at <= $6";

const REMOVE_OLD: &str = "
    DELETE FROM requests WHERE sha256 IN (
        SELECT sha256 FROM requests WHERE claimed_at <= $1 ORDER BY claimed_at LIMIT $2
        FOR UPDATE SKIP LOCKED)";

/// Of one API key, those beyond the newest.
const REMOVE_SURPLUS: &str = "
    DELETE FROM requests WHERE sha256 IN (
        SELECT sha256 FROM requests WHERE api_key_id = $1 AND response IS NOT NULL
        ORDER BY claimed_at DESC LIMIT $2 OFFSET $3
        FOR UPDATE SKIP LOCKED)";

const KNOWN: &str = "SELECT fingerprint, claim, claimed_at, response FROM requests WHERE sha256 = $1";

async fn claim(client: &Client, claim: &RequestClaim, sealer: &Sealer) -> SqlResult<Claimed> {
    let forgotten = rules::forgotten(claim.at).unix_ms();
    let sha256 = &claim.sha256[..];
    let params: &statement::Params<'_> = &[
        &sha256,
        &uuid(claim.api_key.as_bytes()),
        &&claim.fingerprint[..],
        &uuid(&claim.claim),
        &claim.at.unix_ms(),
        &forgotten,
    ];
    if statement::execute(client, CLAIM, params).await? > 0 {
        let removed_max = i64::from(OLD_REQUESTS_REMOVED_MAX);
        statement::execute(client, REMOVE_OLD, &[&forgotten, &removed_max]).await?;
        let surplus: &statement::Params<'_> = &[
            &uuid(claim.api_key.as_bytes()),
            &removed_max,
            &i64::from(REQUESTS_MAX),
        ];
        statement::execute(client, REMOVE_SURPLUS, surplus).await?;
        return Ok(Claimed::Ours);
    }
    let rows = statement::query(client, KNOWN, &[&sha256]).await?;
    let Some(row) = rows.first() else {
        return Ok(Claimed::Running);
    };
    let known = KnownRequest {
        fingerprint: row.try_get(0)?,
        claim: row.try_get::<_, uuid::Uuid>(1)?.as_bytes().to_vec(),
        at: columns::time(row, 2)?,
        response: row.try_get(3)?,
    };
    Ok(rules::judge(known, claim, sealer))
}
