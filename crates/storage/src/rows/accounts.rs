//! Accounts.

use postrider_model::{Account, AccountId};

use super::{Columns, Reader, schedule, time};
use crate::encoding::Damaged;

/// A row of `accounts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    /// Its id.
    pub id: [u8; 16],
    /// The caller's own id for it.
    pub uid: Option<String>,
    /// Its name.
    pub name: String,
    /// JSON.
    pub metadata: String,
    /// JSON; see [`crate::encoding::schedule`].
    pub retry_delays: Option<String>,
    /// When it was created.
    pub created_at: i64,
    /// When it was last updated.
    pub updated_at: i64,
    /// Incremented by each update.
    pub version: i64,
}

impl AccountRow {
    super::columns!("a": "id", "uid", "name", "metadata", "retry_delays", "created_at", "updated_at", "version");

    /// Reads [`Self::COLUMNS`].
    pub fn read<C: Columns>(row: &mut Reader<'_, C>) -> Result<Self, C::Error> {
        Ok(Self {
            id: row.id()?,
            uid: row.text_opt()?,
            name: row.text()?,
            metadata: row.text()?,
            retry_delays: row.text_opt()?,
            created_at: row.number()?,
            updated_at: row.number()?,
            version: row.number()?,
        })
    }
}

impl TryFrom<AccountRow> for Account {
    type Error = Damaged;

    fn try_from(row: AccountRow) -> Result<Self, Damaged> {
        Ok(Self {
            id: AccountId::from_bytes(row.id),
            uid: row.uid,
            name: row.name,
            metadata: row.metadata,
            retry_delays: schedule(row.retry_delays.as_deref())?,
            created_at: time(row.created_at),
            updated_at: time(row.updated_at),
            version: row.version,
        })
    }
}
