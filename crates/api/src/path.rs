//! Path parameters: an account, an object in it, an event type.

use std::fmt::Display;
use std::str::FromStr;

use axum::extract::{FromRequestParts, MatchedPath};
use http::Extensions;
use http::request::Parts;
use postrider_model::account::uid_is_valid;
use postrider_model::event_type::EventTypeNameError;
use postrider_model::id::IdError;
use postrider_model::{AccountId, Caller, EventTypeName};
use postrider_storage::AccountRef;
use postrider_web::method::method_name;
use postrider_web::path::{PathError, parameter};
use utoipa::IntoParams;

use crate::by::note_refusal;
use crate::problem::{Code, Problem};
use crate::router::ApiState;

/// The path of an account.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes what [`InAccount`] takes")]
pub struct AccountPath {
    /// The account's id or its `uid`.
    #[param(example = "acct_01h455vb4pex5vsknk084sn02q")]
    account: String,
}

/// The path of something in an account.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes what [`InAccount`] and [`PathId`] take")]
pub struct ObjectPath {
    /// The account's id or its `uid`.
    #[param(example = "acct_01h455vb4pex5vsknk084sn02q")]
    account: String,
    /// The object's id.
    id: String,
}

/// The path of something outside of accounts.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes what [`PathId`] takes")]
pub struct IdPath {
    /// The object's id.
    id: String,
}

/// The path of an event type.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes what [`PathEventType`] takes")]
pub struct EventTypePath {
    /// The event type's name: 1 to 128 of `a-z`, `A-Z`, `0-9`, `_`, `.` and `-`.
    #[param(example = "proposal.accepted", pattern = "^[a-zA-Z0-9_.-]{1,128}$")]
    name: String,
}

/// The account that `{account}` names, by its id or its uid. It exists, and the caller has access to it.
pub struct InAccount(pub AccountId);

impl FromRequestParts<ApiState> for InAccount {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let name: String = parameter(parts, "account").await.map_err(invalid_path)?;
        let route = parts.extensions.get().map_or("-", MatchedPath::as_str);
        let request = (method_name(&parts.method), route);
        let found = find_account(state, &parts.extensions, request, &account_ref(&name)?).await;
        found.map(Self)
    }
}

/// The id in `{id}`, whether or not the object exists.
pub struct PathId<T>(pub T);

impl<T: FromStr<Err = IdError>> FromRequestParts<ApiState> for PathId<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &ApiState) -> Result<Self, Problem> {
        let id = parameter(parts, "id").await;
        id.map(Self).map_err(|error| match error {
            PathError::Invalid(error) => invalid_id(error),
            error => invalid_path(error),
        })
    }
}

/// The event type in `{name}`.
pub struct PathEventType(pub EventTypeName);

impl FromRequestParts<ApiState> for PathEventType {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &ApiState) -> Result<Self, Problem> {
        let name = parameter(parts, "name").await;
        name.map(Self).map_err(|error| match error {
            PathError::Invalid(error) => {
                let error: EventTypeNameError = error;
                Problem::new(Code::InvalidEventType, error.to_string())
            }
            error => invalid_path(error),
        })
    }
}

/// The id of an account that exists for the caller in the request's extensions. `request`: the method and the
/// route's template.
pub async fn find_account(
    state: &ApiState,
    extensions: &Extensions,
    request: (&'static str, &str),
    account: &AccountRef,
) -> Result<AccountId, Problem> {
    let caller: Option<&Caller> = extensions.get();
    let caller = caller.ok_or_else(|| Problem::internal("a route in an account has no caller"))?;
    let found = state.configuration.resolve(account).await?;
    let found = found.filter(|found| caller.scope.includes(*found));
    // Noted whether or not the account exists: the caller reads the trail of its own account, which must not
    // tell either.
    if found.is_none() && caller.scope.account().is_some() {
        note_refusal(&state.access, extensions, "not_found", request, None);
    }
    found.ok_or_else(account_not_found)
}

/// The problem of an account that does not exist.
pub fn account_not_found() -> Problem {
    Problem::new(Code::AccountNotFound, "no account has this id or uid")
}

/// The problem of a path whose parameter has no value.
pub fn invalid_path<E: Display>(error: PathError<E>) -> Problem {
    match error {
        PathError::NoParameter(_) => Problem::internal(error),
        error => Problem::new(Code::InvalidId, error.to_string()),
    }
}

/// The account that `text` names, by its id or its uid. A text that cannot be either is an account that does
/// not exist.
pub fn account_ref(text: &str) -> Result<AccountRef, Problem> {
    if text.starts_with("acct_") {
        return text.parse().map(AccountRef::Id).map_err(invalid_id);
    }
    if uid_is_valid(text) {
        return Ok(AccountRef::Uid(text.to_owned()));
    }
    Err(account_not_found())
}

/// The problem of an id that cannot be one.
#[expect(clippy::needless_pass_by_value, reason = "maps an error")]
pub fn invalid_id(error: IdError) -> Problem {
    Problem::new(Code::InvalidId, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_segment_with_the_account_prefix_must_be_a_valid_id() {
        assert_eq!(account_ref("acct_x").unwrap_err().code(), Code::InvalidId);
        assert_eq!(
            account_ref("tenant:7").unwrap(),
            AccountRef::Uid("tenant:7".to_owned())
        );
        assert_eq!(account_ref("a b").unwrap_err().code(), Code::AccountNotFound);
        let id = AccountId::from_u128(7);
        assert_eq!(account_ref(&id.to_string()).unwrap(), AccountRef::Id(id));
    }
}
