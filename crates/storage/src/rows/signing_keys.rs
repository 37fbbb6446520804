//! Signing keys of accounts.

use postrider_model::{SigningKey, SigningKeyId};

use super::{Columns, Reader, time};
use crate::encoding::Damaged;

/// A row of `signing_keys`, without its account.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKeyRow {
    /// Its id.
    pub id: [u8; 16],
    /// `whsec_…`
    pub secret: String,
    /// When it was created.
    pub created_at: i64,
    /// When it expires; `None` for the current key.
    pub expires_at: Option<i64>,
}

impl SigningKeyRow {
    super::columns!("k": "id", "secret", "created_at", "expires_at");

    /// Reads [`Self::COLUMNS`].
    pub fn read<C: Columns>(row: &mut Reader<'_, C>) -> Result<Self, C::Error> {
        Ok(Self {
            id: row.id()?,
            secret: row.text()?,
            created_at: row.number()?,
            expires_at: row.number_opt()?,
        })
    }
}

/// Leaves out the secret, so that it never appears in logs.
impl std::fmt::Debug for SigningKeyRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKeyRow")
            .field("id", &self.id)
            .field("created_at", &self.created_at)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

impl TryFrom<SigningKeyRow> for SigningKey {
    type Error = Damaged;

    fn try_from(row: SigningKeyRow) -> Result<Self, Damaged> {
        Ok(Self {
            id: SigningKeyId::from_bytes(row.id),
            secret: row.secret.parse().map_err(|_| Damaged("a signing secret"))?,
            created_at: time(row.created_at),
            expires_at: row.expires_at.map(time),
        })
    }
}
