//! Requests with an `Idempotency-Key`. Deleting an API key also deletes its requests (`ON DELETE CASCADE`).

use async_trait::async_trait;
use postrider_storage::rules::requests::{self as rules, KnownRequest};
use postrider_storage::{
    Claimed, OLD_REQUESTS_REMOVED_MAX, REQUESTS_MAX, RequestClaim, RequestStore, Sealer, StoreResult,
};
use rusqlite::{Connection, OptionalExtension as _};

use crate::columns;
use crate::sql_error::SqlResult;
use crate::store::SqliteStore;

#[async_trait]
impl RequestStore for SqliteStore {
    async fn claim_request(&self, claim: RequestClaim) -> StoreResult<Claimed> {
        let sealer = self.sealer.clone();
        self.write(move |cx| self::claim(cx.conn, &claim, &sealer)).await
    }

    async fn keep_response(&self, sha256: [u8; 32], claim: [u8; 16], response: Vec<u8>) -> StoreResult<bool> {
        let sealed = rules::seal(sha256, &response, &self.sealer);
        self.write(move |cx| {
            let sql = "UPDATE requests SET response = ?3 WHERE sha256 = ?1 AND claim = ?2";
            let kept = cx.conn.prepare_cached(sql)?.execute((sha256, claim, &sealed))?;
            Ok(kept > 0)
        })
        .await
    }

    async fn forget_request(&self, sha256: [u8; 32], claim: [u8; 16]) -> StoreResult<()> {
        self.write(move |cx| {
            let sql = "DELETE FROM requests WHERE sha256 = ?1 AND claim = ?2";
            cx.conn.prepare_cached(sql)?.execute((sha256, claim))?;
            Ok(())
        })
        .await
    }
}

/// Marks requests that a former process did not finish, so that their repetitions learn at once that the
/// outcome is unknown. An empty response does not open ([`rules::judge`]). If this fails, because the disk is
/// full, they learn it later.
pub(crate) fn abandon(conn: &Connection) {
    if let Err(error) = conn.execute("UPDATE requests SET response = x'' WHERE response IS NULL", ()) {
        tracing::warn!(%error, "requests of the former process count as being handled for a while");
    }
}

const CLAIM: &str = "
    INSERT INTO requests (sha256, api_key_id, fingerprint, claim, claimed_at)
    SELECT ?1, id, ?3, ?4, ?5 FROM api_keys WHERE id = ?2
    ON CONFLICT (sha256) DO UPDATE SET
        api_key_id = excluded.api_key_id, fingerprint = excluded.fingerprint, claim = excluded.claim,
        claimed_at = excluded.claimed_at, response = NULL
    WHERE claimed_at <= ?6";

const REMOVE_OLD: &str = "
    DELETE FROM requests WHERE sha256 IN
        (SELECT sha256 FROM requests WHERE claimed_at <= ?1 ORDER BY claimed_at LIMIT ?2)";

/// Of one API key, those beyond the newest.
const REMOVE_SURPLUS: &str = "
    DELETE FROM requests WHERE sha256 IN (
        SELECT sha256 FROM requests WHERE api_key_id = ?1 AND response IS NOT NULL
        ORDER BY claimed_at DESC LIMIT ?2 OFFSET ?3)";

const KNOWN: &str = "SELECT fingerprint, claim, claimed_at, response FROM requests WHERE sha256 = ?1";

fn claim(conn: &Connection, claim: &RequestClaim, sealer: &Sealer) -> SqlResult<Claimed> {
    let forgotten = rules::forgotten(claim.at).unix_ms();
    let claimed = conn.prepare_cached(CLAIM)?.execute((
        claim.sha256,
        claim.api_key.as_bytes(),
        claim.fingerprint,
        claim.claim,
        claim.at.unix_ms(),
        forgotten,
    ))?;
    conn.prepare_cached(REMOVE_OLD)?
        .execute((forgotten, OLD_REQUESTS_REMOVED_MAX))?;
    if claimed > 0 {
        let surplus = (claim.api_key.as_bytes(), OLD_REQUESTS_REMOVED_MAX, REQUESTS_MAX);
        conn.prepare_cached(REMOVE_SURPLUS)?.execute(surplus)?;
        return Ok(Claimed::Ours);
    }
    let known = conn.prepare_cached(KNOWN)?.query_row((claim.sha256,), |row| {
        Ok(KnownRequest {
            fingerprint: row.get(0)?,
            claim: row.get(1)?,
            at: columns::time(row, 2)?,
            response: row.get(3)?,
        })
    });
    let known = known.optional()?;
    Ok(known.map_or(Claimed::Running, |known| rules::judge(known, claim, sealer)))
}
