//! Finding what an id or a uid stands for.
//!
//! Events and deliveries have an index over all accounts. The other tables are small: a search of the
//! installation reads them through, and a search within an account reads the account's rows.

use async_trait::async_trait;
use postrider_model::{
    AccountId, ActionId, ApiKeyId, AutomationId, ConnectionId, DeliveryId, EventId, SigningKeyId,
};
use postrider_storage::StoreResult;
use postrider_storage::search::{FOUND_MAX, Found, FoundObject, SearchStore, Sought};
use rusqlite::{Connection, Row, ToSql};

use crate::columns;
use crate::sql_error::SqlResult;
use crate::store::SqliteStore;

#[async_trait]
impl SearchStore for SqliteStore {
    async fn find(&self, sought: &Sought, within: Option<AccountId>) -> StoreResult<Vec<Found>> {
        let sought = sought.clone();
        self.read(move |conn| find(conn, &sought, within)).await
    }
}

const ACCOUNT: &str = "SELECT id AS account_id, id, name FROM accounts WHERE id = ?1";
const SIGNING_KEY: &str = "SELECT account_id, id, NULL FROM signing_keys WHERE {within} AND id = ?1";
const AUTOMATION: &str = "SELECT account_id, id, name FROM automations WHERE {within} AND id = ?1";
const ACTION: &str = "SELECT account_id, id, name FROM automations WHERE {within} AND instr(actions, ?1) > 0";
const CONNECTION: &str = "SELECT account_id, id, name FROM connections WHERE {within} AND id = ?1";
pub(crate) const EVENT: &str =
    "SELECT account_id, id, type FROM events INDEXED BY events_by_id WHERE id = ?1";
pub(crate) const DELIVERY: &str = "SELECT account_id, id, NULL FROM deliveries WHERE id = ?1";
const API_KEY: &str = "SELECT account_id, id, name FROM api_keys WHERE {within} AND id = ?1";
const ACCOUNT_UID: &str = "SELECT id AS account_id, id, name FROM accounts WHERE uid = ?1";
const AUTOMATION_UID: &str = "SELECT account_id, id, name FROM automations WHERE {within} AND uid = ?1";
const EVENT_TYPE: &str =
    "SELECT NULL AS account_id, NULL, name FROM event_types WHERE name = ?1 AND deleted = 0";

/// The statements over small tables that belong to accounts.
#[cfg(test)]
pub(crate) const OF_ACCOUNTS: [&str; 6] = [
    SIGNING_KEY,
    AUTOMATION,
    ACTION,
    CONNECTION,
    API_KEY,
    AUTOMATION_UID,
];

/// The whole statement. With an account, it reads the account's rows alone.
pub(crate) fn statement(sql: &str, is_within: bool) -> String {
    let within = if is_within { "account_id = ?2" } else { "TRUE" };
    let sql = sql.replace("{within}", within);
    format!("SELECT * FROM ({sql}) WHERE ?2 IS NULL OR account_id = ?2 LIMIT ?3")
}

fn find(conn: &Connection, sought: &Sought, within: Option<AccountId>) -> SqlResult<Vec<Found>> {
    let search = Search { conn, within };
    match sought {
        Sought::Account(id) => search.run(ACCOUNT, id.as_bytes(), account),
        Sought::SigningKey(id) => search.run(SIGNING_KEY, id.as_bytes(), |row| {
            Ok(FoundObject::SigningKey(columns::id(
                row,
                1,
                SigningKeyId::from_bytes,
            )?))
        }),
        Sought::Automation(id) => search.run(AUTOMATION, id.as_bytes(), automation),
        Sought::Action(id) => search.run(ACTION, &id.to_string(), |row| action(row, *id)),
        Sought::Connection(id) => search.run(CONNECTION, id.as_bytes(), |row| {
            Ok(FoundObject::Connection(columns::id(
                row,
                1,
                ConnectionId::from_bytes,
            )?))
        }),
        Sought::Event(id) => search.run(EVENT, id.as_bytes(), |row| {
            Ok(FoundObject::Event(columns::id(row, 1, EventId::from_bytes)?))
        }),
        Sought::Delivery(id) => search.run(DELIVERY, id.as_bytes(), |row| {
            Ok(FoundObject::Delivery(columns::id(
                row,
                1,
                DeliveryId::from_bytes,
            )?))
        }),
        Sought::ApiKey(id) => search.run(API_KEY, id.as_bytes(), |row| {
            Ok(FoundObject::ApiKey(columns::id(row, 1, ApiKeyId::from_bytes)?))
        }),
        Sought::Name(name) => {
            let mut found = search.run(ACCOUNT_UID, name, account)?;
            found.extend(search.run(AUTOMATION_UID, name, automation)?);
            found.extend(search.run(EVENT_TYPE, name, |row| {
                Ok(FoundObject::EventType(columns::event_type(row, 2)?))
            })?);
            Ok(found)
        }
    }
}

fn account(row: &Row<'_>) -> SqlResult<FoundObject> {
    Ok(FoundObject::Account(columns::id(row, 1, AccountId::from_bytes)?))
}

fn automation(row: &Row<'_>) -> SqlResult<FoundObject> {
    Ok(FoundObject::Automation(columns::id(
        row,
        1,
        AutomationId::from_bytes,
    )?))
}

fn action(row: &Row<'_>, id: ActionId) -> SqlResult<FoundObject> {
    Ok(FoundObject::Action(
        id,
        columns::id(row, 1, AutomationId::from_bytes)?,
    ))
}

struct Search<'a> {
    conn: &'a Connection,
    within: Option<AccountId>,
}

impl Search<'_> {
    /// Runs one of the statements above. Its columns are the account, the id and the name.
    fn run(
        &self,
        sql: &str,
        sought: &dyn ToSql,
        what: impl Fn(&Row<'_>) -> SqlResult<FoundObject>,
    ) -> SqlResult<Vec<Found>> {
        let mut statement = self.conn.prepare_cached(&statement(sql, self.within.is_some()))?;
        let within = self.within.map(|account| *account.as_bytes());
        let mut rows = statement.query((sought, within, columns::number(FOUND_MAX)))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let account: Option<[u8; 16]> = row.get(0)?;
            found.push(Found {
                account: account.map(AccountId::from_bytes),
                what: what(row)?,
                name: row.get(2)?,
            });
        }
        Ok(found)
    }
}
