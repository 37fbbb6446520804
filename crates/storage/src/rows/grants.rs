//! Grants: portal links and sessions of the console.

use postrider_model::{AccountId, ApiKeyId, Grant, GrantKind, Theme, Visitor};

use super::{Columns, Reader, from_code, time};
use crate::encoding::Damaged;

/// A row of `grants`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRow {
    /// The SHA-256 of its token.
    pub sha256: Vec<u8>,
    /// [`GrantKind::code`].
    pub kind: i16,
    /// The account that it gives access to; `None` for an operator's grant.
    pub account: Option<[u8; 16]>,
    /// Whether it permits reading only.
    pub read_only: bool,
    /// [`Theme::code`]; `None` means the visitor's own theme.
    pub theme: Option<i16>,
    /// The API key that created it, if any.
    pub api_key: Option<[u8; 16]>,
    /// When it was created.
    pub created_at: i64,
    /// When it expires.
    pub expires_at: i64,
}

impl GrantRow {
    super::columns!(
        "g": "sha256", "kind", "account_id", "read_only", "theme", "api_key_id", "created_at", "expires_at",
    );

    /// The row that a store keeps for a grant.
    pub fn of(grant: &Grant) -> Self {
        let (read_only, theme) = match grant.visitor {
            Visitor::Operator => (false, None),
            Visitor::Customer { read_only, theme, .. } => (read_only, theme),
        };
        Self {
            sha256: grant.sha256.to_vec(),
            kind: grant.kind.code().into(),
            account: grant.visitor.account().map(|id| *id.as_bytes()),
            read_only,
            theme: theme.map(|theme| theme.code().into()),
            api_key: grant.api_key.map(|id| *id.as_bytes()),
            created_at: grant.created_at.unix_ms(),
            expires_at: grant.expires_at.unix_ms(),
        }
    }

    /// Reads [`Self::COLUMNS`].
    pub fn read<C: Columns>(row: &mut Reader<'_, C>) -> Result<Self, C::Error> {
        Ok(Self {
            sha256: row.bytes()?,
            kind: row.number()?,
            account: row.id_opt()?,
            read_only: row.flag()?,
            theme: row.number_opt()?,
            api_key: row.id_opt()?,
            created_at: row.number()?,
            expires_at: row.number()?,
        })
    }
}

impl TryFrom<GrantRow> for Grant {
    type Error = Damaged;

    fn try_from(row: GrantRow) -> Result<Self, Damaged> {
        let visitor = match row.account {
            None => Visitor::Operator,
            Some(account) => Visitor::Customer {
                account: AccountId::from_bytes(account),
                read_only: row.read_only,
                theme: row
                    .theme
                    .map(|code| from_code(code, Theme::from_code))
                    .transpose()?,
            },
        };
        Ok(Self {
            sha256: row
                .sha256
                .try_into()
                .map_err(|_| Damaged("the hash of a grant"))?,
            kind: from_code(row.kind, GrantKind::from_code)?,
            visitor,
            api_key: row.api_key.map(ApiKeyId::from_bytes),
            created_at: time(row.created_at),
            expires_at: time(row.expires_at),
        })
    }
}
