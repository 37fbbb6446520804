//! The body of a request that creates or updates an account.

use postrider_configuration::AccountDraft;
use postrider_model::Account;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::decode::{Whole, present};
use crate::openapi::shapes;
use crate::problem::Problem;
use crate::routes::kept_json;

/// An account to create, or the editable part of an account.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = AccountInput)]
pub struct AccountInput {
    /// Your own identifier for the account: 1 to 128 of `a-z`, `A-Z`, `0-9`, `_`, `.`, `:`, `@` and `-`,
    /// unique in the installation, not starting with `acct_`.
    #[schema(example = "tenant-42", pattern = "^[a-zA-Z0-9_.:@-]{1,128}$")]
    uid: Option<String>,
    /// A display name.
    #[schema(example = "Acme Ltd.", min_length = 1, max_length = 256)]
    name: String,
    /// Your own data about the account: an object of at most 16 KiB.
    #[serde(default, deserialize_with = "present")]
    #[schema(schema_with = shapes::metadata)]
    metadata: Option<Box<RawValue>>,
    /// Seconds between the attempts of a delivery, at most 20 delays of 1 second to 7 days; null uses the
    /// installation's default.
    #[schema(schema_with = shapes::retry_delays)]
    retry_delays_s: Option<Vec<Whole>>,
}

impl AccountInput {
    /// The editable part of a stored account.
    pub(super) fn of(account: &Account) -> Result<Self, Problem> {
        let draft = AccountDraft::of(account);
        Ok(Self {
            uid: draft.uid,
            name: draft.name,
            metadata: draft.metadata.map(kept_json).transpose()?,
            retry_delays_s: draft.retry_delays_s.map(Whole::list),
        })
    }

    /// The draft that this body describes.
    pub(super) fn into_draft(self) -> AccountDraft {
        AccountDraft {
            uid: self.uid,
            name: self.name,
            metadata: self.metadata.map(|metadata| metadata.get().to_owned()),
            retry_delays_s: self.retry_delays_s.map(Whole::values),
        }
    }
}
