//! API keys.

use postrider_model::{ApiKey, ApiKeyId};

use super::{Columns, Reader, time};
use crate::encoding::Damaged;

/// A row of `api_keys`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyRow {
    /// Its id.
    pub id: [u8; 16],
    /// The name that an operator chose.
    pub name: String,
    /// The SHA-256 of the key's text.
    pub sha256: Vec<u8>,
    /// Whether the operator configured it.
    pub is_configured: bool,
    /// When it was created.
    pub created_at: i64,
}

impl ApiKeyRow {
    super::columns!("k": "id", "name", "sha256", "is_configured", "created_at");

    /// Reads [`Self::COLUMNS`].
    pub fn read<C: Columns>(row: &mut Reader<'_, C>) -> Result<Self, C::Error> {
        Ok(Self {
            id: row.id()?,
            name: row.text()?,
            sha256: row.bytes()?,
            is_configured: row.flag()?,
            created_at: row.number()?,
        })
    }
}

impl TryFrom<ApiKeyRow> for ApiKey {
    type Error = Damaged;

    fn try_from(row: ApiKeyRow) -> Result<Self, Damaged> {
        Ok(Self {
            id: ApiKeyId::from_bytes(row.id),
            name: row.name,
            sha256: row
                .sha256
                .try_into()
                .map_err(|_| Damaged("the hash of an API key"))?,
            is_configured: row.is_configured,
            created_at: time(row.created_at),
        })
    }
}
