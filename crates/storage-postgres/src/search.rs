//! Finding what an id or a uid stands for.
//!
//! No index leads from an id alone to its row: it would cost every event and delivery something, and people
//! search rarely. So a search of the installation looks for the id in each account, through the primary keys,
//! or reads the table where that is cheaper; a search within an account reads the account's rows. An event's
//! and a delivery's id say in which partitions to look.

use async_trait::async_trait;
use postrider_model::{
    AccountId, ActionId, ApiKeyId, AutomationId, ConnectionId, DeliveryId, EventId, SigningKeyId,
};
use postrider_storage::search::{FOUND_MAX, Found, FoundObject, SearchStore, Sought};
use postrider_storage::{StoreResult, rules};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::columns::{self, uuid};
use crate::database::Client;
use crate::sql_error::{SqlError, SqlResult};
use crate::store::PostgresStore;

#[async_trait]
impl SearchStore for PostgresStore {
    async fn find(&self, sought: &Sought, within: Option<AccountId>) -> StoreResult<Vec<Found>> {
        self.database
            .run(async || {
                let client = self.database.client().await?;
                let search = Search {
                    client: &client,
                    within,
                };
                search.find(sought).await
            })
            .await
    }
}

const ACCOUNT: &str = "SELECT id AS account_id, id, name FROM accounts WHERE id = $1";
const SIGNING_KEY: &str = "SELECT account_id, id, NULL AS name FROM signing_keys WHERE {within} AND id = $1";
const AUTOMATION: &str = "SELECT account_id, id, name FROM automations WHERE {within} AND id = $1";
const ACTION: &str =
    "SELECT account_id, id, name FROM automations WHERE {within} AND strpos(actions, $1) > 0";
const CONNECTION: &str = "SELECT account_id, id, name FROM connections WHERE {within} AND id = $1";
const EVENT: &str = "SELECT account_id, id, type AS name FROM events WHERE id = $1
         AND account_id {accounts}
         AND created_at BETWEEN $4 AND $5
     UNION
     SELECT e.account_id, e.id, e.type FROM event_keys AS k
     JOIN events AS e ON e.account_id = k.account_id AND e.created_at = k.created_at AND e.seq = k.seq
     WHERE k.kind = 1 AND k.key = uuid_send($1)
         AND k.account_id {accounts}";
const DELIVERY: &str = "SELECT account_id, id, NULL AS name FROM deliveries WHERE id = $1
         AND account_id {accounts}";
const API_KEY: &str = "SELECT account_id, id, name FROM api_keys WHERE {within} AND id = $1";
const ACCOUNT_UID: &str = "SELECT id AS account_id, id, name FROM accounts WHERE uid = $1";
const AUTOMATION_UID: &str = "SELECT account_id, id, name FROM automations WHERE {within} AND uid = $1";
const EVENT_TYPE: &str = "SELECT NULL::uuid AS account_id, NULL::uuid AS id, name FROM event_types WHERE name = $1 AND NOT deleted";

/// The whole statement. With an account, it reads the account's rows alone.
fn statement(sql: &str, is_within: bool) -> String {
    let (within, accounts) = match is_within {
        true => ("account_id = $2", "= $2"),
        false => ("true", "= ANY (ARRAY(SELECT id FROM accounts))"),
    };
    let sql = sql.replace("{within}", within).replace("{accounts}", accounts);
    format!(
        "SELECT account_id, id, name FROM ({sql}) AS found
         WHERE $2::uuid IS NULL OR account_id = $2 LIMIT $3"
    )
}

struct Search<'a> {
    client: &'a Client,
    within: Option<AccountId>,
}

impl Search<'_> {
    async fn find(&self, sought: &Sought) -> SqlResult<Vec<Found>> {
        match sought {
            Sought::Account(id) => self.run(ACCOUNT, &uuid(id.as_bytes()), &[], account).await,
            Sought::SigningKey(id) => {
                let what = |row: &Row| of_id(row, SigningKeyId::from_bytes).map(FoundObject::SigningKey);
                self.run(SIGNING_KEY, &uuid(id.as_bytes()), &[], what).await
            }
            Sought::Automation(id) => self.run(AUTOMATION, &uuid(id.as_bytes()), &[], automation).await,
            Sought::Action(id) => {
                let what = |row: &Row| action(row, *id);
                self.run(ACTION, &id.to_string(), &[], what).await
            }
            Sought::Connection(id) => {
                let what = |row: &Row| of_id(row, ConnectionId::from_bytes).map(FoundObject::Connection);
                self.run(CONNECTION, &uuid(id.as_bytes()), &[], what).await
            }
            Sought::Event(id) => {
                let (from, to) = rules::ids::accepted_between(*id).into_inner();
                let what = |row: &Row| of_id(row, EventId::from_bytes).map(FoundObject::Event);
                self.run(EVENT, &uuid(id.as_bytes()), &[&from, &to], what).await
            }
            Sought::Delivery(id) => {
                let what = |row: &Row| of_id(row, DeliveryId::from_bytes).map(FoundObject::Delivery);
                self.run(DELIVERY, &uuid(id.as_bytes()), &[], what).await
            }
            Sought::ApiKey(id) => {
                let what = |row: &Row| of_id(row, ApiKeyId::from_bytes).map(FoundObject::ApiKey);
                self.run(API_KEY, &uuid(id.as_bytes()), &[], what).await
            }
            Sought::Name(name) => self.find_name(name).await,
        }
    }

    async fn find_name(&self, name: &str) -> SqlResult<Vec<Found>> {
        if name.contains('\0') {
            return Ok(Vec::new());
        }
        let event_type = |row: &Row| {
            let name: &str = row.try_get(2)?;
            let name = name.parse().map_err(|_| SqlError::Damaged("an event type"))?;
            Ok(FoundObject::EventType(name))
        };
        let mut found = self.run(ACCOUNT_UID, &name, &[], account).await?;
        found.extend(self.run(AUTOMATION_UID, &name, &[], automation).await?);
        found.extend(self.run(EVENT_TYPE, &name, &[], event_type).await?);
        Ok(found)
    }

    /// Runs one of the statements above. Its columns are the account, the id and the name; its parameters
    /// what is sought, the account, and `further` from the fourth on.
    async fn run(
        &self,
        sql: &str,
        sought: &(dyn ToSql + Sync),
        further: &[&(dyn ToSql + Sync)],
        what: impl Fn(&Row) -> SqlResult<FoundObject>,
    ) -> SqlResult<Vec<Found>> {
        let sql = statement(sql, self.within.is_some());
        let within = self.within.map(|account| uuid(account.as_bytes()));
        let limit = columns::number(FOUND_MAX);
        let mut params: Vec<&(dyn ToSql + Sync)> = vec![sought, &within, &limit];
        params.extend(further);
        let rows = crate::statement::query(self.client, &sql, &params).await?;
        rows.iter()
            .map(|row| {
                let account: Option<uuid::Uuid> = row.try_get(0)?;
                Ok(Found {
                    account: account.map(|id| AccountId::from_bytes(id.into_bytes())),
                    what: what(row)?,
                    name: row.try_get(2)?,
                })
            })
            .collect()
    }
}

fn of_id<T>(row: &Row, make: fn([u8; 16]) -> T) -> SqlResult<T> {
    columns::id(row, 1, make)
}

fn account(row: &Row) -> SqlResult<FoundObject> {
    of_id(row, AccountId::from_bytes).map(FoundObject::Account)
}

fn automation(row: &Row) -> SqlResult<FoundObject> {
    of_id(row, AutomationId::from_bytes).map(FoundObject::Automation)
}

fn action(row: &Row, id: ActionId) -> SqlResult<FoundObject> {
    let automation = of_id(row, AutomationId::from_bytes)?;
    Ok(FoundObject::Action(id, automation))
}
