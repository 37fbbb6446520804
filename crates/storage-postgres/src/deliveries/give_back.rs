//! Giving back: owned deliveries become waiting again without an attempt. Only commits in doubt need it
//! ([`crate::in_doubt`]).

use deadpool_postgres::GenericClient;
use postrider_model::Timestamp;
use postrider_storage::{DeliveryKey, SessionId};

use crate::deliveries::keys::Keys;
use crate::sql_error::SqlResult;
use crate::statement;

/// Returns owned deliveries to waiting, due at `now`. Deliveries that the session does not own, or that do
/// not exist, stay unchanged.
pub(crate) async fn give_back(
    client: &impl GenericClient,
    session: SessionId,
    keys: &[DeliveryKey],
    now: Timestamp,
) -> SqlResult<()> {
    if keys.is_empty() {
        return Ok(());
    }
    let keys = Keys::sorted(keys);
    let sql = "UPDATE deliveries AS d SET owner = NULL, state_at = $2
         FROM (SELECT * FROM unnest($3::uuid[], $4::uuid[]) AS n (account_id, id) LIMIT cardinality($3)) AS n
         WHERE d.account_id = n.account_id AND d.id = n.id AND d.id BETWEEN $5 AND $6
             AND d.owner IS NOT DISTINCT FROM $1";
    statement::execute(
        client,
        sql,
        &[
            &session.0,
            &now.unix_ms(),
            &keys.accounts,
            &keys.ids,
            &keys.first_id,
            &keys.last_id,
        ],
    )
    .await?;
    Ok(())
}
