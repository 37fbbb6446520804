//! Pinned templates.

use async_trait::async_trait;
use postrider_model::delivery::BodySpec;
use postrider_model::template::TemplateNumber;
use postrider_model::{AccountId, Timestamp};
use postrider_storage::rows::TemplateRow;
use postrider_storage::templates::{PinTemplate, PinnedTemplate};
use postrider_storage::{StoreResult, TemplateStore};
use rusqlite::{Connection, OptionalExtension};

use crate::columns;
use crate::sql_error::{SqlError, SqlResult};
use crate::store::SqliteStore;

#[async_trait]
impl TemplateStore for SqliteStore {
    async fn pin_templates(
        &self,
        account: AccountId,
        templates: Vec<PinTemplate>,
        now: Timestamp,
    ) -> StoreResult<Vec<TemplateNumber>> {
        self.write(move |cx| {
            let pinned = templates.iter().map(|pin| self::pin(cx.conn, account, pin, now));
            pinned.collect()
        })
        .await
    }

    async fn template(&self, number: TemplateNumber) -> StoreResult<Option<PinnedTemplate>> {
        self.read(move |conn| by_number(conn, number)).await
    }

    async fn prune_templates(&self, before: Timestamp, limit: usize) -> StoreResult<usize> {
        self.write(move |cx| prune(cx.conn, before, limit)).await
    }
}

fn pin(
    conn: &Connection,
    account: AccountId,
    pin: &PinTemplate,
    now: Timestamp,
) -> SqlResult<TemplateNumber> {
    let number: u32 = conn
        .prepare_cached(
            "INSERT INTO templates (account_id, hash, kind, content_type, source, used_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (account_id, hash) DO UPDATE SET used_at = max(used_at, excluded.used_at)
             RETURNING number",
        )?
        .query_row(
            (
                account.as_bytes(),
                pin.hash.as_bytes(),
                pin.template.kind.name(),
                &pin.template.content_type,
                pin.template.source.as_bytes(),
                now.unix_ms(),
            ),
            |row| row.get(0),
        )?;
    TemplateNumber::new(number).ok_or(SqlError::Damaged("a template's number"))
}

fn by_number(conn: &Connection, number: TemplateNumber) -> SqlResult<Option<PinnedTemplate>> {
    let columns = TemplateRow::COLUMNS;
    let row = conn
        .prepare_cached(&format!("SELECT {columns} FROM templates WHERE number = ?1"))?
        .query_row((number.get(),), |row| {
            Ok(columns::read(row, 0, TemplateRow::read))
        })
        .optional()?;
    Ok(row.transpose()?.map(PinnedTemplate::try_from).transpose()?)
}

pub(crate) const UNUSED: &str = "SELECT number FROM templates WHERE used_at < ?1
     AND NOT EXISTS (SELECT 1 FROM deliveries WHERE body = templates.number + ?2 AND body >= 256)
     ORDER BY used_at LIMIT ?3";

fn prune(conn: &Connection, before: Timestamp, limit: usize) -> SqlResult<usize> {
    let sql = format!("DELETE FROM templates WHERE number IN ({UNUSED})");
    let old = (before.unix_ms(), BodySpec::BUILT_IN, columns::number(limit));
    Ok(conn.prepare_cached(&sql)?.execute(old)?)
}
