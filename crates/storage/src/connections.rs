//! Connections: how an account's actions authenticate at receivers.

use async_trait::async_trait;
use postrider_model::{AccountId, AuditEntry, AutomationId, Connection, ConnectionId};

use crate::error::StoreResult;
use crate::page::{Page, PageRequest};

/// The result of saving a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SaveConnection {
    /// The connection is on disk, as returned, with its `version` incremented.
    Saved(Box<Connection>),
    /// The account does not exist, or has no such connection; nothing was written.
    Missing,
    /// The connection was updated since the version that the caller started from; nothing was written.
    Stale,
    /// The account already has [`postrider_model::connection::CONNECTIONS_MAX`] connections; nothing was
    /// written.
    TooMany,
}

/// The result of deleting a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeleteConnection {
    /// It is gone.
    Deleted,
    /// The account has no such connection.
    Missing,
    /// The connection has another version than the caller requires; nothing was written.
    Stale,
    /// Actions of these automations use it; nothing was written. By account, the oldest first; at most
    /// [`crate::rules::connections::USERS_MAX`] of them.
    InUse(Vec<ConnectionUser>),
}

/// An automation whose actions use a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionUser {
    /// The automation's account; another one than the connection's if that belongs to the installation.
    pub account: AccountId,
    /// The automation.
    pub automation: AutomationId,
    /// The automation's name.
    pub name: String,
}

/// Connections of accounts. Those of the account `system` ([`postrider_model::SYSTEM_ACCOUNT`]) are the
/// installation's: automations of all accounts may name them. No automation names a connection that does not
/// exist: saving an automation checks it ([`crate::SaveAutomation::UnknownConnection`]), and so does deleting
/// a connection.
#[async_trait]
pub trait ConnectionStore: Send + Sync {
    /// Adds a connection. Returns `Saved`, `Missing` (no such account) or `TooMany`.
    async fn create_connection(
        &self,
        account: AccountId,
        connection: Connection,
        audit: AuditEntry,
    ) -> StoreResult<SaveConnection>;

    /// The connection, if the account has it.
    async fn connection(&self, account: AccountId, id: ConnectionId) -> StoreResult<Option<Connection>>;

    /// The account's connections, newest first.
    async fn connections(&self, account: AccountId, page: PageRequest) -> StoreResult<Page<Connection>>;

    /// Replaces everything but `id` and `created_at` if the stored version still equals
    /// `connection.version`, and increments the version. Returns all but `TooMany`.
    async fn update_connection(
        &self,
        account: AccountId,
        connection: Connection,
        audit: AuditEntry,
    ) -> StoreResult<SaveConnection>;

    /// Removes a connection, unless an action uses it. With a `version`, only if the stored version equals
    /// it; that comes before the actions.
    async fn delete_connection(
        &self,
        account: AccountId,
        id: ConnectionId,
        version: Option<i64>,
        audit: AuditEntry,
    ) -> StoreResult<DeleteConnection>;
}
