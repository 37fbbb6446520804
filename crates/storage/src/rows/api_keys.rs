//! API keys.

use postrider_model::{AccountId, ApiKey, ApiKeyId, Permissions, Scope, Timestamp};

use super::{Columns, Reader, from_code, time};
use crate::encoding::Damaged;

/// A row of `api_keys`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyRow {
    /// Its id.
    pub id: [u8; 16],
    /// The name that an operator chose.
    pub name: String,
    /// The first characters of the key.
    pub prefix: String,
    /// The SHA-256 of the key's text.
    pub sha256: Vec<u8>,
    /// Whether the operator configured it.
    pub is_configured: bool,
    /// [`Permissions::code`].
    pub permissions: i16,
    /// The account that it is for; `None` for all.
    pub account: Option<[u8; 16]>,
    /// When it was created.
    pub created_at: i64,
    /// When it expires, if ever.
    pub expires_at: Option<i64>,
    /// When it was last used, if ever.
    pub last_used_at: Option<i64>,
}

impl ApiKeyRow {
    super::columns!(
        "k": "id",
        "name",
        "prefix",
        "sha256",
        "is_configured",
        "permissions",
        "account_id",
        "created_at",
        "expires_at",
        "last_used_at",
    );

    /// The row that a store keeps for a key.
    pub fn of(key: &ApiKey) -> Self {
        Self {
            id: *key.id.as_bytes(),
            name: key.name.clone(),
            prefix: key.prefix.clone(),
            sha256: key.sha256.to_vec(),
            is_configured: key.is_configured,
            permissions: key.permissions.code().into(),
            account: key.scope.account().map(|id| *id.as_bytes()),
            created_at: key.created_at.unix_ms(),
            expires_at: key.expires_at.map(Timestamp::unix_ms),
            last_used_at: key.last_used_at.map(Timestamp::unix_ms),
        }
    }

    /// Reads [`Self::COLUMNS`].
    pub fn read<C: Columns>(row: &mut Reader<'_, C>) -> Result<Self, C::Error> {
        Ok(Self {
            id: row.id()?,
            name: row.text()?,
            prefix: row.text()?,
            sha256: row.bytes()?,
            is_configured: row.flag()?,
            permissions: row.number()?,
            account: row.id_opt()?,
            created_at: row.number()?,
            expires_at: row.number_opt()?,
            last_used_at: row.number_opt()?,
        })
    }
}

impl TryFrom<ApiKeyRow> for ApiKey {
    type Error = Damaged;

    fn try_from(row: ApiKeyRow) -> Result<Self, Damaged> {
        Ok(Self {
            id: ApiKeyId::from_bytes(row.id),
            name: row.name,
            prefix: row.prefix,
            sha256: row
                .sha256
                .try_into()
                .map_err(|_| Damaged("the hash of an API key"))?,
            is_configured: row.is_configured,
            permissions: from_code(row.permissions, Permissions::from_code)?,
            scope: Scope::of(row.account.map(AccountId::from_bytes)),
            created_at: time(row.created_at),
            expires_at: row.expires_at.map(time),
            last_used_at: row.last_used_at.map(time),
        })
    }
}
