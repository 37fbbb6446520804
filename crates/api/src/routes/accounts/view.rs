//! The JSON form of an account.

use postrider_model::{Account, AccountId, Timestamp};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::fields::delays_s;
use crate::openapi::shapes;
use crate::problem::Problem;
use crate::routes::kept_json;

/// One customer of the company that runs Postrider.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Account)]
pub struct AccountView {
    /// The account's id.
    #[schema(value_type = String, example = "acct_01h455vb4pex5vsknk084sn02q")]
    id: AccountId,
    /// Your own identifier for the account. Paths accept it in place of the id.
    #[schema(example = "tenant-42")]
    uid: Option<String>,
    /// A display name.
    #[schema(example = "Acme Ltd.")]
    name: String,
    /// The caller's own data.
    #[schema(schema_with = shapes::metadata)]
    metadata: Box<RawValue>,
    /// Seconds between the attempts of a delivery; null uses the installation's default.
    #[schema(example = json!([10, 100]))]
    retry_delays_s: Option<Vec<u32>>,
    /// When it was created.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    created_at: Timestamp,
    /// When it was last updated.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    updated_at: Timestamp,
}

impl AccountView {
    pub(super) fn of(account: Account) -> Result<Self, Problem> {
        Ok(Self {
            id: account.id,
            retry_delays_s: delays_s(account.retry_delays.as_ref()),
            uid: account.uid,
            name: account.name,
            metadata: kept_json(account.metadata)?,
            created_at: account.created_at,
            updated_at: account.updated_at,
        })
    }
}
