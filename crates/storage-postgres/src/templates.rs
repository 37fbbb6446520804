//! Pinned templates.

use async_trait::async_trait;
use postrider_model::delivery::BodySpec;
use postrider_model::template::TemplateNumber;
use postrider_model::{AccountId, Timestamp};
use postrider_storage::rows::TemplateRow;
use postrider_storage::templates::{PinTemplate, PinnedTemplate};
use postrider_storage::{StoreResult, TemplateStore};

use crate::columns::{self, uuid};
use crate::database::Client;
use crate::sql_error::{SqlError, SqlResult};
use crate::statement;
use crate::store::PostgresStore;

#[async_trait]
impl TemplateStore for PostgresStore {
    async fn pin_templates(
        &self,
        account: AccountId,
        templates: Vec<PinTemplate>,
        now: Timestamp,
    ) -> StoreResult<Vec<TemplateNumber>> {
        // A repetition finds what the first try stored.
        self.database
            .run(async || {
                let client = self.database.client().await?;
                let mut numbers = Vec::with_capacity(templates.len());
                for template in &templates {
                    numbers.push(pin(&client, account, template, now).await?);
                }
                Ok(numbers)
            })
            .await
    }

    async fn template(&self, number: TemplateNumber) -> StoreResult<Option<PinnedTemplate>> {
        self.database
            .run(async || by_number(&self.database.client().await?, number).await)
            .await
    }

    async fn prune_templates(&self, before: Timestamp, limit: usize) -> StoreResult<usize> {
        self.database
            .run(async || prune(&self.database.client().await?, before, limit).await)
            .await
    }
}

async fn pin(
    client: &Client,
    account: AccountId,
    pin: &PinTemplate,
    now: Timestamp,
) -> SqlResult<TemplateNumber> {
    let sql = "INSERT INTO templates (account_id, hash, kind, content_type, source, used_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (account_id, hash) DO UPDATE SET used_at = greatest(templates.used_at, excluded.used_at)
         RETURNING number";
    let params: &statement::Params<'_> = &[
        &uuid(account.as_bytes()),
        &&pin.hash.as_bytes()[..],
        &pin.template.kind.name(),
        &pin.template.content_type,
        &pin.template.source.as_bytes(),
        &now.unix_ms(),
    ];
    let number: i32 = statement::query_one(client, sql, params).await?.try_get(0)?;
    let number = u32::try_from(number).ok().and_then(TemplateNumber::new);
    number.ok_or(SqlError::Damaged("a template's number"))
}

async fn by_number(client: &Client, number: TemplateNumber) -> SqlResult<Option<PinnedTemplate>> {
    let sql = format!("SELECT {} FROM templates WHERE number = $1", TemplateRow::COLUMNS);
    let rows = statement::query(client, &sql, &[&columns::int(number.get())]).await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let row = columns::read(row, 0, TemplateRow::read)?;
    Ok(Some(row.try_into()?))
}

async fn prune(client: &Client, before: Timestamp, limit: usize) -> SqlResult<usize> {
    let sql = "DELETE FROM templates WHERE number IN (
             SELECT number FROM templates WHERE used_at < $1
                 AND NOT EXISTS (SELECT 1 FROM deliveries WHERE body = templates.number + $2 AND body >= 256)
             ORDER BY used_at LIMIT $3 FOR UPDATE SKIP LOCKED)";
    let params: &statement::Params<'_> = &[
        &before.unix_ms(),
        &columns::int(BodySpec::BUILT_IN),
        &columns::number(limit),
    ];
    let removed = statement::execute(client, sql, params).await?;
    Ok(usize::try_from(removed).unwrap_or(usize::MAX))
}
