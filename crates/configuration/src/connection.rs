//! Connections: drafts of them, and the verbs that change them.
//!
//! A secret is write-only: a draft that has [`MASK`] in its place, or that leaves it out, keeps the stored
//! one, unless the edit would send it to another server.
//!
//! Connections of the account `system` are the installation's: actions of all accounts can use them. Attempts
//! find them in that account's entry, not in entries of their own, so that an edit takes effect everywhere as
//! soon as that one entry is dropped.
//!
//! To add a type of connection: a variant of [`Authentication`], its members here, its check in
//! `connection/check.rs`, and what it does to a request in `credentials.rs`.

mod check;
mod hosts;
mod shown;

use std::cmp::Reverse;
use std::collections::BTreeSet;

use postrider_model::custom_header::MASK;
use postrider_model::{
    AccountId, AuditAction, Authentication, By, Connection, ConnectionId, ConnectionType, OAuth2,
    SYSTEM_ACCOUNT, Target,
};
use postrider_storage::{
    DeleteConnection, Page, PageRequest, Position, SaveConnection, StoreError, StoreResult,
};

use crate::{Configuration, ConfigureError};

/// A new connection, or everything that an update of one can change. Which members it has depends on the
/// type; the others are `None`. It can hold a secret, so the type has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct ConnectionDraft {
    /// The connection's name, for people.
    pub name: String,
    /// Its type, which never changes.
    pub connection_type: ConnectionType,
    /// `bearer`: the token, a secret.
    pub token: Option<String>,
    /// `basic`: the user.
    pub user: Option<String>,
    /// `basic`: the password, a secret.
    pub password: Option<String>,
    /// `header`: the header's name.
    pub header_name: Option<String>,
    /// `header`: the header's value, a secret.
    pub header_value: Option<String>,
    /// `oauth2`: the URL of the token endpoint.
    pub token_url: Option<String>,
    /// `oauth2`: the client's id.
    pub client_id: Option<String>,
    /// `oauth2`: the client's secret, a secret.
    pub client_secret: Option<String>,
    /// `oauth2`: the scopes to ask for; may be missing.
    pub scope: Option<String>,
    /// `oauth2`: the audience to ask for; may be missing.
    pub audience: Option<String>,
    /// `oauth2`: `basic`, the default, or `body`.
    pub client_authentication: Option<String>,
    /// `client_certificate`: the certificate and its intermediates, as PEM.
    pub certificate: Option<String>,
    /// `client_certificate`: the private key as PEM, a secret.
    pub private_key: Option<String>,
    /// The hosts that may receive the credentials, as [`postrider_egress::HostPattern`] reads them. If there
    /// are none, any host may; the installation's connections need one.
    pub hosts: Vec<String>,
}

impl ConnectionDraft {
    /// A draft of this type that has nothing yet.
    pub fn new(name: impl Into<String>, connection_type: ConnectionType) -> Self {
        Self {
            name: name.into(),
            connection_type,
            token: None,
            user: None,
            password: None,
            header_name: None,
            header_value: None,
            token_url: None,
            client_id: None,
            client_secret: None,
            scope: None,
            audience: None,
            client_authentication: None,
            certificate: None,
            private_key: None,
            hosts: Vec::new(),
        }
    }

    /// The draft that leaves `connection` unchanged.
    pub fn of(connection: &Connection) -> Self {
        let mut draft = Self::new(&*connection.name, connection.authentication.connection_type());
        draft.hosts.clone_from(&connection.hosts);
        let mask = || Some(MASK.to_owned());
        match &connection.authentication {
            Authentication::Bearer { .. } => draft.token = mask(),
            Authentication::Basic { user, .. } => {
                draft.user = Some(user.clone());
                draft.password = mask();
            }
            Authentication::Header { name, .. } => {
                draft.header_name = Some(name.clone());
                draft.header_value = mask();
            }
            Authentication::OAuth2(OAuth2 {
                token_url,
                client_id,
                client_secret: _,
                scope,
                audience,
                client_authentication,
            }) => {
                draft.token_url = Some(token_url.clone());
                draft.client_id = Some(client_id.clone());
                draft.client_secret = mask();
                draft.scope.clone_from(scope);
                draft.audience.clone_from(audience);
                draft.client_authentication = Some(client_authentication.as_str().to_owned());
            }
            Authentication::ClientCertificate { certificate, .. } => {
                draft.certificate = Some(certificate.clone());
                draft.private_key = mask();
            }
        }
        draft
    }
}

impl Configuration {
    /// Creates a connection. Fails with `Faults`, `TooMany`, and `Missing` if the account does not exist.
    pub async fn create_connection(
        &self,
        by: &By,
        account: AccountId,
        draft: ConnectionDraft,
    ) -> Result<Connection, ConfigureError> {
        let checked = check::check(&draft, None, &self.connection_rules(account))?;
        let now = self.clock.now();
        let connection = Connection {
            id: self.ids.connection(now),
            name: draft.name,
            authentication: checked.authentication,
            created_at: now,
            updated_at: now,
            version: 1,
            hosts: checked.hosts,
        };
        let audit = self.connection_changed(by, account, None, Some(&connection));
        let saved = self.store.create_connection(account, connection, audit).await;
        self.directory.forget(account);
        match saved? {
            SaveConnection::Saved(connection) => Ok(*connection),
            SaveConnection::Missing => Err(ConfigureError::Missing),
            SaveConnection::TooMany => Err(ConfigureError::TooMany),
            SaveConnection::Stale => Err(ConfigureError::out_of_contract("create_connection", "Stale")),
        }
    }

    /// Updates `current`, which the caller has read with [`Configuration::connection`], to the draft.
    /// Attempts that begin from now on use it. A draft that changes nothing writes nothing. Fails with
    /// `Faults`, `Missing`, and `Stale` if the connection has changed since.
    pub async fn update_connection(
        &self,
        by: &By,
        account: AccountId,
        current: Connection,
        draft: ConnectionDraft,
    ) -> Result<Connection, ConfigureError> {
        let checked = check::check(&draft, Some(&current), &self.connection_rules(account))?;
        let edited = Connection {
            name: draft.name,
            authentication: checked.authentication,
            hosts: checked.hosts,
            ..current.clone()
        };
        if edited == current {
            let stored = self.store.connection(account, current.id).await?;
            let stored = stored.ok_or(ConfigureError::Missing)?;
            let is_fresh = stored.version == current.version;
            return is_fresh.then_some(stored).ok_or(ConfigureError::Stale);
        }
        let edited = Connection {
            updated_at: self.clock.now(),
            ..edited
        };
        let audit = self.connection_changed(by, account, Some(&current), Some(&edited));
        let saved = self.store.update_connection(account, edited, audit).await;
        self.directory.forget(account);
        match saved? {
            SaveConnection::Saved(connection) => Ok(*connection),
            SaveConnection::Missing => Err(ConfigureError::Missing),
            SaveConnection::Stale => Err(ConfigureError::Stale),
            SaveConnection::TooMany => Err(ConfigureError::out_of_contract("update_connection", "TooMany")),
        }
    }

    /// Deletes a connection, unless an action uses it. With a `version`, only if it has that one.
    pub async fn delete_connection(
        &self,
        by: &By,
        account: AccountId,
        id: ConnectionId,
        version: Option<i64>,
    ) -> StoreResult<DeleteConnection> {
        let current = match self.store.connection(account, id).await {
            Ok(current) => current,
            // One whose secret does not open can be deleted too; its entry then shows less.
            Err(StoreError::Internal(_)) => None,
            Err(error) => return Err(error),
        };
        let audit = match &current {
            Some(current) => self.connection_changed(by, account, Some(current), None),
            None => self.did(by, AuditAction::ConnectionDeleted, account, Target::of(id)),
        };
        let deleted = self.store.delete_connection(account, id, version, audit).await;
        self.directory.forget(account);
        deleted
    }

    /// A connection as stored, from which an update starts.
    pub async fn connection(&self, account: AccountId, id: ConnectionId) -> StoreResult<Option<Connection>> {
        self.store.connection(account, id).await
    }

    /// A page of the connections that the account's actions can use, newest first: its own, and those of the
    /// installation. Each comes with the account that it belongs to.
    pub async fn usable_connections(
        &self,
        account: AccountId,
        page: PageRequest,
    ) -> StoreResult<Page<(AccountId, Connection)>> {
        let surplus = PageRequest {
            limit: page.limit + 1,
            ..page
        };
        let mut found = Vec::new();
        for owner in BTreeSet::from([account, SYSTEM_ACCOUNT]) {
            let connections = self.store.connections(owner, surplus).await?.items;
            found.extend(connections.into_iter().map(|connection| {
                let position = Position(connection.id.as_u128());
                (position, (owner, connection))
            }));
        }
        found.sort_by_key(|(position, _)| Reverse(position.0));
        Ok(Page::from_surplus(found, page.limit))
    }

    /// The installation's connections, from memory, oldest first.
    pub async fn installation_connections(&self) -> StoreResult<Vec<Connection>> {
        let entry = self.entry(SYSTEM_ACCOUNT).await?;
        Ok(entry
            .map(|entry| entry.config.connections.clone())
            .unwrap_or_default())
    }

    fn connection_rules(&self, account: AccountId) -> check::Rules<'_> {
        check::Rules {
            guard: &self.guard,
            header_names: self.header_names(),
            needs_hosts: account == SYSTEM_ACCOUNT,
        }
    }
}
