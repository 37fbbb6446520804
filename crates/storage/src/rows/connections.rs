//! Connections.

use postrider_model::{AccountId, Connection, ConnectionId, Secret};

use super::{Columns, Reader, time};
use crate::encoding::{self, Damaged};
use crate::sealing::{Context, Sealer, Unreadable, What};

/// A row of `connections`, without its account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionRow {
    /// Its id.
    pub id: [u8; 16],
    /// Its name.
    pub name: String,
    /// JSON; see [`crate::encoding::connection`].
    pub authentication: String,
    /// Its secret, sealed.
    pub secret: Vec<u8>,
    /// When it was created.
    pub created_at: i64,
    /// When it was last updated.
    pub updated_at: i64,
    /// Incremented by each update.
    pub version: i64,
    /// JSON array of texts.
    pub hosts: String,
}

impl ConnectionRow {
    super::columns!(
        "n": "id", "name", "authentication", "secret", "created_at", "updated_at", "version", "hosts",
    );

    /// Reads [`Self::COLUMNS`].
    pub fn read<C: Columns>(row: &mut Reader<'_, C>) -> Result<Self, C::Error> {
        Ok(Self {
            id: row.id()?,
            name: row.text()?,
            authentication: row.text()?,
            secret: row.bytes()?,
            created_at: row.number()?,
            updated_at: row.number()?,
            version: row.number()?,
            hosts: row.text()?,
        })
    }

    /// The row of an account's connection.
    pub fn of(connection: &Connection, account: AccountId, sealer: &Sealer) -> Self {
        let id = *connection.id.as_bytes();
        let secret = connection.authentication.secret().expose().as_bytes();
        Self {
            id,
            name: connection.name.clone(),
            authentication: encoding::connection::text(&connection.authentication),
            secret: sealer.seal(&Self::context(account, id), secret),
            created_at: connection.created_at.unix_ms(),
            updated_at: connection.updated_at.unix_ms(),
            version: connection.version,
            hosts: encoding::connection::hosts_text(&connection.hosts),
        }
    }

    /// The connection of this row, which belongs to `account`.
    ///
    /// # Errors
    /// See [`Unreadable`].
    pub fn open(self, account: AccountId, sealer: &Sealer) -> Result<Connection, Unreadable> {
        let secret = sealer.open(&Self::context(account, self.id), &self.secret)?;
        let secret = String::from_utf8(secret).map_err(|_| Damaged("the secret of a connection"))?;
        Ok(Connection {
            id: ConnectionId::from_bytes(self.id),
            name: self.name,
            authentication: encoding::connection::authentication(&self.authentication, Secret::new(secret))?,
            created_at: time(self.created_at),
            updated_at: time(self.updated_at),
            version: self.version,
            hosts: encoding::connection::hosts(&self.hosts)?,
        })
    }

    /// The context of the secret of an account's connection.
    pub const fn context(account: AccountId, id: [u8; 16]) -> Context {
        Context::new(What::Connection, account, id)
    }
}
