//! Signing keys of accounts.

use postrider_model::{AccountId, SigningKey, SigningKeyId, Timestamp};

use super::{Columns, Reader, time};
use crate::encoding::Damaged;
use crate::sealing::{Context, Sealer, Unreadable, What};

/// A row of `signing_keys`, without its account.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKeyRow {
    /// Its id.
    pub id: [u8; 16],
    /// `whsec_…` or `whsk_…`, sealed.
    pub secret: Vec<u8>,
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
            secret: row.bytes()?,
            created_at: row.number()?,
            expires_at: row.number_opt()?,
        })
    }

    /// The row of an account's key.
    pub fn of(key: &SigningKey, account: AccountId, sealer: &Sealer) -> Self {
        let id = *key.id.as_bytes();
        Self {
            id,
            secret: sealer.seal(&Self::context(account, id), key.secret.expose().as_bytes()),
            created_at: key.created_at.unix_ms(),
            expires_at: key.expires_at.map(Timestamp::unix_ms),
        }
    }

    /// The key of this row, which belongs to `account`.
    ///
    /// # Errors
    /// See [`Unreadable`].
    pub fn open(&self, account: AccountId, sealer: &Sealer) -> Result<SigningKey, Unreadable> {
        let secret = sealer.open(&Self::context(account, self.id), &self.secret)?;
        let secret = std::str::from_utf8(&secret)
            .ok()
            .and_then(|text| text.parse().ok());
        Ok(SigningKey {
            id: SigningKeyId::from_bytes(self.id),
            secret: secret.ok_or(Damaged("a signing secret"))?,
            created_at: time(self.created_at),
            expires_at: self.expires_at.map(time),
        })
    }

    /// The context of the secret of an account's key.
    pub const fn context(account: AccountId, id: [u8; 16]) -> Context {
        Context::new(What::SigningKey, account, id)
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
