//! What paths name: an account, an object of it, an event type.

use std::str::FromStr;

use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;
use postrider_model::account::uid_is_valid;
use postrider_model::id::IdError;
use postrider_model::{AccountId, EventTypeName};
use postrider_storage::AccountRef;
use utoipa::IntoParams;

use crate::problem::{Code, Problem};
use crate::router::ApiState;

/// The path of an account.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes what [`InAccount`] takes")]
pub struct AccountPath {
    /// The account: its id or its `uid`.
    #[param(example = "acct_01h455vb4pex5vsknk084sn02q")]
    account: String,
}

/// The path of something in an account.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes what [`InAccount`] and [`PathId`] take")]
pub struct ObjectPath {
    /// The account: its id or its `uid`.
    #[param(example = "acct_01h455vb4pex5vsknk084sn02q")]
    account: String,
    /// The object's id.
    id: String,
}

/// The path of an event type.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes what [`PathEventType`] takes")]
pub struct EventTypePath {
    /// The event type: 1 to 128 of `a-z`, `A-Z`, `0-9`, `_`, `.` and `-`.
    #[param(example = "proposal.accepted", pattern = "^[a-zA-Z0-9_.-]{1,128}$")]
    name: String,
}

/// The account that `{account}` names, by its id or its uid. It exists.
pub struct InAccount(pub AccountId);

impl FromRequestParts<ApiState> for InAccount {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let parameters = parameters(parts, state).await?;
        let account = account_ref(segment(&parameters, "account")?)?;
        find_account(state, &account).await.map(Self)
    }
}

/// The id that `{id}` holds. Whether there is such an object is another question.
pub struct PathId<T>(pub T);

impl<T: FromStr<Err = IdError>> FromRequestParts<ApiState> for PathId<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let parameters = parameters(parts, state).await?;
        parse_id(segment(&parameters, "id")?).map(Self)
    }
}

/// The event type that `{name}` holds.
pub struct PathEventType(pub EventTypeName);

impl FromRequestParts<ApiState> for PathEventType {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let parameters = parameters(parts, state).await?;
        let name = segment(&parameters, "name")?.parse();
        name.map(Self)
            .map_err(|error: postrider_model::event_type::EventTypeNameError| {
                Problem::new(Code::InvalidEventType, error.to_string())
            })
    }
}

/// The id of an account that exists.
pub async fn find_account(state: &ApiState, account: &AccountRef) -> Result<AccountId, Problem> {
    let found = state.configuration.resolve(account).await?;
    found.ok_or_else(account_not_found)
}

/// The problem of an account that is not there.
pub fn account_not_found() -> Problem {
    Problem::new(Code::AccountNotFound, "there is no account of this id or uid")
}

async fn parameters(parts: &mut Parts, state: &ApiState) -> Result<RawPathParams, Problem> {
    RawPathParams::from_request_parts(parts, state)
        .await
        .map_err(|_| Problem::new(Code::InvalidId, "the path is not valid UTF-8"))
}

fn segment<'a>(parameters: &'a RawPathParams, name: &str) -> Result<&'a str, Problem> {
    let found = parameters.iter().find(|(other, _)| *other == name);
    found
        .map(|(_, value)| value)
        .ok_or_else(|| Problem::internal(format_args!("the route has no {{{name}}}")))
}

/// The account that `text` names, by its id or its uid, if it can be either.
pub fn account_ref(text: &str) -> Result<AccountRef, Problem> {
    if text.starts_with("acct_") {
        return parse_id(text).map(AccountRef::Id);
    }
    if uid_is_valid(text) {
        return Ok(AccountRef::Uid(text.to_owned()));
    }
    Err(account_not_found())
}

fn parse_id<T: FromStr<Err = IdError>>(text: &str) -> Result<T, Problem> {
    text.parse()
        .map_err(|error: IdError| Problem::new(Code::InvalidId, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_an_account_id_has_to_be_one() {
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
