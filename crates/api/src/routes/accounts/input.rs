//! What a caller can say of an account.

use postrider_model::account::{METADATA_BYTES_MAX, uid_is_valid};
use postrider_model::{Account, Schedule};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::fields::{check_name, schedule};
use crate::openapi::shapes;
use crate::problem::{Code, Faults, Problem, fault_codes};
use crate::routes::kept_json;

/// An account to be made, or the editable part of one.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = AccountInput)]
pub struct AccountInput {
    /// The caller's own name for it: 1 to 128 of `a-z`, `A-Z`, `0-9`, `_`, `.`, `:`, `@` and `-`, unique in the
    /// installation, not starting with `acct_`.
    #[schema(example = "tenant-42", max_length = 128)]
    uid: Option<String>,
    /// For people.
    #[schema(example = "Acme Ltd.", min_length = 1, max_length = 256)]
    name: String,
    /// The caller's own data: an object of at most 16 KiB.
    #[schema(schema_with = shapes::metadata)]
    metadata: Option<Box<RawValue>>,
    /// Seconds between the attempts of a delivery, at most 20 delays of at most 7 days; null follows the installation.
    #[schema(value_type = Option<Vec<u32>>, example = json!([10, 100]), max_items = 20)]
    retry_delays_s: Option<Vec<i64>>,
}

/// The editable part of an account, checked.
pub(super) struct AccountDraft {
    pub(super) uid: Option<String>,
    pub(super) name: String,
    pub(super) metadata: String,
    pub(super) retry_delays: Option<Schedule>,
}

impl AccountInput {
    /// The editable part of an account as it is.
    pub(super) fn of(account: &Account) -> Result<Self, Problem> {
        let delays = account.retry_delays.as_ref();
        Ok(Self {
            uid: account.uid.clone(),
            name: account.name.clone(),
            metadata: Some(kept_json(account.metadata.clone())?),
            retry_delays_s: delays.map(|delays| delays.delays_s().iter().copied().map(i64::from).collect()),
        })
    }

    pub(super) fn check(self) -> Result<AccountDraft, Problem> {
        let mut faults = Faults::default();
        if self.uid.as_deref().is_some_and(|uid| !uid_is_valid(uid)) {
            faults.add(
                "/uid",
                fault_codes::INVALID_VALUE,
                "a uid has 1 to 128 of the characters a-z, A-Z, 0-9, `_`, `.`, `:`, `@` and `-`, and does not start with `acct_`",
            );
        }
        check_name(&self.name, &mut faults);
        let metadata = self.metadata.as_deref().map_or("{}", RawValue::get);
        if !metadata.starts_with('{') {
            faults.add("/metadata", fault_codes::WRONG_TYPE, "expected an object");
        }
        if metadata.len() > METADATA_BYTES_MAX {
            let detail = format!("metadata can have at most {METADATA_BYTES_MAX} bytes");
            faults.add("/metadata", fault_codes::TOO_LONG, detail);
        }
        let metadata = metadata.to_owned();
        let retry_delays = self
            .retry_delays_s
            .and_then(|delays| schedule(&delays, &mut faults));
        faults.into_result(Code::InvalidBody)?;
        Ok(AccountDraft {
            uid: self.uid,
            name: self.name,
            metadata,
            retry_delays,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::decode_control;

    #[test]
    fn everything_wrong_is_reported_at_once() {
        let input: AccountInput =
            decode_control(r#"{"uid":"a b","name":"","metadata":[],"retry_delays_s":[-1]}"#).unwrap();
        let problem = input.check().map(|_| ()).unwrap_err();
        let pointers: Vec<_> = problem
            .faults()
            .iter()
            .filter_map(|fault| fault.pointer())
            .collect();
        assert_eq!(pointers, ["/uid", "/name", "/metadata", "/retry_delays_s/0"]);
    }

    #[test]
    fn metadata_is_kept_as_it_was_written_up_to_16_kib() {
        let text = r#"{"name":"n","metadata":{"n":1.10}}"#;
        let draft = decode_control::<AccountInput>(text).unwrap().check().unwrap();
        assert_eq!(draft.metadata, r#"{"n":1.10}"#);
        let text = format!(r#"{{"name":"n","metadata":{{"a":"{}"}}}}"#, "x".repeat(16 * 1024));
        assert!(decode_control::<AccountInput>(&text).unwrap().check().is_err());
        let draft = decode_control::<AccountInput>(r#"{"name":"n"}"#)
            .unwrap()
            .check()
            .unwrap();
        assert_eq!(draft.metadata, "{}");
    }
}
